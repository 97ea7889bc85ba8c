//! What Rust and WGSL must agree on: constants, and the layout of shared structs.
//!
//! Constants are written into every kernel by [`Variant::constants`] and its like, from here and the
//! pipelines' own `layout` alone. Structs are declared in both languages; `tests/shaders.rs` compares them
//! member by member through naga.

use super::floor::{
    FLOOR_ABOVE_ZERO, FLOOR_AT_MOST_ZERO, FLOOR_BLURRED, FLOOR_NONE, FLOOR_OVERALL_AT, FLOOR_REST,
    FLOOR_SCORES_AT,
};
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
    /// 64 bits: every sum of any set stays within 63 bits and a sign.
    Wide,
}

/// Whose integers of 64 bits kernels have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Integers {
    /// Pairs of 32 bits, which every adapter has.
    Pairs,
    /// The adapter's own.
    Native,
}

impl Integers {
    /// Both kinds of integers.
    pub const ALL: [Self; 2] = [Self::Pairs, Self::Native];
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

/// How a table is packed for sets of one size: what is compiled into the kernels that read it.
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
    /// The constants of this variant as WGSL, for a kernel that unranks `chosen` elements.
    #[must_use]
    pub fn constants(&self, chosen: usize) -> String {
        format!(
            "const K: u32 = {}u;\n\
             const CHOSEN: u32 = {chosen}u;\n\
             const SCORE_BITS: u32 = {}u;\n",
            self.k, self.score_bits
        ) + &common_constants()
    }
}

/// The constants of every kernel as WGSL: lanes of a workgroup, kinds of floors.
pub(super) fn common_constants() -> String {
    format!(
        "const WORKGROUP: u32 = {WORKGROUP}u;\n\
         const FLOOR_NONE: u32 = {FLOOR_NONE}u;\n\
         const FLOOR_ABOVE_ZERO: u32 = {FLOOR_ABOVE_ZERO}u;\n\
         const FLOOR_AT_MOST_ZERO: u32 = {FLOOR_AT_MOST_ZERO}u;\n\
         const FLOOR_REST: u32 = {FLOOR_REST}u;\n\
         const FLOOR_BLURRED: u32 = {FLOOR_BLURRED}u;\n\
         const FLOOR_SCORES_AT: u32 = {FLOOR_SCORES_AT}u;\n\
         const FLOOR_OVERALL_AT: u32 = {FLOOR_OVERALL_AT}u;\n"
    )
}

/// An integer of 128 bits as WGSL has it: words, lowest first.
pub(super) fn words(value: u128) -> [u32; 4] {
    [0, 32, 64, 96].map(|bits| (value >> bits) as u32)
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
    /// The dispatch in which a loop was cut short.
    pub cut: u32,
    /// Sets that a closed form counts in place of `tally`: low and high words.
    pub closed: [u32; 2],
}

/// Bytes of a [`Tally`], which is also one lane's part of workgroup memory.
pub const TALLY_BYTES: u64 = size_of::<Tally>() as u64;

/// Bytes of a [`Record`].
pub const RECORD_BYTES: u64 = size_of::<Record>() as u64;
