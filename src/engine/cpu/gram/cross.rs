//! Cross-products of scores: everything about a population of users that six sums can depend on.
//!
//! For users who all answered the same questions (or whose missing answers count as the offset,
//! that is 0): n, Σx_q, Σx_q·g, Σx_q·x_m, Σg, Σg² in exact integers, over scores and totals shifted
//! by a [`Basis`]. Shifting by rounded means keeps them small; covariances do not change by it.

use crate::arch::{Kernel, Level, run};
use crate::engine::cpu::Isa;
use crate::matrix::ResponseMatrix;
use crate::stats::{Basis, Sums};
use rayon::prelude::*;

/// Exact cross-products of one population of users over `questions` questions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Cross {
    /// n: users.
    pub(super) users: i128,
    /// Σg.
    pub(super) total: i128,
    /// Σg².
    pub(super) total_squares: i128,
    /// Σx_q.
    pub(super) sums: Vec<i128>,
    /// Σx_q·g.
    pub(super) with_total: Vec<i128>,
    /// Σx_q·x_m at q·questions + m, symmetric.
    products: Vec<i128>,
}

/// Every score of question q minus the mean of its answers, every total minus the mean total, both
/// means rounded.
///
/// Over all who answered, |Σx_q| ≤ n/2 then, and Σx_q² is at most n/4 above its least.
pub(super) fn centre(matrix: &ResponseMatrix) -> Basis {
    let mean = |values: &[i64]| {
        let n = values.len().max(1) as i128;
        let sum: i128 = values.iter().map(|&v| i128::from(v)).sum();
        // Between the least and the greatest value, so it fits.
        (2 * sum + n).div_euclid(2 * n) as i64
    };
    Basis {
        scores: (0..matrix.questions().len())
            .map(|q| mean(matrix.column(q).scores()))
            .collect(),
        total: mean(matrix.totals()),
    }
}

/// The scores of one question as far as products are concerned.
enum Scores {
    /// At most two values: `low` and, where the bit is set, `low + step`.
    Two { low: i64, step: i64, bits: Vec<u64> },
    /// Any, already shifted.
    Any(Vec<i64>),
}

impl Scores {
    /// `scores` minus `offset`.
    fn new(scores: &[i64], offset: i64) -> Self {
        let low = scores.first().copied().unwrap_or(0);
        let high = scores.iter().copied().find(|&s| s != low).unwrap_or(low);
        let mut other = false;
        let bits = scores
            .chunks(64)
            .map(|chunk| {
                let mut word = 0;
                for (i, &s) in chunk.iter().enumerate() {
                    other |= s != low && s != high;
                    word |= u64::from(s != low) << i;
                }
                word
            })
            .collect();
        if other {
            Self::Any(scores.iter().map(|&s| s - offset).collect())
        } else {
            Self::Two {
                low: low - offset,
                step: high - low,
                bits,
            }
        }
    }

    /// The shifted scores one by one.
    fn spread(&self, users: usize) -> Vec<i64> {
        match self {
            Self::Any(scores) => scores.clone(),
            Self::Two { low, step, bits } => (0..users)
                .map(|u| low + step * (bits[u / 64] >> (u % 64) & 1) as i64)
                .collect(),
        }
    }
}

/// Σ a·b in i128.
fn dot_wide(a: &[i64], b: &[i64]) -> i128 {
    a.iter()
        .zip(b)
        .map(|(&a, &b)| i128::from(a) * i128::from(b))
        .sum()
}

/// Σ a·b in i64, for when it fits.
struct Dot64<'a>(&'a [i64], &'a [i64]);

impl Kernel for Dot64<'_> {
    type Out = i64;
    #[inline(always)]
    fn run<L: Level>(self, _: L) -> i64 {
        self.0.iter().zip(self.1).map(|(&a, &b)| a * b).sum()
    }
}

/// Σ a·b of 16-bit numbers, in runs whose sum fits i32.
struct Dot16<'a>(&'a [i16], &'a [i16], usize);

impl Kernel for Dot16<'_> {
    type Out = i64;
    #[inline(always)]
    fn run<L: Level>(self, _: L) -> i64 {
        let mut sum = 0;
        for (a, b) in self.0.chunks(self.2).zip(self.1.chunks(self.2)) {
            let part: i32 = a
                .iter()
                .zip(b)
                .map(|(&a, &b)| i32::from(a) * i32::from(b))
                .sum();
            sum += i64::from(part);
        }
        sum
    }
}

/// Set bits in common.
struct Common<'a>(&'a [u64], &'a [u64]);

impl Kernel for Common<'_> {
    type Out = u64;
    #[inline(always)]
    fn run<L: Level>(self, _: L) -> u64 {
        self.0
            .iter()
            .zip(self.1)
            .map(|(&a, &b)| u64::from((a & b).count_ones()))
            .sum()
    }
}

/// Largest |x|.
fn reach(values: &[i64]) -> u128 {
    values
        .iter()
        .map(|v| u128::from(v.unsigned_abs()))
        .max()
        .unwrap_or(0)
}

/// Σ a·b, in i64 where that cannot overflow.
fn dot(isa: Isa, a: &[i64], b: &[i64], bound: u128) -> i128 {
    if bound * (a.len() as u128) < 1 << 63 {
        i128::from(run(isa, Dot64(a, b)))
    } else {
        dot_wide(a, b)
    }
}

impl Cross {
    /// Over users with these scores a question (all slices equally long) and totals, shifted by
    /// `offsets` and `total_offset`. Uses the threads it is called in.
    pub(super) fn new(
        isa: Isa,
        scores: &[&[i64]],
        offsets: &[i64],
        totals: &[i64],
        total_offset: i64,
    ) -> Self {
        let users = totals.len();
        let totals: Vec<i64> = totals.iter().map(|&g| g - total_offset).collect();
        let columns: Vec<Scores> = scores
            .par_iter()
            .zip(offsets)
            .map(|(scores, &offset)| Scores::new(scores, offset))
            .collect();
        let widest_total = reach(&totals);
        let (sums, with_total): (Vec<i128>, Vec<i128>) = columns
            .par_iter()
            .map(|column| {
                let x = column.spread(users);
                let sum = x.iter().map(|&x| i128::from(x)).sum::<i128>();
                let bound = reach(&x).saturating_mul(widest_total);
                (sum, dot(isa, &x, &totals, bound))
            })
            .unzip();
        let mut products = vec![0; scores.len() * scores.len()];
        let all_two = columns.iter().all(|c| matches!(c, Scores::Two { .. }));
        if all_two {
            two_valued(isa, &columns, users, &sums, &mut products);
        } else {
            any_valued(isa, &columns, users, &mut products);
        }
        mirror(&mut products, scores.len());
        Self {
            users: users as i128,
            total: totals.iter().map(|&g| i128::from(g)).sum(),
            total_squares: dot_wide(&totals, &totals),
            sums,
            with_total,
            products,
        }
    }

    /// Questions.
    pub(super) fn questions(&self) -> usize {
        self.sums.len()
    }

    /// Σx_q·x_m.
    pub(super) fn product(&self, q: usize, m: usize) -> i128 {
        self.products[q * self.sums.len() + m]
    }

    /// n·Σx_q·x_m − Σx_q·Σx_m.
    pub(super) fn covariance(&self, q: usize, m: usize) -> i128 {
        self.users * self.product(q, m) - self.sums[q] * self.sums[m]
    }

    /// n·Σx_q·g − Σx_q·Σg.
    pub(super) fn covariance_with_total(&self, q: usize) -> i128 {
        self.users * self.with_total[q] - self.sums[q] * self.total
    }

    /// n·Σg² − (Σg)².
    pub(super) fn variance_of_total(&self) -> i128 {
        self.users * self.total_squares - self.total * self.total
    }

    /// The six sums of a set over this population, in shifted units.
    pub(super) fn of_set(&self, set: &[usize]) -> Sums {
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

/// With x = low + step·bit: Σx·y = low_y·Σx + low_x·step_y·(bits of y) + step_x·step_y·(bits in
/// common).
fn two_valued(isa: Isa, columns: &[Scores], users: usize, sums: &[i128], products: &mut [i128]) {
    let parts: Vec<(i128, i128, &[u64])> = columns
        .iter()
        .filter_map(|column| match column {
            Scores::Two { low, step, bits } => {
                Some((i128::from(*low), i128::from(*step), bits.as_slice()))
            }
            Scores::Any(_) => None,
        })
        .collect();
    let ones: Vec<i128> = parts
        .iter()
        .map(|(_, _, bits)| bits.iter().map(|b| i128::from(b.count_ones())).sum())
        .collect();
    debug_assert!(ones.iter().all(|&ones| ones <= users as i128));
    let n = columns.len();
    products
        .par_chunks_mut(n.max(1))
        .enumerate()
        .for_each(|(q, row)| {
            let (low, step, bits) = parts[q];
            for m in 0..=q {
                let (other_low, other_step, other_bits) = parts[m];
                let common = i128::from(run(isa, Common(bits, other_bits)));
                row[m] =
                    other_low * sums[q] + low * other_step * ones[m] + step * other_step * common;
            }
        });
}

fn any_valued(isa: Isa, columns: &[Scores], users: usize, products: &mut [i128]) {
    let spread: Vec<Vec<i64>> = columns.par_iter().map(|c| c.spread(users)).collect();
    let widest = spread.iter().map(|x| reach(x)).max().unwrap_or(0);
    let n = columns.len();
    if widest <= i16::MAX as u128 {
        let narrow: Vec<Vec<i16>> = spread
            .par_iter()
            .map(|x| x.iter().map(|&x| x as i16).collect())
            .collect();
        // A run of this many products stays below 2^31.
        let length = ((1_u128 << 31) - 1)
            .checked_div(widest * widest)
            .unwrap_or(u128::MAX)
            .clamp(1, 1 << 20) as usize;
        products.par_chunks_mut(n).enumerate().for_each(|(q, row)| {
            for m in 0..=q {
                row[m] = i128::from(run(isa, Dot16(&narrow[q], &narrow[m], length)));
            }
        });
    } else {
        let bound = widest * widest;
        products.par_chunks_mut(n).enumerate().for_each(|(q, row)| {
            for m in 0..=q {
                row[m] = dot(isa, &spread[q], &spread[m], bound);
            }
        });
    }
}

/// Copies the lower triangle to the upper.
fn mirror(products: &mut [i128], n: usize) {
    for q in 0..n {
        for m in 0..q {
            products[m * n + q] = products[q * n + m];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// By the definition.
    fn plain(scores: &[&[i64]], offsets: &[i64], totals: &[i64], total_offset: i64) -> Cross {
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
        let users = 131_usize;
        let draw = |q: usize, u: usize| ((u * 7919 + q * 104_729 + u * u * (q + 3)) % 1009) as i64;
        let shapes: [&dyn Fn(usize, usize) -> i64; 6] = [
            &|q, u| draw(q, u) % 2,
            &|q, u| draw(q, u) % 2 * 2 - 1,
            &|q, u| draw(q, u) % 6 + 1,
            &|q, u| (draw(q, u) - 500) * 60,
            &|q, u| (draw(q, u) - 500) * 2_000_000,
            &|q, u| (draw(q, u) - 500) * 2_000_000_000_000,
        ];
        for (shape, score) in shapes.iter().enumerate() {
            let columns: Vec<Vec<i64>> = (0..7)
                .map(|q| {
                    (0..users)
                        .map(|u| if q == 3 { 5 } else { score(q, u) })
                        .collect()
                })
                .collect();
            let slices: Vec<&[i64]> = columns.iter().map(Vec::as_slice).collect();
            let totals: Vec<i64> = (0..users)
                .map(|u| slices.iter().map(|c| c[u]).sum())
                .collect();
            let offsets = [0, 1, -2, 5, 3, 0, 9];
            let want = plain(&slices, &offsets, &totals, 11);
            for isa in Isa::available() {
                let got = Cross::new(isa, &slices, &offsets, &totals, 11);
                assert_eq!(got, want, "shape {shape} {}", isa.name());
            }
            let set = [0, 2, 3];
            let shifted = want.of_set(&set);
            let straight = plain(&slices, &[0; 7], &totals, 0).of_set(&set);
            assert_eq!(shifted.shifted(-2 + 5, 11), straight);
        }
    }
}
