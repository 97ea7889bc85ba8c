//! Sizes of everything the complete pipeline holds, from limits and the shape of the table: pure.
//!
//! Sets are tiled into chunks and these into workgroups' shares. Questions are not tiled: their
//! covariances must fit a binding, and a few numbers for each of them the memory of a workgroup.
//! What does not fit is refused with figures, and the search takes another pipeline.

use super::super::job::Load;
use super::super::layout::{MAX_K, SumWidth, TALLY_BYTES, WORKGROUP};
use super::super::limits::{Excess, Limits, Needs};
use super::super::ranks::RankTable;
use super::layout::{floats_of, wholes_of};

/// Most workgroups of a dispatch: several times what the largest GPU runs at once, so that it is
/// evenly loaded to the end; 0.8 MB of records for the host to add up.
const MOST_GROUPS: u64 = 8192;

/// Fewest sets of a workgroup, unless the chunk has no more: what it costs to enter the share (one
/// unranking, one stem from nothing) is as much as a few hundred leaves.
const LEAST_SHARE: u32 = 512;

/// Most sets of a workgroup.
const MOST_SHARE: u32 = 8192;

/// Most leaves of a share that one lane visits, but for one more in 64 of the questions: the places
/// of the folded rectangle, the masked ones of up to three rows included, are dealt out in turn.
pub(super) const MOST_LANE_LEAVES: u32 = MOST_SHARE / WORKGROUP + 2;

/// A set costs so much less here than in the flat pipeline, for which [`Limits::chunk`] is meant.
const CHEAPER: u64 = 16;

/// Sets of the first chunk. Without a floor each of them costs the host an exact finish, a millisecond
/// at 60,000 users, and so do those of the chunks in flight beside it.
const FIRST_CHUNK: u64 = 1 << 8;

/// The sizes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Plan {
    /// Questions that a workgroup has room for.
    pub(super) columns: u32,
    /// Most workgroups of a dispatch.
    pub(super) groups: u32,
    /// Most sets of a chunk.
    pub(super) most: u32,
    /// Sets of the first chunk.
    pub(super) first: u32,
    /// Survivors that a chunk may report.
    pub(super) survivors: u32,
}

/// Bytes of an integer of this width.
fn whole_bytes(width: SumWidth) -> u64 {
    match width {
        SumWidth::Narrow => 4,
        SumWidth::Wide => 8,
    }
}

/// Bytes that a workgroup shares: `tallies`; `stem`, `part_x` and `part_saa` of K each, rounded up
/// to 8 bytes; `next` and `before`; `before_x`, `before_saa`, `step_x` and `step_saa`.
#[must_use]
pub fn workgroup_bytes(k: usize, width: SumWidth, columns: u32) -> u64 {
    let whole = whole_bytes(width);
    u64::from(WORKGROUP) * TALLY_BYTES / 2
        + k as u64 * (8 + whole)
        + 16
        + 32
        + u64::from(columns) * 2 * (4 + whole)
}

/// Integer operations for a set: those of its leaf, as the shader's head counts them, and its part of what
/// the host does beforehand.
///
/// The host makes Q²/2 products over all users, each as much as a column of a set is in the flat pipeline,
/// which so gets searches of few sets.
pub(super) fn operations(load: &Load, any_floor: bool) -> f64 {
    let product = 3.0 * load.words() + 4.0 * load.users;
    let leaf = if any_floor { 54.0 } else { 45.0 };
    leaf + load.questions * load.questions / 2.0 * product / load.sets
}

impl Plan {
    /// Tiles a search of sets of `k` of `questions` questions.
    ///
    /// # Errors
    /// The first thing that does not fit.
    pub(super) fn new(
        limits: &Limits,
        questions: usize,
        k: usize,
        width: SumWidth,
    ) -> Result<Self, Excess> {
        // Whole multiples, so that few variants are compiled.
        let columns = (questions as u64).next_multiple_of(WORKGROUP.into()) as u32;
        let wholes = wholes_of(questions) as u64 * whole_bytes(width);
        limits.hold(&Needs {
            shared: workgroup_bytes(k, width, columns),
            sets: 1,
            storage: &[
                ("the binomials", RankTable::bytes(questions, k)),
                ("covariances", floats_of(questions) as u64 * 4),
                ("products", wholes),
            ],
            others: &[("questions of a set", k as u64, MAX_K as u64)],
        })?;
        let groups = limits.reporting().min(MOST_GROUPS);
        let most = (groups * u64::from(MOST_SHARE)).min(u64::from(limits.chunk) * CHEAPER);
        let survivors = limits.reported(4);
        Ok(Self {
            columns,
            groups: groups as u32,
            most: most as u32,
            first: FIRST_CHUNK.min(most) as u32,
            survivors: survivors as u32,
        })
    }

    /// Sets of a workgroup, in a chunk of `sets`.
    pub(super) fn share(&self, sets: u32) -> u32 {
        sets.div_ceil(self.groups).max(LEAST_SHARE)
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::flat::plan as flat;
    use super::super::super::limits::TYPICAL;
    use super::*;

    #[test]
    fn few_sets_are_left_to_the_flat_pipeline() {
        let cheaper = |questions: f64, k: f64, sets: f64| {
            let load = Load {
                questions,
                k,
                score_bits: 1,
                users: 60_000.0,
                stem_users: 60_000.0,
                set_users: 60_000.0,
                sets,
            };
            operations(&load, true) < flat::operations(&load)
        };
        assert!(cheaper(200.0, 5.0, 2_535_650_040.0));
        assert!(cheaper(200.0, 2.0, 19_900.0));
        assert!(!cheaper(200.0, 5.0, 2_500.0) && cheaper(200.0, 5.0, 4_000.0));
    }

    #[test]
    fn shares_cover_a_chunk_with_no_more_workgroups_than_there_are() {
        let plan = Plan::new(&TYPICAL, 200, 5, SumWidth::Narrow).unwrap();
        assert_eq!((plan.columns, plan.most), (256, 1 << 26));
        for sets in [1, 511, 512, 513, 1 << 20, (1 << 26) - 1, 1 << 26] {
            let share = plan.share(sets);
            assert!(share <= MOST_SHARE);
            assert!(sets.div_ceil(share) <= plan.groups, "{sets}");
        }
        let side = Limits {
            workgroups_per_side: 3,
            ..TYPICAL
        };
        let plan = Plan::new(&side, 200, 5, SumWidth::Narrow).unwrap();
        assert_eq!((plan.groups, plan.most), (9, 9 * MOST_SHARE));
        assert_eq!(plan.share(plan.most), MOST_SHARE);
    }

    #[test]
    fn memory_of_a_workgroup_decides_how_many_questions_fit() {
        let most = |memory: u32, width| {
            let limits = Limits {
                workgroup_memory: memory,
                ..TYPICAL
            };
            (1..4000)
                .take_while(|&questions| Plan::new(&limits, questions.max(5), 5, width).is_ok())
                .count()
        };
        let (narrow, wide) = (SumWidth::Narrow, SumWidth::Wide);
        assert_eq!([most(16 << 10, narrow), most(16 << 10, wide)], [832, 576]);
        assert_eq!([most(32 << 10, narrow), most(32 << 10, wide)], [1856, 1216]);
        assert_eq!([most(48 << 10, narrow), most(48 << 10, wide)], [2880, 1920]);
    }

    #[test]
    fn what_does_not_fit_is_refused_with_figures() {
        let refused = |change: fn(&mut Limits)| {
            let mut limits = TYPICAL;
            change(&mut limits);
            Plan::new(&limits, 100, 3, SumWidth::Narrow).unwrap_err()
        };
        assert_eq!(refused(|l| l.invocations = 63).need, "64");
        assert_eq!(refused(|l| l.survivors = 0).have, "0");
        assert_eq!(refused(|l| l.chunk = 0).have, "0");
        assert_eq!(refused(|l| l.max_buffer = 81_199).need, "81200");
        let memory = refused(|l| l.workgroup_memory = 4096);
        assert_eq!(memory.what, "bytes of workgroup memory");
        let k = Plan::new(&TYPICAL, 400, MAX_K + 1, SumWidth::Narrow).unwrap_err();
        assert_eq!(k.need, (MAX_K + 1).to_string());
    }
}
