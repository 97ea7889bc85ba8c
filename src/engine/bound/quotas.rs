//! Quotas: how many questions of each group a set may have, and the best scores under them.
//!
//! The sets of a node that keep the quotas are k of its open questions, in each group from a least to
//! a most number; questions outside all groups make one more group without limits. **They are the bases
//! of a matroid.** Given two of them, T and T', and i of T only, in group g: where T' has a question j of g
//! that T has not, T − i + j is one of them. Otherwise T has more of g than T', so more than the least,
//! and T' has more than T of another group h, so that T has fewer than the most and T' has a j of h that
//! T has not: T − i + j again. So (a) a set that no single exchange improves is the best; (b) the best set
//! with a question i is the best set, or that with one exchange that brings i in; (c) the same for
//! leaving i out.
//!
//! The best set: of each group its best, as many as the least; then the best of all that is left up to
//! the most. An exchange within a group does not improve it, since it has the best of each group. Nor does
//! one that takes j of g for i of h: i was to be had when j was taken.

/// Groups of questions and their limits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Quotas {
    /// The group of each question; `None` for one that counts in no group.
    pub(super) group: Vec<Option<usize>>,
    /// The least and the most questions of each group that a set may have.
    pub(super) limits: Vec<(usize, usize)>,
}

impl Quotas {
    /// How many questions of each group a set has.
    pub(super) fn counts(&self, set: &[usize]) -> Vec<usize> {
        let mut counts = vec![0; self.limits.len()];
        for &i in set {
            if let Some(group) = self.group[i] {
                counts[group] += 1;
            }
        }
        counts
    }

    /// Whether a whole set with these counts keeps the limits.
    pub(super) fn allow(&self, counts: &[usize]) -> bool {
        let kept =
            |(&count, &(least, most)): (&usize, &(usize, usize))| (least..=most).contains(&count);
        counts.iter().zip(&self.limits).all(kept)
    }

    /// Whether an allowed set stays allowed when `out` gives way to `into`.
    pub(super) fn allow_swap(&self, counts: &[usize], out: usize, into: usize) -> bool {
        let (from, to) = (self.group[out], self.group[into]);
        from == to
            || (from.is_none_or(|g| counts[g] > self.limits[g].0)
                && to.is_none_or(|g| counts[g] < self.limits[g].1))
    }

    /// Adds questions in this order to `set` until it has `k`: first what the lowest counts need,
    /// then what the highest leave room for. `false` where that does not come to an allowed set.
    pub(super) fn fill(&self, set: &mut Vec<usize>, k: usize, order: &[usize]) -> bool {
        let mut counts = self.counts(set);
        for needed in [true, false] {
            for &i in order {
                if set.len() == k {
                    break;
                }
                let fits = match self.group[i] {
                    None => !needed,
                    Some(g) if needed => counts[g] < self.limits[g].0,
                    Some(g) => counts[g] < self.limits[g].1,
                };
                if fits && !set.contains(&i) {
                    set.push(i);
                    if let Some(g) = self.group[i] {
                        counts[g] += 1;
                    }
                }
            }
        }
        set.len() == k && self.allow(&counts)
    }
}

/// What an open question of a group can be exchanged for in the best set of a node.
#[derive(Clone, Copy, Debug)]
pub(super) struct Exchange {
    /// The worst score of the group in the best set; +∞ where it has none.
    pub(super) worst: f64,
    /// The score that gives way when another question of the group comes in; −∞ where none may.
    pub(super) gives: f64,
    /// The score that comes in when one of the group is left out; −∞ where none may.
    pub(super) takes: f64,
}

impl Exchange {
    pub(super) const NONE: Self = Self {
        worst: f64::INFINITY,
        gives: f64::INFINITY,
        takes: f64::NEG_INFINITY,
    };
}

/// Scores of open questions with their groups, and room to sort them in.
#[derive(Clone, Debug, Default)]
pub(super) struct Picker {
    scores: Vec<(f64, usize)>,
    taken: Vec<usize>,
    best_left: Vec<f64>,
}

impl Quotas {
    /// Groups, that of the ungrouped included.
    pub(super) fn groups(&self) -> usize {
        self.limits.len() + 1
    }

    /// The group of a question; the last one for the ungrouped.
    pub(super) fn group_of(&self, question: usize) -> usize {
        self.group[question].unwrap_or(self.limits.len())
    }

    /// How many more of the group a set with `count` of them needs and may have.
    pub(super) fn room(&self, group: usize, count: usize) -> (usize, usize) {
        match self.limits.get(group) {
            Some((least, most)) => (least.saturating_sub(count), most.saturating_sub(count)),
            None => (0, usize::MAX),
        }
    }

    /// The sum of the best `k` scores that keep the quotas when `counts` are fixed in, and the exchanges
    /// of each group; `None` where no set keeps them.
    pub(super) fn best(
        &self,
        counts: &[usize],
        k: usize,
        open: impl Iterator<Item = (f64, usize)>,
        picker: &mut Picker,
        exchanges: &mut Vec<Exchange>,
    ) -> Option<f64> {
        let groups = self.groups();
        let limits = counts.iter().zip(&self.limits);
        if limits.clone().any(|(count, (_, most))| count > most) {
            return None;
        }
        let Picker {
            scores,
            taken,
            best_left,
        } = picker;
        scores.clear();
        scores.extend(open);
        scores.sort_unstable_by(|a, b| b.0.total_cmp(&a.0));
        let room: Vec<(usize, usize)> = (0..groups)
            .map(|g| self.room(g, counts.get(g).copied().unwrap_or(0)))
            .collect();
        taken.clear();
        taken.resize(groups, 0);
        for &(_, g) in &*scores {
            taken[g] += 1;
        }
        // What the leasts do not need is free for all, as far as the mosts go.
        let needed: usize = room.iter().map(|(least, _)| least).sum();
        if needed > k
            || room
                .iter()
                .zip(&*taken)
                .any(|((least, _), have)| have < least)
        {
            return None;
        }
        let mut free = k - needed;
        let mut sum = 0.0;
        taken.fill(0);
        best_left.clear();
        best_left.resize(groups, f64::NEG_INFINITY);
        exchanges.clear();
        exchanges.resize(groups, Exchange::NONE);
        // Sorted: a group's first are its least; a later one is taken while places are free.
        for &(score, g) in &*scores {
            let (least, most) = room[g];
            let is_needed = taken[g] < least;
            if is_needed || (free > 0 && taken[g] < most) {
                free -= usize::from(!is_needed);
                taken[g] += 1;
                sum += score;
                exchanges[g].worst = score;
            } else if best_left[g] == f64::NEG_INFINITY {
                best_left[g] = score;
            }
        }
        if free > 0 {
            return None;
        }
        let gives = (0..groups).filter(|&g| taken[g] > room[g].0);
        let gives = gives
            .map(|g| exchanges[g].worst)
            .fold(f64::INFINITY, f64::min);
        let takes = (0..groups).filter(|&g| taken[g] < room[g].1);
        let takes = takes
            .map(|g| best_left[g])
            .fold(f64::NEG_INFINITY, f64::max);
        for g in 0..groups {
            let within = exchanges[g].worst;
            let (least, most) = room[g];
            exchanges[g].gives = if taken[g] < most {
                within.min(gives)
            } else {
                within
            };
            exchanges[g].takes = if taken[g] > least {
                best_left[g].max(takes)
            } else {
                best_left[g]
            };
        }
        Some(sum)
    }

    /// Weights to start from: the included questions 1, the others of a group alike, all quotas kept.
    /// `None` where no set keeps them.
    pub(super) fn weights(&self, include: &[usize], k: usize) -> Option<Vec<f64>> {
        let counts = self.counts(include);
        let n = self.group.len();
        let is_free = |i: &usize| !include.contains(i);
        let mut sizes = vec![0; self.groups()];
        for i in (0..n).filter(is_free) {
            sizes[self.group_of(i)] += 1;
        }
        let within = |(count, (_, most)): (&usize, &(usize, usize))| count <= most;
        if !counts.iter().zip(&self.limits).all(within) {
            return None;
        }
        let room = |g: usize| {
            let (least, most) = self.room(g, counts.get(g).copied().unwrap_or(0));
            (least, most.min(sizes[g]))
        };
        let (mut least, mut most) = (0, 0);
        for g in 0..self.groups() {
            let (low, high) = room(g);
            if low > high {
                return None;
            }
            (least, most) = (least + low, most + high);
        }
        let wanted = k - include.len();
        if wanted < least || wanted > most {
            return None;
        }
        // The same part of the way from least to most in every group.
        let part = (wanted - least) as f64 / (most - least).max(1) as f64;
        let mut weights = vec![1.0; n];
        for i in (0..n).filter(is_free) {
            let g = self.group_of(i);
            let (low, high) = room(g);
            weights[i] = (low as f64 + part * (high - low) as f64) / sizes[g] as f64;
        }
        Some(weights)
    }
}
