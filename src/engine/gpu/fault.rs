//! Faults planted on purpose, so that tests can see each of them caught or recovered from.

use std::borrow::Cow;
use std::sync::atomic::{AtomicU32, Ordering};

/// A fault of an engine's first device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// One answered bit of the table is lost on its way to the device.
    LostAnswer,
    /// One bit of a table of floats flips on its way to the device, where there is such a table.
    BentTable,
    /// Every chunk starts one set too early.
    ShiftedChunk,
    /// The last workgroup of every dispatch does not run.
    LostWorkgroup,
    /// The device is lost while the second chunk is in flight; the next one that is opened lasts.
    LostDevice,
    /// The device is lost while the second chunk is in flight, and every one that is opened after it at its
    /// first chunk.
    LostDevices,
    /// The second chunk is refused for want of memory, and that never happens again.
    OutOfMemory,
    /// Every device that is opened has this many bytes for buffers, and never gets one back.
    Memory(u64),
    /// Kernels discard wrongly wherever there is a floor; the audit is none the wiser.
    Discards(Discard, Wrong),
}

/// A place where kernels discard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Discard {
    /// A set's sums against the floor: everywhere but in the complete pipeline.
    Judge,
    /// Leaves by pairs of users: scores of few steps in the projected pipeline, where leaves are not abreast.
    Sweep,
    /// Leaves by one pair of users who are far apart, beside the sweep's two.
    FarPair,
    /// What a sweep leaves, by a first judgement in floats.
    Floats,
    /// A set's floats against the bar: the complete pipeline.
    Covariances,
    /// A prefix by its number of users: the levels pipeline.
    Prune,
}

impl Discard {
    /// Every place.
    pub const ALL: [Self; 6] = [
        Self::Judge,
        Self::Sweep,
        Self::FarPair,
        Self::Floats,
        Self::Covariances,
        Self::Prune,
    ];

    /// What can be wrong there that changes what is found or left: where another discard comes behind, one that
    /// discards nothing only takes time.
    #[must_use]
    pub fn wrongs(self) -> &'static [Wrong] {
        match self {
            Self::FarPair | Self::Floats => &[Wrong::All, Wrong::OffByOne],
            _ => &Wrong::ALL,
        }
    }
}

/// What is wrong with a discard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wrong {
    /// Whatever is at the floor is discarded too.
    All,
    /// Nothing is discarded.
    None,
    /// The bound is off on one side, by as little as can do harm.
    OffByOne,
}

impl Wrong {
    /// Everything that can be wrong.
    pub const ALL: [Self; 3] = [Self::All, Self::None, Self::OffByOne];
}

/// What stands in a kernel at this place, and what a fault puts there.
fn bent(place: Discard, wrong: Wrong) -> (&'static str, &'static str) {
    let judged = "return Verdict(true, !is_below(a, leading(m.x), leading(y), floor));";
    let swept = "return valid & ~dead;";
    let judged_in_floats = "return root * root < params.bar * x * y;";
    let compared = "a * abs(a) >= params.bar * x";
    let kept = "share == SOME || (share == ALL && users >= params.min_users)";
    match (place, wrong) {
        (Discard::Judge, Wrong::All) => (judged, "return Verdict(true, floor.mode == FLOOR_NONE);"),
        (Discard::Judge, Wrong::None) => (judged, "return Verdict(true, true);"),
        // A^2 is rounded down in place of up.
        (Discard::Judge, Wrong::OffByOne) => (
            "mul32(m.mantissa + 1u, m.mantissa + 1u)",
            "mul32(m.mantissa - 1u, m.mantissa - 1u)",
        ),
        (Discard::Sweep, Wrong::All) => (swept, "return 0u;"),
        (Discard::Sweep, Wrong::None) => (swept, "return valid;"),
        // One pair of users in place of two.
        (Discard::Sweep, Wrong::OffByOne) => ("pairs &= two[c];", "pairs &= one[c];"),
        (Discard::FarPair, Wrong::All) => ("(pairs | far_pair)", "0xffffffffu"),
        (Discard::FarPair, Wrong::None) => ("(pairs | far_pair)", "pairs"),
        // A pair that is as far apart as two have to be.
        (Discard::FarPair, Wrong::OffByOne) => {
            ("far[c] |= wrong[c] & is_far;", "far[c] |= wrong[c];")
        }
        (Discard::Floats, Wrong::All) => (judged_in_floats, "return true;"),
        (Discard::Floats, Wrong::None) => (judged_in_floats, "return false;"),
        // A bar above the square of the floor.
        (Discard::Floats, Wrong::OffByOne) => (
            judged_in_floats,
            "return root * root < 1.001 * params.bar * x * y;",
        ),
        // The bar of no floor is below -1.
        (Discard::Covariances, Wrong::All) => (compared, "params.bar < -1.0"),
        (Discard::Covariances, Wrong::None) => (compared, "true"),
        // A bar above the square of the floor by more than the margin of the smallest K makes up for.
        (Discard::Covariances, Wrong::OffByOne) => {
            (compared, "a * abs(a) >= params.bar * x * 1.00002")
        }
        (Discard::Prune, Wrong::All) => (kept, "share == SOME"),
        (Discard::Prune, Wrong::None) => (kept, "share == SOME || share == ALL"),
        (Discard::Prune, Wrong::OffByOne) => (
            kept,
            "share == SOME || (share == ALL && users > params.min_users)",
        ),
    }
}

impl Fault {
    /// Loses an answered bit of this table where that is the fault.
    pub(super) fn lose_answer(fault: Option<Self>, answered: &mut [u32]) {
        if fault == Some(Self::LostAnswer)
            && let Some(word) = answered.iter_mut().find(|word| **word != 0)
        {
            *word &= *word - 1;
        }
    }

    /// The text of a kernel, bent where that is the fault and the kernel discards there.
    pub(super) fn bend(fault: Option<Self>, text: &str) -> Cow<'_, str> {
        let Some(Self::Discards(place, wrong)) = fault else {
            return Cow::Borrowed(text);
        };
        let (stands, put) = bent(place, wrong);
        Cow::Owned(text.replace(stands, put))
    }
}

/// What happens to a submission.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Injury {
    /// The device is lost while the submission is in flight.
    Lost,
    /// The submission is refused.
    OutOfMemory,
}

/// A fault with its history, which outlives the devices it falls on.
#[derive(Debug)]
pub(super) struct Planted {
    pub(super) fault: Fault,
    submissions: AtomicU32,
}

impl Planted {
    pub(super) fn new(fault: Fault) -> Self {
        Self {
            fault,
            submissions: AtomicU32::new(0),
        }
    }

    /// Counts a submission, and says what happens to it.
    pub(super) fn submission(&self) -> Option<Injury> {
        let number = 1 + self.submissions.fetch_add(1, Ordering::Relaxed);
        match (self.fault, number) {
            (Fault::LostDevice, 2) => Some(Injury::Lost),
            (Fault::LostDevices, 2..) => Some(Injury::Lost),
            (Fault::OutOfMemory, 2) => Some(Injury::OutOfMemory),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::complete::{self, layout::Variant as Whole};
    use super::super::layout::{Integers, SumWidth, Variant};
    use super::super::levels::{self, layout::Variant as Roots};
    use super::super::projected::{self, layout::Variant as Leaves};
    use super::super::shader::Kernel;
    use super::*;

    /// A fault that finds no place would be one that nobody needs to catch.
    #[test]
    fn every_discard_has_its_place_in_the_kernels() {
        let sums = SumWidth::Narrow;
        let packed = Variant {
            k: 4,
            score_bits: 1,
            sums,
        };
        let leaves = |tile, abreast| {
            let variant = Leaves {
                packed,
                steps: 1,
                tile,
                abreast,
            };
            projected::shader::kernels(&variant, Integers::Pairs).to_vec()
        };
        let whole = Whole {
            k: 4,
            sums,
            columns: 64,
            any_floor: false,
        };
        let roots = Roots::new(4, sums);
        let kernels: [(&str, Vec<Kernel>, &[Discard]); 5] = [
            (
                "swept",
                leaves(128, false),
                &[
                    Discard::Judge,
                    Discard::Sweep,
                    Discard::FarPair,
                    Discard::Floats,
                ],
            ),
            ("summed", leaves(0, false), &[Discard::Judge]),
            ("abreast", leaves(0, true), &[Discard::Judge]),
            (
                "complete",
                vec![complete::shader::kernel(&whole, Integers::Pairs)],
                &[Discard::Covariances],
            ),
            (
                "levels",
                levels::shader::kernels(&roots, Integers::Pairs).to_vec(),
                &[Discard::Judge, Discard::Prune],
            ),
        ];
        for (name, kernels, places) in &kernels {
            for place in Discard::ALL {
                for wrong in Wrong::ALL {
                    let fault = Some(Fault::Discards(place, wrong));
                    let bends =
                        |kernel: &Kernel| Fault::bend(fault, &kernel.source) != kernel.source;
                    assert_eq!(
                        kernels.iter().any(bends),
                        places.contains(&place),
                        "{name}, {place:?}, {wrong:?}"
                    );
                }
            }
        }
    }
}
