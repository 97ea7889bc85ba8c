//! A part of the sets, as a range of their ranks: which sets it has, and blocks of it to start from.

use crate::combin::{Part, Space, Subtree};
use std::ops::Range;

/// A part that is not the whole.
#[derive(Clone, Debug)]
pub(super) struct Piece<'a> {
    space: &'a Space,
    ranks: Range<u128>,
    /// The first and the last set, in positions; `None` where there is no set.
    ends: Option<[Vec<usize>; 2]>,
    /// What it is made of, in positions.
    pub(super) trees: Vec<Subtree>,
}

/// The sets of positions that hold `fixed`, and otherwise any of `pool`, which lie behind them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Start {
    pub(super) fixed: Vec<usize>,
    pub(super) pool: Range<usize>,
}

impl<'a> Piece<'a> {
    /// `None` where `part` is all of the space.
    pub(super) fn of(space: &'a Space, part: &Part) -> Option<Self> {
        let ranks = part.ranks().filter(|_| !space.is_whole(part))?;
        let last = ranks.end.checked_sub(1).filter(|_| !ranks.is_empty());
        let ends = last.and_then(|last| Some([space.unrank(ranks.start)?, space.unrank(last)?]));
        Some(Self {
            space,
            trees: space.subtrees(part),
            ranks,
            ends,
        })
    }

    /// Whether it has this set of ascending positions: ranks are in lexicographic order.
    pub(super) fn holds(&self, set: &[usize]) -> bool {
        self.ends
            .as_ref()
            .is_some_and(|[first, last]| first.as_slice() <= set && set <= last.as_slice())
    }

    /// The block that holds the set with a rank drawn by this number, each set with the same chance.
    pub(super) fn start(&self, number: u128) -> Option<Start> {
        let sets = self.ranks.end - self.ranks.start;
        let rank = self.ranks.start + number.checked_rem(sets)?;
        let set = self.space.unrank(rank)?;
        let holds = |tree: &&Subtree| {
            let depth = tree.prefix.len();
            set.starts_with(&tree.prefix) && tree.next.contains(&set[depth])
        };
        let depth = self.trees.iter().find(holds)?.prefix.len();
        Some(Start {
            pool: set[depth] + 1..self.space.order().len(),
            fixed: set[..=depth].to_vec(),
        })
    }

    /// Blocks that it falls into, at most.
    pub(super) fn blocks(&self) -> u64 {
        self.trees.iter().map(|tree| tree.next.len() as u64).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_holds_the_sets_with_its_ranks_and_starts_from_each_of_their_blocks() {
        let space = Space::new(&[2], &[5, 0, 1, 4, 3], 4).unwrap();
        let count = space.count().unwrap();
        for start in 0..count {
            for sets in 0..=count - start {
                let part = space.part(start, Some(sets)).unwrap();
                let Some(piece) = Piece::of(&space, &part) else {
                    assert_eq!(sets, count);
                    continue;
                };
                for rank in 0..count {
                    let inside = (start..start + sets).contains(&rank);
                    assert_eq!(piece.holds(&space.unrank(rank).unwrap()), inside);
                }
                assert_eq!(piece.start(7).is_some(), sets > 0);
                for number in 0..2 * sets {
                    let set = space.unrank(start + number % sets).unwrap();
                    let Start { fixed, pool } = piece.start(number).unwrap();
                    assert!(set.starts_with(&fixed) && pool.end == 6);
                    let behind = &set[fixed.len()..];
                    assert!(behind.iter().all(|p| pool.contains(p)));
                    // The first and the last set of the block are sets of the part.
                    let open = space.k() - fixed.len();
                    let low = pool.start..pool.start + open;
                    let high = pool.end - open..pool.end;
                    for run in [low, high] {
                        let end: Vec<usize> = fixed.iter().copied().chain(run).collect();
                        assert!(piece.holds(&end), "{part:?} {end:?}");
                    }
                }
            }
        }
    }
}
