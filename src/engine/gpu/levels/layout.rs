//! What Rust and the WGSL of the levels pipeline must agree on, beside `gpu::layout`.

use super::super::floor::Floor;
use super::super::layout::{SumWidth, common_constants};
use bytemuck::{Pod, Zeroable};

/// Most questions of a root, from which a search goes down: on most tables few enough pairs to AND their
/// columns, and enough of them to keep a GPU busy.
pub const MOST_ROOT: usize = 2;

/// Bytes of a prefix in a frontier.
pub const PREFIX_BYTES: u64 = 32;

/// Bytes of a user of a prefix.
pub const USER_BYTES: u64 = 16;

/// Words in front of the counts of levels in `claimed`.
pub const CLAIMED_FLAGS: usize = 2;

/// What is compiled into the kernels. K and the bits of scores are not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Variant {
    /// Questions of a root: 1 or 2.
    pub root: usize,
    /// Width of a set's sums.
    pub sums: SumWidth,
}

impl Variant {
    /// For sets of `k` questions, at least 2.
    #[must_use]
    pub fn new(k: usize, sums: SumWidth) -> Self {
        let root = MOST_ROOT.min(k.saturating_sub(1)).max(1);
        Self { root, sums }
    }

    /// The constants of this variant as WGSL.
    pub(super) fn constants(&self) -> String {
        let root = self.root;
        format!("const ROOT: u32 = {root}u;\nconst CHOSEN: u32 = ROOT;\n") + &common_constants()
    }
}

/// `Params` of `shaders/shared/prefixes.wgsl`, which says what each is.
#[repr(C, align(16))]
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
pub struct Params {
    /// Lowest word first.
    pub first_left: [u32; 4],
    /// Lowest word first.
    pub last_left: [u32; 4],
    /// Lowest word first.
    pub root_left: [u32; 4],
    /// Sets below it are discarded.
    pub floor: Floor,
    /// K.
    pub k: u32,
    /// Q.
    pub questions: u32,
    /// Q − K + 2: entries in a row of `binomials`.
    pub row_entries: u32,
    /// Roots that the chunk meets.
    pub roots: u32,
    /// Quadruples of words of a column.
    pub quads: u32,
    /// Pairs of words of a row.
    pub row_words: u32,
    /// Where the binomials of the closed form start.
    pub forms_at: u32,
    /// Entries in a row of the binomials of the closed form.
    pub forms_row_entries: u32,
    /// Workgroups of each dispatch.
    pub workgroups: u32,
    /// Questions of the prefixes that are read, or made of roots.
    pub level: u32,
    /// Where users start in a frontier.
    pub users_at: u32,
    /// Users that a frontier has room for.
    pub room: u32,
    /// Survivors that there is room for.
    pub capacity: u32,
    /// Fewer make a set undefined.
    pub min_users: u32,
    /// 1 in the first dispatch of a chunk.
    pub first_dispatch: u32,
    /// The dispatch's number.
    pub serial: u32,
    /// To a multiple of 16 bytes.
    pub padding: [u32; 3],
}
