//! The six sums of every two questions of any table, over the users who answered both.
//!
//! With A = 1 for an answer and x its score, both 0 without one, and g a user's total, the sums of i and j
//! are over all users
//!
//! - n = ΣA_i·A_j, Σg = Σ gA_i·A_j, Σg² = Σ g²A_i·A_j
//! - Σa = Σ (x_i·A_j + A_i·x_j), Σa·g = Σ (gx_i·A_j + A_i·gx_j)
//! - Σa² = Σ (x_i²·A_j + 2·x_i·x_j + A_i·x_j²)
//!
//! so each is a sum of products of two of a question's planes A, x, g·A, g²·A, g·x and x².

use super::products::{BLOCK, Block, Plan, Source, Term, WIDTH, Whole, digits, narrow};
use super::workers::Workers;
use crate::arch::{Bytes, Isa, has_byte_vectors_at};
use crate::matrix::ResponseMatrix;
use crate::stats::{Basis, Six, Sums};
use std::ops::Range;

/// Cycles to write an answer's bytes.
const CYCLES_AN_ANSWER: f64 = 30.0;

/// Cycles for the products of two lines of 64 bytes: in vectors of bytes, and as the compiler makes them of
/// plain loops.
const CYCLES_A_LINE: f64 = 0.9;
const CYCLES_A_PLAIN_LINE: f64 = 8.0;

/// A table's pairs, prepared.
#[derive(Debug)]
pub struct Pairs<'a> {
    matrix: &'a ResponseMatrix,
    /// What is taken from scores and totals.
    basis: &'a Basis,
    isa: Isa,
    /// The first plane of each kind, and the number of all.
    planes: [usize; 7],
    terms: Vec<Term>,
    /// How many answers a question has before each block of users, and in all.
    starts: Vec<Vec<usize>>,
    /// Whether every score is the basis or 1 above it.
    two_valued: bool,
    /// Whether 64 bits hold all sums.
    narrow: bool,
}

/// Kinds of planes.
const A: usize = 0;
const X: usize = 1;
const G: usize = 2;
const GG: usize = 3;
const GX: usize = 4;
const XX: usize = 5;

/// Places in [`Six::from_array`].
const SUMS: usize = 6;
const N: usize = 0;
const SA: usize = 1;
const SG: usize = 2;
const SAA: usize = 3;
const SGG: usize = 4;
const SAG: usize = 5;

impl<'a> Pairs<'a> {
    /// For scores that are at most `reach.0` above `basis`, and none below, and totals that are no further
    /// than `reach.1` from it.
    #[must_use]
    pub fn new(isa: Isa, matrix: &'a ResponseMatrix, basis: &'a Basis, reach: (u64, u64)) -> Self {
        let (x, g) = (u128::from(reach.0), u128::from(reach.1));
        let each = [
            1,
            x,
            g,
            g.saturating_mul(g),
            g.saturating_mul(x),
            x.saturating_mul(x),
        ];
        let mut planes = [0; 7];
        for (kind, reach) in each.into_iter().enumerate() {
            planes[kind + 1] = planes[kind] + digits(reach);
        }
        let of = |kind: usize| (0..).zip(planes[kind]..planes[kind + 1]);
        let mut terms = Vec::new();
        let mut add = |left, right, sum, shift| {
            terms.push(Term {
                left,
                right,
                sum,
                shift,
            });
        };
        for (kind, sum) in [(A, N), (G, SG), (GG, SGG), (X, SA), (GX, SAG), (XX, SAA)] {
            if kind == XX && x == 1 {
                // x² = x, so these products are those of Σa.
                continue;
            }
            for (digit, plane) in of(kind) {
                add(plane, planes[A], sum, 8 * digit);
                if sum == SA || sum == SAG || sum == SAA {
                    add(planes[A], plane, sum, 8 * digit);
                }
            }
        }
        for (d, left) in of(X) {
            for (e, right) in of(X) {
                add(left, right, SAA, 8 * (d + e) + 1);
            }
        }
        let starts = |q: usize| {
            let mut starts = vec![0];
            for words in matrix.column(q).answered().chunks(BLOCK / 64) {
                let answers = words.iter().map(|word| word.count_ones() as usize);
                starts.push(starts[starts.len() - 1] + answers.sum::<usize>());
            }
            starts
        };
        Self {
            matrix,
            basis,
            isa,
            starts: (0..matrix.questions().len()).map(starts).collect(),
            planes,
            terms,
            two_valued: x == 1,
            narrow: narrow(2 * x.max(g), matrix.users().len()),
        }
    }

    /// About how many cycles all sums of all pairs take.
    #[must_use]
    pub fn cycles(&self) -> f64 {
        let questions = self.matrix.questions().len() as f64;
        let lines = self.matrix.users().len().div_ceil(WIDTH) as f64;
        let products = questions * questions / 2.0 * lines * self.terms.len() as f64;
        let a_product = if has_byte_vectors_at(self.isa) {
            CYCLES_A_LINE
        } else {
            CYCLES_A_PLAIN_LINE
        };
        self.matrix.responses() as f64 * CYCLES_AN_ANSWER + products * a_product
    }

    /// The sums of each of the questions `rows` with each question behind it.
    #[must_use]
    pub fn rows(&self, workers: &impl Workers, rows: Range<usize>) -> PairSums {
        let plan = Plan {
            isa: self.isa,
            source: self,
            users: self.matrix.users().len(),
            questions: self.matrix.questions().len(),
            planes: self.planes[6],
            terms: self.terms.clone(),
            sums: SUMS,
        };
        let sums = if self.narrow {
            Added::Narrow(plan.sums(workers, rows.clone()))
        } else {
            Added::Wide(plan.sums(workers, rows.clone()))
        };
        PairSums {
            sums,
            questions: plan.questions,
            rows,
            two_valued: self.two_valued,
        }
    }
}

/// Sums as they were added up.
#[derive(Debug)]
enum Added {
    Narrow(Vec<i64>),
    Wide(Vec<i128>),
}

/// The sums of some questions with each question behind them.
#[derive(Debug)]
pub struct PairSums {
    sums: Added,
    rows: Range<usize>,
    questions: usize,
    two_valued: bool,
}

impl PairSums {
    /// The six sums of i and j > i.
    #[must_use]
    pub fn of(&self, i: usize, j: usize) -> Sums {
        let at = |sum: usize| (sum * self.rows.len() + i - self.rows.start) * self.questions + j;
        let mut six = Six::from_array(std::array::from_fn(|sum| match &self.sums {
            Added::Narrow(sums) => sums[at(sum)].into(),
            Added::Wide(sums) => sums[at(sum)],
        }));
        if self.two_valued {
            six.saa += six.sa;
        }
        six
    }
}

/// The answers of some users to a question: places in the block, scores and totals.
struct Answers<'a> {
    pairs: &'a Pairs<'a>,
    question: usize,
    from: usize,
    users: &'a [u32],
    scores: &'a [i64],
}

impl Answers<'_> {
    /// Writes the planes of one kind.
    #[inline(always)]
    fn write<T: Whole>(&self, block: &mut Block, kind: usize, value: impl Fn(T, T) -> T) {
        let Pairs {
            matrix,
            basis,
            planes,
            ..
        } = self.pairs;
        let (totals, offset) = (matrix.totals(), basis.scores[self.question]);
        for (digit, plane) in (planes[kind]..planes[kind + 1]).enumerate() {
            let column = block.column_mut(plane, self.question);
            for (&u, &score) in self.users.iter().zip(self.scores) {
                let g = T::from(totals[u as usize] - basis.total);
                let mut left = value(T::from(score - offset), g);
                for _ in 0..digit {
                    left = left.split().1;
                }
                let at = u as usize - self.from;
                column[at / WIDTH].0[at % WIDTH] = left.split().0 as u8;
            }
        }
    }
}

impl Source for Pairs<'_> {
    #[inline(always)]
    fn write<T: Whole>(&self, block: &mut Block, users: Range<usize>) {
        block.columns.fill(Bytes::ZERO);
        for (question, starts) in self.starts.iter().enumerate() {
            let column = self.matrix.column(question);
            let own = starts[users.start / BLOCK]..starts[users.end.div_ceil(BLOCK)];
            let answers = Answers {
                pairs: self,
                question,
                from: users.start,
                users: &column.users()[own.clone()],
                scores: &column.scores()[own],
            };
            answers.write::<T>(block, A, |_, _| T::from(1));
            answers.write::<T>(block, X, |x, _| x);
            answers.write::<T>(block, G, |_, g| g);
            answers.write::<T>(block, GG, |_, g| g.times(g));
            answers.write::<T>(block, GX, |x, g| g.times(x));
            if !self.two_valued {
                answers.write::<T>(block, XX, |x, _| x.times(x));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::workers::Alone;
    use super::*;
    use crate::matrix::{Duplicates, MatrixBuilder, Score};

    fn table(users: usize, scores: impl Fn(usize, usize) -> i64) -> ResponseMatrix {
        let mut builder = MatrixBuilder::new();
        for u in 0..users {
            for q in (0..7).filter(|q| (u * u + 3 * u * q + q) % 5 < 3) {
                let score = Score {
                    mantissa: scores(u, q),
                    digits: 0,
                };
                let (user, question) = (u.to_string(), q.to_string());
                builder.push(&user, &question, Some(score), 0).unwrap();
            }
        }
        builder.finish(Duplicates::Error, "line").unwrap()
    }

    #[test]
    fn every_pair_has_the_sums_of_its_users() {
        let shapes: [&dyn Fn(usize, usize) -> i64; 4] = [
            &|u, q| (u * 7 + q * u) as i64 % 2,
            &|u, q| (u * 7 + q * u) as i64 % 6 - 2,
            &|u, q| (u * 7919 + q * u * 31) as i64 % 4001 - 2000,
            &|u, q| ((u * 7919 + q * u * 31) as i64 % 4001 - 2000) * 1_000_000_000,
        ];
        for (shape, scores) in shapes.into_iter().enumerate() {
            for users in [3, 131, 2 * BLOCK + 65] {
                let matrix = table(users, scores);
                let questions = 0..matrix.questions().len();
                let all = questions.clone().flat_map(|q| matrix.column(q).scores());
                let low = *all.clone().min().unwrap();
                let x = all.map(|x| x.abs_diff(low)).max().unwrap();
                let g = matrix.totals().iter().map(|g| g.abs_diff(3)).max().unwrap();
                let basis = Basis {
                    scores: vec![low; questions.end],
                    total: 3,
                    ..Basis::default()
                };
                for isa in Isa::available() {
                    let pairs = Pairs::new(isa, &matrix, &basis, (x, g));
                    assert_eq!(pairs.narrow, shape < 3);
                    for rows in [0..questions.end, 2..5] {
                        let sums = pairs.rows(&Alone, rows.clone());
                        for i in rows {
                            for j in i + 1..questions.end {
                                let straight = Sums::of_set(&matrix, &[i, j]);
                                let want = straight.shifted(-2 * i128::from(low), -3);
                                assert_eq!(sums.of(i, j), want, "{users} users, shape {shape}");
                            }
                        }
                    }
                }
            }
        }
    }
}
