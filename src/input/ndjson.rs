//! One JSON object a line; empty lines are skipped.

use super::error::{Place, RowFault, Stop};
use super::object::{self, Records, Start};
use super::sink::Sink;
use super::text::{Cut, LONGEST_ROW, Text};

/// Reads to the end of the text.
pub(super) fn read<S: Sink>(text: &mut Text<'_>, sink: &mut S) -> Result<(), Stop> {
    let mut objects = Records::new(sink);
    let mut row = Vec::new();
    while let Some(byte) = text.skip_space()? {
        let start = Start {
            place: Place::Line(text.line()),
            line: text.line(),
            column: text.column(),
        };
        if byte != b'{' {
            let found = object::words(byte);
            return Err(Stop::Row(start.place, RowFault::NotAnObject { found }));
        }
        row.clear();
        match text.row(&mut row, |byte| byte == b'\n')? {
            Cut::Whole | Cut::AtEnd => {
                objects.push(row.trim_ascii_end(), start, sink)?;
            }
            Cut::TooLong => {
                let fault = RowFault::TooLong { limit: LONGEST_ROW };
                return Err(Stop::Row(start.place, fault));
            }
        }
    }
    Ok(())
}
