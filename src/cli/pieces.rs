//! A search in pieces: kept in a session, or a part of a whole; begun, or gone on with.

use super::answer::{Answer, Ended, far};
use super::exit::Exit;
use super::form::Form;
use super::output::Output;
use super::progress::{self, Progress};
use super::question::Question;
use super::status::{Sets, Which};
use super::stop::{Stop, alarm};
use super::table::names_stream;
use super::talk::Talk;
use super::typed::SearchArgs;
use anyhow::{Context, bail};
use kcorrset::engine::{Engine, Part, Query};
use kcorrset::report::{Asked, Search, Unfinished};
use kcorrset::session::{
    self, Begun, Document, Files, Kind, Saving, Session, SessionError, Store, Units, Work,
};
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf, absolute};
use std::time::{Duration, Instant};

/// What a search in pieces is begun or gone on with.
pub struct Start {
    /// Where it is kept, if it is.
    store: Option<Store>,
    /// What was kept of it.
    document: Option<Document>,
    begun: Begun,
}

impl Start {
    /// A new one, which was asked for by the arguments of this process.
    pub fn new(args: &SearchArgs) -> anyhow::Result<Self> {
        let session = args.pieces.session.as_deref();
        let store = session.map(|path| Store::create(path, Files)).transpose()?;
        let text = |text: OsString| text.into_string();
        let arguments = std::env::args_os().skip(1).map(text);
        let arguments = arguments.collect::<Result<Vec<_>, _>>();
        let folder = std::env::current_dir().context("this folder has no name any more")?;
        let data = Some(&args.data).filter(|data| !names_stream(data));
        let data = data.map(absolute).transpose()?;
        let data = data.map(|data| text(data.into())).transpose();
        let told = arguments.and_then(|arguments| {
            let folder = text(folder.into())?;
            Ok(Begun {
                arguments,
                folder,
                data: data?,
            })
        });
        let begun = told.map_err(|text| {
            anyhow::anyhow!(
                "{}: is not UTF-8, in which a search in pieces notes how it was begun: give it another name",
                text.display()
            )
        })?;
        Ok(Self {
            store,
            document: None,
            begun,
        })
    }

    /// One that is gone on with.
    pub fn again(store: Store, document: Document) -> Self {
        let begun = document.begun.clone();
        Self {
            store: Some(store),
            document: Some(document),
            begun,
        }
    }
}

/// Refuses a result in the place of a session's file, with which it would be taken away.
fn apart(session: &Path, output: &Path) -> anyhow::Result<()> {
    let full = |path: &Path| -> anyhow::Result<PathBuf> {
        let path = absolute(path)?;
        let folder = path
            .parent()
            .and_then(|folder| fs::canonicalize(folder).ok());
        Ok(match (folder, path.file_name()) {
            (Some(folder), Some(name)) => folder.join(name),
            _ => path,
        })
    };
    let (session, output) = (full(session)?, full(output)?);
    let beside =
        |ending: &str| PathBuf::from([session.as_os_str(), ending.as_ref()].join("".as_ref()));
    if ["", ".before", ".new", ".lock"]
        .map(beside)
        .contains(&output)
    {
        bail!(
            "{}: is one of the session's files: name another file for the result",
            output.display()
        );
    }
    Ok(())
}

/// What documents say of these queries.
pub fn asked_of(queries: &[Query<'_>], question: &Question) -> Vec<Asked> {
    let asked = queries.iter().map(|query| {
        let mut asked = Asked::of(query);
        question.tell(&mut asked);
        asked
    });
    asked.collect()
}

/// The result of a part that was read from a file.
pub fn read_part(path: &Path) -> anyhow::Result<Document> {
    let name = path.display();
    let bytes = fs::read(path).with_context(|| format!("{name}: cannot read"))?;
    session::read(Kind::Part, &bytes).with_context(|| name.to_string())
}

/// Begins a search in pieces, or goes on with one.
pub fn run(args: &SearchArgs, start: Start, talk: Talk) -> anyhow::Result<Exit> {
    let form = Form::choose(args.format, args.output.as_deref());
    if let (Some(session), Some(output)) = (&args.pieces.session, &args.output) {
        apart(session, output)?;
    }
    let output = Output::open_apart_from(&args.data, args.output.as_deref())?;
    let status = args.status.open(&args.data, args.output.as_deref())?;
    let stop = Stop::install()?;
    let question = args.question.read(&args.data, &args.table, talk)?;
    let queries = args.asked.queries(&question)?;
    let ordered: Vec<Query<'_>> = queries.iter().map(session::ordered).collect();
    let asked = asked_of(&queries, &question);
    let Start {
        store,
        document,
        begun,
    } = start;
    let begun_now = document.is_none();
    let mut session = match &document {
        Some(document) => {
            let restored = Session::restored(document, &ordered, &asked);
            restored.with_context(|| shown(&store))?
        }
        None => {
            let mut session = Session::new(&ordered, &asked, args.pieces.part, begun)?;
            for path in &args.pieces.floor_from {
                let learned = session.learn(&read_part(path)?);
                learned.with_context(|| path.display().to_string())?;
            }
            session
        }
    };
    let parts: Vec<Part> = (0..ordered.len()).map(|at| session.part(at)).collect();
    let (engine, note) = args.engine.open_for(&ordered, &parts, talk)?;
    for note in question.note.iter().chain(&note) {
        talk.note(note);
    }
    stop.heed();
    if let Some(store) = &store {
        store.save(&session.document())?;
    }
    let deadline = args
        .max_time
        .and_then(|time| Instant::now().checked_add(time));
    let pieces = Pieces {
        engine: &*engine,
        stop: &stop,
        deadline,
        progress: Progress::new(talk.is_quiet(), status, stop.wish()),
        units: units(&*engine, store.is_some()),
        store: store.as_ref(),
    };
    if pieces.store.is_some() {
        pieces.progress.saved();
    }
    let (searches, ended) = match pieces.search(&mut session, &queries) {
        Ok(found) => found,
        Err(error) => {
            // Of what was refused before anything was done, nothing is worth keeping.
            if let Some(store) = store.filter(|_| begun_now && session.is_untouched()) {
                store.remove()?;
            }
            return Err(error);
        }
    };
    let ended = ended.map(|ended| Ended {
        kept: Some(match &store {
            Some(store) => format!(
                "; what is done is kept: `kcorrset resume {}` goes on",
                store.path().display()
            ),
            None => "; nothing of it is kept: --session FILE keeps what is done".to_owned(),
        }),
        ..ended
    });
    let exit = match (session.portion(), ended) {
        (Some(_), Some(ended)) => return ended.end(),
        (Some(_), None) => {
            let bytes = session::write(Kind::Part, &session.document())?;
            output.write(|out| Ok(out.write_all(&bytes)?))?;
            Exit::Done
        }
        (None, ended) => {
            let finished = ended.is_none();
            let answer = Answer {
                question: &question,
                form,
                shown: args.asked.shown(),
                output,
            };
            let exit = answer.give(session.ran(), searches, ended, |_| Ok(()), talk)?;
            if !finished {
                return Ok(exit);
            }
            exit
        }
    };
    // Only now, as the result is where it belongs.
    if let Some(store) = store {
        store.remove()?;
    }
    Ok(exit)
}

fn shown(store: &Option<Store>) -> String {
    store
        .as_ref()
        .map_or_else(String::new, |store| store.path().display().to_string())
}

/// How long pieces take: where nothing is kept, there is no reason for any but one.
fn units(engine: &dyn Engine, kept: bool) -> Units {
    let usual = Units {
        by_sets: engine.name() != "bound",
        ..Units::default()
    };
    match kept {
        true => usual,
        false => Units {
            limit: Duration::MAX,
            patience: Duration::MAX,
            ..usual
        },
    }
}

/// What a search in pieces runs with.
struct Pieces<'a> {
    engine: &'a dyn Engine,
    stop: &'a Stop,
    deadline: Option<Instant>,
    progress: Progress,
    units: Units,
    store: Option<&'a Store>,
}

impl Pieces<'_> {
    /// Searches what is left of each K. Of a whole, what there is to say of each.
    fn search(
        &self,
        session: &mut Session<'_>,
        queries: &[Query<'_>],
    ) -> anyhow::Result<(Vec<Search>, Option<Ended>)> {
        let mut searches = Vec::new();
        let devices = self.engine.devices();
        for (at, query) in queries.iter().enumerate() {
            let name = match queries.len() {
                1 => String::new(),
                all => format!("k {} ({} of {all}): ", query.k(), at + 1),
            };
            let (before, start) = (session.elapsed(at), Instant::now());
            let watch = self.stop.watch_until(self.deadline);
            let sets = session.far(at);
            let sets = sets.map(|(total, before)| Sets { total, before });
            let work = Work {
                engine: self.engine,
                watch: &watch,
                units: self.units,
            };
            let mut save = |document: &Document| match self.store {
                Some(store) => {
                    store.save(document)?;
                    self.progress.saved();
                    Ok(())
                }
                None => Ok(()),
            };
            let save: &mut Saving<'_> = &mut save;
            let done = std::thread::scope(|scope| {
                let _alarm = alarm(scope, &watch);
                let shown = progress::Of {
                    watch: &watch,
                    name: &name,
                    sets,
                    which: Which::of(queries, at, &devices),
                };
                let _shown = self.progress.show(scope, shown);
                session.search(at, &work, save)
            });
            match done {
                Ok(()) if session.portion().is_some() => {}
                Ok(()) => searches.push(session.search_of(at, query)?),
                Err(error) if error.is_stop() => {
                    let part = query.space().whole();
                    let halted = Search::halted(&Unfinished {
                        query,
                        part: &part,
                        watch: &watch,
                        elapsed: before.saturating_add(start.elapsed()),
                    });
                    searches.push(Search {
                        query: session.asked(at).clone(),
                        ..halted
                    });
                    let left = queries.iter().skip(at + 1);
                    let ended = Ended {
                        how_far: format!(
                            "{name}after {}",
                            far(sets.map(|sets| sets.total), &watch)
                        ),
                        by_signal: self.stop.asked(),
                        not_begun: left.map(Query::k).collect(),
                        kept: None,
                    };
                    return Ok((searches, Some(ended)));
                }
                Err(SessionError::Search(error)) => return Err(error.into()),
                Err(SessionError::Store(error)) => return Err(error.into()),
            }
        }
        Ok((searches, None))
    }
}
