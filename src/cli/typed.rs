//! A search as it is typed.

use super::asked::AskedArgs;
use super::duration;
use super::engine::EngineArgs;
use super::form::Form;
use super::question::QuestionArgs;
use super::status::StatusArgs;
use super::table::{TableArgs, names_stream};
use anyhow::{Context, bail};
use clap::Args;
use kcorrset::engine::{Part, Query};
use kcorrset::report::sets;
use kcorrset::session::Portion;
use std::path::{Path, PathBuf};
use std::time::Duration;

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
    pub certificate: Option<PathBuf>,
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
    pub status: StatusArgs,
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
    pub fn part(&self, query: &Query<'_>) -> anyhow::Result<Part> {
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

#[derive(Debug, Args)]
#[command(next_help_heading = "A search in pieces")]
pub struct PiecesArgs {
    /// File that keeps what is done, at least once a minute and when the search is stopped: `resume FILE` goes on;
    /// gone when the result is written
    #[arg(long, value_name = "FILE")]
    pub session: Option<PathBuf>,
    /// Part I of N of equal expected work, whose result goes to --output for `merge`; other machines may do the
    /// others
    #[arg(long, value_name = "I/N")]
    pub part: Option<Portion>,
    /// Results of parts that are done: their best sets spare this part some work, and change no result
    #[arg(long, value_name = "FILES", num_args = 1.., requires = "part")]
    pub floor_from: Vec<PathBuf>,
}

impl PiecesArgs {
    /// Whether it is a search in pieces.
    pub fn is_given(&self) -> bool {
        self.session.is_some() || self.part.is_some()
    }
}
