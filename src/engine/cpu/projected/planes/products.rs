//! Products of byte tiles for bit planes, and the six sums that they make.

use super::super::kernel::SUMS;
use crate::arch::amx::{EMPTY, Tile};
use std::arch::asm;
use std::arch::x86_64::*;

/// The tile register that holds leaves.
pub(super) const LEAVES: [usize; 1] = [6];

/// Tiles of leaves a slab: A, the answers, and V, 1 for a low answer and 1 + 2^7 for a high one.
pub(super) const KINDS: usize = 2;

/// What V has more for a high answer than for a low one, as a power of 2.
const HIGH: u32 = 7;

/// V for a high answer.
pub(super) const V_OF_HIGH: u8 = 1 + (1 << HIGH);

/// Tiles of weights a slab: one, s, g, s², s·g (its low byte, signed), g² (its low byte).
pub(super) const WEIGHTS: usize = 6;

/// The same with the high bytes of g² and s·g behind them.
pub(super) const WIDE_WEIGHTS: usize = 8;

/// The sums of 16 pairs × 16 leaves, a tile each.
#[derive(Debug)]
pub(super) struct Sums {
    tiles: [Tile; 11],
}

/// One, s and g, by V.
const BY_V: usize = 0;
/// g, s², and the low bytes of s·g and g², by A; then the high bytes of g² and s·g.
const BY_A: usize = 3;
/// One and s, by A.
const UNPACKED: usize = 9;

/// Which of the sums there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Made {
    pub(super) wide: bool,
    pub(super) unpacked: bool,
}

/// Adds up products over slabs: `$steps` for each, into the tiles from `$first` on.
macro_rules! pass {
    ($sums:ident, $operands:ident, $first:expr, [$($step:literal),*], [$($clear:literal),*], [$($store:literal),*]) => {
        asm!(
            $($clear,)*
            "2:",
            $($step,)*
            "add {a}, {weights}",
            "add {b}, 2048",
            "dec {left}",
            "jnz 2b",
            $($store,)*
            a = inout(reg) $operands.weights.as_ptr() => _,
            b = inout(reg) $operands.leaves.as_ptr() => _,
            weights = in(reg) $operands.of_a_slab * 1024,
            left = inout(reg) $operands.slabs => _,
            out = in(reg) $sums.tiles[$first..].as_mut_ptr(),
            row = in(reg) 64_usize,
            options(nostack)
        )
    };
}

/// What is multiplied: `slabs` slabs, of `of_a_slab` tiles of weights and [`KINDS`] of leaves each.
#[derive(Clone, Copy, Debug)]
pub(super) struct Operands<'a> {
    weights: &'a [Tile],
    leaves: &'a [Tile],
    slabs: usize,
    of_a_slab: usize,
}

impl<'a> Operands<'a> {
    /// # Panics
    /// Where there are fewer tiles, or no slab.
    pub(super) fn new(weights: &'a [Tile], leaves: &'a [Tile], slabs: usize, wide: bool) -> Self {
        let of_a_slab = if wide { WIDE_WEIGHTS } else { WEIGHTS };
        assert!(slabs > 0 && weights.len() >= slabs * of_a_slab && leaves.len() >= slabs * KINDS);
        Self {
            weights,
            leaves,
            slabs,
            of_a_slab,
        }
    }
}

impl Sums {
    pub(super) fn new() -> Self {
        Self { tiles: [EMPTY; 11] }
    }

    /// Makes the packed sums and those by A, with high bytes where the operands have them.
    ///
    /// # Safety
    /// [`configure`](crate::arch::amx::configure) must have run on this thread with [`LEAVES`]; slabs
    /// must be so few that the sums fit 32 bits.
    pub(super) unsafe fn packed(&mut self, operands: Operands<'_>) {
        // SAFETY: the tiles are configured, every address is inside the slices, and at least one step is
        // made; the compiler never uses tile registers itself.
        unsafe {
            pass!(
                self,
                operands,
                BY_V,
                [
                    "tileloadd tmm6, [{b} + {row}*1 + 1024]",
                    "tileloadd tmm3, [{a} + {row}*1]",
                    "tdpbuud tmm0, tmm3, tmm6",
                    "tileloadd tmm4, [{a} + {row}*1 + 1024]",
                    "tdpbsud tmm1, tmm4, tmm6",
                    "tileloadd tmm5, [{a} + {row}*1 + 2048]",
                    "tdpbsud tmm2, tmm5, tmm6"
                ],
                ["tilezero tmm0", "tilezero tmm1", "tilezero tmm2"],
                [
                    "tilestored [{out} + {row}*1], tmm0",
                    "tilestored [{out} + {row}*1 + 1024], tmm1",
                    "tilestored [{out} + {row}*1 + 2048], tmm2"
                ]
            );
            if operands.of_a_slab == WIDE_WEIGHTS {
                self.wide_by_a(operands);
            } else {
                self.by_a(operands);
            }
        }
    }

    /// # Safety
    /// As [`Self::packed`].
    unsafe fn by_a(&mut self, operands: Operands<'_>) {
        // SAFETY: as there.
        unsafe {
            pass!(
                self,
                operands,
                BY_A,
                [
                    "tileloadd tmm6, [{b} + {row}*1]",
                    "tileloadd tmm4, [{a} + {row}*1 + 2048]",
                    "tdpbsud tmm0, tmm4, tmm6",
                    "tileloadd tmm5, [{a} + {row}*1 + 3072]",
                    "tdpbuud tmm1, tmm5, tmm6",
                    "tileloadd tmm7, [{a} + {row}*1 + 4096]",
                    "tdpbsud tmm2, tmm7, tmm6",
                    "tileloadd tmm4, [{a} + {row}*1 + 5120]",
                    "tdpbuud tmm3, tmm4, tmm6"
                ],
                [
                    "tilezero tmm0",
                    "tilezero tmm1",
                    "tilezero tmm2",
                    "tilezero tmm3"
                ],
                [
                    "tilestored [{out} + {row}*1], tmm0",
                    "tilestored [{out} + {row}*1 + 1024], tmm1",
                    "tilestored [{out} + {row}*1 + 2048], tmm2",
                    "tilestored [{out} + {row}*1 + 3072], tmm3"
                ]
            );
        }
    }

    /// # Safety
    /// As [`Self::packed`], with [`WIDE_WEIGHTS`].
    unsafe fn wide_by_a(&mut self, operands: Operands<'_>) {
        // SAFETY: as there.
        unsafe {
            pass!(
                self,
                operands,
                BY_A,
                [
                    "tileloadd tmm6, [{b} + {row}*1]",
                    "tileloadd tmm7, [{a} + {row}*1 + 2048]",
                    "tdpbsud tmm0, tmm7, tmm6",
                    "tileloadd tmm7, [{a} + {row}*1 + 3072]",
                    "tdpbuud tmm1, tmm7, tmm6",
                    "tileloadd tmm7, [{a} + {row}*1 + 4096]",
                    "tdpbsud tmm2, tmm7, tmm6",
                    "tileloadd tmm7, [{a} + {row}*1 + 5120]",
                    "tdpbuud tmm3, tmm7, tmm6",
                    "tileloadd tmm7, [{a} + {row}*1 + 6144]",
                    "tdpbuud tmm4, tmm7, tmm6",
                    "tileloadd tmm7, [{a} + {row}*1 + 7168]",
                    "tdpbsud tmm5, tmm7, tmm6"
                ],
                [
                    "tilezero tmm0",
                    "tilezero tmm1",
                    "tilezero tmm2",
                    "tilezero tmm3",
                    "tilezero tmm4",
                    "tilezero tmm5"
                ],
                [
                    "tilestored [{out} + {row}*1], tmm0",
                    "tilestored [{out} + {row}*1 + 1024], tmm1",
                    "tilestored [{out} + {row}*1 + 2048], tmm2",
                    "tilestored [{out} + {row}*1 + 3072], tmm3",
                    "tilestored [{out} + {row}*1 + 4096], tmm4",
                    "tilestored [{out} + {row}*1 + 5120], tmm5"
                ]
            );
        }
    }

    /// Makes those that tell packed ones apart where these may not do so themselves.
    ///
    /// # Safety
    /// As [`Self::packed`].
    pub(super) unsafe fn unpacked(&mut self, operands: Operands<'_>) {
        // SAFETY: as there.
        unsafe {
            pass!(
                self,
                operands,
                UNPACKED,
                [
                    "tileloadd tmm6, [{b} + {row}*1]",
                    "tileloadd tmm4, [{a} + {row}*1]",
                    "tdpbuud tmm0, tmm4, tmm6",
                    "tileloadd tmm5, [{a} + {row}*1 + 1024]",
                    "tdpbsud tmm1, tmm5, tmm6"
                ],
                ["tilezero tmm0", "tilezero tmm1"],
                [
                    "tilestored [{out} + {row}*1], tmm0",
                    "tilestored [{out} + {row}*1 + 1024], tmm1"
                ]
            );
        }
    }

    /// The most outer users that any leaf of the first `pairs` pairs has, where fewer than 128 outer users
    /// answered each of these.
    ///
    /// # Safety
    /// AVX-512 F.
    #[target_feature(enable = "avx512f")]
    pub(super) unsafe fn most_users(&self, pairs: usize) -> u32 {
        let low = _mm512_set1_epi32((1 << HIGH) - 1);
        let mut most = _mm512_setzero_si512();
        for row in 0..pairs {
            // SAFETY: the features are this function's.
            let sum = unsafe { self.load(BY_V, row) };
            most = _mm512_max_epu32(most, _mm512_and_si512(sum, low));
        }
        _mm512_reduce_max_epu32(most)
    }

    /// n, Sa, Sg, Saa, Sgg, Sag of the 16 leaves of the pair `row`.
    ///
    /// # Safety
    /// AVX-512 F.
    #[inline]
    #[target_feature(enable = "avx512f")]
    pub(super) unsafe fn of_row(&self, row: usize, made: Made) -> [__m512i; SUMS] {
        // SAFETY: the features are this function's.
        unsafe {
            let load = |tile| self.load(tile, row);
            let add = |a, b| _mm512_add_epi32(a, b);
            // What a sum by V has from high answers: exact, as the rest is gone.
            let of_high = |v, a| _mm512_srai_epi32::<HIGH>(_mm512_sub_epi32(v, a));
            let [ones, scores, totals] = [0, 1, 2].map(|i| load(BY_V + i));
            let (n, s) = if made.unpacked {
                (load(UNPACKED), load(UNPACKED + 1))
            } else {
                // s from −64 to 63: its seven bits, sign extended.
                let low = _mm512_slli_epi32::<{ 32 - HIGH }>(scores);
                (
                    _mm512_and_si512(ones, _mm512_set1_epi32((1 << HIGH) - 1)),
                    _mm512_srai_epi32::<{ 32 - HIGH }>(low),
                )
            };
            let (high, s_high) = (of_high(ones, n), of_high(scores, s));
            let sg = load(BY_A);
            let mut sag = add(load(BY_A + 2), of_high(totals, sg));
            let mut sgg = load(BY_A + 3);
            if made.wide {
                sgg = add(sgg, _mm512_slli_epi32::<8>(load(BY_A + 4)));
                sag = add(sag, _mm512_slli_epi32::<8>(load(BY_A + 5)));
            }
            let saa = add(load(BY_A + 1), add(high, add(s_high, s_high)));
            [n, add(s, high), sg, saa, sgg, sag]
        }
    }

    /// # Safety
    /// AVX-512 F.
    #[inline]
    #[target_feature(enable = "avx512f")]
    unsafe fn load(&self, tile: usize, row: usize) -> __m512i {
        // SAFETY: an aligned row of 64 bytes.
        unsafe { _mm512_load_si512(self.tiles[tile].0[row].as_ptr().cast()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arch::amx::{configure, is_available, release};

    /// Of each user, whether they answered a pair and each of its leaves, and scored these high.
    struct Case {
        slabs: usize,
        wide: bool,
        /// One user in so many answered.
        rarely: u64,
        unpacked: bool,
    }

    /// The six sums of every leaf by their definition, from bytes made as a stem makes them.
    fn agree(case: &Case) {
        let Case { slabs, wide, .. } = *case;
        let mut state = 7_u64;
        let mut below = |limit: u64| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            (state >> 33) % limit
        };
        let of_a_slab = if wide { WIDE_WEIGHTS } else { WEIGHTS };
        let mut weights = vec![EMPTY; slabs * of_a_slab];
        let mut leaves = vec![EMPTY; slabs * KINDS];
        let mut want = [[[0_i32; SUMS]; 16]; 16];
        let (most_s, most_g) = if wide { (15, 127) } else { (2, 15) };
        for user in 0..slabs * 64 {
            let (slab, i) = (user / 64, user % 64);
            let g = below(2 * most_g + 1) as i32 - most_g as i32;
            let mut answer = || (below(case.rarely) == 0).then(|| below(2) as i32);
            let to_leaves: [Option<i32>; 16] = std::array::from_fn(|_| answer());
            let to_pairs: [Option<i32>; 16] = std::array::from_fn(|_| answer());
            for (leaf, x) in to_leaves.iter().enumerate() {
                let Some(x) = x else { continue };
                let tiles = &mut leaves[slab * KINDS..];
                let v = if *x > 0 { V_OF_HIGH } else { 1 };
                tiles[0].0[i / 4][4 * leaf + i % 4] = 1;
                tiles[1].0[i / 4][4 * leaf + i % 4] = v;
            }
            for (pair, second) in to_pairs.iter().enumerate() {
                if second.is_none() {
                    continue;
                }
                let s = below(2 * most_s + 1) as i32 - most_s as i32;
                let low = |product: i32| i32::from(product as i8);
                let bytes = [
                    1,
                    s,
                    g,
                    s * s,
                    low(s * g),
                    (g * g) & 255,
                    (g * g) >> 8,
                    (s * g - low(s * g)) >> 8,
                ];
                for (tile, byte) in weights[slab * of_a_slab..][..of_a_slab]
                    .iter_mut()
                    .zip(bytes)
                {
                    tile.0[pair][i] = byte as u8;
                }
                for (want, x) in want[pair].iter_mut().zip(to_leaves) {
                    let Some(x) = x else { continue };
                    let a = s + x;
                    for (sum, value) in want.iter_mut().zip([1, a, g, a * a, g * g, a * g]) {
                        *sum += value;
                    }
                }
            }
        }
        let mut sums = Sums::new();
        let made = Made {
            wide,
            unpacked: case.unpacked,
        };
        // SAFETY: available; sums are far below 2^31.
        unsafe {
            let operands = Operands::new(&weights, &leaves, slabs, wide);
            configure(16, &LEAVES);
            sums.packed(operands);
            if case.unpacked {
                sums.unpacked(operands);
            } else {
                let most = want.iter().flatten().map(|want| want[0]).max();
                assert_eq!(most, Some(sums.most_users(16) as i32));
                let most = want[..3].iter().flatten().map(|want| want[0]).max();
                assert_eq!(most, Some(sums.most_users(3) as i32));
            }
            release();
            for (row, want) in want.iter().enumerate() {
                let six = sums.of_row(row, made).map(|sum| {
                    let mut lanes = [0_i32; 16];
                    _mm512_storeu_si512(lanes.as_mut_ptr().cast(), sum);
                    lanes
                });
                for (leaf, want) in want.iter().enumerate() {
                    assert_eq!(
                        six.map(|lanes| lanes[leaf]),
                        *want,
                        "{slabs} {wide} {row} {leaf}"
                    );
                }
            }
        }
    }

    #[test]
    fn six_sums_are_those_of_the_definition() {
        if !is_available() {
            return;
        }
        for slabs in [1, 2, 5] {
            for wide in [false, true] {
                agree(&Case {
                    slabs,
                    wide,
                    rarely: 1,
                    unpacked: true,
                });
            }
            // At most 31 users of a leaf: 31 · 2 is below 64.
            agree(&Case {
                slabs,
                wide: false,
                rarely: 5,
                unpacked: false,
            });
        }
    }
}
