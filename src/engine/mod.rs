//! Engines: what searches a range of ranks, and how it answers.
//!
//! Layer 2. An engine gets a table and a [`Query`], and returns [`Findings`]: the best sets with
//! their integer sums, and the audit sums over every set it visited. It never prints, never decides
//! whether its audit is right, and never returns a float.

pub mod cpu;
pub mod gpu;
pub mod oracle;
pub mod published;
pub mod reference;

use crate::combin::binomial;
use crate::matrix::ResponseMatrix;
use crate::stats::{AuditSums, Basis};
use crate::top::{Candidate, NO_FLOOR};
use std::ops::Range;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// Why a query does not fit a table.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum QueryError {
    /// K = 0.
    #[error("-k 0: a set needs at least one question")]
    NoQuestions,
    /// K > Q.
    #[error("-k {k}: the table has only {questions} questions")]
    TooFewQuestions {
        /// K.
        k: usize,
        /// Q.
        questions: usize,
    },
    /// min_users > U.
    #[error("--min-users {min_users}: the table has only {users} users")]
    TooFewUsers {
        /// min_users.
        min_users: u64,
        /// U.
        users: usize,
    },
    /// min_users < 2.
    #[error("--min-users {min_users}: a correlation needs at least 2 users")]
    MinUsersBelowTwo {
        /// min_users.
        min_users: u64,
    },
    /// N = 0.
    #[error("--top 0: ask for at least one set")]
    NoPlaces,
    /// C(Q, K) leaves 128 bits.
    #[error(
        "C({questions}, {k}) sets are more than 2^128, which cannot be numbered; choose another -k"
    )]
    TooManySets {
        /// Q.
        questions: usize,
        /// K.
        k: usize,
    },
    /// The range starts behind the last set.
    #[error("--skip {skip}: there are only {total} sets")]
    SkipsAll {
        /// First rank asked for.
        skip: u128,
        /// C(Q, K).
        total: u128,
    },
}

/// A checked question to a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Query {
    k: usize,
    top: usize,
    min_users: u64,
    total: u128,
    ranks: Range<u128>,
}

impl Query {
    /// The search for the `top` best `k`-sets with at least `min_users` users among all of them.
    ///
    /// # Errors
    /// See [`QueryError`].
    pub fn new(
        matrix: &ResponseMatrix,
        k: usize,
        top: usize,
        min_users: u64,
    ) -> Result<Self, QueryError> {
        let (questions, users) = (matrix.questions().len(), matrix.users().len());
        if k == 0 {
            return Err(QueryError::NoQuestions);
        }
        if k > questions {
            return Err(QueryError::TooFewQuestions { k, questions });
        }
        if top == 0 {
            return Err(QueryError::NoPlaces);
        }
        if min_users < 2 {
            return Err(QueryError::MinUsersBelowTwo { min_users });
        }
        if min_users > users as u64 {
            return Err(QueryError::TooFewUsers { min_users, users });
        }
        let total =
            binomial(questions as u64, k as u64).ok_or(QueryError::TooManySets { questions, k })?;
        Ok(Self {
            k,
            top,
            min_users,
            total,
            ranks: 0..total,
        })
    }

    /// Only ranks from `skip`, and at most `limit` of them.
    ///
    /// # Errors
    /// [`QueryError::SkipsAll`] where no set is left.
    pub fn with_ranks(mut self, skip: u128, limit: Option<u128>) -> Result<Self, QueryError> {
        if skip >= self.total {
            return Err(QueryError::SkipsAll {
                skip,
                total: self.total,
            });
        }
        let end = limit.map_or(self.total, |limit| {
            skip.saturating_add(limit).min(self.total)
        });
        self.ranks = skip..end;
        Ok(self)
    }

    /// K: questions in a set.
    #[must_use]
    pub fn k(&self) -> usize {
        self.k
    }

    /// N: how many sets to return.
    #[must_use]
    pub fn top(&self) -> usize {
        self.top
    }

    /// A set answered in full by fewer users is undefined.
    #[must_use]
    pub fn min_users(&self) -> u64 {
        self.min_users
    }

    /// C(Q, K).
    #[must_use]
    pub fn total(&self) -> u128 {
        self.total
    }

    /// The lexicographic ranks to visit.
    #[must_use]
    pub fn ranks(&self) -> Range<u128> {
        self.ranks.clone()
    }
}

/// What runs outside and inside an engine share: progress, the wish to stop, the floor of r.
#[derive(Debug)]
pub struct Watch {
    done: Mutex<u128>,
    stop: AtomicBool,
    floor: AtomicU64,
}

impl Default for Watch {
    fn default() -> Self {
        Self {
            done: Mutex::new(0),
            stop: AtomicBool::new(false),
            floor: AtomicU64::new(NO_FLOOR.to_bits()),
        }
    }
}

impl Watch {
    /// Nothing done, no floor.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Reports `sets` more sets as visited. Call it at most every few thousand sets.
    pub fn advance(&self, sets: u128) {
        let mut done = self.done.lock().unwrap_or_else(|e| e.into_inner());
        *done += sets;
    }

    /// Sets visited so far.
    #[must_use]
    pub fn done(&self) -> u128 {
        *self.done.lock().unwrap_or_else(|e| e.into_inner())
    }

    /// Asks engines to stop soon.
    pub fn stop(&self) {
        self.stop.store(true, Ordering::Relaxed);
    }

    /// Whether to stop.
    #[must_use]
    pub fn stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    /// A set whose exact r is below this cannot be among the best.
    #[must_use]
    pub fn floor(&self) -> f64 {
        f64::from_bits(self.floor.load(Ordering::Relaxed))
    }

    /// Raises the floor to that of a full [`crate::top::Top`]; a lower one changes nothing.
    pub fn raise_floor(&self, floor: f64) {
        let raise = |now: u64| (f64::from_bits(now) < floor).then_some(floor.to_bits());
        // `Err` is the case of a floor already as high.
        let _ = self
            .floor
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, raise);
    }
}

/// What an engine found in a range of ranks.
#[derive(Clone, Debug)]
pub struct Findings {
    /// The best sets, best first, at most N.
    pub best: Vec<Candidate>,
    /// Sums over every set of the range: visited, or accounted for in closed form where a bound
    /// showed that no set of a family could be defined.
    pub seen: AuditSums,
    /// What was subtracted from scores and totals in `seen`. The sums of `best` have no shift.
    pub basis: Basis,
    /// Sets with a defined correlation, where the engine counts them.
    pub defined: Option<u128>,
}

/// Why an engine did not finish.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// [`Watch::stop`] was called.
    #[error("stopped")]
    Stopped,
    /// The engine cannot run this at all.
    #[error(
        "the {engine} engine cannot run this: {what} needs {need}, and {have} is what there is; {hint}"
    )]
    Refused {
        /// Engine.
        engine: &'static str,
        /// The limit.
        what: String,
        /// How much of it this search takes.
        need: String,
        /// How much there is.
        have: String,
        /// What to do instead.
        hint: &'static str,
    },
    /// No device to run on.
    #[error("{0}")]
    NoDevice(String),
    /// A device gave a wrong answer to a known question.
    #[error("self-test failed on {device}: {what}")]
    SelfTest {
        /// Device.
        device: String,
        /// What was wrong.
        what: String,
    },
    /// A device was lost or ran out of memory, and recovery failed.
    #[error("device {device} failed: {what}")]
    Device {
        /// Device.
        device: String,
        /// What happened.
        what: String,
    },
}

/// Searches a range of ranks exactly.
pub trait Engine: Sync {
    /// The name that `--engine` takes.
    fn name(&self) -> &'static str;

    /// What it runs on, for people.
    fn devices(&self) -> Vec<String>;

    /// Does beforehand what is no part of a search and is done once for many: compiling, self-tests.
    /// [`Self::search`] does so itself where nobody did.
    ///
    /// # Errors
    /// See [`EngineError`].
    fn prepare(&self, _matrix: &ResponseMatrix, _query: &Query) -> Result<(), EngineError> {
        Ok(())
    }

    /// Visits every set of `query.ranks()` once.
    ///
    /// A floor that `watch` holds beforehand may be used from the start: `best` then is the N best
    /// of the sets whose r is not below it, and may or may not hold others behind them.
    ///
    /// # Errors
    /// See [`EngineError`]. Nothing is returned of an unfinished search.
    fn search(
        &self,
        matrix: &ResponseMatrix,
        query: &Query,
        watch: &Watch,
    ) -> Result<Findings, EngineError>;
}
