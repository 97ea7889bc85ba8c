//! What those outside and inside of a search share while it runs.

use crate::stats::{Distance, NO_FLOOR};
use crate::top::{Candidate, Top};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Instant;

/// Progress, the wish to stop, the floor of the criterion's value, and the best sets so far.
#[derive(Debug)]
pub struct Watch {
    done: Mutex<u128>,
    /// Sets done by each device, of engines that have several or say which.
    by_device: Arc<Mutex<BTreeMap<String, u128>>>,
    stop: Arc<AtomicBool>,
    floor: AtomicU64,
    /// See [`Watch::ceiling`].
    ceiling: AtomicU64,
    deadline: Option<Instant>,
    /// How far below the best a set may be, where that limits the list.
    within: OnceLock<Distance>,
    /// Twice as many as are asked for: a set may be entered twice, by a first look and by the search itself.
    best: Mutex<Top>,
}

impl Default for Watch {
    fn default() -> Self {
        Self {
            done: Mutex::new(0),
            by_device: Arc::default(),
            stop: Arc::default(),
            floor: AtomicU64::new(NO_FLOOR.to_bits()),
            ceiling: AtomicU64::new(f64::INFINITY.to_bits()),
            deadline: None,
            within: OnceLock::new(),
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

    /// Nothing done, no floor, and stopped by somebody at this time. An engine that can use the last of the time
    /// better than by going on may do so.
    #[must_use]
    pub fn until(deadline: Instant) -> Self {
        Self {
            deadline: Some(deadline),
            ..Self::default()
        }
    }

    /// Nothing done, no floor, and stopped with this one: for a search beside it.
    #[must_use]
    pub fn beside(&self) -> Self {
        Self {
            stop: Arc::clone(&self.stop),
            ..Self::default()
        }
    }

    /// When it will be stopped, if that is known.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        self.deadline
    }

    /// Only sets that are so near the best are asked for: from now on each best set raises the floor. A search
    /// tells its watch by itself.
    pub fn heed_distance(&self, distance: Distance) {
        // One watch is for one search; were it told twice, the first, which is as right, stays.
        let _ = self.within.set(distance);
    }

    /// Reports `sets` more sets as visited. Call it at most every few thousand sets.
    pub fn advance(&self, sets: u128) {
        let mut done = self.done.lock().unwrap_or_else(|e| e.into_inner());
        *done += sets;
    }

    /// Reports `sets` more sets as visited on a device.
    pub fn advance_on(&self, device: &str, sets: u128) {
        let mut devices = self.by_device.lock().unwrap_or_else(|e| e.into_inner());
        match devices.get_mut(device) {
            Some(done) => *done += sets,
            None => {
                devices.insert(device.to_owned(), sets);
            }
        }
        drop(devices);
        self.advance(sets);
    }

    /// This watch, for a piece of the search of another one: what devices do is counted there too.
    #[must_use]
    pub fn of_a_piece(self, whole: &Self) -> Self {
        Self {
            by_device: Arc::clone(&whole.by_device),
            ..self
        }
    }

    /// Sets visited by each device, those that a stop then threw away included; of engines that say which.
    #[must_use]
    pub fn done_by_device(&self) -> BTreeMap<String, u128> {
        let devices = self.by_device.lock().unwrap_or_else(|e| e.into_inner());
        devices.clone()
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

    /// An r that no set of the part searched exceeds but those that are kept, proved; infinite where nothing is.
    #[must_use]
    pub fn ceiling(&self) -> f64 {
        f64::from_bits(self.ceiling.load(Ordering::Relaxed))
    }

    /// Lowers the ceiling; a higher one changes nothing.
    pub fn lower_ceiling(&self, ceiling: f64) {
        let lower = |now: u64| (f64::from_bits(now) > ceiling).then_some(ceiling.to_bits());
        // `Err` is the case of a ceiling already as low.
        let _ = self
            .ceiling
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, lower);
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
        if let Some(distance) = self.within.get() {
            self.raise_floor(distance.below(candidate.value().rounded()));
        }
        top.push(candidate)
    }

    /// The r of the best set so far, rounded.
    #[must_use]
    pub fn best_r(&self) -> Option<f64> {
        let best = self.best.lock().unwrap_or_else(|e| e.into_inner());
        best.best().map(|best| best.correlation().r())
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
        assert_eq!((watch.best_so_far(), watch.best_r()), (Vec::new(), None));
        let (mut left, mut right) = (Top::new(2), Top::new(2));
        for (question, value) in [(0, 1), (1, 6), (2, 2)] {
            watch.keep(&mut left, candidate(question, value));
        }
        for (question, value) in [(3, 4), (4, 1), (5, 1)] {
            watch.keep(&mut right, candidate(question, value));
        }
        assert!(!watch.keep(&mut right, candidate(6, -4)));
        watch.lower_ceiling(0.9);
        watch.lower_ceiling(0.95);
        assert_eq!(
            (Watch::new().ceiling(), watch.ceiling()),
            (f64::INFINITY, 0.9)
        );
        // By another worker, which had it first.
        watch.keep(&mut Top::new(2), candidate(1, 6));
        left.merge(right);
        let best = watch.best_so_far();
        assert_eq!(watch.best_r(), Some(best[0].correlation().r()));
        assert_eq!(best, left.into_sorted());
    }
}
