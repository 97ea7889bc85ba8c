//! Scores as steps below the highest one of a table, where there are few: pure.

use super::super::pack::{Packing, users_with};
use crate::matrix::ResponseMatrix;

/// Most steps: a row has a word of bits for each, and an entry of a list three bits for their number.
pub const MOST_STEPS: i64 = 7;

/// A shifted score that none of a table exceeds, and how far below it the lowest one is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Steps {
    /// The highest shifted score; where all are −1, 0: a field of one bit holds no other two, and leaves abreast count
    /// set bits from there.
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
        let (low, high) = match range {
            None => (0, 0),
            Some((-1, -1)) => (-1, 0),
            Some(range) => range,
        };
        let steps = high.checked_sub(low).filter(|&steps| steps <= MOST_STEPS)?;
        Some(Self {
            top: i32::try_from(high).ok()?,
            steps: steps.max(1) as u32,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::matrix::{Duplicates, MatrixBuilder, Score};

    /// Steps of a table of users with these scores each, for sets of two questions.
    fn of(users: &[&[i64]]) -> Option<Steps> {
        let mut builder = MatrixBuilder::new();
        for (u, scores) in users.iter().enumerate() {
            for (q, &mantissa) in scores.iter().enumerate() {
                let score = Some(Score {
                    mantissa,
                    digits: 0,
                });
                let (user, question) = (format!("u{u}"), format!("q{q}"));
                builder.push(&user, &question, score, 0).unwrap();
            }
        }
        let matrix = builder.finish(Duplicates::Error, "row").unwrap();
        let packing = Packing::new(&matrix, 2).unwrap();
        let found = Steps::of(&matrix, &packing)?;
        // Every score is told by its steps.
        for user in users_with(&matrix, 2) {
            for (question, score) in matrix.row(user) {
                let steps = i64::from(found.top) - packing.basis.score(question, score);
                assert!((0..=i64::from(found.steps)).contains(&steps));
            }
        }
        Some(found)
    }

    #[test]
    fn two_values_are_one_step_below_0_also_where_only_one_is_met() {
        let one = Some(Steps { top: 0, steps: 1 });
        assert_eq!(of(&[&[0, 1], &[1, 0]]), one);
        // Who has answers enough has one of the two values, which are packed for whoever answered.
        for met in [2_000, 2_001] {
            assert_eq!(of(&[&[met, met], &[2_000], &[2_001]]), one, "{met}");
        }
    }

    #[test]
    fn more_than_seven_steps_are_too_many() {
        assert_eq!(of(&[&[0, 7], &[7, 0]]).map(|found| found.steps), Some(7));
        assert_eq!(of(&[&[0, 8], &[8, 0]]), None);
    }
}
