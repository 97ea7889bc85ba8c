//! CSV with a header, strictly by RFC 4180 with `,`, `;` or tab.
//!
//! Written here because lenient parsers, the `csv` crate among them, read on over an unclosed quote
//! or text behind a closing one, and so can swallow rows without a word.
//!
//! A field that begins with `"` is quoted: it may hold delimiters and line breaks, and `""` for a
//! quote. Anywhere else a quote is a character like others. Lines end in LF or CR LF; empty ones are
//! skipped. A first line such as `sep=;`, as spreadsheets write it, names the delimiter.

use super::error::{LayoutFault, Place, RowFault, Stop};
use super::fields::{At, Splitter};
use super::sink::{Fit, Sink};
use super::text::{LONGEST_ROW, Text};

const DELIMITERS: [u8; 3] = [b',', b';', b'\t'];

/// Reads to the end of the text. Its next line holds more than space; a tab before that is a
/// delimiter behind a nameless first column. `skip` rows behind the header are no data.
pub(super) fn read<S: Sink>(text: &mut Text<'_>, skip: u64, sink: &mut S) -> Result<(), Stop> {
    let delimiters = match named_delimiter(text)? {
        None => DELIMITERS.to_vec(),
        Some(delimiter) => vec![delimiter],
    };
    let mut splitter = Splitter::default();
    let (delimiter, columns) = header(text, &delimiters, &mut splitter, sink)?;
    for _ in 0..skip {
        match row_end(text, delimiter)? {
            Some((_, end)) => text.take(end),
            None => break,
        };
    }
    while let Some((place, end)) = row_end(text, delimiter)? {
        let row = |fault| Stop::Row(place, fault);
        let fields = splitter
            .split(text.take(end), delimiter)
            .map_err(|(_, fault)| row(fault))?;
        if fields.len() != columns {
            return Err(row(RowFault::Length {
                expected: columns,
                found: fields.len(),
            }));
        }
        sink.row(place, |column| fields.cell(column))?;
    }
    Ok(())
}

/// Reads until there are so many bytes ahead, or no more; those there are.
fn ahead<'t>(text: &'t mut Text<'_>, bytes: usize) -> Result<&'t [u8], Stop> {
    while text.ahead().len() < bytes && text.more()? {}
    let ahead = text.ahead();
    Ok(&ahead[..ahead.len().min(bytes)])
}

/// Takes a first line that names the delimiter, if there is one.
fn named_delimiter(text: &mut Text<'_>) -> Result<Option<u8>, Stop> {
    const LONGEST: usize = 12;
    let start = ahead(text, LONGEST)?;
    let Some(end) = memchr::memchr(b'\n', start) else {
        return Ok(None);
    };
    let line = start[..end].strip_suffix(b"\r").unwrap_or(&start[..end]);
    let quoted = line
        .strip_prefix(b"\"")
        .and_then(|line| line.strip_suffix(b"\""));
    let line = quoted.unwrap_or(line);
    let Some((b"sep=", delimiter)) = line.split_at_checked(4) else {
        return Ok(None);
    };
    let delimiter = match *delimiter {
        [delimiter] if DELIMITERS.contains(&delimiter) => delimiter,
        _ => {
            let delimiter = String::from_utf8_lossy(delimiter).into_owned();
            return Err(LayoutFault::Separator { delimiter }.into());
        }
    };
    text.take(end + 1);
    Ok(Some(delimiter))
}

/// One delimiter's reading of the header.
struct Try {
    delimiter: u8,
    at: At,
    /// Bytes that were looked at; all of the row once it has ended.
    bytes: usize,
    ended: bool,
}

impl Try {
    /// Looks at more of what is ahead, up to the end of the row.
    fn step(&mut self, ahead: &[u8]) {
        for &byte in &ahead[self.bytes..] {
            self.at = self.at.step(byte, byte == self.delimiter);
            self.bytes += 1;
            if self.at == At::End {
                self.ended = true;
                return;
            }
        }
    }
}

/// Takes the header, by the delimiter that suits the sink; that delimiter, and how many columns there
/// are.
///
/// What a quote means depends on the delimiter: by `,` the text `"user";"score"` goes on behind a
/// closing quote, and a row may even end elsewhere. So each delimiter is tried on the row that it
/// makes itself, shorter rows first. Where one holds the names that were asked for, nothing behind its
/// row was read. Where no names were, the one that makes most fields is taken, of those by which the
/// next row has as many as the header, if there are any. A fault is told only where none does: by the delimiter that makes most fields, which is likely the one meant; of
/// several, by one without a fault in its quotes, else by the first.
fn header<S: Sink>(
    text: &mut Text<'_>,
    delimiters: &[u8],
    splitter: &mut Splitter,
    sink: &mut S,
) -> Result<(u8, usize), Stop> {
    let place = Place::Line(text.line());
    let start = |&delimiter: &u8| Try {
        delimiter,
        at: At::Start,
        bytes: 0,
        ended: false,
    };
    let mut open: Vec<Try> = delimiters.iter().map(start).collect();
    let mut best: Option<((bool, usize), Header)> = None;
    let mut told: Option<Told> = None;
    while !open.is_empty() {
        open.iter_mut()
            .for_each(|delimiter| delimiter.step(text.ahead()));
        let whole = open.iter().any(|delimiter| delimiter.ended);
        let too_long = !whole && text.ahead().len() >= LONGEST_ROW;
        if !whole && !too_long && text.more()? {
            continue;
        }
        // The shortest rows that have ended, or all where there is no more.
        let shortest = open
            .iter()
            .filter(|t| t.ended || !whole)
            .map(|t| t.bytes)
            .min();
        let shortest = shortest.unwrap_or(0);
        let binary = |b: &u8| b.is_ascii_control() && !b"\t\r\n".contains(b);
        let seen = told.is_some() || best.is_some();
        if !seen && (too_long || text.ahead()[..shortest].iter().any(binary)) {
            return Err(LayoutFault::NotText.into());
        }
        for Try {
            delimiter, bytes, ..
        } in open.extract_if(.., |t| t.bytes == shortest && (t.ended || !whole))
        {
            match splitter.split(&text.ahead()[..bytes], delimiter) {
                Err((fields, fault)) => {
                    let rank = (fields, false);
                    let what = Err(Stop::Row(place, fault));
                    Told::better(&mut told, Told { rank, what });
                }
                Ok(fields) => {
                    let names: Vec<&str> = fields.iter().map(str::trim).collect();
                    let fit = sink.fit(&names);
                    let names: Vec<String> = names.into_iter().map(str::to_owned).collect();
                    let columns = names.len();
                    let header = Header {
                        delimiter,
                        bytes,
                        names,
                    };
                    match fit {
                        Fit::Sure => return header.take(text, sink, place),
                        Fit::Maybe => {
                            let agrees = next_agrees(text, &header, splitter)?;
                            let rank = (agrees && columns > 1, columns);
                            if best.as_ref().is_none_or(|(other, _)| rank > *other) {
                                best = Some((rank, header));
                            }
                        }
                        Fit::No => {
                            let rank = (columns, true);
                            let what = Ok(header);
                            Told::better(&mut told, Told { rank, what });
                        }
                    }
                }
            }
        }
    }
    match (best, told.map(|told| told.what)) {
        (Some((_, header)), _) | (None, Some(Ok(header))) => header.take(text, sink, place),
        (None, Some(Err(stop))) => Err(stop),
        (None, None) => Err(LayoutFault::Empty.into()),
    }
}

/// Whether the row behind `header` has as many fields as it, or there is none.
fn next_agrees(
    text: &mut Text<'_>,
    header: &Header,
    splitter: &mut Splitter,
) -> Result<bool, Stop> {
    let mut row = Row::default();
    let length = loop {
        let behind = &text.ahead()[header.bytes..];
        let found = row.find(behind, header.delimiter);
        let read = behind.len();
        if found.is_some() || read >= LONGEST_ROW || !text.more()? {
            break found.unwrap_or(read);
        }
    };
    let row = &text.ahead()[header.bytes..header.bytes + length];
    let fields = splitter.split(row, header.delimiter);
    Ok(row.is_empty() || fields.is_ok_and(|fields| fields.len() == header.names.len()))
}

/// What is told where no delimiter does.
struct Told {
    /// Fields, and whether quotes are without a fault.
    rank: (usize, bool),
    /// A header that does not suit the sink, which says why; or the fault.
    what: Result<Header, Stop>,
}

impl Told {
    /// Keeps the better of two, the first of equals.
    fn better(kept: &mut Option<Self>, other: Self) {
        if kept.as_ref().is_none_or(|kept| other.rank > kept.rank) {
            *kept = Some(other);
        }
    }
}

/// A header by one delimiter.
struct Header {
    delimiter: u8,
    bytes: usize,
    names: Vec<String>,
}

impl Header {
    fn take<S: Sink>(
        self,
        text: &mut Text<'_>,
        sink: &mut S,
        place: Place,
    ) -> Result<(u8, usize), Stop> {
        sink.header(&self.names, place)?;
        text.take(self.bytes);
        Ok((self.delimiter, self.names.len()))
    }
}

/// Finds the next row that is not an empty line: its place, and how many of the bytes ahead it has.
fn row_end(text: &mut Text<'_>, delimiter: u8) -> Result<Option<(Place, usize)>, Stop> {
    loop {
        let place = Place::Line(text.line());
        let mut end = Row::default();
        let bytes = loop {
            let found = end.find(text.ahead(), delimiter);
            let read = text.ahead().len();
            if found.unwrap_or(read) >= LONGEST_ROW {
                let fault = RowFault::TooLong { limit: LONGEST_ROW };
                return Err(Stop::Row(place, fault));
            }
            if let Some(bytes) = found {
                break bytes;
            }
            if !text.more()? {
                break read;
            }
        };
        match text.ahead()[..bytes] {
            [] => return Ok(None),
            [b'\n'] | [b'\r', b'\n'] | [b'\r'] => {
                text.take(bytes);
            }
            _ => return Ok(Some((place, bytes))),
        }
    }
}

/// Looks for the end of a row in bytes that grow.
#[derive(Default)]
struct Row {
    /// Bytes known to hold no line feed, as long as there is no quote.
    plain: usize,
    /// Bytes stepped over by the rules of quotes, and where those lead.
    quoted: Option<(usize, At)>,
}

impl Row {
    /// The bytes up to and with the line feed that ends the row.
    fn find(&mut self, bytes: &[u8], delimiter: u8) -> Option<usize> {
        if self.quoted.is_none() {
            let line = memchr::memchr(b'\n', &bytes[self.plain..]).map(|at| self.plain + at + 1);
            let end = line.unwrap_or(bytes.len());
            if memchr::memchr(b'"', &bytes[self.plain..end]).is_none() {
                self.plain = end;
                return line;
            }
        }
        let (mut from, mut at) = self.quoted.unwrap_or((0, At::Start));
        while let Some(&byte) = bytes.get(from) {
            at = at.step(byte, byte == delimiter);
            from += 1;
            if at == At::End {
                return Some(from);
            }
        }
        self.quoted = Some((from, at));
        None
    }
}
