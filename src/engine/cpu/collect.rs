//! What every walk adds to: the best sets, the audit sums, the count of defined sets, progress.

use crate::engine::{Query, Watch};
use crate::stats::{AuditSums, Floor};
use crate::top::{Candidate, Top};
use std::sync::Mutex;

/// Report progress after this many sets.
const REPORT_EVERY: u128 = 1 << 20;

/// The best sets of all threads. Behind the floor that it keeps in `watch`, offers are rare.
#[derive(Debug)]
pub(super) struct Best<'a> {
    top: Mutex<Top>,
    query: &'a Query<'a>,
    watch: &'a Watch,
}

impl<'a> Best<'a> {
    /// None yet.
    pub(super) fn new(query: &'a Query<'a>, watch: &'a Watch) -> Self {
        Self {
            top: Mutex::new(Top::new(query.top())),
            query,
            watch,
        }
    }

    /// A set whose exact value is below this needs no [`Self::offer`].
    pub(super) fn floor(&self) -> Floor {
        self.query.floor(self.watch)
    }

    /// Enters a set that has a value, and raises the floor to what follows.
    pub(super) fn offer(&self, candidate: Option<Candidate>) {
        if let Some(candidate) = candidate {
            // A poisoned lock means that another thread panicked; its panic is what is reported.
            let mut top = self.top.lock().unwrap_or_else(|e| e.into_inner());
            if self.watch.keep(&mut top, candidate) {
                self.watch.raise_floor(top.floor());
            }
        }
    }

    /// The best sets, best first.
    pub(super) fn into_sorted(self) -> Vec<Candidate> {
        let top = self.top.into_inner().unwrap_or_else(|e| e.into_inner());
        top.into_sorted()
    }
}

/// Nodes of the prefix tree, by how many questions their prefixes have.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Nodes(Vec<Level>);

/// The nodes of one level.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Level {
    /// With enough users.
    pub(super) visited: u64,
    /// With too few users.
    pub(super) pruned: u64,
}

impl Nodes {
    /// The level of prefixes of `questions` questions.
    pub(super) fn level(&mut self, questions: usize) -> &mut Level {
        if self.0.len() <= questions {
            self.0.resize(questions + 1, Level::default());
        }
        &mut self.0[questions]
    }

    /// Whether any prefix had too few users.
    #[cfg(test)]
    pub(super) fn any_pruned(&self) -> bool {
        self.0.iter().any(|level| level.pruned > 0)
    }

    fn merged(mut self, other: Self) -> Self {
        for (questions, theirs) in other.0.into_iter().enumerate() {
            let mine = self.level(questions);
            mine.visited += theirs.visited;
            mine.pruned += theirs.pruned;
        }
        self
    }

    /// One line a level.
    pub(super) fn trace(&self) {
        for (questions, Level { visited, pruned }) in self.0.iter().enumerate() {
            tracing::info!(questions, visited, pruned, "prefixes");
        }
    }
}

/// The part of a search that one thread has done.
#[derive(Clone, Debug, Default)]
pub(super) struct Collected {
    /// Sums over the sets that were summed or discarded one by one.
    pub(super) visited: AuditSums,
    /// Closed forms of the families of sets that no prefix with enough users leads to.
    pub(super) excluded: AuditSums,
    /// What the general walk met; leaves, and prefixes behind those handed over, are not nodes.
    pub(super) nodes: Nodes,
    /// Sets with a defined correlation; `None` once a set was discarded without knowing.
    pub(super) defined: Count,
    /// How many of these sets the watch knows of.
    reported: u128,
}

/// A count that may become unknown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Count(pub(super) Option<u128>);

impl Default for Count {
    fn default() -> Self {
        Self(Some(0))
    }
}

impl Count {
    /// Counts one more, if the count is known.
    pub(super) fn increment(&mut self) {
        self.0 = self.0.map(|n| n + 1);
    }
}

impl Collected {
    /// Both parts together.
    pub(super) fn merged(mut self, other: Self) -> Self {
        self.visited += other.visited;
        self.excluded += other.excluded;
        self.nodes = self.nodes.merged(other.nodes);
        self.reported += other.reported;
        self.defined = Count(self.defined.0.zip(other.defined.0).map(|(a, b)| a + b));
        self
    }

    /// How many sets were visited or excluded.
    fn sets(&self) -> u128 {
        self.visited.sets + self.excluded.sets
    }

    /// Tells `watch` of the sets done since the last report, if they are many.
    pub(super) fn report(&mut self, watch: &Watch) {
        if self.sets() - self.reported >= REPORT_EVERY {
            self.report_now(watch);
        }
    }

    /// Tells `watch` of every set done.
    pub(super) fn report_now(&mut self, watch: &Watch) {
        watch.advance(self.sets() - self.reported);
        self.reported = self.sets();
    }
}
