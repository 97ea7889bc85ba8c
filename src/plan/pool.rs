//! Searches of some of the questions, more and more, where prefixes with too few users are cut off.
//!
//! There a walk is through with most sets at once, and sets done say nothing of what is left. But the prefixes that
//! it visits are counted by sampling (`tree`), for all questions and for some of them; and a search of some of
//! them is a whole one, with everything that belongs to it. So it is for regimes that are at the first sets for
//! longer than anybody waits: the engine counts their cycles.

use super::rate::Estimate;
use super::sample::Draws;
use super::trace::{Trace, Until, trace};
use crate::combin::Space;
use crate::engine::{Engine, EngineError, Query, Watch};
use std::time::{Duration, Instant};

/// How the time of an engine grows with counted work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Growth {
    /// As the work does, behind what is done once.
    Even,
    /// Slower than the work: a GPU is the fuller the more there is to do at a time.
    Filling,
}

impl Growth {
    /// A search of some questions tells enough where it takes this share of the budget, and is the second at least.
    fn telling(self) -> f64 {
        match self {
            Self::Even => 0.6,
            Self::Filling => 1.0,
        }
    }
}

/// All of them together take at most so many times the budget, but for the last.
const ALL: u32 = 2;

/// The counted work grows by a factor between these two from one search to the next: what is done once, such as the
/// first of a GPU's dispatches, may be most of a small one.
const GROWTH: (f64, f64) = (3.0, 12.0);

/// What a work that is carried on by a factor may be off by: this power of the factor.
const OFF: f64 = 0.06;

/// What every time may be off by, as a factor.
const SLACK: f64 = 1.25;

/// Two searches tell what is done once where their work differs by this factor.
const APART: f64 = 2.0;

const SEED: u64 = 0x706f_6f6c;

/// What is told by searches of some questions.
pub(super) struct Pools {
    pub(super) estimate: Option<Estimate>,
    pub(super) took: Vec<(&'static str, u64)>,
    pub(super) memory: Option<u64>,
}

/// Searches more and more questions for about `budget`, with an engine that goes about them as about all; what they
/// are to all is told by `work`, a count in any unit.
///
/// # Errors
/// What the engine fails with; [`EngineError::Stopped`] where `outer` was stopped.
pub(super) fn pools(
    engine: &dyn Engine,
    query: &Query<'_>,
    work: &dyn Fn(&Query<'_>) -> f64,
    growth: Growth,
    budget: Duration,
    outer: &Watch,
) -> Result<Pools, EngineError> {
    let start = Instant::now();
    let mut draws = Draws::new(SEED);
    let all = query.space().order().len() - query.space().fixed();
    let choose = query.k() - query.space().fixed();
    let of_all = work(query);
    let mut size = all.min(choose + (all - choose) / 6 + 1);
    let mut pools = Pools {
        estimate: None,
        took: Vec::new(),
        memory: None,
    };
    let mut points = Vec::new();
    loop {
        let some = some(query, size, &mut draws);
        let counted = work(&some);
        let part = some.space().whole();
        let trace = {
            let prepared = engine.open(&some)?;
            let until = Until::Deadline(budget * ALL);
            trace(&*prepared, &some, &part, f64::NEG_INFINITY, until, outer)?
        };
        let Trace {
            seconds,
            found,
            memory,
            ..
        } = trace;
        pools.memory = pools.memory.max(memory);
        match found {
            Ok(found) => {
                tracing::info!(
                    questions = size,
                    seconds,
                    share = counted / of_all,
                    "searched some questions"
                );
                pools.took = found.took;
                points.push((counted, seconds));
                pools.estimate = carried_on(&points, of_all, growth);
            }
            // It took too long. The one before it tells more than nothing.
            Err(EngineError::Stopped) if pools.estimate.is_some() => break,
            Err(EngineError::Stopped) => {
                if size <= choose + 1 {
                    break;
                }
                size = choose + (size - choose) / 2;
                continue;
            }
            Err(error) => return Err(error),
        }
        let telling = budget.as_secs_f64() * growth.telling();
        let told = seconds >= telling && points.len() > 1;
        if size == all || told || start.elapsed() >= budget * ALL {
            break;
        }
        let (least, most) = GROWTH;
        let aim = counted * (telling * 1.5 / seconds.max(1e-4)).clamp(least, most);
        let next = larger(query, work, size, all, aim, &mut draws);
        if next == size {
            break;
        }
        size = next;
    }
    Ok(pools)
}

/// The time of all the work by those of some: as the work of the last grows over the one before it, so on, less what
/// both take once. Where an engine fills, by the power of the work that both show it is less, and what is expected lies
/// in the middle of these two, by ratios. The interval has what any alone would say.
fn carried_on(points: &[(f64, f64)], of_all: f64, growth: Growth) -> Option<Estimate> {
    let &(work, seconds) = points.last()?;
    let alone = seconds * of_all / work;
    let before = points.iter().rfind(|(before, _)| *before * APART <= work);
    let two = before.filter(|(_, earlier)| *earlier < seconds);
    let line = two.map(|&(before, earlier)| {
        let each = (seconds - earlier) / (work - before);
        seconds + each * (of_all - work).max(0.0)
    });
    let power = two.map(|&(before, earlier)| {
        let power = (seconds / earlier).ln() / (work / before).ln();
        seconds * (of_all / work).max(1.0).powf(power.min(1.0))
    });
    let told = match (growth, line, power) {
        (Growth::Even, Some(line), _) => [line, line],
        (Growth::Filling, Some(line), Some(power)) => [line, power],
        _ => [alone, alone],
    };
    let off = (of_all / work).max(1.0).powf(OFF) * SLACK;
    Some(Estimate {
        seconds: (told[0] * told[1]).sqrt(),
        low: told[0].min(told[1]).min(alone) / off,
        high: told[0].max(told[1]).max(alone) * off,
    })
}

/// The query for sets of some of the questions, so many of the pool drawn evenly.
fn some<'q>(query: &Query<'q>, size: usize, draws: &mut Draws) -> Query<'q> {
    let (fixed, pool) = query.space().order().split_at(query.space().fixed());
    let places = draws.places(pool.len(), size);
    let pool: Vec<usize> = places.into_iter().map(|place| pool[place]).collect();
    // A part of a space is one, as long as it has K questions, which every size here has.
    match Space::new(fixed, &pool, query.k()) {
        Ok(space) => query.in_space(space),
        Err(_) => query.clone(),
    }
}

/// The largest number of questions whose counted work is at most `aim`, one more than `size` at least.
fn larger(
    query: &Query<'_>,
    work: &dyn Fn(&Query<'_>) -> f64,
    size: usize,
    all: usize,
    aim: f64,
    draws: &mut Draws,
) -> usize {
    let (mut low, mut high) = ((size + 1).min(all), all);
    while low < high {
        let middle = low + (high - low).div_ceil(2);
        if work(&some(query, middle, draws)) <= aim {
            low = middle;
        } else {
            high = middle - 1;
        }
    }
    low
}

#[cfg(test)]
mod tests {
    #[test]
    fn what_is_done_once_is_not_carried_on() {
        let carried_on = |points: &[_], of_all| carried_on(points, of_all, Growth::Even);
        assert_eq!(carried_on(&[], 1.0), None);
        let one = carried_on(&[(1.0, 2.0)], 10.0).unwrap();
        assert_eq!(one.seconds, 20.0);
        // A second, and one for each unit.
        let two = carried_on(&[(1.0, 2.0), (4.0, 5.0)], 100.0).unwrap();
        assert_eq!(two.seconds, 101.0);
        assert!(two.low < 101.0 && two.high > 125.0);
        // A larger one that was faster tells nothing beside itself.
        let odd = carried_on(&[(1.0, 2.0), (4.0, 1.0)], 8.0).unwrap();
        assert_eq!(odd.seconds, 2.0);
    }

    #[test]
    fn what_fills_takes_less_than_a_line_and_more_than_a_power() {
        // Nine times the work, three times the time: a root. By the line 3 + 91 / 4 at 100.
        let points = [(1.0, 1.0), (9.0, 3.0)];
        let told = carried_on(&points, 100.0, Growth::Filling).unwrap();
        let (line, power) = (3.0 + 91.0 / 4.0, 10.0);
        assert!(
            (told.seconds - f64::sqrt(line * power)).abs() < 1e-9,
            "{told:?}"
        );
        assert!(told.low < power && told.high > line);
        let one = carried_on(&points[..1], 10.0, Growth::Filling).unwrap();
        assert_eq!(one.seconds, 10.0);
    }

    use super::super::tree::Tree;
    use super::*;
    use crate::engine::cpu::CpuEngine;
    use crate::matrix::ResponseMatrix;
    use crate::synth::{Model, Spec, matrix};

    fn table(users: usize, questions: usize, answered: f64) -> ResponseMatrix {
        let spec = Spec {
            users,
            questions,
            answered,
            scores: 0..=1,
            model: Model::Random,
            booklets: 0,
            seed: 3,
        };
        matrix(&spec).unwrap()
    }

    #[test]
    fn searches_of_some_questions_tell_a_time_and_a_way() {
        let table = table(300, 24, 0.5);
        let query = Query::of(&table).k(8).min_users(8).build().unwrap();
        let work = |query: &Query<'_>| Tree::of(query).work();
        assert!(Tree::of(&query).is_cut());
        let engine = CpuEngine::new(1).unwrap();
        let budget = Duration::from_millis(50);
        let pools = pools(&engine, &query, &work, Growth::Even, budget, &Watch::new()).unwrap();
        let estimate = pools.estimate.unwrap();
        assert!(estimate.low <= estimate.seconds && estimate.seconds <= estimate.high);
        assert!(estimate.seconds > 0.0);
        let watch = Watch::new();
        watch.stop();
        let stopped = super::pools(&engine, &query, &work, Growth::Even, budget, &watch);
        assert!(matches!(stopped, Err(EngineError::Stopped)));
    }

    #[test]
    fn more_questions_are_more_work_and_never_more_than_all() {
        let table = table(200, 20, 0.6);
        let query = Query::of(&table)
            .k(6)
            .min_users(5)
            .include(&[3])
            .build()
            .unwrap();
        let mut draws = Draws::new(1);
        let work = |query: &Query<'_>| Tree::of(query).work();
        assert_eq!(larger(&query, &work, 8, 19, f64::INFINITY, &mut draws), 19);
        assert_eq!(larger(&query, &work, 8, 19, 0.0, &mut draws), 9);
        assert_eq!(larger(&query, &work, 19, 19, 0.0, &mut draws), 19);
        let some = some(&query, 9, &mut draws);
        assert_eq!((some.space().fixed(), some.space().order().len()), (1, 10));
        assert_eq!(some.space().order()[0], 3);
    }
}
