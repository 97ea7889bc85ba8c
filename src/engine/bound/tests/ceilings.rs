//! Ceilings, as they are told while a search has all the time that it wants, against all sets.

use super::search_tuned;
use super::{Case, Entry, List, brute, rounded_down, tables};
use crate::engine::bound::judge::Judge;
use crate::engine::bound::search::{End, Tuning};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64};
use std::time::{Duration, Instant};

/// A list with a deadline that never comes, and each ceiling that it was told beside the list of that moment.
struct Told<'a> {
    list: List<'a>,
    told: Mutex<Vec<(f64, Vec<Entry>)>>,
}

impl Judge for Told<'_> {
    fn offer(&self, set: &[usize]) -> f64 {
        self.list.offer(set)
    }

    fn floor(&self) -> f64 {
        self.list.floor()
    }

    fn ceiling(&self, r: f64) {
        let listed = self.list.best.lock().unwrap().clone();
        self.told.lock().unwrap().push((r, listed));
    }

    fn deadline(&self) -> Option<Instant> {
        Some(Instant::now() + Duration::from_secs(86_400))
    }
}

/// Ceilings of a search without tries of the tree before the raised floors, and all sets, best first.
fn ceilings(case: &Case) -> (Vec<(f64, Vec<Entry>)>, Vec<Entry>) {
    let told = Told {
        list: List {
            problem: &case.problem,
            top: case.top,
            best: Mutex::default(),
            floor: AtomicU64::new(f64::NEG_INFINITY.to_bits()),
        },
        told: Mutex::default(),
    };
    let tuning = Tuning {
        probe: 0,
        rounds: 3,
        small: 30.0,
        ..case.tuning
    };
    let stop = AtomicBool::new(false);
    let (all, _) = brute(&Case {
        top: usize::MAX,
        ..case.clone()
    });
    match search_tuned(&case.problem, &told, &stop, &tuning) {
        Ok(_) => {
            let best = told.list.best.into_inner().unwrap();
            assert_eq!(best, all[..case.top.min(all.len())]);
        }
        Err(end) => assert!(matches!(end, End::Unfit(_)), "{end:?}"),
    }
    (told.told.into_inner().unwrap(), all)
}

/// A lower bound of the best r of all sets but those listed.
fn best_other(all: &[Entry], listed: &[Entry]) -> Option<f64> {
    let other = all.iter().find(|entry| !listed.contains(entry))?;
    Some(rounded_down(other.0))
}

#[test]
fn no_set_but_those_listed_reaches_a_ceiling() {
    let (mut of_root, mut raised, mut near) = (0, 0, 0);
    for (number, case) in (0..1500).map(tables::case).enumerate() {
        // Each raised floor goes through nearly all sets where nearly all are asked for.
        if case.top > 10 {
            continue;
        }
        let (told, all) = ceilings(&case);
        for (i, (ceiling, listed)) in told.iter().enumerate() {
            let Some(best) = best_other(&all, listed) else {
                continue;
            };
            assert!(best <= *ceiling, "case {number}: {best} above {ceiling}");
            if *ceiling < 1.0 {
                of_root += u32::from(i == 0);
                raised += u32::from(i > 4);
                near += u32::from(best > 0.999 * ceiling);
            }
        }
    }
    // Were ceilings a thousandth too low, some would be seen.
    assert!(raised > 200 && near > 200, "{of_root} {raised} {near}");
}
