//! The kernels of the levels pipeline, each with the shared pieces that it is made of.

use super::super::layout::Integers;
use super::super::shader::{Kernel, judging, kernel, pieces};
use super::layout::Variant;

/// The kernels of `variant`: the first level, from a level to the next, and the last level.
#[must_use]
pub fn kernels(variant: &Variant, integers: Integers) -> [Kernel; 3] {
    let constants = variant.constants();
    let common: &[_] = &pieces![
        "prefixes",
        "scan",
        "group_memory",
        "tally",
        "report",
        "report_levels"
    ];
    let judging = judging(variant.sums);
    let sums: &[_] = &judging[..1];
    let making: &[_] = &pieces!["choices", "completions", "frontier"];
    let reading: &[_] = &pieces!["prefixes_read"];
    let unranking: &[_] = &pieces!["unrank"];
    let last: &[_] = &pieces!["survivors"];
    let kernel = |file, own: &[&[&'static str]]| {
        Kernel::new(file, integers, &constants, &[&[common], own].concat())
    };
    [
        kernel(kernel!("roots"), &[sums, making, unranking]),
        kernel(kernel!("narrow"), &[sums, making, reading]),
        kernel(kernel!("leaves"), &[&judging, reading, last]),
    ]
}
