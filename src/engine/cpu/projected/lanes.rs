//! The small vector interface that the leaf kernel is written over, and its portable form.
//!
//! Lanes are leaves. Values are integers held in floats, exact while every sum stays below 2^24
//! (f32) or 2^53 (f64), which the caller has checked; so fused and separate multiply-adds agree.
//! NaN stands for "not answered".

/// A float that holds exact integers.
pub(in crate::engine::cpu) trait Elem:
    Copy + Default + Send + Sync + PartialEq + std::fmt::Debug + 'static
{
    /// "Not answered".
    const NONE: Self;
    /// Integers up to this magnitude are exact.
    const EXACT: f64;
    /// Relative allowance for 16 roundings of this type.
    const MARGIN: f64;
    fn of(value: f64) -> Self;
    fn wide(self) -> f64;
    fn plus(self, other: Self) -> Self;
}

impl Elem for f32 {
    const NONE: Self = Self::NAN;
    const EXACT: f64 = 16_777_216.0;
    const MARGIN: f64 = 1e-6;
    fn of(value: f64) -> Self {
        value as Self
    }
    fn wide(self) -> f64 {
        f64::from(self)
    }
    fn plus(self, other: Self) -> Self {
        self + other
    }
}

impl Elem for f64 {
    const NONE: Self = Self::NAN;
    const EXACT: f64 = 9_007_199_254_740_992.0;
    const MARGIN: f64 = 1e-12;
    fn of(value: f64) -> Self {
        value
    }
    fn wide(self) -> f64 {
        self
    }
    fn plus(self, other: Self) -> Self {
        self + other
    }
}

/// `N` lanes of one instruction-set level.
///
/// # Safety
/// Every method may only be called where the level's instructions are available, and `load` and
/// `store` only on `N` valid elements.
pub(in crate::engine::cpu) trait Lanes: Copy {
    type Elem: Elem;
    type Mask: Copy;
    /// Lanes in one vector.
    const N: usize;
    /// Vectors of leaves that the kernel keeps in registers, six sums each.
    const AT_ONCE: usize;

    unsafe fn splat(value: Self::Elem) -> Self;
    unsafe fn load(from: *const Self::Elem) -> Self;
    unsafe fn store(self, to: *mut Self::Elem);
    unsafe fn add(self, other: Self) -> Self;
    unsafe fn mul(self, by: Self) -> Self;
    /// self · by + to.
    unsafe fn mul_add(self, by: Self, to: Self) -> Self;
    /// self · by − less.
    unsafe fn mul_sub(self, by: Self, less: Self) -> Self;
    /// The larger of each lane and 0.
    unsafe fn or_zero(self) -> Self;
    /// A bit for each lane with self ≥ other.
    unsafe fn at_least(self, other: Self) -> u64;
    /// The first `count` lanes; 0 behind them.
    unsafe fn first(self, count: usize) -> Self;
    /// Lanes that are not NaN.
    unsafe fn answered(self) -> Self::Mask;
    /// self + other where `mask`, else 0.
    unsafe fn add_or_zero(self, mask: Self::Mask, other: Self) -> Self;
    /// self + other where `mask`, else self.
    unsafe fn add_where(self, mask: Self::Mask, other: Self) -> Self;
}

/// Plain arrays; the compiler makes of them what the target has.
#[derive(Clone, Copy)]
pub(in crate::engine::cpu) struct Plain<E>([E; 8]);

macro_rules! plain {
    ($elem:ty) => {
        impl Lanes for Plain<$elem> {
            type Elem = $elem;
            type Mask = [bool; 8];
            const N: usize = 8;
            const AT_ONCE: usize = 1;

            #[inline(always)]
            unsafe fn splat(value: $elem) -> Self {
                Self([value; 8])
            }
            #[inline(always)]
            unsafe fn load(from: *const $elem) -> Self {
                // SAFETY: the caller gives N valid elements.
                Self(unsafe { from.cast::<[$elem; 8]>().read_unaligned() })
            }
            #[inline(always)]
            unsafe fn store(self, to: *mut $elem) {
                // SAFETY: the caller gives N valid elements.
                unsafe { to.cast::<[$elem; 8]>().write_unaligned(self.0) }
            }
            #[inline(always)]
            unsafe fn add(self, other: Self) -> Self {
                Self(std::array::from_fn(|i| self.0[i] + other.0[i]))
            }
            #[inline(always)]
            unsafe fn mul(self, by: Self) -> Self {
                Self(std::array::from_fn(|i| self.0[i] * by.0[i]))
            }
            #[inline(always)]
            unsafe fn mul_add(self, by: Self, to: Self) -> Self {
                Self(std::array::from_fn(|i| self.0[i] * by.0[i] + to.0[i]))
            }
            #[inline(always)]
            unsafe fn mul_sub(self, by: Self, less: Self) -> Self {
                Self(std::array::from_fn(|i| self.0[i] * by.0[i] - less.0[i]))
            }
            #[inline(always)]
            unsafe fn or_zero(self) -> Self {
                Self(self.0.map(|x| if x > 0.0 { x } else { 0.0 }))
            }
            #[inline(always)]
            unsafe fn at_least(self, other: Self) -> u64 {
                let mut bits = 0;
                for i in 0..8 {
                    bits |= u64::from(self.0[i] >= other.0[i]) << i;
                }
                bits
            }
            #[inline(always)]
            unsafe fn first(self, count: usize) -> Self {
                Self(std::array::from_fn(
                    |i| {
                        if i < count { self.0[i] } else { 0.0 }
                    },
                ))
            }
            #[inline(always)]
            unsafe fn answered(self) -> [bool; 8] {
                std::array::from_fn(|i| self.0[i] == self.0[i])
            }
            #[inline(always)]
            unsafe fn add_or_zero(self, mask: [bool; 8], other: Self) -> Self {
                Self(std::array::from_fn(|i| {
                    if mask[i] { self.0[i] + other.0[i] } else { 0.0 }
                }))
            }
            #[inline(always)]
            unsafe fn add_where(self, mask: [bool; 8], other: Self) -> Self {
                Self(std::array::from_fn(|i| {
                    self.0[i] + if mask[i] { other.0[i] } else { 0.0 }
                }))
            }
        }
    };
}

plain!(f32);
plain!(f64);
