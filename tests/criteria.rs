//! Criteria, lower bounds and constraints on every engine against the oracle, which has its own arithmetic for
//! each; above floors, in parts, and with faults planted in what discards.

use crate::agreement::{Effort, Subject, Truth, agree, engines, must_agree, oracle_all, regimes};
use crate::asked::{Aim, faulty};
use crate::tables::{self, Draw, Table};
use kcorrset::combin::{Quotas, Space, binomial};
use kcorrset::engine::cpu::CpuEngine;
use kcorrset::engine::{Engine, EngineError, Findings, Part, Prepared, Query, Watch};
use kcorrset::matrix::ResponseMatrix;
use kcorrset::stats::Criterion;
use std::collections::BTreeSet;

/// Tables of each kind that an engine has a way of its own for.
fn family() -> Vec<Table> {
    let mut all: Vec<Table> = tables::patterns().into_iter().step_by(2).collect();
    all.extend(tables::ties().into_iter().step_by(2));
    all.extend(tables::scores().into_iter().step_by(3));
    all.extend(tables::sizes(60).into_iter().step_by(5));
    all.extend(tables::sizes(100).into_iter().step_by(5));
    all
}

/// Numbers of a table's users that go with their totals more or less: few steps, many digits, or more digits than
/// 64 bits hold.
fn numbers(matrix: &ResponseMatrix, kind: u64) -> Vec<i128> {
    let mut draw = Draw::new(kind + 11);
    let totals = matrix.totals().iter();
    totals
        .map(|&total| {
            let noise = i128::from(draw.below(1_000_000_000));
            let total = i128::from(total);
            match kind {
                0 => total / 2 + noise % 3,
                1 => total * 700_000_000 + noise - 5_000_000_000,
                _ => (total << 70) + (noise << 66) + noise,
            }
        })
        .collect()
}

/// Every criterion, and bounds of some.
pub fn aims(matrix: &ResponseMatrix) -> Vec<(String, Aim)> {
    let mut aims = vec![
        ("rest".to_owned(), Aim::of(Criterion::Rest)),
        ("mean".to_owned(), Aim::of(Criterion::Mean)),
    ];
    for kind in 0..3 {
        let numbers = numbers(matrix, kind);
        let aim = Aim {
            numbers,
            ..Aim::of(Criterion::Column)
        };
        aims.push((format!("column {kind}"), aim));
    }
    for (at, criterion) in [
        (0.95, Criterion::Total),
        (0.6, Criterion::Rest),
        (0.99, Criterion::Mean),
    ] {
        let aim = Aim {
            level: Some(at),
            ..Aim::of(criterion)
        };
        aims.push((format!("{} at {at}", criterion.name()), aim));
    }
    aims
}

/// A subject is asked for one aim in so many, the CPU engine as it is for all.
const SHARE: usize = 4;

/// Once it was, it is asked again in one search of so many.
const TURNS: usize = 61;

/// Whether a subject is asked for an aim, by their places.
fn is_asked(subject: usize, name: &str, aim: usize) -> bool {
    name == "cpu" || (subject + aim).is_multiple_of(SHARE)
}

/// Runs the family through every subject for each aim, in turns.
fn grid(subjects: &[Subject], family: &[Table], most_sets: u128) {
    let mut ran = BTreeSet::new();
    let mut turn = 0;
    for Table { name, matrix } in family {
        let questions = matrix.questions().len();
        let few = |k: &usize| binomial(questions as u64, *k as u64).is_some_and(|n| n <= most_sets);
        let sizes = (1..=questions).filter(few).filter(|k| *k < 6);
        for k in sizes.step_by(2) {
            for (of, (what, aim)) in aims(matrix).into_iter().enumerate() {
                for truth in Truth::both(matrix, &aim, k) {
                    for (at, subject) in subjects.iter().enumerate() {
                        let fresh = !ran.contains(&(subject.name.clone(), what.clone()));
                        turn += 1;
                        if !is_asked(at, &subject.name, of) || (!fresh && turn % TURNS != 0) {
                            continue;
                        }
                        if truth.total <= subject.most_sets && subject.takes(truth.ask(1)) {
                            must_agree(subject, Effort::Brief, &format!("{name}, {what}"), &truth);
                            ran.insert((subject.name.clone(), what.clone()));
                        }
                    }
                }
            }
        }
    }
    for (at, subject) in subjects.iter().enumerate() {
        let names = aims(&family[0].matrix).into_iter().map(|(what, _)| what);
        let asked = names
            .enumerate()
            .filter(|(of, _)| is_asked(at, &subject.name, *of));
        let missing: Vec<_> = asked
            .map(|(_, what)| (subject.name.clone(), what))
            .filter(|pair| !ran.contains(pair))
            .collect();
        assert!(missing.is_empty(), "never ran: {missing:?}");
    }
}

fn processors() -> Vec<Subject> {
    let cpu = |subject: &Subject| !subject.name.starts_with("gpu");
    engines().into_iter().filter(cpu).chain(regimes()).collect()
}

#[test]
fn every_criterion_on_every_machine_of_the_cpu() {
    grid(&processors(), &family(), 100);
}

#[test]
fn every_criterion_where_leaves_are_discarded() {
    let forced = |subject: &Subject| subject.regime.is_some() && subject.most_sets > 1000;
    let subjects: Vec<_> = processors().into_iter().filter(forced).collect();
    let Table { name, matrix } = tables::lanes().remove(0);
    let mut turn = 0;
    for (what, aim) in aims(&matrix) {
        let all = oracle_all(&matrix, &aim, 4);
        let truth = Truth::new(&matrix, &aim, 4, &all);
        for subject in &subjects {
            turn += 1;
            if turn % 3 == 0 && subject.takes(truth.ask(1)) {
                must_agree(subject, Effort::Brief, &format!("{name}, {what}"), &truth);
            }
        }
    }
}

#[test]
fn finer_steps_discard_no_set_that_reaches_a_floor_and_most_others() {
    let (mut below, mut asked) = (0, 0);
    for Table { name, matrix } in [tables::wide(9), tables::patterns().remove(3)] {
        for (what, aim) in aims(&matrix) {
            let query = aim.ask(&matrix, 3, 1, 2).query;
            let sets =
                (0..query.space().count().unwrap()).filter_map(|rank| query.space().unrank(rank));
            for set in sets {
                let Some(candidate) = query.judge(&set) else {
                    continue;
                };
                let value = candidate.value().rounded();
                for floor in [value, value.next_down(), value - 1e-12, -1.0] {
                    assert!(!query.surely_below(&set, floor), "{name}, {what}, {set:?}");
                }
                if query.blur().most > 0.0 && value > 0.0 {
                    asked += 1;
                    below += usize::from(query.surely_below(&set, value + 1e-5));
                }
            }
        }
    }
    assert!(asked > 200 && below * 10 > asked * 9, "{below} of {asked}");
}

/// Fails unless an engine whose searches go through `fault` is found out.
fn found_out<F>(truth: &Truth, what: &str, fault: F)
where
    F: Fn(&dyn Prepared, &Query<'_>, &Part, &Watch) -> Result<Findings, EngineError> + Sync,
{
    let right = CpuEngine::new(2).unwrap();
    agree(&right, truth, Effort::Brief).unwrap();
    let wrong = faulty(&right, fault);
    assert!(agree(&wrong, truth, Effort::Brief).is_err(), "{what}");
}

#[test]
fn a_floor_in_another_figure_is_found_out() {
    let Table { matrix, .. } = tables::wide(9);
    // The floor that an engine would raise if it took r with the total for what is ranked by.
    let by_total = |query: &Query<'_>, part: &Part| {
        let plain = Query::of(query.source())
            .k(query.k())
            .top(3)
            .build()
            .unwrap();
        let engine = CpuEngine::new(1).unwrap();
        let found = engine.open(&plain).unwrap().search(part, &Watch::new());
        let best = found.unwrap().best;
        best.last().map_or(-1.0, |worst| worst.correlation().r())
    };
    for (what, aim) in aims(&matrix).into_iter().step_by(2) {
        let all = oracle_all(&matrix, &aim, 2);
        let truth = Truth::new(&matrix, &aim, 5, &all);
        found_out(&truth, &what, |ready, query, part, watch| {
            let other = Watch::new();
            other.raise_floor(by_total(query, part));
            let found = ready.search(part, &other);
            watch.advance(other.done());
            found
        });
    }
}

#[test]
fn a_search_of_other_sets_is_found_out() {
    let Table { matrix, .. } = tables::wide(10);
    let groups = (0..matrix.questions().len()).map(|q| (q % 2 == 0).then_some(0));
    let aims = [
        Aim {
            quotas: Some(Quotas::new(groups.collect(), vec![2..=2])),
            ..Aim::default()
        },
        Aim {
            include: vec![3],
            ..Aim::default()
        },
        Aim {
            exclude: vec![0],
            ..Aim::of(Criterion::Rest)
        },
    ];
    for aim in &aims {
        let all = oracle_all(&matrix, aim, 3);
        let truth = Truth::new(&matrix, aim, 2, &all);
        found_out(&truth, &format!("{aim:?}"), |_, query, part, watch| {
            let every = Query::of(query.source()).k(query.k()).top(query.top());
            let every = every.criterion(query.ranking().criterion).build().unwrap();
            let engine = CpuEngine::new(1).unwrap();
            let ready = engine.open(&every)?;
            let part = every
                .space()
                .part(part.ranks().unwrap().start, Some(part.sets().unwrap()));
            ready.search(&part.unwrap(), watch)
        });
    }
}

#[test]
fn zeros_for_missing_answers_are_what_a_table_with_zeros_has() {
    for Table { name, matrix } in tables::patterns().into_iter().step_by(3) {
        let (users, questions) = (matrix.users().len(), matrix.questions().len());
        let by_hand = tables::cells(users, questions, |user, question| {
            let score = matrix.column(question).score(user as u32);
            tables::whole(score.unwrap_or(0))
        });
        let zeros = matrix.clone().with_zeros().unwrap();
        assert_eq!(zeros.totals(), matrix.totals(), "{name}");
        let aim = Aim::of(Criterion::Rest);
        for k in [1, 3] {
            let all = oracle_all(&by_hand, &aim, k);
            let right = Truth::new(&by_hand, &aim, 2, &all);
            let of_zeros = right.told_of(&zeros);
            for subject in &processors() {
                if subject.most_sets > of_zeros.total && subject.takes(of_zeros.ask(1)) {
                    must_agree(
                        subject,
                        Effort::Brief,
                        &format!("{name} with zeros"),
                        &of_zeros,
                    );
                }
            }
            // Single questions that nobody answered have no variance with zeros either.
            if k > 1 && matrix.responses() < users * questions {
                let of_gaps = of_zeros.told_of(&matrix);
                let engine = CpuEngine::new(2).unwrap();
                assert!(agree(&engine, &of_gaps, Effort::Brief).is_err(), "{name}");
            }
        }
    }
}

#[test]
fn sets_with_some_questions_and_without_others() {
    for Table { name, matrix } in [tables::wide(9), tables::sizes(100).remove(3)] {
        let questions = matrix.questions().len();
        let last = questions - 1;
        for (include, exclude) in [
            (vec![], vec![1]),
            (vec![last], vec![]),
            (vec![2, 0], vec![last, 1]),
        ] {
            for criterion in [Criterion::Total, Criterion::Rest, Criterion::Mean] {
                let aim = Aim {
                    include: include.clone(),
                    exclude: exclude.clone(),
                    ..Aim::of(criterion)
                };
                for k in include.len().max(1) + 1..=(questions - exclude.len()).min(4) {
                    let all = oracle_all(&matrix, &aim, k);
                    let truth = Truth::new(&matrix, &aim, 2, &all);
                    for subject in engines().iter().filter(|s| truth.total <= s.most_sets) {
                        if subject.takes(truth.ask(1)) {
                            let what = format!("{name}, with {include:?}, without {exclude:?}");
                            must_agree(subject, Effort::Brief, &what, &truth);
                        }
                    }
                }
            }
        }
    }
}

#[test]
fn so_many_questions_of_each_group() {
    let mut searched = 0;
    for Table { name, matrix } in [
        tables::wide(9),
        tables::sizes(100).remove(4),
        tables::patterns().remove(1),
    ] {
        let questions = matrix.questions().len();
        let groups: Vec<_> = (0..questions)
            .map(|q| [Some(0), Some(1), None][q % 3])
            .collect();
        for wanted in [vec![1..=1, 1..=2], vec![0..=0, 2..=3], vec![2..=9, 0..=1]] {
            let aim = Aim {
                quotas: Some(Quotas::new(groups.clone(), wanted.clone())),
                include: vec![1],
                ..Aim::default()
            };
            let pool: Vec<usize> = (0..questions).filter(|q| *q != 1).collect();
            for k in 3..=4 {
                let space = Space::new(&[1], &pool, k);
                let quotas = aim.quotas.as_ref().unwrap();
                if !space.is_ok_and(|space| quotas.allow_some(&space)) {
                    continue;
                }
                searched += 1;
                let all = oracle_all(&matrix, &aim, k);
                let truth = Truth::new(&matrix, &aim, 2, &all);
                for subject in engines().iter().filter(|s| truth.total <= s.most_sets) {
                    if subject.takes(truth.ask(1)) {
                        let what = format!("{name}, quotas {wanted:?}");
                        must_agree(subject, Effort::Brief, &what, &truth);
                    }
                }
            }
        }
    }
    assert!(searched > 6, "{searched}");
}
