//! Every shader parses and validates without a device, and Rust and WGSL agree on layouts.

use kcorrset::engine::gpu::complete::plan::workgroup_bytes;
use kcorrset::engine::gpu::layout::{
    CompleteParams, MAX_K, Params, Record, SumWidth, TALLY_BYTES, Tally, Variant, WORKGROUP,
};
use kcorrset::engine::gpu::shader::Kernel;
use naga::{Module, TypeInner};
use std::mem::offset_of;
use std::path::Path;

fn variants() -> Vec<Variant> {
    let mut all = Vec::new();
    for k in [1, 2, 5, 32, MAX_K] {
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

fn parse(kernel: Kernel, variant: &Variant) -> Module {
    let source = kernel.source(variant);
    naga::front::wgsl::parse_str(&source)
        .unwrap_or_else(|e| panic!("{kernel:?} {variant:?}: {}", e.emit_to_string(&source)))
}

#[test]
fn every_variant_of_every_kernel_validates() {
    for kernel in Kernel::ALL {
        for variant in variants().into_iter().filter(|v| v.k >= kernel.least_k()) {
            let module = parse(kernel, &variant);
            // No capability: nothing that an adapter might lack.
            naga::valid::Validator::new(
                naga::valid::ValidationFlags::all(),
                naga::valid::Capabilities::empty(),
            )
            .validate(&module)
            .unwrap_or_else(|e| panic!("{kernel:?} {variant:?}: {e:?}"));
            assert_eq!(module.entry_points.len(), 1);
            let entry = &module.entry_points[0];
            assert_eq!(entry.name, "main");
            assert_eq!(entry.workgroup_size, [WORKGROUP, 1, 1]);
        }
    }
}

/// Name and offset of each member, and the size.
fn layout_of(module: &Module, name: &str) -> (Vec<(String, u32)>, u32) {
    let found = module
        .types
        .iter()
        .find(|(_, t)| t.name.as_deref() == Some(name));
    match found.map(|(_, t)| &t.inner) {
        Some(TypeInner::Struct { members, span }) => (
            members
                .iter()
                .map(|m| (m.name.clone().unwrap_or_default(), m.offset))
                .collect(),
            *span,
        ),
        other => panic!("{name}: {other:?}"),
    }
}

macro_rules! agrees {
    ($module:expr, $type:ident, [$($member:ident),*]) => {{
        let (members, size) = layout_of($module, stringify!($type));
        let ours = [$((stringify!($member), offset_of!($type, $member) as u32)),*];
        let theirs: Vec<_> = members.iter().map(|(n, o)| (n.as_str(), *o)).collect();
        assert_eq!(theirs, ours, stringify!($type));
        assert_eq!(size as usize, size_of::<$type>(), stringify!($type));
    }};
}

#[test]
fn structs_have_one_layout_in_both_languages() {
    for variant in [variants()[0], variants()[1]] {
        let module = parse(Kernel::Flat, &variant);
        agrees!(
            &module,
            Params,
            [
                left,
                floor,
                questions,
                span,
                sets,
                workgroups,
                words,
                first_block,
                last_block,
                stride,
                capacity,
                min_users,
                serial
            ]
        );
        agrees!(&module, Record, [tally, serial]);
        let (members, size) = layout_of(&module, "Tally");
        assert_eq!(members[0], ("counts".to_owned(), 0));
        assert_eq!(
            members[1],
            ("sums".to_owned(), offset_of!(Tally, sums) as u32)
        );
        assert_eq!(u64::from(size), TALLY_BYTES);
        let (floor, _) = layout_of(&module, "Floor");
        assert_eq!(
            floor,
            [("mode", 0), ("mantissa", 4), ("exponent", 8)].map(|(n, o)| (n.to_owned(), o))
        );
    }
}

#[test]
fn what_is_bound_and_shared_is_what_is_planned() {
    let variant = variants()[0];
    let module = parse(Kernel::Flat, &variant);
    let mut bindings: Vec<_> = module
        .global_variables
        .iter()
        .filter_map(|(_, v)| Some((v.binding?.binding, v.name.clone().unwrap_or_default())))
        .collect();
    bindings.sort();
    let names: Vec<_> = bindings.iter().map(|(_, name)| name.as_str()).collect();
    // All storage buffers: WebGPU promises 8.
    assert_eq!(
        names,
        [
            "params",
            "binomials",
            "answered",
            "scores",
            "totals",
            "partials",
            "survivors",
            "records"
        ]
    );
    let mut layouter = naga::proc::Layouter::default();
    layouter.update(module.to_ctx()).unwrap();
    let shared: u32 = module
        .global_variables
        .iter()
        .filter(|(_, v)| v.space == naga::AddressSpace::WorkGroup)
        .map(|(_, v)| layouter[v.ty].size)
        .sum();
    assert_eq!(u64::from(shared), u64::from(WORKGROUP) * TALLY_BYTES);
}

#[test]
fn the_complete_kernel_has_the_layout_and_memory_that_are_planned() {
    for (k, sums, span) in [
        (2, SumWidth::Narrow, 64),
        (5, SumWidth::Wide, 448),
        (33, SumWidth::Narrow, 704),
        (MAX_K, SumWidth::Wide, 1856),
    ] {
        let variant = Variant {
            k,
            score_bits: 1,
            sums,
        };
        let module = parse(Kernel::Complete { span }, &variant);
        agrees!(
            &module,
            CompleteParams,
            [
                left,
                bar,
                judged,
                questions,
                span,
                sets,
                share,
                workgroups,
                capacity,
                serial,
                covariances,
                variances,
                with_total
            ]
        );
        agrees!(&module, Record, [tally, serial]);
        let mut layouter = naga::proc::Layouter::default();
        layouter.update(module.to_ctx()).unwrap();
        let shared: u32 = module
            .global_variables
            .iter()
            .filter(|(_, v)| v.space == naga::AddressSpace::WorkGroup)
            .map(|(_, v)| layouter[v.ty].size)
            .sum();
        assert_eq!(u64::from(shared), workgroup_bytes(k, sums, span));
        let bound = module.global_variables.iter();
        let bound = bound.filter(|(_, v)| v.binding.is_some()).count();
        // All storage buffers: WebGPU promises 8.
        assert_eq!(bound, 6);
    }
}

#[test]
fn words_of_partial_sums_are_counted_alike() {
    // The load of the last word names its place: `partials[10u * stride + i]` for 11 words.
    for variant in variants() {
        let source = Kernel::Flat.source(&variant);
        let last = variant.sums.words() - 1;
        assert!(source.contains(&format!("partials[{last}u * stride + i]")));
        assert!(!source.contains(&format!("partials[{}u * stride + i]", last + 1)));
    }
}

#[test]
fn every_file_is_a_kernel_or_a_piece_of_one_and_starts_with_what_it_is() {
    let shaders = Path::new(env!("CARGO_MANIFEST_DIR")).join("shaders");
    let sources: Vec<String> = Kernel::ALL
        .iter()
        .flat_map(|kernel| variants().into_iter().map(|v| kernel.source(&v)))
        .collect();
    let mut kernels = 0;
    for folder in [shaders.clone(), shaders.join("shared")] {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                continue;
            }
            let text = std::fs::read_to_string(&path).unwrap();
            assert!(text.starts_with("// "), "{path:?}");
            assert!(sources.iter().any(|s| s.contains(&text)), "{path:?}");
            if text.contains("@compute") {
                kernels += 1;
                let stem = path.file_stem().unwrap().to_str().unwrap();
                let kernel = Kernel::ALL.iter().find(|k| k.name() == stem);
                let kernel = kernel.unwrap_or_else(|| panic!("{path:?} has no kernel"));
                assert!(kernel.source(&variants()[0]).contains(&text));
            }
        }
    }
    assert_eq!(kernels, Kernel::ALL.len());
}
