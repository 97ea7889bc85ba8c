//! What sets are ranked by and which are asked for, as typed, and the table that this makes of the one read.

use super::quota::PerGroup;
use super::table::{TableArgs, names_stream, read_table, with_source};
use super::talk::Talk;
use anyhow::{Context, bail};
use clap::{Args, ValueEnum};
use kcorrset::combin::Quotas;
use kcorrset::engine::{Query, QueryError};
use kcorrset::input::{self, Choice, Decimal, Read, ReadOptions, Reversed, Shape};
use kcorrset::matrix::ResponseMatrix;
use kcorrset::report::{Asked, count};
use kcorrset::stats::{Confidence, Criterion, Distance, RankBy};
use std::collections::HashMap;
use std::path::{Path, PathBuf};

/// The value column of a criterion file, unless another is named.
const VALUE: &str = "criterion";

#[derive(Debug, Args)]
#[command(next_help_heading = "What sets are ranked by, and which")]
pub struct QuestionArgs {
    /// Overall score that the score on a set is correlated with
    #[arg(long, value_name = "WHICH", default_value = "total")]
    criterion: Overall,
    /// Column of the wide table, or of --criterion-file, that has the overall score of each user
    /// [default of a file: criterion]
    #[arg(long, value_name = "NAME", conflicts_with = "criterion")]
    criterion_column: Option<String>,
    /// CSV or other table with a user and an overall score a row; users without one are left out
    #[arg(long, value_name = "FILE", conflicts_with = "criterion")]
    criterion_file: Option<PathBuf>,
    /// Figure that sets are ranked by
    #[arg(long, value_name = "FIGURE", default_value = "r")]
    rank_by: Figure,
    /// Confidence of the lower bound, above 0.5 and below 1
    #[arg(long, value_name = "LEVEL", default_value = "0.95", value_parser = confidence)]
    confidence: Confidence,
    /// Questions that every set has, as a list like --questions
    #[arg(long, value_name = "LIST")]
    include: Option<Choice>,
    /// Questions that no set has; they still count in the overall score
    #[arg(long, value_name = "LIST")]
    exclude: Option<Choice>,
    /// Table with a question and its group a row, for --per-group
    #[arg(long, value_name = "FILE", requires = "per_group")]
    groups: Option<PathBuf>,
    /// Column of the group in --groups [default: group]
    #[arg(long, value_name = "NAME", requires = "groups")]
    group_column: Option<String>,
    /// How many questions a set has of each group: 'E=2,N=1..3'; of other groups any number
    #[arg(long, value_name = "NUMBERS", requires = "groups")]
    per_group: Option<PerGroup>,
    /// What a missing answer means
    #[arg(long, value_name = "WHAT", default_value = "complete-case")]
    unanswered: Unanswered,
    /// The folder that relative names of files are of, where it is not the process's.
    #[arg(skip)]
    folder: PathBuf,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Overall {
    /// The sum of all a user's scores
    Total,
    /// The mean of a user's scores: unlike the total it does not take a missing answer for a 0
    Mean,
    /// The total without the set itself: the corrected item-total correlation
    Rest,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Figure {
    /// The correlation
    R,
    /// Its one-sided lower confidence bound by Fisher's z, which few users make low
    LowerBound,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Unanswered {
    /// The user does not count in sets with that question
    CompleteCase,
    /// The score 0, for every user
    Zero,
}

/// `--confidence`.
fn confidence(text: &str) -> Result<Confidence, String> {
    let level = text.parse().ok().and_then(Confidence::new);
    level.ok_or_else(|| "give a number above 0.5 and below 1, such as 0.95".to_owned())
}

/// The table that is searched, and what is asked of it.
pub struct Question {
    table: ResponseMatrix,
    /// Questions that were reversed while it was read.
    pub reversed: Option<Reversed>,
    /// What whoever ranks by it should know of the overall score.
    pub note: Option<String>,
    criterion: Criterion,
    numbers: Option<Vec<i128>>,
    by: RankBy,
    include: Vec<usize>,
    exclude: Vec<usize>,
    quotas: Option<Quotas>,
    /// What a document says of the rest.
    asked: Asked,
}

impl QuestionArgs {
    /// Takes relative names of files as those of a folder; documents still have them as they were typed.
    pub fn stand_in(&mut self, folder: &Path) {
        folder.clone_into(&mut self.folder);
    }

    /// Where a file is.
    fn place(&self, file: &Path) -> PathBuf {
        match names_stream(file) {
            true => file.to_owned(),
            false => self.folder.join(file),
        }
    }

    /// Whether a file beside the table is to be read from stdin.
    pub fn reads_stdin(&self) -> bool {
        let files = [&self.criterion_file, &self.groups];
        files.into_iter().flatten().any(|file| names_stream(file))
    }

    /// Refuses what contradicts itself, before anything is read.
    pub fn check(&self, data: &Path) -> anyhow::Result<()> {
        for file in [&self.criterion_file, &self.groups].into_iter().flatten() {
            if names_stream(file) && names_stream(data) {
                bail!("the table and a file beside it cannot both be stdin");
            }
        }
        Ok(())
    }

    /// Reads the table at `data` and what is named beside it.
    pub fn read(&self, data: &Path, table: &TableArgs, talk: Talk) -> anyhow::Result<Question> {
        let mut options = table.options();
        if self.criterion_file.is_none()
            && let Some(column) = &self.criterion_column
        {
            if options.shape == Shape::Long {
                bail!(
                    "--criterion-column {column:?}: a table of one row an answer has no such column; give the \
                     users' numbers by --criterion-file, or read a wide table with --wide"
                );
            }
            options.criterion_column = Some(column.clone());
        }
        let read = read_table(data, &options, talk)?;
        self.of(read, &options, talk)
    }

    fn of(&self, read: Read, options: &ReadOptions, talk: Talk) -> anyhow::Result<Question> {
        let Read {
            mut table,
            criterion: mut values,
            reversed,
            ..
        } = read;
        if let Some(file) = &self.criterion_file {
            values = Some(self.values(file, &table, options, talk)?);
        }
        let mut numbers = None;
        if let Some(values) = values {
            let (kept, of_kept) = whole(&values)?;
            left_out(&kept, talk)?;
            table = table.with_users(&kept);
            numbers = Some(of_kept);
        }
        let criterion = match (self.criterion, &numbers) {
            (_, Some(_)) => Criterion::Column,
            (Overall::Total, None) => Criterion::Total,
            (Overall::Mean, None) => Criterion::Mean,
            (Overall::Rest, None) => Criterion::Rest,
        };
        let answers = table.users().len() as u128 * table.questions().len() as u128;
        let missing = answers - table.responses() as u128;
        let mut note = None;
        if self.unanswered == Unanswered::Zero {
            table = table.with_zeros()?;
        } else if missing > 0 && criterion.is_of_totals() {
            note = Some(format!(
                "note: {} missing, and a total is a sum, in which a missing answer counts as 0: it changes \
                 with how scores are coded; --criterion mean does not",
                match missing {
                    1 => "1 answer is".to_owned(),
                    many => format!("{} are", count(many, "answer")),
                }
            ));
        }
        let names = table.questions();
        let chosen = |choice: &Option<Choice>, option: &str| {
            let Some(choice) = choice else {
                return Ok(Vec::new());
            };
            let chosen = choice.of(names).with_context(|| option.to_owned())?;
            Ok::<_, anyhow::Error>((0..names.len()).filter(|&q| chosen[q]).collect::<Vec<_>>())
        };
        let (include, exclude) = (
            chosen(&self.include, "--include")?,
            chosen(&self.exclude, "--exclude")?,
        );
        let quotas = self.quotas(names, options)?;
        Ok(Question {
            reversed,
            note,
            criterion,
            numbers,
            by: match self.rank_by {
                Figure::R => RankBy::R,
                Figure::LowerBound => RankBy::LowerBound(self.confidence),
            },
            include,
            exclude,
            quotas,
            asked: self.told(),
            table,
        })
    }

    /// What a document says of what the library is not told.
    fn told(&self) -> Asked {
        let file = self.criterion_file.as_ref();
        let groups = self.per_group.iter().flat_map(|groups| &groups.0);
        let numbers = |(group, numbers): &(String, std::ops::RangeInclusive<usize>)| {
            let (low, high) = (numbers.start(), numbers.end());
            let text = match low == high {
                true => low.to_string(),
                false => format!("{low}..{high}"),
            };
            (group.clone(), text)
        };
        Asked {
            criterion_column: match (&self.criterion_column, file) {
                (None, Some(_)) => Some(VALUE.to_owned()),
                (column, _) => column.clone(),
            },
            criterion_file: file.map(|file| file.display().to_string()),
            groups: groups.map(numbers).collect(),
            unanswered: (self.unanswered == Unanswered::Zero).then(|| "zero".to_owned()),
            ..Asked::default()
        }
    }

    /// The number of each user of `table` in the criterion file.
    fn values(
        &self,
        file: &Path,
        table: &ResponseMatrix,
        options: &ReadOptions,
        talk: Talk,
    ) -> anyhow::Result<Vec<Option<Decimal>>> {
        let user = match &options.shape {
            Shape::Long => options.columns.user.clone(),
            Shape::Wide(wide) => wide.user.clone().unwrap_or_else(|| "user".to_owned()),
        };
        let column = self.criterion_column.as_deref().unwrap_or(VALUE);
        let pairs = with_source(&self.place(file), |source, name| {
            Ok(input::read_criterion(source, name, &user, column, options)?)
        })?;
        let rows = pairs.len();
        let of_user: HashMap<String, Option<Decimal>> = pairs.into_iter().collect();
        let users = table.users().iter();
        let values: Vec<_> = users
            .map(|user| of_user.get(user).copied().flatten())
            .collect();
        let known = table
            .users()
            .iter()
            .filter(|user| of_user.contains_key(*user));
        let unknown = rows - known.count();
        if unknown > 0 {
            talk.note(&format!(
                "note: {}: {} not in the table",
                file.display(),
                match unknown {
                    1 => "1 user is".to_owned(),
                    many => format!("{} are", count(many as u128, "user")),
                }
            ));
        }
        Ok(values)
    }

    /// The quotas over these questions.
    fn quotas(&self, names: &[String], options: &ReadOptions) -> anyhow::Result<Option<Quotas>> {
        let (Some(file), Some(PerGroup(wanted))) = (&self.groups, &self.per_group) else {
            return Ok(None);
        };
        let group = self.group_column.as_deref().unwrap_or("group");
        let question = &options.columns.question;
        let pairs = with_source(&self.place(file), |source, name| {
            Ok(input::read_groups(source, name, question, group, options)?)
        })?;
        let of_question: HashMap<String, String> = pairs.into_iter().collect();
        let place = |group: &str| wanted.iter().position(|(name, _)| name == group);
        let groups: Vec<_> = names
            .iter()
            .map(|name| of_question.get(name).and_then(|group| place(group)))
            .collect();
        for (at, (name, _)) in wanted.iter().enumerate() {
            if !groups.contains(&Some(at)) {
                bail!(
                    "--per-group {name}: no question of the table is in this group by {}",
                    file.display()
                );
            }
        }
        let numbers = wanted.iter().map(|(_, numbers)| numbers.clone());
        Ok(Some(Quotas::new(groups, numbers.collect())))
    }
}

/// The numbers of the users who have one, as integers in one unit, and who they are.
fn whole(values: &[Option<Decimal>]) -> anyhow::Result<(Vec<bool>, Vec<i128>)> {
    let digits = values.iter().flatten().map(|value| value.digits).max();
    let digits = digits.unwrap_or(0);
    let integer = |value: &Decimal| {
        let unit = 10_i128.checked_pow(u32::from(digits - value.digits));
        unit.and_then(|unit| value.mantissa.checked_mul(unit))
    };
    let numbers: Option<Vec<i128>> = values.iter().flatten().map(integer).collect();
    let numbers = numbers.context(
        "the criterion's numbers have more than 38 digits between the first of the largest and the last of the \
         most exact one: round them",
    )?;
    Ok((values.iter().map(Option::is_some).collect(), numbers))
}

/// Says how many users have no number.
fn left_out(kept: &[bool], talk: Talk) -> anyhow::Result<()> {
    let without = kept.iter().filter(|kept| !**kept).count();
    if without == kept.len() {
        bail!(
            "no user of the table has a number of the criterion: are the users named alike in both?"
        );
    }
    if without > 0 {
        talk.note(&format!(
            "note: {} no number of the criterion and {} left out",
            match without {
                1 => "1 user has".to_owned(),
                many => format!("{} have", count(many as u128, "user")),
            },
            if without == 1 { "is" } else { "are" },
        ));
    }
    Ok(())
}

impl Question {
    /// The default question to a table.
    #[cfg(test)]
    pub fn plain(table: ResponseMatrix) -> Self {
        Self {
            table,
            reversed: None,
            note: None,
            criterion: Criterion::Total,
            numbers: None,
            by: RankBy::R,
            include: Vec::new(),
            exclude: Vec::new(),
            quotas: None,
            asked: Asked::default(),
        }
    }

    /// The table that is searched.
    pub fn table(&self) -> &ResponseMatrix {
        &self.table
    }

    /// What is asked of it for sets of `k` questions: the best so many, or of those within a distance of the best.
    pub fn query(
        &self,
        k: usize,
        top: usize,
        min_users: u64,
        within: Option<Distance>,
    ) -> Result<Query<'_>, QueryError> {
        let mut query = Query::of(&self.table).k(k).top(top).min_users(min_users);
        if let Some(distance) = within {
            query = query.within(distance);
        }
        query = query.criterion(self.criterion).rank_by(self.by);
        if let Some(numbers) = &self.numbers {
            query = query.column(numbers.clone());
        }
        if let Some(quotas) = &self.quotas {
            query = query.quotas(quotas.clone());
        }
        query.include(&self.include).exclude(&self.exclude).build()
    }

    /// Adds to a document's query what the library was not told.
    pub fn tell(&self, asked: &mut Asked) {
        let Asked {
            criterion_column,
            criterion_file,
            groups,
            unanswered,
            ..
        } = self.asked.clone();
        asked.criterion_column = criterion_column;
        asked.criterion_file = criterion_file;
        asked.groups = groups;
        asked.unanswered = unanswered;
    }
}
