//! Sets of four questions and more by halves, with lanes in several blocks, against the plain walk.
//!
//! The grid's tables of four and five questions are small enough for an oracle, so their lanes fill one block
//! of the kernels; these are checked against the general walk, which the grid checks. Parts have blocks of four
//! questions to choose, which are walked by halves of their own. Every search is audited.

use crate::asked::{Asked, ask};
use kcorrset::engine::Watch;
use kcorrset::engine::cpu::{CpuEngine, Isa, Machine, Regime};
use kcorrset::search::Outcome;
use kcorrset::synth::{Model, Spec, matrix};
use kcorrset::top::Candidate;

/// A table and searches of it.
struct Case {
    questions: usize,
    users: usize,
    answered: f64,
    scores: std::ops::RangeInclusive<i64>,
    model: Model,
    k: usize,
    min_users: u64,
}

fn engine() -> CpuEngine {
    CpuEngine::new(2).unwrap()
}

/// Which the others are checked against.
const GENERAL: Regime = Regime::Leaves(Machine::General);

/// Regimes that are plain below AVX-512.
const PLAIN: [Regime; 3] = [
    Regime::Leaves(Machine::Planes),
    Regime::Leaves(Machine::Codes),
    Regime::Leaves(Machine::Masked),
];

/// Every level: as it chooses, and by each leaf machine.
fn engines() -> Vec<(String, CpuEngine)> {
    let of = |isa: Isa| {
        let machines = Machine::ALL.into_iter().map(Regime::Leaves);
        let regimes = [Regime::Walk].into_iter().chain(machines);
        let engine = move |regime: Regime| {
            let engine = engine().with_regime(regime).with_isa(isa).unwrap();
            (format!("{} {}", regime.name(), isa.name()), engine)
        };
        regimes
            .filter(|regime| *regime != GENERAL)
            // Below AVX-512 these are plain at each level.
            .filter(|regime| isa != Isa::Avx2 || !PLAIN.contains(regime))
            .map(engine)
            .collect::<Vec<_>>()
    };
    Isa::available().into_iter().flat_map(of).collect()
}

fn told(engine: &CpuEngine, asked: &Asked<'_>) -> Outcome {
    asked.run(engine, &Watch::new()).unwrap()
}

fn sets(best: &[Candidate]) -> Vec<(Vec<usize>, kcorrset::stats::Sums)> {
    best.iter().map(|c| (c.set().to_vec(), *c.sums())).collect()
}

fn agree(case: &Case) {
    let &Case {
        questions,
        users,
        answered,
        model,
        k,
        min_users,
        ..
    } = case;
    let matrix = matrix(&Spec {
        users,
        questions,
        answered,
        scores: case.scores.clone(),
        model,
        booklets: 0,
        seed: 11,
    })
    .unwrap();
    for top in [1, 30, 3_000] {
        let whole = ask(&matrix, k, top, min_users);
        let total = whole.part.sets().unwrap();
        let (skip, limit) = (total / 5, total / 2);
        let part = whole.clone().ranks(skip, Some(limit));
        for asked in [whole, part] {
            let plain = sets(&told(&engine().with_regime(GENERAL), &asked).best);
            for (name, engine) in engines() {
                let found = sets(&told(&engine, &asked).best);
                assert!(
                    found == plain,
                    "{name}, {questions} questions, k {k}, top {top}, {:?}",
                    asked.part
                );
            }
        }
    }
}

#[test]
fn sets_of_four() {
    agree(&Case {
        questions: 53,
        users: 600,
        answered: 0.45,
        scores: 0..=1,
        model: Model::Random,
        k: 4,
        min_users: 5,
    });
}

#[test]
fn sets_of_four_of_several_scores() {
    agree(&Case {
        questions: 46,
        users: 400,
        answered: 0.6,
        scores: 0..=3,
        model: Model::RASCH,
        k: 4,
        min_users: 3,
    });
}

#[test]
fn random_scores() {
    agree(&Case {
        questions: 38,
        users: 700,
        answered: 0.45,
        scores: 0..=1,
        model: Model::Random,
        k: 5,
        min_users: 5,
    });
}

#[test]
fn item_responses_where_sets_tell_much() {
    agree(&Case {
        questions: 37,
        users: 500,
        answered: 0.6,
        scores: 0..=1,
        model: Model::RASCH,
        k: 5,
        min_users: 2,
    });
}

/// Totals of few users are more than 15 from the mean, so that their squares take more than a byte; and
/// leaves have many users.
#[test]
fn item_responses_of_a_wide_spread() {
    agree(&Case {
        questions: 40,
        users: 500,
        answered: 0.85,
        scores: 0..=1,
        model: Model::RASCH,
        k: 5,
        min_users: 3,
    });
}

#[test]
fn scores_of_several_steps() {
    agree(&Case {
        questions: 34,
        users: 600,
        answered: 0.5,
        scores: 1..=6,
        model: Model::Random,
        k: 5,
        min_users: 4,
    });
}

#[test]
fn scores_of_both_signs() {
    agree(&Case {
        questions: 23,
        users: 900,
        answered: 0.5,
        scores: -1..=1,
        model: Model::RASCH,
        k: 6,
        min_users: 6,
    });
}

#[test]
fn a_long_prefix() {
    agree(&Case {
        questions: 19,
        users: 1_500,
        answered: 0.62,
        scores: 0..=1,
        model: Model::Random,
        k: 7,
        min_users: 10,
    });
}
