//! Workbooks as Excel writes them since 2007, by way of calamine: one sheet, cell by cell.

use super::error::{LayoutFault, Place, RowFault, Stop};
use super::guard::fenced;
use super::quote::list;
use super::sink::{Cell, Sink};
use calamine::{DataRef, Reader, SheetType, Xlsx};
use std::io::{self, Cursor};

const WHAT: &str = "workbook";

/// Hands the rows of the sheet of this name, else of the first sheet, to `sink`. Its first row that is
/// not empty is the header; `skip` rows behind that are left out, and empty rows.
pub(super) fn read<S: Sink>(
    bytes: Vec<u8>,
    sheet: Option<&str>,
    skip: u64,
    sink: &mut S,
) -> Result<(), Stop> {
    check(&bytes)?;
    let mut workbook = fenced(WHAT, || Xlsx::new(Cursor::new(bytes)))?;
    let sheet = named(&workbook, sheet)?;
    let mut cells = fenced(WHAT, || workbook.worksheet_cells_reader(&sheet))?;
    let mut rows = Rows {
        skip,
        columns: None,
        row: Vec::new(),
        number: 0,
        sink,
    };
    while let Some(cell) = fenced(WHAT, || cells.next_cell())? {
        let (row, column) = cell.get_position();
        rows.take(row, column, cell.get_value().clone())?;
    }
    match rows.finish()? {
        true => Ok(()),
        false => Err(LayoutFault::EmptySheet { sheet }.into()),
    }
}

/// Whether all of the archive unpacks to what its checksums say: calamine stops reading a sheet before
/// it comes to that.
fn check(bytes: &[u8]) -> Result<(), LayoutFault> {
    fenced(WHAT, || {
        let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).map_err(|e| e.to_string())?;
        for at in 0..archive.len() {
            let mut file = archive.by_index(at).map_err(|e| e.to_string())?;
            io::copy(&mut file, &mut io::sink()).map_err(|e| e.to_string())?;
        }
        Ok::<_, String>(())
    })
}

/// The name of the sheet to read.
fn named(workbook: &Xlsx<Cursor<Vec<u8>>>, asked: Option<&str>) -> Result<String, LayoutFault> {
    let sheets = workbook.sheets_metadata().iter();
    let mut sheets = sheets.filter(|sheet| sheet.typ == SheetType::WorkSheet);
    let found = match asked {
        None => sheets.next(),
        Some(name) => sheets.find(|sheet| sheet.name == name),
    };
    found.map(|sheet| sheet.name.clone()).ok_or_else(|| {
        let names = workbook
            .sheets_metadata()
            .iter()
            .map(|sheet| sheet.name.as_str());
        LayoutFault::NoSheet {
            asked: asked.map(str::to_owned),
            found: list(names),
        }
    })
}

/// Cells on their way to be rows.
struct Rows<'s, 'w, S> {
    skip: u64,
    /// Columns of the header, once it was met.
    columns: Option<Header>,
    /// Cells of the row at hand, and its number, from 1.
    row: Vec<(u32, DataRef<'w>)>,
    number: u32,
    sink: &'s mut S,
}

/// The header's columns: those of the sheet from `first` on.
struct Header {
    first: u32,
    names: Vec<String>,
    /// Where in the row at hand the cell of each is.
    places: Vec<Option<usize>>,
}

impl<'w, S: Sink> Rows<'_, 'w, S> {
    /// Takes the next cell, by its row and column from 0.
    fn take(&mut self, row: u32, column: u32, value: DataRef<'w>) -> Result<(), Stop> {
        let number = row.saturating_add(1);
        if number != self.number {
            self.end_row()?;
        }
        let last = self.row.last().map(|&(last, _)| last);
        if number < self.number || last.is_some_and(|last| last >= column) {
            return Err(Stop::Layout(LayoutFault::Damaged {
                what: WHAT,
                problem: format!("cell {} comes too late", place(number, column)),
            }));
        }
        self.number = number;
        let empty = match &value {
            DataRef::Empty => true,
            DataRef::String(text) => text.trim().is_empty(),
            DataRef::SharedString(text) => text.trim().is_empty(),
            _ => false,
        };
        if !empty {
            self.row.push((column, value));
        }
        Ok(())
    }

    fn end_row(&mut self) -> Result<(), Stop> {
        let cells = std::mem::take(&mut self.row);
        let (Some(&(first, _)), Some(&(last, _))) = (cells.first(), cells.last()) else {
            return Ok(());
        };
        let Some(header) = &mut self.columns else {
            let mut names = vec![String::new(); (last - first) as usize + 1];
            for (column, value) in &cells {
                let place = place(self.number, *column);
                names[(column - first) as usize] = name(value)
                    .map_err(|found| Stop::Layout(LayoutFault::HeaderCell { place, found }))?;
            }
            self.sink.header(&names, Place::Row(self.number.into()))?;
            self.columns = Some(Header {
                first,
                places: vec![None; names.len()],
                names,
            });
            return Ok(());
        };
        if self.skip > 0 {
            self.skip -= 1;
            return Ok(());
        }
        header.places.fill(None);
        for (at, (column, _)) in cells.iter().enumerate() {
            let of = column.checked_sub(header.first).map(|of| of as usize);
            if let Some(place) = of.and_then(|of| header.places.get_mut(of)) {
                *place = Some(at);
            }
        }
        let texts: Vec<Cell<'_>> = cells.iter().map(|(_, value)| of_value(value)).collect();
        let places = &header.places;
        let cell = |column: usize| places[column].map_or(Cell::Empty, |at| texts[at]);
        let taken = self.sink.row(Place::Row(self.number.into()), cell);
        taken.map_err(|stop| header.located(stop, self.number))
    }

    /// Takes the last row; whether there was a header.
    fn finish(mut self) -> Result<bool, Stop> {
        self.end_row()?;
        Ok(self.columns.is_some())
    }
}

impl Header {
    /// A fault of this row that names a column, with the address of its cell.
    fn located(&self, stop: Stop, row: u32) -> Stop {
        let Stop::Row(Place::Row(number), fault) = stop else {
            return stop;
        };
        let column = match &fault {
            RowFault::Kind { field: name, .. }
            | RowFault::Score { column: name, .. }
            | RowFault::NoQuestion { column: name, .. }
            | RowFault::EmptyId { column: name, .. } => name,
            _ => return Stop::Row(Place::Row(number), fault),
        };
        match self.names.iter().position(|name| name == column) {
            Some(at) if number == u64::from(row) => {
                Stop::Row(place(row, self.first + at as u32), fault)
            }
            _ => Stop::Row(Place::Row(number), fault),
        }
    }
}

fn place(row: u32, column: u32) -> Place {
    Place::Cell {
        row: row.into(),
        column,
    }
}

/// The name of a column, or what its cell holds instead.
fn name(value: &DataRef<'_>) -> Result<String, &'static str> {
    match of_value(value) {
        Cell::Text(text) => Ok(text.trim().to_owned()),
        Cell::Digit(digit) => Ok(digit.to_string()),
        Cell::Float(number) => Ok(number.to_string()),
        Cell::Integer(number) => Ok(number.to_string()),
        Cell::Empty => Ok(String::new()),
        Cell::Truth(truth) => Ok(truth.to_string()),
        Cell::Number(number) => Ok(number.to_owned()),
        Cell::Nested(found) => Err(found),
    }
}

fn of_value<'c>(value: &'c DataRef<'_>) -> Cell<'c> {
    match value {
        DataRef::Int(number) => Cell::Integer(*number),
        DataRef::Float(number) => Cell::Float(*number),
        DataRef::String(text) => Cell::Text(text),
        DataRef::SharedString(text) => Cell::Text(text),
        DataRef::Bool(truth) => Cell::Truth(*truth),
        DataRef::DateTime(_) | DataRef::DateTimeIso(_) => Cell::Nested("a date or a time"),
        DataRef::DurationIso(_) => Cell::Nested("a duration"),
        // A text that may be a code for a missing answer.
        DataRef::Error(error) => Cell::Text(error_text(error)),
        DataRef::Empty => Cell::Empty,
    }
}

/// An error as its cell shows it.
fn error_text(error: &calamine::CellErrorType) -> &'static str {
    use calamine::CellErrorType as Type;
    match error {
        Type::Div0 => "#DIV/0!",
        Type::NA => "#N/A",
        Type::Name => "#NAME?",
        Type::Null => "#NULL!",
        Type::Num => "#NUM!",
        Type::Ref => "#REF!",
        Type::Value => "#VALUE!",
        Type::GettingData => "#DATA!",
    }
}
