//! The result of a search as a document, what a table is like, and one printer a form.
//!
//! Layer 3. [`Report`] is what the JSON form holds and is read back from; the table and the CSV show
//! parts of it. A printer returns the whole text, so that a caller writes all or nothing.

mod csv;
pub(crate) mod decimal;
pub mod description;
mod document;
mod finished;
mod json;
#[cfg(test)]
mod sample;
mod table;
mod text;
mod warning;
mod wire;

pub use self::csv::csv;
pub use document::{
    Asked, Audit, CriterionSums, Data, Halt, Place, PlaceSums, Proof, Ran, Ranks, Report, SCHEMA,
    SCHEMAS_READ, Search, Sets, Sum, Turned, Whole,
};
pub use finished::{Finished, Unfinished, places};
pub use json::json;
pub use table::{Shown, halted, rows, table};
pub use text::{count, grouped, lengths, one_line, rate, sets, sized};
pub use warning::{FEW_USERS, Warning, warnings};
