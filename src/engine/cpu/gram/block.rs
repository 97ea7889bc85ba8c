//! A range of ranks as blocks: some questions fixed, the rest any choice from a pool.
//!
//! Inside a block the order of the questions is free, which is what lets the walks reorder them.

use crate::combin::{binomial, subtrees};
use crate::engine::Query;
use std::ops::Range;

/// All sets `fixed` ∪ C, with C any `choose` of the questions `pool`.
///
/// Questions are numbered among those that anybody answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Block {
    /// Ascending.
    pub(super) fixed: Vec<usize>,
    /// Behind `fixed`; at least `choose` of them.
    pub(super) pool: Range<usize>,
    /// At least 1.
    pub(super) choose: usize,
}

impl Block {
    /// How many sets.
    pub(super) fn sets(&self) -> u128 {
        // A query only exists where C(Q, K) fits.
        binomial(self.pool.len() as u64, self.choose as u64).unwrap_or(0)
    }
}

/// The blocks of a query, and the sets that hold a question which nobody answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Blocks {
    /// In lexicographic order.
    pub(super) blocks: Vec<Block>,
    /// Sets of the query that are in no block: their six sums are all 0.
    pub(super) unanswered: u128,
}

/// `answered`: ascending question indices that anybody answered.
pub(super) fn blocks(questions: usize, query: &Query, answered: &[usize]) -> Blocks {
    let k = query.k();
    // Number of answered questions below q.
    let below = |q: usize| answered.partition_point(|&a| a < q);
    let mut out = Blocks {
        blocks: Vec::new(),
        unanswered: 0,
    };
    let mut add = |fixed: &[usize], pool: Range<usize>, choose: usize| {
        let sets = binomial(pool.len() as u64, choose as u64).unwrap_or(0);
        let is_answered = |q: &usize| answered.binary_search(q).ok();
        let block = Block {
            fixed: fixed.iter().filter_map(is_answered).collect(),
            pool: below(pool.start)..below(pool.end),
            choose,
        };
        let visited = if block.fixed.len() == fixed.len() {
            block.sets()
        } else {
            0
        };
        out.unanswered += sets - visited;
        if visited > 0 {
            out.blocks.push(block);
        }
    };
    // A checked query always has subtrees; without any the audit fails.
    for tree in subtrees(questions, k, query.ranks()).unwrap_or_default() {
        let left = k - tree.prefix.len();
        if left == 1 {
            add(&tree.prefix, tree.next, 1);
        } else if tree.next.end == questions + 1 - left {
            add(&tree.prefix, tree.next.start..questions, left);
        } else {
            let mut fixed = tree.prefix;
            for next in tree.next {
                fixed.push(next);
                add(&fixed, next + 1..questions, left - 1);
                fixed.pop();
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::combin::{successor, unrank};
    use crate::matrix::{Duplicates, MatrixBuilder, Score};

    #[test]
    fn blocks_hold_every_answered_set_of_a_range_once() {
        let questions = 7;
        let mut builder = MatrixBuilder::new();
        for q in 0..questions {
            for user in ["u", "v"] {
                let score = Score {
                    mantissa: 1,
                    digits: 0,
                };
                builder.push(user, &q.to_string(), Some(score), 0).unwrap();
            }
        }
        let matrix = builder.finish(Duplicates::Error, "line").unwrap();
        for answered in [vec![0, 1, 2, 3, 4, 5, 6], vec![1, 2, 4, 6], vec![3]] {
            for k in 1..=questions {
                let query = Query::new(&matrix, k, 1, 2).unwrap();
                let total = query.total();
                for start in 0..total {
                    for end in start + 1..=total {
                        let query = query.clone().with_ranks(start, Some(end - start)).unwrap();
                        let got = blocks(questions, &query, &answered);
                        let mut sets = Vec::new();
                        for block in &got.blocks {
                            let mut choice: Vec<usize> = (0..block.choose).collect();
                            loop {
                                let mut set: Vec<usize> =
                                    block.fixed.iter().map(|&q| answered[q]).collect();
                                set.extend(choice.iter().map(|&c| answered[block.pool.start + c]));
                                sets.push(set);
                                if !successor(block.pool.len(), &mut choice) {
                                    break;
                                }
                            }
                        }
                        let want: Vec<_> = (start..end)
                            .map(|r| unrank(questions, k, r).unwrap())
                            .filter(|set| set.iter().all(|q| answered.contains(q)))
                            .collect();
                        assert_eq!(sets, want, "k {k} {start}..{end}");
                        let left = end - start - want.len() as u128;
                        assert_eq!(got.unanswered, left);
                    }
                }
            }
        }
    }
}
