//! Reads tables: JSON array, NDJSON or CSV, plain or gzip or zstd, told apart by content.
//!
//! Layer 1.

use crate::matrix::{Duplicates, ResponseMatrix};
use std::io::Read;

/// Names of the three columns or fields.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ColumnNames {
    /// Who answered.
    pub user: String,
    /// What was asked.
    pub question: String,
    /// With which score.
    pub score: String,
}

impl Default for ColumnNames {
    fn default() -> Self {
        Self {
            user: "user".to_owned(),
            question: "question".to_owned(),
            score: "score".to_owned(),
        }
    }
}

/// How to read.
#[derive(Clone, Debug, Default)]
pub struct ReadOptions {
    /// Names of the columns.
    pub columns: ColumnNames,
    /// What a repeated (user, question) means.
    pub duplicates: Duplicates,
}

/// Why there is no table. The message starts with the source's name.
#[derive(Debug, thiserror::Error)]
#[error("placeholder")]
pub struct InputError;

/// Reads a whole table from `source`; `name` is what messages call it.
///
/// # Errors
/// See [`InputError`].
pub fn read(
    _source: impl Read,
    _name: &str,
    _options: &ReadOptions,
) -> Result<ResponseMatrix, InputError> {
    Err(InputError)
}
