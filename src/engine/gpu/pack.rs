//! The table as a shader reads it: shifted integers in bit fields, users in words of 32.
//!
//! A score is shifted by the middle of its question's range, which needs the fewest bits for all
//! and makes set scores small; a total by the mean, which makes sums of squares small. r does not
//! change; the audit is taken over the shifted integers ([`Basis`]).

use super::layout::{SumWidth, Variant};
use super::limits::Excess;
use crate::matrix::ResponseMatrix;
use crate::stats::Basis;
use std::ops::Range;

/// How a table is packed for sets of one size.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Packing {
    /// What is subtracted from scores and totals.
    pub basis: Basis,
    /// K, bits of a score, width of a sum.
    pub variant: Variant,
    /// No sum over the users of any set is larger.
    pub widest_sum: i128,
}

/// Some words of users: three buffers, laid out as `shaders/flat.wgsl` says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// `[word][question]`.
    pub answered: Vec<u32>,
    /// `[word][piece][question]`.
    pub scores: Vec<u32>,
    /// `[user]`.
    pub totals: Vec<i32>,
}

impl Packing {
    /// Chooses offsets and widths for sets of `k` questions.
    ///
    /// # The bounds
    /// With h_q = max |shifted score| of question q and a user's |a| at most the sum of the K
    /// largest h =: R; n at most the K-th largest number of answers of a question =: N; over all
    /// users G₁ = Σ|g|, G₂ = Σg² of shifted totals: |Sa| ≤ N·R, Saa ≤ N·R², |Sg| ≤ G₁, Sgg ≤ G₂,
    /// |Sag| ≤ R·G₁, for every set and so for every part of its users.
    ///
    /// # Errors
    /// Where a shifted score or total leaves 32 bits, or one of these bounds 64.
    pub fn new(matrix: &ResponseMatrix, k: usize) -> Result<Self, Excess> {
        let questions = matrix.questions().len();
        let mut offsets = Vec::with_capacity(questions);
        let mut reaches = Vec::with_capacity(questions);
        let mut answers = Vec::with_capacity(questions);
        let mut widest_range = 0_i128;
        for q in 0..questions {
            let scores = matrix.column(q).scores();
            let lowest = i128::from(scores.iter().copied().min().unwrap_or(0));
            let highest = i128::from(scores.iter().copied().max().unwrap_or(0));
            // Of a range of d: ⌈d/2⌉ down and ⌊d/2⌋ up, as a signed field has it.
            let range = highest - lowest;
            let down = range - range / 2;
            offsets.push((lowest + down) as i64);
            reaches.push(down);
            answers.push(scores.len() as i128);
            widest_range = widest_range.max(range);
        }
        let score_bits = [1, 2, 4, 8, 16, 32]
            .into_iter()
            .find(|&bits| widest_range < 1 << bits)
            .ok_or_else(|| {
                Excess::new("the range of scores of a question", widest_range, u32::MAX)
            })?;

        let total = mean_total(matrix);
        let (mut sum, mut squares, mut widest_total) = (0_i128, 0_i128, 0_i128);
        for user in users_with_answers(matrix) {
            let g = (i128::from(matrix.totals()[user]) - i128::from(total)).abs();
            widest_total = widest_total.max(g);
            if g <= i128::from(i32::MAX) {
                sum += g;
                squares += g * g;
            }
        }
        let reach: i128 = largest(&mut reaches, k).iter().sum();
        for (what, value) in [
            ("the distance of a total from the mean", widest_total),
            ("a score on a set, less its middle", reach),
        ] {
            if value > i128::from(i32::MAX) {
                return Err(Excess::new(what, value, i32::MAX));
            }
        }
        let users = largest(&mut answers, k).last().copied().unwrap_or(0);
        // Users are counted in 32 bits, so none of these leaves 127.
        let widest_sum = [
            users,
            users * reach,
            users * reach * reach,
            sum,
            squares,
            reach * sum,
        ]
        .into_iter()
        .max()
        .unwrap_or(0);
        let sums = match widest_sum {
            sum if sum <= i128::from(i32::MAX) => SumWidth::Narrow,
            sum if sum <= i128::from(i64::MAX) => SumWidth::Wide,
            sum => return Err(Excess::new("a sum over the users of a set", sum, i64::MAX)),
        };
        Ok(Self {
            basis: Basis {
                scores: offsets,
                total,
            },
            variant: Variant {
                k,
                score_bits,
                sums,
            },
            widest_sum,
        })
    }

    /// The users of these words, packed.
    #[must_use]
    pub fn block(&self, matrix: &ResponseMatrix, words: Range<usize>) -> Block {
        let questions = matrix.questions().len();
        let bits = self.variant.score_bits as usize;
        let field = (u64::from(u32::MAX) >> (32 - bits)) as u32;
        let mut block = Block {
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
                block.answered[word * questions + q] |= 1 << bit;
                let at = bit * bits;
                // Within 32 bits by `new`; the shift back is two's complement cut to the field.
                let shifted = score.wrapping_sub(self.basis.scores[q]) as u32 & field;
                block.scores[(word * bits + at / 32) * questions + q] |= shifted << (at % 32);
            }
        }
        for user in users.start..users.end.min(matrix.users().len()) {
            // Within 32 bits by `new`, but for users without answers, who are in no set.
            let shifted = matrix.totals()[user].wrapping_sub(self.basis.total);
            block.totals[user - users.start] = shifted as i32;
        }
        block
    }
}

/// Users who answered anything.
fn users_with_answers(matrix: &ResponseMatrix) -> impl Iterator<Item = usize> + '_ {
    (0..matrix.users().len()).filter(|&user| matrix.row(user).next().is_some())
}

/// ⌊mean of the totals of users who answered anything⌋.
fn mean_total(matrix: &ResponseMatrix) -> i64 {
    let (users, sum) = users_with_answers(matrix).fold((0_i128, 0_i128), |(users, sum), user| {
        (users + 1, sum + i128::from(matrix.totals()[user]))
    });
    // Between the least and the greatest total.
    sum.div_euclid(users.max(1)) as i64
}

/// The `k` largest, in descending order.
fn largest(values: &mut [i128], k: usize) -> &[i128] {
    values.sort_unstable_by(|a, b| b.cmp(a));
    &values[..k.min(values.len())]
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

    /// Reads the block as the shader does.
    fn read(
        block: &Block,
        packing: &Packing,
        questions: usize,
        user: usize,
        q: usize,
    ) -> Option<i64> {
        let bits = packing.variant.score_bits as usize;
        let (word, bit) = (user / 32, user % 32);
        let at = bit * bits;
        let raw = block.scores[(word * bits + at / 32) * questions + q];
        let field = ((raw << (32 - bits - at % 32)) as i32) >> (32 - bits);
        (block.answered[word * questions + q] >> bit & 1 == 1)
            .then_some(i64::from(field) + packing.basis.scores[q])
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
                let packing = match Packing::new(&m, 1) {
                    Ok(packing) => packing,
                    Err(excess) => {
                        assert!(span == i64::from(u32::MAX), "{excess:?}");
                        continue;
                    }
                };
                assert_eq!(packing.variant.score_bits, bits, "span {span}");
                for words in [0..3, 1..2, 2..3] {
                    let block = packing.block(&m, words.clone());
                    for user in words.start * 32..(words.end * 32).min(70) {
                        let local = user - words.start * 32;
                        for q in 0..3 {
                            let got = read(&block, &packing, 3, local, q);
                            assert_eq!(got, m.column(q).score(user as u32), "{span} {user} {q}");
                        }
                        let total = i64::from(block.totals[local]) + packing.basis.total;
                        assert_eq!(total, m.totals()[user]);
                    }
                }
            }
        }
    }

    #[test]
    fn sums_are_narrow_up_to_31_bits_and_wide_up_to_63() {
        // Two users on one question, d apart: |a| ≤ ⌈d/2⌉, |g| ≤ ⌈d/2⌉; Saa ≤ 2·⌈d/2⌉².
        let width =
            |d: i64| Packing::new(&table(&[(0, 0, 0), (1, 0, d)]), 1).map(|p| p.variant.sums);
        assert_eq!(width(2 * 32_767), Ok(SumWidth::Narrow));
        assert_eq!(width(2 * 32_768), Ok(SumWidth::Wide));
        assert_eq!(width(2 * i64::from(i32::MAX)), Ok(SumWidth::Wide));
        // ⌈d/2⌉ = 2^31.
        assert!(width(2 * i64::from(i32::MAX) + 1).is_err());
        let d = i64::from(i32::MAX);
        let many: Vec<_> = (0..8)
            .map(|u| (u, 0, if u % 2 == 0 { d } else { -d }))
            .collect();
        let excess = Packing::new(&table(&many), 1).unwrap_err();
        assert!(excess.what.starts_with("a sum"), "{excess:?}");
    }

    #[test]
    fn scores_and_totals_beyond_32_bits_are_refused() {
        let excess = Packing::new(&table(&[(0, 0, 0), (1, 0, 1 << 32)]), 1).unwrap_err();
        assert_eq!(excess.need, (1_u64 << 32).to_string());
        // Constant questions, but totals far apart.
        let excess = Packing::new(&table(&[(0, 0, 1 << 40), (1, 1, 0)]), 1).unwrap_err();
        assert!(excess.what.contains("total"), "{excess:?}");
    }
}
