//! The N best sets so far, in one total order.
//!
//! Layer 0. Better: larger value of the criterion, then lexicographically smaller set. The order is total, so
//! the content does not depend on the order of insertion, and merging is commutative and
//! associative.

use crate::stats::{Correlation, NO_FLOOR, OverallSums, Ranking, Sums, Value};
use std::cmp::Ordering;
use std::collections::BinaryHeap;

/// A set with a defined value.
#[derive(Clone, Debug)]
pub struct Candidate {
    set: Vec<usize>,
    sums: Sums,
    overall: Option<Box<OverallSums>>,
    value: Value,
}

impl Candidate {
    /// `set` (ascending question indices) with its sums, or `None` where it has no value. The ranking's criterion
    /// is of totals, which these are the sums of.
    #[must_use]
    pub fn new(ranking: Ranking, min_users: u64, set: Vec<usize>, sums: Sums) -> Option<Self> {
        let value = ranking.value(&sums, min_users)?;
        Some(Self {
            set,
            sums,
            overall: None,
            value,
        })
    }

    /// `set` whose value rests on other overall scores than the totals of `sums`.
    #[must_use]
    pub fn with_overall(set: Vec<usize>, sums: Sums, overall: OverallSums, value: Value) -> Self {
        Self {
            set,
            sums,
            overall: Some(Box::new(overall)),
            value,
        }
    }

    /// The question indices, ascending.
    #[must_use]
    pub fn set(&self) -> &[usize] {
        &self.set
    }

    /// Its integer sums, g being the total.
    #[must_use]
    pub fn sums(&self) -> &Sums {
        &self.sums
    }

    /// Its sums with the overall score that it is ranked by, where that is no total.
    #[must_use]
    pub fn overall(&self) -> Option<&OverallSums> {
        self.overall.as_deref()
    }

    /// What it is ranked by.
    #[must_use]
    pub fn value(&self) -> &Value {
        &self.value
    }

    /// Its exact correlation with the criterion.
    #[must_use]
    pub fn correlation(&self) -> &Correlation {
        self.value.correlation()
    }
}

/// Greater is better.
impl Ord for Candidate {
    fn cmp(&self, other: &Self) -> Ordering {
        self.value
            .cmp(&other.value)
            .then_with(|| other.set.cmp(&self.set))
    }
}

impl PartialOrd for Candidate {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Candidate {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Candidate {}

/// Keeps the `capacity` best candidates.
#[derive(Clone, Debug)]
pub struct Top {
    capacity: usize,
    /// The worst kept is on top.
    heap: BinaryHeap<std::cmp::Reverse<Candidate>>,
    floor: f64,
}

impl Top {
    /// Keeps up to `capacity` sets.
    #[must_use]
    pub fn new(capacity: usize) -> Self {
        Self {
            capacity,
            heap: BinaryHeap::new(),
            floor: NO_FLOOR,
        }
    }

    /// A set whose exact value is below this cannot enter. [`NO_FLOOR`] until full; then the worst
    /// kept value, rounded to f64 and moved one step down, which is at most its exact value.
    #[must_use]
    pub fn floor(&self) -> f64 {
        self.floor
    }

    /// How many sets it keeps at most.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.capacity
    }

    /// From now on keeps up to `capacity` sets, if that is more than before.
    pub fn widen(&mut self, capacity: usize) {
        if capacity > self.capacity {
            self.capacity = capacity;
            self.floor = NO_FLOOR;
        }
    }

    /// The best set so far.
    #[must_use]
    pub fn best(&self) -> Option<&Candidate> {
        self.heap.iter().map(|kept| &kept.0).max()
    }

    /// Whether `candidate` is among the best.
    #[must_use]
    pub fn takes(&self, candidate: &Candidate) -> bool {
        match self.heap.peek() {
            Some(worst) if self.heap.len() == self.capacity => *candidate > worst.0,
            _ => self.capacity > 0,
        }
    }

    /// Enters `candidate` if it is among the best; says whether it was kept.
    pub fn push(&mut self, candidate: Candidate) -> bool {
        if !self.takes(&candidate) {
            return false;
        }
        if self.heap.len() == self.capacity {
            self.heap.pop();
        }
        self.heap.push(std::cmp::Reverse(candidate));
        if self.heap.len() == self.capacity
            && let Some(worst) = self.heap.peek()
        {
            self.floor = worst.0.value.rounded().next_down();
        }
        true
    }

    /// Enters everything that `other` kept.
    pub fn merge(&mut self, other: Self) {
        for candidate in other.heap {
            self.push(candidate.0);
        }
    }

    /// The kept sets, best first.
    #[must_use]
    pub fn into_sorted(self) -> Vec<Candidate> {
        let mut kept: Vec<_> = self.heap.into_iter().map(|c| c.0).collect();
        kept.sort_by(|a, b| b.cmp(a));
        kept
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn candidate(set: usize, value: i64) -> Option<Candidate> {
        let mut sums = Sums::of_user(0, 0);
        sums += Sums::of_user(2, value.into());
        sums += Sums::of_user(1, 3);
        Candidate::new(Ranking::default(), 2, vec![set], sums)
    }

    #[test]
    fn a_wider_list_takes_more() {
        let all: Vec<_> = [4, 2, 1]
            .into_iter()
            .enumerate()
            .filter_map(|(i, v)| candidate(i, v))
            .collect();
        let mut top = Top::new(0);
        assert!(!top.push(all[0].clone()));
        top.widen(1);
        assert!(top.push(all[0].clone()) && !top.takes(&all[1]) && !top.push(all[1].clone()));
        assert!(top.floor() > NO_FLOOR);
        top.widen(2);
        assert_eq!((top.floor(), top.capacity()), (NO_FLOOR, 2));
        assert!(top.takes(&all[1]) && top.push(all[1].clone()) && !top.takes(&all[2]));
        top.widen(1);
        assert_eq!(top.into_sorted(), all[..2]);
    }

    proptest! {
        #[test]
        fn order_of_insertion_and_merging_do_not_matter(
            values in prop::collection::vec(-4_i64..8, 0..40), capacity in 0_usize..9, cut in 0_usize..40,
        ) {
            let all: Vec<_> = values.iter().enumerate().filter_map(|(i, &v)| candidate(i, v)).collect();
            let mut want = all.clone();
            want.sort_by(|a, b| b.cmp(a));
            want.truncate(capacity);
            let cut = cut.min(all.len());
            let fill = |part: &[Candidate]| {
                let mut top = Top::new(capacity);
                for c in part.iter().rev() {
                    top.push(c.clone());
                }
                top
            };
            let (mut left, mut right) = (fill(&all[..cut]), fill(&all[cut..]));
            let mut swapped = right.clone();
            swapped.merge(left.clone());
            left.merge(std::mem::replace(&mut right, Top::new(0)));
            let left = left.into_sorted();
            prop_assert_eq!(&left, &want);
            prop_assert_eq!(swapped.into_sorted(), want);
            let sets = |kept: &[Candidate]| kept.iter().map(|c| c.set()[0]).collect::<Vec<_>>();
            prop_assert!(left.windows(2).all(|w| w[0].value > w[1].value
                || sets(&w[..1]) < sets(&w[1..])));
        }

        #[test]
        fn the_floor_never_exceeds_a_kept_r(values in prop::collection::vec(-4_i64..8, 1..40)) {
            let mut top = Top::new(3);
            for (i, &v) in values.iter().enumerate() {
                if let Some(c) = candidate(i, v) {
                    top.push(c);
                }
            }
            let floor = top.floor();
            for c in top.into_sorted() {
                prop_assert!(floor < c.correlation().r());
            }
        }
    }
}
