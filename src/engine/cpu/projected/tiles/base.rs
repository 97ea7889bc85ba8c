//! A prefix three questions short of a set, for byte tiles: its users as rows of score codes.
//!
//! Users are as the prefix's members, by |g| descending or nearly so. Their rows are copied together
//! from those of the table.

use super::super::Prefix;
use super::super::codes::{Codes, MOST_VALUES};
use super::super::forms::{self, NOTHING, Users};
use super::super::kernel::SUMS;
use super::products::Shape;
use crate::stats::AuditSums;
use std::arch::x86_64::*;

/// Largest |s| of a pair: s² and twice s plus one fit their bytes.
const MOST_SCORE: i64 = 15;

/// Rows lie apart: those of users this far ahead are fetched.
const AHEAD: usize = 12;

/// Largest |g|: it fits a signed byte, and g² two bytes.
const MOST_TOTAL: i64 = 127;

/// The scores as the tiles hold them.
#[derive(Clone, Debug, Default)]
pub(in crate::engine::cpu) struct Values {
    /// The lowest score; the last question's is counted from here.
    pub(super) lowest: i64,
    /// The middle of the range; those of the questions before it are counted from here.
    pub(super) middle: i64,
    /// Each distinct score.
    pub(super) scores: Vec<i64>,
}

impl Values {
    /// Of the table's distinct scores, ascending; `None` where they do not fit the tiles.
    pub(in crate::engine::cpu) fn new(scores: &[i64]) -> Option<Self> {
        let (&lowest, &highest) = (scores.first()?, scores.last()?);
        let fits = scores.len() <= MOST_VALUES && highest.checked_sub(lowest)? <= MOST_SCORE;
        fits.then(|| Self {
            lowest,
            middle: lowest + (highest - lowest) / 2,
            scores: scores.to_vec(),
        })
    }

    /// What is taken off the score of a whole set: two scores by the middle, the last by the lowest.
    pub(in crate::engine::cpu) fn shift(&self) -> i64 {
        2 * self.middle + self.lowest
    }

    /// How many scores, and the sum and the sum of squares of what they are above the lowest, by how
    /// often each was given.
    #[inline(always)]
    fn sums(&self, counts: &[u32]) -> (u64, u64, u64) {
        let (mut d, mut t, mut h) = (0, 0, 0);
        for (&score, &count) in self.scores.iter().zip(counts) {
            let (x, count) = ((score - self.lowest) as u64, u64::from(count));
            d += count;
            t += x * count;
            h += x * x * count;
        }
        (d, t, h)
    }

    /// The largest |score − middle|.
    fn half(&self) -> i64 {
        self.scores.last().map_or(0, |highest| {
            (highest - self.middle).max(self.middle - self.lowest)
        })
    }

    /// The largest |a| and |g| of a leaf, for users with |s| ≤ `s` and |g| ≤ `g` on the prefix.
    pub(in crate::engine::cpu) fn reach(&self, s: i64, g: i64) -> i64 {
        let range = self
            .scores
            .last()
            .map_or(0, |highest| highest - self.lowest);
        (s + 2 * self.half() + range).max(g)
    }

    /// How products of users with |s| ≤ `s` and |g| ≤ `g` on the prefix are made; `None` where they
    /// do not fit.
    ///
    /// Two scores join s, each at most [`Self::half`] from the middle. One byte holds g² up to 255
    /// and s·g up to 127; two bytes hold the rest that the bounds allow: 127² and 15 · 127.
    pub(in crate::engine::cpu) fn shape(&self, s: i64, g: i64) -> Option<Shape> {
        let s = s.checked_add(2 * self.half())?;
        let range = self.scores.last()? - self.lowest;
        (s <= MOST_SCORE && g <= MOST_TOTAL).then(|| Shape {
            wide_squares: g * g > 255,
            wide_products: s * g > 127,
            score_squares: range > 1,
        })
    }
}

/// The projected prefix. Buffers are reused from one prefix to the next.
#[derive(Debug, Default)]
pub(in crate::engine::cpu) struct TileBase {
    /// The lowest lane that the highest lane of a set may be.
    first: usize,
    stride: usize,
    words: usize,
    /// The part of a stem's users that are to be outer users.
    pub(super) share: f64,
    pub(super) reach: f64,
    /// s and g: score on the prefix and total, each less the mean's integer part.
    pub(in crate::engine::cpu) users: Vec<(i16, i16)>,
    /// A row of codes a user, and one of zeros behind them.
    codes: Vec<u8>,
    /// A column a lane from `first` on: bit i is set where user i answered.
    bits: Vec<u64>,
}

impl TileBase {
    /// Lays out the prefix, `users` being filled in; `outer` of these should be outer users. Returns the
    /// closed form of their part in all sets behind the prefix: choices of three of what they answered,
    /// less those of three beyond the limit.
    ///
    /// # Safety
    /// AVX-512 F, BW, DQ and VL.
    #[target_feature(enable = "avx2,popcnt,bmi1,avx512f,avx512bw,avx512dq,avx512vl")]
    pub(in crate::engine::cpu) unsafe fn reset(
        &mut self,
        prefix: &Prefix<'_>,
        codes: &Codes,
        values: &Values,
        outer: usize,
        reach: f64,
    ) -> AuditSums {
        let lanes = prefix.lanes();
        self.first = prefix.beyond();
        self.stride = lanes.next_multiple_of(16);
        let users = prefix.members.len();
        self.words = users.div_ceil(64);
        self.share = outer as f64 / users.max(1) as f64;
        self.reach = reach;
        self.codes.resize((users + 1) * self.stride, 0);
        self.bits.clear();
        self.bits.resize((lanes - self.first) * self.words, 0);
        let (from, limit) = (prefix.from, prefix.limit);
        let mut counts = [0_u32; MOST_VALUES];
        let counts = &mut counts[..values.scores.len()];
        let mut sums = ([0; SUMS], [0; SUMS]);
        for (w, word) in prefix.members.chunks(64).enumerate() {
            let mut beyond = NOTHING;
            let mut all = NOTHING;
            let mut own = Users {
                s: [0; 64],
                g: [0; 64],
            };
            for (i, member) in word.iter().enumerate() {
                let row = codes.row(member.user as usize);
                if let Some(later) = prefix.members.get(w * 64 + i + AHEAD) {
                    codes.prefetch(later.user as usize);
                }
                let start = (w * 64 + i) * self.stride;
                let to = &mut self.codes[start..start + lanes];
                let (to_beyond, to_before) = to.split_at_mut(self.first);
                counts.fill(0);
                // SAFETY: the features are this function's.
                unsafe { copy(&row[limit..], to_beyond, counts, |_, _| ()) };
                (beyond.d[i], beyond.t[i], beyond.h[i]) = values.sums(counts);
                let bits = &mut self.bits;
                let words = self.words;
                // SAFETY: the features are this function's.
                unsafe {
                    copy(&row[from..limit], to_before, counts, |at, answered| {
                        let mut answered = answered;
                        while answered != 0 {
                            let lane = at + answered.trailing_zeros() as usize;
                            bits[lane * words + w] |= 1 << i;
                            answered &= answered - 1;
                        }
                    });
                }
                (all.d[i], all.t[i], all.h[i]) = values.sums(counts);
                let shift = 3 * values.lowest;
                own.s[i] = member.score.wrapping_add(shift) as u64;
                own.g[i] = member.total as u64;
            }
            forms::add::<3>(&own, &all, &mut sums.0);
            forms::add::<3>(&own, &beyond, &mut sums.1);
        }
        self.codes[users * self.stride..].fill(0);
        AuditSums::new(
            0,
            std::array::from_fn(|i| u64::wrapping_sub(sums.0[i], sums.1[i])),
        )
    }

    /// The bit column of `lane`, which is the highest of some set.
    pub(super) fn column(&self, lane: usize) -> &[u64] {
        let lane = lane - self.first;
        &self.bits[lane * self.words..(lane + 1) * self.words]
    }

    /// The code of user `i` on `lane`.
    pub(super) fn code(&self, i: usize, lane: usize) -> u8 {
        self.codes[i * self.stride + lane]
    }

    /// The row of user `i`, padded to a multiple of 16 lanes; the one behind the last is all zeros.
    pub(super) fn row(&self, i: usize) -> &[u8] {
        &self.codes[i * self.stride..(i + 1) * self.stride]
    }
}

/// Copies codes and adds to `counts` how often there is each score; `answered` gets where each 64 of
/// them start, and a bit for each that is not 0.
///
/// # Safety
/// AVX-512 F and BW; the slices must be of one length.
#[inline]
#[target_feature(enable = "popcnt,bmi1,avx512f,avx512bw")]
unsafe fn copy(
    from: &[u8],
    to: &mut [u8],
    counts: &mut [u32],
    mut answered: impl FnMut(usize, u64),
) {
    debug_assert_eq!(from.len(), to.len());
    for at in (0..from.len()).step_by(64) {
        let valid = u64::MAX >> (64 - (from.len() - at).min(64));
        // SAFETY: only valid bytes are read and written.
        let codes = unsafe {
            let codes = _mm512_maskz_loadu_epi8(valid, from.as_ptr().add(at).cast());
            _mm512_mask_storeu_epi8(to.as_mut_ptr().add(at).cast(), valid, codes);
            codes
        };
        for (v, count) in counts.iter_mut().enumerate() {
            let with = _mm512_cmpeq_epi8_mask(codes, _mm512_set1_epi8(v as i8 + 1));
            *count += with.count_ones();
        }
        answered(at, _mm512_test_epi8_mask(codes, codes));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_fits_the_bytes_is_the_edge() {
        let binary = Values::new(&[0, 1]).expect("fits");
        let shape = |wide_squares, wide_products, score_squares| {
            Some(Shape {
                wide_squares,
                wide_products,
                score_squares,
            })
        };
        assert_eq!(binary.shape(2, 15), shape(false, false, false));
        assert_eq!(binary.shape(2, 16), shape(true, false, false));
        assert_eq!(binary.shape(6, 15), shape(false, false, false));
        assert_eq!(binary.shape(7, 15), shape(false, true, false));
        assert_eq!(binary.shape(13, 127), shape(true, true, false));
        assert_eq!(binary.shape(14, 127), None);
        assert_eq!(binary.shape(2, 128), None);
        let likert = Values::new(&[1, 3, 6]).expect("fits");
        assert_eq!(likert.shape(9, 9), shape(false, true, true));
        assert!(Values::new(&[0, 16]).is_none());
        assert!(Values::new(&[i64::MIN, i64::MAX]).is_none());
    }
}
