//! Tables whose users fall into few answer patterns (booklets): the six sums of a set add up over
//! the patterns that contain it, and within a pattern they follow from cross-products.
//!
//! A pattern with the users' prefix scores s gives a leaf m that it contains n, Σ(s + x_m) and so
//! on: n, Σs + Σx_m, Σs² + d\[m\] with d_P\[m\] = Σx_m² + 2·Σ_{p∈P} Σx_p·x_m. Lanes are consecutive m;
//! a pattern adds its prefix sums times a lane of 1 or 0, as it contains m or not.
//!
//! # Walk
//! From the last question of a set to the first. A stem fixes the last; only questions that share a
//! pattern with it are laid out, so that with booklets rows are short and full. A prefix keeps the
//! patterns that contain it. One with fewer than min_users users is left with its whole subtree,
//! whose sums have a closed form by pattern: with d questions to choose j from,
//!
//! - Σ n = n·C(d, j)
//! - Σ Sa = Σs·C(d, j) + Σ_m Σx_m·C(d−1, j−1), and Sag alike
//! - Σ Saa = Σs²·C(d, j) + Σ_m d\[m\]·C(d−1, j−1) + Σ_{m≠l} Σx_m·x_l·C(d−2, j−2)

use super::leaf::Leaves;
use super::stems::{Judge, Stem, Task, Walk};
use crate::arch::{Isa, Lanes, Level, Line, WIDTH, lane, lines, low_bits, set_lane};
use crate::combin::{WrappingBinomials, binomial};
use crate::matrix::ResponseMatrix;
use crate::stats::cross::{Alone, Cross, Population};
use crate::stats::{AuditSums, Basis, Six};
use rayon::prelude::*;
use std::collections::HashMap;

/// Users who answered the same questions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pattern {
    /// Table question indices, ascending.
    pub(super) questions: Vec<usize>,
    pub(super) users: Vec<usize>,
}

/// The patterns of a table, by first user; users without answers are in none. `None` where there
/// are more than `limit`.
pub(super) fn patterns(matrix: &ResponseMatrix, limit: usize) -> Option<Vec<Pattern>> {
    let mut index: HashMap<Vec<usize>, usize> = HashMap::new();
    let mut out: Vec<Pattern> = Vec::new();
    let mut questions = Vec::new();
    for u in 0..matrix.users().len() {
        questions.clear();
        questions.extend(matrix.row(u).map(|(q, _)| q));
        if questions.is_empty() {
            continue;
        }
        if let Some(&at) = index.get(&questions) {
            out[at].users.push(u);
        } else {
            if out.len() == limit {
                return None;
            }
            index.insert(questions.clone(), out.len());
            out.push(Pattern {
                questions: questions.clone(),
                users: vec![u],
            });
        }
    }
    Some(out)
}

/// A pattern with its cross-products.
#[derive(Debug)]
struct Own {
    /// Answered-question index to index in the cross-products.
    place: Vec<Option<u32>>,
    cross: Cross,
}

/// The cross-products of each pattern.
#[derive(Debug)]
pub(super) struct Sums(Vec<Own>);

impl Sums {
    /// Sums over the questions `answered`, with scores and totals within `reach` of the basis. Uses the threads it is
    /// called in.
    pub(super) fn new(
        isa: Isa,
        matrix: &ResponseMatrix,
        answered: &[usize],
        basis: &Basis,
        reach: (u64, u64),
        patterns: &[Pattern],
    ) -> Self {
        let own = |pattern: &Pattern| {
            let mut scores = vec![Vec::with_capacity(pattern.users.len()); pattern.questions.len()];
            for &u in &pattern.users {
                for (column, (_, score)) in scores.iter_mut().zip(matrix.row(u)) {
                    column.push(score);
                }
            }
            let scores: Vec<&[i64]> = scores.iter().map(Vec::as_slice).collect();
            let offsets: Vec<i64> = pattern.questions.iter().map(|&q| basis.scores[q]).collect();
            let totals: Vec<i64> = pattern.users.iter().map(|&u| matrix.totals()[u]).collect();
            let population = Population::new((&scores, &offsets), (&totals, basis.total), reach);
            Own {
                place: answered
                    .iter()
                    .map(|q| pattern.questions.binary_search(q).ok().map(|at| at as u32))
                    .collect(),
                cross: Cross::new(isa, &Alone, population),
            }
        };
        Self(patterns.par_iter().map(own).collect())
    }
}

/// Everything that workers read.
#[derive(Debug)]
pub(super) struct Patterns<'a> {
    task: Task<'a>,
    patterns: &'a [Own],
    binomials: WrappingBinomials,
}

impl<'a> Patterns<'a> {
    /// With these cross-products.
    pub(super) fn new(task: Task<'a>, sums: &'a Sums) -> Self {
        Self {
            patterns: &sums.0,
            binomials: WrappingBinomials::new(task.answered.len(), task.query.k()),
            task,
        }
    }
}

/// One pattern over the columns of a stem.
#[derive(Debug)]
struct Column {
    users: f64,
    total: f64,
    total_squares: f64,
    /// 1 where the pattern contains the question.
    has: Vec<Line>,
    /// Σx_m.
    sums: Vec<Line>,
    /// Σx_m·g.
    with_total: Vec<Line>,
    /// 2·Σx_z·x_m: a row a column z.
    products: Vec<Line>,
    /// Over the columns before each: how many are in the pattern, Σ Σx_m, Σ Σx_m·g, and
    /// Σ_{l≠m} Σx_l·x_m, modulo 2^64.
    before: Vec<[u64; 4]>,
}

/// A prefix within one pattern.
#[derive(Clone, Copy, Debug, Default)]
struct State {
    /// Which of the stem's.
    pattern: usize,
    sa: f64,
    sag: f64,
    saa: f64,
}

/// A prefix: the patterns that contain it, and d of each, `width` lines apiece.
#[derive(Clone, Debug, Default)]
struct Frame {
    states: Vec<State>,
    steps: Vec<Line>,
    users: f64,
}

/// A stem's columns and patterns.
struct Layout {
    /// Answered-question index of each position, ascending.
    columns: Vec<usize>,
    width: usize,
    patterns: Vec<Column>,
}

/// Columns before the stem's last question that share a pattern with the stem, and the state of
/// its own questions.
fn layout(table: &Patterns<'_>, stem: &Stem<'_>) -> (Layout, Frame) {
    let block = stem.block;
    let mut prefix = block.fixed.clone();
    prefix.extend(stem.last);
    let end = stem.last.unwrap_or(block.pool.end);
    let containing: Vec<&Own> = table
        .patterns
        .iter()
        .filter(|p| prefix.iter().all(|&q| p.place[q].is_some()))
        .collect();
    let columns: Vec<usize> = (block.pool.start..end)
        .filter(|&m| containing.iter().any(|p| p.place[m].is_some()))
        .collect();
    let width = lines(columns.len());
    let mut root = Frame::default();
    let mut patterns = Vec::new();
    for (at, pattern) in containing.into_iter().enumerate() {
        let cross = &pattern.cross;
        let own: Vec<usize> = prefix
            .iter()
            .filter_map(|&q| pattern.place[q])
            .map(|at| at as usize)
            .collect();
        let places: Vec<Option<u32>> = columns.iter().map(|&m| pattern.place[m]).collect();
        let fill = |f: &dyn Fn(usize) -> i128| {
            let mut row = vec![Line::ZERO; width];
            for (at, place) in places.iter().enumerate() {
                if let Some(place) = place {
                    set_lane(&mut row, at, f(*place as usize) as f64);
                }
            }
            row
        };
        let mut products = Vec::with_capacity(columns.len() * width);
        let mut before = vec![[0_u64; 4]];
        for (z, place) in places.iter().enumerate() {
            let mut now = before[z];
            match place {
                None => products.extend(std::iter::repeat_n(Line::ZERO, width)),
                Some(place) => {
                    let place = *place as usize;
                    products.extend(fill(&|m| 2 * cross.product(place, m)));
                    now[0] += 1;
                    now[1] = now[1].wrapping_add(cross.sums[place] as u64);
                    now[2] = now[2].wrapping_add(cross.with_total[place] as u64);
                    for other in places[..z].iter().flatten() {
                        let twice = 2 * cross.product(place, *other as usize);
                        now[3] = now[3].wrapping_add(twice as u64);
                    }
                }
            }
            before.push(now);
        }
        let six = cross.of_set(&own);
        root.states.push(State {
            pattern: at,
            sa: six.sa as f64,
            sag: six.sag as f64,
            saa: six.saa as f64,
        });
        root.users += cross.users as f64;
        root.steps.extend(fill(&|m| {
            let pairs: i128 = own.iter().map(|&p| 2 * cross.product(p, m)).sum();
            cross.product(m, m) + pairs
        }));
        patterns.push(Column {
            users: cross.users as f64,
            total: cross.total as f64,
            total_squares: cross.total_squares as f64,
            has: fill(&|_| 1),
            sums: fill(&|m| cross.sums[m]),
            with_total: fill(&|m| cross.with_total[m]),
            products,
            before,
        });
    }
    let layout = Layout {
        columns,
        width,
        patterns,
    };
    (layout, root)
}

impl Walk for Patterns<'_> {
    type Scratch = ();

    fn task(&self) -> &Task<'_> {
        &self.task
    }

    fn scratch(&self) {}

    #[inline(always)]
    fn stem<L: Level>(&self, (): &mut (), judge: &mut Judge<'_, L>, stem: &Stem<'_>) -> Option<()> {
        let block = stem.block;
        let (layout, root) = layout(self, stem);
        let size = layout.columns.len();
        // Questions to choose from the columns, at least 1.
        let choose = block.choose - usize::from(stem.last.is_some());
        let own = stem.last.unwrap_or(block.pool.end) - block.pool.start;
        let sets = |n: usize, k: usize| binomial(n as u64, k as u64).unwrap_or(0);
        // Sets with a question that shares no pattern with the stem: nobody answered them.
        let unshared = sets(own, choose) - sets(size, choose);
        judge.excluded += AuditSums::of_nobody(unshared);
        let mut frames = vec![Frame::default(); choose];
        frames[0] = root;
        let mut picked: Vec<usize> = Vec::with_capacity(choose);
        let prefix = block.fixed.iter().copied().chain(stem.last);
        let min_users = self.task.query.min_users() as f64;
        let question = |at| layout.columns[at];
        // The positions below which each level still has to choose.
        let mut below = vec![size; choose];
        let mut level = 0;
        loop {
            let (frame, end, left) = (&frames[level], below[level], choose - level);
            let mut open = false;
            if frame.users < min_users {
                judge.excluded += closed(self, &layout, frame, end, left);
            } else if left == 1 {
                row(judge.l, &layout, frame, end, &mut judge.leaves);
                let picked = picked.iter().map(|&at| question(at));
                judge.row(prefix.clone().chain(picked), question);
            } else {
                open = true;
                if left == 2 {
                    judge.refresh()?;
                }
            }
            while !open || below[level] < choose - level {
                let Some(up) = level.checked_sub(1) else {
                    return judge.end(sets(own, choose));
                };
                level = up;
                picked.pop();
                open = true;
            }
            below[level] -= 1;
            let z = below[level];
            let (head, tail) = frames.split_at_mut(level + 1);
            extend(judge.l, &layout, &head[level], &mut tail[0], z);
            picked.push(z);
            level += 1;
            below[level] = z;
        }
    }
}

/// `after` becomes `before` with column z besides, for the lanes before it.
#[inline(always)]
fn extend<L: Lanes>(l: L, layout: &Layout, before: &Frame, after: &mut Frame, z: usize) {
    let (width, used) = (layout.width, lines(z));
    after.states.clear();
    after.users = 0.0;
    if after.steps.len() < before.states.len() * width {
        after.steps.resize(before.states.len() * width, Line::ZERO);
    }
    for (i, state) in before.states.iter().enumerate() {
        let pattern = &layout.patterns[state.pattern];
        if lane(&pattern.has, z) == 0.0 {
            continue;
        }
        let steps = &before.steps[i * width..(i + 1) * width];
        let at = after.states.len() * width;
        let out = &mut after.steps[at..at + used];
        let row = &pattern.products[z * width..z * width + used];
        for ((out, d), w) in out.iter_mut().zip(steps).zip(row) {
            *out = l.line(l.add(l.load(d), l.load(w)));
        }
        after.states.push(State {
            pattern: state.pattern,
            sa: state.sa + lane(&pattern.sums, z),
            sag: state.sag + lane(&pattern.with_total, z),
            saa: state.saa + lane(steps, z),
        });
        after.users += pattern.users;
    }
}

/// The leaves before position `n`.
#[inline(always)]
fn row<L: Lanes>(l: L, layout: &Layout, frame: &Frame, n: usize, leaves: &mut Leaves<L>) {
    let zero = l.splat(0.0);
    for i in 0..lines(n) {
        let mut six = Six {
            n: zero,
            sa: zero,
            sg: zero,
            saa: zero,
            sgg: zero,
            sag: zero,
        };
        for (at, state) in frame.states.iter().enumerate() {
            let pattern = &layout.patterns[state.pattern];
            let has = l.load(&pattern.has[i]);
            let times = |x: f64, sum: L::V| l.mul_add(has, l.splat(x), sum);
            let plus = |line: &Line, sum: L::V| l.add(l.load(line), sum);
            six.n = times(pattern.users, six.n);
            six.sg = times(pattern.total, six.sg);
            six.sgg = times(pattern.total_squares, six.sgg);
            six.sa = plus(&pattern.sums[i], times(state.sa, six.sa));
            six.sag = plus(&pattern.with_total[i], times(state.sag, six.sag));
            let steps = &frame.steps[at * layout.width + i];
            six.saa = plus(steps, times(state.saa, six.saa));
        }
        leaves.line(i * WIDTH, six, low_bits((n - i * WIDTH).min(WIDTH)));
    }
}

/// The sums over all choices of `choose` columns before position `n` behind a prefix.
fn closed(
    table: &Patterns<'_>,
    layout: &Layout,
    frame: &Frame,
    n: usize,
    choose: usize,
) -> AuditSums {
    let mut out = AuditSums::of_nobody(binomial(n as u64, choose as u64).unwrap_or(0));
    for (at, state) in frame.states.iter().enumerate() {
        let pattern = &layout.patterns[state.pattern];
        let [count, sums, with_total, pairs] = pattern.before[n];
        let (d, j) = (count as isize, choose as isize);
        let all = table.binomials.get(d, j);
        let one = table.binomials.get(d - 1, j - 1);
        let two = table.binomials.get(d - 2, j - 2);
        let whole = |x: f64| x as i64 as u64;
        let steps = (0..n).fold(0_u64, |sum, m| {
            let in_pattern = lane(&pattern.has, m) != 0.0;
            let step = lane(&frame.steps[at * layout.width..], m);
            sum.wrapping_add(if in_pattern { whole(step) } else { 0 })
        });
        let times = |x: u64, y: u64| x.wrapping_mul(y);
        let sum = |x: f64, rest: u64| times(whole(x), all).wrapping_add(times(rest, one));
        let six = [
            times(whole(pattern.users), all),
            sum(state.sa, sums),
            times(whole(pattern.total), all),
            sum(state.saa, steps).wrapping_add(times(pairs, two)),
            times(whole(pattern.total_squares), all),
            sum(state.sag, with_total),
        ];
        out += AuditSums::new(0, six);
    }
    out
}
