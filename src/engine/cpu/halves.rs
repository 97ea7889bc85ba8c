//! Halves: where the questions to choose from are split in two, and how many may lie in the second part.
//!
//! A walk tells sets apart by their first questions, and three questions short of a set it pays for each *stem*,
//! a prefix with one more question. It gets by with fewer stems where every set has its first questions in one
//! half: for each half in turn the walk goes over that half first and the other behind it, the *limit* being the
//! position between them, and only so many questions of a set may lie at or behind the limit.
//!
//! - Of any five questions, three or more lie in one half: two may lie behind the limit, whichever half is first.
//!   That is a quarter of the stems of three questions (2·C(Q/2, 3) of C(Q, 3), the fewest that Turán's problem
//!   allows as far as is known), each with four times the leaves.
//! - Of any four questions, two or more lie in the first half, or three or more in the second: two may lie behind
//!   the limit where the first half comes first, and one where the second does. That is half of the stems of two
//!   questions (2·C(Q/2, 2) of C(Q, 2), the fewest by Turán's theorem), each with twice the leaves. Pairs, the
//!   stems with one more question, are C(Q/2, 2)·Q/2 + 2·C(Q/2, 3), some 5/8 of C(Q, 3).
//!
//! What is done once a stem or pair costs so much less; what is done once a leaf costs the same.

use crate::combin::binomial;

/// How many of the questions chosen for a set may lie at or behind a position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Limit {
    /// The position.
    pub(super) position: usize,
    /// How many may lie there or behind: 1 or 2.
    pub(super) allowed: usize,
}

impl Limit {
    /// What leaves all sets of so many questions: there is no question behind it.
    pub(super) fn none(questions: usize) -> Self {
        Self {
            position: questions,
            allowed: 2,
        }
    }

    /// Whether it leaves out any set of so many questions.
    pub(super) fn is_none(self, questions: usize) -> bool {
        self.position >= questions
    }

    /// For each half that comes first, how many of `choose` questions, four or five, may lie in the other. Every
    /// set has so few in the other half for exactly one of the two.
    pub(super) fn allowed_by_halves(choose: usize) -> [usize; 2] {
        [choose / 2, (choose - 1) / 2]
    }

    /// The position that every child of a prefix lies before, with `choose` questions to choose.
    pub(super) fn last(self, questions: usize, choose: usize) -> usize {
        let last = questions + 1 - choose;
        if choose <= self.allowed {
            return last;
        }
        last.min((self.position + self.allowed + 1).saturating_sub(choose))
    }

    /// How many sets choose `choose` more questions from `from` on.
    pub(super) fn sets(self, questions: usize, from: usize, choose: usize) -> u128 {
        let before = self.position.saturating_sub(from) as u64;
        let behind = (questions - from) as u64 - before;
        // At most the sets of the space, which have ranks.
        let choices = |of: u64, choose: usize| binomial(of, choose as u64).unwrap_or(0);
        (choose.saturating_sub(self.allowed)..=choose)
            .map(|i| choices(before, i) * choices(behind, choose - i))
            .sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::combin::successor;

    /// How many of a set's positions lie at or behind the limit.
    fn behind(limit: Limit, set: &[usize]) -> usize {
        set.iter().filter(|&&p| p >= limit.position).count()
    }

    fn each(questions: usize, choose: usize, mut see: impl FnMut(&[usize])) {
        let mut set: Vec<usize> = (0..choose).collect();
        loop {
            see(&set);
            if !successor(questions, &mut set) {
                return;
            }
        }
    }

    #[test]
    fn every_set_is_met_by_one_half_alone() {
        for (choose, questions) in [(4, 4), (4, 5), (4, 9), (4, 10), (5, 5), (5, 10), (5, 11)] {
            let allowed = Limit::allowed_by_halves(choose);
            each(questions, choose, |set| {
                let odd = set.iter().filter(|&&p| p % 2 == 1).count();
                let met = [odd <= allowed[0], choose - odd <= allowed[1]];
                assert!(met[0] != met[1], "{set:?} of {questions}: {met:?}");
            });
        }
    }

    #[test]
    fn sets_and_children_are_those_within_the_limit() {
        for (position, allowed) in [(0, 2), (3, 1), (3, 2), (5, 1), (6, 2), (8, 1)] {
            let limit = Limit { position, allowed };
            for choose in 1..=5 {
                let (mut sets, mut last) = (0, 0);
                each(8, choose, |set| {
                    if behind(limit, set) <= allowed {
                        sets += 1;
                        last = last.max(set[0] + 1);
                    }
                });
                assert_eq!(limit.sets(8, 0, choose), sets, "{limit:?} {choose}");
                assert_eq!(limit.last(8, choose), last, "{limit:?} {choose}");
                assert!(limit.is_none(8) == (position == 8));
            }
        }
    }

    #[test]
    fn halves_have_as_many_stems_and_pairs_as_is_said() {
        const HALF: usize = 8;
        let count = |choose: usize, first: usize| -> u128 {
            let of = |allowed: usize| {
                let limit = Limit {
                    position: HALF,
                    allowed,
                };
                let mut found = 0;
                // The first questions of a set with the most questions behind the limit.
                each(2 * HALF, first, |set| {
                    let most = allowed.saturating_sub(choose - first);
                    found += u128::from(behind(limit, set) <= most);
                });
                found
            };
            Limit::allowed_by_halves(choose).map(of).iter().sum()
        };
        let choices = |of: usize, choose: u64| binomial(of as u64, choose).unwrap();
        assert_eq!(count(5, 3), 2 * choices(HALF, 3));
        assert_eq!(count(4, 2), 2 * choices(HALF, 2));
        let pairs = choices(HALF, 2) * HALF as u128 + 2 * choices(HALF, 3);
        assert_eq!(count(4, 3), pairs);
    }
}
