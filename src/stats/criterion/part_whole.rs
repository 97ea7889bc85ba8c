//! Pearson's r of a set's score with the overall score, the set's own questions being part of it.

use super::super::{Correlation, Sums};

/// r, exactly.
pub(super) fn value(sums: &Sums, min_users: u64) -> Option<Correlation> {
    Correlation::of(sums, min_users)
}

/// The value is r itself, however many users there are.
pub(super) fn r_for(value: f64, _users: u64) -> f64 {
    value
}
