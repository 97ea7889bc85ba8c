//! Where rows go: the one interface between the readers of formats and what is made of their rows.
//!
//! A reader hands over the names of its columns once, then its rows, cell by cell. What the names
//! mean, which cells count and how they are read is the sink's affair, so that it is the same in
//! every format.

pub(super) use super::cell::Cell;
use super::error::{Place, Stop};
use super::shape::Looks;

/// How well the names of a header suit a sink.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fit {
    /// A column that is needed is not among them.
    No,
    /// Nothing speaks against them.
    Maybe,
    /// They hold all the columns that were asked for by name.
    Sure,
}

/// Which fields to look for in a source of records, each with names of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Fields {
    /// These and no others, each in every record; at most [`MOST_NAMED`].
    Named(Vec<String>),
    /// All that hold a text, a number, true or false.
    All {
        /// Those that every record needs.
        needed: Vec<String>,
    },
    /// All of those within one field, which holds an object, and some beside it.
    Within {
        /// The field with the object.
        answers: String,
        /// Fields beside it.
        beside: Vec<String>,
        /// Those of them that every record needs.
        needed: Vec<String>,
    },
}

/// The most fields that a sink names.
pub(super) const MOST_NAMED: usize = 4;

/// What takes the rows of a source.
pub(super) trait Sink {
    /// How well a header of these names, trimmed, would do.
    fn fit(&self, names: &[&str]) -> Fit;

    /// Takes the names of the columns, trimmed, in their order. Once, before all rows.
    fn header(&mut self, names: &[String], place: Place) -> Result<(), Stop>;

    /// Which fields to look for where every record has names of its own. Such a source gives those
    /// of [`Fields::Named`] as its header, and others as they appear to [`Self::column`].
    fn fields(&self) -> Fields;

    /// Takes the name of one more column, behind all those known; it has no cell in earlier rows.
    /// `beside` says that it stands beside an object of answers. A sink that named its fields has no use for it.
    fn column(&mut self, _name: &str, _beside: bool) -> Result<(), Stop> {
        Ok(())
    }

    /// Whether cells of a column are looked at.
    #[allow(dead_code, reason = "readers of columns ask it")]
    fn takes(&self, column: usize) -> bool;

    /// Takes a row. `cell` gives the cell of a column that is taken.
    fn row<'a>(&mut self, place: Place, cell: impl Fn(usize) -> Cell<'a>) -> Result<(), Stop>;

    /// What a record that lacks a field looks like instead. `fields` are its names, with whether
    /// each holds an object.
    fn looks(&self, fields: &[(String, bool)]) -> Option<Looks>;
}
