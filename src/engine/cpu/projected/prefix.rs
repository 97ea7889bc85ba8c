//! A prefix that the projected walk takes over, and whom it does so for.

use super::super::halves::Limit;
use super::super::layout::{Layout, Member, Rows};
use super::stem::Tally;
use crate::arch::Elem;
use crate::stats::{AuditSums, Completions, Floor};
use rayon::prelude::*;

/// Most bytes of rows that a projected prefix may take.
pub(super) const MOST_BYTES: usize = 1 << 29;

/// A prefix three questions short of a set.
#[derive(Clone, Copy, Debug)]
pub(in super::super) struct Prefix<'a> {
    pub(in super::super) layout: &'a Layout,
    pub(in super::super) rows: &'a Rows,
    /// Its users.
    pub(in super::super) members: &'a [Member],
    /// The first position behind it.
    pub(in super::super) from: usize,
    /// What the last three questions of a set keep within.
    pub(in super::super) limit: Limit,
    pub(in super::super) forms: &'a Completions,
    /// Whether its stems are to be searched in parallel.
    pub(in super::super) parallel: bool,
}

impl Prefix<'_> {
    /// How many lanes there are.
    pub(super) fn lanes(&self) -> usize {
        self.layout.questions() - self.from
    }

    /// Lanes of questions from the limit on; the highest lane of a set is not below.
    pub(super) fn beyond(&self) -> usize {
        self.layout.questions() - self.limit.position
    }

    /// The lowest lane that the second-highest of a set may be: where one question alone may lie beyond the limit,
    /// that is the leaf.
    pub(super) fn second(&self) -> usize {
        match self.limit.allowed {
            1 => self.beyond(),
            _ => 0,
        }
    }

    /// The lane of a position.
    pub(super) fn lane(&self, position: usize) -> usize {
        if position >= self.limit.position {
            position - self.limit.position
        } else {
            self.beyond() + position - self.from
        }
    }

    /// The position of a lane.
    pub(super) fn position(&self, lane: usize) -> usize {
        if lane < self.beyond() {
            self.limit.position + lane
        } else {
            self.from + lane - self.beyond()
        }
    }

    /// The most users of any stem.
    fn most_of_a_stem(&self) -> u32 {
        let mut users = vec![0; self.limit.position - self.from];
        for member in self.members {
            for answer in self.rows.behind(member) {
                match users.get_mut(answer.position as usize - self.from) {
                    Some(users) => *users += 1,
                    None => break,
                }
            }
        }
        users.into_iter().max().unwrap_or(0)
    }

    /// Whether every sum over a stem's outer users is exact in f32, |a| and |g| being at most `reach`. The
    /// outer users are at most `outer`, or their part of those of the stem with most users; in whole
    /// slabs of 64, rounded to the nearest.
    pub(super) fn sums_fit(&self, outer: usize, reach: f64) -> bool {
        let exact = |outer: usize| {
            let most = (outer + 64).next_multiple_of(64) as f64;
            most * reach * reach < f32::EXACT
        };
        let of_a_stem = || {
            let most = u128::from(self.most_of_a_stem()) * outer as u128;
            most.div_ceil(self.members.len() as u128) as usize
        };
        exact(outer) || exact(of_a_stem())
    }

    /// The closed form of some of its users' part in all of its sets.
    pub(super) fn completions<'a>(&self, members: impl Iterator<Item = &'a Member>) -> AuditSums {
        let mut sums = AuditSums::default();
        for member in members {
            sums += self
                .layout
                .completions(self.forms, self.rows, member, 3, self.limit);
        }
        sums
    }
}

/// What the projected walk asks and tells while it visits a prefix.
pub(in super::super) trait Host: Sync {
    /// What a set must reach at present.
    fn floor(&self) -> Floor;
    /// Sets of fewer users need not be told.
    fn min_users(&self) -> i64;
    /// Takes the positions behind the prefix of a set that may reach the floor, and its n, A, X, Y over
    /// all users.
    fn exact(&self, last: [usize; 3], sums: [f64; 4]);
    /// Whether to go on; if not, what the visit returns means nothing.
    fn go_on(&self) -> bool;
}

/// What was subtracted before summing.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shifts {
    pub(super) score: i64,
    pub(super) total: i64,
}

/// All stems of a prefix, by the highest lane of their sets.
pub(super) fn over_stems(
    prefix: &Prefix<'_>,
    stem: impl Fn(usize) -> Tally + Send + Sync,
) -> Tally {
    let lanes = prefix.beyond()..prefix.lanes();
    if prefix.parallel {
        lanes
            .into_par_iter()
            .map(stem)
            .reduce(Tally::default, Tally::merged)
    } else {
        lanes.map(stem).fold(Tally::default(), Tally::merged)
    }
}
