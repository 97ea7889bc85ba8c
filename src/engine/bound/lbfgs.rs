//! Projected L-BFGS: minimises a smooth function of many variables, the later ones at least 0.
//!
//! Works in variables divided by a fixed diagonal scale. A direction comes from the last
//! [`MEMORY`] pairs of steps and gradient changes (two-loop recursion: Nocedal and Wright, Numerical
//! Optimization, algorithm 7.4) over the variables that are not held at 0; the step is halved until it
//! stays in the domain and Armijo's condition holds for the projected point. What it finds is used
//! only after a proof of its own, so nothing here needs to be exact.

use super::kernels::{axpy, sum_of_products};
use std::sync::atomic::{AtomicBool, Ordering};

/// Pairs remembered.
const MEMORY: usize = 12;

/// A function to minimise.
pub(super) trait Objective {
    /// From this variable on all must be at least 0.
    fn first_bounded(&self) -> usize;
    /// The value at `z`; `None` outside the domain.
    fn value(&mut self, z: &[f64]) -> Option<f64>;
    /// The gradient at the last valued point.
    fn gradient(&mut self, g: &mut [f64]);
    /// The scale of each variable at the last point whose gradient was asked; 0 holds it fixed.
    fn scale(&mut self, scale: &mut [f64]);
}

struct Pair {
    step: Vec<f64>,
    change: Vec<f64>,
    rho: f64,
}

/// What is known of the curvature. It stays good when a linear function is added to the objective.
#[derive(Default)]
pub(super) struct Memory {
    pairs: Vec<Pair>,
    scale: Vec<f64>,
}

/// When to end.
pub(super) struct Until<'a> {
    /// After so many iterations.
    pub(super) iterations: usize,
    /// After one that gains less than this.
    pub(super) least: f64,
    /// As soon as this is set.
    pub(super) stop: &'a AtomicBool,
}

/// Minimises from `z`. Does nothing where `z` is outside the domain.
pub(super) fn minimise(
    objective: &mut impl Objective,
    memory: &mut Memory,
    z: &mut Vec<f64>,
    until: &Until<'_>,
) {
    let n = z.len();
    let bounded = objective.first_bounded();
    let Some(mut value) = objective.value(z) else {
        return;
    };
    let mut g = vec![0.0; n];
    objective.gradient(&mut g);
    let Memory { pairs, scale } = memory;
    if scale.is_empty() {
        scale.resize(n, 0.0);
        objective.scale(scale);
    }
    let (mut next, mut g_next, mut p) = (vec![0.0; n], vec![0.0; n], vec![0.0; n]);
    for _ in 0..until.iterations {
        if until.stop.load(Ordering::Relaxed) {
            return;
        }
        let mut size = 0.0;
        for i in 0..n {
            let held = i >= bounded && z[i] <= 0.0 && g[i] > 0.0;
            p[i] = if held { 0.0 } else { -g[i] * scale[i] };
            size += p[i] * p[i];
        }
        if size < 1e-10 {
            return;
        }
        direction(pairs, &mut p, size);
        let mut slope = 0.0;
        for i in 0..n {
            if i >= bounded && z[i] <= 0.0 && g[i] > 0.0 {
                p[i] = 0.0;
            }
            p[i] *= scale[i];
            slope += p[i] * g[i];
        }
        let found = (slope < 0.0)
            .then(|| search(objective, z, &mut next, &p, &g, value, bounded))
            .flatten();
        let Some(lower) = found else {
            if pairs.is_empty() {
                return;
            }
            pairs.clear();
            continue;
        };
        objective.gradient(&mut g_next);
        remember(pairs, [&*z, &next], [&g, &g_next], scale);
        std::mem::swap(z, &mut next);
        std::mem::swap(&mut g, &mut g_next);
        let gain = value - lower;
        value = lower;
        if gain < until.least {
            return;
        }
    }
}

/// Turns the scaled steepest descent `p`, of squared length `size`, into the L-BFGS direction.
fn direction(pairs: &[Pair], p: &mut [f64], size: f64) {
    let Some(last) = pairs.last() else {
        let length = f64::min(1.0, 1.0 / size.sqrt());
        p.iter_mut().for_each(|p| *p *= length);
        return;
    };
    let mut weights = [0.0; MEMORY];
    for (pair, weight) in pairs.iter().zip(&mut weights).rev() {
        *weight = sum_of_products(&pair.step, p) * pair.rho;
        axpy(p, -*weight, &pair.change);
    }
    let length = 1.0 / (last.rho * sum_of_products(&last.change, &last.change));
    p.iter_mut().for_each(|p| *p *= length);
    for (pair, weight) in pairs.iter().zip(weights) {
        let back = sum_of_products(&pair.change, p) * pair.rho;
        axpy(p, weight - back, &pair.step);
    }
}

/// A step along `p`, projected, that lowers the value enough: writes the point, returns the value.
fn search(
    objective: &mut impl Objective,
    z: &[f64],
    next: &mut [f64],
    p: &[f64],
    g: &[f64],
    value: f64,
    bounded: usize,
) -> Option<f64> {
    let mut length = 1.0;
    for _ in 0..25 {
        let mut foreseen = 0.0;
        for i in 0..z.len() {
            let moved = z[i] + length * p[i];
            next[i] = if i >= bounded { moved.max(0.0) } else { moved };
            foreseen += g[i] * (next[i] - z[i]);
        }
        if let Some(lower) = objective.value(next)
            && lower <= value + 1e-4 * foreseen
        {
            return Some(lower);
        }
        length *= 0.5;
    }
    None
}

fn remember(pairs: &mut Vec<Pair>, z: [&[f64]; 2], g: [&[f64]; 2], scale: &[f64]) {
    let mut pair = if pairs.len() == MEMORY {
        pairs.remove(0)
    } else {
        let zeros = vec![0.0; scale.len()];
        Pair {
            step: zeros.clone(),
            change: zeros,
            rho: 0.0,
        }
    };
    for i in 0..scale.len() {
        let moves = scale[i] > 0.0;
        pair.step[i] = if moves {
            (z[1][i] - z[0][i]) / scale[i]
        } else {
            0.0
        };
        pair.change[i] = (g[1][i] - g[0][i]) * scale[i];
    }
    let curvature = sum_of_products(&pair.step, &pair.change);
    if curvature > 1e-10 * sum_of_products(&pair.change, &pair.change) {
        pair.rho = 1.0 / curvature;
        pairs.push(pair);
    }
}
