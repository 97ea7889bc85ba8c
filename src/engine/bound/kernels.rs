//! The hot loops over contiguous rows, written so that compilers turn them into vector code.
//!
//! Rows of a frame are padded to a multiple of [`LANES`]; padding is zero and never open.

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

/// Σ a_i·b_i.
pub(super) fn dot(a: &[f64], b: &[f64]) -> f64 {
    let n = a.len().min(b.len());
    let (a, b) = (&a[..n], &b[..n]);
    let mut sums = [0.0; LANES];
    for (a, b) in lanes(a).iter().zip(lanes(b)) {
        for x in 0..LANES {
            sums[x] += a[x] * b[x];
        }
    }
    let tail = n - n % LANES;
    let rest: f64 = a[tail..].iter().zip(&b[tail..]).map(|(a, b)| a * b).sum();
    sums.iter().sum::<f64>() + rest
}

/// The inner products of four rows with one; all five have one length.
pub(super) fn dot4(rows: [&[f64]; 4], with: &[f64]) -> [f64; 4] {
    const WIDTH: usize = 4;
    let n = with.len();
    let [a, b, c, d] = rows.map(|row| row[..n].as_chunks::<WIDTH>().0);
    let chunks = with.as_chunks::<WIDTH>().0;
    let mut sums = [[0.0; WIDTH]; 4];
    for ((((w, a), b), c), d) in chunks.iter().zip(a).zip(b).zip(c).zip(d) {
        for x in 0..WIDTH {
            sums[0][x] += a[x] * w[x];
            sums[1][x] += b[x] * w[x];
            sums[2][x] += c[x] * w[x];
            sums[3][x] += d[x] * w[x];
        }
    }
    let mut out = sums.map(|sum| (sum[0] + sum[1]) + (sum[2] + sum[3]));
    for x in n - n % WIDTH..n {
        for (out, row) in out.iter_mut().zip(rows) {
            *out += row[x] * with[x];
        }
    }
    out
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
