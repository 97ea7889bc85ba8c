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

mod layout;
mod stems;
mod table;
mod walk;

pub(super) use table::Complete;

use super::block::Blocks;
use super::keep::Found;
use crate::arch::{Kernel, Level, run};
use crate::engine::EngineError;
use crate::stats::AuditSums;
use std::sync::Mutex;
use stems::Stems;
use walk::Walk;

impl Complete<'_> {
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

#[cfg(test)]
mod tests {
    use super::super::block::blocks;
    use super::super::extents::Extents;
    use super::layout::{Halves, halves};
    use super::table::Plan;
    use super::*;
    use crate::engine::cpu::Isa;
    use crate::engine::{Query, Watch};
    use crate::matrix::{Duplicates, MatrixBuilder, ResponseMatrix, Score};
    use crate::stats::cross::{Alone, Cross, Population};

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
        let population = Population::new(
            (&scores, &basis.scores),
            (matrix.totals(), basis.total),
            extents.reach(),
        );
        let cross = Cross::new(isa, &Alone, population);
        let watch = Watch::new();
        let mut complete = Complete::new(&query, &watch, isa, &answered, &basis, &cross);
        change(&mut complete);
        let threads = rayon::ThreadPoolBuilder::new()
            .num_threads(2)
            .build()
            .unwrap();
        let blocks = blocks(&query, &query.space().whole(), &answered).unwrap();
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
