//! Which sets are asked for, numbered, and in parts: some questions fixed, the rest any of a pool.
//!
//! A [`Space`] puts the questions that matter in an *order*: those that every set has, then the pool.
//! Whoever searches sees a table in that order, and sets as ascending *positions* in it. Positions are
//! numbered lexicographically, as all K-subsets of the order are; and since the sets with every fixed
//! question are the lexicographically first ones, a space is the ranks `0..count`, with or without
//! fixed questions. So every engine that can search a range of ranks can search any space.
//!
//! A [`Part`] is a range of these ranks, and what a search is given. It falls into [`Block`]s: inside
//! one the order of the questions is free.
//!
//! ```text
//! Space   fixed F, pool P, K      sets F ∪ (any K − |F| of P), ranks 0..C(|P|, K − |F|)
//! Part    ranks a..b of them      = at most 2K subtrees of the prefix tree
//! Block   positions f, run p, j   sets f ∪ (any j of p); disjoint, together the part
//! ```

use super::{Subtree, binomial, subtrees, unrank};
use std::ops::Range;

/// Why questions do not make a space.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SpaceError {
    /// K = 0.
    #[error("a set needs at least one question")]
    NoQuestions,
    /// A question that is named twice, as fixed or in the pool.
    #[error("question {0} is named twice")]
    Twice(usize),
    /// More fixed questions than a set has.
    #[error("{fixed} questions are to be in every set, and a set has {k}")]
    TooManyFixed {
        /// How many are fixed.
        fixed: usize,
        /// K.
        k: usize,
    },
    /// Too few questions to choose from.
    #[error("sets of {k} questions, and there are only {questions} questions")]
    TooFewQuestions {
        /// K.
        k: usize,
        /// Fixed ones and pool together.
        questions: usize,
    },
    /// The K-subsets of the questions cannot be numbered in 128 bits.
    #[error("C({questions}, {k}) sets are more than 2^128, which cannot be numbered")]
    TooManySets {
        /// Fixed ones and pool together.
        questions: usize,
        /// K.
        k: usize,
    },
}

/// All sets of K questions that hold some fixed ones and any others of a pool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Space {
    /// Question indices: those that every set has, then the pool.
    order: Vec<usize>,
    fixed: usize,
    k: usize,
    count: u128,
}

impl Space {
    /// All sets of `k` of the questions `0..questions`.
    ///
    /// # Errors
    /// See [`SpaceError`].
    pub fn all(questions: usize, k: usize) -> Result<Self, SpaceError> {
        let pool: Vec<usize> = (0..questions).collect();
        Self::new(&[], &pool, k)
    }

    /// All sets of `k` questions that hold all of `fixed` and otherwise any of `pool`; their ranks
    /// follow the order in which the pool is given.
    ///
    /// # Errors
    /// See [`SpaceError`].
    pub fn new(fixed: &[usize], pool: &[usize], k: usize) -> Result<Self, SpaceError> {
        let order = [fixed, pool].concat();
        let (questions, fixed) = (order.len(), fixed.len());
        if k == 0 {
            return Err(SpaceError::NoQuestions);
        }
        if fixed > k {
            return Err(SpaceError::TooManyFixed { fixed, k });
        }
        if k > questions {
            return Err(SpaceError::TooFewQuestions { k, questions });
        }
        let mut sorted = order.clone();
        sorted.sort_unstable();
        if let Some(pair) = sorted.windows(2).find(|pair| pair[0] == pair[1]) {
            return Err(SpaceError::Twice(pair[0]));
        }
        // Ranks are those of all K-subsets of the order, so these are what must fit.
        binomial(questions as u64, k as u64).ok_or(SpaceError::TooManySets { questions, k })?;
        let count = binomial((questions - fixed) as u64, (k - fixed) as u64).unwrap_or(0);
        Ok(Self {
            order,
            fixed,
            k,
            count,
        })
    }

    /// Question indices by position: the fixed ones, then the pool.
    #[must_use]
    pub fn order(&self) -> &[usize] {
        &self.order
    }

    /// How many positions hold questions that every set has.
    #[must_use]
    pub fn fixed(&self) -> usize {
        self.fixed
    }

    /// K: questions in a set.
    #[must_use]
    pub fn k(&self) -> usize {
        self.k
    }

    /// How many sets there are.
    #[must_use]
    pub fn count(&self) -> u128 {
        self.count
    }

    /// Whether the positions are the indices of a table of so many questions.
    #[must_use]
    pub fn is_table_order(&self, questions: usize) -> bool {
        self.order.len() == questions && self.order.iter().enumerate().all(|(i, &q)| i == q)
    }

    /// The ascending question indices of a set of positions.
    #[must_use]
    pub fn set(&self, positions: &[usize]) -> Vec<usize> {
        let mut set: Vec<usize> = positions.iter().map(|&p| self.order[p]).collect();
        set.sort_unstable();
        set
    }

    /// The ascending positions of the set with this rank.
    #[must_use]
    pub fn unrank(&self, rank: u128) -> Option<Vec<usize>> {
        unrank(self.order.len(), self.k, rank).filter(|_| rank < self.count)
    }

    /// Every set.
    #[must_use]
    pub fn whole(&self) -> Part {
        Part {
            ranks: 0..self.count,
        }
    }

    /// The sets with ranks from `skip`, at most `limit` of them; `None` where there is no such set.
    #[must_use]
    pub fn part(&self, skip: u128, limit: Option<u128>) -> Option<Part> {
        let end = limit.map_or(self.count, |limit| {
            skip.saturating_add(limit).min(self.count)
        });
        (skip < self.count).then_some(Part { ranks: skip..end })
    }

    /// Whether `part` is every set.
    #[must_use]
    pub fn is_whole(&self, part: &Part) -> bool {
        part.ranks == (0..self.count)
    }

    /// The pieces of the prefix tree that `part` is made of, in positions: at most 2K.
    #[must_use]
    pub fn subtrees(&self, part: &Part) -> Vec<Subtree> {
        // The ranks of a part always lie among those of all subsets.
        subtrees(self.order.len(), self.k, part.ranks.clone()).unwrap_or_default()
    }

    /// The blocks that `part` is made of, in lexicographic order of their positions.
    #[must_use]
    pub fn blocks(&self, part: &Part) -> Vec<Block> {
        let questions = self.order.len();
        if self.is_whole(part) {
            return vec![Block {
                fixed: (0..self.fixed).collect(),
                pool: self.fixed..questions,
                choose: self.k - self.fixed,
            }];
        }
        let mut blocks = Vec::new();
        for Subtree { prefix, next } in self.subtrees(part) {
            let choose = self.k - prefix.len();
            if choose == 1 || next.end == questions + 1 - choose {
                let end = if choose == 1 { next.end } else { questions };
                blocks.push(Block {
                    fixed: prefix,
                    pool: next.start..end,
                    choose,
                });
                continue;
            }
            for first in next {
                blocks.push(Block {
                    fixed: [&prefix[..], &[first]].concat(),
                    pool: first + 1..questions,
                    choose: choose - 1,
                });
            }
        }
        blocks
    }
}

/// A range of the ranks of a [`Space`]: what one search visits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    ranks: Range<u128>,
}

impl Part {
    /// Ranks of the space.
    #[must_use]
    pub fn ranks(&self) -> Range<u128> {
        self.ranks.clone()
    }

    /// How many sets.
    #[must_use]
    pub fn sets(&self) -> u128 {
        self.ranks.end - self.ranks.start
    }

    /// At most `pieces` parts of as nearly the same number of sets as there can be, in order, none of
    /// them empty.
    ///
    /// Work goes with sets: every engine hands its work out in small shares, so that parts with as many
    /// sets take as long, but for those near the end of the order, whose prefixes have few leaves.
    #[must_use]
    pub fn split(&self, pieces: u128) -> Vec<Self> {
        let sets = self.sets();
        let pieces = pieces.clamp(1, sets.max(1));
        let (each, longer) = (sets / pieces, sets % pieces);
        let mut start = self.ranks.start;
        (0..pieces)
            .map(|piece| {
                let ranks = start..start + each + u128::from(piece < longer);
                start = ranks.end;
                Self { ranks }
            })
            .collect()
    }
}

/// All sets of positions `fixed` ∪ any `choose` of the positions `pool`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// Ascending, before the pool.
    pub fixed: Vec<usize>,
    /// At least `choose` positions.
    pub pool: Range<usize>,
    /// How many to choose; 0 for the one set `fixed`.
    pub choose: usize,
}

impl Block {
    /// How many sets.
    #[must_use]
    pub fn sets(&self) -> u128 {
        // A space only exists where all of its sets can be counted.
        binomial(self.pool.len() as u64, self.choose as u64).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::combin::successor;

    /// The sets of positions of a block, in order.
    fn members(block: &Block) -> Vec<Vec<usize>> {
        let mut choice: Vec<usize> = (0..block.choose).collect();
        let mut sets = Vec::new();
        loop {
            let chosen = choice.iter().map(|&c| block.pool.start + c);
            sets.push(block.fixed.iter().copied().chain(chosen).collect());
            if !successor(block.pool.len(), &mut choice) {
                return sets;
            }
        }
    }

    #[test]
    fn blocks_hold_every_set_of_every_part_once_and_in_order() {
        for (fixed, pool, k) in [
            (vec![], vec![0, 1, 2, 3, 4, 5], 3),
            (vec![], vec![4, 2, 0, 1], 1),
            (vec![5], vec![3, 1, 0, 4], 3),
            (vec![2, 0], vec![6, 5, 4, 3, 1], 4),
            (vec![1, 2], vec![0], 2),
        ] {
            let space = Space::new(&fixed, &pool, k).unwrap();
            for skip in 0..space.count() {
                for limit in 1..=space.count() - skip {
                    let part = space.part(skip, Some(limit)).unwrap();
                    let blocks = space.blocks(&part);
                    assert_eq!(blocks.iter().map(Block::sets).sum::<u128>(), part.sets());
                    let sets: Vec<_> = blocks.iter().flat_map(members).collect();
                    let want: Vec<_> = part.ranks().map(|r| space.unrank(r).unwrap()).collect();
                    assert_eq!(sets, want, "{space:?} {part:?}");
                    for set in sets.iter().map(|set| space.set(set)) {
                        assert!(fixed.iter().all(|q| set.contains(q)) && set.len() == k);
                        assert!(set.is_sorted());
                    }
                }
            }
            assert_eq!(space.part(space.count(), None), None);
            assert_eq!(space.unrank(space.count()), None);
        }
    }

    #[test]
    fn a_fixed_question_leaves_the_choices_of_the_others() {
        let space = Space::new(&[7], &[1, 2, 3], 2).unwrap();
        let sets: Vec<_> = (0..3).filter_map(|r| space.unrank(r)).collect();
        let questions: Vec<_> = sets.iter().map(|set| space.set(set)).collect();
        assert_eq!(questions, [[1, 7], [2, 7], [3, 7]]);
        assert!(!space.is_table_order(4));
        assert!(Space::all(4, 2).unwrap().is_table_order(4));
    }

    #[test]
    fn parts_split_into_all_of_their_ranks() {
        let space = Space::all(9, 4).unwrap();
        let part = space.part(5, Some(100)).unwrap();
        for pieces in [1, 2, 3, 7, 100, 1000] {
            let split = part.split(pieces);
            assert_eq!(split.len() as u128, pieces.min(100));
            let ranks: Vec<u128> = split.iter().flat_map(Part::ranks).collect();
            assert_eq!(ranks, part.ranks().collect::<Vec<_>>());
            let sizes = split.iter().map(Part::sets);
            assert!(sizes.clone().max().unwrap() - sizes.min().unwrap() <= 1);
        }
    }

    #[test]
    fn what_makes_no_space_is_refused() {
        assert_eq!(Space::all(3, 0), Err(SpaceError::NoQuestions));
        assert_eq!(Space::new(&[1], &[2, 1], 2), Err(SpaceError::Twice(1)));
        let (k, questions) = (4, 3);
        let few = SpaceError::TooFewQuestions { k, questions };
        assert_eq!(Space::all(3, 4), Err(few));
        let (fixed, k) = (2, 1);
        let many = SpaceError::TooManyFixed { fixed, k };
        assert_eq!(Space::new(&[0, 1], &[2], 1), Err(many));
        let (questions, k) = (132, 66);
        let many = SpaceError::TooManySets { questions, k };
        assert_eq!(Space::all(132, 66), Err(many));
    }
}
