//! Seeded random tables: the published recipe, and an item-response model.
//!
//! Layer 1.

use crate::matrix::ResponseMatrix;
use std::io::Write;
use std::ops::RangeInclusive;

/// How scores come about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Model {
    /// Every score of the range equally likely, whoever asks.
    Random,
    /// Ability and difficulty ~ N(0, 1); each step up the range is taken with the logistic
    /// probability of their difference.
    ItemResponse,
}

/// A table to make; equal specs make equal tables.
#[derive(Clone, Debug, PartialEq)]
pub struct Spec {
    /// U.
    pub users: usize,
    /// Q.
    pub questions: usize,
    /// Share of the users who answer a question, drawn without replacement: round(share · U) users.
    pub answered: f64,
    /// Scores from .. to.
    pub scores: RangeInclusive<i64>,
    /// How scores come about.
    pub model: Model,
    /// With B > 0, users and questions are dealt into B booklets instead, and `answered` is unused:
    /// user u answers the questions of booklets u mod B and (u + 1) mod B, question q is in booklet
    /// q mod B.
    pub booklets: usize,
    /// Decides all draws.
    pub seed: u64,
}

/// Form of a written table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TableFormat {
    /// One JSON array of objects, the published form.
    Json,
    /// One JSON object a line.
    Ndjson,
    /// Comma-separated with a header.
    Csv,
}

/// Why a spec makes no table.
#[derive(Debug, thiserror::Error)]
#[error("placeholder")]
pub struct SynthError;

/// The table of `spec`.
///
/// # Errors
/// See [`SynthError`].
pub fn matrix(_spec: &Spec) -> Result<ResponseMatrix, SynthError> {
    Err(SynthError)
}

/// Writes the table of `spec`: rows by question, then user.
///
/// # Errors
/// See [`SynthError`].
pub fn write(_spec: &Spec, _format: TableFormat, _out: &mut dyn Write) -> Result<(), SynthError> {
    Err(SynthError)
}
