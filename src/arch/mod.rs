//! What differs from processor to processor: levels of instructions, and one way to compute at a level.
//!
//! A kernel is written once, over a token of the level that it runs at ([`Kernel`]), and [`run`] picks the
//! level: every call of a token's methods is compiled for it, and none is `unsafe`. This room knows no
//! table and no set.
//!
//! To add a level: a member of [`Isa`], a token that implements [`Level`], a line in [`run`].

#[cfg(target_arch = "x86_64")]
mod amx;
mod bytes;
#[cfg(target_arch = "x86_64")]
mod bytes_x86_64;
pub(crate) mod dots;
mod floats;
mod isa;
mod lanes;
mod portable;
mod rows;
mod tiles;
#[cfg(target_arch = "x86_64")]
mod x86_64;

#[cfg(target_arch = "x86_64")]
pub(crate) use amx::Operands;
pub(crate) use bytes::{ByteKernel, ByteLevel, Bytes, Shift, TwoRows, run_bytes};
pub(crate) use floats::{Elem, FloatKernel, Floats};
pub use isa::Isa;
pub(crate) use lanes::{Lanes, Line, WIDTH, lane, lines, low_bits, set_lane};
use portable::Portable;
pub(crate) use rows::{Row, RowBits, Rows};
pub(crate) use tiles::{EMPTY, Pass, Product, Slabs, Tile, Tiles, tile_pass};

/// A level of instructions as a token. A token exists only where its level is available, which is what
/// makes its methods safe to call; only [`run`] makes one.
pub(crate) trait Level: Lanes + Floats<f32> + Floats<f64> + Rows {}

/// Something to compute at whichever level there is: a small struct of what it works on.
pub(crate) trait Kernel {
    /// What comes out.
    type Out;
    /// Computes it. Implementations are `#[inline(always)]`, as is everything hot below them: that
    /// is what compiles them for the level.
    fn run<L: Level>(self, level: L) -> Self::Out;
}

/// Runs `kernel` compiled for `isa`, or for the highest level below it that there is.
pub(crate) fn run<K: Kernel>(isa: Isa, kernel: K) -> K::Out {
    #[cfg(target_arch = "x86_64")]
    {
        #[target_feature(enable = "avx2,fma,popcnt,bmi1,bmi2")]
        fn avx2<K: Kernel>(kernel: K) -> K::Out {
            // SAFETY: this function is only entered where the level is available.
            kernel.run(unsafe { x86_64::Avx2::new_unchecked() })
        }
        #[target_feature(enable = "avx2,fma,popcnt,bmi1,bmi2,avx512f,avx512bw,avx512dq,avx512vl")]
        fn avx512<K: Kernel>(kernel: K) -> K::Out {
            // SAFETY: this function is only entered where the level is available.
            kernel.run(unsafe { x86_64::Avx512::new_unchecked() })
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
    use super::lanes::{WIDTH, low_bits};
    use super::*;

    struct Sample;

    impl Kernel for Sample {
        type Out = (Vec<Line>, Vec<u8>);
        #[inline(always)]
        fn run<L: Level>(self, l: L) -> Self::Out {
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
