//! Sizes of everything the levels pipeline holds, from limits and the shape of the search, and when it is
//! worth its while: pure.
//!
//! Two frontiers, which take turns, have a fixed size. A chunk whose prefixes of some level do not fit is
//! thrown away and halved. A chunk of one set has one prefix in each level, with no more users than its root,
//! and that much room there always is. So memory is bounded whatever K is.

use super::super::job::{BEHIND_STEM, Job};
use super::super::layout::{RECORD_BYTES, TALLY_BYTES, WORKGROUP};
use super::super::limits::{Excess, FIRST_CHUNK, Limits, Needs};
use super::super::pack::{most_users, quads};
use super::super::projected::plan::operations;
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
    /// Answers of all these users.
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
    /// Workgroups of each dispatch.
    pub workgroups: u32,
    /// Prefixes that a frontier has room for.
    pub prefixes: u32,
    /// Users that a frontier has room for.
    pub room: u32,
    /// Survivors that a chunk may report.
    pub survivors: u32,
}

/// Bytes of a frontier for each set of a flat chunk: 256 MiB, where there is that much.
const FRONTIER_FOR_ONE: u64 = 64;

/// Roots whose users a frontier has room for at least, or as many as a flat chunk may have sets where that is
/// fewer: also few sets may have many users.
const ROOTS_IN_FRONTIER: u64 = 256;

/// Most workgroups: a large GPU holds a few thousand at a time, and each leaves a record.
const WORKGROUPS: u64 = 1 << 12;

/// Most workgroups where loads go lane by lane, as on software adapters: there a workgroup costs its time,
/// and those that run at a time are few.
const WORKGROUPS_BY_LANES: u64 = 1 << 6;

/// Most roots of a chunk.
const ROOTS: u32 = 1 << 22;

/// Words of a survivor: its offset.
pub const SURVIVOR_WORDS: usize = 4;
const SURVIVOR_BYTES: u64 = 4 * SURVIVOR_WORDS as u64;

/// Workgroup memory: tallies and sets of lanes, sums over them, and some words of the driver's.
pub const WORKGROUP_BYTES: u64 = WORKGROUP as u64 * (TALLY_BYTES / 2 + 8 + 8) + 192;

/// Stems that are looked at to see how many of them have the users that a set needs.
const STEMS_LOOKED_AT: usize = 512;

/// How much more a stem with such users costs here than in the projected pipeline: each of its leaves is
/// summed, where that one discards most. A stem without them costs nothing here, and there as much as any.
const TIMES_PROJECTED: f64 = 4.0;

impl Shape {
    /// The shape of `job`, found out once for all devices.
    pub(in super::super) fn of(job: &Job<'_>) -> Self {
        *job.once(|| Self::found(job))
    }

    fn found(job: &Job<'_>) -> Self {
        let (matrix, packing, k) = (job.matrix, &job.packing, job.query.k());
        let variant = Variant::new(k, packing.variant.sums);
        let (users, answers, most_answers) = table::counts(matrix, k);
        Self {
            questions: job.questions(),
            k,
            users,
            answers,
            most_answers,
            widest_tail: table::widest_tail(matrix, packing, most_answers),
            root_users: most_users(matrix, variant.root).min(users),
            min_users: job.query.min_users(),
            sets: job.sets,
            variant,
        }
    }
}

/// Integer operations that a set of `job` is expected to take; `None` where it has no stem. Stems are looked
/// at once for all devices.
pub(in super::super) fn work(job: &Job<'_>) -> Option<f64> {
    struct Share(f64);
    let k = job.query.k();
    (k > BEHIND_STEM).then(|| {
        let share = job.once(|| Share(share_with_users(job.matrix, k, job.query.min_users())));
        share.0 * TIMES_PROJECTED * operations(&job.load())
    })
}

/// The share of stems, the first K - 2 questions of a set, that have `min_users` users, by looking at some,
/// the same ones each time.
#[must_use]
pub fn share_with_users(matrix: &ResponseMatrix, k: usize, min_users: u64) -> f64 {
    let questions = matrix.questions().len();
    let mut draw = ChaCha8Rng::seed_from_u64(0);
    let with_users = (0..STEMS_LOOKED_AT)
        .filter(|_| users_of_stem(matrix, k - BEHIND_STEM, questions, &mut draw) >= min_users)
        .count();
    with_users as f64 / STEMS_LOOKED_AT as f64
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
        let storage = limits.storage();
        let root_users = shape.root_users as u64;
        // One prefix of a chunk of one set, and the one that it came from.
        let least = PREFIX_BYTES + USER_BYTES * root_users.max(1);
        let (_, binomials) = table::binomials_of(questions, k, shape.most_answers);
        let words = 4 * quads(shape.users) as u64;
        let rows = 8 * (table::row_words(questions) * shape.users.max(1)) as u64;
        let answers = 16 * (shape.answers + shape.users).max(1) as u64;
        let claimed = 4 * (CLAIMED_FLAGS + 2 * (k + 1)) as u64;
        // Users that a workgroup asks room for at once: 64 prefixes made of one.
        let claim = u64::from(WORKGROUP) * root_users.max(1);
        limits.hold(&Needs {
            shared: WORKGROUP_BYTES,
            sets: 1,
            storage: &[
                ("the binomials", 16 * binomials as u64),
                ("columns", 4 * words * questions as u64),
                ("rows", rows),
                ("answers", answers),
                ("the counts of levels", claimed),
                (
                    "records and survivors",
                    4 * RECORD_BYTES.max(SURVIVOR_BYTES),
                ),
                ("a frontier", least),
            ],
            others: &[
                ("the levels pipeline's questions of a set", 2, k as u64),
                (
                    "a sum of a user's scores",
                    u64::try_from(shape.widest_tail).unwrap_or(u64::MAX),
                    i32::MAX as u64,
                ),
                (
                    "users asked room for at once",
                    2 * claim + root_users,
                    u32::MAX.into(),
                ),
            ],
        })?;
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
        let likely = u64::from(limits.chunk).div_ceil(WORKGROUP.into()).max(1);
        let most = match limits.lane_loads {
            0 => WORKGROUPS,
            _ => WORKGROUPS_BY_LANES,
        };
        // Each reports twice.
        let workgroups = most
            .min((limits.reporting() / 2).max(1))
            .min(limits.workgroups_per_side.into())
            .min(likely)
            .min((u64::from(u32::MAX) - room) / claim);
        let survivors = limits.reported(SURVIVOR_BYTES).min(limits.chunk.into());
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
    use super::super::super::limits::TYPICAL;
    use super::*;
    use crate::synth::{Model, Spec, matrix};

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
                let limits = Limits { chunk, ..TYPICAL };
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
            assert!(refused(&TYPICAL, &shape).contains(what), "{what}");
        }
        let small = Limits {
            workgroup_memory: 3 << 10,
            ..TYPICAL
        };
        assert!(refused(&small, &deep()).contains("workgroup memory"));
    }

    /// 2,400 of 60,000 users have two questions of the benchmark table, and 19 have five.
    #[test]
    fn it_costs_least_where_few_stems_have_users() {
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
            (4, 10, false),
            (5, 10, false),
            (6, 10, false),
            (6, 20, true),
            (6, 2, false),
            (12, 2, true),
            (60, 2, true),
        ] {
            let cheaper = share_with_users(&sparse, k, min_users) * TIMES_PROJECTED <= 1.0;
            assert_eq!(cheaper, want, "K {k}, {min_users}");
        }
    }
}
