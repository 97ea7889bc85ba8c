//! Spaces of more sets than 128 bits number: the bound engine proves its list and counts exactly, engines that go by
//! ranks refuse, and a space that questions to include make small enough has ranks.

use crate::asked::{Aim, Asked, ask, faulty};
use crate::tables::integers;
use kcorrset::combin::{Quotas, Size};
use kcorrset::engine::bound::BoundEngine;
use kcorrset::engine::cpu::{CpuEngine, Isa};
use kcorrset::engine::oracle::ReferenceEngine;
use kcorrset::engine::published::PublishedEngine;
use kcorrset::engine::{Engine, EngineError, Watch};
use kcorrset::matrix::ResponseMatrix;
use kcorrset::search::SearchError;
use kcorrset::stats::{AuditSums, Criterion};
use kcorrset::synth::{Model, Spec, matrix};
use kcorrset::top::Candidate;
use std::num::Wrapping;

const QUESTIONS: usize = 140;

fn table() -> ResponseMatrix {
    let spec = Spec {
        users: 300,
        questions: QUESTIONS,
        answered: 1.0,
        scores: 0..=1,
        model: Model::RASCH,
        booklets: 0,
        seed: 11,
    };
    matrix(&spec).unwrap()
}

fn bound() -> BoundEngine {
    BoundEngine::new(2).unwrap()
}

/// Candidates in full.
fn whole(best: &[Candidate]) -> Vec<String> {
    best.iter().map(|set| format!("{set:?}")).collect()
}

/// A criterion of each user that half of the questions make, but for a few points of noise.
fn planted(table: &ResponseMatrix, noise: i128) -> (Vec<usize>, Aim) {
    let half: Vec<usize> = (0..QUESTIONS).step_by(2).collect();
    let number = |user: usize| {
        let row = table.row(user).filter(|(q, _)| q % 2 == 0);
        let sum: i128 = row.map(|(_, score)| i128::from(score)).sum();
        sum + (user * user % 7) as i128 * noise / 6
    };
    let aim = Aim {
        numbers: (0..table.users().len()).map(number).collect(),
        ..Aim::of(Criterion::Column)
    };
    (half, aim)
}

#[test]
fn what_is_planted_is_found_and_every_set_is_counted() {
    let table = table();
    for noise in [0, 3] {
        let (half, aim) = planted(&table, noise);
        let asked = aim.ask(&table, half.len(), 3, 2);
        let size = Size::choices(QUESTIONS as u64, half.len() as u64);
        assert_eq!((asked.part.sets(), size.numbered()), (None, None));
        let watch = Watch::new();
        let found = asked.run(&bound(), &watch).unwrap();
        assert_eq!(found.best[0].set(), half);
        assert_eq!(found.best[0].correlation().r() == 1.0, noise == 0);
        // None of one exchange is better than the second, which is one of them.
        let mut swaps: Vec<Candidate> = Vec::new();
        for at in 0..half.len() {
            for into in (1..QUESTIONS).step_by(2) {
                let mut set = half.clone();
                set[at] = into;
                set.sort_unstable();
                swaps.extend(asked.query.judge_set(set));
            }
        }
        swaps.sort_by(|a, b| b.cmp(a));
        assert_eq!(whole(&found.best[1..2]), whole(&swaps[..1]));
        let all = Size::from(found.visited) + &found.excluded;
        assert_eq!(all, size);
        assert!(found.visited > 0 && found.excluded.numbered().is_none());
        // Each user has all of every set.
        let low = all.without(found.visited).unwrap().to_string();
        assert_eq!(low, found.excluded.to_string());
        let n = Wrapping(found.audit.sets as u64) * Wrapping(table.users().len() as u64);
        assert_eq!(found.audit.six.n, n);
        // Their number modulo 2^128 would say nothing of how far it is.
        assert_eq!(watch.done(), 0);
    }
}

/// Quotas of three groups: the first 60 questions, the next 60, the last 20.
fn groups(wanted: [usize; 3]) -> Quotas {
    let groups = (0..QUESTIONS).map(|q| Some((q / 60).min(2))).collect();
    Quotas::new(groups, wanted.map(|n| n..=n).to_vec())
}

/// With quotas that leave few sets, the list is that of the space of these alone, gone through set by set; and with
/// the rest of the total as criterion, that of the sets of all other questions.
#[test]
fn quotas_leave_what_the_cpu_engine_finds_in_a_small_space() {
    let table = table();
    let cpu = CpuEngine::new(2).unwrap();
    for criterion in [Criterion::Total, Criterion::Rest] {
        let mut small = Aim::of(criterion);
        small.include = (0..60).collect();
        small.exclude = (60..120).collect();
        let want = small.ask(&table, 65, 20, 2);
        assert_eq!(want.query.space().count(), Some(15_504));
        let want = want.run(&cpu, &Watch::new()).unwrap().best;
        let by_quotas = |wanted: [usize; 3]| {
            let aim = Aim {
                quotas: Some(groups(wanted)),
                ..Aim::of(criterion)
            };
            let asked = aim.ask(&table, wanted.iter().sum(), 20, 2);
            let space = asked.query.space();
            assert_eq!(space.count(), None);
            assert_eq!(groups(wanted).count(space), 15_504);
            let found = asked.run(&bound(), &Watch::new()).unwrap();
            assert_eq!(Size::from(found.visited) + &found.excluded, *space.size());
            found.best
        };
        assert_eq!(whole(&by_quotas([60, 0, 5])), whole(&want));
        if criterion == Criterion::Rest {
            let others = |set: &Candidate| {
                let others = (0..QUESTIONS).filter(|q| !set.set().contains(q));
                others.collect::<Vec<_>>()
            };
            let found = by_quotas([0, 60, 15]);
            let r = |set: &Candidate| set.correlation().r();
            assert!(found.iter().map(r).eq(want.iter().map(r)));
            let mut got: Vec<_> = found.iter().map(others).collect();
            let mut sets: Vec<_> = want.iter().map(|set| set.set().to_vec()).collect();
            got.sort_unstable();
            sets.sort_unstable();
            assert_eq!(got, sets);
        }
    }
}

/// Sets of 64 of 140 questions cannot be numbered; those with 60 given questions can.
#[test]
fn questions_to_include_leave_ranks() {
    let table = table();
    let aim = Aim {
        include: (20..80).collect(),
        ..Aim::default()
    };
    assert_eq!(ask(&table, 64, 1, 2).part.sets(), None);
    let asked = || aim.ask(&table, 64, 15, 2);
    let sets = asked().part.sets().unwrap();
    assert_eq!(Size::choices(80, 4), sets);
    let cpu = CpuEngine::new(2).unwrap();
    let watch = Watch::new();
    let want = asked().run(&cpu, &watch).unwrap().best;
    assert_eq!(watch.done(), sets);
    assert_eq!(
        whole(&asked().run(&bound(), &watch).unwrap().best),
        whole(&want)
    );
    for skip in [0, 77, sets - 50] {
        let part = |asked: Asked<'_>, engine: &dyn Engine| {
            let found = asked.run(engine, &Watch::new()).unwrap();
            (whole(&found.best), found.audit.sets)
        };
        let few = || asked().ranks(skip, Some(50));
        assert_eq!(part(few(), &cpu), part(few(), &ReferenceEngine));
    }
    let of_first = asked().query.space().set(&(0..64).collect::<Vec<_>>());
    assert_eq!(of_first, (0..4).chain(20..80).collect::<Vec<_>>());
}

#[test]
fn engines_that_go_by_ranks_refuse() {
    let table = table();
    let asked = ask(&table, 70, 1, 2);
    let published = PublishedEngine::new(1, Isa::Portable).unwrap();
    let cpu = CpuEngine::new(1).unwrap();
    for engine in [&cpu as &dyn Engine, &published, &ReferenceEngine] {
        let error = asked.run(engine, &Watch::new()).unwrap_err();
        let refused = SearchError::Engine(EngineError::NotNumbered {
            engine: engine.name(),
            questions: 140,
            choose: 70,
        });
        assert_eq!(error.to_string(), refused.to_string());
    }
    let said = asked.run(&cpu, &Watch::new()).unwrap_err().to_string();
    assert_eq!(
        said,
        "the cpu engine cannot run this: it goes by the numbers of sets, and C(140, 70) sets are more than 2^128, \
         which cannot be numbered; take sets of another size, or the bound engine, which is for tables without \
         missing answers"
    );
    // The bound engine names no engine that would take them.
    let gap = integers(9, QUESTIONS, |u, q| {
        (u != 3 || q != 2).then_some((u * q % 3) as i64)
    });
    let said = ask(&gap, 70, 1, 2).run(&bound(), &Watch::new());
    assert_eq!(
        said.unwrap_err().to_string(),
        "the bound engine cannot run this: a proof by bounds needs an answer of every user to every question, and a \
         table with 1 answer missing is what there is; count missing answers as 0, or take sets of another size"
    );
}

/// Planted faults: sums that lose a set, and numbers of sets that are off by 1 or by 2^64.
#[test]
fn faults_are_seen() {
    let table = table();
    let (half, aim) = planted(&table, 0);
    let asked = aim.ask(&table, half.len(), 1, 2);
    let engine = bound();
    let right = asked.find(&engine, &Watch::new()).unwrap();
    let mut one = AuditSums::default();
    one.add_set(right.best[0].sums());
    for fault in [one, AuditSums::of_nobody(1), AuditSums::of_nobody(1 << 64)] {
        for excluded in [false, true] {
            let wrong = faulty(&engine, |_, _, _, _| {
                let mut found = right.clone();
                if excluded {
                    found.excluded -= fault;
                } else {
                    found.visited += fault;
                }
                Ok(found)
            });
            let error = asked.run(&wrong, &Watch::new()).unwrap_err();
            assert!(matches!(error, SearchError::Audit(_)), "{error}");
        }
    }
    let same = faulty(&engine, |_, _, _, _| Ok(right.clone()));
    assert!(asked.run(&same, &Watch::new()).is_ok());
}
