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

mod walk;

use super::block::Blocks;
use super::keep::Found;
use crate::arch::{Kernel, Lanes, Level, Line, lines, run, set_lane};
use crate::combin::{Block, binomial};
use crate::engine::cpu::Isa;
use crate::engine::{EngineError, Query, Watch};
use crate::stats::cross::Cross;
use crate::stats::{AuditSums, Basis};
use std::ops::Range;
use std::sync::Mutex;
use walk::Walk;

/// Integers up to here are exact in f64.
const EXACT: f64 = (1_u64 << 53) as f64;

/// Sets that a stem should have, so that handing it out costs nothing.
const STEM_SETS: u128 = 1 << 22;

/// Everything that workers read.
#[derive(Debug)]
pub(super) struct Complete<'a> {
    query: &'a Query<'a>,
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
        query: &'a Query<'a>,
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
    ) -> Result<Found, EngineError> {
        let stems = Mutex::new(Stems::new(&blocks.blocks));
        let worker = || Worker {
            table: self,
            stems: &stems,
        };
        let found = threads.broadcast(|_| run(self.isa, worker()));
        Found::of_all(self.query, found)
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
    /// Stems of a block that chooses three: one order of its halves, and where the rearmost lies.
    Rear { order: usize, rear: Range<usize> },
    /// Stems of a block that chooses more: the pivot (counted in the pool) and which of the choices
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
    type Out = Option<Found>;

    /// `None` where the search was stopped.
    #[inline(always)]
    fn run<L: Level>(self, l: L) -> Self::Out {
        let mut walk = Walk::new(l, self.table);
        loop {
            let stem = self.stems.lock().unwrap_or_else(|e| e.into_inner()).next();
            let Some(stem) = stem else { break };
            walk.stem(&stem)?;
        }
        Some(Found {
            top: walk.keeper.into_top(),
            visited: walk.seen,
            excluded: AuditSums::default(),
            defined: None,
        })
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

#[cfg(test)]
mod tests {
    use super::super::block::blocks;
    use super::super::extents::Extents;
    use super::*;
    use crate::matrix::{Duplicates, MatrixBuilder, ResponseMatrix, Score};
    use crate::stats::cross::{Alone, Population};

    fn table(users: usize, questions: usize) -> ResponseMatrix {
        let mut builder = MatrixBuilder::new();
        for u in 0..users {
            for q in 0..questions {
                let score = Score {
                    mantissa: (u * u + 3 * q * u + q) as i64 % 7,
                    digits: 0,
                };
                let (user, question) = (u.to_string(), q.to_string());
                builder.push(&user, &question, Some(score), 0).unwrap();
            }
        }
        builder.finish(Duplicates::Error, "line").unwrap()
    }

    /// Runs with `change` made to the tables that the lanes read.
    fn seen(k: usize, change: impl Fn(&mut Complete<'_>)) -> AuditSums {
        let questions = 11;
        let matrix = table(19, questions);
        let query = Query::of(&matrix).k(k).top(2).build().unwrap();
        let answered: Vec<usize> = (0..questions).collect();
        let isa = Isa::detect();
        let extents = Extents::of(isa, &Alone, &matrix);
        let basis = extents.centred();
        let scores: Vec<&[i64]> = answered
            .iter()
            .map(|&q| matrix.column(q).scores())
            .collect();
        let population = Population {
            scores: &scores,
            offsets: &basis.scores,
            totals: matrix.totals(),
            total_offset: basis.total,
            reach: extents.reach(),
        };
        let cross = Cross::new(isa, &Alone, population);
        let watch = Watch::new();
        let mut complete = Complete::new(&query, &watch, isa, &answered, &basis, &cross);
        change(&mut complete);
        let threads = rayon::ThreadPoolBuilder::new()
            .num_threads(2)
            .build()
            .unwrap();
        let blocks = blocks(&query, &query.space().whole(), &answered);
        complete.search(&blocks, &threads).unwrap().visited
    }

    #[test]
    fn both_plans_see_the_same() {
        for k in 1..=11 {
            let exact = seen(k, |_| ());
            let wide = seen(k, |table| table.plan = Plan::Wide { a: 0.0, x: 0.0 });
            let often = seen(k, |table| table.plan = Plan::Exact { lines: 2 });
            assert_eq!(exact, wide, "k {k}");
            assert_eq!(exact, often, "k {k}");
        }
    }

    #[test]
    fn one_wrong_number_in_the_lanes_fails_the_audit() {
        for k in 2..8 {
            let good = seen(k, |_| ());
            let bad = [
                seen(k, |table| table.with_total[4] += 1.0),
                seen(k, |table| table.covariance[3 * 11 + 3] -= 2.0),
                seen(k, |table| {
                    table.covariance[5 * 11 + 2] += 1.0;
                    table.covariance[2 * 11 + 5] += 1.0;
                }),
            ];
            for bad in bad {
                assert_ne!(good, bad, "k {k}");
            }
        }
    }

    #[test]
    fn every_triple_is_in_one_order_of_the_halves() {
        for size in 3..12 {
            let mut met = std::collections::BTreeMap::new();
            for order in 0..2 {
                let Halves { columns, from } = halves(0..size, order);
                for z in from + 1..size {
                    for y in from.max(1)..z {
                        for m in 0..y {
                            let mut triple = [columns[z], columns[y], columns[m]];
                            triple.sort_unstable();
                            *met.entry(triple).or_insert(0) += 1;
                        }
                    }
                }
            }
            assert_eq!(met.len(), size * (size - 1) * (size - 2) / 6);
            assert!(met.values().all(|&times| times == 1));
        }
    }
}
