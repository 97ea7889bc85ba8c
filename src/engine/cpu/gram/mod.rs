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

/// How the sums of a set come about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Regime {
    /// All users who answered anything answered the same questions: one population.
    Complete,
}

/// The questions that anybody answered.
fn answered(matrix: &ResponseMatrix) -> Vec<usize> {
    (0..matrix.questions().len())
        .filter(|&q| !matrix.column(q).users().is_empty())
        .collect()
}

/// Searches `query.ranks()` in this regime.
///
/// # Errors
/// See [`EngineError`].
pub fn search_as(
    regime: Regime,
    matrix: &ResponseMatrix,
    query: &Query,
    watch: &Watch,
    threads: &rayon::ThreadPool,
    isa: Isa,
) -> Result<Findings, EngineError> {
    let answered = answered(matrix);
    let basis = centre(matrix);
    let blocks = blocks(matrix.questions().len(), query, &answered);
    watch.advance(blocks.unanswered);
    let (top, seen) = match regime {
        Regime::Complete => {
            let scores: Vec<&[i64]> = answered
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
            let cross =
                threads.install(|| Cross::new(isa, &scores, &offsets, &totals, basis.total));
            Complete::new(query, watch, isa, &answered, &basis, &cross).search(&blocks, threads)?
        }
    };
    Ok(Findings {
        best: top.into_sorted(),
        seen,
        basis,
        defined: None,
    })
}
