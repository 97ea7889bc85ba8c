//! `kcorrset plan`: what a search will take.

use super::advice;
use super::asked::AskedArgs;
use super::duration;
use super::engine::{EngineArgs, EngineName, Present};
use super::exit::{Exit, Stopped};
use super::output::Output;
use super::progress;
use super::question::QuestionArgs;
use super::stop::Stop;
use super::table::TableArgs;
use super::talk::{Talk, say};
use anyhow::bail;
use clap::{Args, ValueEnum};
use kcorrset::engine::{EngineError, Query, Watch};
use kcorrset::plan::{self, On, OnEngine, Plan, Time, Tree, Users};
use std::path::PathBuf;
use std::time::Duration;

/// Show how long a search will take on each engine, and what would shorten it
#[derive(Debug, Args)]
#[command(
    long_about = "Shows for each K what a search will take: how many sets there are, how many users they have, \
                  and on each engine of this machine the way that it would search, its time and its memory. \
                  Each engine is run for about a second. A search that ends within it is as long as that; of \
                  the others the time is expected, between two bounds.\n\n\
                  Times are those of a search alone, as `search` prints them: reading the table and compiling \
                  for a GPU come before it. The bounds do not know what else this machine will do meanwhile. \
                  How long a proof by the bound engine takes is known when it ends.",
    after_help = "Examples:\n  \
                  kcorrset plan answers.csv -k 3..10\n  \
                  kcorrset plan answers.csv -k 8 --min-users 30 --engine cpu\n  \
                  kcorrset plan answers.csv -k 10 --unanswered zero --format json"
)]
pub struct PlanArgs {
    /// The table: a JSON array, NDJSON or CSV, plain or gzip or zstd; - is stdin
    #[arg(value_name = "DATA")]
    data: PathBuf,
    #[command(flatten)]
    asked: AskedArgs,
    /// Form of the plan
    #[arg(long, value_name = "FORM", default_value = "table")]
    format: Format,
    /// How long each engine is run for each K, in seconds or as 10s, 1m; the longer, the surer are the times
    #[arg(long, value_name = "TIME", default_value = "1", value_parser = duration::parse)]
    measure: Duration,
    #[command(flatten)]
    question: QuestionArgs,
    #[command(flatten)]
    engine: EngineArgs,
    #[command(flatten)]
    table: TableArgs,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Format {
    /// For people
    Table,
    /// One object with everything known
    Json,
}

impl PlanArgs {
    /// Refuses what no table and no engine heeds.
    fn check(&self) -> anyhow::Result<()> {
        self.asked.check()?;
        self.question.check(&self.data)?;
        if self.engine.engine() == EngineName::Reference {
            bail!(
                "--engine reference is the measure of the others, and is not planned: name another"
            );
        }
        self.engine.check()
    }

    /// Whether it may look for GPUs.
    pub fn meets_drivers(&self) -> bool {
        self.engine.meets_drivers()
    }
}

pub fn run(args: PlanArgs, talk: Talk) -> anyhow::Result<Exit> {
    args.check()?;
    let stop = Stop::install()?;
    let question = args.question.read(&args.data, &args.table, talk)?;
    let queries = args.asked.queries(&question)?;
    if let Some(note) = &question.note {
        talk.note(note);
    }
    let complete = queries.iter().all(|query| query.table().missing() == 0);
    let engines = args.engine.present(complete)?;
    stop.heed();
    let watch = stop.watch();
    let (mut plans, mut warnings) = (Vec::new(), Vec::new());
    for query in &queries {
        let tree = Tree::of(query);
        let of_k = of_k(query, &tree, &engines, args.measure, &watch, talk);
        let of_k = of_k.map_err(|error| match error {
            EngineError::Stopped => Stopped(format!("while k {} was measured", query.k())).into(),
            other => anyhow::Error::from(other),
        })?;
        warnings.extend(plan::warnings(&of_k, query, &tree));
        plans.push(of_k);
    }
    let text = match args.format {
        Format::Table => plan::table(&plans),
        Format::Json => plan::json(question.table(), &plans)?,
    };
    Output::Stdout.write(|out| Ok(out.write_all(text.as_bytes())?))?;
    for warning in &warnings {
        say(&advice::long(warning));
    }
    Ok(Exit::Done)
}

/// The plan of one K.
fn of_k(
    query: &Query<'_>,
    tree: &Tree,
    engines: &[Present],
    budget: Duration,
    watch: &Watch,
    talk: Talk,
) -> Result<Plan, EngineError> {
    let mut measured = Vec::new();
    for engine in engines {
        let on = match engine {
            Present::Cpu(engine) => On::Cpu(engine),
            Present::Gpu(engine) => On::Gpu(engine),
            Present::Bound(engine) => On::Bound(engine),
            Present::Failed(name, error) => {
                measured.push(failed(name, error));
                continue;
            }
        };
        let now = || {
            let kernels = match engine {
                Present::Gpu(engine) => engine.compiling(),
                _ => Vec::new(),
            };
            Some(match kernels.is_empty() {
                true => format!("measuring k {}", query.k()),
                false => format!("compiling {}", kernels.join(", ")),
            })
        };
        measured.push(progress::while_waiting(talk.is_quiet(), now, || {
            plan::measure(query, tree, on, budget, watch)
        })?);
    }
    Ok(Plan {
        k: query.k(),
        sets: query.space().size().clone(),
        users: Users::of(query, tree),
        engines: measured,
    })
}

/// An engine that cannot be opened.
fn failed(name: &'static str, error: &EngineError) -> OnEngine {
    OnEngine {
        engine: name,
        devices: Vec::new(),
        software: false,
        way: Vec::new(),
        time: Time::Refused(error.to_string()),
        memory: None,
        device_memory: None,
    }
}
