//! What rounding can do to a bound: each term is derived here and added before anything is pruned.
//!
//! u = 2^−53, n questions, K to choose, β = max |B_ij|; B is taken as the floats that it is stored as.
//! A node holds weights x ≥ 0 with Σx ≤ k(1 + tiny), p = B·(its fixed questions), v ≈ p + B·x and q_F ≈
//! the sum of B over pairs of fixed questions.
//!
//! - p: at most K additions of entries, partial sums at most Kβ: η_p = u·K²·β.
//! - v made anew: n products and sums over Σx ≤ K + 1, (n + 4)·u·(K + 1)·β, and η_p. Each change by
//!   t(B_i − B_j), |t| ≤ 1, rounds v (at most (K + 1)β), the difference, the product (4β in all) and the
//!   two weights (2β): at most u·(K + 12)·β. So after M changes
//!   η = u·β·(K² + (n + 4)(K + 1) + M·(K + 12)).
//! - q_F: K additions of 2p_j + B_jj: 2K·η_p + 3u·K·K²β ≤ 5u·K³·β.
//! - Sums over the node, Σx·(v + p) and Σx·p: (K + 1)(η + η_p) from their parts and
//!   (n + 4)·u·2(K + 1)²β from rounding. So the node's x0'Bx0, and B·x0 summed over any of its
//!   sets, are within Z = (K + 1)(η + η_p) + 5u·K³·β + (2n + 8)·u·(K + 1)²·β of what is computed.
//!
//! With t ≤ 1/√(x0'Bx0), rounded down, a set S has t·(Bx0)(S) ≤ √(S'BS), whatever the sign of the left
//! side. So in place of a division that would have to be exact, t = (1 − 8u)/√(q̂ + Z) is taken, and the
//! sum over S is off by at most t·Z. |t·(Bx0)_i| ≤ √B_ii, so no score exceeds f·max|c| + σ√β + σtZ =: s̄,
//! and a sum of up to n + K of them or their differences is rounded by at most
//! 2(n + K)(n + K + 16)·u·s̄. The criterion: f·c_i has a relative error of at most 7u, a sum of K of them
//! (K + 8)·u·K·f·max|c|.

use super::level::Level;
use super::multipliers::Accepted;
use super::scaled::{Scaled, U};

/// The constants of the bounds above, for one B.
#[derive(Clone, Copy, Debug)]
pub(super) struct Errors {
    n: f64,
    k: f64,
    beta: f64,
    /// √excess: √(x'Bx) ≤ √(x'Vx) + this.
    root_excess: f64,
    c_max: f64,
    v_max: f64,
}

/// Changes of v after which it is made anew.
pub(super) const REFRESH: u32 = 4096;

impl Errors {
    pub(super) fn new(scaled: &Scaled, accepted: &Accepted, k: usize) -> Self {
        let beta = accepted
            .b
            .iter()
            .fold(0.0, |most, b| f64::max(most, b.abs()));
        Self {
            n: scaled.n as f64,
            k: k as f64,
            beta,
            root_excess: accepted.excess.sqrt() * (1.0 + 4.0 * U),
            c_max: scaled.c_max,
            v_max: scaled.v_max * (1.0 + 2.0 * U),
        }
    }

    /// Z after so many changes.
    pub(super) fn z(&self, changes: u32) -> f64 {
        let Self { n, k, beta, .. } = *self;
        let of_p = U * k * k * beta;
        let of_v = U * beta * (k * k + (n + 4.0) * (k + 1.0) + f64::from(changes) * (k + 12.0));
        let squares = (2.0 * n + 8.0) * (k + 1.0) * (k + 1.0) + 5.0 * k * k * k;
        1.01 * ((k + 1.0) * (of_v + of_p) + U * squares * beta)
    }

    /// Σ of scores over the best set of a node may be this far below the truth, the step from V to B
    /// included: `slope` σ, `t` as above, `z` = Z.
    pub(super) fn of_bound(&self, level: &Level, slope: f64, t: f64, z: f64) -> f64 {
        let off = slope * t * z;
        let largest = level.f * self.c_max + slope * self.beta.sqrt() + off;
        let terms = self.n + self.k;
        let sums = 2.0 * terms * (terms + 16.0) * U * largest;
        1.01 * (slope * self.root_excess + off + sums + self.of_criterion(level))
    }

    /// f·c(S) as a sum of up to K floats is this near the truth.
    pub(super) fn of_criterion(&self, level: &Level) -> f64 {
        (self.k + 8.0) * U * self.k * level.f * self.c_max
    }

    /// x'Vx summed up in any order from the scaled floats is this near the truth, and may further be
    /// compared with a square that is rounded: K² entries of at most max V, (2K + 16) roundings deep.
    pub(super) fn of_square(&self, level: &Level) -> f64 {
        let square = self.k * level.f * self.c_max;
        let deep = 2.0 * self.k + 16.0;
        U * (deep * self.k * self.k * self.v_max + 8.0 * square * square)
    }
}
