//! Integer sums of a set, the exact order of two sets, and r for the eye.
//!
//! Layer 0. [`Sums`] is what an engine reports of a set, [`Correlation`] orders sets without
//! rounding, [`AuditSums`] are the sums over many sets that have a closed form.

mod audit;
pub mod bounds;
mod criterion;
pub(crate) mod cross;
mod order;
mod six;

pub use audit::{AuditSums, Basis, Completions, Tail};
pub use bounds::surely_below;
pub use criterion::{Criterion, Floor, NO_FLOOR};
pub use order::Correlation;
pub use six::{Moments, Six, Sums};
