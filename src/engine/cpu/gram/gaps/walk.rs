//! The walk over a table with few gaps: frames from question to question, rows of leaves.

use super::super::stems::{Judge, Stem, Task, Walk};
use super::{Frame, Gaps, N, SA, SAA, SAG, SG, SGG, Table, add_user, with};
use crate::arch::{Lanes, Level, Line, WIDTH, lane, lines, low_bits, set_lane};
use crate::combin::binomial;
use crate::stats::Six;
use std::ops::Range;

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
    fn new(table: &Table, user: u32, weight: u32, score: f64) -> Self {
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
fn meet<L: Lanes>(l: L, table: &Table, met: &[Met], i: usize, mut six: Six<L::V>) -> Six<L::V> {
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

/// What a worker keeps from stem to stem.
pub(in super::super) struct Scratch {
    /// Frame i is of the first i questions of `prefix`.
    frames: Vec<Frame>,
    prefix: Vec<usize>,
    /// The third term from users who miss y and part of the prefix: row y, lane m who answered m.
    missing: [Vec<Line>; 6],
    /// The third term by leaf, from users who miss it.
    rest: [Vec<Line>; 6],
    met: Vec<Met>,
}

impl Walk for Gaps<'_> {
    type Scratch = Scratch;

    fn task(&self) -> &Task<'_> {
        &self.task
    }

    fn scratch(&self) -> Scratch {
        let lines = |n: usize| std::array::from_fn(|_| vec![Line::ZERO; n]);
        Scratch {
            frames: vec![self.table.root.clone(); self.task.query.k() + 1],
            prefix: Vec::new(),
            missing: lines(self.table.questions * self.table.width),
            rest: lines(self.table.width),
            met: Vec::new(),
        }
    }

    #[inline(always)]
    fn stem<L: Level>(
        &self,
        own: &mut Scratch,
        judge: &mut Judge<'_, L>,
        stem: &Stem<'_>,
    ) -> Option<()> {
        let (l, table) = (judge.l, self.table);
        let mut walk = StemWalk {
            l,
            table,
            own,
            judge,
        };
        let sets = walk.stem(stem)?;
        judge.end(sets)
    }
}

/// The walk over one stem.
struct StemWalk<'w, 'a, L: Lanes> {
    l: L,
    table: &'w Table,
    own: &'w mut Scratch,
    judge: &'w mut Judge<'a, L>,
}

impl<L: Lanes> StemWalk<'_, '_, L> {
    /// All sets of a stem; how many they are. `None` where the search was stopped.
    #[inline(always)]
    fn stem(&mut self, stem: &Stem<'_>) -> Option<u128> {
        let block = stem.block;
        let start = block.pool.start;
        self.own.prefix.clear();
        for &q in &block.fixed {
            self.push(q, 0..self.table.questions, true);
        }
        // Blocks come of parts with ranks.
        let mut sets = block.sets().unwrap_or(0);
        match stem.last {
            None if block.choose == 1 => self.row(None, block.pool.clone()),
            None => self.rows(start, block.pool.end)?,
            Some(last) => {
                sets = binomial((last - start) as u64, block.choose as u64 - 1).unwrap_or(0);
                self.push(last, start..last, false);
                self.behind(start, last, block.choose - 3)?;
            }
        }
        Some(sets)
    }

    /// All sets that add `more` questions and then two to the prefix, from `start` up to `end`.
    #[inline(always)]
    fn behind(&mut self, start: usize, end: usize, more: usize) -> Option<()> {
        if more == 0 {
            return self.rows(start, end);
        }
        let base = self.own.prefix.len();
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
            self.own.prefix.truncate(base + level);
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
        self.judge.refresh()
    }

    /// Adds q to the prefix. Only `later` questions will follow: all of a row if `full`, else none
    /// behind the row's own.
    #[inline(always)]
    fn push(&mut self, q: usize, later: Range<usize>, full: bool) {
        let (l, table) = (self.l, self.table);
        let width = table.width;
        let depth = self.own.prefix.len();
        self.own.prefix.push(q);
        let (head, tail) = self.own.frames.split_at_mut(depth + 1);
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
        let frame = &self.own.frames[self.own.prefix.len()];
        let zero = l.splat(0.0);
        for y in start..end {
            self.own.met.clear();
            for &q in &self.own.prefix {
                for gap in table.gaps(q, y..y + 1) {
                    let score = frame.scores[gap.user as usize];
                    self.own.met.push(Met::new(table, gap.user, 1, score));
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
                let six = meet(l, table, &self.own.met, i, none);
                let at = y * table.width + i;
                self.own.missing[N][at] = l.line(six.n);
                self.own.missing[SA][at] = l.line(six.sa);
                self.own.missing[SG][at] = l.line(six.sg);
                self.own.missing[SAA][at] = l.line(six.saa);
                self.own.missing[SGG][at] = l.line(six.sgg);
                self.own.missing[SAG][at] = l.line(six.sag);
            }
        }
    }

    /// Fills `rest` and `met` for the leaves of a row without y.
    #[inline(always)]
    fn meet_single(&mut self, leaves: Range<usize>) {
        let table = self.table;
        let frame = &self.own.frames[self.own.prefix.len()];
        for rest in &mut self.own.rest {
            rest[leaves.start / WIDTH..lines(leaves.end)].fill(Line::ZERO);
        }
        for &q in &self.own.prefix {
            for gap in table.gaps(q, leaves.clone()) {
                let user = gap.user as usize;
                add_user(
                    &mut self.own.rest,
                    gap,
                    1.0,
                    frame.scores[user],
                    table.totals[user],
                );
            }
        }
        self.own.met.clear();
        for &user in &frame.twice {
            let u = user as usize;
            let met = Met::new(table, user, frame.missed[u] - 1, frame.scores[u]);
            self.own.met.push(met);
        }
    }

    /// Fills `rest` and `met` for the leaves of the row of y, but for what `missing` has of y.
    #[inline(always)]
    fn meet_row(&mut self, y: usize, leaves: Range<usize>) {
        let table = self.table;
        let width = table.width;
        let frame = &self.own.frames[self.own.prefix.len()];
        // Who misses the leaf and part of the prefix, and answered y.
        for (rest, missing) in self.own.rest.iter_mut().zip(&self.own.missing) {
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
                &mut self.own.rest,
                gap,
                weight,
                frame.scores[user],
                table.totals[user],
            );
        }
        // Who misses two of the prefix and answered y.
        self.own.met.clear();
        let scores = &table.by_question[y];
        for &user in &frame.twice {
            let u = user as usize;
            if lane(&table.has[u * width..(u + 1) * width], y) != 0.0 {
                let score = frame.scores[u] + scores[u];
                self.own
                    .met
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
        let frame = &self.own.frames[self.own.prefix.len()];
        let six = y.map_or(frame.six, |y| with(table, frame, y));
        for i in leaves.start / WIDTH..lines(leaves.end) {
            let part = |k: usize| {
                let rest = l.load(&self.own.rest[k][i]);
                match y {
                    None => rest,
                    Some(y) => l.add(rest, l.load(&self.own.missing[k][y * width + i])),
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
            let mut sums = meet(l, table, &self.own.met, i, third);
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
            self.judge.leaves.line(first, sums, mask);
        }
        let prefix = self.own.prefix.iter().copied().chain(y);
        self.judge.row(prefix, |at| at);
    }
}
