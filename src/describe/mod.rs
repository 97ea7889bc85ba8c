//! What a table is like, before anything is asked of it: its scores, what is missing, each question's figures
//! and how well all questions hang together.
//!
//! Layer 1. All sums are exact integers; what is a float here is rounded once or twice from them
//! (`quotient`), for people to read. Nothing here decides which set is best.

mod items;
mod missing;
mod quotient;
mod scores;

pub use items::{Alpha, Item};
pub use missing::{Missing, Spread};
pub use scores::{MOST_VALUES, Scores};

use crate::matrix::ResponseMatrix;

/// What a table is like.
#[derive(Clone, Debug, PartialEq)]
pub struct Description {
    /// Its scores.
    pub scores: Scores,
    /// Which answers it has not.
    pub missing: Missing,
    /// Cronbach's alpha over the users who answered every question, where it is defined.
    pub alpha: Option<Alpha>,
    /// Each question, in the table's order.
    pub items: Vec<Item>,
}

impl Description {
    /// What `table` is like.
    #[must_use]
    pub fn of(table: &ResponseMatrix) -> Self {
        Self {
            scores: Scores::of(table),
            missing: Missing::of(table),
            alpha: Alpha::of(table),
            items: (0..table.questions().len())
                .map(|question| Item::of(table, question))
                .collect(),
        }
    }
}
