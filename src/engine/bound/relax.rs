//! The relaxed problem of a node: weights that make the bound sharp, and the bound itself.

use super::errors::Errors;
use super::frame::{Frame, Node};
use super::kernels::{
    Ends, Rows, Step, TINY, find, quadratic, score, step_and_score, sum_of_products,
};
use super::level::Level;
use super::quotas::{Exchange, Picker, Quotas};

/// What the bound says of a node.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bound {
    /// No set of the node can be listed where this is below 0; rounding is added.
    pub(super) reach: f64,
    /// What was added for rounding.
    #[cfg(test)]
    pub(super) margin: f64,
    /// √x'Bx at the weights.
    pub(super) root: f64,
    /// f·c'x − ψ(√x'Bx) at the weights: what the bound cannot fall below.
    pub(super) value: f64,
}

/// Scratch for one thread.
#[derive(Clone, Debug)]
pub(super) struct Scratch {
    /// Scores of the last bound, by place in the frame.
    pub(super) s: Vec<f64>,
    /// What questions of each group can be exchanged for; one group without quotas.
    pub(super) exchanges: Vec<Exchange>,
    sorted: Vec<f64>,
    picker: Picker,
}

impl Scratch {
    /// Keeps the scores of the open places alone; returns the new place of `j`.
    pub(super) fn narrow(&mut self, is_open: &[f64], j: usize) -> usize {
        let mut open = 0;
        let mut place = 0;
        for (from, &open_here) in is_open.iter().enumerate() {
            if from == j {
                place = open;
            }
            if open_here > 0.0 {
                self.s[open] = self.s[from];
                open += 1;
            }
        }
        place
    }
}

/// What a bound is asked for.
#[derive(Clone, Copy)]
pub(super) struct Ask<'a> {
    pub(super) level: &'a Level,
    pub(super) errors: &'a Errors,
    pub(super) quotas: Option<&'a Quotas>,
}

impl Scratch {
    pub(super) fn new(ld: usize) -> Self {
        Self {
            s: vec![0.0; ld],
            exchanges: vec![Exchange::NONE],
            sorted: Vec::with_capacity(ld),
            picker: Picker::default(),
        }
    }
}

/// The bound at the node's weights; scores and exchanges go to `scratch`.
pub(super) fn bound(frame: &Frame, node: &mut Node, ask: &Ask<'_>, scratch: &mut Scratch) -> Bound {
    let Ask {
        level,
        errors,
        quotas,
    } = *ask;
    let (both, fixed) = quadratic(&node.x, &node.v, &node.p);
    let z = errors.z(node.changes);
    let q = f64::max(node.q_in + both, 0.0);
    let t = (1.0 - 4.0 * f64::EPSILON) / (q + z).sqrt();
    let line = level.line(q.sqrt());
    let w = line.slope * t;
    score(&mut rows(frame, node, &mut scratch.s), level.f, w);
    let base = level.f * node.c_in - w * (node.q_in + fixed);
    let best = match quotas {
        None => best_sum(scratch, node),
        Some(quotas) => best_allowed(quotas, frame, node, scratch),
    };
    let margin = errors.of_bound(level, line.slope, t, z);
    let cx = sum_of_products(&frame.c, &node.x);
    Bound {
        reach: base + best + line.lift + margin,
        #[cfg(test)]
        margin,
        root: q.sqrt(),
        value: level.f * (node.c_in + cx) - level.psi(q.sqrt()),
    }
}

fn rows<'a>(frame: &'a Frame, node: &'a mut Node, s: &'a mut [f64]) -> Rows<'a> {
    Rows {
        v: &mut node.v,
        up: &node.up,
        down: &node.down,
        c: &frame.c,
        s: &mut s[..frame.ld],
    }
}

/// Σ of the k best open scores.
fn best_sum(scratch: &mut Scratch, node: &Node) -> f64 {
    let Scratch {
        s,
        sorted,
        exchanges,
        ..
    } = scratch;
    let k = node.k();
    sorted.clear();
    sorted.extend(
        s.iter()
            .zip(&node.is_open)
            .filter(|(_, open)| **open > 0.0)
            .map(|(s, _)| *s),
    );
    if k == 0 || k >= sorted.len() {
        // Nothing to choose: such a node is small, and no question of it is tried for exchange.
        exchanges[0] = Exchange::NONE;
        return if k == 0 { 0.0 } else { sorted.iter().sum() };
    }
    sorted.select_nth_unstable_by(k - 1, |a, b| b.total_cmp(a));
    let worst = sorted[k - 1];
    exchanges[0] = Exchange {
        worst,
        gives: worst,
        takes: sorted[k..]
            .iter()
            .copied()
            .fold(f64::NEG_INFINITY, f64::max),
    };
    sorted[..k].iter().sum()
}

/// The best sum under quotas; −∞ where no set keeps them.
fn best_allowed(quotas: &Quotas, frame: &Frame, node: &Node, scratch: &mut Scratch) -> f64 {
    let Scratch {
        s,
        exchanges,
        picker,
        ..
    } = scratch;
    let open = (0..frame.ids.len())
        .filter(|&i| node.is_open(i))
        .map(|i| (s[i], frame.group[i]));
    let best = quotas.best(&node.counts, node.k(), open, picker, exchanges);
    best.unwrap_or(f64::NEG_INFINITY)
}

/// Where pair steps end.
#[derive(Clone, Copy, Debug)]
pub(super) struct Steps {
    /// At most so many.
    pub(super) most: usize,
    /// Ends where the ends' scores differ by less.
    pub(super) gap: f64,
}

/// Moves weight from the worst to the best score, each time by an exact line search on
/// f·c'x − ψ(√x'Bx), linearised in ψ. Returns false where it ended early: nothing to gain.
pub(super) fn pair_steps(
    frame: &Frame,
    node: &mut Node,
    ask: &Ask<'_>,
    steps: Steps,
    scratch: &mut Scratch,
) -> bool {
    let level = ask.level;
    node.refresh_if_due(frame);
    let (both, _) = quadratic(&node.x, &node.v, &node.p);
    let mut q = node.q_in + both;
    let s = &mut scratch.s[..frame.ld];
    let weight = |q: f64| {
        let root = q.max(1e-8).sqrt();
        let slope = level.line(root).slope.max(1e-3);
        (slope, slope / root)
    };
    let (mut slope, mut w) = weight(q);
    let mut ends = score(&mut rows(frame, node, s), level.f, w);
    for _ in 0..steps.most {
        let pair = match ask.quotas {
            None => plain_pair(s, node, ends),
            Some(quotas) => allowed_pair(quotas, frame, node, s),
        };
        let Some(Pair { i, j, most }) = pair else {
            return false;
        };
        if i == j || s[i] - s[j] < steps.gap {
            return false;
        }
        let (grow, shrink) = (frame.row(i), frame.row(j));
        let gain = level.f * (frame.c[i] - frame.c[j]) / slope;
        let b = node.v[i] - node.v[j];
        let a = grow[i] + shrink[j] - 2.0 * grow[j];
        let most = f64::min(1.0 - node.x[i], node.x[j]).min(most);
        let t = line_search(gain, a, b, q, most);
        if t <= 0.0 {
            return false;
        }
        node.set_weight(i, node.x[i] + t);
        node.set_weight(j, node.x[j] - t);
        q += (2.0 * b + a * t) * t;
        node.changes += 1;
        (slope, w) = weight(q);
        let step = Step { t, grow, shrink };
        ends = step_and_score(&mut rows(frame, node, s), &step, level.f, w);
    }
    true
}

/// Weight goes to i from j, at most so much.
struct Pair {
    i: usize,
    j: usize,
    most: f64,
}

fn plain_pair(s: &[f64], node: &Node, ends: Ends) -> Option<Pair> {
    Some(Pair {
        i: find(s, &node.up, ends.top)?,
        j: find(s, &node.down, ends.bottom)?,
        most: 1.0,
    })
}

/// The pair with the widest gap, within a group or between groups whose sums of weights leave room.
fn allowed_pair(quotas: &Quotas, frame: &Frame, node: &Node, s: &[f64]) -> Option<Pair> {
    #[derive(Clone, Copy, Default)]
    struct Group {
        sum: f64,
        top: Option<usize>,
        bottom: Option<usize>,
    }
    let mut groups = vec![Group::default(); quotas.groups()];
    for i in 0..frame.ids.len() {
        let group = &mut groups[frame.group[i]];
        group.sum += node.x[i];
        if node.up[i] == 0.0 && group.top.is_none_or(|top| s[i] > s[top]) {
            group.top = Some(i);
        }
        if node.down[i] == 0.0 && group.bottom.is_none_or(|bottom| s[i] < s[bottom]) {
            group.bottom = Some(i);
        }
    }
    let mut best: Option<Pair> = None;
    let mut consider = |i: Option<usize>, j: Option<usize>, most: f64| {
        if let (Some(i), Some(j)) = (i, j)
            && best
                .as_ref()
                .is_none_or(|best| s[i] - s[j] > s[best.i] - s[best.j])
        {
            best = Some(Pair { i, j, most });
        }
    };
    let mut top: Option<(usize, f64)> = None;
    let mut bottom: Option<(usize, f64)> = None;
    for (g, group) in groups.iter().enumerate() {
        consider(group.top, group.bottom, 1.0);
        let (least, most) = quotas.room(g, node.counts.get(g).copied().unwrap_or(0));
        let up = (most as f64 - group.sum).min(1.0);
        let down = (group.sum - least as f64).min(1.0);
        if let Some(i) = group.top
            && up > TINY
            && top.is_none_or(|(best, _)| s[i] > s[best])
        {
            top = Some((i, up));
        }
        if let Some(j) = group.bottom
            && down > TINY
            && bottom.is_none_or(|(best, _)| s[j] < s[best])
        {
            bottom = Some((j, down));
        }
    }
    if let (Some((i, up)), Some((j, down))) = (top, bottom) {
        consider(Some(i), Some(j), up.min(down));
    }
    best
}

/// The t between 0 and `most` that maximises gain·t − √(q + 2bt + at²).
fn line_search(gain: f64, a: f64, b: f64, q: f64, most: f64) -> f64 {
    let determinant = f64::max(a * q - b * b, 0.0);
    if a > gain * gain + 1e-14 && a > 1e-12 {
        let z = gain * (determinant / (a - gain * gain)).sqrt();
        ((z - b) / a).clamp(0.0, most)
    } else {
        most
    }
}
