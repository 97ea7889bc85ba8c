//! CSV with a header, strictly by RFC 4180 with `,`, `;` or tab.
//!
//! Written here because lenient parsers, the `csv` crate among them, read on over an unclosed quote
//! or text behind a closing one, and so can swallow rows without a word.
//!
//! A field that begins with `"` is quoted: it may hold delimiters and line breaks, and `""` for a
//! quote. Anywhere else a quote is a character like others. Lines end in LF or CR LF; empty ones are
//! skipped. Space belongs to a user or a question, and not to a name in the header or to a score.

use super::columns::ColumnNames;
use super::error::{LayoutFault, Place, RowFault, Stop};
use super::quote::list;
use super::score;
use super::text::{Cut, LONGEST_ROW, Text};
use crate::matrix::MatrixBuilder;

const DELIMITERS: [u8; 3] = [b',', b';', b'\t'];

/// Reads to the end of the text, whose next byte is not space. `lead` is the space before it, on the
/// same line: a tab there is a delimiter behind a nameless first column.
pub(super) fn read(
    text: &mut Text<'_>,
    lead: Vec<u8>,
    columns: &ColumnNames,
    builder: &mut MatrixBuilder,
) -> Result<(), Stop> {
    let header = Header::read(text, lead, columns)?;
    let mut bytes = Vec::new();
    let mut fields = Fields::default();
    while let Some(place) = next_row(text, header.delimiter, &mut bytes)? {
        let row = |fault| Stop::Row(place, fault);
        fields.split(&bytes, header.delimiter).map_err(row)?;
        if fields.len() != header.fields {
            return Err(row(RowFault::Length {
                expected: header.fields,
                found: fields.len(),
            }));
        }
        let user = id(fields.get(header.user), &columns.user).map_err(row)?;
        let question = id(fields.get(header.question), &columns.question).map_err(row)?;
        let score = score::parse(fields.get(header.score)).map_err(|fault| {
            row(RowFault::Score {
                column: columns.score.clone(),
                fault,
            })
        })?;
        builder.push(user, question, score, place.number())?;
    }
    Ok(())
}

fn id<'f>(field: &'f str, column: &str) -> Result<&'f str, RowFault> {
    if field.trim_ascii().is_empty() {
        return Err(RowFault::EmptyId {
            column: column.to_owned(),
        });
    }
    Ok(field)
}

/// What the header says.
struct Header {
    delimiter: u8,
    fields: usize,
    user: usize,
    question: usize,
    score: usize,
}

impl Header {
    /// Reads the header and takes the delimiter that makes it hold the three names.
    ///
    /// What a quote means depends on the delimiter: by `,` the text `"user";"score"` goes on behind a
    /// closing quote, and a row may even end elsewhere. So each delimiter is tried on the row that it
    /// makes itself, shorter rows first, and where one holds the names, nothing behind its row was
    /// read. A fault is told only where none does: by the delimiter that makes most fields, which is
    /// likely the one meant; of several, by one without a fault in its quotes, else by the first.
    fn read(text: &mut Text<'_>, lead: Vec<u8>, columns: &ColumnNames) -> Result<Self, Stop> {
        let place = Place::Line(text.line());
        let mut open = DELIMITERS.map(|delimiter| (delimiter, At::Start)).to_vec();
        let mut row = lead;
        for &byte in &row {
            step(&mut open, byte);
        }
        let mut fields = Fields::default();
        let mut told: Option<((usize, bool), Stop)> = None;
        loop {
            let cut = text.row(&mut row, |byte| step(&mut open, byte))?;
            let binary = |b: &u8| b.is_ascii_control() && !b"\t\r\n".contains(b);
            if told.is_none() && (cut == Cut::TooLong || row.iter().any(binary)) {
                return Err(LayoutFault::NotText.into());
            }
            let ended = |&mut (_, at): &mut (u8, At)| at == At::End || cut != Cut::Whole;
            for (delimiter, _) in open.extract_if(.., ended) {
                let stop = match fields.split(&row, delimiter) {
                    Ok(()) => match Self::find(&fields, delimiter, columns, place.number()) {
                        Ok(header) => return Ok(header),
                        Err(fault) => Stop::Layout(fault),
                    },
                    Err(fault) => Stop::Row(place, fault),
                };
                let rank = (fields.len(), matches!(stop, Stop::Layout(_)));
                if told.as_ref().is_none_or(|(best, _)| rank > *best) {
                    told = Some((rank, stop));
                }
            }
            match told {
                Some((_, stop)) if open.is_empty() => return Err(stop),
                _ => {}
            }
        }
    }

    /// Where among `fields`, the header on `line`, the three names are.
    fn find(
        fields: &Fields,
        delimiter: u8,
        columns: &ColumnNames,
        line: u64,
    ) -> Result<Self, LayoutFault> {
        let names: Vec<&str> = fields.iter().map(str::trim).collect();
        let wanted = [&columns.user, &columns.question, &columns.score];
        let places = wanted.map(|name| names.iter().position(|n| n == name));
        let [Some(user), Some(question), Some(score)] = places else {
            let missing = wanted
                .into_iter()
                .filter(|name| !names.contains(&name.as_str()));
            return Err(LayoutFault::MissingColumns {
                missing: list(missing.map(String::as_str)),
                line,
                found: list(names.iter().copied()),
            });
        };
        let repeated = |name: &&String| names.iter().filter(|n| *n == name).count() > 1;
        if let Some(column) = wanted.into_iter().find(repeated).cloned() {
            return Err(LayoutFault::RepeatedColumn { column, line });
        }
        Ok(Self {
            delimiter,
            fields: names.len(),
            user,
            question,
            score,
        })
    }
}

/// Steps each delimiter's reading of a row over `byte`; whether one of them ends there.
fn step(open: &mut [(u8, At)], byte: u8) -> bool {
    for (delimiter, at) in open.iter_mut() {
        *at = at.step(byte, byte == *delimiter);
    }
    open.iter().any(|&(_, at)| at == At::End)
}

/// Reads the next row that is not an empty line into `bytes`; where it starts.
fn next_row(
    text: &mut Text<'_>,
    delimiter: u8,
    bytes: &mut Vec<u8>,
) -> Result<Option<Place>, Stop> {
    loop {
        bytes.clear();
        let place = Place::Line(text.line());
        let mut at = At::Start;
        let cut = text.row(bytes, |byte| {
            at = at.step(byte, byte == delimiter);
            at == At::End
        })?;
        if cut == Cut::TooLong {
            let fault = RowFault::TooLong { limit: LONGEST_ROW };
            return Err(Stop::Row(place, fault));
        }
        if !matches!(bytes[..], [] | [b'\n'] | [b'\r', b'\n'] | [b'\r']) {
            return Ok(Some(place));
        }
        if cut == Cut::AtEnd {
            return Ok(None);
        }
    }
}

/// Where in a row one stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum At {
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
    fn step(self, byte: u8, delimits: bool) -> Self {
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

/// The fields of a row, unquoted, one behind the other.
#[derive(Default)]
struct Fields {
    text: String,
    ends: Vec<usize>,
}

impl Fields {
    fn len(&self) -> usize {
        self.ends.len()
    }

    fn get(&self, field: usize) -> &str {
        let start = if field == 0 { 0 } else { self.ends[field - 1] };
        &self.text[start..self.ends[field]]
    }

    fn iter(&self) -> impl Iterator<Item = &str> {
        (0..self.len()).map(|field| self.get(field))
    }

    /// Takes `row` apart. At a fault the field that has it is the last one.
    fn split(&mut self, row: &[u8], delimiter: u8) -> Result<(), RowFault> {
        self.text.clear();
        self.ends.clear();
        let row = std::str::from_utf8(row).map_err(|error| RowFault::Utf8 {
            byte: error.valid_up_to() as u64 + 1,
        })?;
        let row = row.strip_suffix('\n').unwrap_or(row);
        let row = row.strip_suffix('\r').unwrap_or(row);
        let delimiter = char::from(delimiter);
        let mut rest = row;
        loop {
            let behind = match rest.strip_prefix('"') {
                Some(quoted) => self.unquote(quoted),
                None => {
                    let (field, behind) = rest.split_at(rest.find(delimiter).unwrap_or(rest.len()));
                    self.text.push_str(field);
                    match field.contains('\r') {
                        true => Err(RowFault::CarriageReturn),
                        false => Ok(behind),
                    }
                }
            };
            self.ends.push(self.text.len());
            let behind = behind?;
            rest = match behind.strip_prefix(delimiter) {
                Some(rest) => rest,
                None if behind.is_empty() => return Ok(()),
                None => return Err(RowFault::AfterQuote),
            };
        }
    }

    /// Takes the field whose opening quote was just stepped over; what stands behind it.
    fn unquote<'r>(&mut self, mut rest: &'r str) -> Result<&'r str, RowFault> {
        loop {
            let Some((field, behind)) = rest.split_once('"') else {
                return Err(RowFault::UnclosedQuote);
            };
            self.text.push_str(field);
            match behind.strip_prefix('"') {
                None => return Ok(behind),
                Some(more) => {
                    self.text.push('"');
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
        let mut fields = Fields::default();
        fields.split(row.as_bytes(), b',')?;
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
