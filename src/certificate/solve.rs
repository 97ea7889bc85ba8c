//! Weights that make the bound of a node sharp: guesses in floats, which decide nothing.

use super::form::{Form, float};
use super::model::Model;
use super::node::Node;
use super::rest::Lines;

/// Finds weights.
pub(super) struct Solver<'a> {
    model: &'a Model,
    form: &'a Form,
    /// c̃ of each question.
    criterion: Vec<f64>,
    root_excess: f64,
    lines: &'a Lines,
}

/// How far weights have come.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reached {
    /// About the bound.
    pub(super) bound: f64,
    /// √x'Bx, where the line of the bound belongs.
    pub(super) root: f64,
    /// Whether no two weights can be shifted to make it better.
    pub(super) is_best: bool,
}

/// Scores that differ by less are alike.
const ALIKE: f64 = 1e-13;

impl<'a> Solver<'a> {
    pub(super) fn new(
        model: &'a Model,
        form: &'a Form,
        criterion: &[i128],
        lines: &'a Lines,
    ) -> Self {
        Self {
            model,
            form,
            criterion: criterion.iter().map(|&c| float(c)).collect(),
            root_excess: float(form.root_excess),
            lines,
        }
    }

    /// Shifts weight from the question with the lowest score to the one with the highest, each time as far as is
    /// best, at most so many times.
    pub(super) fn improve(&self, node: &mut Node, steps: usize) -> Reached {
        let mut products = self.products(node);
        let mut is_best = false;
        for _ in 0..steps {
            let (root, slope) = self.score(node, &products);
            let Some((i, j, most)) = self.pair(node) else {
                is_best = true;
                break;
            };
            if node.s[i] - node.s[j] < ALIKE {
                is_best = true;
                break;
            }
            let (up, down) = (self.form.floats(i), self.form.floats(j));
            let gain = (self.criterion[i] - self.criterion[j]) / slope;
            let b = products[i] - products[j];
            let a = up[i] + down[j] - 2.0 * up[j];
            let most = most.min(1.0 - node.x[i]).min(node.x[j]);
            let step = along(gain, a, b, root * root, most);
            if step <= 0.0 {
                is_best = true;
                break;
            }
            node.x[i] = (node.x[i] + step).min(1.0);
            node.x[j] = (node.x[j] - step).max(0.0);
            for &o in node.fixed.iter().chain(&node.open) {
                products[o] += step * (up[o] - down[o]);
            }
        }
        let (root, _) = self.score(node, &products);
        let (slope, lift) = self.lines.about(root);
        let mut order = node.open.clone();
        order.sort_by(|&a, &b| node.s[b].total_cmp(&node.s[a]));
        let best = node.best(self.model.quotas.as_ref(), &order, None, None);
        let sum = |set: &[usize]| -> f64 { set.iter().map(|&i| node.s[i]).sum() };
        let bound = match best {
            Some(best) => sum(&node.fixed) + sum(&best),
            None => f64::NEG_INFINITY,
        };
        Reached {
            bound: bound + slope * self.root_excess + lift,
            root,
            is_best,
        }
    }

    /// B times the weights.
    fn products(&self, node: &Node) -> Vec<f64> {
        let mut products = vec![0.0; node.x.len()];
        for &i in node.fixed.iter().chain(&node.open) {
            if node.x[i] > 0.0 {
                let row = self.form.floats(i);
                products
                    .iter_mut()
                    .zip(row)
                    .for_each(|(p, b)| *p += node.x[i] * b);
            }
        }
        products
    }

    /// Makes the node's scores; returns √x'Bx and the slope there.
    fn score(&self, node: &mut Node, products: &[f64]) -> (f64, f64) {
        let own = node.fixed.iter().chain(&node.open);
        let q: f64 = own.clone().map(|&i| node.x[i] * products[i]).sum();
        let root = q.max(1e-12).sqrt();
        let slope = self.lines.about(root).0.max(1e-6);
        for &i in own {
            node.s[i] = self.criterion[i] - slope * products[i] / root;
        }
        (root, slope)
    }

    /// Which question gains weight, which loses it, and how much at most: the pair whose scores differ most, within a
    /// group or between groups with room.
    fn pair(&self, node: &Node) -> Option<(usize, usize, f64)> {
        let s = |i: usize| node.s[i];
        let Some(quotas) = &self.model.quotas else {
            let gains = node.open.iter().copied().filter(|&i| node.x[i] < 1.0);
            let loses = node.open.iter().copied().filter(|&i| node.x[i] > 0.0);
            let top = gains.max_by(|&a, &b| s(a).total_cmp(&s(b)))?;
            let bottom = loses.min_by(|&a, &b| s(a).total_cmp(&s(b)))?;
            return Some((top, bottom, 1.0));
        };
        let groups = quotas.room.len();
        let mut sums = vec![0.0; groups];
        for &i in node.fixed.iter().chain(&node.open) {
            sums[quotas.group[i]] += node.x[i];
        }
        let (mut tops, mut bottoms) = (vec![None; groups], vec![None; groups]);
        for &i in &node.open {
            let group = quotas.group[i];
            if node.x[i] < 1.0 && tops[group].is_none_or(|top| s(i) > s(top)) {
                tops[group] = Some(i);
            }
            if node.x[i] > 0.0 && bottoms[group].is_none_or(|bottom| s(i) < s(bottom)) {
                bottoms[group] = Some(i);
            }
        }
        let mut best: Option<(usize, usize, f64)> = None;
        for (to, &top) in tops.iter().enumerate() {
            for (from, &bottom) in bottoms.iter().enumerate() {
                let (Some(i), Some(j)) = (top, bottom) else {
                    continue;
                };
                let most = if to == from {
                    1.0
                } else {
                    let room = quotas.room[to].1 as f64 - sums[to];
                    room.min(sums[from] - quotas.room[from].0 as f64)
                };
                let better = best.is_none_or(|(a, b, _)| s(i) - s(j) > s(a) - s(b));
                if most > 1e-12 && better {
                    best = Some((i, j, most));
                }
            }
        }
        best
    }
}

/// The t between 0 and `most` with the largest gain·t − √(q + 2bt + at²).
///
/// With z = b + at its derivative is 0 where gain·√((z² + aq − b²)/a) = z.
fn along(gain: f64, a: f64, b: f64, q: f64, most: f64) -> f64 {
    if a > gain * gain && a > 1e-14 {
        let z = gain * ((a * q - b * b).max(0.0) / (a - gain * gain)).sqrt();
        ((z - b) / a).clamp(0.0, most)
    } else {
        most
    }
}
