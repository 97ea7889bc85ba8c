//! The table as the projected pipeline reads it: users by falling totals, columns of answered bits
//! for whole stems, rows for the users that are left. Pure.
//!
//! Users with fewer than K answers are in no set and are left out.

use super::super::pack::{Packing, quads, users_with};
use super::layout::Variant;
use crate::matrix::ResponseMatrix;
use std::cmp::Reverse;

/// Three buffers, laid out as `shaders/expand.wgsl`, `columns_steps.wgsl` and `columns_fields.wgsl` say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// Quadruples of words of a column.
    pub quads: usize,
    /// Words of a row's answered bits.
    pub answered_words: usize,
    /// Words of a row.
    pub row_words: usize,
    /// `[face][place][word]`.
    pub answered: Vec<u32>,
    /// `[face][user][word]`: answered bits, then shifted scores in fields; or, with steps, for each 32 questions the
    /// answered bits, a word for each step and one of zeros where that makes an even number.
    pub rows: Vec<u32>,
    /// `[user]`.
    pub totals: Vec<i32>,
}

/// Words of a row: of its answered bits, and of all of it.
#[must_use]
pub fn row_words(questions: usize, variant: &Variant) -> (usize, usize) {
    let answered = questions.div_ceil(32);
    let scores = (questions * variant.packed.score_bits as usize).div_ceil(32);
    match variant.steps {
        0 => (answered, answered + scores),
        _ => (answered, answered * 2 * variant.pairs() as usize),
    }
}

/// Where question 0 is in a row with steps: the last question ends the last word. Twin of `lead` in
/// `shaders/shared/stems.wgsl`.
fn lead(questions: usize) -> usize {
    questions.next_multiple_of(32) - questions
}

impl Table {
    /// Packs `matrix`, whose scores lie below `top` by no more steps than the variant has, where it has any; once for
    /// each face, by the question that it has in front.
    #[must_use]
    pub fn new(
        matrix: &ResponseMatrix,
        packing: &Packing,
        variant: &Variant,
        top: i32,
        first_questions: &[usize],
    ) -> Self {
        let questions = matrix.questions().len();
        let bits = packing.variant.score_bits as usize;
        let field = (u64::from(u32::MAX) >> (32 - bits)) as u32;
        let mut order: Vec<usize> = users_with(matrix, packing.variant.k).collect();
        order.sort_by_key(|&user| (Reverse(matrix.totals()[user]), user));
        let quads = quads(order.len());
        let words = 4 * quads;
        let (answered_words, row_words) = row_words(questions, variant);
        let mut table = Self {
            quads,
            answered_words,
            row_words,
            answered: vec![0; first_questions.len() * questions * words],
            rows: vec![0; first_questions.len() * 32 * words * row_words],
            totals: vec![0; 32 * words],
        };
        for (place, user) in order.into_iter().enumerate() {
            // Within 32 bits, and the scores within their fields, by `Packing::new`.
            table.totals[place] = packing.basis.total(matrix.totals()[user]) as i32;
            for (face, &first) in first_questions.iter().enumerate() {
                let row = (face * 32 * words + place) * row_words;
                let row = &mut table.rows[row..][..row_words];
                let answered = &mut table.answered[face * questions * words..][..questions * words];
                for (question, score) in matrix.row(user) {
                    let q = (question + questions - first) % questions;
                    answered[q * words + place / 32] |= 1 << (place % 32);
                    let shifted = packing.basis.score(question, score);
                    if variant.steps == 0 {
                        row[q / 32] |= 1 << (q % 32);
                        row[answered_words + q * bits / 32] |=
                            (shifted as u32 & field) << (q * bits % 32);
                    } else {
                        let bit = q + lead(questions);
                        let taken = i64::from(top).wrapping_sub(shifted) as usize;
                        let word = bit / 32 * 2 * variant.pairs() as usize;
                        for step in &mut row[word..][..=taken] {
                            *step |= 1 << (bit % 32);
                        }
                    }
                }
            }
        }
        table
    }
}

#[cfg(test)]
mod tests {
    use super::super::steps::Steps;
    use super::*;
    use crate::synth::{Model, Spec, matrix};
    use std::collections::BTreeMap;

    #[test]
    fn columns_rows_and_totals_read_back_in_falling_order() {
        for (scores, bits, steps) in [
            (0..=1, 1, 1),
            (-2..=3, 4, 5),
            (-2..=3, 4, 0),
            (0..=300, 16, 0),
            (0..=70_000, 32, 0),
        ] {
            let matrix = matrix(&Spec {
                users: 75,
                questions: 35,
                answered: 0.2,
                scores,
                model: Model::Random,
                booklets: 0,
                seed: 5,
            })
            .unwrap();
            let packing = Packing::new(&matrix, 4).unwrap();
            assert_eq!(packing.variant.score_bits as usize, bits);
            let found = Steps::of(&matrix, &packing);
            let top = found.map_or(0, |found| found.top);
            assert!(steps == 0 || found.map(|found| found.steps) == Some(steps));
            let variant = Variant {
                packed: packing.variant,
                steps,
                tile: 0,
                abreast: false,
            };
            // Of the second face, which has question 20 in front.
            let two = Table::new(&matrix, &packing, &variant, top, &[0, 20]);
            let table = Table {
                answered: two.answered[35 * 4 * two.quads..].to_vec(),
                rows: two.rows[two.rows.len() / 2..].to_vec(),
                ..two
            };
            let kept = users_with(&matrix, 4).count();
            assert!(kept > 32 && kept < 75 && table.quads == kept.div_ceil(128));
            // Where a question's answer is, and words from one word of answers to the next.
            let (lead, stride) = match steps {
                0 => (0, 1),
                _ => (29, 2 * variant.pairs() as usize),
            };
            let mut left: Vec<_> = users_with(&matrix, 4).collect();
            for place in 0..kept {
                let row = &table.rows[place * table.row_words..][..table.row_words];
                let bit = |word: usize, q: usize| row[word] >> ((q + lead) % 32) & 1;
                let answers = (0..35)
                    .filter(|&q| bit((q + lead) / 32 * stride, q) == 1)
                    .map(|q| {
                        let column = table.answered[4 * q * table.quads + place / 32];
                        assert_eq!(column >> (place % 32) & 1, 1);
                        let shifted = if steps == 0 {
                            let at = q * bits;
                            let raw = row[table.answered_words + at / 32] >> (at % 32);
                            (raw << (32 - bits)) as i32 >> (32 - bits)
                        } else {
                            let word = (q + lead) / 32 * stride;
                            let taken = (1..stride).map(|step| bit(word + step, q));
                            // Step by step, without a gap.
                            assert!(taken.clone().is_sorted_by(|a, b| a >= b));
                            top - taken.sum::<u32>() as i32
                        };
                        let q = (q + 20) % 35;
                        (q, i64::from(shifted) + packing.basis.scores[q])
                    })
                    .collect::<BTreeMap<_, _>>();
                let total = i64::from(table.totals[place]) + packing.basis.total;
                let found = left.iter().position(|&u| {
                    matrix.totals()[u] == total && matrix.row(u).eq(answers.clone())
                });
                left.remove(found.unwrap());
            }
            assert!(left.is_empty());
            assert!(table.totals[..kept].windows(2).all(|w| w[0] >= w[1]));
            let answered: u32 = table.answered.iter().map(|w| w.count_ones()).sum();
            let in_rows: u32 = table
                .rows
                .chunks(table.row_words)
                .flat_map(|row| row.iter().step_by(stride).take(table.answered_words))
                .map(|w| w.count_ones())
                .sum();
            assert_eq!(answered, in_rows);
        }
    }
}
