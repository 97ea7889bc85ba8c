//! Which sets are asked for, numbered, and in parts: some questions fixed, the rest any of a pool.
//!
//! A [`Space`] puts the questions that matter in an *order*: those that every set has, then the pool.
//! Whoever searches sees a table in that order, and sets as ascending *positions* in it. Positions are
//! numbered lexicographically, as all K-subsets of the order are; and since the sets with every fixed
//! question are the lexicographically first ones, a space is the ranks `0..count`, with or without
//! fixed questions: those of its choices from the pool. So every engine that can search a range of ranks can
//! search any space whose sets 128 bits number. A larger space is searched as a whole, or not at all.
//!
//! A [`Part`] is a range of these ranks, or the whole of a space without them, and what a search is given. It
//! falls into [`Block`]s: inside one the order of the questions is free.
//!
//! ```text
//! Space   fixed F, pool P, K      sets F ∪ (any K − |F| of P), ranks 0..C(|P|, K − |F|)
//! Part    ranks a..b of them      = at most 2K subtrees of the prefix tree
//! Block   positions f, run p, j   sets f ∪ (any j of p); disjoint, together the part
//! ```

use super::{Size, Subtree, binomial, rank, roundest, subtrees, unrank};
use std::ops::{Range, RangeInclusive};

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
}

/// All sets of K questions that hold some fixed ones and any others of a pool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Space {
    /// Question indices: those that every set has, then the pool.
    order: Vec<usize>,
    fixed: usize,
    k: usize,
    size: Size,
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
        let size = Size::choices((questions - fixed) as u64, (k - fixed) as u64);
        Ok(Self {
            order,
            fixed,
            k,
            size,
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

    /// How many sets there are, whatever their number.
    #[must_use]
    pub fn size(&self) -> &Size {
        &self.size
    }

    /// How many sets there are, which are the ranks from 0 on; `None` where 128 bits cannot number them.
    #[must_use]
    pub fn count(&self) -> Option<u128> {
        self.size.numbered()
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

    /// The ascending positions of the set with this rank; `None` where there is none, or sets have no ranks.
    #[must_use]
    pub fn unrank(&self, rank: u128) -> Option<Vec<usize>> {
        let chosen = unrank(self.order.len() - self.fixed, self.k - self.fixed, rank)?;
        Some(
            (0..self.fixed)
                .chain(chosen.into_iter().map(|p| self.fixed + p))
                .collect(),
        )
    }

    /// Whether the set of K questions at these ascending positions has every fixed one.
    #[must_use]
    pub fn holds(&self, positions: &[usize]) -> bool {
        positions.iter().take(self.fixed).copied().eq(0..self.fixed)
    }

    /// The rank of the set of K questions at these ascending positions; `None` where it lacks a fixed one, or sets
    /// have no ranks.
    #[must_use]
    pub fn rank(&self, positions: &[usize]) -> Option<u128> {
        let chosen = positions
            .get(self.fixed..)
            .filter(|_| self.holds(positions))?;
        let chosen: Vec<usize> = chosen.iter().map(|p| p - self.fixed).collect();
        rank(self.order.len() - self.fixed, &chosen)
    }

    /// The one of these cuts (a cut lies before the rank that it is) that leaves the largest subtrees whole, see
    /// [`roundest`]; the lowest where sets have no ranks or cuts lie behind them.
    #[must_use]
    pub fn roundest(&self, within: RangeInclusive<u128>) -> u128 {
        let lowest = *within.start();
        let pool = self.order.len() - self.fixed;
        roundest(pool, self.k - self.fixed, within).unwrap_or(lowest)
    }

    /// Every set.
    #[must_use]
    pub fn whole(&self) -> Part {
        Part {
            ranks: self.count().map(|count| 0..count),
        }
    }

    /// The sets with ranks from `skip`, at most `limit` of them; `None` where there is no such set. Where sets have
    /// no ranks ([`Self::count`]), nothing skipped and no limit is the whole, and anything else is `None`.
    #[must_use]
    pub fn part(&self, skip: u128, limit: Option<u128>) -> Option<Part> {
        let Some(count) = self.count() else {
            return (skip == 0 && limit.is_none()).then(|| self.whole());
        };
        let end = limit.map_or(count, |limit| skip.saturating_add(limit).min(count));
        (skip < count).then_some(Part {
            ranks: Some(skip..end),
        })
    }

    /// Whether `part` is every set.
    #[must_use]
    pub fn is_whole(&self, part: &Part) -> bool {
        *part == self.whole()
    }

    /// How many sets `part` has.
    #[must_use]
    pub fn size_of(&self, part: &Part) -> Size {
        part.sets().map_or_else(|| self.size.clone(), Size::from)
    }

    /// The share of all sets that `part` is, about.
    #[must_use]
    pub fn share(&self, part: &Part) -> f64 {
        match (part.sets(), self.count()) {
            (Some(sets), Some(count)) => sets as f64 / count as f64,
            _ => 1.0,
        }
    }

    /// The pieces of the prefix tree that `part` is made of, in positions: at most 2K.
    #[must_use]
    pub fn subtrees(&self, part: &Part) -> Vec<Subtree> {
        let (fixed, choose) = (self.fixed, self.k - self.fixed);
        let pool = self.order.len() - fixed;
        let Some(ranks) = &part.ranks else {
            // Sets that all have the same questions are numbered, so that one at least is chosen here.
            return vec![Subtree {
                prefix: (0..fixed).collect(),
                next: fixed..self.order.len() + 1 - choose,
            }];
        };
        if ranks.is_empty() {
            return Vec::new();
        }
        if choose == 0 {
            let only = Subtree {
                prefix: (0..fixed - 1).collect(),
                next: fixed - 1..fixed,
            };
            return vec![only];
        }
        // The ranks of a part always lie among those of its space.
        let trees = subtrees(pool, choose, ranks.clone()).unwrap_or_default();
        let behind = |Subtree { prefix, next }: Subtree| Subtree {
            prefix: (0..fixed)
                .chain(prefix.into_iter().map(|p| fixed + p))
                .collect(),
            next: fixed + next.start..fixed + next.end,
        };
        trees.into_iter().map(behind).collect()
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

/// What one search visits: a range of the ranks of a [`Space`], or all sets of one without ranks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// `None` for the whole of a space whose sets 128 bits cannot number.
    ranks: Option<Range<u128>>,
}

impl Part {
    /// Ranks of the space; `None` where its sets have none, and this is all of them.
    #[must_use]
    pub fn ranks(&self) -> Option<Range<u128>> {
        self.ranks.clone()
    }

    /// How many sets; `None` where they have no ranks. [`Space::size_of`] says how many there are then.
    #[must_use]
    pub fn sets(&self) -> Option<u128> {
        self.ranks.as_ref().map(|ranks| ranks.end - ranks.start)
    }

    /// At most `pieces` parts of as nearly the same number of sets as there can be, in order, none of
    /// them empty; `None` where sets have no ranks to be split by.
    ///
    /// Work goes with sets: every engine hands its work out in small shares, so that parts with as many
    /// sets take as long, but for those near the end of the order, whose prefixes have few leaves.
    #[must_use]
    pub fn split(&self, pieces: u128) -> Option<Vec<Self>> {
        let mut start = self.ranks.as_ref()?.start;
        let sets = self.sets()?;
        let pieces = pieces.clamp(1, sets.max(1));
        let (each, longer) = (sets / pieces, sets % pieces);
        let parts = (0..pieces).map(|piece| {
            let ranks = start..start + each + u128::from(piece < longer);
            start = ranks.end;
            Self { ranks: Some(ranks) }
        });
        Some(parts.collect())
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
    /// How many sets; `None` where 128 bits cannot number them, which those of a part with ranks never exceed.
    #[must_use]
    pub fn sets(&self) -> Option<u128> {
        binomial(self.pool.len() as u64, self.choose as u64)
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

    /// The sets of positions under a piece of the prefix tree, in order.
    fn under(tree: &Subtree, space: &Space) -> Vec<Vec<usize>> {
        let behind = space.k() - tree.prefix.len() - 1;
        let block = |first: usize| Block {
            fixed: [&tree.prefix[..], &[first]].concat(),
            pool: first + 1..space.order().len(),
            choose: behind,
        };
        tree.next
            .clone()
            .flat_map(|first| members(&block(first)))
            .collect()
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
            let count = space.count().unwrap();
            for skip in 0..count {
                for limit in 1..=count - skip {
                    let part = space.part(skip, Some(limit)).unwrap();
                    let blocks = space.blocks(&part);
                    assert_eq!(
                        blocks.iter().map(Block::sets).sum::<Option<_>>(),
                        part.sets()
                    );
                    let sets: Vec<_> = blocks.iter().flat_map(members).collect();
                    let ranks = part.ranks().unwrap();
                    let want: Vec<_> = ranks.clone().filter_map(|r| space.unrank(r)).collect();
                    assert_eq!(sets, want, "{space:?} {part:?}");
                    // As all K-subsets of the order are numbered.
                    let of_order = |r| unrank(space.order().len(), k, r).unwrap();
                    assert_eq!(want, ranks.clone().map(of_order).collect::<Vec<_>>());
                    assert!(want.iter().map(|set| space.rank(set)).eq(ranks.map(Some)));
                    let trees = space.subtrees(&part);
                    assert!(trees.len() <= 2 * k + 1);
                    assert_eq!(
                        trees
                            .iter()
                            .flat_map(|tree| under(tree, &space))
                            .collect::<Vec<_>>(),
                        want
                    );
                    for set in sets.iter().map(|set| space.set(set)) {
                        assert!(fixed.iter().all(|q| set.contains(q)) && set.len() == k);
                        assert!(set.is_sorted());
                    }
                }
            }
            assert_eq!(space.part(count, None), None);
            assert_eq!(space.unrank(count), None);
            let questions = space.order().len();
            let last: Vec<usize> = (questions - k..questions).collect();
            assert_eq!(
                space.rank(&last).is_some(),
                last.starts_with(&(0..fixed.len()).collect::<Vec<_>>())
            );
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
            let split = part.split(pieces).unwrap();
            assert_eq!(split.len() as u128, pieces.min(100));
            let ranks: Vec<u128> = split.iter().filter_map(Part::ranks).flatten().collect();
            assert_eq!(ranks, part.ranks().unwrap().collect::<Vec<_>>());
            let sizes = split.iter().filter_map(Part::sets);
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
    }

    #[test]
    fn a_space_of_more_sets_than_128_bits_number_is_a_whole_without_ranks() {
        let space = Space::all(132, 66).unwrap();
        let text = "377389666165540953244592352291892721700";
        assert_eq!(space.size().to_string(), text);
        assert_eq!(space.count(), None);
        let whole = space.whole();
        assert!(space.is_whole(&whole));
        assert_eq!(
            (whole.ranks(), whole.sets(), whole.split(2)),
            (None, None, None)
        );
        assert_eq!(space.part(0, None), Some(whole.clone()));
        assert_eq!(space.part(1, None), None);
        assert_eq!(space.part(0, Some(u128::MAX)), None);
        assert_eq!((space.unrank(0), space.rank(&[0; 66])), (None, None));
        assert_eq!(space.size_of(&whole), *space.size());
        let [tree] = space.subtrees(&whole).try_into().unwrap();
        assert_eq!((tree.prefix, tree.next), (vec![], 0..67));
        let [block] = space.blocks(&whole).try_into().unwrap();
        assert_eq!(
            (block.pool.clone(), block.choose, block.sets()),
            (0..132, 66, None)
        );
        // A fixed question more halves it, and so it has ranks.
        let pool: Vec<usize> = (1..132).collect();
        let less = Space::new(&[0], &pool, 66).unwrap();
        let half = less.count().unwrap();
        assert_eq!(Size::from(half) + &half.into(), *space.size());
        let last = less.unrank(half - 1).unwrap();
        assert_eq!(last, [0].into_iter().chain(67..132).collect::<Vec<_>>());
        assert_eq!(less.rank(&last), Some(half - 1));
        assert_eq!(less.rank(&(66..132).collect::<Vec<_>>()), None);
    }
}
