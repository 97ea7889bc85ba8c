//! Every shader parses and validates without a device, and Rust and WGSL agree on layouts.

mod kernels;

use kcorrset::engine::gpu::layout::{
    Integers, MAX_K, Record, SumWidth, TALLY_BYTES, Tally, WORKGROUP,
};
use kcorrset::engine::gpu::projected::layout::{BATCH, LANES, QUEUE, TILE_BYTES, TILE_USERS};
use kcorrset::engine::gpu::projected::plan::workgroup_bytes;
use kcorrset::engine::gpu::shader::Kernel;
use kcorrset::engine::gpu::{complete, flat, levels, projected};
use kernels::{kernels_with, levels_variants, projected_variants, variants};
use naga::{Module, TypeInner};
use std::collections::BTreeSet;
use std::mem::offset_of;
use std::path::Path;

/// Every text, with what it is.
fn kernels() -> Vec<(String, Kernel)> {
    Integers::ALL.into_iter().flat_map(kernels_with).collect()
}

fn parse(kernel: &Kernel) -> Module {
    let Kernel { name, source } = kernel;
    naga::front::wgsl::parse_str(source)
        .unwrap_or_else(|e| panic!("{name}: {}", e.emit_to_string(source)))
}

/// Bytes of workgroup memory.
fn shared_bytes(module: &Module) -> u64 {
    let mut layouter = naga::proc::Layouter::default();
    layouter.update(module.to_ctx()).unwrap();
    let shared = module
        .global_variables
        .iter()
        .filter(|(_, v)| v.space == naga::AddressSpace::WorkGroup);
    shared.map(|(_, v)| u64::from(layouter[v.ty].size)).sum()
}

/// Workgroups that a unit of a GPU has memory for at `bytes` each: AMD's compute units, and NVIDIA's of
/// architectures 9.0 and 8.9, which take a kilobyte for each workgroup themselves.
fn held(bytes: u64) -> [u64; 3] {
    let unit = |memory: u64, grain, taken| (memory << 10) / (bytes.next_multiple_of(grain) + taken);
    [
        unit(64, 1 << 10, 0),
        unit(228, 128, 1 << 10),
        unit(100, 128, 1 << 10),
    ]
}

/// Names of what is bound, in order.
fn bound(module: &Module) -> Vec<String> {
    let mut bindings: Vec<_> = module
        .global_variables
        .iter()
        .filter_map(|(_, v)| Some((v.binding?.binding, v.name.clone().unwrap_or_default())))
        .collect();
    bindings.sort();
    bindings.into_iter().map(|(_, name)| name).collect()
}

#[test]
fn every_variant_of_every_kernel_validates() {
    for (name, kernel) in kernels() {
        let (module, source) = (parse(&kernel), &kernel.source);
        // No capability, nothing that an adapter might lack, but where leaves are abreast and integers native.
        let (lanes, mut capabilities) = if source.contains("const LANES") {
            (LANES, naga::valid::Capabilities::SUBGROUP)
        } else {
            (WORKGROUP, naga::valid::Capabilities::empty())
        };
        if name.ends_with("Native") {
            capabilities |= naga::valid::Capabilities::SHADER_INT64;
        }
        naga::valid::Validator::new(naga::valid::ValidationFlags::all(), capabilities)
            .subgroup_stages(naga::valid::ShaderStages::COMPUTE)
            .subgroup_operations(naga::valid::SubgroupOperationSet::all())
            .validate(&module)
            .unwrap_or_else(|e| panic!("{name}: {}", e.emit_to_string(source)));
        assert_eq!(module.entry_points.len(), 1);
        let entry = &module.entry_points[0];
        assert_eq!(entry.name, "main");
        assert_eq!(entry.workgroup_size, [lanes, 1, 1]);
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

/// A type's name, its path left out.
fn name_of(path: &str) -> &str {
    path.rsplit("::").next().unwrap_or(path).trim()
}

macro_rules! agrees {
    ($module:expr, $type:ty, [$($member:ident),*]) => {{
        let (members, size) = layout_of($module, name_of(stringify!($type)));
        let ours = [$((stringify!($member), offset_of!($type, $member) as u32)),*];
        let theirs: Vec<_> = members.iter().map(|(n, o)| (n.as_str(), *o)).collect();
        assert_eq!(theirs, ours, stringify!($type));
        assert_eq!(size as usize, size_of::<$type>(), stringify!($type));
    }};
}

#[test]
fn structs_have_one_layout_in_both_languages() {
    for variant in [variants()[0], variants()[1]] {
        let module = parse(&flat::shader::kernel(&variant, Integers::Pairs));
        agrees!(
            &module,
            flat::layout::Params,
            [
                left,
                floor,
                questions,
                row_entries,
                sets,
                workgroups,
                words,
                first_span,
                last_span,
                stride,
                capacity,
                min_users,
                serial
            ]
        );
        agrees!(&module, Record, [tally, serial, cut, closed]);
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
            [
                ("mode", 0),
                ("mantissa", 4),
                ("exponent", 8),
                ("kind", 12),
                ("blur", 16)
            ]
            .map(|(n, o)| (n.to_owned(), o))
        );
    }
}

#[test]
fn what_is_bound_and_shared_is_what_is_planned() {
    let variant = variants()[0];
    let module = parse(&flat::shader::kernel(&variant, Integers::Pairs));
    // All storage buffers: WebGPU promises 8.
    assert_eq!(
        bound(&module),
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
    assert_eq!(
        shared_bytes(&module),
        u64::from(WORKGROUP) * TALLY_BYTES / 2
    );
}

#[test]
fn the_projected_pipeline_binds_and_shares_what_is_planned() {
    for variant in projected_variants() {
        let kernels = projected::shader::kernels(&variant, Integers::Pairs);
        let [expand, score] = kernels.each_ref().map(parse);
        assert_eq!(
            bound(&expand),
            [
                "params",
                "binomials",
                "answered",
                "rows",
                "totals",
                "claimed",
                "stems",
                "scratch"
            ]
        );
        let mut own = vec!["params", "stems", "scratch"];
        own.extend((!variant.abreast).then_some("claimed"));
        own.extend(["survivors", "records"]);
        own.extend((variant.tile > 0 || variant.abreast).then_some("rows"));
        own.extend((variant.tile > 0).then_some("lists"));
        // `rows` and `lists` are declared where nothing is swept, and not bound.
        assert_eq!(bound(&score)[..own.len()], own);
        for module in [&expand, &score] {
            agrees!(
                module,
                projected::layout::Params,
                [
                    stem_left,
                    floor,
                    questions,
                    row_entries,
                    stems,
                    workgroups,
                    first,
                    sets,
                    quads,
                    row_words,
                    answered_words,
                    room,
                    capacity,
                    min_users,
                    slack,
                    serial,
                    top,
                    bar,
                    list,
                    head,
                    rows_at,
                    answered_at,
                    ways_at
                ]
            );
        }
        if variant.abreast {
            // All that its lanes share goes from lane to lane.
            assert_eq!(shared_bytes(&score) + shared_bytes(&expand), 0);
            continue;
        }
        let swept = [0, 1][usize::from(variant.tile > 0)];
        // Of lanes: half a tally, what is scanned, and leaves; of groups of eight lanes a sum. The queue of leaves;
        // the next stem, its items, and how many leaves are left and wait.
        let lanes = u64::from(WORKGROUP);
        let own = lanes * (TALLY_BYTES / 2 + 12) + lanes / 8 * 4 + u64::from(QUEUE) * 4 + 16;
        // Of a sweep: the tile, the prefixes of a batch and their order, the most squares and the first side.
        let tile = u64::from(variant.tile / TILE_USERS) * TILE_BYTES;
        let sweep = swept * (u64::from(BATCH) * 12 + 8) + tile;
        assert_eq!(shared_bytes(&score), own + sweep);
        let planned = workgroup_bytes(variant.tile);
        assert!(own + sweep <= planned && shared_bytes(&expand) <= planned);
        if variant.tile > 0 {
            // What the tile is chosen by: as many workgroups of score are held at a time as are planned.
            assert_eq!(held(own + sweep), held(planned), "{variant:?}");
        }
    }
}

#[test]
fn the_levels_pipeline_binds_and_shares_what_is_planned() {
    for variant in levels_variants() {
        let table: &[_] = &["rows", "tails", "claimed"];
        let own = [
            [&["binomials", "columns"], table, &["next"]].concat(),
            [&["binomials"], table, &["frontier", "next"]].concat(),
            [table, &["frontier", "survivors"]].concat(),
        ];
        let kernels = levels::shader::kernels(&variant, Integers::Pairs);
        for (kernel, own) in kernels.iter().zip(own) {
            let module = parse(kernel);
            // All storage buffers: WebGPU promises 8.
            assert_eq!(
                bound(&module),
                [&["params"], &own[..], &["records"]].concat()
            );
            assert!(shared_bytes(&module) <= levels::plan::WORKGROUP_BYTES);
            agrees!(
                &module,
                levels::layout::Params,
                [
                    first_left,
                    last_left,
                    root_left,
                    floor,
                    k,
                    questions,
                    row_entries,
                    roots,
                    quads,
                    row_words,
                    forms_at,
                    forms_row_entries,
                    workgroups,
                    level,
                    users_at,
                    room,
                    capacity,
                    min_users,
                    first_dispatch,
                    serial
                ]
            );
            agrees!(&module, Record, [tally, serial, cut, closed]);
        }
    }
}

#[test]
fn the_complete_kernel_has_the_layout_and_memory_that_are_planned() {
    for (k, sums, columns) in [
        (2, SumWidth::Narrow, 64),
        (5, SumWidth::Wide, 448),
        (33, SumWidth::Narrow, 704),
        (MAX_K, SumWidth::Wide, 1856),
    ] {
        let variant = complete::layout::Variant {
            k,
            sums,
            columns,
            any_floor: k == 5,
        };
        let module = parse(&complete::shader::kernel(&variant, Integers::Pairs));
        agrees!(
            &module,
            complete::layout::Params,
            [
                left,
                bar,
                lambda,
                top,
                least_x,
                least_y,
                judged,
                questions,
                row_entries,
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
        agrees!(&module, Record, [tally, serial, cut, closed]);
        assert_eq!(
            shared_bytes(&module),
            complete::plan::workgroup_bytes(k, sums, columns)
        );
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
        let Kernel { source, .. } = flat::shader::kernel(&variant, Integers::Pairs);
        let last = variant.sums.words() - 1;
        assert!(source.contains(&format!("partials[{last}u * stride + i]")));
        assert!(!source.contains(&format!("partials[{}u * stride + i]", last + 1)));
    }
}

#[test]
fn every_file_is_a_kernel_or_a_piece_of_one_and_starts_with_what_it_is() {
    let shaders = Path::new(env!("CARGO_MANIFEST_DIR")).join("shaders");
    let all = kernels();
    let with = |text: &str| -> Vec<&str> {
        let with = all
            .iter()
            .filter(|(_, kernel)| kernel.source.contains(text));
        with.map(|(_, kernel)| kernel.name).collect()
    };
    let names: BTreeSet<_> = all.iter().map(|(_, kernel)| kernel.name).collect();
    let mut files = 0;
    for folder in [shaders.clone(), shaders.join("shared")] {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                continue;
            }
            let text = std::fs::read_to_string(&path).unwrap();
            assert!(text.starts_with("// "), "{path:?}");
            let kernels = with(&text);
            assert!(!kernels.is_empty(), "{path:?}");
            if text.contains("@compute") {
                files += 1;
                let stem = path.file_stem().unwrap().to_str().unwrap();
                assert!(kernels.iter().all(|&name| name == stem), "{path:?}");
            }
        }
    }
    assert_eq!(files, names.len());
}
