//! Products of byte tiles over slabs of users, any small scores.

use crate::arch::amx::{EMPTY, Tile};
use std::arch::asm;

/// The tile registers that hold leaves.
pub(super) const LEAVES: [usize; 2] = [4, 5];

/// Tiles of weights that a slab of 64 users takes: see [`products`].
pub(super) const WEIGHTS: usize = 9;

/// Which products are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::engine::cpu) struct Shape {
    /// Whether g² takes two bytes.
    pub(super) wide_squares: bool,
    /// Whether s·g takes two bytes.
    pub(super) wide_products: bool,
    /// Whether squares of the last question's scores differ from the scores.
    pub(super) score_squares: bool,
}

impl Shape {
    /// Tiles of leaves a slab: answered, score, and the score's square where it differs.
    pub(super) fn kinds(self) -> usize {
        2 + usize::from(self.score_squares)
    }
}

/// Half of the sums of [`products`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Half {
    /// sums[0..4]: those without the score.
    Totals,
    /// sums[4..8].
    Scores,
}

/// Adds up over `slabs` slabs of 64 users, A being `weights` (16 pairs × 64 users each) and B
/// `leaves` (64 users × 16 leaves each), into eight tiles of 16 pairs × 16 leaves:
///
/// ```text
/// sums[0] = one · answered                             n
/// sums[1] = g · answered                               Sg
/// sums[2], sums[3] = g² (low, high byte) · answered    Sgg
/// sums[4] = s · answered + one · score                 Sa
/// sums[5] = s² · answered + double · score (+ one · square)        Saa
/// sums[6], sums[7] = s·g (low, high byte) · answered + g · score   Sag
/// ```
/// Weights in this order: one, g, g² low, g² high, s, s², s·g low, s·g high, double. g, s, s·g high
/// and double are signed; s·g low is signed where there is no high byte. Tiles of high bytes are
/// left alone where `shape` has none.
///
/// # Safety
/// [`configure`](crate::arch::amx::configure) must have run with [`LEAVES`] on this thread; `weights` must hold [`WEIGHTS`] tiles a slab and
/// `leaves` as many as the shape has kinds; 255 · 255 · 3 · 64 · slabs must be below 2^31.
///
/// `half` says which four of the sums are made: a half at a time, the weights of many products by
/// the same pairs stay in the first-level cache.
pub(super) unsafe fn products(
    weights: &[Tile],
    leaves: &[Tile],
    slabs: usize,
    shape: Shape,
    half: Half,
    sums: &mut [Tile; 8],
) {
    debug_assert!(weights.len() >= slabs * WEIGHTS && leaves.len() >= slabs * shape.kinds());
    // One pass over the slabs: the tiles to clear, the products, the tiles to store.
    macro_rules! pass {
        ([$($product:literal),*], $first:literal) => {
            asm!(
                "tilezero tmm0", "tilezero tmm1", "tilezero tmm2", "tilezero tmm3",
                "2:",
                $($product,)*
                "add {a}, 9216",
                "add {b}, {step}",
                "dec {left}",
                "jnz 2b",
                concat!("tilestored [{out} + {row}*1 + ", $first, "], tmm0"),
                concat!("tilestored [{out} + {row}*1 + ", $first, " + 1024], tmm1"),
                concat!("tilestored [{out} + {row}*1 + ", $first, " + 2048], tmm2"),
                concat!("tilestored [{out} + {row}*1 + ", $first, " + 3072], tmm3"),
                a = inout(reg) weights.as_ptr() => _,
                b = inout(reg) leaves.as_ptr() => _,
                step = in(reg) shape.kinds() * 1024,
                left = inout(reg) slabs => _,
                out = in(reg) sums.as_mut_ptr(),
                row = in(reg) 64_usize,
                options(nostack)
            )
        };
    }
    if slabs == 0 {
        let first = if half == Half::Totals { 0 } else { 4 };
        sums[first..first + 4].fill(EMPTY);
        return;
    }
    // SAFETY: by this function's contract the tiles are configured, every address is inside the
    // slices, and `slabs` > 0 steps are made; the compiler never uses tile registers itself.
    unsafe {
        match half {
            Half::Totals if shape.wide_squares => pass!(
                [
                    "tileloadd tmm4, [{b} + {row}*1]",
                    "tileloadd tmm6, [{a} + {row}*1]",
                    "tdpbuud tmm0, tmm6, tmm4",
                    "tileloadd tmm7, [{a} + {row}*1 + 1024]",
                    "tdpbsud tmm1, tmm7, tmm4",
                    "tileloadd tmm6, [{a} + {row}*1 + 2048]",
                    "tdpbuud tmm2, tmm6, tmm4",
                    "tileloadd tmm7, [{a} + {row}*1 + 3072]",
                    "tdpbuud tmm3, tmm7, tmm4"
                ],
                "0"
            ),
            Half::Totals => pass!(
                [
                    "tileloadd tmm4, [{b} + {row}*1]",
                    "tileloadd tmm6, [{a} + {row}*1]",
                    "tdpbuud tmm0, tmm6, tmm4",
                    "tileloadd tmm7, [{a} + {row}*1 + 1024]",
                    "tdpbsud tmm1, tmm7, tmm4",
                    "tileloadd tmm6, [{a} + {row}*1 + 2048]",
                    "tdpbuud tmm2, tmm6, tmm4"
                ],
                "0"
            ),
            Half::Scores => match (shape.wide_products, shape.score_squares) {
                (false, false) => pass!(
                    [
                        "tileloadd tmm4, [{b} + {row}*1]",
                        "tileloadd tmm6, [{a} + {row}*1 + 4096]",
                        "tdpbsud tmm0, tmm6, tmm4",
                        "tileloadd tmm7, [{a} + {row}*1 + 5120]",
                        "tdpbuud tmm1, tmm7, tmm4",
                        "tileloadd tmm6, [{a} + {row}*1 + 6144]",
                        "tdpbsud tmm2, tmm6, tmm4",
                        "tileloadd tmm5, [{b} + {row}*1 + 1024]",
                        "tileloadd tmm7, [{a} + {row}*1]",
                        "tdpbuud tmm0, tmm7, tmm5",
                        "tileloadd tmm6, [{a} + {row}*1 + 8192]",
                        "tdpbsud tmm1, tmm6, tmm5",
                        "tileloadd tmm7, [{a} + {row}*1 + 1024]",
                        "tdpbsud tmm2, tmm7, tmm5"
                    ],
                    "4096"
                ),
                (false, true) => pass!(
                    [
                        "tileloadd tmm4, [{b} + {row}*1]",
                        "tileloadd tmm6, [{a} + {row}*1 + 4096]",
                        "tdpbsud tmm0, tmm6, tmm4",
                        "tileloadd tmm7, [{a} + {row}*1 + 5120]",
                        "tdpbuud tmm1, tmm7, tmm4",
                        "tileloadd tmm6, [{a} + {row}*1 + 6144]",
                        "tdpbsud tmm2, tmm6, tmm4",
                        "tileloadd tmm5, [{b} + {row}*1 + 1024]",
                        "tileloadd tmm7, [{a} + {row}*1]",
                        "tdpbuud tmm0, tmm7, tmm5",
                        "tileloadd tmm6, [{a} + {row}*1 + 8192]",
                        "tdpbsud tmm1, tmm6, tmm5",
                        "tileloadd tmm4, [{b} + {row}*1 + 2048]",
                        "tdpbuud tmm1, tmm7, tmm4",
                        "tileloadd tmm6, [{a} + {row}*1 + 1024]",
                        "tdpbsud tmm2, tmm6, tmm5"
                    ],
                    "4096"
                ),
                (true, false) => pass!(
                    [
                        "tileloadd tmm4, [{b} + {row}*1]",
                        "tileloadd tmm6, [{a} + {row}*1 + 4096]",
                        "tdpbsud tmm0, tmm6, tmm4",
                        "tileloadd tmm7, [{a} + {row}*1 + 5120]",
                        "tdpbuud tmm1, tmm7, tmm4",
                        "tileloadd tmm6, [{a} + {row}*1 + 6144]",
                        "tdpbuud tmm2, tmm6, tmm4",
                        "tileloadd tmm7, [{a} + {row}*1 + 7168]",
                        "tdpbsud tmm3, tmm7, tmm4",
                        "tileloadd tmm5, [{b} + {row}*1 + 1024]",
                        "tileloadd tmm7, [{a} + {row}*1]",
                        "tdpbuud tmm0, tmm7, tmm5",
                        "tileloadd tmm6, [{a} + {row}*1 + 8192]",
                        "tdpbsud tmm1, tmm6, tmm5",
                        "tileloadd tmm7, [{a} + {row}*1 + 1024]",
                        "tdpbsud tmm2, tmm7, tmm5"
                    ],
                    "4096"
                ),
                (true, true) => pass!(
                    [
                        "tileloadd tmm4, [{b} + {row}*1]",
                        "tileloadd tmm6, [{a} + {row}*1 + 4096]",
                        "tdpbsud tmm0, tmm6, tmm4",
                        "tileloadd tmm7, [{a} + {row}*1 + 5120]",
                        "tdpbuud tmm1, tmm7, tmm4",
                        "tileloadd tmm6, [{a} + {row}*1 + 6144]",
                        "tdpbuud tmm2, tmm6, tmm4",
                        "tileloadd tmm7, [{a} + {row}*1 + 7168]",
                        "tdpbsud tmm3, tmm7, tmm4",
                        "tileloadd tmm5, [{b} + {row}*1 + 1024]",
                        "tileloadd tmm7, [{a} + {row}*1]",
                        "tdpbuud tmm0, tmm7, tmm5",
                        "tileloadd tmm6, [{a} + {row}*1 + 8192]",
                        "tdpbsud tmm1, tmm6, tmm5",
                        "tileloadd tmm4, [{b} + {row}*1 + 2048]",
                        "tdpbuud tmm1, tmm7, tmm4",
                        "tileloadd tmm6, [{a} + {row}*1 + 1024]",
                        "tdpbsud tmm2, tmm6, tmm5"
                    ],
                    "4096"
                ),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arch::amx::{configure, is_available, release};

    #[test]
    fn products_are_those_of_the_definition() {
        if !is_available() {
            return;
        }
        let mut state = 1_u64;
        let mut byte = || {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            (state >> 56) as u8
        };
        for bits in 0..8 {
            let shape = Shape {
                wide_squares: bits & 1 != 0,
                wide_products: bits & 2 != 0,
                score_squares: bits & 4 != 0,
            };
            for slabs in [0, 1, 3] {
                let mut tiles = |count| {
                    let tile = |_| Tile(std::array::from_fn(|_| std::array::from_fn(|_| byte())));
                    (0..count).map(tile).collect::<Vec<_>>()
                };
                let (a, b) = (tiles(slabs * WEIGHTS), tiles(slabs * shape.kinds()));
                let mut sums = [EMPTY; 8];
                // SAFETY: available; the slices have the sizes asked for.
                unsafe {
                    configure(16, &LEAVES);
                    for half in [Half::Totals, Half::Scores] {
                        products(&a, &b, slabs, shape, half, &mut sums);
                    }
                    release();
                }
                let dot = |weight: usize, signed: bool, kind: usize, row: usize, leaf: usize| {
                    let mut sum = 0;
                    for slab in 0..slabs {
                        for user in 0..64 {
                            let w = a[slab * WEIGHTS + weight].0[row][user];
                            let x = b[slab * shape.kinds() + kind].0[user / 4][4 * leaf + user % 4];
                            let w = if signed {
                                i32::from(w as i8)
                            } else {
                                i32::from(w)
                            };
                            sum += w * i32::from(x);
                        }
                    }
                    sum
                };
                for row in 0..16 {
                    for leaf in 0..16 {
                        let dot = |weight, signed, kind| dot(weight, signed, kind, row, leaf);
                        let high = |wide: bool, sum: i32| if wide { sum } else { 0 };
                        let square = if shape.score_squares {
                            dot(0, false, 2)
                        } else {
                            0
                        };
                        let want = [
                            dot(0, false, 0),
                            dot(1, true, 0),
                            dot(2, false, 0),
                            high(shape.wide_squares, dot(3, false, 0)),
                            dot(4, true, 0) + dot(0, false, 1),
                            dot(5, false, 0) + dot(8, true, 1) + square,
                            dot(6, !shape.wide_products, 0) + dot(1, true, 1),
                            high(shape.wide_products, dot(7, true, 0)),
                        ];
                        let seen = sums.map(|tile| {
                            let bytes = &tile.0[row][4 * leaf..4 * leaf + 4];
                            i32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]])
                        });
                        assert_eq!(
                            seen, want,
                            "{shape:?}, {slabs} slabs, row {row}, leaf {leaf}"
                        );
                    }
                }
            }
        }
    }
}
