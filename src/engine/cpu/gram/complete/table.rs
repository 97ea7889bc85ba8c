//! What workers read of a complete table: B and V, and how lanes of them are to be read.

use crate::arch::lines;
use crate::engine::cpu::Isa;
use crate::engine::{Query, Watch};
use crate::stats::cross::Cross;
use crate::stats::{Basis, Criterion};

/// Integers up to here are exact in f64.
const EXACT: f64 = (1_u64 << 53) as f64;

/// Everything that workers read.
#[derive(Debug)]
pub(in super::super) struct Complete<'a> {
    pub(super) query: &'a Query<'a>,
    pub(super) watch: &'a Watch,
    pub(super) isa: Isa,
    /// Questions anybody answered, as the table numbers them.
    pub(super) answered: &'a [usize],
    pub(super) basis: &'a Basis,
    pub(super) cross: &'a Cross,
    /// B_q.
    pub(super) with_total: Vec<f64>,
    /// V_qm.
    pub(super) covariance: Vec<f64>,
    /// Y of every set, or infinity where no set has a value.
    pub(super) variance: f64,
    /// At least |A| and |X| of every set.
    pub(super) most: [f64; 2],
    pub(super) plan: Plan,
    /// Whether the criterion is the rest score.
    pub(super) rest: bool,
}

/// How the lanes are to be read.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Plan {
    /// Lanes are exact, and their sums for this many rows' lines.
    Exact { lines: usize },
    /// Lanes are rounded: A is off by at most `a`, X by at most `x`.
    Wide { a: f64, x: f64 },
}

/// The sum of the `k` largest.
fn largest(mut values: Vec<f64>, k: usize) -> f64 {
    values.sort_by(|a, b| b.total_cmp(a));
    values.iter().take(k).sum()
}

impl<'a> Complete<'a> {
    /// `cross` is over the questions `answered` and all users who answered them, shifted by
    /// `basis`.
    pub(in super::super) fn new(
        query: &'a Query<'a>,
        watch: &'a Watch,
        isa: Isa,
        answered: &'a [usize],
        basis: &'a Basis,
        cross: &'a Cross,
    ) -> Self {
        let questions = cross.questions();
        let with_total: Vec<f64> = (0..questions)
            .map(|q| cross.covariance_with_total(q) as f64)
            .collect();
        let covariance: Vec<f64> = (0..questions)
            .flat_map(|q| (0..questions).map(move |m| (q, m)))
            .map(|(q, m)| cross.covariance(q, m) as f64)
            .collect();
        let y = cross.variance_of_total();
        let rest = query.ranking().criterion == Criterion::Rest;
        let enough = cross.users >= i128::from(query.min_users());
        // |A| ≤ Σ|B_q|; |X| and all its partial sums ≤ (Σ √V_qq)² by Cauchy and Schwarz, and X is
        // the sum of two of them; a tenth more covers the rounding of these bounds.
        let a = 1.1 * largest(with_total.iter().map(|b| b.abs()).collect(), query.k());
        let deviations = (0..questions).map(|q| covariance[q * questions + q].sqrt());
        let x = 2.2 * largest(deviations.collect(), query.k()).powi(2);
        let rows = (EXACT / a.max(x).max(1.0)).min(1e6) as usize;
        let plan = if rows >= 8 * lines(questions) {
            Plan::Exact { lines: rows }
        } else {
            let k = query.k() as f64;
            let margin = (k * k + 8.0) * f64::EPSILON;
            Plan::Wide {
                a: margin * a,
                x: margin * x,
            }
        };
        Self {
            query,
            watch,
            isa,
            answered,
            basis,
            cross,
            with_total,
            covariance,
            most: [a, x],
            variance: if enough && (y > 0 || query.blur().most > 0.0 || rest) {
                y as f64
            } else {
                f64::INFINITY
            },
            plan,
            rest,
        }
    }

    /// V_qm.
    pub(super) fn v(&self, q: usize, m: usize) -> f64 {
        self.covariance[q * self.cross.questions() + m]
    }
}
