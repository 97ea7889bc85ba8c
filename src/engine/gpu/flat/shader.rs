//! The kernel of the flat pipeline, with the shared pieces that it is made of.

use super::super::layout::{Integers, SumWidth, Variant};
use super::super::shader::{Kernel, judging, kernel, pieces};

/// The kernel of `variant`.
#[must_use]
pub fn kernel(variant: &Variant, integers: Integers) -> Kernel {
    let partials = match variant.sums {
        SumWidth::Narrow => pieces!["partials_narrow"],
        SumWidth::Wide => pieces!["partials_wide"],
    };
    let own_pieces: [&[_]; 3] = [
        &pieces!["unrank", "tally", "report", "survivors"],
        &judging(variant.sums),
        &partials,
    ];
    let constants = variant.constants(variant.k);
    Kernel::new(kernel!("flat"), integers, &constants, &own_pieces)
}
