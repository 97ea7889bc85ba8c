//! What Rust and the WGSL of the complete pipeline must agree on, beside `gpu::layout`, and where numbers
//! lie in its two tables.

use super::super::layout::SumWidth;
use super::bound::Side;
use bytemuck::{Pod, Zeroable};

/// What is compiled into the kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Variant {
    /// K.
    pub k: usize,
    /// Width of the integers that lanes add up.
    pub sums: SumWidth,
    /// Questions that a workgroup has room for.
    pub columns: u32,
    /// Whether floors may be of rest scores or of rounded ones, beside r with exact scores.
    pub any_floor: bool,
}

impl Variant {
    /// The constants that this variant has beside those of every kernel that unranks, as WGSL.
    pub(super) fn constants(&self) -> String {
        format!("const COLUMNS: u32 = {}u;\n", self.columns)
    }
}

/// `Params` of `shaders/complete.wgsl`, which says what each is.
#[repr(C, align(16))]
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
pub struct Params {
    /// Lowest word first.
    pub left: [u32; 4],
    /// Sets below it are discarded.
    pub bar: f32,
    /// λ of rest scores, or 0.
    pub lambda: f32,
    /// What y starts from.
    pub top: f32,
    /// Sets of a smaller x are kept.
    pub least_x: f32,
    /// Sets of a y that is not above this are kept.
    pub least_y: f32,
    /// 1 or 0.
    pub judged: u32,
    /// Q.
    pub questions: u32,
    /// Q − K + 1.
    pub row_entries: u32,
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
    /// Place of covariances in the floats.
    pub covariances: u32,
    /// Place of variances in the floats.
    pub variances: u32,
    /// Place of covariances with the total in the floats.
    pub with_total: u32,
}

/// Places in the buffer of floats.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Places {
    /// 2·v_qm at q·Q + m from here.
    pub(super) covariances: usize,
    /// v_qq.
    pub(super) variances: usize,
    /// b_q.
    pub(super) with_total: usize,
}

impl Places {
    /// For x moved to `side`.
    pub(super) fn of(questions: usize, side: Side) -> Self {
        let square = questions * questions;
        let side = match side {
            Side::Below => 0,
            Side::Above => 1,
        };
        Self {
            covariances: side * square,
            variances: 2 * square + side * questions,
            with_total: 2 * square + 2 * questions,
        }
    }
}

/// Floats for this many questions.
pub(super) fn floats_of(questions: usize) -> usize {
    questions * (2 * questions + 3)
}

/// Integers for this many questions.
pub(super) fn wholes_of(questions: usize) -> usize {
    questions * (questions + 3)
}
