//! Takes off the packing: gzip or zstd by their magic bytes.

use flate2::read::MultiGzDecoder;
use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};
use std::fmt;
use std::io::{self, BufRead, BufReader, Cursor, Read};

/// How a source is packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Container {
    /// Not at all.
    Plain,
    /// gzip, one member or several.
    Gzip,
    /// Zstandard, one frame or several.
    Zstd,
}

impl fmt::Display for Container {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Plain => "plain",
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
        })
    }
}

impl Container {
    fn of(start: &[u8]) -> Self {
        match start {
            [0x1f, 0x8b, ..] => Self::Gzip,
            [0x28, 0xb5, 0x2f, 0xfd, ..] => Self::Zstd,
            // A skippable frame, with which parallel compressors begin.
            [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => Self::Zstd,
            _ => Self::Plain,
        }
    }
}

/// Bytes read at a time.
const BUFFER: usize = 1 << 18;

/// Unpacks `source` as its first bytes say.
pub(super) fn unpack<'a>(
    mut source: impl Read + 'a,
) -> io::Result<(Container, Box<dyn Read + 'a>)> {
    let start = start::<4>(&mut source)?;
    let container = Container::of(&start);
    let whole = Cursor::new(start).chain(source);
    let unpacked: Box<dyn Read + 'a> = match container {
        Container::Plain => Box::new(whole),
        Container::Gzip => Box::new(MultiGzDecoder::new(whole)),
        Container::Zstd => Box::new(ZstdFrames::new(BufReader::with_capacity(BUFFER, whole))),
    };
    Ok((container, unpacked))
}

/// The first bytes of `unpacked`, and all of it.
pub(super) fn begin<'a>(
    mut unpacked: Box<dyn Read + 'a>,
) -> io::Result<(Vec<u8>, Box<dyn Read + 'a>)> {
    let start = start::<START>(&mut unpacked)?;
    let whole = Cursor::new(start.clone()).chain(unpacked);
    Ok((start, Box::new(whole)))
}

/// Bytes that tell what a source is.
const START: usize = 256;

/// Takes the first `N` bytes, fewer where there are no more.
fn start<const N: usize>(source: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut start = Vec::with_capacity(N);
    source.take(N as u64).read_to_end(&mut start)?;
    Ok(start)
}

/// Reads all frames of a zstd source, skips skippable ones, and checks sizes and checksums where
/// frames carry them (ruzstd leaves all three to its caller).
struct ZstdFrames<R> {
    source: R,
    decoder: FrameDecoder,
    /// Bytes given out of the frame at hand; `None` between frames.
    given: Option<u64>,
}

impl<R: BufRead> ZstdFrames<R> {
    fn new(source: R) -> Self {
        Self {
            source,
            decoder: FrameDecoder::new(),
            given: None,
        }
    }

    /// Begins the next frame; false at the end of the source.
    fn open_frame(&mut self) -> io::Result<bool> {
        loop {
            if self.source.fill_buf()?.is_empty() {
                return Ok(false);
            }
            match self.decoder.reset(&mut self.source) {
                Ok(()) => {
                    self.given = Some(0);
                    return Ok(true);
                }
                Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::SkipFrame {
                    length,
                    ..
                })) => {
                    let length = u64::from(length);
                    let skipped =
                        io::copy(&mut self.source.by_ref().take(length), &mut io::sink())?;
                    if skipped < length {
                        return Err(damaged("a skippable frame is cut short"));
                    }
                }
                Err(FrameDecoderError::ReadFrameHeaderError(
                    ReadFrameHeaderError::BadMagicNumber(_),
                )) => return Err(damaged("something else follows the frames")),
                Err(error) => return Err(damaged(&error.to_string())),
            }
        }
    }

    /// What the frame says of itself must be so.
    fn close_frame(&mut self, given: u64) -> io::Result<()> {
        let size = self.decoder.content_size();
        if size != 0 && size != given {
            return Err(damaged(&format!(
                "a frame of {size} bytes unpacked to {given}"
            )));
        }
        let written = self.decoder.get_checksum_from_data();
        if written.is_some() && written != self.decoder.get_calculated_checksum() {
            return Err(damaged("the checksum differs"));
        }
        self.given = None;
        Ok(())
    }
}

fn damaged(problem: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, problem)
}

impl<R: BufRead> Read for ZstdFrames<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if into.is_empty() {
            return Ok(0);
        }
        loop {
            let Some(given) = self.given else {
                if self.open_frame()? {
                    continue;
                }
                return Ok(0);
            };
            if self.decoder.can_collect() > 0 {
                let n = self.decoder.read(into)?;
                self.given = Some(given + n as u64);
                return Ok(n);
            }
            if self.decoder.is_finished() {
                self.close_frame(given)?;
            } else {
                self.decoder
                    .decode_blocks(&mut self.source, BlockDecodingStrategy::UptoBlocks(1))
                    .map_err(|error| damaged(&error.to_string()))?;
            }
        }
    }
}
