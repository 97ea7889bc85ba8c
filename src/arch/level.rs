//! A level of instructions as a token, and what is computed at one.

use super::floats::Floats;
use super::lanes::Lanes;
use super::rows::Rows;

/// A level of instructions as a token. A token exists only where its level is available, which is what
/// makes its methods safe to call; only [`run`](super::dispatch::run) makes one.
pub(crate) trait Level: Lanes + Floats<f32> + Floats<f64> + Rows {}

/// Something to compute at whichever level there is: a small struct of what it works on.
pub(crate) trait Kernel {
    /// What comes out.
    type Out;
    /// Computes it. Implementations are `#[inline(always)]`, as is everything hot below them: that
    /// is what compiles them for the level.
    fn run<L: Level>(self, level: L) -> Self::Out;
}
