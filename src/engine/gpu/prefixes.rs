//! Which prefixes of a given length a chunk of ranks meets: pure.
//!
//! The first `depth` questions of a K-set are a set of `depth` of the first Q − K + `depth` questions,
//! and the sets of consecutive ranks have consecutive prefixes. The first and the last prefix of a
//! chunk may lie in it in part.

use super::limits::Excess;
use super::queue::Chunk;
use super::ranks::RankTable;
use crate::combin::{binomial, rank};

/// The prefixes of all sets.
#[derive(Clone, Debug)]
pub(super) struct Prefixes {
    /// Questions that they are chosen from.
    questions: usize,
    depth: usize,
    all: u128,
}

/// The prefixes that a chunk meets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Met {
    /// The first one, counted from the last of all: what a shader unranks from.
    pub(super) left: u128,
    /// How many.
    pub(super) prefixes: u128,
}

impl Prefixes {
    /// The first `depth` questions of the `k`-subsets of `questions`, 0 < depth < k.
    ///
    /// # Errors
    /// Where there are more than 2^128.
    pub(super) fn new(questions: usize, k: usize, depth: usize) -> Result<Self, Excess> {
        let questions = questions - (k - depth);
        let all = binomial(questions as u64, depth as u64)
            .ok_or_else(|| Excess::new("the number of prefixes", "more than 2^128", "2^128"))?;
        Ok(Self {
            questions,
            depth,
            all,
        })
    }

    /// The prefixes of `chunk`, which is not empty.
    pub(super) fn met(&self, table: &RankTable, chunk: Chunk) -> Option<Met> {
        let number = |rank_of_set: u128| {
            let set = table.unrank(rank_of_set);
            rank(self.questions, &set[..self.depth])
        };
        let first = number(chunk.first)?;
        let last = number(chunk.first + (chunk.sets - 1))?;
        Some(Met {
            left: self.all - 1 - first,
            prefixes: last - first + 1,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::combin::unrank;

    #[test]
    fn a_chunk_meets_the_prefixes_of_its_sets() {
        for (q, k) in [(3, 3), (8, 3), (9, 4), (9, 7), (9, 9)] {
            let table = RankTable::new(q, k).unwrap();
            let total = binomial(q as u64, k as u64).unwrap();
            for depth in 1..k {
                let behind = k - depth;
                let all = Prefixes::new(q, k, depth).unwrap();
                for first in 0..total {
                    for end in first + 1..=total.min(first + 40) {
                        let chunk = Chunk {
                            first,
                            sets: end - first,
                        };
                        let met = all.met(&table, chunk).unwrap();
                        let mut want: Vec<_> = (first..end)
                            .map(|r| unrank(q, k, r).unwrap()[..depth].to_vec())
                            .collect();
                        want.dedup();
                        assert_eq!(met.prefixes, want.len() as u128);
                        let number = all.all - 1 - met.left;
                        let numbers = number..number + met.prefixes;
                        let prefixes = numbers.map(|n| unrank(q - behind, depth, n).unwrap());
                        assert!(prefixes.eq(want));
                    }
                }
            }
        }
    }
}
