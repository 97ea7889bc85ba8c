//! How much is searched at a time: pure, without clocks, threads or files.
//!
//! ```text
//! first     all that is left, as engines are fastest at that; stopped as soon as it is seen to take too long
//! then      units of ranks that take about as long as they should, by the rate of those before
//! stopped   a unit that takes longer than it may: its sets are searched again, by halves
//! ```

use std::ops::Range;
use std::time::Duration;

/// How long the pieces of work of a session take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Units {
    /// A unit is to take so long.
    pub target: Duration,
    /// One that takes longer is stopped, and so is a first try of everything.
    pub limit: Duration,
    /// After so long a first try is stopped that is not going to be done within the limit; where it is no time at all,
    /// there is no such try.
    pub patience: Duration,
    /// What was done is saved where the last time lies so far back.
    pub every: Duration,
    /// Whether the time goes with the number of sets; where proofs exclude many sets at once it does not, and a first
    /// try has until the limit.
    pub by_sets: bool,
}

impl Default for Units {
    fn default() -> Self {
        Self {
            target: Duration::from_secs(25),
            limit: Duration::from_secs(45),
            patience: Duration::from_secs(3),
            every: Duration::from_secs(10),
            by_sets: true,
        }
    }
}

/// A first try may be judged after so long: before that engines are getting started.
const FIRST_LOOK: Duration = Duration::from_millis(250);

/// A first try that would take so many times as long as it has is stopped early, so that it loses little.
const TIMES: f64 = 200.0;

/// A unit is at most so many times as large as the one before it, or as small.
const GROWTH: f64 = 8.0;

/// Where nothing is known of the rate, a unit is one in so many of what was tried.
const UNKNOWN: u128 = 1024;

/// What is searched next.
#[derive(Clone, Debug)]
pub struct Pace {
    units: Units,
    /// Whether all that is left is to be tried.
    trying: bool,
    /// Whether only everything in one piece can be searched, for as long as that takes.
    in_one: bool,
    /// Sets of the next unit.
    size: u128,
}

impl Pace {
    /// The pace of a search of which `done` sets took so many seconds and `left` are left.
    pub fn new(units: Units, done: u128, seconds: f64, left: u128) -> Self {
        let rate = done as f64 / seconds;
        let projected = left as f64 / rate;
        let known = done > 0 && rate.is_finite();
        Self {
            units,
            trying: !units.patience.is_zero() && (!known || projected <= units.limit.as_secs_f64()),
            in_one: false,
            size: match known {
                true => at_least_one(rate * units.target.as_secs_f64()),
                false => (left / UNKNOWN).max(1),
            },
        }
    }

    /// From now on everything in one piece.
    pub fn in_one(&mut self) {
        self.in_one = true;
    }

    /// Which of the ranges that are left to search now; `None` where nothing is left.
    pub fn next(&self, left: &[Range<u128>]) -> Option<Range<u128>> {
        let first = left.first()?.clone();
        let sets = first.end - first.start;
        // No crumbs: what would be left behind is taken along.
        if self.trying || self.in_one || sets - sets.min(self.size) < self.size / 2 {
            return Some(first);
        }
        Some(first.start..first.start + self.size)
    }

    /// Whether to stop a piece of `sets` sets, of which `done` are done after so long.
    pub fn stops(&self, sets: u128, done: u128, took: Duration) -> bool {
        if self.in_one || sets == 1 {
            return false;
        }
        if took >= self.units.limit {
            return true;
        }
        if !self.trying || !self.units.by_sets || took < FIRST_LOOK {
            return false;
        }
        let projected = took.as_secs_f64() * sets as f64 / done as f64;
        projected > self.units.limit.as_secs_f64()
            && (took >= self.units.patience || projected < TIMES * took.as_secs_f64())
    }

    /// A piece of so many sets was done in so long.
    pub fn finished(&mut self, sets: u128, took: Duration) {
        let growth = self.units.target.as_secs_f64() / took.as_secs_f64().max(1e-9);
        self.size = at_least_one(sets as f64 * growth.clamp(GROWTH.recip(), GROWTH));
    }

    /// A piece of so many sets was stopped when `done` of them were done after so long.
    pub fn stopped(&mut self, sets: u128, done: u128, took: Duration) {
        let share = self.units.target.as_secs_f64() / took.as_secs_f64().max(1e-9);
        let by_rate = at_least_one(done as f64 * share);
        self.size = match (done, self.trying) {
            (0, true) => sets / UNKNOWN,
            (0, false) => sets / 2,
            _ => by_rate.min(sets / 2),
        }
        .max(1);
        self.trying = false;
    }
}

fn at_least_one(sets: f64) -> u128 {
    (sets as u128).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    /// What to search next of one range.
    fn next(pace: &Pace, left: Range<u128>) -> Option<Range<u128>> {
        pace.next(std::slice::from_ref(&left))
    }

    fn fresh(left: u128) -> Pace {
        Pace::new(Units::default(), 0, 0.0, left)
    }

    #[test]
    fn all_is_tried_first_and_stopped_where_it_takes_too_long() {
        let pace = fresh(10_000);
        assert_eq!(next(&pace, 0..10_000), Some(0..10_000));
        // 40 s in all, and 50 s: the latter is waited for until it is certain enough.
        assert!(!pace.stops(10_000, 1000, 4 * SECOND));
        assert!(!pace.stops(10_000, 20, SECOND / 10));
        assert!(pace.stops(10_000, 1000, 5 * SECOND));
        assert!(!pace.stops(10_000, 0, 2 * SECOND) && pace.stops(10_000, 0, 3 * SECOND));
        // Days are seen at once, an hour after some seconds.
        assert!(!pace.stops(1_000_000, 100, SECOND / 2));
        assert!(pace.stops(10_000, 100, SECOND));
        // However far it is.
        assert!(pace.stops(10_000, 9_999, 45 * SECOND));
        let proof = Pace::new(
            Units {
                by_sets: false,
                ..Units::default()
            },
            0,
            0.0,
            10_000,
        );
        assert!(!proof.stops(10_000, 0, 44 * SECOND) && proof.stops(10_000, 0, 45 * SECOND));
    }

    #[test]
    fn units_follow_the_rate() {
        let mut pace = fresh(1_000_000);
        pace.stopped(1_000_000, 3000, 3 * SECOND);
        assert_eq!(next(&pace, 0..1_000_000), Some(0..25_000));
        pace.finished(25_000, 50 * SECOND);
        assert_eq!(next(&pace, 0..1_000_000), Some(0..12_500));
        // At most by a factor of eight at a time.
        pace.finished(12_500, SECOND / 10);
        assert_eq!(next(&pace, 0..1_000_000), Some(0..100_000));
        // A unit that is stopped is halved at least.
        pace.stopped(100_000, 99_000, 45 * SECOND);
        assert_eq!(next(&pace, 0..1_000_000), Some(0..50_000));
        pace.stopped(50_000, 0, 45 * SECOND);
        assert_eq!(next(&pace, 0..1_000_000), Some(0..25_000));
        assert!(!pace.stops(25_000, 0, 44 * SECOND) && pace.stops(25_000, 0, 45 * SECOND));
        assert!(!pace.stops(1, 0, 450 * SECOND));
        // What would be less than half a unit is taken along.
        assert_eq!(pace.next(&[5..30_000, 40_000..50_000]), Some(5..30_000));
        assert_eq!(pace.next(&[]), None);
        let mut none = fresh(100);
        none.stopped(100, 0, 3 * SECOND);
        assert_eq!(next(&none, 7..100), Some(7..8));
    }

    #[test]
    fn what_goes_on_keeps_its_rate() {
        let slow = Pace::new(Units::default(), 1000, 100.0, 9000);
        assert_eq!(next(&slow, 1000..10_000), Some(1000..1250));
        let fast = Pace::new(Units::default(), 1000, 1.0, 9000);
        assert_eq!(next(&fast, 1000..10_000), Some(1000..10_000));
        let units = Units {
            patience: Duration::ZERO,
            ..Units::default()
        };
        let none = Pace::new(units, 0, 0.0, 10_000);
        assert_eq!(next(&none, 0..10_000), Some(0..9));
        let mut whole = slow;
        whole.in_one();
        assert_eq!(next(&whole, 0..10_000), Some(0..10_000));
        assert!(!whole.stops(10_000, 0, 4500 * SECOND));
    }
}
