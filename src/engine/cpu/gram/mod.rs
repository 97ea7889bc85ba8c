//! Tables whose users fall into few answer patterns, or miss few answers: sums from cross-products
//! instead of a walk over users.

mod block;
mod complete;
mod cross;
mod keep;
mod lanes;

use super::Isa;
use crate::engine::{EngineError, Findings, Query, Watch};
use crate::matrix::ResponseMatrix;
use block::blocks;
use complete::Complete;
use cross::{Cross, centre};

/// The questions that anybody answered.
fn answered(matrix: &ResponseMatrix) -> Vec<usize> {
    (0..matrix.questions().len())
        .filter(|&q| !matrix.column(q).users().is_empty())
        .collect()
}

/// Whether all users who answered anything answered the same questions.
fn is_complete(matrix: &ResponseMatrix, answered: &[usize]) -> bool {
    let first = matrix.column(answered[0]).users().len();
    let users = (0..matrix.users().len())
        .filter(|&u| matrix.row(u).next().is_some())
        .count();
    first == users && matrix.responses() == users * answered.len()
}

/// Searches `query.ranks()` of a table that [`cost`] accepts.
///
/// # Errors
/// See [`EngineError`].
pub fn search(
    matrix: &ResponseMatrix,
    query: &Query,
    watch: &Watch,
    threads: &rayon::ThreadPool,
    isa: Isa,
) -> Result<Findings, EngineError> {
    let answered = answered(matrix);
    let basis = centre(matrix);
    let blocks = blocks(matrix.questions().len(), query, &answered);
    let columns: Vec<&[i64]> = answered
        .iter()
        .map(|&q| matrix.column(q).scores())
        .collect();
    let offsets: Vec<i64> = answered.iter().map(|&q| basis.scores[q]).collect();
    let totals: Vec<i64> = matrix
        .column(answered[0])
        .users()
        .iter()
        .map(|&u| matrix.totals()[u as usize])
        .collect();
    let cross = threads.install(|| Cross::new(isa, &columns, &offsets, &totals, basis.total));
    let complete = Complete::new(query, watch, isa, &answered, &basis, &cross);
    let (top, seen) = complete.search(&blocks, threads)?;
    Ok(Findings {
        best: top.into_sorted(),
        seen,
        basis,
        defined: None,
    })
}
