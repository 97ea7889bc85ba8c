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
//! No variant for a real GPU depends on subgroups: lanes meet only in prefix sums, a few dozen steps for
//! thousands of operations. Variants are K, bits of a score, width of sums, how many users the sweep's tile
//! has, and whose the 64-bit integers are that leaves are judged in.
//!
//! Scores of more than two values are not swept. With v of them a leaf's class has (v − 1)·K + 1 values in
//! place of K + 1, and a user's is picked among v by leaf: by count some 300 operations a user in place
//! of 125 with v = 6 and K = 5, so 760 a leaf on the benchmark's sizes, beside 165 for those that are left;
//! to sum all takes 1,060.
//!
//! Software adapters make a load in a loop over the lanes, so that loads are nearly all of the time.
//! They have two-valued scores in another way: leaves abreast in the lanes of a subgroup, which loads
//! users once for all of them and sums every leaf (abreast.wgsl, in place of score.wgsl).

pub mod layout;
pub mod plan;
pub mod shader;
pub mod slack;
pub mod table;

use super::device::Device;
use super::drive::{Answer, Pipeline, Redo};
use super::fault::Fault;
use super::floor::Floor;
use super::job::Job;
use super::layout::WORKGROUP;
use super::limits::{Excess, Limits};
use super::pace::Bounds;
use super::prefixes::{Met, Prefixes};
use super::queue::Chunk;
use super::records::Survivors;
use super::slot::{Common, Slots};
use crate::engine::EngineError;
use layout::{LEAVES, PARTS, Params, STEM_BYTES, Variant};
use plan::{Plan, Shape};
use shader::Stage;
use table::Table;
use wgpu::BufferUsages;

/// Bytes of the count of claimed words, and of whether loops were cut short.
const CLAIMED_BYTES: u64 = 8;

/// The shape of `job`, and the sizes for it.
///
/// # Errors
/// What does not fit.
pub(super) fn plan_for(job: &Job<'_>, limits: &Limits) -> Result<(Shape, Plan), Excess> {
    let sets = job.query.space().count();
    let shape = Shape::new(limits, job.matrix, &job.packing, sets);
    let plan = Plan::new(limits, &shape)?;
    Ok((shape, plan))
}

/// Everything of one search on a device.
#[derive(Debug)]
pub(super) struct Projected<'a> {
    device: &'a Device,
    plan: Plan,
    job: &'a Job<'a>,
    stems: Prefixes,
    expand: wgpu::ComputePipeline,
    score: wgpu::ComputePipeline,
    /// What is the same in all chunks.
    params: Params,
    swept: bool,
    /// Workgroups that share a stem.
    parts: u32,
    /// Their front is what the chunk's stems claimed.
    slots: Slots<'a, Bindings>,
}

/// What the two kernels bind.
#[derive(Debug)]
struct Bindings {
    expand: wgpu::BindGroup,
    score: wgpu::BindGroup,
}

/// Sets of a chunk, which has no more than [`Plan::chunk`], its bound.
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
        tracing::debug!(?plan, ?shape, integers = ?device.integers(), "projected");
        let (questions, k) = (job.matrix.questions().len(), job.query.k());
        let stems = Prefixes::new(questions, k, k - LEAVES).ok_or_else(|| {
            Excess::new("the number of stems", "more than 2^128", "2^128").refusal()
        })?;
        let [first, last] = Stage::of(&variant);
        let [expand, score] = [first, last]
            .map(|stage| device.pipeline(stage.name(), stage.source(&variant, device.integers())));
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
        let swept = variant.tile > 0;
        let common = Common {
            device,
            limits,
            label: last.name(),
            params: size_of::<Params>() as u64,
            workgroups: plan.workgroups,
            survivors: Survivors {
                words: 1,
                capacity: plan.survivors,
            },
            front: Some(claimed.clone()),
            fault,
        };
        let slots = Slots::new(common, |buffers| {
            let (params, survivors, records) =
                (&buffers.params, &buffers.survivors, &buffers.records);
            let whole = wgpu::Buffer::as_entire_binding;
            let expanding = [
                params, &binomials, &answered, &rows, &totals, &claimed, &entries, &scratch,
            ];
            let scoring = [params, &entries, &scratch, survivors, records, &rows];
            let scoring = &scoring[..if swept || variant.abreast { 6 } else { 5 }];
            let bind = |stage: Stage, pipeline, buffers: &[&wgpu::Buffer]| {
                let resources: Vec<_> = buffers.iter().map(|buffer| whole(buffer)).collect();
                device.bind(stage.name(), pipeline, &resources)
            };
            Ok(Bindings {
                expand: bind(first, &expand, &expanding)?,
                score: bind(last, &score, scoring)?,
            })
        })?;
        Ok(Self {
            device,
            plan,
            job,
            stems,
            expand,
            score,
            params,
            swept,
            parts: if variant.abreast { PARTS } else { 1 },
            slots,
        })
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
        let ticket = self.slots.ticket(chunk);
        let shifted = Chunk {
            first: ticket.first,
            ..chunk
        };
        let Some(Met { left, prefixes }) = self.stems.met(&self.job.table, shifted) else {
            return Err(self.device.error("a chunk lies outside the search"));
        };
        let Ok(stems) = u32::try_from(prefixes)
            .map_err(drop)
            .and_then(|stems| (stems <= self.plan.stems).then_some(stems).ok_or(()))
        else {
            self.slots.refuse(slot);
            return Ok(());
        };
        let workgroups = (stems * self.parts).min(self.plan.workgroups);
        let params = Params {
            stem_left: [0, 1, 2, 3].map(|i| (left >> (32 * i)) as u32),
            floor,
            stems,
            workgroups,
            // Its low word.
            first_left: self.job.table.left(ticket.first) as u32,
            sets: chunk_sets(chunk),
            slack: slack::slack(&floor),
            serial: ticket.serial,
            ..self.params
        };
        let stages = [&self.expand, &self.score];
        let params = bytemuck::bytes_of(&params);
        self.slots.submit(
            slot,
            ticket,
            workgroups,
            params,
            |pass, bindings, (x, y)| {
                let bindings = [&bindings.expand, &bindings.score];
                for (pipeline, binding) in stages.into_iter().zip(bindings) {
                    pass.set_pipeline(pipeline);
                    pass.set_bind_group(0, binding, &[]);
                    pass.dispatch_workgroups(x, y, 1);
                }
            },
        )
    }

    fn collect(&mut self, slot: usize) -> Result<Answer, EngineError> {
        let (room, swept) = (self.plan.room, self.swept);
        self.slots.collect(slot, |back| {
            let (claimed, cut) = (back.front[0], back.front[1]);
            let seen = if cut == 0 {
                back.seen()?
            } else {
                back.cut_short()?
            };
            Ok(Answer {
                seen: seen.sums,
                // A leaf that the sweep discards may or may not be defined.
                defined: (!swept).then_some(seen.defined),
                survivors: if claimed <= room {
                    seen.survivors
                } else {
                    Err(Redo::Size)
                },
                ran: back.ran,
            })
        })
    }
}
