//! The table in memory: who answered what, with which score, in integers.
//!
//! Layer 0. Everything that searches reads a [`ResponseMatrix`]; nothing but [`MatrixBuilder`]
//! makes one. It knows nothing of files, engines or sets.
//!
//! # How a table is made
//! Answers come in any order and lie as they came, a few bytes each (`arrivals`: users and places in
//! runs, questions in `narrow` integers, scores as codes of the distinct ones). They are brought into
//! the order of users and questions, and repeats are settled, only where they did not come so
//! (`order`); what then lies there is the rows of the table (`rows`). Last the columns are made from
//! the rows (`columns`). So nothing is held twice but what engines want both ways.

mod arrivals;
mod builder;
mod codes;
mod column;
mod columns;
mod duplicates;
mod error;
mod fingerprint;
mod fraction;
mod ids;
mod narrow;
mod order;
mod places;
mod rows;
mod score;
mod table;
#[cfg(test)]
mod tests;
mod zeros;

pub use builder::MatrixBuilder;
pub use column::Column;
pub use duplicates::Duplicates;
pub use error::{MatrixError, Repeats};
pub use score::{MAX_SCALE, Score};
pub use table::ResponseMatrix;
