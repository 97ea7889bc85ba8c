//! What Rust and WGSL must agree on: constants, and the layout of shared structs.
//!
//! Constants are written into every shader by [`Variant::prelude`], from here alone. Structs are
//! declared in both; `tests/shaders.rs` compares them member by member through naga.

use super::floor::{FLOOR_ABOVE_ZERO, FLOOR_AT_MOST_ZERO, FLOOR_NONE, Floor};
use bytemuck::{Pod, Zeroable};

/// Invocations in a workgroup. Every adapter has at least 256; 64 are one or two subgroups of any.
pub const WORKGROUP: u32 = 64;

/// Largest K. A set lives in registers or private memory of its invocation: 4·K bytes.
pub const MAX_K: usize = 256;

/// How wide the sums of a set are in the shader.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SumWidth {
    /// 32 bits: every sum of any set stays within 31 bits and a sign.
    Narrow,
    /// 64 bits: within 63 bits and a sign.
    Wide,
}

/// How shaders have integers of 64 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Integers {
    /// As pairs of 32 bits, which every adapter has.
    Pairs,
    /// As the adapter's own.
    Native,
}

impl Integers {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Pairs, Self::Native];

    /// Their operations as WGSL: the same functions of the same arguments.
    #[must_use]
    pub fn operations(self) -> &'static str {
        match self {
            Self::Pairs => include_str!("../../../shaders/shared/u64_pairs.wgsl"),
            Self::Native => include_str!("../../../shaders/shared/u64_native.wgsl"),
        }
    }
}

impl SumWidth {
    /// Words of the sums of a set in `partials`.
    #[must_use]
    pub fn words(self) -> usize {
        match self {
            Self::Narrow => 6,
            Self::Wide => 11,
        }
    }
}

/// What is compiled into a pipeline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Variant {
    /// K.
    pub k: usize,
    /// Bits of a packed score: 1, 2, 4, 8, 16 or 32.
    pub score_bits: u32,
    /// Width of sums.
    pub sums: SumWidth,
}

impl Variant {
    /// The constants of this variant as WGSL.
    #[must_use]
    pub fn prelude(&self) -> String {
        self.constants(self.k)
    }

    /// The same for a shader that unranks `chosen` elements.
    pub(super) fn constants(&self, chosen: usize) -> String {
        format!(
            "const K: u32 = {}u;\n\
             const CHOSEN: u32 = {chosen}u;\n\
             const SCORE_BITS: u32 = {}u;\n\
             const WORKGROUP: u32 = {WORKGROUP}u;\n",
            self.k, self.score_bits
        ) + &floor_constants()
    }
}

/// The kinds of floors as WGSL.
pub(super) fn floor_constants() -> String {
    format!(
        "const FLOOR_NONE: u32 = {FLOOR_NONE}u;\n\
         const FLOOR_ABOVE_ZERO: u32 = {FLOOR_ABOVE_ZERO}u;\n\
         const FLOOR_AT_MOST_ZERO: u32 = {FLOOR_AT_MOST_ZERO}u;\n"
    )
}

/// `Params` of `shaders/flat.wgsl`, which says what each is.
#[repr(C, align(16))]
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
pub struct Params {
    /// Lowest word first.
    pub left: [u32; 4],
    /// Sets below it are discarded.
    pub floor: Floor,
    /// Q.
    pub questions: u32,
    /// Q − K + 1.
    pub span: u32,
    /// Sets in the chunk.
    pub sets: u32,
    /// Workgroups that cover them.
    pub workgroups: u32,
    /// Words of users in the block.
    pub words: u32,
    /// 1 or 0.
    pub first_block: u32,
    /// 1 or 0.
    pub last_block: u32,
    /// Sets that `partials` has room for.
    pub stride: u32,
    /// Survivors that there is room for.
    pub capacity: u32,
    /// Fewer make a set undefined.
    pub min_users: u32,
    /// The dispatch's number.
    pub serial: u32,
    /// To a multiple of 16 bytes.
    pub padding: [u32; 2],
}

/// `CompleteParams` of `shaders/complete.wgsl`, which says what each is.
#[repr(C, align(16))]
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
pub struct CompleteParams {
    /// Lowest word first.
    pub left: [u32; 4],
    /// Sets below it are discarded.
    pub bar: f32,
    /// 1 or 0.
    pub judged: u32,
    /// Q.
    pub questions: u32,
    /// Q − K + 1.
    pub span: u32,
    /// Sets in the chunk.
    pub sets: u32,
    /// Sets of a workgroup.
    pub share: u32,
    /// Workgroups that cover them.
    pub workgroups: u32,
    /// Survivors that there is room for.
    pub capacity: u32,
    /// The dispatch's number.
    pub serial: u32,
    /// Place in the floats.
    pub covariances: u32,
    /// Place in the floats.
    pub variances: u32,
    /// Place in the floats.
    pub with_total: u32,
}

/// `Tally` of `shaders/shared/tally.wgsl`.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
pub struct Tally {
    /// Sets seen.
    pub sets: u32,
    /// Sets with a correlation.
    pub defined: u32,
    /// Survivors.
    pub kept: u32,
    /// Sum of their offsets modulo 2^32.
    pub kept_offsets: u32,
    /// n, Sa, Sg, Saa, Sgg, Sag: low and high words.
    pub sums: [[u32; 2]; 6],
}

/// `Record` of `shaders/shared/tally.wgsl`.
#[repr(C, align(16))]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
pub struct Record {
    /// What the workgroup saw.
    pub tally: Tally,
    /// The dispatch that it saw it in.
    pub serial: u32,
    /// The same where a loop was cut short.
    pub cut: u32,
    /// Sets besides, counted in closed form: low and high words.
    pub closed: [u32; 2],
}

/// Bytes of a [`Tally`], which is also one lane's part of workgroup memory.
pub const TALLY_BYTES: u64 = size_of::<Tally>() as u64;

/// Bytes of a [`Record`].
pub const RECORD_BYTES: u64 = size_of::<Record>() as u64;
