//! WGSL text of the levels pipeline: each step with the shared pieces that it is made of.

use super::super::layout::{Integers, SumWidth};
use super::layout::Variant;

/// A step: its file is `shaders/<name>.wgsl`, its pipeline's label is `name`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Step {
    /// The first level.
    Roots,
    /// From a level to the next.
    Narrow,
    /// The last one.
    Leaves,
}

impl Step {
    /// Every step, in order.
    pub const ALL: [Self; 3] = [Self::Roots, Self::Narrow, Self::Leaves];

    /// File, label.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Roots => "roots",
            Self::Narrow => "narrow",
            Self::Leaves => "leaves",
        }
    }

    /// The whole text for `variant`.
    #[must_use]
    pub fn source(self, variant: &Variant, integers: Integers) -> String {
        let (sums, judge) = match variant.sums {
            SumWidth::Narrow => (
                include_str!("../../../../shaders/shared/sums_narrow.wgsl"),
                include_str!("../../../../shaders/shared/judge_narrow.wgsl"),
            ),
            SumWidth::Wide => (
                include_str!("../../../../shaders/shared/sums_wide.wgsl"),
                include_str!("../../../../shaders/shared/judge_wide.wgsl"),
            ),
        };
        let choices = include_str!("../../../../shaders/shared/choices.wgsl");
        let completions = include_str!("../../../../shaders/shared/completions.wgsl");
        let frontier = include_str!("../../../../shaders/shared/frontier.wgsl");
        let reading = include_str!("../../../../shaders/shared/prefixes_read.wgsl");
        let own: &[&str] = match self {
            Self::Roots => &[
                include_str!("../../../../shaders/shared/unrank.wgsl"),
                choices,
                completions,
                frontier,
                include_str!("../../../../shaders/roots.wgsl"),
            ],
            Self::Narrow => &[
                choices,
                completions,
                reading,
                frontier,
                include_str!("../../../../shaders/narrow.wgsl"),
            ],
            Self::Leaves => &[
                sums,
                include_str!("../../../../shaders/shared/judge.wgsl"),
                judge,
                reading,
                include_str!("../../../../shaders/leaves.wgsl"),
            ],
        };
        let common = [
            include_str!("../../../../shaders/shared/floor.wgsl"),
            integers.operations(),
            include_str!("../../../../shaders/shared/u128.wgsl"),
            include_str!("../../../../shaders/shared/loops.wgsl"),
            include_str!("../../../../shaders/shared/prefixes.wgsl"),
            include_str!("../../../../shaders/shared/scan.wgsl"),
            include_str!("../../../../shaders/shared/group_memory.wgsl"),
            include_str!("../../../../shaders/shared/sums.wgsl"),
            include_str!("../../../../shaders/shared/tally.wgsl"),
            include_str!("../../../../shaders/shared/report.wgsl"),
            include_str!("../../../../shaders/shared/report_steps.wgsl"),
        ];
        variant.prelude() + &common.join("\n") + "\n" + &own.join("\n")
    }
}
