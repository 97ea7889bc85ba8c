//! A first floor: some sets of the range are judged before the walk, so that it can discard from
//! its first prefix on.
//!
//! The sets are met again in the walk; only the floor that they prove is kept.

use crate::combin::unrank;
use crate::engine::{Query, Watch};
use crate::matrix::ResponseMatrix;
use crate::stats::Sums;
use crate::top::{Candidate, Top};

/// Sets judged beyond twice the places to fill.
const EXTRA: u128 = 256;

/// Not worth it where the seeds are more than this part of the range.
const SHARE: u128 = 16;

/// Judges sets evenly spread over the range and raises the floor of `watch` to what they prove.
pub(super) fn raise_floor(matrix: &ResponseMatrix, query: &Query, watch: &Watch) {
    let ranks = query.ranks();
    let range = ranks.end - ranks.start;
    let seeds = 2 * query.top() as u128 + EXTRA;
    if seeds * SHARE > range {
        return;
    }
    let mut top = Top::new(query.top());
    for i in 0..seeds {
        // Split so that no product leaves 128 bits.
        let rank = ranks.start + range / seeds * i + range % seeds * i / seeds;
        let Some(set) = unrank(matrix.questions().len(), query.k(), rank) else {
            continue;
        };
        let sums = Sums::of_set(matrix, &set);
        if let Some(candidate) = Candidate::new(set, sums, query.min_users()) {
            top.push(candidate);
        }
        if watch.stopped() {
            return;
        }
    }
    watch.raise_floor(top.floor());
}
