//! Tables whose users fall into few answer patterns, or miss few answers: sums from cross-products
//! instead of a walk over users.

mod block;
mod complete;
mod cross;
mod gaps;
mod keep;
mod lanes;
mod leaf;
mod patterns;
mod stems;

use super::Isa;
use crate::engine::{EngineError, Findings, Query, Watch};
use crate::matrix::ResponseMatrix;
use crate::stats::Basis;
use block::blocks;
use complete::Complete;
use cross::{Cross, centre};
use gaps::Gaps;
use leaf::Margins;
use patterns::{Patterns, patterns};

/// How the sums of a set come about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Regime {
    /// All users who answered anything answered the same questions: one population.
    Complete,
    /// Few answer patterns: one population a pattern.
    Patterns,
    /// Few missing answers: everybody, less those who miss something.
    Gaps,
}

/// The questions that anybody answered.
fn answered(matrix: &ResponseMatrix) -> Vec<usize> {
    (0..matrix.questions().len())
        .filter(|&q| !matrix.column(q).users().is_empty())
        .collect()
}

/// Bounds over all sets of `k` questions; sums on the way are at most `factor` times the six.
fn margins(matrix: &ResponseMatrix, basis: &Basis, k: usize, factor: f64) -> Option<Margins> {
    let off = |scores: &[i64], offset: i64| {
        scores
            .iter()
            .map(|&s| s.abs_diff(offset))
            .max()
            .unwrap_or(0) as f64
    };
    let mut scores: Vec<f64> = basis
        .scores
        .iter()
        .enumerate()
        .map(|(q, &offset)| off(matrix.column(q).scores(), offset))
        .collect();
    scores.sort_by(|a, b| b.total_cmp(a));
    let score = scores.iter().take(k).sum();
    let total = off(matrix.totals(), basis.total);
    Margins::new(matrix.users().len(), score, total, factor)
}

/// Searches `query.ranks()` in this regime; `None` where it cannot take the table.
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
) -> Option<Result<Findings, EngineError>> {
    let answered = answered(matrix);
    let basis = centre(matrix);
    let blocks = blocks(matrix.questions().len(), query, &answered);
    watch.advance(blocks.unanswered);
    let found = match regime {
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
            Complete::new(query, watch, isa, &answered, &basis, &cross).search(&blocks, threads)
        }
        Regime::Patterns => {
            let margins = margins(matrix, &basis, query.k(), 4.0)?;
            let patterns = patterns(matrix, 10_000)?;
            let table = threads.install(|| {
                Patterns::new(
                    matrix, query, watch, isa, &answered, &basis, margins, &patterns,
                )
            });
            table.search(&blocks, threads)
        }
        Regime::Gaps => {
            let factor = 16.0 * (query.k() as f64 + 2.0);
            let margins = margins(matrix, &basis, query.k(), factor)?;
            let table = threads
                .install(|| Gaps::new(matrix, query, watch, isa, &answered, &basis, margins));
            table.search(&blocks, threads)
        }
    };
    Some(found.map(|(top, seen)| Findings {
        best: top.into_sorted(),
        seen,
        basis,
        defined: None,
    }))
}
