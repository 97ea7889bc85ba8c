//! WGSL text of the projected pipeline: each stage with the shared pieces that it is made of.

use super::super::layout::{Integers, SumWidth};
use super::layout::Variant;

/// A stage: its file is `shaders/<name>.wgsl`, its pipeline's label is `name`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Stage {
    /// The users of each stem as a dense table.
    Expand,
    /// The leaves of each stem, discarded, summed and judged.
    Score,
    /// In place of it: the leaves of each prefix side by side, all of them summed.
    Abreast,
}

impl Stage {
    /// Every stage.
    pub const ALL: [Self; 3] = [Self::Expand, Self::Score, Self::Abreast];

    /// Those that `variant` takes, in order.
    #[must_use]
    pub fn of(variant: &Variant) -> [Self; 2] {
        let last = if variant.abreast {
            Self::Abreast
        } else {
            Self::Score
        };
        [Self::Expand, last]
    }

    /// File, label.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Expand => "expand",
            Self::Score => "score",
            Self::Abreast => "abreast",
        }
    }

    /// The whole text for `variant`.
    #[must_use]
    pub fn source(self, variant: &Variant, integers: Integers) -> String {
        let (sums, judge) = match variant.packed.sums {
            SumWidth::Narrow => (
                include_str!("../../../../shaders/shared/sums_narrow.wgsl"),
                include_str!("../../../../shaders/shared/judge_narrow.wgsl"),
            ),
            SumWidth::Wide => (
                include_str!("../../../../shaders/shared/sums_wide.wgsl"),
                include_str!("../../../../shaders/shared/judge_wide.wgsl"),
            ),
        };
        let sweep = match variant.tile {
            0 => include_str!("../../../../shaders/shared/sweep_none.wgsl"),
            _ => include_str!("../../../../shaders/shared/sweep.wgsl"),
        };
        let columns = match variant.packed.score_bits {
            1 => include_str!("../../../../shaders/shared/columns_bits.wgsl"),
            _ => include_str!("../../../../shaders/shared/columns_fields.wgsl"),
        };
        let scan = include_str!("../../../../shaders/shared/scan.wgsl");
        let group = if variant.abreast {
            include_str!("../../../../shaders/shared/group_lanes.wgsl").to_owned()
        } else {
            [
                scan,
                include_str!("../../../../shaders/shared/group_memory.wgsl"),
            ]
            .join("\n")
        };
        let leaves = [
            include_str!("../../../../shaders/shared/sums.wgsl"),
            sums,
            include_str!("../../../../shaders/shared/judge.wgsl"),
            judge,
            include_str!("../../../../shaders/shared/tally.wgsl"),
            include_str!("../../../../shaders/shared/leaves.wgsl"),
        ]
        .join("\n");
        let own: &[&str] = match self {
            Self::Expand => &[
                &group,
                include_str!("../../../../shaders/shared/unrank.wgsl"),
                columns,
                include_str!("../../../../shaders/expand.wgsl"),
            ],
            Self::Score => &[
                scan,
                &leaves,
                include_str!("../../../../shaders/shared/report.wgsl"),
                sweep,
                include_str!("../../../../shaders/score.wgsl"),
            ],
            Self::Abreast => &[&leaves, include_str!("../../../../shaders/abreast.wgsl")],
        };
        let common = [
            include_str!("../../../../shaders/shared/floor.wgsl"),
            integers.operations(),
            include_str!("../../../../shaders/shared/u128.wgsl"),
            include_str!("../../../../shaders/shared/loops.wgsl"),
            include_str!("../../../../shaders/shared/stems.wgsl"),
        ];
        variant.prelude() + &common.join("\n") + "\n" + &own.join("\n")
    }
}
