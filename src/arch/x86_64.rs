//! The levels of x86-64: proofs that a processor has their instructions.

use super::Level;
use super::lanes::{Lanes, Line};
use std::arch::x86_64::*;

/// Proof of [`super::Isa::Avx2`]; only `run` makes one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Avx2(());

/// Proof of [`super::Isa::Avx512`]; only `run` makes one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Avx512(());

impl Avx2 {
    /// # Safety
    /// The processor has the features of the level.
    pub(crate) unsafe fn new_unchecked() -> Self {
        Self(())
    }
}

impl Avx512 {
    /// # Safety
    /// The processor has the features of the level.
    pub(crate) unsafe fn new_unchecked() -> Self {
        Self(())
    }
}

impl Level for Avx2 {}

impl Lanes for Avx2 {
    type V = [__m256d; 2];
    #[inline(always)]
    fn load(self, line: &Line) -> Self::V {
        let at = line.0.as_ptr();
        // SAFETY: AVX2 by `self`; a line is 8 f64 aligned to 64 bytes.
        unsafe { [_mm256_load_pd(at), _mm256_load_pd(at.add(4))] }
    }
    #[inline(always)]
    fn line(self, v: Self::V) -> Line {
        let mut line = Line::ZERO;
        let at = line.0.as_mut_ptr();
        // SAFETY: AVX2 by `self`; a line is 8 f64 aligned to 64 bytes.
        unsafe {
            _mm256_store_pd(at, v[0]);
            _mm256_store_pd(at.add(4), v[1]);
        }
        line
    }
    #[inline(always)]
    fn splat(self, x: f64) -> Self::V {
        // SAFETY: AVX2 by `self`.
        unsafe { [_mm256_set1_pd(x); 2] }
    }
    #[inline(always)]
    fn add(self, a: Self::V, b: Self::V) -> Self::V {
        // SAFETY: AVX2 by `self`.
        unsafe { [_mm256_add_pd(a[0], b[0]), _mm256_add_pd(a[1], b[1])] }
    }
    #[inline(always)]
    fn sub(self, a: Self::V, b: Self::V) -> Self::V {
        // SAFETY: AVX2 by `self`.
        unsafe { [_mm256_sub_pd(a[0], b[0]), _mm256_sub_pd(a[1], b[1])] }
    }
    #[inline(always)]
    fn mul(self, a: Self::V, b: Self::V) -> Self::V {
        // SAFETY: AVX2 by `self`.
        unsafe { [_mm256_mul_pd(a[0], b[0]), _mm256_mul_pd(a[1], b[1])] }
    }
    #[inline(always)]
    fn abs(self, a: Self::V) -> Self::V {
        // SAFETY: AVX2 by `self`.
        unsafe {
            let sign = _mm256_set1_pd(-0.0);
            [_mm256_andnot_pd(sign, a[0]), _mm256_andnot_pd(sign, a[1])]
        }
    }
    #[inline(always)]
    fn above(self, a: Self::V, b: Self::V) -> u8 {
        // SAFETY: AVX2 by `self`.
        unsafe {
            let low = _mm256_movemask_pd(_mm256_cmp_pd::<_CMP_GT_OQ>(a[0], b[0]));
            let high = _mm256_movemask_pd(_mm256_cmp_pd::<_CMP_GT_OQ>(a[1], b[1]));
            (low | high << 4) as u8
        }
    }
    #[inline(always)]
    fn mul_add(self, a: Self::V, b: Self::V, c: Self::V) -> Self::V {
        // SAFETY: FMA by `self`.
        unsafe {
            [
                _mm256_fmadd_pd(a[0], b[0], c[0]),
                _mm256_fmadd_pd(a[1], b[1], c[1]),
            ]
        }
    }
    #[inline(always)]
    fn max(self, a: Self::V, b: Self::V) -> Self::V {
        // SAFETY: AVX2 by `self`.
        unsafe { [_mm256_max_pd(a[0], b[0]), _mm256_max_pd(a[1], b[1])] }
    }
    #[inline(always)]
    fn keep(self, a: Self::V, mask: u8) -> Self::V {
        // SAFETY: AVX2 by `self`.
        unsafe {
            let mask = _mm256_set1_epi64x(i64::from(mask));
            let keep = |a: __m256d, bit: __m256i| {
                let set = _mm256_cmpeq_epi64(_mm256_and_si256(mask, bit), bit);
                _mm256_and_pd(a, _mm256_castsi256_pd(set))
            };
            [
                keep(a[0], _mm256_setr_epi64x(1, 2, 4, 8)),
                keep(a[1], _mm256_setr_epi64x(16, 32, 64, 128)),
            ]
        }
    }
}

impl Level for Avx512 {}

impl Lanes for Avx512 {
    type V = __m512d;
    #[inline(always)]
    fn load(self, line: &Line) -> Self::V {
        // SAFETY: AVX-512 F by `self`; a line is 8 f64 aligned to 64 bytes.
        unsafe { _mm512_load_pd(line.0.as_ptr()) }
    }
    #[inline(always)]
    fn line(self, v: Self::V) -> Line {
        let mut line = Line::ZERO;
        // SAFETY: AVX-512 F by `self`; a line is 8 f64 aligned to 64 bytes.
        unsafe { _mm512_store_pd(line.0.as_mut_ptr(), v) };
        line
    }
    #[inline(always)]
    fn splat(self, x: f64) -> Self::V {
        // SAFETY: AVX-512 F by `self`.
        unsafe { _mm512_set1_pd(x) }
    }
    #[inline(always)]
    fn add(self, a: Self::V, b: Self::V) -> Self::V {
        // SAFETY: AVX-512 F by `self`.
        unsafe { _mm512_add_pd(a, b) }
    }
    #[inline(always)]
    fn sub(self, a: Self::V, b: Self::V) -> Self::V {
        // SAFETY: AVX-512 F by `self`.
        unsafe { _mm512_sub_pd(a, b) }
    }
    #[inline(always)]
    fn mul(self, a: Self::V, b: Self::V) -> Self::V {
        // SAFETY: AVX-512 F by `self`.
        unsafe { _mm512_mul_pd(a, b) }
    }
    #[inline(always)]
    fn abs(self, a: Self::V) -> Self::V {
        // SAFETY: AVX-512 F by `self`.
        unsafe { _mm512_abs_pd(a) }
    }
    #[inline(always)]
    fn above(self, a: Self::V, b: Self::V) -> u8 {
        // SAFETY: AVX-512 F by `self`.
        unsafe { _mm512_cmp_pd_mask::<_CMP_GT_OQ>(a, b) }
    }
    #[inline(always)]
    fn mul_add(self, a: Self::V, b: Self::V, c: Self::V) -> Self::V {
        // SAFETY: AVX-512 F by `self`.
        unsafe { _mm512_fmadd_pd(a, b, c) }
    }
    #[inline(always)]
    fn max(self, a: Self::V, b: Self::V) -> Self::V {
        // SAFETY: AVX-512 F by `self`.
        unsafe { _mm512_max_pd(a, b) }
    }
    #[inline(always)]
    fn keep(self, a: Self::V, mask: u8) -> Self::V {
        // SAFETY: AVX-512 F by `self`.
        unsafe { _mm512_maskz_mov_pd(mask, a) }
    }
}
