//! 256 leaves as bits of one word: the vector interface of the pair test, plain and AVX2.

use super::super::table::Row;

/// A row in registers.
///
/// # Safety
/// Every method may only be called where the level's instructions are available, `load` and `store`
/// only on valid rows.
pub(super) trait Bits: Copy {
    unsafe fn zero() -> Self;
    unsafe fn load(from: *const Row) -> Self;
    unsafe fn store(self, to: *mut Row);
    unsafe fn or(self, other: Self) -> Self;
    unsafe fn and(self, other: Self) -> Self;
    unsafe fn xor(self, other: Self) -> Self;
}

/// Four words; the compiler makes of them what the target has.
#[derive(Clone, Copy)]
pub(super) struct Words([u64; 4]);

impl Bits for Words {
    #[inline(always)]
    unsafe fn zero() -> Self {
        Self([0; 4])
    }
    #[inline(always)]
    unsafe fn load(from: *const Row) -> Self {
        // SAFETY: the caller gives a valid row.
        Self(unsafe { (*from).0 })
    }
    #[inline(always)]
    unsafe fn store(self, to: *mut Row) {
        // SAFETY: the caller gives a valid row.
        unsafe { *to = Row(self.0) }
    }
    #[inline(always)]
    unsafe fn or(self, other: Self) -> Self {
        Self(std::array::from_fn(|w| self.0[w] | other.0[w]))
    }
    #[inline(always)]
    unsafe fn and(self, other: Self) -> Self {
        Self(std::array::from_fn(|w| self.0[w] & other.0[w]))
    }
    #[inline(always)]
    unsafe fn xor(self, other: Self) -> Self {
        Self(std::array::from_fn(|w| self.0[w] ^ other.0[w]))
    }
}

#[cfg(target_arch = "x86_64")]
pub(super) use x86_64::Avx2;

#[cfg(target_arch = "x86_64")]
mod x86_64 {
    use super::{Bits, Row};
    use std::arch::x86_64::*;

    /// One AVX2 register. With AVX-512 VL the compiler joins two operations into one of three inputs.
    #[derive(Clone, Copy)]
    pub(in super::super) struct Avx2(__m256i);

    // SAFETY of all methods: the caller guarantees AVX2, and valid rows, which are aligned.
    impl Bits for Avx2 {
        #[inline(always)]
        unsafe fn zero() -> Self {
            // SAFETY: above.
            Self(unsafe { _mm256_setzero_si256() })
        }
        #[inline(always)]
        unsafe fn load(from: *const Row) -> Self {
            // SAFETY: above.
            Self(unsafe { _mm256_load_si256(from.cast()) })
        }
        #[inline(always)]
        unsafe fn store(self, to: *mut Row) {
            // SAFETY: above.
            unsafe { _mm256_store_si256(to.cast(), self.0) }
        }
        #[inline(always)]
        unsafe fn or(self, other: Self) -> Self {
            // SAFETY: above.
            Self(unsafe { _mm256_or_si256(self.0, other.0) })
        }
        #[inline(always)]
        unsafe fn and(self, other: Self) -> Self {
            // SAFETY: above.
            Self(unsafe { _mm256_and_si256(self.0, other.0) })
        }
        #[inline(always)]
        unsafe fn xor(self, other: Self) -> Self {
            // SAFETY: above.
            Self(unsafe { _mm256_xor_si256(self.0, other.0) })
        }
    }
}
