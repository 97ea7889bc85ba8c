//! The levels pipeline on a real adapter against the oracle and, where there are too many sets for that,
//! against the CPU engine.

use crate::asked::ask;
use crate::gpu::{ANY, agree, agree_on_ranks, catches_faults, random, table};
use kcorrset::combin::{binomial, unrank};
use kcorrset::engine::cpu::CpuEngine;
use kcorrset::engine::gpu::limits::Limits;
use kcorrset::engine::gpu::{Choice, GpuEngine};
use kcorrset::engine::{EngineError, Watch};
use kcorrset::matrix::ResponseMatrix;
use kcorrset::stats::AuditSums;
use std::ops::Range;

/// The device of the other tests, where whatever the levels pipeline cannot take is refused.
fn engine() -> GpuEngine {
    crate::gpu::engine().with_choice(Choice::Levels)
}

#[test]
fn every_k_of_small_tables() {
    for (name, matrix) in [
        ("sparse", random(80, 8, 120, 0, 1)),
        ("complete", random(50, 7, 256, 0, 1)),
        ("likert", random(50, 7, 200, -2, 4)),
    ] {
        for k in 2..=matrix.questions().len() {
            for min_users in [2, 7, 20, 45] {
                agree(&engine(), &matrix, k, min_users, name);
            }
        }
    }
}

#[test]
fn scores_of_every_width() {
    for span in [1, 9, 3000, 70_000, 1_000_000] {
        let matrix = random(70, 7, 200, 5 - span as i64 / 3, span);
        agree(&engine(), &matrix, 4, 10, &format!("span {span}"));
    }
}

/// Ranges of ranks by both engines: results, defined sets, and audits that passed.
fn agree_with_cpu(
    engine: &GpuEngine,
    matrix: &ResponseMatrix,
    k: usize,
    min_users: u64,
    ranks: Range<u128>,
) {
    let query = ask(matrix, k, 10, min_users).ranks(ranks.start, Some(ranks.end - ranks.start));
    let want = query
        .run(&CpuEngine::new(2).unwrap(), &Watch::new())
        .unwrap();
    let got = query.run(engine, &Watch::new()).unwrap();
    let case = format!("K {k}, min_users {min_users}, {ranks:?}");
    let sums = |outcome: &kcorrset::search::Outcome| -> Vec<_> {
        let best = outcome.best.iter();
        best.map(|c| (c.set().to_vec(), *c.sums())).collect()
    };
    assert_eq!(sums(&got), sums(&want), "{case}");
    if let Some(defined) = want.defined {
        assert_eq!(got.defined, Some(defined), "{case}");
    }
}

/// In one chunk, so that every prefix is whole: a set is visited where all prefixes that it is behind have
/// the users that a set needs, which those of K - 1 tell, and else excluded.
#[test]
fn what_is_pruned_is_excluded_and_what_is_summed_is_visited() {
    let matrix = random(70, 11, 120, 0, 1);
    for (k, min_users) in [(2, 30), (3, 14), (5, 3), (5, 7), (5, 40)] {
        let asked = ask(&matrix, k, 5, min_users);
        let found = asked.find(&engine(), &Watch::new()).unwrap();
        let (mut visited, mut excluded) = ((0, 0), (0, 0));
        for rank in asked.part.ranks().unwrap() {
            let set = unrank(11, k, rank).unwrap();
            // Those with fewer answers are in no set, and in no prefix either.
            let users = |questions: &[usize]| {
                let all = (0..70).filter(|&user| matrix.row(user).len() >= k);
                let answered =
                    |user: usize, q: usize| matrix.column(q).score(user as u32).is_some();
                all.filter(|&user| questions.iter().all(|&q| answered(user, q)))
                    .count() as u64
            };
            let kept = users(&set[..k - 1]) >= min_users;
            let of = if kept { &mut visited } else { &mut excluded };
            *of = (of.0 + 1, of.1 + users(&set));
        }
        let told = |sums: &AuditSums| (sums.sets, sums.six.n.0);
        let case = format!("K {k}, min_users {min_users}");
        assert_eq!(told(&found.visited), visited, "visited, {case}");
        assert_eq!(told(&found.excluded), excluded, "excluded, {case}");
        assert_eq!(found.took, [("levels", 1)]);
    }
}

#[test]
fn questions_on_both_sides_of_a_word_and_of_a_workgroup() {
    for questions in [31, 32, 33, 64, 65, 130] {
        let matrix = random(60, questions, 120, 0, 3);
        let total = binomial(questions as u64, 3).unwrap();
        for first in [0, total / 2, total - 2_000] {
            agree_with_cpu(&engine(), &matrix, 3, 8, first..first + 2_000);
        }
    }
}

#[test]
fn k_up_to_64_where_prefixes_run_out_of_users() {
    // Of 2^96 and more sets, hardly a prefix of 8 has users.
    let sparse = random(300, 120, 70, 0, 1);
    for (k, min_users) in [(8, 12), (12, 10), (20, 10), (32, 8), (60, 8)] {
        let total = binomial(120, k as u64).unwrap();
        agree_with_cpu(&engine(), &sparse, k, min_users, 0..total);
    }
    // Left to choose, the engine takes it too: no other pipeline would come to an end.
    let chosen = engine().with_choice(Choice::ByWork);
    agree_with_cpu(&chosen, &sparse, 20, 10, 0..binomial(120, 20).unwrap());
    // A few users answered a great deal: the prefixes that are left have few of them.
    let spread = table(90, 17, |u, q| {
        let kept = if u < 12 {
            u % 2 == 0 || q % 7 != u % 7
        } else {
            (u * 7 + q * q) % 5 == 0
        };
        kept.then_some(((u * q + u) % 3) as i64)
    });
    for k in [7, 9, 12, 16] {
        agree_with_cpu(&engine(), &spread, k, 6, 0..binomial(17, k as u64).unwrap());
    }
}

#[test]
fn ranges_that_cut_prefixes_at_every_level() {
    let matrix = random(70, 13, 170, 0, 2);
    let total = binomial(13, 5).unwrap();
    for first in [0, 1, 2, 63, 300, 641, 1000] {
        for sets in [1, 2, 9, 77, 255] {
            let end = total.min(first + sets);
            agree_with_cpu(&engine(), &matrix, 5, 12, first..end);
        }
    }
    let wide = random(40, 1000, 250, 0, 1);
    for (k, near) in [(5, 1 << 32), (8, 1 << 63), (8, 1 << 64), (12, 1 << 80)] {
        agree_on_ranks(&engine(), &wide, k, near - 60, 130);
    }
    let deep = random(40, 130, 256, 0, 3);
    agree_on_ranks(&engine(), &deep, 65, (1 << 126) - 30, 65);
    let end = binomial(130, 65).unwrap();
    agree_on_ranks(&engine(), &deep, 65, end - 65, 65);
}

#[test]
fn small_frontiers_and_workgroups_give_the_same() {
    let matrix = random(200, 16, 110, 0, 1);
    let total = binomial(16, 6).unwrap();
    for limits in [
        // One workgroup, one prefix of one root's users and hardly more.
        Limits { chunk: 1, ..ANY },
        Limits {
            chunk: 64,
            workgroups_per_side: 2,
            survivors: 3,
            ..ANY
        },
        Limits {
            chunk: 1000,
            survivors: 40,
            ..ANY
        },
    ] {
        let engine = engine().with_limits(&limits);
        agree_with_cpu(&engine, &matrix, 6, 8, 0..total);
        agree_with_cpu(&engine, &matrix, 3, 30, 17..500);
    }
}

#[test]
fn loops_that_are_cut_short_are_seen() {
    // More users than a lane may count in one go, on llvmpipe, for all of its prefixes.
    let matrix = random(9_000, 12, 200, 0, 1);
    let one = engine().with_limits(&Limits {
        workgroups_per_side: 1,
        ..ANY
    });
    let total = binomial(12, 4).unwrap();
    agree_with_cpu(&one, &matrix, 4, 10, 0..total);
}

#[test]
fn planted_faults_are_caught() {
    let matrix = random(70, 11, 180, 0, 1);
    let query = ask(&matrix, 5, 5, 10);
    let small = engine().with_limits(&Limits { chunk: 128, ..ANY });
    catches_faults(&small, &query);
}

#[test]
fn what_it_cannot_take_is_refused() {
    let refused = |matrix: &ResponseMatrix, k: usize, limits: &Limits| {
        let query = ask(matrix, k, 5, 2);
        let outcome = query.find(&engine().with_limits(limits), &Watch::new());
        assert!(
            matches!(outcome, Err(EngineError::Refused { .. })),
            "{outcome:?}"
        );
    };
    let matrix = random(60, 9, 200, 0, 1);
    refused(&matrix, 1, &ANY);
    let tiny = Limits {
        max_storage_binding: 400,
        ..ANY
    };
    refused(&matrix, 3, &tiny);
}
