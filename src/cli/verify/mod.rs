//! `kcorrset verify`: a result against its table, or an engine against the definition.

mod result;
mod sample;
mod verdict;

use super::certificate;
use super::engine::EngineArgs;
use super::exit::Exit;
use super::output::Output;
use super::question::QuestionArgs;
use super::stop::Stop;
use super::table::{TableArgs, names_stream};
use super::talk::Talk;
pub use verdict::Verdict;

use anyhow::{Context, bail};
use clap::Args;
use kcorrset::report::{Report, SCHEMA, SCHEMAS_READ};
use serde::Deserialize;
use std::io::Read;
use std::path::{Path, PathBuf};

/// Check a result against its table, or an engine against the definition
#[derive(Debug, Args)]
#[command(
    override_usage = "kcorrset verify [OPTIONS] <DATA> <RESULT>\n       \
                      kcorrset verify [OPTIONS] <DATA> -k <K> --sample <M> [--engine <NAME>]",
    long_about = "With RESULT, a file that `search --format json` wrote: recomputes every set listed in it \
                  from the table, by the definition and apart from all engines, and checks table, sums, \
                  r, order and counts. It does not search for a better set: that none is there is what a \
                  certificate proves, which is checked with --certificate. Give the options by which the \
                  table was read and the sets were ranked as `search` was given them.\n\n\
                  With --sample: runs an engine on M random sets and on whole random chunks of \
                  consecutive sets, and compares everything it returns with the definition.\n\n\
                  Each disagreement is a line on stdout, and the exit code is then 1.",
    after_help = "Examples:\n  \
                  kcorrset verify answers.csv best.json\n  \
                  kcorrset verify answers.csv -k 4 --sample 1000 --engine gpu"
)]
pub struct VerifyArgs {
    /// The table: a JSON array, NDJSON or CSV, plain or gzip or zstd; - is stdin
    #[arg(value_name = "DATA")]
    data: PathBuf,
    /// A result in JSON; - is stdin
    #[arg(
        value_name = "RESULT",
        required_unless_present = "sample",
        conflicts_with_all = [
            "sample", "k", "min_users", "chunks", "chunk_sets", "seed", "engine", "device", "profile", "threads",
            "instructions",
        ]
    )]
    result: Option<PathBuf>,
    /// What `search --certificate` wrote beside RESULT: checks the proof that no set is better
    #[arg(
        long,
        value_name = "FILE",
        requires = "result",
        conflicts_with = "sample"
    )]
    certificate: Option<PathBuf>,
    /// How many random sets to compare one by one
    #[arg(long, value_name = "M", requires = "k")]
    sample: Option<usize>,
    /// Questions in a set
    #[arg(short, value_name = "K", requires = "sample")]
    k: Option<usize>,
    /// Users that a set needs for a defined correlation, at least 2
    #[arg(long, value_name = "U", default_value_t = 2, requires = "sample")]
    min_users: u64,
    /// How many random chunks to compare as a whole
    #[arg(long, value_name = "C", default_value_t = 4, requires = "sample")]
    chunks: usize,
    /// Sets in a chunk [default: up to 2000, fewer where the table is large]
    #[arg(long, value_name = "COUNT", requires = "sample")]
    chunk_sets: Option<usize>,
    /// Decides the draws
    #[arg(long, value_name = "SEED", default_value_t = 0, requires = "sample")]
    seed: u64,
    #[command(flatten)]
    question: QuestionArgs,
    #[command(flatten)]
    engine: EngineArgs,
    #[command(flatten)]
    table: TableArgs,
}

impl VerifyArgs {
    /// Whether it may look for GPUs.
    pub fn meets_drivers(&self) -> bool {
        self.result.is_none() && self.engine.meets_drivers()
    }
}

pub fn run(args: VerifyArgs, talk: Talk) -> anyhow::Result<Exit> {
    args.question.check(&args.data)?;
    let verdict = match (&args.result, args.sample, args.k) {
        (Some(path), _, _) => {
            if names_stream(path) && names_stream(&args.data) {
                bail!("DATA and RESULT cannot both be stdin");
            }
            let report = read(path)?;
            let certificate = args.certificate.as_deref().map(certificate::read);
            let certificate = certificate.transpose()?;
            let stop = Stop::install()?;
            let question = args.question.read(&args.data, &args.table, talk)?;
            let mut verdict = result::check(&report, &question);
            if let Some(certificate) = &certificate
                && verdict.differences.is_empty()
            {
                stop.heed();
                let more = certificate::check(certificate, &report, &question, &stop, talk)?;
                verdict.agreed = format!("{}\n{}", verdict.agreed, more.agreed);
                verdict.differences = more.differences;
            }
            verdict
        }
        (None, Some(sample), Some(k)) => {
            let plan = sample::Plan {
                k,
                min_users: args.min_users,
                sample,
                chunks: args.chunks,
                chunk_sets: args.chunk_sets,
                seed: args.seed,
            };
            plan.check()?;
            args.engine.check()?;
            let stop = Stop::install()?;
            let question = args.question.read(&args.data, &args.table, talk)?;
            let query = plan.query(&question, 1)?;
            sample::numbers(&query)?;
            let (engine, note) = args.engine.open_for(&[query], &[], talk)?;
            if let Some(note) = note {
                talk.note(&note);
            }
            stop.heed();
            sample::check(&plan, &question, &*engine, &stop)?
        }
        // Kept out by the conditions on the arguments.
        (None, _, _) => bail!("give a RESULT, or -k and --sample"),
    };
    let (exit, lines) = if verdict.differences.is_empty() {
        (Exit::Done, vec![verdict.agreed])
    } else {
        (Exit::No, verdict.differences)
    };
    Output::Stdout.write(|out| {
        for line in &lines {
            writeln!(out, "{line}")?;
        }
        Ok(())
    })?;
    Ok(exit)
}

/// Reads a result that `search --format json` wrote.
fn read(path: &Path) -> anyhow::Result<Report> {
    let name = if names_stream(path) {
        "stdin".to_owned()
    } else {
        path.display().to_string()
    };
    let mut text = Vec::new();
    if names_stream(path) {
        std::io::stdin().read_to_end(&mut text)
    } else {
        std::fs::File::open(path).and_then(|mut file| file.read_to_end(&mut text))
    }
    .with_context(|| format!("{name}: cannot read"))?;
    parse(&text).with_context(|| {
        format!("{name}: is not a result; make one with `kcorrset search --format json`")
    })
}

fn parse(text: &[u8]) -> anyhow::Result<Report> {
    #[derive(Deserialize)]
    struct Version {
        schema: u32,
    }
    // First, so that another version's form is not reported as a fault of this one's.
    let Version { schema } = serde_json::from_slice(text)?;
    if !SCHEMAS_READ.contains(&schema) {
        bail!("its schema is {schema}, and this version of kcorrset reads 1 to {SCHEMA}");
    }
    Ok(serde_json::from_slice(text)?)
}
