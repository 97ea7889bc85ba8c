//! `kcorrset resume`: a session goes on.

use super::duration;
use super::engine::EngineArgs;
use super::exit::Exit;
use super::pieces::{self, Start};
use super::status::StatusArgs;
use super::talk::{Talk, say};
use super::typed::SearchArgs;
use anyhow::{Context, bail};
use clap::{Args, Command, FromArgMatches};
use kcorrset::session::{Begun, Files, Store};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Go on with a search that a session keeps
#[derive(Debug, Args)]
#[command(
    long_about = "Goes on with a search that was begun with --session and was stopped, killed or cut off. What was \
                  asked, how the table is read and where the result goes are as they were typed then, and so is \
                  what computes, unless it is typed anew: it may change each time.\n\n\
                  The table must hold what it held. Everything in the session that follows from it is made again \
                  and compared; a session that is damaged, or of another table, is refused with the reason. Where \
                  the newest file is damaged, the one before it is taken, and that is said. One process at a time \
                  works on a session.",
    after_help = "Examples:\n  \
                  kcorrset search answers.csv -k 7 --session long.session -o best.json\n  \
                  kcorrset resume long.session\n  \
                  kcorrset resume long.session --engine cpu --threads 4 --max-time 8h"
)]
pub struct ResumeArgs {
    /// What `search --session` named
    #[arg(value_name = "FILE")]
    session: PathBuf,
    /// The table, where it is not where it was, or was stdin; - is stdin
    #[arg(long, value_name = "DATA")]
    data: Option<PathBuf>,
    /// Stop after this time of search, in seconds or as 30s, 10m, 2h, 1d, and keep what is done; the exit code is
    /// then 5
    #[arg(long, value_name = "TIME", value_parser = duration::parse)]
    max_time: Option<Duration>,
    #[command(flatten)]
    status: StatusArgs,
    #[command(flatten)]
    engine: EngineArgs,
}

pub fn run(args: ResumeArgs, talk: Talk) -> anyhow::Result<Exit> {
    args.engine.check()?;
    let (store, loaded) = Store::open(&args.session, Files)?;
    if let Some(older) = &loaded.older {
        say(&format!("warning: {older}"));
    }
    let document = loaded.document;
    let name = || args.session.display().to_string();
    let mut search = search_of(&document.begun, args.data.as_deref()).with_context(name)?;
    search.pieces.session = Some(args.session.clone());
    search.max_time = args.max_time;
    search.status = args.status;
    if args.engine.is_given() {
        search.engine = args.engine;
    }
    search.check()?;
    pieces::run(&search, Start::again(store, document), talk)
}

/// What was typed when a search in pieces was begun, with the table at `data`, or where it was.
pub fn search_of(begun: &Begun, data: Option<&Path>) -> anyhow::Result<SearchArgs> {
    let search = SearchArgs::augment_args(Command::new("search"));
    let program = Talk::augment_args(Command::new("kcorrset")).subcommand(search);
    let program = program.no_binary_name(true);
    let matches = program.try_get_matches_from(&begun.arguments);
    let typed = matches.map_err(|error| error.to_string());
    let typed = typed.and_then(|matches| {
        let search = matches.subcommand_matches("search");
        let search = search.ok_or_else(|| "it is no search".to_owned())?;
        SearchArgs::from_arg_matches(search).map_err(|error| error.to_string())
    });
    let mut args = typed.map_err(|why| {
        anyhow::anyhow!("what it says was typed cannot be read: {}", why.trim_end())
    })?;
    args.stand_in(Path::new(&begun.folder));
    match (data, &begun.data) {
        (Some(data), _) => args.data = data.to_owned(),
        (None, Some(data)) => args.data = data.into(),
        (None, None) => bail!("its table was read from stdin: name one with --data"),
    }
    if !args.data.as_os_str().eq("-") && !args.data.exists() {
        bail!(
            "{}: its table is not there any more: name it with --data",
            args.data.display()
        );
    }
    Ok(args)
}
