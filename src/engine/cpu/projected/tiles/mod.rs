//! The projected walk over byte tiles: all pairs of a stem and their leaves as one matrix product.
//!
//! A stem is a prefix two questions short of a set. With A the answers of its outer users (0 or 1)
//! and x their last score, every sum of a set {l₂, m} behind it is Σ over users of a weight that
//! depends on the user and l₂ alone, times Aₘ, xₘ or xₘ²: a matrix product over the users. For s the
//! score without m and a = s + x:
//!
//! ```text
//! n = Σ 1·A   Sg = Σ g·A   Sgg = Σ g²·A   Sa = Σ s·A + 1·x   Sag = Σ s·g·A + g·x
//! Saa = Σ s²·A + 2s·x + 1·x²      (x² = x where scores are 0 and 1: 2s + 1 for both)
//! ```
//! so nine products of 16 pairs × 16 leaves × 64 users, 16 cycles each on one unit, where all is
//! small: 2.25 cycles a leaf for 256 outer users, however few of them answered. The judgement is
//! the [`kernel`](super::kernel)'s, with its outer-user bound.
//!
//! Measured, a product takes 18 cycles and 22 with its loads; a tile takes 10 cycles to load from the
//! first-level cache and 24 from the second, so the weights of a block of pairs should stay in the
//! first: four outer slabs are 36 KB. Tables of two scores go by [`super::planes`], in three quarters of the
//! time; on these a leaf took about 23 cycles here: products 7, users' codes by lane and right operands
//! 2.5, weights 2, judgement 2, leaves kept (one in 150) 1, the prefix and its closed form 2 to 3, the walk
//! above it 3.
//!
//! Leaves that the judgement keeps are summed over all users of the stem by bytes too ([`exact`]).
//!
//! # The audit
//! Every sum of every leaf judged is added up, and the closed form of the outer users' part in all
//! leaves of the stem is taken off again: a leaf left out, doubled or wrong leaves a difference, which
//! joins the closed form of the prefix.

mod base;
mod exact;
mod products;
mod stem;
mod visit;

pub(super) use base::TileBase;
use base::Values;

use super::kernel::{Bar, SUMS, judged};
use super::stem::Tally;
use super::x86_64::Avx512F32;
use crate::arch::amx::{self, EMPTY, Tile};
use products::{Half, LEAVES, Shape, WEIGHTS, products};
use std::arch::x86_64::*;
use stem::{ByCode, Stem};

/// Most users of a prefix: see [`Stem::exactly`].
const MOST_USERS: usize = 1 << 17;

/// Buffers of a thread.
#[derive(Debug, Default)]
pub(super) struct Buffers {
    stem: Stem,
    /// Left operands of one block of pairs.
    weights: Vec<Tile>,
}

/// Searches every set of the stem `l1`, as [`super::stem::search`] does; `exact` also gets the set's n,
/// A, X, Y over all users. The tally's totals are those of the leaves less their closed form.
///
/// # Safety
/// AVX-512 F, BW, DQ, VL, VBMI, VNNI and VPOPCNTDQ, and [`amx::is_available`].
#[target_feature(
    enable = "avx2,fma,popcnt,bmi1,bmi2,avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,avx512vnni,avx512vpopcntdq"
)]
unsafe fn search(
    base: &TileBase,
    values: &Values,
    shape: Shape,
    l1: usize,
    buffers: &mut Buffers,
    floor: &dyn Fn() -> f64,
    exact: &mut dyn FnMut([usize; 3], [f64; 4]),
) -> Tally {
    let mut tally = Tally::default();
    let Buffers { stem, weights } = buffers;
    let by_code = ByCode::new(values);
    // SAFETY: the features are this function's.
    if l1 < 2 || !unsafe { stem.reset(base, values, &by_code, shape, l1) } {
        // Sets without a user.
        tally.sets = (l1 * l1.saturating_sub(1) / 2) as u64;
        return tally;
    }
    weights.resize((stem.outer * WEIGHTS).max(weights.len()), EMPTY);
    // SAFETY: the features are this function's.
    let closed_form = unsafe { stem.closed_form(shape, &by_code, l1) };

    let mut totals = [0_i64; SUMS];
    let zero = _mm512_setzero_si512();
    let mut sums = [EMPTY; 8];
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
            stem.left(values, shape, block, weights);
            stem.counts(block)
        };
        let floor = floor();
        let bars = counts.map(|(users, left_out)| {
            Bar::of_pair::<f32>(floor, users, left_out as f64, base.reach)
        });
        for other in 0..=block {
            let right = stem.right(other, shape);
            for half in [Half::Totals, Half::Scores] {
                // SAFETY: configured above; sizes are those of the buffers; a byte times a byte of
                // at most 15 (225 where squares), three of them, for fewer than 2^19 users.
                unsafe { products(weights, right, stem.outer, shape, half, &mut sums) };
            }
            let mut parts = [zero; SUMS];
            for l2 in pairs.clone() {
                let row = l2 - block * 16;
                let count = l2.saturating_sub(other * 16).min(16);
                if count == 0 {
                    continue;
                }
                tally.sets += count as u64;
                let mask = ((1_u32 << count) - 1) as u16;
                // SAFETY: rows of 64 bytes; the features are this function's.
                let mut bits = unsafe {
                    let load = |tile: usize| _mm512_load_si512(sums[tile].0[row].as_ptr().cast());
                    let joined = |low: usize, wide: bool| {
                        if wide {
                            _mm512_add_epi32(load(low), _mm512_slli_epi32::<8>(load(low + 1)))
                        } else {
                            load(low)
                        }
                    };
                    let sgg = joined(2, shape.wide_squares);
                    let sag = joined(6, shape.wide_products);
                    let six = [load(0), load(4), load(1), load(5), sgg, sag];
                    for (part, sum) in parts.iter_mut().zip(six) {
                        *part = _mm512_mask_add_epi32(*part, mask, *part, sum);
                    }
                    judged::<Avx512F32>(six.map(|sum| Avx512F32::of_integers(sum)), &bars[row])
                } & u64::from(mask);
                tally.kept += u64::from(bits.count_ones());
                while bits != 0 {
                    let lane = bits.trailing_zeros() as usize;
                    let l3 = other * 16 + lane;
                    let outer = sums_of(&sums, shape, row, lane);
                    // SAFETY: the features are this function's.
                    let all = unsafe { stem.exactly(&by_code, l2, l3, outer) };
                    exact([l1, l2, l3], all);
                    bits &= bits - 1;
                }
            }
            // Each lane of a part is at most 16 sums below 2^22.
            for (total, part) in totals.iter_mut().zip(parts) {
                let halves = _mm512_add_epi64(
                    _mm512_cvtepi32_epi64(_mm512_castsi512_si256(part)),
                    _mm512_cvtepi32_epi64(_mm512_extracti64x4_epi64::<1>(part)),
                );
                *total += _mm512_reduce_add_epi64(halves);
            }
        }
    }
    // SAFETY: as above.
    unsafe { amx::release() };
    tally.totals = std::array::from_fn(|i| (totals[i] as u64).wrapping_sub(closed_form[i]));
    tally
}

/// n, Sa, Sg, Saa, Sgg, Sag of one leaf.
fn sums_of(sums: &[Tile; 8], shape: Shape, row: usize, lane: usize) -> [i64; SUMS] {
    let sum = |tile: usize| {
        let bytes: [u8; 4] = std::array::from_fn(|i| sums[tile].0[row][4 * lane + i]);
        i64::from(i32::from_le_bytes(bytes))
    };
    let joined = |low: usize, wide: bool| sum(low) + if wide { 256 * sum(low + 1) } else { 0 };
    let sgg = joined(2, shape.wide_squares);
    let sag = joined(6, shape.wide_products);
    [sum(0), sum(4), sum(1), sum(5), sgg, sag]
}
