//! Ranges of ranks that are done: disjoint, ascending, none of them touching another.

use std::ops::Range;

/// A set of ranks as few ranges.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ranges(Vec<Range<u128>>);

impl Ranges {
    /// Adds a range that is not empty; `false`, and nothing is added, where some of it was there.
    #[must_use]
    pub fn insert(&mut self, range: Range<u128>) -> bool {
        let at = self.0.partition_point(|other| other.start < range.start);
        let before = at.checked_sub(1).map(|before| self.0[before].end);
        let after = self.0.get(at).map(|after| after.start);
        let apart = before.is_none_or(|end| end <= range.start)
            && after.is_none_or(|start| range.end <= start);
        if !apart || range.is_empty() {
            return false;
        }
        let (joins_before, joins_after) = (before == Some(range.start), after == Some(range.end));
        match (joins_before, joins_after) {
            (true, true) => self.0[at - 1].end = self.0.remove(at).end,
            (true, false) => self.0[at - 1].end = range.end,
            (false, true) => self.0[at].start = range.start,
            (false, false) => self.0.insert(at, range),
        }
        true
    }

    /// The ranges.
    #[must_use]
    pub fn as_slice(&self) -> &[Range<u128>] {
        &self.0
    }

    /// How many ranks.
    #[must_use]
    pub fn count(&self) -> u128 {
        self.0.iter().map(|range| range.end - range.start).sum()
    }

    /// Whether `rank` is among them.
    #[must_use]
    pub fn contains(&self, rank: u128) -> bool {
        self.0.iter().any(|range| range.contains(&rank))
    }

    /// What is left of `all`, which holds them, ascending.
    #[must_use]
    pub fn left(&self, all: &Range<u128>) -> Vec<Range<u128>> {
        let starts = [all.start].into_iter().chain(self.0.iter().map(|r| r.end));
        let ends = self.0.iter().map(|r| r.start).chain([all.end]);
        let gaps = starts.zip(ends).map(|(start, end)| start..end);
        gaps.filter(|gap| !gap.is_empty()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn they_are_the_ranks_that_were_added(adds in prop::collection::vec((0_u128..40, 0_u128..9), 0..12)) {
            let mut ranges = Ranges::default();
            let mut ranks = std::collections::BTreeSet::new();
            for (start, length) in adds {
                let range = start..start + length;
                let fresh = length > 0 && range.clone().all(|rank| !ranks.contains(&rank));
                prop_assert_eq!(ranges.insert(range.clone()), fresh);
                if fresh {
                    ranks.extend(range);
                }
            }
            prop_assert_eq!(ranges.count(), ranks.len() as u128);
            prop_assert!((0..60).all(|rank| ranges.contains(rank) == ranks.contains(&rank)));
            prop_assert!(ranges.as_slice().windows(2).all(|pair| pair[0].end < pair[1].start));
            let left: Vec<u128> = ranges.left(&(0..60)).into_iter().flatten().collect();
            let want: Vec<u128> = (0..60).filter(|rank| !ranks.contains(rank)).collect();
            prop_assert_eq!(left, want);
        }
    }
}
