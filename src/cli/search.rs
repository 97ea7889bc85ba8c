//! `kcorrset search`: the best sets of a table.

use super::answer::{Answer, Ended, far};
use super::certificate::Certifying;
use super::exit::Exit;
use super::form::Form;
use super::output::Output;
use super::pieces::{self, Start};
use super::progress::{self, Progress};
use super::status::{Sets, Which};
use super::stop::{Stop, alarm};
use super::talk::Talk;
use super::typed::SearchArgs;
use kcorrset::engine::{Engine, EngineError, Part, Query, Watch};
use kcorrset::report::{Finished, Proof, Ran, Report, Search, Unfinished};
use kcorrset::search::{self, Outcome, SearchError};
use kcorrset::session::proved;
use std::time::Instant;

pub fn run(args: SearchArgs, talk: Talk) -> anyhow::Result<Exit> {
    args.check()?;
    if args.pieces.is_given() {
        let start = Start::new(&args)?;
        return pieces::run(&args, start, talk);
    }
    let form = Form::choose(args.format, args.output.as_deref());
    let output = Output::open_apart_from(&args.data, args.output.as_deref())?;
    let certifying = Certifying::open(&args.data, args.certificate.as_deref(), &output)?;
    let status = args.status.open(&args.data, args.output.as_deref())?;
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
    let progress = Progress::new(talk.is_quiet(), status, stop.wish());
    let devices = engine.devices();
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
            which: Which::of(&queries, before, &devices),
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
    which: Which<'a>,
}

/// Why a search has no outcome.
enum Failed {
    /// By a signal or at its deadline; what it had found is in its watch.
    Stopped(std::sync::Arc<Watch>),
    /// By itself.
    Error(SearchError),
}

/// The search with its progress on stderr, ended early by a signal or at the deadline.
fn watched(
    engine: &dyn Engine,
    of: &Of<'_>,
    stop: &Stop,
    deadline: Option<Instant>,
    progress: &Progress,
) -> Result<Outcome, Failed> {
    let Of {
        query,
        part,
        name,
        which,
    } = of;
    tracing::info!(k = query.k(), sets = %query.space().size_of(part), "searching");
    if let Some(quotas) = query.quotas() {
        let allowed = quotas.count(query.space());
        tracing::info!(%allowed, "groups: all sets are searched, and those outside the numbers left out");
    }
    let watch = stop.watch_until(deadline);
    let outcome = std::thread::scope(|scope| {
        let _alarm = alarm(scope, &watch);
        let shown = progress::Of {
            watch: &watch,
            name,
            sets: part.sets().map(Sets::fresh),
            which: *which,
        };
        let _shown = progress.show(scope, shown);
        search::run_checked(engine, query, part, &watch, search::any_seed())
    });
    outcome.map_err(|error| match error {
        SearchError::Engine(EngineError::Stopped) => Failed::Stopped(watch),
        other => Failed::Error(other),
    })
}
