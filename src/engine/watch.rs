//! What those outside and inside of a search share while it runs.

use crate::stats::NO_FLOOR;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// Progress, the wish to stop, and the floor of the criterion's value.
#[derive(Debug)]
pub struct Watch {
    done: Mutex<u128>,
    stop: AtomicBool,
    floor: AtomicU64,
}

impl Default for Watch {
    fn default() -> Self {
        Self {
            done: Mutex::new(0),
            stop: AtomicBool::new(false),
            floor: AtomicU64::new(NO_FLOOR.to_bits()),
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
}
