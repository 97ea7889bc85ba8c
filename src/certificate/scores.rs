//! The bound: scores of questions in integers, whose sum over a set is at least what the set exceeds the floor by.

use super::floor::parts;
use super::form::{Form, UNIT};
use super::model::{Limits, Model};
use super::node::Node;
use super::rest::Line;
use num_bigint::BigUint;

/// Weights are in units of 2^-WEIGHT.
const WEIGHT: u32 = 30;

/// Scores for all sets of a node, and of every node within it.
#[derive(Clone, Debug)]
pub(super) struct Scores {
    /// By question, in units of 2^-UNIT; 0 of those that the node has not.
    s: Vec<i128>,
    /// The open questions of the node that they were made for, best first.
    order: Vec<usize>,
    /// What is added to a sum of them.
    more: i128,
}

impl Scores {
    /// The scores at the node's weights; `None` where these give no bound.
    ///
    /// With X the weights as integers, and q0 = X'BX, Cauchy–Schwarz gives √(x'Bx) ≥ x'BX/√q0. All roundings go
    /// upwards: the scores are at least c̃_i − σ(BX)_i/√q0.
    pub(super) fn new(form: &Form, criterion: &[i128], node: &Node, line: &Line) -> Option<Self> {
        let own: Vec<usize> = node.fixed.iter().chain(&node.open).copied().collect();
        let mut weights = vec![0_i128; node.x.len()];
        for &i in &own {
            weights[i] = (node.x[i].clamp(0.0, 1.0) * (1_u64 << WEIGHT) as f64) as i128;
        }
        let support: Vec<usize> = own.iter().copied().filter(|&i| weights[i] > 0).collect();
        // In units of 2^-(UNIT + WEIGHT); below 2^74 · 2^30 · 2048.
        let product = |&i: &usize| -> i128 {
            let row = form.row(i);
            support.iter().map(|&j| row[j] * weights[j]).sum()
        };
        let products: Vec<i128> = own.iter().map(product).collect();
        // q0 in units of 2^-(UNIT + WEIGHT), each product rounded down to 2^-UNIT: at most as much too low as the
        // weights add up to.
        let mut low = 0_i128;
        for (&i, product) in own.iter().zip(&products) {
            low = low.checked_add(weights[i].checked_mul(product >> WEIGHT)?)?;
        }
        let high = low.checked_add(weights.iter().sum())?;
        // √q0 in units of 2^-(UNIT + WEIGHT)/2; q0 itself is not below 0.
        let root_low = low.max(0).isqrt();
        let root_high = high.max(0).isqrt() + 1;
        let half = (UNIT + WEIGHT) / 2;
        let mut s = vec![0; node.x.len()];
        for (&i, &product) in own.iter().zip(&products) {
            let grown = product.checked_mul(1 << (UNIT - half))?;
            let part = if product >= 0 {
                grown / root_high
            } else if root_low > 0 {
                -((-grown) / root_low + 1)
            } else {
                return None;
            };
            s[i] = criterion[i].checked_sub(line.times(part)?)?;
        }
        let mut order = node.open.clone();
        order.sort_by(|&a, &b| s[b].cmp(&s[a]));
        Some(Self {
            s,
            order,
            more: line.lift + line.times_up(form.root_excess)?,
        })
    }

    /// Whether they prove that no set of the node reaches the floor, of those with, or without, one of its open
    /// questions.
    pub(super) fn exclude(
        &self,
        quotas: Option<&Limits>,
        node: &Node,
        with: Option<usize>,
        without: Option<usize>,
    ) -> bool {
        let open = self.order.iter().copied().filter(|&i| node.is_open(i));
        let order: Vec<usize> = open.collect();
        let Some(best) = node.best(quotas, &order, with, without) else {
            // There is no such set.
            return true;
        };
        let whole = [&node.fixed[..], &best].concat();
        self.sum(&whole) < 0
    }

    /// At least what c̃(S) − √(x'Vx), or what takes its place, is for this set.
    pub(super) fn sum(&self, set: &[usize]) -> i128 {
        set.iter().map(|&i| self.s[i]).sum::<i128>() + self.more
    }
}

/// c_i/(ρ√G) of each question in units of 2^-UNIT of the certificate's scale, rounded up; `None` where one is too
/// large.
///
/// Its square is c_i²·2^(2·UNIT − power + 2t)/(M²G), with ρ = M·2^-t.
pub(super) fn criterion(model: &Model, floor: f64, power: i32) -> Option<Vec<i128>> {
    let (mantissa, t) = parts(floor)?;
    let shift = 2 * UNIT as i32 - power + 2 * t;
    let below = BigUint::from(mantissa).pow(2) * BigUint::from(model.g.unsigned_abs());
    let one = |&c: &i128| {
        let square = BigUint::from(c.unsigned_abs()).pow(2);
        let quotient = if shift >= 0 {
            (square << shift) / &below
        } else {
            square / (&below << -shift)
        };
        // At most the root, and less than one below it.
        let root = i128::try_from(quotient.sqrt()).ok()?;
        // Sums of K of them are far within 128 bits.
        (root < 1 << 100).then_some(if c > 0 { root + 1 } else { -root })
    };
    model.c.iter().map(one).collect()
}
