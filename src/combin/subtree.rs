//! A range of ranks as pieces of the prefix tree.
//!
//! The sets below some set c = (c₁ … c_K) in lexicographic order are, for each j, those that start
//! c₁ … c_{j−1} and go on with something between c_{j−1} and c_j. So any range of ranks is at most
//! 2K [`Subtree`]s, and whatever has a closed form for a subtree has one for a range.

use super::{binomial, unrank};
use std::ops::Range;

/// All K-sets that start with `prefix`, whose next element lies in `next`, and whose later elements
/// are any that follow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subtree {
    /// The first elements, ascending.
    pub prefix: Vec<usize>,
    /// Choices of the element after the prefix; never empty.
    pub next: Range<usize>,
}

/// Cuts the ranks `range` of the `k`-subsets of `q` into subtrees, in order.
///
/// Returns `None` where k is 0, C(q, k) leaves 128 bits, or the range does not lie within it.
#[must_use]
pub fn subtrees(q: usize, k: usize, range: Range<u128>) -> Option<Vec<Subtree>> {
    let total = binomial(q as u64, k as u64)?;
    if k == 0 || range.end > total || range.start > range.end {
        return None;
    }
    if range.is_empty() {
        return Some(Vec::new());
    }
    if range == (0..total) {
        return Some(vec![Subtree {
            prefix: Vec::new(),
            next: 0..q + 1 - k,
        }]);
    }
    let low = unrank(q, k, range.start)?;
    // An end at the total behaves like a set that lies behind every other: its first element is one
    // more than any set's first.
    let high = if range.end == total {
        vec![q + 1 - k]
    } else {
        unrank(q, k, range.end)?
    };
    let split = (0..high.len()).find(|&i| low[i] != high[i]).unwrap_or(0);
    let mut out = Vec::new();
    let mut add = |prefix: &[usize], next: Range<usize>| {
        if !next.is_empty() {
            out.push(Subtree {
                prefix: prefix.to_vec(),
                next,
            });
        }
    };
    // Up the low side: `low` itself and everything after it below the level where the two part.
    add(&low[..k - 1], low[k - 1]..low[k - 1] + 1);
    for level in (split + 1..k).rev() {
        add(&low[..level], low[level] + 1..q + 1 - (k - level));
    }
    add(&low[..split], low[split] + 1..high[split]);
    // Down the high side: everything before `high`.
    for level in split + 1..high.len() {
        add(&high[..level], high[level - 1] + 1..high[level]);
    }
    // Where they part at the last level, the first piece is `low` alone and the middle follows it.
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::combin::successor;

    /// Sets of a subtree, in order.
    fn members(q: usize, k: usize, tree: &Subtree) -> Vec<Vec<usize>> {
        let mut out = Vec::new();
        let mut set: Vec<usize> = (0..k).collect();
        loop {
            let p = tree.prefix.len();
            if set.starts_with(&tree.prefix) && tree.next.contains(&set[p]) {
                out.push(set.clone());
            }
            if !successor(q, &mut set) {
                return out;
            }
        }
    }

    #[test]
    fn every_range_of_small_spaces_is_covered_once_in_order() {
        for q in 1..=7_usize {
            for k in 1..=q {
                let total = binomial(q as u64, k as u64).unwrap();
                for start in 0..=total {
                    for end in start..=total {
                        let trees = subtrees(q, k, start..end).unwrap();
                        assert!(trees.len() <= 2 * k + 1);
                        let sets: Vec<_> = trees.iter().flat_map(|t| members(q, k, t)).collect();
                        let want: Vec<_> = (start..end).map(|r| unrank(q, k, r).unwrap()).collect();
                        assert_eq!(sets, want, "q {q} k {k} {start}..{end}");
                    }
                }
            }
        }
    }

    #[test]
    fn ranges_outside_the_space_are_refused() {
        assert_eq!(subtrees(5, 2, 0..11), None);
        assert_eq!(subtrees(132, 66, 0..1), None);
        assert_eq!(subtrees(200, 5, 0..2_535_650_040).unwrap().len(), 1);
    }
}
