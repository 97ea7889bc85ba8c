//! A prefix three questions short of a set, for bit planes: its users' rows of bits by lane, and the
//! columns of the lanes that stems start with.

use super::super::Prefix;
use super::super::forms::{self, Answered, NOTHING, Users};
use super::super::table::{LANES, Row};
use super::transpose::{Planes, Words, by_lane};
use crate::stats::AuditSums;
use std::arch::x86_64::*;

/// Rows lie apart: those of users this far ahead are fetched.
const AHEAD: usize = 12;

/// A user: s, the score on the prefix in steps from the lowest of any user (lower half), and g, their
/// total less the mean's integer part (upper half).
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct User(pub(super) u32);

impl User {
    pub(super) fn new(s: u16, g: i16) -> Self {
        Self(u32::from(s) | u32::from(g as u16) << 16)
    }

    pub(super) fn g(self) -> i16 {
        (self.0 >> 16) as i16
    }
}

/// The projected prefix. Buffers are reused from one prefix to the next.
#[derive(Debug, Default)]
pub(in super::super) struct Base {
    /// The part of a stem's users that are to be outer users.
    pub(super) share: f64,
    /// |a| and |g| of any leaf are at most this.
    pub(super) reach: f64,
    /// The part of answers that are high.
    pub(super) high: f64,
    /// Those of the prefix, and nobody behind them.
    pub(super) users: Vec<User>,
    /// Their rows by lane, and one of nobody.
    pub(super) rows: Vec<Planes>,
    /// For each 64 users, those who answered each lane.
    pub(super) columns: Vec<Words>,
}

impl Base {
    /// Lays out the prefix, `users` being filled in; `outer` of these should be outer users. Returns the
    /// closed form of their part in all sets behind the prefix: choices of three of what they answered,
    /// less those of three beyond the limit. `table` has each user's row of low and of high answers,
    /// whose scores are `unit` apart.
    ///
    /// # Safety
    /// AVX-512 F, BW, DQ, VL, VBMI and VPOPCNTDQ, and GFNI.
    #[target_feature(
        enable = "avx2,gfni,avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,avx512vpopcntdq"
    )]
    pub(super) unsafe fn reset(
        &mut self,
        prefix: &Prefix<'_>,
        table: &[[Row; 2]],
        unit: i64,
        outer: usize,
        reach: f64,
    ) -> AuditSums {
        let members = prefix.members;
        self.share = outer as f64 / members.len().max(1) as f64;
        self.reach = reach;
        self.users.push(User::default());
        self.rows.resize(members.len() + 1, Planes::default());
        let words = prefix.lanes().div_ceil(64);
        self.columns.resize(members.len().div_ceil(64), Words::NONE);
        let lowest = prefix.layout.scores().first().copied().unwrap_or(0);
        let unit = unit as u64;
        // Lanes are the positions from the limit on, and then those before it.
        let shift = prefix.from as isize - prefix.beyond() as isize;
        // SAFETY: the features are this function's.
        let (beyond_limit, before_limit, before, beyond) = unsafe {
            (
                Shift::new(prefix.limit as isize),
                Shift::new(shift),
                both(&Row::of(prefix.from..prefix.limit)),
                both(&Row::of(0..prefix.beyond())),
            )
        };
        let mut sums = ([0; 6], [0; 6]);
        let (mut given, mut high) = (0, 0);
        for (w, word) in members.chunks(64).enumerate() {
            let (mut all, mut of_beyond) = (NOTHING, NOTHING);
            let mut own = Users {
                s: [0; 64],
                g: [0; 64],
            };
            for (i, member) in word.iter().enumerate() {
                let at = w * 64 + i;
                if let Some(later) = members.get(at + AHEAD) {
                    let row: *const _ = &raw const table[later.user as usize];
                    _mm_prefetch::<_MM_HINT_T0>(row.cast());
                }
                let row: *const _ = &raw const table[member.user as usize];
                // SAFETY: rows of 64 bytes; the features are this function's.
                unsafe {
                    let pair = _mm512_loadu_si512(row.cast());
                    // Low and high ones become answered and high ones.
                    let swapped = _mm512_shuffle_i64x2::<0x4e>(pair, pair);
                    let planes = _mm512_mask_or_epi64(pair, 0x0f, pair, swapped);
                    let lanes = _mm512_or_si512(
                        beyond_limit.of(planes),
                        before_limit.of(_mm512_and_si512(planes, before)),
                    );
                    _mm512_store_si512((&raw mut self.rows[at]).cast(), lanes);
                    (all.d[i], all.t[i]) = counts(lanes);
                    let lanes = _mm512_and_si512(lanes, beyond);
                    (of_beyond.d[i], of_beyond.t[i]) = counts(lanes);
                }
                (given, high) = (given + all.d[i], high + all.t[i]);
                let shift = lowest.wrapping_mul(3);
                own.s[i] = member.score.wrapping_add(shift) as u64;
                own.g[i] = member.total as u64;
            }
            let in_units = |answered: &mut Answered| {
                for i in 0..64 {
                    answered.t[i] = answered.t[i].wrapping_mul(unit);
                    answered.h[i] = answered.t[i].wrapping_mul(unit);
                }
            };
            in_units(&mut all);
            in_units(&mut of_beyond);
            forms::add::<3>(&own, &all, &mut sums.0);
            forms::add::<3>(&own, &of_beyond, &mut sums.1);
        }
        self.rows[members.len()] = Planes::default();
        self.high = high as f64 / given.max(1) as f64;
        let nobody = members.len();
        for (w, column) in self.columns.iter_mut().enumerate() {
            let users: [&Planes; 64] =
                std::array::from_fn(|i| &self.rows[(w * 64 + i).min(nobody)]);
            // SAFETY: the features are this function's.
            unsafe { by_lane(&users, words, column, None) };
        }
        AuditSums::new(
            0,
            std::array::from_fn(|i| u64::wrapping_sub(sums.0[i], sums.1[i])),
        )
    }
}

/// The same bits of both planes.
///
/// # Safety
/// AVX-512 F and DQ.
#[inline]
#[target_feature(enable = "avx512f,avx512dq")]
pub(super) unsafe fn both(row: &Row) -> __m512i {
    // SAFETY: 32 bytes.
    _mm512_broadcast_i64x4(unsafe { _mm256_loadu_si256(row.0.as_ptr().cast()) })
}

/// How many answered bits there are, and how many high ones.
///
/// # Safety
/// AVX-512 F and VPOPCNTDQ.
#[inline]
#[target_feature(enable = "avx512f,avx512vpopcntdq")]
pub(super) unsafe fn counts(planes: __m512i) -> (u64, u64) {
    let words = _mm512_popcnt_epi64(planes);
    let pairs = _mm512_add_epi64(words, _mm512_shuffle_epi32::<0b01_00_11_10>(words));
    let fours = _mm512_add_epi64(pairs, _mm512_permutex_epi64::<0b01_00_11_10>(pairs));
    let high = _mm512_extracti64x4_epi64::<1>(fours);
    (
        _mm_cvtsi128_si64(_mm512_castsi512_si128(fours)) as u64,
        _mm_cvtsi128_si64(_mm256_castsi256_si128(high)) as u64,
    )
}

/// Moves the bits of both planes to lower places, to higher ones where `by` is negative; bits that leave
/// the 256 are lost.
struct Shift {
    /// For each word of the result, the words that its bits come from, and whether these are there.
    low: (__m512i, __mmask8),
    high: (__m512i, __mmask8),
    right: __m128i,
    left: __m128i,
}

impl Shift {
    /// # Safety
    /// AVX-512 F.
    #[target_feature(enable = "avx512f")]
    unsafe fn new(by: isize) -> Self {
        const WORDS: isize = (LANES / 64) as isize;
        let (words, bits) = (by.div_euclid(64), by.rem_euclid(64));
        let from = |words: isize| {
            let mut index = [0_i64; 8];
            let mut there = 0;
            for (i, index) in index.iter_mut().enumerate() {
                let (plane, word) = (i as isize / WORDS, i as isize % WORDS);
                let word = word + words;
                if (0..WORDS).contains(&word) {
                    *index = (plane * WORDS + word) as i64;
                    there |= 1 << i;
                }
            }
            // SAFETY: 64 bytes.
            (unsafe { _mm512_loadu_si512(index.as_ptr().cast()) }, there)
        };
        Self {
            low: from(words),
            high: from(words + 1),
            right: _mm_cvtsi64_si128(bits as i64),
            left: _mm_cvtsi64_si128(64 - bits as i64),
        }
    }

    /// # Safety
    /// AVX-512 F.
    #[inline]
    #[target_feature(enable = "avx512f")]
    unsafe fn of(&self, planes: __m512i) -> __m512i {
        let ((low, low_there), (high, high_there)) = (self.low, self.high);
        let low = _mm512_maskz_permutexvar_epi64(low_there, low, planes);
        let high = _mm512_maskz_permutexvar_epi64(high_there, high, planes);
        // A shift by 64 leaves nothing.
        _mm512_or_si512(
            _mm512_srl_epi64(low, self.right),
            _mm512_sll_epi64(high, self.left),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arch::amx;

    #[test]
    fn shifts_move_every_bit_of_both_planes() {
        if !amx::is_available() {
            return;
        }
        let planes = Planes {
            answered: [0x8000_0000_0000_0001, 0x0123_4567_89ab_cdef, 7, u64::MAX],
            high: [3, 0x8000_0000_0000_0000, 0xf0f0, 1 << 63],
        };
        for by in [
            -256, -255, -200, -64, -63, -1, 0, 1, 63, 64, 65, 128, 200, 256_isize,
        ] {
            let mut moved = Planes::default();
            // SAFETY: processors with byte tiles have all of it.
            let (d, t) = unsafe {
                let from = _mm512_loadu_si512((&raw const planes).cast());
                let to = Shift::new(by).of(from);
                _mm512_storeu_si512((&raw mut moved).cast(), to);
                counts(to)
            };
            let bit = |plane: &[u64; 4], i: isize| {
                (0..256).contains(&i) && plane[i as usize / 64] >> (i % 64) & 1 != 0
            };
            for i in 0..256 {
                assert_eq!(
                    bit(&moved.answered, i),
                    bit(&planes.answered, i + by),
                    "{by} {i}"
                );
                assert_eq!(bit(&moved.high, i), bit(&planes.high, i + by), "{by} {i}");
            }
            let ones =
                |plane: [u64; 4]| plane.iter().map(|w| u64::from(w.count_ones())).sum::<u64>();
            assert_eq!((d, t), (ones(moved.answered), ones(moved.high)));
        }
    }
}
