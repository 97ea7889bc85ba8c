//! The flat pipeline on a device: its buffers, and a dispatch a block.
//!
//! The kernel is `shaders/flat.wgsl`. All sizes come from [`Plan`].

use super::device::Device;
use super::drive::{Answer, Pipeline};
use super::fault::Fault;
use super::floor::Floor;
use super::job::Job;
use super::layout::{Params, WORKGROUP};
use super::limits::{Excess, Limits};
use super::pace::Bounds;
use super::plan::{Plan, Shape};
use super::queue::Chunk;
use super::records::Survivors;
use super::shader::Kernel;
use super::slot::{Common, Slots};
use crate::engine::EngineError;
use wgpu::BufferUsages;

/// Bytes from one block's params to the next: WebGPU lets no adapter ask for more alignment.
const PARAMS_STRIDE: u64 = 256;

/// Everything of one search on a device.
#[derive(Debug)]
pub(super) struct Flat<'a> {
    plan: Plan,
    job: &'a Job<'a>,
    pipeline: wgpu::ComputePipeline,
    /// Params that are the same in all chunks, one for each block.
    params: Vec<Params>,
    /// A bind group for each block.
    slots: Slots<'a, Vec<wgpu::BindGroup>>,
}

/// Workgroups of a chunk.
fn workgroups(chunk: Chunk) -> u32 {
    chunk_sets(chunk).div_ceil(WORKGROUP)
}

/// Sets of a chunk, which has no more than [`Plan::chunk`], its bound.
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
            sets: query.space().count(),
            variant: packing.variant,
        };
        let plan = Plan::new(&limits, &shape).map_err(Excess::refusal)?;
        tracing::debug!(?plan, variant = ?packing.variant, integers = ?device.integers(), "flat");
        let pipeline = device.pipeline(
            Kernel::Flat.name(),
            Kernel::Flat.source(&packing.variant, device.integers()),
        )?;
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
        let common = Common {
            device,
            limits,
            label: Kernel::Flat.name(),
            params: PARAMS_STRIDE * blocks.len() as u64,
            workgroups: plan.chunk / WORKGROUP,
            survivors: Survivors {
                words: 1,
                capacity: plan.survivors,
            },
            front: None,
            fault,
        };
        let slots = Slots::new(common, |buffers| {
            let partials =
                device.buffer("partials", 4 * plan.partials as u64, BufferUsages::STORAGE)?;
            let mut bindings = Vec::with_capacity(blocks.len());
            for (i, (answered, scores, totals)) in (0..).zip(&blocks) {
                let params = wgpu::BindingResource::Buffer(wgpu::BufferBinding {
                    buffer: &buffers.params,
                    offset: PARAMS_STRIDE * i,
                    size: wgpu::BufferSize::new(size_of::<Params>() as u64),
                });
                let storage = [
                    &binomials,
                    answered,
                    scores,
                    totals,
                    &partials,
                    &buffers.survivors,
                    &buffers.records,
                ]
                .map(wgpu::Buffer::as_entire_binding);
                let resources: Vec<_> = [params].into_iter().chain(storage).collect();
                bindings.push(device.bind(Kernel::Flat.name(), &pipeline, &resources)?);
            }
            Ok(bindings)
        })?;
        Ok(Self {
            plan,
            job,
            pipeline,
            params,
            slots,
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
        let ticket = self.slots.ticket(chunk);
        let groups = workgroups(chunk);
        let left = self.job.table.left(ticket.first);
        let mut content = vec![0; self.params.len() * PARAMS_STRIDE as usize];
        for (at, fixed) in content.chunks_mut(PARAMS_STRIDE as usize).zip(&self.params) {
            let params = Params {
                left: [0, 1, 2, 3].map(|i| (left >> (32 * i)) as u32),
                floor,
                sets: chunk_sets(chunk),
                workgroups: groups,
                serial: ticket.serial,
                ..*fixed
            };
            at[..size_of::<Params>()].copy_from_slice(bytemuck::bytes_of(&params));
        }
        let pipeline = &self.pipeline;
        self.slots
            .submit(slot, ticket, groups, &content, |pass, bindings, (x, y)| {
                pass.set_pipeline(pipeline);
                for binding in bindings {
                    pass.set_bind_group(0, binding, &[]);
                    pass.dispatch_workgroups(x, y, 1);
                }
            })
    }

    fn collect(&mut self, slot: usize) -> Result<Answer, EngineError> {
        self.slots.collect(slot, |back| {
            let seen = back.seen()?;
            Ok(Answer {
                seen: seen.sums,
                defined: Some(seen.defined),
                survivors: seen.survivors,
                ran: back.ran,
            })
        })
    }
}
