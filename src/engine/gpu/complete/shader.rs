//! The kernel of the complete pipeline, with the shared pieces that it is made of.

use super::super::layout::{self, Integers, SumWidth};
use super::super::shader::{Kernel, kernel, pieces};
use super::layout::Variant;

/// The kernel of `variant`.
#[must_use]
pub fn kernel(variant: &Variant, integers: Integers) -> Kernel {
    let packed = layout::Variant {
        k: variant.k,
        // Scores are in no buffer here.
        score_bits: 1,
        sums: variant.sums,
    };
    let constants = packed.constants(variant.k) + &variant.constants();
    let wholes = match variant.sums {
        SumWidth::Narrow => pieces!["whole_narrow"],
        SumWidth::Wide => pieces!["whole_wide"],
    };
    let reaches = if variant.any_floor {
        pieces!["reaches_any"]
    } else {
        pieces!["reaches_r"]
    };
    let shared: &[_] = &pieces!["unrank", "sums", "tally", "report", "survivors"];
    Kernel::new(
        kernel!("complete"),
        integers,
        &constants,
        &[shared, &wholes, &reaches],
    )
}
