//! The vector interface on x86-64: AVX2 with FMA, and AVX-512.

use super::lanes::Lanes;
use std::arch::x86_64::*;

macro_rules! avx512 {
    ($name:ident, $elem:ty, $vector:ty, $mask:ty, $n:literal, $splat:ident, $load:ident, $store:ident,
     $add:ident, $mul:ident, $fma:ident, $fms:ident, $max:ident, $cmp:ident, $maskz_mov:ident,
     $maskz_add:ident, $mask_add:ident) => {
        /// One AVX-512 register.
        #[derive(Clone, Copy)]
        pub(in crate::engine::cpu) struct $name($vector);

        // SAFETY of all methods: the caller guarantees AVX-512 F, BW, DQ and VL, and valid pointers
        // (the trait's contract).
        impl Lanes for $name {
            type Elem = $elem;
            type Mask = $mask;
            const N: usize = $n;
            const AT_ONCE: usize = 4;

            #[inline(always)]
            unsafe fn splat(value: $elem) -> Self {
                // SAFETY: above.
                Self(unsafe { $splat(value) })
            }
            #[inline(always)]
            unsafe fn load(from: *const $elem) -> Self {
                // SAFETY: above.
                Self(unsafe { $load(from) })
            }
            #[inline(always)]
            unsafe fn store(self, to: *mut $elem) {
                // SAFETY: above.
                unsafe { $store(to, self.0) }
            }
            #[inline(always)]
            unsafe fn add(self, other: Self) -> Self {
                // SAFETY: above.
                Self(unsafe { $add(self.0, other.0) })
            }
            #[inline(always)]
            unsafe fn mul_add(self, by: Self, to: Self) -> Self {
                // SAFETY: above.
                Self(unsafe { $fma(self.0, by.0, to.0) })
            }
            #[inline(always)]
            unsafe fn mul(self, by: Self) -> Self {
                // SAFETY: above.
                Self(unsafe { $mul(self.0, by.0) })
            }
            #[inline(always)]
            unsafe fn mul_sub(self, by: Self, less: Self) -> Self {
                // SAFETY: above.
                Self(unsafe { $fms(self.0, by.0, less.0) })
            }
            #[inline(always)]
            unsafe fn or_zero(self) -> Self {
                // SAFETY: above.
                Self(unsafe { $max(self.0, $splat(0.0)) })
            }
            #[inline(always)]
            unsafe fn at_least(self, other: Self) -> u64 {
                // SAFETY: above.
                u64::from(unsafe { $cmp::<_CMP_GE_OQ>(self.0, other.0) })
            }
            #[inline(always)]
            unsafe fn first(self, count: usize) -> Self {
                let mask = ((1_u32 << count) - 1) as $mask;
                // SAFETY: above.
                Self(unsafe { $maskz_mov(mask, self.0) })
            }
            #[inline(always)]
            unsafe fn answered(self) -> $mask {
                // SAFETY: above.
                unsafe { $cmp::<_CMP_ORD_Q>(self.0, self.0) }
            }
            #[inline(always)]
            unsafe fn add_or_zero(self, mask: $mask, other: Self) -> Self {
                // SAFETY: above.
                Self(unsafe { $maskz_add(mask, self.0, other.0) })
            }
            #[inline(always)]
            unsafe fn add_where(self, mask: $mask, other: Self) -> Self {
                // SAFETY: above.
                Self(unsafe { $mask_add(self.0, mask, self.0, other.0) })
            }
        }
    };
}

avx512!(
    Avx512F32,
    f32,
    __m512,
    __mmask16,
    16,
    _mm512_set1_ps,
    _mm512_loadu_ps,
    _mm512_storeu_ps,
    _mm512_add_ps,
    _mm512_mul_ps,
    _mm512_fmadd_ps,
    _mm512_fmsub_ps,
    _mm512_max_ps,
    _mm512_cmp_ps_mask,
    _mm512_maskz_mov_ps,
    _mm512_maskz_add_ps,
    _mm512_mask_add_ps
);
avx512!(
    Avx512F64,
    f64,
    __m512d,
    __mmask8,
    8,
    _mm512_set1_pd,
    _mm512_loadu_pd,
    _mm512_storeu_pd,
    _mm512_add_pd,
    _mm512_mul_pd,
    _mm512_fmadd_pd,
    _mm512_fmsub_pd,
    _mm512_max_pd,
    _mm512_cmp_pd_mask,
    _mm512_maskz_mov_pd,
    _mm512_maskz_add_pd,
    _mm512_mask_add_pd
);

impl Avx512F32 {
    /// Of 16 integers, each below 2^24 in magnitude.
    ///
    /// # Safety
    /// AVX-512 F.
    #[inline(always)]
    pub(super) unsafe fn of_integers(integers: __m512i) -> Self {
        // SAFETY: by this function's contract.
        Self(unsafe { _mm512_cvtepi32_ps(integers) })
    }
}

macro_rules! avx2 {
    ($name:ident, $elem:ty, $vector:ty, $n:literal, $splat:ident, $load:ident, $store:ident,
     $add:ident, $mul:ident, $fma:ident, $fms:ident, $max:ident, $cmp:ident, $bits:ident, $and:ident) => {
        /// One AVX2 register.
        #[derive(Clone, Copy)]
        pub(in crate::engine::cpu) struct $name($vector);

        // SAFETY of all methods: the caller guarantees AVX2 and FMA, and valid pointers (the trait's
        // contract).
        impl Lanes for $name {
            type Elem = $elem;
            type Mask = $vector;
            const N: usize = $n;
            const AT_ONCE: usize = 2;

            #[inline(always)]
            unsafe fn splat(value: $elem) -> Self {
                // SAFETY: above.
                Self(unsafe { $splat(value) })
            }
            #[inline(always)]
            unsafe fn load(from: *const $elem) -> Self {
                // SAFETY: above.
                Self(unsafe { $load(from) })
            }
            #[inline(always)]
            unsafe fn store(self, to: *mut $elem) {
                // SAFETY: above.
                unsafe { $store(to, self.0) }
            }
            #[inline(always)]
            unsafe fn add(self, other: Self) -> Self {
                // SAFETY: above.
                Self(unsafe { $add(self.0, other.0) })
            }
            #[inline(always)]
            unsafe fn mul_add(self, by: Self, to: Self) -> Self {
                // SAFETY: above.
                Self(unsafe { $fma(self.0, by.0, to.0) })
            }
            #[inline(always)]
            unsafe fn mul(self, by: Self) -> Self {
                // SAFETY: above.
                Self(unsafe { $mul(self.0, by.0) })
            }
            #[inline(always)]
            unsafe fn mul_sub(self, by: Self, less: Self) -> Self {
                // SAFETY: above.
                Self(unsafe { $fms(self.0, by.0, less.0) })
            }
            #[inline(always)]
            unsafe fn or_zero(self) -> Self {
                // SAFETY: above.
                Self(unsafe { $max(self.0, $splat(0.0)) })
            }
            #[inline(always)]
            unsafe fn at_least(self, other: Self) -> u64 {
                // SAFETY: above.
                unsafe { $bits($cmp::<_CMP_GE_OQ>(self.0, other.0)) as u64 }
            }
            #[inline(always)]
            unsafe fn first(self, count: usize) -> Self {
                let mut lanes = [0.0; $n];
                // SAFETY: above; the array has N elements.
                unsafe {
                    $store(lanes.as_mut_ptr(), self.0);
                    lanes[count..].fill(0.0);
                    Self($load(lanes.as_ptr()))
                }
            }
            #[inline(always)]
            unsafe fn answered(self) -> $vector {
                // SAFETY: above.
                unsafe { $cmp::<_CMP_ORD_Q>(self.0, self.0) }
            }
            #[inline(always)]
            unsafe fn add_or_zero(self, mask: $vector, other: Self) -> Self {
                // SAFETY: above. Zero bits are 0.0.
                Self(unsafe { $and(mask, $add(self.0, other.0)) })
            }
            #[inline(always)]
            unsafe fn add_where(self, mask: $vector, other: Self) -> Self {
                // SAFETY: above. Zero bits are 0.0.
                Self(unsafe { $add(self.0, $and(mask, other.0)) })
            }
        }
    };
}

avx2!(
    Avx2F32,
    f32,
    __m256,
    8,
    _mm256_set1_ps,
    _mm256_loadu_ps,
    _mm256_storeu_ps,
    _mm256_add_ps,
    _mm256_mul_ps,
    _mm256_fmadd_ps,
    _mm256_fmsub_ps,
    _mm256_max_ps,
    _mm256_cmp_ps,
    _mm256_movemask_ps,
    _mm256_and_ps
);
avx2!(
    Avx2F64,
    f64,
    __m256d,
    4,
    _mm256_set1_pd,
    _mm256_loadu_pd,
    _mm256_storeu_pd,
    _mm256_add_pd,
    _mm256_mul_pd,
    _mm256_fmadd_pd,
    _mm256_fmsub_pd,
    _mm256_max_pd,
    _mm256_cmp_pd,
    _mm256_movemask_pd,
    _mm256_and_pd
);

/// The totals of five vectors of 32-bit integers, which must fit these.
///
/// # Safety
/// AVX-512 F.
#[inline]
#[target_feature(enable = "avx512f,avx512vl")]
pub(super) unsafe fn totals_of([a, b, c, d, e]: [__m512i; 5]) -> [i64; 5] {
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
