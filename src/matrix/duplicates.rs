//! What to do with answers to what was answered before.

/// What to do with a (user, question) that appears more than once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Duplicates {
    /// Refuse the table, naming the first two places.
    #[default]
    Error,
    /// Repeats of one score are one answer; others are refused, naming the first two places.
    Same,
    /// Keep the answer that came first.
    First,
    /// Keep the answer that came last.
    Last,
    /// Keep the largest score.
    Max,
    /// Keep the mean of the scores, exactly.
    Mean,
}
