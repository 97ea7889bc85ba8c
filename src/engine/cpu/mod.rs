//! The CPU engine: a prefix tree over projected users, on all cores.
//!
//! ```text
//! search(table, query):
//!     for each problem that the ranks split into (problem.rs):
//!         choose a regime by counting its work (regime.rs)
//!         walk its prefix tree, leaves of a prefix together
//!         collect the best sets, the audit sums, the count of defined sets (collect.rs)
//! ```
//!
//! Rooms: [`layout`] holds the table in the order the walk wants it, [`general`] walks any table,
//! [`collect`] is what every walk adds to.

mod collect;
mod general;
mod layout;
mod problem;

mod isa;

pub use isa::Isa;

use super::{Engine, EngineError, Findings, Query, Watch};
use crate::matrix::ResponseMatrix;
use crate::stats::Basis;
use collect::{Best, Collected};
use layout::Layout;
use problem::problems;

/// `--engine cpu`.
#[derive(Debug)]
pub struct CpuEngine {
    pool: rayon::ThreadPool,
}

impl CpuEngine {
    /// On this many threads.
    ///
    /// # Errors
    /// [`EngineError::NoDevice`] where the system gives no such threads.
    pub fn new(threads: usize) -> Result<Self, EngineError> {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .thread_name(|i| format!("kcorrset-{i}"))
            .build()
            .map_err(|e| EngineError::NoDevice(format!("cannot start {threads} threads: {e}")))?;
        Ok(Self { pool })
    }
}

impl Engine for CpuEngine {
    fn name(&self) -> &'static str {
        "cpu"
    }

    fn devices(&self) -> Vec<String> {
        vec![format!("{} CPU threads", self.pool.current_num_threads())]
    }

    fn search(
        &self,
        matrix: &ResponseMatrix,
        query: &Query,
        watch: &Watch,
    ) -> Result<Findings, EngineError> {
        let problems = problems(matrix.questions().len(), query);
        let whole = query.ranks() == (0..query.total());
        let layout = if whole {
            Layout::fewest_first(matrix)
        } else {
            Layout::as_given(matrix)
        };
        let best = Best::new(query, watch);
        let collected = self.pool.install(|| {
            problems
                .iter()
                .try_fold(Collected::default(), |sum, problem| {
                    let part = general::search(matrix, &layout, query, problem, watch, &best)?;
                    Ok::<_, EngineError>(sum.merged(part))
                })
        })?;
        Ok(Findings {
            best: best.into_sorted(),
            seen: collected.seen,
            basis: Basis::default(),
            defined: collected.defined.0,
        })
    }
}
