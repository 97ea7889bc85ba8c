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

use super::device::Device;
use super::drive::{Answer, Pipeline};
use super::fault::Fault;
use super::floor::Floor;
use super::job::Job;
use super::layout::{CompleteParams, SumWidth, Variant};
use super::limits::Limits;
use super::pace::Bounds;
use super::queue::Chunk;
use super::records::Survivors;
use super::shader::Kernel;
use super::slot::{Common, Slots};
use crate::engine::EngineError;
use bound::bar;
use std::num::Wrapping;
use table::Places;
use wgpu::BufferUsages;

/// Everything of one search on a device.
#[derive(Debug)]
pub(super) struct Complete<'a> {
    plan: Plan,
    job: &'a Job<'a>,
    table: &'a Table,
    pipeline: wgpu::ComputePipeline,
    slots: Slots<'a, wgpu::BindGroup>,
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
        tracing::debug!(?plan, width = ?table.width, integers = ?device.integers(), "complete");
        let (kernel, variant) = compiled(job.query.k(), table.width, plan.span);
        let pipeline =
            device.pipeline(kernel.name(), kernel.source(&variant, device.integers()))?;
        let binomials = device.storage("binomials", bytemuck::cast_slice(&job.table.words()))?;
        let mut wholes = table.wholes();
        if fault == Some(Fault::LostAnswer) {
            // Sa of the last question; or the high half of its Sag.
            let at = wholes.len() - table.questions() - 1;
            wholes[at] ^= 1;
        }
        let wholes = device.storage("wholes", bytemuck::cast_slice(&wholes))?;
        let floats = upload_floats(device, table, fault)?;
        let common = Common {
            device,
            limits,
            label: kernel.name(),
            params: size_of::<CompleteParams>() as u64,
            workgroups: plan.groups,
            survivors: Survivors {
                words: 1,
                capacity: plan.survivors,
            },
            front: None,
            fault,
        };
        let slots = Slots::new(common, |buffers| {
            let resources = [
                &buffers.params,
                &binomials,
                &floats,
                &wholes,
                &buffers.survivors,
                &buffers.records,
            ]
            .map(wgpu::Buffer::as_entire_binding);
            device.bind(kernel.name(), &pipeline, &resources)
        })?;
        Ok(Self {
            plan,
            job,
            table,
            pipeline,
            slots,
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
        let ticket = self.slots.ticket(chunk);
        let left = self.job.table.left(ticket.first);
        // No more than `Plan::most`, its bound.
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
            serial: ticket.serial,
            // A binding has fewer than 2^32 words.
            covariances: places.covariances as u32,
            variances: places.variances as u32,
            with_total: places.with_total as u32,
        };
        let pipeline = &self.pipeline;
        let params = bytemuck::bytes_of(&params);
        self.slots.submit(
            slot,
            ticket,
            workgroups,
            params,
            |pass, bindings, (x, y)| {
                pass.set_pipeline(pipeline);
                pass.set_bind_group(0, bindings, &[]);
                pass.dispatch_workgroups(x, y, 1);
            },
        )
    }

    fn collect(&mut self, slot: usize) -> Result<Answer, EngineError> {
        let table = self.table;
        self.slots.collect(slot, |back| {
            let report = back.seen()?;
            // What is the same for every set, as often as sets were counted.
            let sets = report.sums.sets as u64;
            let (total, squares) = table.totals();
            let each = |value: u64| Wrapping(value) * Wrapping(sets);
            let mut seen = report.sums;
            seen.six.n = each(table.users());
            seen.six.sg = each(total as u64);
            seen.six.sgg = each(squares as u64);
            Ok(Answer {
                seen,
                // Whether X is 0 is not asked of every set.
                defined: None,
                survivors: report.survivors,
                ran: back.ran,
            })
        })
    }
}
