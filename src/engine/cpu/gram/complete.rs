//! Complete tables: every user who answered anything answered the same questions.
//!
//! n, Σg and Σg² are then those of the table for every set S, and with
//! B_q = n·Σx_q·g − Σx_q·Σg and V_qm = n·Σx_q·x_m − Σx_q·Σx_m
//!
//! - A(S) = Σ_{q∈S} B_q
//! - X(S) = Σ_{q∈S} Σ_{m∈S} V_qm
//!
//! so a set P ∪ {y, m} costs a handful of additions: A = (B_P + B_y) + B_m and
//! X = (V_P + d_P\[y\]) + (d_P\[m\] + 2·V_ym), where d_P\[m\] = V_mm + 2·Σ_{p∈P} V_pm. Lanes are
//! consecutive m.
//!
//! # Walk
//! The last three questions come from a run R behind the *pivot*, the last of the others. Of three,
//! two lie in one half of R: for each half in turn R is laid out with that half behind the other,
//! and the two rearmost questions of a triple both lie in that half. Rows have 2/3·|R| leaves a
//! time instead of 1/3, and all start at lane 0.
//!
//! # Exactness
//! *Exact* plan: every A, X and every sum on the way to them is an integer below 2^53, so the lanes
//! are exact, and so are their sums over as many rows as stay below 2^53. *Wide* plan: lanes are
//! rounded; an entry of B or V is off by at most 2^-53 of itself, and so is each addition, so with
//! at most K² + 4 additions of terms that sum to at most M in magnitude the error is below
//! (K² + 8)·2^-52·M. A is raised and X moved by that much, each to the side that keeps more.
//!
//! # Audit
//! Exact: Σ A and Σ X over the leaves are accumulated in the same lanes that are tested; Σ Sa and
//! Σ Sa² follow from each row's prefix and length; then Σ Sag = (Σ A + Sg·Σ Sa)/n and
//! Σ Saa = (Σ X + Σ Sa²)/n. Wide: Saa, Sag and Sa are summed over the leaves of each row modulo
//! 2^64.

use super::block::{Block, Blocks};
use super::cross::{Cross, unshift};
use super::keep::{Keeper, bar};
use super::lanes::{Kernel, Lanes, Line, WIDTH, lane, lines, low_bits, run, set_lane};
use crate::combin::{binomial, successor, unrank};
use crate::engine::cpu::Isa;
use crate::engine::{EngineError, Query, Watch};
use crate::stats::{AuditSums, Basis};
use crate::top::Top;
use std::ops::Range;
use std::sync::Mutex;

/// Integers up to here are exact in f64.
const EXACT: f64 = (1_u64 << 53) as f64;

/// Sets that a stem should have, so that handing it out costs nothing.
const STEM_SETS: u128 = 1 << 22;

/// Everything that workers read.
#[derive(Debug)]
pub(super) struct Complete<'a> {
    query: &'a Query,
    watch: &'a Watch,
    isa: Isa,
    /// Questions anybody answered, as the table numbers them.
    answered: &'a [usize],
    basis: &'a Basis,
    cross: &'a Cross,
    /// B_q.
    with_total: Vec<f64>,
    /// V_qm.
    covariance: Vec<f64>,
    /// Y of every set, or infinity where no set has a correlation.
    variance: f64,
    plan: Plan,
}

/// How the lanes are to be read.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Plan {
    /// Lanes are exact, and their sums for this many rows' lines.
    Exact { lines: usize },
    /// Lanes are rounded: A is off by at most `a`, X by at most `x`.
    Wide { a: f64, x: f64 },
}

/// The sum of the `k` largest.
fn largest(mut values: Vec<f64>, k: usize) -> f64 {
    values.sort_by(|a, b| b.total_cmp(a));
    values.iter().take(k).sum()
}

impl<'a> Complete<'a> {
    /// `cross` is over the questions `answered` and all users who answered them, shifted by
    /// `basis`.
    pub(super) fn new(
        query: &'a Query,
        watch: &'a Watch,
        isa: Isa,
        answered: &'a [usize],
        basis: &'a Basis,
        cross: &'a Cross,
    ) -> Self {
        let questions = cross.questions();
        let with_total: Vec<f64> = (0..questions)
            .map(|q| cross.covariance_with_total(q) as f64)
            .collect();
        let covariance: Vec<f64> = (0..questions)
            .flat_map(|q| (0..questions).map(move |m| (q, m)))
            .map(|(q, m)| cross.covariance(q, m) as f64)
            .collect();
        let y = cross.variance_of_total();
        let enough = cross.users >= i128::from(query.min_users());
        // |A| ≤ Σ|B_q|; |X| and all its partial sums ≤ (Σ √V_qq)² by Cauchy and Schwarz, and X is
        // the sum of two of them; a tenth more covers the rounding of these bounds.
        let a = 1.1 * largest(with_total.iter().map(|b| b.abs()).collect(), query.k());
        let deviations = (0..questions).map(|q| covariance[q * questions + q].sqrt());
        let x = 2.2 * largest(deviations.collect(), query.k()).powi(2);
        let rows = (EXACT / a.max(x).max(1.0)).min(1e6) as usize;
        let plan = if rows >= 8 * lines(questions) {
            Plan::Exact { lines: rows }
        } else {
            let k = query.k() as f64;
            let room = (k * k + 8.0) * f64::EPSILON;
            Plan::Wide {
                a: room * a,
                x: room * x,
            }
        };
        Self {
            query,
            watch,
            isa,
            answered,
            basis,
            cross,
            with_total,
            covariance,
            variance: if enough && y > 0 {
                y as f64
            } else {
                f64::INFINITY
            },
            plan,
        }
    }

    /// Searches all `blocks` with the threads of `threads`.
    pub(super) fn search(
        &self,
        blocks: &Blocks,
        threads: &rayon::ThreadPool,
    ) -> Result<(Top, AuditSums), EngineError> {
        let stems = Mutex::new(Stems::new(&blocks.blocks));
        let parts = threads.broadcast(|_| {
            run(
                self.isa,
                Worker {
                    table: self,
                    stems: &stems,
                },
            )
        });
        let mut top = Top::new(self.query.top());
        let mut seen = AuditSums {
            sets: blocks.unanswered,
            ..AuditSums::default()
        };
        for part in parts {
            let (part_top, part_seen) = part.ok_or(EngineError::Stopped)?;
            top.merge(part_top);
            seen += part_seen;
        }
        Ok((top, seen))
    }

    fn v(&self, q: usize, m: usize) -> f64 {
        self.covariance[q * self.cross.questions() + m]
    }
}

/// A share of a block that one worker does at a time.
#[derive(Clone, Debug)]
struct Stem<'a> {
    block: &'a Block,
    part: Part,
}

/// Which share.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    /// All of a block that chooses fewer than three.
    Whole,
    /// Of a block that chooses three: one order of its halves, and where the rearmost lies.
    Rear { order: usize, rear: Range<usize> },
    /// Of a block that chooses more: the pivot (counted in the pool) and which of the choices
    /// before it.
    Pivot { pivot: usize, choices: Range<u128> },
}

/// Hands out the stems of all blocks, without a list of them.
#[derive(Debug)]
struct Stems<'a> {
    blocks: std::slice::Iter<'a, Block>,
    now: Option<&'a Block>,
    /// Order of halves, or pivot.
    at: usize,
    /// First not handed out within it.
    from: u128,
}

impl<'a> Stems<'a> {
    fn new(blocks: &'a [Block]) -> Self {
        let mut blocks = blocks.iter();
        let now = blocks.next();
        let mut stems = Self {
            blocks,
            now,
            at: 0,
            from: 0,
        };
        stems.enter();
        stems
    }

    /// At the start of a block.
    fn enter(&mut self) {
        self.at = match self.now {
            // The first pivot with enough questions before it.
            Some(block) if block.choose > 3 => block.choose - 4,
            _ => 0,
        };
        self.from = 0;
    }

    fn next_block(&mut self) {
        self.now = self.blocks.next();
        self.enter();
    }
}

impl<'a> Iterator for Stems<'a> {
    type Item = Stem<'a>;

    fn next(&mut self) -> Option<Stem<'a>> {
        let block = self.now?;
        let size = block.pool.len();
        let part = match block.choose {
            0..=2 => {
                self.next_block();
                Part::Whole
            }
            3 => {
                let order = self.at;
                let start = self.from as usize;
                // A rearmost question at position p has at most p²/2 sets.
                let (mut end, mut sets) = (start, 0);
                while end < size && sets < STEM_SETS {
                    sets += (end * end / 2) as u128;
                    end += 1;
                }
                self.from = end as u128;
                if end == size {
                    self.at += 1;
                    self.from = 0;
                    if self.at == 2 {
                        self.next_block();
                    }
                }
                Part::Rear {
                    order,
                    rear: start..end,
                }
            }
            choose => {
                let pivot = self.at;
                let behind = (size - 1 - pivot) as u64;
                // Both are at most the number of sets, which fits.
                let all = binomial(pivot as u64, choose as u64 - 4).unwrap_or(0);
                let each = binomial(behind, 3).unwrap_or(0).max(1);
                let start = self.from;
                let end = (start + (STEM_SETS / each).max(1)).min(all);
                self.from = end;
                if end == all {
                    self.at += 1;
                    self.from = 0;
                    // Three questions must follow the pivot.
                    if self.at + 3 >= size {
                        self.next_block();
                    }
                }
                Part::Pivot {
                    pivot,
                    choices: start..end,
                }
            }
        };
        Some(Stem { block, part })
    }
}

/// Questions in the order of the lanes, with what rows need in that order.
#[derive(Debug, Default)]
struct Layout {
    /// Question of each position.
    columns: Vec<usize>,
    /// Lines a row.
    width: usize,
    /// 2·V_qm of the questions of `rows_of`, m by position.
    rows: Vec<Line>,
    /// First question that has a row; rows are of consecutive questions.
    first_row: usize,
    /// B_m.
    with_total: Vec<Line>,
    /// V_mm + 2·Σ_f V_fm over the fixed questions.
    own: Vec<Line>,
    /// Before each position: Σ Σx_m and Σ (Σx_m)².
    before: Vec<(i128, i128)>,
    /// The wide audit's integers, modulo 2^64; empty in the exact plan.
    modular: Modular,
}

/// What the wide plan sums over leaves, modulo 2^64.
#[derive(Debug, Default)]
struct Modular {
    /// 2·Σx_q·x_m, rows as in the layout, `columns` numbers each.
    rows: Vec<u64>,
    /// Σx_m² + 2·Σ_f Σx_f·x_m.
    own: Vec<u64>,
    /// Σx_m·g.
    with_total: Vec<u64>,
}

impl Layout {
    /// `columns` in this order; rows for the questions `rows`.
    fn new(table: &Complete<'_>, columns: Vec<usize>, rows: Range<usize>, fixed: &[usize]) -> Self {
        let width = lines(columns.len());
        let fill = |f: &dyn Fn(usize) -> f64| {
            let mut row = vec![Line::ZERO; width];
            for (at, &m) in columns.iter().enumerate() {
                set_lane(&mut row, at, f(m));
            }
            row
        };
        let mut all = Vec::with_capacity(rows.len() * width);
        for q in rows.clone() {
            all.extend(fill(&|m| 2.0 * table.v(q, m)));
        }
        let own = fill(&|m| {
            let pairs: f64 = fixed.iter().map(|&f| 2.0 * table.v(f, m)).sum();
            table.v(m, m) + pairs
        });
        let with_total = fill(&|m| table.with_total[m]);
        let mut before = vec![(0, 0)];
        for &m in &columns {
            let (sum, squares) = before[before.len() - 1];
            let sa = table.cross.sums[m];
            before.push((sum + sa, squares + sa * sa));
        }
        let modular = match table.plan {
            Plan::Exact { .. } => Modular::default(),
            Plan::Wide { .. } => {
                let twice = |q: usize, m: usize| 2 * table.cross.product(q, m);
                Modular {
                    rows: rows
                        .clone()
                        .flat_map(|q| columns.iter().map(move |&m| twice(q, m) as u64))
                        .collect(),
                    own: columns
                        .iter()
                        .map(|&m| {
                            let pairs: i128 = fixed.iter().map(|&f| twice(f, m)).sum();
                            (table.cross.product(m, m) + pairs) as u64
                        })
                        .collect(),
                    with_total: columns
                        .iter()
                        .map(|&m| table.cross.with_total[m] as u64)
                        .collect(),
                }
            }
        };
        Self {
            columns,
            width,
            rows: all,
            first_row: rows.start,
            with_total,
            own,
            before,
            modular,
        }
    }

    #[inline(always)]
    fn row(&self, q: usize) -> &[Line] {
        let at = (q - self.first_row) * self.width;
        &self.rows[at..at + self.width]
    }

    fn modular_row(&self, q: usize) -> &[u64] {
        let width = self.columns.len();
        let at = (q - self.first_row) * width;
        &self.modular.rows[at..at + width]
    }
}

/// A prefix: what its leaves add to.
#[derive(Clone, Copy, Debug, Default)]
struct Prefix {
    /// A.
    a: f64,
    /// X.
    x: f64,
    /// Sa.
    sa: i128,
    /// Sag and Saa modulo 2^64, kept in the wide plan.
    sag: u64,
    saa: u64,
}

/// d_P over a layout, in floats and, in the wide plan, modulo 2^64.
#[derive(Clone, Debug, Default)]
struct Steps {
    lanes: Vec<Line>,
    modular: Vec<u64>,
}

impl Steps {
    /// That of no question but the fixed ones.
    fn own(layout: &Layout) -> Self {
        Self {
            lanes: layout.own.clone(),
            modular: layout.modular.own.clone(),
        }
    }

    /// Becomes `before` and q besides, for the first `n` positions.
    #[inline(always)]
    fn extend<L: Lanes>(&mut self, l: L, layout: &Layout, before: &Self, q: usize, n: usize) {
        let n = lines(n);
        let row = &layout.row(q)[..n];
        for ((out, d), w) in self.lanes[..n].iter_mut().zip(&before.lanes[..n]).zip(row) {
            *out = l.line(l.add(l.load(d), l.load(w)));
        }
        if !self.modular.is_empty() {
            let row = layout.modular_row(q);
            for ((out, d), w) in self.modular.iter_mut().zip(&before.modular).zip(row) {
                *out = d.wrapping_add(*w);
            }
        }
    }
}

/// One thread's work.
struct Worker<'a> {
    table: &'a Complete<'a>,
    stems: &'a Mutex<Stems<'a>>,
}

impl Kernel for Worker<'_> {
    type Out = Option<(Top, AuditSums)>;

    /// `None` where the search was stopped.
    #[inline(always)]
    fn run<L: Lanes>(self, l: L) -> Self::Out {
        let mut walk = Walk::new(l, self.table);
        loop {
            let stem = self.stems.lock().unwrap_or_else(|e| e.into_inner()).next();
            let Some(stem) = stem else { break };
            walk.stem(&stem)?;
        }
        Some((walk.keeper.into_top(), walk.seen))
    }
}

/// Leaves that may be among the best: which line of a row, and which of its lanes.
type Hits = Vec<(u32, u8)>;

/// One thread's state.
struct Walk<'a, L: Lanes> {
    l: L,
    table: &'a Complete<'a>,
    keeper: Keeper<'a>,
    seen: AuditSums,
    /// c of [`bar`].
    bar: f64,
    /// Added to every A, and to every X, by the plan's error.
    a_room: f64,
    x_room: f64,
    /// Σ A and Σ X of rows, by lane, since the last `flush`.
    sum_a: L::V,
    sum_x: L::V,
    /// Lines in them.
    summed: usize,
    /// The rest of the stem's audit.
    tally: Tally,
    hits: Hits,
    /// Questions of the present prefix besides the last row's, any order.
    prefix: Vec<usize>,
}

/// Sums over the leaves of a stem.
#[derive(Clone, Copy, Debug, Default)]
struct Tally {
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
    fn new(l: L, table: &'a Complete<'a>) -> Self {
        let mut walk = Self {
            l,
            table,
            keeper: Keeper::new(table.query, table.watch),
            seen: AuditSums::default(),
            bar: 0.0,
            a_room: 0.0,
            x_room: 0.0,
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
            bar(self.keeper.floor(), table.variance)
        } else {
            f64::INFINITY
        };
        if let Plan::Wide { a, x } = table.plan {
            self.a_room = a;
            self.x_room = if self.bar < 0.0 { x } else { -x };
        }
    }

    /// `None` where the search was stopped.
    #[inline(always)]
    fn stem(&mut self, stem: &Stem<'_>) -> Option<()> {
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
            self.row(&layout, &steps, (&zero, &modular), n, root);
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
        self.row(layout, steps, (layout.row(q), modular), y, &longer);
        if !self.hits.is_empty() {
            self.finish(layout, Some(q));
        }
    }

    /// The first `n` leaves of a row: tests and sums them, and leaves those that may be among the
    /// best in `hits`.
    #[inline(always)]
    fn row(
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
        let a0 = l.splat(prefix.a + self.a_room);
        let x0 = l.splat(prefix.x + self.x_room);
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
            let mask = l.above(l.mul(a, l.abs(a)), l.mul(bar, x));
            if mask != 0 {
                self.hits.push((i as u32, mask));
            }
        }
        if rest > 0 {
            let x = l.add(l.add(l.load(&d[full]), l.load(&w[full])), x0);
            let a = l.add(l.load(&b[full]), a0);
            sum_a = l.add(sum_a, l.keep(a, low_bits(rest)));
            sum_x = l.add(sum_x, l.keep(x, low_bits(rest)));
            let mask = l.above(l.mul(a, l.abs(a)), l.mul(bar, x)) & low_bits(rest);
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
                let sums = unshift(&sums, score, i128::from(table.basis.total));
                rose |= self.keeper.offer(set, sums);
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
        self.seen += AuditSums {
            sets,
            n: each(cross.users),
            sa: tally.sa as u64,
            sg: each(cross.total),
            saa,
            sgg: each(cross.total_squares),
            sag,
        };
        self.table.watch.advance(sets);
    }
}

/// `value` / `users`, which is whole; a remainder, the mark of a wrong sum, is added so that it
/// fails the audit.
fn whole(value: i128, users: i128) -> u64 {
    (value.div_euclid(users) + value.rem_euclid(users)) as u64
}

/// A run of questions laid out for one of its halves.
struct Halves {
    columns: Vec<usize>,
    /// Position where that half starts.
    from: usize,
}

/// The first half behind the second (order 0), or as they are (order 1).
fn halves(run: Range<usize>, order: usize) -> Halves {
    let middle = run.start + run.len() / 2;
    let (first, second) = (run.start..middle, middle..run.end);
    if order == 0 {
        Halves {
            from: second.len(),
            columns: second.chain(first).collect(),
        }
    } else {
        Halves {
            from: first.len(),
            columns: first.chain(second).collect(),
        }
    }
}
