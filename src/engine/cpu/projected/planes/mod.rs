//! The projected walk over bit planes: tables of two scores, all pairs of a stem and their leaves as one
//! matrix product.
//!
//! As [`super::tiles`], whose sums, judgement and audit these are; but where scores are two, an answer is
//! two bits, *answered* and *high*, and 64 users' answers to a question are two words. So prefixes and
//! stems are laid out by transposing bits, and operands are made by masks instead of table look-ups.
//!
//! Scores count as 0 and 1, so x² = x, and with A the answers, x the high ones and s the score without the
//! leaf's question, less a stem's centre:
//!
//! ```text
//! n = Σ 1·A   Sg = Σ g·A   Sgg = Σ g²·A   Sa = Σ s·A + Σ x   Sag = Σ s·g·A + Σ g·x
//! Saa = Σ s²·A + 2·Σ s·x + Σ x
//! ```
//! # Packed products
//! V is A + 2^7·x. Where Σ w·A is known to lie in a range of 2^7 integers, the product of w and V tells it
//! and Σ w·x too; and where it is known, Σ w·x. So two products, of 1 and s, make four sums: the first
//! where fewer than 128 outer users answered a pair, and the second where the most of any leaf times the
//! largest |s| is below 64. Blocks of pairs with more users, and tiles with a leaf of more, are
//! *unpacked*: Σ 1·A and Σ s·A are made too.
//!
//! # Capped squares
//! Where few users have a g² above 255, a byte counts it as 255. The excess over the pair's users joins E:
//! with x the excess on a leaf and E + x at most what is left out, W = Y − (1 − t²)·n·(Sgg + E) only gets
//! lower, by n·x at least, so that what is discarded would have been (see [`super::kernel`]).
//!
//! # Cost
//! So seven products of 16 pairs × 16 leaves × 64 users do, two more where g² or s·g take two bytes, at 20
//! to 22 cycles each with their loads. First the products by V, then those by A: the operands of one pass
//! over five slabs stay in the first-level cache. On the benchmark table, with 4.4 outer slabs, a leaf takes
//! 17 to 18 cycles: products 5, weights 1.4, judgement 2, leaves kept (one in 150) 0.8, the stem 1.6, counts
//! and closed form 1, the prefix and the walk above it 2.
//!
//! Tried without gain: products and judgement in turn, row by row; two or four blocks of leaves at a time, to
//! have more sums than three under way; leaves of the next block fetched ahead. Each needs more of the
//! first-level cache than it saves.

mod base;
mod closed_form;
mod products;
mod stem;
mod transpose;
mod visit;

use super::kernel::{Bar, SUMS, judged};
use super::stem::Tally;
use super::x86_64::Avx512F32;
use crate::arch::amx;
pub(super) use base::Base;
use products::{LEAVES, Sums};
use std::arch::x86_64::*;
use stem::Stem;

/// Most users of a prefix: see [`Stem::exactly`].
const MOST_USERS: usize = 1 << 17;

/// Buffers of a thread.
#[derive(Debug, Default)]
pub(super) struct Buffers {
    stem: Stem,
    /// Left operands of one block of pairs.
    weights: Vec<amx::Tile>,
}

/// Searches every set of the stem `l1`, as [`super::stem::search`] does; `exact` also gets the set's n,
/// A, X, Y over all users. The tally's totals are those of the leaves less their closed form.
///
/// # Safety
/// The level [`Isa::Amx`](crate::arch::Isa::Amx).
#[target_feature(
    enable = "avx2,fma,popcnt,bmi1,bmi2,gfni,avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,avx512vnni,avx512vpopcntdq"
)]
unsafe fn search(
    base: &Base,
    l1: usize,
    buffers: &mut Buffers,
    floor: &dyn Fn() -> f64,
    exact: &mut dyn FnMut([usize; 3], [f64; 4]),
) -> Tally {
    let mut tally = Tally::default();
    let Buffers { stem, weights } = buffers;
    // SAFETY: the features are this function's.
    if l1 < 2 || !unsafe { stem.reset(base, l1) } {
        // Sets without a user.
        tally.sets = (l1 * l1.saturating_sub(1) / 2) as u64;
        return tally;
    }
    let needed = stem.outer * stem.weights_of_a_slab();
    weights.resize(needed.max(weights.len()), amx::EMPTY);

    let mut totals = [_mm512_setzero_si512(); SUMS];
    let mut sums = Sums::new();
    // SAFETY: available by this function's contract.
    unsafe { amx::configure(16, &LEAVES) };
    for block in 0..stem.blocks {
        let pairs = block * 16..l1.min(block * 16 + 16);
        if pairs.len() < 16 {
            // SAFETY: as above; the last block has 1 to 15 pairs.
            unsafe { amx::configure(pairs.len() as u8, &LEAVES) };
        }
        // SAFETY: the features are this function's.
        let counts = unsafe {
            stem.left(block, weights);
            stem.counts(block)
        };
        let floor = floor();
        let bars = counts.map(|(users, left_out)| {
            Bar::of_pair::<f32>(floor, users, left_out as f64, base.reach)
        });
        let few = counts.iter().all(|&(users, _)| users < 128);
        for other in 0..=block {
            // SAFETY: configured above; buffers have their sizes.
            let made = unsafe { stem.multiply(weights, other, pairs.len(), few, &mut sums) };
            let mut parts = [_mm512_setzero_si512(); SUMS];
            for l2 in pairs.clone() {
                let row = l2 - block * 16;
                let count = l2.saturating_sub(other * 16).min(16);
                if count == 0 {
                    continue;
                }
                tally.sets += count as u64;
                let mask = ((1_u32 << count) - 1) as u16;
                // SAFETY: the features are this function's.
                let (six, bits) = unsafe {
                    let six = sums.of_row(row, made);
                    for (part, sum) in parts.iter_mut().zip(six) {
                        *part = _mm512_mask_add_epi32(*part, mask, *part, sum);
                    }
                    let floats = six.map(|sum| Avx512F32::of_integers(sum));
                    (six, judged::<Avx512F32>(floats, &bars[row]))
                };
                let mut bits = bits & u64::from(mask);
                tally.kept += u64::from(bits.count_ones());
                while bits != 0 {
                    let lane = bits.trailing_zeros() as usize;
                    let l3 = other * 16 + lane;
                    // SAFETY: the features are this function's.
                    let all = unsafe {
                        let outer = six.map(|sum| at(sum, lane));
                        stem.exactly(l2, l3, outer)
                    };
                    exact([l1, l2, l3], all);
                    bits &= bits - 1;
                }
            }
            // Each lane of a part is at most 16 sums below 2^24.
            for (total, part) in totals.iter_mut().zip(parts) {
                let low = _mm512_cvtepi32_epi64(_mm512_castsi512_si256(part));
                let high = _mm512_cvtepi32_epi64(_mm512_extracti64x4_epi64::<1>(part));
                *total = _mm512_add_epi64(*total, _mm512_add_epi64(low, high));
            }
        }
    }
    // SAFETY: as above.
    unsafe { amx::release() };
    // SAFETY: the features are this function's.
    let closed_form = unsafe { stem.closed_form(base, l1) };
    let totals = totals.map(|total| _mm512_reduce_add_epi64(total) as u64);
    tally.totals = std::array::from_fn(|i| totals[i].wrapping_sub(closed_form[i]));
    tally
}

/// One of 16 integers.
#[inline]
#[target_feature(enable = "avx512f")]
unsafe fn at(integers: __m512i, lane: usize) -> i64 {
    let lane = _mm512_castsi128_si512(_mm_cvtsi32_si128(lane as i32));
    i64::from(_mm512_cvtsi512_si32(_mm512_permutexvar_epi32(
        lane, integers,
    )))
}
