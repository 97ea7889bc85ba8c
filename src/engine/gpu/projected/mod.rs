//! The projected pipeline: the users of each stem as a small dense table, and all leaves of a stem
//! from that; section by section on the device.
//!
//! ```text
//! chunk of ranks -> the stems (first K - 2 questions) that it meets         (stems)
//! a workgroup a stem: its users, compacted, as columns behind the stem     (expand.wgsl)
//! a workgroup a stem: for each word of 32 leaves (l fixed, m the bits):    (score.wgsl)
//!     two-valued scores: discard by pairs of users, audit by counts        (slack, sweep.wgsl)
//!     what is left, leaf by leaf: sums over the dense columns, judge       (as flat does)
//! ```
//!
//! A chunk stays a range of ranks: its first and last stem may lie in it in part, and leaves outside
//! are masked. Users of a chunk's stems share one buffer of bounded size, where each stem claims its
//! part; a chunk that does not fit is split as one with too many survivors is, and one stem always
//! fits ([`plan`]). With K ≤ 2, or a table or stem beyond a buffer, there is a refusal, and the
//! engine takes the flat pipeline.
//!
//! No variant for a real GPU depends on subgroups or 64-bit integers: lanes meet only in prefix sums, a
//! few dozen steps for thousands of operations, and sums of one lane fit 32 bits wherever the table's
//! do. Variants are K, bits of a score, width of sums, and how many users the sweep's tile has.
//!
//! Software adapters make a load in a loop over the lanes, so that loads are nearly all of the time.
//! They have two-valued scores in another way: leaves abreast in the lanes of a subgroup, which loads
//! users once for all of them and sums every leaf (abreast.wgsl, in place of score.wgsl).

pub mod layout;
pub mod plan;
pub mod shader;
pub mod slack;
mod stems;
pub mod table;

use super::device::{Device, STAMP_BYTES, Stopwatch};
use super::drive::{Answer, Pipeline, Redo};
use super::fault::Fault;
use super::floor::Floor;
use super::job::Job;
use super::layout::{RECORD_BYTES, WORKGROUP};
use super::limits::{Excess, Limits};
use super::pace::Bounds;
use super::queue::Chunk;
use super::records;
use crate::engine::EngineError;
use layout::{PARTS, Params, STEM_BYTES, Variant};
use plan::{Plan, Shape};
use shader::Stage;
use stems::{Met, Stems};
use table::Table;
use wgpu::BufferUsages;

/// Chunks in flight: one computes and one waits its turn while the host finishes a third.
const SLOTS: usize = 3;

/// Bytes of the count of claimed words, and of whether loops were cut short.
const CLAIMED_BYTES: u64 = 8;

/// The shape of `job`, and the sizes for it.
///
/// # Errors
/// What does not fit.
pub(super) fn plan_for(job: &Job<'_>, limits: &Limits) -> Result<(Shape, Plan), Excess> {
    let ranks = job.query.ranks();
    let shape = Shape::new(limits, job.matrix, &job.packing, ranks.end - ranks.start);
    let plan = Plan::new(limits, &shape)?;
    Ok((shape, plan))
}

/// Everything of one search on a device.
#[derive(Debug)]
pub(super) struct Projected<'a> {
    device: &'a Device,
    limits: Limits,
    plan: Plan,
    job: &'a Job<'a>,
    stems: Stems,
    expand: wgpu::ComputePipeline,
    score: wgpu::ComputePipeline,
    /// What is the same in all chunks.
    params: Params,
    swept: bool,
    /// Workgroups that share a stem.
    parts: u32,
    /// Words of scratch that stems asked for: of one chunk at a time, as those run in order.
    claimed: wgpu::Buffer,
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
    /// The clock's stamps, claimed words, records, survivors.
    readback: wgpu::Buffer,
    stopwatch: Option<Stopwatch>,
    expand: wgpu::BindGroup,
    score: wgpu::BindGroup,
    running: Option<Running>,
}

/// A chunk in flight.
#[derive(Debug)]
enum Running {
    /// It meets more stems than there is room for; nothing was submitted.
    TooManyStems,
    Submitted {
        chunk: Chunk,
        serial: u32,
        workgroups: u32,
        submission: wgpu::SubmissionIndex,
    },
}

/// Sets of a chunk, which is at most [`Plan::chunk`].
fn chunk_sets(chunk: Chunk) -> u32 {
    chunk.sets as u32
}

impl<'a> Projected<'a> {
    /// Plans, uploads the table and makes the pipelines of `variant`.
    pub(super) fn new(
        device: &'a Device,
        limits: Limits,
        job: &'a Job<'a>,
        variant: Variant,
        fault: Option<Fault>,
    ) -> Result<Self, EngineError> {
        let (shape, plan) = plan_for(job, &limits).map_err(Excess::refusal)?;
        tracing::debug!(?plan, ?shape, "projected");
        let (questions, k) = (job.matrix.questions().len(), job.query.k());
        let stems = Stems::new(questions, k).ok_or_else(|| {
            Excess::new("the number of stems", "more than 2^128", "2^128").refusal()
        })?;
        let [first, last] = Stage::of(&variant);
        let [expand, score] =
            [first, last].map(|stage| device.pipeline(stage.name(), stage.source(&variant)));
        let (expand, score) = (expand?, score?);
        let mut table = Table::new(job.matrix, &job.packing);
        if fault == Some(Fault::LostAnswer)
            && let Some(word) = table.answered.iter_mut().find(|word| **word != 0)
        {
            *word &= *word - 1;
        }
        let params = Params {
            stem_left: [0; 4],
            floor: Floor::new(f64::NEG_INFINITY),
            questions: questions as u32,
            span: job.table.span() as u32,
            stems: 0,
            workgroups: 0,
            first_left: 0,
            sets: 0,
            quads: table.quads as u32,
            row_words: table.row_words as u32,
            answered_words: table.answered_words as u32,
            room: plan.room,
            capacity: plan.survivors,
            min_users: job.min_users,
            slack: layout::NO_SLACK,
            serial: 0,
            padding: [0; 3],
        };
        let binomials = device.storage("binomials", bytemuck::cast_slice(&job.table.words()))?;
        let answered = device.storage("answered", bytemuck::cast_slice(&table.answered))?;
        let rows = device.storage("rows", bytemuck::cast_slice(&table.rows))?;
        let totals = device.storage("totals", bytemuck::cast_slice(&table.totals))?;
        let output = BufferUsages::STORAGE | BufferUsages::COPY_SRC | BufferUsages::COPY_DST;
        let claimed = device.buffer("claimed", CLAIMED_BYTES, output)?;
        let entries = STEM_BYTES * u64::from(plan.stems);
        let entries = device.buffer("stems", entries, BufferUsages::STORAGE)?;
        let scratch = 4 * u64::from(plan.room.max(1));
        let scratch = device.buffer("scratch", scratch, BufferUsages::STORAGE)?;
        let survivor_bytes = 4 * (1 + u64::from(plan.survivors));
        let record_bytes = u64::from(plan.workgroups) * RECORD_BYTES;
        let swept = variant.tile > 0;
        let mut slots = Vec::with_capacity(SLOTS);
        for _ in 0..SLOTS {
            let params = device.buffer(
                "params",
                size_of::<Params>() as u64,
                BufferUsages::STORAGE | BufferUsages::COPY_DST,
            )?;
            let survivors = device.buffer("survivors", survivor_bytes, output)?;
            let records = device.buffer("records", record_bytes, output)?;
            let readback = device.buffer(
                "readback",
                STAMP_BYTES + CLAIMED_BYTES + record_bytes + survivor_bytes,
                BufferUsages::COPY_DST | BufferUsages::MAP_READ,
            )?;
            let whole = wgpu::Buffer::as_entire_binding;
            let expanding = [
                &params, &binomials, &answered, &rows, &totals, &claimed, &entries, &scratch,
            ];
            let scoring = [&params, &entries, &scratch, &survivors, &records, &rows];
            let scoring = &scoring[..if swept || variant.abreast { 6 } else { 5 }];
            let bind = |stage: Stage, pipeline, buffers: &[&wgpu::Buffer]| {
                let resources: Vec<_> = buffers.iter().map(|buffer| whole(buffer)).collect();
                device.bind(stage.name(), pipeline, &resources)
            };
            slots.push(Slot {
                expand: bind(first, &expand, &expanding)?,
                score: bind(last, &score, scoring)?,
                params,
                survivors,
                records,
                readback,
                stopwatch: device.stopwatch()?,
                running: None,
            });
        }
        Ok(Self {
            device,
            limits,
            plan,
            job,
            stems,
            expand,
            score,
            params,
            swept,
            parts: if variant.abreast { PARTS } else { 1 },
            claimed,
            slots,
            serial: 0,
            fault,
        })
    }

    /// The answer of a chunk, from what was read back.
    fn answer(
        &self,
        slot: usize,
        chunk: Chunk,
        serial: u32,
        workgroups: u32,
        bytes: &[u8],
    ) -> Result<Answer, EngineError> {
        let (stamps, bytes) = bytes.split_at(STAMP_BYTES as usize);
        let stopwatch = self.slots[slot].stopwatch.as_ref();
        let ran = stopwatch.and_then(|_| self.device.span(stamps));
        let (claimed, bytes) = bytes.split_at(CLAIMED_BYTES as usize);
        let claimed: Vec<u32> = bytemuck::pod_collect_to_vec(claimed);
        let fits = claimed[0] <= self.plan.room;
        let (records, survivors) = bytes.split_at(workgroups as usize * RECORD_BYTES as usize);
        let seen = if claimed[1] == 0 {
            records::read(records, survivors, chunk, serial, self.plan.survivors)
        } else {
            records::cut_short(chunk)
        };
        let seen = seen.map_err(|what| self.device.error(what))?;
        Ok(Answer {
            seen: seen.sums,
            // A leaf that the sweep discards may or may not be defined.
            defined: (!self.swept).then_some(seen.defined),
            survivors: if fits {
                seen.survivors
            } else {
                Err(Redo::Size)
            },
            ran,
        })
    }

    /// Bytes of the survivors of a chunk.
    fn survivor_bytes(&self, chunk: Chunk) -> u64 {
        4 * (1 + u64::from(self.plan.survivors.min(chunk_sets(chunk))))
    }
}

impl Pipeline for Projected<'_> {
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
        let from = match self.fault {
            Some(Fault::ShiftedChunk) => chunk.first.saturating_sub(1),
            _ => chunk.first,
        };
        let shifted = Chunk {
            first: from,
            ..chunk
        };
        let Some(Met { left, stems }) = self.stems.met(&self.job.table, shifted) else {
            return Err(self.device.error("a chunk lies outside the search"));
        };
        let Ok(stems) = u32::try_from(stems)
            .map_err(drop)
            .and_then(|stems| (stems <= self.plan.stems).then_some(stems).ok_or(()))
        else {
            self.slots[slot].running = Some(Running::TooManyStems);
            return Ok(());
        };
        let workgroups = (stems * self.parts).min(self.plan.workgroups);
        let params = Params {
            stem_left: [0, 1, 2, 3].map(|i| (left >> (32 * i)) as u32),
            floor,
            stems,
            workgroups,
            // Its low word.
            first_left: self.job.table.left(from) as u32,
            sets: chunk_sets(chunk),
            slack: slack::slack(&floor),
            serial,
            ..self.params
        };
        let record_bytes = u64::from(workgroups) * RECORD_BYTES;
        let survivor_bytes = self.survivor_bytes(chunk);
        let slot = &mut self.slots[slot];
        self.device
            .write(&slot.params, bytemuck::bytes_of(&params))?;
        let dispatched = match self.fault {
            Some(Fault::LostWorkgroup) => workgroups - 1,
            _ => workgroups,
        };
        let side = self.limits.workgroups_per_side;
        let x = dispatched.clamp(1, side);
        let y = dispatched.div_ceil(x);
        let label = Stage::Score.name();
        let submission = self.device.submit(label, |encoder| {
            // The counts of survivors and of claimed words.
            encoder.clear_buffer(&slot.survivors, 0, Some(4));
            encoder.clear_buffer(&self.claimed, 0, None);
            let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor {
                label: Some(label),
                timestamp_writes: slot.stopwatch.as_ref().map(|w| w.pass(true, true)),
            });
            if dispatched > 0 {
                for (pipeline, binding) in
                    [(&self.expand, &slot.expand), (&self.score, &slot.score)]
                {
                    pass.set_pipeline(pipeline);
                    pass.set_bind_group(0, binding, &[]);
                    pass.dispatch_workgroups(x, y, 1);
                }
            }
            drop(pass);
            let readback = &slot.readback;
            if let Some(stopwatch) = &slot.stopwatch {
                stopwatch.resolve(encoder, readback, 0);
            }
            let mut at = STAMP_BYTES;
            for (buffer, bytes) in [
                (&self.claimed, CLAIMED_BYTES),
                (&slot.records, record_bytes),
                (&slot.survivors, survivor_bytes),
            ] {
                encoder.copy_buffer_to_buffer(buffer, 0, readback, at, bytes);
                at += bytes;
            }
        })?;
        slot.running = Some(Running::Submitted {
            chunk,
            serial,
            workgroups,
            submission,
        });
        Ok(())
    }

    fn collect(&mut self, slot: usize) -> Result<Answer, EngineError> {
        match self.slots[slot].running.take() {
            None => Err(self
                .device
                .error("a result was awaited that was not submitted")),
            Some(Running::TooManyStems) => Ok(Answer {
                seen: crate::stats::AuditSums::default(),
                defined: None,
                survivors: Err(Redo::Size),
                ran: None,
            }),
            Some(Running::Submitted {
                chunk,
                serial,
                workgroups,
                submission,
            }) => {
                let bytes = STAMP_BYTES
                    + CLAIMED_BYTES
                    + u64::from(workgroups) * RECORD_BYTES
                    + self.survivor_bytes(chunk);
                let readback = &self.slots[slot].readback;
                self.device.read(submission, readback, bytes, |bytes| {
                    self.answer(slot, chunk, serial, workgroups, bytes)
                })?
            }
        }
    }
}
