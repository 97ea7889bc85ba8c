//! The table as the projected pipeline reads it: users by falling totals, columns of answered bits
//! for whole stems, rows for the users that are left. Pure.
//!
//! Users with fewer than K answers are in no set and are left out.

use super::super::pack::{Packing, quads, users_with};
use crate::matrix::ResponseMatrix;
use std::cmp::Reverse;

/// Three buffers, laid out as `shaders/expand.wgsl` says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// Quadruples of words of a column.
    pub quads: usize,
    /// Words of a row's answered bits.
    pub answered_words: usize,
    /// Words of a row.
    pub row_words: usize,
    /// `[question][word]`.
    pub answered: Vec<u32>,
    /// `[user][word]`: answered bits, then shifted scores in fields; for scores of one bit a word of
    /// the latter behind each of the former.
    pub rows: Vec<u32>,
    /// `[user]`.
    pub totals: Vec<i32>,
}

/// Words of a row: of its answered bits, and of all of it.
#[must_use]
pub fn row_words(questions: usize, score_bits: u32) -> (usize, usize) {
    let answered = questions.div_ceil(32);
    let scores = (questions * score_bits as usize).div_ceil(32);
    (answered, answered + scores)
}

impl Table {
    /// Packs `matrix`.
    #[must_use]
    pub fn new(matrix: &ResponseMatrix, packing: &Packing) -> Self {
        let questions = matrix.questions().len();
        let bits = packing.variant.score_bits as usize;
        let field = (u64::from(u32::MAX) >> (32 - bits)) as u32;
        let mut order: Vec<usize> = users_with(matrix, packing.variant.k).collect();
        order.sort_by_key(|&user| (Reverse(matrix.totals()[user]), user));
        let quads = quads(order.len());
        let words = 4 * quads;
        let (answered_words, row_words) = row_words(questions, packing.variant.score_bits);
        let mut table = Self {
            quads,
            answered_words,
            row_words,
            answered: vec![0; questions * words],
            rows: vec![0; 32 * words * row_words],
            totals: vec![0; 32 * words],
        };
        for (place, user) in order.into_iter().enumerate() {
            // Within 32 bits, and the scores within their fields, by `Packing::new`.
            table.totals[place] = packing.basis.total(matrix.totals()[user]) as i32;
            let row = &mut table.rows[place * row_words..][..row_words];
            for (q, score) in matrix.row(user) {
                table.answered[q * words + place / 32] |= 1 << (place % 32);
                let shifted = packing.basis.score(q, score) as u32 & field;
                let (answer, score) = match bits {
                    1 => (q / 32 * 2, q / 32 * 2 + 1),
                    _ => (q / 32, answered_words + q * bits / 32),
                };
                row[answer] |= 1 << (q % 32);
                row[score] |= shifted << (q * bits % 32);
            }
        }
        table
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::synth::{Model, Spec, matrix};

    #[test]
    fn columns_rows_and_totals_read_back_in_falling_order() {
        for (scores, bits) in [(0..=1, 1), (-2..=3, 4), (0..=300, 16), (0..=70_000, 32)] {
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
            let table = Table::new(&matrix, &packing);
            let kept = users_with(&matrix, 4).count();
            assert!(kept > 32 && kept < 75 && table.quads == kept.div_ceil(128));
            // A word of answers after so many, and the first word of scores.
            let (step, scores) = match bits {
                1 => (2, 1),
                _ => (1, table.answered_words),
            };
            let mut left: Vec<_> = users_with(&matrix, 4).collect();
            for place in 0..kept {
                let row = &table.rows[place * table.row_words..][..table.row_words];
                let answers: Vec<_> = (0..35)
                    .filter(|q| row[q / 32 * step] >> (q % 32) & 1 == 1)
                    .map(|q| {
                        let column = table.answered[4 * q * table.quads + place / 32];
                        assert_eq!(column >> (place % 32) & 1, 1);
                        let at = q * bits;
                        let raw = row[scores + at / 32 * step] >> (at % 32);
                        let score = (raw << (32 - bits)) as i32 >> (32 - bits);
                        (q, i64::from(score) + packing.basis.scores[q])
                    })
                    .collect();
                let total = i64::from(table.totals[place]) + packing.basis.total;
                let found = left.iter().position(|&u| {
                    matrix.totals()[u] == total && matrix.row(u).eq(answers.iter().copied())
                });
                left.remove(found.unwrap());
            }
            assert!(left.is_empty());
            assert!(table.totals[..kept].windows(2).all(|w| w[0] >= w[1]));
            let answered: u32 = table.answered.iter().map(|w| w.count_ones()).sum();
            let in_rows: u32 = table
                .rows
                .chunks(table.row_words)
                .flat_map(|row| row.iter().step_by(step).take(table.answered_words))
                .map(|w| w.count_ones())
                .sum();
            assert_eq!(answered, in_rows);
        }
    }
}
