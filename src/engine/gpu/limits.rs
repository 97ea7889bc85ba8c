//! What a device allows, as plain numbers, and the one list of checks that every plan goes through. Knows
//! no device.

use super::layout::{RECORD_BYTES, WORKGROUP};
use crate::engine::EngineError;
use serde::Serialize;
use std::ops::Range;

/// Limits that decide tiling. A test may lower any of them to force small tiles.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Limits {
    /// Bytes of one storage buffer as a shader sees it.
    pub max_storage_binding: u64,
    /// Bytes of one buffer.
    pub max_buffer: u64,
    /// Bytes of memory that a workgroup shares.
    pub workgroup_memory: u32,
    /// Invocations in a workgroup.
    pub invocations: u32,
    /// Workgroups along one side of a dispatch.
    pub workgroups_per_side: u32,
    /// How often the loops of a shader may be entered or repeated in one invocation, all loops together and
    /// the check that ends each counted too. A device does not say, so it is not shown.
    #[serde(skip)]
    pub loop_turns: u32,
    /// Lanes of a subgroup of an adapter whose loads go through its lanes one by one, so that the
    /// fewest loads are the fastest; 0 where a load is for all lanes at once, as on every real GPU.
    /// A device does not say, so it is not shown.
    #[serde(skip)]
    pub lane_loads: u32,
    /// Sets in one dispatch; ours, not the device's.
    #[serde(skip)]
    pub chunk: u32,
    /// Survivors that one dispatch may report; ours, not the device's.
    #[serde(skip)]
    pub survivors: u32,
}

/// Most sets of the first chunk. Without a floor each costs the host an exact finish, and a thousand
/// fill the top of most searches.
pub(super) const FIRST_CHUNK: u64 = 1024;

impl Limits {
    /// Most sets in one dispatch. 2^22 take milliseconds on a fast GPU, where a submission costs
    /// tens of microseconds; more would only make the buffers larger.
    pub const CHUNK: u32 = 1 << 22;

    /// Most survivors of one dispatch: 256 KiB. Each costs the host a microsecond or so, so a
    /// dispatch with more is better split, the floor rising in between.
    pub const SURVIVORS: u32 = 1 << 16;

    /// [`Self::loop_turns`] of Mesa's llvmpipe. It ends every loop of a shader once
    /// its loops took so many turns together, and goes on behind it as if all were well (seen with Mesa
    /// 22.3). No other adapter is known to.
    pub const LLVMPIPE_LOOP_TURNS: u32 = 65_535;

    /// The smaller of each limit.
    #[must_use]
    pub fn at_most(&self, other: &Self) -> Self {
        Self {
            max_storage_binding: self.max_storage_binding.min(other.max_storage_binding),
            max_buffer: self.max_buffer.min(other.max_buffer),
            workgroup_memory: self.workgroup_memory.min(other.workgroup_memory),
            invocations: self.invocations.min(other.invocations),
            workgroups_per_side: self.workgroups_per_side.min(other.workgroups_per_side),
            loop_turns: self.loop_turns.min(other.loop_turns),
            lane_loads: self.lane_loads.min(other.lane_loads),
            chunk: self.chunk.min(other.chunk),
            survivors: self.survivors.min(other.survivors),
        }
    }

    /// Limits no larger than a search of these ranks takes, in whole workgroups.
    #[must_use]
    pub fn for_sets(&self, ranks: Range<u128>) -> Self {
        let groups = (ranks.end - ranks.start).div_ceil(WORKGROUP.into()).max(1);
        let sets = groups.saturating_mul(WORKGROUP.into());
        let chunk = u32::try_from(sets).map_or(self.chunk, |sets| sets.min(self.chunk));
        Self {
            chunk,
            survivors: self.survivors.min(chunk),
            ..*self
        }
    }

    /// Limits that make smaller tiles, for a device that failed: half of the sets in a dispatch and half of
    /// the survivors, but never fewer than a workgroup of sets and one survivor.
    #[must_use]
    pub fn halved(&self) -> Self {
        Self {
            chunk: (self.chunk / 2).max(WORKGROUP.min(self.chunk)),
            survivors: (self.survivors / 2).max(1.min(self.survivors)),
            ..*self
        }
    }

    /// Workgroups along x and y that cover `groups`, of which there are some.
    #[must_use]
    pub fn grid(&self, groups: u32) -> (u32, u32) {
        let x = groups.min(self.workgroups_per_side);
        (x, groups.div_ceil(x))
    }

    /// Bytes that one storage buffer may have: a shader counts its words in 32 bits.
    #[must_use]
    pub fn storage(&self) -> u64 {
        let words = (self.max_storage_binding.min(self.max_buffer) / 4).min(u64::from(u32::MAX));
        words * 4
    }

    /// Whether there is as much of everything as `needs` says.
    ///
    /// # Errors
    /// The first thing that there is less of.
    pub(super) fn hold(&self, needs: &Needs<'_>) -> Result<(), Excess> {
        let storage = self.storage();
        let in_common = [
            (
                "invocations in a workgroup",
                WORKGROUP.into(),
                self.invocations,
            ),
            (
                "bytes of workgroup memory",
                needs.shared,
                self.workgroup_memory,
            ),
            ("workgroups in a dispatch", 1, self.workgroups_per_side),
            ("sets in a dispatch", needs.sets, self.chunk),
            ("survivors in a buffer", 1, self.survivors),
        ];
        let in_common = in_common.map(|(what, need, have)| (what.to_owned(), need, have.into()));
        let buffers = [("results", 2 * RECORD_BYTES)].into_iter();
        let buffers = buffers.chain(needs.storage.iter().copied());
        let buffers = buffers.map(|(what, need)| {
            (
                format!("bytes of a storage buffer for {what}"),
                need,
                storage,
            )
        });
        let others = needs.others.iter();
        let others = others.map(|&(what, need, have)| (what.to_owned(), need, have));
        let mut all = others.chain(in_common).chain(buffers);
        match all.find(|(_, need, have)| need > have) {
            None => Ok(()),
            Some((what, need, have)) => Err(Excess::new(what, need, have)),
        }
    }

    /// How many workgroups may report, one at least. Records and survivors are read back in one buffer:
    /// half of it each.
    pub(super) fn reporting(&self) -> u64 {
        let side = u64::from(self.workgroups_per_side);
        (side * side).min(self.storage() / 2 / RECORD_BYTES).max(1)
    }

    /// How many survivors of `bytes` each have room, one at least, beside their count and the clock's
    /// stamps.
    pub(super) fn reported(&self, bytes: u64) -> u64 {
        let room = (self.storage() / 2 / bytes).saturating_sub(8);
        room.min(self.survivors.into()).max(1)
    }
}

/// What a plan needs, of a device or at all.
#[derive(Clone, Copy, Debug)]
pub(super) struct Needs<'n> {
    /// Bytes that a workgroup shares.
    pub(super) shared: u64,
    /// Fewest sets of a dispatch.
    pub(super) sets: u64,
    /// Bytes of storage buffers, and what each is for.
    pub(super) storage: &'n [(&'static str, u64)],
    /// Anything else: what, how much this search takes, and how much it may.
    pub(super) others: &'n [(&'static str, u64, u64)],
}

/// Something that this search needs more of than there is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Excess {
    /// Name of the thing.
    pub what: String,
    /// How much of it this search takes.
    pub need: String,
    /// How much of it there is.
    pub have: String,
}

impl Excess {
    /// From anything that prints.
    pub(super) fn new(what: impl Into<String>, need: impl ToString, have: impl ToString) -> Self {
        Self {
            what: what.into(),
            need: need.to_string(),
            have: have.to_string(),
        }
    }

    /// The engine's refusal, with a way out.
    pub(super) fn refusal(self) -> EngineError {
        EngineError::Refused {
            engine: "gpu",
            what: self.what,
            need: self.need,
            have: self.have,
            hint: "choose another engine",
        }
    }
}

/// The device that tests plan for.
#[cfg(test)]
pub(super) const TYPICAL: Limits = Limits {
    max_storage_binding: 128 << 20,
    max_buffer: 256 << 20,
    workgroup_memory: 32 << 10,
    invocations: 256,
    workgroups_per_side: 65_535,
    loop_turns: u32::MAX,
    lane_loads: 0,
    chunk: Limits::CHUNK,
    survivors: Limits::SURVIVORS,
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_grid_covers_all_workgroups() {
        let limits = Limits {
            workgroups_per_side: 7,
            ..TYPICAL
        };
        for groups in 1..=49 {
            let (x, y) = limits.grid(groups);
            assert!(x <= 7 && y <= 7 && x * y >= groups && x * (y - 1) < groups);
        }
    }

    #[test]
    fn the_first_thing_that_there_is_less_of_is_named_with_figures() {
        let needs = |storage, others| Needs {
            shared: 32 << 10,
            sets: 1 << 22,
            storage,
            others,
        };
        assert_eq!(
            TYPICAL.hold(&needs(&[("rows", 128 << 20)], &[("pairs", 9, 9)])),
            Ok(())
        );
        let excess = TYPICAL
            .hold(&needs(&[("rows", (128 << 20) + 1)], &[]))
            .unwrap_err();
        assert_eq!(excess.what, "bytes of a storage buffer for rows");
        assert_eq!(
            (excess.need.as_str(), excess.have.as_str()),
            ("134217729", "134217728")
        );
        let excess = TYPICAL.hold(&needs(&[], &[("pairs", 10, 9)])).unwrap_err();
        assert_eq!(excess, Excess::new("pairs", 10, 9));
        for (change, what) in [
            ((|l| l.invocations = 63) as fn(&mut Limits), "invocations"),
            (|l| l.workgroup_memory -= 1, "workgroup memory"),
            (|l| l.workgroups_per_side = 0, "workgroups"),
            (|l| l.chunk -= 1, "sets"),
            (|l| l.survivors = 0, "survivors"),
            (|l| l.max_buffer = 159, "results"),
        ] {
            let mut limits = TYPICAL;
            change(&mut limits);
            let excess = limits.hold(&needs(&[], &[])).unwrap_err();
            assert!(excess.what.contains(what), "{excess:?}");
        }
    }

    #[test]
    fn tiles_are_halved_from_what_a_search_takes_down_to_a_workgroup() {
        let sizes = |l: &Limits| (l.chunk, l.survivors);
        assert_eq!(sizes(&TYPICAL.for_sets(0..u128::MAX)), sizes(&TYPICAL));
        let small = TYPICAL.for_sets(10..155);
        assert_eq!(sizes(&small), (192, 192));
        assert_eq!(sizes(&small.halved()), (96, 96));
        assert_eq!(sizes(&small.halved().halved()), (64, 48));
        let smallest = Limits {
            chunk: 5,
            survivors: 1,
            ..TYPICAL
        };
        assert_eq!(sizes(&smallest.halved()), (5, 1));
    }
}
