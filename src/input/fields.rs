//! A row of CSV taken apart into its fields.
//!
//! Most rows have no quote: their fields stand in the row as they are. Those of others are unquoted
//! into a text of their own.

use super::cell::Cell;
use super::error::RowFault;
use std::ops::Range;

/// Where in a row one stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum At {
    /// At the start of a field.
    Start,
    /// In a field without quotes, or behind a closing quote and more.
    Plain,
    /// Inside quotes.
    Quoted,
    /// Behind a quote inside quotes: it closes them, or another one follows.
    Quote,
    /// Behind the line feed.
    End,
}

impl At {
    pub(super) fn step(self, byte: u8, delimits: bool) -> Self {
        match (self, byte) {
            (Self::Start | Self::Quote, b'"') => Self::Quoted,
            (Self::Quoted, b'"') => Self::Quote,
            (Self::Quoted, _) => Self::Quoted,
            (_, b'\n') => Self::End,
            _ if delimits => Self::Start,
            _ => Self::Plain,
        }
    }
}

/// Room for the fields of one row after another.
#[derive(Default)]
pub(super) struct Splitter {
    /// The fields of a row with quotes, unquoted, a delimiter behind each.
    unquoted: String,
    /// Where each field ends, and where their number ends is not told by the length.
    ends: Vec<u32>,
}

/// The fields of a row.
#[derive(Clone, Copy)]
pub(super) struct Fields<'r> {
    text: &'r str,
    ends: &'r [u32],
}

impl<'r> Fields<'r> {
    pub(super) fn len(self) -> usize {
        self.ends.len()
    }

    /// The bytes of a field.
    #[inline]
    fn span(self, field: usize) -> Range<usize> {
        let start = match field {
            0 => 0,
            _ => self.ends[field - 1] as usize + 1,
        };
        start..self.ends[field] as usize
    }

    pub(super) fn get(self, field: usize) -> &'r str {
        &self.text[self.span(field)]
    }

    /// A field as a cell; one of no text is an empty cell.
    #[inline]
    pub(super) fn cell(self, field: usize) -> Cell<'r> {
        // One byte that is a digit needs no look at where characters begin, which a text does.
        match self.text.as_bytes()[self.span(field)] {
            [digit @ b'0'..=b'9'] => Cell::Digit(digit - b'0'),
            [] => Cell::Empty,
            _ => Cell::Text(self.get(field)),
        }
    }

    pub(super) fn iter(self) -> impl Iterator<Item = &'r str> {
        (0..self.len()).map(move |field| self.get(field))
    }
}

impl Splitter {
    /// Takes `row`, of at most [`super::text::LONGEST_ROW`] bytes, apart. At a fault it says how many
    /// fields stand up to the one that has it.
    pub(super) fn split<'r>(
        &'r mut self,
        row: &'r [u8],
        delimiter: u8,
    ) -> Result<Fields<'r>, (usize, RowFault)> {
        let row = std::str::from_utf8(row).map_err(|error| {
            let byte = error.valid_up_to() as u64 + 1;
            (0, RowFault::Utf8 { byte })
        })?;
        let row = row.strip_suffix('\n').unwrap_or(row);
        let row = row.strip_suffix('\r').unwrap_or(row);
        if memchr::memchr2(b'"', b'\r', row.as_bytes()).is_none() {
            let fields = self.plain(row.as_bytes(), delimiter);
            return Ok(Fields {
                text: row,
                ends: &self.ends[..fields],
            });
        }
        self.unquoted.clear();
        self.ends.clear();
        let delimiter = char::from(delimiter);
        let mut rest = row;
        loop {
            let behind = match rest.strip_prefix('"') {
                Some(quoted) => self.unquote(quoted),
                None => {
                    let (field, behind) = rest.split_at(rest.find(delimiter).unwrap_or(rest.len()));
                    self.unquoted.push_str(field);
                    match field.contains('\r') {
                        true => Err(RowFault::CarriageReturn),
                        false => Ok(behind),
                    }
                }
            };
            // Not longer than the row.
            self.ends.push(self.unquoted.len() as u32);
            let fault = |fault| (self.ends.len(), fault);
            let behind = behind.map_err(fault)?;
            self.unquoted.push(delimiter);
            rest = match behind.strip_prefix(delimiter) {
                Some(rest) => rest,
                None if behind.is_empty() => {
                    return Ok(Fields {
                        text: &self.unquoted,
                        ends: &self.ends,
                    });
                }
                None => return Err(fault(RowFault::AfterQuote)),
            };
        }
    }

    /// Finds the ends of the fields of a row without quotes; how many there are.
    fn plain(&mut self, row: &[u8], delimiter: u8) -> usize {
        if self.ends.len() <= row.len() {
            self.ends.resize(row.len() + 1, 0);
        }
        let ends = &mut self.ends[..=row.len()];
        let mut fields = 0;
        // Every place is written and only those of delimiters are kept: no branch to guess.
        for (at, &byte) in row.iter().enumerate() {
            ends[fields] = at as u32;
            fields += usize::from(byte == delimiter);
        }
        ends[fields] = row.len() as u32;
        fields + 1
    }

    /// Takes the field whose opening quote was just stepped over; what stands behind it.
    fn unquote<'r>(&mut self, mut rest: &'r str) -> Result<&'r str, RowFault> {
        loop {
            let Some((field, behind)) = rest.split_once('"') else {
                return Err(RowFault::UnclosedQuote);
            };
            self.unquoted.push_str(field);
            match behind.strip_prefix('"') {
                None => return Ok(behind),
                Some(more) => {
                    self.unquoted.push('"');
                    rest = more;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(row: &str) -> Result<Vec<String>, RowFault> {
        let mut splitter = Splitter::default();
        let fields = splitter
            .split(row.as_bytes(), b',')
            .map_err(|(_, fault)| fault)?;
        Ok(fields.iter().map(str::to_owned).collect())
    }

    #[test]
    fn rows_by_the_rfc() {
        for (row, fields) in [
            ("a,b\n", &["a", "b"][..]),
            ("a,b\r\n", &["a", "b"]),
            ("a,", &["a", ""]),
            (",", &["", ""]),
            ("", &[""]),
            ("\"\",\"a,b\"", &["", "a,b"]),
            ("\"say \"\"hi\"\"\",x\n", &["say \"hi\"", "x"]),
            ("\"two\nlines\r\n\",x\r\n", &["two\nlines\r\n", "x"]),
            ("5\" disk, x ", &["5\" disk", " x "]),
            ("é,\"é\"\"é\"", &["é", "é\"é"]),
            ("é,é\n", &["é", "é"]),
        ] {
            assert_eq!(split(row).unwrap(), fields, "{row:?}");
        }
        assert_eq!(split("\"a"), Err(RowFault::UnclosedQuote));
        assert_eq!(split("\"a\"\""), Err(RowFault::UnclosedQuote));
        assert_eq!(split("\"a\"b,c"), Err(RowFault::AfterQuote));
        assert_eq!(split("\"a\" ,c"), Err(RowFault::AfterQuote));
        assert_eq!(split("a\rb,c"), Err(RowFault::CarriageReturn));
    }
}
