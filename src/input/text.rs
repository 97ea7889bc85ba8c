//! A stream of text cut into rows, with the line and column of where it stands.

use std::io::{self, BufRead, BufReader, Read};

/// The most bytes of one row. Real rows have a hundred; the bound keeps a file with an unclosed
/// quote or bracket, which is one row to its end, out of memory.
pub const LONGEST_ROW: usize = 1 << 24;

/// The unread text.
pub(super) struct Text<'a> {
    inner: BufReader<Box<dyn Read + 'a>>,
    line: u64,
    column: u64,
}

/// How [`Text::row`] came to an end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cut {
    /// At the byte that ends the row, which is its last one.
    Whole,
    /// At the end of the text.
    AtEnd,
    /// At [`LONGEST_ROW`] bytes.
    TooLong,
}

impl<'a> Text<'a> {
    pub(super) fn new(inner: BufReader<Box<dyn Read + 'a>>) -> Self {
        Self {
            inner,
            line: 1,
            column: 1,
        }
    }

    /// Line of the next byte, from 1.
    pub(super) fn line(&self) -> u64 {
        self.line
    }

    /// Place of the next byte in its line, from 1.
    pub(super) fn column(&self) -> u64 {
        self.column
    }

    /// The next byte, if any.
    pub(super) fn peek(&mut self) -> io::Result<Option<u8>> {
        Ok(fill(&mut self.inner)?.first().copied())
    }

    /// Steps over the byte that [`Self::peek`] showed.
    pub(super) fn step(&mut self) {
        if let Some(&byte) = self.inner.buffer().first() {
            self.count(byte == b'\n', 1);
            self.inner.consume(1);
        }
    }

    fn count(&mut self, ends_line: bool, bytes: u64) {
        if ends_line {
            self.line += 1;
            self.column = 1;
        } else {
            self.column += bytes;
        }
    }

    /// Steps over white space; the byte behind it, if any.
    pub(super) fn skip_space(&mut self) -> io::Result<Option<u8>> {
        loop {
            match self.peek()? {
                Some(b' ' | b'\t' | b'\r' | b'\n') => self.step(),
                other => return Ok(other),
            }
        }
    }

    /// Steps over white space: that on the line of the byte behind it, and that byte, if any.
    pub(super) fn lead(&mut self) -> io::Result<(Vec<u8>, Option<u8>)> {
        let mut lead = Vec::new();
        loop {
            match self.peek()? {
                Some(b'\n') => lead.clear(),
                Some(space @ (b' ' | b'\t' | b'\r')) => lead.push(space),
                other => return Ok((lead, other)),
            }
            self.step();
        }
    }

    /// Appends to `row` the bytes up to and with the first one for which `ends` is true.
    pub(super) fn row(
        &mut self,
        row: &mut Vec<u8>,
        mut ends: impl FnMut(u8) -> bool,
    ) -> io::Result<Cut> {
        loop {
            let buffer = fill(&mut self.inner)?;
            if buffer.is_empty() {
                return Ok(Cut::AtEnd);
            }
            let room = LONGEST_ROW.saturating_sub(row.len());
            let end = buffer.iter().take(room).position(|&byte| ends(byte));
            let taken = &buffer[..end.map_or(buffer.len().min(room), |at| at + 1)];
            row.extend_from_slice(taken);
            let lines = taken.iter().filter(|&&byte| byte == b'\n').count();
            self.line += lines as u64;
            self.column = match taken.iter().rposition(|&byte| byte == b'\n') {
                None => self.column + taken.len() as u64,
                Some(at) => (taken.len() - at) as u64,
            };
            let taken = taken.len();
            self.inner.consume(taken);
            if end.is_some() {
                return Ok(Cut::Whole);
            }
            if row.len() >= LONGEST_ROW {
                return Ok(Cut::TooLong);
            }
        }
    }
}

/// `fill_buf` that takes up again after a signal.
fn fill<'b>(inner: &'b mut BufReader<Box<dyn Read + '_>>) -> io::Result<&'b [u8]> {
    while let Err(error) = inner.fill_buf() {
        if error.kind() != io::ErrorKind::Interrupted {
            return Err(error);
        }
    }
    Ok(inner.buffer())
}
