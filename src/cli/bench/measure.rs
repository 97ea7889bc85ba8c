//! One workload: the engine and the published algorithm in turn, and whether they agree.

use super::super::stop::Stop;
use super::print::Figures;
use super::workload::Workload;
use anyhow::Context;
use kcorrset::engine::cpu::{CpuEngine, Isa};
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

/// The engines, ready to run.
pub struct Bench<'a> {
    cpu: CpuEngine,
    published: PublishedEngine,
    runs: usize,
    stop: &'a Stop,
}

impl<'a> Bench<'a> {
    pub fn new(threads: usize, isa: Isa, runs: usize, stop: &'a Stop) -> anyhow::Result<Self> {
        Ok(Self {
            cpu: CpuEngine::new(threads)?.with_isa(isa)?,
            published: PublishedEngine::new(threads, isa)?,
            runs,
            stop,
        })
    }

    /// The figures of one workload, or `None` where a signal came.
    pub fn measure(&self, workload: &Workload) -> anyhow::Result<Option<Figures>> {
        match self.figures(workload) {
            Err(error) if stopped(&error) => Ok(None),
            other => other.map(Some).context(workload.name),
        }
    }

    fn figures(&self, workload: &Workload) -> anyhow::Result<Figures> {
        let matrix = synth::matrix(&workload.spec())?;
        let query = Query::new(&matrix, workload.k, TOP, workload.min_users)?;
        let prepared = self.published.prepare(&matrix)?;
        let parts = sample(&matrix, workload)?;
        let sampled: u128 = parts.iter().map(|p| p.ranks().end - p.ranks().start).sum();
        let want = self.best_r(&parts, |part, watch| self.cpu.search(&matrix, part, watch))?;
        let mut times = Vec::new();
        let mut published = Vec::new();
        for _ in 0..self.runs {
            published.push(self.published(&matrix, &parts, &prepared, want)?);
            let outcome = search::run(&self.cpu, &matrix, &query, &self.stop.watch())?;
            times.push(outcome.elapsed);
        }
        Ok(Figures::new(
            workload,
            query.total(),
            &seconds(&times),
            sampled,
            &seconds(&published),
        ))
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

fn seconds(times: &[Duration]) -> Vec<f64> {
    times.iter().map(Duration::as_secs_f64).collect()
}

fn stopped(error: &anyhow::Error) -> bool {
    let by_search = matches!(
        error.downcast_ref(),
        Some(SearchError::Engine(EngineError::Stopped))
    );
    by_search || matches!(error.downcast_ref(), Some(EngineError::Stopped))
}
