//! Quotas: how many questions of each group a set may hold, a form of balanced content.

use super::{Space, binomial};
use std::ops::RangeInclusive;

/// How many questions of some groups a set holds. A question is in one group at most.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quotas {
    /// The place of each question's group in `wanted`, if it has a quota.
    groups: Vec<Option<usize>>,
    wanted: Vec<RangeInclusive<usize>>,
}

impl Quotas {
    /// `groups` has, for each question of the table, the place of its group in `wanted`, or none; `wanted` how many
    /// questions of each group a set has.
    ///
    /// # Panics
    /// Where a place is beyond `wanted`.
    #[must_use]
    pub fn new(groups: Vec<Option<usize>>, wanted: Vec<RangeInclusive<usize>>) -> Self {
        assert!(groups.iter().flatten().all(|&group| group < wanted.len()));
        Self { groups, wanted }
    }

    /// The place of a question's group in [`Self::wanted`], if it has a quota.
    #[must_use]
    pub fn group(&self, question: usize) -> Option<usize> {
        self.groups.get(question).copied().flatten()
    }

    /// How many questions of each group a set has.
    #[must_use]
    pub fn wanted(&self) -> &[RangeInclusive<usize>] {
        &self.wanted
    }

    /// Whether a set of these question indices holds as many of each group as it should.
    #[must_use]
    pub fn allow(&self, set: &[usize]) -> bool {
        self.wanted.iter().enumerate().all(|(group, wanted)| {
            let of_group = |q: &&usize| self.groups.get(**q) == Some(&Some(group));
            wanted.contains(&set.iter().filter(of_group).count())
        })
    }

    /// How many sets of `space` these allow.
    ///
    /// Of each group, and of the questions in none, j more are chosen from what the pool has of it: the number of
    /// sets is the coefficient of x^K in the product of these choices' sums.
    #[must_use]
    pub fn count(&self, space: &Space) -> u128 {
        let (fixed, pool) = space.order().split_at(space.fixed());
        let places = (0..self.wanted.len()).map(Some).chain([None]);
        let mut ways = vec![0_u128; space.k() + 1];
        ways[0] = 1;
        for place in places {
            let of = |questions: &[usize]| {
                let of_group = |q: &&usize| self.groups.get(**q).copied().flatten() == place;
                questions.iter().filter(of_group).count()
            };
            let (given, more) = (of(fixed), of(pool));
            let mut next = vec![0_u128; ways.len()];
            for (before, &count) in ways.iter().enumerate().filter(|(_, count)| **count > 0) {
                for chosen in 0..=more {
                    let (held, size) = (given + chosen, before + given + chosen);
                    let wanted = place.is_none_or(|place| self.wanted[place].contains(&held));
                    if size < next.len() && wanted {
                        // No product exceeds the number of sets of the space, which fits.
                        let ways = binomial(more as u64, chosen as u64).unwrap_or(0);
                        next[size] = next[size].saturating_add(count.saturating_mul(ways));
                    }
                }
            }
            ways = next;
        }
        ways[space.k()]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_are_counted_as_are_allowed() {
        let groups = vec![Some(0), Some(1), None, Some(0), Some(1), Some(1), Some(0)];
        for (fixed, pool) in [
            (vec![], (0..7).collect::<Vec<_>>()),
            (vec![4], vec![6, 0, 1, 2, 5]),
        ] {
            for wanted in [
                vec![0..=7, 0..=7],
                vec![1..=2, 1..=1],
                vec![2..=2, 0..=0],
                vec![3..=7, 2..=3],
            ] {
                let quotas = Quotas::new(groups.clone(), wanted);
                for k in 1..=6 {
                    let space = Space::new(&fixed, &pool, k).unwrap();
                    let sets = (0..space.count()).filter_map(|rank| space.unrank(rank));
                    let allowed = sets.filter(|set| quotas.allow(&space.set(set))).count();
                    assert_eq!(
                        quotas.count(&space),
                        allowed as u128,
                        "{quotas:?} {space:?}"
                    );
                }
            }
        }
    }
}
