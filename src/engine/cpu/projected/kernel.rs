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
//! inner users, have Σg² ≤ E on any leaf. Let t > 0 be the floor, and let r ≥ t hold on a leaf, over
//! all of its users. Then g regressed on a over all of them has slope ≥ 0 and residual sum of
//! squares RSS = (1 − r²)·Σ(g − ḡ)² ≤ (1 − t²)·(Sgg + E), since Σ(g − ḡ)² ≤ Σ(g − 0)². That same
//! line leaves at most RSS over the outer users alone, so the best line of slope ≥ 0 over the outer
//! users leaves at most that. With X = n·Saa − Sa², Y = n·Sgg − Sg², C = n·Sag − Sa·Sg over the outer
//! users, that best line leaves (Y − max(C, 0)²/X)/n (Y/n where X = 0). So r ≥ t implies
//!
//! max(C, 0)² ≥ X·W, with W = Y − (1 − t²)·n·(Sgg + E),
//!
//! and a leaf that fails this is discarded. X, Y and C are exact integers below 2^53 (the caller
//! checks), W and the two sides carry at most six roundings of 2^-53; [`MARGIN`] covers them.
//! A leaf with no outer user has X = W = 0 and is kept.

use super::lanes::{Elem, Lanes};

/// Relative allowance for the roundings of the judgement; 2^-53 each, fewer than 16 of them.
const MARGIN: f64 = 1e-12;

/// Sums of a leaf: n, Sa, Sg, Saa, Sgg, Sag.
pub(super) const SUMS: usize = 6;

/// Most lanes that one call judges.
pub(super) const MOST: usize = 64;

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

/// What the judgement of a prefix's leaves needs.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bar {
    /// 1 − t², rounded up.
    pub(super) tau: f64,
    /// E: at least Σg² over the users left out.
    pub(super) left_out: f64,
}

impl Bar {
    /// For a floor t > 0.
    pub(super) fn new(floor: f64, left_out: f64) -> Self {
        // 1 − t is exact for t ≥ 1/2, and else the product's error is small beside MARGIN.
        let tau = ((1.0 - floor) * (1.0 + floor)).max(0.0) * (1.0 + MARGIN);
        Self { tau, left_out }
    }
}

/// Sums over every leaf that was judged, for the audit; exact integers.
pub(super) type Totals = [f64; SUMS];

/// Six sums of up to [`MOST`] leaves, one row a sum.
pub(super) type Buffer<E> = [[E; MOST]; SUMS];

/// Sums of `V` vectors of leaves from lane `lane` on.
///
/// # Safety
/// The level of `L` must be available, and `rows[entry.row + lane ..]` must have `V · N` elements
/// for every entry; V · N ≤ MOST.
#[inline(always)]
unsafe fn sums<L: Lanes, const V: usize>(
    rows: &[L::Elem],
    entries: &[Entry<L::Elem>],
    lane: usize,
    out: &mut Buffer<L::Elem>,
) {
    // SAFETY: by this function's contract; see each line.
    unsafe {
        let zero = L::splat(L::Elem::default());
        let one = L::splat(L::Elem::of(1.0));
        let mut acc = [[zero; V]; SUMS];
        for entry in entries {
            let (s, g, gg) = (L::splat(entry.s), L::splat(entry.g), L::splat(entry.gg));
            let row = rows.as_ptr().add(entry.row as usize + lane);
            for v in 0..V {
                let x = L::load(row.add(v * L::N));
                let answered = x.answered();
                let a = x.add_or_zero(answered, s);
                acc[0][v] = acc[0][v].add_where(answered, one);
                acc[1][v] = acc[1][v].add(a);
                acc[2][v] = acc[2][v].add_where(answered, g);
                acc[3][v] = a.mul_add(a, acc[3][v]);
                acc[4][v] = acc[4][v].add_where(answered, gg);
                acc[5][v] = a.mul_add(g, acc[5][v]);
            }
        }
        for (sum, out) in acc.iter().zip(out.iter_mut()) {
            for (v, sum) in sum.iter().enumerate() {
                sum.store(out.as_mut_ptr().add(v * L::N));
            }
        }
    }
}

/// Adds the sums of the first `lanes` leaves of `buffer` to `totals` and returns a bit for each of
/// them that is kept. `width` ≥ `lanes` is how many were computed.
#[inline(always)]
fn judge<E: Elem>(
    buffer: &mut Buffer<E>,
    width: usize,
    lanes: usize,
    bar: Bar,
    totals: &mut Totals,
) -> u64 {
    let mut keep = [0_u8; MOST];
    let [n, sa, sg, saa, sgg, sag] = &*buffer;
    for i in 0..width {
        let n = n[i].wide();
        let (sa, sg) = (sa[i].wide(), sg[i].wide());
        let (saa, sgg, sag) = (saa[i].wide(), sgg[i].wide(), sag[i].wide());
        let x = n * saa - sa * sa;
        let y = n * sgg - sg * sg;
        let c = (n * sag - sa * sg).max(0.0);
        let w = y - bar.tau * n * (sgg + bar.left_out);
        keep[i] = u8::from(c * c >= x * w * (1.0 - MARGIN));
    }
    for (total, sums) in totals.iter_mut().zip(&mut *buffer) {
        for sum in &mut sums[lanes..width] {
            *sum = E::default();
        }
        // Eight partial sums, so that the additions need not wait for each other; all are exact.
        let mut parts = [0.0; 8];
        for eight in sums[..width].chunks_exact(8) {
            for (part, sum) in parts.iter_mut().zip(eight) {
                *part += sum.wide();
            }
        }
        for sum in sums[..width].chunks_exact(8).remainder() {
            parts[0] += sum.wide();
        }
        *total += parts.iter().sum::<f64>();
    }
    let mut bits = 0_u64;
    for (byte, eight) in keep.chunks_exact(8).enumerate() {
        // Eight bytes of 0 or 1, gathered into eight bits by one multiplication.
        let word = u64::from_le_bytes(eight.try_into().unwrap_or_default());
        bits |= (word.wrapping_mul(0x0102_0408_1020_4080) >> 56) << (8 * byte);
    }
    bits & (u64::MAX >> (MOST - lanes))
}

/// Sums and judges the leaves `lanes` of a prefix, calling `kept` with each lane that may reach the
/// floor. Lanes are taken in multiples of the vector width; `lanes.start` must be such a multiple.
///
/// # Safety
/// The level of `L` must be available, and every entry's row must have elements up to `lanes.end`
/// rounded up to the vector width.
#[inline(always)]
pub(super) unsafe fn leaves<L: Lanes>(
    rows: &[L::Elem],
    entries: &[Entry<L::Elem>],
    lanes: std::ops::Range<usize>,
    bar: Bar,
    totals: &mut Totals,
    mut kept: impl FnMut(usize),
) {
    let mut buffer = [[L::Elem::default(); MOST]; SUMS];
    let mut lane = lanes.start;
    while lane < lanes.end {
        let vectors = (lanes.end - lane).div_ceil(L::N).min(L::AT_ONCE);
        // SAFETY: `vectors` ends at most at lanes.end rounded up, by this function's contract.
        unsafe {
            match vectors {
                1 => sums::<L, 1>(rows, entries, lane, &mut buffer),
                2 => sums::<L, 2>(rows, entries, lane, &mut buffer),
                3 => sums::<L, 3>(rows, entries, lane, &mut buffer),
                _ => sums::<L, 4>(rows, entries, lane, &mut buffer),
            }
        }
        let width = vectors * L::N;
        let valid = width.min(lanes.end - lane);
        let mut bits = judge(&mut buffer, width, valid, bar, totals);
        while bits != 0 {
            kept(lane + bits.trailing_zeros() as usize);
            bits &= bits - 1;
        }
        lane += width;
    }
}
