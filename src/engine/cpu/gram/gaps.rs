//! Tables where users miss few answers: sums over everybody, less those who miss something.
//!
//! Let a missing score count as 0 (after the shift by a basis), c_u(S) be how many questions of S
//! user u misses, and f one of the six terms of a user. The users of S have c = 0. Summing f over
//! all users, and taking it away once for each question that a user misses, gives weight 1 − c to
//! each user: right for c = 0 and c = 1, and c − 1 too little for the others. So
//!
//! Σ_{users of S} f = F(S) − Σ_{q∈S} F_q(S) + Σ_{u: c_u(S) ≥ 2} (c_u(S) − 1)·f_u(S)
//!
//! with F over all users and F_q over those who miss q.
//!
//! # The first two
//! are forms in cross-products: F is quadratic in S and Σ_{q∈S} F_q cubic, since x_q = 0 for the
//! users of F_q. A form of a prefix and one more question is a sum of a number and a lane: the
//! prefix carries lanes of first differences, and for Saa a matrix of second differences, to which a
//! question adds its slab of the table of third ones.
//!
//! # The third
//! concerns users with two gaps at least. With P all but the last two questions y and m of S:
//! - who misses y and not m has c_u(S) − 1 = c_u(P) and x_y = 0: for each q ∈ P, the users who miss
//!   q and y add f_u(P ∪ {m}) to lane m of a row of y, once for each P; who misses m and not y is
//!   found in the same rows at the transposed place;
//! - who misses y and m adds (c_u(P) + 1)·f_u(P): a list for each pair;
//! - who misses neither, and two of P, adds (c_u(P) − 1)·f_u(S), all lanes at once.
//!
//! On a table where each answer is missing with probability p, that is p²·users visits a set for
//! the pairs, and a few for all lanes of a row, instead of users. On the bench's nearly complete table that is
//! 0.4 s; each regime that might take it else, forced, took 20 s (the walk) and 53 s (patterns), on an Intel
//! Xeon with AMX and 2 threads.

mod walk;

use super::stems::Task;
use crate::arch::{Isa, Line, lane, lines, set_lane};
use crate::engine::pool::Pool;
use crate::matrix::ResponseMatrix;
use crate::stats::Basis;
use crate::stats::cross::{Alone, Cross, Population};
use rayon::prelude::*;
use std::ops::Range;

/// A user who misses two questions at least, and also misses `question`.
#[derive(Clone, Copy, Debug)]
struct Gap {
    question: u32,
    user: u32,
}

/// Everything that workers read.
#[derive(Debug)]
pub(super) struct Gaps<'a> {
    pub(super) task: Task<'a>,
    pub(super) table: &'a Table,
}

/// What does not depend on the part. Questions are answered-question indices.
#[derive(Debug)]
pub(super) struct Table {
    /// Q.
    questions: usize,
    /// Lines a row.
    width: usize,
    /// F of the empty set, and its differences.
    root: Frame,
    /// What a question takes from n, Sg and Sgg: over those who miss it.
    missing: [Vec<Line>; 3],
    /// What a pair takes from Sa and Sag.
    pairs: [Vec<Line>; 2],
    /// What a triple adds to Saa: slab q, row y, lane m.
    triples: Vec<Line>,
    /// Users with two gaps: their totals; scores and 1 for an answer, by user; scores by question.
    totals: Vec<f64>,
    scores: Vec<Line>,
    has: Vec<Line>,
    by_question: Vec<Vec<f64>>,
    /// Those who miss each question.
    missers: Vec<Vec<u32>>,
    /// For each question q, users who also miss another, by that other; and where each other
    /// starts.
    gaps: Vec<Vec<Gap>>,
    starts: Vec<Vec<u32>>,
}

/// A prefix.
#[derive(Clone, Debug, Default)]
struct Frame {
    /// The first two terms of the six sums.
    six: [f64; 6],
    /// What one more question adds to Sa, Sag and Saa.
    sa: Vec<Line>,
    sag: Vec<Line>,
    saa: Vec<Line>,
    /// What two more add to Saa besides: row y, lane m.
    pairs: Vec<Line>,
    /// Users with two gaps: their score on the prefix, and how much of it they miss.
    scores: Vec<f64>,
    missed: Vec<u32>,
    /// Those who miss two of it at least.
    twice: Vec<u32>,
}

/// Places in `Frame::six`.
const N: usize = 0;
const SA: usize = 1;
const SG: usize = 2;
const SAA: usize = 3;
const SGG: usize = 4;
const SAG: usize = 5;

/// How many users miss something, for the costs and for the limits.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Census {
    /// Users who answered something.
    pub(super) users: usize,
    /// Σ missing answers.
    pub(super) missing: u64,
    /// Σ ordered pairs of a user's missing answers.
    pub(super) pairs: u64,
    /// Users with two gaps at least.
    pub(super) several: usize,
}

/// Counts the gaps of a table of which `answered` questions have an answer.
pub(super) fn census(matrix: &ResponseMatrix, answered: usize) -> Census {
    let mut out = Census::default();
    for u in 0..matrix.users().len() {
        let given = matrix.row(u).count();
        if given == 0 {
            continue;
        }
        let missing = (answered - given) as u64;
        out.users += 1;
        out.missing += missing;
        out.pairs += missing * missing.saturating_sub(1);
        out.several += usize::from(missing >= 2);
    }
    out
}

/// Bytes that a [`Table`] takes, with the prefixes of one worker.
pub(super) fn bytes(census: &Census, questions: usize, k: usize) -> u128 {
    let (q, width) = (questions as u128, lines(questions) as u128 * 64);
    let several = census.several as u128;
    // Dense scores; slabs and the cross-products they come from; users with two gaps; their pairs
    // of gaps; prefixes.
    census.users as u128 * q * 8
        + 3 * q * q * width
        + several * (2 * width + 8 * q)
        + u128::from(census.pairs) * 8
        + (k as u128 + 1) * (q * width + several * 12)
}

impl Table {
    /// Sums over the questions `answered`, with scores and totals within `reach` of the basis. Uses the threads it is
    /// called in.
    pub(super) fn new(
        isa: Isa,
        matrix: &ResponseMatrix,
        answered: &[usize],
        basis: &Basis,
        reach: (u64, u64),
    ) -> Self {
        let questions = answered.len();
        let width = lines(questions);
        let users: Vec<usize> = (0..matrix.users().len())
            .filter(|&u| matrix.row(u).next().is_some())
            .collect();
        let mut place = vec![0; matrix.users().len()];
        for (at, &u) in users.iter().enumerate() {
            place[u] = at;
        }
        let totals: Vec<i64> = users
            .iter()
            .map(|&u| matrix.totals()[u] - basis.total)
            .collect();
        let dense: Vec<Vec<i64>> = answered
            .par_iter()
            .map(|&q| {
                let mut column = vec![0; users.len()];
                let answers = matrix.column(q);
                for (&u, &score) in answers.users().iter().zip(answers.scores()) {
                    column[place[u as usize]] = score - basis.scores[q];
                }
                column
            })
            .collect();
        // Who misses what.
        let mut missers = vec![Vec::new(); questions];
        let mut missed_by = vec![Vec::new(); users.len()];
        for (q, &question) in answered.iter().enumerate() {
            let column = matrix.column(question).answered();
            for (at, &u) in users.iter().enumerate() {
                if column[u / 64] >> (u % 64) & 1 == 0 {
                    missers[q].push(at);
                    missed_by[at].push(q);
                }
            }
        }
        let zeros = &vec![0; questions][..];
        let products = |scores: &[&[i64]], totals: &[i64], parallel: bool| {
            // A missing answer counts as 0, which is no further from 0 than an answer.
            let population = Population::new((scores, zeros), (totals, 0), reach);
            if parallel {
                Cross::new(isa, &Pool, population)
            } else {
                Cross::new(isa, &Alone, population)
            }
        };
        let over = |of: &[usize]| {
            let columns: Vec<Vec<i64>> = dense
                .iter()
                .map(|column| of.iter().map(|&at| column[at]).collect())
                .collect();
            let slices: Vec<&[i64]> = columns.iter().map(Vec::as_slice).collect();
            let totals: Vec<i64> = of.iter().map(|&at| totals[at]).collect();
            products(&slices, &totals, false)
        };
        let slices: Vec<&[i64]> = dense.iter().map(Vec::as_slice).collect();
        let all = products(&slices, &totals, true);
        let without: Vec<Cross> = missers.par_iter().map(|of| over(of)).collect();

        let row = |f: &dyn Fn(usize) -> i128| {
            let mut row = vec![Line::ZERO; width];
            for m in 0..questions {
                set_lane(&mut row, m, f(m) as f64);
            }
            row
        };
        let square = |f: &(dyn Fn(usize, usize) -> i128 + Sync)| -> Vec<Line> {
            (0..questions).flat_map(|y| row(&|m| f(y, m))).collect()
        };
        let triples: Vec<Vec<Line>> = (0..questions)
            .into_par_iter()
            .map(|q| {
                square(&|y, m| {
                    let of = |a: usize, b: usize, c: usize| without[a].product(b, c);
                    -2 * (of(q, y, m) + of(y, q, m) + of(m, q, y))
                })
            })
            .collect();
        let several: Vec<usize> = (0..users.len())
            .filter(|&at| missed_by[at].len() >= 2)
            .collect();
        let mut several_missers = vec![Vec::new(); questions];
        let mut gaps: Vec<Vec<Gap>> = vec![Vec::new(); questions];
        for (user, &at) in several.iter().enumerate() {
            for &q in &missed_by[at] {
                several_missers[q].push(user as u32);
                let others = missed_by[at].iter().filter(|&&m| m != q);
                gaps[q].extend(others.map(|&m| Gap {
                    question: m as u32,
                    user: user as u32,
                }));
            }
        }
        let starts = gaps
            .iter_mut()
            .map(|gaps| {
                gaps.sort_by_key(|gap| (gap.question, gap.user));
                (0..=questions)
                    .map(|m| gaps.partition_point(|gap| (gap.question as usize) < m) as u32)
                    .collect()
            })
            .collect();
        let root = Frame {
            six: [
                all.users as f64,
                0.0,
                all.total as f64,
                0.0,
                all.total_squares as f64,
                0.0,
            ],
            sa: row(&|m| all.sums[m]),
            sag: row(&|m| all.with_total[m]),
            saa: row(&|m| all.product(m, m)),
            pairs: square(&|y, m| {
                2 * all.product(y, m) - without[y].product(m, m) - without[m].product(y, y)
            }),
            scores: vec![0.0; several.len()],
            missed: vec![0; several.len()],
            twice: Vec::new(),
        };
        Self {
            questions,
            width,
            root,
            missing: [
                row(&|m| without[m].users),
                row(&|m| without[m].total),
                row(&|m| without[m].total_squares),
            ],
            pairs: [
                square(&|y, m| without[y].sums[m] + without[m].sums[y]),
                square(&|y, m| without[y].with_total[m] + without[m].with_total[y]),
            ],
            triples: triples.concat(),
            totals: several.iter().map(|&at| totals[at] as f64).collect(),
            scores: several
                .iter()
                .flat_map(|&at| row(&|m| i128::from(dense[m][at])))
                .collect(),
            has: several
                .iter()
                .flat_map(|&at| row(&|m| i128::from(!missed_by[at].contains(&m))))
                .collect(),
            by_question: dense
                .iter()
                .map(|column| several.iter().map(|&at| column[at] as f64).collect())
                .collect(),
            missers: several_missers,
            gaps,
            starts,
        }
    }

    /// Users who miss q and one of `others`.
    #[inline(always)]
    fn gaps(&self, q: usize, others: Range<usize>) -> &[Gap] {
        let starts = &self.starts[q];
        &self.gaps[q][starts[others.start] as usize..starts[others.end] as usize]
    }
}

/// Adds `weight` times the terms of a user with prefix score `s` and total `g` to their leaf.
#[inline(always)]
fn add_user(rest: &mut [Vec<Line>; 6], gap: &Gap, weight: f64, s: f64, g: f64) {
    let at = gap.question as usize;
    let (ws, wg) = (weight * s, weight * g);
    let terms = [weight, ws, wg, ws * s, wg * g, wg * s];
    for (rest, term) in rest.iter_mut().zip(terms) {
        let sum = lane(rest, at) + term;
        set_lane(rest, at, sum);
    }
}

/// The first two terms of the six sums of a prefix with q besides.
#[inline(always)]
fn with(table: &Table, frame: &Frame, q: usize) -> [f64; 6] {
    let six = &frame.six;
    [
        six[N] - lane(&table.missing[0], q),
        six[SA] + lane(&frame.sa, q),
        six[SG] - lane(&table.missing[1], q),
        six[SAA] + lane(&frame.saa, q),
        six[SGG] - lane(&table.missing[2], q),
        six[SAG] + lane(&frame.sag, q),
    ]
}
