//! One engine on one query: which measurements, in which order, and what follows from them.

use super::parts::{Stopped, parts};
use super::pool::{Growth, pools};
use super::rate::{Estimate, of_points};
use super::trace::{Trace, Until, trace};
use super::tree::Tree;
use super::{OnEngine, Time};
use crate::engine::bound::BoundEngine;
use crate::engine::cpu::{CpuEngine, Regime, gram};
#[cfg(feature = "gpu")]
use crate::engine::gpu::{Choice, GpuEngine};
use crate::engine::{Engine, EngineError, Prepared, Query, Watch};
use crate::stats::NO_FLOOR;
use std::time::Duration;

/// An engine to be measured.
#[derive(Clone, Copy, Debug)]
pub enum On<'e> {
    /// The CPU engine.
    Cpu(&'e CpuEngine),
    /// The GPU engine on one device or several.
    #[cfg(feature = "gpu")]
    Gpu(&'e GpuEngine),
    /// Branch and bound.
    Bound(&'e BoundEngine),
}

/// The GPU's pipeline that takes sets of five by halves, not by ranks.
const BY_HALVES: (&str, usize) = ("projected", 5);

impl<'e> On<'e> {
    fn engine(self) -> &'e dyn Engine {
        match self {
            Self::Cpu(engine) => engine,
            #[cfg(feature = "gpu")]
            Self::Gpu(engine) => engine,
            Self::Bound(engine) => engine,
        }
    }

    /// Whether a driver computes for it on the CPU.
    fn is_software(self) -> bool {
        match self {
            Self::Cpu(_) | Self::Bound(_) => false,
            #[cfg(feature = "gpu")]
            Self::Gpu(engine) => engine.adapters().iter().any(|adapter| adapter.software),
        }
    }

    /// How its time grows with the work.
    fn growth(self) -> Growth {
        match self.engine().name() {
            "gpu" => Growth::Filling,
            _ => Growth::Even,
        }
    }

    /// Bytes of all buffers that it has made on its devices so far.
    fn device_bytes(self) -> Option<u64> {
        match self {
            Self::Cpu(_) | Self::Bound(_) => None,
            #[cfg(feature = "gpu")]
            Self::Gpu(engine) => Some(engine.buffer_bytes()),
        }
    }

    /// An engine that goes about other sets in this way; `None` where it goes about all as it does.
    fn in_way(self, regime: Option<Regime>, way: &[&'static str]) -> Option<Box<dyn Engine + 'e>> {
        if regime.is_none() && way.is_empty() {
            return None;
        }
        Some(match self {
            Self::Cpu(engine) => match regime {
                Some(regime) => Box::new(engine.clone().with_regime(regime)),
                None => return None,
            },
            #[cfg(feature = "gpu")]
            Self::Gpu(engine) => {
                let mut named = Choice::NAMED.iter();
                let choice = named.find(|(name, ..)| way.contains(name));
                Box::new(engine.with_choice(choice.map_or(Choice::ByWork, |&(.., choice)| choice)))
            }
            Self::Bound(_) => return None,
        })
    }
}

/// Measures `query` on an engine for about `budget`, longer where its first sets are not done within it. `outer`
/// stops it.
///
/// # Errors
/// Where a device fails, or gives a wrong answer to a known question; [`EngineError::Stopped`]. An engine that
/// cannot run the query is no error: [`Time::Refused`].
pub fn measure(
    query: &Query<'_>,
    tree: &Tree,
    on: On<'_>,
    budget: Duration,
    outer: &Watch,
) -> Result<OnEngine, EngineError> {
    let engine = on.engine();
    let mut told = OnEngine {
        engine: engine.name(),
        devices: engine.devices(),
        software: on.is_software(),
        way: Vec::new(),
        time: Time::NotBegun(0.0),
        memory: None,
        device_memory: None,
    };
    let query = query.fitted(engine.sum_bits());
    let measured = match on {
        On::Bound(_) => proof(&query, engine, budget, outer, &mut told),
        _ => by_sets(&query, tree, on, budget, outer, &mut told),
    };
    match measured {
        Ok(()) => {}
        Err(
            error @ (EngineError::Refused { .. }
            | EngineError::NotNumbered { .. }
            | EngineError::NoGpu
            | EngineError::NoSuchGpu { .. }),
        ) => told.time = Time::Refused(error.to_string()),
        Err(error) => return Err(error),
    }
    Ok(told)
}

/// A proof: it ends, or tells how far it came.
fn proof(
    query: &Query<'_>,
    engine: &dyn Engine,
    budget: Duration,
    outer: &Watch,
    told: &mut OnEngine,
) -> Result<(), EngineError> {
    let prepared = engine.open(query)?;
    let whole = query.space().whole();
    let until = Until::Deadline(budget);
    let trace = trace(&*prepared, query, &whole, NO_FLOOR, until, outer)?;
    told.memory = trace.memory;
    told.time = match trace.found {
        Ok(_) => Time::Measured(trace.seconds),
        Err(EngineError::Stopped) => Time::Untold {
            after: trace.seconds,
            gap: trace.gap,
        },
        Err(error) => return Err(error),
    };
    Ok(())
}

/// A search that goes through all sets.
fn by_sets(
    query: &Query<'_>,
    tree: &Tree,
    on: On<'_>,
    budget: Duration,
    outer: &Watch,
    told: &mut OnEngine,
) -> Result<(), EngineError> {
    let regime = match on {
        On::Cpu(engine) if query.space().count().is_some() => Some(engine.regime(query)),
        _ => None,
    };
    told.way.extend(regime.map(Regime::name));
    if let (On::Cpu(engine), Some(regime)) = (on, regime.filter(|&regime| !stops_soon(regime)))
        && engine
            .counted_cycles(query)
            .is_some_and(|cycles| cycles > SLOW * budget.as_secs_f64())
    {
        let engine = engine.clone().with_regime(regime);
        let work = |some: &Query<'_>| match tree.is_cut() {
            true => Tree::of(some).work(),
            false => engine.counted_cycles(some).unwrap_or(f64::NAN),
        };
        let pools = pools(&engine, query, &work, on.growth(), budget, outer)?;
        told.memory = pools.memory;
        if let Some(estimate) = pools.estimate {
            told.time = Time::Expected(estimate);
            return Ok(());
        }
    }
    let whole = query.space().whole();
    let prepared = on.engine().open(query)?;
    // Behind its self-test, which makes buffers of its own.
    let before = on.device_bytes();
    let half = budget / 2;
    let prepared = &*prepared;
    let until = Until::Progress(half);
    let seen = trace(prepared, query, &whole, NO_FLOOR, until, outer)?;
    told.memory = seen.memory;
    let made = on.device_bytes().zip(before);
    told.device_memory = made.and_then(|(after, before)| after.checked_sub(before));
    let total = whole.sets().unwrap_or(u128::MAX);
    if !seen.is_stopped() {
        let found = seen.found?;
        add(&mut told.way, &found.took);
        told.time = Time::Measured(seen.seconds);
        return Ok(());
    }
    if tree.is_cut() && walks(regime) {
        let mut way = told.way.clone();
        if regime.is_none() {
            add(&mut way, &first(prepared, query, &seen, half, outer)?);
        }
        let engine = on.in_way(regime, &way);
        let engine = engine.as_deref().unwrap_or(on.engine());
        let work = |some: &Query<'_>| Tree::of(some).work();
        let pools = pools(engine, query, &work, on.growth(), budget, outer)?;
        add(&mut way, &pools.took);
        told.way = way;
        if let Some(estimate) = pools.estimate {
            told.time = Time::Expected(estimate.at_least(seen.seconds));
            return Ok(());
        }
    }
    let Some(estimate) = of_points(&seen.points, total) else {
        // Some of the questions have fewer sets, and are done sooner.
        let engine = on.in_way(regime, &told.way);
        let engine = engine.as_deref().unwrap_or(on.engine());
        let sets = |some: &Query<'_>| some.space().count().unwrap_or(u128::MAX) as f64;
        let pools = pools(engine, query, &sets, on.growth(), budget, outer)?;
        add(&mut told.way, &pools.took);
        told.time = match pools.estimate {
            Some(estimate) => Time::Expected(estimate.at_least(seen.seconds)),
            None => Time::NotBegun(seen.seconds),
        };
        return Ok(());
    };
    if !matches!(regime, Some(Regime::Products(_))) {
        add(&mut told.way, &first(prepared, query, &seen, half, outer)?);
    }
    // The walk of a part is laid out in another way than that of all sets.
    let walk = matches!(regime, Some(Regime::Walk | Regime::Leaves(_)));
    let halves = told.way.contains(&BY_HALVES.0) && query.k() == BY_HALVES.1;
    let estimate = match walk || halves {
        true => estimate,
        false => by_parts(prepared, query, &seen, estimate, on.growth(), half, outer)?,
    };
    told.time = Time::Expected(estimate.at_least(seen.seconds));
    Ok(())
}

/// Counted cycles of all threads, for each second of the budget, from which a search that does not stop soon is not
/// begun as a whole.
const SLOW: f64 = 2e10;

/// Whether a search in this regime tells its progress, and heeds a stop, every moment however long it is.
fn stops_soon(regime: Regime) -> bool {
    use gram::Regime::{Gaps, Patterns};
    !matches!(regime, Regime::Products(Patterns | Gaps))
}

/// Whether a search in this regime goes down the prefix tree; a GPU may.
fn walks(regime: Option<Regime>) -> bool {
    !matches!(regime, Some(Regime::Products(_)))
}

/// The estimate where a set on average is dearer or cheaper than those that were done. A GPU is not filled by parts,
/// least by those of short prefixes, so that their ratio says too much of it: the middle is taken between it and none.
fn by_parts(
    prepared: &dyn Prepared,
    query: &Query<'_>,
    seen: &Trace,
    estimate: Estimate,
    growth: Growth,
    budget: Duration,
    outer: &Watch,
) -> Result<Estimate, EngineError> {
    let total = query.space().count().unwrap_or(u128::MAX);
    let stopped = Stopped {
        done: seen.done().max(1),
        seconds: seen.seconds,
        floor: seen.floor,
    };
    let told = parts(prepared, query, total, stopped, budget, outer)?;
    Ok(match growth {
        Growth::Even => estimate.times(told.ratio, told.give),
        Growth::Filling => {
            let ratio = told.ratio.sqrt();
            estimate.times(ratio, told.give * ratio.max(1.0 / ratio))
        }
    })
}

/// The ways that a part of some of the sets takes which were done.
fn first(
    prepared: &dyn Prepared,
    query: &Query<'_>,
    seen: &Trace,
    budget: Duration,
    outer: &Watch,
) -> Result<Vec<(&'static str, u64)>, EngineError> {
    let sets = (seen.done() / 64).clamp(1, SHOWN);
    let Some(part) = query.space().part(0, Some(sets)) else {
        return Ok(Vec::new());
    };
    let until = Until::Deadline(budget);
    let trace = trace(prepared, query, &part, seen.floor, until, outer)?;
    match trace.found {
        Ok(found) => Ok(found.took),
        Err(EngineError::Stopped) => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

/// Most sets of a part that is to show the way.
const SHOWN: u128 = 1 << 18;

/// Adds the way that was taken most, unless it is there.
fn add(way: &mut Vec<&'static str>, took: &[(&'static str, u64)]) {
    let most = took.iter().max_by_key(|(_, times)| *times);
    if let Some(&(name, times)) = most
        && times > 0
        && !way.contains(&name)
    {
        way.push(name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::matrix::ResponseMatrix;
    use crate::synth::{Model, Spec, matrix};

    fn table(questions: usize, answered: f64) -> ResponseMatrix {
        let spec = Spec {
            users: 120,
            questions,
            answered,
            scores: 0..=1,
            model: Model::RASCH,
            booklets: 0,
            seed: 2,
        };
        matrix(&spec).unwrap()
    }

    fn cpu(table: &ResponseMatrix, k: usize, budget: Duration) -> OnEngine {
        let query = Query::of(table).k(k).top(3).min_users(5).build().unwrap();
        let engine = CpuEngine::new(1).unwrap();
        let tree = Tree::of(&query);
        measure(&query, &tree, On::Cpu(&engine), budget, &Watch::new()).unwrap()
    }

    #[test]
    fn a_search_that_ends_is_its_own_time_and_one_that_does_not_is_estimated() {
        let (sparse, full) = (table(44, 0.6), table(44, 1.0));
        let ended = cpu(&sparse, 3, Duration::from_secs(60));
        assert!(matches!(ended.time, Time::Measured(_)), "{ended:?}");
        assert_eq!((ended.engine, ended.way[0]), ("cpu", "walk"));
        for (table, k, ways) in [
            (&sparse, 16, &["walk", "patterns"][..]),
            (&full, 16, &["complete"]),
        ] {
            let told = cpu(table, k, Duration::from_millis(60));
            let Time::Expected(estimate) = told.time else {
                panic!("{told:?}");
            };
            assert!(estimate.low <= estimate.seconds && estimate.seconds <= estimate.high);
            assert!(ways.contains(&told.way[0]), "{told:?}");
        }
    }

    #[test]
    fn what_an_engine_refuses_is_told_and_a_stop_ends_all() {
        let (sparse, many) = (table(12, 0.6), table(140, 1.0));
        let bound = BoundEngine::new(1).unwrap();
        let query = Query::of(&sparse).k(3).build().unwrap();
        let tree = Tree::of(&query);
        let (budget, watch) = (Duration::from_millis(20), Watch::new());
        let told = measure(&query, &tree, On::Bound(&bound), budget, &watch).unwrap();
        assert!(matches!(told.time, Time::Refused(_)), "{told:?}");
        let query = Query::of(&many).k(70).build().unwrap();
        let tree = Tree::of(&query);
        let engine = CpuEngine::new(1).unwrap();
        let told = measure(&query, &tree, On::Cpu(&engine), budget, &watch).unwrap();
        assert!(matches!(told.time, Time::Refused(_)), "{told:?}");
        let told = measure(&query, &tree, On::Bound(&bound), budget, &watch).unwrap();
        assert!(
            matches!(told.time, Time::Untold { .. } | Time::Measured(_)),
            "{told:?}"
        );
        watch.stop();
        let stopped = measure(&query, &tree, On::Bound(&bound), budget, &watch);
        assert!(matches!(stopped, Err(EngineError::Stopped)), "{stopped:?}");
    }

    #[test]
    fn the_way_taken_most_is_told_once() {
        let mut way = vec!["walk"];
        add(&mut way, &[]);
        add(&mut way, &[("planes", 0)]);
        assert_eq!(way, ["walk"]);
        add(&mut way, &[("planes", 3), ("pairs", 7), ("masked", 0)]);
        add(&mut way, &[("pairs", 1)]);
        assert_eq!(way, ["walk", "pairs"]);
    }
}
