//! The multipliers that make the bound sharp, and the matrix B that they give.
//!
//! For any d and any N, W, O ≥ 0 (see the room's proof)
//! B = V − Diag d − N + (W + W')/2 − O/2 + (u_i + u_j)_ij − (Σ_{i<j} O_ij)/K²·ee',
//! u_i = (d_i − Σ_j W_ij + Σ_j O_ij)/(2K), has x'Bx ≤ x'Vx for every 0/1 vector x with K ones. Wanted is
//! a B ⪰ 0 with x'Bx large near the relaxed optimum x: maximise
//! ⟨xx', B⟩ + 0.002·Σd + μ·log det B, by L-BFGS. With H = B⁻¹, h = He, η = e'He the derivatives of
//! log det are: d_i: h_i/K − H_ii; N_ij: −2H_ij; W_ij: H_ij − h_i/K; O_ij: (h_i + h_j)/K − η/K² − H_ij.
//! The scale of a variable is that of the barrier alone: 1/√(μ·tr(H E H E)), E = ∂B/∂z.

use super::cholesky;
use super::kernels::{padded, sum_of_products};
use super::lbfgs::{Memory, Objective, Until, minimise};
use super::scaled::{Scaled, U};
use std::sync::atomic::AtomicBool;

/// The weight of the barrier, stage by stage.
const MU: [f64; 3] = [3e-3, 1e-3, 3e-4];

/// The largest entry of an accepted B, its parts added up as magnitudes. Without multipliers no entry exceeds the
/// sum of the variances, whose mean is below 2, so that this is reached only where multipliers run away; certificates
/// are checked in integers of limited width.
const WIDEST: f64 = 8192.0;

/// Which products of bounds are used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Products {
    /// d and N: x_i(1 − x_i) = 0 and x_i·x_j ≥ 0.
    Two,
    /// Also W and O: x_i(1 − x_j) ≥ 0 and (1 − x_i)(1 − x_j) ≥ 0.
    Four,
}

/// B as accepted: proved positive semidefinite.
#[derive(Clone, Debug)]
pub(super) struct Accepted {
    /// B, both triangles, n rows of ld.
    pub(super) b: Vec<f64>,
    /// d.
    pub(super) d: Vec<f64>,
    /// All multipliers, in the order of [`Multipliers::z`].
    pub(super) multipliers: Vec<f32>,
    /// Whether they are those of all four products.
    pub(super) four: bool,
    /// x'Bx ≤ x'Vx + `excess` for every 0/1 vector x with K ones, V exact.
    pub(super) excess: f64,
}

/// The multipliers, and the work space for finding them.
pub(super) struct Multipliers<'a> {
    scaled: &'a Scaled,
    k: f64,
    ld: usize,
    products: Products,
    /// d, then N (j < i, row by row), then W (all i, j), then O (j < i).
    z: Vec<f64>,
    epsilon: f64,
    linear: Vec<f64>,
    mu: f64,
    memory: Memory,
    b: Vec<f64>,
    w: Vec<f64>,
    h: Vec<f64>,
    row_sums: Vec<f64>,
    total: f64,
}

impl<'a> Multipliers<'a> {
    /// All multipliers 0.
    pub(super) fn new(scaled: &'a Scaled, k: usize) -> Self {
        let n = scaled.n;
        let pairs = n * (n - 1) / 2;
        Self::again(scaled, k, (Products::Two, vec![0.0; n + pairs]))
    }

    /// The multipliers that [`Self::into_kept`] kept.
    pub(super) fn again(scaled: &'a Scaled, k: usize, (products, z): (Products, Vec<f64>)) -> Self {
        let n = scaled.n;
        let ld = padded(n);
        let trace: f64 = (0..n).map(|i| scaled.v[i * n + i]).sum();
        let zeros = || vec![0.0; n * ld];
        Self {
            scaled,
            k: k as f64,
            ld,
            products,
            epsilon: 3.0 * cholesky::shift(n, trace),
            linear: vec![0.0; z.len()],
            z,
            mu: 0.0,
            memory: Memory::default(),
            b: zeros(),
            w: zeros(),
            h: zeros(),
            row_sums: vec![0.0; n],
            total: 0.0,
        }
    }

    /// What another search of the same problem can go on with, without the work space.
    pub(super) fn into_kept(self) -> (Products, Vec<f64>) {
        (self.products, self.z)
    }

    fn layout(&self) -> [usize; 3] {
        let n = self.scaled.n;
        let pairs = n * (n - 1) / 2;
        [n, n + pairs, n + pairs + n * n]
    }

    /// From now on uses all four products; the new multipliers start at 0.
    pub(super) fn widen(&mut self) {
        let n = self.scaled.n;
        self.products = Products::Four;
        self.memory = Memory::default();
        self.z.resize(n + n * (n - 1) + n * n, 0.0);
        self.linear.resize(self.z.len(), 0.0);
    }

    /// Improves the multipliers for the weights `x`: the last of `stages` has the least μ.
    pub(super) fn improve(
        &mut self,
        x: &[f64],
        stages: usize,
        iterations: usize,
        stop: &AtomicBool,
    ) {
        let n = self.scaled.n;
        let [at_n, at_w, at_o] = self.layout();
        for i in 0..n {
            self.linear[i] = x[i] * (1.0 - x[i]) + 0.002;
            for j in 0..i {
                let pair = i * (i - 1) / 2 + j;
                self.linear[at_n + pair] = -2.0 * x[i] * x[j];
                if self.products == Products::Four {
                    self.linear[at_o + pair] = -(1.0 - x[i]) * (1.0 - x[j]);
                    self.linear[at_w + i * n + j] = -x[i] * (1.0 - x[j]);
                    self.linear[at_w + j * n + i] = -x[j] * (1.0 - x[i]);
                }
            }
        }
        let mut z = std::mem::take(&mut self.z);
        if self.value(&z).is_none() {
            z.fill(0.0);
        }
        for stage in 0..stages {
            let next = MU[MU.len() - stages + stage];
            let mut memory = std::mem::take(&mut self.memory);
            if next != self.mu {
                memory = Memory::default();
                self.mu = next;
            }
            let least = 1e-6 * self.mu * n as f64;
            let end = Until {
                iterations,
                least,
                stop,
            };
            minimise(self, &mut memory, &mut z, &end);
            self.memory = memory;
        }
        self.z = z;
    }

    /// Writes the lower triangle of B at `z`. Returns, for the bound of its rounding, the largest
    /// |d_i| + Σ_j W_ij + Σ_j O_ij and the largest sum of magnitudes in an entry.
    fn build(&mut self, z: &[f64]) -> (f64, f64) {
        let n = self.scaled.n;
        let [at_n, at_w, at_o] = self.layout();
        let (mut most, mut total) = (0.0, 0.0);
        self.row_sums.copy_from_slice(&z[..n]);
        let mut magnitudes: Vec<f64> = z[..n].iter().map(|d| d.abs()).collect();
        if self.products == Products::Four {
            for i in 0..n {
                let w: f64 = z[at_w + i * n..at_w + (i + 1) * n].iter().sum();
                self.row_sums[i] -= w;
                magnitudes[i] += w;
                for j in 0..i {
                    let o = z[at_o + i * (i - 1) / 2 + j];
                    total += o;
                    for end in [i, j] {
                        self.row_sums[end] += o;
                        magnitudes[end] += o;
                    }
                }
            }
        }
        for (sum, magnitude) in self.row_sums.iter_mut().zip(magnitudes) {
            most = f64::max(most, magnitude);
            *sum /= 2.0 * self.k;
        }
        self.total = total;
        let constant = total / (self.k * self.k);
        let mut widest = 0.0;
        for i in 0..n {
            let v = &self.scaled.v[i * n..i * n + i + 1];
            let row = &mut self.b[i * self.ld..i * self.ld + i + 1];
            let first = i * i.saturating_sub(1) / 2;
            let off = &z[at_n + first..at_n + first + i];
            let u = self.row_sums[i] - constant;
            for j in 0..i {
                row[j] = (v[j] - off[j]) + (u + self.row_sums[j]);
                widest = f64::max(widest, off[j]);
            }
            if self.products == Products::Four {
                for j in 0..i {
                    let (w, back) = (z[at_w + i * n + j], z[at_w + j * n + i]);
                    let o = z[at_o + first + j];
                    row[j] += 0.5 * (w + back) - 0.5 * o;
                    widest = f64::max(widest, off[j] + w + back + o);
                }
            }
            row[i] = (v[i] - z[i]) + (u + self.row_sums[i]) + self.epsilon;
        }
        let us = self
            .row_sums
            .iter()
            .fold(0.0, |most, u| f64::max(most, u.abs()));
        let d = z[..n].iter().fold(0.0, |most, d| f64::max(most, d.abs()));
        (
            most,
            self.scaled.v_max + widest + 2.0 * us + constant + d + self.epsilon,
        )
    }

    /// B at the present multipliers, drawn towards 0 until the proof of B ⪰ 0 succeeds; it does at 0,
    /// where B = V + εI. The multipliers are rounded to f32 first, so that a certificate can hold them as
    /// they are; where they run away, they are drawn back further ([`WIDEST`]).
    ///
    /// The excess, with u the unit roundoff: ε·K from the diagonal; each entry, at most 8 roundings of
    /// parts that sum to at most T in magnitude, 8u·T, thus K²·8u·T; V's own conversion, K²·u·max V;
    /// u_i, sums of up to 2n parts that are at most D in all, (2n + 4)u·D/(2K) each, which counts
    /// 2K times for each of K questions; the constant, of n² parts, (n² + 4)u·ΣO.
    pub(super) fn accept(&mut self) -> Accepted {
        let (n, ld) = (self.scaled.n, self.ld);
        let mut z = std::mem::take(&mut self.z);
        let mut tries = 0;
        let (most, widest) = loop {
            for z in &mut z {
                *z = f64::from(*z as f32);
            }
            let sizes = self.build(&z);
            let trace: f64 = (0..n).map(|i| self.b[i * ld + i]).sum();
            let h = cholesky::shift(n, trace);
            self.w.copy_from_slice(&self.b);
            for i in 0..n {
                self.w[i * ld + i] -= h;
            }
            let (_, widest) = sizes;
            if widest <= WIDEST && cholesky::factor(&mut self.w, n, ld) {
                break sizes;
            }
            tries += 1;
            assert!(
                tries < 62,
                "V is no covariance matrix: V + εI has a negative eigenvalue"
            );
            if tries >= 60 || !widest.is_finite() {
                z.fill(0.0);
            } else {
                let shrink = if widest > WIDEST {
                    0.5 * WIDEST / widest
                } else {
                    0.98
                };
                z.iter_mut().for_each(|z| *z *= shrink);
            }
        };
        let mut b = self.b.clone();
        for i in 0..n {
            b[i * ld + i + 1..(i + 1) * ld].fill(0.0);
            for j in 0..i {
                b[j * ld + i] = b[i * ld + j];
            }
        }
        let k = self.k;
        let rows = 2.0 * n as f64 + 4.0;
        let squares = (n * n) as f64 + 4.0;
        let rounding =
            k * k * (8.0 * widest + self.scaled.v_max) + k * rows * most + squares * self.total;
        let accepted = Accepted {
            b,
            d: z[..n].to_vec(),
            multipliers: z.iter().map(|&z| z as f32).collect(),
            four: self.products == Products::Four,
            excess: 1.01 * (self.epsilon * k + U * rounding),
        };
        self.z = z;
        accepted
    }
}

impl Objective for Multipliers<'_> {
    fn first_bounded(&self) -> usize {
        self.scaled.n
    }

    fn value(&mut self, z: &[f64]) -> Option<f64> {
        let (n, ld) = (self.scaled.n, self.ld);
        self.build(z);
        if !cholesky::factor(&mut self.b, n, ld) {
            return None;
        }
        Some(-sum_of_products(&self.linear, z) - self.mu * cholesky::log_det(&self.b, n, ld))
    }

    fn gradient(&mut self, g: &mut [f64]) {
        let (n, ld, mu) = (self.scaled.n, self.ld, self.mu);
        cholesky::inverse(&self.b, n, ld, &mut self.w, &mut self.h);
        let k = self.k;
        let h: Vec<f64> = self
            .h
            .chunks_exact(ld)
            .map(|row| row[..n].iter().sum())
            .collect();
        let eta: f64 = h.iter().sum();
        let [at_n, at_w, at_o] = self.layout();
        for i in 0..n {
            let row = &self.h[i * ld..i * ld + n];
            let first = i * i.saturating_sub(1) / 2;
            g[i] = h[i] / k - row[i];
            for (g, inverse) in g[at_n + first..at_n + first + i].iter_mut().zip(row) {
                *g = -2.0 * inverse;
            }
            if self.products == Products::Four {
                for j in 0..n {
                    g[at_w + i * n + j] = if i == j { 0.0 } else { row[j] - h[i] / k };
                }
                for j in 0..i {
                    g[at_o + first + j] = (h[i] + h[j]) / k - eta / (k * k) - row[j];
                }
            }
        }
        for (g, linear) in g.iter_mut().zip(&self.linear) {
            *g = -(linear + mu * *g);
        }
    }

    fn scale(&mut self, scale: &mut [f64]) {
        let (n, ld, mu, k) = (self.scaled.n, self.ld, self.mu, self.k);
        let h: Vec<f64> = self
            .h
            .chunks_exact(ld)
            .map(|row| row[..n].iter().sum())
            .collect();
        let eta = h.iter().sum::<f64>() / (k * k);
        let [at_n, at_w, at_o] = self.layout();
        let of = |curvature: f64| 1.0 / (mu * curvature + 1e-12).sqrt();
        let diagonal = |i: usize| self.h[i * ld + i];
        // With a = e/K − e_i: a'Ha.
        let away = |i: usize| eta - 2.0 * h[i] / k + diagonal(i);
        for i in 0..n {
            let row = &self.h[i * ld..i * ld + n];
            let first = i * i.saturating_sub(1) / 2;
            let a = h[i] / k - row[i];
            scale[i] = of(0.5 * (a * a + away(i) * row[i]));
            for j in 0..i {
                scale[at_n + first + j] = of(2.0 * (row[i] * diagonal(j) + row[j] * row[j]));
            }
            if self.products == Products::Four {
                for j in 0..n {
                    let a = h[i] / k - row[j];
                    let curvature = 0.5 * (a * a + row[i] * away(j));
                    scale[at_w + i * n + j] = if i == j { 0.0 } else { of(curvature) };
                }
                for j in 0..i {
                    let both = eta - (h[i] + h[j]) / k + row[j];
                    let curvature = 0.5 * (both * both + away(i) * away(j));
                    scale[at_o + first + j] = of(curvature);
                }
            }
        }
    }
}
