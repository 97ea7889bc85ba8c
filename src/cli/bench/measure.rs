//! One workload: every engine and the published algorithm in turn, and whether they agree.

use super::super::stop::Stop;
use super::print::{Busy, Figures, Timed};
use super::workload::Workload;
use anyhow::Context;
use kcorrset::engine::cpu::{CpuEngine, Isa};
use kcorrset::engine::gpu::GpuEngine;
use kcorrset::engine::published::{Prepared, PublishedEngine};
use kcorrset::engine::{Engine, EngineError, Findings, Query, Watch};
use kcorrset::matrix::ResponseMatrix;
use kcorrset::search::{self, SearchError};
use kcorrset::synth;
use kcorrset::top::NO_FLOOR;
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
    cpu: CpuEngine,
    /// Whether the CPU engine is measured; it always checks the others.
    with_cpu: bool,
    gpus: Vec<GpuEngine>,
    published: PublishedEngine,
    runs: usize,
    stop: &'a Stop,
}

/// The figures of one workload.
pub struct Measured {
    pub cpu: Option<Figures>,
    /// One a GPU.
    pub gpus: Vec<Figures>,
}

/// A GPU, the part of a search that it is timed on, and its runs.
struct OnGpu<'a> {
    engine: &'a GpuEngine,
    query: Query,
    timed: Timed,
    busy: Busy,
}

impl<'a> Bench<'a> {
    pub fn new(
        threads: usize,
        isa: Isa,
        with_cpu: bool,
        gpus: Vec<GpuEngine>,
        runs: usize,
        stop: &'a Stop,
    ) -> anyhow::Result<Self> {
        Ok(Self {
            cpu: CpuEngine::new(threads)?.with_isa(isa)?,
            with_cpu,
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
        let query = Query::new(&matrix, workload.k, TOP, workload.min_users)?;
        let prepared = self.published.prepare(&matrix)?;
        let parts = sample(&matrix, workload)?;
        let sampled: u128 = parts.iter().map(sets).sum();
        let want = self.best_r(&parts, |part, watch| self.cpu.search(&matrix, part, watch))?;
        let mut gpus = Vec::new();
        for engine in &self.gpus {
            gpus.push(self.warm(engine, &matrix, &query)?);
        }
        let mut cpu = Timed::of(sets(&query));
        let mut published = Timed::of(sampled);
        for _ in 0..self.runs {
            let elapsed = self.published(&matrix, &parts, &prepared, want)?;
            published.times_s.push(elapsed.as_secs_f64());
            if self.with_cpu {
                let outcome = search::run(&self.cpu, &matrix, &query, &self.stop.watch())?;
                cpu.times_s.push(outcome.elapsed.as_secs_f64());
            }
            for gpu in &mut gpus {
                let outcome = search::run(gpu.engine, &matrix, &gpu.query, &self.stop.watch())?;
                gpu.timed.times_s.push(outcome.elapsed.as_secs_f64());
                let usage = gpu.engine.usage();
                gpu.busy
                    .shares
                    .extend(usage.iter().map(|usage| usage.share()));
                gpu.busy.by_device = usage.iter().all(|usage| usage.by_device);
            }
        }
        let figures = |timed: &Timed| Figures::new(workload, query.total(), timed, &published);
        Ok(Measured {
            cpu: self.with_cpu.then(|| figures(&cpu)),
            gpus: gpus
                .into_iter()
                .map(|gpu| figures(&gpu.timed).with_busy(gpu.busy))
                .collect(),
        })
    }

    /// Finds out how much of `query` this GPU does in reasonable time, which warms it up, and
    /// whether it finds there what the CPU engine does.
    fn warm<'g>(
        &self,
        engine: &'g GpuEngine,
        matrix: &ResponseMatrix,
        query: &Query,
    ) -> anyhow::Result<OnGpu<'g>> {
        let mut preparation = Duration::ZERO;
        let mut ask = PROBE;
        let part = loop {
            let part = middle(query, ask)?;
            let outcome = search::run(engine, matrix, &part, &self.stop.watch())?;
            preparation = preparation.max(outcome.preparation);
            if sets(&part) == query.total() {
                break part;
            }
            if outcome.elapsed >= TELLING {
                let times = PATIENCE.as_secs_f64() / outcome.elapsed.as_secs_f64();
                break middle(query, (ask as f64 * times) as u128)?;
            }
            ask = ask.saturating_mul(LONGER);
        };
        let got = search::run(engine, matrix, &part, &self.stop.watch())?;
        let want = search::run(&self.cpu, matrix, &part, &self.stop.watch())?;
        if got.best != want.best {
            let what = format!(
                "its best sets of {} are not those of the CPU engine",
                sets(&part)
            );
            let device = engine.devices().join(", ");
            return Err(EngineError::SelfTest { device, what }.into());
        }
        Ok(OnGpu {
            engine,
            timed: Timed::of(sets(&part)),
            query: part,
            busy: Busy::new(preparation),
        })
    }

    /// Times the published algorithm on the sample, and compares what it found.
    fn published(
        &self,
        matrix: &ResponseMatrix,
        parts: &[Query],
        prepared: &Prepared,
        want: f64,
    ) -> anyhow::Result<Duration> {
        let start = Instant::now();
        let r = self.best_r(parts, |part, watch| {
            self.published
                .search_prepared(prepared, matrix, part, watch)
        })?;
        let elapsed = start.elapsed();
        if (r - want).abs() > ROUNDED {
            let what = format!("the best r of the sample is {want}, and {r} by `published`");
            let device = self.cpu.devices().join(", ");
            return Err(EngineError::SelfTest { device, what }.into());
        }
        Ok(elapsed)
    }

    /// The best r over the sample; that of no floor where no set is defined.
    fn best_r(
        &self,
        parts: &[Query],
        search: impl Fn(&Query, &Watch) -> Result<Findings, EngineError>,
    ) -> anyhow::Result<f64> {
        let mut best = NO_FLOOR;
        for part in parts {
            let found = search(part, &self.stop.watch())?;
            if let Some(first) = found.best.first() {
                best = best.max(first.correlation().r());
            }
        }
        Ok(best)
    }
}

/// Ranges of ranks spread over all sets.
fn sample(matrix: &ResponseMatrix, workload: &Workload) -> anyhow::Result<Vec<Query>> {
    let query = Query::new(matrix, workload.k, 1, workload.min_users)?;
    let part = |i: u128| {
        let skip = query.total() / RANGES * i;
        let size = (workload.sample / RANGES).max(1);
        Ok(query.clone().with_ranks(skip, Some(size))?)
    };
    (0..RANGES).map(part).collect()
}

/// How many sets a query visits.
fn sets(query: &Query) -> u128 {
    let ranks = query.ranks();
    ranks.end - ranks.start
}

/// `sets` from the middle of a query of all sets, or all.
fn middle(query: &Query, sets: u128) -> anyhow::Result<Query> {
    let sets = sets.clamp(1, query.total());
    let skip = (query.total() - sets) / 2;
    Ok(query.clone().with_ranks(skip, Some(sets))?)
}

fn stopped(error: &anyhow::Error) -> bool {
    let by_search = matches!(
        error.downcast_ref(),
        Some(SearchError::Engine(EngineError::Stopped))
    );
    by_search || matches!(error.downcast_ref(), Some(EngineError::Stopped))
}
