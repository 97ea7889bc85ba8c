//! Every kernel that the GPU engine can make: what tests validate, and other compilers are asked to take
//! (`examples/shaders`).
//!
//! K is a constant of the text and decides little: it has values on both sides of each decision, and both ends.

use kcorrset::engine::gpu::layout::{Integers, MAX_K, SumWidth, Variant};
use kcorrset::engine::gpu::projected::plan::tile_users;
use kcorrset::engine::gpu::shader::Kernel;
use kcorrset::engine::gpu::{complete, flat, levels, projected};
use std::collections::HashSet;

/// What the flat pipeline compiles, and of which the others make theirs.
pub fn variants() -> Vec<Variant> {
    let mut all = Vec::new();
    for k in [1, 2, 3, 5, 12, 32, MAX_K] {
        for score_bits in [1, 2, 4, 8, 16, 32] {
            for sums in [SumWidth::Narrow, SumWidth::Wide] {
                all.push(Variant {
                    k,
                    score_bits,
                    sums,
                });
            }
        }
    }
    all
}

/// Variants of the projected pipeline: sets of three questions and more, and sweeps in tiles of some
/// sizes where scores have few steps and sums 32 bits.
pub fn projected_variants() -> Vec<projected::layout::Variant> {
    let mut all = Vec::new();
    for packed in variants().into_iter().filter(|v| v.k > 2) {
        let variant = |steps, tile, abreast| projected::layout::Variant {
            packed,
            steps,
            tile,
            abreast,
        };
        let steps: &[u32] = match packed.score_bits {
            1 => &[1],
            2 => &[0, 2, 3],
            4 => &[0, 4, 5, 7],
            _ => &[0],
        };
        for &steps in steps {
            all.push(variant(steps, 0, false));
            let small = packed.sums == SumWidth::Narrow && packed.k as u32 * steps < 64;
            if steps > 0 && small {
                let tiles = [128, 640, tile_users(48 << 10)];
                all.extend(tiles.map(|tile| variant(steps, tile, false)));
            }
            if steps == 1 && small && packed.k < 13 {
                all.push(variant(1, 0, true));
            }
        }
    }
    all
}

/// Variants of the levels pipeline.
pub fn levels_variants() -> Vec<levels::layout::Variant> {
    let of = |k| [SumWidth::Narrow, SumWidth::Wide].map(|s| levels::layout::Variant::new(k, s));
    [2, 3].into_iter().flat_map(of).collect()
}

/// Variants of the complete pipeline: a stem and two more questions at least.
fn complete_variants() -> Vec<complete::layout::Variant> {
    let of = |v: Variant| {
        [false, true].map(|any_floor| complete::layout::Variant {
            k: v.k,
            sums: v.sums,
            columns: 256,
            any_floor,
        })
    };
    let packed = variants().into_iter().filter(|v| v.k > 1);
    packed.filter(|v| v.score_bits == 1).flat_map(of).collect()
}

/// Every text with these integers, once, with the first variant of which it is.
pub fn kernels_with(integers: Integers) -> Vec<(String, Kernel)> {
    fn all_of<V: std::fmt::Debug, K: IntoIterator<Item = Kernel>>(
        variants: Vec<V>,
        integers: Integers,
        kernels: impl Fn(&V, Integers) -> K,
    ) -> Vec<(String, Kernel)> {
        let of_variant = |variant: &V| {
            let kernels = kernels(variant, integers).into_iter();
            let named = |kernel: Kernel| {
                let name = format!("{} {variant:?} {integers:?}", kernel.name);
                (name, kernel)
            };
            kernels.map(named).collect::<Vec<_>>()
        };
        variants.iter().flat_map(of_variant).collect()
    }
    let mut all = [
        all_of(variants(), integers, |v, i| [flat::shader::kernel(v, i)]),
        all_of(complete_variants(), integers, |v, i| {
            [complete::shader::kernel(v, i)]
        }),
        all_of(projected_variants(), integers, projected::shader::kernels),
        all_of(levels_variants(), integers, levels::shader::kernels),
    ]
    .concat();
    let mut known = HashSet::new();
    all.retain(|(_, kernel)| known.insert(kernel.source.clone()));
    all
}
