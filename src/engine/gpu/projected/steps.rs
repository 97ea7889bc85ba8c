//! Scores as steps below the highest one of a table, where there are few: pure.

use super::super::pack::{Packing, users_with};
use crate::matrix::ResponseMatrix;

/// Most steps: a row has a word of bits for each, and an entry of a list three bits for their number.
pub const MOST_STEPS: i64 = 7;

/// The highest shifted score of a table, and how far below it the lowest one is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Steps {
    /// The highest shifted score.
    pub top: i32,
    /// From it down to the lowest, at least 1.
    pub steps: u32,
}

impl Steps {
    /// The steps of a table as it is packed; `None` where there are more than [`MOST_STEPS`].
    pub(in super::super) fn of(matrix: &ResponseMatrix, packing: &Packing) -> Option<Self> {
        let mut range: Option<(i64, i64)> = None;
        for user in users_with(matrix, packing.variant.k) {
            for (question, score) in matrix.row(user) {
                // Within its field, by `Packing::new`.
                let shifted = packing.basis.score(question, score);
                let (low, high) = range.unwrap_or((shifted, shifted));
                range = Some((low.min(shifted), high.max(shifted)));
            }
        }
        let (low, high) = range.unwrap_or((0, 0));
        let steps = high.checked_sub(low).filter(|&steps| steps <= MOST_STEPS)?;
        Some(Self {
            top: i32::try_from(high).ok()?,
            steps: steps.max(1) as u32,
        })
    }
}
