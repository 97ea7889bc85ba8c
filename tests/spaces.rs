//! Spaces: some questions fixed, the rest any of a pool in any order, on every engine and in parts.

use crate::agreement::{Subject, engines};
use crate::asked::Asked;
use crate::tables::{self, Table};
use kcorrset::engine::{EngineError, Query, Space, Watch};
use kcorrset::search;
use kcorrset::stats::Sums;
use kcorrset::top::{Candidate, Top};

/// The best of all sets of the table that hold `fixed` and otherwise questions of `pool`, one by one.
fn by_hand(query: &Query<'_>, fixed: &[usize], pool: &[usize]) -> Vec<Candidate> {
    let table = query.source();
    let mut top = Top::new(query.top());
    let questions = table.questions().len();
    for bits in 0_u32..1 << questions {
        let set: Vec<usize> = (0..questions).filter(|q| bits >> q & 1 == 1).collect();
        let allowed = set.iter().all(|q| fixed.contains(q) || pool.contains(q));
        if set.len() != query.k() || !allowed || !fixed.iter().all(|q| set.contains(q)) {
            continue;
        }
        let sums = Sums::of_set(table, &set);
        if let Some(candidate) = Candidate::new(query.ranking(), query.min_users(), set, sums) {
            top.push(candidate);
        }
    }
    top.into_sorted()
}

/// Sets and sums.
fn told(best: &[Candidate]) -> Vec<(Vec<usize>, Sums)> {
    best.iter().map(|c| (c.set().to_vec(), *c.sums())).collect()
}

fn agree(subject: &Subject, Table { name, matrix }: &Table, space: &Space, want: &[Candidate]) {
    let query = Query::of(matrix)
        .space(space.clone())
        .top(want.len().max(4));
    let query = query.build().unwrap();
    let case = format!("{}, {name}, {space:?}", subject.name);
    let prepared = match subject.engine.open(&query) {
        Err(EngineError::Refused { .. }) => return assert!(!subject.name.starts_with("cpu")),
        prepared => prepared.unwrap_or_else(|e| panic!("{case}: {e}")),
    };
    for pieces in [1, 3] {
        let watch = Watch::new();
        let mut top = Top::new(query.top());
        for part in space.whole().split(pieces).unwrap() {
            let outcome = search::run_prepared(&*prepared, &query, &part, &watch);
            let outcome = outcome.unwrap_or_else(|e| panic!("{case}: {e}"));
            for candidate in outcome.best {
                top.push(candidate);
            }
        }
        assert_eq!(watch.done(), space.count().unwrap(), "{case}");
        assert_eq!(
            told(&top.into_sorted()),
            told(want),
            "{case}, {pieces} parts"
        );
    }
}

#[test]
fn every_engine_searches_any_space_in_parts_that_share_a_floor() {
    let tables = [tables::wide(8), tables::sizes(100).remove(3)];
    for table in &tables {
        let questions = table.matrix.questions().len();
        let all: Vec<usize> = (0..questions).rev().collect();
        let (first, rest) = all.split_first().unwrap();
        for (fixed, pool, k) in [
            (vec![], all.clone(), 2),
            (vec![*first], rest.to_vec(), 3),
            (vec![1], vec![2, 0], 2),
            (vec![2, 0], vec![1], 2),
        ] {
            let space = Space::new(&fixed, &pool, k).unwrap();
            let query = Query::of(&table.matrix).space(space.clone()).top(1000);
            let want = by_hand(&query.build().unwrap(), &fixed, &pool);
            for subject in engines() {
                if space.count().unwrap() <= subject.most_sets {
                    agree(&subject, table, &space, &want);
                }
            }
        }
    }
}

#[test]
fn a_space_of_other_questions_is_refused() {
    let Table { matrix, .. } = tables::wide(5);
    let space = Space::new(&[], &[0, 7], 1).unwrap();
    let query = Query::of(&matrix).space(space).build();
    let error = query.unwrap_err().to_string();
    assert!(error.contains("question 7"), "{error}");
    let asked: Asked<'_> = crate::asked::ask(&matrix, 2, 1, 2);
    assert_eq!(
        asked.query.space().count().unwrap(),
        asked.part.sets().unwrap()
    );
}
