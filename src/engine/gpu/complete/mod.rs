//! The complete pipeline: tables where nobody misses an answer, a few operations a set.
//!
//! - pure: `products` (exact sums over all users), `table` (what the kernel reads of them), `bound`
//!   (what its floats may discard, and why), `plan` (sizes);
//! - naming wgpu: this file (buffers and dispatches).
//!
//! The kernel is `shaders/complete.wgsl`. What its audit covers: every leaf adds its own Sa, Sag and
//! Saa and 1 to the number of sets, from integer tables; n, Sg and Sgg are one constant each times
//! that number. The float tables are a second copy of the same knowledge, which no audit sums: they
//! are read back from the device and compared before the first chunk.

mod bound;
pub mod plan;
mod products;
mod table;

pub(super) use plan::Plan;
pub(super) use products::{Products, complete_users};
pub(super) use table::Table;

use super::device::{Device, STAMP_BYTES, Stopwatch};
use super::drive::{Answer, Pipeline};
use super::fault::Fault;
use super::floor::Floor;
use super::job::Job;
use super::layout::{CompleteParams, RECORD_BYTES, SumWidth, Variant};
use super::limits::Limits;
use super::pace::Bounds;
use super::queue::Chunk;
use super::records;
use super::shader::Kernel;
use crate::engine::EngineError;
use crate::stats::AuditSums;
use bound::bar;
use table::Places;
use wgpu::BufferUsages;

/// Chunks in flight, as in the flat pipeline.
const SLOTS: usize = 3;

/// Everything of one search on a device.
#[derive(Debug)]
pub(super) struct Complete<'a> {
    device: &'a Device,
    limits: Limits,
    plan: Plan,
    job: &'a Job<'a>,
    table: &'a Table,
    pipeline: wgpu::ComputePipeline,
    kernel: Kernel,
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
    bindings: wgpu::BindGroup,
    running: Option<Running>,
}

/// A chunk in flight.
#[derive(Debug)]
struct Running {
    chunk: Chunk,
    workgroups: u32,
    serial: u32,
    submission: wgpu::SubmissionIndex,
}

/// Kernel and variant for sets of `k`, integers of this width, and workgroups with room for `span`
/// questions.
pub(super) fn compiled(k: usize, width: SumWidth, span: u32) -> (Kernel, Variant) {
    let variant = Variant {
        k,
        // Scores are in no buffer here.
        score_bits: 1,
        sums: width,
    };
    (Kernel::Complete { span }, variant)
}

impl<'a> Complete<'a> {
    /// Uploads the tables and makes the pipeline.
    pub(super) fn new(
        device: &'a Device,
        limits: Limits,
        plan: Plan,
        job: &'a Job<'a>,
        table: &'a Table,
        fault: Option<Fault>,
    ) -> Result<Self, EngineError> {
        tracing::debug!(?plan, width = ?table.width, "complete");
        let (kernel, variant) = compiled(job.query.k(), table.width, plan.span);
        let pipeline = device.pipeline(kernel.name(), kernel.source(&variant))?;
        let binomials = device.storage("binomials", bytemuck::cast_slice(&job.table.words()))?;
        let mut wholes = table.wholes();
        if fault == Some(Fault::LostAnswer) {
            // Sa of the last question; or the high half of its Sag.
            let at = wholes.len() - table.questions() - 1;
            wholes[at] ^= 1;
        }
        let wholes = device.storage("wholes", bytemuck::cast_slice(&wholes))?;
        let floats = upload_floats(device, table, fault)?;
        let survivor_bytes = 4 * (1 + u64::from(plan.survivors));
        let record_bytes = u64::from(plan.groups) * RECORD_BYTES;
        let output = BufferUsages::STORAGE | BufferUsages::COPY_SRC | BufferUsages::COPY_DST;
        let mut slots = Vec::with_capacity(SLOTS);
        for _ in 0..SLOTS {
            let params = device.buffer(
                "params",
                size_of::<CompleteParams>() as u64,
                BufferUsages::STORAGE | BufferUsages::COPY_DST,
            )?;
            let survivors = device.buffer("survivors", survivor_bytes, output)?;
            let records = device.buffer("records", record_bytes, output)?;
            let readback = device.buffer(
                "readback",
                STAMP_BYTES + record_bytes + survivor_bytes,
                BufferUsages::COPY_DST | BufferUsages::MAP_READ,
            )?;
            let resources = [&params, &binomials, &floats, &wholes, &survivors, &records]
                .map(wgpu::Buffer::as_entire_binding);
            let bindings = device.bind(kernel.name(), &pipeline, &resources)?;
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
            table,
            pipeline,
            kernel,
            slots,
            serial: 0,
            fault,
        })
    }

    /// The answer of a chunk, from what was read back: stamps, records, survivors.
    fn answer(&self, slot: usize, running: &Running, bytes: &[u8]) -> Result<Answer, EngineError> {
        let Running {
            chunk,
            workgroups,
            serial,
            ..
        } = *running;
        let (stamps, bytes) = bytes.split_at(STAMP_BYTES as usize);
        let ran = self.slots[slot]
            .stopwatch
            .as_ref()
            .and_then(|_| self.device.span(stamps));
        let (records, survivors) = bytes.split_at(workgroups as usize * RECORD_BYTES as usize);
        let report = records::read(records, survivors, chunk, serial, self.plan.survivors)
            .map_err(|what| self.device.error(what))?;
        // What is the same for every set, as often as sets were counted.
        let sets = report.sums.sets as u64;
        let (total, squares) = self.table.totals();
        let seen = AuditSums {
            n: self.table.users().wrapping_mul(sets),
            sg: (total as u64).wrapping_mul(sets),
            sgg: (squares as u64).wrapping_mul(sets),
            ..report.sums
        };
        Ok(Answer {
            seen,
            // Whether X is 0 is not asked of every set.
            defined: None,
            survivors: report.survivors,
            ran,
        })
    }
}

/// The float tables on the device, read back to be sure of them.
fn upload_floats(
    device: &Device,
    table: &Table,
    fault: Option<Fault>,
) -> Result<wgpu::Buffer, EngineError> {
    let floats = table.floats();
    let want: &[u8] = bytemuck::cast_slice(&floats);
    let mut sent = floats.clone();
    if fault == Some(Fault::BentTable) {
        sent[0] = f32::from_bits(sent[0].to_bits() ^ 1);
    }
    let bytes = want.len() as u64;
    let usage = BufferUsages::STORAGE | BufferUsages::COPY_SRC | BufferUsages::COPY_DST;
    let buffer = device.buffer("floats", bytes, usage)?;
    device.write(&buffer, bytemuck::cast_slice(&sent))?;
    let usage = BufferUsages::COPY_DST | BufferUsages::MAP_READ;
    let readback = device.buffer("floats read back", bytes, usage)?;
    let submission = device.submit("reading floats back", |encoder| {
        encoder.copy_buffer_to_buffer(&buffer, 0, &readback, 0, bytes);
    })?;
    let same = device.read(submission, &readback, bytes, |got| got == want)?;
    if same {
        Ok(buffer)
    } else {
        Err(device.error("the table of covariances is not the one that was sent"))
    }
}

impl Pipeline for Complete<'_> {
    fn slots(&self) -> usize {
        self.slots.len()
    }

    fn bounds(&self) -> Bounds {
        Bounds {
            first: self.plan.first.into(),
            grain: 1,
            most: self.plan.most.into(),
        }
    }

    fn survivors(&self) -> u64 {
        self.plan.survivors.into()
    }

    fn submit(&mut self, slot: usize, chunk: Chunk, floor: Floor) -> Result<(), EngineError> {
        // 0 is what a buffer that was never written holds.
        self.serial = self.serial.checked_add(1).unwrap_or(1);
        let serial = self.serial;
        let first = match self.fault {
            Some(Fault::ShiftedChunk) => chunk.first.saturating_sub(1),
            _ => chunk.first,
        };
        let left = self.job.table.left(first);
        // At most `Plan::most`.
        let sets = chunk.sets as u32;
        let share = self.plan.share(sets);
        let workgroups = sets.div_ceil(share);
        let (bar, side) = bar(&floor);
        let places = Places::of(self.table.questions(), side);
        let params = CompleteParams {
            left: [0, 1, 2, 3].map(|i| (left >> (32 * i)) as u32),
            bar,
            judged: u32::from(self.table.defined(self.job.min_users)),
            questions: self.table.questions() as u32,
            span: self.job.table.span() as u32,
            sets,
            share,
            workgroups,
            capacity: self.plan.survivors,
            serial,
            // A binding has fewer than 2^32 words.
            covariances: places.covariances as u32,
            variances: places.variances as u32,
            with_total: places.with_total as u32,
        };
        let slot = &mut self.slots[slot];
        self.device
            .write(&slot.params, bytemuck::bytes_of(&params))?;
        let dispatched = match self.fault {
            Some(Fault::LostWorkgroup) => workgroups - 1,
            _ => workgroups,
        };
        let (x, y) = super::plan::Plan::grid(&self.limits, dispatched.max(1));
        let record_bytes = u64::from(workgroups) * RECORD_BYTES;
        let survivor_bytes = 4 * (1 + u64::from(self.plan.survivors.min(sets)));
        let name = self.kernel.name();
        let submission = self.device.submit(name, |encoder| {
            // The count of survivors.
            encoder.clear_buffer(&slot.survivors, 0, Some(4));
            let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor {
                label: Some(name),
                timestamp_writes: slot.stopwatch.as_ref().map(|w| w.pass(true, true)),
            });
            if dispatched > 0 {
                pass.set_pipeline(&self.pipeline);
                pass.set_bind_group(0, &slot.bindings, &[]);
                pass.dispatch_workgroups(x, y, 1);
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
            workgroups,
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
        let sets = running.chunk.sets as u32;
        let bytes = STAMP_BYTES
            + u64::from(running.workgroups) * RECORD_BYTES
            + 4 * (1 + u64::from(self.plan.survivors.min(sets)));
        let readback = &self.slots[slot].readback;
        let submission = running.submission.clone();
        self.device.read(submission, readback, bytes, |bytes| {
            self.answer(slot, &running, bytes)
        })?
    }
}
