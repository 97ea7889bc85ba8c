//! The file: a line, a header in JSON, multipliers, the tree, a digest.

use super::error::FormatError;
use super::form::multipliers;
use crate::engine::Recorded;
use crate::report::{Asked, Whole};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// Version of the form of certificates, as it is written and read.
pub const VERSION: u32 = 1;

/// How the first line begins; its end is the version.
const NAME: &str = "kcorrset certificate ";
/// Bytes of the digest.
const DIGEST: usize = 32;
/// The longest first line that is looked for.
const LINE: usize = 64;

/// What a certificate says beside multipliers and tree.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Header {
    /// Digest of the table's content.
    pub(super) fingerprint: String,
    /// What was asked, as in the result.
    pub(super) query: Asked,
    /// The bits of the floor, 16 hexadecimal digits.
    floor: String,
    /// The floor again, for people.
    r: f64,
    /// See [`Recorded::power`].
    power: i32,
    /// 2 or 4.
    products: u8,
    /// Questions of the space.
    pub(super) questions: usize,
    /// How many sets were looked at and excluded, and how many nodes there are.
    pub(super) proof: Whole,
}

/// A certificate as it was read: right by its digest, and in form. What it claims is not yet proved.
#[derive(Clone, Debug)]
pub struct Certificate {
    pub(super) header: Header,
    pub(super) recorded: Recorded,
}

impl Certificate {
    /// The proof of a list: of which table and query, with which counts, and what the engine recorded.
    #[must_use]
    pub fn new(
        fingerprint: String,
        query: Asked,
        questions: usize,
        proof: Whole,
        recorded: Recorded,
    ) -> Self {
        let header = Header {
            fingerprint,
            query,
            floor: format!("{:016x}", recorded.floor.to_bits()),
            r: recorded.floor,
            power: recorded.power,
            products: if recorded.four { 4 } else { 2 },
            questions,
            proof,
        };
        Self { header, recorded }
    }

    /// The bytes of the file.
    ///
    /// # Errors
    /// Where the header cannot be written as JSON, which no query is known to cause.
    pub fn write(&self) -> Result<Vec<u8>, serde_json::Error> {
        let Recorded {
            multipliers, tape, ..
        } = &self.recorded;
        let header = serde_json::to_vec(&self.header)?;
        let mut bytes = format!("{NAME}{VERSION}\n").into_bytes();
        bytes.reserve(header.len() + 4 * multipliers.len() + tape.len() + 16 + DIGEST);
        bytes.extend_from_slice(&(header.len() as u64).to_le_bytes());
        bytes.extend_from_slice(&header);
        for multiplier in multipliers {
            bytes.extend_from_slice(&multiplier.to_le_bytes());
        }
        bytes.extend_from_slice(&(tape.len() as u64).to_le_bytes());
        bytes.extend_from_slice(tape);
        let digest = Sha256::digest(&bytes);
        bytes.extend_from_slice(&digest);
        Ok(bytes)
    }

    /// Reads the bytes of a file, all of them.
    ///
    /// # Errors
    /// See [`FormatError`].
    pub fn read(bytes: &[u8]) -> Result<Self, FormatError> {
        let rest = bytes.strip_prefix(NAME.as_bytes());
        let rest = rest.ok_or(FormatError::Foreign)?;
        let line = rest[..rest.len().min(LINE)]
            .iter()
            .position(|&byte| byte == b'\n');
        let version = &rest[..line.ok_or(FormatError::Foreign)?];
        if version != VERSION.to_string().as_bytes() {
            return Err(FormatError::Version {
                found: String::from_utf8_lossy(version).into_owned(),
                known: VERSION,
            });
        }
        let end = bytes.len().checked_sub(DIGEST).ok_or(FormatError::Digest)?;
        let (content, digest) = bytes.split_at(end);
        if Sha256::digest(content)[..] != *digest {
            return Err(FormatError::Digest);
        }
        let mut content = Content(&content[NAME.len() + version.len() + 1..]);
        let header = content.block("the header")?;
        let header: Header = serde_json::from_slice(header)
            .map_err(|error| malformed(format!("its header is none ({error})")))?;
        let floor = u64::from_str_radix(&header.floor, 16);
        let floor = f64::from_bits(floor.map_err(|_| malformed("its floor is no number"))?);
        let four = match header.products {
            2 => false,
            4 => true,
            other => return Err(malformed(format!("it has {other} products"))),
        };
        // No engine takes more; their square would not fit memory.
        if header.questions > MOST_QUESTIONS {
            return Err(malformed(format!("it has {} questions", header.questions)));
        }
        let count = multipliers(header.questions, four);
        let values = content.take(4 * count as u64, "the multipliers")?;
        let (values, _) = values.as_chunks::<4>();
        let multipliers = values
            .iter()
            .map(|&value| f32::from_le_bytes(value))
            .collect();
        let tape = content.block("the tree")?.to_vec();
        if !content.0.is_empty() {
            let more = content.0.len();
            return Err(malformed(format!("{more} bytes are behind its end")));
        }
        let recorded = Recorded {
            floor,
            power: header.power,
            four,
            multipliers,
            tape,
            nodes: header.proof.nodes,
        };
        Ok(Self { header, recorded })
    }
}

/// More questions than an engine that records proofs takes.
const MOST_QUESTIONS: usize = 1 << 14;

fn malformed(what: impl Into<String>) -> FormatError {
    FormatError::Malformed { what: what.into() }
}

/// Bytes that are still to be read.
struct Content<'a>(&'a [u8]);

impl<'a> Content<'a> {
    fn take(&mut self, length: u64, what: &str) -> Result<&'a [u8], FormatError> {
        let length = usize::try_from(length).ok();
        let parts = length.and_then(|length| self.0.split_at_checked(length));
        let (part, rest) = parts.ok_or_else(|| malformed(format!("it ends within {what}")))?;
        self.0 = rest;
        Ok(part)
    }

    /// A length of eight bytes, and so many bytes.
    fn block(&mut self, what: &str) -> Result<&'a [u8], FormatError> {
        let length = self.take(8, what)?;
        let length = length
            .as_array()
            .map_or(0, |&length| u64::from_le_bytes(length));
        self.take(length, what)
    }
}
