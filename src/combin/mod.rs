//! K-subsets of Q questions: how many, which number, which part of the numbering.
//!
//! Layer 0. Sets are ascending index tuples in lexicographic order; a rank is a set's place in that
//! order, from 0. [`binomial()`] counts, [`rank()`] numbers, [`subtrees`] cuts a range of ranks into
//! pieces of the prefix tree, [`roundest`] says where that makes few of them, and a [`Space`] is which sets
//! are asked for. There may be more of them than ranks of 128 bits number; how many there are, a [`Size`] says of any
//! space.

mod binomial;
mod cut;
mod quotas;
mod rank;
mod size;
mod space;
mod subtree;

pub use binomial::{WrappingBinomials, binomial, choices};
pub use cut::roundest;
pub use quotas::Quotas;
pub use rank::{rank, successor, unrank};
pub use size::{NoSize, Size};
pub use space::{Block, Part, Space, SpaceError};
pub use subtree::{Subtree, subtrees};
