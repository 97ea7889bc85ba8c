//! The bytes of a document: a line with its kind, the version of the form and a digest, then JSON.
//!
//! ```text
//! kcorrset session 1 sha256 0123…ef
//! {"version":"0.1.0",…}
//! ```
//! The digest is of all bytes but its own, and a document is written in one way only, so that every other sequence of
//! bytes is refused. It guards against damage; whoever makes a file anew is met by [`super::Mismatch`].

use super::document::Document;
use sha2::{Digest, Sha256};
use std::fmt;

/// Version of the form of files, as it is written and read.
pub const FORMAT: u32 = 1;

/// How a file begins.
const NAME: &str = "kcorrset ";
/// What stands before the digest.
const DIGEST: &str = " sha256 ";
/// Digits of the digest.
const DIGITS: usize = 64;
/// The longest first line that is looked for.
const LINE: usize = 128;

/// What a file is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A search that goes on.
    Session,
    /// A part that is finished.
    Part,
}

impl Kind {
    const ALL: [Self; 2] = [Self::Session, Self::Part];

    fn word(self) -> &'static str {
        match self {
            Self::Session => "session",
            Self::Part => "part",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Session => "a session",
            Self::Part => "the result of a part",
        })
    }
}

/// Why bytes are no document.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FileError {
    /// They begin otherwise.
    #[error("is neither a session nor the result of a part")]
    Foreign,
    /// It is of the other kind.
    #[error("is {found}, and not {wanted}")]
    Kind {
        /// What it is.
        found: Kind,
        /// What it should be.
        wanted: Kind,
    },
    /// The digest is not that of the bytes.
    #[error("is damaged: its bytes do not have the digest that they are written with")]
    Damaged,
    /// Another version of the form.
    #[error(
        "has form {found}, and this version of kcorrset reads form {FORMAT}: go on with the version that wrote it"
    )]
    Format {
        /// As it stands there.
        found: String,
    },
    /// Another version of the program.
    #[error(
        "was written by kcorrset {found}, and this is {known}: go on with the version that wrote it, or begin anew"
    )]
    Program {
        /// As it stands there.
        found: String,
        /// This one.
        known: &'static str,
    },
    /// Right bytes by the digest, in no form that is known.
    #[error("is malformed: {0}; make it again")]
    Malformed(String),
}

impl FileError {
    /// Whether the bytes are not those that were written: then an older file may be taken.
    #[must_use]
    pub fn is_damage(&self) -> bool {
        matches!(self, Self::Foreign | Self::Damaged)
    }
}

/// The version of this program, as documents have it.
pub(super) const PROGRAM: &str = env!("CARGO_PKG_VERSION");

/// The bytes of a document.
///
/// # Errors
/// Where it cannot be written as JSON, which no document is known to cause.
pub fn write(kind: Kind, document: &Document) -> Result<Vec<u8>, serde_json::Error> {
    let mut body = serde_json::to_vec(document)?;
    body.push(b'\n');
    let start = format!("{NAME}{} {FORMAT}", kind.word());
    let line = format!("{start}{DIGEST}{}\n", digest(&start, &body));
    Ok([line.as_bytes(), &body].concat())
}

/// Reads the bytes of a file, all of them, which is to be of this kind.
///
/// # Errors
/// See [`FileError`].
pub fn read(wanted: Kind, bytes: &[u8]) -> Result<Document, FileError> {
    let end = bytes.iter().take(LINE).position(|&byte| byte == b'\n');
    let end = end.ok_or(FileError::Foreign)?;
    let (line, body) = (&bytes[..end], &bytes[end + 1..]);
    let line = std::str::from_utf8(line).map_err(|_| FileError::Foreign)?;
    let rest = line.strip_prefix(NAME).ok_or(FileError::Foreign)?;
    let mut kinds = Kind::ALL.into_iter();
    let found = kinds.find_map(|kind| {
        let rest = rest.strip_prefix(kind.word())?.strip_prefix(' ')?;
        Some((kind, rest))
    });
    let (found, rest) = found.ok_or(FileError::Foreign)?;
    let (format, written) = rest.split_once(DIGEST).ok_or(FileError::Damaged)?;
    let start = &line[..line.len() - DIGEST.len() - written.len()];
    if written.len() != DIGITS || digest(start, body) != written {
        return Err(FileError::Damaged);
    }
    // From here on the bytes are as they were written.
    if format != FORMAT.to_string() {
        let found = format.to_owned();
        return Err(FileError::Format { found });
    }
    if found != wanted {
        return Err(FileError::Kind { found, wanted });
    }
    let text = body.strip_suffix(b"\n");
    let text = text.ok_or_else(|| FileError::Malformed("it has no end".to_owned()))?;
    // First, so that another version's form is not reported as a fault of this one's.
    #[derive(serde::Deserialize)]
    struct Version {
        version: String,
    }
    let malformed = |error: serde_json::Error| FileError::Malformed(error.to_string());
    let Version { version } = serde_json::from_slice(text).map_err(malformed)?;
    if version != PROGRAM {
        let (found, known) = (version, PROGRAM);
        return Err(FileError::Program { found, known });
    }
    let document: Document = serde_json::from_slice(text).map_err(malformed)?;
    if write(wanted, &document).map_err(malformed)? != bytes {
        let what = "it says what it says in another way than it is written";
        return Err(FileError::Malformed(what.to_owned()));
    }
    Ok(document)
}

/// The digest of a first line without it, and of what follows.
fn digest(start: &str, body: &[u8]) -> String {
    let mut hash = Sha256::new();
    hash.update(start);
    hash.update("\n");
    hash.update(body);
    let digest = hash.finalize();
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}
