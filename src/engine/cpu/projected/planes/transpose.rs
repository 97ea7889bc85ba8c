//! Bits of 64 users by question instead of by user.

use super::super::table::LANES;
use std::arch::x86_64::*;

/// A user's answers to up to 256 questions: which they answered, and which of these with the high score.
#[derive(Clone, Copy, Debug, Default)]
#[repr(C, align(64))]
pub(super) struct Planes {
    pub(super) answered: [u64; 4],
    pub(super) high: [u64; 4],
}

/// A word of 64 users for each lane.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(64))]
pub(super) struct Words(pub(super) [u64; LANES]);

impl Words {
    pub(super) const NONE: Self = Self([0; LANES]);

    /// 64 lanes at a time.
    fn words(&mut self) -> impl Iterator<Item = &mut [u64; 64]> {
        self.0.as_chunks_mut().0.iter_mut()
    }
}

/// Of 64 users, the answered bits of the lanes of the first `words` words of 64, and the high ones where
/// asked for; other lanes are left alone.
///
/// # Safety
/// AVX-512 F, BW, VBMI and GFNI.
#[target_feature(enable = "gfni,avx512f,avx512bw,avx512vbmi")]
pub(super) unsafe fn by_lane(
    users: &[&Planes; 64],
    words: usize,
    answered: &mut Words,
    high: Option<&mut Words>,
) {
    let zero = _mm512_setzero_si512();
    // For each word of a row, the words of all users, eight in a vector.
    let mut columns = [[zero; 8]; 8];
    for (group, users) in users.as_chunks::<8>().0.iter().enumerate() {
        // SAFETY: 64 aligned bytes each.
        let rows = users.map(|user| unsafe { _mm512_load_si512((&raw const *user).cast()) });
        // SAFETY: the features are this function's.
        let words = unsafe { transposed(rows) };
        for (column, word) in columns.iter_mut().zip(words) {
            column[group] = word;
        }
    }
    let (of_answered, of_high) = columns.split_at(4);
    // SAFETY: the features are this function's.
    unsafe {
        for (column, lanes) in of_answered.iter().zip(answered.words()).take(words) {
            turn(*column, lanes);
        }
        if let Some(high) = high {
            for (column, lanes) in of_high.iter().zip(high.words()).take(words) {
                turn(*column, lanes);
            }
        }
    }
}

/// Stores the transposed 64 × 64 bits of 64 words, eight in a vector.
///
/// ```text
/// in each vector (8 users × 8 bytes): bytes transposed, so an element has 8 users' bits of 8 lanes;
///     the 8 × 8 bits of each element transposed, so a byte has 8 users' bits of a lane
/// elements transposed, so a vector has all users' bytes of 8 lanes
/// in each vector: bytes transposed again, so an element has all users' bits of a lane
/// ```
///
/// # Safety
/// AVX-512 F, VBMI and GFNI.
#[inline]
#[target_feature(enable = "gfni,avx512f,avx512bw,avx512vbmi")]
unsafe fn turn(users: [__m512i; 8], lanes: &mut [u64; 64]) {
    // Byte i of an element goes to the element i.
    let mut bytes = [0_u8; 64];
    // The same, last users first: the instruction for bits takes the rows of its matrix in reverse.
    let mut reversed = [0_u8; 64];
    for i in 0..64 {
        bytes[i] = (i % 8 * 8 + i / 8) as u8;
        reversed[i] = ((7 - i % 8) * 8 + i / 8) as u8;
    }
    // SAFETY: 64 bytes each; the features are this function's; 64 words to store.
    unsafe {
        let bytes = _mm512_loadu_si512(bytes.as_ptr().cast());
        let reversed = _mm512_loadu_si512(reversed.as_ptr().cast());
        let identity = _mm512_set1_epi64(i64::from_le_bytes([1, 2, 4, 8, 16, 32, 64, 128_u8]));
        let of_a_lane = users.map(|users| {
            let bits = _mm512_permutexvar_epi8(reversed, users);
            _mm512_gf2p8affine_epi64_epi8::<0>(identity, bits)
        });
        for (i, lane) in transposed(of_a_lane).into_iter().enumerate() {
            let words = _mm512_permutexvar_epi8(bytes, lane);
            _mm512_storeu_si512(lanes.as_mut_ptr().add(8 * i).cast(), words);
        }
    }
}

/// The transposed 8 × 8 64-bit elements of eight vectors.
///
/// # Safety
/// AVX-512 F.
#[inline]
#[target_feature(enable = "avx512f")]
unsafe fn transposed(rows: [__m512i; 8]) -> [__m512i; 8] {
    let [a, b, c, d, e, f, g, h] = rows;
    // Pairs of rows: elements 0, 2, 4, 6 of both, and 1, 3, 5, 7.
    let even = [(a, b), (c, d), (e, f), (g, h)].map(|(x, y)| _mm512_unpacklo_epi64(x, y));
    let odd = [(a, b), (c, d), (e, f), (g, h)].map(|(x, y)| _mm512_unpackhi_epi64(x, y));
    let fours = |[p, q, r, s]: [__m512i; 4]| {
        let (low, low1) = (
            _mm512_shuffle_i64x2::<0x44>(p, q),
            _mm512_shuffle_i64x2::<0x44>(r, s),
        );
        let (high, high1) = (
            _mm512_shuffle_i64x2::<0xee>(p, q),
            _mm512_shuffle_i64x2::<0xee>(r, s),
        );
        [
            _mm512_shuffle_i64x2::<0x88>(low, low1),
            _mm512_shuffle_i64x2::<0xdd>(low, low1),
            _mm512_shuffle_i64x2::<0x88>(high, high1),
            _mm512_shuffle_i64x2::<0xdd>(high, high1),
        ]
    };
    let ([i, k, m, o], [j, l, n, p]) = (fours(even), fours(odd));
    [i, j, k, l, m, n, o, p]
}

/// Of 16 lanes, for each four users one word: bit 4·i + u is lane i's for the user u of these.
///
/// # Safety
/// AVX-512 F, BW and VBMI; `lanes` must be 16 words.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi")]
pub(super) unsafe fn by_fours(lanes: &[u64]) -> [u64; 16] {
    debug_assert_eq!(lanes.len(), 16);
    // Byte j of every lane, for j = 0..4 and for j = 4..8.
    let mut first = [0_u8; 64];
    for (i, place) in first.iter_mut().enumerate() {
        *place = (i % 16 * 8 + i / 16) as u8;
    }
    // SAFETY: 64 bytes each, and room for four words each.
    unsafe {
        let first = _mm512_loadu_si512(first.as_ptr().cast());
        let second = _mm512_add_epi8(first, _mm512_set1_epi8(4));
        let low = _mm512_loadu_si512(lanes.as_ptr().cast());
        let high = _mm512_loadu_si512(lanes.as_ptr().add(8).cast());
        let nibble = _mm512_set1_epi8(15);
        let weights = _mm512_set1_epi16(0x1001);
        let mut fours = [0_u64; 16];
        for (half, index) in [first, second].into_iter().enumerate() {
            let bytes = _mm512_permutex2var_epi8(low, index, high);
            for (upper, bytes) in [bytes, _mm512_srli_epi16::<4>(bytes)]
                .into_iter()
                .enumerate()
            {
                let nibbles = _mm512_and_si512(bytes, nibble);
                // 1 and 16 times two nibbles of lanes beside each other.
                let joined = _mm512_cvtepi16_epi8(_mm512_maddubs_epi16(nibbles, weights));
                let mut words = [0_u64; 4];
                _mm256_storeu_si256(words.as_mut_ptr().cast(), joined);
                for (j, word) in words.into_iter().enumerate() {
                    fours[8 * half + 2 * j + upper] = word;
                }
            }
        }
        fours
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arch::amx;

    fn words() -> impl FnMut() -> u64 {
        let mut state = 3_u64;
        move || {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            state ^ state >> 29
        }
    }

    #[test]
    fn bits_keep_their_user_and_lane() {
        if !amx::is_available() {
            return;
        }
        let mut word = words();
        let users: [Planes; 64] = std::array::from_fn(|_| Planes {
            answered: std::array::from_fn(|_| word()),
            high: std::array::from_fn(|_| word()),
        });
        for words in 1..=4 {
            let (mut answered, mut high) = (Words::NONE, Words::NONE);
            let users: [&Planes; 64] = std::array::from_fn(|i| &users[i]);
            // SAFETY: processors with byte tiles have all of it.
            unsafe { by_lane(&users, words, &mut answered, Some(&mut high)) };
            for lane in 0..LANES {
                let of = |rows: fn(&Planes) -> &[u64; 4]| {
                    let bit = |i: usize| rows(users[i])[lane / 64] >> (lane % 64) & 1;
                    (0..64).map(|i| bit(i) << i).sum::<u64>()
                };
                let valid = u64::from(lane < 64 * words);
                assert_eq!(answered.0[lane], valid * of(|user| &user.answered));
                assert_eq!(high.0[lane], valid * of(|user| &user.high));
            }
        }
    }

    #[test]
    fn fours_keep_their_user_and_lane() {
        if !amx::is_available() {
            return;
        }
        let mut word = words();
        let lanes: [u64; 16] = std::array::from_fn(|_| word());
        // SAFETY: as above.
        let fours = unsafe { by_fours(&lanes) };
        for (g, four) in fours.into_iter().enumerate() {
            for (i, lane) in lanes.iter().enumerate() {
                assert_eq!(four >> (4 * i) & 15, lane >> (4 * g) & 15, "{g} {i}");
            }
        }
    }
}
