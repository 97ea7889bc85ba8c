//! The kernels of the projected pipeline, each with the shared pieces that it is made of.

use super::super::job::BEHIND_STEM;
use super::super::layout::Integers;
use super::super::shader::{Kernel, judging, kernel, pieces};
use super::layout::Variant;

/// The kernels of `variant`, in order: users of each stem as a dense table, then its leaves.
#[must_use]
pub fn kernels(variant: &Variant, integers: Integers) -> [Kernel; 2] {
    let packed = &variant.packed;
    let constants = packed.constants(packed.k - BEHIND_STEM) + &variant.constants();
    let (columns, scores) = match variant.steps {
        0 => (pieces!["columns_fields"], pieces!["scores_fields"]),
        _ => (pieces!["columns_steps"], pieces!["scores_steps"]),
    };
    let group: &[_] = match variant.abreast {
        true => &pieces!["group_lanes"],
        false => &pieces!["scan", "group_memory"],
    };
    let expanding: [&[_]; 3] = [&pieces!["stems", "unrank"], &columns, group];
    let leaves: &[_] = &pieces!["stems", "leaves", "tally", "survivors"];
    let judging: &[_] = &judging(packed.sums);
    let last = if variant.abreast {
        Kernel::new(kernel!("abreast"), integers, &constants, &[leaves, judging])
    } else {
        let sweep: &[_] = match variant.tile {
            0 => &pieces!["unswept"],
            _ => &pieces!["sweep", "judge_float"],
        };
        let own: &[_] = &pieces!["scan", "report"];
        let own_pieces = [leaves, judging, own, &scores, sweep];
        Kernel::new(kernel!("score"), integers, &constants, &own_pieces)
    };
    [
        Kernel::new(kernel!("expand"), integers, &constants, &expanding),
        last,
    ]
}
