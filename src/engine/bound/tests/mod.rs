//! Small tables of all kinds against brute force, and planted faults that these tests must catch.

mod agree;
mod ceilings;
mod faults;
mod parts;
mod pieces;
mod tables;

use super::frame::Node;
use super::ground::Ground;
use super::judge::Judge;
use super::problem::{Kind, Moments, Problem};
use super::relax::Bound;
use super::search::{End, Found, Tuning, Unfit, search};
use crate::stats::{AuditSums, Sums};
use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering as Memory};

/// A fault planted in the tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    None,
    /// Bounds are 1e-6 below the truth.
    LowBound,
    /// Nothing is added for rounding.
    NoMargin,
    /// Questions are dropped that could still be in.
    EagerDrop,
    /// A subtree is not gone through.
    LostSubtree,
    /// The sets of a part that hold question 3 behind a prefix are not gone through.
    LostBlock,
    /// The sets of a part that hold question 3 behind a prefix are gone through twice.
    TwiceBlock,
}

impl Fault {
    pub(super) fn of_bound(self, bound: Bound) -> Bound {
        let less = match self {
            Self::LowBound => bound.margin + 1e-6,
            Self::NoMargin => bound.margin,
            _ => 0.0,
        };
        Bound {
            reach: bound.reach - less,
            ..bound
        }
    }

    pub(super) fn of_drop(self, reach: f64) -> f64 {
        if self == Self::EagerDrop {
            reach - 0.02
        } else {
            reach
        }
    }

    /// How often the sets of a part with this question behind a prefix are gone through.
    pub(super) fn times_of(self, question: usize) -> u32 {
        match self {
            Self::LostBlock if question == 3 => 0,
            Self::TwiceBlock if question == 3 => 2,
            _ => 1,
        }
    }

    pub(super) fn loses(self, child: &Node) -> bool {
        self == Self::LostSubtree && child.chosen.len() == 2
    }
}

/// A table, what is asked of it, and how it is searched.
#[derive(Clone, Debug)]
pub(super) struct Case {
    /// Scores, one row a user, and the overall score of each user.
    pub(super) rows: Vec<(Vec<i64>, i64)>,
    pub(super) problem: Problem,
    pub(super) top: usize,
    pub(super) tuning: Tuning,
}

/// The exact place of a set: sign(A)·A²/(X·Y) as a fraction; `None` where r is not defined.
fn fraction(problem: &Problem, set: &[usize]) -> Option<(i128, i128)> {
    let q = problem.questions;
    let a: i128 = set.iter().map(|&i| problem.c[i]).sum();
    let x: i128 = set
        .iter()
        .flat_map(|&i| set.iter().map(move |&j| (i, j)))
        .map(|(i, j)| problem.v[i * q + j])
        .sum();
    let (a, y) = match problem.kind {
        Kind::Total => (a, problem.g),
        Kind::Rest => (a - x, problem.g - 2 * a + x),
    };
    (x > 0 && y > 0).then(|| (a * a.abs(), x * y))
}

/// A set and its place.
type Entry = ((i128, i128), Vec<usize>);

/// Best first; ties to the lexicographically smaller.
fn order(a: &Entry, b: &Entry) -> Ordering {
    let (x, y) = (&a.0, &b.0);
    (y.0 * x.1).cmp(&(x.0 * y.1)).then_with(|| a.1.cmp(&b.1))
}

struct List<'a> {
    problem: &'a Problem,
    top: usize,
    best: Mutex<Vec<Entry>>,
    floor: AtomicU64,
}

impl Judge for List<'_> {
    fn offer(&self, set: &[usize]) -> f64 {
        assert!(set.is_sorted() && set.len() == self.problem.k);
        if let Some(place) = fraction(self.problem, set) {
            let mut best = self.best.lock().unwrap();
            let entry = (place, set.to_vec());
            if let Err(at) = best.binary_search_by(|have| order(have, &entry)) {
                best.insert(at, entry);
                best.truncate(self.top);
            }
            if best.len() == self.top {
                let floor = rounded_down(best[self.top - 1].0);
                if floor > self.floor() {
                    self.floor.store(floor.to_bits(), Memory::Relaxed);
                }
            }
        }
        self.floor()
    }

    fn floor(&self) -> f64 {
        f64::from_bits(self.floor.load(Memory::Relaxed))
    }
}

/// A search of all sets of a problem.
fn search_tuned(
    problem: &Problem,
    judge: &dyn Judge,
    stop: &AtomicBool,
    tuning: &Tuning,
) -> Result<Found, End> {
    let ground = Ground::new(problem.clone());
    search(&ground, None, &mut None, judge, stop, tuning)
}

/// What became of a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Right,
    /// Not for this method, rightly: no floor above 0.
    Unfit,
    /// Not for this method, though the N-th best r is above 0: the pool was too poor.
    PoorPool,
    WrongList,
    WrongAudit,
}

/// Searches, and holds list and audit against brute force.
pub(super) fn outcome(case: &Case) -> Outcome {
    let list = List {
        problem: &case.problem,
        top: case.top,
        best: Mutex::default(),
        floor: AtomicU64::new(f64::NEG_INFINITY.to_bits()),
    };
    let (want, all) = brute(case);
    let stop = AtomicBool::new(false);
    match search_tuned(&case.problem, &list, &stop, &case.tuning) {
        Ok(found) => verdict(&found, list, &want, &all),
        Err(End::Unfit(Unfit::NothingVaries)) => {
            // With a constant g the rest-score is minus the score: r = −1.
            assert!(
                want.iter().all(|(place, _)| place.0 < 0),
                "something varies"
            );
            Outcome::Unfit
        }
        Err(End::Unfit(_)) if want.len() < case.top || want[case.top - 1].0.0 <= 0 => {
            Outcome::Unfit
        }
        Err(End::Unfit(_)) => Outcome::PoorPool,
        Err(End::Stopped | End::TooLong) => panic!("nobody stopped it"),
    }
}

/// Whether a finished search has the list and the sums that it should.
fn verdict(found: &Found, list: List, want: &[Entry], all: &AuditSums) -> Outcome {
    let mut seen = found.visited;
    seen += found.excluded;
    if list.best.into_inner().unwrap() != *want {
        Outcome::WrongList
    } else if seen != *all {
        Outcome::WrongAudit
    } else {
        Outcome::Right
    }
}

/// The tree alone, from half the r of the N-th best on: the floor rises as it finds sets.
pub(super) fn outcome_of_rising_floor(case: &Case) -> Outcome {
    let (want, all) = brute(case);
    if want.len() < case.top || want[case.top - 1].0.0 <= 0 {
        return Outcome::Unfit;
    }
    let floor: f64 = 0.5 * rounded_down(want[case.top - 1].0);
    let list = List {
        problem: &case.problem,
        top: case.top,
        best: Mutex::default(),
        floor: AtomicU64::new(floor.to_bits()),
    };
    let tuning = Tuning {
        local_search: false,
        ..case.tuning
    };
    let found = search_tuned(&case.problem, &list, &AtomicBool::new(false), &tuning).unwrap();
    verdict(&found, list, &want, &all)
}

/// Keeps one floor and all that is offered.
struct Keep {
    floor: f64,
    offered: Mutex<BTreeSet<Vec<usize>>>,
}

impl Judge for Keep {
    fn offer(&self, set: &[usize]) -> f64 {
        self.offered.lock().unwrap().insert(set.to_vec());
        self.floor
    }

    fn floor(&self) -> f64 {
        self.floor
    }
}

/// The tree alone, with the r of the N-th best (of the last, where there are fewer) as its floor from
/// the start: must offer every set that reaches it, ties included.
pub(super) fn outcome_of_tree(case: &Case) -> Outcome {
    let (mut best, all) = brute(&Case {
        top: usize::MAX,
        ..case.clone()
    });
    best.retain(|(place, _)| place.0 > 0);
    if best.is_empty() {
        return Outcome::Unfit;
    }
    let last = best[case.top.min(best.len()) - 1].0;
    let reach = |place: (i128, i128)| place.0 * last.1 >= last.0 * place.1;
    let keep = Keep {
        floor: rounded_down(last),
        offered: Mutex::default(),
    };
    let stop = AtomicBool::new(false);
    let tuning = Tuning {
        local_search: false,
        ..case.tuning
    };
    let found = search_tuned(&case.problem, &keep, &stop, &tuning).unwrap();
    let mut seen = found.visited;
    seen += found.excluded;
    let offered = keep.offered.into_inner().unwrap();
    if best
        .iter()
        .any(|(place, set)| reach(*place) && !offered.contains(set))
    {
        Outcome::WrongList
    } else if seen != all {
        Outcome::WrongAudit
    } else {
        Outcome::Right
    }
}

/// The r of a place, rounded down by a few units in the last place.
fn rounded_down((above, below): (i128, i128)) -> f64 {
    let r = (above.unsigned_abs() as f64 / below as f64).sqrt();
    let r = if above < 0 { -r } else { r };
    r.next_down().next_down().next_down()
}

/// The N best, and the audit of the whole space, set by set from the table.
fn brute(case: &Case) -> (Vec<Entry>, AuditSums) {
    let problem = &case.problem;
    let mut best = Vec::new();
    let mut all = AuditSums::default();
    let mut set: Vec<usize> = (0..problem.k).collect();
    loop {
        if problem.include.iter().all(|i| set.contains(i)) {
            let mut sums = Sums::default();
            for (row, g) in &case.rows {
                let a: i64 = set.iter().map(|&i| row[i]).sum();
                sums += Sums::of_user(a.into(), (*g).into());
            }
            all.add_set(&sums);
            let quotas = problem.quotas.as_ref();
            let allowed = quotas.is_none_or(|quotas| quotas.allow(&quotas.counts(&set)));
            if let Some(place) = fraction(problem, &set)
                && allowed
            {
                best.push((place, set.clone()));
            }
        }
        if !successor(problem.questions, &mut set) {
            break;
        }
    }
    best.sort_by(order);
    best.truncate(case.top);
    (best, all)
}

/// The next set in lexicographic order; false after the last.
fn successor(n: usize, set: &mut [usize]) -> bool {
    let k = set.len();
    let Some(at) = (0..k).rev().find(|&at| set[at] < n - k + at) else {
        return false;
    };
    set[at] += 1;
    for next in at + 1..k {
        set[next] = set[next - 1] + 1;
    }
    true
}

/// Moments of a table.
pub(super) fn moments(rows: &[(Vec<i64>, i64)]) -> Moments {
    let q = rows[0].0.len();
    let sum = |of: &dyn Fn(&[i64], i64) -> i64| -> i128 {
        rows.iter().map(|(row, g)| i128::from(of(row, *g))).sum()
    };
    Moments {
        users: rows.len() as i128,
        s1: (0..q).map(|i| sum(&|row, _| row[i])).collect(),
        m: (0..q * q)
            .map(|ij| sum(&|row, _| row[ij / q] * row[ij % q]))
            .collect(),
        cy: (0..q).map(|i| sum(&|row, g| row[i] * g)).collect(),
        sg: sum(&|_, g| g),
        sgg: sum(&|_, g| g * g),
    }
}
