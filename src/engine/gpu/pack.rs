//! The table as a shader reads it: shifted integers in bit fields, users in words of 32.
//!
//! A score is shifted by the middle of its question's range, which needs the fewest bits for all
//! and makes set scores small; a total by the mean, which makes sums of squares small. r does not
//! change; the audit is taken over the shifted integers ([`Basis`]).
//!
//! # Steps
//! A table of so many digits that its scores leave 32 bits or sums of sets 63 is packed in steps, the smallest
//! power of 2 with which they do not: one for scores and totals, so that a total less a score is one too. Overall
//! scores that are no totals have steps of their own already ([`crate::engine::Query::blur`]). What shaders then
//! discard they discard under [`crate::stats::bounds`], rounded scores; what is left is judged by the table itself.

use super::floor::Rough;
use super::layout::{SumWidth, Variant};
use super::limits::Excess;
use crate::engine::Query;
use crate::matrix::ResponseMatrix;
use crate::stats::Basis;

/// How a table is packed for sets of one size.
#[derive(Clone, Debug, PartialEq)]
pub struct Packing {
    /// What is subtracted from scores and totals, and their steps.
    pub basis: Basis,
    /// K, bits of a score, width of a sum.
    pub variant: Variant,
    /// No sum over the users of any set is larger.
    pub widest_sum: i128,
    /// What steps make of a set's score.
    pub scores: Rough,
    /// What steps make of a total.
    pub totals: Rough,
}

/// What is asked of a question or the totals before they are packed.
struct Spread {
    lowest: i64,
    highest: i64,
    answers: i128,
    deviation: f64,
}

impl Spread {
    fn of(scores: &[i64]) -> Self {
        let count = scores.len().max(1) as f64;
        let origin = scores.first().copied().unwrap_or(0);
        let far = |score: &i64| (i128::from(*score) - i128::from(origin)) as f64;
        let mean = scores.iter().map(far).sum::<f64>() / count;
        let squares = scores.iter().map(|score| (far(score) - mean).powi(2));
        Self {
            lowest: scores.iter().copied().min().unwrap_or(0),
            highest: scores.iter().copied().max().unwrap_or(0),
            answers: scores.len() as i128,
            deviation: (squares.sum::<f64>() / count).sqrt(),
        }
    }

    /// A range of d reaches ⌈d/2⌉ down and ⌊d/2⌋ up from here, as a signed field has it.
    fn middle(&self) -> i64 {
        let (lowest, highest) = (i128::from(self.lowest), i128::from(self.highest));
        let range = highest - lowest;
        (lowest + (range - range / 2)) as i64
    }
}

impl Packing {
    /// Chooses offsets, steps and widths for sets of `k` questions, ranked by totals or rest scores.
    ///
    /// # Errors
    /// As for [`Self::of`].
    pub fn new(matrix: &ResponseMatrix, k: usize) -> Result<Self, Excess> {
        Self::in_steps(matrix, k, true)
    }

    /// Chooses offsets, steps and widths for what `query` asks.
    ///
    /// # Errors
    /// Where no step makes scores and totals fit 32 bits, and sums 64.
    pub fn of(query: &Query<'_>) -> Result<Self, Excess> {
        let of_totals = query.ranking().criterion.is_of_totals();
        Self::in_steps(query.table(), query.k(), of_totals)
    }

    fn in_steps(matrix: &ResponseMatrix, k: usize, of_totals: bool) -> Result<Self, Excess> {
        let questions: Vec<_> = (0..matrix.questions().len())
            .map(|q| Spread::of(matrix.column(q).scores()))
            .collect();
        let basis = Basis {
            scores: questions.iter().map(Spread::middle).collect(),
            total: mean_total(matrix),
            ..Basis::default()
        };
        let exact = Self::with_basis(matrix, k, &questions, basis.clone());
        let mut packing = exact;
        let mut step = 1;
        // A score has fewer than 64 bits.
        while packing.is_err() && step < 64 {
            let basis = Basis {
                score_step: step,
                total_step: if of_totals { step } else { 0 },
                ..basis.clone()
            };
            packing = Self::with_basis(matrix, k, &questions, basis);
            step += 1;
        }
        packing
    }

    /// Chooses widths.
    ///
    /// # The bounds
    /// With h_q = max |packed score| of question q and a user's |a| at most the sum of the K
    /// largest h =: R; n at most the K-th largest number of answers of a question =: N; over all
    /// users G₁ = Σ|g|, G₂ = Σg² of packed totals: |Sa| ≤ N·R, Saa ≤ N·R², |Sg| ≤ G₁, Sgg ≤ G₂,
    /// |Sag| ≤ R·G₁, for every set and so for every part of its users.
    ///
    /// # Errors
    /// Where a packed score or total leaves 32 bits, or one of these bounds 64; in steps, also where a user's
    /// scores added up leave 32, so that every pipeline takes them.
    fn with_basis(
        matrix: &ResponseMatrix,
        k: usize,
        questions: &[Spread],
        basis: Basis,
    ) -> Result<Self, Excess> {
        let mut reaches = Vec::with_capacity(questions.len());
        let mut score_bits = 1;
        for (q, spread) in questions.iter().enumerate() {
            // Modulo 2^64 no score is lost here: from the middle none is further than 2^63.
            let [down, up] =
                [spread.lowest, spread.highest].map(|score| i128::from(basis.score(q, score)));
            let fits = |bits: &u32| -down <= 1 << (bits - 1) && up < 1 << (bits - 1);
            let bits = [1, 2, 4, 8, 16, 32].into_iter().find(fits);
            let bits = bits.ok_or_else(|| {
                Excess::new("the range of scores of a question", up - down, u32::MAX)
            })?;
            score_bits = score_bits.max(bits);
            reaches.push((-down).max(up));
        }

        let (mut sum, mut squares, mut widest_total) = (0_i128, 0_i128, 0_i128);
        let mut most_answers = 0;
        for user in users_with(matrix, 1) {
            let g = i128::from(basis.total(matrix.totals()[user])).abs();
            widest_total = widest_total.max(g);
            if g <= i128::from(i32::MAX) {
                sum += g;
                squares += g * g;
            }
            most_answers = most_answers.max(matrix.row(user).len());
        }
        let reach: i128 = largest(&mut reaches, k).iter().sum();
        let tail: i128 = match basis.score_step {
            0 => 0,
            _ => largest(&mut reaches, most_answers).iter().sum(),
        };
        for (what, value) in [
            ("the distance of a total from the mean", widest_total),
            ("a score on a set, less its middle", reach),
            ("a sum of a user's scores", tail),
        ] {
            if value > i128::from(i32::MAX) {
                return Err(Excess::new(what, value, i32::MAX));
            }
        }
        let mut answers: Vec<_> = questions.iter().map(|spread| spread.answers).collect();
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
        let [scores, totals] = roughness(matrix, k, questions, &basis);
        Ok(Self {
            basis,
            variant: Variant {
                k,
                score_bits,
                sums,
            },
            widest_sum,
            scores,
            totals,
        })
    }

    /// Whether sums of packed numbers tell r exactly.
    pub(super) fn is_exact(&self) -> bool {
        self.scores.off == 0.0 && self.totals.off == 0.0
    }
}

/// What the steps of `basis` make of the scores of sets and of totals.
fn roughness(matrix: &ResponseMatrix, k: usize, questions: &[Spread], basis: &Basis) -> [Rough; 2] {
    let rough = |step: u32, off: f64, deviation: f64| match step {
        0 => Rough::default(),
        _ => Rough::new(off, deviation / 2_f64.powi(step as i32)),
    };
    // Of questions that vary, that which varies least.
    let vary = questions.iter().map(|spread| spread.deviation);
    let least = vary.filter(|deviation| *deviation > 0.0);
    let least = least.fold(f64::INFINITY, f64::min);
    let totals: Vec<i64> = users_with(matrix, k)
        .map(|user| matrix.totals()[user])
        .collect();
    [
        rough(basis.score_step, 0.5 * k as f64, least),
        rough(basis.total_step, 0.5, Spread::of(&totals).deviation),
    ]
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
    use crate::engine::gpu::floor::{FLOOR_ABOVE_ZERO, Floor};
    use crate::matrix::{Duplicates, MatrixBuilder, Score};
    use crate::stats::{Criterion, Need, Sums};

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

    /// Widths and the step of two users on one question, d apart.
    fn apart(d: i64) -> (SumWidth, u32) {
        let packing = Packing::new(&table(&[(0, 0, 0), (1, 0, d)]), 1).unwrap();
        (packing.variant.sums, packing.basis.score_step)
    }

    #[test]
    fn sums_are_narrow_up_to_31_bits_and_wide_up_to_63() {
        // |a| ≤ ⌈d/2⌉, |g| ≤ ⌈d/2⌉; Saa ≤ 2·⌈d/2⌉².
        assert_eq!(apart(2 * 32_767), (SumWidth::Narrow, 0));
        assert_eq!(apart(2 * 32_768), (SumWidth::Wide, 0));
        assert_eq!(apart(2 * i64::from(i32::MAX)), (SumWidth::Wide, 0));
        // ⌈d/2⌉ = 2^31.
        assert_eq!(apart(2 * i64::from(i32::MAX) + 1), (SumWidth::Wide, 1));
        assert_eq!(apart(1 << 45), (SumWidth::Wide, 14));
    }

    #[test]
    fn steps_are_no_larger_than_scores_totals_and_sums_ask() {
        let d = i64::from(i32::MAX);
        // 8·(2^31/2^s)² < 2^63, less what rounding adds.
        let many: Vec<_> = (0..8)
            .map(|u| (u, 0, if u % 2 == 0 { d } else { -d }))
            .collect();
        let packing = Packing::new(&table(&many), 1).unwrap();
        assert_eq!([packing.basis.score_step, packing.basis.total_step], [2, 2]);
        assert_eq!([packing.scores.off, packing.totals.off], [0.5; 2]);
        assert!(!packing.is_exact() && packing.widest_sum <= i64::MAX.into());
        // Constant questions, but totals far apart.
        let packing = Packing::new(&table(&[(0, 0, 1 << 40), (1, 1, 0)]), 1).unwrap();
        assert_eq!(packing.basis.total_step, 9);
        // Overall scores that are no totals keep their steps.
        let matrix = table(&many);
        let numbers = (0..8).map(|u| u * u).collect();
        let query = Query::of(&matrix).criterion(Criterion::Column);
        let query = query.column(numbers).build().unwrap();
        let packing = Packing::of(&query).unwrap();
        assert_eq!(
            (packing.basis.total_step, packing.totals),
            (0, Rough::default())
        );
        assert!(packing.basis.score_step > 0);
    }

    /// How many sets are discarded at their own r, and at a floor a little above it, by what `change` makes of the
    /// roughness; and how many there are.
    fn discarded(criterion: Criterion, change: fn(Rough) -> Rough) -> [usize; 3] {
        let digits = |u: i64, q: i64| (u * 7919 + q * 104_729) * 48_271 % 1_000_000_007;
        let rows: Vec<_> = (0..60_usize)
            .flat_map(|u| (0..6_usize).map(move |q| (u, q)))
            .filter(|(u, q)| (u + 2 * q) % 5 > 0)
            .map(|(u, q)| (u, q, digits(u as i64, q as i64) + 20_000_000 * u as i64))
            .collect();
        let matrix = table(&rows);
        let query = Query::of(&matrix)
            .k(3)
            .criterion(criterion)
            .build()
            .unwrap();
        let packing = Packing::of(&query).unwrap();
        assert!(packing.basis.score_step > 0);
        let [mut at_own, mut above, mut all] = [0; 3];
        let sets = (0..20).filter_map(|rank| query.space().unrank(rank));
        for set in sets {
            let r = query.judge(&set).unwrap().correlation().r();
            let mut sums = Sums::default();
            for user in 0..matrix.users().len() {
                let score = |&q: &usize| {
                    let score = matrix.column(q).score(user as u32)?;
                    Some(packing.basis.score(q, score))
                };
                if let Some(a) = set.iter().map(score).sum::<Option<i64>>() {
                    sums +=
                        Sums::of_user(a.into(), packing.basis.total(matrix.totals()[user]).into());
                }
            }
            let moments = criterion
                .moments(sums.moments())
                .map(|moment| moment as f64);
            let is_below = |floor: f64| {
                let [scores, totals] = [packing.scores, packing.totals].map(change);
                let floor = Floor::of(&query, Need::exact(floor), scores, totals);
                let [p, q] = floor.powers().map(|power| match power {
                    0 => 0.0,
                    _ => (moments.n * 2_f64.powi(power as i32)).powi(2),
                });
                let root = (f64::from(floor.mantissa) * 2_f64.powi(floor.exponent)).sqrt();
                let near = moments.a / (moments.x * moments.y).sqrt() < root * (1.0 - 1e-15);
                floor.mode == FLOOR_ABOVE_ZERO && moments.x >= p && moments.y >= q && near
            };
            at_own += usize::from(is_below(r));
            above += usize::from(is_below(r + 1e-5));
            all += 1;
        }
        [at_own, above, all]
    }

    #[test]
    fn steps_discard_no_set_at_its_own_r_and_any_a_little_below() {
        for criterion in [Criterion::Total, Criterion::Rest] {
            assert_eq!(discarded(criterion, |rough| rough), [0, 20, 20]);
        }
    }

    /// A planted fault: without it the test above might pass whatever is allowed for.
    #[test]
    fn nothing_allowed_for_steps_is_seen() {
        let [at_own, ..] = discarded(Criterion::Total, |rough| Rough {
            off: rough.off / 1e6,
            ..rough
        });
        assert!(at_own > 2, "{at_own}");
    }
}
