//! Sizes of everything the levels pipeline holds, from limits and the shape of the search, and when it is
//! worth its while: pure.
//!
//! Two frontiers, which take turns, have a fixed size. A chunk whose prefixes of some level do not fit is
//! thrown away and halved. A chunk of one set has one prefix in each level, with no more users than its root,
//! and that much room there always is. So memory is bounded whatever K is.

use super::super::layout::{RECORD_BYTES, TALLY_BYTES, WORKGROUP};
use super::super::limits::{Excess, Limits};
use super::super::pack::Packing;
use super::layout::{CLAIMED_FLAGS, PREFIX_BYTES, USER_BYTES, Variant};
use super::table;
use crate::matrix::ResponseMatrix;
use rand::seq::index::sample;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// What decides the sizes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// Q.
    pub questions: usize,
    /// K.
    pub k: usize,
    /// Users with at least K answers.
    pub users: usize,
    /// Their answers.
    pub answers: usize,
    /// Most answers of a user.
    pub most_answers: usize,
    /// No sum of a user's shifted scores is larger.
    pub widest_tail: i128,
    /// Most users that a root can have.
    pub root_users: usize,
    /// Fewer make a set undefined.
    pub min_users: u64,
    /// Sets to visit.
    pub sets: u128,
    /// What is compiled.
    pub variant: Variant,
}

/// The sizes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Most sets of a chunk.
    pub chunk: u128,
    /// Sets of the first chunk.
    pub first_chunk: u32,
    /// Most roots that a chunk may meet; with more it is split.
    pub roots: u32,
    /// Workgroups of each step.
    pub workgroups: u32,
    /// Prefixes that a frontier has room for.
    pub prefixes: u32,
    /// Users that it has room for.
    pub room: u32,
    /// Survivors that a chunk may report.
    pub survivors: u32,
}

/// Bytes of a frontier for each set of a flat chunk: 256 MiB, where there is that much.
const FRONTIER_FOR_ONE: u64 = 64;

/// As many roots' users as there is room for at least, but no more than a flat chunk has sets: also few sets
/// may have many users.
const ROOTS_IN_FRONTIER: u64 = 256;

/// Most workgroups: a large GPU holds a few thousand at a time, and each leaves a record.
const WORKGROUPS: u64 = 1 << 12;

/// The same where loads go lane by lane, as on software adapters: there a workgroup costs its time, and
/// those that run at a time are few.
const WORKGROUPS_BY_LANES: u64 = 1 << 6;

/// Most roots of a chunk.
const ROOTS: u32 = 1 << 22;

/// Sets of the first chunk, as in the flat plan.
const FIRST_CHUNK: u64 = 1024;

/// Words of a survivor: its offset.
pub const SURVIVOR_WORDS: usize = 4;
const SURVIVOR_BYTES: u64 = 4 * SURVIVOR_WORDS as u64;

/// Workgroup memory: tallies and sets of lanes, sums over them, and some words of the driver's.
pub const WORKGROUP_BYTES: u64 = WORKGROUP as u64 * (TALLY_BYTES + 8 + 8) + 192;

/// Stems, all but two questions of a set, that are looked at to see how many have the users that a set
/// needs, and the most of them that may for this pipeline to pay: a stem without is nothing here, and as
/// dear as another in the projected one; but one with them has each of its leaves summed, where the other
/// discards most.
const STEMS_LOOKED_AT: usize = 512;
const STEMS_WITH_USERS: usize = STEMS_LOOKED_AT / 4;

/// Questions of a stem less than of a set.
const BEHIND_STEM: usize = 2;

impl Shape {
    /// Of a search over `sets` ranks of a table packed like this.
    #[must_use]
    pub fn new(matrix: &ResponseMatrix, packing: &Packing, min_users: u64, sets: u128) -> Self {
        let k = packing.variant.k;
        let variant = Variant::new(k, packing.variant.sums);
        let (users, answers, most_answers) = table::counts(matrix, k);
        let questions = matrix.questions().len();
        let mut columns: Vec<_> = (0..questions)
            .map(|q| matrix.column(q).scores().len())
            .collect();
        columns.sort_unstable_by(|a, b| b.cmp(a));
        let root_users = columns.get(variant.root - 1).copied().unwrap_or(0);
        Self {
            questions,
            k,
            users,
            answers,
            most_answers,
            widest_tail: table::widest_tail(matrix, packing, most_answers),
            root_users: root_users.min(users),
            min_users,
            sets,
            variant,
        }
    }
}

/// Whether few stems have `min_users` users, by looking at some, the same ones each time.
#[must_use]
pub fn pays(matrix: &ResponseMatrix, k: usize, min_users: u64) -> bool {
    let questions = matrix.questions().len();
    let Some(depth) = k.checked_sub(BEHIND_STEM).filter(|&depth| depth > 0) else {
        return false;
    };
    let mut draw = ChaCha8Rng::seed_from_u64(0);
    let with_users = (0..STEMS_LOOKED_AT)
        .filter(|_| users_of_stem(matrix, depth, questions, &mut draw) >= min_users)
        .count();
    with_users <= STEMS_WITH_USERS
}

/// Users in common of `depth` questions drawn by chance.
fn users_of_stem(
    matrix: &ResponseMatrix,
    depth: usize,
    questions: usize,
    draw: &mut impl Rng,
) -> u64 {
    let mut chosen = sample(draw, questions, depth).into_iter();
    let first = chosen.next().map(|q| matrix.column(q).answered().to_vec());
    let mut users = first.unwrap_or_default();
    for q in chosen {
        for (word, other) in users.iter_mut().zip(matrix.column(q).answered()) {
            *word &= other;
        }
    }
    users.iter().map(|word| u64::from(word.count_ones())).sum()
}

impl Plan {
    /// Sizes for a search of this shape.
    ///
    /// # Errors
    /// The first thing that does not fit.
    pub fn new(limits: &Limits, shape: &Shape) -> Result<Self, Excess> {
        let &Shape { questions, k, .. } = shape;
        if k < 2 {
            return Err(Excess::new(
                "the levels pipeline's questions of a set",
                2,
                k,
            ));
        }
        if shape.widest_tail > i128::from(i32::MAX) {
            return Err(Excess::new(
                "a sum of a user's scores",
                shape.widest_tail,
                i32::MAX,
            ));
        }
        let storage = limits.storage();
        let root_users = shape.root_users as u64;
        // One prefix of a chunk of one set, and the one that it came from.
        let least = PREFIX_BYTES + USER_BYTES * root_users.max(1);
        let (_, binomials) = table::binomials_of(questions, k, shape.most_answers);
        let words = 4 * table::quads(shape.users) as u64;
        let rows = 8 * (table::row_words(questions) * shape.users.max(1)) as u64;
        let claimed = 4 * (CLAIMED_FLAGS + 2 * (k + 1)) as u64;
        // Users that a workgroup asks room for at once: 64 prefixes made of one.
        let claim = u64::from(WORKGROUP) * root_users.max(1);
        let needs = [
            (
                "invocations in a workgroup",
                u64::from(WORKGROUP),
                u64::from(limits.invocations),
            ),
            (
                "bytes of workgroup memory",
                WORKGROUP_BYTES,
                u64::from(limits.workgroup_memory),
            ),
            (
                "workgroups in a dispatch",
                1,
                u64::from(limits.workgroups_per_side),
            ),
            ("survivors in a buffer", 1, u64::from(limits.survivors)),
            (
                "bytes of a storage buffer for the binomials",
                16 * binomials as u64,
                storage,
            ),
            (
                "bytes of a storage buffer for columns",
                4 * words * questions as u64,
                storage,
            ),
            ("bytes of a storage buffer for rows", rows, storage),
            (
                "bytes of a storage buffer for answers",
                16 * (shape.answers + shape.users).max(1) as u64,
                storage,
            ),
            (
                "bytes of a storage buffer for the counts of levels",
                claimed,
                storage,
            ),
            (
                "bytes of a storage buffer for results",
                2 * RECORD_BYTES.max(2 * SURVIVOR_BYTES),
                storage,
            ),
            ("bytes of a frontier", least, storage),
            (
                "users asked room for at once",
                2 * claim + root_users,
                u64::from(u32::MAX),
            ),
        ];
        for (what, need, have) in needs {
            if need > have {
                return Err(Excess::new(what, need, have));
            }
        }
        // Half of what is counted in 32 bits is for claims that find no room.
        let sets = u64::from(limits.chunk).max(1);
        let bytes = (sets * FRONTIER_FOR_ONE)
            .max(least * sets.min(ROOTS_IN_FRONTIER))
            .min(storage)
            .min(USER_BYTES * u64::from(u32::MAX / 2));
        // Prefixes that do not reach beyond the chunk have as many users as a set needs, or more.
        let of_one = PREFIX_BYTES + USER_BYTES * shape.min_users.clamp(1, root_users.max(1));
        let prefixes = (bytes / of_one).max(1);
        let room = ((bytes - PREFIX_BYTES * prefixes) / USER_BYTES).max(root_users);
        let prefixes = prefixes.min((bytes - USER_BYTES * room) / PREFIX_BYTES);
        let side = u64::from(limits.workgroups_per_side);
        // Records and survivors are read back in one buffer: half of it each.
        let half = storage / 2;
        let likely = u64::from(limits.chunk).div_ceil(WORKGROUP.into()).max(1);
        let most = match limits.lane_loads {
            0 => WORKGROUPS,
            _ => WORKGROUPS_BY_LANES,
        };
        let workgroups = most
            .min(half / RECORD_BYTES)
            .min(side)
            .min(likely)
            .min((u64::from(u32::MAX) - room) / claim);
        let survivors = u64::from(limits.survivors)
            .min(half / SURVIVOR_BYTES - 1)
            .min(u64::from(limits.chunk).max(1));
        let first_chunk = FIRST_CHUNK.min(survivors);
        // Each is below 2^32 by the bounds above.
        Ok(Self {
            chunk: (shape.sets.div_ceil(first_chunk.into()))
                .saturating_mul(first_chunk.into())
                .max(first_chunk.into()),
            first_chunk: first_chunk as u32,
            roots: ROOTS,
            workgroups: workgroups as u32,
            prefixes: prefixes as u32,
            room: room as u32,
            survivors: survivors as u32,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::layout::SumWidth;
    use super::*;
    use crate::synth::{Model, Spec, matrix};

    const LIMITS: Limits = Limits {
        max_storage_binding: 128 << 20,
        max_buffer: 256 << 20,
        workgroup_memory: 16 << 10,
        invocations: 256,
        workgroups_per_side: 65_535,
        loop_turns: u32::MAX,
        lane_loads: 0,
        chunk: Limits::CHUNK,
        survivors: Limits::SURVIVORS,
    };

    fn deep() -> Shape {
        Shape {
            questions: 200,
            k: 8,
            users: 60_000,
            answers: 2_400_000,
            most_answers: 75,
            widest_tail: 75,
            root_users: 12_300,
            min_users: 10,
            sets: 55_098_996_177_225,
            variant: Variant::new(8, SumWidth::Narrow),
        }
    }

    #[test]
    fn a_root_always_has_room_and_claims_never_wrap() {
        for chunk in [1, 64, 1 << 12, Limits::CHUNK] {
            for (root_users, min_users) in [(0, 2), (1, 2), (12_300, 10), (3_000_000, 1 << 40)] {
                let limits = Limits { chunk, ..LIMITS };
                let shape = Shape {
                    root_users,
                    min_users,
                    ..deep()
                };
                let plan = Plan::new(&limits, &shape).unwrap();
                let [prefixes, room] = [plan.prefixes, plan.room].map(u64::from);
                assert!(prefixes >= 1 && room >= root_users as u64);
                let bytes = PREFIX_BYTES * prefixes + USER_BYTES * room;
                assert!(bytes <= limits.storage());
                let claims = u64::from(plan.workgroups) * 64;
                assert!(room + claims * root_users as u64 <= u64::from(u32::MAX));
                assert!(2 * prefixes + claims <= u64::from(u32::MAX));
                assert!(plan.workgroups >= 1 && plan.first_chunk >= 1 && plan.survivors >= 1);
            }
        }
    }

    #[test]
    fn what_does_not_fit_is_named() {
        let refused = |limits: &Limits, shape: &Shape| Plan::new(limits, shape).unwrap_err().what;
        for (shape, what) in [
            (Shape { k: 1, ..deep() }, "questions of a set"),
            (
                Shape {
                    widest_tail: 1 << 31,
                    ..deep()
                },
                "a user's scores",
            ),
            (
                Shape {
                    answers: 9_000_000,
                    ..deep()
                },
                "answers",
            ),
            (
                Shape {
                    root_users: 9_000_000,
                    ..deep()
                },
                "frontier",
            ),
            (
                Shape {
                    users: 9_000_000,
                    ..deep()
                },
                "columns",
            ),
        ] {
            assert!(refused(&LIMITS, &shape).contains(what), "{what}");
        }
        let small = Limits {
            workgroup_memory: 4 << 10,
            ..LIMITS
        };
        assert!(refused(&small, &deep()).contains("workgroup memory"));
    }

    /// 2,400 of 60,000 users have two questions of the benchmark table, and 19 have five.
    #[test]
    fn it_pays_where_few_stems_have_users() {
        let sparse = matrix(&Spec {
            users: 6_000,
            questions: 60,
            answered: 0.2,
            scores: 0..=1,
            model: Model::Random,
            booklets: 0,
            seed: 1,
        })
        .unwrap();
        for (k, min_users, want) in [
            (2, 1_000, false),
            (4, 10, false),
            (5, 10, false),
            (6, 10, false),
            (6, 20, true),
            (6, 2, false),
            (12, 2, true),
            (60, 2, true),
        ] {
            assert_eq!(pays(&sparse, k, min_users), want, "K {k}, {min_users}");
        }
    }
}
