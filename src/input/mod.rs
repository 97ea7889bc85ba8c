//! Reads tables: JSON array, NDJSON or CSV, plain or gzip or zstd, told apart by content.
//!
//! Layer 1. Bytes go down this line, none of which holds the whole table:
//! `container` (gzip, zstd, byte order mark) → `text` (rows, lines and columns) → `json` and
//! `ndjson` (by way of `object`) or `csv` → `score` (exact decimals) →
//! [`MatrixBuilder`].
//!
//! # What is read
//! - The first byte that is not space decides: `[` is a JSON array of objects, `{` is one JSON object
//!   a line, anything else is CSV with a header. CSV is delimited by whichever of `,`, `;` and tab
//!   makes the header hold the three names.
//! - Users and questions are texts, kept as written, spaces too; JSON numbers are taken as their
//!   text, so `1` and `1.0` are two users. Empty ones are errors.
//! - A score is an integer or a decimal, in JSON also as a string, with or without exponent, and
//!   space around it is ignored. It is held exactly or refused: at most [`MAX_SCALE`] digits behind
//!   the point. Null or empty is a missing answer; `NA` and the like are errors.
//! - Other columns and fields are ignored.
//!
//! [`MAX_SCALE`]: crate::matrix::MAX_SCALE

mod columns;
mod container;
mod csv;
mod error;
mod json;
mod ndjson;
mod object;
mod quote;
mod score;
mod sink;
mod text;

pub use columns::ColumnNames;
pub use container::Container;
pub use error::{InputError, LayoutFault, Place, RowFault};
pub use score::ScoreFault;
pub use text::LONGEST_ROW;

use crate::matrix::{Duplicates, MatrixBuilder, ResponseMatrix};
use error::Stop;
use std::io::Read;
use text::Text;

/// How to read.
#[derive(Clone, Debug, Default)]
pub struct ReadOptions {
    /// Names of the columns.
    pub columns: ColumnNames,
    /// What a repeated (user, question) means.
    pub duplicates: Duplicates,
}

/// Reads a whole table from `source`; `name` is what messages call it.
///
/// # Errors
/// See [`InputError`].
pub fn read(
    source: impl Read,
    name: &str,
    options: &ReadOptions,
) -> Result<ResponseMatrix, InputError> {
    if let Some(column) = options.columns.shared() {
        return Err(InputError::SameColumn {
            column: column.to_owned(),
        });
    }
    let name = name.to_owned();
    let (container, unpacked) = match container::unpack(source) {
        Ok(unpacked) => unpacked,
        Err(error) => return Err(InputError::Read { name, error }),
    };
    read_text(unpacked, options).map_err(|stop| match stop {
        Stop::Io(error) if container == Container::Plain => InputError::Read { name, error },
        Stop::Io(error) => InputError::Unpack {
            name,
            container,
            error,
        },
        Stop::Layout(fault) => InputError::Layout { name, fault },
        Stop::Row(place, fault) => InputError::Row { name, place, fault },
        Stop::Table(error) => InputError::Table { name, error },
    })
}

/// Tells the form by the first byte and reads it.
fn read_text(unpacked: Box<dyn Read + '_>, options: &ReadOptions) -> Result<ResponseMatrix, Stop> {
    let text = container::text(unpacked)?.ok_or(LayoutFault::Utf16)?;
    let mut text = Text::new(text);
    let mut builder = MatrixBuilder::new();
    let columns = &options.columns;
    let (lead, first) = text.lead()?;
    let unit = match first {
        None => return Err(LayoutFault::Empty.into()),
        Some(b'[') => {
            json::read(&mut text, columns, &mut builder)?;
            Place::Record(0).unit()
        }
        Some(b'{') => {
            ndjson::read(&mut text, columns, &mut builder)?;
            Place::Line(0).unit()
        }
        Some(_) => {
            csv::read(&mut text, lead, columns, &mut builder)?;
            Place::Line(0).unit()
        }
    };
    Ok(builder.finish(options.duplicates, unit)?)
}
