//! Texts as the SPIR-V that wgpu makes of them on Vulkan, one file each.

use crate::kernels::kernels_with;
use anyhow::{Context, Result};
use kcorrset::engine::gpu::layout::Integers;
use kcorrset::engine::gpu::shader::Kernel;
use naga::back::spv;
use naga::proc::{BoundsCheckPolicies, BoundsCheckPolicy};
use naga::valid::{Capabilities, ValidationFlags, Validator};
use std::fs;
use std::path::Path;

/// Writes all of them into `folder`, in a folder for each Vulkan that matters: 1.1 with checks of bounds in
/// the text, and 1.3, where the device checks them.
pub fn write(folder: &Path) -> Result<()> {
    let vulkans = [
        ("vulkan1.1", (1, 3), BoundsCheckPolicy::Restrict),
        ("vulkan1.3", (1, 6), BoundsCheckPolicy::Unchecked),
    ];
    for (name, version, buffer) in vulkans {
        let folder = folder.join(name);
        fs::create_dir_all(&folder)?;
        for (what, kernel) in Integers::ALL.into_iter().flat_map(kernels_with) {
            let words = spirv(&kernel, version, buffer).with_context(|| what.clone())?;
            let bytes: Vec<u8> = words.into_iter().flat_map(u32::to_le_bytes).collect();
            fs::write(folder.join(format!("{}.spv", file_name(&what))), bytes)?;
        }
    }
    Ok(())
}

/// What a kernel is, in letters, digits and dashes.
fn file_name(what: &str) -> String {
    let words = what.split(|c: char| !c.is_alphanumeric());
    let words: Vec<_> = words.filter(|word| !word.is_empty()).collect();
    words.join("-")
}

/// With the options of wgpu's Vulkan backend and those that the engine compiles with.
fn spirv(kernel: &Kernel, version: (u8, u8), buffer: BoundsCheckPolicy) -> Result<Vec<u32>> {
    let module = naga::front::wgsl::parse_str(&kernel.source)?;
    let info = Validator::new(ValidationFlags::all(), Capabilities::all()).validate(&module)?;
    let options = spv::Options {
        lang_version: version,
        flags: spv::WriterFlags::LABEL_VARYINGS | spv::WriterFlags::FORCE_POINT_SIZE,
        bounds_check_policies: BoundsCheckPolicies {
            index: BoundsCheckPolicy::Restrict,
            buffer,
            ..BoundsCheckPolicies::default()
        },
        zero_initialize_workgroup_memory: spv::ZeroInitializeWorkgroupMemoryMode::None,
        force_loop_bounding: false,
        ..spv::Options::default()
    };
    let pipeline = spv::PipelineOptions {
        entry_point: "main".to_owned(),
        shader_stage: naga::ShaderStage::Compute,
    };
    Ok(spv::write_vec(&module, &info, &options, Some(&pipeline))?)
}
