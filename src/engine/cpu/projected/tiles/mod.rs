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
//! Measured on the benchmark table the products take some four times that, so about a third of the
//! whole search; why is not known yet (weights that leave the first-level cache are not it). The
//! search as a whole is a sixth faster than with vectors alone.

pub(in crate::engine::cpu) mod amx;
mod base;

pub(super) use base::{TileBase, Values};

use super::base::User;
use super::kernel::{Bar, SUMS, judged};
use super::lanes::Elem;
use super::stem::Tally;
use super::x86_64::Avx512F32;
use amx::{EMPTY, Half, Shape, Tile, WEIGHTS};
use base::MOST_VALUES;
use std::arch::x86_64::*;

/// Weights that depend on the second question's score: s, s², s·g low and high, double.
const BY_SCORE: usize = 5;

/// Weights that do not: one, g, g² low and high.
const FIXED: usize = 4;

/// 64 users' bytes.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(64))]
struct Bytes([u8; 64]);

const NO_BYTES: Bytes = Bytes([0; 64]);

/// Buffers of a thread.
#[derive(Debug, Default)]
pub(super) struct Buffers {
    /// Outer users of the stem.
    users: Vec<u32>,
    fixed: Vec<[Bytes; FIXED]>,
    /// For each slab and score.
    by_score: Vec<[Bytes; BY_SCORE]>,
    /// Right operands: for each block of 16 lanes and slab, one tile a kind.
    leaves: Vec<Tile>,
    /// For each block and slab: the users' codes, a row a lane.
    codes: Vec<Tile>,
    /// Left operands of one block of pairs.
    weights: Vec<Tile>,
    /// The sums of one block of pairs with each block of leaves.
    sums: Vec<[Tile; 8]>,
}

/// Searches every set of the stem `l1`, as [`super::stem::search`] does.
///
/// # Safety
/// AVX-512 F, BW, DQ, VL, VBMI and VPOPCNTDQ, and [`amx::is_available`].
#[target_feature(
    enable = "avx2,fma,popcnt,bmi1,bmi2,avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,avx512vpopcntdq"
)]
pub(super) unsafe fn search(
    base: &TileBase,
    values: &Values,
    shape: Shape,
    l1: usize,
    buffers: &mut Buffers,
    floor: &dyn Fn() -> f64,
    exact: &mut dyn FnMut([usize; 3]),
) -> Tally {
    let mut tally = Tally::default();
    if l1 < 2 {
        return tally;
    }
    let Buffers {
        users,
        fixed,
        by_score,
        leaves,
        codes,
        weights,
        sums,
    } = buffers;
    let (column1, outer) = (base.column(l1), base.outer_words);
    users.clear();
    for (w, &word) in column1[..outer].iter().enumerate() {
        let mut word = word;
        while word != 0 {
            users.push((w * 64) as u32 + word.trailing_zeros());
            word &= word - 1;
        }
    }
    let slabs = users.len().div_ceil(64);
    weigh(base, values, shape, l1, users, fixed, by_score);
    let blocks = l1.div_ceil(16);
    leaves.clear();
    leaves.resize(blocks * slabs * shape.kinds(), EMPTY);
    codes.clear();
    codes.resize(blocks * slabs, EMPTY);
    weights.resize((slabs * WEIGHTS).max(1), EMPTY);
    // SAFETY: the features are this function's.
    unsafe { right(base, values, shape, users, blocks, slabs, leaves, codes) };

    let mut totals = [0_i64; SUMS];
    let zero = _mm512_setzero_si512();
    sums.resize(blocks.max(sums.len()), [EMPTY; 8]);
    // SAFETY: available by this function's contract.
    unsafe { amx::configure() };
    for block in 0..blocks {
        let pairs = block * 16..l1.min(block * 16 + 16);
        // SAFETY: the features are this function's.
        unsafe {
            left(
                values,
                shape,
                &codes[block * slabs..],
                fixed,
                by_score,
                weights,
            );
        };
        let floor = floor();
        let bars: [Bar; 16] = std::array::from_fn(|r| {
            let column2 = base.column(pairs.start.max((pairs.start + r).min(pairs.end - 1)));
            let mut common = 0;
            for (a, b) in column1[..outer].iter().zip(column2) {
                common += u64::from((a & b).count_ones());
            }
            let mut left_out = 0.0;
            let inner = column1[outer..].iter().zip(&column2[outer..]);
            for ((a, b), largest) in inner.zip(&base.largest[outer..]) {
                left_out += f64::from((a & b).count_ones()) * largest;
            }
            let users = common as f64;
            let most = users * (users * base.reach * base.reach + left_out);
            Bar::new::<f32>(floor, left_out, most < f32::EXACT)
        });
        for half in [Half::Totals, Half::Scores] {
            for (other, sums) in sums[..=block].iter_mut().enumerate() {
                let tiles = &leaves[other * slabs * shape.kinds()..];
                // SAFETY: configured above; sizes are those of the buffers; a byte times a byte of
                // at most 15 (225 where squares), three of them, for fewer than 2^19 users.
                unsafe { amx::products(weights, tiles, slabs, shape, half, sums) };
            }
        }
        for (other, sums) in sums[..=block].iter().enumerate() {
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
                        let high = if wide { load(low + 1) } else { zero };
                        _mm512_add_epi32(load(low), _mm512_slli_epi32::<8>(high))
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
                    exact([l1, l2, other * 16 + bits.trailing_zeros() as usize]);
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
    tally.totals = totals.map(|total| total as u64);
    tally
}

/// The users' bytes: `fixed` a slab, `by_score` a slab and score of the second question.
fn weigh(
    base: &TileBase,
    values: &Values,
    shape: Shape,
    l1: usize,
    users: &[u32],
    fixed: &mut Vec<[Bytes; FIXED]>,
    by_score: &mut Vec<[Bytes; BY_SCORE]>,
) {
    fixed.clear();
    by_score.clear();
    let (mut s, mut g) = ([0_i16; 64], [0_i16; 64]);
    for slab in users.chunks(64) {
        for (i, &user) in slab.iter().enumerate() {
            let User {
                s: score, g: total, ..
            } = base.users[user as usize];
            let first = values.scores[usize::from(base.code(user as usize, l1)) - 1];
            // Small: checked for the prefix.
            s[i] = (score + first - values.middle) as i16;
            g[i] = total as i16;
        }
        let mut bytes = [NO_BYTES; FIXED];
        for (i, &g) in g.iter().enumerate() {
            let square = g * g;
            bytes[0].0[i] = 1;
            bytes[1].0[i] = g as u8;
            bytes[2].0[i] = square as u8;
            bytes[3].0[i] = (square >> 8) as u8;
        }
        fixed.push(bytes);
        for &score in &values.scores {
            let more = (score - values.middle) as i16;
            let one = i16::from(!shape.score_squares);
            let mut bytes = [NO_BYTES; BY_SCORE];
            for (i, (s, g)) in s.iter().zip(&g).enumerate() {
                let s = s + more;
                let product = s * g;
                bytes[0].0[i] = s as u8;
                bytes[1].0[i] = (s * s) as u8;
                bytes[2].0[i] = product as u8;
                bytes[3].0[i] = (product >> 8) as u8;
                bytes[4].0[i] = (2 * s + one) as u8;
            }
            by_score.push(bytes);
        }
    }
}

/// The right operands and the codes by lane. Four users' rows of 16 lanes make a row of a tile;
/// the transposed 32-bit elements of 16 such rows are 64 users' codes, a row a lane.
///
/// # Safety
/// AVX-512 F, BW, VL and VBMI; `leaves` and `codes` must have their sizes.
#[expect(clippy::too_many_arguments, reason = "one step of `search`")]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi")]
unsafe fn right(
    base: &TileBase,
    values: &Values,
    shape: Shape,
    users: &[u32],
    blocks: usize,
    slabs: usize,
    leaves: &mut [Tile],
    codes: &mut [Tile],
) {
    let mut interleave = [0_u8; 64];
    for (i, place) in interleave.iter_mut().enumerate() {
        *place = (16 * (i % 4) + i / 4) as u8;
    }
    let (mut score, mut square) = ([0_u8; 16], [0_u8; 16]);
    for (v, value) in values.scores.iter().enumerate().take(MOST_VALUES) {
        let x = (value - values.lowest) as u8;
        (score[v + 1], square[v + 1]) = (x, x * x);
    }
    let nobody = base.users.len();
    // SAFETY: rows are padded to 16 lanes and `blocks` · 16 is at most that; tiles are in range.
    unsafe {
        let interleave = _mm512_loadu_si512(interleave.as_ptr().cast());
        let table =
            |bytes: &[u8; 16]| _mm512_broadcast_i32x4(_mm_loadu_si128(bytes.as_ptr().cast()));
        let (score, square, one) = (table(&score), table(&square), _mm512_set1_epi8(1));
        for slab in 0..slabs {
            for group in 0..16 {
                let rows: [*const u8; 4] = std::array::from_fn(|i| {
                    let user = users.get(slab * 64 + group * 4 + i);
                    base.row(user.map_or(nobody, |&user| user as usize))
                        .as_ptr()
                });
                for block in 0..blocks {
                    let part = |i: usize| _mm_loadu_si128(rows[i].add(block * 16).cast());
                    let mut four = _mm512_castsi128_si512(part(0));
                    four = _mm512_inserti32x4::<1>(four, part(1));
                    four = _mm512_inserti32x4::<2>(four, part(2));
                    four = _mm512_inserti32x4::<3>(four, part(3));
                    let code = _mm512_permutexvar_epi8(interleave, four);
                    let at = (block * slabs + slab) * shape.kinds();
                    let store = |tile: &mut Tile, bytes| {
                        _mm512_store_si512(tile.0[group].as_mut_ptr().cast(), bytes);
                    };
                    store(&mut leaves[at], _mm512_min_epu8(code, one));
                    store(&mut leaves[at + 1], _mm512_shuffle_epi8(score, code));
                    if shape.score_squares {
                        store(&mut leaves[at + 2], _mm512_shuffle_epi8(square, code));
                    }
                    store(&mut codes[block * slabs + slab], code);
                }
            }
        }
        for tile in codes {
            transpose(tile);
        }
    }
}

/// Transposes the 16 × 16 32-bit elements of a tile.
///
/// # Safety
/// AVX-512 F.
#[target_feature(enable = "avx512f")]
unsafe fn transpose(tile: &mut Tile) {
    // SAFETY: 16 aligned rows of 64 bytes.
    let rows: [__m512i; 16] =
        std::array::from_fn(|r| unsafe { _mm512_load_si512(tile.0[r].as_ptr().cast()) });
    // Pairs, then fours within 128 bits; then the 128-bit parts, twice.
    let pairs: [__m512i; 16] = std::array::from_fn(|i| {
        let (a, b) = (rows[i & !1], rows[i | 1]);
        if i & 1 == 0 {
            _mm512_unpacklo_epi32(a, b)
        } else {
            _mm512_unpackhi_epi32(a, b)
        }
    });
    let fours: [__m512i; 16] = std::array::from_fn(|i| {
        let (group, kind) = (i / 4 * 4, i % 4);
        let (a, b) = (pairs[group + kind / 2], pairs[group + 2 + kind / 2]);
        if kind & 1 == 0 {
            _mm512_unpacklo_epi64(a, b)
        } else {
            _mm512_unpackhi_epi64(a, b)
        }
    });
    for kind in 0..4 {
        let [a, b, c, d] = [0, 4, 8, 12].map(|group| fours[group + kind]);
        let (low, high) = (
            _mm512_shuffle_i32x4::<0x88>(a, b),
            _mm512_shuffle_i32x4::<0x88>(c, d),
        );
        let (low1, high1) = (
            _mm512_shuffle_i32x4::<0xdd>(a, b),
            _mm512_shuffle_i32x4::<0xdd>(c, d),
        );
        let columns = [
            _mm512_shuffle_i32x4::<0x88>(low, high),
            _mm512_shuffle_i32x4::<0x88>(low1, high1),
            _mm512_shuffle_i32x4::<0xdd>(low, high),
            _mm512_shuffle_i32x4::<0xdd>(low1, high1),
        ];
        for (part, column) in columns.into_iter().enumerate() {
            let row = &mut tile.0[part * 4 + kind];
            // SAFETY: an aligned row of 64 bytes.
            unsafe { _mm512_store_si512(row.as_mut_ptr().cast(), column) };
        }
    }
}

/// The left operands of one block of pairs: the users' weights where they answered l₂.
///
/// # Safety
/// AVX-512 F and BW; `codes` must have the slabs of `fixed`, `weights` [`WEIGHTS`] tiles for each.
#[target_feature(enable = "avx512f,avx512bw")]
unsafe fn left(
    values: &Values,
    shape: Shape,
    codes: &[Tile],
    fixed: &[[Bytes; FIXED]],
    by_score: &[[Bytes; BY_SCORE]],
    weights: &mut [Tile],
) {
    let scores = values.scores.len();
    // SAFETY: 64 aligned bytes each.
    let load = |bytes: &Bytes| unsafe { _mm512_load_si512(bytes.0.as_ptr().cast()) };
    for (slab, fixed) in fixed.iter().enumerate() {
        let tiles = &mut weights[slab * WEIGHTS..(slab + 1) * WEIGHTS];
        let by_score = &by_score[slab * scores..(slab + 1) * scores];
        for row in 0..16 {
            // SAFETY: aligned rows of 64 bytes.
            let code = unsafe { _mm512_load_si512(codes[slab].0[row].as_ptr().cast()) };
            let mut store = |weight: usize, bytes| {
                // SAFETY: an aligned row of 64 bytes.
                unsafe { _mm512_store_si512(tiles[weight].0[row].as_mut_ptr().cast(), bytes) };
            };
            let answered = _mm512_test_epi8_mask(code, code);
            for (weight, bytes) in fixed.iter().enumerate() {
                if weight < 3 || shape.wide_squares {
                    store(weight, _mm512_maskz_mov_epi8(answered, load(bytes)));
                }
            }
            let mut sums = [_mm512_setzero_si512(); BY_SCORE];
            for (v, bytes) in by_score.iter().enumerate() {
                let has = _mm512_cmpeq_epi8_mask(code, _mm512_set1_epi8(v as i8 + 1));
                for (sum, bytes) in sums.iter_mut().zip(bytes) {
                    *sum = _mm512_mask_mov_epi8(*sum, has, load(bytes));
                }
            }
            for (weight, bytes) in sums.into_iter().enumerate() {
                store(FIXED + weight, bytes);
            }
        }
    }
}
