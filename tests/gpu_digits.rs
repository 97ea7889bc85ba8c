//! Tables of more digits than sums of 64 bits hold, on every GPU pipeline: packed in steps, discarded under their
//! bound, judged exactly. Against the oracle for every criterion, and against the CPU engine.

use crate::agreement::{Effort, Subject, Truth, must_agree, oracle_all};
use crate::asked::{Aim, Asked, ask};
use crate::criteria::aims;
use crate::gpu::{agree_within, assert_same, engine};
use crate::gpu_grid::subjects;
use crate::tables::{Draw, cells};
use kcorrset::combin::Quotas;
use kcorrset::engine::Watch;
use kcorrset::engine::cpu::CpuEngine;
use kcorrset::engine::gpu::Choice;
use kcorrset::matrix::{ResponseMatrix, Score};
use std::collections::BTreeSet;

/// Scores of eight decimals that go with a user's ability, those of a share in percent answered.
fn decimals(
    users: usize,
    questions: usize,
    share: u64,
    change: impl Fn(usize, i64) -> i64,
) -> ResponseMatrix {
    let mut draw = Draw::new(users as u64);
    let mut ability = 0;
    cells(users, questions, |_, q| {
        if q == 0 {
            ability = draw.between(0, 500_000_000);
        }
        let mantissa = change(q, ability + draw.between(0, 500_000_000));
        let score = Score {
            mantissa,
            digits: 8,
        };
        (draw.percent(share) || q < 2).then_some(score)
    })
}

/// Nine tests of 301 users, as a table of test scores is.
fn nine_tests(share: u64) -> ResponseMatrix {
    decimals(301, 9, share, |_, score| score)
}

/// Whether scores are in steps for this search, which every pipeline is told alike.
fn in_steps(asked: &Asked<'_>) -> bool {
    let one = asked.clone().ranks(0, Some(1));
    let found = one.find(engine(), &Watch::new()).unwrap();
    found.basis.score_step > 0 && found.defined.is_none()
}

/// Every pipeline once, with 64-bit integers as pairs.
fn pipelines() -> Vec<Subject> {
    let all = subjects().into_iter();
    all.filter(|subject| subject.name.ends_with("Pairs") && !subject.name.contains("bytes"))
        .collect()
}

#[test]
fn nine_tests_of_eight_decimals_are_those_of_the_cpu() {
    let cpu = CpuEngine::new(2).unwrap();
    for share in [100, 80] {
        let matrix = nine_tests(share);
        for k in 1..=5 {
            for top in [3, 126] {
                let asked = ask(&matrix, k, top, 2);
                assert!(in_steps(&asked), "K {k}");
                let want = asked.run(&cpu, &Watch::new()).unwrap();
                for subject in pipelines() {
                    if subject.takes(asked.clone()) {
                        let case = format!("{}, K {k}, {share} %, {top}", subject.name);
                        let got = asked.run(&*subject.engine, &Watch::new()).unwrap();
                        assert_eq!(got.best.len(), want.best.len(), "{case}");
                        assert_same(&want.best, &got.best, &case);
                        assert_eq!(want.best, got.best, "{case}");
                    }
                }
            }
        }
    }
}

#[test]
fn what_is_a_little_below_the_floor_is_discarded() {
    for (choice, share, near) in [
        (Choice::Flat, 80, 1e-5),
        (Choice::Projected, 80, 1e-5),
        (Choice::Levels, 80, 1e-5),
        (Choice::Complete, 100, 1e-3),
    ] {
        let matrix = nine_tests(share);
        assert!(in_steps(&ask(&matrix, 3, 1, 2)));
        let engine = engine().with_choice(choice);
        agree_within(&engine, &matrix, 3, 2, near, &format!("{choice:?}"));
    }
}

/// Tables of many digits, complete and not, and what they are like.
fn family(share: u64) -> Vec<(&'static str, ResponseMatrix)> {
    type Change = fn(usize, i64) -> i64;
    let kinds: [(&str, Change); 5] = [
        ("eight decimals", |_, score| score),
        // A question of 2^16 times the size beside small ones.
        ("mixed magnitudes", |q, score| {
            if q == 3 { score << 12 } else { score >> 4 }
        }),
        ("either sign", |q, score| {
            if q % 2 == 0 {
                score - 500_000_000
            } else {
                -score
            }
        }),
        ("constant questions", |q, score| {
            if q < 3 { 123_456_789 * q as i64 } else { score }
        }),
        ("huge totals", |q, score| (score << 12) + ((q as i64) << 42)),
    ];
    kinds
        .map(|(name, change)| (name, decimals(40, 7, share, change)))
        .into()
}

/// Every criterion, bound and constraint that is asked of a table.
fn asked_of(matrix: &ResponseMatrix) -> Vec<(String, Aim)> {
    let mut all = aims(matrix);
    all.push(("total".to_owned(), Aim::default()));
    let constrained = Aim {
        include: vec![4],
        exclude: vec![1],
        ..Aim::default()
    };
    all.push(("total, constrained".to_owned(), constrained));
    let groups = (0..matrix.questions().len()).map(|q| (q < 4).then_some(0));
    let groups = Quotas::new(groups.collect(), vec![1..=2]);
    let quotas = Aim {
        quotas: Some(groups),
        ..Aim::default()
    };
    all.push(("total, quotas".to_owned(), quotas));
    all
}

#[test]
fn every_criterion_in_steps_on_every_pipeline() {
    let pipelines = pipelines();
    let mut ran = BTreeSet::new();
    for share in [100, 80] {
        for (name, matrix) in family(share) {
            for (what, aim) in asked_of(&matrix) {
                assert!(in_steps(&aim.ask(&matrix, 3, 1, 2)), "{name}, {what}");
                let truth = Truth::new(&matrix, &aim, 2, &oracle_all(&matrix, &aim, 3));
                // The complete pipeline takes the complete tables, the others those with gaps.
                let complete = |subject: &&Subject| subject.name.contains("complete");
                for subject in pipelines.iter().filter(|s| complete(s) == (share == 100)) {
                    if subject.takes(truth.ask(1)) {
                        let name = format!("{name}, {share} %, {what}");
                        must_agree(subject, Effort::Brief, &name, &truth);
                        ran.insert((subject.name.clone(), what.clone()));
                    }
                }
            }
        }
    }
    let aims = asked_of(&family(100)[0].1).len();
    assert_eq!(ran.len(), aims * pipelines.len(), "{ran:?}");
}
