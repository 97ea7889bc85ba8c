//! Products of the bytes of every two questions, added up over blocks of users.

use super::dots::{Dots, LEFT, MOST_LINES, RIGHT};
use super::workers::Workers;
use crate::arch::{Bytes, Isa, Kernel, Level, has_byte_vectors_at, run};
use std::marker::PhantomData;
use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Users of a line of bytes.
pub(super) const WIDTH: usize = 64;

/// Users of a block: two planes of some hundred questions fit a core's own cache.
pub(super) const BLOCK: usize = 2048;

const _: () = assert!(BLOCK / WIDTH <= MOST_LINES);

/// How many signed bytes numbers of this size are split into: d reach up to 127·(256^d − 1)/255.
pub(super) fn digits(reach: u128) -> usize {
    let mut most = 127_u128;
    let mut digits = 1;
    while most < reach {
        most = most * 256 + 127;
        digits += 1;
    }
    digits
}

/// Whether sums over `users` users of products of two numbers of this size may be added in 64 bits.
///
/// A number's digits, each times its weight, are at most 2·reach + 256 in all (their signs differ), and so
/// the sums on the way at most 9 times users · max(reach, 256)², twice as much where a term is doubled.
pub(super) fn narrow(reach: u128, users: usize) -> bool {
    let square = reach.max(256).checked_pow(2);
    let sum = square.and_then(|square| square.checked_mul(users as u128));
    sum.is_some_and(|sum| sum < 1 << 57)
}

/// Integers that products are added up in; all arithmetic is modulo their width.
pub(super) trait Whole: Copy + Default + Send + Sync + From<i64> {
    fn plus(self, other: Self) -> Self;
    fn times(self, other: Self) -> Self;
    /// This and `product` times 2^`shift`.
    fn plus_shifted(self, product: i64, shift: u32) -> Self;
    /// The lowest signed byte, and what is left of the number without it, divided by 256.
    fn split(self) -> (i8, Self);
    fn widen(self) -> i128;
}

macro_rules! whole {
    ($whole:ty) => {
        impl Whole for $whole {
            #[inline(always)]
            fn plus(self, other: Self) -> Self {
                self.wrapping_add(other)
            }
            #[inline(always)]
            fn times(self, other: Self) -> Self {
                self.wrapping_mul(other)
            }
            #[inline(always)]
            fn plus_shifted(self, product: i64, shift: u32) -> Self {
                self.wrapping_add(Self::from(product).wrapping_shl(shift))
            }
            #[inline(always)]
            fn split(self) -> (i8, Self) {
                let byte = self as i8;
                // Without an overflow: the byte of the largest number is −1.
                (byte, (self >> 8) + Self::from(byte < 0))
            }
            #[inline(always)]
            fn widen(self) -> i128 {
                self.into()
            }
        }
    };
}
whole!(i64);
whole!(i128);

/// Products of plane `left` of the earlier question and `right` of the later one go, times 2^`shift`, to
/// `sum`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Term {
    pub(super) left: usize,
    pub(super) right: usize,
    pub(super) sum: usize,
    pub(super) shift: u32,
}

/// The bytes of some users: a column for each plane and question.
pub(super) struct Block {
    questions: usize,
    lines: usize,
    pub(super) columns: Vec<Bytes>,
}

impl Block {
    fn start(&self, plane: usize, question: usize) -> usize {
        (plane * self.questions + question) * self.lines
    }

    #[inline(always)]
    pub(super) fn column_mut(&mut self, plane: usize, question: usize) -> &mut [Bytes] {
        let start = self.start(plane, question);
        &mut self.columns[start..start + self.lines]
    }

    /// Columns of some questions from `question` on, the last one again where there are fewer.
    fn side<const N: usize>(&self, plane: usize, question: usize) -> [&[Bytes]; N] {
        std::array::from_fn(|i| {
            let start = self.start(plane, (question + i).min(self.questions - 1));
            &self.columns[start..start + self.lines]
        })
    }
}

/// What writes the bytes of users.
pub(super) trait Source: Sync {
    /// Writes those of `users` into a block that is either all 0 or as the last call left it, with as many
    /// users; bytes of users that are not there stay 0.
    fn write<T: Whole>(&self, block: &mut Block, users: Range<usize>);
}

/// What is to be computed.
pub(super) struct Plan<'a, S> {
    pub(super) isa: Isa,
    pub(super) source: &'a S,
    pub(super) users: usize,
    pub(super) questions: usize,
    pub(super) planes: usize,
    pub(super) terms: Vec<Term>,
    /// How many sums each pair of questions has.
    pub(super) sums: usize,
}

impl<S: Source> Plan<'_, S> {
    /// The sums of each of the questions `rows` with each question from it on: sum s of i and j is at
    /// (s·rows + i − first row)·questions + j. Those of j < i mean nothing.
    pub(super) fn sums<T: Whole>(&self, workers: &impl Workers, rows: Range<usize>) -> Vec<T> {
        let next = AtomicUsize::new(0);
        let shares = workers.number().min(self.users.div_ceil(BLOCK)).max(1);
        let share = |_| {
            let share = Share {
                plan: self,
                rows: rows.clone(),
                next: &next,
                whole: PhantomData,
            };
            run(self.isa, share)
        };
        let mut all = workers.each(shares, share).into_iter();
        let mut sums: Vec<T> = all.next().unwrap_or_default();
        for part in all {
            for (sum, part) in sums.iter_mut().zip(part) {
                *sum = sum.plus(part);
            }
        }
        sums
    }
}

/// A worker's blocks.
struct Share<'a, S, T> {
    plan: &'a Plan<'a, S>,
    rows: Range<usize>,
    next: &'a AtomicUsize,
    whole: PhantomData<T>,
}

impl<S: Source, T: Whole> Kernel for Share<'_, S, T> {
    type Out = Vec<T>;

    #[inline(always)]
    fn run<L: Level>(self, _: L) -> Vec<T> {
        let plan = self.plan;
        let most = BLOCK.min(plan.users).div_ceil(WIDTH);
        let mut block = Block {
            questions: plan.questions,
            lines: most,
            columns: vec![Bytes::ZERO; plan.planes * plan.questions * most],
        };
        let mut sums = vec![T::default(); plan.sums * self.rows.len() * plan.questions];
        loop {
            let from = self
                .next
                .fetch_add(1, Ordering::Relaxed)
                .saturating_mul(BLOCK);
            if from >= plan.users {
                return sums;
            }
            let to = (from + BLOCK).min(plan.users);
            if (to - from).div_ceil(WIDTH) != most || to - from < BLOCK {
                block.lines = (to - from).div_ceil(WIDTH);
                block.columns.fill(Bytes::ZERO);
            }
            plan.source.write::<T>(&mut block, from..to);
            self.add(&block, &mut sums);
        }
    }
}

impl<S: Source, T: Whole> Share<'_, S, T> {
    #[inline(always)]
    fn add(&self, block: &Block, sums: &mut [T]) {
        let (plan, rows) = (self.plan, &self.rows);
        let vectors = has_byte_vectors_at(plan.isa);
        // Loops, not closures, which would be compiled for no level.
        let mut bytes = vec![0_i64; plan.planes * plan.questions];
        for (sum, column) in bytes
            .iter_mut()
            .zip(block.columns.chunks_exact(block.lines))
        {
            let mut lanes = [0_i32; WIDTH];
            for line in column {
                for (lane, &byte) in lanes.iter_mut().zip(&line.0) {
                    *lane += i32::from(byte as i8);
                }
            }
            for lane in lanes {
                *sum += i64::from(lane);
            }
        }
        for term in &plan.terms {
            let of_right = &bytes[term.right * plan.questions..][..plan.questions];
            for i in rows.clone().step_by(LEFT) {
                let left = block.side(term.left, i);
                for j in (i..plan.questions).step_by(RIGHT) {
                    let right = block.side(term.right, j);
                    let products = Dots { left, right }.products(plan.isa, vectors);
                    for (row, products) in (i..rows.end).zip(products) {
                        let at = (term.sum * rows.len() + row - rows.start) * plan.questions;
                        let sums = sums[at + j..at + plan.questions].iter_mut();
                        for ((sum, product), bytes) in sums.zip(products).zip(&of_right[j..]) {
                            *sum = sum.plus_shifted(product - 128 * bytes, term.shift);
                        }
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_a_number_again() {
        for reach in [0, 127, 128, 32_639, 32_640, 1 << 40, i64::MAX] {
            for value in [reach, -reach] {
                let (mut left, mut wide) = (value, i128::from(value));
                let mut sum = 0;
                for d in 0..digits(reach as u128) {
                    let byte;
                    (byte, left) = left.split();
                    assert_eq!(wide.split().0, byte);
                    wide = wide.split().1;
                    sum += i128::from(byte) << (8 * d);
                }
                assert_eq!((sum, left), (value.into(), 0));
            }
        }
        assert_eq!((digits(127), digits(128), digits(32_639)), (1, 2, 2));
        assert_eq!(digits(32_640), 3);
    }
}
