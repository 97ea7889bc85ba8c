//! The levels of x86-64: proofs that a processor has their instructions.

use super::bytes_x86_64::Wide;
use super::floats::Floats;
use super::lanes::{Lanes, Line};
use super::level::Level;
use super::rows::{Row, RowBits, Rows};
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

/// [`Floats`] in AVX-512 registers.
macro_rules! avx512_floats {
    ($token:ty, $elem:ty, $vector:ty, $mask:ty, $n:literal, $splat:ident, $load:ident, $store:ident, $add:ident,
     $mul:ident, $fma:ident, $fms:ident, $max:ident, $cmp:ident, $maskz_mov:ident, $maskz_add:ident, $mask_add:ident) => {
        // SAFETY of all methods: the token proves AVX-512 F, BW, DQ and VL; slices are cut to N.
        impl Floats<$elem> for $token {
            type V = $vector;
            type Mask = $mask;
            const N: usize = $n;
            const AT_ONCE: usize = 4;

            #[inline(always)]
            fn every(self, value: $elem) -> $vector {
                // SAFETY: above.
                unsafe { $splat(value) }
            }
            #[inline(always)]
            fn read(self, from: &[$elem]) -> $vector {
                // SAFETY: above.
                unsafe { $load(from[..$n].as_ptr()) }
            }
            #[inline(always)]
            fn write(self, v: $vector, to: &mut [$elem]) {
                // SAFETY: above.
                unsafe { $store(to[..$n].as_mut_ptr(), v) }
            }
            #[inline(always)]
            fn plus(self, a: $vector, b: $vector) -> $vector {
                // SAFETY: above.
                unsafe { $add(a, b) }
            }
            #[inline(always)]
            fn times(self, a: $vector, b: $vector) -> $vector {
                // SAFETY: above.
                unsafe { $mul(a, b) }
            }
            #[inline(always)]
            fn times_plus(self, a: $vector, b: $vector, c: $vector) -> $vector {
                // SAFETY: above.
                unsafe { $fma(a, b, c) }
            }
            #[inline(always)]
            fn times_less(self, a: $vector, b: $vector, c: $vector) -> $vector {
                // SAFETY: above.
                unsafe { $fms(a, b, c) }
            }
            #[inline(always)]
            fn or_zero(self, v: $vector) -> $vector {
                // SAFETY: above.
                unsafe { $max(v, $splat(0.0)) }
            }
            #[inline(always)]
            fn at_least(self, a: $vector, b: $vector) -> u64 {
                // SAFETY: above.
                u64::from(unsafe { $cmp::<_CMP_GE_OQ>(a, b) })
            }
            #[inline(always)]
            fn first(self, v: $vector, count: usize) -> $vector {
                let mask = ((1_u32 << count) - 1) as $mask;
                // SAFETY: above.
                unsafe { $maskz_mov(mask, v) }
            }
            #[inline(always)]
            fn answered(self, v: $vector) -> $mask {
                // SAFETY: above.
                unsafe { $cmp::<_CMP_ORD_Q>(v, v) }
            }
            #[inline(always)]
            fn plus_or_zero(self, mask: $mask, a: $vector, b: $vector) -> $vector {
                // SAFETY: above.
                unsafe { $maskz_add(mask, a, b) }
            }
            #[inline(always)]
            fn plus_where(self, mask: $mask, a: $vector, b: $vector) -> $vector {
                // SAFETY: above.
                unsafe { $mask_add(a, mask, a, b) }
            }
        }
    };
}

/// [`Floats`] of f32 in AVX-512 registers.
macro_rules! avx512_f32 {
    ($token:ty) => {
        avx512_floats!(
            $token,
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
    };
}

avx512_f32!(Avx512);
avx512_f32!(Wide);
avx512_floats!(
    Avx512,
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

/// [`Floats`] in AVX2 registers.
macro_rules! avx2_floats {
    ($elem:ty, $vector:ty, $n:literal, $splat:ident, $load:ident, $store:ident, $add:ident, $mul:ident,
     $fma:ident, $fms:ident, $max:ident, $cmp:ident, $bits:ident, $and:ident) => {
        // SAFETY of all methods: the token proves AVX2 and FMA; slices are cut to N.
        impl Floats<$elem> for Avx2 {
            type V = $vector;
            type Mask = $vector;
            const N: usize = $n;
            const AT_ONCE: usize = 2;

            #[inline(always)]
            fn every(self, value: $elem) -> $vector {
                // SAFETY: above.
                unsafe { $splat(value) }
            }
            #[inline(always)]
            fn read(self, from: &[$elem]) -> $vector {
                // SAFETY: above.
                unsafe { $load(from[..$n].as_ptr()) }
            }
            #[inline(always)]
            fn write(self, v: $vector, to: &mut [$elem]) {
                // SAFETY: above.
                unsafe { $store(to[..$n].as_mut_ptr(), v) }
            }
            #[inline(always)]
            fn plus(self, a: $vector, b: $vector) -> $vector {
                // SAFETY: above.
                unsafe { $add(a, b) }
            }
            #[inline(always)]
            fn times(self, a: $vector, b: $vector) -> $vector {
                // SAFETY: above.
                unsafe { $mul(a, b) }
            }
            #[inline(always)]
            fn times_plus(self, a: $vector, b: $vector, c: $vector) -> $vector {
                // SAFETY: above.
                unsafe { $fma(a, b, c) }
            }
            #[inline(always)]
            fn times_less(self, a: $vector, b: $vector, c: $vector) -> $vector {
                // SAFETY: above.
                unsafe { $fms(a, b, c) }
            }
            #[inline(always)]
            fn or_zero(self, v: $vector) -> $vector {
                // SAFETY: above.
                unsafe { $max(v, $splat(0.0)) }
            }
            #[inline(always)]
            fn at_least(self, a: $vector, b: $vector) -> u64 {
                // SAFETY: above.
                unsafe { $bits($cmp::<_CMP_GE_OQ>(a, b)) as u64 }
            }
            #[inline(always)]
            fn first(self, v: $vector, count: usize) -> $vector {
                let mut lanes = [0.0; $n];
                Floats::<$elem>::write(self, v, &mut lanes);
                lanes[count..].fill(0.0);
                Floats::<$elem>::read(self, &lanes)
            }
            #[inline(always)]
            fn answered(self, v: $vector) -> $vector {
                // SAFETY: above.
                unsafe { $cmp::<_CMP_ORD_Q>(v, v) }
            }
            #[inline(always)]
            fn plus_or_zero(self, mask: $vector, a: $vector, b: $vector) -> $vector {
                // SAFETY: above. Zero bits are 0.0.
                unsafe { $and(mask, $add(a, b)) }
            }
            #[inline(always)]
            fn plus_where(self, mask: $vector, a: $vector, b: $vector) -> $vector {
                // SAFETY: above. Zero bits are 0.0.
                unsafe { $add(a, $and(mask, b)) }
            }
        }
    };
}

avx2_floats!(
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
avx2_floats!(
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

/// One AVX2 register. With AVX-512 VL the compiler joins two operations into one of three inputs.
#[derive(Clone, Copy)]
pub(crate) struct Register(__m256i);

// SAFETY of all methods: a register is only made by a token that proves AVX2; rows are aligned.
impl RowBits for Register {
    #[inline(always)]
    fn or(self, other: Self) -> Self {
        // SAFETY: above.
        Self(unsafe { _mm256_or_si256(self.0, other.0) })
    }
    #[inline(always)]
    fn and(self, other: Self) -> Self {
        // SAFETY: above.
        Self(unsafe { _mm256_and_si256(self.0, other.0) })
    }
    #[inline(always)]
    fn xor(self, other: Self) -> Self {
        // SAFETY: above.
        Self(unsafe { _mm256_xor_si256(self.0, other.0) })
    }
    #[inline(always)]
    fn store(self, to: &mut Row) {
        // SAFETY: above.
        unsafe { _mm256_store_si256(to.0.as_mut_ptr().cast(), self.0) }
    }
}

macro_rules! rows {
    ($token:ty) => {
        impl Rows for $token {
            type R = Register;
            #[inline(always)]
            fn row(self, from: &Row) -> Register {
                // SAFETY: the token proves AVX2; rows are aligned.
                Register(unsafe { _mm256_load_si256(from.0.as_ptr().cast()) })
            }
        }
    };
}

rows!(Avx2);
rows!(Avx512);
