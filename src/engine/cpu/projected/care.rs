//! How many users of a prefix are outer users.

use super::stem::Tally;
use std::sync::atomic::{AtomicU32, Ordering};

/// A leaf should have this many outer users at least, or too few of them to tell.
const OUTER_USERS_OF_A_LEAF: f64 = 9.0;

/// Outer users are added where more than this part of leaves is kept, and taken away where less than
/// [`FEWEST_KEPT`].
const MOST_KEPT: f64 = 0.01;

/// See [`MOST_KEPT`].
const FEWEST_KEPT: f64 = 0.004;

/// What the inner users may add to a leaf's bar, as a part of what is to be explained.
const SLACK: f64 = 0.15;

/// How much more outer users to take than the rule says, an f32; moved by how many leaves are kept.
#[derive(Debug)]
pub(super) struct Care(AtomicU32);

impl Default for Care {
    fn default() -> Self {
        Self(AtomicU32::new(1_f32.to_bits()))
    }
}

impl Care {
    /// How many users to take as outer users, in whole words, of those with these g, by |g| descending.
    ///
    /// The kernel's work grows with them, and so does what it can discard. A leaf is discarded by
    /// its residuals over the outer users, so it should have several; and the bar is lifted by
    /// (1 − t²)·E, E being the inner users' Σg² over a prefix one question short, 1/density times a
    /// leaf's: that should be a small part of t²·Sgg, the most that a leaf's residuals are above it.
    /// Only speed depends on this.
    pub(super) fn outer_users(
        &self,
        totals: impl ExactSizeIterator<Item = i64> + Clone,
        density: f64,
        floor: f64,
    ) -> usize {
        let care = f64::from(f32::from_bits(self.0.load(Ordering::Relaxed)));
        let square = |g: i64| (g as f64) * (g as f64);
        let all: f64 = totals.clone().map(square).sum();
        let (t2, leaf) = (floor * floor, density.powi(3));
        let (mut outer, mut outside) = (0, 0.0);
        let mut rest = totals;
        while rest.len() > 0 {
            let lifted = (1.0 - t2) * (all - outside) / density;
            let enough = outer as f64 * leaf >= OUTER_USERS_OF_A_LEAF * care;
            if enough && lifted * care <= SLACK * t2 * outside {
                break;
            }
            for g in rest.by_ref().take(64) {
                outer += 1;
                outside += square(g);
            }
        }
        outer
    }

    /// More outer users where many leaves were kept, fewer where few were.
    pub(super) fn adapt(&self, &Tally { sets, kept, .. }: &Tally) {
        let care = f32::from_bits(self.0.load(Ordering::Relaxed));
        let next = if kept as f64 > sets as f64 * MOST_KEPT {
            (care * 1.1).min(8.0)
        } else if (kept as f64) < sets as f64 * FEWEST_KEPT {
            (care * 0.95).max(0.25)
        } else {
            care
        };
        self.0.store(next.to_bits(), Ordering::Relaxed);
    }
}
