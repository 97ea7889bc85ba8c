//! The one dispatch: which level a kernel runs at.

use super::bytes::ByteKernel;
use super::floats::{Elem, FloatKernel};
use super::isa::Isa;
use super::level::{Kernel, Level};
use super::portable::Portable;
use super::words::Plain;

/// Runs `kernel` compiled for `isa`, or for the highest level below it that there is.
pub(crate) fn run<K: Kernel>(isa: Isa, kernel: K) -> K::Out {
    #[cfg(target_arch = "x86_64")]
    {
        #[target_feature(enable = "avx2,fma,popcnt,bmi1,bmi2")]
        fn avx2<K: Kernel>(kernel: K) -> K::Out {
            // SAFETY: this function is only entered where the level is available.
            kernel.run(unsafe { super::x86_64::Avx2::new_unchecked() })
        }
        #[target_feature(enable = "avx2,fma,popcnt,bmi1,bmi2,avx512f,avx512bw,avx512dq,avx512vl")]
        fn avx512<K: Kernel>(kernel: K) -> K::Out {
            // SAFETY: this function is only entered where the level is available.
            kernel.run(unsafe { super::x86_64::Avx512::new_unchecked() })
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

/// Floats that kernels run over vectors of.
pub(crate) trait Vectors: Elem {
    /// Runs a kernel over vectors of this type, compiled for the level `isa` as by [`run`].
    fn run<K: FloatKernel<Self>>(isa: Isa, kernel: K) -> K::Out;
}

macro_rules! vectors {
    ($elem:ident) => {
        impl Vectors for $elem {
            fn run<K: FloatKernel<Self>>(isa: Isa, kernel: K) -> K::Out {
                struct Over<K>(K);
                impl<K: FloatKernel<$elem>> Kernel for Over<K> {
                    type Out = K::Out;
                    #[inline(always)]
                    fn run<L: Level>(self, level: L) -> K::Out {
                        self.0.run(level)
                    }
                }
                run(isa, Over(kernel))
            }
        }
    };
}

vectors!(f32);
vectors!(f64);

/// Runs `kernel` compiled for `isa`: from AVX-512 on in vectors, where the processor has those for bytes too,
/// and at [`Isa::Amx`] with the matrix unit; else plain.
pub(crate) fn run_bytes<K: ByteKernel>(isa: Isa, kernel: K) -> K::Out {
    #[cfg(target_arch = "x86_64")]
    {
        use super::bytes_x86_64::Wide;
        #[target_feature(
            enable = "avx2,fma,popcnt,bmi1,bmi2,avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,avx512vbmi2,avx512vnni,avx512vpopcntdq,gfni"
        )]
        fn wide<K: ByteKernel>(kernel: K, token: Wide) -> K::Out {
            kernel.run(token)
        }
        if isa >= Isa::Avx512
            && let Some(token) = Wide::new(isa >= Isa::Amx)
        {
            // SAFETY: the token proves every feature that the function enables.
            return unsafe { wide(kernel, token) };
        }
    }
    let _ = isa;
    kernel.run(Plain)
}

#[cfg(test)]
mod tests {
    use super::super::lanes::{Line, WIDTH, low_bits};
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
