//! Integer sums of a set, the exact order of two sets, and r for the eye.
//!
//! Layer 0. [`Sums`] is what an engine reports of a set, [`Correlation`] orders sets without
//! rounding, [`Ranking`] says what they are ordered by, [`AuditSums`] are the sums over many sets that have a
//! closed form.

mod audit;
pub mod bounds;
mod criterion;
pub(crate) mod cross;
mod fixed;
mod floor;
mod order;
mod overall;
mod ranking;
mod six;
mod value;
mod within;

pub use audit::{AuditSums, Basis, Completions, Tail};
pub use bounds::surely_below;
pub use criterion::Criterion;
pub use floor::{Blur, Floor, NO_FLOOR, Need, Needs};
pub use order::Correlation;
pub use overall::{Image, Overall, OverallSums, Steps};
pub use ranking::{Confidence, RankBy, Ranking};
pub use six::{Moments, Six, Sums};
pub use value::Value;
pub use within::{Distance, DistanceError};
