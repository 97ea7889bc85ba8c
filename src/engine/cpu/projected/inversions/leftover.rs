//! The leaves that are left over: their exact sums over the users of a list.

use super::super::table::Row;

/// What a user brings to the sums of a leaf.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Summand {
    /// Side and bin, times the scores that a set may have.
    pub(super) bin: u32,
    /// Centred total.
    pub(super) g: i32,
}

/// What the leaves of a stem are summed from.
pub(super) struct Stem<'a> {
    pub(super) steps: &'a [u32],
    pub(super) rows: &'a [Row],
    pub(super) summands: &'a [Summand],
}

/// Sums the leaves of `alive` exactly, those of `fewest` users or more: n, A, X, Y over the users of the
/// list who answered them.
///
/// # Safety
/// The entries must name users of the stem.
#[inline(always)]
pub(super) unsafe fn judge<const SIMPLE: bool>(
    stem: &Stem<'_>,
    list: &[u32],
    alive: Row,
    fewest: i64,
    [words, who]: &mut [Vec<u64>; 2],
    mut kept: impl FnMut(usize, [f64; 4]),
) {
    let Stem {
        steps,
        rows,
        summands,
    } = *stem;
    let values = if SIMPLE { 2 } else { steps.len() };
    words.resize(list.len().max(words.len()), 0);
    let words = &mut words[..list.len()];
    who.resize(list.len().div_ceil(64).max(who.len()), 0);
    for (w, &word) in alive.0.iter().enumerate() {
        if word == 0 {
            continue;
        }
        for (&entry, any) in list.iter().zip(&mut *words) {
            // SAFETY: by this function's contract.
            unsafe {
                let row = rows.as_ptr().add((entry & 0xffff) as usize * values);
                *any = (*row).0.get_unchecked(w) | (*row.add(1)).0.get_unchecked(w);
                if !SIMPLE {
                    for value in 2..values {
                        *any |= (*row.add(value)).0.get_unchecked(w);
                    }
                }
            }
        }
        let mut word = word;
        while word != 0 {
            let bit = word.trailing_zeros();
            word &= word - 1;
            // SAFETY: by this function's contract; bits of a chunk are indices of its entries.
            unsafe {
                // First who answered, in vectors; then the sums of those.
                let mut n = 0;
                for (who, words) in who.iter_mut().zip(words.chunks(64)) {
                    *who = 0;
                    for (i, any) in words.iter().enumerate() {
                        *who |= (any >> bit & 1) << i;
                    }
                    n += i64::from(who.count_ones());
                }
                if n < fewest {
                    continue;
                }
                let (mut sa, mut sg, mut saa, mut sgg, mut sag) =
                    (0_i64, 0_i64, 0_i64, 0_i64, 0_i64);
                for (entries, &who) in list.chunks(64).zip(&*who) {
                    let mut who = who;
                    while who != 0 {
                        let entry = *entries.get_unchecked(who.trailing_zeros() as usize);
                        who &= who - 1;
                        let user = (entry & 0xffff) as usize;
                        let row = rows.as_ptr().add(user * values);
                        let mut third = ((*row.add(1)).0.get_unchecked(w) >> bit & 1) as u32;
                        if !SIMPLE {
                            third *= steps[1];
                            for (value, step) in steps.iter().enumerate().skip(2) {
                                third +=
                                    step * ((*row.add(value)).0.get_unchecked(w) >> bit & 1) as u32;
                            }
                        }
                        let Summand { bin, g } = *summands.get_unchecked(user);
                        let a = i64::from((entry >> 16) - bin + third);
                        let g = i64::from(g);
                        sa += a;
                        sg += g;
                        saa += a * a;
                        sgg += g * g;
                        sag += a * g;
                    }
                }
                let sums = [n, n * sag - sa * sg, n * saa - sa * sa, n * sgg - sg * sg];
                kept(w * 64 + bit as usize, sums.map(|sum| sum as f64));
            }
        }
    }
}
