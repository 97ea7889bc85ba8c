//! A JSON array of objects, one at a time: brackets and strings are followed here only to find where
//! an object ends; what is inside is parsed, and checked, by serde_json.

use super::error::{LayoutFault, Place, RowFault, Stop};
use super::object::{self, Records, Start};
use super::sink::Sink;
use super::text::{Cut, LONGEST_ROW, Text};

/// Reads the array that begins at the next byte, to the end of the text.
pub(super) fn read<S: Sink>(text: &mut Text<'_>, sink: &mut S) -> Result<(), Stop> {
    let mut objects = Records::new(sink);
    text.step();
    let mut row = Vec::new();
    let mut records = 0;
    if text.skip_space()? == Some(b']') {
        text.step();
    } else {
        loop {
            records += 1;
            record(text, Place::Record(records), &mut row, &mut objects, sink)?;
            match text.skip_space()? {
                Some(b',') => text.step(),
                Some(b']') => {
                    text.step();
                    break;
                }
                other => {
                    let problem = match other {
                        None => "the array is not closed; the file is cut short",
                        Some(_) => "expected `,` or `]` behind the object",
                    };
                    return Err(fault(text, Place::Record(records), problem));
                }
            }
        }
    }
    match text.skip_space()? {
        None => Ok(()),
        Some(_) => Err(LayoutFault::AfterArray {
            records,
            line: text.line(),
            column: text.column(),
        }
        .into()),
    }
}

/// A fault at the next byte.
fn fault(text: &Text<'_>, place: Place, problem: &str) -> Stop {
    let (line, column) = (text.line(), text.column());
    let problem = problem.to_owned();
    Stop::Row(
        place,
        RowFault::Syntax {
            line,
            column,
            problem,
        },
    )
}

/// Reads one object.
fn record<S: Sink>(
    text: &mut Text<'_>,
    place: Place,
    row: &mut Vec<u8>,
    objects: &mut Records,
    sink: &mut S,
) -> Result<(), Stop> {
    match text.skip_space()? {
        Some(b'{') => {}
        None => {
            let problem = "the array is not closed; the file is cut short";
            return Err(fault(text, place, problem));
        }
        Some(b']') => {
            let problem = "an object is missing behind the last `,`";
            return Err(fault(text, place, problem));
        }
        Some(byte) => {
            let found = object::words(byte);
            return Err(Stop::Row(place, RowFault::NotAnObject { found }));
        }
    }
    let start = Start {
        place,
        line: text.line(),
        column: text.column(),
    };
    row.clear();
    let mut brackets = Brackets::default();
    match text.row(row, |byte| brackets.closed_by(byte))? {
        // Cut short or never closed: serde says where it goes wrong.
        Cut::Whole | Cut::AtEnd => objects.push(row, start, sink),
        Cut::TooLong => Err(Stop::Row(place, RowFault::TooLong { limit: LONGEST_ROW })),
    }
}

/// Follows brackets and strings to the end of an object. That brackets match in kind is left to
/// serde.
#[derive(Default)]
struct Brackets {
    depth: usize,
    in_string: bool,
    escaped: bool,
}

impl Brackets {
    /// Whether `byte` closes the outermost bracket.
    fn closed_by(&mut self, byte: u8) -> bool {
        if self.in_string {
            if self.escaped {
                self.escaped = false;
            } else if byte == b'\\' {
                self.escaped = true;
            } else if byte == b'"' {
                self.in_string = false;
            }
            return false;
        }
        match byte {
            b'"' => self.in_string = true,
            b'{' | b'[' => self.depth += 1,
            b'}' | b']' => {
                self.depth = self.depth.saturating_sub(1);
                return self.depth == 0;
            }
            _ => {}
        }
        false
    }
}
