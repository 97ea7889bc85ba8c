//! The matrix B of a certificate in integers, and the proof that it is positive semidefinite.

use super::error::CheckError;
use super::model::Model;
use crate::engine::Recorded;

/// Matrices are in units of 2^-UNIT.
pub(super) const UNIT: u32 = 60;
/// Factors are in units of 2^-FACTOR; their products, in units of 2^-2·FACTOR, are compared with the matrix.
const FACTOR: u32 = 56;
/// No multiplier, no sum of a row of them and no variance is as large, in units of 1.
const LARGEST: i128 = 1 << 14;

/// B, with x'Bx ≤ x'Vx + `excess` for every 0/1 vector x with K ones; it is positive semidefinite.
#[derive(Clone, Debug)]
pub(super) struct Form {
    n: usize,
    b: Vec<i128>,
    /// B as floats, in units of 1, for hints.
    floats: Vec<f64>,
    /// At least √excess, in units of 2^-UNIT.
    pub(super) root_excess: i128,
}

impl Form {
    /// B from the multipliers, with as little added to its diagonal as makes the proof succeed.
    pub(super) fn new(model: &Model, recorded: &Recorded) -> Result<Self, CheckError> {
        let n = model.n;
        check_power(model, recorded.power)?;
        let mut b = matrix(model, recorded)?;
        let diagonal = |b: &[i128]| (0..n).map(|i| b[i * n + i] as f64).sum::<f64>();
        // A float factor of B exists where its least eigenvalue exceeds about n units of rounding of its trace.
        let rounding = (n as f64 + 8.0) * f64::EPSILON * diagonal(&b);
        let mut added = 0;
        for power in -4..6 {
            let wanted = (rounding * f64::from(power).exp2()).ceil() as i128 + 16;
            for i in 0..n {
                b[i * n + i] += wanted - added;
            }
            added = wanted;
            if is_positive(&b, n, added / 2) {
                let excess = added.unsigned_abs() * model.k as u128;
                let root_excess = (excess << UNIT).isqrt() as i128 + 1;
                let floats = b.iter().map(|&entry| float(entry)).collect();
                return Ok(Self {
                    n,
                    b,
                    floats,
                    root_excess,
                });
            }
        }
        Err(CheckError::wrong(
            "the multipliers do not make a positive semidefinite matrix",
        ))
    }

    /// Row i.
    pub(super) fn row(&self, i: usize) -> &[i128] {
        &self.b[i * self.n..(i + 1) * self.n]
    }

    /// Row i, in floats.
    pub(super) fn floats(&self, i: usize) -> &[f64] {
        &self.floats[i * self.n..(i + 1) * self.n]
    }
}

/// An integer in units of 2^-UNIT as a float.
pub(super) fn float(value: i128) -> f64 {
    value as f64 / (1_u128 << UNIT) as f64
}

/// The number of multipliers: d, N, and with four products W and O.
pub(super) fn multipliers(n: usize, four: bool) -> usize {
    let pairs = n * n.saturating_sub(1) / 2;
    if four {
        n + 2 * pairs + n * n
    } else {
        n + pairs
    }
}

/// B, each entry rounded down: x'Bx only falls by that for x ≥ 0.
fn matrix(model: &Model, recorded: &Recorded) -> Result<Vec<i128>, CheckError> {
    let n = model.n;
    if recorded.multipliers.len() != multipliers(n, recorded.four) {
        return Err(CheckError::wrong(format!(
            "there are {} multipliers, and {n} questions have others",
            recorded.multipliers.len()
        )));
    }
    let z: Vec<i128> = recorded
        .multipliers
        .iter()
        .map(|&z| in_units(z))
        .collect::<Option<_>>()
        .ok_or_else(|| CheckError::wrong("a multiplier is no number, or too large"))?;
    if z[n..].iter().any(|&z| z < 0) {
        return Err(CheckError::wrong("a multiplier is below 0"));
    }
    let pairs = n * n.saturating_sub(1) / 2;
    let zero = 0;
    let pair = |from: usize, i: usize, j: usize| {
        let (low, high) = (i.min(j), i.max(j));
        if low == high {
            &zero
        } else {
            &z[from + high * (high - 1) / 2 + low]
        }
    };
    let w = |i: usize, j: usize| match recorded.four {
        true => z[n + pairs + i * n + j],
        false => 0,
    };
    let o = |i: usize, j: usize| match recorded.four {
        true => *pair(n + pairs + n * n, i, j),
        false => 0,
    };
    if (0..n).any(|i| w(i, i) != 0) {
        return Err(CheckError::wrong(
            "a multiplier W of a question with itself is not 0",
        ));
    }
    let k = model.k as i128;
    let mut all_o = 0;
    let sums: Vec<i128> = (0..n)
        .map(|i| {
            let of_o: i128 = (0..n).map(|j| o(i, j)).sum();
            let of_w: i128 = (0..n).map(|j| w(i, j)).sum();
            all_o += of_o;
            z[i] - of_w + of_o
        })
        .collect();
    // Each pair was counted from both ends.
    all_o /= 2;
    let constant = all_o.div_euclid(k * k) + i128::from(all_o.rem_euclid(k * k) > 0);
    let mut b = vec![0; n * n];
    for i in 0..n {
        for j in 0..=i {
            let own = if i == j { z[i] } else { *pair(n, i, j) };
            let cross = (w(i, j) + w(j, i) - o(i, j)).div_euclid(2);
            let ends = (sums[i] + sums[j]).div_euclid(2 * k);
            let entry = scaled(model.v(i, j), recorded.power) - own + cross + ends - constant;
            if entry.abs() >= LARGEST << UNIT {
                return Err(CheckError::unable("an entry of its matrix is too large"));
            }
            (b[i * n + j], b[j * n + i]) = (entry, entry);
        }
    }
    Ok(b)
}

/// That the mean variance is near 1 in the certificate's units: then nothing is shifted out of 128 bits below, and
/// little is rounded away. Floats suffice to tell.
fn check_power(model: &Model, power: i32) -> Result<(), CheckError> {
    let trace: f64 = (0..model.n).map(|i| model.v(i, i) as f64).sum();
    let mean = trace / model.n as f64 * (-f64::from(power)).exp2();
    if (0.25..4.0).contains(&mean) {
        Ok(())
    } else {
        Err(CheckError::wrong(format!(
            "its unit, 2^{power}, is not that of the table's variances"
        )))
    }
}

/// A covariance times 2^-power in units of 2^-UNIT, rounded down.
fn scaled(value: i128, power: i32) -> i128 {
    // Below 4n·2^UNIT, as no covariance exceeds the sum of the variances.
    match UNIT as i32 - power {
        left if left >= 0 => value << left,
        right => value >> -right,
    }
}

/// A multiplier in units of 2^-UNIT, rounded down: any number is a multiplier, so that nothing is lost.
fn in_units(z: f32) -> Option<i128> {
    let value = f64::from(z);
    // Sums of up to 2048² of them stay below 2^113.
    (value.abs() < LARGEST as f64 * 64.0).then(|| (value * (1_u128 << UNIT) as f64).floor() as i128)
}

/// Whether `b`, in units of 2^-UNIT, is positive semidefinite; `false` says nothing.
///
/// Floats guess a factor L of b less `slack` on its diagonal. E = b − L·L', exactly, is positive semidefinite
/// where each diagonal entry is at least the sum of the magnitudes of the others in its row (Gershgorin), and L·L'
/// is in any case.
fn is_positive(b: &[i128], n: usize, slack: i128) -> bool {
    let Some(l) = factor(b, n, slack) else {
        return false;
    };
    let mut others = vec![0_i128; n];
    let mut diagonal = vec![0_i128; n];
    for i in 0..n {
        for j in 0..=i {
            let pairs = l[i * n..i * n + j + 1].iter().zip(&l[j * n..j * n + j + 1]);
            let product: i128 = pairs.map(|(&a, &b)| i128::from(a) * i128::from(b)).sum();
            let rest = (b[i * n + j] << (2 * FACTOR - UNIT)) - product;
            if i == j {
                diagonal[i] = rest;
            } else {
                others[i] = others[i].saturating_add(rest.abs());
                others[j] = others[j].saturating_add(rest.abs());
            }
        }
    }
    diagonal
        .iter()
        .zip(&others)
        .all(|(own, others)| own >= others)
}

/// A guess of the lower triangular L with L·L' = b − slack·I, in units of 2^-FACTOR.
fn factor(b: &[i128], n: usize, slack: i128) -> Option<Vec<i64>> {
    let mut l = vec![0.0_f64; n * n];
    for i in 0..n {
        for j in 0..=i {
            let less = if i == j { slack } else { 0 };
            let pairs = l[i * n..i * n + j].iter().zip(&l[j * n..j * n + j]);
            let left = float(b[i * n + j] - less) - pairs.map(|(a, b)| a * b).sum::<f64>();
            l[i * n + j] = if i > j {
                left / l[j * n + j]
            } else if left > 0.0 {
                left.sqrt()
            } else {
                return None;
            };
        }
    }
    let integer = |l: &f64| {
        let l = l * (1_u64 << FACTOR) as f64;
        // Products of two, n of them added up, then stay below 2^126.
        (l.abs() < (1_u64 << 62) as f64).then(|| l.round() as i64)
    };
    // A row's squares add up to about its diagonal entry, below 2^14, so the sums below stay below 2^127.
    l.iter().map(integer).collect()
}
