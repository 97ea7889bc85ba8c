//! `kcorrset search`: the best sets of a table.

use super::advice;
use super::asked::AskedArgs;
use super::certificate::Certifying;
use super::duration;
use super::engine::EngineArgs;
use super::exit::{Exit, Stopped};
use super::form::Form;
use super::output::Output;
use super::progress::Progress;
use super::question::QuestionArgs;
use super::stop::{Stop, alarm};
use super::table::TableArgs;
use super::talk::{Talk, say};
use anyhow::{Context, bail};
use clap::Args;
use kcorrset::engine::{Engine, EngineError, Part, Query, Watch, bound};
use kcorrset::input::{Decimal, Reversed};
use kcorrset::matrix::Score;
use kcorrset::report::{
    self, Finished, Proof, Report, Search, Turned, Unfinished, Whole, grouped, lengths, one_line,
    sets,
};
use kcorrset::search::{self, Outcome, SearchError};
use std::path::PathBuf;
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
                  kcorrset search answers.json -k 6 --skip 1000000000 --limit 1000000000"
)]
pub struct SearchArgs {
    /// The table: a JSON array, NDJSON or CSV, plain or gzip or zstd; - is stdin
    #[arg(value_name = "DATA")]
    data: PathBuf,
    #[command(flatten)]
    asked: AskedArgs,
    /// Form of the result; json is what `verify` reads [default: by the output's ending, else table]
    #[arg(long, value_name = "FORM")]
    format: Option<Form>,
    /// File for the result, written when complete [default: stdout]
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
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
    max_time: Option<Duration>,
    #[command(flatten)]
    question: QuestionArgs,
    #[command(flatten)]
    engine: EngineArgs,
    #[command(flatten)]
    table: TableArgs,
}

impl SearchArgs {
    /// Refuses what no table and no engine heeds.
    fn check(&self) -> anyhow::Result<()> {
        self.asked.check()?;
        self.question.check(&self.data)?;
        if self.limit == Some(0) {
            bail!("--limit 0: there is nothing to search");
        }
        if !self.asked.is_of_one_k() && (self.skip > 0 || self.limit.is_some()) {
            bail!("--skip and --limit number the sets of one K: give one -k, or leave them out");
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
    let form = Form::choose(args.format, args.output.as_deref());
    let output = Output::open_apart_from(&args.data, args.output.as_deref())?;
    let certifying = Certifying::open(&args.data, args.certificate.as_deref(), &output)?;
    let stop = Stop::install()?;
    let question = args.question.read(&args.data, &args.table, talk)?;
    let queries = args.asked.queries(&question)?;
    let parts = queries.iter().map(|query| args.part(query));
    let parts = parts.collect::<anyhow::Result<Vec<_>>>()?;
    let (engine, note) = match &certifying {
        Some(certifying) => {
            let mut all = queries.iter().zip(&parts);
            let whole = all.all(|(query, part)| query.space().is_whole(part));
            (certifying.engine(&args.engine, &queries, whole)?, None)
        }
        None => args.engine.open_for(&queries, &parts, talk)?,
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
                    proof: proof(&outcome).map(Proof::Whole),
                    elapsed: outcome.elapsed,
                })
            }
            Err(Ended::Stopped(watch)) => {
                ended = Some(format!("{}after {}", of.name, far(part, &watch)));
                Search::halted(&Unfinished {
                    query,
                    part,
                    watch: &watch,
                    elapsed: start.elapsed(),
                })
            }
            Err(Ended::Failed(error)) => return Err(error.into()),
        };
        question.tell(&mut search.query);
        searches.push(search);
        if ended.is_some() {
            break;
        }
    }
    let by_signal = ended.is_some() && stop.asked();
    if by_signal && !matches!(output, Output::Stdout) {
        // A file keeps what it holds: nobody asked for less than all in it.
        if !talk.is_quiet() {
            unfinished(&searches, queries.len() > 1);
        }
        return Err(Stopped(ended.unwrap_or_default()).into());
    }
    let mut report = Report::new(question.table(), &*engine, searches);
    report.data.reversed = question.reversed.as_ref().map(reversed);
    let shown = match form {
        Form::Table => args.asked.shown(),
        Form::Json | Form::Csv => report::Shown::All,
    };
    let text = match form {
        Form::Table => report::table(&report, shown),
        Form::Json => report::json(&report)?,
        Form::Csv => report::csv(&report)?,
    };
    if let Some(certifying) = certifying.filter(|_| ended.is_none()) {
        certifying.write(&report, question.table(), recorded)?;
    }
    output.write(|out| Ok(out.write_all(text.as_bytes())?))?;
    for warning in report::warnings(&report, shown) {
        say(&advice::warning(&warning));
    }
    match ended {
        None => Ok(Exit::Done),
        Some(how_far) if by_signal => Err(Stopped(how_far).into()),
        Some(how_far) => {
            let left = &queries[report.searches.len()..];
            let left: Vec<_> = left.iter().map(|query| query.k()).collect();
            let left = match left.is_empty() {
                true => String::new(),
                false => format!("; not begun: k {}", lengths(&left)),
            };
            say(&format!("warning: the time was over {how_far}{left}"));
            Ok(Exit::TimeOver)
        }
    }
}

/// How sets were decided, where an engine proved its list.
pub fn proof(outcome: &Outcome) -> Option<Whole> {
    let mut took = outcome.took.iter();
    let &(_, nodes) = took.find(|(name, _)| *name == bound::NODES)?;
    Some(Whole {
        visited: outcome.visited,
        excluded: outcome.excluded.clone(),
        nodes,
    })
}

/// What a document says of questions that were reversed.
fn reversed(reversed: &Reversed) -> Turned {
    Turned {
        questions: reversed.questions.clone(),
        low: written(reversed.range.low),
        high: written(reversed.range.high),
    }
}

/// A score as it is written.
fn written(Score { mantissa, digits }: Score) -> String {
    let mantissa = mantissa.into();
    Decimal { mantissa, digits }.to_string()
}

/// What is searched: one K.
struct Of<'a> {
    query: &'a Query<'a>,
    part: &'a Part,
    /// What it is called in front of what is said of it; nothing where there is no other.
    name: String,
}

/// Why a search has no outcome.
enum Ended {
    /// By a signal or at its deadline; what it had found is in its watch.
    Stopped(std::sync::Arc<Watch>),
    /// By itself.
    Failed(SearchError),
}

/// How far a search is: sets done of all; of sets without ranks none are counted.
fn far(part: &Part, watch: &Watch) -> String {
    match part.sets() {
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
) -> Result<Outcome, Ended> {
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
        let _shown = progress.show(scope, &watch, name, total);
        search::run_checked(engine, query, part, &watch, search::any_seed())
    });
    outcome.map_err(|error| match error {
        SearchError::Engine(EngineError::Stopped) => Ended::Stopped(watch),
        other => Ended::Failed(other),
    })
}

/// Says what was found before a signal: of the K that are done, and of the one that is not.
fn unfinished(searches: &[Search], several: bool) {
    let Some((last, done)) = searches.split_last() else {
        return;
    };
    for search in done {
        let Some(best) = search.results.first() else {
            continue;
        };
        let ids: Vec<_> = best.questions.iter().map(|id| one_line(id)).collect();
        let (k, ids) = (search.query.k, ids.join(", "));
        say(&format!("the best set of {k}, of all: r {}, {ids}", best.r));
    }
    let name = if several {
        format!("k {}: ", last.query.k)
    } else {
        String::new()
    };
    if last.results.is_empty() {
        say(&format!("{name}no set was found before the stop"));
        return;
    }
    say(&format!(
        "{name}the best so far, {}\n{}",
        report::halted(last).unwrap_or_default(),
        report::rows(&last.results).trim_end()
    ));
}
