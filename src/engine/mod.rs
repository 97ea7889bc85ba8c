//! Engines: what is asked ([`Query`]), which part of it ([`Part`]), and what comes back ([`Findings`]).
//!
//! Layer 2. An [`Engine`] is opened for a query, which prepares whatever does not depend on the part;
//! what it returns searches one part after another. It gives the best sets with their integer sums, and
//! the audit sums of every set that it visited or excluded. It never prints, never decides whether its
//! audit is right, and never returns a float.

pub mod bound;
pub mod cpu;
#[cfg(feature = "gpu")]
pub mod gpu;
pub mod oracle;
mod pool;
pub mod published;
mod query;
mod recorded;
pub mod reference;
mod steps;
mod watch;

pub use crate::combin::{Part, Size, Space};
pub use query::{Query, QueryBuilder, QueryError};
pub use recorded::{Recorded, Token, TokenError};
pub use watch::Watch;

use crate::stats::{AuditSums, Basis};
use crate::top::Candidate;
use std::ops::Range;

/// What an engine found in a part.
#[derive(Clone, Debug, Default)]
pub struct Findings {
    /// The best sets, best first, at most N.
    pub best: Vec<Candidate>,
    /// Sums over every set that was summed.
    pub visited: AuditSums,
    /// Sums, in closed form, over every set that was not: a bound showed that no set of its family could
    /// be defined, or among the best. With `visited` these are the sums of all sets of the part.
    pub excluded: AuditSums,
    /// What was subtracted from scores and totals in both. The sums of `best` have no shift.
    pub basis: Basis,
    /// Sets with a defined correlation, where the engine counts them.
    pub defined: Option<u128>,
    /// How often each way of searching was taken, by name; what is counted is the engine's to say:
    /// prefixes of a leaf machine, chunks of a pipeline.
    pub took: Vec<(&'static str, u64)>,
    /// The proof of the list, where the engine was asked to record it.
    pub recorded: Option<Recorded>,
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
    /// The engine goes by the ranks of sets, and there are more sets than 128 bits number.
    #[error(
        "the {engine} engine cannot run this: it goes by the numbers of sets, and C({questions}, {choose}) sets are \
         more than 2^128, which cannot be numbered; take sets of another size, or the bound engine, which is for \
         tables without missing answers"
    )]
    NotNumbered {
        /// Engine.
        engine: &'static str,
        /// Questions that a set may or may not have.
        questions: usize,
        /// How many of them each set has.
        choose: usize,
    },
    /// The system does not give so many threads.
    #[error("cannot start {threads} threads: {problem}")]
    NoThreads {
        /// How many.
        threads: usize,
        /// What the system said.
        problem: String,
    },
    /// There is no GPU adapter.
    #[error("no GPU adapter was found (Vulkan, Metal or DirectX 12)")]
    NoGpu,
    /// There is no GPU adapter of this number.
    #[error(
        "there is no GPU {index}: there {} in all, numbered from 0",
        match adapters { 1 => "is 1 adapter".to_owned(), n => format!("are {n} adapters") }
    )]
    NoSuchGpu {
        /// The number.
        index: usize,
        /// How many adapters there are.
        adapters: usize,
    },
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

/// Refuses a query whose sets have no ranks, for an engine that goes by them.
fn numbered(engine: &'static str, query: &Query<'_>) -> Result<u128, EngineError> {
    query
        .space()
        .count()
        .ok_or_else(|| not_numbered(engine, query))
}

/// The ranks of a part, for an engine that goes by them.
fn ranks_of(
    engine: &'static str,
    query: &Query<'_>,
    part: &Part,
) -> Result<Range<u128>, EngineError> {
    part.ranks().ok_or_else(|| not_numbered(engine, query))
}

fn not_numbered(engine: &'static str, query: &Query<'_>) -> EngineError {
    let space = query.space();
    EngineError::NotNumbered {
        engine,
        questions: space.order().len() - space.fixed(),
        choose: space.k() - space.fixed(),
    }
}

/// A way to search, on certain devices.
pub trait Engine: Sync {
    /// The name that people choose it by.
    fn name(&self) -> &'static str;

    /// What it runs on, for people.
    fn devices(&self) -> Vec<String>;

    /// Bits of a sum over the users of a set, its sign apart, that it holds. A query of overall scores that are no
    /// totals is [`Query::fitted`] to them before it is opened.
    fn sum_bits(&self) -> u32 {
        127
    }

    /// The ways in which it discards sets when it searches `part` of `query`, one a device, each with another way to
    /// the same lists; none of an engine whose discards are no floor's, or prove themselves. Where that is told only
    /// by the search, it is asked again behind it.
    ///
    /// # Errors
    /// See [`EngineError`].
    fn ways(&self, _query: &Query<'_>, _part: &Part) -> Result<Vec<Way<'_>>, EngineError> {
        Ok(Vec::new())
    }

    /// Does what is done once for all parts: choosing, laying out, compiling, self-tests.
    ///
    /// # Errors
    /// See [`EngineError`].
    fn open<'q>(&'q self, query: &'q Query<'q>) -> Result<Box<dyn Prepared + 'q>, EngineError>;
}

/// A way in which an engine discards sets, on one device, and another to the same lists: what a check of discards
/// compares.
pub struct Way<'e> {
    /// The way that is checked: the engine as it runs, on one of its devices.
    pub engine: Box<dyn Engine + 'e>,
    /// Another way, which shares as little with it as there is.
    pub other: Box<dyn Engine + 'e>,
    /// Which sets both are asked for.
    pub drawn: Drawn,
}

/// How sets are drawn that a way is checked on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Drawn {
    /// A range of ranks: for a way that takes any range as it takes the whole.
    Ranks,
    /// All sets of some questions, with others that all of them have: for a way that goes down a prefix tree, and
    /// has few sets behind a prefix, and hence nothing to discard, where it is given few ranks.
    Spaces,
}

/// An engine that is ready to search the parts of one query.
pub trait Prepared {
    /// Visits or excludes every set of `part` once.
    ///
    /// A floor that `watch` holds beforehand may be used from the start: `best` then is the N best
    /// of the sets whose value is not below it, and may or may not hold others behind them.
    ///
    /// # Errors
    /// See [`EngineError`]. Nothing is returned of an unfinished search.
    fn search(&self, part: &Part, watch: &Watch) -> Result<Findings, EngineError>;
}
