//! What Rust and the WGSL of the projected pipeline must agree on, beside `gpu::layout`.

use super::super::floor::Floor;
use super::super::layout;
use bytemuck::{Pod, Zeroable};
use std::fmt::Write as _;

/// The tile of a sweep has room for a multiple of this many users: four blocks of 32.
pub const TILE_USERS: u32 = 128;

/// Bytes of [`TILE_USERS`] users in a tile: 16 for each, and 8 for each block.
pub const TILE_BYTES: u64 = 128 * 16 + 4 * 8;

/// Bytes of an entry of `stems`.
pub const STEM_BYTES: u64 = 16;

/// Lanes of a workgroup, which is one subgroup, where leaves are abreast: four leaves of a word each.
pub const LANES: u32 = 8;

/// Workgroups that share a stem where leaves are abreast: as many lanes a stem as elsewhere.
pub const PARTS: u32 = 8;

/// `Params::slack` where there is no floor above 0.
pub const NO_SLACK: u32 = u32::MAX;

/// What is compiled into the pipeline's two kernels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Variant {
    /// K, bits of a score, width of a sum; as the table is packed.
    pub packed: layout::Variant,
    /// Users of a stem that a workgroup holds to sweep its leaves; 0 for no sweep.
    pub tile: u32,
    /// Whether a prefix has its leaves abreast, in a subgroup of [`LANES`]; then there is no sweep.
    pub abreast: bool,
}

impl Variant {
    /// The constants that this variant has beside those of its packing, as WGSL.
    pub(super) fn constants(&self) -> String {
        let mut text = format!("const NO_SLACK: u32 = {NO_SLACK}u;\n");
        if self.abreast {
            let _ = writeln!(text, "const LANES: u32 = {LANES}u;");
            let _ = writeln!(text, "const PARTS: u32 = {PARTS}u;");
        }
        if self.tile > 0 {
            let _ = writeln!(text, "const TILE: u32 = {}u;", self.tile);
        }
        text
    }
}

/// `Params` of `shaders/shared/stems.wgsl`, which says what each is.
#[repr(C, align(16))]
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
pub struct Params {
    /// Lowest word first.
    pub stem_left: [u32; 4],
    /// Sets below it are discarded.
    pub floor: Floor,
    /// Q.
    pub questions: u32,
    /// Q − K + 1.
    pub row_entries: u32,
    /// Stems that the chunk meets.
    pub stems: u32,
    /// Workgroups that share them.
    pub workgroups: u32,
    /// The chunk's first set, counted from the last.
    pub first_left: u32,
    /// Sets in the chunk.
    pub sets: u32,
    /// Quadruples of words of a column.
    pub quads: u32,
    /// Words of a row.
    pub row_words: u32,
    /// Words of a row's answered bits.
    pub answered_words: u32,
    /// Words of scratch.
    pub room: u32,
    /// Survivors that there is room for.
    pub capacity: u32,
    /// Fewer make a set undefined.
    pub min_users: u32,
    /// What `slack.rs` makes of the floor.
    pub slack: u32,
    /// The dispatch's number.
    pub serial: u32,
    /// To a multiple of 16 bytes.
    pub padding: u32,
}
