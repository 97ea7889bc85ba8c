//! One workload: every engine and the published algorithm in turn, and whether they agree.

use super::super::stop::Stop;
use super::print::{Busy, Figures, Timed};
use super::workload::Workload;
use anyhow::Context;
use kcorrset::engine::bound::BoundEngine;
use kcorrset::engine::cpu::{CpuEngine, Isa, Regime};
use kcorrset::engine::gpu::GpuEngine;
use kcorrset::engine::published::PublishedEngine;
use kcorrset::engine::{Engine, EngineError, Part, Prepared, Query};
use kcorrset::search::{self, Outcome, SearchError};
use kcorrset::session::proved;
use kcorrset::stats::NO_FLOOR;
use kcorrset::synth;
use kcorrset::top::Candidate;
use std::time::{Duration, Instant};

/// Ranges that a sample is made of.
const RANGES: u128 = 10;

/// Places of the timed search.
const TOP: usize = 10;

/// The published algorithm's r is rounded; the best of both may differ by this.
const ROUNDED: f64 = 1e-9;

/// Sets of the first of the searches that find out how fast a GPU is; each next one has
/// [`LONGER`] times as many, until one takes [`TELLING`].
const PROBE: u128 = 1 << 12;
const LONGER: u128 = 4;
const TELLING: Duration = Duration::from_millis(300);

/// A search that would take a GPU longer is cut to as many sets as take this long.
const PATIENCE: Duration = Duration::from_secs(10);

/// The engines, ready to run.
pub struct Bench<'a> {
    /// It checks the others.
    cpu: CpuEngine,
    /// The CPU engine as it is measured, and the regime that is forced.
    cpus: Vec<(Option<Regime>, CpuEngine)>,
    bound: Option<BoundEngine>,
    gpus: Vec<GpuEngine>,
    published: PublishedEngine,
    runs: usize,
    stop: &'a Stop,
}

/// The figures of one workload, of the engines that it is for.
pub struct Measured {
    /// One a regime.
    pub cpus: Vec<Figures>,
    /// The bound engine's.
    pub bound: Option<Figures>,
    /// One a GPU.
    pub gpus: Vec<Figures>,
}

/// A GPU, the part of a search that it is timed on, and its runs.
struct OnGpu<'a> {
    engine: &'a GpuEngine,
    part: Part,
    timed: Timed,
    busy: Busy,
}

impl<'a> Bench<'a> {
    pub fn new(
        threads: usize,
        isa: Isa,
        regimes: &[Option<Regime>],
        bound: Option<BoundEngine>,
        gpus: Vec<GpuEngine>,
        runs: usize,
        stop: &'a Stop,
    ) -> anyhow::Result<Self> {
        let cpu = || CpuEngine::new(threads).and_then(|cpu| cpu.with_isa(isa));
        let of = |&regime: &Option<Regime>| match regime {
            Some(regime) => cpu().map(|cpu| (Some(regime), cpu.with_regime(regime))),
            None => cpu().map(|cpu| (None, cpu)),
        };
        Ok(Self {
            cpu: cpu()?,
            cpus: regimes.iter().map(of).collect::<Result<_, _>>()?,
            bound,
            gpus,
            published: PublishedEngine::new(threads, isa)?,
            runs,
            stop,
        })
    }

    /// The figures of one workload, or `None` where a signal came.
    pub fn measure(&self, workload: &Workload) -> anyhow::Result<Option<Measured>> {
        match self.figures(workload) {
            Err(error) if stopped(&error) => Ok(None),
            other => other.map(Some).context(workload.name),
        }
    }

    fn figures(&self, workload: &Workload) -> anyhow::Result<Measured> {
        let matrix = synth::matrix(&workload.spec())?;
        let query = |top: usize| {
            let query = Query::of(&matrix).k(workload.k).top(top);
            query.min_users(workload.min_users).build()
        };
        let (query, best) = (query(TOP)?, query(1)?);
        let whole = query.space().whole();
        let published = self.published.open(&best)?;
        let parts = sample(&best, workload.sample)?;
        let sampled: u128 = parts.iter().filter_map(Part::sets).sum();
        let all = sets_of(&whole)?;
        let want = self.best_r(&parts, &*self.cpu.open(&best)?)?;
        let bound = self.bound.as_ref().filter(|_| workload.proved);
        let (cpu_engines, gpu_engines) = match workload.gone_through {
            true => (&self.cpus[..], &self.gpus[..]),
            false => (&[][..], &[][..]),
        };
        let mut gpus = Vec::new();
        for engine in gpu_engines {
            gpus.push(self.warm(engine, &query)?);
        }
        let mut cpus = vec![Timed::of(all); cpu_engines.len()];
        let (mut by_bound, mut proofs) = (Timed::of(all), Vec::new());
        let mut agreed = Agreed::default();
        let mut by_published = Timed::of(sampled);
        for _ in 0..self.runs {
            let elapsed = self.published(&parts, &*published, want)?;
            by_published.times_s.push(elapsed.as_secs_f64());
            if let Some(engine) = bound {
                let outcome = search::run(engine, &query, &whole, &self.stop.watch())?;
                let took = outcome.preparation + outcome.elapsed;
                by_bound.times_s.push(took.as_secs_f64());
                proofs.push(proved(&outcome).context("the bound engine tells no nodes")?);
                agreed.hold(engine, outcome)?;
            }
            for ((regime, engine), timed) in cpu_engines.iter().zip(&mut cpus) {
                let outcome = self.checked(engine, &query, &whole)?;
                if let Some(regime) = regime {
                    applied(*regime, &outcome)?;
                }
                let took = outcome.preparation + outcome.elapsed;
                timed.times_s.push(took.as_secs_f64());
                agreed.hold(engine, outcome)?;
            }
            for gpu in &mut gpus {
                let outcome = self.checked(gpu.engine, &query, &gpu.part)?;
                gpu.timed.times_s.push(outcome.elapsed.as_secs_f64());
                let usage = gpu.engine.usage();
                gpu.busy
                    .shares
                    .extend(usage.iter().map(|usage| usage.share()));
                gpu.busy.by_device = usage.iter().all(|usage| usage.by_device);
            }
        }
        let figures = |timed: &Timed| Figures::new(workload, all, timed, &by_published);
        Ok(Measured {
            cpus: cpu_engines
                .iter()
                .zip(&cpus)
                .map(|((regime, _), timed)| figures(timed).with_regime(*regime))
                .collect(),
            bound: bound.map(|_| figures(&by_bound).with_proofs(all, proofs)),
            gpus: gpus
                .into_iter()
                .map(|gpu| figures(&gpu.timed).with_busy(gpu.busy))
                .collect(),
        })
    }

    /// A search as `search` runs it, its discards checked.
    fn checked(
        &self,
        engine: &dyn Engine,
        query: &Query<'_>,
        part: &Part,
    ) -> Result<Outcome, SearchError> {
        let watch = self.stop.watch();
        search::run_checked(engine, query, part, &watch, search::any_seed())
    }

    /// Finds out how much of `query` this GPU does in reasonable time, which warms it up, and
    /// whether it finds there what the CPU engine does.
    fn warm<'g>(&self, engine: &'g GpuEngine, query: &Query<'_>) -> anyhow::Result<OnGpu<'g>> {
        let mut preparation = Duration::ZERO;
        let mut ask = PROBE;
        let part = loop {
            let part = middle(query, ask)?;
            let outcome = search::run(engine, query, &part, &self.stop.watch())?;
            preparation = preparation.max(outcome.preparation);
            if query.space().is_whole(&part) {
                break part;
            }
            if outcome.elapsed >= TELLING {
                let times = PATIENCE.as_secs_f64() / outcome.elapsed.as_secs_f64();
                break middle(query, (ask as f64 * times) as u128)?;
            }
            ask = ask.saturating_mul(LONGER);
        };
        let got = search::run(engine, query, &part, &self.stop.watch())?;
        let want = search::run(&self.cpu, query, &part, &self.stop.watch())?;
        if got.best != want.best {
            let sets = sets_of(&part)?;
            let what = format!("its best sets of {sets} are not those of the CPU engine");
            let device = engine.devices().join(", ");
            return Err(EngineError::SelfTest { device, what }.into());
        }
        Ok(OnGpu {
            engine,
            timed: Timed::of(sets_of(&part)?),
            part,
            busy: Busy::new(preparation),
        })
    }

    /// Times the published algorithm on the sample, and compares what it found.
    fn published(
        &self,
        parts: &[Part],
        published: &dyn Prepared,
        want: f64,
    ) -> anyhow::Result<Duration> {
        let start = Instant::now();
        let r = self.best_r(parts, published)?;
        let elapsed = start.elapsed();
        if (r - want).abs() > ROUNDED {
            let what = format!("the best r of the sample is {want}, and {r} by `published`");
            let device = self.cpu.devices().join(", ");
            return Err(EngineError::SelfTest { device, what }.into());
        }
        Ok(elapsed)
    }

    /// The best r over the sample; that of no floor where no set is defined.
    fn best_r(&self, parts: &[Part], prepared: &dyn Prepared) -> anyhow::Result<f64> {
        let mut best = NO_FLOOR;
        for part in parts {
            let found = prepared.search(part, &self.stop.watch())?;
            if let Some(first) = found.best.first() {
                best = best.max(first.correlation().r());
            }
        }
        Ok(best)
    }
}

/// The list of all searches of one query through all sets.
#[derive(Default)]
struct Agreed(Option<Vec<Candidate>>);

impl Agreed {
    /// Whether a search found what those before it did.
    fn hold(&mut self, engine: &dyn Engine, outcome: Outcome) -> Result<(), EngineError> {
        if self.0.get_or_insert_with(|| outcome.best.clone()) == &outcome.best {
            return Ok(());
        }
        Err(EngineError::SelfTest {
            device: engine.devices().join(", "),
            what: format!(
                "the best sets by the {} engine are not those of an earlier run",
                engine.name()
            ),
        })
    }
}

/// Whether a forced regime took any part of the search.
fn applied(regime: Regime, outcome: &Outcome) -> Result<(), EngineError> {
    let took = |&(name, _): &(&str, u64)| name == regime.name();
    if regime == Regime::Walk || outcome.took.iter().any(took) {
        return Ok(());
    }
    Err(EngineError::Refused {
        engine: "cpu",
        what: format!("the regime {}", regime.name()),
        need: "a prefix that fits it".to_owned(),
        have: "none in this search".to_owned(),
        hint: "leave the regime to the program",
    })
}

/// Parts spread over all sets, `sets` together.
fn sample(query: &Query<'_>, sets: u128) -> anyhow::Result<Vec<Part>> {
    let space = query.space();
    let all = sets_of(&space.whole())?;
    let part = |i: u128| space.part(all / RANGES * i, Some((sets / RANGES).max(1)));
    Ok((0..RANGES).filter_map(part).collect())
}

/// How many sets a part of a workload has.
fn sets_of(part: &Part) -> anyhow::Result<u128> {
    part.sets()
        .context("a workload of more than 2^128 sets, which cannot be numbered")
}

/// `sets` from the middle of all sets, or all.
fn middle(query: &Query<'_>, sets: u128) -> anyhow::Result<Part> {
    let space = query.space();
    let all = sets_of(&space.whole())?;
    let sets = sets.clamp(1, all);
    let middle = space.part((all - sets) / 2, Some(sets));
    Ok(middle.unwrap_or_else(|| space.whole()))
}

fn stopped(error: &anyhow::Error) -> bool {
    let by_search = matches!(
        error.downcast_ref(),
        Some(SearchError::Engine(EngineError::Stopped))
    );
    by_search || matches!(error.downcast_ref(), Some(EngineError::Stopped))
}

#[cfg(test)]
mod tests {
    use super::super::workload::WORKLOADS;
    use super::*;
    use kcorrset::engine::Watch;

    #[test]
    fn a_list_that_differs_is_told() {
        let matrix = synth::matrix(&WORKLOADS[0].quick().spec()).unwrap();
        let engine = CpuEngine::new(1).unwrap();
        let found = |k, top| {
            let query = Query::of(&matrix).k(k).top(top).build().unwrap();
            search::run(&engine, &query, &query.space().whole(), &Watch::new()).unwrap()
        };
        let mut agreed = Agreed::default();
        for _ in 0..2 {
            agreed.hold(&engine, found(2, 3)).unwrap();
        }
        for other in [found(2, 2), found(2, 4), found(1, 3)] {
            let error = agreed.hold(&engine, other).unwrap_err().to_string();
            assert!(error.contains("not those of an earlier run"), "{error}");
        }
        agreed.hold(&engine, found(2, 3)).unwrap();
    }
}
