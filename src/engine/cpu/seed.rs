//! A first floor: some sets of the range are judged before the walk, so that it can discard from
//! its first prefix on.
//!
//! The sets are met again in the walk; only the floor that they prove is kept.

use crate::engine::{Query, Watch};
use crate::top::Top;
use std::ops::Range;

/// Sets judged beyond twice the places to fill.
const EXTRA: u128 = 256;

/// Not worth it where the seeds are more than this share of the sets.
const SHARE: u128 = 16;

/// Judges sets evenly spread over these ranks and raises the floor of `watch` to what they prove.
pub(super) fn raise_floor(query: &Query<'_>, ranks: Range<u128>, watch: &Watch) {
    let (start, sets) = (ranks.start, ranks.end - ranks.start);
    let seeds = 2 * query.top() as u128 + EXTRA;
    if seeds * SHARE > sets {
        return;
    }
    let mut top = Top::new(query.top());
    for i in 0..seeds {
        // Split so that no product leaves 128 bits.
        let rank = start + sets / seeds * i + sets % seeds * i / seeds;
        let set = query.space().unrank(rank);
        if let Some(candidate) = set.and_then(|set| query.judge(&set)) {
            watch.keep(&mut top, candidate);
        }
        if watch.stopped() {
            return;
        }
    }
    watch.raise_floor(top.floor());
}
