//! What the registry of pipelines (`method`) asks of each: its plan and counted work, its kernels, and a
//! search opened on a device.

use super::device::Device;
use super::drive::Pipeline;
use super::job::Job;
use super::layout::{self, Integers};
use super::limits::{Excess, Limits};
use super::order::Order;
use super::shader::Kernel;
use crate::engine::EngineError;
use std::fmt::Debug;
use std::hash::Hash;

/// A kind of pipeline.
pub(super) trait Kind {
    /// What is compiled into its kernels. Known answers are asked for once of each.
    type Variant: Copy + Debug + Eq + Hash + 'static;

    /// For people.
    const NAME: &'static str;

    /// Variants that are asked known answers where no search is at hand.
    const USUAL: &'static [Self::Variant] = &[];

    /// Whether prefixes with too few users are excluded with all sets behind them.
    const PRUNES: bool = false;

    /// Integer operations that a set of `job` is expected to take; `None` where the pipeline is taken only
    /// when it is asked for. Cheap: every search that may choose asks every kind.
    fn work(job: &Job<'_>) -> Option<f64>;

    /// What `job` takes on a device with these limits.
    ///
    /// # Errors
    /// The first thing that does not fit.
    fn variant(job: &Job<'_>, limits: &Limits) -> Result<Self::Variant, Excess>;

    /// The kernels of a variant, in the order of their dispatches.
    fn kernels(variant: &Self::Variant, integers: Integers) -> Vec<Kernel>;

    /// Plans `job` within limits, uploads the table, and compiles what is not compiled. Chunks are numbered in this
    /// order; only the projected pipeline is given another one than ranks.
    ///
    /// # Errors
    /// The refusal of what does not fit; the device's.
    fn open<'a>(
        device: &'a Device,
        limits: Limits,
        job: &'a Job<'a>,
        variant: Self::Variant,
        order: Order,
    ) -> Result<Box<dyn Pipeline + 'a>, EngineError>;

    /// The tables on which known answers are asked of a variant.
    fn samples(variant: &Self::Variant) -> Vec<Sample>;
}

/// A table for known answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sample {
    /// With missing answers, packed like this though it may be narrower.
    Gaps(layout::Variant),
    /// With missing answers, packed like this, and scores of so many steps.
    Steps(layout::Variant, u32),
    /// Two-valued and packed like this, its best set right where one pair of users in the wrong order is not enough
    /// to discard it, and two would be.
    Pair(layout::Variant),
    /// Scores of so many steps that follow nothing, with missing answers, packed like this.
    Noise(layout::Variant, u32),
    /// Where nobody missed one, for sets of `k`, with no more than so many questions.
    Complete {
        /// K.
        k: usize,
        /// Most questions.
        questions: usize,
    },
}
