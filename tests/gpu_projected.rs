//! The projected pipeline on a real adapter against the oracle and the flat pipeline.

use crate::asked::ask;
use crate::gpu::{ANY, agree, assert_same, catches_faults, draw, random, table};
use kcorrset::combin::binomial;
use kcorrset::engine::cpu::CpuEngine;
use kcorrset::engine::gpu::limits::Limits;
use kcorrset::engine::gpu::{AdapterFeatures, Choice, Fault, GpuEngine};
use kcorrset::engine::{EngineError, Watch};
use kcorrset::matrix::ResponseMatrix;
use kcorrset::synth::{Model, Spec, matrix};
use std::time::Duration;

/// The device of the other tests, where whatever the projected pipeline cannot take is refused.
fn engine() -> GpuEngine {
    crate::gpu::engine().with_choice(Choice::Projected)
}

/// As where a load is for all lanes at once: two-valued scores are swept.
const SWEPT: Limits = Limits {
    lane_loads: 0,
    ..ANY
};

/// The device as it is, and so that it sweeps.
fn engines() -> [GpuEngine; 2] {
    [engine(), engine().with_limits(&SWEPT)]
}

/// With this much workgroup memory: the tile of the sweep follows from it.
fn in_memory(workgroup_memory: u32) -> GpuEngine {
    engine().with_limits(&Limits {
        workgroup_memory,
        ..SWEPT
    })
}

#[test]
fn leaves_are_abreast_where_loads_go_lane_by_lane_and_lanes_can_meet() {
    let adapter = crate::gpu::engine().adapters()[0];
    let features = adapter.features;
    let lanes = [features.subgroup_min_size, features.subgroup_max_size];
    let abreast = adapter.software && features.subgroup && lanes == [8, 8];
    let without = AdapterFeatures {
        subgroup: false,
        ..features
    };
    let matrix = random(60, 9, 200, 0, 1);
    let query = ask(&matrix, 4, 5, 2);
    // Where leaves are swept, the defined ones among them are not counted.
    let counted = |engine: &GpuEngine| {
        let found = query.find(engine, &Watch::new()).unwrap();
        found.defined.is_some()
    };
    let [own, swept] = engines();
    assert_eq!(counted(&own), abreast);
    assert!(!counted(&swept));
    assert!(!counted(&engine().with_features(&without)));
}

#[test]
fn users_on_both_sides_of_a_block_and_of_the_tile() {
    for users in [2, 31, 32, 33, 65, 400] {
        let matrix = random(users, 7, 160, 0, 1);
        for engine in engines() {
            agree(&engine, &matrix, 3, 2, &format!("{users} users"));
        }
    }
    // 7,900 bytes have a tile for 256 users: some stems fit and some do not.
    let matrix = random(330, 8, 200, 0, 1);
    let small = in_memory(7_900);
    agree(&small, &matrix, 3, 2, "stems beyond the tile");
    let followed = following(320, 8);
    agree(&small, &followed, 3, 10, "discarded beyond the tile");
}

#[test]
fn every_tile_gives_the_same() {
    let matrix = following(200, 40);
    for bytes in [6_900, 8 << 10, 48 << 10] {
        let case = format!("{bytes} bytes");
        agree_with_flat(&in_memory(bytes), &matrix, 4, 10, 20_000, 3_000, &case);
    }
}

#[test]
fn questions_on_both_sides_of_a_word() {
    for questions in [31, 32, 33, 64, 65] {
        for matrix in [
            random(60, questions, 140, 0, 1),
            random(60, questions, 140, 0, 6),
        ] {
            let total = binomial(questions as u64, 3).unwrap();
            let case = format!("{questions} questions");
            for (skip, sets) in [(0, 900), (total / 2, 900), (total - 500, 500)] {
                for engine in engines() {
                    agree_with_flat(&engine, &matrix, 3, 2, skip, sets, &case);
                }
            }
        }
    }
}

/// Scores of one bit that follow the user's ability closely: r is high, and the sweep discards.
fn following(users: usize, questions: usize) -> ResponseMatrix {
    matrix(&Spec {
        users,
        questions,
        answered: 0.8,
        scores: 0..=1,
        model: Model::RASCH,
        booklets: 0,
        seed: 11,
    })
    .unwrap()
}

/// These ranks against the flat pipeline, for no floor and floors from low to as high as can be.
fn agree_with_flat(
    engine: &GpuEngine,
    matrix: &ResponseMatrix,
    k: usize,
    min_users: u64,
    skip: u128,
    sets: u128,
    case: &str,
) {
    let query = |top| ask(matrix, k, top, min_users).ranks(skip, Some(sets));
    for top in [1, 7, sets as usize] {
        let query = query(top);
        let want = query.run(crate::gpu::engine(), &Watch::new()).unwrap();
        let got = query
            .run(engine, &Watch::new())
            .unwrap_or_else(|e| panic!("{case}, top {top}: {e}"));
        assert_eq!(got.best.len(), want.best.len(), "{case}, top {top}");
        assert_same(&want.best, &got.best, case);
        assert_eq!(got.audit, want.audit, "{case}");
    }
}

#[test]
fn chunks_that_cut_stems_and_small_scratch_give_the_same() {
    let matrices = [
        ("two-valued", random(300, 11, 140, 0, 1)),
        ("likert", random(150, 11, 200, -1, 4)),
        ("wide", random(70, 11, 200, -9, 2_000_000)),
    ];
    for (name, matrix) in &matrices {
        for limits in [
            // Scratch for a stem or two, so that most chunks are split for want of room.
            Limits { chunk: 64, ..ANY },
            Limits {
                chunk: 64,
                survivors: 5,
                workgroups_per_side: 2,
                ..ANY
            },
            Limits {
                max_storage_binding: 40_000,
                ..ANY
            },
        ] {
            for engine in engines() {
                let engine = engine.with_limits(&limits);
                agree(&engine, matrix, 4, 2, &format!("{name}, {limits:?}"));
            }
        }
    }
    // Ranges that start and end anywhere in a stem.
    let (_, matrix) = &matrices[0];
    for (skip, sets) in [(0, 1), (1, 7), (44, 46), (100, 130), (329, 1)] {
        for engine in engines() {
            agree_with_flat(&engine, matrix, 4, 2, skip, sets, "a part");
        }
    }
}

#[test]
fn ranks_beyond_64_bits() {
    let matrix = random(40, 130, 256, 0, 1);
    for near in [1_u128 << 32, 1 << 64, 1 << 96] {
        agree_with_flat(&engine(), &matrix, 32, 2, near - 30, 65, "deep");
    }
    let wide = random(40, 1000, 250, 0, 1);
    let total = binomial(1000, 12).unwrap();
    for skip in [(1 << 64) - 60, (1 << 80) - 60, total - 100] {
        for engine in engines() {
            agree_with_flat(&engine, &wide, 12, 2, skip, 100, "wide");
        }
    }
}

#[test]
fn planted_faults_are_caught() {
    // Leaves abreast, with a sweep, and without one.
    let [own, swept] = engines();
    for (engine, span) in [(&own, 1), (&swept, 1), (&own, 5)] {
        let matrix = random(70, 9, 200, 0, span);
        let query = ask(&matrix, 3, 5, 2);
        let small = engine.with_limits(&Limits { chunk: 64, ..ANY });
        catches_faults(&small, &query);
    }
}

#[test]
fn a_lost_device_is_replaced_and_nothing_is_lost() {
    let matrix = random(70, 12, 200, 0, 1);
    let query = ask(&matrix, 4, 5, 2);
    let small = engine().with_limits(&Limits { chunk: 64, ..ANY });
    let want = query.run(&small, &Watch::new()).unwrap();
    for fault in [Fault::LostDevice, Fault::OutOfMemory] {
        let got = query.run(&small.with_fault(fault), &Watch::new()).unwrap();
        assert_same(&want.best, &got.best, "after a failure");
        assert_eq!(want.audit, got.audit);
    }
}

#[test]
fn what_does_not_fit_is_refused_and_otherwise_left_to_the_flat_pipeline() {
    let matrix = random(40, 9, 256, 0, 1);
    let tiny = Limits {
        max_storage_binding: 800,
        ..ANY
    };
    for (k, limits) in [(1, ANY), (2, ANY), (3, tiny)] {
        let query = ask(&matrix, k, 5, 2);
        let forced = engine().with_limits(&limits);
        let refused = query.find(&forced, &Watch::new());
        assert!(
            matches!(refused, Err(EngineError::Refused { .. })),
            "K {k}: {refused:?}"
        );
        let free = forced.with_choice(Choice::ByWork);
        agree(&free, &matrix, k, 2, "left to the flat pipeline");
    }
}

#[test]
fn many_users_many_questions_and_very_sparse_tables() {
    let spec = |users, questions, answered| Spec {
        users,
        questions,
        answered,
        scores: 0..=1,
        model: Model::Random,
        booklets: 0,
        seed: 3,
    };
    // 200,000 users, 2,000 questions, and few answers a user: each in parts that software takes.
    for (users, questions, answered, k, skip) in [
        (200_000, 60, 0.2, 3, 15_000),
        (20_000, 2_000, 0.01, 3, 600_000_000),
        (2_972, 1_128, 0.01, 3, 100_000_000),
    ] {
        let matrix = matrix(&spec(users, questions, answered)).unwrap();
        let case = format!("{users} users, {questions} questions");
        for engine in engines() {
            agree_with_flat(&engine, &matrix, k, 10, skip, 300, &case);
        }
    }
    let wide = matrix(&spec(3_000, 2_000, 0.05)).unwrap();
    let free = engine().with_choice(Choice::ByWork);
    agree_with_flat(&free, &wide, 2, 10, 1_000_000, 300, "K = 2");
}

/// Chunks whose leaves and users are more than llvmpipe, which bounds the turns of an invocation's
/// loops, can do at once: 64 lanes have five or more leaves of 19,000 users each.
#[test]
fn loops_that_are_cut_short_are_seen_and_halved() {
    let matrix = random(20_000, 60, 250, 0, 1);
    for engine in engines() {
        let long = engine.with_target(Duration::from_secs(2));
        agree_with_flat(&long, &matrix, 3, 2, 0, 3_000, "20,000 users");
    }
}

/// Searches the first stem at once, which an adapter that bounds the turns of loops cuts short.
fn is_cut_and_right(engine: &GpuEngine, matrix: &ResponseMatrix) {
    let behind = matrix.questions().len() as u64 - 1;
    let query = ask(matrix, 3, 1, 2).ranks(0, binomial(behind, 2));
    let cpu = CpuEngine::new(1).unwrap();
    let want = query.run(&cpu, &Watch::new()).unwrap();
    let long = engine.with_target(Duration::from_secs(20));
    let got = query.run(&long, &Watch::new()).unwrap();
    assert_same(&want.best, &got.best, "the first stem");
    assert_eq!(got.best.len(), 1);
    let cuts = crate::gpu::engine().adapters()[0].limits.loop_turns < u32::MAX;
    assert!(!cuts || long.usage()[0].redone > 0, "no chunk was cut");
}

/// Leaves abreast are cut short by the first table; leaves swept by the second, whose stem fits the tile
/// while a lane has some fifty prefixes and words of its leaves, each with nearly all of 1,600 users.
#[test]
fn stems_that_are_cut_short_are_seen_and_halved() {
    let [own, swept] = engines();
    is_cut_and_right(&own, &random(4_000, 440, 250, 0, 1));
    is_cut_and_right(&swept, &random(1_600, 440, 250, 0, 1));
}

/// Searches twice, so that the second search starts with the floor of the best set, and finds it again.
fn finds_its_best_again(matrix: &ResponseMatrix, ranks: u128, best: [usize; 3]) {
    let query = ask(matrix, 3, 1, 2).ranks(0, Some(ranks));
    let watch = Watch::new();
    let want = query.run(crate::gpu::engine(), &watch).unwrap();
    assert_eq!(want.best[0].set(), best);
    for engine in engines() {
        let got = query.run(&engine, &watch).unwrap();
        assert_same(&want.best, &got.best, "the best");
        assert_eq!(got.best.len(), 1);
    }
}

/// One set of a word has twenty times the squares of the others, and two pairs of users that would
/// discard any of those: it is the best all the same.
#[test]
fn a_leaf_far_above_the_mean_keeps_its_own_bound() {
    // High and low users, two in between, and four that stand the wrong way round; totals come from
    // questions that only one user answered.
    let matrix = table(30, 308, |u, q| {
        let (set, own) = match u {
            0..12 => ([1, 1, 1], 3 + 20 * u..23 + 20 * u),
            12..24 => ([0, 0, 0], 0..0),
            24..26 => ([1, 0, 0], 243 + 18 * (u - 24)..261 + 18 * (u - 24)),
            26..28 => ([1, 1, 0], 279 + 4 * (u - 26)..283 + 4 * (u - 26)),
            28 => ([1, 1, 0], 287..297),
            _ => ([1, 0, 0], 297..308),
        };
        set.get(q).copied().or(own.contains(&q).then_some(1))
    });
    finds_its_best_again(&matrix, 60, [0, 1, 2]);
}

/// Nearly all squares of the best set are those of users in the middle, whom the sweep bounds block
/// by block, and two pairs stand the wrong way round.
#[test]
fn squares_of_users_in_the_middle_count() {
    // Up to as many users as have room in the smallest tile. Which of these is the one that the bound
    // hangs on depends on how many units the squares take.
    let sizes = (296..=316).step_by(4);
    for (half, high) in sizes.flat_map(|half| [(half, 13), (half, 14), (half, 15)]) {
        let matrix = table(2 * half + 8, 50, |u, q| {
            let (set, total) = match u {
                _ if u < half => ([1, 1, 1], high),
                _ if u < 2 * half => ([0, 0, 0], 10),
                _ if u < 2 * half + 2 => ([1, 0, 0], 18),
                _ if u < 2 * half + 4 => ([1, 1, 0], 5),
                _ => ([1, 0, 0], 11),
            };
            // Beside the set, questions that one user answered, and behind those what totals come from.
            match q {
                0..3 => Some(set[q]),
                3..32 => (u == q).then_some(0),
                _ => (((q - 32) as i64) < total - set.iter().sum::<i64>()).then_some(1),
            }
        });
        finds_its_best_again(&matrix, 30, [0, 1, 2]);
    }
}

/// Blocks within the gap are bounded by their user farthest from the middle: two of them have 31 far out
/// and one in it, and half of the best set's squares. Users who answered only the stem fill the other
/// blocks, and keep the mean low.
#[test]
fn squares_of_a_block_are_those_of_its_farthest_user() {
    for (wrong, fill) in (6..=9).flat_map(|wrong| (0..=4).map(move |fill| (wrong, 32 * fill))) {
        let (middle, far) = (40, 2);
        // By falling totals, in blocks of 32.
        let groups = [
            (2, Some([1, 0, 0]), middle + wrong),
            (30, None, middle + far + 1),
            (31, Some([1, 1, 1]), middle + far),
            (1, Some([1, 0, 0]), middle),
            (fill, None, middle),
            (1, Some([1, 0, 0]), middle),
            (31, Some([0, 0, 0]), middle - far),
            (2, Some([1, 1, 0]), middle - wrong - 1),
        ];
        let users: Vec<_> = groups
            .into_iter()
            .flat_map(|(users, set, total)| std::iter::repeat_n((set, total), users))
            .collect();
        // Behind the set, questions that say nothing, and behind those what totals come from.
        let score = |u: usize, q: usize| match (users[u].0, q) {
            (set, 0) => Some(set.map_or(0, |set| set[0])),
            (set, 1..3) => set.map(|set| set[q]),
            (set, _) => set.map(|_| (draw(u, q, 1) & 1) as i64),
        };
        let matrix = table(users.len(), 110, |u, q| {
            let own: i64 = (0..32).filter_map(|q| score(u, q)).sum();
            match q {
                0..32 => score(u, q),
                _ => (((q - 32) as i64) < users[u].1 - own).then_some(1),
            }
        });
        finds_its_best_again(&matrix, 30, [0, 1, 2]);
    }
}

/// A block of users on both sides of an end of the gap is looked at user by user: nearly all squares of
/// the best set are those of one such block, and two pairs stand the wrong way round.
#[test]
fn squares_of_a_block_across_an_end_of_the_gap_count() {
    // By falling totals, which come from questions behind the set's word. A block is 32 users, and the
    // third at one end, or the second at the other, has 31 far from the middle and one in it.
    let low = [
        (2, Some(0), 1),
        (63, Some(1), 0),
        (31, Some(0), -1),
        (2, Some(1), -1),
    ];
    // Here 30 who did not answer the whole set fill the first block.
    let high = [
        (2, Some(0), 1),
        (30, None, 1),
        (31, Some(1), 1),
        (63, Some(0), 0),
        (2, Some(1), -1),
    ];
    for far in [20, 23, 27, 30] {
        for groups in [&low[..], &high] {
            let users: Vec<_> = groups
                .iter()
                .flat_map(|&(users, score, side)| vec![(score, 40 + side * far); users])
                .collect();
            let matrix = table(users.len(), 102, |u, q| {
                let (score, total) = users[u];
                match q {
                    0 => Some(score.unwrap_or(0)),
                    1..3 => score,
                    3..32 => (u == q).then_some(0),
                    _ => ((q as i64 - 32) < total - 3 * score.unwrap_or(0)).then_some(1),
                }
            });
            finds_its_best_again(&matrix, 30, [0, 1, 2]);
        }
    }
}

/// The squares of the best set are more than the sweep's planes of bits can count, for one user of
/// a very large total or for eight, and what is left of them when the planes overflow is as small as
/// any other leaf's. The rest stand in the middle, but for two pairs at each other's side.
#[test]
fn squares_beyond_the_planes_spare_a_leaf() {
    // Where the count that is left lands depends on the total, so several are tried.
    for (large, total) in [1, 8].into_iter().flat_map(|n| {
        let totals = (200..320).step_by(10);
        totals.map(move |total| (n, total))
    }) {
        let matrix = table(33 + large, 32 + total, |u, q| {
            let (score, total) = match u {
                0..29 => (0, 20),
                29..31 => (0, 40),
                31..33 => (0, 0),
                _ => (1, total),
            };
            // Beside the set, questions that one user of the middle answered, and behind those what
            // totals come from.
            match q {
                0..3 => Some(score),
                3..32 => (u + 3 == q).then_some(0),
                _ => (((q - 32) as i64) < total as i64 - 3 * score).then_some(1),
            }
        });
        finds_its_best_again(&matrix, 30, [0, 1, 2]);
    }
}

/// Many small tables that follow ability more or less closely, with totals near and far apart, each
/// with floors right below a set: whatever the sweep discards wrongly, some of them has it.
#[test]
fn no_set_at_a_floor_is_discarded() {
    let engines = engines();
    for seed in 0..240 {
        let users = [24, 44, 64, 300][seed as usize % 4];
        let answered = |q: usize| match draw(1, q, seed) % 4 {
            0 if seed % 5 < 3 => 250,
            _ => 60 + seed % 7 * 25,
        };
        let noise = 1 + seed % 6 * 4;
        let matrix = table(users, 10, |u, q| {
            let ability = draw(u, 100, seed) % 16;
            let given = (ability + draw(u, q, seed) % noise) > 4 + q as u64 + noise / 2;
            let x = draw(u, q, seed + 1000) % 256;
            (q == u % 10 || x < answered(q)).then_some(i64::from(given))
        });
        let total = binomial(10, 4).unwrap() as usize;
        let query = ask(&matrix, 4, total, 2);
        let all = query.run(crate::gpu::engine(), &Watch::new()).unwrap();
        for share in [1, 2, 4, 10, 20, 50, 100] {
            let place = all.best.len() * share / 200;
            let Some(last) = all.best.get(place) else {
                continue;
            };
            for engine in &engines {
                let watch = Watch::new();
                watch.raise_floor(last.correlation().r().next_down());
                let got = query.run(engine, &watch).unwrap();
                let case = format!("seed {seed}, place {place}");
                assert!(got.best.len() > place, "{case}: {}", got.best.len());
                assert_same(&all.best[..=place], &got.best, &case);
                assert_eq!(got.audit, all.audit, "{case}");
            }
        }
    }
}
