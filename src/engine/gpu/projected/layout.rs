//! What Rust and the WGSL of the projected pipeline must agree on, beside `gpu::layout`.

use super::super::floor::Floor;
use super::super::layout;
use bytemuck::{Pod, Zeroable};
use std::fmt::Write as _;

/// The tile of a sweep has room for a multiple of this many users: four blocks of 32.
pub const TILE_USERS: u32 = 128;

/// Bytes of [`TILE_USERS`] users in a tile: 8 for each, and 8 for each block.
pub const TILE_BYTES: u64 = 128 * 8 + 4 * 8;

/// Most users of a tile: entries of lists have 13 bits for a place in it.
pub const MOST_TILE: u32 = 1 << 13;

/// Prefixes of a stem that are taken together.
pub const BATCH: u32 = 128;

/// Leaves that wait to be summed.
pub const QUEUE: u32 = 256;

/// Sides that a sweep looks at, at most: a lane holds three words of leaves for each in registers.
pub const MOST_SIDES: u32 = 10;

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
    /// Most steps that a score lies below the highest one; 0 where scores are fields.
    pub steps: u32,
    /// Users of a stem that a workgroup holds to sweep its leaves; 0 for no sweep.
    pub tile: u32,
    /// Whether a prefix has its leaves abreast, in a subgroup of [`LANES`]; then there is no sweep.
    pub abreast: bool,
}

impl Variant {
    /// Pairs of words that a row has for 32 questions with steps: answers, and a word for each step.
    #[must_use]
    pub fn pairs(&self) -> u32 {
        (self.steps + 2) / 2
    }

    /// Words of a column for 32 users, beside its answers: digits of steps, or fields.
    #[must_use]
    pub fn pieces(&self) -> u32 {
        match self.steps {
            0 => self.packed.score_bits,
            steps => steps.ilog2() + 1,
        }
    }

    /// Sides that a sweep looks at.
    #[must_use]
    pub fn sides(&self) -> u32 {
        (self.packed.k as u32 * self.steps).min(MOST_SIDES)
    }

    /// The constants that this variant has beside those of its packing, as WGSL.
    pub(super) fn constants(&self) -> String {
        let mut constants = vec![("NO_SLACK", NO_SLACK), ("PIECES", self.pieces())];
        if self.steps > 0 {
            constants.extend([
                ("STEPS", self.steps),
                ("PAIRS", self.pairs()),
                ("DIGITS", self.pieces()),
            ]);
        }
        if self.abreast {
            constants.extend([("LANES", LANES), ("PARTS", PARTS)]);
        } else {
            constants.extend([("BATCH", BATCH), ("QUEUE", QUEUE)]);
        }
        if self.tile > 0 {
            constants.extend([("TILE", self.tile), ("SIDES", self.sides())]);
        }
        let mut text = String::new();
        for (name, value) in constants {
            let _ = writeln!(text, "const {name}: u32 = {value}u;");
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
    /// The low word of the number of the chunk's first set.
    pub first: u32,
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
    /// The highest shifted score, where there are steps.
    pub top: i32,
    /// What `bar.rs` makes of the floor.
    pub bar: f32,
    /// Outer users that the list of a prefix has room for: an even number.
    pub list: u32,
    /// Questions that stems are chosen from.
    pub head: u32,
    /// Where an order of questions is in `rows`.
    pub rows_at: u32,
    /// Where it is in `answered`.
    pub answered_at: u32,
    /// Where its ways are in `binomials`.
    pub ways_at: u32,
    /// To a multiple of 16 bytes.
    pub padding: [u32; 2],
}
