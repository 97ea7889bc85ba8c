//! The flat pipeline on a device: its buffers, a dispatch a block, and the answer taken apart.
//!
//! The kernel is `shaders/flat.wgsl`. All sizes come from [`Plan`].

use super::device::{Device, STAMP_BYTES, Stopwatch};
use super::drive::{Answer, Pipeline};
use super::fault::Fault;
use super::floor::Floor;
use super::job::Job;
use super::layout::{Params, RECORD_BYTES, WORKGROUP};
use super::limits::{Excess, Limits};
use super::pace::Bounds;
use super::plan::{Plan, Shape};
use super::queue::Chunk;
use super::records;
use super::shader::Kernel;
use crate::engine::EngineError;
use wgpu::BufferUsages;

/// Chunks in flight: one computes and one waits its turn while the host finishes a third.
const SLOTS: usize = 3;

/// Bytes from one block's params to the next: WebGPU lets no adapter ask for more alignment.
const PARAMS_STRIDE: u64 = 256;

/// Everything of one search on a device.
#[derive(Debug)]
pub(super) struct Flat<'a> {
    device: &'a Device,
    limits: Limits,
    plan: Plan,
    job: &'a Job<'a>,
    pipeline: wgpu::ComputePipeline,
    /// Params that are the same in all chunks, one for each block.
    params: Vec<Params>,
    slots: Vec<Slot>,
    /// Of the last dispatch.
    serial: u32,
    fault: Option<Fault>,
}

/// Buffers of a chunk in flight.
#[derive(Debug)]
struct Slot {
    params: wgpu::Buffer,
    survivors: wgpu::Buffer,
    records: wgpu::Buffer,
    /// The clock's stamps, records, survivors.
    readback: wgpu::Buffer,
    stopwatch: Option<Stopwatch>,
    /// One for each block.
    bindings: Vec<wgpu::BindGroup>,
    running: Option<Running>,
}

/// A chunk in flight.
#[derive(Debug)]
struct Running {
    chunk: Chunk,
    serial: u32,
    submission: wgpu::SubmissionIndex,
}

/// Workgroups of a chunk.
fn workgroups(chunk: Chunk) -> u32 {
    chunk_sets(chunk).div_ceil(WORKGROUP)
}

/// Sets of a chunk, which is at most [`Plan::chunk`].
fn chunk_sets(chunk: Chunk) -> u32 {
    chunk.sets as u32
}

impl<'a> Flat<'a> {
    /// Plans, uploads the table and makes the pipeline.
    pub(super) fn new(
        device: &'a Device,
        limits: Limits,
        job: &'a Job<'a>,
        fault: Option<Fault>,
    ) -> Result<Self, EngineError> {
        let Job {
            matrix,
            query,
            packing,
            table,
            min_users,
            ..
        } = job;
        let shape = Shape {
            questions: matrix.questions().len(),
            users: matrix.users().len(),
            sets: query.ranks().end - query.ranks().start,
            variant: packing.variant,
        };
        let plan = Plan::new(&limits, &shape).map_err(Excess::refusal)?;
        tracing::debug!(?plan, variant = ?packing.variant, "flat");
        let pipeline =
            device.pipeline(Kernel::Flat.name(), Kernel::Flat.source(&packing.variant))?;
        let binomials = device.storage("binomials", bytemuck::cast_slice(&table.words()))?;
        let mut params = Vec::new();
        let mut blocks = Vec::new();
        for words in plan.blocks() {
            let mut block = packing.block(matrix, words.clone());
            if fault == Some(Fault::LostAnswer)
                && words.start == 0
                && let Some(word) = block.answered.iter_mut().find(|word| **word != 0)
            {
                *word &= *word - 1;
            }
            params.push(Params {
                left: [0; 4],
                floor: Floor::new(f64::NEG_INFINITY),
                questions: matrix.questions().len() as u32,
                span: table.span() as u32,
                sets: 0,
                workgroups: 0,
                words: words.len() as u32,
                first_block: u32::from(words.start == 0),
                last_block: u32::from(words.end == plan.words),
                stride: plan.chunk,
                capacity: plan.survivors,
                min_users: *min_users,
                serial: 0,
                padding: [0; 2],
            });
            blocks.push((
                device.storage("answered", bytemuck::cast_slice(&block.answered))?,
                device.storage("scores", bytemuck::cast_slice(&block.scores))?,
                device.storage("totals", bytemuck::cast_slice(&block.totals))?,
            ));
        }
        let survivor_bytes = 4 * (1 + u64::from(plan.survivors));
        let record_bytes = u64::from(plan.chunk / WORKGROUP) * RECORD_BYTES;
        let output = BufferUsages::STORAGE | BufferUsages::COPY_SRC | BufferUsages::COPY_DST;
        let mut slots = Vec::with_capacity(SLOTS);
        for _ in 0..SLOTS {
            let params = device.buffer(
                "params",
                PARAMS_STRIDE * blocks.len() as u64,
                BufferUsages::STORAGE | BufferUsages::COPY_DST,
            )?;
            let partials =
                device.buffer("partials", 4 * plan.partials as u64, BufferUsages::STORAGE)?;
            let survivors = device.buffer("survivors", survivor_bytes, output)?;
            let records = device.buffer("records", record_bytes, output)?;
            let readback = device.buffer(
                "readback",
                STAMP_BYTES + record_bytes + survivor_bytes,
                BufferUsages::COPY_DST | BufferUsages::MAP_READ,
            )?;
            let mut bindings = Vec::with_capacity(blocks.len());
            for (i, (answered, scores, totals)) in (0..).zip(&blocks) {
                let params = wgpu::BindingResource::Buffer(wgpu::BufferBinding {
                    buffer: &params,
                    offset: PARAMS_STRIDE * i,
                    size: wgpu::BufferSize::new(size_of::<Params>() as u64),
                });
                let storage = [
                    &binomials, answered, scores, totals, &partials, &survivors, &records,
                ]
                .map(wgpu::Buffer::as_entire_binding);
                let resources: Vec<_> = [params].into_iter().chain(storage).collect();
                bindings.push(device.bind(Kernel::Flat.name(), &pipeline, &resources)?);
            }
            slots.push(Slot {
                params,
                survivors,
                records,
                readback,
                stopwatch: device.stopwatch()?,
                bindings,
                running: None,
            });
        }
        Ok(Self {
            device,
            limits,
            plan,
            job,
            pipeline,
            params,
            slots,
            serial: 0,
            fault,
        })
    }

    /// The answer of a chunk, from what was read back: stamps, records, survivors.
    fn answer(
        &self,
        slot: usize,
        chunk: Chunk,
        serial: u32,
        bytes: &[u8],
    ) -> Result<Answer, EngineError> {
        let (stamps, bytes) = bytes.split_at(STAMP_BYTES as usize);
        let ran = self.slots[slot]
            .stopwatch
            .as_ref()
            .and_then(|_| self.device.span(stamps));
        let (records, survivors) =
            bytes.split_at(workgroups(chunk) as usize * RECORD_BYTES as usize);
        let seen = records::read(records, survivors, chunk, serial, self.plan.survivors)
            .map_err(|what| self.device.error(what))?;
        Ok(Answer {
            seen: seen.sums,
            defined: Some(seen.defined),
            survivors: seen.survivors,
            ran,
        })
    }
}

impl Pipeline for Flat<'_> {
    fn slots(&self) -> usize {
        self.slots.len()
    }

    fn bounds(&self) -> Bounds {
        Bounds {
            first: self.plan.first_chunk.into(),
            grain: WORKGROUP.into(),
            most: self.plan.chunk.into(),
        }
    }

    fn survivors(&self) -> u64 {
        self.plan.survivors.into()
    }

    fn submit(&mut self, slot: usize, chunk: Chunk, floor: Floor) -> Result<(), EngineError> {
        // 0 is what a buffer that was never written holds.
        self.serial = self.serial.checked_add(1).unwrap_or(1);
        let serial = self.serial;
        let groups = workgroups(chunk);
        let first = match self.fault {
            Some(Fault::ShiftedChunk) => chunk.first.saturating_sub(1),
            _ => chunk.first,
        };
        let left = self.job.table.left(first);
        let mut content = vec![0; self.params.len() * PARAMS_STRIDE as usize];
        for (at, fixed) in content.chunks_mut(PARAMS_STRIDE as usize).zip(&self.params) {
            let params = Params {
                left: [0, 1, 2, 3].map(|i| (left >> (32 * i)) as u32),
                floor,
                sets: chunk_sets(chunk),
                workgroups: groups,
                serial,
                ..*fixed
            };
            at[..size_of::<Params>()].copy_from_slice(bytemuck::bytes_of(&params));
        }
        let slot = &mut self.slots[slot];
        self.device.write(&slot.params, &content)?;
        let dispatched = match self.fault {
            Some(Fault::LostWorkgroup) => groups - 1,
            _ => groups,
        };
        let (x, y) = Plan::grid(&self.limits, dispatched.max(1));
        let record_bytes = u64::from(groups) * RECORD_BYTES;
        let survivor_bytes = 4 * (1 + u64::from(self.plan.survivors.min(chunk_sets(chunk))));
        let submission = self.device.submit(Kernel::Flat.name(), |encoder| {
            // The count of survivors.
            encoder.clear_buffer(&slot.survivors, 0, Some(4));
            let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor {
                label: Some(Kernel::Flat.name()),
                timestamp_writes: slot.stopwatch.as_ref().map(|w| w.pass(true, true)),
            });
            if dispatched > 0 {
                pass.set_pipeline(&self.pipeline);
                for binding in &slot.bindings {
                    pass.set_bind_group(0, binding, &[]);
                    pass.dispatch_workgroups(x, y, 1);
                }
            }
            drop(pass);
            let readback = &slot.readback;
            if let Some(stopwatch) = &slot.stopwatch {
                stopwatch.resolve(encoder, readback, 0);
            }
            let at = STAMP_BYTES;
            encoder.copy_buffer_to_buffer(&slot.records, 0, readback, at, record_bytes);
            let at = at + record_bytes;
            encoder.copy_buffer_to_buffer(&slot.survivors, 0, readback, at, survivor_bytes);
        })?;
        slot.running = Some(Running {
            chunk,
            serial,
            submission,
        });
        Ok(())
    }

    fn collect(&mut self, slot: usize) -> Result<Answer, EngineError> {
        let Some(running) = self.slots[slot].running.take() else {
            return Err(self
                .device
                .error("a result was awaited that was not submitted"));
        };
        let Running {
            chunk,
            serial,
            submission,
        } = running;
        let bytes = STAMP_BYTES
            + u64::from(workgroups(chunk)) * RECORD_BYTES
            + 4 * (1 + u64::from(self.plan.survivors.min(chunk_sets(chunk))));
        let readback = &self.slots[slot].readback;
        self.device.read(submission, readback, bytes, |bytes| {
            self.answer(slot, chunk, serial, bytes)
        })?
    }
}
