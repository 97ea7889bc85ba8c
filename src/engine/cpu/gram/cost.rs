//! What each regime costs for a query, by counting: which of them is the cheapest for a part.
//!
//! The counts are exact, the cycles a count are measured and rounded (AVX-512).

use super::extents::Extents;
use super::gaps::{self, census};
use super::patterns::patterns;
use super::{cross, regime::Regime};
use crate::arch::Isa;
use crate::combin::choices;
use crate::engine::Query;
use crate::matrix::ResponseMatrix;
use crate::stats::cross::Alone;

/// The questions that anybody answered.
pub(super) fn answered(matrix: &ResponseMatrix) -> Vec<usize> {
    (0..matrix.questions().len())
        .filter(|&q| !matrix.column(q).users().is_empty())
        .collect()
}

/// Whether all users who answered anything answered the same questions.
pub(super) fn is_complete(matrix: &ResponseMatrix, answered: &[usize]) -> bool {
    let first = matrix.column(answered[0]).users().len();
    let users = (0..matrix.users().len())
        .filter(|&u| matrix.row(u).next().is_some())
        .count();
    first == users && matrix.responses() == users * answered.len()
}

/// A regime and about how many cycles all threads together take.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cost {
    /// The regime.
    pub regime: Regime,
    /// For what all parts share.
    pub once: f64,
    /// For each part, however small.
    pub part: f64,
    /// For all sets; a part takes its share of it.
    pub all: f64,
}

impl Cost {
    /// For a part that is this share of all sets, but for what all parts share.
    #[must_use]
    pub fn of_part(&self, share: f64) -> f64 {
        self.part + share * self.all
    }
}

/// More patterns than this are not few.
pub(super) const MOST_PATTERNS: usize = 4096;

/// Bytes that tables of cross-products may take.
pub(super) const MOST_BYTES: u128 = 1 << 30;

/// Prefix sums and differences are at most twice a whole; twice that is taken.
pub(super) const PATTERNS_FACTOR: f64 = 4.0;

/// Each question of a prefix adds at most three populations' products, twice, to a difference.
pub(super) fn gaps_factor(k: usize) -> f64 {
    16.0 * (k as f64 + 2.0)
}

/// What each regime costs that can take this query.
#[must_use]
pub fn costs(query: &Query<'_>) -> Vec<Cost> {
    let matrix = query.table();
    let answered = answered(matrix);
    let (questions, k) = (answered.len(), query.k());
    let q = questions as f64;
    let sets = choices(questions, k);
    // Leaves a row, where rows run up to the last question chosen so far.
    let row = (q - k as f64 + 1.0).max(1.0) / k as f64;
    let cross = (k <= 2).then(|| {
        let [part, all] = cross::cycles(matrix, k);
        Cost {
            regime: Regime::Cross,
            once: 0.0,
            part,
            all,
        }
    });
    if is_complete(matrix, &answered) {
        let users = matrix.responses() as f64 / q;
        let fits = questions as u128 * questions as u128 * 16 <= MOST_BYTES;
        let complete = fits.then_some(Cost {
            regime: Regime::Complete,
            once: users * q * (6.0 + q / 60.0),
            part: 0.0,
            all: sets * (1.2 + 16.0 / row),
        });
        return [complete, cross].into_iter().flatten().collect();
    }
    // The other two begin by counting, which takes longer than this takes in all.
    if let Some(cross) = cross {
        return vec![cross];
    }
    let extents = Extents::of(Isa::detect(), &Alone, matrix);
    let users = matrix.users().len();
    let patterns = || {
        extents.margins(users, k, PATTERNS_FACTOR)?;
        let patterns = patterns(matrix, MOST_PATTERNS)?;
        // Of cross-products, and of the rows of a stem that all patterns contain.
        let bytes = patterns.len() as u128 * (questions * questions) as u128 * 24;
        let (mut once, mut all) = (matrix.responses() as f64 * 25.0, 0.0);
        for pattern in &patterns {
            let d = pattern.questions.len();
            all += choices(d, k) * (8.0 + 40.0 / row);
            once += (d * d) as f64 * (q + pattern.users.len() as f64 / 8.0);
        }
        (bytes <= MOST_BYTES).then_some(Cost {
            regime: Regime::Patterns,
            once,
            part: 0.0,
            all,
        })
    };
    let gaps = || {
        extents.margins(users, k, gaps_factor(k))?;
        let census = census(matrix, questions);
        if gaps::bytes(&census, questions, k) > MOST_BYTES {
            return None;
        }
        // Users who miss both of a pair of questions.
        let each = census.pairs as f64 / (q * (q - 1.0)).max(1.0);
        let lines = 1.0 + row / crate::arch::WIDTH as f64;
        // Questions of a prefix, and the pairs among them.
        let before = k.saturating_sub(2) as f64;
        let met = (before + before * (before - 1.0).max(0.0) / 2.0) * each;
        let leaf = 40.0 + 15.0 * each;
        let per_row = 100.0 + met * 14.0 * lines;
        let frames = choices(questions, k.saturating_sub(2));
        let per_frame = 2.0 * census.several as f64 + q * q / 8.0;
        Some(Cost {
            regime: Regime::Gaps,
            once: (census.users as f64 + census.missing as f64 * q / 32.0) * q * 25.0
                + q * q * q * 25.0,
            part: 0.0,
            all: frames * per_frame + sets * (leaf + per_row / row),
        })
    };
    [patterns(), gaps()].into_iter().flatten().collect()
}
