//! The matrix unit of x86-64 (AMX): whether it may be used, and products of byte tiles on it.
//!
//! A tile is 16 rows of 64 bytes. One instruction adds to a tile of 16 × 16 32-bit integers the
//! product of 16 × 64 bytes by 64 × 16 bytes: 16,384 multiply-adds in 16 cycles. The right operand
//! holds four consecutive rows of its matrix in one row of the tile, interleaved bytewise.

use std::arch::asm;
use std::arch::x86_64::__cpuid_count;
use std::sync::OnceLock;

/// A tile in memory.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(64))]
pub(super) struct Tile(pub(super) [[u8; 64]; 16]);

/// Zeros.
pub(super) const EMPTY: Tile = Tile([[0; 64]; 16]);

/// The tile registers that hold leaves.
const LEAVES: [usize; 2] = [4, 5];

/// Products that a slab of 64 users takes: see [`products`].
pub(super) const WEIGHTS: usize = 9;

/// Whether the processor has byte tiles and the system lets this process use them.
pub(in crate::engine::cpu) fn is_available() -> bool {
    static AVAILABLE: OnceLock<bool> = OnceLock::new();
    *AVAILABLE.get_or_init(|| {
        const TILES_AND_BYTES: u32 = 1 << 24 | 1 << 25;
        // Leaf 7 exists on every processor with AVX2, which the caller's level includes.
        let has = std::arch::is_x86_feature_detected!("avx2")
            && __cpuid_count(7, 0).edx & TILES_AND_BYTES == TILES_AND_BYTES;
        has && permitted()
    })
}

/// Asks Linux for the tile registers' state, which a process has to do once.
#[cfg(target_os = "linux")]
fn permitted() -> bool {
    const ARCH_PRCTL: i64 = 158;
    const REQUEST_PERMISSION: u64 = 0x1023;
    const TILE_DATA: u64 = 18;
    let answer: i64;
    // SAFETY: this call reads and writes no memory of ours; rcx and r11 are what the kernel changes.
    unsafe {
        asm!("syscall", inlateout("rax") ARCH_PRCTL => answer, in("rdi") REQUEST_PERMISSION,
             in("rsi") TILE_DATA, out("rcx") _, out("r11") _, options(nostack));
    }
    answer == 0
}

/// Other systems are not asked.
#[cfg(not(target_os = "linux"))]
fn permitted() -> bool {
    false
}

/// Makes the tile registers what [`products`] needs for 1 to 16 `pairs`: sums and weights have that many
/// rows of 64 bytes, leaves have 16. An instruction takes as many cycles as there are pairs. Undone by
/// [`release`].
///
/// # Safety
/// [`is_available`].
pub(super) unsafe fn configure(pairs: u8) {
    #[repr(C, align(64))]
    struct Config([u8; 64]);
    let mut config = Config([0; 64]);
    config.0[0] = 1;
    for tile in 0..8 {
        config.0[16 + 2 * tile] = 64;
        config.0[48 + tile] = if LEAVES.contains(&tile) { 16 } else { pairs };
    }
    // SAFETY: the instruction exists by this function's contract and reads 64 bytes.
    unsafe { asm!("ldtilecfg [{}]", in(reg) &config, options(nostack, readonly)) }
}

/// Gives the tile registers back.
///
/// # Safety
/// [`is_available`].
pub(super) unsafe fn release() {
    // SAFETY: the instruction exists by this function's contract.
    unsafe { asm!("tilerelease", options(nostack)) }
}

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
/// [`configure`] must have run on this thread; `weights` must hold [`WEIGHTS`] tiles a slab and
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
                    configure(16);
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
