//! The level for bytes on x86-64: AVX-512 with VBMI, VBMI2, VNNI, VPOPCNTDQ and GFNI, and the matrix unit where
//! there is one.

use super::bytes::ByteLevel;
use super::isa::{Isa, has_byte_tiles, has_byte_vectors};
use super::memory::{Bytes, Shift, TwoRows};
use super::tiles::Tiles;
use std::arch::x86_64::*;

/// Proof of [`Isa::Avx512`] and of VBMI, VBMI2, VNNI, VPOPCNTDQ and GFNI.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wide {
    /// Whether to use the matrix unit, which is then available.
    matrix_unit: bool,
}

impl Wide {
    /// Where this processor has them; with the matrix unit only where it has that too.
    pub(super) fn new(matrix_unit: bool) -> Option<Self> {
        let has = Isa::Avx512.is_available() && has_byte_vectors();
        has.then(|| Self {
            matrix_unit: matrix_unit && has_byte_tiles(),
        })
    }
}

/// Methods that are one instruction each.
macro_rules! one {
    ($($name:ident($($of:ident: $type:ty),*) -> $out:ty = $value:expr;)*) => {
        $(
            #[inline(always)]
            fn $name(self $(, $of: $type)*) -> $out {
                // SAFETY: the token proves the instructions; memory is aligned and of 64 bytes.
                unsafe { $value }
            }
        )*
    };
}

impl ByteLevel for Wide {
    type B = __m512i;

    one! {
        bytes(from: &Bytes) -> __m512i = _mm512_load_si512(from.0.as_ptr().cast());
        put(b: __m512i, to: &mut Bytes) -> () = _mm512_store_si512(to.0.as_mut_ptr().cast(), b);
        every_byte(byte: u8) -> __m512i = _mm512_set1_epi8(byte.cast_signed());
        keep(mask: u64, b: __m512i) -> __m512i = _mm512_maskz_mov_epi8(mask, b);
        pick(mask: u64, yes: __m512i, no: __m512i) -> __m512i = _mm512_mask_mov_epi8(no, mask, yes);
        add(a: __m512i, b: __m512i) -> __m512i = _mm512_add_epi8(a, b);
        larger(a: __m512i, b: __m512i) -> __m512i = _mm512_max_epu8(a, b);
        size(b: __m512i) -> __m512i = _mm512_abs_epi8(b);
        given(b: __m512i) -> u64 = _mm512_test_epi8_mask(b, b);
        equal(b: __m512i, byte: u8) -> u64 = _mm512_cmpeq_epi8_mask(b, _mm512_set1_epi8(byte.cast_signed()));
        above(b: __m512i, byte: u8) -> u64 = _mm512_cmpgt_epu8_mask(b, _mm512_set1_epi8(byte.cast_signed()));
        look_up(table: &[u8; 16], b: __m512i) -> __m512i =
            _mm512_shuffle_epi8(_mm512_broadcast_i32x4(_mm_loadu_si128(table.as_ptr().cast())), b);
        sum(b: __m512i) -> u64 =
            _mm512_reduce_add_epi64(_mm512_sad_epu8(b, _mm512_setzero_si512())).cast_unsigned();
        integers(from: &Bytes) -> __m512i = _mm512_load_si512(from.0.as_ptr().cast());
        lanes(i: __m512i) -> [i32; 16] = std::mem::transmute::<__m512i, [i32; 16]>(i);
        at(i: __m512i, lane: usize) -> i64 = {
            let lane = _mm512_castsi128_si512(_mm_cvtsi32_si128(lane as i32));
            i64::from(_mm512_cvtsi512_si32(_mm512_permutexvar_epi32(lane, i)))
        };
        every_integer(value: i32) -> __m512i = _mm512_set1_epi32(value);
        sum_of(a: __m512i, b: __m512i) -> __m512i = _mm512_add_epi32(a, b);
        difference(a: __m512i, b: __m512i) -> __m512i = _mm512_sub_epi32(a, b);
        bits_of_both(a: __m512i, b: __m512i) -> __m512i = _mm512_and_si512(a, b);
        largest_of(a: __m512i, b: __m512i) -> __m512i = _mm512_max_epi32(a, b);
        keep_integers(mask: u16, i: __m512i) -> __m512i = _mm512_maskz_mov_epi32(mask, i);
        dot(to: __m512i, a: __m512i, b: __m512i) -> __m512i = _mm512_dpbusd_epi32(to, a, b);
        floats(i: __m512i) -> __m512 = _mm512_cvtepi32_ps(i);
        total(i: __m512i) -> i64 = i64::from(_mm512_reduce_add_epi32(i));
        totals(five: [__m512i; 5]) -> [i64; 5] = totals(five);
        moved(rows: &TwoRows, by: &Shift) -> TwoRows = moved(rows, by);
        ones(rows: &TwoRows) -> [u64; 2] = ones(rows);
        by_place(users: &[&TwoRows; 64], first: &mut [[u64; 64]], second: &mut [[u64; 64]]) -> () =
            by_place(users, first, second);
        by_fours(lanes: &[u64; 16]) -> [u64; 16] = by_fours(lanes);
        turn(rows: &[u8], starts: &[u32; 64], fours: &mut [Bytes; 16], by_lane: &mut [Bytes; 16]) -> () =
            turn(rows, starts, fours, by_lane);
        gather(from: &[u32], places: &[u32; 64]) -> [__m512i; 2] = gather(from, places);
    }

    #[inline(always)]
    fn first_bytes(self, from: &[u8]) -> __m512i {
        // SAFETY: the token proves the instruction; only bytes of the slice are read.
        unsafe { _mm512_maskz_loadu_epi8(first(from.len()), from.as_ptr().cast()) }
    }
    #[inline(always)]
    fn put_first(self, b: __m512i, to: &mut [u8]) {
        // SAFETY: the token proves the instruction; only bytes of the slice are written.
        unsafe { _mm512_mask_storeu_epi8(to.as_mut_ptr().cast(), first(to.len()), b) }
    }
    #[inline(always)]
    fn up<const BY: u32>(self, i: __m512i) -> __m512i {
        // SAFETY: the token proves the instruction.
        unsafe { _mm512_slli_epi32::<BY>(i) }
    }
    #[inline(always)]
    fn down<const BY: u32>(self, i: __m512i) -> __m512i {
        // SAFETY: the token proves the instruction.
        unsafe { _mm512_srai_epi32::<BY>(i) }
    }
    #[inline(always)]
    fn prefetch<T>(self, at: &T) {
        // SAFETY: the instruction takes any address.
        unsafe { _mm_prefetch::<_MM_HINT_T0>((&raw const *at).cast()) };
    }
    #[inline(always)]
    fn tiles(self) -> Tiles {
        if self.matrix_unit {
            // SAFETY: the token proves that it is available.
            unsafe { Tiles::of_matrix_unit() }
        } else {
            Tiles::plain()
        }
    }
}

/// A bit for each of so many bytes, at most 64.
#[inline(always)]
fn first(count: usize) -> u64 {
    if count < 64 {
        (1 << count) - 1
    } else {
        u64::MAX
    }
}

/// [`ByteLevel::totals`].
#[inline]
#[target_feature(enable = "avx512f,avx512vl")]
fn totals([a, b, c, d, e]: [__m512i; 5]) -> [i64; 5] {
    let pair = |x, y| _mm512_add_epi32(_mm512_unpacklo_epi32(x, y), _mm512_unpackhi_epi32(x, y));
    let (ab, cd) = (pair(a, b), pair(c, d));
    // In each 128 bits one part of each of the four.
    let four = _mm512_add_epi32(_mm512_unpacklo_epi64(ab, cd), _mm512_unpackhi_epi64(ab, cd));
    let half = _mm256_add_epi32(
        _mm512_castsi512_si256(four),
        _mm512_extracti64x4_epi64::<1>(four),
    );
    let quarter = _mm_add_epi32(
        _mm256_castsi256_si128(half),
        _mm256_extracti128_si256::<1>(half),
    );
    let mut sums = [0_i32; 4];
    // SAFETY: room for 128 bits.
    unsafe { _mm_storeu_si128(sums.as_mut_ptr().cast(), quarter) };
    let [a, b, c, d] = sums.map(i64::from);
    [a, b, c, d, i64::from(_mm512_reduce_add_epi32(e))]
}

/// [`ByteLevel::gather`].
#[inline]
#[target_feature(enable = "avx512f")]
fn gather(from: &[u32], places: &[u32; 64]) -> [__m512i; 2] {
    let last = places.iter().fold(0, |last, &place| last.max(place));
    assert!((last as usize) < from.len(), "a place is there");
    let mut bytes = [Bytes::ZERO; 2];
    for (part, places) in places.as_chunks::<16>().0.iter().enumerate() {
        // SAFETY: 16 places, each of them inside the slice as just checked and below 2^31; room for 16 bytes.
        unsafe {
            let places = _mm512_loadu_si512(places.as_ptr().cast());
            let words = _mm512_i32gather_epi32::<4>(places, from.as_ptr().cast());
            for (to, words) in bytes
                .iter_mut()
                .zip([words, _mm512_srli_epi32::<16>(words)])
            {
                let to = to.0[16 * part..16 * part + 16].as_mut_ptr();
                _mm_storeu_si128(to.cast(), _mm512_cvtepi32_epi8(words));
            }
        }
    }
    // SAFETY: 64 aligned bytes.
    bytes.map(|bytes| unsafe { _mm512_load_si512(bytes.0.as_ptr().cast()) })
}

/// [`ByteLevel::moved`].
#[inline]
#[target_feature(enable = "avx512f")]
fn moved(rows: &TwoRows, by: &Shift) -> TwoRows {
    let mut moved = TwoRows::default();
    // SAFETY: 64 bytes each, aligned where that is asked for.
    unsafe {
        let rows = _mm512_load_si512(rows.0.as_ptr().cast());
        let words = |(index, there): &([u64; 8], u8)| {
            let index = _mm512_loadu_si512(index.as_ptr().cast());
            _mm512_maskz_permutexvar_epi64(*there, index, rows)
        };
        // A shift by 64 leaves nothing.
        let low = _mm512_srl_epi64(words(&by.low), _mm_cvtsi64_si128(by.right.into()));
        let high = _mm512_sll_epi64(words(&by.high), _mm_cvtsi64_si128(by.left.into()));
        _mm512_store_si512(moved.0.as_mut_ptr().cast(), _mm512_or_si512(low, high));
    }
    moved
}

/// [`ByteLevel::ones`].
#[inline]
#[target_feature(enable = "avx512f,avx512vpopcntdq")]
fn ones(rows: &TwoRows) -> [u64; 2] {
    // SAFETY: 64 aligned bytes.
    let words = _mm512_popcnt_epi64(unsafe { _mm512_load_si512(rows.0.as_ptr().cast()) });
    let pairs = _mm512_add_epi64(words, _mm512_shuffle_epi32::<0b01_00_11_10>(words));
    let fours = _mm512_add_epi64(pairs, _mm512_permutex_epi64::<0b01_00_11_10>(pairs));
    [
        _mm_cvtsi128_si64(_mm512_castsi512_si128(fours)).cast_unsigned(),
        _mm_cvtsi128_si64(_mm256_castsi256_si128(_mm512_extracti64x4_epi64::<1>(
            fours,
        )))
        .cast_unsigned(),
    ]
}

/// [`ByteLevel::by_place`].
#[inline]
#[target_feature(enable = "gfni,avx512f,avx512bw,avx512vbmi")]
fn by_place(users: &[&TwoRows; 64], first: &mut [[u64; 64]], second: &mut [[u64; 64]]) {
    // For each word of a row, the words of all users, eight in a vector.
    let mut columns = [[_mm512_setzero_si512(); 8]; 8];
    for (group, users) in users.as_chunks::<8>().0.iter().enumerate() {
        // SAFETY: 64 aligned bytes each.
        let rows = users.map(|user| unsafe { _mm512_load_si512(user.0.as_ptr().cast()) });
        for (column, word) in columns.iter_mut().zip(transposed(rows)) {
            column[group] = word;
        }
    }
    let (of_first, of_second) = columns.split_at(4);
    for (columns, places) in [(of_first, first), (of_second, second)] {
        for (column, places) in columns.iter().zip(places) {
            turn_bits(*column, places);
        }
    }
}

/// Stores the transposed 64 × 64 bits of 64 words, eight in a vector.
///
/// ```text
/// in each vector (8 users × 8 bytes): bytes transposed, so an element has 8 users' bits of 8 places;
///     the 8 × 8 bits of each element transposed, so a byte has 8 users' bits of a place
/// elements transposed, so a vector has all users' bytes of 8 places
/// in each vector: bytes transposed again, so an element has all users' bits of a place
/// ```
#[inline]
#[target_feature(enable = "gfni,avx512f,avx512bw,avx512vbmi")]
fn turn_bits(users: [__m512i; 8], places: &mut [u64; 64]) {
    // Byte i of an element goes to the element i.
    let mut bytes = [0_u8; 64];
    // The same, last users first: the instruction for bits takes the rows of its matrix in reverse.
    let mut reversed = [0_u8; 64];
    for i in 0..64 {
        bytes[i] = (i % 8 * 8 + i / 8) as u8;
        reversed[i] = ((7 - i % 8) * 8 + i / 8) as u8;
    }
    // SAFETY: 64 bytes each.
    let load = |bytes: &[u8; 64]| unsafe { _mm512_loadu_si512(bytes.as_ptr().cast()) };
    let (bytes, reversed) = (load(&bytes), load(&reversed));
    let identity = _mm512_set1_epi64(i64::from_le_bytes([1, 2, 4, 8, 16, 32, 64, 128_u8]));
    let of_a_place = users.map(|users| {
        let bits = _mm512_permutexvar_epi8(reversed, users);
        _mm512_gf2p8affine_epi64_epi8::<0>(identity, bits)
    });
    let eights = places.as_chunks_mut::<8>().0;
    for (to, place) in eights.iter_mut().zip(transposed(of_a_place)) {
        let words = _mm512_permutexvar_epi8(bytes, place);
        // SAFETY: room for eight words.
        unsafe { _mm512_storeu_si512(to.as_mut_ptr().cast(), words) };
    }
}

/// The transposed 8 × 8 64-bit elements of eight vectors.
#[inline]
#[target_feature(enable = "avx512f")]
fn transposed(rows: [__m512i; 8]) -> [__m512i; 8] {
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

/// [`ByteLevel::by_fours`].
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi")]
fn by_fours(lanes: &[u64; 16]) -> [u64; 16] {
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
            let nibbles = [bytes, _mm512_srli_epi16::<4>(bytes)];
            for (upper, bytes) in nibbles.into_iter().enumerate() {
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

/// [`ByteLevel::turn`]: four users' rows make a row of 32-bit elements, an element a lane; the transposed
/// elements of 16 such rows are 64 users' bytes, a row a lane.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vbmi")]
fn turn(rows: &[u8], starts: &[u32; 64], fours: &mut [Bytes; 16], by_lane: &mut [Bytes; 16]) {
    let last = starts.iter().fold(0, |last, &start| last.max(start));
    assert!(last as usize + 16 <= rows.len(), "a row is there");
    let mut interleave = [0_u8; 64];
    for (i, place) in interleave.iter_mut().enumerate() {
        *place = (16 * (i % 4) + i / 4) as u8;
    }
    // SAFETY: 64 bytes.
    let interleave = unsafe { _mm512_loadu_si512(interleave.as_ptr().cast()) };
    let rows: [__m512i; 16] = std::array::from_fn(|group| {
        // SAFETY: 16 bytes inside the slice, as just checked.
        let part = |i: usize| unsafe {
            let start = starts[4 * group + i] as usize;
            _mm_loadu_si128(rows.as_ptr().add(start).cast())
        };
        let mut four = _mm512_castsi128_si512(part(0));
        four = _mm512_inserti32x4::<1>(four, part(1));
        four = _mm512_inserti32x4::<2>(four, part(2));
        four = _mm512_inserti32x4::<3>(four, part(3));
        _mm512_permutexvar_epi8(interleave, four)
    });
    // SAFETY: 64 aligned bytes.
    let store = |to: &mut Bytes, row| unsafe { _mm512_store_si512(to.0.as_mut_ptr().cast(), row) };
    for (to, row) in fours.iter_mut().zip(rows) {
        store(to, row);
    }
    // Pairs, then fours within 128 bits; then the 128-bit parts, twice.
    let pairs: [__m512i; 16] = std::array::from_fn(|i| {
        let (a, b) = (rows[i & !1], rows[i | 1]);
        if i & 1 == 0 {
            _mm512_unpacklo_epi32(a, b)
        } else {
            _mm512_unpackhi_epi32(a, b)
        }
    });
    let fours: [__m512i; 16] = std::array::from_fn(|i| {
        let (group, kind) = (i / 4 * 4, i % 4);
        let (a, b) = (pairs[group + kind / 2], pairs[group + 2 + kind / 2]);
        if kind & 1 == 0 {
            _mm512_unpacklo_epi64(a, b)
        } else {
            _mm512_unpackhi_epi64(a, b)
        }
    });
    for kind in 0..4 {
        let [a, b, c, d] = [0, 4, 8, 12].map(|group| fours[group + kind]);
        let even = |a, b| _mm512_shuffle_i32x4::<0x88>(a, b);
        let odd = |a, b| _mm512_shuffle_i32x4::<0xdd>(a, b);
        let (low, high, low1, high1) = (even(a, b), even(c, d), odd(a, b), odd(c, d));
        store(&mut by_lane[kind], even(low, high));
        store(&mut by_lane[4 + kind], even(low1, high1));
        store(&mut by_lane[8 + kind], odd(low, high));
        store(&mut by_lane[12 + kind], odd(low1, high1));
    }
}
