//! The blocks of a part, of questions that anybody answered.

use crate::combin::Block;
use crate::engine::{Part, Query};

/// The blocks of a part, and the sets that hold a question which nobody answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Blocks {
    /// In lexicographic order, each of at least one set that chooses at least one question; positions are
    /// counted among the questions that anybody answered.
    pub(super) blocks: Vec<Block>,
    /// Sets of the part that are in no block: their six sums are all 0.
    pub(super) unanswered: u128,
}

/// The blocks of `part`; `answered` are the ascending positions that anybody answered. `None` where its sets have
/// no ranks.
pub(super) fn blocks(query: &Query<'_>, part: &Part, answered: &[usize]) -> Option<Blocks> {
    // How many answered questions lie before position p.
    let before = |p: usize| answered.partition_point(|&a| a < p);
    let mut out = Blocks {
        blocks: Vec::new(),
        unanswered: part.sets()?,
    };
    for block in query.space().blocks(part) {
        let mut pool = before(block.pool.start)..before(block.pool.end);
        let mut choose = block.choose;
        let is_answered = |p: &usize| answered.binary_search(p).ok();
        let mut fixed: Vec<usize> = block.fixed.iter().filter_map(is_answered).collect();
        if fixed.len() < block.fixed.len() {
            continue;
        }
        // A block of one set chooses its last question.
        if choose == 0
            && let Some(last) = fixed.pop()
        {
            (pool, choose) = (last..last + 1, 1);
        }
        let block = Block {
            fixed,
            pool,
            choose,
        };
        let sets = block.sets()?;
        if sets > 0 {
            out.unanswered -= sets;
            out.blocks.push(block);
        }
    }
    Some(out)
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
                let query = Query::of(&matrix).k(k).build().unwrap();
                let total = query.space().count().unwrap();
                for start in 0..total {
                    for end in start + 1..=total {
                        let part = query.space().part(start, Some(end - start)).unwrap();
                        let got = blocks(&query, &part, &answered).unwrap();
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
