//! Forms that are no text. Their readers go about in them, so they are taken as a whole, as they are
//! packed; rows are unpacked as they are read.

use super::error::{LayoutFault, Stop};
use super::options::{ReadOptions, Shape, Wide};
use super::sink::Sink;
use std::io::Read;

/// A form that is no text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Binary {
    /// Parquet.
    Parquet,
    /// A workbook of a spreadsheet, as Excel has written them since 2007.
    Workbook,
}

/// Hands the rows of `source` to `sink`.
pub(super) fn read<S: Sink>(
    form: Binary,
    mut source: impl Read,
    options: &ReadOptions,
    sink: &mut S,
) -> Result<(), Stop> {
    let answers = match &options.shape {
        Shape::Wide(Wide { answers, .. }) => answers.is_some(),
        Shape::Long => false,
    };
    if options.encoding.is_some() {
        return Err(LayoutFault::NotEncoded.into());
    }
    if answers {
        return Err(LayoutFault::NoFields.into());
    }
    if options.sheet.is_some() && form != Binary::Workbook {
        return Err(LayoutFault::NoSheets.into());
    }
    let mut bytes = Vec::new();
    source.read_to_end(&mut bytes)?;
    match form {
        Binary::Parquet => of_parquet(bytes, options, sink),
        Binary::Workbook => of_workbook(bytes, options, sink),
    }
}

#[cfg(feature = "parquet")]
fn of_parquet<S: Sink>(bytes: Vec<u8>, options: &ReadOptions, sink: &mut S) -> Result<(), Stop> {
    super::parquet::read(bytes, options.skip_rows, sink)
}

#[cfg(not(feature = "parquet"))]
fn of_parquet<S: Sink>(_: Vec<u8>, _: &ReadOptions, _: &mut S) -> Result<(), Stop> {
    let what = "a Parquet file";
    Err(LayoutFault::NotBuilt { what }.into())
}

#[cfg(feature = "xlsx")]
fn of_workbook<S: Sink>(bytes: Vec<u8>, options: &ReadOptions, sink: &mut S) -> Result<(), Stop> {
    let sheet = options.sheet.as_deref();
    super::xlsx::read(bytes, sheet, options.skip_rows, sink)
}

#[cfg(not(feature = "xlsx"))]
fn of_workbook<S: Sink>(_: Vec<u8>, _: &ReadOptions, _: &mut S) -> Result<(), Stop> {
    let what = "a workbook";
    Err(LayoutFault::NotBuilt { what }.into())
}
