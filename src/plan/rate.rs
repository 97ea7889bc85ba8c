//! From how far a search came to how long it takes.

/// What a second of measuring cannot know, on either side of an interval: a factor.
const SLACK: f64 = 1.15;

/// Where only the first progress was seen: a factor on either side.
const ROUGH: f64 = 3.0;

/// Pieces of the time of measuring that are looked at apart.
const PIECES: usize = 3;

/// An expected time, in seconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    /// What is expected.
    pub seconds: f64,
    /// Between this
    pub low: f64,
    /// and this.
    pub high: f64,
}

impl Estimate {
    /// A time with a factor on either side.
    pub(super) fn within(seconds: f64, factor: f64) -> Self {
        Self {
            seconds,
            low: seconds / factor,
            high: seconds * factor,
        }
    }

    /// This estimate where what it rests on takes so many times as long, give or take a factor.
    pub(super) fn times(self, ratio: f64, give: f64) -> Self {
        Self {
            seconds: self.seconds * ratio,
            low: self.low * ratio / give,
            high: self.high * ratio * give,
        }
    }

    /// As long as `least` at least: so much has passed.
    pub(super) fn at_least(self, least: f64) -> Self {
        Self {
            seconds: self.seconds.max(least),
            low: self.low.max(least),
            high: self.high.max(least),
        }
    }
}

/// The time of all `total` sets, of a search that was seen at these `points` (seconds, sets done) and did not end.
/// `None` where no set was done.
///
/// Sets a second are those of the last two of three pieces of the time between the first progress and the end: the
/// floor is low at first. The interval is that of the three.
pub(super) fn of_points(points: &[(f64, u128)], total: u128) -> Option<Estimate> {
    let &(end, done) = points.last()?;
    if done == 0 {
        return None;
    }
    let left = total.saturating_sub(done) as f64;
    let all = |rate: f64| end + left / rate;
    let first = points.iter().position(|&(_, done)| done > 0)?;
    let seen = &points[first..];
    let start = seen[0].0;
    let bounds: Vec<f64> = (0..=PIECES)
        .map(|i| start + (end - start) * i as f64 / PIECES as f64)
        .collect();
    let at = |time: f64| done_at(seen, time);
    let rates: Vec<f64> = bounds
        .windows(2)
        .map(|pair| (at(pair[1]) - at(pair[0])) / (pair[1] - pair[0]))
        .collect();
    let late = (at(end) - at(bounds[1])) / (end - bounds[1]);
    if !rates.iter().all(|rate| rate.is_finite() && *rate > 0.0) {
        // Progress came in one lump or two.
        return Some(Estimate::within(all(done as f64 / end), ROUGH));
    }
    let fastest = rates.iter().copied().fold(late, f64::max);
    let slowest = rates.iter().copied().fold(late, f64::min);
    Some(Estimate {
        seconds: all(late),
        low: all(fastest * SLACK),
        high: all(slowest / SLACK),
    })
}

/// Sets done at a time, between two looks of the clock by the straight line.
fn done_at(points: &[(f64, u128)], time: f64) -> f64 {
    let after = points.partition_point(|&(at, _)| at < time);
    let Some(&(t1, d1)) = points.get(after) else {
        return points.last().map_or(0.0, |&(_, done)| done as f64);
    };
    let Some(&(t0, d0)) = after.checked_sub(1).and_then(|before| points.get(before)) else {
        return d1 as f64;
    };
    let share = if t1 > t0 {
        (time - t0) / (t1 - t0)
    } else {
        1.0
    };
    d0 as f64 + (d1 as f64 - d0 as f64) * share
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Points every hundredth of a second, of a search that does so many sets a second behind 0.2 s of setup.
    fn points(rate: impl Fn(f64) -> f64) -> Vec<(f64, u128)> {
        let mut done = 0.0;
        (1..=120)
            .map(|i| {
                let time = f64::from(i) / 100.0;
                if time > 0.2 {
                    done += rate(time) / 100.0;
                }
                (time, done as u128)
            })
            .collect()
    }

    #[test]
    fn a_steady_search_goes_on_as_it_did() {
        let estimate = of_points(&points(|_| 1e6), 101_000_000).unwrap();
        assert!((estimate.seconds - 101.2).abs() < 0.5, "{estimate:?}");
        let Estimate { low, high, .. } = estimate;
        assert!(
            (86.0..90.0).contains(&low) && (114.0..118.0).contains(&high),
            "{estimate:?}"
        );
    }

    #[test]
    fn a_search_that_speeds_up_is_judged_by_the_end_and_the_interval_has_both() {
        let estimate =
            of_points(&points(|t| if t < 0.5 { 1e6 } else { 3e6 }), 300_000_000).unwrap();
        assert!((90.0..105.0).contains(&estimate.seconds), "{estimate:?}");
        assert!(estimate.high > 250.0 && estimate.low < 90.0, "{estimate:?}");
    }

    #[test]
    fn one_lump_tells_little_and_none_tells_nothing() {
        assert_eq!(of_points(&[], 10), None);
        assert_eq!(of_points(&[(0.5, 0), (1.0, 0)], 10), None);
        let lump = of_points(&[(0.5, 0), (1.0, 10)], 100).unwrap();
        assert_eq!(lump, Estimate::within(10.0, ROUGH));
    }

    #[test]
    fn estimates_are_scaled_and_never_below_what_has_passed() {
        let estimate = Estimate::within(10.0, 2.0).times(3.0, 1.5);
        assert_eq!(
            (estimate.seconds, estimate.low, estimate.high),
            (30.0, 10.0, 90.0)
        );
        let least = estimate.at_least(20.0);
        assert_eq!((least.seconds, least.low, least.high), (30.0, 20.0, 90.0));
    }
}
