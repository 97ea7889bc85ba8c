//! WGSL text: each kernel with the shared pieces that it is made of.

use super::layout::{SumWidth, Variant};

/// A kernel: its file is `shaders/<name>.wgsl`, its pipeline's label is `name`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kernel {
    /// One invocation a set, over the full bitsets.
    Flat,
}

impl Kernel {
    /// Every kernel.
    pub const ALL: [Self; 1] = [Self::Flat];

    /// File, label.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Flat => "flat",
        }
    }

    /// The whole text for `variant`.
    #[must_use]
    pub fn source(self, variant: &Variant) -> String {
        let (sums, partials, judge) = match variant.sums {
            SumWidth::Narrow => (
                include_str!("../../../shaders/shared/sums_narrow.wgsl"),
                include_str!("../../../shaders/shared/partials_narrow.wgsl"),
                include_str!("../../../shaders/shared/judge_narrow.wgsl"),
            ),
            SumWidth::Wide => (
                include_str!("../../../shaders/shared/sums_wide.wgsl"),
                include_str!("../../../shaders/shared/partials_wide.wgsl"),
                include_str!("../../../shaders/shared/judge_wide.wgsl"),
            ),
        };
        let pieces = match self {
            Self::Flat => [
                include_str!("../../../shaders/shared/floor.wgsl"),
                include_str!("../../../shaders/shared/u64.wgsl"),
                include_str!("../../../shaders/shared/u128.wgsl"),
                include_str!("../../../shaders/shared/unrank.wgsl"),
                include_str!("../../../shaders/shared/sums.wgsl"),
                sums,
                partials,
                include_str!("../../../shaders/shared/judge.wgsl"),
                judge,
                include_str!("../../../shaders/shared/tally.wgsl"),
                include_str!("../../../shaders/flat.wgsl"),
            ],
        };
        variant.prelude() + &pieces.join("\n")
    }
}
