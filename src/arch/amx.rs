//! The matrix unit of x86-64 (AMX): whether it may be used, its tiles, and how they are set up.
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
pub(crate) struct Tile(pub(crate) [[u8; 64]; 16]);

/// Zeros.
pub(crate) const EMPTY: Tile = Tile([[0; 64]; 16]);

/// Whether the processor has byte tiles and the system lets this process use them.
pub(crate) fn is_available() -> bool {
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

/// Sets the tile registers up for 1 to 16 `pairs`: those in `leaves` have 16 rows of 64 bytes, the others,
/// for sums and weights, as many as there are pairs. A product takes as many cycles as there are pairs.
/// Undone by [`release`].
///
/// # Safety
/// [`is_available`].
pub(crate) unsafe fn configure(pairs: u8, leaves: &[usize]) {
    #[repr(C, align(64))]
    struct Config([u8; 64]);
    let mut config = Config([0; 64]);
    config.0[0] = 1;
    for tile in 0..8 {
        config.0[16 + 2 * tile] = 64;
        config.0[48 + tile] = if leaves.contains(&tile) { 16 } else { pairs };
    }
    // SAFETY: the instruction exists by this function's contract and reads 64 bytes.
    unsafe { asm!("ldtilecfg [{}]", in(reg) &config, options(nostack, readonly)) }
}

/// Gives the tile registers back.
///
/// # Safety
/// [`is_available`].
pub(crate) unsafe fn release() {
    // SAFETY: the instruction exists by this function's contract.
    unsafe { asm!("tilerelease", options(nostack)) }
}
