//! One opened device: buffers, pipelines, waiting and its clock, with every fault as an error.
//!
//! wgpu reports faults in four ways: error scopes, uncaptured errors, the device-lost callback, and
//! a panic inside `poll` when the device is lost while waiting. All end as
//! [`EngineError::Device`] here.

use super::adapters::AdapterFeatures;
use super::beside::each;
use super::compiled::Compiled;
use super::drive::Ran;
use super::fault::{Fault, Injury, Planted};
use super::layout::Integers;
use super::lock::locked;
use super::shader::Kernel;
use crate::engine::EngineError;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Instant;

/// The first failure that was reported from outside a call.
type Failure = Arc<Mutex<Option<String>>>;

/// Bytes that a [`Stopwatch`] resolves to.
pub(super) const STAMP_BYTES: u64 = 16;

/// The device's clock, read when a submission begins and ends.
#[derive(Debug)]
pub(super) struct Stopwatch {
    stamps: wgpu::QuerySet,
    resolved: wgpu::Buffer,
}

impl Stopwatch {
    /// For the descriptor of the only pass of its submission.
    pub(super) fn pass(&self) -> wgpu::ComputePassTimestampWrites<'_> {
        wgpu::ComputePassTimestampWrites {
            query_set: &self.stamps,
            beginning_of_pass_write_index: Some(0),
            end_of_pass_write_index: Some(1),
        }
    }

    /// After the pass: brings [`STAMP_BYTES`] to the start of `readback`.
    pub(super) fn resolve(&self, encoder: &mut wgpu::CommandEncoder, readback: &wgpu::Buffer) {
        encoder.resolve_query_set(&self.stamps, 0..2, &self.resolved, 0);
        encoder.copy_buffer_to_buffer(&self.resolved, 0, readback, 0, STAMP_BYTES);
    }
}

/// An opened device.
#[derive(Debug)]
pub(super) struct Device {
    name: String,
    device: wgpu::Device,
    queue: wgpu::Queue,
    failure: Failure,
    compiled: Compiled<wgpu::ComputePipeline>,
    clock: bool,
    integers: Integers,
    planted: Option<Arc<Planted>>,
    /// Bytes left, where a planted fault limits them.
    room: AtomicU64,
    /// Bytes of all buffers made.
    made: AtomicU64,
}

fn note(failure: &Failure, what: String) {
    locked(failure).get_or_insert(what);
}

impl Device {
    /// Opens `adapter` with all of its limits, which plans are made with, and those of its features
    /// that are in `features`. Its shaders are to have such 64-bit integers.
    pub(super) fn open(
        name: String,
        adapter: &wgpu::Adapter,
        features: &AdapterFeatures,
        integers: Integers,
        planted: Option<Arc<Planted>>,
    ) -> Result<Self, EngineError> {
        let mut required_limits = adapter.limits();
        // On DirectX 12 these are allocated when the device is opened; a few suffice.
        let few = wgpu::Limits::default().max_non_sampler_bindings;
        required_limits.max_non_sampler_bindings =
            required_limits.max_non_sampler_bindings.min(few);
        let request = adapter.request_device(&wgpu::DeviceDescriptor {
            label: Some("kcorrset"),
            required_features: features.wanted() & adapter.features(),
            required_limits,
            ..wgpu::DeviceDescriptor::default()
        });
        let (device, queue) = pollster::block_on(request).map_err(|error| EngineError::Device {
            device: name.clone(),
            what: error.to_string(),
        })?;
        let failure = Failure::default();
        let errors = failure.clone();
        device.on_uncaptured_error(Arc::new(move |error| note(&errors, error.to_string())));
        let losses = failure.clone();
        device.set_device_lost_callback(move |_, message| {
            note(&losses, format!("device lost: {message}"));
        });
        Ok(Self {
            name,
            device,
            queue,
            failure,
            compiled: Compiled::default(),
            clock: features.timestamp_query,
            integers,
            room: AtomicU64::new(match planted.as_ref().map(|planted| planted.fault) {
                Some(Fault::Memory(bytes)) => bytes,
                _ => u64::MAX,
            }),
            made: AtomicU64::new(0),
            planted,
        })
    }

    /// Bytes of all buffers that were made on it, also of those that are gone.
    pub(super) fn buffer_bytes(&self) -> u64 {
        self.made.load(Ordering::Relaxed)
    }

    /// How its shaders have integers of 64 bits.
    pub(super) fn integers(&self) -> Integers {
        self.integers
    }

    /// The fault that was planted in it.
    pub(super) fn fault(&self) -> Option<Fault> {
        self.planted.as_ref().map(|planted| planted.fault)
    }

    /// An error of this device.
    pub(super) fn error(&self, what: impl Into<String>) -> EngineError {
        EngineError::Device {
            device: self.name.clone(),
            what: what.into(),
        }
    }

    /// Fails if a failure was reported since the device was opened: it stays unusable.
    pub(super) fn check(&self) -> Result<(), EngineError> {
        let failure = locked(&self.failure);
        match &*failure {
            None => Ok(()),
            Some(what) => Err(self.error(what.clone())),
        }
    }

    /// Makes the device unusable, as a crash of its driver would.
    fn lose(&self) {
        self.device.destroy();
    }

    /// Runs `make`, and fails where it did: `what` was asked for.
    fn scoped<T>(&self, what: &str, make: impl FnOnce() -> T) -> Result<T, EngineError> {
        self.check()?;
        let scopes = [
            wgpu::ErrorFilter::OutOfMemory,
            wgpu::ErrorFilter::Validation,
            wgpu::ErrorFilter::Internal,
        ]
        .map(|filter| self.device.push_error_scope(filter));
        let made = make();
        // Scopes end in the reverse of their order.
        let faults = scopes
            .into_iter()
            .rev()
            .filter_map(|scope| pollster::block_on(scope.pop()))
            .collect::<Vec<_>>();
        self.check()?;
        match faults.first() {
            None => Ok(made),
            Some(fault) => Err(self.error(format!("{what}: {fault}"))),
        }
    }

    /// A buffer of this many bytes.
    pub(super) fn buffer(
        &self,
        label: &str,
        bytes: u64,
        usage: wgpu::BufferUsages,
    ) -> Result<wgpu::Buffer, EngineError> {
        let what = format!("{bytes} bytes for {label}");
        let take = |room: u64| match room {
            u64::MAX => Some(room),
            _ => room.checked_sub(bytes),
        };
        let (order, room) = (Ordering::Relaxed, &self.room);
        if room.fetch_update(order, order, take).is_err() {
            return Err(self.error(format!("{what}: out of memory, as planted")));
        }
        self.made.fetch_add(bytes, order);
        self.scoped(&what, || {
            self.device.create_buffer(&wgpu::BufferDescriptor {
                label: Some(label),
                size: bytes,
                usage,
                mapped_at_creation: false,
            })
        })
    }

    /// A storage buffer that holds `content`, which must not be empty.
    pub(super) fn storage<T: bytemuck::Pod>(
        &self,
        label: &str,
        content: &[T],
    ) -> Result<wgpu::Buffer, EngineError> {
        let content: &[u8] = bytemuck::cast_slice(content);
        let usage = wgpu::BufferUsages::STORAGE | wgpu::BufferUsages::COPY_DST;
        let buffer = self.buffer(label, content.len() as u64, usage)?;
        self.scoped(&format!("filling {label}"), || {
            self.queue.write_buffer(&buffer, 0, content);
            // Hands the staging memory over now, so that blocks do not pile up in it.
            self.queue.submit([])
        })?;
        Ok(buffer)
    }

    /// Kernels, each compiled once, and beside each other: compilers of drivers use one core for one.
    pub(super) fn pipelines(
        &self,
        kernels: &[&Kernel],
    ) -> Result<Vec<wgpu::ComputePipeline>, EngineError> {
        let pipelines = each(kernels, |&kernel| {
            let compile = || self.compile(kernel);
            self.compiled.get(kernel.name, &kernel.source, compile)
        });
        pipelines.into_iter().collect()
    }

    fn compile(&self, kernel: &Kernel) -> Result<wgpu::ComputePipeline, EngineError> {
        let Kernel { name, source } = kernel;
        tracing::info!(kernel = name, device = self.name, "compiling");
        let source = &*Fault::bend(self.fault(), source);
        let descriptor = wgpu::ShaderModuleDescriptor {
            label: Some(name),
            source: wgpu::ShaderSource::Wgsl(source.into()),
        };
        let checks = wgpu::ShaderRuntimeChecks {
            force_loop_bounding: false,
            ..wgpu::ShaderRuntimeChecks::checked()
        };
        let start = Instant::now();
        let pipeline = self.scoped(&format!("compiling {name}"), || {
            // SAFETY: the only check left out is the bound on loops. Every loop of our shaders ends:
            // `for` loops count to a bound that does not change, as the loop at the very end does, searches
            // halve their interval, and loops over users clear a bit of a word each turn. In the complete
            // kernel each turn over stems
            // takes a set or more of its share, each over leaves goes on by a leaf at least, and the step
            // to the next stem counts down.
            let module = unsafe { self.device.create_shader_module_trusted(descriptor, checks) };
            self.device
                .create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
                    label: Some(name),
                    layout: None,
                    module: &module,
                    entry_point: Some("main"),
                    compilation_options: wgpu::PipelineCompilationOptions {
                        constants: &[],
                        // Each lane writes its part before any other reads it (tally.wgsl).
                        zero_initialize_workgroup_memory: false,
                    },
                    cache: None,
                })
        })?;
        tracing::info!(kernel = name, took = ?start.elapsed(), "compiled");
        Ok(pipeline)
    }

    /// What it has compiled and compiles.
    pub(super) fn compiled(&self) -> &Compiled<wgpu::ComputePipeline> {
        &self.compiled
    }

    /// A stopwatch, where the device has a clock.
    pub(super) fn stopwatch(&self) -> Result<Option<Stopwatch>, EngineError> {
        if !self.clock {
            return Ok(None);
        }
        let stamps = self.scoped("making a stopwatch", || {
            self.device.create_query_set(&wgpu::QuerySetDescriptor {
                label: Some("stamps"),
                ty: wgpu::QueryType::Timestamp,
                count: 2,
            })
        })?;
        let usage = wgpu::BufferUsages::QUERY_RESOLVE | wgpu::BufferUsages::COPY_SRC;
        let resolved = self.buffer("stamps", STAMP_BYTES, usage)?;
        Ok(Some(Stopwatch { stamps, resolved }))
    }

    /// What a stopwatch resolved to; `None` where the stamps make no sense.
    pub(super) fn ran(&self, stamps: &[u8]) -> Option<Ran> {
        // A tick in millionths of a nanosecond: an integer, as stamps may leave 53 bits.
        let tick = (f64::from(self.queue.get_timestamp_period()) * 1e6) as u128;
        let nanoseconds = |bytes: &[u8]| {
            let stamp = u64::from_le_bytes(bytes.try_into().ok()?);
            u64::try_from(u128::from(stamp) * tick / 1_000_000).ok()
        };
        let (begin, end) = stamps.split_at_checked(8)?;
        let (begin, end) = (nanoseconds(begin)?, nanoseconds(end)?);
        (end > begin).then_some(Ran { begin, end })
    }

    /// Binds buffers to group 0 of `pipeline`, in order.
    pub(super) fn bind(
        &self,
        label: &str,
        pipeline: &wgpu::ComputePipeline,
        resources: &[wgpu::BindingResource<'_>],
    ) -> Result<wgpu::BindGroup, EngineError> {
        let entries: Vec<_> = (0..)
            .zip(resources)
            .map(|(binding, resource)| wgpu::BindGroupEntry {
                binding,
                resource: resource.clone(),
            })
            .collect();
        self.scoped(&format!("binding {label}"), || {
            self.device.create_bind_group(&wgpu::BindGroupDescriptor {
                label: Some(label),
                layout: &pipeline.get_bind_group_layout(0),
                entries: &entries,
            })
        })
    }

    /// Writes into a buffer before the next submission.
    pub(super) fn write(&self, buffer: &wgpu::Buffer, content: &[u8]) -> Result<(), EngineError> {
        self.scoped("writing a buffer", || {
            self.queue.write_buffer(buffer, 0, content);
        })
    }

    /// Records and submits commands.
    pub(super) fn submit(
        &self,
        label: &str,
        record: impl FnOnce(&mut wgpu::CommandEncoder),
    ) -> Result<wgpu::SubmissionIndex, EngineError> {
        let injury = self.planted.as_ref().and_then(|p| p.submission());
        if injury == Some(Injury::OutOfMemory) {
            return Err(self.error(format!("submitting {label}: out of memory, as planted")));
        }
        let submitted = self.scoped(&format!("submitting {label}"), || {
            let descriptor = wgpu::CommandEncoderDescriptor { label: Some(label) };
            let mut encoder = self.device.create_command_encoder(&descriptor);
            record(&mut encoder);
            self.queue.submit([encoder.finish()])
        })?;
        if injury == Some(Injury::Lost) {
            self.lose();
        }
        Ok(submitted)
    }

    /// Waits for a submission and hands out the first `bytes` of `buffer`, which it wrote.
    pub(super) fn read<T>(
        &self,
        after: wgpu::SubmissionIndex,
        buffer: &wgpu::Buffer,
        bytes: u64,
        take: impl FnOnce(&[u8]) -> T,
    ) -> Result<T, EngineError> {
        self.check()?;
        let outcome = Arc::new(Mutex::new(None));
        let report = outcome.clone();
        buffer.map_async(wgpu::MapMode::Read, 0..bytes, move |result| {
            *locked(&report) = Some(result);
        });
        // A device lost while it is waited for makes wgpu 30 panic; nothing of ours is left in
        // between.
        let polled = catch_unwind(AssertUnwindSafe(|| {
            self.device.poll(wgpu::PollType::Wait {
                submission_index: Some(after),
                timeout: None,
            })
        }));
        self.check()?;
        match polled {
            Err(_) => return Err(self.error("device lost")),
            Ok(Err(error)) => return Err(self.error(error.to_string())),
            Ok(Ok(_)) => {}
        }
        let mapped = locked(&outcome).take();
        match mapped {
            Some(Ok(())) => {}
            Some(Err(error)) => return Err(self.error(error.to_string())),
            None => return Err(self.error("a finished result could not be read")),
        }
        let taken = {
            let view = buffer
                .get_mapped_range(0..bytes)
                .map_err(|error| self.error(error.to_string()))?;
            take(&view)
        };
        buffer.unmap();
        Ok(taken)
    }
}
