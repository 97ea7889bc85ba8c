//! `kcorrset bench`: what this machine does with fixed tables, beside the published algorithm.

mod measure;
mod print;
mod workload;

use super::engine::{
    Instructions, check_devices, profile_parser, target, threads_or_all, threads_parser,
};
use super::exit::{Exit, Stopped};
use super::output::Output;
use super::stop::Stop;
use super::talk::Talk;
use anyhow::bail;
use clap::builder::{PossibleValue, PossibleValuesParser};
use clap::{Args, ValueEnum};
use kcorrset::engine::Engine;
use kcorrset::engine::bound::BoundEngine;
use kcorrset::engine::cpu::{Isa, Regime};
use kcorrset::engine::gpu::{self, Choice, GpuEngine};
use kcorrset::report::grouped;
use measure::Bench;
use print::{Document, OnGpu};
use std::time::Instant;
use workload::{WORKLOADS, Workload};

/// Measure the engines on fixed tables
#[derive(Debug, Args)]
#[command(
    long_about = "Makes fixed tables, searches each, and times the published algorithm on a sample of \
                  the same sets in turn with it. Prints medians: sets a second, users times sets a \
                  second, nanoseconds a set, and the ratio of the two. Both must find the same best r \
                  on the sample, and every search is audited. Cycles are not shown, as the clock is \
                  not known.\n\n\
                  Each GPU is asked known answers first, and then warmed up. A search that would take \
                  it more than about 10 s is cut to a part from the middle of all sets, and the table \
                  says how many. It must find there what the CPU engine finds. For a GPU the share of \
                  the time that it computed is shown too, and what compiling and self-test took \
                  beforehand, which is in no other figure.\n\n\
                  The bound engine proves its list. The tables named proof-... are for it alone: they have \
                  far more sets than anyone can go through. All its runs must give one list, on the table \
                  complete that of the CPU engine if that is measured too. Its sets a second are those of the whole search, visited \
                  or not. Shown too are the seconds that the published algorithm would take for all sets, \
                  from the sample, and the nodes, the sets visited and the sets excluded of the run that \
                  took the median time. Counts from 10^15 on are rounded in the table, and exact in JSON. \
                  All the proofs together take a minute or two on two cores, so that none is left out.",
    after_help = "Examples:\n  \
                  kcorrset bench cpu\n  \
                  kcorrset bench cpu --workload benchmark --instructions avx2 --format json\n  \
                  kcorrset bench cpu --workload benchmark --regime auto,lanes,pairs\n  \
                  kcorrset bench bound\n  \
                  kcorrset bench gpu --workload benchmark --workload k6\n  \
                  kcorrset bench gpu --workload benchmark --pipeline flat,projected\n  \
                  kcorrset bench --quick"
)]
pub struct BenchArgs {
    /// The engines to measure [default: cpu, bound, and gpu where there is one]
    #[arg(value_name = "ENGINE")]
    engines: Vec<EngineName>,
    /// A table and search to measure, may be repeated [default: all that are for these engines, but k8 only
    /// with --quick]
    #[arg(long, value_name = "NAME", value_parser = PossibleValuesParser::new(WORKLOADS.map(|w| w.name)))]
    workload: Vec<String>,
    /// Repeats of which the median is taken
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u16).range(1..))]
    runs: u16,
    /// Small tables of the same kinds: whether all works, in seconds
    #[arg(long)]
    quick: bool,
    /// Threads of the engines cpu and bound and of the published algorithm [default: one a core]
    #[arg(long, value_name = "T", value_parser = threads_parser())]
    threads: Option<u16>,
    /// Instructions that the CPU engine and the published algorithm may use [default: the fastest there are]
    #[arg(long, value_name = "SET")]
    instructions: Option<Instructions>,
    /// The ways in which the CPU engine is to search, in turn with each other: auto, or one that is forced
    /// wherever it applies [default: auto]
    #[arg(long, value_name = "NAME,..", value_delimiter = ',', value_parser = regime_parser())]
    regime: Vec<String>,
    /// The GPUs to measure, each by itself, by their numbers in `kcorrset devices` [default: all but
    /// software ones]
    #[arg(long, value_name = "I,..", value_delimiter = ',')]
    device: Vec<usize>,
    /// How long a GPU computes at a time: 1 to 4 for 2, 12, 96 or 480 ms [default: 2]
    #[arg(long, value_name = "1..4", value_parser = profile_parser())]
    profile: Option<u8>,
    /// The pipelines to measure on each GPU, in turn with each other [default: the one that a search
    /// would take]
    #[arg(long, value_name = "NAME,..", value_delimiter = ',', value_parser = pipeline_parser())]
    pipeline: Vec<String>,
    /// Form of the figures
    #[arg(long, value_name = "FORM", default_value = "table")]
    format: Format,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum EngineName {
    /// The CPU engine
    Cpu,
    /// The engine that proves its list
    Bound,
    /// Every GPU
    Gpu,
}

/// The names of pipelines; a search that the one cannot take is refused.
fn pipeline_parser() -> PossibleValuesParser {
    let named = Choice::NAMED.iter();
    PossibleValuesParser::new(named.map(|(name, what, _)| PossibleValue::new(name).help(what)))
}

/// What the regime that a search would take is called.
const AUTO: &str = "auto";

/// The names of regimes.
fn regime_parser() -> PossibleValuesParser {
    let forced = Regime::all().map(|regime| (regime.name(), regime.about()));
    let all = [(AUTO, "what a search takes, by counting")].into_iter();
    let named = all.chain(forced);
    PossibleValuesParser::new(named.map(|(name, what)| PossibleValue::new(name).help(what)))
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Format {
    /// For people
    Table,
    /// One object with every run
    Json,
}

impl BenchArgs {
    /// Whether to measure the CPU engine.
    fn with_cpu(&self) -> bool {
        self.engines.is_empty() || self.engines.contains(&EngineName::Cpu)
    }

    /// Whether to measure the bound engine.
    fn with_bound(&self) -> bool {
        self.engines.is_empty() || self.engines.contains(&EngineName::Bound)
    }

    /// Whether it may look for GPUs.
    pub fn meets_drivers(&self) -> bool {
        self.engines.is_empty() || self.engines.contains(&EngineName::Gpu)
    }

    /// The GPUs asked for, or all but software ones.
    fn gpus(&self) -> anyhow::Result<Vec<usize>> {
        let named = self.engines.contains(&EngineName::Gpu);
        let wanted = named || self.engines.is_empty();
        if !wanted {
            let given = !self.device.is_empty() || !self.pipeline.is_empty();
            if given || self.profile.is_some() {
                bail!(
                    "--device, --pipeline and --profile are for GPUs: leave them out, or bench \
                     gpu too"
                );
            }
            return Ok(Vec::new());
        }
        check_devices(&self.device)?;
        if !self.device.is_empty() {
            return Ok(self.device.clone());
        }
        let adapters = gpu::adapters();
        let real = adapters.iter().filter(|adapter| !adapter.software);
        let real: Vec<_> = real.map(|adapter| adapter.index).collect();
        if named && real.is_empty() {
            bail!(
                "bench gpu: there is no GPU but software ones; name one with --device to measure it \
                 (`kcorrset devices` lists them)"
            );
        }
        Ok(real)
    }

    /// The regimes asked for, `None` for the one that a search would take.
    fn regimes(&self) -> anyhow::Result<Vec<Option<Regime>>> {
        if !self.with_cpu() {
            if !self.regime.is_empty() {
                bail!("--regime is for the CPU engine: leave it out, or bench cpu too");
            }
            return Ok(Vec::new());
        }
        if self.regime.is_empty() {
            return Ok(vec![None]);
        }
        let named = self.regime.iter();
        Ok(named.map(|name| Regime::from_name(name)).collect())
    }

    /// The pipelines asked for, by name where they were.
    fn choices(&self) -> Vec<(Option<String>, Choice)> {
        if self.pipeline.is_empty() {
            return vec![(None, Choice::default())];
        }
        let named = |asked: &String| {
            let named = Choice::NAMED.iter().find(|(name, ..)| name == asked);
            named.map(|&(name, _, choice)| (Some(name.to_owned()), choice))
        };
        self.pipeline.iter().filter_map(named).collect()
    }

    /// The workloads asked for, each once, in their own order; each is for one of the engines.
    fn workloads(&self) -> anyhow::Result<Vec<Workload>> {
        let through_all = self.with_cpu() || self.meets_drivers();
        let fits =
            |w: &Workload| (w.gone_through && through_all) || (w.proved && self.with_bound());
        let mut chosen = Vec::new();
        for workload in WORKLOADS {
            let name = workload.name;
            let asked = self.workload.iter().any(|asked| asked == name);
            if asked && !fits(&workload) {
                match workload.gone_through {
                    true => bail!(
                        "--workload {name} is for the engines that go through all sets: bench cpu too"
                    ),
                    false => {
                        bail!("--workload {name} has too many sets to go through: bench bound too")
                    }
                }
            }
            let by_default = self.workload.is_empty() && (workload.by_default || self.quick);
            if asked || by_default && fits(&workload) {
                chosen.push(match self.quick {
                    true => workload.quick(),
                    false => workload,
                });
            }
        }
        Ok(chosen)
    }
}

pub fn run(args: BenchArgs, talk: Talk) -> anyhow::Result<Exit> {
    let isa = args.instructions.map(Instructions::isa).transpose()?;
    let isa = isa.unwrap_or_else(Isa::detect);
    let threads = threads_or_all(args.threads);
    let regimes = args.regimes()?;
    let workloads = args.workloads()?;
    let bound = match args.with_bound() {
        true => Some(BoundEngine::new(threads)?),
        false => None,
    };
    let indices = args.gpus()?;
    let stop = Stop::install()?;
    stop.heed();
    let mut gpus = Vec::new();
    let mut measured_on = Vec::new();
    for index in indices {
        let engine = GpuEngine::open(Some(index))?.with_target(target(args.profile));
        let start = Instant::now();
        engine.self_test()?;
        let self_test_s = start.elapsed().as_secs_f64();
        for (pipeline, choice) in args.choices() {
            measured_on.push(OnGpu {
                index,
                device: engine.devices().join(", "),
                software: engine.adapters().iter().all(|adapter| adapter.software),
                pipeline,
                self_test_s,
                workloads: Vec::new(),
            });
            gpus.push(engine.with_choice(choice));
        }
    }
    let runs = args.runs.into();
    let bench = Bench::new(threads, isa, &regimes, bound, gpus, runs, &stop)?;
    let (mut figures, mut proofs) = (Vec::new(), Vec::new());
    for (i, workload) in workloads.iter().enumerate() {
        talk.note(&format!("{}: {}", workload.name, workload.about()));
        let Some(measured) = bench.measure(workload)? else {
            let all = workloads.len() as u128;
            let done = grouped(i as u128);
            return Err(Stopped(format!("after {done} of {} workloads", grouped(all))).into());
        };
        figures.extend(measured.cpus);
        proofs.extend(measured.bound);
        for (gpu, figures) in measured_on.iter_mut().zip(measured.gpus) {
            gpu.workloads.push(figures);
        }
    }
    let document = Document::new(
        threads,
        isa.name(),
        args.runs,
        args.quick,
        figures,
        proofs,
        measured_on,
    );
    let text = match args.format {
        Format::Table => document.table(),
        Format::Json => document.json()?,
    };
    Output::Stdout.write(|out| Ok(out.write_all(text.as_bytes())?))?;
    Ok(Exit::Done)
}
