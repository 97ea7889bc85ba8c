//! Reads tables: CSV, a JSON array, NDJSON, Parquet or a workbook, plain or gzip or zstd, told apart by
//! content.
//!
//! Layer 1. Bytes go down this line, none of which holds the whole table:
//! `container` (gzip, zstd) → `foreign` (what it is) → `encoding` (to UTF-8) → `text` (rows, lines and
//! columns) → `json` and `ndjson` (by way of `object`) or `csv` (by way of `fields`); what is no text goes
//! from `foreign` to `binary`, and there to `parquet` or `xlsx`. All end in a `sink`: `long` or `wide` (by way of `answers`), or `pairs` → `codes` and `score` (exact decimals) →
//! [`MatrixBuilder`](crate::matrix::MatrixBuilder).
//!
//! # What is read
//! - The first byte that is not space decides: `[` is a JSON array of objects, `{` is one JSON object
//!   a line, anything else is CSV with a header. CSV is delimited by whichever of `,`, `;` and tab
//!   makes the header hold the names that were asked for; where none were, by the one that makes most
//!   columns.
//! - Long: one row an answer, with a user, a question and a score. Wide: one row a user, one column or
//!   field a question; of JSON, also one record a user with the answers in the object of one field.
//! - Users and questions are texts; space around them does not count. JSON numbers are taken as their
//!   text, so `1` and `1.0` are two users. Empty ones are errors, all rows without a user as one.
//! - A score is an integer or a decimal, in JSON also as a string, with or without exponent. It is
//!   held exactly or refused: at most [`MAX_SCALE`] digits behind the point, unless rounding is asked
//!   for. Null, empty and NA are missing answers, true and false are 1 and 0; [`Codes`] says more.
//! - Other columns and fields are ignored.
//!
//! [`MAX_SCALE`]: crate::matrix::MAX_SCALE

mod alike;
mod answers;
mod binary;
mod cell;
mod choice;
mod codes;
mod columns;
mod container;
mod csv;
mod decimal;
mod direction;
mod encoding;
mod error;
mod fields;
mod foreign;
#[cfg(any(feature = "parquet", feature = "xlsx"))]
mod guard;
mod json;
mod long;
mod ndjson;
mod note;
mod object;
mod options;
mod outside;
mod pairs;
#[cfg(feature = "parquet")]
mod parquet;
mod quote;
mod score;
mod shape;
mod sink;
mod text;
mod wide;
#[cfg(feature = "xlsx")]
mod xlsx;

pub use answers::{Read, Reversed};
pub use choice::{Choice, ChoiceFault};
pub use codes::{Codes, CodesFault, Range, labels};
pub use columns::ColumnNames;
pub use container::Container;
pub use decimal::{Decimal, MAX_DIGITS};
pub use encoding::{Encoding, NoEncoding};
pub use error::{Contradiction, InputError, LayoutFault, OptionsFault, Place, RowFault};
pub use note::Note;
pub use options::{ReadOptions, Shape, Wide};
pub use score::ScoreFault;
pub use shape::Looks;
pub use text::LONGEST_ROW;

use encoding::Undecodable;
use error::Stop;
use foreign::Form;
use sink::Sink;
use std::io::{self, Read as Bytes};
use text::Text;

/// Reads a whole table from `source`; `name` is what messages call it.
///
/// # Errors
/// See [`InputError`].
pub fn read(source: impl Bytes, name: &str, options: &ReadOptions) -> Result<Read, InputError> {
    match &options.shape {
        Shape::Long => {
            let mut sink = long::Long::new(options)?;
            rows(source, name, options, &mut sink)?;
            sink.finish()
                .map_err(|stop| named(stop, name, Container::Plain))
        }
        Shape::Wide(wide) => {
            let mut sink = wide::Wide::new(options, wide)?;
            rows(source, name, options, &mut sink)?;
            sink.finish()
                .map_err(|stop| named(stop, name, Container::Plain))
        }
    }
}

/// Reads a number for each user from two columns of `source`, in the order of their first rows. A row
/// may be there twice, with one number. Of `options`, the encoding and the codes of missing numbers
/// and decimal commas count.
///
/// # Errors
/// See [`InputError`].
pub fn read_criterion(
    source: impl Bytes,
    name: &str,
    user: &str,
    value: &str,
    options: &ReadOptions,
) -> Result<Vec<(String, Option<Decimal>)>, InputError> {
    let options = &beside(options);
    let mut sink = pairs::Pairs::new("user", user, value, options)?;
    rows(source, name, options, &mut sink)?;
    Ok(sink.finish())
}

/// Reads the group of each question from two columns of `source`, in the order of their first rows. A
/// row may be there twice, with one group. Of `options`, the encoding counts.
///
/// # Errors
/// See [`InputError`].
pub fn read_groups(
    source: impl Bytes,
    name: &str,
    question: &str,
    group: &str,
    options: &ReadOptions,
) -> Result<Vec<(String, String)>, InputError> {
    let options = &beside(options);
    let mut sink = pairs::Pairs::new("question", question, group, options)?;
    rows(source, name, options, &mut sink)?;
    Ok(sink.finish())
}

/// What `options` say of a file beside the table.
fn beside(options: &ReadOptions) -> ReadOptions {
    ReadOptions {
        encoding: options.encoding,
        codes: Codes {
            missing: options.codes.missing.clone(),
            decimal_comma: options.codes.decimal_comma,
            ..Codes::default()
        },
        ..ReadOptions::default()
    }
}

/// Hands the rows of `source` to `sink`.
fn rows<S: Sink>(
    source: impl Bytes,
    name: &str,
    options: &ReadOptions,
    sink: &mut S,
) -> Result<(), InputError> {
    let (container, unpacked) = match container::unpack(source) {
        Ok(unpacked) => unpacked,
        Err(error) => return Err(named(Stop::Io(error), name, Container::Plain)),
    };
    unpacked_rows(unpacked, name, options, sink).map_err(|stop| named(stop, name, container))
}

/// The error of a source of this name and packing.
fn named(stop: Stop, name: &str, container: Container) -> InputError {
    let name = name.to_owned();
    match stop {
        Stop::Io(error) => match error.get_ref().and_then(|inner| inner.downcast_ref()) {
            Some(undecodable @ Undecodable { .. }) => {
                let problem = undecodable.to_string();
                let fault = LayoutFault::Undecodable { problem };
                InputError::Layout { name, fault }
            }
            None if container == Container::Plain => InputError::Read { name, error },
            None => InputError::Unpack {
                name,
                container,
                error,
            },
        },
        Stop::Layout(fault) => InputError::Layout { name, fault },
        Stop::Row(place, fault) => InputError::Row { name, place, fault },
        Stop::Table(error) => InputError::Table {
            name: name.into(),
            error,
        },
    }
}

/// Tells the form by the first bytes and reads it.
fn unpacked_rows<S: Sink>(
    unpacked: Box<dyn Bytes + '_>,
    name: &str,
    options: &ReadOptions,
    sink: &mut S,
) -> Result<(), Stop> {
    let (start, source) = container::begin(unpacked)?;
    match foreign::form(&start, name) {
        Form::Foreign(fault) => return Err(fault.into()),
        Form::Binary(form) => return binary::read(form, source, options, sink),
        Form::Text => {}
    }
    if options.sheet.is_some() {
        return Err(LayoutFault::NoSheets.into());
    }
    let mut text = Text::new(decoded(&start, source, options.encoding)?);
    match text.skip_lines()? {
        None => Err(LayoutFault::Empty.into()),
        Some(b'[' | b'{') if options.skip_rows > 0 => Err(LayoutFault::NoHeader.into()),
        Some(b'[') => json::read(&mut text, sink),
        Some(b'{') => ndjson::read(&mut text, sink),
        Some(_) => match &options.shape {
            Shape::Wide(Wide {
                answers: Some(_), ..
            }) => Err(LayoutFault::NoFields.into()),
            _ => csv::read(&mut text, options.skip_rows, sink),
        },
    }
}

/// The text of a source as UTF-8, without its byte order mark.
fn decoded<'a>(
    start: &[u8],
    mut source: Box<dyn Bytes + 'a>,
    encoding: Option<Encoding>,
) -> Result<Box<dyn Bytes + 'a>, Stop> {
    let marked = Encoding::marked(start);
    if let Some((_, length)) = marked {
        io::copy(&mut source.by_ref().take(length as u64), &mut io::sink())?;
    }
    let encoding = match (encoding, marked) {
        (None, None) => return Ok(source),
        (Some(named), None) => named,
        (None, Some((marked, _))) => marked,
        (Some(named), Some((marked, _))) if named.agrees(marked) => marked,
        (Some(named), Some((marked, _))) => {
            let (marked, named) = (marked.to_string(), named.to_string());
            return Err(LayoutFault::Marked { marked, named }.into());
        }
    };
    Ok(match encoding.is_utf8() {
        // Rows say where they are not valid.
        true => source,
        false => encoding.decode(source),
    })
}
