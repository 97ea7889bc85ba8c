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
use gaps::{Gaps, census};
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

impl Regime {
    /// Its name in messages.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::Patterns => "patterns",
            Self::Gaps => "gaps",
        }
    }
}

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

/// A regime and what it costs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Choice {
    /// The regime.
    pub regime: Regime,
    /// About how many cycles all threads together take, preparation included.
    pub cycles: f64,
}

/// More patterns than this are not few.
const MOST_PATTERNS: usize = 4096;

/// Bytes that tables of cross-products may take.
const MOST_BYTES: u128 = 1 << 30;

/// C(n, k), rounded.
pub(super) fn choices(n: usize, k: usize) -> f64 {
    if k > n {
        return 0.0;
    }
    (0..k).fold(1.0, |all, i| all * (n - i) as f64 / (i + 1) as f64)
}

/// The cheapest regime that can take this search, by counting; `None` where none can.
///
/// The counts are exact, the cycles a count are measured and rounded (AVX-512).
#[must_use]
pub fn choose(matrix: &ResponseMatrix, query: &Query) -> Option<Choice> {
    let answered = answered(matrix);
    let (questions, k) = (answered.len(), query.k());
    let basis = centre(matrix);
    let q = questions as f64;
    let ranks = query.ranks();
    let share = (ranks.end - ranks.start) as f64 / query.total() as f64;
    let sets = share * choices(questions, k);
    // Leaves a row, where rows run up to the last question chosen so far.
    let row = (q - k as f64 + 1.0).max(1.0) / k as f64;
    if is_complete(matrix, &answered) {
        let users = matrix.responses() as f64 / q;
        let fits = questions as u128 * questions as u128 * 16 <= MOST_BYTES;
        return fits.then_some(Choice {
            regime: Regime::Complete,
            cycles: users * q * (4.0 + q / 32.0) + sets * (0.9 + 10.0 / row),
        });
    }
    let patterns = || {
        margins(matrix, &basis, k, PATTERNS_FACTOR)?;
        let patterns = patterns(matrix, MOST_PATTERNS)?;
        let (mut cycles, mut bytes) = (0.0, 0);
        for pattern in &patterns {
            let d = pattern.questions.len();
            bytes += (d * d) as u128 * 16;
            cycles += share * choices(d, k) * (8.0 + 40.0 / row)
                + (d * d) as f64 * (q + pattern.users.len() as f64 / 8.0);
        }
        (bytes <= MOST_BYTES).then_some(Choice {
            regime: Regime::Patterns,
            cycles,
        })
    };
    let gaps = || {
        margins(matrix, &basis, k, gaps_factor(k))?;
        let census = census(matrix, questions);
        if gaps::bytes(&census, questions) > MOST_BYTES {
            return None;
        }
        // Users who miss both of a pair; the pairs that a leaf makes with the questions before it;
        // the pairs among those.
        let each = census.pairs as f64 / (q * (q - 1.0)).max(1.0);
        let before = (k - 1) as f64;
        let leaf = 10.0 + 8.0 * before * each;
        let met = before * (before - 1.0).max(0.0) / 2.0 * each;
        let lines = 1.0 + row / lanes::WIDTH as f64;
        let per_row = 60.0 + met * (10.0 + 7.0 * lines);
        let frames = share * choices(questions, k.saturating_sub(2));
        let per_frame = census.several as f64 + q * q / 8.0;
        let prepare =
            q * q * (census.users as f64 / 16.0 + census.missing as f64 / 8.0) + q * q * q * 8.0;
        Some(Choice {
            regime: Regime::Gaps,
            cycles: prepare + frames * per_frame + sets * (leaf + per_row / row),
        })
    };
    [patterns(), gaps()]
        .into_iter()
        .flatten()
        .min_by(|a, b| a.cycles.total_cmp(&b.cycles))
}

/// Prefix sums and differences are at most twice a whole; twice that is taken.
const PATTERNS_FACTOR: f64 = 4.0;

/// Each question of a prefix adds at most three populations' products, twice, to a difference.
fn gaps_factor(k: usize) -> f64 {
    16.0 * (k as f64 + 2.0)
}

/// Searches `query.ranks()` in the regime that [`choose`] chose.
///
/// # Errors
/// See [`EngineError`]; refused where the regime cannot take the table.
pub fn search(
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
    let refused = |what: &str| EngineError::Refused {
        engine: "cpu",
        what: format!("the {} regime", regime.name()),
        need: what.to_owned(),
        have: "another table".to_owned(),
        hint: "take the regime that is chosen by counting",
    };
    let margins = |factor| {
        margins(matrix, &basis, query.k(), factor).ok_or_else(|| refused("sums far below 2^53"))
    };
    let (top, seen) = match regime {
        Regime::Complete => {
            if !is_complete(matrix, &answered) {
                return Err(refused("the same questions answered by everybody"));
            }
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
        Regime::Patterns => {
            let margins = margins(PATTERNS_FACTOR)?;
            let patterns =
                patterns(matrix, MOST_PATTERNS).ok_or_else(|| refused("few answer patterns"))?;
            let table = threads.install(|| {
                Patterns::new(
                    matrix, query, watch, isa, &answered, &basis, margins, &patterns,
                )
            });
            table.search(&blocks, threads)?
        }
        Regime::Gaps => {
            let margins = margins(gaps_factor(query.k()))?;
            if gaps::bytes(&census(matrix, answered.len()), answered.len()) > MOST_BYTES {
                return Err(refused("few questions and few missing answers"));
            }
            let table = threads
                .install(|| Gaps::new(matrix, query, watch, isa, &answered, &basis, margins));
            table.search(&blocks, threads)?
        }
    };
    Ok(Findings {
        best: top.into_sorted(),
        seen,
        basis,
        defined: None,
    })
}
