//! The walk over a complete table: stems down to rows of leaves, tested and audited in lanes.

use super::super::keep::{Keeper, bar, bar_of_all};
use super::layout::{Layout, Prefix, Steps, halves};
use super::stems::{Part, Stem};
use super::table::{Complete, Plan};
use crate::arch::{Lanes, Line, WIDTH, lane, lines, low_bits};
use crate::combin::Block;
use crate::combin::{successor, unrank};
use crate::stats::AuditSums;
use std::ops::Range;

/// Leaves that may be among the best: which line of a row, and which of its lanes.
type Hits = Vec<(u32, u8)>;

/// One thread's state.
pub(super) struct Walk<'a, L: Lanes> {
    pub(super) l: L,
    pub(super) table: &'a Complete<'a>,
    pub(super) keeper: Keeper<'a>,
    pub(super) seen: AuditSums,
    /// c of [`bar`].
    pub(super) bar: f64,
    /// Added to every A, and to every X, by the plan's error.
    pub(super) a_margin: f64,
    pub(super) x_margin: f64,
    /// What a rest score adds to A − X and to Y − 2A + X, Y being in it.
    pub(super) of_rest: [f64; 2],
    /// Σ A and Σ X of rows, by lane, since the last `flush`.
    pub(super) sum_a: L::V,
    pub(super) sum_x: L::V,
    /// Lines in them.
    pub(super) summed: usize,
    /// The rest of the stem's audit.
    pub(super) tally: Tally,
    pub(super) hits: Hits,
    /// Questions of the present prefix besides the last row's, any order.
    pub(super) prefix: Vec<usize>,
}

/// Sums over the leaves of a stem.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Tally {
    sets: u64,
    a: i128,
    x: i128,
    sa: i128,
    sa_squares: i128,
    /// Modulo 2^64, in the wide plan.
    sag: u64,
    saa: u64,
}

impl<'a, L: Lanes> Walk<'a, L> {
    #[inline(always)]
    pub(super) fn new(l: L, table: &'a Complete<'a>) -> Self {
        let mut walk = Self {
            l,
            table,
            keeper: Keeper::new(table.query, table.watch),
            seen: AuditSums::default(),
            bar: 0.0,
            a_margin: 0.0,
            x_margin: 0.0,
            of_rest: [0.0; 2],
            sum_a: l.splat(0.0),
            sum_x: l.splat(0.0),
            summed: 0,
            tally: Tally::default(),
            hits: Vec::new(),
            prefix: Vec::new(),
        };
        walk.set_bar();
        walk
    }

    fn set_bar(&mut self) {
        let table = self.table;
        self.bar = if table.variance.is_finite() {
            let (need, users) = (self.keeper.need(), table.cross.users as f64);
            if table.rest {
                bar(need.r, 1.0)
            } else {
                bar_of_all(need, users, table.variance)
            }
        } else {
            f64::INFINITY
        };
        if let Plan::Wide { a, x } = table.plan {
            self.a_margin = a;
            self.x_margin = if self.bar < 0.0 { x } else { -x };
        }
        // A and X as the lanes have them hold margins that a rest score takes on the other side, where it
        // discards below 0; and its own four additions are each off by less than 2^-52 of the largest terms.
        let [a, x] = table.most;
        let rounding = 4.0 * f64::EPSILON * (table.variance.min(f64::MAX) + 2.0 * a + x);
        self.of_rest = if self.bar < 0.0 {
            let y = table.variance + 4.0 * self.a_margin + rounding;
            [2.0 * self.x_margin + rounding, y]
        } else {
            [rounding, table.variance - rounding]
        };
    }

    /// `None` where the search was stopped.
    #[inline(always)]
    pub(super) fn stem(&mut self, stem: &Stem<'_>) -> Option<()> {
        let block = stem.block;
        self.tally = Tally::default();
        self.prefix.clear();
        self.prefix.extend_from_slice(&block.fixed);
        let mut root = Prefix::default();
        for (i, &q) in block.fixed.iter().enumerate() {
            root = self.longer(&root, q, &block.fixed[..i]);
        }
        match &stem.part {
            Part::Whole => self.short(block, &root)?,
            Part::Rear { order, rear } => {
                let halves = halves(block.pool.clone(), *order);
                let layout =
                    Layout::new(self.table, halves.columns, block.pool.clone(), &block.fixed);
                let steps = Steps::own(&layout);
                let mut scratch = steps.clone();
                self.triples(
                    &layout,
                    halves.from,
                    rear.clone(),
                    &root,
                    &steps,
                    &mut scratch,
                )?;
            }
            Part::Pivot { pivot, choices } => self.pivot(block, *pivot, choices.clone(), &root)?,
        }
        self.flush();
        self.close();
        Some(())
    }

    /// `prefix` with q besides its questions `of`.
    fn longer(&self, prefix: &Prefix, q: usize, of: &[usize]) -> Prefix {
        let table = self.table;
        let cross = table.cross;
        let mut out = Prefix {
            a: prefix.a + table.with_total[q],
            x: prefix.x + table.v(q, q),
            sa: prefix.sa + cross.sums[q],
            sag: prefix.sag.wrapping_add(cross.with_total[q] as u64),
            saa: prefix.saa.wrapping_add(cross.product(q, q) as u64),
        };
        for &p in of {
            out.x += 2.0 * table.v(p, q);
            out.saa = out.saa.wrapping_add((2 * cross.product(p, q)) as u64);
        }
        out
    }

    /// `prefix` with the question at `at` of a layout besides, whose d is in `steps`.
    #[inline(always)]
    fn step(&self, prefix: &Prefix, layout: &Layout, steps: &Steps, at: usize) -> Prefix {
        let mut out = Prefix {
            a: prefix.a + lane(&layout.with_total, at),
            x: prefix.x + lane(&steps.lanes, at),
            sa: prefix.sa + layout.before[at + 1].0 - layout.before[at].0,
            ..*prefix
        };
        if !steps.modular.is_empty() {
            out.sag = prefix.sag.wrapping_add(layout.modular.with_total[at]);
            out.saa = prefix.saa.wrapping_add(steps.modular[at]);
        }
        out
    }

    /// A block that chooses one or two.
    #[inline(always)]
    fn short(&mut self, block: &Block, root: &Prefix) -> Option<()> {
        let layout = Layout::new(
            self.table,
            block.pool.clone().collect(),
            block.pool.clone(),
            &block.fixed,
        );
        let steps = Steps::own(&layout);
        let n = layout.columns.len();
        if block.choose == 1 {
            let zero = vec![Line::ZERO; layout.width];
            let modular = vec![0; layout.modular.own.len()];
            let rows = (zero.as_slice(), modular.as_slice());
            if self.table.rest {
                self.row::<true>(&layout, &steps, rows, n, root);
            } else {
                self.row::<false>(&layout, &steps, rows, n, root);
            }
            self.finish(&layout, None);
        } else {
            for y in 1..n {
                self.pair_row(&layout, &steps, root, y);
                if self.table.watch.stopped() {
                    return None;
                }
            }
        }
        Some(())
    }

    /// A block that chooses four or more: all triples behind a pivot, for each of some choices of
    /// questions before it.
    #[inline(always)]
    fn pivot(
        &mut self,
        block: &Block,
        pivot: usize,
        choices: Range<u128>,
        root: &Prefix,
    ) -> Option<()> {
        let start = block.pool.start;
        let chosen = block.choose - 4;
        let with_pivot = self.longer(root, start + pivot, &block.fixed);
        self.prefix.push(start + pivot);
        let fixed = self.prefix.clone();
        let run = start + pivot + 1..block.pool.end;
        let mut sides = Vec::new();
        for order in 0..2 {
            let halves = halves(run.clone(), order);
            let layout = Layout::new(self.table, halves.columns, start..block.pool.end, &fixed);
            // One for each length of the choice.
            let steps = vec![Steps::own(&layout); chosen + 1];
            let scratch = steps[0].clone();
            sides.push((layout, halves.from, steps, scratch));
        }
        // The questions of the pool before the pivot, by their place.
        let mut choice = unrank(pivot, chosen, choices.start)?;
        let mut prefixes = vec![with_pivot; chosen + 1];
        // From here on the choice differs from the last.
        let mut changed = 0;
        let mut left = choices.end - choices.start;
        loop {
            self.prefix.truncate(fixed.len() + changed);
            for i in changed..chosen {
                let q = start + choice[i];
                prefixes[i + 1] = self.longer(&prefixes[i], q, &self.prefix);
                self.prefix.push(q);
                for (layout, _, steps, _) in &mut sides {
                    let (before, after) = steps.split_at_mut(i + 1);
                    after[0].extend(self.l, layout, &before[i], q, layout.columns.len());
                }
            }
            for (layout, from, steps, scratch) in &mut sides {
                let n = layout.columns.len();
                self.triples(
                    layout,
                    *from,
                    0..n,
                    &prefixes[chosen],
                    &steps[chosen],
                    scratch,
                )?;
            }
            left -= 1;
            if left == 0 {
                return Some(());
            }
            let before = choice.clone();
            successor(pivot, &mut choice);
            changed = (0..chosen).find(|&i| choice[i] != before[i]).unwrap_or(0);
        }
    }

    /// All triples whose rearmost question lies in `rear`, and the second as well behind `from`.
    #[inline(always)]
    fn triples(
        &mut self,
        layout: &Layout,
        from: usize,
        rear: Range<usize>,
        prefix: &Prefix,
        steps: &Steps,
        scratch: &mut Steps,
    ) -> Option<()> {
        for z in rear.start.max(from + 1)..rear.end {
            let q = layout.columns[z];
            scratch.extend(self.l, layout, steps, q, z);
            let longer = self.step(prefix, layout, steps, z);
            self.prefix.push(q);
            for y in from.max(1)..z {
                self.pair_row(layout, scratch, &longer, y);
            }
            self.prefix.pop();
            if self.table.watch.stopped() {
                return None;
            }
            if self.keeper.refresh() {
                self.set_bar();
            }
        }
        Some(())
    }

    /// The leaves before y.
    #[inline(always)]
    fn pair_row(&mut self, layout: &Layout, steps: &Steps, prefix: &Prefix, y: usize) {
        let q = layout.columns[y];
        let longer = self.step(prefix, layout, steps, y);
        let modular: &[u64] = if steps.modular.is_empty() {
            &[]
        } else {
            layout.modular_row(q)
        };
        let rows = (layout.row(q), modular);
        if self.table.rest {
            self.row::<true>(layout, steps, rows, y, &longer);
        } else {
            self.row::<false>(layout, steps, rows, y, &longer);
        }
        if !self.hits.is_empty() {
            self.finish(layout, Some(q));
        }
    }

    /// Which of a line's sets may be among the best, by A and X.
    ///
    /// Of a rest score by A − X, X and Y − 2A + X; where margins cut the latter to 0, a set at a positive floor
    /// still has A − X above 0.
    #[inline(always)]
    fn reaching<const REST: bool>(&self, a: L::V, x: L::V, bar: L::V) -> u8 {
        let l = self.l;
        if !REST {
            return l.above(l.mul(a, l.abs(a)), l.mul(bar, x));
        }
        let [of_a, of_y] = self.of_rest;
        let rest = l.add(l.sub(a, x), l.splat(of_a));
        let y = l.add(l.sub(x, l.add(a, a)), l.splat(of_y));
        let y = l.max(y, l.splat(0.0));
        let x = l.max(x, l.splat(0.0));
        l.above(l.mul(rest, l.abs(rest)), l.mul(bar, l.mul(x, y)))
    }

    /// The first `n` leaves of a row: tests and sums them, and leaves those that may be among the
    /// best in `hits`.
    #[inline(always)]
    fn row<const REST: bool>(
        &mut self,
        layout: &Layout,
        steps: &Steps,
        (row, modular_row): (&[Line], &[u64]),
        n: usize,
        prefix: &Prefix,
    ) {
        let l = self.l;
        let (full, rest) = (n / WIDTH, n % WIDTH);
        let used = lines(n);
        if let Plan::Exact { lines } = self.table.plan
            && self.summed + used > lines
        {
            self.flush();
        }
        self.summed += used;
        let a0 = l.splat(prefix.a + self.a_margin);
        let x0 = l.splat(prefix.x + self.x_margin);
        let bar = l.splat(self.bar);
        let (mut sum_a, mut sum_x) = (self.sum_a, self.sum_x);
        let d = &steps.lanes[..used];
        let w = &row[..used];
        let b = &layout.with_total[..used];
        for i in 0..full {
            let x = l.add(l.add(l.load(&d[i]), l.load(&w[i])), x0);
            let a = l.add(l.load(&b[i]), a0);
            sum_a = l.add(sum_a, a);
            sum_x = l.add(sum_x, x);
            let mask = self.reaching::<REST>(a, x, bar);
            if mask != 0 {
                self.hits.push((i as u32, mask));
            }
        }
        if rest > 0 {
            let x = l.add(l.add(l.load(&d[full]), l.load(&w[full])), x0);
            let a = l.add(l.load(&b[full]), a0);
            sum_a = l.add(sum_a, l.keep(a, low_bits(rest)));
            sum_x = l.add(sum_x, l.keep(x, low_bits(rest)));
            let mask = self.reaching::<REST>(a, x, bar) & low_bits(rest);
            if mask != 0 {
                self.hits.push((full as u32, mask));
            }
        }
        (self.sum_a, self.sum_x) = (sum_a, sum_x);
        let tally = &mut self.tally;
        tally.sets += n as u64;
        let (sums, squares) = layout.before[n];
        let count = n as i128;
        tally.sa += count * prefix.sa + sums;
        tally.sa_squares += prefix.sa * (count * prefix.sa + 2 * sums) + squares;
        if !modular_row.is_empty() {
            let count = n as u64;
            let add = |sum: u64, v: &u64| sum.wrapping_add(*v);
            let saa = steps.modular[..n].iter().fold(0, add);
            let saa = modular_row[..n].iter().fold(saa, add);
            let sag = layout.modular.with_total[..n].iter().fold(0, add);
            let of = |each: u64, rest: u64| each.wrapping_mul(count).wrapping_add(rest);
            tally.saa = tally.saa.wrapping_add(of(prefix.saa, saa));
            tally.sag = tally.sag.wrapping_add(of(prefix.sag, sag));
        }
    }

    /// Exact sums of the leaves in `hits`, which complete `prefix` and the row's own question.
    #[cold]
    #[inline(never)]
    fn finish(&mut self, layout: &Layout, row: Option<usize>) {
        let mut hits = std::mem::take(&mut self.hits);
        let mut rose = false;
        let table = self.table;
        let mut set = Vec::with_capacity(table.query.k());
        for &(line, mask) in &hits {
            let mut mask = mask;
            while mask != 0 {
                let leaf = line as usize * WIDTH + mask.trailing_zeros() as usize;
                mask &= mask - 1;
                set.clear();
                set.extend_from_slice(&self.prefix);
                set.extend(row);
                set.push(layout.columns[leaf]);
                set.sort_unstable();
                let sums = table.cross.of_set(&set);
                let set: Vec<usize> = set.iter().map(|&q| table.answered[q]).collect();
                let score = set.iter().map(|&q| i128::from(table.basis.scores[q])).sum();
                let sums = sums.shifted(score, table.basis.total.into());
                rose |= self.keeper.offer(&set, sums);
            }
        }
        hits.clear();
        self.hits = hits;
        if rose {
            self.set_bar();
        }
    }

    /// Moves the lanes' sums into the tally.
    fn flush(&mut self) {
        if let Plan::Exact { .. } = self.table.plan {
            let total = |line: Line| line.0.iter().map(|&lane| lane as i128).sum::<i128>();
            self.tally.a += total(self.l.line(self.sum_a));
            self.tally.x += total(self.l.line(self.sum_x));
        }
        (self.sum_a, self.sum_x) = (self.l.splat(0.0), self.l.splat(0.0));
        self.summed = 0;
    }

    /// Ends a stem: its six sums enter the audit.
    fn close(&mut self) {
        let tally = &self.tally;
        let cross = self.table.cross;
        let sets = u128::from(tally.sets);
        let each = |value: i128| (value as u64).wrapping_mul(tally.sets);
        let (sag, saa) = match self.table.plan {
            Plan::Exact { .. } => (
                whole(tally.a + cross.total * tally.sa, cross.users),
                whole(tally.x + tally.sa_squares, cross.users),
            ),
            Plan::Wide { .. } => (tally.sag, tally.saa),
        };
        let (n, sg) = (each(cross.users), each(cross.total));
        let (sa, sgg) = (tally.sa as u64, each(cross.total_squares));
        self.seen += AuditSums::new(sets, [n, sa, sg, saa, sgg, sag]);
        self.table.watch.advance(sets);
    }
}

/// `value` / `users`, which is whole; a remainder, the mark of a wrong sum, is added so that it
/// fails the audit.
fn whole(value: i128, users: i128) -> u64 {
    (value.div_euclid(users) + value.rem_euclid(users)) as u64
}
