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
//! the pairs, and a few for all lanes of a row, instead of users.

use super::block::Blocks;
use super::cross::Cross;
use super::keep::Keeper;
use super::lanes::{Kernel, Lanes, Line, WIDTH, lane, lines, low_bits, run, set_lane};
use super::leaf::{Leaves, Margins, Six};
use super::stems::{Part, Stem, Stems, finish, merge};
use crate::combin::binomial;
use crate::engine::cpu::Isa;
use crate::engine::{EngineError, Query, Watch};
use crate::matrix::ResponseMatrix;
use crate::stats::{AuditSums, Basis};
use crate::top::Top;
use rayon::prelude::*;
use std::ops::Range;

/// A user who misses two questions at least, and also misses `question`.
#[derive(Clone, Copy, Debug)]
struct Gap {
    question: u32,
    user: u32,
}

/// Everything that workers read. Questions are answered-question indices.
#[derive(Debug)]
pub(super) struct Gaps<'a> {
    query: &'a Query,
    watch: &'a Watch,
    isa: Isa,
    answered: &'a [usize],
    basis: &'a Basis,
    margins: Margins,
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
    /// Of users with two gaps: totals; scores and 1 for an answer, by user; scores by question.
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
    /// Of users with two gaps: score on the prefix, and how much of it they miss.
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

/// How many users miss something, for [`super::cost`] and for the limits.
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

/// Bytes that the tables of [`Gaps`] take, the frames of `threads` workers apart.
pub(super) fn bytes(census: &Census, questions: usize) -> u128 {
    let (q, width) = (questions as u128, lines(questions) as u128 * 64);
    let several = census.several as u128;
    // Dense scores; slabs and the cross-products they come from; users with two gaps; pairs.
    census.users as u128 * q * 8
        + 3 * q * q * width
        + several * (2 * width + 8 * q)
        + u128::from(census.pairs) * 8
}

impl<'a> Gaps<'a> {
    /// Uses the threads it is called in.
    pub(super) fn new(
        matrix: &ResponseMatrix,
        query: &'a Query,
        watch: &'a Watch,
        isa: Isa,
        answered: &'a [usize],
        basis: &'a Basis,
        margins: Margins,
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
        let zeros = vec![0; questions];
        let over = |of: &[usize]| {
            let columns: Vec<Vec<i64>> = dense
                .iter()
                .map(|column| of.iter().map(|&at| column[at]).collect())
                .collect();
            let slices: Vec<&[i64]> = columns.iter().map(Vec::as_slice).collect();
            let totals: Vec<i64> = of.iter().map(|&at| totals[at]).collect();
            Cross::new(isa, &slices, &zeros, &totals, 0)
        };
        let slices: Vec<&[i64]> = dense.iter().map(Vec::as_slice).collect();
        let all = Cross::new(isa, &slices, &zeros, &totals, 0);
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
            query,
            watch,
            isa,
            answered,
            basis,
            margins,
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

    /// Searches all `blocks` with the threads of `threads`.
    pub(super) fn search(
        &self,
        blocks: &Blocks,
        threads: &rayon::ThreadPool,
    ) -> Result<(Top, AuditSums), EngineError> {
        let stems = Stems::new(blocks);
        let parts = threads.broadcast(|_| {
            let worker = Worker {
                table: self,
                stems: &stems,
            };
            run(self.isa, worker)
        });
        merge(self.query.top(), parts, blocks.unanswered)
    }

    /// Users who miss q and one of `others`.
    #[inline(always)]
    fn gaps(&self, q: usize, others: Range<usize>) -> &[Gap] {
        let starts = &self.starts[q];
        &self.gaps[q][starts[others.start] as usize..starts[others.end] as usize]
    }
}

struct Worker<'a> {
    table: &'a Gaps<'a>,
    stems: &'a Stems<'a>,
}

impl Kernel for Worker<'_> {
    type Out = Part;
    #[inline(always)]
    fn run<L: Lanes>(self, l: L) -> Part {
        let table = self.table;
        let mut walk = Walk {
            l,
            table,
            keeper: Keeper::new(table.query, table.watch),
            leaves: Leaves::new(l, table.margins, table.query.min_users()),
            frames: vec![table.root.clone(); table.query.k() + 1],
            prefix: Vec::new(),
            missing: std::array::from_fn(|_| vec![Line::ZERO; table.questions * table.width]),
            rest: std::array::from_fn(|_| vec![Line::ZERO; table.width]),
            met: Vec::new(),
        };
        walk.leaves.set_bar(&walk.keeper);
        while let Some(stem) = self.stems.next() {
            walk.stem(&stem)?;
        }
        Some((walk.keeper.into_top(), walk.leaves.into_seen()))
    }
}

/// A user of the third term, for all lanes of a row.
#[derive(Clone, Copy, Debug)]
struct Met {
    user: u32,
    /// How often they count, and that times g and g².
    weight: f64,
    total: f64,
    total_squares: f64,
    /// Score on the questions before the leaf.
    score: f64,
}

impl Met {
    #[inline(always)]
    fn new(table: &Gaps<'_>, user: u32, weight: u32, score: f64) -> Self {
        let weight = f64::from(weight);
        let g = table.totals[user as usize];
        Self {
            user,
            weight,
            total: weight * g,
            total_squares: weight * g * g,
            score,
        }
    }
}

/// The third term of the users `met` in line i of the leaves that they answered, added to `six`.
///
/// a = s + x where answered, else 0: s·has + x, since x is 0 there already.
#[inline(always)]
fn meet<L: Lanes>(l: L, table: &Gaps<'_>, met: &[Met], i: usize, mut six: Six<L::V>) -> Six<L::V> {
    for met in met {
        let at = met.user as usize * table.width + i;
        let has = l.load(&table.has[at]);
        let a = l.mul_add(l.splat(met.score), has, l.load(&table.scores[at]));
        let (weight, total) = (l.splat(met.weight), l.splat(met.total));
        let weighted = l.mul(weight, a);
        six.n = l.mul_add(weight, has, six.n);
        six.sg = l.mul_add(total, has, six.sg);
        six.sgg = l.mul_add(l.splat(met.total_squares), has, six.sgg);
        six.sa = l.add(six.sa, weighted);
        six.saa = l.mul_add(weighted, a, six.saa);
        six.sag = l.mul_add(total, a, six.sag);
    }
    six
}

/// One thread's state.
struct Walk<'a, L: Lanes> {
    l: L,
    table: &'a Gaps<'a>,
    keeper: Keeper<'a>,
    leaves: Leaves<L>,
    /// Frame i is of the first i questions of `prefix`.
    frames: Vec<Frame>,
    prefix: Vec<usize>,
    /// The third term from users who miss y and part of the prefix: row y, lane m who answered m.
    missing: [Vec<Line>; 6],
    /// The third term by leaf, from users who miss it.
    rest: [Vec<Line>; 6],
    met: Vec<Met>,
}

impl<L: Lanes> Walk<'_, L> {
    /// All sets of a stem. `None` where the search was stopped.
    #[inline(always)]
    fn stem(&mut self, stem: &Stem<'_>) -> Option<()> {
        let block = stem.block;
        let start = block.pool.start;
        self.prefix.clear();
        for &q in &block.fixed {
            self.push(q, 0..self.table.questions, true);
        }
        let mut sets = block.sets();
        match stem.last {
            None if block.choose == 1 => self.row(None, block.pool.clone()),
            None => self.rows(start, block.pool.end)?,
            Some(last) => {
                sets = binomial((last - start) as u64, block.choose as u64 - 1).unwrap_or(0);
                self.push(last, start..last, false);
                self.behind(start, last, block.choose - 3)?;
            }
        }
        if self.table.watch.stopped() {
            return None;
        }
        self.table.watch.advance(sets);
        Some(())
    }

    /// All sets that add `more` questions and then two to the prefix, from `start` up to `end`.
    #[inline(always)]
    fn behind(&mut self, start: usize, end: usize, more: usize) -> Option<()> {
        if more == 0 {
            return self.rows(start, end);
        }
        let base = self.prefix.len();
        let mut below = vec![end; more];
        let mut level = 0;
        loop {
            // So many must fit below the next.
            let behind = more + 1 - level;
            if below[level] <= start + behind {
                if level == 0 {
                    return Some(());
                }
                level -= 1;
                continue;
            }
            below[level] -= 1;
            let z = below[level];
            self.prefix.truncate(base + level);
            self.push(z, start..z, false);
            if level + 1 == more {
                self.rows(start, z)?;
            } else {
                level += 1;
                below[level] = z;
            }
        }
    }

    /// All pairs of questions from `start` up to `end`.
    #[inline(always)]
    fn rows(&mut self, start: usize, end: usize) -> Option<()> {
        self.meet_pairs(start, end);
        for y in start + 1..end {
            self.row(Some(y), start..y);
        }
        if self.keeper.refresh() {
            self.leaves.set_bar(&self.keeper);
        }
        (!self.table.watch.stopped()).then_some(())
    }

    /// Adds q to the prefix. Only `later` questions will follow: all of a row if `full`, else none
    /// behind the row's own.
    #[inline(always)]
    fn push(&mut self, q: usize, later: Range<usize>, full: bool) {
        let (l, table) = (self.l, self.table);
        let width = table.width;
        let depth = self.prefix.len();
        self.prefix.push(q);
        let (head, tail) = self.frames.split_at_mut(depth + 1);
        let (before, after) = (&head[depth], &mut tail[0]);
        let used = if full { width } else { lines(later.end) };
        after.six = with(table, before, q);
        let minus = |out: &mut [Line], from: &[Line], by: &[Line]| {
            for ((out, from), by) in out.iter_mut().zip(from).zip(by).take(used) {
                *out = l.line(l.sub(l.load(from), l.load(by)));
            }
        };
        let own = q * width..(q + 1) * width;
        minus(&mut after.sa, &before.sa, &table.pairs[0][own.clone()]);
        minus(&mut after.sag, &before.sag, &table.pairs[1][own.clone()]);
        let plus = |out: &mut [Line], from: &[Line], by: &[Line]| {
            for ((out, from), by) in out.iter_mut().zip(from).zip(by) {
                *out = l.line(l.add(l.load(from), l.load(by)));
            }
        };
        let rows = &before.pairs[own];
        plus(&mut after.saa[..used], &before.saa[..used], &rows[..used]);
        let slab = &table.triples[q * table.questions * width..(q + 1) * table.questions * width];
        for y in later {
            let used = if full { width } else { lines(y) };
            let own = y * width..y * width + used;
            plus(
                &mut after.pairs[own.clone()],
                &before.pairs[own.clone()],
                &slab[own],
            );
        }
        let scores = &table.by_question[q];
        for ((out, from), x) in after.scores.iter_mut().zip(&before.scores).zip(scores) {
            *out = from + x;
        }
        after.missed.copy_from_slice(&before.missed);
        after.twice.clone_from(&before.twice);
        for &user in &table.missers[q] {
            let missed = &mut after.missed[user as usize];
            *missed += 1;
            if *missed == 2 {
                after.twice.push(user);
            }
        }
    }

    /// Fills `missing` for the questions from `start` up to `end`.
    #[inline(always)]
    fn meet_pairs(&mut self, start: usize, end: usize) {
        let (l, table) = (self.l, self.table);
        let frame = &self.frames[self.prefix.len()];
        let zero = l.splat(0.0);
        for y in start..end {
            self.met.clear();
            for &q in &self.prefix {
                for gap in table.gaps(q, y..y + 1) {
                    let score = frame.scores[gap.user as usize];
                    self.met.push(Met::new(table, gap.user, 1, score));
                }
            }
            for i in start / WIDTH..lines(end) {
                let none = Six {
                    n: zero,
                    sa: zero,
                    sg: zero,
                    saa: zero,
                    sgg: zero,
                    sag: zero,
                };
                let six = meet(l, table, &self.met, i, none);
                let at = y * table.width + i;
                self.missing[N][at] = l.line(six.n);
                self.missing[SA][at] = l.line(six.sa);
                self.missing[SG][at] = l.line(six.sg);
                self.missing[SAA][at] = l.line(six.saa);
                self.missing[SGG][at] = l.line(six.sgg);
                self.missing[SAG][at] = l.line(six.sag);
            }
        }
    }

    /// Fills `rest` and `met` for the leaves of a row without y.
    #[inline(always)]
    fn meet_single(&mut self, leaves: Range<usize>) {
        let table = self.table;
        let frame = &self.frames[self.prefix.len()];
        for rest in &mut self.rest {
            rest[leaves.start / WIDTH..lines(leaves.end)].fill(Line::ZERO);
        }
        for &q in &self.prefix {
            for gap in table.gaps(q, leaves.clone()) {
                let user = gap.user as usize;
                add_user(
                    &mut self.rest,
                    gap,
                    1.0,
                    frame.scores[user],
                    table.totals[user],
                );
            }
        }
        self.met.clear();
        for &user in &frame.twice {
            let u = user as usize;
            let met = Met::new(table, user, frame.missed[u] - 1, frame.scores[u]);
            self.met.push(met);
        }
    }

    /// Fills `rest` and `met` for the leaves of the row of y, but for what `missing` has of y.
    #[inline(always)]
    fn meet_row(&mut self, y: usize, leaves: Range<usize>) {
        let table = self.table;
        let width = table.width;
        let frame = &self.frames[self.prefix.len()];
        // Who misses the leaf and part of the prefix, and answered y.
        for (rest, missing) in self.rest.iter_mut().zip(&self.missing) {
            for m in leaves.clone() {
                let value = lane(&missing[m * width..(m + 1) * width], y);
                set_lane(rest, m, value);
            }
        }
        // Who misses the leaf and y: c − 1 is what they miss of the prefix, and 1.
        for gap in table.gaps(y, leaves) {
            let user = gap.user as usize;
            let weight = f64::from(frame.missed[user] + 1);
            add_user(
                &mut self.rest,
                gap,
                weight,
                frame.scores[user],
                table.totals[user],
            );
        }
        // Who misses two of the prefix and answered y.
        self.met.clear();
        let scores = &table.by_question[y];
        for &user in &frame.twice {
            let u = user as usize;
            if lane(&table.has[u * width..(u + 1) * width], y) != 0.0 {
                let score = frame.scores[u] + scores[u];
                self.met
                    .push(Met::new(table, user, frame.missed[u] - 1, score));
            }
        }
    }

    /// The sets that `y`, if any, and one question of `leaves` make of the prefix.
    #[inline(always)]
    fn row(&mut self, y: Option<usize>, leaves: Range<usize>) {
        match y {
            None => self.meet_single(leaves.clone()),
            Some(y) => self.meet_row(y, leaves.clone()),
        }
        let (l, table) = (self.l, self.table);
        let width = table.width;
        let frame = &self.frames[self.prefix.len()];
        let six = y.map_or(frame.six, |y| with(table, frame, y));
        for i in leaves.start / WIDTH..lines(leaves.end) {
            let part = |k: usize| {
                let rest = l.load(&self.rest[k][i]);
                match y {
                    None => rest,
                    Some(y) => l.add(rest, l.load(&self.missing[k][y * width + i])),
                }
            };
            let third = Six {
                n: part(N),
                sa: part(SA),
                sg: part(SG),
                saa: part(SAA),
                sgg: part(SGG),
                sag: part(SAG),
            };
            let mut sums = meet(l, table, &self.met, i, third);
            let base = |sum: L::V, x: f64| l.add(sum, l.splat(x));
            let less = |sum: L::V, line: &Line| l.sub(sum, l.load(line));
            let more = |sum: L::V, line: &Line| l.add(sum, l.load(line));
            sums.n = less(base(sums.n, six[N]), &table.missing[0][i]);
            sums.sg = less(base(sums.sg, six[SG]), &table.missing[1][i]);
            sums.sgg = less(base(sums.sgg, six[SGG]), &table.missing[2][i]);
            sums.sa = more(base(sums.sa, six[SA]), &frame.sa[i]);
            sums.sag = more(base(sums.sag, six[SAG]), &frame.sag[i]);
            sums.saa = more(base(sums.saa, six[SAA]), &frame.saa[i]);
            if let Some(y) = y {
                let at = y * width + i;
                sums.sa = less(sums.sa, &table.pairs[0][at]);
                sums.sag = less(sums.sag, &table.pairs[1][at]);
                sums.saa = more(sums.saa, &frame.pairs[at]);
            }
            let first = i * WIDTH;
            let mask = low_bits((leaves.end - first).min(WIDTH))
                & !low_bits(leaves.start.saturating_sub(first).min(WIDTH));
            self.leaves.line(first, sums, mask);
        }
        if !self.leaves.hits.is_empty() {
            let prefix = self.prefix.iter().copied().chain(y);
            finish(
                &mut self.leaves,
                &mut self.keeper,
                prefix,
                |at| at,
                table.answered,
                table.basis,
            );
        }
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
fn with(table: &Gaps<'_>, frame: &Frame, q: usize) -> [f64; 6] {
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
