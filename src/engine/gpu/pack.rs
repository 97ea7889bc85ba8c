//! The table as a shader reads it: shifted integers in bit fields, users in words of 32.
//!
//! A score is shifted by the middle of its question's range, which needs the fewest bits for all
//! and makes set scores small; a total by the mean, which makes sums of squares small. r does not
//! change; the audit is taken over the shifted integers ([`Basis`]).

use super::layout::{SumWidth, Variant};
use super::limits::Excess;
use crate::matrix::ResponseMatrix;
use crate::stats::Basis;

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
            // A range of d reaches ⌈d/2⌉ down and ⌊d/2⌋ up, as a signed field has it.
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
        for user in users_with(matrix, 1) {
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
}

/// Users with at least `k` answers. Those with fewer are in no set, and the audit's closed form has nothing
/// of them either.
pub(super) fn users_with(matrix: &ResponseMatrix, k: usize) -> impl Iterator<Item = usize> + '_ {
    (0..matrix.users().len()).filter(move |&user| matrix.row(user).len() >= k)
}

/// Quadruples of words of a column of this many users.
pub(super) fn quads(users: usize) -> usize {
    users.div_ceil(128).max(1)
}

/// Most users that `columns` questions of a table have in common, as far as its columns' lengths tell.
pub(super) fn most_users(matrix: &ResponseMatrix, columns: usize) -> usize {
    let mut answers: Vec<_> = (0..matrix.questions().len())
        .map(|q| matrix.column(q).scores().len())
        .collect();
    answers.sort_unstable_by(|a, b| b.cmp(a));
    answers.get(columns.saturating_sub(1)).copied().unwrap_or(0)
}

/// ⌊mean of the totals of users who answered anything⌋.
fn mean_total(matrix: &ResponseMatrix) -> i64 {
    let (users, sum) = users_with(matrix, 1).fold((0_i128, 0_i128), |(users, sum), user| {
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
