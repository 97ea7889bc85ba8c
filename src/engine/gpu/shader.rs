//! Kernels: WGSL entry points, each as the whole text that a device compiles. A pipeline's own `shader`
//! says which ones it has and of which shared pieces.
//!
//! A piece is a file of `shaders/shared`; WGSL lets them stand in any order. The constants in front of
//! them come from `layout`.

use super::layout::{Integers, SumWidth};

/// A kernel: its file is `shaders/<name>.wgsl`, its label is `name`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kernel {
    /// File, label.
    pub name: &'static str,
    /// Constants, pieces and its own file.
    pub source: String,
}

/// The name and the text of the kernel in `shaders/<name>.wgsl`.
macro_rules! kernel {
    ($name:literal) => {
        (
            $name,
            include_str!(concat!(
                env!("CARGO_MANIFEST_DIR"),
                "/shaders/",
                $name,
                ".wgsl"
            )),
        )
    };
}
pub(super) use kernel;

/// The texts of the shared pieces with these names.
macro_rules! pieces {
    ($($name:literal),+ $(,)?) => {
        [$(include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/shaders/shared/", $name, ".wgsl"))),+]
    };
}
pub(super) use pieces;

impl Kernel {
    /// Joins a kernel's constants, its own text and its pieces, with what every kernel has.
    pub(super) fn new(
        (name, text): (&'static str, &'static str),
        integers: Integers,
        constants: &str,
        own_pieces: &[&[&'static str]],
    ) -> Self {
        let operations = match integers {
            Integers::Pairs => pieces!["u64_pairs"],
            Integers::Native => pieces!["u64_native"],
        };
        let common = pieces!["u128", "loops", "floor"];
        let texts = [&[&operations[..], &common], own_pieces].concat().concat();
        Self {
            name,
            source: [constants, &texts.join("\n"), text].join("\n"),
        }
    }
}

/// The pieces that sum and judge sets in integers of this width.
pub(super) fn judging(sums: SumWidth) -> [&'static str; 4] {
    let [all, judge] = pieces!["sums", "judge"];
    let [sums, its_judge] = match sums {
        SumWidth::Narrow => pieces!["sums_narrow", "judge_narrow"],
        SumWidth::Wide => pieces!["sums_wide", "judge_wide"],
    };
    [all, judge, sums, its_judge]
}
