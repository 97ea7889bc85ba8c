//! `kcorrset describe`: what a table is like.

use super::exit::Exit;
use super::form::Form;
use super::output::Output;
use super::table::TableArgs;
use super::talk::Talk;
use clap::Args;
use kcorrset::describe::Description;
use kcorrset::report::description::{self, Described};
use std::path::PathBuf;

/// Show what a table is like: scores, missing answers, each question
#[derive(Debug, Args)]
#[command(
    long_about = "Shows what a table is like, to see whether it was read as it was meant and what it is good \
                  for: how many users, questions and answers; which scores; which answers are missing; and \
                  how well the questions hang together.\n\n\
                  Of each question, over the users who answered it: the mean, the standard deviation \
                  (with n - 1), and the corrected item-total correlation, which is Pearson's r between \
                  the question's score and the rest of the user's total. Where that is negative the question \
                  may be worded the other way.\n\n\
                  Cronbach's alpha is over the users who answered every question: \
                  k/(k-1) * (1 - sum of the questions' variances / variance of the total).",
    after_help = "Examples:\n  \
                  kcorrset describe answers.csv\n  \
                  kcorrset describe answers.csv -o questions.csv\n  \
                  kcorrset describe answers.csv --format json | jq .alpha.value"
)]
pub struct DescribeArgs {
    /// The table: a JSON array, NDJSON or CSV, plain or gzip or zstd; - is stdin
    #[arg(value_name = "DATA")]
    data: PathBuf,
    /// Form of the description; csv has the questions alone [default: by the output's ending, else table]
    #[arg(long, value_name = "FORM")]
    format: Option<Form>,
    /// File for the description, written when complete [default: stdout]
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    #[command(flatten)]
    table: TableArgs,
}

pub fn run(args: DescribeArgs, talk: Talk) -> anyhow::Result<Exit> {
    let output = Output::open_apart_from(&args.data, args.output.as_deref())?;
    let table = args.table.read(&args.data, talk)?.table;
    let described = Described {
        table: &table,
        description: &Description::of(&table),
    };
    let text = match Form::choose(args.format, args.output.as_deref()) {
        Form::Table => description::table(&described),
        Form::Json => description::json(&described)?,
        Form::Csv => description::csv(&described)?,
    };
    output.write(|out| Ok(out.write_all(text.as_bytes())?))?;
    Ok(Exit::Done)
}
