//! What those outside and inside of a search share while it runs.

use crate::stats::NO_FLOOR;
use crate::top::{Candidate, Top};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// Progress, the wish to stop, the floor of the criterion's value, and the best sets so far.
#[derive(Debug)]
pub struct Watch {
    done: Mutex<u128>,
    stop: AtomicBool,
    floor: AtomicU64,
    /// Twice as many as are asked for: a set may be entered twice, by a first look and by the search itself.
    best: Mutex<Top>,
}

impl Default for Watch {
    fn default() -> Self {
        Self {
            done: Mutex::new(0),
            stop: AtomicBool::new(false),
            floor: AtomicU64::new(NO_FLOOR.to_bits()),
            best: Mutex::new(Top::new(0)),
        }
    }
}

impl Watch {
    /// Nothing done, no floor.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Reports `sets` more sets as visited. Call it at most every few thousand sets.
    pub fn advance(&self, sets: u128) {
        let mut done = self.done.lock().unwrap_or_else(|e| e.into_inner());
        *done += sets;
    }

    /// Takes back sets that were reported by a way to search that was given up.
    pub fn retract(&self, sets: u128) {
        let mut done = self.done.lock().unwrap_or_else(|e| e.into_inner());
        *done = done.saturating_sub(sets);
    }

    /// Sets visited so far.
    #[must_use]
    pub fn done(&self) -> u128 {
        *self.done.lock().unwrap_or_else(|e| e.into_inner())
    }

    /// Asks engines to stop soon.
    pub fn stop(&self) {
        self.stop.store(true, Ordering::Relaxed);
    }

    /// Whether to stop.
    #[must_use]
    pub fn stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    /// What [`Self::stopped`] reads, for what is told by a flag.
    pub(super) fn stopping(&self) -> &AtomicBool {
        &self.stop
    }

    /// A set whose exact value of the criterion is below this cannot be among the best. See
    /// [`Query::floor`](super::Query::floor) for the r that follows.
    #[must_use]
    pub fn floor(&self) -> f64 {
        f64::from_bits(self.floor.load(Ordering::Relaxed))
    }

    /// Raises the floor to that of a full [`crate::top::Top`]; a lower one changes nothing.
    pub fn raise_floor(&self, floor: f64) {
        let raise = |now: u64| (f64::from_bits(now) < floor).then_some(floor.to_bits());
        // `Err` is the case of a floor already as high.
        let _ = self
            .floor
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, raise);
    }

    /// Enters `candidate` into a worker's `top`, and says whether it was kept; then it is among the best so far,
    /// too. What is not kept costs one comparison.
    pub fn keep(&self, top: &mut Top, candidate: Candidate) -> bool {
        if !top.takes(&candidate) {
            return false;
        }
        let mut best = self.best.lock().unwrap_or_else(|e| e.into_inner());
        best.widen(2 * top.capacity());
        best.push(candidate.clone());
        drop(best);
        top.push(candidate)
    }

    /// The best sets that any worker has found so far, best first: not yet all that there are, and not audited.
    #[must_use]
    pub fn best_so_far(&self) -> Vec<Candidate> {
        let best = self.best.lock().unwrap_or_else(|e| e.into_inner());
        let places = best.capacity() / 2;
        let mut best = best.clone().into_sorted();
        best.dedup();
        best.truncate(places);
        best
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::{Ranking, Sums};

    #[test]
    fn what_workers_keep_is_the_best_so_far() {
        let candidate = |question: usize, value: i128| {
            let mut sums = Sums::of_user(0, 0);
            sums += Sums::of_user(2, value);
            sums += Sums::of_user(1, 3);
            Candidate::new(Ranking::default(), 2, vec![question], sums).unwrap()
        };
        let watch = Watch::new();
        assert_eq!(watch.best_so_far(), []);
        let (mut left, mut right) = (Top::new(2), Top::new(2));
        for (question, value) in [(0, 1), (1, 6), (2, 2)] {
            watch.keep(&mut left, candidate(question, value));
        }
        for (question, value) in [(3, 4), (4, 1), (5, 1)] {
            watch.keep(&mut right, candidate(question, value));
        }
        assert!(!watch.keep(&mut right, candidate(6, -4)));
        // By another worker, which had it first.
        watch.keep(&mut Top::new(2), candidate(1, 6));
        left.merge(right);
        assert_eq!(watch.best_so_far(), left.into_sorted());
    }
}
