//! The levels pipeline: down the prefix tree level by level, each prefix with its users; one without enough
//! users for a set is pruned with all below it.
//!
//! ```text
//! chunk of ranks -> the roots (prefixes of 1 or 2 questions) that it meets      (prefixes)
//! a workgroup a root: its users                                                (roots.wgsl)
//! for each level up to K - 1, a workgroup a prefix, a lane a next question:    (narrow.wgsl)
//!     count the users who answered it; keep or prune what is made
//! a workgroup a prefix of K - 1, a lane a last question: sums, judge           (leaves.wgsl)
//! ```
//!
//! For large K, where few prefixes have `min_users` users: their number, not that of sets, is what it costs.
//! All steps of a chunk are one submission, and the host waits for none of them. A level's prefixes are
//! a frontier of bounded size; a chunk with more is thrown away and halved ([`plan`]), so chunks may have any
//! number of sets, and one without prefixes may have 10^30.
//!
//! What is pruned is counted in closed form (narrow.wgsl says how), over the table's integers alone. So the
//! audit does not show a wrong number of users in [`plan::Shape::min_users`], nor a prefix that was pruned in
//! error: tests do. Scores of any width are one text, as are sets of any size: a score is the difference
//! of two sums. Variants are questions of a root and width of a set's sums.

pub mod layout;
pub mod plan;
pub mod shader;
pub mod table;

use super::device::Device;
use super::drive::{Answer, Pipeline, Redo};
use super::fault::Fault;
use super::floor::Floor;
use super::job::Job;
use super::limits::{Excess, Limits};
use super::pace::Bounds;
use super::prefixes::{Met, Prefixes};
use super::queue::Chunk;
use super::records::Survivors;
use super::slot::{Common, Slots};
use crate::engine::EngineError;
use layout::{CLAIMED_FLAGS, PREFIX_BYTES, Params, USER_BYTES, Variant};
use plan::{Plan, SURVIVOR_WORDS, Shape};
use shader::Step;
use table::{Binomials, Table};
use wgpu::BufferUsages;

/// Bytes from the params of one step to those of the next; an offset of a binding has to be a multiple
/// of 256.
const PARAMS_STRIDE: u64 = 256;

/// The shape of `job`, and the sizes for it.
///
/// # Errors
/// What does not fit.
pub(super) fn plan_for(job: &Job<'_>, limits: &Limits) -> Result<(Shape, Plan), Excess> {
    let sets = job.query.space().count();
    let shape = Shape::new(job.matrix, &job.packing, job.query.min_users(), sets);
    let plan = Plan::new(limits, &shape)?;
    Ok((shape, plan))
}

/// Everything of one search on a device.
#[derive(Debug)]
pub(super) struct Levels<'a> {
    device: &'a Device,
    plan: Plan,
    job: &'a Job<'a>,
    roots: Prefixes,
    /// Of each step, in order: roots, levels, leaves.
    steps: Vec<wgpu::ComputePipeline>,
    /// What is the same in all chunks, of each step.
    params: Vec<Params>,
    /// Their front is what prefixes claimed.
    slots: Slots<'a, Vec<wgpu::BindGroup>>,
}

impl<'a> Levels<'a> {
    /// Plans, uploads the table and makes the pipelines of `variant`.
    pub(super) fn new(
        device: &'a Device,
        limits: Limits,
        job: &'a Job<'a>,
        variant: Variant,
        fault: Option<Fault>,
    ) -> Result<Self, EngineError> {
        let (shape, plan) = plan_for(job, &limits).map_err(Excess::refusal)?;
        tracing::debug!(?plan, ?shape, integers = ?device.integers(), "levels");
        let Shape { questions, k, .. } = shape;
        let too_many =
            || Excess::new("the number of prefixes", "more than 2^128", "2^128").refusal();
        let roots = Prefixes::new(questions, k, variant.root).ok_or_else(too_many)?;
        let binomials = Binomials::new(questions, k, shape.most_answers).ok_or_else(too_many)?;
        let mut table = Table::new(job.matrix, &job.packing);
        if fault == Some(Fault::LostAnswer)
            && let Some(word) = table.columns.iter_mut().find(|word| **word != 0)
        {
            *word &= *word - 1;
        }
        let kinds = steps(k, &variant);
        let steps: Vec<_> = kinds
            .iter()
            .map(|(step, _)| device.pipeline(step.name(), step.source(&variant, device.integers())))
            .collect::<Result<_, _>>()?;
        let params: Vec<_> = kinds
            .iter()
            .enumerate()
            .map(|(i, &(_, level))| Params {
                first_left: [0; 4],
                last_left: [0; 4],
                root_left: [0; 4],
                floor: Floor::new(f64::NEG_INFINITY),
                k: k as u32,
                questions: questions as u32,
                span: binomials.span as u32,
                roots: 0,
                quads: table.quads as u32,
                row_words: table.row_words as u32,
                forms_at: binomials.forms_at as u32,
                forms_span: binomials.forms_span as u32,
                workgroups: plan.workgroups,
                level: level as u32,
                users_at: 2 * plan.prefixes,
                room: plan.room,
                capacity: plan.survivors,
                min_users: job.min_users,
                first_step: u32::from(i == 0),
                serial: 0,
                padding: 0,
            })
            .collect();
        let binomials = device.storage("binomials", bytemuck::cast_slice(&binomials.words))?;
        let columns = device.storage("columns", bytemuck::cast_slice(&table.columns))?;
        let rows = device.storage("rows", bytemuck::cast_slice(&table.rows))?;
        let tails = device.storage("tails", bytemuck::cast_slice(&table.tails))?;
        let output = BufferUsages::STORAGE | BufferUsages::COPY_SRC | BufferUsages::COPY_DST;
        let claimed = 4 * (CLAIMED_FLAGS + 2 * k) as u64;
        let claimed = device.buffer("claimed", claimed, output)?;
        let bytes = PREFIX_BYTES * u64::from(plan.prefixes) + USER_BYTES * u64::from(plan.room);
        let frontier = || device.buffer("frontier", bytes, BufferUsages::STORAGE);
        let frontiers = [frontier()?, frontier()?];
        let common = Common {
            device,
            limits,
            label: "levels",
            params: PARAMS_STRIDE * kinds.len() as u64,
            workgroups: plan.workgroups,
            survivors: Survivors {
                words: SURVIVOR_WORDS,
                capacity: plan.survivors,
            },
            front: Some(claimed.clone()),
            fault,
        };
        let slots = Slots::new(common, |buffers| {
            let bind = |(i, &(step, _)): (usize, &(Step, usize))| {
                // What a step writes the next one reads.
                let next = &frontiers[i % 2];
                let before = &frontiers[(i + 1) % 2];
                let records = &buffers.records;
                let bound: &[&wgpu::Buffer] = match step {
                    Step::Roots => &[&binomials, &columns, &rows, &tails, &claimed, next, records],
                    Step::Narrow => &[&binomials, &rows, &tails, &claimed, before, next, records],
                    Step::Leaves => &[&rows, &tails, &claimed, before, &buffers.survivors, records],
                };
                let params = wgpu::BindingResource::Buffer(wgpu::BufferBinding {
                    buffer: &buffers.params,
                    offset: PARAMS_STRIDE * i as u64,
                    size: wgpu::BufferSize::new(size_of::<Params>() as u64),
                });
                let bound = bound.iter().map(|buffer| buffer.as_entire_binding());
                let resources: Vec<_> = [params].into_iter().chain(bound).collect();
                device.bind(step.name(), &steps[i], &resources)
            };
            kinds.iter().enumerate().map(bind).collect()
        })?;
        Ok(Self {
            device,
            plan,
            job,
            roots,
            steps,
            params,
            slots,
        })
    }
}

/// The steps of a search, and the level that each reads, or makes of roots.
fn steps(k: usize, variant: &Variant) -> Vec<(Step, usize)> {
    let mut steps = vec![(Step::Roots, variant.root)];
    steps.extend((variant.root..k - 1).map(|level| (Step::Narrow, level)));
    steps.push((Step::Leaves, k - 1));
    steps
}

/// Lowest word first.
fn words(value: u128) -> [u32; 4] {
    [0, 32, 64, 96].map(|bits| (value >> bits) as u32)
}

impl Pipeline for Levels<'_> {
    fn slots(&self) -> usize {
        self.slots.len()
    }

    fn bounds(&self) -> Bounds {
        Bounds {
            first: self.plan.first_chunk.into(),
            // As many cost hardly more than one: all the steps.
            grain: self.plan.first_chunk.into(),
            most: self.plan.chunk,
        }
    }

    fn survivors(&self) -> u64 {
        self.plan.survivors.into()
    }

    fn submit(&mut self, slot: usize, chunk: Chunk, floor: Floor) -> Result<(), EngineError> {
        let steps = self.steps.len() as u32;
        let ticket = self.slots.ticket_of_steps(chunk, steps);
        let shifted = Chunk {
            first: ticket.first,
            ..chunk
        };
        let Some(Met { left, prefixes }) = self.roots.met(&self.job.table, shifted) else {
            return Err(self.device.error("a chunk lies outside the search"));
        };
        if prefixes > self.plan.roots.into() {
            self.slots.refuse(slot);
            return Ok(());
        }
        let first_left = self.job.table.left(ticket.first);
        let mut content = vec![0; self.params.len() * PARAMS_STRIDE as usize];
        let places = content.chunks_mut(PARAMS_STRIDE as usize);
        for ((at, fixed), step) in places.zip(&self.params).zip(1..) {
            let params = Params {
                first_left: words(first_left),
                last_left: words(first_left - (chunk.sets - 1)),
                root_left: words(left),
                floor,
                roots: prefixes as u32,
                serial: ticket.serial - steps + step,
                ..*fixed
            };
            at[..size_of::<Params>()].copy_from_slice(bytemuck::bytes_of(&params));
        }
        let pipelines = &self.steps;
        self.slots.submit(
            slot,
            ticket,
            self.plan.workgroups,
            &content,
            |pass, bindings, (x, y)| {
                for (pipeline, binding) in pipelines.iter().zip(bindings) {
                    pass.set_pipeline(pipeline);
                    pass.set_bind_group(0, binding, &[]);
                    pass.dispatch_workgroups(x, y, 1);
                }
            },
        )
    }

    fn collect(&mut self, slot: usize) -> Result<Answer, EngineError> {
        self.slots.collect(slot, |back| {
            let (full, cut) = (back.front[0], back.front[1]);
            let seen = if cut == 0 {
                back.seen()?
            } else {
                back.cut_short()?
            };
            Ok(Answer {
                seen: seen.sums,
                defined: Some(seen.defined),
                survivors: if full == 0 {
                    seen.survivors
                } else {
                    Err(Redo::Size)
                },
                ran: back.ran,
            })
        })
    }
}
