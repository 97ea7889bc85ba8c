//! Eight f64 lanes, once for each instruction-set level.
//!
//! A kernel is written once over [`Lanes`] and compiled for every level by [`run`]. It knows no
//! table and no set. The implementing types are proofs: one exists only where its level is
//! available, which is what makes its methods safe to call.

use crate::engine::cpu::Isa;

/// Lanes in a line.
pub(super) const WIDTH: usize = 8;

/// Eight neighbours in memory, one cache line.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[repr(C, align(64))]
pub(super) struct Line(pub(super) [f64; WIDTH]);

impl Line {
    /// All lanes 0.
    pub(super) const ZERO: Self = Self([0.0; WIDTH]);
}

/// Lines that hold `n` lanes.
pub(super) fn lines(n: usize) -> usize {
    n.div_ceil(WIDTH)
}

/// Lane `i` of a row of lines.
#[inline(always)]
pub(super) fn lane(row: &[Line], i: usize) -> f64 {
    row[i / WIDTH].0[i % WIDTH]
}

/// Sets lane `i` of a row of lines.
#[inline(always)]
pub(super) fn set_lane(row: &mut [Line], i: usize, value: f64) {
    row[i / WIDTH].0[i % WIDTH] = value;
}

/// Arithmetic on eight lanes at once, each operation rounded as IEEE 754 says.
pub(super) trait Lanes: Copy {
    /// Eight f64.
    type V: Copy;
    /// The lanes of `line`.
    fn load(self, line: &Line) -> Self::V;
    /// The lanes as a line.
    fn line(self, v: Self::V) -> Line;
    /// `x` in every lane.
    fn splat(self, x: f64) -> Self::V;
    /// a + b.
    fn add(self, a: Self::V, b: Self::V) -> Self::V;
    /// a − b.
    fn sub(self, a: Self::V, b: Self::V) -> Self::V;
    /// a · b.
    fn mul(self, a: Self::V, b: Self::V) -> Self::V;
    /// |a|.
    fn abs(self, a: Self::V) -> Self::V;
    /// Bit i is set where lane i of `a` is greater than that of `b`.
    fn above(self, a: Self::V, b: Self::V) -> u8;
    /// a · b + c, rounded once or twice: only for where both are exact.
    fn mul_add(self, a: Self::V, b: Self::V, c: Self::V) -> Self::V;
    /// The greater of a and b.
    fn max(self, a: Self::V, b: Self::V) -> Self::V;
    /// The lanes of `a` whose bit of `mask` is set, 0 in the others.
    fn keep(self, a: Self::V, mask: u8) -> Self::V;
}

/// Bits 0 .. n.
#[inline(always)]
pub(super) fn low_bits(n: usize) -> u8 {
    ((1_u16 << n) - 1) as u8
}

/// Plain Rust.
#[derive(Clone, Copy, Debug)]
pub(super) struct Portable;

#[inline(always)]
fn map2(a: Line, b: Line, f: impl Fn(f64, f64) -> f64) -> Line {
    let mut out = Line::ZERO;
    for i in 0..WIDTH {
        out.0[i] = f(a.0[i], b.0[i]);
    }
    out
}

impl Lanes for Portable {
    type V = Line;
    #[inline(always)]
    fn load(self, line: &Line) -> Line {
        *line
    }
    #[inline(always)]
    fn line(self, v: Line) -> Line {
        v
    }
    #[inline(always)]
    fn splat(self, x: f64) -> Line {
        Line([x; WIDTH])
    }
    #[inline(always)]
    fn add(self, a: Line, b: Line) -> Line {
        map2(a, b, |a, b| a + b)
    }
    #[inline(always)]
    fn sub(self, a: Line, b: Line) -> Line {
        map2(a, b, |a, b| a - b)
    }
    #[inline(always)]
    fn mul(self, a: Line, b: Line) -> Line {
        map2(a, b, |a, b| a * b)
    }
    #[inline(always)]
    fn abs(self, a: Line) -> Line {
        map2(a, a, |a, _| a.abs())
    }
    #[inline(always)]
    fn above(self, a: Line, b: Line) -> u8 {
        let mut mask = 0;
        for i in 0..WIDTH {
            mask |= u8::from(a.0[i] > b.0[i]) << i;
        }
        mask
    }
    #[inline(always)]
    fn mul_add(self, a: Line, b: Line, c: Line) -> Line {
        map2(map2(a, b, |a, b| a * b), c, |ab, c| ab + c)
    }
    #[inline(always)]
    fn max(self, a: Line, b: Line) -> Line {
        map2(a, b, |a, b| if a > b { a } else { b })
    }
    #[inline(always)]
    fn keep(self, a: Line, mask: u8) -> Line {
        let mut out = Line::ZERO;
        for i in 0..WIDTH {
            out.0[i] = if mask >> i & 1 == 1 { a.0[i] } else { 0.0 };
        }
        out
    }
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use super::{Lanes, Line};
    use std::arch::x86_64::*;

    /// Proof of [`crate::engine::cpu::Isa::Avx2`]; only `run` makes one.
    #[derive(Clone, Copy, Debug)]
    pub(in super::super) struct Avx2(());

    /// Proof of [`crate::engine::cpu::Isa::Avx512`]; only `run` makes one.
    #[derive(Clone, Copy, Debug)]
    pub(in super::super) struct Avx512(());

    impl Avx2 {
        /// # Safety
        /// The processor has the features of the level.
        pub(super) unsafe fn new_unchecked() -> Self {
            Self(())
        }
    }

    impl Avx512 {
        /// # Safety
        /// The processor has the features of the level.
        pub(super) unsafe fn new_unchecked() -> Self {
            Self(())
        }
    }

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
}

/// Something to compute with whichever lanes there are.
pub(super) trait Kernel {
    /// What comes out.
    type Out;
    /// Computes it. Implementations are `#[inline(always)]`, as is everything hot below them: that
    /// is what compiles them for the level.
    fn run<L: Lanes>(self, lanes: L) -> Self::Out;
}

/// Runs `kernel` compiled for `isa`, or for the highest level below it that there is.
pub(super) fn run<K: Kernel>(isa: Isa, kernel: K) -> K::Out {
    #[cfg(target_arch = "x86_64")]
    {
        #[target_feature(enable = "avx2,fma,popcnt,bmi1,bmi2")]
        fn avx2<K: Kernel>(kernel: K) -> K::Out {
            // SAFETY: this function is only entered where the level is available.
            kernel.run(unsafe { x86::Avx2::new_unchecked() })
        }
        #[target_feature(enable = "avx2,fma,popcnt,bmi1,bmi2,avx512f,avx512bw,avx512dq,avx512vl")]
        fn avx512<K: Kernel>(kernel: K) -> K::Out {
            // SAFETY: this function is only entered where the level is available.
            kernel.run(unsafe { x86::Avx512::new_unchecked() })
        }
        if isa >= Isa::Avx512 && Isa::Avx512.is_available() {
            // SAFETY: `is_available` checked every feature that the function enables.
            return unsafe { avx512(kernel) };
        }
        if isa >= Isa::Avx2 && Isa::Avx2.is_available() {
            // SAFETY: `is_available` checked every feature that the function enables.
            return unsafe { avx2(kernel) };
        }
    }
    let _ = isa;
    kernel.run(Portable)
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Sample;

    impl Kernel for Sample {
        type Out = (Vec<Line>, Vec<u8>);
        #[inline(always)]
        fn run<L: Lanes>(self, l: L) -> Self::Out {
            let a = l.load(&Line([0.5, -1.0, 2.0, -0.0, 3.0, 1e100, -7.0, 8.0]));
            let b = l.load(&Line([0.5, -2.0, 4.0, 0.0, -3.0, 1e100, 7.0, 9.0]));
            let mut out = vec![
                l.line(l.add(a, b)),
                l.line(l.sub(a, b)),
                l.line(l.mul(a, b)),
                l.line(l.abs(a)),
                l.line(l.splat(1.5)),
            ];
            out.push(l.line(l.mul_add(a, b, a)));
            out.push(l.line(l.max(a, b)));
            out.extend((0..=WIDTH).map(|n| l.line(l.keep(b, low_bits(n)))));
            (out, vec![l.above(a, b), l.above(b, a), l.above(a, a)])
        }
    }

    #[test]
    fn every_level_computes_the_same() {
        let want = run(Isa::Portable, Sample);
        assert_eq!(want.1, [0b0001_0010, 0b1100_0100, 0]);
        assert_eq!(want.0[7 + 2].0, [0.5, -2.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]);
        for isa in Isa::available() {
            assert_eq!(run(isa, Sample), want, "{}", isa.name());
        }
    }
}
