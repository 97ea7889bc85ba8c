//! Which stems a chunk of ranks meets: pure.
//!
//! A stem is the first K − 2 questions of a set, so it is a set of K − 2 of the first Q − 2
//! questions, and the sets of consecutive ranks have consecutive stems. The first and the last stem
//! of a chunk may lie in it in part; the shader masks the leaves outside.

use super::super::queue::Chunk;
use super::super::ranks::RankTable;
use super::layout::LEAVES;
use crate::combin::{binomial, rank};

/// The stems of all sets.
#[derive(Clone, Debug)]
pub(super) struct Stems {
    questions: usize,
    all: u128,
}

/// Those that a chunk meets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Met {
    /// The first one, counted from the last of all: what a shader unranks from.
    pub(super) left: u128,
    /// How many.
    pub(super) stems: u128,
}

impl Stems {
    /// Of the `k`-subsets of `questions`, k > 2; `None` where there are more than 2^128.
    pub(super) fn new(questions: usize, k: usize) -> Option<Self> {
        let questions = questions - LEAVES;
        let all = binomial(questions as u64, (k - LEAVES) as u64)?;
        Some(Self { questions, all })
    }

    /// The stems of `chunk`, which is not empty.
    pub(super) fn met(&self, table: &RankTable, chunk: Chunk) -> Option<Met> {
        let number = |rank_of_set: u128| {
            let set = table.unrank(rank_of_set);
            rank(self.questions, &set[..set.len() - LEAVES])
        };
        let first = number(chunk.first)?;
        let last = number(chunk.first + (chunk.sets - 1))?;
        Some(Met {
            left: self.all - 1 - first,
            stems: last - first + 1,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::combin::unrank;

    #[test]
    fn a_chunk_meets_the_stems_of_its_sets() {
        for (q, k) in [(3, 3), (8, 3), (9, 4), (9, 7), (9, 9)] {
            let table = RankTable::new(q, k).unwrap();
            let stems = Stems::new(q, k).unwrap();
            let total = binomial(q as u64, k as u64).unwrap();
            for first in 0..total {
                for end in first + 1..=total.min(first + 40) {
                    let chunk = Chunk {
                        first,
                        sets: end - first,
                    };
                    let met = stems.met(&table, chunk).unwrap();
                    let mut want: Vec<_> = (first..end)
                        .map(|r| unrank(q, k, r).unwrap()[..k - 2].to_vec())
                        .collect();
                    want.dedup();
                    assert_eq!(met.stems, want.len() as u128);
                    let number = stems.all - 1 - met.left;
                    let numbers = number..number + met.stems;
                    assert!(numbers.map(|n| unrank(q - 2, k - 2, n).unwrap()).eq(want));
                }
            }
        }
    }
}
