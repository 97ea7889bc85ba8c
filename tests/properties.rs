//! What must not change when a table is changed in a known way.
//!
//! Each property follows from the definition of r alone, so no second implementation is needed. The
//! tables have up to 90 users: small ones, and some that fill words and vectors.

use crate::asked::ask;
use crate::tables::cells;
use kcorrset::engine::Watch;
use kcorrset::engine::cpu::CpuEngine;
use kcorrset::matrix::{ResponseMatrix, Score};
use kcorrset::stats::Sums;
use proptest::prelude::*;

/// Scores by user, then question.
type Cells = Vec<Vec<Option<i64>>>;

/// A ranked set: question indices, sums, r rounded once (equal where the exact r are).
type Found = (Vec<usize>, Sums, f64);

fn scores(answered: f64) -> impl Strategy<Value = Cells> {
    let users = prop_oneof![3 => 2_usize..20, 2 => 64_usize..90];
    (users, 2_usize..7).prop_flat_map(move |(users, questions)| {
        let cell = prop::option::weighted(answered, prop_oneof![3 => 0_i64..2, 1 => -4_i64..9]);
        let row = prop::collection::vec(cell, questions);
        prop::collection::vec(row, users).prop_map(|mut rows| {
            // A table needs an answer.
            rows[0][0] = Some(1);
            rows
        })
    })
}

/// A table, and for each user and each question where it goes in a shuffled one.
fn shuffled() -> impl Strategy<Value = (Cells, Vec<usize>, Vec<usize>)> {
    scores(0.7).prop_flat_map(|rows| {
        let users: Vec<usize> = (0..rows.len()).collect();
        let questions: Vec<usize> = (0..rows[0].len()).collect();
        let (users, questions) = (Just(users).prop_shuffle(), Just(questions).prop_shuffle());
        (Just(rows), users, questions)
    })
}

fn table(rows: &Cells) -> ResponseMatrix {
    scaled(rows, 0)
}

/// The scores as numbers of `digits` decimals.
fn scaled(rows: &Cells, digits: u8) -> ResponseMatrix {
    cells(rows.len(), rows[0].len(), |u, q| {
        rows[u][q].map(|mut mantissa| {
            let mut digits = digits;
            while digits > 0 && mantissa % 10 == 0 {
                mantissa /= 10;
                digits -= 1;
            }
            Score { mantissa, digits }
        })
    })
}

fn map(rows: &Cells, change: impl Fn(i64) -> i64) -> Cells {
    let row = |row: &Vec<Option<i64>>| row.iter().map(|score| score.map(&change)).collect();
    rows.iter().map(row).collect()
}

/// Every K, each with a top that takes all sets and one that needs discards.
fn searches(questions: usize) -> impl Iterator<Item = (usize, usize)> {
    (1..=questions).flat_map(|k| [(k, 1000), (k, 3)])
}

fn best(matrix: &ResponseMatrix, k: usize, top: usize) -> Vec<Found> {
    let query = ask(matrix, k, top, 2);
    let engine = CpuEngine::new(1).unwrap();
    let outcome = query.run(&engine, &Watch::new()).unwrap();
    let found = outcome.best.iter();
    found
        .map(|c| (c.set().to_vec(), *c.sums(), c.correlation().r()))
        .collect()
}

/// Sets and r, without the sums.
fn without_sums(found: &[Found]) -> Vec<(Vec<usize>, f64)> {
    found.iter().map(|(set, _, r)| (set.clone(), *r)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 60,
        // A failure prints its table; nothing is written beside the tests.
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn the_order_of_users_changes_nothing((rows, users, _) in shuffled()) {
        let other: Cells = users.iter().map(|&u| rows[u].clone()).collect();
        for (k, top) in searches(rows[0].len()) {
            prop_assert_eq!(best(&table(&rows), k, top), best(&table(&other), k, top));
        }
    }

    #[test]
    fn the_order_of_questions_changes_only_ties((rows, _, questions) in shuffled()) {
        let other: Cells = rows
            .iter()
            .map(|row| questions.iter().map(|&q| row[q]).collect())
            .collect();
        let back = |found: Vec<Found>| -> Vec<Found> {
            let back = |set: Vec<usize>| {
                let mut set: Vec<usize> = set.into_iter().map(|q| questions[q]).collect();
                set.sort_unstable();
                set
            };
            found.into_iter().map(|(set, sums, r)| (back(set), sums, r)).collect()
        };
        for k in 1..=questions.len() {
            let mut all = best(&table(&rows), k, 1000);
            let mut same = back(best(&table(&other), k, 1000));
            let first = back(best(&table(&other), k, 3));
            let values = |found: &[Found]| found.iter().map(|f| f.2).collect::<Vec<_>>();
            prop_assert_eq!(values(&all), values(&same));
            prop_assert_eq!(&values(&all)[..first.len()], values(&first));
            prop_assert_eq!(first.len(), all.len().min(3));
            prop_assert!(first.iter().all(|found| all.contains(found)));
            all.sort_by(|a, b| a.0.cmp(&b.0));
            same.sort_by(|a, b| a.0.cmp(&b.0));
            prop_assert_eq!(all, same);
        }
    }

    /// An item that everyone answers with c adds c to every total and to the score of the sets that
    /// hold it: neither A, X nor Y changes, of sets with it or without.
    #[test]
    fn a_constant_item_changes_no_r(rows in scores(0.7), c in -3_i64..4) {
        let questions = rows[0].len();
        let mut more = rows.clone();
        for row in &mut more {
            row.push(Some(c));
        }
        for k in 1..=questions {
            let old = without_sums(&best(&table(&rows), k, 1000));
            let mut without = without_sums(&best(&table(&more), k, 1000));
            without.retain(|(set, _)| !set.contains(&questions));
            prop_assert_eq!(&old, &without);
            let mut with = without_sums(&best(&table(&more), k + 1, 1000));
            with.retain(|(set, _)| set.contains(&questions));
            for (set, _) in &mut with {
                set.pop();
            }
            prop_assert_eq!(&old, &with);
        }
    }

    /// Totals and set scores change together: A, X and Y all get the factor c².
    #[test]
    fn a_common_factor_changes_no_r(rows in scores(0.7), c in prop_oneof![2_i64..2000, -50_i64..0]) {
        let other = map(&rows, |score| c * score);
        let c = i128::from(c);
        for (k, top) in searches(rows[0].len()) {
            let times_c = |(set, s, r): Found| {
                let (sa, sg) = (c * s.sa, c * s.sg);
                let (saa, sgg, sag) = (c * c * s.saa, c * c * s.sgg, c * c * s.sag);
                (set, Sums { n: s.n, sa, sg, saa, sgg, sag }, r)
            };
            let want: Vec<Found> = best(&table(&rows), k, top).into_iter().map(times_c).collect();
            prop_assert_eq!(want, best(&table(&other), k, top));
        }
    }

    /// On a complete table every set's score moves by K·c and every total by Q·c.
    #[test]
    fn a_common_shift_of_complete_scores_changes_no_r(rows in scores(0.7), c in -1_000_i64..1_000) {
        let row = |row: &Vec<Option<i64>>| row.iter().map(|score| score.or(Some(0))).collect();
        let rows: Cells = rows.iter().map(row).collect();
        let other = map(&rows, |score| score + c);
        for (k, top) in searches(rows[0].len()) {
            let (old, new) = (best(&table(&rows), k, top), best(&table(&other), k, top));
            prop_assert_eq!(without_sums(&old), without_sums(&new));
        }
    }

    /// A correlation of K = Q is that of the totals with themselves over those who answered all.
    #[test]
    fn the_whole_test_correlates_fully(rows in scores(0.9)) {
        let found = best(&table(&rows), rows[0].len(), 1);
        prop_assert!(found.iter().all(|found| found.2 == 1.0));
    }

    #[test]
    fn decimals_are_integers_with_a_scale(rows in scores(0.7), digits in 1_u8..10) {
        let decimals = scaled(&rows, digits);
        // The first cell is 1 unit of the last digit.
        prop_assert_eq!(decimals.scale(), Some(digits));
        for (k, top) in searches(rows[0].len()) {
            prop_assert_eq!(best(&table(&rows), k, top), best(&decimals, k, top));
        }
    }
}
