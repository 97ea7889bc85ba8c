//! The exact covariances as floats, scaled by one power of two.
//!
//! u = 2^−53. Each integer is rounded once, to a relative error of at most u; the scale is a power of
//! two, so that it adds no error. r does not change under a common scale of V, c and G.

use super::problem::Problem;

/// Unit roundoff of f64: a rounded result is exact·(1 + δ), |δ| ≤ u.
pub(super) const U: f64 = f64::EPSILON / 2.0;

/// V, c and G with mean variance between 1 and 2.
#[derive(Clone, Debug)]
pub(super) struct Scaled {
    pub(super) n: usize,
    /// Covariances are scaled by 2^-power.
    pub(super) power: i32,
    /// V, row by row, n × n; relative error of each entry at most u.
    pub(super) v: Vec<f64>,
    /// c; relative error at most u each.
    pub(super) c: Vec<f64>,
    /// G; relative error at most u.
    pub(super) g: f64,
    /// The largest variance, which no |V_ij| exceeds (but for rounding, by u).
    pub(super) v_max: f64,
    /// The largest |c_i|.
    pub(super) c_max: f64,
}

impl Scaled {
    /// `None` where no question, or not the criterion, varies.
    pub(super) fn new(problem: &Problem) -> Option<Self> {
        let n = problem.questions;
        let trace: f64 = (0..n).map(|i| problem.v[i * n + i] as f64).sum();
        if trace <= 0.0 || problem.g <= 0 {
            return None;
        }
        // A trace below 2^127·n, at least 1: the exponent is far from the ends of f64's range.
        let power = (trace / n as f64).log2().floor() as i32;
        let scale = f64::from(-power).exp2();
        let float = |value: &i128| *value as f64 * scale;
        let v: Vec<f64> = problem.v.iter().map(float).collect();
        let c: Vec<f64> = problem.c.iter().map(float).collect();
        let v_max = (0..n).fold(0.0, |most, i| f64::max(most, v[i * n + i]));
        let c_max = c
            .iter()
            .fold(0.0, |most, value| f64::max(most, value.abs()));
        Some(Self {
            n,
            power,
            v,
            c,
            g: float(&problem.g),
            v_max,
            c_max,
        })
    }

    /// Row i of V.
    pub(super) fn row(&self, i: usize) -> &[f64] {
        &self.v[i * self.n..(i + 1) * self.n]
    }
}
