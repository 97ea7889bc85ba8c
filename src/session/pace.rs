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
            limit: Duration::from_secs(58),
            patience: Duration::from_secs(3),
            every: Duration::from_secs(10),
            by_sets: true,
        }
    }
}

/// A first try may be judged when sets have been done for so long.
const FIRST_LOOK: Duration = Duration::from_millis(250);

/// A first try of which nothing is done is stopped after so many times the patience: engines have to get started.
const STARTS: u32 = 4;

/// A first try that would take so many times as long as it has is stopped early, so that it loses little.
const TIMES: f64 = 200.0;

/// Before a first try has gone on for so many times the patience it is to be done within this share of the limit, later
/// within all of it: what is close is better stopped while little is lost.
const EARLY: u32 = 2;
const SURE: f64 = 0.8;

/// A unit is at most so many times as large as the one before it, or as small.
const GROWTH: f64 = 8.0;

/// Where nothing is known of the rate, a unit is one in so many of what was tried.
const UNKNOWN: u128 = 1024;

/// How far a piece is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Far {
    /// Sets that are done.
    pub done: u128,
    /// Since it began.
    pub took: Duration,
    /// How many were done when the first were seen to be, and since when: before that engines are getting started.
    pub first: Option<(u128, Duration)>,
}

impl Far {
    /// What is seen after so long.
    pub fn see(&mut self, done: u128, took: Duration) {
        self.done = done;
        self.took = took;
        if done > 0 && self.first.is_none() {
            self.first = Some((done, took));
        }
    }

    /// Sets a second since the first were done, and for how long that is.
    fn rate(&self) -> Option<(f64, Duration)> {
        let (done, took) = self.first?;
        let (more, since) = (self.done.saturating_sub(done), self.took - took);
        (more > 0).then(|| (more as f64 / since.as_secs_f64(), since))
    }
}

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

    /// Whether to stop a piece of `sets` sets that is so far.
    pub fn stops(&self, sets: u128, far: &Far) -> bool {
        let Units {
            limit, patience, ..
        } = self.units;
        if self.in_one || sets == 1 {
            return false;
        }
        if far.took >= limit {
            return true;
        }
        if !self.trying || !self.units.by_sets {
            return false;
        }
        let Some((rate, since)) = far.rate() else {
            return far.took >= patience.saturating_mul(STARTS);
        };
        let projected = far.took.as_secs_f64() + sets.saturating_sub(far.done) as f64 / rate;
        let share = if since < patience.saturating_mul(EARLY) {
            SURE
        } else {
            1.0
        };
        since >= FIRST_LOOK
            && projected > share * limit.as_secs_f64()
            && (since >= patience || projected < TIMES * since.as_secs_f64())
    }

    /// A piece of so many sets was done in so long.
    pub fn finished(&mut self, sets: u128, took: Duration) {
        let growth = self.units.target.as_secs_f64() / took.as_secs_f64().max(1e-9);
        self.size = at_least_one(sets as f64 * growth.clamp(GROWTH.recip(), GROWTH));
    }

    /// A piece of so many sets was stopped when it was so far.
    pub fn stopped(&mut self, sets: u128, far: &Far) {
        let target = self.units.target.as_secs_f64();
        let average = far.done as f64 / far.took.as_secs_f64().max(1e-9);
        let rate = far.rate().map_or(average, |(rate, _)| rate);
        let by_rate = at_least_one(rate * target);
        self.size = match (far.done, self.trying) {
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
        // Of which the first 100 were done after so many seconds of getting started.
        let far = |done: u128, start: f64, took: f64| Far {
            done,
            took: Duration::from_secs_f64(took),
            first: (done > 0).then(|| (100, Duration::from_secs_f64(start))),
        };
        let stops = |done, start, took| pace.stops(10_000, &far(done, start, took));
        // 40 s in all, and 100 s: the latter is waited for until it is certain enough.
        assert!(!stops(1100, 0.0, 4.0) && !stops(1100, 5.0, 9.0));
        assert!(!stops(130, 0.0, 0.3) && stops(200, 0.0, 1.0) && stops(400, 5.0, 8.0));
        // What takes longer is waited for until a two hundredth of it is over, or for three seconds.
        assert!(!stops(150, 0.0, 0.24) && stops(150, 0.0, 0.26));
        assert!(!stops(101, 0.0, 2.9) && stops(101, 0.0, 3.1));
        // 50 s are too close to the limit at first, and within it once six seconds have passed.
        assert!(stops(1100, 0.0, 5.0) && !stops(1500, 0.0, 7.0) && stops(1100, 0.0, 7.0));
        // Nothing done tells nothing for a while.
        assert!(!stops(0, 0.0, 11.0) && stops(0, 0.0, 12.0));
        // However far it is.
        assert!(!stops(9_999, 0.0, 57.0) && stops(9_999, 0.0, 58.0));
        let proof = Pace::new(
            Units {
                by_sets: false,
                ..Units::default()
            },
            0,
            0.0,
            10_000,
        );
        assert!(
            !proof.stops(10_000, &far(0, 0.0, 57.0)) && proof.stops(10_000, &far(0, 0.0, 58.0))
        );
    }

    #[test]
    fn units_follow_the_rate() {
        let mut pace = fresh(1_000_000);
        let far = |done, seconds| Far {
            done,
            took: seconds * SECOND,
            first: None,
        };
        pace.stopped(1_000_000, &far(3000, 3));
        assert_eq!(next(&pace, 0..1_000_000), Some(0..25_000));
        pace.finished(25_000, 50 * SECOND);
        assert_eq!(next(&pace, 0..1_000_000), Some(0..12_500));
        // At most by a factor of eight at a time.
        pace.finished(12_500, SECOND / 10);
        assert_eq!(next(&pace, 0..1_000_000), Some(0..100_000));
        // A unit that is stopped is halved at least.
        pace.stopped(100_000, &far(99_000, 58));
        assert_eq!(next(&pace, 0..1_000_000), Some(0..42_672));
        pace.stopped(50_000, &far(0, 58));
        assert_eq!(next(&pace, 0..1_000_000), Some(0..25_000));
        let after = |seconds| Far {
            took: seconds * SECOND,
            ..Far::default()
        };
        assert!(!pace.stops(25_000, &after(57)) && pace.stops(25_000, &after(58)));
        assert!(!pace.stops(1, &after(450)));
        // What would be less than half a unit is taken along.
        assert_eq!(pace.next(&[5..30_000, 40_000..50_000]), Some(5..30_000));
        assert_eq!(pace.next(&[]), None);
        let mut none = fresh(100);
        none.stopped(100, &far(0, 3));
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
        let late = Far {
            took: 4500 * SECOND,
            ..Far::default()
        };
        assert!(!whole.stops(10_000, &late));
    }
}
