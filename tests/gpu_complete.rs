//! The GPU engine's complete pipeline on a real adapter: agreement with the oracle set by set, with
//! the flat pipeline and the CPU engine on larger tables, ranges of ranks, planted faults.

use crate::asked::{Asked, ask};
use crate::gpu::{ANY, agree_on_ranks, agree_within, assert_same, draw, engine, random, table};
use kcorrset::combin::binomial;
use kcorrset::engine::cpu::CpuEngine;
use kcorrset::engine::gpu::limits::Limits;
use kcorrset::engine::gpu::{Choice, Fault, GpuEngine};
use kcorrset::engine::oracle::ReferenceEngine;
use kcorrset::engine::{EngineError, Watch};
use kcorrset::matrix::ResponseMatrix;
use kcorrset::search::SearchError;

fn complete() -> GpuEngine {
    engine().with_choice(Choice::Complete)
}

/// About how far below a floor this pipeline may keep sets, where scores do not cancel out.
const NEAR: f64 = 1e-3;

fn agree(engine: &GpuEngine, matrix: &ResponseMatrix, k: usize, min_users: u64, case: &str) {
    agree_within(engine, matrix, k, min_users, NEAR, case);
}

#[test]
fn negative_and_wide_scores() {
    for (low, span) in [(-3, 5), (-40_000, 70_000), (-9, 1_000_000)] {
        let matrix = random(40, 9, 256, low, span);
        for k in [2, 3, 5] {
            agree(&complete(), &matrix, k, 2, &format!("{low} + {span}"));
        }
    }
    // The last question is worth more than all others and goes against them.
    let against = table(60, 8, |u, q| {
        let ability = (u % 13) as i64;
        Some(if q == 7 {
            -40 * ability
        } else {
            ability + (draw(u, q, 2) % 5) as i64
        })
    });
    for k in [2, 4, 7] {
        agree(&complete(), &against, k, 2, "against the rest");
    }
}

#[test]
fn ties_constants_and_too_few_users() {
    let ties = table(40, 9, |u, q| Some(((u >> (q % 3)) & 1) as i64));
    agree(&complete(), &ties, 2, 2, "ties");
    agree(&complete(), &ties, 4, 2, "ties");
    let constants = table(40, 8, |u, q| {
        Some(if q < 4 { 7 } else { (draw(u, q, 1) % 4) as i64 })
    });
    agree(&complete(), &constants, 2, 2, "constants");
    agree(&complete(), &constants, 3, 2, "constants");
    agree(&complete(), &constants, 3, 40, "as many users as there are");
    // All totals alike: no set has a correlation.
    let flat = table(40, 4, |u, q| {
        let x = (u % 5) as i64;
        Some(if q % 2 == 0 { x } else { -x })
    });
    agree(&complete(), &flat, 2, 2, "equal totals");
    // One user answered nothing: a set then has fewer users than the table.
    let absent = table(41, 8, |u, q| (u != 17).then(|| (draw(u, q, 3) % 3) as i64));
    assert_eq!(absent.users().len(), 41);
    agree(&complete(), &absent, 3, 40, "a user without answers");
    agree(&complete(), &absent, 3, 41, "a user without answers");
}

/// Chunks and shares that begin and end in the middle of rows and stems.
#[test]
fn any_range_of_ranks_is_exact() {
    let matrix = random(60, 24, 256, 0, 3);
    let small = complete().with_limits(&Limits {
        chunk: 64,
        survivors: 700,
        ..ANY
    });
    for k in [2, 3, 4, 6] {
        let total = binomial(24, k as u64).unwrap();
        for (skip, sets) in [
            (0, 1),
            (0, 4000),
            (1, 513),
            (total / 3, 1700),
            (total / 2 + 7, 5000),
            (total - 1, 1),
            (total.saturating_sub(1500), 1500),
        ] {
            if skip >= total {
                continue;
            }
            let query = ask(&matrix, k, 50, 2).ranks(skip, Some(sets));
            let case = format!("K {k}, {sets} from {skip}");
            let want = query.find(&ReferenceEngine, &Watch::new()).unwrap();
            for engine in [&small, &complete()] {
                let got = query
                    .run(engine, &Watch::new())
                    .unwrap_or_else(|e| panic!("{case}: {e}"));
                assert_eq!(got.best.len(), want.best.len(), "{case}");
                assert_same(&want.best, &got.best, &case);
            }
        }
    }
}

#[test]
fn deep_sets_and_ranks_beyond_64_bits() {
    let deep = random(40, 130, 256, 0, 3);
    let total = binomial(130, 32).unwrap();
    for (k, skip, sets) in [
        (32, (1 << 64) - 300, 700),
        (32, (1 << 96) - 300, 700),
        (32, total - 700, 700),
        (65, (1 << 126) - 300, 700),
    ] {
        agree_on_ranks(&complete(), &deep, k, skip, sets);
    }
    // From end to end: every stem but the first has a question changed in its middle sooner or later.
    let all = random(30, 16, 256, 0, 4);
    agree(&complete(), &all, 12, 2, "12 of 16");
}

#[test]
fn a_larger_table_agrees_with_the_cpu() {
    let matrix = table(500, 40, |u, q| {
        let ability = (draw(u, 99, 5) % 7) as i64;
        Some(i64::from(ability > (draw(u, q, 6) % 7) as i64))
    });
    let cpu = CpuEngine::new(2).unwrap();
    for (skip, sets) in [(0, 3_838_380), (1_234_567, 300_000)] {
        let query = ask(&matrix, 6, 40, 2).ranks(skip, Some(sets));
        let want = query.run(&cpu, &Watch::new()).unwrap();
        let got = query.run(&complete(), &Watch::new()).unwrap();
        assert_eq!(got.best.len(), 40);
        assert_same(&want.best, &got.best, "CPU");
    }
    // Many questions: wide integers, several words of places, a K that leaves one stem.
    let wide = random(90, 300, 256, -200, 400);
    for k in [2, 3] {
        let query = ask(&wide, k, 25, 2).ranks(40, Some(400_000));
        let want = query.run(&cpu, &Watch::new()).unwrap();
        let got = query.run(&complete(), &Watch::new()).unwrap();
        assert_eq!(got.best.len(), 25);
        assert_same(&want.best, &got.best, "CPU");
    }
}

#[test]
fn it_is_chosen_where_it_can_run_and_else_left() {
    let matrix = random(50, 12, 256, 0, 1);
    let gap = table(50, 12, |u, q| {
        ((u, q) != (31, 5)).then(|| (draw(u, q, 8) % 2) as i64)
    });
    fn query(matrix: &ResponseMatrix, k: usize) -> Asked<'_> {
        ask(matrix, k, 5, 2)
    }
    // Only the flat pipeline counts the defined sets.
    let takes_flat = |engine: &GpuEngine, matrix: &ResponseMatrix, k| {
        let outcome = query(matrix, k).run(engine, &Watch::new()).unwrap();
        outcome.defined.is_some()
    };
    let chosen = engine().with_choice(Choice::ByWork);
    assert!(!takes_flat(&chosen, &matrix, 4));
    assert!(takes_flat(&engine().with_choice(Choice::Flat), &matrix, 4));
    assert!(takes_flat(&chosen, &gap, 4));
    assert!(takes_flat(&chosen, &matrix, 1));
    let apart = table(50, 12, |u, q| {
        Some((draw(u, q, 8) % 5) as i64 * if q == 0 { 40_000_000 } else { 1 })
    });
    assert!(takes_flat(&chosen, &apart, 3));
    let tiny = Limits {
        workgroup_memory: 2500,
        ..ANY
    };
    assert!(takes_flat(&chosen.with_limits(&tiny), &matrix, 4));
    // Asked for by name it is refused instead.
    for (engine, matrix, k) in [
        (complete(), &gap, 4),
        (complete(), &matrix, 1),
        (complete(), &apart, 3),
        (complete().with_limits(&tiny), &matrix, 4),
    ] {
        let error = query(matrix, k).find(&engine, &Watch::new()).unwrap_err();
        assert!(matches!(error, EngineError::Refused { .. }), "{error:?}");
    }
}

#[test]
fn planted_faults_are_caught() {
    for (case, matrix) in [
        ("narrow", random(70, 20, 256, 0, 3)),
        ("wide", random(70, 20, 256, 0, 300_000)),
    ] {
        let query = ask(&matrix, 4, 5, 2);
        let small = complete().with_limits(&Limits { chunk: 64, ..ANY });
        assert!(query.run(&small, &Watch::new()).is_ok());
        for fault in [Fault::LostAnswer, Fault::ShiftedChunk] {
            let outcome = query.run(&small.with_fault(fault), &Watch::new());
            assert!(
                matches!(outcome, Err(SearchError::Audit(_))),
                "{case} {fault:?}: {outcome:?}"
            );
        }
        for (fault, why) in [
            (Fault::LostWorkgroup, "did not report"),
            (Fault::BentTable, "not the one that was sent"),
        ] {
            match query.run(&small.with_fault(fault), &Watch::new()) {
                Err(SearchError::Engine(EngineError::Device { what, .. })) => {
                    assert!(what.contains(why), "{case}: {what}");
                }
                other => panic!("{case} {fault:?}: {other:?}"),
            }
        }
        // A device that is lost is opened anew, and nothing is lost with it.
        let want = query.run(&small, &Watch::new()).unwrap();
        let got = query
            .run(&small.with_fault(Fault::LostDevice), &Watch::new())
            .unwrap();
        assert_same(&want.best, &got.best, case);
    }
    assert!(complete().self_test().is_ok());
}
