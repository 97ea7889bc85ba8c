//! The six sums of all leaves of a stem over its outer users, by what each of them answered.

use super::super::forms::{self, NOTHING, Users};
use super::super::kernel::SUMS;
use super::super::table::Row;
use super::base::{Base, both, counts};
use super::stem::Stem;
use std::arch::x86_64::*;

impl Stem {
    /// Of all choices of two lanes below `l1`; modulo 2^64.
    ///
    /// # Safety
    /// AVX-512 F, BW, DQ, VL and VPOPCNTDQ.
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vpopcntdq")]
    pub(super) unsafe fn closed_form(&self, base: &Base, l1: usize) -> [u64; SUMS] {
        let mut sums = [0; SUMS];
        // SAFETY: the features are this function's.
        let below = unsafe { both(&Row::of(0..l1)) };
        let slabs = self.slabs.iter().zip(self.users.as_chunks::<64>().0);
        for (i, (slab, users)) in slabs.take(self.outer).enumerate() {
            let mut answered = NOTHING;
            for (j, &user) in users.iter().enumerate() {
                // SAFETY: 64 aligned bytes; the features are this function's.
                (answered.d[j], answered.t[j]) = unsafe {
                    let row = _mm512_load_si512((&raw const base.rows[user as usize]).cast());
                    counts(_mm512_and_si512(row, below))
                };
            }
            answered.h = answered.t;
            let users = Users {
                s: slab
                    .scores
                    .0
                    .map(|score| (i64::from(score) - self.centre) as u64),
                g: slab.g.0.map(|g| i64::from(g as i8) as u64),
            };
            forms::add::<2>(&users, &answered, &mut sums);
            if i < self.capped {
                // What the products do not count, of as many sets as there are choices of two.
                for (d, excess) in answered.d.into_iter().zip(slab.excess.0) {
                    let excess = u64::from(excess) * (d * d.saturating_sub(1) / 2);
                    sums[4] = sums[4].wrapping_sub(excess);
                }
            }
        }
        sums
    }
}
