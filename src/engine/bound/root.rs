//! The root: multipliers and weights, improved in turn, and the bound that they give for all sets.

use super::audit::Words;
use super::errors::Errors;
use super::frame::{Frame, Node};
use super::level::Level;
use super::multipliers::{Accepted, Multipliers, Products};
use super::problem::Problem;
use super::relax::{Ask, Scratch, Steps, bound, pair_steps};
use super::scaled::Scaled;
use crate::combin::WrappingBinomials;
use std::sync::atomic::AtomicBool;

/// B, the root node under it, its bound, and how far that is above 0 relative to √(x'Bx).
#[derive(Clone)]
pub(super) struct Start {
    pub(super) frame: Frame,
    pub(super) node: Node,
    pub(super) errors: Errors,
    reach: f64,
    pub(super) gap: f64,
    /// The multipliers of B, and whether they are those of all four products.
    pub(super) multipliers: Vec<f32>,
    pub(super) four: bool,
}

/// The root in the making.
pub(super) struct Root<'a> {
    problem: &'a Problem,
    scaled: &'a Scaled,
    words: &'a Words,
    binomials: &'a WrappingBinomials,
    pub(super) multipliers: Multipliers<'a>,
    /// Weights to start from, by question.
    even: Vec<f64>,
    /// The average of weights that multipliers are improved for, by question.
    x: Vec<f64>,
    /// The weights of the last round, by question.
    last: Vec<f64>,
    pub(super) best: Start,
}

/// What a root leaves to the next search of the same problem: multipliers, and the weights that they are for.
pub(super) struct Known {
    multipliers: (Products, Vec<f64>),
    even: Vec<f64>,
    x: Vec<f64>,
    last: Vec<f64>,
    best: Start,
}

impl<'a> Root<'a> {
    /// With what another search of this problem left.
    pub(super) fn again(
        problem: &'a Problem,
        scaled: &'a Scaled,
        words: &'a Words,
        binomials: &'a WrappingBinomials,
        known: Known,
    ) -> Self {
        let Known {
            multipliers,
            even,
            x,
            last,
            best,
        } = known;
        Self {
            problem,
            scaled,
            words,
            binomials,
            multipliers: Multipliers::again(scaled, problem.k, multipliers),
            even,
            x,
            last,
            best,
        }
    }

    /// What it leaves.
    pub(super) fn into_known(self) -> Known {
        Known {
            multipliers: self.multipliers.into_kept(),
            even: self.even,
            x: self.x,
            last: self.last,
            best: self.best,
        }
    }

    /// With all multipliers 0.
    pub(super) fn new(
        problem: &'a Problem,
        scaled: &'a Scaled,
        words: &'a Words,
        binomials: &'a WrappingBinomials,
        even: Vec<f64>,
    ) -> Self {
        let mut multipliers = Multipliers::new(scaled, problem.k);
        let accepted = multipliers.accept();
        let best = start(problem, scaled, words, binomials, &accepted, &even);
        Self {
            problem,
            scaled,
            words,
            binomials,
            multipliers,
            x: even.clone(),
            last: even.clone(),
            even,
            best,
        }
    }

    /// Improves the multipliers for the average weights, then solves for new weights.
    pub(super) fn round(&mut self, level: &Level, first: bool, stop: &AtomicBool) {
        let n = self.problem.questions;
        if first {
            solve(self.problem, &mut self.best, level);
            self.last.copy_from_slice(&self.best.node.x[..n]);
            self.x.clone_from(&self.last);
        }
        let mut x = vec![1.0; n];
        for (i, x) in x.iter_mut().enumerate() {
            self.x[i] = 0.5 * (self.x[i] + self.last[i]);
            if self.best.node.is_open(i) {
                *x = 0.7 * self.x[i] + 0.3 * self.even[i];
            }
        }
        let (stages, iterations) = if first { (3, 120) } else { (1, 40) };
        self.multipliers.improve(&x, stages, iterations, stop);
        let accepted = self.multipliers.accept();
        let (problem, scaled) = (self.problem, self.scaled);
        let mut next = start(
            problem,
            scaled,
            self.words,
            self.binomials,
            &accepted,
            &self.last,
        );
        solve(problem, &mut next, level);
        self.last.copy_from_slice(&next.node.x[..n]);
        if next.gap < self.best.gap {
            self.best = next;
        }
    }
}

/// Halvings between the floor and 1 in search of a ceiling: 2^-24 is far below any gap that matters.
const HALVINGS: usize = 24;

impl Root<'_> {
    /// An r that no set reaches, by the bound at the root; 1 where that proves nothing, which is right of all r but
    /// those of exactly 1. A set reaches ρ only where the bound for ρ is not below 0, for any ρ above 0.
    pub(super) fn ceiling(&self, floor: f64) -> f64 {
        let mut node = self.best.node.clone();
        let mut scratch = Scratch::new(self.best.frame.ld);
        let (mut low, mut high) = (floor, 1.0);
        for _ in 0..HALVINGS {
            let middle = 0.5 * (low + high);
            let Some(level) = Level::new(self.scaled, self.problem.kind, middle) else {
                break;
            };
            let ask = Ask {
                level: &level,
                errors: &self.best.errors,
                quotas: self.problem.quotas.as_ref(),
            };
            let steps = Steps {
                most: 600,
                gap: 1e-6,
            };
            pair_steps(&self.best.frame, &mut node, &ask, steps, &mut scratch);
            let bound = bound(&self.best.frame, &mut node, &ask, &mut scratch);
            if bound.reach < 0.0 {
                high = middle;
            } else {
                low = middle;
            }
        }
        high
    }
}

/// Weights to start from: the included questions 1, the others alike, quotas kept.
pub(super) fn weights(problem: &Problem) -> Option<Vec<f64>> {
    if let Some(quotas) = &problem.quotas {
        return quotas.weights(&problem.include, problem.k);
    }
    let fixed = problem.include.len();
    let even = (problem.k - fixed) as f64 / (problem.questions - fixed).max(1) as f64;
    let mut weights = vec![even; problem.questions];
    for &i in &problem.include {
        weights[i] = 1.0;
    }
    Some(weights)
}

/// The root node under an accepted B: the included questions in, the others at these weights.
fn start(
    problem: &Problem,
    scaled: &Scaled,
    words: &Words,
    binomials: &WrappingBinomials,
    accepted: &Accepted,
    x: &[f64],
) -> Start {
    let frame = Frame::whole(problem, scaled, words, accepted);
    let mut x = x.to_vec();
    for &i in &problem.include {
        x[i] = 1.0;
    }
    let mut node = Node::whole(&frame, words, problem, &x);
    let zeros = vec![0.0; frame.ld];
    for &i in &problem.include {
        node.fix_in(&frame, words, binomials, &zeros, i);
    }
    Start {
        errors: Errors::new(scaled, accepted, problem.k),
        frame,
        node,
        reach: f64::INFINITY,
        gap: f64::INFINITY,
        multipliers: accepted.multipliers.clone(),
        four: accepted.four,
    }
}

/// Solves for the weights of the root, and bounds it.
fn solve(problem: &Problem, start: &mut Start, level: &Level) {
    let mut scratch = Scratch::new(start.frame.ld);
    let steps = Steps {
        most: 3000,
        gap: 1e-6,
    };
    let ask = Ask {
        level,
        errors: &start.errors,
        quotas: problem.quotas.as_ref(),
    };
    pair_steps(&start.frame, &mut start.node, &ask, steps, &mut scratch);
    let bound = bound(&start.frame, &mut start.node, &ask, &mut scratch);
    start.reach = bound.reach;
    start.gap = bound.reach.max(0.0) / bound.root.max(f64::MIN_POSITIVE);
}
