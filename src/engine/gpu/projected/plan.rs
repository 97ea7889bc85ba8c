//! Sizes of everything the projected pipeline holds, from limits and the shape of the search, and
//! the choice between it and the flat one by counting work: pure.
//!
//! Nothing is tiled but chunks: the table and the largest possible stem must each fit a buffer.
//! What does not fit is refused with figures, and the flat pipeline, which tiles users, takes it.
//! Turns of loops are not planned for: how many a stem takes depends on who answered what, and the
//! most there can be would refuse nearly all. A chunk whose loops were cut short says so and is halved
//! (`shaders/shared/loops.wgsl`).

use super::super::job::{BEHIND_STEM, Job, Load};
use super::super::layout::{MAX_K, SumWidth, TALLY_BYTES, WORKGROUP};
use super::super::limits::{Excess, FIRST_CHUNK, Limits, Needs};
use super::super::order::Order;
use super::super::pack::{Packing, most_users, quads};
use super::super::ranks::RankTable;
use super::layout::{BATCH, LANES, MOST_TILE, QUEUE, STEM_BYTES, TILE_BYTES, TILE_USERS, Variant};
use super::sample::{Most, most_users as sampled};
use super::steps::Steps;
use super::table::row_words;

/// What decides the sizes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Shape {
    /// Q.
    pub questions: usize,
    /// Users with at least K answers.
    pub users: usize,
    /// Most users that a stem can have.
    pub stem_users: usize,
    /// Users of a stem on average.
    pub mean_stem_users: f64,
    /// Sets to visit.
    pub sets: u128,
    /// The highest shifted score, where there are steps.
    pub top: i32,
    /// The most users of stems and prefixes that were sampled, where leaves are swept.
    pub most: Most,
    /// What is compiled.
    pub variant: Variant,
}

/// The sizes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Most sets of a chunk.
    pub chunk: u32,
    /// Sets of the first chunk.
    pub first_chunk: u32,
    /// Most stems that a chunk may meet; with more it is split.
    pub stems: u32,
    /// Most workgroups of a dispatch.
    pub workgroups: u32,
    /// Words of scratch, for the users of all stems of a chunk.
    pub room: u32,
    /// Survivors that a chunk may report.
    pub survivors: u32,
    /// Outer users that the list of a prefix has room for; 0 where nothing is swept.
    pub list: u32,
}

impl Plan {
    /// Bytes of the lists of a workgroup with room for so many users.
    fn list_bytes(list: u32) -> u64 {
        4 * u64::from(list / 2) * u64::from(BATCH)
    }

    /// Bytes of the lists of all workgroups.
    #[must_use]
    pub fn lists(&self) -> u64 {
        Self::list_bytes(self.list) * u64::from(self.workgroups)
    }
}

/// Sets of a chunk for each that a flat one has: they take a hundredth of the time or less.
const SETS_FOR_ONE: u64 = 16;

/// Bytes of scratch for each set of a flat chunk: 512 MiB in all.
const SCRATCH_FOR_ONE: u64 = 128;

/// Most workgroups: a large GPU holds some two thousand at a time, and each leaves a record and has lists.
const WORKGROUPS: u64 = 1 << 12;

/// Most stems of a chunk: their entries take a megabyte.
const STEMS: u64 = 1 << 16;

/// Offsets within a chunk and a stem are 32 bits and a difference of two of them 31.
const MOST_SETS: u64 = 1 << 29;

/// Largest K with leaves abreast: a user's steps on a stem have four bits there.
const ABREAST_K: usize = 12;

/// Most steps on a set that is swept: a user's steps on a stem have six bits in the tile.
const MOST_STEPS_OF_SET: u64 = 63;

/// Most users with which leaves are abreast. There a lane goes through an eighth of a stem's users, twice
/// in expand.wgsl, and llvmpipe bounds the turns of its loops ([`Limits::LLVMPIPE_LOOP_TURNS`]): a stem of
/// all of them takes half of those.
const ABREAST_USERS: usize = 1 << 17;

/// Workgroup memory that a tile may take at the most, all told: more users mean fewer workgroups at a time.
const MOST_MEMORY: u32 = 48 << 10;

/// Workgroup memory where nothing is swept: half as many tallies as lanes, three words a lane of scans and masks
/// and one for eight lanes, the queue, and four words for all.
const UNSWEPT_BYTES: u64 = WORKGROUP as u64 * (TALLY_BYTES / 2 + 12)
    + (WORKGROUP as u64) / 8 * 4
    + (QUEUE as u64) * 4
    + 16;

/// Workgroup memory besides the tile where there is a sweep: three words a prefix more, and two for all.
const SWEPT_BYTES: u64 = UNSWEPT_BYTES + (BATCH as u64) * 12 + 8;

/// Users of a tile in this much workgroup memory.
#[must_use]
pub fn tile_users(workgroup_memory: u32) -> u32 {
    let bytes = u64::from(workgroup_memory).saturating_sub(SWEPT_BYTES);
    ((bytes / TILE_BYTES) as u32 * TILE_USERS).min(MOST_TILE - TILE_USERS)
}

/// Bytes that a workgroup shares, with a tile of this many users.
#[must_use]
pub fn workgroup_bytes(tile: u32) -> u64 {
    match tile {
        0 => UNSWEPT_BYTES,
        tile => SWEPT_BYTES + u64::from(tile / TILE_USERS) * TILE_BYTES,
    }
}

/// The tile for stems of no more users than the largest that was sampled has, and a tenth: nearly all
/// stems. As large as there is memory for where that is less.
#[must_use]
pub fn tile(workgroup_memory: u32, most: Most) -> u32 {
    let wanted = (most.stem.saturating_add(most.stem / 10)).next_multiple_of(TILE_USERS);
    wanted
        .clamp(TILE_USERS, MOST_TILE)
        .min(tile_users(workgroup_memory.min(MOST_MEMORY)))
}

/// Room in the list of a prefix: for all users of the largest prefix that was sampled, and a tenth. Outer users
/// are some two thirds of them.
fn list(most: Most, tile: u32) -> u32 {
    let wanted = (most.prefix.saturating_add(most.prefix / 10)).next_multiple_of(32);
    wanted.clamp(32, tile.max(32))
}

/// Whether sums of squares of totals stay below 2^26, as the bounds of `abreast` and the sweep ask.
fn has_small_sums(packing: &Packing) -> bool {
    packing.variant.sums == SumWidth::Narrow && packing.widest_sum <= i128::from(i32::MAX) / 32
}

/// Most questions of a table that is swept: the prefixes that a user is met in, times 2 column + 1 and in Q / 32 words
/// each, are counted in 32 bits.
const SWEPT_QUESTIONS: u64 = 1 << 12;

/// Whether the closed form of a user's leaves stays within 31 bits and a sign: at most Q (Q - 1) / 2 of them with
/// at most twice the steps of a set each, in either sense.
fn has_small_forms(questions: u64, steps_of_set: u64) -> bool {
    let pairs = questions * questions.saturating_sub(1) / 2;
    questions <= SWEPT_QUESTIONS
        && steps_of_set <= MOST_STEPS_OF_SET
        && pairs.saturating_mul(4 * steps_of_set * steps_of_set) <= u64::from(u32::MAX / 2)
}

impl Shape {
    /// The shape of `job` on a device with these limits.
    pub(in super::super) fn of(job: &Job<'_>, limits: &Limits) -> Self {
        let (load, packing) = (job.load(), &job.packing);
        let users = load.users as usize;
        let mean_stem_users = load.stem_users;
        let k = packing.variant.k;
        let found = *job.once(|| Steps::of(job.matrix, packing));
        let Steps { top, steps } = found.unwrap_or(Steps { top: 0, steps: 0 });
        let small = has_small_sums(packing);
        let abreast = small
            && packing.variant.score_bits == 1
            && k <= ABREAST_K
            && limits.lane_loads == LANES
            && users <= ABREAST_USERS;
        let forms = has_small_forms(job.questions() as u64, k as u64 * u64::from(steps));
        let (mut most, mut tile_of) = (Most::default(), 0);
        if small && forms && steps > 0 && !abreast {
            most = *job.once(|| sampled(job.matrix, k));
            tile_of = tile(limits.workgroup_memory, most);
        }
        Self {
            questions: job.questions(),
            users,
            stem_users: most_users(job.matrix, job.query.k().saturating_sub(BEHIND_STEM))
                .min(users),
            mean_stem_users,
            sets: job.sets,
            top,
            most,
            variant: Variant {
                packed: packing.variant,
                steps,
                tile: tile_of,
                abreast,
            },
        }
    }

    /// Words of scratch of a stem with this many users, and as many questions behind it as can be.
    fn stem_words(&self, users: u64) -> u64 {
        let columns = (self.questions + 1).saturating_sub(self.variant.packed.k) as u64 + 1;
        let pieces = u64::from(self.variant.pieces());
        128 * users.div_ceil(32) + 4 * users.div_ceil(128) * columns * (1 + pieces)
    }
}

/// Integer operations for a set, as the shaders' heads count them.
#[must_use]
pub fn operations(load: &Load) -> f64 {
    let depth = (load.k - BEHIND_STEM as f64).max(0.0);
    let stem = load.stem_users;
    let blocks = (stem / 32.0).ceil();
    // Half of the questions lie behind a stem, or fewer.
    let behind = load.questions / 2.0;
    let columns = match load.score_bits {
        1 => (behind / 32.0 + 1.0) * 1_300.0,
        _ => behind * 32.0 * 13.0,
    };
    let expand = 2.0 * depth * load.words() + stem * (depth + 2.0) * 3.0 + blocks * columns;
    let leaf = blocks * 5.0 + load.set_users * 25.0 + 440.0;
    expand / sets_of_a_stem(load.questions, load.k) + leaf
}

/// Sets of a stem on average: C(Q, K) / C(Q − 2, K − 2).
fn sets_of_a_stem(questions: f64, k: f64) -> f64 {
    questions * (questions - 1.0) / (k * (k - 1.0)).max(1.0)
}

impl Plan {
    /// Sizes for a search of this shape.
    ///
    /// # Errors
    /// The first thing that does not fit.
    pub fn new(limits: &Limits, shape: &Shape) -> Result<Self, Excess> {
        let Variant { packed, tile, .. } = shape.variant;
        let k = packed.k;
        let questions = shape.questions as u64;
        let (_, row_words) = row_words(shape.questions, &shape.variant);
        let list = match tile {
            0 => 0,
            tile => list(shape.most, tile),
        };
        let lists = Self::list_bytes(list);
        // Columns and rows are there once for each face.
        let faces = match Order::of_all(shape.questions, k) {
            Order::Ranks => 1,
            Order::Halves => 2,
        };
        let words = 4 * quads(shape.users) as u64;
        let storage = limits.storage();
        let largest = 4 * shape.stem_words(shape.stem_users as u64).max(1);
        limits.hold(&Needs {
            shared: workgroup_bytes(tile),
            sets: WORKGROUP.into(),
            storage: &[
                (
                    "the binomials",
                    RankTable::bytes(shape.questions, k) + 16 * (k as u64) * (questions + 2),
                ),
                ("columns", faces * 4 * words * questions),
                ("rows", faces * 4 * 32 * words * row_words as u64),
                ("scratch, for the users of one stem", largest),
                ("lists, of one workgroup", lists),
            ],
            others: &[
                (
                    "the projected pipeline's questions of a set",
                    BEHIND_STEM as u64 + 1,
                    k as u64,
                ),
                ("questions of a set", k as u64, MAX_K as u64),
                (
                    "sets of one stem",
                    questions * questions.saturating_sub(1) / 2,
                    MOST_SETS,
                ),
            ],
        })?;
        let flat_chunk = u64::from(limits.chunk);
        // Claims of all stems of a chunk, also of those without room, are counted in 32 bits.
        let stems = STEMS
            .min(storage / STEM_BYTES)
            .min(u64::from(u32::MAX) / (largest / 4))
            .max(1);
        let room = (flat_chunk * SCRATCH_FOR_ONE)
            .max(largest)
            .min(stems.saturating_mul(largest))
            .min(storage)
            .min(4 * u64::from(u32::MAX));
        // As many stems as are likely to have room, and as many sets as they are likely to have.
        let mean_words = shape.stem_words(shape.mean_stem_users.ceil() as u64).max(1);
        let likely = (room / 4 / mean_words).clamp(1, stems);
        let likely_sets = likely as f64 * sets_of_a_stem(shape.questions as f64, k as f64) / 2.0;
        let grain = u64::from(WORKGROUP);
        // The cast saturates.
        let mut chunk = (flat_chunk * SETS_FOR_ONE)
            .min(MOST_SETS)
            .min(likely_sets.max(1.0) as u64);
        if let Ok(sets) = u64::try_from(shape.sets) {
            // At least one, also of an empty range: an empty buffer cannot be bound.
            chunk = chunk.min(sets.max(1));
        }
        let chunk = chunk.div_ceil(grain) * grain;
        let survivors = limits.reported(4).min(chunk);
        // No more than a chunk can have stems, which each have a set of it; and their lists are one buffer.
        let listed = storage / lists.max(1);
        let workgroups = limits.reporting().min(WORKGROUPS).min(stems);
        let workgroups = workgroups.min(chunk).min(listed);
        // Each is below 2^32 by the bounds above.
        Ok(Self {
            chunk: chunk as u32,
            first_chunk: FIRST_CHUNK.min(chunk).min(survivors) as u32,
            stems: stems as u32,
            workgroups: workgroups as u32,
            room: (room / 4) as u32,
            survivors: survivors as u32,
            list,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::flat::plan as flat;
    use super::super::super::layout;
    use super::super::super::limits::TYPICAL;
    use super::*;

    fn benchmark() -> Shape {
        Shape {
            questions: 200,
            users: 60_000,
            stem_users: 12_300,
            mean_stem_users: 480.0,
            sets: 2_535_650_040,
            top: 0,
            most: Most {
                stem: 549,
                prefix: 126,
            },
            variant: Variant {
                packed: layout::Variant {
                    k: 5,
                    score_bits: 1,
                    sums: SumWidth::Narrow,
                },
                steps: 1,
                tile: 640,
                abreast: false,
            },
        }
    }

    #[test]
    fn the_tile_has_room_for_nearly_all_stems_where_there_is_memory() {
        let most = |stem| Most { stem, prefix: 0 };
        assert_eq!(tile(48 << 10, most(549)), 640);
        assert_eq!(tile(48 << 10, most(5)), 128);
        assert_eq!(tile(48 << 10, most(900_000)), tile_users(48 << 10));
        assert_eq!(tile(64 << 10, most(900_000)), tile_users(48 << 10));
        assert_eq!(tile(20 << 10, most(2_400)), tile_users(20 << 10));
        assert_eq!(tile(1 << 10, most(10)), 0);
        assert!(tile_users(u32::MAX) < MOST_TILE);
        for memory in [6_700, 16 << 10, 32 << 10, 48 << 10] {
            let bytes = workgroup_bytes(tile_users(memory));
            assert!(bytes <= u64::from(memory) && bytes + TILE_BYTES > u64::from(memory));
        }
        let prefixes = |prefix| Most { stem: 0, prefix };
        assert_eq!(list(prefixes(126), 640), 160);
        assert_eq!(
            (list(prefixes(0), 640), list(prefixes(9_999), 640)),
            (32, 640)
        );
    }

    #[test]
    fn closed_forms_that_could_leave_31_bits_are_refused() {
        // 2 * 25 steps on each of 19,900 leaves, squared: 5 * 10^7; with 2,000 questions 5 * 10^9.
        assert!(has_small_forms(200, 25) && !has_small_forms(2_000, 25));
        assert!(has_small_forms(200, 63) && !has_small_forms(200, 64));
        assert!(has_small_forms(4_096, 3) && !has_small_forms(4_097, 3));
    }

    #[test]
    fn one_stem_always_has_room_and_claims_never_wrap() {
        for chunk in [64, 1 << 12, Limits::CHUNK] {
            for (questions, stem_users) in [(200, 12_300), (2_000, 40_000), (10, 5)] {
                let limits = Limits { chunk, ..TYPICAL };
                let shape = Shape {
                    questions,
                    stem_users,
                    ..benchmark()
                };
                let plan = Plan::new(&limits, &shape).unwrap();
                let largest = shape.stem_words(stem_users as u64);
                assert!(u64::from(plan.room) >= largest);
                assert!(u64::from(plan.stems) * largest <= u64::from(u32::MAX));
                assert!(u64::from(plan.room) * 4 <= limits.storage());
                assert!(plan.chunk.is_multiple_of(WORKGROUP) && plan.workgroups <= plan.stems);
                assert!(plan.first_chunk <= plan.survivors && plan.survivors <= plan.chunk);
            }
        }
    }

    /// Nearly all questions are in a set, so that a stem has less than two, and a search of a few
    /// sets has scratch for one stem; and where there is no set to visit.
    #[test]
    fn a_chunk_has_sets_where_stems_have_hardly_any() {
        let mut shape = Shape {
            questions: 9,
            users: 192,
            stem_users: 192,
            mean_stem_users: 190.0,
            sets: 36,
            ..benchmark()
        };
        shape.variant.packed.k = 7;
        shape.variant.packed.score_bits = 16;
        for sets in [36, 0] {
            shape.sets = sets;
            let plan = Plan::new(&TYPICAL.for_sets(0..sets), &shape).unwrap();
            assert_eq!([plan.chunk, plan.first_chunk, plan.survivors], [64; 3]);
        }
    }

    #[test]
    fn what_does_not_fit_is_refused_with_figures() {
        let refused = |change: fn(&mut Limits, &mut Shape)| {
            let (mut limits, mut shape) = (TYPICAL, benchmark());
            change(&mut limits, &mut shape);
            Plan::new(&limits, &shape).unwrap_err()
        };
        assert_eq!(refused(|_, s| s.variant.packed.k = 2).have, "2");
        assert_eq!(
            refused(|_, s| s.variant.packed.k = MAX_K + 1).have,
            MAX_K.to_string()
        );
        let tile = refused(|l, _| l.workgroup_memory = 8 << 10);
        assert!(tile.what.contains("workgroup memory"), "{tile:?}");
        let columns = refused(|l, _| l.max_buffer = 1 << 20);
        // By halves both are there twice.
        assert_eq!(columns.need, (2 * 4 * 1876 * 200).to_string());
        let rows = refused(|_, s| {
            s.users = 200_000;
            s.variant.packed.score_bits = 32;
            s.variant.steps = 0;
        });
        assert_eq!(rows.need, (2 * 4 * 200_064 * 207).to_string());
        let stem = refused(|_, s| {
            s.users = 32;
            s.questions = 40_000;
            s.stem_users = 32;
        });
        assert_eq!(stem.need, (40_000_u64 * 39_999 / 2).to_string());
        let scratch = refused(|_, s| {
            s.stem_users = 200_000;
            s.variant.packed.score_bits = 32;
            s.variant.steps = 0;
        });
        assert!(scratch.what.contains("scratch"), "{scratch:?}");
        assert_eq!(refused(|l, _| l.survivors = 0).have, "0");
        assert_eq!(refused(|l, _| l.chunk = 63).need, "64");
    }

    #[test]
    fn work_is_counted_for_both_pipelines() {
        let load = Load {
            questions: 200.0,
            k: 5.0,
            score_bits: 1,
            users: 60_000.0,
            stem_users: 480.0,
            set_users: 19.2,
            sets: 2_535_650_040.0,
        };
        assert!(operations(&load) * 10.0 < flat::operations(&load));
        // A stem that has as many users as the table, and few sets of each.
        let narrow = Load {
            questions: 8.0,
            users: 64.0,
            stem_users: 60.0,
            set_users: 55.0,
            ..load
        };
        assert!(operations(&narrow) > flat::operations(&narrow));
    }
}
