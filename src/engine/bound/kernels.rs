//! The hot loops over contiguous rows, written so that compilers turn them into vector code.
//!
//! Rows of a frame are padded to a multiple of [`LANES`]; padding is zero and never open.

use crate::arch::{FloatKernel, Floats, Isa, Vectors};
use std::sync::OnceLock;

/// Numbers that a loop treats at once.
pub(super) const LANES: usize = 8;

/// A weight counts as 0 below this and as 1 above 1 minus this. A choice of steps only.
pub(super) const TINY: f64 = 1e-9;

/// n rounded up to whole lanes.
pub(super) fn padded(n: usize) -> usize {
    n.next_multiple_of(LANES)
}

fn lanes(row: &[f64]) -> &[[f64; LANES]] {
    row.as_chunks().0
}

/// The level of instructions that kernels run at: the highest of this processor.
pub(super) fn level() -> Isa {
    static LEVEL: OnceLock<Isa> = OnceLock::new();
    *LEVEL.get_or_init(Isa::detect)
}

/// Σ a_i·b_i over the first `length` of two padded rows.
#[inline(always)]
pub(super) fn dot<F: Floats<f64>>(f: F, a: &[f64], b: &[f64], length: usize) -> f64 {
    dots(f, [a], b, length)[0]
}

/// The inner products of four padded rows with one, over the first `length`.
#[inline(always)]
pub(super) fn dot4<F: Floats<f64>>(
    f: F,
    rows: [&[f64]; 4],
    with: &[f64],
    length: usize,
) -> [f64; 4] {
    dots(f, rows, with, length)
}

/// Inner products over the first `length`: two sums a row, so that additions do not wait for each other. Rows are
/// padded to whole lanes; what lies behind `length` is read and left out.
#[inline(always)]
fn dots<F: Floats<f64>, const ROWS: usize>(
    f: F,
    rows: [&[f64]; ROWS],
    with: &[f64],
    length: usize,
) -> [f64; ROWS] {
    let zero = f.every(0.0);
    let mut sums = [[zero; 2]; ROWS];
    let (step, mut at) = (2 * F::N, 0);
    while at + step <= length {
        let w = [f.read(&with[at..]), f.read(&with[at + F::N..])];
        for (sums, row) in sums.iter_mut().zip(rows) {
            sums[0] = f.times_plus(f.read(&row[at..]), w[0], sums[0]);
            sums[1] = f.times_plus(f.read(&row[at + F::N..]), w[1], sums[1]);
        }
        at += step;
    }
    while at < length {
        let count = F::N.min(length - at);
        let w = f.first(f.read(&with[at..]), count);
        for (sums, row) in sums.iter_mut().zip(rows) {
            let row = f.first(f.read(&row[at..]), count);
            sums[0] = f.times_plus(row, w, sums[0]);
        }
        at += F::N;
    }
    // No closure: it would not be compiled for the level.
    let mut out = [0.0; ROWS];
    for (out, [one, two]) in out.iter_mut().zip(sums) {
        let mut all = [0.0; 2 * LANES];
        f.write(f.plus(one, two), &mut all);
        for lane in &all[..F::N] {
            *out += lane;
        }
    }
    out
}

/// Σ a_i·b_i of two rows of one length.
pub(super) fn sum_of_products(a: &[f64], b: &[f64]) -> f64 {
    struct Of<'a>(&'a [f64], &'a [f64]);
    impl FloatKernel<f64> for Of<'_> {
        type Out = f64;
        #[inline(always)]
        fn run<F: Floats<f64>>(self, f: F) -> f64 {
            let n = self.0.len().min(self.1.len());
            let whole = n - n % LANES;
            let (a, b) = (&self.0[..n], &self.1[..n]);
            let tail = a[whole..].iter().zip(&b[whole..]).map(|(a, b)| a * b);
            dot(f, a, b, whole) + tail.sum::<f64>()
        }
    }
    f64::run(level(), Of(a, b))
}

/// y += t·x.
pub(super) fn axpy(y: &mut [f64], t: f64, x: &[f64]) {
    for (y, x) in y.iter_mut().zip(x) {
        *y += t * x;
    }
}

/// The rows of one node in its frame, all of the frame's padded length.
pub(super) struct Rows<'a> {
    /// B·x.
    pub(super) v: &'a mut [f64],
    /// 0 where the weight can grow, −∞ elsewhere.
    pub(super) up: &'a [f64],
    /// 0 where the weight can shrink, +∞ elsewhere.
    pub(super) down: &'a [f64],
    /// Covariances with the criterion.
    pub(super) c: &'a [f64],
    /// Scores: written.
    pub(super) s: &'a mut [f64],
}

/// The best score whose weight can grow, and the worst whose weight can shrink.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ends {
    pub(super) top: f64,
    pub(super) bottom: f64,
}

/// A change of v: += t·(grow − shrink), two rows of B.
pub(super) struct Step<'a> {
    pub(super) t: f64,
    pub(super) grow: &'a [f64],
    pub(super) shrink: &'a [f64],
}

/// s = f·c − w·v for every question, and the ends.
pub(super) fn score(rows: &mut Rows<'_>, f: f64, w: f64) -> Ends {
    for ((s, c), v) in rows.s.iter_mut().zip(rows.c).zip(&*rows.v) {
        *s = f * c - w * v;
    }
    ends(rows)
}

/// Changes v by the step, then scores.
pub(super) fn step_and_score(rows: &mut Rows<'_>, step: &Step<'_>, f: f64, w: f64) -> Ends {
    let t = step.t;
    let (v, s, c) = (&mut *rows.v, &mut *rows.s, rows.c);
    let inputs = c.iter().zip(step.grow).zip(step.shrink);
    for (((c, grow), shrink), (v, s)) in inputs.zip(v.iter_mut().zip(s)) {
        *v += t * (grow - shrink);
        *s = f * c - w * *v;
    }
    ends(rows)
}

fn ends(rows: &Rows<'_>) -> Ends {
    const WIDTH: usize = 4;
    let mut top = [f64::NEG_INFINITY; WIDTH];
    let mut bottom = [f64::INFINITY; WIDTH];
    let s = rows.s.as_chunks::<WIDTH>().0.iter();
    let (up, down) = (
        rows.up.as_chunks::<WIDTH>().0,
        rows.down.as_chunks::<WIDTH>().0,
    );
    for ((s, up), down) in s.zip(up).zip(down) {
        for i in 0..WIDTH {
            let can = s[i] + up[i];
            top[i] = if can > top[i] { can } else { top[i] };
        }
        for i in 0..WIDTH {
            let can = s[i] + down[i];
            bottom[i] = if can < bottom[i] { can } else { bottom[i] };
        }
    }
    Ends {
        top: top.into_iter().fold(f64::NEG_INFINITY, f64::max),
        bottom: bottom.into_iter().fold(f64::INFINITY, f64::min),
    }
}

/// The first question whose score and mask add up to this.
pub(super) fn find(s: &[f64], mask: &[f64], value: f64) -> Option<usize> {
    for (chunk, (s, mask)) in lanes(s).iter().zip(lanes(mask)).enumerate() {
        let mut some = false;
        for i in 0..LANES {
            some |= s[i] + mask[i] == value;
        }
        if some {
            let lane = (0..LANES).find(|&i| s[i] + mask[i] == value)?;
            return Some(chunk * LANES + lane);
        }
    }
    None
}

/// Sums over the open questions: Σ x·(v + p), Σ x·p.
pub(super) fn quadratic(x: &[f64], v: &[f64], p: &[f64]) -> (f64, f64) {
    let mut both = [0.0; LANES];
    let mut fixed = [0.0; LANES];
    for ((x, v), p) in lanes(x).iter().zip(lanes(v)).zip(lanes(p)) {
        for i in 0..LANES {
            both[i] += x[i] * (v[i] + p[i]);
            fixed[i] += x[i] * p[i];
        }
    }
    (both.iter().sum(), fixed.iter().sum())
}

/// Σ of a row modulo 2^64 over the open questions.
pub(super) fn sum_open(row: &[u64], is_open: &[f64]) -> u64 {
    let rows = row.as_chunks::<LANES>().0;
    let mut sums = [0_u64; LANES];
    for (row, open) in rows.iter().zip(lanes(is_open)) {
        for i in 0..LANES {
            let kept = if open[i] > 0.0 { row[i] } else { 0 };
            sums[i] = sums[i].wrapping_add(kept);
        }
    }
    sums.into_iter().fold(0, u64::wrapping_add)
}
