//! Who decides: exact judgement stays with the caller.

use std::time::Instant;

/// Keeps the N best sets, exactly.
pub(super) trait Judge: Sync {
    /// Judges a set of ascending questions and enters it where it belongs. A set may be offered more
    /// than once; the judge must not list it twice. Returns the floor, as [`Judge::floor`].
    fn offer(&self, set: &[usize]) -> f64;

    /// A lower bound of the r of the N-th best set so far, rounded down; −∞ while there are fewer than
    /// N. It must never fall. Asked once a node, so it must be cheap.
    fn floor(&self) -> f64;

    /// Is told that no set but those that it lists has an r of this or more, for ever lower ones.
    fn ceiling(&self, _r: f64) {}

    /// When the search will be stopped, if that is known.
    fn deadline(&self) -> Option<Instant> {
        None
    }

    /// So many more sets, modulo 2^128, are done with, gone through or excluded: in all, when the search ends, each
    /// set once.
    fn done(&self, _sets: u128) {}
}
