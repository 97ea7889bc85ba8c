//! Integer sums of a set, the exact order of two sets, and r for the eye.
//!
//! Layer 0. [`Sums`] is what an engine reports of a set, [`Correlation`] orders sets without
//! rounding, [`AuditSums`] are the sums over many sets that have a closed form.

mod audit;
mod discard;
mod order;
mod sums;

pub use audit::{AuditSums, Basis, Completions, Tail};
pub use discard::surely_below;
pub use order::Correlation;
pub use sums::Sums;
