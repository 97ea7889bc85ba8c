//! The table as the flat pipeline reads it: shifted integers in bit fields, users in words of 32. Pure.

use super::super::pack::Packing;
use crate::matrix::ResponseMatrix;
use std::ops::Range;

/// Three buffers with some words of users, laid out as `shaders/flat.wgsl` says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// `[word][question]`.
    pub answered: Vec<u32>,
    /// `[word][piece][question]`.
    pub scores: Vec<u32>,
    /// `[user]`.
    pub totals: Vec<i32>,
}

impl Table {
    /// Packs the users of these words.
    #[must_use]
    pub fn new(matrix: &ResponseMatrix, packing: &Packing, words: Range<usize>) -> Self {
        let questions = matrix.questions().len();
        let bits = packing.variant.score_bits as usize;
        let field = (u64::from(u32::MAX) >> (32 - bits)) as u32;
        let mut table = Self {
            answered: vec![0; words.len() * questions],
            scores: vec![0; words.len() * bits * questions],
            totals: vec![0; words.len() * 32],
        };
        let users = words.start * 32..words.end * 32;
        for q in 0..questions {
            let column = matrix.column(q);
            let first = column
                .users()
                .partition_point(|&u| (u as usize) < users.start);
            for (&user, &score) in column.users()[first..]
                .iter()
                .zip(&column.scores()[first..])
            {
                let user = user as usize;
                if user >= users.end {
                    break;
                }
                let (word, bit) = ((user - users.start) / 32, user % 32);
                table.answered[word * questions + q] |= 1 << bit;
                let at = bit * bits;
                // Within 32 bits by `Packing::new`; the shift back is two's complement cut to the field.
                let shifted = packing.basis.score(q, score) as u32 & field;
                table.scores[(word * bits + at / 32) * questions + q] |= shifted << (at % 32);
            }
        }
        for user in users.start..users.end.min(matrix.users().len()) {
            // Within 32 bits by `Packing::new`, but for users without answers, who are in no set.
            let shifted = packing.basis.total(matrix.totals()[user]);
            table.totals[user - users.start] = shifted as i32;
        }
        table
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::matrix::{Duplicates, MatrixBuilder, Score};

    fn table(rows: &[(usize, usize, i64)]) -> ResponseMatrix {
        let mut b = MatrixBuilder::new();
        for &(user, question, mantissa) in rows {
            let score = Score {
                mantissa,
                digits: 0,
            };
            b.push(&user.to_string(), &question.to_string(), Some(score), 0)
                .unwrap();
        }
        b.finish(Duplicates::Error, "line").unwrap()
    }

    /// Reads the words as the shader does.
    fn read(packed: &Table, bits: usize, questions: usize, user: usize, q: usize) -> Option<i64> {
        let (word, bit) = (user / 32, user % 32);
        let at = bit * bits;
        let raw = packed.scores[(word * bits + at / 32) * questions + q];
        let field = ((raw << (32 - bits - at % 32)) as i32) >> (32 - bits);
        (packed.answered[word * questions + q] >> bit & 1 == 1).then_some(i64::from(field))
    }

    #[test]
    fn what_is_packed_reads_back_at_every_width() {
        for (span, bits) in [
            (0, 1),
            (1, 1),
            (2, 2),
            (3, 2),
            (4, 4),
            (15, 4),
            (16, 8),
            (255, 8),
            (256, 16),
            (65_535, 16),
            (65_536, 32),
            (i64::from(u32::MAX), 32),
        ] {
            for low in [-span, -span / 2, 0, 3] {
                let rows: Vec<_> = (0..70)
                    .flat_map(|u| (0..3).map(move |q| (u, q)))
                    .filter(|(u, q)| (u + q) % 4 != 1)
                    .map(|(u, q)| (u, q, low + [0, span, span / 2, span / 3][(u / 3 + q) % 4]))
                    .collect();
                let m = table(&rows);
                let packing = Packing::new(&m, 1).unwrap();
                assert_eq!(
                    packing.is_exact(),
                    span < i64::from(u32::MAX),
                    "span {span}"
                );
                assert_eq!(packing.variant.score_bits, bits, "span {span}");
                for words in [0..3, 1..2, 2..3] {
                    let packed = Table::new(&m, &packing, words.clone());
                    for user in words.start * 32..(words.end * 32).min(70) {
                        let local = user - words.start * 32;
                        for q in 0..3 {
                            let got = read(&packed, bits as usize, 3, local, q);
                            let want = m.column(q).score(user as u32);
                            let want = want.map(|score| packing.basis.score(q, score));
                            assert_eq!(got, want, "{span} {user} {q}");
                        }
                        let total = packing.basis.total(m.totals()[user]);
                        assert_eq!(i64::from(packed.totals[local]), total);
                    }
                }
            }
        }
    }
}
