//! The cross-products of users who all answered the same questions: everything that six sums can depend on.
//!
//! n, Σx_q, Σx_q·g, Σx_q·x_m, Σg and Σg² over scores x and totals g less an offset each. Missing answers may
//! count as the offset, that is 0. Offsets near the means keep sums small; covariances do not change by
//! them.
//!
//! Behind the questions stand columns that are multiplied like theirs: the digits of the totals, and 1.

use super::products::{Block, Plan, Source, Term, WIDTH, Whole, digits, narrow};
use super::workers::Workers;
use crate::arch::Isa;
use crate::stats::Sums;
use std::ops::Range;

/// Exact cross-products of one population of users over `questions` questions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cross {
    /// n: users.
    pub users: i128,
    /// Σg.
    pub total: i128,
    /// Σg².
    pub total_squares: i128,
    /// Σx_q.
    pub sums: Vec<i128>,
    /// Σx_q·g.
    pub with_total: Vec<i128>,
    /// Σx_q·x_m at q·questions + m, symmetric.
    products: Vec<i128>,
}

/// A population: everybody's scores and totals, and what is taken from them.
#[derive(Clone, Copy, Debug)]
pub struct Population<'a> {
    scores: &'a [&'a [i64]],
    offsets: &'a [i64],
    totals: &'a [i64],
    total_offset: i64,
    reach: (u64, u64),
}

impl<'a> Population<'a> {
    /// Scores by question, all slices equally long, and what is taken from each question's; totals, and what
    /// is taken from each; no score and no total is further than `reach` from what is taken.
    #[must_use]
    pub fn new(
        (scores, offsets): (&'a [&'a [i64]], &'a [i64]),
        (totals, total_offset): (&'a [i64], i64),
        reach: (u64, u64),
    ) -> Self {
        Self {
            scores,
            offsets,
            totals,
            total_offset,
            reach,
        }
    }
}

/// The largest distance of a value from `offset`.
#[must_use]
pub fn reach(values: &[i64], offset: i64) -> u64 {
    let far = values.iter().map(|value| value.abs_diff(offset));
    far.max().unwrap_or(0)
}

/// Writes digit d of some numbers less an offset.
#[inline(always)]
fn write<T: Whole>(
    block: &mut Block,
    (plane, question): (usize, usize),
    digit: usize,
    values: &[i64],
    offset: i64,
) {
    let column = block.column_mut(plane, question);
    for (line, values) in column.iter_mut().zip(values.chunks(WIDTH)) {
        for (byte, value) in line.0.iter_mut().zip(values) {
            let mut left = T::from(value - offset);
            for _ in 0..digit {
                left = left.split().1;
            }
            *byte = left.split().0 as u8;
        }
    }
}

impl Source for Population<'_> {
    #[inline(always)]
    fn write<T: Whole>(&self, block: &mut Block, users: Range<usize>) {
        let (of_score, of_total) = self.digits();
        for (q, (scores, &offset)) in self.scores.iter().zip(self.offsets).enumerate() {
            for digit in 0..of_score {
                write::<T>(block, (digit, q), digit, &scores[users.clone()], offset);
            }
        }
        let (questions, totals) = (self.scores.len(), &self.totals[users]);
        for digit in 0..of_total {
            write::<T>(
                block,
                (0, questions + digit),
                digit,
                totals,
                self.total_offset,
            );
        }
        let ones = block.column_mut(0, questions + of_total);
        for (line, users) in ones.iter_mut().zip(totals.chunks(WIDTH)) {
            line.0[..users.len()].fill(1);
        }
    }
}

impl Population<'_> {
    /// Bytes of a score and of a total.
    fn digits(&self) -> (usize, usize) {
        let (score, total) = self.reach;
        (digits(score.into()), digits(total.into()))
    }
}

impl Cross {
    /// The products of a population.
    #[must_use]
    pub fn new(isa: Isa, workers: &impl Workers, population: Population<'_>) -> Self {
        let (score, total) = population.reach;
        if narrow(score.max(total).into(), population.totals.len()) {
            Self::added::<i64>(isa, workers, population)
        } else {
            Self::added::<i128>(isa, workers, population)
        }
    }

    fn added<T: Whole>(isa: Isa, workers: &impl Workers, population: Population<'_>) -> Self {
        let (of_score, of_total) = population.digits();
        let questions = population.scores.len();
        let pairs = (0..of_score).flat_map(|d| (0..of_score).map(move |e| (d, e)));
        let term = |(left, right)| Term {
            left,
            right,
            sum: 0,
            shift: 8 * (left + right) as u32,
        };
        let plan = Plan {
            isa,
            source: &population,
            users: population.totals.len(),
            questions: questions + of_total + 1,
            planes: of_score,
            terms: pairs.map(term).collect(),
            sums: 1,
        };
        let sums = plan.sums::<T>(workers, 0..plan.questions);
        let of = |q: usize, m: usize| sums[q.min(m) * plan.questions + q.max(m)].widen();
        let each = 0..questions;
        let digits = 0..of_total;
        let with_total = |q: usize| -> i128 {
            let digit = |d: usize| of(q, questions + d).wrapping_shl(8 * d as u32);
            digits.clone().map(digit).fold(0, i128::wrapping_add)
        };
        let shifted = || {
            population
                .totals
                .iter()
                .map(|&g| i128::from(g - population.total_offset))
        };
        Self {
            users: population.totals.len() as i128,
            total: shifted().sum(),
            total_squares: shifted().map(|g| g * g).sum(),
            sums: each.clone().map(|q| of(q, questions + of_total)).collect(),
            with_total: each.clone().map(with_total).collect(),
            products: each
                .clone()
                .flat_map(|q| each.clone().map(move |m| (q, m)))
                .map(|(q, m)| of(q, m))
                .collect(),
        }
    }

    /// Questions.
    #[must_use]
    pub fn questions(&self) -> usize {
        self.sums.len()
    }

    /// Σx_q·x_m at q·questions + m, symmetric.
    #[must_use]
    pub fn products(&self) -> &[i128] {
        &self.products
    }

    /// Σx_q·x_m.
    #[must_use]
    pub fn product(&self, q: usize, m: usize) -> i128 {
        self.products[q * self.sums.len() + m]
    }

    /// V_qm = n·Σx_q·x_m − Σx_q·Σx_m.
    #[must_use]
    pub fn covariance(&self, q: usize, m: usize) -> i128 {
        self.users * self.product(q, m) - self.sums[q] * self.sums[m]
    }

    /// B_q = n·Σx_q·g − Σx_q·Σg.
    #[must_use]
    pub fn covariance_with_total(&self, q: usize) -> i128 {
        self.users * self.with_total[q] - self.sums[q] * self.total
    }

    /// Y = n·Σg² − (Σg)².
    #[must_use]
    pub fn variance_of_total(&self) -> i128 {
        self.users * self.total_squares - self.total * self.total
    }

    /// The six sums of a set over this population, in shifted units.
    #[must_use]
    pub fn of_set(&self, set: &[usize]) -> Sums {
        let mut sums = Sums {
            n: self.users,
            sg: self.total,
            sgg: self.total_squares,
            ..Sums::default()
        };
        for &q in set {
            sums.sa += self.sums[q];
            sums.sag += self.with_total[q];
            for &m in set {
                sums.saa += self.product(q, m);
            }
        }
        sums
    }
}

#[cfg(test)]
mod tests {
    use super::super::products::BLOCK;
    use super::super::workers::Alone;
    use super::*;

    /// By the definition.
    fn plain(population: &Population<'_>) -> Cross {
        let Population {
            scores,
            offsets,
            totals,
            total_offset,
            ..
        } = *population;
        let x = |q: usize, u: usize| i128::from(scores[q][u]) - i128::from(offsets[q]);
        let g = |u: usize| i128::from(totals[u]) - i128::from(total_offset);
        let users = 0..totals.len();
        let questions = 0..scores.len();
        let over = |f: &dyn Fn(usize) -> i128| users.clone().map(f).sum::<i128>();
        Cross {
            users: totals.len() as i128,
            total: over(&|u| g(u)),
            total_squares: over(&|u| g(u) * g(u)),
            sums: questions.clone().map(|q| over(&|u| x(q, u))).collect(),
            with_total: questions
                .clone()
                .map(|q| over(&|u| x(q, u) * g(u)))
                .collect(),
            products: questions
                .clone()
                .flat_map(|q| questions.clone().map(move |m| (q, m)))
                .map(|(q, m)| over(&|u| x(q, u) * x(m, u)))
                .collect(),
        }
    }

    #[test]
    fn every_width_of_scores_gives_the_definition() {
        let draw = |q: usize, u: usize| ((u * 7919 + q * 104_729 + u * u * (q + 3)) % 1009) as i64;
        let shapes: [&dyn Fn(usize, usize) -> i64; 7] = [
            &|q, u| draw(q, u) % 2,
            &|q, u| draw(q, u) % 6 + 1,
            // Both ends of one byte and of two.
            &|q, u| draw(q, u) % 256 - 128,
            &|q, u| draw(q, u) % 2 * 65_535 - 32_768,
            &|q, u| (draw(q, u) - 500) * 2_000_000,
            &|q, u| (draw(q, u) - 500) * 2_000_000_000_000,
            &|q, u| (draw(q, u) - 500) * 9_000_000_000_000_000,
        ];
        for users in [1, 131, 2 * BLOCK + 65] {
            // No table has as large scores and more users.
            let shapes = &shapes[..if users == 1 { 7 } else { 6 }];
            for (shape, score) in shapes.iter().enumerate() {
                let column = |q: usize| -> Vec<i64> {
                    (0..users)
                        .map(|u| if q == 3 { 5 } else { score(q, u) })
                        .collect()
                };
                let columns: Vec<Vec<i64>> = (0..7).map(column).collect();
                let slices: Vec<&[i64]> = columns.iter().map(Vec::as_slice).collect();
                let totals: Vec<i64> = (0..users).map(|u| score(9, u) + 12).collect();
                let offsets = [0, 1, -2, 5, 3, 0, 9];
                let far = |(scores, offset): (&Vec<i64>, i64)| reach(scores, offset);
                let score = columns.iter().zip(offsets).map(far).max().unwrap();
                let reach = (score, reach(&totals, 11));
                let population = Population::new((&slices, &offsets), (&totals, 11), reach);
                let want = plain(&population);
                for isa in Isa::available() {
                    let got = Cross::new(isa, &Alone, population);
                    assert_eq!(got, want, "{users} users, shape {shape} {}", isa.name());
                }
            }
        }
    }
}
