//! The running check of discards: it agrees wherever an engine is right, and catches one that is not.

use crate::asked::{Aim, Asked, ask, faulty};
use crate::gpu::{random, table};
use kcorrset::combin::Quotas;
use kcorrset::engine::cpu::{CpuEngine, Machine, Regime};
use kcorrset::engine::{Drawn, Engine, EngineError, Findings, Part, Prepared, Query, Watch, Way};
use kcorrset::matrix::ResponseMatrix;
use kcorrset::search::{Checked, Outcome, SearchError, run_checked};
use kcorrset::stats::Criterion;
use kcorrset::synth::{Model, Spec, matrix};

/// A table on which the CPU engine goes by its leaf machines, which discard.
fn sparse(scores: std::ops::RangeInclusive<i64>) -> ResponseMatrix {
    matrix(&Spec {
        users: 1_500,
        questions: 26,
        answered: 0.5,
        scores,
        model: Model::Random,
        booklets: 0,
        seed: 5,
    })
    .unwrap()
}

fn checked(engine: &dyn Engine, asked: &Asked<'_>, seed: u64) -> Result<Outcome, SearchError> {
    run_checked(engine, &asked.query, &asked.part, &Watch::new(), seed)
}

/// What the same search finds unchecked, and that something was checked.
fn is_checked(engine: &dyn Engine, asked: &Asked<'_>, seed: u64, case: &str) -> Checked {
    let found = checked(engine, asked, seed).unwrap_or_else(|e| panic!("{case}, {seed}: {e}"));
    let plain = asked.run(engine, &Watch::new()).unwrap();
    assert_eq!(found.best, plain.best, "{case}");
    assert_eq!(plain.checked, Checked::default());
    let Checked {
        draws, sets, kept, ..
    } = found.checked;
    assert!(
        draws > 0 && sets > 0 && kept > 0,
        "{case}: {:?}",
        found.checked
    );
    assert!(
        kept * 200 <= sets.max(200) as u64,
        "{case}: {kept} of {sets}"
    );
    found.checked
}

#[test]
fn every_regime_of_the_cpu_engine_agrees_with_the_general_walk() {
    let engine = CpuEngine::new(2).unwrap();
    let binary = sparse(0..=1);
    let likert = sparse(1..=6);
    let complete = random(60, 14, 256, 0, 4);
    let few_missing = table(400, 14, |u, q| {
        (u % 50 != 3 * q).then_some(((u * 7 + q * u) % 5) as i64)
    });
    let few_patterns = table(300, 14, |u, q| {
        ((u % 3) * 4 <= q && q < (u % 3) * 4 + 6).then_some(((u * 5 + q * u) % 4) as i64)
    });
    for (name, matrix) in [
        ("binary", &binary),
        ("likert", &likert),
        ("complete", &complete),
        ("few missing", &few_missing),
        ("few patterns", &few_patterns),
    ] {
        for k in 1..=6 {
            let asked = ask(matrix, k, 3, 5);
            for seed in 0..3 {
                is_checked(&engine, &asked, seed, &format!("{name}, K {k}"));
            }
        }
    }
    let asked = ask(&binary, 4, 3, 5);
    for machine in Machine::ALL {
        let engine = CpuEngine::new(2).unwrap();
        let engine = engine.with_regime(Regime::Leaves(machine));
        match machine {
            // Everything else is compared with it.
            Machine::General => {
                let found = checked(&engine, &asked, 1).unwrap();
                assert_eq!(found.checked.draws, 0);
            }
            _ => drop(is_checked(&engine, &asked, 1, machine.name())),
        }
    }
}

#[test]
fn criteria_and_constraints_and_parts_are_checked_as_they_are_asked_for() {
    let engine = CpuEngine::new(2).unwrap();
    let matrix = sparse(0..=1);
    let numbers = (0..matrix.users().len() as i128).map(|u| u * u % 997);
    let column = Aim {
        numbers: numbers.collect(),
        ..Aim::of(Criterion::Column)
    };
    let bound = Aim {
        level: Some(0.95),
        ..Aim::default()
    };
    let constrained = Aim {
        include: vec![3],
        exclude: vec![5, 7],
        ..Aim::default()
    };
    for (name, aim) in [
        ("mean", Aim::of(Criterion::Mean)),
        ("rest", Aim::of(Criterion::Rest)),
        ("column", column),
        ("bound", bound),
        ("constrained", constrained),
    ] {
        for seed in 0..3 {
            is_checked(&engine, &aim.ask(&matrix, 4, 3, 10), seed, name);
        }
    }
    let part = ask(&matrix, 4, 3, 10).ranks(1_000, Some(9_000));
    is_checked(&engine, &part, 1, "a part");
    let tiny = ask(&matrix, 4, 3, 10).ranks(1_000, Some(1));
    is_checked(&engine, &tiny, 1, "one set");
}

#[test]
fn groups_leave_out_what_is_not_asked_for() {
    let engine = CpuEngine::new(2).unwrap();
    let matrix = sparse(0..=1);
    let groups = (0..matrix.questions().len()).map(|q| Some(q % 2)).collect();
    let quotas = Quotas::new(groups, vec![2..=2, 2..=2]);
    let aim = Aim {
        quotas: Some(quotas),
        ..Aim::default()
    };
    is_checked(&engine, &aim.ask(&matrix, 4, 3, 10), 1, "groups");
}

/// The CPU engine, with a way that goes through `fault`.
struct Wrong<F> {
    engine: CpuEngine,
    drawn: Drawn,
    fault: F,
}

impl<F> Engine for Wrong<F>
where
    F: Fn(&dyn Prepared, &Query<'_>, &Part, &Watch) -> Result<Findings, EngineError> + Sync,
{
    fn name(&self) -> &'static str {
        self.engine.name()
    }

    fn devices(&self) -> Vec<String> {
        self.engine.devices()
    }

    fn ways(&self, query: &Query<'_>, part: &Part) -> Result<Vec<Way<'_>>, EngineError> {
        let mut ways = self.engine.ways(query, part)?;
        for way in &mut ways {
            way.engine = Box::new(faulty(&self.engine, &self.fault));
            way.drawn = self.drawn;
        }
        Ok(ways)
    }

    fn open<'q>(&'q self, query: &'q Query<'q>) -> Result<Box<dyn Prepared + 'q>, EngineError> {
        self.engine.open(query)
    }
}

/// Whether a search whose discards go through `fault` is refused, whatever is drawn.
fn is_caught<F>(fault: F, case: &str)
where
    F: Fn(&dyn Prepared, &Query<'_>, &Part, &Watch) -> Result<Findings, EngineError> + Sync + Copy,
{
    let matrix = sparse(0..=1);
    for drawn in [Drawn::Ranks, Drawn::Spaces] {
        let engine = CpuEngine::new(2).unwrap();
        let wrong = Wrong {
            engine,
            drawn,
            fault,
        };
        for seed in 0..5 {
            match checked(&wrong, &ask(&matrix, 4, 3, 5), seed) {
                Err(SearchError::Check(failure)) => {
                    let said = failure.to_string();
                    assert!(said.contains("no answer of it is to be trusted"), "{said}");
                }
                other => panic!("{case}, {drawn:?}, {seed}: {other:?}"),
            }
        }
    }
}

#[test]
fn a_wrong_discard_ends_the_search() {
    is_caught(
        |inner, _, part, watch| {
            let mut found = inner.search(part, watch)?;
            found.best.clear();
            Ok(found)
        },
        "all are discarded",
    );
    is_caught(
        |inner, _, part, watch| {
            let mut found = inner.search(part, watch)?;
            found.best.remove(0);
            Ok(found)
        },
        "the best is lost",
    );
    is_caught(
        |inner, _, part, watch| {
            // Above the set that it was right below, by more than any margin.
            watch.raise_floor(watch.floor() + 1e-4);
            inner.search(part, watch)
        },
        "the bound is off",
    );
    is_caught(
        |inner, _, part, watch| {
            let mut found = inner.search(part, watch)?;
            found.best.push(found.best[0].clone());
            Ok(found)
        },
        "a set is found twice",
    );
}

#[test]
fn no_floor_of_a_check_reaches_the_search_and_a_stop_reaches_the_check() {
    let engine = CpuEngine::new(2).unwrap();
    let matrix = sparse(0..=1);
    let asked = ask(&matrix, 4, 3, 5);
    let (own, other) = (Watch::new(), Watch::new());
    run_checked(&engine, &asked.query, &asked.part, &own, 1).unwrap();
    asked.run(&engine, &other).unwrap();
    assert_eq!(own.floor(), other.floor());
    assert_eq!((own.done(), other.done()), (14_950, 14_950));
    let stopped = Watch::new();
    stopped.stop();
    let end = run_checked(&engine, &asked.query, &asked.part, &stopped, 1);
    assert!(
        matches!(end, Err(SearchError::Engine(EngineError::Stopped))),
        "{end:?}"
    );
}
