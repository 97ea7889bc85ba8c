//! Quotas: how many questions of each group a set may hold, a form of balanced content.

use super::{Size, Space};
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

    /// Whether any set of `space` is allowed.
    ///
    /// A set has any number of questions from the least to the most that its quota, the fixed questions and the
    /// pool leave of each group; so the numbers that sets may have in all are those from one sum to another.
    #[must_use]
    pub fn allow_some(&self, space: &Space) -> bool {
        let mut least = 0;
        let mut most = 0;
        for group in self.shares(space) {
            let (given, held) = (group.given, group.given + group.pool);
            let wanted = group.wanted.unwrap_or(0..=held);
            let (low, high) = (given.max(*wanted.start()), held.min(*wanted.end()));
            if low > high {
                return false;
            }
            least += low;
            most += high;
        }
        (least..=most).contains(&space.k())
    }

    /// How many sets of `space` these allow.
    ///
    /// Of each group, and of the questions in none, j more are chosen from what the pool has of it: the number of
    /// sets is the coefficient of x^K in the product of these choices' sums. It takes about K·Q products of such
    /// numbers.
    #[must_use]
    pub fn count(&self, space: &Space) -> Size {
        let none = Size::from(0);
        let mut ways = vec![none.clone(); space.k() + 1];
        ways[0] = Size::from(1);
        for group in self.shares(space) {
            let mut next = vec![none.clone(); ways.len()];
            for chosen in 0..=group.pool {
                let held = group.given + chosen;
                let allowed = group
                    .wanted
                    .as_ref()
                    .is_none_or(|wanted| wanted.contains(&held));
                if !allowed || held >= next.len() {
                    continue;
                }
                let choices = Size::choices(group.pool as u64, chosen as u64);
                for (to, before) in next[held..].iter_mut().zip(&ways) {
                    if *before != none {
                        *to = before.times(&choices) + &*to;
                    }
                }
            }
            ways = next;
        }
        ways.swap_remove(space.k())
    }

    /// What each group, and at last the questions in none, have in `space`.
    fn shares(&self, space: &Space) -> impl Iterator<Item = Share> {
        let (fixed, pool) = space.order().split_at(space.fixed());
        let places = (0..self.wanted.len()).map(Some).chain([None]);
        places.map(move |place| {
            let of = |questions: &[usize]| {
                let of_group = |q: &&usize| self.group(**q) == place;
                questions.iter().filter(of_group).count()
            };
            Share {
                given: of(fixed),
                pool: of(pool),
                wanted: place.map(|place| self.wanted[place].clone()),
            }
        })
    }
}

/// One group's share of a space.
struct Share {
    /// Questions that every set has.
    given: usize,
    /// Questions of the pool.
    pool: usize,
    /// How many a set may have, if that is limited.
    wanted: Option<RangeInclusive<usize>>,
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
                vec![0..=0, 4..=9],
            ] {
                let quotas = Quotas::new(groups.clone(), wanted);
                for k in 1..=6 {
                    let space = Space::new(&fixed, &pool, k).unwrap();
                    let sets = (0..space.count().unwrap()).filter_map(|rank| space.unrank(rank));
                    let allowed = sets.filter(|set| quotas.allow(&space.set(set))).count();
                    let what = format!("{quotas:?} {space:?}");
                    assert_eq!(quotas.count(&space), allowed as u128, "{what}");
                    assert_eq!(quotas.allow_some(&space), allowed > 0, "{what}");
                }
            }
        }
    }

    #[test]
    fn a_space_that_is_not_numbered_is_counted_exactly() {
        let space = Space::all(140, 70).unwrap();
        let groups = |q: usize| (q < 100).then_some(q / 50);
        let quotas = |wanted: [RangeInclusive<usize>; 2]| {
            Quotas::new((0..140).map(groups).collect(), wanted.to_vec())
        };
        assert_eq!(quotas([0..=50, 0..=50]).count(&space), *space.size());
        // 25 of each fifty and 20 of the forty in none.
        let wanted = Size::choices(50, 25).times(&Size::choices(50, 25));
        let wanted = wanted.times(&Size::choices(40, 20));
        let even = quotas([25..=25, 25..=25]);
        assert!(wanted.numbered().is_none() && even.allow_some(&space));
        assert_eq!(even.count(&space), wanted);
        let few = quotas([0..=15, 0..=14]);
        assert!(!few.allow_some(&space));
        assert_eq!(few.count(&space), 0);
    }
}
