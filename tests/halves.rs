//! Sets of five questions and more by halves, with lanes in several blocks, against the plain walk.
//!
//! The grid's tables of five questions are small enough for an oracle, so their lanes fill one block
//! of the kernels; these are checked against the general walk, which the grid checks.

use crate::asked::{Asked, ask};
use kcorrset::engine::Watch;
use kcorrset::engine::cpu::{CpuEngine, Isa, Machine};
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

/// Every level: as it chooses, by the pair test, by byte products and by masked sums.
fn engines() -> Vec<(String, CpuEngine)> {
    let of = |isa: Isa| {
        let named = |kind: &str, engine: CpuEngine| {
            let engine = engine.with_isa(isa).unwrap();
            (format!("{kind} {}", isa.name()), engine)
        };
        [
            named("walk", engine().walking()),
            named("pairs", engine().with_machine(Machine::Pairs)),
            named("codes", engine().with_machine(Machine::Codes)),
            named("masked", engine().with_machine(Machine::Masked)),
        ]
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
        let total = whole.part.sets();
        let (skip, limit) = (total / 5, total / 2);
        let part = whole.clone().ranks(skip, Some(limit));
        for asked in [whole, part] {
            let plain = sets(&told(&engine().plain(), &asked).best);
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
        model: Model::ItemResponse,
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
        model: Model::ItemResponse,
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
        model: Model::ItemResponse,
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
