//! What can be wrong with a table, and what to do about it.

use super::choice::ChoiceFault;
use super::codes::{CellFault, CodesFault};
use super::container::Container;
use super::score::ScoreFault;
use super::shape::Looks;
use crate::matrix::MatrixError;
use std::fmt;
use std::io;

/// Why there is no table. One message says what, where and what to do about the table; it starts with
/// the name of the source, except where the options are at fault.
///
/// The causes are part of the message and so are not given as `source()` again.
#[derive(Debug, thiserror::Error)]
pub enum InputError {
    /// The options ask for what cannot be, whatever the source.
    #[error(transparent)]
    Options(#[from] OptionsFault),
    /// The source could not be read.
    #[error("{name}: cannot be read: {error}")]
    Read {
        /// What was read.
        name: String,
        /// What the system said.
        error: io::Error,
    },
    /// The source is compressed and damaged.
    #[error(
        "{name}: the {container} data cannot be unpacked: {error}; \
         the file is damaged or cut short: get it again or compress it again"
    )]
    Unpack {
        /// What was read.
        name: String,
        /// How it is packed.
        container: Container,
        /// What the unpacker said.
        error: io::Error,
    },
    /// The source as a whole is no table.
    #[error("{name}: {fault}")]
    Layout {
        /// What was read.
        name: String,
        /// What is wrong with it.
        fault: LayoutFault,
    },
    /// One row is at fault.
    #[error("{name}: {place}: {fault}")]
    Row {
        /// What was read.
        name: String,
        /// Which row.
        place: Place,
        /// What is wrong with it.
        fault: RowFault,
    },
    /// The rows are readable and make no table.
    #[error("{name}: {error}")]
    Table {
        /// What was read.
        name: Box<str>,
        /// Why not.
        error: MatrixError,
    },
}

/// What is wrong with the options before anything is read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OptionsFault {
    /// The codes of scores.
    #[error(transparent)]
    Codes(#[from] CodesFault),
    /// A column that is asked for as two things.
    #[error("column {column:?} is asked for as the {first} and as the {second}: name two columns")]
    Twice {
        /// The name.
        column: String,
        /// One thing.
        first: &'static str,
        /// Another.
        second: &'static str,
    },
}

/// Where a row stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Line on which the row starts, from 1; line 1 of a CSV is its header.
    Line(u64),
    /// Number of the object in a JSON array, from 1.
    Record(u64),
    /// Number of the row in a sheet of a workbook or in a Parquet file, from 1.
    Row(u64),
    /// A cell in a sheet of a workbook.
    Cell {
        /// Number of its row, from 1.
        row: u64,
        /// Number of its column, from 0.
        column: u32,
    },
}

impl Place {
    /// What [`Self::number`] counts.
    #[must_use]
    pub fn unit(self) -> &'static str {
        match self {
            Self::Line(_) => "line",
            Self::Record(_) => "record",
            Self::Row(_) | Self::Cell { .. } => "row",
        }
    }

    /// The place of this number, counted as this one is.
    pub(super) fn at(self, number: u64) -> Self {
        match self {
            Self::Line(_) => Self::Line(number),
            Self::Record(_) => Self::Record(number),
            Self::Row(_) | Self::Cell { .. } => Self::Row(number),
        }
    }

    /// The line, the record or the row.
    #[must_use]
    pub fn number(self) -> u64 {
        match self {
            Self::Line(number) | Self::Record(number) | Self::Row(number) => number,
            Self::Cell { row, .. } => row,
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Self::Cell { row, column } = *self {
            return write!(f, "cell {}{row}", letters(column));
        }
        write!(f, "{} {}", self.unit(), self.number())
    }
}

/// A column of a sheet by its letters: A to Z, then AA and so on.
fn letters(column: u32) -> String {
    let letter = |of: u32| char::from(b'A' + (of % 26) as u8);
    let before = (column / 26).checked_sub(1).map(letters);
    let mut letters = before.unwrap_or_default();
    letters.push(letter(column));
    letters
}

/// What a header at this place is called.
fn the_header(place: &Place) -> String {
    match place {
        // Of a Parquet file.
        Place::Row(0) => "the schema".to_owned(),
        Place::Row(row) => format!("the header in row {row}"),
        place => format!("the header on {place}"),
    }
}

/// Why a source as a whole is no table.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LayoutFault {
    /// Nothing but space.
    #[error(
        "empty: expected a JSON array of objects, one JSON object a line, or CSV with a header"
    )]
    Empty,
    /// Another encoding by its byte order mark than the one that was named.
    #[error("the text is {marked} by its byte order mark, not {named}")]
    Marked {
        /// By its mark.
        marked: String,
        /// As named.
        named: String,
    },
    /// Text that is not in its encoding.
    #[error("{problem}: is it in another encoding?")]
    Undecodable {
        /// Where it is not.
        problem: String,
    },
    /// A file of a program that has its own form.
    #[error("{what}, which is not read here: save the table as CSV, for example {how}")]
    Foreign {
        /// What it is.
        what: &'static str,
        /// A line that converts it.
        how: String,
    },
    /// Rows behind a header are to be left out, and the form has no header.
    #[error("rows behind the header were to be left out, and JSON has no header")]
    NoHeader,
    /// A sheet is named, and the form has none.
    #[error("a sheet was named, and this is no workbook")]
    NoSheets,
    /// A field of answers is named, and the form has no fields in fields.
    #[error("a field with the answers was named, and only JSON has such fields")]
    NoFields,
    /// A first line that names a delimiter that is none.
    #[error(
        "the first line says that {delimiter:?} separates fields: use a comma, a semicolon or a tab"
    )]
    Separator {
        /// What it says.
        delimiter: String,
    },
    /// The list of questions chooses what is not there.
    #[error("{fault}")]
    Choice {
        /// What is wrong.
        fault: ChoiceFault,
    },
    /// The list of questions to reverse chooses what is not there.
    #[error("questions to reverse: {fault}")]
    Reverse {
        /// What is wrong.
        fault: ChoiceFault,
    },
    /// The questions to reverse have one score only, so nothing says over which range.
    #[error("all scores read are one and the same: say over which range questions are reversed")]
    NoRange,
    /// A wide table without questions.
    #[error("no column is left for a question: {} has {found}", the_header(.header))]
    NoQuestions {
        /// Where the header is.
        header: Place,
        /// Its names, as a list.
        found: String,
    },
    /// Rows without a user are to be left out, and rows are numbered.
    #[error("rows without a user were to be left out, and no column names the users")]
    NoUsers,
    /// The header of a table of the other shape.
    #[error("{looks}: {} has {found}", the_header(.header))]
    Shape {
        /// What it looks like.
        looks: Looks,
        /// Where the header is.
        header: Place,
        /// Its names, as a list.
        found: String,
    },
    /// An encoding is named, and the form is no text.
    #[error("an encoding was named, and this is no text")]
    NotEncoded,
    /// A form whose reader was left out when the program was built.
    #[error("{what}, which this build of the program does not read: save the table as CSV")]
    NotBuilt {
        /// What it is.
        what: &'static str,
    },
    /// A binary form that its decoder does not get through.
    #[error(
        "the {what} cannot be read: {problem}; it is damaged, cut short, or of a kind that is not \
         supported: get it again or write it again"
    )]
    Damaged {
        /// What it should be.
        what: &'static str,
        /// What the decoder said.
        problem: String,
    },
    /// A column that is needed has a type that is neither text nor number.
    #[error("column {column:?} holds {found}: expected texts, numbers, or true and false")]
    ColumnType {
        /// The name.
        column: String,
        /// What it holds.
        found: String,
    },
    /// A workbook without the sheet.
    #[error("no sheet{}: the workbook has {found}", asked.as_ref().map_or_else(String::new, |name| format!(" {name:?}")))]
    NoSheet {
        /// The name that was asked for.
        asked: Option<String>,
        /// Those that are there, as a list.
        found: String,
    },
    /// A sheet with nothing in it.
    #[error("sheet {sheet:?} is empty")]
    EmptySheet {
        /// Its name.
        sheet: String,
    },
    /// A name of a column that is no text.
    #[error("{place}: the name of a column is {found}: expected a text")]
    HeaderCell {
        /// The cell.
        place: Place,
        /// What stands there.
        found: &'static str,
    },
    /// Neither JSON nor text.
    #[error(
        "not a table: neither JSON nor text (only gzip and zstd are unpacked; \
         save a spreadsheet as CSV)"
    )]
    NotText,
    /// The header of a CSV lacks columns.
    #[error("no column {missing}: {} has {found}{}", the_header(.header), looking(.looks))]
    MissingColumns {
        /// Those that are missing, as a list.
        missing: String,
        /// Where the header is.
        header: Place,
        /// Those that are there, as a list.
        found: String,
        /// What the header looks like instead.
        looks: Option<Looks>,
    },
    /// A column that is needed stands twice in the header.
    #[error("column {column:?} stands twice in {}: rename one of them", the_header(.header))]
    RepeatedColumn {
        /// The name.
        column: String,
        /// Where the header is.
        header: Place,
    },
    /// Something other than space behind a JSON array.
    #[error(
        "the JSON array ends at record {records}, but something follows it at line {line}, \
         column {column}: keep one array in the file"
    )]
    AfterArray {
        /// Objects in the array.
        records: u64,
        /// Line of what follows.
        line: u64,
        /// Byte in that line, from 1.
        column: u64,
    },
}

/// What is wrong with a row.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RowFault {
    /// Not UTF-8.
    #[error("not valid UTF-8 at byte {byte} of the row: save the file as UTF-8")]
    Utf8 {
        /// Offset in the row, from 1.
        byte: u64,
    },
    /// Longer than [`crate::input::LONGEST_ROW`].
    #[error(
        "longer than {limit} bytes: is a quote or a bracket never closed, or is this no table?"
    )]
    TooLong {
        /// The most bytes that a row may have.
        limit: usize,
    },
    /// CSV: not as many fields as the header.
    #[error(
        "the number of fields is {found}, and the header has {expected}: quote fields that hold the delimiter"
    )]
    Length {
        /// Fields of the header.
        expected: usize,
        /// Fields of the row.
        found: usize,
    },
    /// CSV: the file ends inside quotes.
    #[error("a quote is opened and never closed: close it, or write \"\" for a quote in a field")]
    UnclosedQuote,
    /// CSV: text between a closing quote and the next delimiter.
    #[error("text follows a closing quote: write \"\" for a quote in a quoted field")]
    AfterQuote,
    /// CSV: a carriage return that ends no line.
    #[error("a carriage return without a line feed: end lines with LF or CR LF")]
    CarriageReturn,
    /// JSON: not valid, or not to the end.
    #[error("not valid JSON at line {line}, column {column}: {problem}")]
    Syntax {
        /// Line of the source, from 1.
        line: u64,
        /// Byte in that line, from 1.
        column: u64,
        /// What the parser expected.
        problem: String,
    },
    /// JSON: something else than an object.
    #[error(
        "{found}, not an object such as {{\"user\": \"ann\", \"question\": \"q1\", \"score\": 1}}"
    )]
    NotAnObject {
        /// What stands there.
        found: &'static str,
    },
    /// JSON: a field is missing.
    #[error("no field {field:?}: the object has {found}{}", or_null(.looks))]
    MissingField {
        /// Its name.
        field: String,
        /// Those that are there, as a list.
        found: String,
        /// What the object looks like instead.
        looks: Option<Box<Looks>>,
    },
    /// JSON: a field that is needed stands twice.
    #[error("field {field:?} stands twice in the object: keep one")]
    RepeatedField {
        /// Its name.
        field: String,
    },
    /// JSON: a string whose escapes mean no text.
    #[error("field {field:?} is no text: {problem}")]
    Escape {
        /// Its name.
        field: String,
        /// What the parser said.
        problem: String,
    },
    /// A user or question without a name.
    #[error("{column:?} is empty: every row needs a user and a question{}", rows_more(.more))]
    EmptyId {
        /// Which column.
        column: String,
        /// How many more rows have no user.
        more: u64,
    },
    /// A text in a column that was taken for a question because it is there.
    #[error("column {column:?} is taken for a question, and its score is {fault}")]
    NoQuestion {
        /// Which column.
        column: String,
        /// What is wrong with the score.
        fault: ScoreFault,
    },
    /// JSON: an object of the other shape.
    #[error("{looks}: the object has {found}")]
    Shape {
        /// What it looks like.
        looks: Looks,
        /// Its fields, as a list.
        found: String,
    },
    /// A score that a reversed question cannot have.
    #[error("{question:?} has the score {score}, outside of {range}, over which it is reversed")]
    OutsideRange {
        /// The question.
        question: String,
        /// The score.
        score: Box<str>,
        /// The range.
        range: Box<str>,
    },
    /// A score that does not fit 64 bits once it is reversed.
    #[error("the score of {question:?}, reversed, does not fit 64 bits")]
    ReversedTooWide {
        /// The question.
        question: String,
    },
    /// A row of a table of pairs that does not say for whom.
    #[error("{column:?} is empty: every row needs one")]
    EmptyKey {
        /// Which column.
        column: String,
    },
    /// A question without a group.
    #[error(
        "{column:?} is empty: every row needs a group; leave out the row of a question without one"
    )]
    NoGroup {
        /// Which column.
        column: String,
    },
    /// Two numbers for one user, or two groups for one question.
    #[error("{0}")]
    Contradiction(Box<Contradiction>),
    /// JSON: a user, question or score of the wrong kind.
    #[error("field {field:?} is {found}: expected {expected}")]
    Kind {
        /// Its name.
        field: String,
        /// What stands there.
        found: &'static str,
        /// What may stand there.
        expected: &'static str,
    },
    /// The score is no number that can be held exactly.
    #[error("{column:?} is {fault}")]
    Score {
        /// Which column.
        column: String,
        /// What is wrong with it.
        fault: ScoreFault,
    },
}

/// Two values where there can be one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{column:?} is {second} for {what} {id:?}, and was {first} at {unit} {place}: keep one")]
pub struct Contradiction {
    /// Which column.
    pub column: String,
    /// What has two: `user` or `question`.
    pub what: &'static str,
    /// Which one.
    pub id: String,
    /// The earlier value.
    pub first: String,
    /// The later one.
    pub second: String,
    /// What places count.
    pub unit: &'static str,
    /// Where the earlier one is.
    pub place: u64,
}

impl RowFault {
    /// The fault of a row whose `column` has a cell that is no score.
    pub(super) fn of_cell(column: &str, fault: CellFault) -> Self {
        let column = column.to_owned();
        match fault {
            CellFault::Score(fault) => Self::Score { column, fault },
            CellFault::Nested(found) => Self::Kind {
                field: column,
                found,
                expected: "a number, or null for a missing answer",
            },
        }
    }
}

fn looking(looks: &Option<Looks>) -> String {
    looks
        .as_ref()
        .map_or_else(String::new, |looks| format!("; {looks}"))
}

fn or_null(looks: &Option<Box<Looks>>) -> String {
    let null = "; a missing answer is written as null";
    looks
        .as_ref()
        .map_or_else(|| null.to_owned(), |looks| format!("; {looks}"))
}

fn rows_more(more: &u64) -> String {
    match more {
        0 => String::new(),
        1 => "; 1 more row has no user".to_owned(),
        more => format!("; {more} more rows have no user"),
    }
}

/// An error before it knows the name of its source.
#[derive(Debug)]
pub(super) enum Stop {
    Io(io::Error),
    Layout(LayoutFault),
    Row(Place, RowFault),
    Table(MatrixError),
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<LayoutFault> for Stop {
    fn from(fault: LayoutFault) -> Self {
        Self::Layout(fault)
    }
}

impl From<MatrixError> for Stop {
    fn from(error: MatrixError) -> Self {
        Self::Table(error)
    }
}
