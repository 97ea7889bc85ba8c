//! `kcorrset bench`: what this machine does with fixed tables, beside the published algorithm.

mod measure;
mod print;
mod workload;

use super::Talk;
use super::engine::{Instructions, threads_or_all, threads_parser};
use super::exit::Exit;
use super::output::Output;
use super::stop::{Stop, Stopped};
use clap::builder::PossibleValuesParser;
use clap::{Args, ValueEnum};
use kcorrset::engine::cpu::Isa;
use kcorrset::report::grouped;
use measure::Bench;
use print::Document;
use workload::{WORKLOADS, Workload};

/// Measure the engines on fixed tables
#[derive(Debug, Args)]
#[command(
    long_about = "Makes fixed tables, searches each, and times the published algorithm on a sample of \
                  the same sets in turn with it. Prints medians: sets a second, nanoseconds a set, \
                  and the ratio of the two. Both must find the same best r on the sample, and every \
                  search is audited. Cycles are not shown, as the clock is not known.",
    after_help = "Examples:\n  \
                  kcorrset bench cpu\n  \
                  kcorrset bench cpu --workload benchmark --instructions avx2 --format json\n  \
                  kcorrset bench --quick"
)]
pub struct BenchArgs {
    /// The engines to measure
    #[arg(value_name = "ENGINE", default_value = "cpu")]
    engines: Vec<EngineName>,
    /// A table and search to measure, may be repeated [default: all, but k8 only with --quick]
    #[arg(long, value_name = "NAME", value_parser = PossibleValuesParser::new(WORKLOADS.map(|w| w.name)))]
    workload: Vec<String>,
    /// Repeats of which the median is taken
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u16).range(1..))]
    runs: u16,
    /// Small tables of the same kinds: whether all works, in seconds
    #[arg(long)]
    quick: bool,
    /// Threads of the CPU engine and of the published algorithm [default: one a core]
    #[arg(long, value_name = "T", value_parser = threads_parser())]
    threads: Option<u16>,
    /// Instructions that both may use [default: the fastest there are]
    #[arg(long, value_name = "SET")]
    instructions: Option<Instructions>,
    /// Form of the figures
    #[arg(long, value_name = "FORM", default_value = "table")]
    format: Format,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum EngineName {
    /// The CPU engine
    Cpu,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Format {
    /// For people
    Table,
    /// One object with every run
    Json,
}

impl BenchArgs {
    /// The workloads asked for, each once, in their own order.
    fn workloads(&self) -> Vec<Workload> {
        let asked = |w: &Workload| match self.workload.as_slice() {
            [] => w.by_default || self.quick,
            names => names.iter().any(|name| name == w.name),
        };
        let chosen = WORKLOADS.into_iter().filter(asked);
        if self.quick {
            chosen.map(Workload::quick).collect()
        } else {
            chosen.collect()
        }
    }
}

pub fn run(args: BenchArgs, talk: Talk) -> anyhow::Result<Exit> {
    let isa = args.instructions.map(Instructions::isa).transpose()?;
    let isa = isa.unwrap_or_else(Isa::detect);
    let threads = threads_or_all(args.threads);
    // One engine is offered yet; a repeated name is measured once.
    let EngineName::Cpu = args.engines.first().copied().unwrap_or(EngineName::Cpu);
    let stop = Stop::install()?;
    stop.heed();
    let bench = Bench::new(threads, isa, args.runs.into(), &stop)?;
    let workloads = args.workloads();
    let mut figures = Vec::new();
    for (i, workload) in workloads.iter().enumerate() {
        talk.note(&format!("{}: {}", workload.name, workload.about()));
        match bench.measure(workload)? {
            Some(measured) => figures.push(measured),
            None => {
                let all = workloads.len() as u128;
                let done = grouped(i as u128);
                return Err(Stopped(format!("after {done} of {} workloads", grouped(all))).into());
            }
        }
    }
    let document = Document::new(threads, isa.name(), args.runs, args.quick, figures);
    let text = match args.format {
        Format::Table => document.table(),
        Format::Json => document.json()?,
    };
    Output::Stdout.write(|out| Ok(out.write_all(text.as_bytes())?))?;
    Ok(Exit::Done)
}
