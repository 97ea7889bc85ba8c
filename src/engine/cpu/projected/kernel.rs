//! The leaf kernel: the six sums of many leaves at once, and the judgement of each.
//!
//! ```text
//! for each user of the prefix (score s, centred total g):
//!     for each leaf m that the user answered with x:
//!         a = s + x;  n += 1;  Sa += a;  Sg += g;  Saa += a²;  Sgg += g²;  Sag += a·g
//! for each leaf: keep it unless its r is certainly below the floor
//! ```
//! Vertically: lanes are leaves, so a user's s and g are uniform and nothing is gathered. Cost: 8
//! vector operations and one load for each user and vector of leaves.
//!
//! # The outer-user filter
//! The users given may be a part of the prefix's users, those with the largest |g|; the others, the
//! inner users, have Σg² ≤ E on any leaf. A leaf is discarded where its outer users tell that it is below
//! the floor: [`crate::stats::bounds`], outer users. Where totals are rounded overall scores, n times the blur joins
//! Σg², and E has that of the inner users ([`crate::stats::bounds`], rounded overall scores).
//!
//! Where every product is exact in the lanes' type (checked for each prefix) the judgement is made in
//! it, else in f64, where the whole prefix was checked. So A, X and Y are exact; τ, W and the two sides
//! carry a few roundings, and [`Elem::MARGIN`], which covers 16 of them, is allowed twice: τ is raised by
//! it, X·W is lowered by it. A leaf with no outer user has X = W = 0 and is kept.

use crate::arch::{Elem, Floats};
use crate::stats::Need;
use crate::stats::bounds::{outer_users_tell, unexplained};

/// Sums of a leaf: n, Sa, Sg, Saa, Sgg, Sag.
pub(super) const SUMS: usize = 6;

/// A user of the prefix.
#[derive(Clone, Copy, Debug, Default)]
#[repr(C)]
pub(super) struct Entry<E> {
    /// Where their row of leaf scores starts.
    pub(super) row: u32,
    /// s: score on the prefix.
    pub(super) s: E,
    /// g: centred total.
    pub(super) g: E,
    /// g².
    pub(super) gg: E,
}

/// What the judgement of a prefix's leaves needs, in lanes of `E`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bar<E> {
    /// −τ, τ being 1 − t² rounded up.
    minus_tau: E,
    /// E: at least Σg² over the users left out, and what rounding may take from it.
    left_out: E,
    /// What rounding may take from an outer user's g².
    blur: E,
    /// τ, E and the blur in f64, where products leave the exact range of the lanes: where n times any sum, also with
    /// E in it, may be [`Elem::EXACT`] or more.
    wide: Option<[f64; 3]>,
}

impl<E: Elem> Bar<E> {
    /// The bar of a need of r > 0 for a prefix with so many outer users, whose |a| and |g| are at most `reach` on
    /// its leaves.
    pub(super) fn new(need: Need, users: u64, left_out: f64, reach: f64) -> Self {
        let Need { r, blur } = need;
        let users = users as f64;
        let most = users * (users * (reach * reach + blur) + left_out);
        let tau = unexplained(r);
        Self {
            minus_tau: E::of(-tau * (1.0 + E::MARGIN)),
            left_out: E::of(left_out),
            blur: E::of(blur),
            wide: (most >= E::EXACT).then_some([tau, left_out, blur]),
        }
    }
}

/// Sums over every leaf that was judged, for the audit; exact integers.
pub(super) type Totals = [f64; SUMS];

/// Totals while they are added up: [`WIDEST`] partial sums each, so that no addition waits for
/// another.
pub(super) type Parts = [[f64; WIDEST]; SUMS];

/// Lanes of the widest vector.
const WIDEST: usize = 16;

/// The totals of all parts.
pub(super) fn totals(parts: &Parts) -> Totals {
    parts.map(|part| part.iter().sum())
}

/// Sums and judges `V` vectors of leaves from lane `lane` on, the first `lanes` of which count;
/// returns a bit for each that is kept. Every entry's row has `V · N` elements from `lane` on; V · N ≤ 64.
#[inline(always)]
fn judge<E: Elem, L: Floats<E>, const V: usize>(
    level: L,
    rows: &[E],
    entries: &[Entry<E>],
    lane: usize,
    lanes: usize,
    bar: &Bar<E>,
    parts: &mut Parts,
) -> u64 {
    let zero = level.every(E::default());
    let one = level.every(E::of(1.0));
    let mut acc = [[zero; V]; SUMS];
    for entry in entries {
        let (s, g) = (level.every(entry.s), level.every(entry.g));
        let gg = level.every(entry.gg);
        let row = &rows[entry.row as usize + lane..][..V * L::N];
        let [n, sa, sg, saa, sgg, sag] = &mut acc;
        for v in 0..V {
            let x = level.read(&row[v * L::N..]);
            let answered = level.answered(x);
            let a = level.plus_or_zero(answered, x, s);
            n[v] = level.plus_where(answered, n[v], one);
            sa[v] = level.plus(sa[v], a);
            sg[v] = level.plus_where(answered, sg[v], g);
            saa[v] = level.times_plus(a, a, saa[v]);
            sgg[v] = level.plus_where(answered, sgg[v], gg);
            sag[v] = level.times_plus(a, g, sag[v]);
        }
    }
    let mut bits = 0;
    for v in 0..V {
        let [n, sa, sg, saa, sgg, sag] = &acc;
        bits |= judged(level, [n[v], sa[v], sg[v], saa[v], sgg[v], sag[v]], bar) << (v * L::N);
    }
    for (part, sum) in parts.iter_mut().zip(&acc) {
        // V sums of one field stay exact: the caller leaves room for four.
        let mut all = level.first(sum[V - 1], lanes - (V - 1) * L::N);
        for other in &sum[..V - 1] {
            all = level.plus(all, *other);
        }
        let mut lanes = [E::default(); WIDEST];
        level.write(all, &mut lanes);
        for (part, lane) in part[..L::N].iter_mut().zip(&lanes[..L::N]) {
            *part += lane.wide();
        }
    }
    bits & (u64::MAX >> (64 - lanes))
}

/// The judgement of one vector of leaves by their n, Sa, Sg, Saa, Sgg, Sag; a bit for each that is
/// kept.
#[inline(always)]
pub(super) fn judged<E: Elem, L: Floats<E>>(level: L, sums: [L::V; SUMS], bar: &Bar<E>) -> u64 {
    if let Some(bar) = bar.wide {
        return judge_wide(level, sums, bar);
    }
    let [n, sa, sg, saa, sgg, sag] = sums;
    let (minus_tau, left_out) = (level.every(bar.minus_tau), level.every(bar.left_out));
    let shrink = level.every(E::of(1.0 - E::MARGIN));
    let x = level.times_less(n, saa, level.times(sa, sa));
    let y = level.times_less(n, sgg, level.times(sg, sg));
    let a = level.or_zero(level.times_less(n, sag, level.times(sa, sg)));
    let left_out = level.times_plus(n, level.every(bar.blur), left_out);
    let slack = level.times(n, level.plus(sgg, left_out));
    let w = level.times_plus(slack, minus_tau, y);
    level.at_least(level.times(a, a), level.times(level.times(x, w), shrink))
}

/// The judgement in f64, where products leave the lanes' exact range.
#[inline(always)]
fn judge_wide<E: Elem, L: Floats<E>>(
    level: L,
    sums: [L::V; SUMS],
    [tau, left_out, blur]: [f64; 3],
) -> u64 {
    let mut wide = [[0.0; WIDEST]; SUMS];
    for (wide, sum) in wide.iter_mut().zip(sums) {
        let mut lanes = [E::default(); WIDEST];
        level.write(sum, &mut lanes);
        *wide = lanes.map(Elem::wide);
    }
    let [n, sa, sg, saa, sgg, sag] = &wide;
    let mut below = [false; WIDEST];
    // Without a branch, and all lanes: vectors.
    for (i, below) in below.iter_mut().enumerate() {
        let a = n[i] * sag[i] - sa[i] * sg[i];
        let x = n[i] * saa[i] - sa[i] * sa[i];
        let y = n[i] * sgg[i] - sg[i] * sg[i];
        *below = outer_users_tell([n[i], a, x, y], sgg[i], left_out + n[i] * blur, tau);
    }
    (0..L::N).fold(0, |bits, i| bits | u64::from(!below[i]) << i)
}

/// Sums and judges the leaves `lanes` of a prefix, calling `kept` with each lane that may reach the
/// floor. `lanes.start` is a multiple of the vector width, and every entry's row has elements up to
/// `lanes.end` rounded up to it.
#[inline(always)]
pub(super) fn leaves<E: Elem, L: Floats<E>>(
    level: L,
    rows: &[E],
    entries: &[Entry<E>],
    lanes: std::ops::Range<usize>,
    bar: &Bar<E>,
    parts: &mut Parts,
    mut kept: impl FnMut(usize),
) {
    let mut lane = lanes.start;
    while lane < lanes.end {
        let left = lanes.end - lane;
        let vectors = left.div_ceil(L::N).min(L::AT_ONCE);
        let valid = left.min(vectors * L::N);
        let mut bits = match vectors {
            1 => judge::<E, L, 1>(level, rows, entries, lane, valid, bar, parts),
            2 => judge::<E, L, 2>(level, rows, entries, lane, valid, bar, parts),
            3 => judge::<E, L, 3>(level, rows, entries, lane, valid, bar, parts),
            _ => judge::<E, L, 4>(level, rows, entries, lane, valid, bar, parts),
        };
        while bits != 0 {
            kept(lane + bits.trailing_zeros() as usize);
            bits &= bits - 1;
        }
        lane += vectors * L::N;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_that_just_fit_are_judged_in_f32() {
        // 64 · (64 · 8² + E) is 2^24 for E = 2^18 − 2^12.
        let most = f64::from((1 << 18) - (1 << 12));
        let need = Need::exact(0.9);
        let wide = |users, left_out, reach| Bar::<f32>::new(need, users, left_out, reach).wide;
        assert_eq!(wide(64, most - 1.0, 8.0), None);
        assert_eq!(wide(64, most, 8.0), Some([unexplained(0.9), most, 0.0]));
        assert!(wide(65, most - 1.0, 8.0).is_some());
        assert!(wide(64, most - 1.0, 8.1).is_some());
        assert_eq!(Bar::<f64>::new(need, 65, most, 8.1).wide, None);
        let blurred = Need { blur: 1.0, ..need };
        assert!(Bar::<f32>::new(blurred, 64, most - 1.0, 8.0).wide.is_some());
    }
}
