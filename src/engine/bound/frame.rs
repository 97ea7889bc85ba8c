//! Frames and nodes: the questions that a part of the tree works on, and what is fixed so far.

use super::audit::{Family, Move, Words};
use super::errors::REFRESH;
use super::kernels::{TINY, axpy, padded, sum_open};
use super::multipliers::Accepted;
use super::problem::Problem;
use super::quotas::Quotas;
use super::scaled::Scaled;
use crate::combin::WrappingBinomials;
use crate::stats::AuditSums;

/// A compact copy of the questions that are open at the root of a subtree: rows of B and m.
#[derive(Clone, Debug)]
pub(super) struct Frame {
    /// The question of each place.
    pub(super) ids: Vec<usize>,
    /// The group of each place; all 0 without quotas.
    pub(super) group: Vec<usize>,
    /// Padded row length.
    pub(super) ld: usize,
    b: Vec<f64>,
    m: Vec<u64>,
    /// Covariances with the criterion, and the multipliers d; padded.
    pub(super) c: Vec<f64>,
    pub(super) d: Vec<f64>,
}

impl Frame {
    /// All questions.
    pub(super) fn whole(
        problem: &Problem,
        scaled: &Scaled,
        words: &Words,
        accepted: &Accepted,
    ) -> Self {
        let n = scaled.n;
        let group = |i| {
            problem
                .quotas
                .as_ref()
                .map_or(0, |quotas| quotas.group_of(i))
        };
        let ld = padded(n);
        let mut c = scaled.c.clone();
        let mut d = accepted.d.clone();
        c.resize(ld, 0.0);
        d.resize(ld, 0.0);
        let mut m = vec![0; n * ld];
        for (row, from) in m.chunks_exact_mut(ld).zip(words.m.chunks_exact(n)) {
            row[..n].copy_from_slice(from);
        }
        Self {
            ids: (0..n).collect(),
            group: (0..n).map(group).collect(),
            ld,
            b: accepted.b.clone(),
            m,
            c,
            d,
        }
    }

    /// Row i of B.
    pub(super) fn row(&self, i: usize) -> &[f64] {
        &self.b[i * self.ld..(i + 1) * self.ld]
    }

    /// Row i of m.
    fn words(&self, i: usize) -> &[u64] {
        &self.m[i * self.ld..(i + 1) * self.ld]
    }

    /// A frame of the node's open questions alone, and the node in it.
    pub(super) fn narrowed(&self, node: &Node) -> (Self, Node) {
        let places: Vec<usize> = (0..self.ids.len()).filter(|&i| node.is_open(i)).collect();
        let n = places.len();
        let ld = padded(n);
        let mut b = vec![0.0; n * ld];
        let mut m = vec![0; n * ld];
        for ((b, m), &i) in b
            .chunks_exact_mut(ld)
            .zip(m.chunks_exact_mut(ld))
            .zip(&places)
        {
            let (from_b, from_m) = (self.row(i), self.words(i));
            for ((b, m), &j) in b.iter_mut().zip(m).zip(&places) {
                *b = from_b[j];
                *m = from_m[j];
            }
        }
        let with = |row: &[f64], padding: f64| {
            let mut out: Vec<f64> = places.iter().map(|&i| row[i]).collect();
            out.resize(ld, padding);
            out
        };
        let take = |row: &[f64]| with(row, 0.0);
        let frame = Self {
            ids: places.iter().map(|&i| self.ids[i]).collect(),
            group: places.iter().map(|&i| self.group[i]).collect(),
            ld,
            b,
            m,
            c: take(&self.c),
            d: take(&self.d),
        };
        let node = Node {
            x: take(&node.x),
            v: take(&node.v),
            p: take(&node.p),
            is_open: take(&node.is_open),
            up: with(&node.up, f64::NEG_INFINITY),
            down: with(&node.down, f64::INFINITY),
            chosen: node.chosen.clone(),
            counts: node.counts.clone(),
            ..*node
        };
        (frame, node)
    }
}

/// A node: questions fixed in, open ones with weights, the rest dropped.
#[derive(Clone, Debug)]
pub(super) struct Node {
    /// How many sets it has, and their audit.
    pub(super) family: Family,
    /// Weights of the open questions, 0 elsewhere.
    pub(super) x: Vec<f64>,
    /// p + B·x.
    pub(super) v: Vec<f64>,
    /// B times the questions fixed in.
    pub(super) p: Vec<f64>,
    /// 1 where open, 0 elsewhere.
    pub(super) is_open: Vec<f64>,
    /// 0 where the weight can grow, −∞ elsewhere.
    pub(super) up: Vec<f64>,
    /// 0 where the weight can shrink, +∞ elsewhere.
    pub(super) down: Vec<f64>,
    /// Σ of B over pairs of questions fixed in.
    pub(super) q_in: f64,
    /// Σ of c over them.
    pub(super) c_in: f64,
    /// Changes of v since it was made anew.
    pub(super) changes: u32,
    /// The questions fixed in.
    pub(super) chosen: Vec<usize>,
    /// How many of them each group has; empty without quotas.
    pub(super) counts: Vec<usize>,
}

impl Node {
    /// All K-sets, with these weights.
    pub(super) fn whole(frame: &Frame, words: &Words, problem: &Problem, weights: &[f64]) -> Self {
        let mut is_open = vec![1.0; frame.ids.len()];
        is_open.resize(frame.ld, 0.0);
        let mut node = Self {
            family: Family::whole(words, problem.k),
            x: vec![0.0; frame.ld],
            v: vec![0.0; frame.ld],
            p: vec![0.0; frame.ld],
            is_open,
            up: vec![f64::NEG_INFINITY; frame.ld],
            down: vec![f64::INFINITY; frame.ld],
            q_in: 0.0,
            c_in: 0.0,
            changes: 0,
            chosen: Vec::with_capacity(problem.k),
            counts: vec![0; problem.quotas.as_ref().map_or(0, Quotas::groups)],
        };
        for (i, &weight) in weights.iter().enumerate() {
            node.set_weight(i, weight);
        }
        node.refresh(frame);
        node
    }

    /// Gives an open question this weight; v does not follow.
    pub(super) fn set_weight(&mut self, i: usize, weight: f64) {
        self.x[i] = weight;
        self.up[i] = if weight < 1.0 - TINY {
            0.0
        } else {
            f64::NEG_INFINITY
        };
        self.down[i] = if weight > TINY { 0.0 } else { f64::INFINITY };
    }

    /// Takes a question out of the open ones.
    fn close(&mut self, i: usize) {
        self.x[i] = 0.0;
        self.is_open[i] = 0.0;
        self.up[i] = f64::NEG_INFINITY;
        self.down[i] = f64::INFINITY;
    }

    /// Questions still to choose.
    pub(super) fn k(&self) -> usize {
        self.family.k
    }

    /// Open questions.
    pub(super) fn open(&self) -> usize {
        self.family.open
    }

    pub(super) fn is_open(&self, i: usize) -> bool {
        self.is_open[i] > 0.0
    }

    /// Makes v anew.
    pub(super) fn refresh(&mut self, frame: &Frame) {
        self.v.copy_from_slice(&self.p);
        for (i, &x) in self.x[..frame.ids.len()].iter().enumerate() {
            if x != 0.0 {
                axpy(&mut self.v, x, frame.row(i));
            }
        }
        self.changes = 0;
    }

    /// Makes v anew where it has changed too often.
    pub(super) fn refresh_if_due(&mut self, frame: &Frame) {
        if self.changes > REFRESH {
            self.refresh(frame);
        }
    }

    fn leaving(&self, frame: &Frame, words: &Words, i: usize) -> Move {
        let question = frame.ids[i];
        let with_in = self
            .chosen
            .iter()
            .fold(0_u64, |sum, &j| sum.wrapping_add(words.at(question, j)));
        Move {
            question,
            with_in,
            with_open: sum_open(frame.words(i), &self.is_open),
        }
    }

    /// Fixes the open question i in. Its missing weight comes from the open questions with the lowest
    /// scores `s`, those of its group first. Returns the audit of the sets without i, which leave the node.
    pub(super) fn fix_in(
        &mut self,
        frame: &Frame,
        words: &Words,
        binomials: &WrappingBinomials,
        s: &[f64],
        i: usize,
    ) -> AuditSums {
        let it = self.leaving(frame, words, i);
        let left = self.family.without(words, it).audit(words, binomials);
        self.family = self.family.with(words, it);
        let mut missing = 1.0 - self.x[i];
        self.close(i);
        axpy(&mut self.v, missing, frame.row(i));
        self.changes += 2;
        while missing > 1e-12 {
            let gives = |j: usize| self.x[j] > 0.0;
            let near = |j: usize| gives(j) && frame.group[j] == frame.group[i];
            let Some(j) = least(s, near).or_else(|| least(s, gives)) else {
                break;
            };
            let t = missing.min(self.x[j]);
            missing -= t;
            self.shift_weight(frame, j, -t);
        }
        self.q_in += 2.0 * self.p[i] + frame.row(i)[i];
        axpy(&mut self.p, 1.0, frame.row(i));
        self.c_in += frame.c[i];
        self.chosen.push(frame.ids[i]);
        if let Some(count) = self.counts.get_mut(frame.group[i]) {
            *count += 1;
        }
        left
    }

    /// Drops the open question i. Its weight goes to the open questions with the highest scores, those of
    /// its group first.
    /// Returns the audit of the sets with i, which leave the node.
    pub(super) fn drop_out(
        &mut self,
        frame: &Frame,
        words: &Words,
        binomials: &WrappingBinomials,
        s: &[f64],
        i: usize,
    ) -> AuditSums {
        let it = self.leaving(frame, words, i);
        let left = if self.family.k > 0 {
            self.family.with(words, it).audit(words, binomials)
        } else {
            AuditSums::default()
        };
        self.family = self.family.without(words, it);
        let mut spare = self.x[i];
        self.close(i);
        if spare != 0.0 {
            axpy(&mut self.v, -spare, frame.row(i));
            self.changes += 1;
        }
        while spare > 1e-12 {
            let takes = |j: usize| self.up[j] == 0.0;
            let near = |j: usize| takes(j) && frame.group[j] == frame.group[i];
            let best = |holds: &dyn Fn(usize) -> bool| least(s.iter().map(|s| -s), holds);
            let Some(j) = best(&near).or_else(|| best(&takes)) else {
                break;
            };
            let t = spare.min(1.0 - self.x[j]);
            spare -= t;
            self.shift_weight(frame, j, t);
        }
        left
    }

    fn shift_weight(&mut self, frame: &Frame, j: usize, t: f64) {
        self.set_weight(j, self.x[j] + t);
        axpy(&mut self.v, t, frame.row(j));
        self.changes += 1;
    }
}

/// The place with the least value among those that hold.
fn least<V: std::borrow::Borrow<f64>>(
    values: impl IntoIterator<Item = V>,
    holds: impl Fn(usize) -> bool,
) -> Option<usize> {
    let mut best = None;
    for (i, value) in values.into_iter().enumerate() {
        let value = *value.borrow();
        if holds(i) && best.is_none_or(|(_, least)| value < least) {
            best = Some((i, value));
        }
    }
    best.map(|(i, _)| i)
}
