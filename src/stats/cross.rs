//! Cross-products: everything about a population of users that six sums can depend on.
//!
//! For users who all answered the same questions (or whose missing answers count as the offset, that
//! is 0): n, Σx_q, Σx_q·g, Σx_q·x_m, Σg, Σg² in exact integers, over scores and totals less an offset
//! each. Offsets near the means keep them small; covariances do not change by them.
//!
//! ```text
//! split each x into signed bytes, x = Σ 256^d·b_d, as many as the widest needs        (Digits)
//! for each block of users, on whatever worker is free:
//!     write the bytes of each question as columns                                     (Block)
//!     for every two columns of bytes: Σ over the block of their products, in 32 bits  (dots)
//!     add it to the product of their questions, times 256^(d + e)
//! ```
//! The blocks' sums are added in 64 bits where no sum on the way can leave them, else modulo 2^128,
//! which is exact where the products themselves fit 127 bits, as those of a table do.
//!
//! Work: users × questions² / 2 multiplications of bytes for each pair of digits, 64 an instruction
//! with AVX-512 VNNI; reading the scores costs as much where there are fewer than some 300 questions.

use super::Sums;
use crate::arch::dots::{self, Dots, Line, MOST_LINES, SIDE, WIDTH};
use crate::arch::{Isa, Kernel, Level, run};
use std::marker::PhantomData;
use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Users of a block: two of its columns of each question fit a core's own cache.
const BLOCK: usize = 2048;

/// How shares of work are done at the same time; this room knows no threads.
pub trait Workers: Sync {
    /// How many there are.
    fn number(&self) -> usize;
    /// What `share` gives for each of `0..shares`, in this order.
    fn each<T: Send>(&self, shares: usize, share: impl Fn(usize) -> T + Sync) -> Vec<T>;
}

/// The calling thread.
#[derive(Clone, Copy, Debug)]
pub struct Alone;

impl Workers for Alone {
    fn number(&self) -> usize {
        1
    }

    fn each<T: Send>(&self, shares: usize, share: impl Fn(usize) -> T + Sync) -> Vec<T> {
        (0..shares).map(share).collect()
    }
}

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

/// A population: everybody's scores less `offsets`, by question, and totals less `total_offset`.
#[derive(Clone, Copy, Debug)]
pub struct Population<'a> {
    /// Scores by question, all slices equally long.
    pub scores: &'a [&'a [i64]],
    /// What is taken from the scores of each question.
    pub offsets: &'a [i64],
    /// Totals by user.
    pub totals: &'a [i64],
    /// What is taken from each total.
    pub total_offset: i64,
    /// No score and no total is further from its offset than this.
    pub reach: (u64, u64),
}

impl<'a> Population<'a> {
    /// With the least reach that there is.
    #[cfg(any(feature = "gpu", test))]
    #[must_use]
    pub fn new(
        scores: &'a [&'a [i64]],
        offsets: &'a [i64],
        totals: &'a [i64],
        total_offset: i64,
    ) -> Self {
        let far = |values: &[i64], offset: i64| {
            let far = values.iter().map(|value| value.abs_diff(offset));
            far.max().unwrap_or(0)
        };
        let of_scores = scores.iter().zip(offsets);
        let score = of_scores.map(|(scores, &offset)| far(scores, offset)).max();
        Self {
            scores,
            offsets,
            totals,
            total_offset,
            reach: (score.unwrap_or(0), far(totals, total_offset)),
        }
    }
}

/// How many signed bytes numbers of this size are split into: d reach up to 127·(256^d − 1)/255.
fn digits(reach: u64) -> usize {
    let mut most = 127_u128;
    let mut digits = 1;
    while most < u128::from(reach) {
        most = most * 256 + 127;
        digits += 1;
    }
    digits
}

/// Integers that products are added up in; all arithmetic is modulo their width.
trait Whole: Copy + Default + Send {
    fn add(&mut self, other: Self);
    /// Adds `product` times 2^`shift`.
    fn add_shifted(&mut self, product: i32, shift: u32);
    fn widen(self) -> i128;
}

macro_rules! whole {
    ($whole:ty) => {
        impl Whole for $whole {
            #[inline(always)]
            fn add(&mut self, other: Self) {
                *self = self.wrapping_add(other);
            }
            #[inline(always)]
            fn add_shifted(&mut self, product: i32, shift: u32) {
                *self = self.wrapping_add(Self::from(product).wrapping_shl(shift));
            }
            fn widen(self) -> i128 {
                self.into()
            }
        }
    };
}
whole!(i64);
whole!(i128);

/// What is computed: Σ over the users of every two questions, and of each with 1 and with g.
#[derive(Clone, Debug)]
struct Work<'a> {
    population: Population<'a>,
    /// Bytes of a score, and of a total.
    digits: (usize, usize),
    isa: Isa,
    dots: Dots,
}

/// Sums over some of the users: Q² products (of which those with q ≤ m count), and Q each of Σx·g and
/// Σx.
type Parts<T> = [Vec<T>; 3];

/// The bytes of some users as columns: digit 0 of every question, digit 1 of every question …, and
/// those of the totals.
struct Block {
    lines: usize,
    columns: Vec<Line>,
}

impl Block {
    fn column(&self, at: usize) -> &[Line] {
        &self.columns[at * self.lines..(at + 1) * self.lines]
    }

    /// Writes the columns `at`, `at + step` … of these values.
    #[inline(always)]
    fn write(&mut self, at: usize, step: usize, digits: usize, values: &[i64], offset: i64) {
        for digit in 0..digits {
            let start = (at + digit * step) * self.lines;
            let column = &mut self.columns[start..start + self.lines];
            for (line, values) in column.iter_mut().zip(values.chunks(WIDTH)) {
                let bytes = line
                    .0
                    .iter_mut()
                    .zip(values.iter().map(|value| value - offset));
                if digit == 0 {
                    bytes.for_each(|(byte, value)| *byte = value as i8);
                } else {
                    bytes.for_each(|(byte, value)| *byte = byte_of(value, digit));
                }
            }
        }
    }

    /// The columns `from ..` as far as `to`, the last one again where four would go beyond.
    fn side(&self, from: usize, to: usize) -> dots::Side<'_> {
        std::array::from_fn(|i| self.column((from + i).min(to - 1)))
    }

    #[inline(always)]
    fn sums(&self, columns: usize) -> Vec<i32> {
        let sum = |line: &Line| line.0.iter().map(|&byte| i32::from(byte)).sum::<i32>();
        let column = |at: usize| self.column(at).iter().map(sum).sum();
        (0..columns).map(column).collect()
    }
}

/// Digit d of a number: what is left of it after the digits before, as a signed byte.
fn byte_of(value: i64, digit: usize) -> i8 {
    let mut left = i128::from(value);
    for _ in 0..digit {
        left = (left - i128::from(left as i8)) >> 8;
    }
    left as i8
}

/// A worker's blocks.
struct Share<'a, T>(&'a Work<'a>, &'a AtomicUsize, PhantomData<T>);

impl<T: Whole> Kernel for Share<'_, T> {
    type Out = Parts<T>;
    #[inline(always)]
    fn run<L: Level>(self, _: L) -> Parts<T> {
        self.0.parts(self.1)
    }
}

impl Work<'_> {
    /// The sums over all blocks that `next` hands out.
    #[inline(always)]
    fn parts<T: Whole>(&self, next: &AtomicUsize) -> Parts<T> {
        let Population { scores, totals, .. } = self.population;
        let questions = scores.len();
        let zeros = |n: usize| vec![T::default(); n];
        let mut parts = [
            zeros(questions * questions),
            zeros(questions),
            zeros(questions),
        ];
        let columns = questions * self.digits.0 + self.digits.1;
        let most = BLOCK.min(totals.len()).div_ceil(WIDTH);
        let mut block = Block {
            lines: most,
            columns: vec![Line::ZERO; columns * most],
        };
        loop {
            let from = next.fetch_add(1, Ordering::Relaxed).saturating_mul(BLOCK);
            if from >= totals.len() {
                return parts;
            }
            let to = (from + BLOCK).min(totals.len());
            // Users of a last line that there are not count as zeros.
            block.lines = (to - from).div_ceil(WIDTH);
            if to - from < BLOCK {
                block.columns.fill(Line::ZERO);
            }
            self.write(&mut block, from..to);
            self.add(&block, &mut parts);
        }
    }

    #[inline(always)]
    fn write(&self, block: &mut Block, users: Range<usize>) {
        let Population {
            scores,
            offsets,
            totals,
            total_offset,
            ..
        } = self.population;
        let questions = scores.len();
        for (q, (scores, &offset)) in scores.iter().zip(offsets).enumerate() {
            block.write(q, questions, self.digits.0, &scores[users.clone()], offset);
        }
        let at = questions * self.digits.0;
        block.write(at, 1, self.digits.1, &totals[users], total_offset);
    }

    #[inline(always)]
    fn add<T: Whole>(&self, block: &Block, [products, with_total, alone]: &mut Parts<T>) {
        let questions = self.population.scores.len();
        let (of_score, of_total) = self.digits;
        let sums = block.sums(questions * of_score + of_total);
        let tile = |left: (usize, usize), right: (usize, usize)| {
            let sums = std::array::from_fn(|j| sums[(right.0 + j).min(right.1 - 1)]);
            let (left, right) = (block.side(left.0, left.1), block.side(right.0, right.1));
            self.dots.tile(left, right, sums)
        };
        for a in 0..of_score {
            let left = a * questions;
            let own = &sums[left..left + questions];
            for (alone, &sum) in alone.iter_mut().zip(own) {
                alone.add_shifted(sum, 8 * a as u32);
            }
            for q in (0..questions).step_by(SIDE) {
                let rows = SIDE.min(questions - q);
                let left = (left + q, left + questions);
                for b in 0..of_score {
                    let shift = 8 * (a + b) as u32;
                    for m in (q..questions).step_by(SIDE) {
                        let columns = SIDE.min(questions - m);
                        let right = (b * questions + m, (b + 1) * questions);
                        for (i, dots) in tile(left, right).iter().enumerate().take(rows) {
                            let at = (q + i) * questions + m;
                            let row = &mut products[at..at + columns];
                            for (product, &dot) in row.iter_mut().zip(dots) {
                                product.add_shifted(dot, shift);
                            }
                        }
                    }
                }
                let totals = of_score * questions;
                for b in (0..of_total).step_by(SIDE) {
                    let right = (totals + b, totals + of_total);
                    for (i, dots) in tile(left, right).iter().enumerate().take(rows) {
                        for (j, &dot) in dots.iter().enumerate().take(of_total - b) {
                            with_total[q + i].add_shifted(dot, 8 * (a + b + j) as u32);
                        }
                    }
                }
            }
        }
    }

    fn cross<T: Whole>(&self, workers: &impl Workers) -> Cross {
        let Population {
            totals,
            total_offset,
            scores,
            ..
        } = self.population;
        let next = AtomicUsize::new(0);
        let shares = workers.number().min(totals.len().div_ceil(BLOCK)).max(1);
        let share = |_| run(self.isa, Share(self, &next, PhantomData::<T>));
        let mut all = workers.each(shares, share).into_iter();
        let mut whole = all.next().unwrap_or_default();
        for parts in all {
            for (whole, part) in whole.iter_mut().flatten().zip(parts.iter().flatten()) {
                whole.add(*part);
            }
        }
        let [mut products, with_total, sums] =
            whole.map(|part| part.into_iter().map(T::widen).collect::<Vec<i128>>());
        for q in 0..scores.len() {
            for m in 0..q {
                products[q * scores.len() + m] = products[m * scores.len() + q];
            }
        }
        let shifted = || totals.iter().map(|&g| i128::from(g - total_offset));
        Cross {
            users: totals.len() as i128,
            total: shifted().sum(),
            total_squares: shifted().map(|g| g * g).sum(),
            sums,
            with_total,
            products,
        }
    }
}

impl Cross {
    /// The products of a population.
    #[must_use]
    pub fn new(isa: Isa, workers: &impl Workers, population: Population<'_>) -> Self {
        let (of_score, of_total) = population.reach;
        let work = Work {
            population,
            digits: (digits(of_score), digits(of_total)),
            isa,
            dots: Dots::at(isa),
        };
        // Digits times their weights are at most 128/127 of 2·|x| + 256, so that no sum of their
        // products is more than 64 times this.
        let widest = u128::from(of_score.max(of_total).max(128));
        let bound = widest.checked_mul(widest);
        let bound = bound.and_then(|square| square.checked_mul(population.totals.len() as u128));
        if bound.is_some_and(|bound| bound < 1 << 57) {
            work.cross::<i64>(workers)
        } else {
            work.cross::<i128>(workers)
        }
    }

    /// Questions.
    #[must_use]
    pub fn questions(&self) -> usize {
        self.sums.len()
    }

    /// Σx_q·x_m at q·questions + m, symmetric.
    #[cfg(feature = "gpu")]
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

const _: () = assert!(BLOCK / WIDTH <= MOST_LINES);

#[cfg(test)]
mod tests {
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
                let population = Population::new(&slices, &offsets, &totals, 11);
                let want = plain(&population);
                for isa in Isa::available() {
                    let got = Cross::new(isa, &Alone, population);
                    assert_eq!(got, want, "{users} users, shape {shape} {}", isa.name());
                }
            }
        }
    }

    #[test]
    fn digits_are_a_number_again() {
        for reach in [0, 127, 128, 32_639, 32_640, 1 << 40, i64::MAX as u64] {
            let digits = digits(reach);
            for value in [reach as i64, -(reach as i64)] {
                let weighed = |d: usize| i128::from(byte_of(value, d)) << (8 * d);
                assert_eq!((0..digits).map(weighed).sum::<i128>(), i128::from(value));
            }
        }
        assert_eq!((digits(127), digits(128), digits(32_639)), (1, 2, 2));
        assert_eq!(digits(32_640), 3);
    }
}
