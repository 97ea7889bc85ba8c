//! Cholesky factors: proofs that a matrix is positive semidefinite, log-determinants, inverses.
//!
//! Matrices are symmetric, row by row with a padded row length; only the lower triangle is read.
//! All three loops are inner products of contiguous rows, four at a time, in vectors of the level of instructions that
//! there is; where that fuses a product with a sum, one rounding of the two is saved, and the bound below holds too.
//!
//! **What success proves** (Higham, Accuracy and Stability of Numerical Algorithms, 2nd ed., theorem
//! 10.3; any order of summation): where the factorisation of A in floats runs to its end, the computed
//! L has L·L' = A + E, |E| ≤ γ·|L||L'| elementwise, γ = γ(n + 3) = (n + 3)u/(1 − (n + 3)u), the two
//! extra roundings being those of a division made as a product with a reciprocal. Then ‖E‖ ≤ γ‖L‖²_F, and
//! ‖L‖²_F = tr(A + E) ≤ tr A + γ‖L‖²_F, so the smallest eigenvalue of A is at least −γ/(1 − γ)·tr A.
//! With A = B − h·I, whose diagonal is rounded to within u·(B_ii + h), B is positive semidefinite where
//! h ≥ γ/(1 − γ)·tr A + u·max(B_ii + h); [`shift`] is such an h.

use super::kernels::{self, LANES, dot, dot4};
use super::scaled::U;
use crate::arch::{FloatKernel, Floats, Vectors};
use rayon::prelude::*;

/// The h above for a matrix of this order and trace: (n + 8)·u·tr·1.01, enough while n·u < 0.001.
pub(super) fn shift(n: usize, trace: f64) -> f64 {
    1.01 * (n as f64 + 8.0) * U * trace
}

/// Replaces the lower triangle of `a` by L, L·L' = a; false where a pivot is not positive.
pub(super) fn factor(a: &mut [f64], n: usize, ld: usize) -> bool {
    f64::run(kernels::level(), Factor { a, n, ld })
}

struct Factor<'a> {
    a: &'a mut [f64],
    n: usize,
    ld: usize,
}

impl FloatKernel<f64> for Factor<'_> {
    type Out = bool;

    #[inline(always)]
    fn run<F: Floats<f64>>(self, f: F) -> bool {
        let Self { a, n, ld } = self;
        let mut i = 0;
        while i < n {
            let block = (n - i).min(4);
            let (done, rows) = a.split_at_mut(i * ld);
            let rows = &mut rows[..block * ld];
            if block == 4 {
                against_earlier(f, done, rows, i, ld);
            } else {
                for row in rows.chunks_exact_mut(ld) {
                    for j in 0..i {
                        let earlier = &done[j * ld..(j + 1) * ld];
                        row[j] = (row[j] - dot(f, row, earlier, j)) * (1.0 / earlier[j]);
                    }
                }
            }
            for r in 0..block {
                let (above, row) = rows.split_at_mut(r * ld);
                let row = &mut row[..ld];
                for s in 0..r {
                    let j = i + s;
                    let earlier = &above[s * ld..(s + 1) * ld];
                    row[j] = (row[j] - dot(f, row, earlier, j)) * (1.0 / earlier[j]);
                }
                let j = i + r;
                let pivot = row[j] - dot(f, row, row, j);
                if !(pivot > 0.0 && pivot.is_finite()) {
                    return false;
                }
                row[j] = pivot.sqrt();
            }
            i += block;
        }
        true
    }
}

/// Four rows from row i on, against the i rows that are done.
#[inline(always)]
fn against_earlier<F: Floats<f64>>(f: F, done: &[f64], rows: &mut [f64], i: usize, ld: usize) {
    let (r0, rest) = rows.split_at_mut(ld);
    let (r1, rest) = rest.split_at_mut(ld);
    let (r2, r3) = rest.split_at_mut(ld);
    for j in 0..i {
        let earlier = &done[j * ld..(j + 1) * ld];
        let inverse = 1.0 / earlier[j];
        let sums = dot4(f, [r0, r1, r2, r3], earlier, j);
        r0[j] = (r0[j] - sums[0]) * inverse;
        r1[j] = (r1[j] - sums[1]) * inverse;
        r2[j] = (r2[j] - sums[2]) * inverse;
        r3[j] = (r3[j] - sums[3]) * inverse;
    }
}

/// log det of L·L'.
pub(super) fn log_det(l: &[f64], n: usize, ld: usize) -> f64 {
    2.0 * (0..n).map(|i| l[i * ld + i].ln()).sum::<f64>()
}

/// Writes the inverse of L·L' into `h`, both triangles; `w` is scratch. Both have n rows of ld.
pub(super) fn inverse(l: &[f64], n: usize, ld: usize, w: &mut [f64], h: &mut [f64]) {
    // Row j of w is column j of L⁻¹, zero before its diagonal.
    in_fours(l, n, ld, w, |part| {
        f64::run(kernels::level(), Columns(part));
    });
    in_fours(w, n, ld, h, |part| {
        f64::run(kernels::level(), Squares(part));
    });
    for i in 0..n {
        for j in 0..i {
            h[j * ld + i] = h[i * ld + j];
        }
    }
}

/// Up to four rows to be made from a matrix, both with n rows of ld.
struct Part<'a> {
    from: &'a [f64],
    n: usize,
    ld: usize,
    first: usize,
    rows: &'a mut [f64],
}

/// Makes all rows of `to`, four at a time, on all threads: few rows are not worth a second one.
fn in_fours(from: &[f64], n: usize, ld: usize, to: &mut [f64], make: impl Fn(Part<'_>) + Sync) {
    let least = if n < 48 { n } else { 2 };
    to.par_chunks_mut(4 * ld)
        .with_min_len(least)
        .enumerate()
        .for_each(|(block, rows)| {
            let first = 4 * block;
            make(Part {
                from,
                n,
                ld,
                first,
                rows,
            });
        });
}

/// Columns of L⁻¹, as rows, from L.
struct Columns<'a>(Part<'a>);

impl FloatKernel<f64> for Columns<'_> {
    type Out = ();

    #[inline(always)]
    fn run<F: Floats<f64>>(self, f: F) {
        let Part {
            from: l,
            n,
            ld,
            first,
            rows,
        } = self.0;
        rows.fill(0.0);
        for (r, row) in rows.chunks_exact_mut(ld).enumerate() {
            row[first + r] = 1.0 / l[(first + r) * ld + first + r];
        }
        // Sums start at whole lanes; what lies before the diagonal is zero.
        let (count, start) = (rows.len() / ld, first - first % LANES);
        for i in first + 1..n {
            let line = &l[i * ld..(i + 1) * ld];
            let (scale, part, length) = (-1.0 / line[i], &line[start..], i - start);
            let from = |r: usize| &rows[r * ld + start..(r + 1) * ld];
            if count == 4 {
                let sums = dot4(f, [from(0), from(1), from(2), from(3)], part, length);
                for (r, sum) in sums.into_iter().enumerate() {
                    if first + r < i {
                        rows[r * ld + i] = sum * scale;
                    }
                }
            } else {
                for r in 0..count.min(i - first) {
                    let row = &rows[r * ld + start..(r + 1) * ld];
                    rows[r * ld + i] = dot(f, row, part, length) * scale;
                }
            }
        }
    }
}

/// Rows of W·W', as far as the diagonal, from W.
struct Squares<'a>(Part<'a>);

impl FloatKernel<f64> for Squares<'_> {
    type Out = ();

    #[inline(always)]
    fn run<F: Floats<f64>>(self, f: F) {
        let Part {
            from: w,
            n,
            ld,
            first,
            rows,
        } = self.0;
        // Sums run from the later of the two diagonals, at whole lanes; before it one factor is zero.
        let (count, start) = (rows.len() / ld, first - first % LANES);
        let row = |i: usize| &w[i * ld + start..(i + 1) * ld];
        for j in 0..(first + count).min(n) {
            let (other, length) = (row(j), n - start);
            if count == 4 {
                let four = [0, 1, 2, 3].map(|r| row(first + r));
                for (r, sum) in dot4(f, four, other, length).into_iter().enumerate() {
                    rows[r * ld + j] = sum;
                }
            } else {
                for r in 0..count {
                    rows[r * ld + j] = dot(f, row(first + r), other, length);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_inverse_times_its_matrix_is_one() {
        for n in 1..19_usize {
            let ld = n.next_multiple_of(8);
            let mut a = vec![0.0; n * ld];
            for i in 0..n {
                for j in 0..n {
                    let common = 1.0 / (1.0 + i.abs_diff(j) as f64);
                    a[i * ld + j] = common + if i == j { 0.5 } else { 0.0 };
                }
            }
            let mut l = a.clone();
            assert!(factor(&mut l, n, ld));
            let (mut w, mut h) = (vec![0.0; n * ld], vec![0.0; n * ld]);
            inverse(&l, n, ld, &mut w, &mut h);
            for i in 0..n {
                for j in 0..n {
                    let product: f64 = (0..n).map(|x| a[i * ld + x] * h[x * ld + j]).sum();
                    let want = if i == j { 1.0 } else { 0.0 };
                    assert!((product - want).abs() < 1e-12, "n {n}, {i}, {j}: {product}");
                }
            }
        }
    }

    #[test]
    fn an_indefinite_matrix_has_no_factor() {
        let mut a = vec![0.0; 2 * 8];
        (a[0], a[8], a[9]) = (1.0, 2.0, 1.0);
        assert!(!factor(&mut a, 2, 8));
    }
}
