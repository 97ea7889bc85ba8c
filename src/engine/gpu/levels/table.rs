//! The table as the levels pipeline reads it: columns of answered bits for roots, rows and tails for users
//! of prefixes, binomials for ranks and closed forms. Pure; laid out as `shaders/shared/prefixes.wgsl` says.
//!
//! Users with fewer than K answers are in no set and are left out.

use super::super::limits::Excess;
use super::super::pack::{Packing, quads, users_with};
use super::super::ranks::RankTable;
use crate::combin::WrappingBinomials;
use crate::matrix::ResponseMatrix;
use crate::stats::Tail;

/// The buffers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// Quadruples of words of a column.
    pub quads: usize,
    /// Pairs of words of a row.
    pub row_words: usize,
    /// `[question][word]`.
    pub columns: Vec<u32>,
    /// `[user][pair]`: total and first place, then answered bits and first place of each word.
    pub rows: Vec<u32>,
    /// `[place]`: answers, sum, squares from this answer on.
    pub tails: Vec<u32>,
}

/// Binomials of sets, and of closed forms.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Binomials {
    /// Q − K + 2.
    pub row_entries: usize,
    /// Where those of closed forms start.
    pub forms_at: usize,
    /// Most answers of a user, and 1.
    pub forms_row_entries: usize,
    /// Quadruples of words.
    pub words: Vec<u32>,
}

/// How many users there are, all of their answers, and the most answers of one.
#[must_use]
pub fn counts(matrix: &ResponseMatrix, k: usize) -> (usize, usize, usize) {
    users_with(matrix, k).fold((0, 0, 0), |(users, answers, most), user| {
        let own = matrix.row(user).len();
        (users + 1, answers + own, most.max(own))
    })
}

/// No sum of a user's shifted scores is larger: from the bits of a score where that will do, else exactly.
#[must_use]
pub fn widest_tail(matrix: &ResponseMatrix, packing: &Packing, most_answers: usize) -> i128 {
    let reach = 1_i128 << (packing.variant.score_bits - 1);
    let bound = most_answers as i128 * reach;
    if bound <= i128::from(i32::MAX) {
        return bound;
    }
    let packed = |(q, score): (usize, i64)| i128::from(packing.basis.score(q, score)).abs();
    users_with(matrix, packing.variant.k)
        .map(|user| matrix.row(user).map(packed).sum())
        .max()
        .unwrap_or(0)
}

/// Pairs of words of a row.
#[must_use]
pub fn row_words(questions: usize) -> usize {
    1 + questions.div_ceil(32)
}

/// Entries of `binomials`: those of ranks, and all.
#[must_use]
pub fn binomials_of(questions: usize, k: usize, most_answers: usize) -> (usize, usize) {
    let ranks = k * (questions + 2 - k);
    (ranks, ranks + 2 * (k + 1) * (most_answers + 1))
}

impl Table {
    /// Packs `matrix`, with no wider tails than 32 bits.
    #[must_use]
    pub fn new(matrix: &ResponseMatrix, packing: &Packing) -> Self {
        let (questions, k) = (matrix.questions().len(), packing.variant.k);
        let (users_in_all, answers, _) = counts(matrix, k);
        let quads = quads(users_in_all);
        let row_words = row_words(questions);
        let mut table = Self {
            quads,
            row_words,
            columns: vec![0; questions * 4 * quads],
            rows: vec![0; 2 * row_words * users_in_all.max(1)],
            tails: Vec::with_capacity(4 * (answers + users_in_all).max(1)),
        };
        for (number, user) in users_with(matrix, k).enumerate() {
            let row = &mut table.rows[2 * row_words * number..][..2 * row_words];
            let first = table.tails.len() / 4;
            // Within 32 bits by `Packing::new`.
            row[0] = packing.basis.total(matrix.totals()[user]) as u32;
            row[1] = first as u32;
            let answered: Vec<_> = matrix.row(user).collect();
            let mut place = first;
            for word in 0..row_words - 1 {
                let pair = &mut row[2 + 2 * word..][..2];
                pair[1] = place as u32;
                while let Some(&(q, _)) = answered.get(place - first)
                    && q / 32 == word
                {
                    pair[0] |= 1 << (q % 32);
                    table.columns[4 * quads * q + number / 32] |= 1 << (number % 32);
                    place += 1;
                }
            }
            table.tails.resize(4 * (place + 1), 0);
            let mut tail = Tail::default();
            for (at, &(q, score)) in (first..place).zip(&answered).rev() {
                tail.add(packing.basis.score(q, score));
                table.tails[4 * at..][..4].copy_from_slice(&[
                    tail.answers as u32,
                    tail.sum as u32,
                    tail.squares as u32,
                    (tail.squares >> 32) as u32,
                ]);
            }
        }
        if table.tails.is_empty() {
            table.tails.resize(4, 0);
        }
        table
    }
}

impl Binomials {
    /// For sets of `k` of `questions`, no user having more than `most_answers`.
    ///
    /// # Errors
    /// Where C(Q, K) leaves 128 bits.
    pub fn new(questions: usize, k: usize, most_answers: usize) -> Result<Self, Excess> {
        let (row_entries, mut words) = RankTable::with_choices(questions, k)
            .ok_or_else(|| Excess::new("the number of sets", "more than 2^128", "2^128"))?;
        let forms_at = words.len() / 4;
        let forms = WrappingBinomials::new(most_answers, k);
        for rest in 0..=k as isize {
            for answers in 0..=most_answers as isize {
                let ways = |less: isize| forms.get(answers - less, rest - less);
                for number in [ways(0), ways(1), ways(2), 0] {
                    words.extend([number as u32, (number >> 32) as u32]);
                }
            }
        }
        Ok(Self {
            row_entries,
            forms_at,
            forms_row_entries: most_answers + 1,
            words,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::combin::binomial;
    use crate::synth::{Model, Spec, matrix};

    #[test]
    fn columns_rows_and_tails_read_back() {
        for scores in [0..=1, -2..=3, 0..=70_000] {
            let matrix = matrix(&Spec {
                users: 75,
                questions: 69,
                answered: 0.1,
                scores,
                model: Model::Random,
                booklets: 0,
                seed: 5,
            })
            .unwrap();
            let packing = Packing::new(&matrix, 6).unwrap();
            let table = Table::new(&matrix, &packing);
            let kept: Vec<_> = users_with(&matrix, 6).collect();
            assert!(kept.len() > 32 && kept.len() < 75);
            assert_eq!(counts(&matrix, 6).0, kept.len());
            assert_eq!(table.tails.len() / 4, counts(&matrix, 6).1 + kept.len());
            for (number, user) in kept.into_iter().enumerate() {
                let row = &table.rows[2 * table.row_words * number..][..2 * table.row_words];
                let total = i64::from(row[0] as i32) + packing.basis.total;
                assert_eq!(total, matrix.totals()[user]);
                let mut place = row[1] as usize;
                for (done, (q, score)) in matrix.row(user).enumerate() {
                    let (bits, first) = (row[2 + q / 32 * 2], row[3 + q / 32 * 2]);
                    let below = (bits & ((1 << (q % 32)) - 1)).count_ones();
                    assert!(bits >> (q % 32) & 1 == 1 && (first + below) as usize == place);
                    let column = table.columns[4 * table.quads * q + number / 32];
                    assert_eq!(column >> (number % 32) & 1, 1);
                    let tail = |place: usize| &table.tails[4 * place..][..4];
                    let (this, next) = (tail(place), tail(place + 1));
                    let shifted = this[1].wrapping_sub(next[1]) as i32;
                    assert_eq!(i64::from(shifted) + packing.basis.scores[q], score);
                    let squares = |t: &[u32]| i64::from(t[2]) | i64::from(t[3]) << 32;
                    let square = i64::from(shifted) * i64::from(shifted);
                    assert_eq!(squares(this) - squares(next), square);
                    assert_eq!(this[0] as usize, matrix.row(user).len() - done);
                    place += 1;
                }
                assert_eq!(table.tails[4 * place..][..4], [0; 4]);
            }
            let bits = |words: &[u32]| words.iter().map(|w| w.count_ones()).sum::<u32>();
            let in_rows = table.rows.chunks(2 * table.row_words);
            let in_rows: u32 = in_rows
                .map(|row| {
                    row[2..]
                        .iter()
                        .step_by(2)
                        .map(|w| w.count_ones())
                        .sum::<u32>()
                })
                .sum();
            assert_eq!(bits(&table.columns), in_rows);
        }
    }

    #[test]
    fn tails_are_no_wider_than_they_are_said_to_be() {
        for (scores, wide) in [(0..=1, false), (-2..=3, false), (0..=70_000, true)] {
            let matrix = matrix(&Spec {
                users: 75,
                questions: 69,
                answered: 0.5,
                scores,
                model: Model::Random,
                booklets: 0,
                seed: 6,
            })
            .unwrap();
            let packing = Packing::new(&matrix, 3).unwrap();
            let (_, _, most) = counts(&matrix, 3);
            let widest = widest_tail(&matrix, &packing, most);
            let table = Table::new(&matrix, &packing);
            let sums = table.tails.chunks(4).map(|t| i128::from(t[1] as i32).abs());
            assert!(sums.max() <= Some(widest));
            assert_eq!(widest > 50_000, wide);
        }
    }

    #[test]
    fn a_table_without_users_is_not_empty() {
        let matrix = matrix(&Spec {
            users: 5,
            questions: 9,
            answered: 0.1,
            scores: 0..=1,
            model: Model::Random,
            booklets: 0,
            seed: 5,
        })
        .unwrap();
        let packing = Packing::new(&matrix, 8).unwrap();
        let table = Table::new(&matrix, &packing);
        assert_eq!(counts(&matrix, 8), (0, 0, 0));
        assert!(!table.rows.is_empty() && !table.tails.is_empty());
    }

    #[test]
    fn binomials_are_choices_and_closed_forms() {
        for (questions, k, most) in [(9, 2, 5), (9, 9, 9), (130, 65, 40), (200, 5, 71)] {
            let binomials = Binomials::new(questions, k, most).unwrap();
            let (at, all) = binomials_of(questions, k, most);
            assert_eq!((binomials.forms_at, 4 * all), (at, binomials.words.len()));
            // What choices.wgsl reads: C(Q - 1 - question, rest), also of the first questions.
            for rest in 1..=k {
                for question in k - rest - usize::from(rest < k)..=questions - rest {
                    let entry = (rest - 1) * binomials.row_entries + questions - question - rest;
                    let words = &binomials.words[4 * entry..][..4];
                    let got = (0..4).fold(0, |sum, i| sum | u128::from(words[i]) << (32 * i));
                    let want = binomial((questions - 1 - question) as u64, rest as u64);
                    assert_eq!(Some(got), want, "{questions} {k} {rest} {question}");
                }
            }
            for rest in 0..=k as u64 {
                for answers in 0..=most as u64 {
                    let entry =
                        at + 2 * (rest as usize * binomials.forms_row_entries + answers as usize);
                    let words = &binomials.words[4 * entry..][..6];
                    for (less, pair) in (0..3).zip(words.chunks(2)) {
                        let got = u64::from(pair[0]) | u64::from(pair[1]) << 32;
                        let want = answers.checked_sub(less).zip(rest.checked_sub(less));
                        let want = want.map_or(0, |(n, k)| binomial(n, k).unwrap() as u64);
                        assert_eq!(got, want);
                    }
                }
            }
        }
        assert!(Binomials::new(132, 66, 10).is_err());
    }
}
