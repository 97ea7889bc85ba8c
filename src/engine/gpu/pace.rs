//! How many sets a submission gets, so that it takes the time it is meant to: pure.

use std::time::Duration;

/// What a pipeline can take in one submission.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Bounds {
    /// Sets of the first chunk, when nothing is known of its speed.
    pub(super) first: u128,
    /// Chunks are whole multiples of this, where enough sets are left, and no smaller.
    pub(super) grain: u128,
    /// Most sets of a chunk: a multiple of `grain`.
    pub(super) most: u128,
}

/// One measurement is a rough guide: a chunk is this many times the measured one at most, and this
/// part of it at least.
const STRIDE: f64 = 4.0;

/// A chunk as large as the ceiling that could be done raises it by one part in so many: where sets grow
/// lighter chunks may grow again, and those that are tried in vain stay few.
const RISE: u128 = 8;

/// Where the smallest chunks take long, that much is the cost of any chunk, and others are meant to take
/// this many times as long, so that most of their time goes into sets ...
const TIMES_LEAST: u32 = 4;

/// ... but no longer than this: the largest target that may be asked for, well below what watchdogs allow.
const MOST_TARGET: Duration = Duration::from_millis(480);

/// Sizes chunks towards a time.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pace {
    target: Duration,
    bounds: Bounds,
    sets: u128,
    /// Most sets of a chunk as chunks have shown it: at most `bounds.most`.
    ceiling: u128,
    /// Most sets of a chunk without a floor, which may all survive.
    floorless: u128,
    /// Survivors that there is room for; so many sets never have more.
    room: u128,
    /// The least time of a chunk of the smallest size.
    least: Option<Duration>,
}

impl Pace {
    /// For a pipeline with room for so many survivors of a chunk.
    pub(super) fn new(target: Duration, bounds: Bounds, survivors: u64) -> Self {
        let room = survivors.into();
        Self {
            target,
            bounds,
            sets: bounds.first,
            ceiling: bounds.most,
            floorless: room,
            room,
            least: None,
        }
    }

    /// Sets of the next chunk.
    pub(super) fn sets(&self) -> u128 {
        self.sets
    }

    /// Sets of the next chunk where there is no floor, so that every defined set of it survives.
    pub(super) fn sets_without_floor(&self) -> u128 {
        self.sets.min(self.floorless)
    }

    /// A chunk of `sets` without a floor had so many survivors, or more than there is room for. Where few
    /// sets are defined, chunks may have many more sets than there is room for.
    pub(super) fn survived(&mut self, sets: u128, survivors: Option<usize>) {
        self.floorless = match survivors {
            Some(few) if few as u128 <= self.room / STRIDE as u128 / 2 => {
                self.floorless.max(sets.saturating_mul(STRIDE as u128))
            }
            Some(_) => self.floorless,
            None => self.floorless.min(sets / 2).max(self.room),
        };
    }

    /// A chunk of `sets` took `busy`. One that was faster than the target only ever raises the
    /// size, and one that was slower only ever lowers it, whatever its own size: a last or a redone
    /// chunk says little about larger ones, but too slow is too slow.
    pub(super) fn learn(&mut self, sets: u128, busy: Duration) {
        if sets <= self.bounds.grain {
            self.least = Some(self.least.map_or(busy, |least| least.min(busy)));
        }
        let least = self.least.unwrap_or_default() * TIMES_LEAST;
        let target = self.target.max(least.min(MOST_TARGET));
        let share = target.as_secs_f64() / busy.as_secs_f64().max(1e-9);
        // Within f64 for any number of sets, and the cast back saturates.
        let next = (sets as f64 * share.clamp(1.0 / STRIDE, STRIDE)) as u128;
        let Bounds { grain, most, .. } = self.bounds;
        if sets >= self.ceiling {
            let more = (self.ceiling / RISE / grain).max(1) * grain;
            self.ceiling = self.ceiling.saturating_add(more).min(most);
        }
        let next = (next / grain * grain).clamp(grain, self.ceiling);
        self.sets = if busy > target {
            self.sets.min(next)
        } else {
            self.sets.max(next)
        };
    }

    /// A chunk of `sets` was more than one submission can do: the next ones are half as large at most.
    pub(super) fn cut(&mut self, sets: u128) {
        let grain = self.bounds.grain;
        self.ceiling = self.ceiling.min((sets / 2 / grain).max(1) * grain);
        self.sets = self.sets.min(self.ceiling);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TARGET: Duration = Duration::from_millis(12);

    fn pace() -> Pace {
        let bounds = Bounds {
            first: 1000,
            grain: 64,
            most: 1 << 20,
        };
        Pace::new(TARGET, bounds, 80)
    }

    #[test]
    fn without_a_floor_chunks_grow_while_few_sets_survive() {
        let mut pace = pace();
        assert_eq!((pace.sets(), pace.sets_without_floor()), (1000, 80));
        pace.survived(80, Some(11));
        assert_eq!(pace.sets_without_floor(), 80);
        pace.survived(80, Some(10));
        assert_eq!(pace.sets_without_floor(), 320);
        // A last chunk says little of larger ones.
        pace.survived(5, Some(0));
        assert_eq!(pace.sets_without_floor(), 320);
        pace.survived(320, None);
        assert_eq!(pace.sets_without_floor(), 160);
        pace.survived(100, None);
        assert_eq!(pace.sets_without_floor(), 80);
        pace.survived(1 << 70, Some(0));
        assert_eq!(pace.sets_without_floor(), 1000);
        pace.survived(u128::MAX, Some(0));
        assert_eq!(pace.floorless, u128::MAX);
    }

    #[test]
    fn sizes_go_towards_the_target_in_bounds_and_whole_grains() {
        let next = |sets, busy| {
            let mut pace = pace();
            pace.learn(sets, busy);
            pace.sets()
        };
        assert_eq!(pace().sets(), 1000);
        assert_eq!(next(1024, TARGET / 2), 2048);
        assert_eq!(next(1024, Duration::ZERO), 4096);
        assert_eq!(next(1000, TARGET * 2), 448);
        assert_eq!(next(1000, TARGET * 100), 192);
        assert_eq!(next(10, TARGET * 100), 64);
        assert_eq!(next(u128::MAX, Duration::ZERO), 1 << 20);
    }

    #[test]
    fn a_chunk_that_was_cut_is_not_tried_again_at_once() {
        let mut pace = pace();
        for _ in 0..6 {
            pace.learn(pace.sets(), Duration::ZERO);
        }
        assert_eq!(pace.sets(), 1 << 20);
        // Three in flight are cut, and halves of them.
        for _ in 0..3 {
            pace.cut(1 << 20);
        }
        assert_eq!(pace.sets(), 1 << 19);
        pace.cut(1 << 19);
        assert_eq!(pace.sets(), 1 << 18);
        // However fast, up to there and then on by eighths.
        pace.learn(1000, Duration::ZERO);
        assert_eq!(pace.sets(), 1 << 18);
        pace.learn(1 << 18, Duration::ZERO);
        assert_eq!(pace.sets(), 9 << 15);
        pace.learn(9 << 15, Duration::ZERO);
        assert!(pace.sets() > 10 << 15 && pace.sets() < 11 << 15);
        for _ in 0..20 {
            pace.learn(pace.sets(), Duration::ZERO);
        }
        assert_eq!(pace.sets(), 1 << 20);
        pace.cut(70);
        assert_eq!(pace.sets(), 64);
    }

    #[test]
    fn sizes_may_be_any_number_of_128_bits() {
        let next = |most, sets, busy| {
            let bounds = Bounds {
                first: 1 << 70,
                grain: 1,
                most,
            };
            let mut pace = Pace::new(TARGET, bounds, 80);
            pace.learn(sets, busy);
            pace.sets()
        };
        assert_eq!(next(1 << 100, 1 << 70, TARGET / 2), 1 << 71);
        assert_eq!(next(1 << 100, 1 << 80, TARGET * 100), 1 << 70);
        assert_eq!(next(1 << 100, 1 << 70, TARGET * 2), 1 << 69);
        assert_eq!(next(1 << 100, 1 << 99, Duration::ZERO), 1 << 100);
        assert_eq!(next(u128::MAX, 1 << 127, Duration::ZERO), u128::MAX);
        assert_eq!(next(u128::MAX, u128::MAX, Duration::ZERO), u128::MAX);
        let mut pace = Pace::new(
            TARGET,
            Bounds {
                first: u128::MAX,
                grain: 1,
                most: u128::MAX,
            },
            80,
        );
        pace.cut(u128::MAX);
        assert_eq!(pace.sets(), u128::MAX / 2);
        pace.learn(u128::MAX / 2, Duration::ZERO);
        assert_eq!(pace.sets(), u128::MAX / 2 + u128::MAX / 2 / RISE);
    }

    #[test]
    fn sets_that_grow_heavier_are_followed_by_smaller_chunks() {
        // A set takes so long from here on: lighter ones first, as where more of a tree is pruned.
        let mut pace = Pace::new(
            TARGET,
            Bounds {
                first: 1 << 80,
                grain: 1,
                most: u128::MAX,
            },
            80,
        );
        for weight in [1e-9, 1e-3, 1.0, 1e-3, 1e-6] {
            let busy = |sets: u128| TARGET.mul_f64(sets as f64 * weight / 2_f64.powi(80));
            for _ in 0..40 {
                pace.learn(pace.sets(), busy(pace.sets()));
            }
            let share = busy(pace.sets()).as_secs_f64() / TARGET.as_secs_f64();
            assert!((0.9..1.1).contains(&share), "{weight}: {share}");
        }
    }

    #[test]
    fn what_any_chunk_costs_does_not_make_chunks_small() {
        let mut pace = pace();
        // 30 ms for a chunk of the smallest size: 120 ms for others.
        pace.learn(64, 5 * TARGET / 2);
        assert_eq!(pace.sets(), 1000);
        pace.learn(1000, 5 * TARGET / 2);
        assert_eq!(pace.sets(), 3968);
        pace.learn(3968, 12 * TARGET);
        assert_eq!(pace.sets(), 3264);
        // It was done in a millisecond after all.
        pace.learn(64, TARGET / 12);
        pace.learn(3264, 12 * TARGET);
        assert_eq!(pace.sets(), 768);
        // No more than 480 ms for others, whatever it takes.
        let mut slow = self::pace();
        slow.learn(64, 20 * TARGET);
        slow.learn(1000, 80 * TARGET);
        assert_eq!(slow.sets(), 448);
    }

    #[test]
    fn small_chunks_lower_a_size_only_where_they_were_slow() {
        let mut pace = pace();
        pace.learn(1000, TARGET / 4);
        assert_eq!(pace.sets(), 3968);
        pace.learn(5, TARGET / 100);
        assert_eq!(pace.sets(), 3968);
        pace.learn(1000, TARGET * 2);
        assert_eq!(pace.sets(), 448);
        // In flight since before it was lowered, and slow too.
        pace.learn(3968, TARGET * 3);
        assert_eq!(pace.sets(), 448);
    }
}
