//! Products of byte tiles for bit planes, and the six sums that they make.

use super::super::amx::{EMPTY, Tile};
use super::super::kernel::SUMS;
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
    /// [`configure`](super::super::amx::configure) must have run on this thread with [`LEAVES`]; slabs
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
