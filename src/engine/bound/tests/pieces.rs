//! Parts against all of their sets, one by one, and faults planted in the blocks of a part.

use super::super::piece::Piece;
use super::tables::{self, Random};
use super::{Case, Entry, Fault, Ground, List, fraction, order, rounded_down, search};
use crate::combin::{Part, Space};
use crate::engine::bound::search::{End, Kept, Tuning};
use crate::stats::{AuditSums, Sums};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64};

/// A case whose included questions come first, as in the table of a query, and the space of its sets.
fn case(seed: u64) -> (Case, Space) {
    let mut case = tables::case(seed);
    let (fixed, questions) = (case.problem.include.len(), case.problem.questions);
    let include: Vec<usize> = (0..fixed).collect();
    case.problem = case.problem.including(include.clone()).unwrap();
    let pool: Vec<usize> = (fixed..questions).collect();
    let space = Space::new(&include, &pool, case.problem.k).unwrap();
    (case, space)
}

/// The sets of a part that may be listed, best first, and the sums of all of its sets.
fn brute(case: &Case, space: &Space, part: &Part) -> (Vec<Entry>, AuditSums) {
    let (mut best, mut all) = (Vec::new(), AuditSums::default());
    for set in part.ranks().unwrap().map(|r| space.unrank(r).unwrap()) {
        let mut sums = Sums::default();
        for (row, g) in &case.rows {
            let a: i64 = set.iter().map(|&i| row[i]).sum();
            sums += Sums::of_user(a.into(), (*g).into());
        }
        all.add_set(&sums);
        let quotas = case.problem.quotas.as_ref();
        let allowed = quotas.is_none_or(|quotas| quotas.allow(&quotas.counts(&set)));
        if let Some(place) = fraction(&case.problem, &set).filter(|_| allowed) {
            best.push((place, set));
        }
    }
    best.sort_by(order);
    (best, all)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Right,
    /// No floor above 0.
    Unfit,
    WrongList,
    WrongAudit,
}

/// The parts of a case, one after another with the floor handed on, in an order that is drawn; what became of each.
fn fates(case: &Case, space: &Space, random: &mut Random) -> Vec<Fate> {
    let count = space.count().unwrap() as i64;
    let mut cuts = vec![0, count];
    for _ in 0..random.within(1, 6) {
        let cut = random.within(0, count);
        cuts.extend([cut, (cut + 1).min(count)]);
    }
    cuts.sort_unstable();
    let ends = cuts.windows(2).map(|cut| [cut[0], cut[1]]);
    let mut parts: Vec<_> = ends.filter(|[start, end]| start < end).collect();
    for i in (1..parts.len()).rev() {
        parts.swap(i, random.within(0, i as i64) as usize);
    }
    let ground = Ground::new(case.problem.clone());
    let mut kept: Option<Kept> = None;
    let mut floor = f64::NEG_INFINITY;
    let mut all: Vec<Entry> = Vec::new();
    let mut fates = Vec::new();
    for [start, end] in parts {
        let part = space
            .part(start as u128, Some((end - start) as u128))
            .unwrap();
        let Some(piece) = Piece::of(space, &part) else {
            continue;
        };
        let list = List {
            problem: &case.problem,
            top: case.top,
            best: Mutex::default(),
            floor: AtomicU64::new(floor.to_bits()),
        };
        let stop = AtomicBool::new(false);
        let found = search(&ground, Some(&piece), &mut kept, &list, &stop, &case.tuning);
        let found = match found {
            Ok(found) => found,
            Err(End::Unfit(_)) => {
                fates.push(Fate::Unfit);
                continue;
            }
            Err(end) => panic!("{end:?}"),
        };
        let (mut want, sums) = brute(case, space, &part);
        want.truncate(case.top);
        let reach = |entry: &Entry| floor <= 0.0 || rounded_down(entry.0) >= floor;
        want.retain(reach);
        let got = list.best.into_inner().unwrap();
        all.extend(got.iter().cloned());
        all.sort_by(order);
        all.truncate(case.top);
        if all.len() == case.top {
            floor = floor.max(rounded_down(all[case.top - 1].0));
        }
        let mut seen = found.visited;
        seen += found.excluded;
        fates.push(
            if want.iter().any(|entry| !got.contains(entry)) || got.len() > case.top {
                Fate::WrongList
            } else if seen != sums {
                Fate::WrongAudit
            } else {
                Fate::Right
            },
        );
    }
    fates
}

#[test]
fn parts_have_their_lists_and_their_sums() {
    let (mut right, mut unfit) = (0, 0);
    for seed in 0..1500 {
        let (case, space) = case(seed);
        for fate in fates(&case, &space, &mut Random(seed)) {
            match fate {
                Fate::Right => right += 1,
                Fate::Unfit => unfit += 1,
                wrong => panic!("case {seed}: {wrong:?}\n{case:?}"),
            }
        }
    }
    assert!(right > 1000 && unfit > 100, "{right} {unfit}");
}

#[test]
fn a_block_left_out_or_met_twice_is_caught() {
    for fault in [Fault::LostBlock, Fault::TwiceBlock] {
        let mut audits = 0;
        for seed in 0..400 {
            let (mut case, space) = case(seed);
            case.tuning = Tuning {
                fault,
                ..case.tuning
            };
            let fates = fates(&case, &space, &mut Random(seed));
            audits += fates
                .iter()
                .filter(|fate| **fate == Fate::WrongAudit)
                .count();
        }
        assert!(audits > 10, "{fault:?} {audits}");
    }
}
