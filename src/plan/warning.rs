//! Which searches would be long, and what would help.

use super::tree::Tree;
use super::words::time;
use super::{Plan, Time};
use crate::engine::Query;
use std::fmt;

/// Seconds from which a search is long.
pub const LONG: f64 = 3600.0;

/// More users that a set needs help where they leave this share of the work.
const HELPS: f64 = 0.5;

/// How often the users that a set needs are doubled at most.
const DOUBLINGS: u32 = 10;

/// A search that would be long, or of which nothing tells how long.
#[derive(Clone, Debug, PartialEq)]
pub struct Warning {
    /// K.
    pub k: usize,
    /// The engine that is expected to be the fastest, and its seconds; `None` where no engine tells.
    pub fastest: Option<(&'static str, f64)>,
    /// What would help.
    pub remedies: Vec<Remedy>,
}

/// What would help.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Remedy {
    /// The table has no missing answers, and a proof by bounds may be far faster; this is its gap so far.
    Proof(Option<f64>),
    /// Counted as 0, missing answers would allow a proof by bounds.
    Zeros,
    /// Sets need so many users, and it takes about so many seconds.
    MinUsers(u64, f64),
    /// It is searched in so many parts of about an hour each, on several machines or one after another.
    Parts(u128),
    /// It is ended before its end, with what it has found until then.
    Stop,
}

impl fmt::Display for Warning {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let k = self.k;
        match self.fastest {
            Some((engine, seconds)) => write!(
                out,
                "k {k} would take about {} on the fastest engine, {engine}",
                time(seconds)
            ),
            None => write!(out, "nothing tells how long k {k} would take"),
        }
    }
}

/// The warning for a plan, if its search would be long.
#[must_use]
pub fn warnings(plan: &Plan, query: &Query<'_>, tree: &Tree) -> Option<Warning> {
    let fastest = plan.fastest().map(|(on, seconds)| (on.engine, seconds));
    if fastest.is_some_and(|(_, seconds)| seconds < LONG) {
        return None;
    }
    let mut remedies = Vec::new();
    let proofs = plan.engines.iter().filter_map(|on| match on.time {
        Time::Untold { gap, .. } => Some(Remedy::Proof(gap)),
        _ => None,
    });
    remedies.extend(proofs);
    if query.table().missing() > 0 {
        remedies.push(Remedy::Zeros);
    }
    if let Some((_, seconds)) = fastest {
        remedies.extend(more_users(query, tree, seconds));
        remedies.push(Remedy::Parts((seconds / LONG).ceil() as u128));
    }
    remedies.push(Remedy::Stop);
    Some(Warning {
        k: plan.k,
        fastest,
        remedies,
    })
}

/// The fewest users of these doublings with which the search is no longer long, else the most of them.
fn more_users(query: &Query<'_>, tree: &Tree, seconds: f64) -> Option<Remedy> {
    // Where no prefix has too few users, none is cut off, and where no answer is missing none can be.
    if query.table().missing() == 0 {
        return None;
    }
    let users = query.table().users().len() as u64;
    let mut best = None;
    for doubling in 1..=DOUBLINGS {
        let min_users = query.min_users().saturating_mul(1 << doubling);
        if min_users > users {
            break;
        }
        let other = Tree::with_min_users(query, min_users);
        let share = other.work() / tree.work();
        if other.enough() == 0.0 {
            break;
        }
        if share <= HELPS {
            best = Some(Remedy::MinUsers(min_users, seconds * share));
            if seconds * share < LONG {
                break;
            }
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::super::{OnEngine, Users};
    use super::*;
    use crate::matrix::ResponseMatrix;
    use crate::synth::{Model, Spec, matrix};

    fn table(answered: f64) -> ResponseMatrix {
        let spec = Spec {
            users: 400,
            questions: 60,
            answered,
            scores: 0..=1,
            model: Model::Random,
            booklets: 0,
            seed: 7,
        };
        matrix(&spec).unwrap()
    }

    /// The warning for engines with these times.
    fn warned(table: &ResponseMatrix, times: &[(&'static str, Time)]) -> Option<Warning> {
        let query = Query::of(table).k(8).min_users(2).build().unwrap();
        let tree = Tree::of(&query);
        let engines = times.iter().map(|(engine, time)| OnEngine {
            engine,
            devices: Vec::new(),
            software: false,
            way: Vec::new(),
            time: time.clone(),
            memory: None,
            device_memory: None,
        });
        let plan = Plan {
            k: 8,
            sets: query.space().size().clone(),
            users: Users::of(&query, &tree),
            engines: engines.collect(),
        };
        warnings(&plan, &query, &tree)
    }

    #[test]
    fn a_short_search_has_none() {
        let times = [("cpu", Time::Measured(1e9)), ("gpu", Time::Measured(3.0))];
        assert_eq!(warned(&table(0.5), &times), None);
    }

    #[test]
    fn a_long_one_is_told_what_helps() {
        let sparse = warned(&table(0.4), &[("cpu", Time::Measured(10_000.0))]).unwrap();
        assert_eq!(
            sparse.to_string(),
            "k 8 would take about 2.8 h on the fastest engine, cpu"
        );
        let [
            Remedy::Zeros,
            Remedy::MinUsers(users, seconds),
            parts,
            Remedy::Stop,
        ] = sparse.remedies[..]
        else {
            panic!("{sparse:?}");
        };
        assert!(
            users > 2 && users % 2 == 0 && seconds < 5_000.0,
            "{sparse:?}"
        );
        assert_eq!(parts, Remedy::Parts(3));
        let untold = Time::Untold {
            after: 1.0,
            gap: Some(0.25),
        };
        let full = warned(&table(1.0), &[("bound", untold)]).unwrap();
        assert_eq!(full.to_string(), "nothing tells how long k 8 would take");
        assert_eq!(full.remedies, [Remedy::Proof(Some(0.25)), Remedy::Stop]);
    }
}
