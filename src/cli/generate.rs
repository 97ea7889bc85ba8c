//! `kcorrset generate`: a seeded random table.

use super::exit::{Exit, Stopped};
use super::output::Output;
use super::stop::Stop;
use anyhow::bail;
use clap::{Args, ValueEnum};
use kcorrset::synth::{self, Model, Spec, TableFormat};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Make a random table
#[derive(Debug, Args)]
#[command(
    long_about = "Makes a random table; the same options make the same table. Without \
                  options it is the table of the published benchmark: 60,000 users, 200 questions, each \
                  answered by 20 % of the users, right or wrong at random.",
    after_help = "Examples:\n  \
                  kcorrset generate -o benchmark.json\n  \
                  kcorrset generate --users 120 --questions 12 --answered 0.8 --model item-response -o exam.csv\n  \
                  kcorrset generate --users 4000 --answered 1 --min-score 1 --max-score 6 -o likert.csv\n  \
                  kcorrset generate --answered 1 --model item-response --discrimination 0.5..2 -o exam.csv"
)]
pub struct GenerateArgs {
    /// How many users
    #[arg(long, value_name = "U", default_value_t = 60_000)]
    users: usize,
    /// How many questions
    #[arg(long, value_name = "Q", default_value_t = 200)]
    questions: usize,
    /// Share of the users who answer a question, from 0 to 1
    #[arg(
        long,
        value_name = "SHARE",
        default_value_t = 0.2,
        allow_negative_numbers = true
    )]
    answered: f64,
    /// Lowest score
    #[arg(
        long,
        value_name = "SCORE",
        default_value_t = 0,
        allow_negative_numbers = true
    )]
    min_score: i64,
    /// Highest score
    #[arg(
        long,
        value_name = "SCORE",
        default_value_t = 1,
        allow_negative_numbers = true
    )]
    max_score: i64,
    /// How scores come about
    #[arg(long, value_name = "MODEL", default_value = "random")]
    model: ModelName,
    /// The item-response model: how sharply questions tell able users from others, drawn between these two
    /// for each question [default: 1..1, the Rasch model]
    #[arg(long, value_name = "LO..HI", allow_hyphen_values = true, value_parser = discriminations)]
    discrimination: Option<(f64, f64)>,
    /// The item-response model: independent abilities of a user; question q asks for the one of number
    /// q mod F [default: 1]
    #[arg(long, value_name = "F")]
    factors: Option<usize>,
    /// Deal users and questions into B booklets, two of which each user answers in full
    #[arg(long, value_name = "B", conflicts_with = "answered")]
    booklets: Option<usize>,
    /// Decides all draws
    #[arg(long, value_name = "SEED", default_value_t = 0)]
    seed: u64,
    /// Form of the table [default: by the output's extension, else json]
    #[arg(long, value_name = "FORM")]
    format: Option<Format>,
    /// File for the table, written when complete [default: stdout]
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// Two numbers; whether they are a range is the library's to say.
fn discriminations(text: &str) -> Result<(f64, f64), String> {
    let number = |text: &str| text.trim().parse().ok();
    text.split_once("..")
        .and_then(|(from, to)| Some((number(from)?, number(to)?)))
        .ok_or_else(|| "write the smallest and the largest, as in 0.5..2".to_owned())
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum ModelName {
    /// Every score equally likely
    Random,
    /// By ability and difficulty, both normally distributed: some users know more
    ItemResponse,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// One array of objects, the published form
    Json,
    /// One object a line
    Ndjson,
    /// Comma-separated with a header
    Csv,
}

impl Format {
    /// As typed, else by the output's extension.
    fn choose(typed: Option<Self>, output: Option<&Path>) -> anyhow::Result<TableFormat> {
        let extension = output
            .and_then(Path::extension)
            .and_then(|e| e.to_str())
            .map(str::to_ascii_lowercase);
        let by_name = match extension.as_deref() {
            Some("csv") => Self::Csv,
            Some("ndjson" | "jsonl") => Self::Ndjson,
            Some(packed @ ("gz" | "zst")) => bail!(
                "the table would not be compressed: leave off .{packed}, or write to stdout and \
                 pipe it through a compressor"
            ),
            _ => Self::Json,
        };
        Ok(match typed.unwrap_or(by_name) {
            Self::Json => TableFormat::Json,
            Self::Ndjson => TableFormat::Ndjson,
            Self::Csv => TableFormat::Csv,
        })
    }
}

pub fn run(args: GenerateArgs) -> anyhow::Result<Exit> {
    let format = Format::choose(args.format, args.output.as_deref())?;
    if args.booklets == Some(0) {
        bail!("--booklets 0: ask for at least one, or leave it out");
    }
    let model = match args.model {
        ModelName::ItemResponse => Model::ItemResponse {
            discrimination: args.discrimination.unwrap_or((1.0, 1.0)),
            factors: args.factors.unwrap_or(1),
        },
        ModelName::Random if args.discrimination.is_some() || args.factors.is_some() => bail!(
            "--discrimination and --factors are for the item-response model: leave them out, or add \
             --model item-response"
        ),
        ModelName::Random => Model::Random,
    };
    let spec = Spec {
        users: args.users,
        questions: args.questions,
        answered: args.answered,
        scores: args.min_score..=args.max_score,
        model,
        booklets: args.booklets.unwrap_or(0),
        seed: args.seed,
    };
    let output = Output::open(args.output.as_deref())?;
    let stop = Stop::install()?;
    stop.heed();
    output.write(|out| {
        let mut out = Stoppable { out, stop: &stop };
        let written = synth::write(&spec, format, &mut out);
        if stop.asked() {
            return Err(Stopped("before the table was complete".to_owned()).into());
        }
        Ok(written?)
    })?;
    Ok(Exit::Done)
}

/// Fails once a signal has come, so that the unfinished file goes away.
struct Stoppable<'a> {
    out: &'a mut dyn Write,
    stop: &'a Stop,
}

impl Write for Stoppable<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.stop.asked() {
            return Err(io::Error::other("stopped"));
        }
        self.out.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_form_follows_the_name_unless_typed() {
        let choose = |typed, name: &str| Format::choose(typed, Some(Path::new(name))).ok();
        assert_eq!(choose(None, "a.csv"), Some(TableFormat::Csv));
        assert_eq!(choose(None, "a.JSONL"), Some(TableFormat::Ndjson));
        assert_eq!(choose(None, "a.txt"), Some(TableFormat::Json));
        assert_eq!(choose(Some(Format::Json), "a.csv"), Some(TableFormat::Json));
        assert_eq!(choose(None, "a.csv.gz"), None);
        assert_eq!(Format::choose(None, None).ok(), Some(TableFormat::Json));
    }
}
