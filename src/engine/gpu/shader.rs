//! WGSL text: each kernel with the shared pieces that it is made of.

use super::layout::{Integers, SumWidth, Variant};

/// A kernel: its file is `shaders/<name>.wgsl`, its pipeline's label is `name`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kernel {
    /// One invocation a set, over the full bitsets.
    Flat,
    /// Complete tables: a workgroup goes from stem to stem, over covariances.
    Complete {
        /// Questions that its memory has room for.
        span: u32,
    },
}

impl Kernel {
    /// Every kernel, with one size of each array.
    pub const ALL: [Self; 2] = [Self::Flat, Self::Complete { span: 256 }];

    /// File, label.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Flat => "flat",
            Self::Complete { .. } => "complete",
        }
    }

    /// Least K that it can be compiled for.
    #[must_use]
    pub fn least_k(self) -> usize {
        match self {
            Self::Flat => 1,
            // A stem and two more.
            Self::Complete { .. } => 2,
        }
    }

    /// The whole text for `variant`.
    #[must_use]
    pub fn source(self, variant: &Variant, integers: Integers) -> String {
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
        let wholes = match variant.sums {
            SumWidth::Narrow => include_str!("../../../shaders/shared/whole_narrow.wgsl"),
            SumWidth::Wide => include_str!("../../../shaders/shared/whole_wide.wgsl"),
        };
        let ranks = [
            integers.operations(),
            include_str!("../../../shaders/shared/u128.wgsl"),
            include_str!("../../../shaders/shared/unrank.wgsl"),
            include_str!("../../../shaders/shared/sums.wgsl"),
            include_str!("../../../shaders/shared/loops.wgsl"),
            include_str!("../../../shaders/shared/tally.wgsl"),
            include_str!("../../../shaders/shared/report.wgsl"),
        ];
        let own: &[&str] = match self {
            Self::Flat => &[
                include_str!("../../../shaders/shared/floor.wgsl"),
                sums,
                partials,
                include_str!("../../../shaders/shared/judge.wgsl"),
                judge,
                include_str!("../../../shaders/flat.wgsl"),
            ],
            Self::Complete { .. } => &[wholes, include_str!("../../../shaders/complete.wgsl")],
        };
        let sizes = match self {
            Self::Flat => String::new(),
            Self::Complete { span } => format!("const SPAN: u32 = {span}u;\n"),
        };
        variant.prelude() + &sizes + &ranks.join("\n") + "\n" + &own.join("\n")
    }
}
