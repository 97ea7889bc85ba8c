//! One row an answer: the sink of long tables.

use super::answers::{Answers, Read, id};
use super::error::{LayoutFault, OptionsFault, Place, RowFault, Stop};
use super::options::ReadOptions;
use super::quote::list;
use super::shape::{self, Looks};
use super::sink::{Cell, Fields, Fit, Sink};

/// The rows of a long table.
pub(super) struct Long<'o> {
    options: &'o ReadOptions,
    /// Names of the columns that are needed: user, question, score, and the criterion's if there is
    /// one.
    needed: Vec<String>,
    /// Where they are.
    places: Vec<usize>,
    answers: Answers,
    /// The question of the row before, which the next one often shares.
    last: (String, u32),
}

/// What is wrong with a header that lacks some of the columns `needed`, or has them twice.
pub(super) fn missing(
    needed: &[String],
    names: &[String],
    header: Place,
    looks: Option<Looks>,
) -> Option<LayoutFault> {
    let missing: Vec<&str> = needed
        .iter()
        .filter(|name| !names.contains(name))
        .map(String::as_str)
        .collect();
    if !missing.is_empty() {
        return Some(LayoutFault::MissingColumns {
            missing: list(missing),
            header,
            found: list(names.iter().map(String::as_str)),
            looks,
        });
    }
    let repeated = |name: &&String| names.iter().filter(|n| n == name).count() > 1;
    let column = needed.iter().find(repeated)?.clone();
    Some(LayoutFault::RepeatedColumn { column, header })
}

impl<'o> Long<'o> {
    pub(super) fn new(options: &'o ReadOptions) -> Result<Self, OptionsFault> {
        let mut needed: Vec<(&'static str, &str)> = options.columns.roles().to_vec();
        needed.extend(
            options
                .criterion_column
                .as_deref()
                .map(|name| ("criterion", name)),
        );
        for (at, (second, column)) in needed.iter().enumerate() {
            if let Some((first, _)) = needed[..at].iter().find(|(_, name)| name == column) {
                return Err(OptionsFault::Twice {
                    column: (*column).to_owned(),
                    first,
                    second,
                });
            }
        }
        let mut answers = Answers::new(options)?;
        if let Some(choice) = &options.questions {
            answers.choose_later(choice);
        }
        Ok(Self {
            options,
            needed: needed
                .into_iter()
                .map(|(_, name)| name.to_owned())
                .collect(),
            places: Vec::new(),
            answers,
            last: (String::new(), u32::MAX),
        })
    }

    pub(super) fn finish(self) -> Result<Read, Stop> {
        self.answers.finish(self.options)
    }
}

impl Sink for Long<'_> {
    fn fit(&self, names: &[&str]) -> Fit {
        match self
            .needed
            .iter()
            .all(|name| names.contains(&name.as_str()))
        {
            true => Fit::Sure,
            false => Fit::No,
        }
    }

    fn header(&mut self, names: &[String], place: Place) -> Result<(), Stop> {
        let looks = || {
            let found = shape::of(names.iter().map(String::as_str), &self.options.columns);
            found.filter(|looks| *looks != Looks::Long)
        };
        if let Some(fault) = missing(&self.needed, names, place, looks()) {
            return Err(fault.into());
        }
        let place = |name: &String| names.iter().position(|n| n == name);
        self.places = self.needed.iter().filter_map(place).collect();
        Ok(())
    }

    fn fields(&self) -> Fields {
        Fields::Named(self.needed.clone())
    }

    fn takes(&self, column: usize) -> bool {
        self.places.contains(&column)
    }

    fn row<'a>(&mut self, place: Place, cell: impl Fn(usize) -> Cell<'a>) -> Result<(), Stop> {
        let columns = &self.options.columns;
        let user = self
            .answers
            .user(place, cell(self.places[0]), &columns.user)?;
        let Some(user) = user else {
            return Ok(());
        };
        let row = |fault| Stop::Row(place, fault);
        let question = id(cell(self.places[1]), &columns.question).map_err(row)?;
        let question = question.ok_or_else(|| {
            row(RowFault::EmptyId {
                column: columns.question.clone(),
                more: 0,
            })
        })?;
        if self.last.0 != *question || self.last.1 == u32::MAX {
            self.last.1 = self.answers.question(&question)?;
            self.last.0.clear();
            self.last.0.push_str(&question);
        }
        if let Some(&criterion) = self.places.get(3) {
            self.answers.value(user, place, cell(criterion))?;
        }
        let fault = |fault: super::codes::CellFault| RowFault::of_cell(&columns.score, fault);
        self.answers
            .answer(user, self.last.1, place, cell(self.places[2]), fault)
    }

    fn looks(&self, fields: &[(String, bool)]) -> Option<Looks> {
        if let Some((field, _)) = fields.iter().find(|(_, holds_object)| *holds_object) {
            return Some(Looks::Nested {
                field: field.clone(),
            });
        }
        let names = fields.iter().map(|(name, _)| name.as_str());
        shape::of(names, &self.options.columns).filter(|looks| *looks != Looks::Long)
    }
}
