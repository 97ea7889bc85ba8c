//! Every criterion and some bounds on every GPU variant, against the oracle, above floors.
//!
//! gpu_grid.rs asks each variant much of one ranking; here each is asked a little of every ranking.

use crate::agreement::{Effort, Subject, Truth, must_agree, oracle_all};
use crate::asked::Asked;
use crate::criteria::aims;
use crate::gpu_grid::{Opened, pairs_and_native, variant, variants};
use crate::tables::{self, Table};
use kcorrset::combin::binomial;
use kcorrset::engine::{EngineError, Watch};
use std::collections::BTreeSet;

/// Sets of a search: enough for floors to lie between, few enough for the oracle's long numbers.
const SETS: std::ops::Range<u128> = 8..90;

/// Users of a table where the oracle's numbers get long: means have as many denominators.
const MOST_USERS: usize = 70;

/// Pairs of variant and ranking that no search here comes to, by how a variant begins: tiles are for sums of 26
/// bits, which means and numbers of users do not have in tables of so few.
fn is_refused(variant: &str, ranking: &str) -> bool {
    let starts = |names: &[&str]| names.iter().any(|name| ranking.starts_with(name));
    match variant.split(' ').next() {
        Some("swept") => starts(&["mean", "column"]),
        _ => false,
    }
}

/// Whether an engine takes a search, or refuses it by its typed error; what is taken too seldom is found below.
fn is_taken(subject: &Subject, asked: &Asked<'_>) -> bool {
    let one = asked.clone().ranks(0, Some(1));
    match one.find(&*subject.engine, &Watch::new()) {
        Ok(_) => true,
        Err(EngineError::Refused { .. }) => false,
        Err(error) => panic!("{}: {error}", subject.name),
    }
}

#[test]
fn every_criterion_on_every_variant() {
    let subjects = pairs_and_native();
    let mut ran: BTreeSet<(String, String)> = BTreeSet::new();
    let family = [
        (tables::sizes(60), 4),
        (tables::sizes(100), 3),
        (tables::scores(), 4),
        (tables::widths(), 8),
    ];
    let family = family
        .into_iter()
        .flat_map(|(tables, step)| tables.into_iter().step_by(step));
    let searches = family
        .enumerate()
        .flat_map(|(turn, table)| [2 + turn % 2, 4 + turn % 2].map(|k| (table.clone(), k)));
    for (Table { name, matrix }, k) in searches {
        let questions = matrix.questions().len();
        let sets = binomial(questions as u64, k as u64);
        if !sets.is_some_and(|sets| SETS.contains(&sets)) {
            continue;
        }
        let short = matrix.users().len() <= MOST_USERS;
        let aims = aims(&matrix);
        for (what, aim) in aims
            .into_iter()
            .filter(|(what, _)| short || what.starts_with("column"))
        {
            let mut truth = None;
            for subject in &subjects {
                let asked = aim.ask(&matrix, k, 1, 2);
                for with_integers in subject {
                    let mut takes = false;
                    let opened = Opened::by(|| takes = is_taken(with_integers, &asked));
                    // What the first of the two has run before, the other has too.
                    if !takes || !ran.insert((variant(&opened), what.clone())) {
                        break;
                    }
                    let truth = truth.get_or_insert_with(|| {
                        let all = oracle_all(&matrix, &aim, k);
                        Truth::new(&matrix, &aim, 2, &all)
                    });
                    let what = format!("{name}, {what}");
                    Opened::by(|| must_agree(with_integers, Effort::Brief, &what, truth));
                }
            }
        }
    }
    // Widths of scores and sums and sizes of tiles are left to chance here, pipelines and integers are not.
    let kind = |variant: &str| {
        let words: Vec<&str> = variant.split(' ').collect();
        format!("{} {}", words[0], words[words.len() - 1])
    };
    let reached: BTreeSet<_> = ran
        .iter()
        .map(|(variant, what)| (kind(variant), what.as_str()))
        .collect();
    let names: BTreeSet<&str> = ran.iter().map(|(_, what)| what.as_str()).collect();
    let kinds: BTreeSet<String> = variants().iter().map(|variant| kind(variant)).collect();
    let missing: Vec<_> = kinds
        .iter()
        .flat_map(|kind| names.iter().map(move |what| (kind.clone(), *what)))
        .filter(|pair| !reached.contains(pair) && !is_refused(&pair.0, pair.1))
        .collect();
    assert!(missing.is_empty(), "never ran: {missing:?}");
    assert!(
        ran.len() > 150,
        "{} pairs of variant and ranking",
        ran.len()
    );
}
