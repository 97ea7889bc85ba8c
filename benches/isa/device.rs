//! Kernels compiled by a driver for a GPU that is not there, through the part of wgpu that the engine's
//! pipelines go through too. The driver prints what it made.
//!
//! Such a device has no memory and no queue that works, so wgpu's upper part, which fills buffers when a device
//! is opened, refuses it; its lower part, `hal`, opens it.

use crate::kernels::{Counted, kernels};
use std::borrow::Cow;
use wgpu::hal::{self, Adapter as _, Device as _, api::Vulkan};
use wgpu::naga::{self, AddressSpace, Module, StorageAccess};

/// Starts the line in front of what is printed of a kernel.
pub const KERNEL: &str = "isa: kernel ";

/// Starts the line that says which driver there is.
pub const DRIVER: &str = "isa: driver ";

/// What the process ends with where the driver has no such family.
pub const NO_FAMILY: i32 = 3;

/// Compiles all kernels for the family that the environment names, with what is printed on stderr.
pub fn compile() -> Result<(), String> {
    let mut descriptor = wgpu::InstanceDescriptor::new_without_display_handle();
    descriptor.backends = wgpu::Backends::VULKAN;
    descriptor.flags = wgpu::InstanceFlags::empty();
    let instance = wgpu::Instance::new(descriptor);
    let found = pollster::block_on(instance.enumerate_adapters(wgpu::Backends::VULKAN));
    let null = |adapter: &&wgpu::Adapter| adapter.get_info().driver == "radv";
    let Some(adapter) = found.iter().find(null) else {
        std::process::exit(NO_FAMILY);
    };
    let info = adapter.get_info();
    eprintln!("{DRIVER}{}, {}", info.driver_info, info.name);
    let features = adapter.features() & (wgpu::Features::SHADER_INT64 | wgpu::Features::SUBGROUP);
    // SAFETY: the adapter outlives the device, and is not taken apart.
    let open = unsafe {
        let adapter = adapter.as_hal::<Vulkan>().ok_or("no Vulkan adapter")?;
        let hints = wgpu::MemoryHints::default();
        adapter.open(features, &wgpu::Limits::default(), &hints)
    };
    let device = open.map_err(|error| error.to_string())?.device;
    for kernel in kernels() {
        eprintln!("{KERNEL}{}", kernel.name);
        pipeline(&device, &kernel).map_err(|error| format!("{}: {error}", kernel.name))?;
    }
    // The driver is not made to take such a device down.
    std::process::exit(0);
}

/// Reads and validates a kernel.
fn module(kernel: &Counted) -> Result<(Module, naga::valid::ModuleInfo), String> {
    let source = &kernel.source;
    let module = naga::front::wgsl::parse_str(source).map_err(|e| e.emit_to_string(source))?;
    let flags = naga::valid::ValidationFlags::all();
    let capabilities = naga::valid::Capabilities::SHADER_INT64;
    let info = naga::valid::Validator::new(flags, capabilities)
        .validate(&module)
        .map_err(|error| error.emit_to_string(source))?;
    Ok((module, info))
}

/// Bytes of workgroup memory that a kernel uses. Pieces may declare more than this kernel does.
pub fn shared_bytes(kernel: &Counted) -> Result<u64, String> {
    let (module, info) = module(kernel)?;
    let mut layouter = naga::proc::Layouter::default();
    layouter
        .update(module.to_ctx())
        .map_err(|error| error.to_string())?;
    let main = info.get_entry_point(0);
    let variables = module.global_variables.iter();
    let shared = variables.filter(|(handle, variable)| {
        variable.space == AddressSpace::WorkGroup && !main[*handle].is_empty()
    });
    Ok(shared
        .map(|(_, variable)| u64::from(layouter[variable.ty].size))
        .sum())
}

/// The entries of bind group 0, as wgpu derives them from a module.
fn entries(module: &Module) -> Vec<wgpu::BindGroupLayoutEntry> {
    let entry = |variable: &naga::GlobalVariable| {
        let AddressSpace::Storage { access } = variable.space else {
            return None;
        };
        Some(wgpu::BindGroupLayoutEntry {
            binding: variable.binding?.binding,
            visibility: wgpu::ShaderStages::COMPUTE,
            ty: wgpu::BindingType::Buffer {
                ty: wgpu::BufferBindingType::Storage {
                    read_only: !access.contains(StorageAccess::STORE),
                },
                has_dynamic_offset: false,
                min_binding_size: None,
            },
            count: None,
        })
    };
    let variables = module.global_variables.iter();
    let mut entries: Vec<_> = variables
        .filter_map(|(_, variable)| entry(variable))
        .collect();
    entries.sort_by_key(|entry| entry.binding);
    entries
}

/// Makes the kernel's pipeline, with the checks that the engine asks for.
fn pipeline(device: &<Vulkan as hal::Api>::Device, kernel: &Counted) -> Result<(), String> {
    let (module, info) = module(kernel)?;
    let entries = entries(&module);
    let runtime_checks = wgpu::ShaderRuntimeChecks {
        force_loop_bounding: false,
        ..wgpu::ShaderRuntimeChecks::checked()
    };
    let shader = hal::ShaderInput::Naga(hal::NagaShader {
        module: Cow::Owned(module),
        info,
        debug_source: None,
    });
    // SAFETY: the module is validated, its bindings are those of the layout, and nothing is ever submitted.
    unsafe {
        let group = device
            .create_bind_group_layout(&hal::BindGroupLayoutDescriptor {
                label: None,
                flags: hal::BindGroupLayoutFlags::empty(),
                entries: &entries,
            })
            .map_err(|error| error.to_string())?;
        let layout = device
            .create_pipeline_layout(&hal::PipelineLayoutDescriptor {
                label: None,
                flags: hal::PipelineLayoutFlags::empty(),
                bind_group_layouts: &[Some(&group)],
                immediate_size: 0,
            })
            .map_err(|error| error.to_string())?;
        let descriptor = hal::ShaderModuleDescriptor {
            label: None,
            runtime_checks,
        };
        let module = device
            .create_shader_module(&descriptor, shader)
            .map_err(|error| error.to_string())?;
        device
            .create_compute_pipeline(&hal::ComputePipelineDescriptor {
                label: None,
                layout: &layout,
                stage: hal::ProgrammableStage {
                    module: &module,
                    entry_point: "main",
                    constants: &naga::back::PipelineConstants::default(),
                    zero_initialize_workgroup_memory: false,
                },
                cache: None,
            })
            .map_err(|error| error.to_string())?;
    }
    Ok(())
}
