//! How to read a table.

use super::advice;
use super::talk::{Talk, say};
use anyhow::Context;
use clap::{Args, ValueEnum};
use kcorrset::input::{
    self, Choice, Codes, CodesFault, ColumnNames, Encoding, Range, Read, ReadOptions, Shape, Wide,
};
use kcorrset::matrix::Duplicates;
use std::fs::File;
use std::path::Path;
use std::str::FromStr;

#[derive(Debug, Args)]
#[command(next_help_heading = "How to read the table")]
pub struct TableArgs {
    /// One row a user, one column a question [default: one row an answer]
    #[arg(long)]
    wide: bool,
    /// Questions that count: names, ranges in the order of the table (A1..O5), patterns (Q*),
    /// with commas between; others are left out altogether [default: all; with --wide all
    /// columns but the user's]
    #[arg(long, value_name = "LIST")]
    questions: Option<Choice>,
    /// Column or field of the user's id [default: user; with --wide rows are numbered where
    /// there is none]
    #[arg(long, value_name = "NAME")]
    user_column: Option<String>,
    /// Column or field of the question's id [default: question]
    #[arg(long, value_name = "NAME", conflicts_with = "wide")]
    question_column: Option<String>,
    /// Column or field of the score [default: score]
    #[arg(long, value_name = "NAME", conflicts_with = "wide")]
    score_column: Option<String>,
    /// JSON of one record a user: the field whose object holds the answers
    #[arg(long, value_name = "NAME", requires = "wide")]
    answers_field: Option<String>,
    /// Rows behind the header that are no data (Qualtrics: 2)
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true)]
    skip_rows: u64,
    /// Leave out rows without a user, such as averages at the foot of a table
    #[arg(long)]
    skip_blank_users: bool,
    /// Texts that mean no answer, beside the empty one: NA,-99,. and the like [default: NA]
    #[arg(long, value_name = "LIST", value_delimiter = ',', allow_hyphen_values = true, value_parser = code)]
    missing: Option<Vec<String>>,
    /// Scores of labels: 'Never=1,Often=2'; may be given again for more. A label may hold
    /// commas. true and false are 1 and 0 without it
    #[arg(long, value_name = "PAIRS")]
    map: Vec<Pairs>,
    /// Questions that are worded the other way, as a list like --questions: a score x becomes
    /// lowest + highest - x
    #[arg(long, value_name = "LIST")]
    reverse: Option<Choice>,
    /// Lowest and highest score of the reversed questions, as 1..5 or -2..2 [default: as read]
    #[arg(
        long,
        value_name = "MIN..MAX",
        requires = "reverse",
        allow_hyphen_values = true
    )]
    range: Option<Range>,
    /// Round scores to so many digits behind the point, halves away from zero [default: exact]
    #[arg(long, value_name = "DIGITS", value_parser = clap::value_parser!(u8).range(0..=9))]
    round: Option<u8>,
    /// Scores have a comma for a point: 1,5 is one and a half
    #[arg(long)]
    decimal_comma: bool,
    /// Encoding of the text: latin1, windows-1252 and others [default: UTF-8, or UTF-16 by its mark]
    #[arg(long, value_name = "NAME")]
    encoding: Option<Encoding>,
    /// Sheet of a workbook [default: the first]
    #[arg(long, value_name = "NAME")]
    sheet: Option<String>,
    /// What to do where a user answers a question twice
    #[arg(long, value_name = "WHICH", default_value = "error")]
    duplicates: Which,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Which {
    /// Refuse the table, name the first two places, and say whether all repeats agree
    Error,
    /// Take repeats of one score as one answer, refuse others
    Same,
    /// Keep the first answer
    First,
    /// Keep the last answer
    Last,
    /// Keep the largest score
    Max,
    /// Keep the mean of the scores, exactly
    Mean,
}

/// Labels and their scores, as one `--map` has them.
#[derive(Clone, Debug)]
struct Pairs(Vec<(String, String)>);

impl FromStr for Pairs {
    type Err = CodesFault;

    fn from_str(text: &str) -> Result<Self, CodesFault> {
        input::labels(text).map(Self)
    }
}

/// A code of a missing answer; an option where one should be is a slip.
fn code(text: &str) -> Result<String, String> {
    let option = text
        .strip_prefix("--")
        .is_some_and(|name| name.starts_with(|c: char| c.is_ascii_lowercase()));
    match option {
        true => Err(
            "an option, not a list: write --missing=LIST where a code looks like this".to_owned(),
        ),
        false => Ok(text.to_owned()),
    }
}

/// Whether a path is `-`: stdin, or stdout where something is written.
pub fn names_stream(path: &Path) -> bool {
    path.as_os_str() == "-"
}

impl TableArgs {
    /// The options as the library has them.
    pub fn options(&self) -> ReadOptions {
        let default = ColumnNames::default();
        let column = |given: &Option<String>, default| given.clone().unwrap_or(default);
        ReadOptions {
            shape: match self.wide {
                false => Shape::Long,
                true => Shape::Wide(Wide {
                    user: self.user_column.clone(),
                    answers: self.answers_field.clone(),
                }),
            },
            columns: ColumnNames {
                user: column(&self.user_column, default.user),
                question: column(&self.question_column, default.question),
                score: column(&self.score_column, default.score),
            },
            questions: self.questions.clone(),
            criterion_column: None,
            skip_rows: self.skip_rows,
            skip_blank_users: self.skip_blank_users,
            codes: Codes {
                missing: self.missing.clone(),
                labels: self.map.iter().flat_map(|pairs| pairs.0.clone()).collect(),
                round: self.round,
                decimal_comma: self.decimal_comma,
                reverse: self.reverse.clone(),
                range: self.range,
            },
            encoding: self.encoding,
            sheet: self.sheet.clone(),
            duplicates: match self.duplicates {
                Which::Error => Duplicates::Error,
                Which::Same => Duplicates::Same,
                Which::First => Duplicates::First,
                Which::Last => Duplicates::Last,
                Which::Max => Duplicates::Max,
                Which::Mean => Duplicates::Mean,
            },
        }
    }

    /// Reads the table at `data` and says what is to be known of it.
    pub fn read(&self, data: &Path, talk: Talk) -> anyhow::Result<Read> {
        read_table(data, &self.options(), talk)
    }
}

/// Reads the table at `data` by `options` and says what is to be known of it.
pub fn read_table(data: &Path, options: &ReadOptions, talk: Talk) -> anyhow::Result<Read> {
    let read = with_source(data, |source, name| Ok(input::read(source, name, options)?))?;
    for note in &read.notes {
        match note.is_warning() {
            true => say(&advice::note(note)),
            false => talk.note(&advice::note(note)),
        }
    }
    tracing::info!(
        users = read.table.users().len(),
        questions = read.table.questions().len(),
        responses = read.table.responses(),
        denominator = read.table.denominator(),
        "table read"
    );
    Ok(read)
}

/// Opens the file at `path`, or stdin, and hands it over with the name that messages have for it.
pub fn with_source<T>(
    path: &Path,
    read: impl FnOnce(Box<dyn std::io::Read>, &str) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    if names_stream(path) {
        return read(Box::new(std::io::stdin().lock()), "stdin");
    }
    let name = path.display().to_string();
    let file = File::open(path).with_context(|| format!("{name}: cannot open"))?;
    read(Box::new(file), &name)
}
