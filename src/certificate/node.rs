//! A node of the tree: which questions its sets have, and which they may have.

use super::model::{Limits, Model};

/// All sets of the fixed questions and `k` of the open ones.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) fixed: Vec<usize>,
    /// Ascending.
    pub(super) open: Vec<usize>,
    /// How many of the open ones are to be chosen.
    pub(super) k: usize,
    /// Weights by question, a guess of where the bound is sharp: 1 of the fixed ones, 0 to 1 of the open ones.
    pub(super) x: Vec<f64>,
    /// Scores by question, as they were when weights were last improved.
    pub(super) s: Vec<f64>,
}

impl Node {
    /// All sets of the space.
    pub(super) fn whole(model: &Model) -> Self {
        let fixed: Vec<usize> = (0..model.fixed).collect();
        let open: Vec<usize> = (model.fixed..model.n).collect();
        let k = model.k - model.fixed;
        let even = k as f64 / open.len().max(1) as f64;
        let mut x = vec![1.0; model.n];
        x[model.fixed..].fill(even);
        let mut node = Self {
            fixed,
            open,
            k,
            x,
            s: vec![0.0; model.n],
        };
        node.keep_quotas(model);
        node
    }

    /// The place of a question among the open ones.
    fn place(&self, question: usize) -> Option<usize> {
        self.open.binary_search(&question).ok()
    }

    /// Whether a question is open.
    pub(super) fn is_open(&self, question: usize) -> bool {
        self.place(question).is_some()
    }

    /// The sets without an open question.
    pub(super) fn drop_out(&mut self, model: &Model, question: usize) {
        if let Some(place) = self.place(question) {
            self.open.remove(place);
        }
        let mut spare = std::mem::take(&mut self.x[question]);
        // To the best scores first.
        while spare > 1e-12 {
            let takes = self.open.iter().copied().filter(|&i| self.x[i] < 1.0);
            let Some(best) = takes.max_by(|&a, &b| self.s[a].total_cmp(&self.s[b])) else {
                break;
            };
            let part = spare.min(1.0 - self.x[best]);
            self.x[best] += part;
            spare -= part;
            if part == 0.0 {
                break;
            }
        }
        self.keep_quotas(model);
    }

    /// The sets with an open question; at least one is to be chosen.
    pub(super) fn fix_in(&mut self, model: &Model, question: usize) {
        if let Some(place) = self.place(question) {
            self.open.remove(place);
        }
        self.fixed.push(question);
        self.k -= 1;
        let mut missing = 1.0 - std::mem::replace(&mut self.x[question], 1.0);
        // From the worst scores first.
        while missing > 1e-12 {
            let gives = self.open.iter().copied().filter(|&i| self.x[i] > 0.0);
            let Some(worst) = gives.min_by(|&a, &b| self.s[a].total_cmp(&self.s[b])) else {
                break;
            };
            let part = missing.min(self.x[worst]);
            self.x[worst] -= part;
            missing -= part;
            if part == 0.0 {
                break;
            }
        }
        self.keep_quotas(model);
    }

    /// Where the weights do not keep the quotas, starts anew from one set that does.
    fn keep_quotas(&mut self, model: &Model) {
        let Some(quotas) = &model.quotas else {
            return;
        };
        let mut sums = vec![0.0; quotas.room.len()];
        for &i in self.fixed.iter().chain(&self.open) {
            sums[quotas.group[i]] += self.x[i];
        }
        let fits = |(sum, (least, most)): (&f64, &(usize, usize))| {
            *sum >= *least as f64 - 1e-9 && *sum <= *most as f64 + 1e-9
        };
        if sums.iter().zip(&quotas.room).all(fits) {
            return;
        }
        let mut order = self.open.clone();
        order.sort_by(|&a, &b| self.s[b].total_cmp(&self.s[a]));
        if let Some(best) = self.best(Some(quotas), &order, None, None) {
            for &i in &self.open {
                self.x[i] = 0.0;
            }
            for i in best {
                self.x[i] = 1.0;
            }
        }
    }

    /// The open questions of the best set, where `order` has all open ones, best first: with or without one of
    /// them. `None` where no set is left.
    ///
    /// Without quotas these are the first k. With quotas: of each group its first, as many as it needs at least; then
    /// the first of all that are left, as far as groups have room. The sets that keep quotas are the bases of a
    /// matroid, and in one of the best there is the best question that may come next: where a best set lacks the
    /// first question i of a group that needs one, one of that group in it gives way to i; and where it lacks the
    /// first i of the others, one of i's group that it has beyond those, or one of another group beyond what that
    /// needs, which is no better, gives way to i.
    pub(super) fn best(
        &self,
        quotas: Option<&Limits>,
        order: &[usize],
        with: Option<usize>,
        without: Option<usize>,
    ) -> Option<Vec<usize>> {
        let mut best: Vec<usize> = with.into_iter().collect();
        let may = |i: usize| Some(i) != with && Some(i) != without;
        let Some(quotas) = quotas else {
            let wanted = self.k.checked_sub(best.len())?;
            best.extend(order.iter().copied().filter(|&i| may(i)).take(wanted));
            return (best.len() == self.k).then_some(best);
        };
        let mut counts = quotas.counts(&self.fixed);
        if let Some(with) = with {
            counts[quotas.group[with]] += 1;
        }
        if counts
            .iter()
            .zip(&quotas.room)
            .any(|(count, (_, most))| count > most)
        {
            return None;
        }
        let missing = |counts: &[usize]| -> usize {
            let of = counts.iter().zip(&quotas.room);
            of.map(|(count, (least, _))| least.saturating_sub(*count))
                .sum()
        };
        let needed = missing(&counts);
        let mut free = self.k.checked_sub(best.len())?.checked_sub(needed)?;
        for &i in order.iter().filter(|&&i| may(i)) {
            let group = quotas.group[i];
            let (least, most) = quotas.room[group];
            if counts[group] < least {
                counts[group] += 1;
                best.push(i);
            } else if counts[group] < most && free > 0 {
                free -= 1;
                counts[group] += 1;
                best.push(i);
            }
        }
        (best.len() == self.k && missing(&counts) == 0).then_some(best)
    }
}
