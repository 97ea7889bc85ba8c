//! The search itself: run an engine over the ranks, audit what it saw, hand out the outcome.
//!
//! Layer 3. It knows [`crate::engine::Engine`] and no engine by name.

mod audit;

pub use audit::{AuditFailure, expected};

use crate::engine::{Engine, EngineError, Findings, Query, Watch};
use crate::matrix::ResponseMatrix;
use crate::stats::AuditSums;
use crate::top::Candidate;
use std::time::{Duration, Instant};

/// A finished and audited search.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The best sets, best first.
    pub best: Vec<Candidate>,
    /// Sets with a defined correlation, where the engine counts them.
    pub defined: Option<u128>,
    /// The sums that the audit compared; seen and expected are equal.
    pub audit: AuditSums,
    /// Time that the engine took to prepare, with what it had not prepared before.
    pub preparation: Duration,
    /// Time of the engine's search; loading, preparation and the audit's closed form are not in it.
    pub elapsed: Duration,
}

/// Why there is no outcome.
#[derive(Debug, thiserror::Error)]
pub enum SearchError {
    /// The engine did not finish.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The engine finished, and its sums are not those of every set once.
    #[error(transparent)]
    Audit(#[from] Box<AuditFailure>),
}

/// Runs `engine` over `query.ranks()` and audits it.
///
/// # Errors
/// See [`SearchError`].
pub fn run(
    engine: &dyn Engine,
    matrix: &ResponseMatrix,
    query: &Query,
    watch: &Watch,
) -> Result<Outcome, SearchError> {
    let start = Instant::now();
    engine.prepare(matrix, query)?;
    let preparation = start.elapsed();
    let start = Instant::now();
    let findings = engine.search(matrix, query, watch)?;
    let elapsed = start.elapsed();
    let Findings {
        best,
        seen,
        basis,
        defined,
    } = findings;
    audit::check(&expected(matrix, query, &basis), &seen)?;
    Ok(Outcome {
        best,
        defined,
        audit: seen,
        preparation,
        elapsed,
    })
}
