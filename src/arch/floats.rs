//! Vectors of floats that hold exact integers: what a level computes leaves with.
//!
//! Values are exact while every sum stays below 2^24 (f32) or 2^53 (f64), which the caller has checked;
//! so fused and separate multiply-adds agree. NaN stands for "not answered".

/// A float that holds exact integers.
pub(crate) trait Elem:
    Copy + Default + Send + Sync + PartialEq + std::fmt::Debug + 'static
{
    /// "Not answered".
    const NONE: Self;
    /// Integers up to this magnitude are exact.
    const EXACT: f64;
    /// Relative allowance for 16 roundings of this type.
    const MARGIN: f64;
    /// The nearest value of this type.
    fn of(value: f64) -> Self;
    /// This value as f64.
    fn wide(self) -> f64;
    /// self + other.
    fn plus(self, other: Self) -> Self;
}

/// A [`Kernel`](super::level::Kernel) over vectors of one type of floats.
pub(crate) trait FloatKernel<E: Elem> {
    /// What comes out.
    type Out;
    /// Computes it; `#[inline(always)]`, as a kernel's.
    fn run<L: Floats<E>>(self, level: L) -> Self::Out;
}

/// Vectors of `N` floats.
pub(crate) trait Floats<E: Elem>: Copy {
    /// A vector.
    type V: Copy;
    /// A yes or no for each lane.
    type Mask: Copy;
    /// Lanes of a vector.
    const N: usize;
    /// Vectors of leaves that a kernel keeps in registers, six sums each.
    const AT_ONCE: usize;

    /// `value` in every lane.
    fn every(self, value: E) -> Self::V;
    /// The first N of `from`.
    fn read(self, from: &[E]) -> Self::V;
    /// Writes the lanes to the first N of `to`.
    fn write(self, v: Self::V, to: &mut [E]);
    /// a + b.
    fn plus(self, a: Self::V, b: Self::V) -> Self::V;
    /// a · b.
    fn times(self, a: Self::V, b: Self::V) -> Self::V;
    /// a · b + c.
    fn times_plus(self, a: Self::V, b: Self::V, c: Self::V) -> Self::V;
    /// a · b − c.
    fn times_less(self, a: Self::V, b: Self::V, c: Self::V) -> Self::V;
    /// The larger of each lane and 0.
    fn or_zero(self, v: Self::V) -> Self::V;
    /// A bit for each lane with a ≥ b.
    fn at_least(self, a: Self::V, b: Self::V) -> u64;
    /// The first `count` lanes; 0 behind them.
    fn first(self, v: Self::V, count: usize) -> Self::V;
    /// Lanes that are not NaN.
    fn answered(self, v: Self::V) -> Self::Mask;
    /// a + b where `mask`, else 0.
    fn plus_or_zero(self, mask: Self::Mask, a: Self::V, b: Self::V) -> Self::V;
    /// a + b where `mask`, else a.
    fn plus_where(self, mask: Self::Mask, a: Self::V, b: Self::V) -> Self::V;
}

macro_rules! elem {
    ($elem:ident, $exact:literal, $margin:literal) => {
        impl Elem for $elem {
            const NONE: Self = Self::NAN;
            const EXACT: f64 = $exact;
            const MARGIN: f64 = $margin;
            fn of(value: f64) -> Self {
                value as Self
            }
            fn wide(self) -> f64 {
                self.into()
            }
            fn plus(self, other: Self) -> Self {
                self + other
            }
        }
    };
}

elem!(f32, 16_777_216.0, 1e-6);
elem!(f64, 9_007_199_254_740_992.0, 1e-12);

/// [`Floats`] on plain arrays, `$n` lanes; the compiler makes of them what the target has.
macro_rules! plain_floats {
    ($token:ty, $elem:ty, $n:literal) => {
        impl Floats<$elem> for $token {
            type V = [$elem; $n];
            type Mask = [bool; $n];
            const N: usize = $n;
            const AT_ONCE: usize = 1;

            #[inline(always)]
            fn every(self, value: $elem) -> Self::V {
                [value; $n]
            }
            #[inline(always)]
            fn read(self, from: &[$elem]) -> Self::V {
                std::array::from_fn(|i| from[i])
            }
            #[inline(always)]
            fn write(self, v: Self::V, to: &mut [$elem]) {
                to[..$n].copy_from_slice(&v);
            }
            #[inline(always)]
            fn plus(self, a: Self::V, b: Self::V) -> Self::V {
                std::array::from_fn(|i| a[i] + b[i])
            }
            #[inline(always)]
            fn times(self, a: Self::V, b: Self::V) -> Self::V {
                std::array::from_fn(|i| a[i] * b[i])
            }
            #[inline(always)]
            fn times_plus(self, a: Self::V, b: Self::V, c: Self::V) -> Self::V {
                std::array::from_fn(|i| a[i] * b[i] + c[i])
            }
            #[inline(always)]
            fn times_less(self, a: Self::V, b: Self::V, c: Self::V) -> Self::V {
                std::array::from_fn(|i| a[i] * b[i] - c[i])
            }
            #[inline(always)]
            fn or_zero(self, v: Self::V) -> Self::V {
                v.map(|x| if x > 0.0 { x } else { 0.0 })
            }
            #[inline(always)]
            fn at_least(self, a: Self::V, b: Self::V) -> u64 {
                (0..$n).fold(0, |bits, i| bits | u64::from(a[i] >= b[i]) << i)
            }
            #[inline(always)]
            fn first(self, v: Self::V, count: usize) -> Self::V {
                std::array::from_fn(|i| if i < count { v[i] } else { 0.0 })
            }
            #[inline(always)]
            fn answered(self, v: Self::V) -> Self::Mask {
                v.map(|x| !x.is_nan())
            }
            #[inline(always)]
            fn plus_or_zero(self, mask: Self::Mask, a: Self::V, b: Self::V) -> Self::V {
                std::array::from_fn(|i| if mask[i] { a[i] + b[i] } else { 0.0 })
            }
            #[inline(always)]
            fn plus_where(self, mask: Self::Mask, a: Self::V, b: Self::V) -> Self::V {
                std::array::from_fn(|i| a[i] + if mask[i] { b[i] } else { 0.0 })
            }
        }
    };
}
pub(super) use plain_floats;

#[cfg(test)]
mod tests {
    use super::super::dispatch::Vectors;
    use super::super::isa::Isa;
    use super::*;

    /// What every operation gives on a few vectors, lane by lane, as many as the widest vector has.
    struct Sample;

    impl<E: Elem> FloatKernel<E> for Sample {
        type Out = (Vec<Vec<f64>>, Vec<u64>);
        fn run<L: Floats<E>>(self, l: L) -> Self::Out {
            let values = [3.0, -1.0, 0.0, 7.0, 2.0, 5.0, -4.0, 1.0];
            let all = |by: f64| -> Vec<E> {
                let more = (0..16_u32).map(|i| values[i as usize % 8] * by + f64::from(i / 8));
                more.map(E::of).collect()
            };
            let (mut floats, mut bits) = (vec![Vec::new(); 10], vec![0; 1]);
            for at in (0..16).step_by(L::N) {
                let (mut a, b, c) = (all(1.0), all(-2.0), all(3.0));
                a[at + 1] = E::NONE;
                let holed = l.read(&a[at..]);
                let (a, b, c) = (l.read(&all(1.0)[at..]), l.read(&b[at..]), l.read(&c[at..]));
                let mask = l.answered(holed);
                let made = [
                    l.every(E::of(2.0)),
                    l.plus(a, b),
                    l.times(a, b),
                    l.times_plus(a, b, c),
                    l.times_less(a, b, c),
                    l.or_zero(b),
                    l.plus_or_zero(mask, a, c),
                    l.plus_where(mask, a, c),
                    l.first(a, L::N),
                    l.first(a, 0),
                ];
                for (floats, made) in floats.iter_mut().zip(made) {
                    let mut lanes = [E::default(); 16];
                    l.write(made, &mut lanes);
                    floats.extend(lanes[..L::N].iter().map(|lane| lane.wide()));
                }
                bits[0] |= l.at_least(a, c) << at;
            }
            // Holes lie where vectors start, which differ: only whether they are filled is compared.
            for holed in [6, 7] {
                floats[holed].truncate(2);
            }
            (floats, bits)
        }
    }

    #[test]
    fn every_level_computes_the_same_floats() {
        for isa in Isa::available() {
            let name = isa.name();
            assert_eq!(
                f32::run(isa, Sample),
                f32::run(Isa::Portable, Sample),
                "{name}"
            );
            assert_eq!(
                f64::run(isa, Sample),
                f64::run(Isa::Portable, Sample),
                "{name}"
            );
        }
    }
}
