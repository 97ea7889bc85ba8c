//! How much dearer a set is on average over all ranks than among those that were done first.
//!
//! Engines that go by ranks begin with long rows of leaves and end with short ones. Parts are drawn from all ranks,
//! as many from those that were done, and both searched with the floor of the search: the ratio of their times,
//! less what a part of one set takes, is what the time of all sets is multiplied by.

use super::sample::Draws;
use super::trace::{Until, trace};
use crate::engine::{EngineError, Part, Prepared, Query, Watch};
use std::time::{Duration, Instant};

/// The share of the budget that a part takes.
const PART: f64 = 0.15;

/// Fewest parts of either kind.
const FEWEST: usize = 3;

/// Parts of one set, of which the fastest tells what is done for each part.
const ALONE: usize = 3;

const SEED: u64 = 0x7061_7274;

/// What is told by parts.
#[derive(Clone, Copy, Debug)]
pub(super) struct Parts {
    /// How many times as dear a set of all is.
    pub(super) ratio: f64,
    /// That ratio, give or take a factor.
    pub(super) give: f64,
}

/// A search that was stopped: sets done, seconds that they took, and its floor.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stopped {
    pub(super) done: u128,
    pub(super) seconds: f64,
    pub(super) floor: f64,
}

/// Searches parts for about `budget`.
///
/// # Errors
/// What the engine fails with; [`EngineError::Stopped`] where `outer` was stopped.
pub(super) fn parts(
    prepared: &dyn Prepared,
    query: &Query<'_>,
    total: u128,
    stopped: Stopped,
    budget: Duration,
    outer: &Watch,
) -> Result<Parts, EngineError> {
    let start = Instant::now();
    let mut draws = Draws::new(SEED);
    let rate = stopped.done as f64 / stopped.seconds;
    let sets = ((rate * PART * budget.as_secs_f64()) as u128)
        .clamp(1, (stopped.done / 2).max(1))
        .min(total);
    let mut seconds = |first: u128, sets: u128| {
        let skip = draws.rank(first.saturating_sub(sets));
        let part = query.space().part(skip, Some(sets));
        let part = part.unwrap_or_else(|| query.space().whole());
        one(prepared, query, &part, stopped.floor, budget, outer)
    };
    let mut alone = f64::INFINITY;
    for _ in 0..ALONE {
        alone = alone.min(seconds(total, 1)?);
    }
    let (mut early, mut all) = (Vec::new(), Vec::new());
    while early.len() < FEWEST || start.elapsed() < budget {
        early.push((seconds(stopped.done, sets)? - alone).max(0.0));
        all.push((seconds(total, sets)? - alone).max(0.0));
        // A part that takes far longer than expected says enough.
        if start.elapsed() > budget * 3 {
            break;
        }
    }
    let (ratio, give) = ratio(&early, &all);
    tracing::info!(
        sets,
        parts = all.len(),
        ratio,
        give,
        "parts of all ranks beside those done"
    );
    Ok(Parts { ratio, give })
}

/// Seconds of a part; of one that does not end, as they would be.
fn one(
    prepared: &dyn Prepared,
    query: &Query<'_>,
    part: &Part,
    floor: f64,
    budget: Duration,
    outer: &Watch,
) -> Result<f64, EngineError> {
    let until = Until::Deadline(budget * 2);
    let trace = trace(prepared, query, part, floor, until, outer)?;
    let (seconds, done) = (trace.seconds, trace.done());
    match trace.found {
        Ok(_) => Ok(seconds),
        Err(EngineError::Stopped) => {
            let sets = part.sets().unwrap_or(done);
            Ok(seconds * sets as f64 / done.max(1) as f64)
        }
        Err(error) => Err(error),
    }
}

/// The ratio of the means, and the factor that it may be off by: two standard errors.
fn ratio(early: &[f64], all: &[f64]) -> (f64, f64) {
    let ((before, off_before), (of_all, off_all)) = (mean(early), mean(all));
    let ratio = of_all / before;
    if !ratio.is_finite() || ratio <= 0.0 {
        return (1.0, 2.0);
    }
    (ratio, 1.0 + 2.0 * off_before.hypot(off_all))
}

/// The mean, and its standard error as a share of it.
fn mean(all: &[f64]) -> (f64, f64) {
    let n = all.len() as f64;
    let mean = all.iter().sum::<f64>() / n;
    let squares: f64 = all.iter().map(|x| (x - mean).powi(2)).sum();
    let error = (squares / (n - 1.0).max(1.0) / n).sqrt();
    (mean, if mean > 0.0 { error / mean } else { 0.0 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ratio_is_of_means_and_knows_how_much_they_vary() {
        assert_eq!(ratio(&[1.0; 4], &[2.0; 4]), (2.0, 1.0));
        let (of, give) = ratio(&[1.0, 3.0], &[8.0, 8.0]);
        assert_eq!((of, give), (4.0, 2.0));
        assert_eq!(ratio(&[0.0, 0.0], &[1.0, 1.0]), (1.0, 2.0));
        assert_eq!(ratio(&[1.0], &[0.0]), (1.0, 2.0));
    }
}
