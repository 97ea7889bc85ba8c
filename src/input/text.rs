//! A stream of text cut into rows, with the line and column of where it stands.

use std::io::{self, Read};

/// The most bytes of one row. Real rows have a hundred; the bound keeps a file with an unclosed
/// quote or bracket, which is one row to its end, out of memory.
pub const LONGEST_ROW: usize = 1 << 24;

/// Bytes read at a time.
const BUFFER: usize = 1 << 18;

/// The text that is not yet taken, as far as it is read.
pub(super) struct Text<'a> {
    source: Box<dyn Read + 'a>,
    /// Read and not taken: `start..end`.
    bytes: Vec<u8>,
    start: usize,
    end: usize,
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
    pub(super) fn new(source: Box<dyn Read + 'a>) -> Self {
        Self {
            source,
            bytes: vec![0; BUFFER],
            start: 0,
            end: 0,
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

    /// What is read and not taken.
    pub(super) fn ahead(&self) -> &[u8] {
        &self.bytes[self.start..self.end]
    }

    /// Reads more behind what is ahead; false at the end of the text.
    pub(super) fn more(&mut self) -> io::Result<bool> {
        /// Room below which bytes are moved, and no decoder is asked to go on.
        const ROOM: usize = 1 << 12;
        if self.bytes.len() - self.end < ROOM {
            self.bytes.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
            // Rows may grow until their readers say that they are too long.
            if self.end > self.bytes.len() / 2 {
                self.bytes.resize(2 * self.bytes.len(), 0);
            }
        }
        loop {
            match self.source.read(&mut self.bytes[self.end..]) {
                Ok(0) => return Ok(false),
                Ok(read) => {
                    self.end += read;
                    return Ok(true);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Takes so many bytes of those ahead.
    pub(super) fn take(&mut self, bytes: usize) -> &[u8] {
        let from = self.start;
        self.start += bytes;
        let taken = &self.bytes[from..self.start];
        self.line += memchr::memchr_iter(b'\n', taken).count() as u64;
        self.column = match memchr::memrchr(b'\n', taken) {
            None => self.column + bytes as u64,
            Some(at) => (bytes - at) as u64,
        };
        taken
    }

    /// The next byte, if any.
    pub(super) fn peek(&mut self) -> io::Result<Option<u8>> {
        if self.start == self.end && !self.more()? {
            return Ok(None);
        }
        Ok(self.ahead().first().copied())
    }

    /// Steps over the byte that [`Self::peek`] showed.
    pub(super) fn step(&mut self) {
        self.take(1.min(self.end - self.start));
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

    /// Steps over empty lines; the first byte behind them that is not space, if any. What space
    /// stands before it on its line is ahead.
    pub(super) fn skip_lines(&mut self) -> io::Result<Option<u8>> {
        let mut at = 0;
        loop {
            let space = |b: &u8| matches!(b, b' ' | b'\t' | b'\r' | b'\n');
            let first = self.ahead()[at..].iter().position(|b| !space(b));
            let end = first.map_or(self.ahead().len(), |first| at + first);
            let lines = memchr::memrchr(b'\n', &self.ahead()[..end]).map_or(0, |at| at + 1);
            self.take(lines);
            at = end - lines;
            if first.is_some() {
                return Ok(self.ahead().get(at).copied());
            }
            if at > LONGEST_ROW || !self.more()? {
                return Ok(None);
            }
        }
    }

    /// Takes the bytes up to and with the first one for which `ends` is true into `row`.
    pub(super) fn row(
        &mut self,
        row: &mut Vec<u8>,
        mut ends: impl FnMut(u8) -> bool,
    ) -> io::Result<Cut> {
        loop {
            if self.start == self.end && !self.more()? {
                return Ok(Cut::AtEnd);
            }
            let room = LONGEST_ROW.saturating_sub(row.len());
            let ahead = self.ahead();
            let end = ahead.iter().take(room).position(|&byte| ends(byte));
            let taken = end.map_or(ahead.len().min(room), |at| at + 1);
            row.extend_from_slice(self.take(taken));
            if end.is_some() {
                return Ok(Cut::Whole);
            }
            if row.len() >= LONGEST_ROW {
                return Ok(Cut::TooLong);
            }
        }
    }
}
