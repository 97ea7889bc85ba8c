//! The matrix unit of x86-64 (AMX): how it is set up.
//!
//! One instruction adds a product of two tiles ([`tiles`](super::tiles)) to a third: 16,384 multiply-adds
//! in 16 cycles.

use super::memory::{Bytes, Tile};
use std::arch::asm;

/// What a pass reads and writes, for its instructions.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Operands {
    /// The left tiles of the first slab.
    pub(crate) left: *const Tile,
    /// The right tiles of the first slab.
    pub(crate) right: *const Tile,
    /// Bytes from the left tiles of a slab to those of the next.
    pub(crate) left_step: usize,
    /// Bytes from the right tiles of a slab to those of the next.
    pub(crate) right_step: usize,
    /// How many slabs there are, at least one.
    pub(crate) slabs: usize,
    /// Where the sums go.
    pub(crate) sums: *mut Tile,
}

/// The tile register that a pass holds a right tile in; all others hold sums and left tiles.
const RIGHT: usize = 6;

/// Sets the tile registers up for 1 to 16 `rows` of left tiles and sums; right tiles have 16. Undone by
/// [`release`].
///
/// # Safety
/// [`has_byte_tiles`](super::isa::has_byte_tiles).
pub(super) unsafe fn configure(rows: u8) {
    let mut config = Bytes::ZERO;
    config.0[0] = 1;
    for tile in 0..8 {
        config.0[16 + 2 * tile] = 64;
        config.0[48 + tile] = if tile == RIGHT { 16 } else { rows };
    }
    // SAFETY: the instruction exists by this function's contract and reads 64 bytes.
    unsafe { asm!("ldtilecfg [{}]", in(reg) &config, options(nostack, readonly)) }
}

/// Gives the tile registers back.
///
/// # Safety
/// [`has_byte_tiles`](super::isa::has_byte_tiles).
pub(super) unsafe fn release() {
    // SAFETY: the instruction exists by this function's contract.
    unsafe { asm!("tilerelease", options(nostack)) }
}
