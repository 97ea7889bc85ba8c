//! `kcorrset search`: the best sets of a table.

use super::answer::{Answer, Ended};
use super::asked::AskedArgs;
use super::certificate::Certifying;
use super::duration;
use super::engine::EngineArgs;
use super::exit::Exit;
use super::form::Form;
use super::output::Output;
use super::pieces::{self, PiecesArgs, Start};
use super::progress::{Progress, Sets};
use super::question::QuestionArgs;
use super::stop::{Stop, alarm};
use super::table::{TableArgs, names_stream};
use super::talk::Talk;
use anyhow::{Context, bail};
use clap::Args;
use kcorrset::engine::{Engine, EngineError, Part, Query, Watch};
use kcorrset::report::{Finished, Proof, Ran, Report, Search, Unfinished, grouped, sets};
use kcorrset::search::{self, Outcome, SearchError};
use kcorrset::session::proved;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Find the K questions whose summed score correlates best with the overall score
#[derive(Debug, Args)]
#[command(
    long_about = "Looks at every set of K questions and prints the best.\n\n\
                  A set's users are those who answered all of it; r is Pearson's correlation between \
                  their score on the set and their total over all questions they answered. A set is \
                  undefined, and never ranked, where it has fewer than --min-users users or where one \
                  of the two does not vary. Exact ties go to the set whose questions come first in the \
                  table.\n\n\
                  Several K, such as -k 2..8, are searched one after another from one reading of the \
                  table. The result then has the best set of each K, or with --top above 1 a list for \
                  each.",
    after_help = "Examples:\n  \
                  kcorrset search answers.json -k 5\n  \
                  kcorrset search answers.csv -k 3 --min-users 30 --top 20 -o best.json\n  \
                  kcorrset search answers.csv -k 2..8 --min-users 30\n  \
                  zcat answers.csv.gz | kcorrset search - -k 4 --user-column student\n  \
                  kcorrset search answers.json -k 6 --skip 1000000000 --limit 1000000000\n  \
                  kcorrset search answers.csv -k 7 --session long.session -o best.json\n  \
                  kcorrset search answers.csv -k 7 --part 3/8 -o 3.part"
)]
pub struct SearchArgs {
    /// The table: a JSON array, NDJSON or CSV, plain or gzip or zstd; - is stdin
    #[arg(value_name = "DATA")]
    pub data: PathBuf,
    #[command(flatten)]
    pub asked: AskedArgs,
    /// Form of the result; json is what `verify` reads [default: by the output's ending, else table]
    #[arg(long, value_name = "FORM")]
    pub format: Option<Form>,
    /// File for the result, written when complete [default: stdout]
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// File for a proof that no set is better, which `verify` checks by other means; with --engine bound or auto,
    /// which then is bound
    #[arg(long, value_name = "FILE")]
    certificate: Option<PathBuf>,
    /// First rank to search: sets are numbered from 0 in lexicographic order of the table's questions
    #[arg(long, value_name = "R", default_value_t = 0)]
    skip: u128,
    /// How many ranks to search [default: all]
    #[arg(long, value_name = "COUNT")]
    limit: Option<u128>,
    /// Stop after this time of search, in seconds or as 30s, 10m, 2h, 1d, with the best sets so far and, where the
    /// bound engine runs, how far the best of all can be above them at most; the exit code is then 5
    #[arg(long, value_name = "TIME", value_parser = duration::parse)]
    pub max_time: Option<Duration>,
    #[command(flatten)]
    pub pieces: PiecesArgs,
    #[command(flatten)]
    pub question: QuestionArgs,
    #[command(flatten)]
    pub engine: EngineArgs,
    #[command(flatten)]
    pub table: TableArgs,
}

impl SearchArgs {
    /// Takes relative names as those of a folder, where they were typed; the table and the session are named anew.
    pub fn stand_in(&mut self, folder: &Path) {
        self.question.stand_in(folder);
        if let Some(output) = self.output.as_mut().filter(|output| !names_stream(output)) {
            *output = folder.join(&output);
        }
    }

    /// Refuses what no table and no engine heeds.
    pub fn check(&self) -> anyhow::Result<()> {
        self.asked.check()?;
        self.question.check(&self.data)?;
        if self.limit == Some(0) {
            bail!("--limit 0: there is nothing to search");
        }
        if !self.asked.is_of_one_k() && (self.skip > 0 || self.limit.is_some()) {
            bail!("--skip and --limit number the sets of one K: give one -k, or leave them out");
        }
        if self.pieces.is_given() && (self.skip > 0 || self.limit.is_some()) {
            bail!(
                "--skip and --limit are ranks in the order of the table, and a search in pieces has an order of its \
                 own: leave them out; --part I/N is for spreading a search over machines"
            );
        }
        if self.pieces.is_given() && self.certificate.is_some() {
            bail!(
                "--certificate: the proof of a search in pieces is not recorded: leave it out, or --session and --part"
            );
        }
        if self.pieces.part.is_some() && self.format.is_some() {
            bail!(
                "--format: the result of a part is for `kcorrset merge`, which takes --format: leave it out here"
            );
        }
        self.engine.check()
    }

    /// Whether it may look for GPUs.
    pub fn meets_drivers(&self) -> bool {
        self.certificate.is_none() && self.engine.meets_drivers()
    }

    /// Which sets of `query`.
    fn part(&self, query: &Query<'_>) -> anyhow::Result<Part> {
        let space = query.space();
        let part = space.part(self.skip, self.limit);
        part.with_context(|| match space.count() {
            Some(total) => format!("--skip {}: there are only {total} sets", self.skip),
            None => format!(
                "--skip and --limit go by the numbers of sets, and {} are more than 2^128, which cannot be \
                 numbered: leave them out, or give another -k",
                sets(space.size())
            ),
        })
    }
}

pub fn run(args: SearchArgs, talk: Talk) -> anyhow::Result<Exit> {
    args.check()?;
    if args.pieces.is_given() {
        let start = Start::new(&args)?;
        return pieces::run(&args, start, talk);
    }
    let form = Form::choose(args.format, args.output.as_deref());
    let output = Output::open_apart_from(&args.data, args.output.as_deref())?;
    let certifying = Certifying::open(&args.data, args.certificate.as_deref(), &output)?;
    let stop = Stop::install()?;
    let question = args.question.read(&args.data, &args.table, talk)?;
    let queries = args.asked.queries(&question)?;
    let parts = queries.iter().map(|query| args.part(query));
    let parts = parts.collect::<anyhow::Result<Vec<_>>>()?;
    let mut all = queries.iter().zip(&parts);
    let whole = all.all(|(query, part)| query.space().is_whole(part));
    let (engine, note) = match &certifying {
        Some(certifying) => (certifying.engine(&args.engine, &queries, whole)?, None),
        None => args.engine.open_for(&queries, whole, talk)?,
    };
    for note in question.note.iter().chain(&note) {
        talk.note(note);
    }
    stop.heed();
    let deadline = args
        .max_time
        .and_then(|time| Instant::now().checked_add(time));
    let progress = Progress::new(talk.is_quiet());
    let mut searches = Vec::new();
    let mut ended = None;
    let mut recorded = None;
    for (query, part) in queries.iter().zip(&parts) {
        let before = searches.len();
        let of = Of {
            query,
            part,
            name: match queries.len() {
                1 => String::new(),
                all => format!("k {} ({} of {all}): ", query.k(), before + 1),
            },
        };
        let start = Instant::now();
        let mut search = match watched(&*engine, &of, &stop, deadline, &progress) {
            Ok(mut outcome) => {
                recorded = outcome.recorded.take();
                Search::of(&Finished {
                    query,
                    part,
                    best: &outcome.best,
                    defined: outcome.defined,
                    audit: &outcome.audit,
                    proof: proved(&outcome).map(Proof::Whole),
                    elapsed: outcome.elapsed,
                })
            }
            Err(Failed::Stopped(watch)) => {
                ended = Some(format!("{}after {}", of.name, far(part.sets(), &watch)));
                Search::halted(&Unfinished {
                    query,
                    part,
                    watch: &watch,
                    elapsed: start.elapsed(),
                })
            }
            Err(Failed::Error(error)) => return Err(error.into()),
        };
        question.tell(&mut search.query);
        searches.push(search);
        if ended.is_some() {
            break;
        }
    }
    let ended = ended.map(|how_far| Ended {
        how_far,
        by_signal: stop.asked(),
        not_begun: queries.iter().skip(searches.len()).map(Query::k).collect(),
        kept: None,
    });
    let answer = Answer {
        question: &question,
        form,
        shown: args.asked.shown(),
        output,
    };
    let certify = |report: &Report| match certifying {
        Some(certifying) => certifying.write(report, question.table(), recorded),
        None => Ok(()),
    };
    answer.give(Ran::of(&*engine), searches, ended, certify, talk)
}

/// What is searched: one K.
struct Of<'a> {
    query: &'a Query<'a>,
    part: &'a Part,
    /// What it is called in front of what is said of it; nothing where there is no other.
    name: String,
}

/// Why a search has no outcome.
enum Failed {
    /// By a signal or at its deadline; what it had found is in its watch.
    Stopped(std::sync::Arc<Watch>),
    /// By itself.
    Error(SearchError),
}

/// How far a search of so many sets is: those done; of sets without ranks none are counted.
pub fn far(sets: Option<u128>, watch: &Watch) -> String {
    match sets {
        Some(all) => format!("{} of {} sets", grouped(watch.done()), grouped(all)),
        None => "a part of the proof".to_owned(),
    }
}

/// The search with its progress on stderr, ended early by a signal or at the deadline.
fn watched(
    engine: &dyn Engine,
    of: &Of<'_>,
    stop: &Stop,
    deadline: Option<Instant>,
    progress: &Progress,
) -> Result<Outcome, Failed> {
    let Of { query, part, name } = of;
    let total = part.sets();
    tracing::info!(k = query.k(), sets = %query.space().size_of(part), "searching");
    if let Some(quotas) = query.quotas() {
        let allowed = quotas.count(query.space());
        tracing::info!(%allowed, "groups: all sets are searched, and those outside the numbers left out");
    }
    let watch = stop.watch_until(deadline);
    let outcome = std::thread::scope(|scope| {
        let _alarm = alarm(scope, &watch);
        let _shown = progress.show(scope, &watch, name, total.map(Sets::fresh));
        search::run_checked(engine, query, part, &watch, search::any_seed())
    });
    outcome.map_err(|error| match error {
        SearchError::Engine(EngineError::Stopped) => Failed::Stopped(watch),
        other => Failed::Error(other),
    })
}
