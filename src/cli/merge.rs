//! `kcorrset merge`: the results of all parts, put together to that of one search.

use super::answer::Answer;
use super::exit::Exit;
use super::form::Form;
use super::output::Output;
use super::pieces::{asked_of, read_part};
use super::resume::search_of;
use super::talk::Talk;
use anyhow::{Context, bail};
use clap::Args;
use kcorrset::engine::Query;
use kcorrset::session::{self, Document, MergeError};
use std::path::PathBuf;

/// Put the results of all parts together
#[derive(Debug, Args)]
#[command(
    long_about = "Puts the results of all parts of a search together, in any order, and prints what one search would \
                  have printed. The table is read again: that the parts are of its content, of one query and of this \
                  version is checked, as is each set and sum in them and the audit of the whole. Parts that are \
                  missing, or there twice, are named.\n\n\
                  With --missing it prints the parts that are still to be done, one a line as I/N; the exit code is 1 \
                  where there are any. No table is read for that.",
    after_help = "Examples:\n  \
                  kcorrset search answers.csv -k 7 --part 3/8 -o 3.part\n  \
                  kcorrset merge *.part -o best.json\n  \
                  kcorrset merge --missing *.part"
)]
pub struct MergeArgs {
    /// What `search --part` wrote
    #[arg(value_name = "FILES", required = true)]
    parts: Vec<PathBuf>,
    /// Print the parts that are still to be done, and nothing else
    #[arg(long, conflicts_with_all = ["data", "format", "output"])]
    missing: bool,
    /// The table, where it is not where the first part found it, or was stdin; - is stdin
    #[arg(long, value_name = "DATA")]
    data: Option<PathBuf>,
    /// Form of the result; json is what `verify` reads [default: by the output's ending, else table]
    #[arg(long, value_name = "FORM")]
    format: Option<Form>,
    /// File for the result, written when complete [default: stdout]
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

impl MergeArgs {
    /// An error with the files of the parts that it is about.
    fn named(&self, parts: &[Document], error: MergeError) -> anyhow::Error {
        let Some(portion) = error.portion() else {
            return error.into();
        };
        let of = self.parts.iter().zip(parts);
        let of = of.filter(|(_, part)| part.part == Some(portion));
        let names: Vec<_> = of.map(|(path, _)| path.display().to_string()).collect();
        anyhow::Error::new(error).context(names.join(", "))
    }
}

pub fn run(args: MergeArgs, talk: Talk) -> anyhow::Result<Exit> {
    let parts = args.parts.iter().map(|path| read_part(path));
    let parts: Vec<Document> = parts.collect::<anyhow::Result<_>>()?;
    let missing = session::missing(&parts).map_err(|error| args.named(&parts, error))?;
    if args.missing {
        Output::Stdout.write(|out| {
            for portion in &missing {
                writeln!(out, "{portion}")?;
            }
            Ok(())
        })?;
        return Ok(match missing.is_empty() {
            true => Exit::Done,
            false => Exit::No,
        });
    }
    let Some(first) = parts.iter().min_by_key(|part| part.part) else {
        bail!("there are no parts to merge");
    };
    let search = search_of(&first.begun, args.data.as_deref());
    let search = search.with_context(|| match first.part {
        Some(portion) => format!("part {portion}"),
        None => String::new(),
    })?;
    let form = Form::choose(args.format, args.output.as_deref());
    let output = Output::open_apart_from(&search.data, args.output.as_deref())?;
    let question = search.question.read(&search.data, &search.table, talk)?;
    let queries = search.asked.queries(&question)?;
    let ordered: Vec<Query<'_>> = queries.iter().map(session::ordered).collect();
    let asked = asked_of(&queries, &question);
    let whole = session::merge(&parts, &ordered, &asked);
    let whole = whole.map_err(|error| args.named(&parts, error))?;
    if let Some(note) = &question.note {
        talk.note(note);
    }
    let mut searches = Vec::new();
    for (at, query) in queries.iter().enumerate() {
        searches.push(whole.search_of(at, query)?);
    }
    let answer = Answer {
        question: &question,
        form,
        shown: search.asked.shown(),
        output,
    };
    answer.give(whole.ran(), searches, None, |_| Ok(()), talk)
}
