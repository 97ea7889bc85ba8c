//! From cells to a table: what long and wide tables have in common behind their rows.

use super::cell::{Cell, digit_text};
use super::choice::{Choice, ChoiceFault};
use super::codes::{Codes, CodesFault, Range, Reading, write_number};
use super::decimal::{Decimal, of_units, shown, units};
use super::error::{Contradiction, LayoutFault, Place, RowFault, Stop};
use super::note::Note;
use super::options::ReadOptions;
use super::outside::{self, Seen};
use super::{alike, direction};
use crate::matrix::{MatrixBuilder, ResponseMatrix};
use std::borrow::Cow;

/// A table as it was read.
#[derive(Clone, Debug)]
pub struct Read {
    /// The table.
    pub table: ResponseMatrix,
    /// The number of each of its users, where a column of criterion values was named.
    pub criterion: Option<Vec<Option<Decimal>>>,
    /// What the reader should know.
    pub notes: Vec<Note>,
    /// Which questions were reversed, if any.
    pub reversed: Option<Reversed>,
}

/// Questions that were reversed: a score x became lowest + highest - x.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reversed {
    /// Those questions.
    pub questions: Vec<String>,
    /// The lowest and the highest score.
    pub range: Range,
}

/// What is known of one question while rows are read.
#[derive(Debug, Default)]
struct Question {
    name: String,
    seen: Seen,
    /// The first cell that is no score, where it is not yet known whether the question counts.
    fault: Option<(Place, RowFault)>,
}

/// What a column with one number a user said of one of them.
#[derive(Clone, Copy, Debug)]
struct Value {
    number: Option<Decimal>,
    place: u64,
}

/// Answers on their way to a table.
pub(super) struct Answers {
    builder: MatrixBuilder,
    reading: Reading,
    questions: Vec<Question>,
    /// Where questions are chosen among all those of the source, once they are known.
    choice: Option<Choice>,
    reverse: Option<Choice>,
    range: Option<Range>,
    values: Option<Vec<Option<Value>>>,
    criterion: String,
    skip_blank: bool,
    blank: u64,
    first_blank: Option<(Place, String)>,
    place: Place,
    notes: Vec<Note>,
}

/// A user or question, as it names itself in a cell, trimmed; `None` is an empty one.
pub(super) fn id<'c>(cell: Cell<'c>, column: &str) -> Result<Option<Cow<'c, str>>, RowFault> {
    let kind = |found| RowFault::Kind {
        field: column.to_owned(),
        found,
        expected: "a text or a number",
    };
    let id = match cell {
        Cell::Empty => return Ok(None),
        Cell::Text(text) | Cell::Number(text) => Cow::Borrowed(text.trim()),
        Cell::Digit(digit) => Cow::Borrowed(digit_text(digit)),
        Cell::Integer(_) | Cell::Float(_) => {
            let mut text = String::new();
            write_number(&mut text, cell);
            Cow::Owned(text)
        }
        Cell::Truth(_) => return Err(kind("true or false")),
        Cell::Nested(found) => return Err(kind(found)),
    };
    Ok((!id.is_empty()).then_some(id))
}

impl Answers {
    pub(super) fn new(options: &ReadOptions) -> Result<Self, CodesFault> {
        let codes: &Codes = &options.codes;
        let mut builder = MatrixBuilder::new();
        if let Some(digits) = codes.round {
            builder.round_means(digits);
        }
        Ok(Self {
            builder,
            reading: Reading::new(codes)?,
            questions: Vec::new(),
            choice: None,
            reverse: codes.reverse.clone(),
            range: codes.range,
            values: options.criterion_column.as_ref().map(|_| Vec::new()),
            criterion: options.criterion_column.clone().unwrap_or_default(),
            skip_blank: options.skip_blank_users,
            blank: 0,
            first_blank: None,
            place: Place::Line(0),
            notes: Vec::new(),
        })
    }

    /// Chooses questions when all are known: until then, faults of their scores wait.
    pub(super) fn choose_later(&mut self, choice: &Choice) {
        self.choice = Some(choice.clone());
    }

    pub(super) fn note(&mut self, note: Note) {
        self.notes.push(note);
    }

    /// The user that `cell` names, `None` where the row has none and counts as such.
    pub(super) fn user(
        &mut self,
        place: Place,
        cell: Cell<'_>,
        column: &str,
    ) -> Result<Option<u32>, Stop> {
        self.place = place;
        let id = id(cell, column).map_err(|fault| Stop::Row(place, fault))?;
        match id {
            Some(id) => Ok(Some(self.builder.user(&id)?)),
            None => {
                self.blank += 1;
                self.first_blank
                    .get_or_insert_with(|| (place, column.to_owned()));
                Ok(None)
            }
        }
    }

    /// The user that is called by the number of a row.
    pub(super) fn numbered(&mut self, place: Place, row: u64) -> Result<u32, Stop> {
        self.place = place;
        Ok(self.builder.user(&row.to_string())?)
    }

    /// The question of this name.
    pub(super) fn question(&mut self, name: &str) -> Result<u32, Stop> {
        let question = self.builder.question(name)?;
        if question as usize == self.questions.len() {
            self.questions.push(Question {
                name: name.to_owned(),
                ..Question::default()
            });
        }
        Ok(question)
    }

    /// Takes the score in `cell`, if it holds one. `fault` makes what is wrong with it a row's.
    #[inline]
    pub(super) fn answer(
        &mut self,
        user: u32,
        question: u32,
        place: Place,
        cell: Cell<'_>,
        fault: impl FnOnce(super::codes::CellFault) -> RowFault,
    ) -> Result<(), Stop> {
        match self.reading.score(cell) {
            Ok((None, _)) => Ok(()),
            Ok((Some(score), digit)) => {
                let seen = &mut self.questions[question as usize].seen;
                match digit {
                    Some(digit) => seen.digits |= 1 << digit,
                    None => seen.other(score),
                }
                Ok(self.builder.answer(user, question, score, place.number())?)
            }
            Err(wrong) => {
                let fault = fault(wrong);
                if self.choice.is_none() {
                    return Err(Stop::Row(place, fault));
                }
                let first = &mut self.questions[question as usize].fault;
                first.get_or_insert((place, fault));
                Ok(())
            }
        }
    }

    /// Takes the number in `cell`, which belongs to `user`.
    pub(super) fn value(&mut self, user: u32, place: Place, cell: Cell<'_>) -> Result<(), Stop> {
        let number = self
            .reading
            .exact(cell)
            .map_err(|fault| Stop::Row(place, RowFault::of_cell(&self.criterion, fault)))?;
        let values = self.values.get_or_insert_default();
        let user = user as usize;
        if values.len() <= user {
            values.resize(user + 1, None);
        }
        match values[user] {
            Some(first) if first.number != number => {
                let shown = |number: Option<Decimal>| {
                    number.map_or_else(|| "empty".to_owned(), |number| number.to_string())
                };
                let name: String = self.builder.user_id(user as u32).to_owned();
                Err(Stop::Row(
                    place,
                    RowFault::Contradiction(Box::new(Contradiction {
                        column: self.criterion.clone(),
                        what: "user",
                        id: name,
                        first: shown(first.number),
                        second: shown(number),
                        unit: place.unit(),
                        place: first.place,
                    })),
                ))
            }
            Some(_) => Ok(()),
            None => {
                let place = place.number();
                values[user] = Some(Value { number, place });
                Ok(())
            }
        }
    }

    /// The finished table.
    pub(super) fn finish(mut self, options: &ReadOptions) -> Result<Read, Stop> {
        self.judge_blank()?;
        self.choose()?;
        let reversed = self.turn()?;
        let scores = self.reading.digit_scores();
        let seen = self.questions.iter().map(|q| (q.name.as_str(), &q.seen));
        let outside = outside::note(seen, &scores);
        let table = self.builder.finish(options.duplicates, self.place.unit())?;
        self.notes.extend(outside);
        self.notes.extend(alike::note(table.users(), "users"));
        self.notes
            .extend(alike::note(table.questions(), "questions"));
        self.notes.extend(direction::note(&table));
        let criterion = self.values.map(|mut values| {
            values.resize(table.users().len(), None);
            values.into_iter().map(|value| value?.number).collect()
        });
        Ok(Read {
            table,
            criterion,
            notes: self.notes,
            reversed,
        })
    }

    /// Rows without a user are an error, all at once, unless they are to be left out.
    fn judge_blank(&mut self) -> Result<(), Stop> {
        match self.first_blank.take() {
            None => Ok(()),
            Some((first, _)) if self.skip_blank => {
                let rows = self.blank;
                self.notes.push(Note::BlankUsers { rows, first });
                Ok(())
            }
            Some((first, column)) => {
                let more = self.blank - 1;
                Err(Stop::Row(first, RowFault::EmptyId { column, more }))
            }
        }
    }

    fn flags(&self, choice: &Choice) -> Result<Vec<bool>, ChoiceFault> {
        let names: Vec<&str> = self.questions.iter().map(|q| q.name.as_str()).collect();
        choice.of(&names)
    }

    /// Leaves out the questions that are not chosen, where that had to wait.
    fn choose(&mut self) -> Result<(), Stop> {
        let Some(choice) = self.choice.take() else {
            return Ok(());
        };
        if self.questions.is_empty() {
            return Ok(());
        }
        let keep = self
            .flags(&choice)
            .map_err(|fault| LayoutFault::Choice { fault })?;
        self.builder
            .keep_questions(|question| keep[question as usize]);
        let mut flags = keep.iter();
        self.questions.retain(|_| *flags.next().unwrap_or(&false));
        let faults = self.questions.iter_mut().filter_map(|q| q.fault.take());
        match faults.min_by_key(|(place, _)| place.number()) {
            Some((place, fault)) => Err(Stop::Row(place, fault)),
            None => Ok(()),
        }
    }

    /// Reverses the questions that are to be reversed.
    fn turn(&mut self) -> Result<Option<Reversed>, Stop> {
        let Some(choice) = self.reverse.take() else {
            return Ok(None);
        };
        if self.questions.is_empty() {
            return Ok(None);
        }
        let turned = self
            .flags(&choice)
            .map_err(|fault| LayoutFault::Reverse { fault })?;
        let seen = self.questions.iter().map(|q| &q.seen);
        let range = match self.range {
            Some(range) => range,
            None if self.builder.is_empty() => return Ok(None),
            None => {
                outside::range(seen, &self.reading.digit_scores()).ok_or(LayoutFault::NoRange)?
            }
        };
        let sum = units(range.low) + units(range.high);
        let questions = &self.questions;
        let place = self.place;
        self.builder.change_scores(
            |question| turned[question as usize],
            |question, score, number| {
                let question = || questions[question as usize].name.clone();
                let row = |fault| Stop::Row(place.at(number), fault);
                if !range.holds(score) {
                    return Err(row(RowFault::OutsideRange {
                        question: question(),
                        score: shown(score).into(),
                        range: range.to_string().into(),
                    }));
                }
                of_units(sum - units(score)).ok_or_else(|| {
                    row(RowFault::ReversedTooWide {
                        question: question(),
                    })
                })
            },
        )?;
        let named = self
            .questions
            .iter()
            .zip(&turned)
            .filter(|(_, turned)| **turned);
        let questions: Vec<String> = named.map(|(q, _)| q.name.clone()).collect();
        if self.range.is_none() {
            let questions = questions.clone();
            self.notes.push(Note::Reversed { questions, range });
        }
        Ok(Some(Reversed { questions, range }))
    }
}
