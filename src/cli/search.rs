//! `kcorrset search`: the best sets of a table.

use super::advice;
use super::engine::EngineArgs;
use super::exit::{Exit, Stopped};
use super::output::Output;
use super::progress::Progress;
use super::stop::Stop;
use super::table::TableArgs;
use super::talk::{Talk, say};
use anyhow::Context;
use clap::{Args, ValueEnum};
use kcorrset::engine::{Engine, EngineError, Part, Query, QueryError};
use kcorrset::report::{self, Finished, Report, grouped};
use kcorrset::search::{self, Outcome, SearchError};
use std::path::PathBuf;

/// Find the K questions whose summed score correlates best with the overall score
#[derive(Debug, Args)]
#[command(
    long_about = "Looks at every set of K questions and prints the best.\n\n\
                  A set's users are those who answered all of it; r is Pearson's correlation between \
                  their score on the set and their total over all questions they answered. A set is \
                  undefined, and never ranked, where it has fewer than --min-users users or where one \
                  of the two does not vary. Exact ties go to the set whose questions come first in the \
                  table.",
    after_help = "Examples:\n  \
                  kcorrset search answers.json -k 5\n  \
                  kcorrset search answers.csv -k 3 --min-users 30 --top 20 --format json -o best.json\n  \
                  zcat answers.csv.gz | kcorrset search - -k 4 --user-column student\n  \
                  kcorrset search answers.json -k 6 --skip 1000000000 --limit 1000000000"
)]
pub struct SearchArgs {
    /// The table: a JSON array, NDJSON or CSV, plain or gzip or zstd; - is stdin
    #[arg(value_name = "DATA")]
    data: PathBuf,
    /// Questions in a set
    #[arg(short, value_name = "K")]
    k: usize,
    /// How many of the best sets to print
    #[arg(long, value_name = "N", default_value_t = 10)]
    top: usize,
    /// Users that a set needs for a defined correlation, at least 2
    #[arg(long, value_name = "U", default_value_t = 2)]
    min_users: u64,
    /// Form of the result
    #[arg(long, value_name = "FORM", default_value = "table")]
    format: Format,
    /// File for the result, written when complete [default: stdout]
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// First rank to search: sets are numbered from 0 in lexicographic order of the table's questions
    #[arg(long, value_name = "R", default_value_t = 0)]
    skip: u128,
    /// How many ranks to search [default: all]
    #[arg(long, value_name = "COUNT")]
    limit: Option<u128>,
    #[command(flatten)]
    engine: EngineArgs,
    #[command(flatten)]
    table: TableArgs,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Format {
    /// For people
    Table,
    /// One object with everything; what `verify` reads
    Json,
    /// A header and one row a set
    Csv,
}

pub fn run(args: SearchArgs, talk: Talk) -> anyhow::Result<Exit> {
    QueryError::check(args.k, args.top, args.min_users)?;
    if args.limit == Some(0) {
        anyhow::bail!("--limit 0: there is nothing to search");
    }
    args.engine.check()?;
    let output = Output::open_apart_from(&args.data, args.output.as_deref())?;
    let stop = Stop::install()?;
    let matrix = args.table.read(&args.data, talk)?.table;
    let query = Query::of(&matrix).k(args.k).top(args.top);
    let query = query.min_users(args.min_users).build()?;
    let total = query.space().count();
    let part = query
        .space()
        .part(args.skip, args.limit)
        .with_context(|| format!("--skip {}: there are only {total} sets", args.skip))?;
    let (engine, note) = args.engine.open()?;
    if let Some(note) = note {
        talk.note(&note);
    }
    let outcome = watched(&*engine, &query, &part, &stop, talk)?;
    let report = Report::new(&Finished {
        query: &query,
        part: &part,
        engine: &*engine,
        best: &outcome.best,
        defined: outcome.defined,
        audit: &outcome.audit,
        elapsed: outcome.elapsed,
    });
    let text = match args.format {
        Format::Table => report::table(&report),
        Format::Json => report::json(&report)?,
        Format::Csv => report::csv(&report)?,
    };
    output.write(|out| Ok(out.write_all(text.as_bytes())?))?;
    for warning in report::warnings(&report) {
        say(&advice::warning(&warning));
    }
    Ok(Exit::Done)
}

/// The search with a progress bar, ended early by a signal.
fn watched(
    engine: &dyn Engine,
    query: &Query<'_>,
    part: &Part,
    stop: &Stop,
    talk: Talk,
) -> anyhow::Result<Outcome> {
    let total = part.sets();
    stop.heed();
    tracing::info!(k = query.k(), sets = %total, "searching");
    let watch = stop.watch();
    let outcome = std::thread::scope(|scope| {
        let _bar = Progress::start(scope, &watch, total, talk.is_quiet());
        search::run(engine, query, part, &watch)
    });
    match outcome {
        Err(SearchError::Engine(EngineError::Stopped)) => {
            let done = grouped(watch.done());
            Err(Stopped(format!("after {done} of {} sets", grouped(total))).into())
        }
        other => Ok(other?),
    }
}
