//! The GPU engine on a real adapter (a software one will do) against the oracle.
//!
//! Without an adapter every test here fails: the engine would otherwise go untested in silence.

use crate::asked::{Asked, ask};
use kcorrset::combin::{binomial, unrank};
use kcorrset::engine::gpu::limits::Limits;
use kcorrset::engine::gpu::{AdapterFeatures, Choice, Fault, GpuEngine, adapters};
use kcorrset::engine::oracle::ReferenceEngine;
use kcorrset::engine::reference::sums_of;
use kcorrset::engine::{Engine, EngineError, Watch};
use kcorrset::matrix::{Duplicates, MatrixBuilder, ResponseMatrix, Score};
use kcorrset::search::SearchError;
use kcorrset::stats::{NO_FLOOR, Sums};
use kcorrset::top::{Candidate, Top};
use std::sync::OnceLock;
use std::time::Duration;

/// Opening a device and compiling its pipelines is slow: once for all tests.
pub fn engine() -> &'static GpuEngine {
    static ENGINE: OnceLock<GpuEngine> = OnceLock::new();
    ENGINE.get_or_init(|| {
        let opened = GpuEngine::open(None).map(|engine| engine.with_choice(Choice::Flat));
        opened.unwrap_or_else(|e| {
            panic!("these tests need a Vulkan, Metal or DirectX 12 adapter, such as Mesa's: {e}")
        })
    })
}

/// No limit at all, to be lowered.
pub const ANY: Limits = Limits {
    max_storage_binding: u64::MAX,
    max_buffer: u64::MAX,
    workgroup_memory: u32::MAX,
    invocations: u32::MAX,
    workgroups_per_side: u32::MAX,
    loop_turns: u32::MAX,
    lane_loads: u32::MAX,
    chunk: u32::MAX,
    survivors: u32::MAX,
};

/// A table of what `score` says of (user, question).
pub fn table(
    users: usize,
    questions: usize,
    score: impl Fn(usize, usize) -> Option<i64>,
) -> ResponseMatrix {
    let mut builder = MatrixBuilder::new();
    for user in 0..users {
        for question in 0..questions {
            let score = score(user, question).map(|mantissa| Score {
                mantissa,
                digits: 0,
            });
            builder
                .push(&user.to_string(), &question.to_string(), score, 0)
                .unwrap();
        }
    }
    builder.finish(Duplicates::Error, "row").unwrap()
}

/// Well-mixed bits of a place (the finaliser of MurmurHash3).
pub fn draw(user: usize, question: usize, seed: u64) -> u64 {
    let mut x = (user as u64) << 32 ^ (question as u64) << 8 ^ seed;
    for factor in [0xff51_afd7_ed55_8ccd, 0xc4ce_b9fe_1a85_ec53] {
        x = (x ^ x >> 33).wrapping_mul(factor);
    }
    x ^ x >> 33
}

/// About `answered` in 256 answered, scores from `low` to `low + span`.
pub fn random(
    users: usize,
    questions: usize,
    answered: u64,
    low: i64,
    span: u64,
) -> ResponseMatrix {
    table(users, questions, |u, q| {
        let x = draw(u, q, span);
        // A first answer for all, so that no user or question is without.
        (q == u % questions || x % 256 < answered)
            .then(|| low + (x >> 8) as i64 % (span as i64 + 1))
    })
}

pub fn assert_same(want: &[Candidate], got: &[Candidate], case: &str) {
    for (i, (want, got)) in want.iter().zip(got).enumerate() {
        assert_eq!(want.set(), got.set(), "{case}, place {i}");
        assert_eq!(want.sums(), got.sums(), "{case}, place {i}");
    }
}

/// As [`agree_within`], where sets are summed in integers.
pub fn agree(engine: &GpuEngine, matrix: &ResponseMatrix, k: usize, min_users: u64, case: &str) {
    agree_within(engine, matrix, k, min_users, 1e-6, case);
}

/// Every set at or above each of several floors, and the audit, against the oracle; and that what
/// lies below a floor by more than `near` was indeed discarded.
pub fn agree_within(
    engine: &GpuEngine,
    matrix: &ResponseMatrix,
    k: usize,
    min_users: u64,
    near: f64,
    case: &str,
) {
    let total = binomial(matrix.questions().len() as u64, k as u64).unwrap() as usize;
    let query = ask(matrix, k, total, min_users);
    let all = query.find(&ReferenceEngine, &Watch::new()).unwrap();
    let r: Vec<f64> = all.best.iter().map(|c| c.correlation().r()).collect();
    let mut floors = vec![NO_FLOOR, -1.0, -0.3, -1e-12, 0.0, 1e-12, 0.4, 1.0];
    for place in [0, r.len() / 20, r.len() / 2, r.len().saturating_sub(1)] {
        floors.extend(r.get(place).map(|r| r.next_down()));
    }
    for floor in floors {
        let case = format!("{case}, K {k}, min_users {min_users}, floor {floor}");
        let watch = Watch::new();
        watch.raise_floor(floor);
        let got = query
            .run(engine, &watch)
            .unwrap_or_else(|e| panic!("{case}: {e}"));
        assert!(
            got.defined.is_none() || got.defined == all.defined,
            "{case}"
        );
        assert_eq!(watch.done(), total as u128, "{case}");
        let above = r.iter().filter(|&&r| r > floor).count();
        assert!(
            got.best.len() >= above,
            "{case}: {} < {above}",
            got.best.len()
        );
        // The rest are at the floor, as far as the discard can tell.
        let near = r.iter().filter(|&&r| r >= floor - near).count();
        assert!(
            got.best.len() <= near,
            "{case}: {} > {near}",
            got.best.len()
        );
        assert_same(&all.best[..above], &got.best, &case);
    }
    // And the floor that the search finds itself.
    for top in [1, 3] {
        let query = ask(matrix, k, top, min_users);
        let got = query.run(engine, &Watch::new()).unwrap();
        assert_eq!(got.best.len(), top.min(all.best.len()), "{case}");
        assert_same(&all.best, &got.best, case);
    }
}

#[test]
fn adapters_are_listed_in_a_stable_order() {
    let found = adapters();
    assert!(!found.is_empty());
    assert_eq!(found, adapters());
    for (i, adapter) in found.iter().enumerate() {
        assert_eq!(adapter.index, i);
        assert!(!adapter.name.is_empty() && adapter.limits.max_storage_binding > 0);
    }
    assert!(found.windows(2).all(|w| w[0].software <= w[1].software));
    let beyond = GpuEngine::open(Some(found.len())).unwrap_err();
    assert!(matches!(beyond, EngineError::NoSuchGpu { .. }));
    assert_eq!(engine().adapters(), [&found[0]]);
    assert!(matches!(
        GpuEngine::open_each(&[0, found.len()]),
        Err(EngineError::NoSuchGpu { .. })
    ));
}

#[test]
fn users_on_both_sides_of_a_word() {
    for users in [2, 3, 31, 32, 33, 63, 64, 65, 1000] {
        let matrix = random(users, 7, 160, 0, 1);
        agree(engine(), &matrix, 3, 2, &format!("{users} users"));
    }
}

#[test]
fn every_k_of_small_tables() {
    for (name, matrix) in [
        ("sparse", random(80, 8, 120, 0, 1)),
        ("complete", random(50, 7, 256, -2, 5)),
    ] {
        for k in 1..=matrix.questions().len() {
            agree(engine(), &matrix, k, 2, name);
        }
        agree(engine(), &matrix, 2, 20, name);
    }
}

#[test]
fn scores_of_every_width() {
    for span in [1, 3, 9, 200, 3000, 70_000, 1_000_000] {
        for low in [-(span as i64) / 3, 5] {
            let matrix = random(70, 6, 200, low, span);
            agree(engine(), &matrix, 2, 2, &format!("scores {low} + {span}"));
        }
    }
}

#[test]
fn ties_constants_and_negative_correlations() {
    let ties = table(40, 8, |u, q| Some(((u >> (q % 3)) & 1) as i64));
    agree(engine(), &ties, 2, 2, "ties");
    let constant = table(40, 6, |u, q| {
        Some(if q < 3 { 7 } else { (draw(u, q, 1) % 4) as i64 })
    });
    agree(engine(), &constant, 2, 2, "constant questions");
    // The last question is worth more than all others and goes against them.
    let against = table(60, 7, |u, q| {
        let ability = (u % 13) as i64;
        Some(if q == 6 {
            -40 * ability
        } else {
            ability + (draw(u, q, 2) % 5) as i64
        })
    });
    agree(engine(), &against, 2, 2, "negative");
    agree(engine(), &against, 4, 2, "negative");
    let nobody = table(40, 6, |u, q| (u % 6 == q).then_some((u % 4) as i64));
    agree(engine(), &nobody, 2, 2, "no set has users");
}

/// More users than an invocation may go through where llvmpipe bounds the turns of its loops.
#[test]
fn more_users_in_common_than_a_loop_may_have_turns() {
    for k in [1, 3] {
        agree(
            engine(),
            &random(66_000, 5, 256, 0, 1),
            k,
            2,
            "66,000 users",
        );
    }
    // And with far fewer turns than any adapter allows.
    let few = engine().with_limits(&Limits {
        loop_turns: 1_000,
        ..ANY
    });
    agree(&few, &random(1_000, 7, 256, -1, 3), 3, 2, "1,000 turns");
}

#[test]
fn small_tiles_give_the_same() {
    // One block a word, or a few; one workgroup a dispatch, or a grid; survivors that overflow.
    let matrices = [
        ("narrow", random(1000, 9, 140, -1, 3)),
        ("wide", random(150, 12, 200, -9, 2_000_000)),
    ];
    for (name, matrix) in &matrices {
        for limits in [
            Limits {
                max_storage_binding: 3000,
                ..ANY
            },
            Limits {
                survivors: 5,
                ..ANY
            },
            Limits {
                max_storage_binding: 12_000,
                workgroups_per_side: 2,
                survivors: 1,
                ..ANY
            },
            Limits {
                chunk: 64,
                survivors: 63,
                ..ANY
            },
        ] {
            let engine = engine().with_limits(&limits);
            agree(&engine, matrix, 3, 2, &format!("{name}, {limits:?}"));
        }
    }
}

/// Ranks `skip..skip + sets` of a wide table, set by set by the oracle's sums.
pub fn agree_on_ranks(
    engine: &GpuEngine,
    matrix: &ResponseMatrix,
    k: usize,
    skip: u128,
    sets: u128,
) {
    let questions = matrix.questions().len();
    let query = ask(matrix, k, 1000, 2).ranks(skip, Some(sets));
    let mut want = Top::new(1000);
    for rank in query.part.ranks().unwrap() {
        let set = unrank(questions, k, rank).unwrap();
        let sums = Sums::from_array(sums_of(matrix, &set));
        if let Some(candidate) = query.query.candidate(&set, sums) {
            want.push(candidate);
        }
    }
    let want = want.into_sorted();
    assert!(
        want.len() as u128 > sets / 4,
        "the table is too sparse to tell"
    );
    let case = format!("Q {questions}, K {k}, ranks from {skip}");
    let got = query
        .run(engine, &Watch::new())
        .unwrap_or_else(|e| panic!("{case}: {e}"));
    assert_eq!(got.best.len(), want.len(), "{case}");
    if let Some(defined) = got.defined {
        assert_eq!(defined, want.len() as u128, "{case}");
    }
    assert_same(&want, &got.best, &case);
}

#[test]
fn ranks_around_every_word_of_128_bits() {
    let wide = random(40, 1000, 250, 0, 1);
    for (k, near) in [(5, 1 << 32), (8, 1 << 63), (8, 1 << 64), (12, 1 << 80)] {
        agree_on_ranks(engine(), &wide, k, near - 60, 130);
    }
    let total = binomial(1000, 12).unwrap();
    agree_on_ranks(engine(), &wide, 12, total - 100, 100);
    let deep = random(40, 130, 256, 0, 3);
    for near in [1_u128 << 64, 1 << 96, 1 << 100] {
        agree_on_ranks(engine(), &deep, 32, near - 30, 65);
    }
    let total = binomial(130, 65).unwrap();
    agree_on_ranks(engine(), &deep, 65, (1 << 126) - 30, 65);
    agree_on_ranks(engine(), &deep, 65, total - 65, 65);
}

/// A search that is right is not so with an answer lost, a chunk shifted, or a workgroup lost: the audit
/// sees the first two, and the missing report the third.
pub fn catches_faults(small: &GpuEngine, query: &Asked<'_>) {
    assert!(query.run(small, &Watch::new()).is_ok());
    for fault in [Fault::LostAnswer, Fault::ShiftedChunk] {
        let outcome = query.run(&small.with_fault(fault), &Watch::new());
        assert!(
            matches!(outcome, Err(SearchError::Audit(_))),
            "{fault:?}: {outcome:?}"
        );
    }
    let lost = small.with_fault(Fault::LostWorkgroup);
    match query.run(&lost, &Watch::new()) {
        Err(SearchError::Engine(EngineError::Device { what, .. })) => {
            assert!(what.contains("did not report"), "{what}");
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn planted_faults_are_caught() {
    let matrix = random(70, 9, 200, 0, 1);
    let query = ask(&matrix, 3, 5, 2);
    let small = engine().with_limits(&Limits { chunk: 64, ..ANY });
    catches_faults(&small, &query);
    assert!(small.self_test().is_ok());
    let outcome = engine().with_fault(Fault::LostAnswer).self_test();
    assert!(
        matches!(outcome, Err(EngineError::SelfTest { .. })),
        "{outcome:?}"
    );
    // None of it harms the device.
    assert!(query.run(&small, &Watch::new()).is_ok());
}

/// A table and a search of many chunks in small tiles.
fn many_chunks() -> (ResponseMatrix, Limits) {
    let limits = Limits { chunk: 128, ..ANY };
    (random(70, 16, 200, 0, 1), limits)
}

/// A search that recovers gives the right answer, audited, and says how often it opened a device
/// anew.
fn recovers(engine: &GpuEngine, reopened: &[u32]) {
    assert_eq!(right(engine), reopened);
}

/// A search with the right answer, audited; how often each device was opened anew in it.
fn right(engine: &GpuEngine) -> Vec<u32> {
    let (matrix, _) = many_chunks();
    let query = ask(&matrix, 4, 7, 2);
    let want = query.find(&ReferenceEngine, &Watch::new()).unwrap();
    let watch = Watch::new();
    let got = query.run(engine, &watch).unwrap();
    assert_eq!(got.best, want.best);
    assert_eq!(got.defined, want.defined);
    assert_eq!(watch.done(), query.part.sets().unwrap());
    let usage = engine.usage();
    usage.iter().map(|usage| usage.reopened).collect()
}

/// A search that cannot recover ends with the device's error, which says what was tried.
fn fails(engine: &GpuEngine, why: &str) {
    let (matrix, _) = many_chunks();
    let query = ask(&matrix, 4, 7, 2);
    match query.run(engine, &Watch::new()) {
        Err(SearchError::Engine(EngineError::Device { what, .. })) => {
            assert!(what.contains(why), "{what}");
            assert!(what.contains("this was try 3 in a row"), "{what}");
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_device_lost_once_is_opened_anew_and_loses_nothing() {
    let (_, limits) = many_chunks();
    let small = engine().with_limits(&limits);
    recovers(&small, &[0]);
    let lost = small.with_fault(Fault::LostDevice);
    recovers(&lost, &[1]);
    // The fault is spent, and the device that was opened in between serves on.
    recovers(&lost, &[0]);
}

#[test]
fn a_device_lost_each_time_is_given_up() {
    let (_, limits) = many_chunks();
    let lost = engine().with_limits(&limits).with_fault(Fault::LostDevices);
    fails(&lost, "lost");
}

#[test]
fn out_of_memory_is_met_with_smaller_tiles() {
    let (_, limits) = many_chunks();
    let small = engine().with_limits(&limits);
    recovers(&small.with_fault(Fault::OutOfMemory), &[1]);
    // Enough for half of the tiles: survivors and records of all 12,870 sets and the same to read
    // back are 130 kB, in each of three slots.
    let (matrix, _) = many_chunks();
    let query = ask(&matrix, 8, 7, 2);
    let want = query.find(engine(), &Watch::new()).unwrap();
    let tight = engine().with_fault(Fault::Memory(300_000));
    let got = query.run(&tight, &Watch::new()).unwrap();
    assert_eq!(got.best, want.best);
    assert_eq!(tight.usage()[0].reopened, 1);
    fails(&small.with_fault(Fault::Memory(0)), "out of memory");
}

#[test]
fn several_devices_share_a_search() {
    let (matrix, limits) = many_chunks();
    let two = GpuEngine::open_each(&[0, 0]).unwrap();
    assert_eq!(two.devices().len(), 2);
    agree(&two, &matrix, 2, 2, "two devices");
    let two = two.with_limits(&limits);
    recovers(&two, &[0, 0]);
    // One of them fails in the middle, once or for good: the other one does the rest. Which one
    // takes how many chunks is chance, so each is tried until the fault has fallen.
    for fault in [Fault::LostDevice, Fault::LostDevices, Fault::Memory(0)] {
        let fell = (0..50).any(|_| {
            let met = right(&two.with_fault(fault));
            assert_eq!(met[1], 0, "the other device has no fault");
            met[0] > 0
        });
        assert!(fell, "{fault:?} never fell");
    }
    // Long enough for the first device to be given up while the other one still works.
    let long = random(70, 22, 200, 0, 1);
    let query = ask(&long, 7, 7, 2);
    let want = query.run(engine(), &Watch::new()).unwrap();
    let given_up = (0..20).any(|_| {
        let lost = two.with_fault(Fault::LostDevices);
        let got = query.run(&lost, &Watch::new()).unwrap();
        assert_eq!((got.best, got.audit), (want.best.clone(), want.audit));
        lost.usage()[0].reopened == 2
    });
    assert!(given_up, "the lost device was never given up");
    let both = (0..50).any(|_| {
        right(&two);
        two.usage().iter().all(|usage| usage.chunks > 0)
    });
    assert!(both, "one device did all");
    // A wrong answer of one is a wrong answer. Chance may leave it nothing but the first chunk, which has
    // nowhere to be shifted to.
    let query = ask(&matrix, 4, 7, 2);
    let want = query.find(engine(), &Watch::new()).unwrap();
    let caught = (0..50).any(|_| {
        let shifted = two.with_fault(Fault::ShiftedChunk);
        match query.run(&shifted, &Watch::new()) {
            Err(SearchError::Audit(_)) => true,
            Ok(got) => {
                let chunks = shifted.usage()[0].chunks;
                assert!(chunks <= 1 && got.best == want.best, "{chunks}: {got:?}");
                false
            }
            Err(other) => panic!("{other}"),
        }
    });
    assert!(caught, "the shifted chunk was never taken");
}

#[test]
fn a_pipeline_is_tested_before_its_first_chunk() {
    let (matrix, _) = many_chunks();
    let query = ask(&matrix, 3, 7, 2);
    // Nothing of this device was tested yet, so its fault is found before the search.
    let fresh = engine().with_features(&engine().adapters()[0].features);
    let faulty = fresh.with_fault(Fault::LostAnswer);
    for outcome in [
        faulty.open(&query.query).map(drop),
        query.find(&faulty, &Watch::new()).map(drop),
    ] {
        assert!(
            matches!(outcome, Err(EngineError::SelfTest { .. })),
            "{outcome:?}"
        );
    }
    fresh.open(&query.query).unwrap();
    assert_eq!(fresh.compiled(), 1, "the flat pipeline has one kernel");
    query.run(&fresh, &Watch::new()).unwrap();
    assert_eq!(fresh.compiled(), 1, "compiled beforehand");
    // Tested now, so it is the audit that finds the fault.
    let outcome = query.run(&fresh.with_fault(Fault::LostAnswer), &Watch::new());
    assert!(matches!(outcome, Err(SearchError::Audit(_))), "{outcome:?}");
}

/// Every kernel of every pipeline once, though each is opened twice and searched with, its known answers and the
/// search's apart.
#[test]
fn nothing_is_compiled_twice() {
    let matrix = random(70, 9, 256, 0, 1);
    let fresh = engine().with_features(&engine().adapters()[0].features);
    let mut kernels = 0;
    for (choice, own) in [
        (Choice::Flat, 1),
        (Choice::Projected, 2),
        (Choice::Levels, 3),
        (Choice::Complete, 1),
    ] {
        let engine = fresh.with_choice(choice);
        let query = ask(&matrix, 4, 7, 2);
        kernels += own;
        for _ in 0..2 {
            engine.open(&query.query).unwrap();
            query.run(&engine, &Watch::new()).unwrap();
            assert_eq!(engine.compiled(), kernels, "{choice:?}");
        }
        assert!(engine.compiling().is_empty());
    }
    // Another device has its own.
    let two = GpuEngine::open_each(&[0, 0])
        .unwrap()
        .with_choice(Choice::Levels);
    let query = ask(&matrix, 4, 7, 2);
    query.run(&two, &Watch::new()).unwrap();
    assert_eq!(two.compiled(), 6);
}

#[test]
fn busy_time_is_by_the_devices_clock_where_it_has_one() {
    let (matrix, limits) = many_chunks();
    let query = ask(&matrix, 4, 7, 2);
    let features = engine().adapters()[0].features;
    let without = AdapterFeatures {
        timestamp_query: false,
        ..features
    };
    for (features, by_device) in [(features, features.timestamp_query), (without, false)] {
        let engine = engine().with_features(&features).with_limits(&limits);
        query.run(&engine, &Watch::new()).unwrap();
        let usage = &engine.usage()[0];
        assert_eq!(usage.by_device, by_device, "{usage:?}");
        assert!(
            !usage.busy.is_zero() && usage.busy <= usage.elapsed,
            "{usage:?}"
        );
        assert!(usage.share() > 0.0 && usage.share() <= 1.0);
    }
}

#[test]
fn short_and_long_targets_give_the_same() {
    let (matrix, _) = many_chunks();
    for target in [Duration::ZERO, Duration::from_secs(1)] {
        let engine = engine().with_target(target);
        agree(&engine, &matrix, 2, 2, &format!("{target:?}"));
    }
}

#[test]
fn what_does_not_fit_is_refused_with_a_way_out() {
    let refused = |engine: &GpuEngine, matrix: &ResponseMatrix, k: usize| {
        let query = ask(matrix, k, 5, 2);
        let error = query.find(engine, &Watch::new()).unwrap_err();
        assert!(matches!(error, EngineError::Refused { .. }), "{error:?}");
        assert!(error.to_string().contains("choose another engine"));
    };
    let wide = random(9, 300, 256, 0, 1);
    refused(engine(), &wide, 299);
    let tiny = engine().with_limits(&Limits {
        max_buffer: 100,
        ..ANY
    });
    refused(&tiny, &random(9, 6, 256, 0, 1), 2);
}

#[test]
fn a_stop_is_heard_between_chunks() {
    let matrix = random(40, 9, 256, 0, 1);
    let query = ask(&matrix, 3, 5, 2);
    let watch = Watch::new();
    watch.stop();
    let error = query.find(engine(), &watch).unwrap_err();
    assert!(matches!(error, EngineError::Stopped));
}
