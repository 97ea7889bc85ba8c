//! What every walk adds to: the best sets, the audit sums, the count of defined sets, progress.

use crate::engine::{Findings, Query, Watch};
use crate::stats::{AuditSums, Basis, Sums};
use crate::top::{Candidate, Top};

/// Report progress after this many sets.
const REPORT_EVERY: u128 = 1 << 20;

/// The part of a search that one thread has done.
#[derive(Debug)]
pub(super) struct Collected {
    pub(super) top: Top,
    pub(super) seen: AuditSums,
    pub(super) defined: Option<u128>,
    min_users: u64,
    /// The part of `seen.sets` that `watch` knows of.
    reported: u128,
}

impl Collected {
    /// Nothing yet.
    pub(super) fn new(query: &Query) -> Self {
        Self {
            top: Top::new(query.top()),
            seen: AuditSums::default(),
            defined: Some(0),
            min_users: query.min_users(),
            reported: 0,
        }
    }

    /// Adds another part.
    pub(super) fn merge(&mut self, other: Self) {
        // Into the fuller one: fewer candidates move.
        self.top.merge(other.top);
        self.seen += other.seen;
        self.reported += other.reported;
        self.defined = self.defined.zip(other.defined).map(|(a, b)| a + b);
    }

    /// A set whose exact r is below this needs no [`Self::offer`].
    pub(super) fn floor(&self, watch: &Watch) -> f64 {
        self.top.floor().max(watch.floor())
    }

    /// Enters a set with its exact sums, and shares the floor that follows.
    pub(super) fn offer(&mut self, set: Vec<usize>, sums: Sums, watch: &Watch) {
        if let Some(candidate) = Candidate::new(set, sums, self.min_users)
            && self.top.push(candidate)
        {
            watch.raise_floor(self.top.floor());
        }
    }

    /// Tells `watch` of the sets seen since the last report, if they are many.
    pub(super) fn report(&mut self, watch: &Watch) {
        if self.seen.sets - self.reported >= REPORT_EVERY {
            self.report_now(watch);
        }
    }

    /// Tells `watch` of every set seen.
    pub(super) fn report_now(&mut self, watch: &Watch) {
        watch.advance(self.seen.sets - self.reported);
        self.reported = self.seen.sets;
    }

    /// The engine's answer.
    pub(super) fn into_findings(self, basis: Basis) -> Findings {
        Findings {
            best: self.top.into_sorted(),
            seen: self.seen,
            basis,
            defined: self.defined,
        }
    }
}
