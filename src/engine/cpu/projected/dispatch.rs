//! Which vectors a stem is searched with: one compiled copy of [`stem::search`] a level.

use super::base::Base;
use super::lanes::{Elem, Plain};
use super::stem::{self, Lists, Tally};
#[cfg(target_arch = "x86_64")]
use super::x86_64::{Avx2F32, Avx2F64, Avx512F32, Avx512F64};
use crate::arch::Isa;

/// Elements that there are kernels for.
pub(super) trait Dispatch: Elem {
    /// [`stem::search`] at the level `isa`, which must be available.
    fn search(
        isa: Isa,
        base: &Base<Self>,
        l1: usize,
        lists: &mut Lists<Self>,
        floor: &dyn Fn() -> f64,
        exact: &mut dyn FnMut([usize; 3]),
    ) -> Tally;
}

macro_rules! dispatch {
    ($elem:ty, $avx2:ty, $avx512:ty) => {
        impl Dispatch for $elem {
            fn search(
                isa: Isa,
                base: &Base<Self>,
                l1: usize,
                lists: &mut Lists<Self>,
                floor: &dyn Fn() -> f64,
                exact: &mut dyn FnMut([usize; 3]),
            ) -> Tally {
                assert!(isa.is_available(), "{} is not available", isa.name());
                #[cfg(target_arch = "x86_64")]
                {
                    #[target_feature(enable = "avx2,fma,popcnt,bmi1,bmi2")]
                    unsafe fn avx2(
                        base: &Base<$elem>,
                        l1: usize,
                        lists: &mut Lists<$elem>,
                        floor: &dyn Fn() -> f64,
                        exact: &mut dyn FnMut([usize; 3]),
                    ) -> Tally {
                        // SAFETY: the features of this function are those of the level.
                        unsafe { stem::search::<$avx2>(base, l1, lists, floor, exact) }
                    }
                    #[target_feature(
                        enable = "avx2,fma,popcnt,bmi1,bmi2,avx512f,avx512bw,avx512dq,avx512vl"
                    )]
                    unsafe fn avx512(
                        base: &Base<$elem>,
                        l1: usize,
                        lists: &mut Lists<$elem>,
                        floor: &dyn Fn() -> f64,
                        exact: &mut dyn FnMut([usize; 3]),
                    ) -> Tally {
                        // SAFETY: the features of this function are those of the level.
                        unsafe { stem::search::<$avx512>(base, l1, lists, floor, exact) }
                    }
                    match isa {
                        Isa::Avx512 | Isa::Amx => {
                            // SAFETY: just checked.
                            return unsafe { avx512(base, l1, lists, floor, exact) };
                        }
                        // SAFETY: just checked.
                        Isa::Avx2 => return unsafe { avx2(base, l1, lists, floor, exact) },
                        Isa::Portable => {}
                    }
                }
                // SAFETY: plain arrays need no instructions beyond the target's.
                unsafe { stem::search::<Plain<$elem>>(base, l1, lists, floor, exact) }
            }
        }
    };
}

#[cfg(target_arch = "x86_64")]
dispatch!(f32, Avx2F32, Avx512F32);
#[cfg(target_arch = "x86_64")]
dispatch!(f64, Avx2F64, Avx512F64);
#[cfg(not(target_arch = "x86_64"))]
dispatch!(f32, (), ());
#[cfg(not(target_arch = "x86_64"))]
dispatch!(f64, (), ());
