//! Which adapters there are and what each can do: the source of `kcorrset devices`.

use super::limits::Limits;
use crate::engine::EngineError;
use serde::Serialize;

/// What Mesa's software rasterizer, on which lavapipe runs shaders, is called as a driver.
const LLVMPIPE: &str = "llvmpipe";

/// What is known of one adapter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AdapterReport {
    /// Its place in [`adapters`], from 0: the number that people choose it by.
    pub index: usize,
    /// The adapter's name.
    pub name: String,
    /// Vulkan, Metal or Dx12.
    pub backend: String,
    /// Name of the adapter's driver.
    pub driver: String,
    /// Version of the adapter's driver.
    pub driver_info: String,
    /// DiscreteGpu, IntegratedGpu, VirtualGpu, Cpu or Other.
    pub device_type: String,
    /// Whether it computes on the CPU; then it is used only where asked for.
    pub software: bool,
    /// PCI id of the vendor.
    pub vendor: u32,
    /// PCI id of the device.
    pub device: u32,
    /// Limits that decide tiling.
    pub limits: Limits,
    /// Features that decide which shaders can run.
    pub features: AdapterFeatures,
}

/// Features of interest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct AdapterFeatures {
    /// Votes and ballots between the lanes of a subgroup.
    pub subgroup: bool,
    /// 64-bit integers in shaders.
    pub shader_int64: bool,
    /// Timestamps on the device.
    pub timestamp_query: bool,
    /// Lanes of a subgroup, at least.
    pub subgroup_min_size: u32,
    /// Lanes of a subgroup, at most.
    pub subgroup_max_size: u32,
}

impl AdapterFeatures {
    /// What both have.
    #[must_use]
    pub fn at_most(&self, other: &Self) -> Self {
        Self {
            subgroup: self.subgroup && other.subgroup,
            shader_int64: self.shader_int64 && other.shader_int64,
            timestamp_query: self.timestamp_query && other.timestamp_query,
            subgroup_min_size: self.subgroup_min_size,
            subgroup_max_size: self.subgroup_max_size,
        }
    }

    /// Lanes of every subgroup; 0 without subgroups, and where their size is not known beforehand.
    pub(super) fn subgroup_lanes(&self) -> u32 {
        if self.subgroup && self.subgroup_min_size == self.subgroup_max_size {
            self.subgroup_min_size
        } else {
            0
        }
    }

    /// What a device is opened with.
    pub(super) fn wanted(&self) -> wgpu::Features {
        [
            (self.subgroup, wgpu::Features::SUBGROUP),
            (self.shader_int64, wgpu::Features::SHADER_INT64),
            (self.timestamp_query, wgpu::Features::TIMESTAMP_QUERY),
        ]
        .into_iter()
        .filter_map(|(there, feature)| there.then_some(feature))
        .fold(wgpu::Features::empty(), |all, feature| all | feature)
    }
}

/// Every adapter that this machine offers, in a stable order, software last; empty where there is
/// none, also where the machine has no Vulkan loader.
#[must_use]
pub fn adapters() -> Vec<AdapterReport> {
    enumerate()
        .iter()
        .enumerate()
        .map(|(index, adapter)| report(index, adapter))
        .collect()
}

/// The adapters with these indices, in this order, one also more than once; without any, the first,
/// which is software only where all are.
pub(super) fn choose(
    indices: &[usize],
) -> Result<Vec<(AdapterReport, wgpu::Adapter)>, EngineError> {
    let found = enumerate();
    if found.is_empty() {
        return Err(EngineError::NoGpu);
    }
    let indices = if indices.is_empty() { &[0] } else { indices };
    let choose = |&at: &usize| {
        let adapter = found.get(at).ok_or(EngineError::NoSuchGpu {
            index: at,
            adapters: found.len(),
        })?;
        Ok((report(at, adapter), adapter.clone()))
    };
    indices.iter().map(choose).collect()
}

/// Enumeration order is the loader's, so it is replaced by one over what adapters are.
fn enumerate() -> Vec<wgpu::Adapter> {
    let backends = wgpu::Backends::VULKAN | wgpu::Backends::METAL | wgpu::Backends::DX12;
    let mut descriptor = wgpu::InstanceDescriptor::new_without_display_handle();
    descriptor.backends = backends;
    // No validation layers: naga validates the shaders, wgpu the calls.
    descriptor.flags = wgpu::InstanceFlags::empty();
    let instance = wgpu::Instance::new(descriptor);
    let mut found = pollster::block_on(instance.enumerate_adapters(backends));
    found.sort_by_cached_key(|adapter| {
        let info = adapter.get_info();
        let kind = match info.device_type {
            wgpu::DeviceType::DiscreteGpu => 0,
            wgpu::DeviceType::IntegratedGpu => 1,
            wgpu::DeviceType::VirtualGpu => 2,
            wgpu::DeviceType::Other => 3,
            wgpu::DeviceType::Cpu => 4,
        };
        let backend = format!("{:?}", info.backend);
        (kind, backend, info.device_pci_bus_id, info.name)
    });
    found
}

fn report(index: usize, adapter: &wgpu::Adapter) -> AdapterReport {
    let info = adapter.get_info();
    let features = adapter.features();
    let found = AdapterFeatures {
        subgroup: features.contains(wgpu::Features::SUBGROUP),
        shader_int64: features.contains(wgpu::Features::SHADER_INT64),
        timestamp_query: features.contains(wgpu::Features::TIMESTAMP_QUERY),
        subgroup_min_size: info.subgroup_min_size,
        subgroup_max_size: info.subgroup_max_size,
    };
    let software = info.device_type == wgpu::DeviceType::Cpu;
    let is_llvmpipe = info.driver == LLVMPIPE;
    AdapterReport {
        index,
        name: info.name,
        backend: format!("{:?}", info.backend),
        driver: info.driver,
        driver_info: info.driver_info,
        device_type: format!("{:?}", info.device_type),
        software,
        vendor: info.vendor,
        device: info.device,
        limits: limits(&adapter.limits(), software, is_llvmpipe, &found),
        features: found,
    }
}

fn limits(
    limits: &wgpu::Limits,
    software: bool,
    is_llvmpipe: bool,
    features: &AdapterFeatures,
) -> Limits {
    Limits {
        max_storage_binding: limits.max_storage_buffer_binding_size,
        max_buffer: limits.max_buffer_size,
        workgroup_memory: limits.max_compute_workgroup_storage_size,
        invocations: limits
            .max_compute_invocations_per_workgroup
            .min(limits.max_compute_workgroup_size_x),
        workgroups_per_side: limits.max_compute_workgroups_per_dimension,
        loop_turns: if is_llvmpipe {
            Limits::LLVMPIPE_LOOP_TURNS
        } else {
            u32::MAX
        },
        lane_loads: if software {
            features.subgroup_lanes()
        } else {
            0
        },
        chunk: Limits::CHUNK,
        survivors: Limits::SURVIVORS,
    }
}
