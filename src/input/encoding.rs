//! Encodings of text: anything that is named or marked becomes UTF-8, and is refused where it does
//! not decode.

use encoding_rs::{Decoder, DecoderResult, UTF_8, UTF_16BE, UTF_16LE};
use std::fmt;
use std::io::{self, Read};
use std::str::FromStr;

/// An encoding of text, by the names that the web has for them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Encoding(&'static encoding_rs::Encoding);

/// A name that is no encoding.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "no encoding is called {name:?}: there are utf-8, utf-16, latin1, windows-1252, shift_jis and others"
)]
pub struct NoEncoding {
    /// The name.
    pub name: String,
}

impl FromStr for Encoding {
    type Err = NoEncoding;

    fn from_str(name: &str) -> Result<Self, NoEncoding> {
        encoding_rs::Encoding::for_label(name.as_bytes())
            .map(Self)
            .ok_or_else(|| NoEncoding {
                name: name.to_owned(),
            })
    }
}

impl fmt::Display for Encoding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.name())
    }
}

/// A text that is not in its encoding; inside of an [`io::Error`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not valid {encoding} at byte {byte} of the text")]
pub(super) struct Undecodable {
    encoding: Encoding,
    byte: u64,
}

impl Encoding {
    /// The encoding that a byte order mark at the start of a text says, and the length of the mark.
    pub(super) fn marked(start: &[u8]) -> Option<(Self, usize)> {
        encoding_rs::Encoding::for_bom(start).map(|(encoding, length)| (Self(encoding), length))
    }

    /// Whether text in it is read as it stands.
    pub(super) fn is_utf8(self) -> bool {
        self.0 == UTF_8
    }

    /// Whether `marked` may be what this name means.
    pub(super) fn agrees(self, marked: Self) -> bool {
        let wide = |encoding| encoding == UTF_16LE || encoding == UTF_16BE;
        self == marked || wide(self.0) && wide(marked.0)
    }

    /// `source`, without its mark, as UTF-8.
    pub(super) fn decode<'a>(self, source: impl Read + 'a) -> Box<dyn Read + 'a> {
        Box::new(Decoded {
            source,
            encoding: self,
            decoder: self.0.new_decoder_without_bom_handling(),
            bytes: vec![0; 1 << 16],
            at: 0,
            end: 0,
            before: 0,
            last: false,
            done: false,
        })
    }
}

/// Decodes what it reads.
struct Decoded<R> {
    source: R,
    encoding: Encoding,
    decoder: Decoder,
    /// Read and not yet decoded: `at..end`.
    bytes: Vec<u8>,
    at: usize,
    end: usize,
    /// Bytes decoded before those in `bytes`.
    before: u64,
    /// The source has no more.
    last: bool,
    done: bool,
}

impl<R: Read> Read for Decoded<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        /// The fewest bytes of room that let a decoder go on.
        const ROOM: usize = 16;
        if into.len() < ROOM {
            // Callers have large buffers; one byte at a time would never end.
            return Err(io::Error::other("no room to decode text"));
        }
        while !self.done {
            if self.at == self.end && !self.last {
                self.before += self.end as u64;
                self.end = self.source.read(&mut self.bytes)?;
                self.at = 0;
                self.last = self.end == 0;
            }
            let bytes = &self.bytes[self.at..self.end];
            let (result, read, written) = self
                .decoder
                .decode_to_utf8_without_replacement(bytes, into, self.last);
            self.at += read;
            match result {
                DecoderResult::Malformed(length, behind) => {
                    let end = self.before + self.at as u64 - u64::from(behind);
                    let fault = Undecodable {
                        encoding: self.encoding,
                        byte: (end + 1).saturating_sub(u64::from(length)).max(1),
                    };
                    return Err(io::Error::new(io::ErrorKind::InvalidData, fault));
                }
                DecoderResult::InputEmpty => self.done = self.last,
                DecoderResult::OutputFull => {}
            }
            if written > 0 {
                return Ok(written);
            }
        }
        Ok(0)
    }
}
