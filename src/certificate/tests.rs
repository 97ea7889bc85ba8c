//! The parts of the check on small tables, against brute force.

use super::floor::reaches;
use super::form::{Form, UNIT, float, multipliers};
use super::model::{Limits, Model};
use super::node::Node;
use super::rest::Lines;
use super::scores::{Scores, criterion};
use super::solve::Solver;
use crate::engine::{Query, Recorded};
use crate::matrix::{Duplicates, MatrixBuilder, ResponseMatrix, Score};
use crate::stats::Criterion;
use proptest::prelude::*;

const QUESTIONS: usize = 7;

/// A complete table of these scores.
fn table(rows: &[Vec<i64>]) -> ResponseMatrix {
    let mut builder = MatrixBuilder::new();
    for (user, row) in rows.iter().enumerate() {
        for (question, &mantissa) in row.iter().enumerate() {
            let score = Some(Score {
                mantissa,
                digits: 0,
            });
            let (user, question) = (format!("u{user}"), format!("q{question}"));
            builder.push(&user, &question, score, 0).unwrap();
        }
    }
    builder.finish(Duplicates::Error, "row").unwrap()
}

/// All sets of `k` of these questions.
fn sets(open: &[usize], k: usize) -> Vec<Vec<usize>> {
    let Some((first, rest)) = open.split_first() else {
        return if k == 0 { vec![Vec::new()] } else { Vec::new() };
    };
    let mut all = sets(rest, k);
    if k > 0 {
        all.extend(
            sets(rest, k - 1)
                .into_iter()
                .map(|set| [&[*first], &*set].concat()),
        );
    }
    all
}

/// Multipliers of a table of so many questions, in the unit of its variances.
fn recorded(model: &Model, four: bool, values: &[f32]) -> Recorded {
    let trace: f64 = (0..model.n).map(|i| model.v(i, i) as f64).sum();
    let wanted = multipliers(model.n, four);
    let mut multipliers: Vec<f32> = values.iter().copied().cycle().take(wanted).collect();
    let w = model.n + model.n * (model.n - 1) / 2;
    if four {
        for i in 0..model.n {
            multipliers[w + i * model.n + i] = 0.0;
        }
    }
    Recorded {
        floor: 0.5,
        power: (trace / model.n as f64).log2().floor() as i32,
        four,
        multipliers,
        ..Recorded::default()
    }
}

fn rows() -> impl Strategy<Value = Vec<Vec<i64>>> {
    let row = prop::collection::vec(0_i64..5, QUESTIONS);
    prop::collection::vec(row, 4..12)
}

/// x'Bx in units of 2^-UNIT.
fn square(form: &Form, set: &[usize]) -> i128 {
    let pairs = set.iter().flat_map(|&i| set.iter().map(move |&j| (i, j)));
    pairs.map(|(i, j)| form.row(i)[j]).sum()
}

proptest! {
    #[test]
    fn the_form_is_no_more_than_the_variance_on_sets(
        rows in rows(), k in 1_usize..6, four: bool, values in prop::collection::vec(0.0_f32..0.05, 9),
    ) {
        let table = table(&rows);
        let query = Query::of(&table).k(k).build().unwrap();
        let model = Model::new(&query);
        prop_assume!(model.is_ok());
        let model = model.unwrap();
        let recorded = recorded(&model, four, &values);
        if let Ok(form) = Form::new(&model, &recorded) {
            for set in sets(&(0..QUESTIONS).collect::<Vec<_>>(), k) {
                let v = model.of_set(&set).x as f64 * f64::from(-recorded.power).exp2();
                let excess = float(form.root_excess).powi(2);
                let b = float(square(&form, &set));
                prop_assert!(b <= v + excess + 1e-12, "{b} {v} {excess}");
                prop_assert!(b >= 0.0);
            }
        }
    }

    #[test]
    fn scores_bound_every_set_of_a_node_whatever_the_weights(
        rows in rows(), k in 2_usize..6, four: bool, floor in 0.2_f64..0.99, rest: bool,
        values in prop::collection::vec(0.0_f32..0.03, 9), x in prop::collection::vec(0.0_f64..1.0, QUESTIONS),
        steps in 0_usize..40,
    ) {
        let table = table(&rows);
        let of = if rest { Criterion::Rest } else { Criterion::Total };
        let query = Query::of(&table).k(k).criterion(of).build().unwrap();
        let model = Model::new(&query);
        prop_assume!(model.is_ok());
        let model = model.unwrap();
        let recorded = Recorded { floor, ..recorded(&model, four, &values) };
        let form = Form::new(&model, &recorded);
        prop_assume!(form.is_ok());
        let form = form.unwrap();
        let criterion = criterion(&model, floor, recorded.power).unwrap();
        let lines = Lines::new(&model, floor, recorded.power).unwrap();
        let solver = Solver::new(&model, &form, &criterion, &lines);
        let mut node = Node::whole(&model);
        node.x = x;
        node.fix_in(&model, 3);
        node.drop_out(&model, 5);
        let reached = solver.improve(&mut node, steps);
        let scores = Scores::new(&form, &criterion, &node, &lines.at(reached.root));
        if let Some(scores) = scores {
            for set in sets(&node.open, node.k) {
                let whole = [&node.fixed[..], &set].concat();
                let standing = model.of_set(&whole);
                let bound = float(scores.sum(&whole));
                if reaches(&standing, floor) {
                    prop_assert!(bound >= 0.0, "{whole:?} {standing:?} {bound}");
                }
                if !rest {
                    let unit = f64::from(-recorded.power).exp2();
                    let c: f64 = whole.iter().map(|&i| float(criterion[i])).sum();
                    let v = standing.x as f64 * unit;
                    prop_assert!(bound >= c - v.sqrt() - 1e-9);
                }
            }
            let best = sets(&node.open, node.k).into_iter().map(|set| {
                scores.sum(&[&node.fixed[..], &set].concat())
            });
            prop_assert_eq!(scores.exclude(None, &node, None, None), best.max().is_none_or(|sum| sum < 0));
        }
    }

    #[test]
    fn the_best_set_under_quotas_is_found(
        s in prop::collection::vec(-50_i64..50, 9), group in prop::collection::vec(0_usize..3, 9),
        least in prop::collection::vec(0_usize..3, 2), more in prop::collection::vec(0_usize..3, 2), k in 1_usize..6,
        fixed in 0_usize..3, with: bool, some: bool,
    ) {
        let mut room: Vec<_> = least.iter().zip(&more).map(|(&least, &more)| (least, least + more)).collect();
        room.push((0, usize::MAX));
        let quotas = Limits { group, room };
        let node = Node {
            fixed: (0..fixed).collect(),
            open: (fixed..9).collect(),
            k,
            x: vec![0.0; 9],
            s: vec![0.0; 9],
        };
        let mut order = node.open.clone();
        order.sort_by_key(|&i| -s[i]);
        let it = some.then_some(4);
        let (with, without) = if with { (it, None) } else { (None, it) };
        let sum = |set: &[usize]| set.iter().map(|&i| s[i]).sum::<i64>();
        let fits = |set: &&Vec<usize>| {
            with.is_none_or(|i| set.contains(&i))
                && without.is_none_or(|i| !set.contains(&i))
                && quotas.allow(&[&node.fixed[..], set].concat())
        };
        let all = sets(&node.open, k);
        let want = all.iter().filter(fits).map(|set| sum(set)).max();
        let found = node.best(Some(&quotas), &order, with, without);
        prop_assert_eq!(found.map(|set| sum(&set)), want);
    }
}

#[test]
fn an_indefinite_form_is_refused_and_one_at_the_edge_is_not() {
    let rows: Vec<Vec<i64>> = (0..9)
        .map(|u| (0..4).map(|q| (u * (q + 2) + u / 3) % 5).collect())
        .collect();
    let table = table(&rows);
    let query = Query::of(&table).k(2).build().unwrap();
    let model = Model::new(&query).unwrap();
    let form = |d: f32| {
        let mut recorded = recorded(&model, false, &[0.0]);
        recorded.multipliers[1] = d;
        Form::new(&model, &recorded)
    };
    // The largest d for which it succeeds, to a millionth; beyond it a negative eigenvalue is there.
    let (mut good, mut bad) = (0.0_f32, 64.0);
    while bad - good > 1e-6 {
        let middle = 0.5 * (good + bad);
        if form(middle).is_ok() {
            good = middle;
        } else {
            bad = middle;
        }
    }
    assert!(good > 0.01 && form(good).is_ok() && form(bad + 1e-5).is_err());
    assert!(form(0.0).unwrap().root_excess < 1 << (UNIT - 20));
}

/// Where a node has one set and B is V, the bound is as sharp as can be: a score that were a millionth too low would
/// be below the truth.
#[test]
fn the_bound_of_a_single_set_is_sharp_and_not_below_the_truth() {
    let rows: Vec<Vec<i64>> = (0..40)
        .map(|u| {
            (0..5)
                .map(|q| (u * (q + 3) + u * u / 7) % 5 + u / 9)
                .collect()
        })
        .collect();
    let table = table(&rows);
    let query = Query::of(&table).k(3).build().unwrap();
    let model = Model::new(&query).unwrap();
    let recorded = recorded(&model, false, &[0.0]);
    let form = Form::new(&model, &recorded).unwrap();
    let criterion = criterion(&model, 0.5, recorded.power).unwrap();
    let lines = Lines::new(&model, 0.5, recorded.power).unwrap();
    let solver = Solver::new(&model, &form, &criterion, &lines);
    let unit = (-f64::from(recorded.power)).exp2();
    for set in sets(&[0, 1, 2, 3, 4], 3) {
        let mut node = Node::whole(&model);
        for i in (0..5).filter(|i| !set.contains(i)) {
            node.drop_out(&model, i);
        }
        let root = solver.improve(&mut node, 10).root;
        let scores = Scores::new(&form, &criterion, &node, &lines.at(root)).unwrap();
        let standing = model.of_set(&set);
        let c = standing.a as f64 * unit / (0.5 * (model.g as f64 * unit).sqrt());
        let truth = c - (standing.x as f64 * unit).sqrt();
        let over = float(scores.sum(&set)) - truth;
        assert!((0.0..1e-6).contains(&over), "{set:?}: {over}");
    }
}
