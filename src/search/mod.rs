//! The search itself: open an engine, run it over a part, audit what it saw, hand out the outcome.
//!
//! Layer 3. It knows [`crate::engine::Engine`] and no engine by name. [`run`] audits; [`run_checked`] also has sets that
//! are drawn anew searched again by another way (`check`), as an audit does not see what was discarded; [`Opened`] does
//! so for one part after another.

mod audit;
mod check;
mod draw;

pub use audit::{AuditFailure, expected, expected_of_source};
pub use check::{CheckFailure, Checked};
pub(crate) use draw::sample;

use crate::combin::{Part, Size};
use crate::engine::{Engine, EngineError, Findings, Prepared, Query, Recorded, Watch};
use crate::stats::{AuditSums, Basis};
use crate::top::Candidate;
use check::{Checks, Fault, Under};
use std::hash::{BuildHasher, Hasher, RandomState};
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
    /// What [`expected_of_source`] is, where the engine summed scores and totals as they were given, so that it is known.
    pub audit_of_source: Option<AuditSums>,
    /// Sets that were summed.
    pub visited: u128,
    /// Sets that were not: a closed form or a bound ruled them out. With `visited` these are all sets of the part.
    pub excluded: Size,
    /// How often each way of searching was taken, see [`Findings::took`].
    pub took: Vec<(&'static str, u64)>,
    /// The proof of the list, where the engine was asked to record it.
    pub recorded: Option<Recorded>,
    /// What was checked of its discards; nothing by [`run`].
    pub checked: Checked,
    /// Time that the engine took to get ready; none where it was opened before.
    pub preparation: Duration,
    /// Time of the engine's search; loading, preparation, the audit's closed form and the check are not in it.
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
    /// A way that the engine discards in lists other sets than another way.
    #[error(transparent)]
    Check(#[from] Box<CheckFailure>),
}

impl From<Fault> for SearchError {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Engine(error) => Self::Engine(error),
            Fault::Lists(failure) => Self::Check(failure),
        }
    }
}

/// Opens `engine` for `query`, as its sums can hold it, runs it over `part` and audits it.
///
/// # Errors
/// See [`SearchError`].
pub fn run(
    engine: &dyn Engine,
    query: &Query<'_>,
    part: &Part,
    watch: &Watch,
) -> Result<Outcome, SearchError> {
    let start = Instant::now();
    let query = query.fitted(engine.sum_bits());
    let prepared = engine.open(&query)?;
    let preparation = start.elapsed();
    let outcome = run_prepared(&*prepared, &query, part, watch)?;
    Ok(Outcome {
        preparation,
        ..outcome
    })
}

/// As [`run`], with the engine's discards checked on sets that are drawn by `seed`: another one each time, see
/// [`any_seed`], but where a search is to be repeated.
///
/// # Errors
/// See [`SearchError`].
pub fn run_checked(
    engine: &dyn Engine,
    query: &Query<'_>,
    part: &Part,
    watch: &Watch,
    seed: u64,
) -> Result<Outcome, SearchError> {
    let query = query.fitted(engine.sum_bits());
    Opened::new(engine, &query, seed)?.search(part, watch)
}

/// An engine that is open for one query, and searches its parts one after another: each is audited, and what
/// discards in them is checked on sets that are drawn.
pub struct Opened<'a> {
    engine: &'a dyn Engine,
    query: &'a Query<'a>,
    prepared: Box<dyn Prepared + 'a>,
    checks: Checks<'a>,
    preparation: Duration,
    /// Time of all searches so far.
    searched: Duration,
}

impl<'a> Opened<'a> {
    /// Opens `engine` for `query`, which is [`Query::fitted`] to its sums; draws follow from `seed`.
    ///
    /// # Errors
    /// What the engine refuses.
    pub fn new(
        engine: &'a dyn Engine,
        query: &'a Query<'a>,
        seed: u64,
    ) -> Result<Self, EngineError> {
        let start = Instant::now();
        let prepared = engine.open(query)?;
        Ok(Self {
            engine,
            query,
            prepared,
            checks: Checks::new(query, seed),
            preparation: start.elapsed(),
            searched: Duration::ZERO,
        })
    }

    /// Whether `part` is every set of the query.
    #[must_use]
    pub fn is_whole(&self, part: &Part) -> bool {
        self.query.space().is_whole(part)
    }

    /// Searches `part`, audits it and checks it. What is said of the check is of all parts so far.
    ///
    /// # Errors
    /// See [`SearchError`].
    pub fn search(&mut self, part: &Part, watch: &Watch) -> Result<Outcome, SearchError> {
        let Self { engine, query, .. } = *self;
        let under = Under { part, watch };
        if let Err(fault) = self.checks.first(engine, under) {
            if matches!(fault, Fault::Engine(EngineError::Stopped)) {
                // So that `watch` has whatever best sets a stopped search has.
                run_prepared(&*self.prepared, query, part, watch)?;
            }
            return Err(fault.into());
        }
        let outcome = run_prepared(&*self.prepared, query, part, watch)?;
        self.searched += outcome.elapsed;
        // An engine that runs others may know of its ways only now.
        self.checks.first(engine, under)?;
        self.checks.rest(self.searched, under)?;
        Ok(Outcome {
            preparation: std::mem::take(&mut self.preparation),
            checked: self.checks.done(),
            ..outcome
        })
    }
}

/// A seed that nobody chose.
#[must_use]
pub fn any_seed() -> u64 {
    // Its keys come from the system's own randomness.
    RandomState::new().build_hasher().finish()
}

/// Runs an engine that was opened for `query` over `part` and audits it.
///
/// # Errors
/// See [`SearchError`].
pub fn run_prepared(
    prepared: &dyn Prepared,
    query: &Query<'_>,
    part: &Part,
    watch: &Watch,
) -> Result<Outcome, SearchError> {
    let start = Instant::now();
    if let Some(distance) = query.within() {
        watch.heed_distance(distance);
    }
    let findings = prepared.search(part, watch)?;
    let elapsed = start.elapsed();
    let Findings {
        best,
        visited,
        excluded,
        basis,
        defined,
        took,
        recorded,
    } = findings;
    let mut seen = visited;
    seen += excluded;
    let expected = expected(query, part, &basis);
    audit::check(&expected, &seen)?;
    // Sets are summed one by one, so that their number never wraps. With more of them than there are in all the
    // number of those excluded has wrapped, and the sums were not those of every set once.
    let all = query.space().size_of(part);
    let excluded = all.without(visited.sets);
    let excluded = excluded.ok_or_else(|| Box::new(AuditFailure { seen, expected }))?;
    let best = best.into_iter().map(|set| query.told(set)).collect();
    let as_given = basis == Basis::default() && query.table().totals() == query.source().totals();
    Ok(Outcome {
        best: query.asked_of(best),
        defined,
        audit: seen,
        audit_of_source: as_given.then_some(seen),
        visited: visited.sets,
        excluded,
        took,
        recorded,
        checked: Checked::default(),
        preparation: Duration::ZERO,
        elapsed,
    })
}
