//! Two columns beside a table: a number for each user, a group for each question.

use super::answers::id;
use super::codes::Reading;
use super::decimal::Decimal;
use super::error::{Contradiction, OptionsFault, Place, RowFault, Stop};
use super::long::missing;
use super::options::ReadOptions;
use super::quote::excerpt;
use super::shape::Looks;
use super::sink::{Cell, Fields, Fit, Sink};
use std::collections::HashMap;

/// What the second column holds.
pub(super) trait Second: PartialEq + Clone {
    /// Reads it.
    fn read(cell: Cell<'_>, column: &str, reading: &mut Reading) -> Result<Self, RowFault>;
    /// As a message shows it.
    fn shown(&self) -> String;
}

impl Second for Option<Decimal> {
    fn read(cell: Cell<'_>, column: &str, reading: &mut Reading) -> Result<Self, RowFault> {
        reading
            .exact(cell)
            .map_err(|fault| RowFault::of_cell(column, fault))
    }

    fn shown(&self) -> String {
        self.map_or_else(|| "empty".to_owned(), |number| number.to_string())
    }
}

impl Second for String {
    fn read(cell: Cell<'_>, column: &str, _: &mut Reading) -> Result<Self, RowFault> {
        let id = id(cell, column)?.ok_or_else(|| RowFault::NoGroup {
            column: column.to_owned(),
        })?;
        Ok(id.into_owned())
    }

    fn shown(&self) -> String {
        excerpt(self)
    }
}

/// The rows of two columns, each first one once.
pub(super) struct Pairs<T> {
    what: &'static str,
    needed: Vec<String>,
    places: [usize; 2],
    reading: Reading,
    known: HashMap<String, usize>,
    pairs: Vec<(String, T)>,
    rows: Vec<u64>,
}

impl<T: Second> Pairs<T> {
    /// `what` says what the first column names.
    pub(super) fn new(
        what: &'static str,
        first: &str,
        second: &str,
        options: &ReadOptions,
    ) -> Result<Self, OptionsFault> {
        if first == second {
            return Err(OptionsFault::Twice {
                column: first.to_owned(),
                first: what,
                second: "value",
            });
        }
        let reading = Reading::new(&options.codes).map_err(OptionsFault::Codes)?;
        Ok(Self {
            what,
            needed: vec![first.to_owned(), second.to_owned()],
            places: [0, 1],
            reading,
            known: HashMap::new(),
            pairs: Vec::new(),
            rows: Vec::new(),
        })
    }

    pub(super) fn finish(self) -> Vec<(String, T)> {
        self.pairs
    }
}

impl<T: Second> Sink for Pairs<T> {
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
        if let Some(fault) = missing(&self.needed, names, place, None) {
            return Err(fault.into());
        }
        for (place, needed) in self.places.iter_mut().zip(&self.needed) {
            *place = names.iter().position(|name| name == needed).unwrap_or(0);
        }
        Ok(())
    }

    fn fields(&self) -> Fields {
        Fields::Named(self.needed.clone())
    }

    fn takes(&self, column: usize) -> bool {
        self.places.contains(&column)
    }

    fn row<'a>(&mut self, place: Place, cell: impl Fn(usize) -> Cell<'a>) -> Result<(), Stop> {
        let row = |fault| Stop::Row(place, fault);
        let first = id(cell(self.places[0]), &self.needed[0]).map_err(row)?;
        let first = first.ok_or_else(|| {
            row(RowFault::EmptyKey {
                column: self.needed[0].clone(),
            })
        })?;
        let second =
            T::read(cell(self.places[1]), &self.needed[1], &mut self.reading).map_err(row)?;
        match self.known.get(&*first) {
            Some(&at) if self.pairs[at].1 != second => {
                Err(row(RowFault::Contradiction(Box::new(Contradiction {
                    column: self.needed[1].clone(),
                    what: self.what,
                    id: first.into_owned(),
                    first: self.pairs[at].1.shown(),
                    second: second.shown(),
                    unit: place.unit(),
                    place: self.rows[at],
                }))))
            }
            Some(_) => Ok(()),
            None => {
                self.known.insert(first.to_string(), self.pairs.len());
                self.pairs.push((first.into_owned(), second));
                self.rows.push(place.number());
                Ok(())
            }
        }
    }

    fn looks(&self, _: &[(String, bool)]) -> Option<Looks> {
        None
    }
}
