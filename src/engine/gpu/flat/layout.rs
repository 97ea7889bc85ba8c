//! What Rust and the WGSL of the flat pipeline must agree on, beside `gpu::layout`.

use super::super::floor::Floor;
use bytemuck::{Pod, Zeroable};

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
    pub row_entries: u32,
    /// Sets in the chunk.
    pub sets: u32,
    /// Workgroups that cover them.
    pub workgroups: u32,
    /// Words of users in the span.
    pub words: u32,
    /// 1 or 0.
    pub first_span: u32,
    /// 1 or 0.
    pub last_span: u32,
    /// Sets that `partials` has room for.
    pub stride: u32,
    /// Survivors that there is room for.
    pub capacity: u32,
    /// Fewer make a set undefined.
    pub min_users: u32,
    /// The dispatch's number.
    pub serial: u32,
}
