//! The flat pipeline: every set by itself, over the full bitsets; a dispatch a span of users.
//!
//! The plain one: yardstick and cross-check of the others, and the only one that tiles users, so that it
//! takes what does not fit them. The kernel is `shaders/flat.wgsl`.

pub mod layout;
pub mod plan;
pub mod shader;
pub mod table;

use super::device::Device;
use super::drive::Pipeline;
use super::fault::Fault;
use super::floor::Floor;
use super::job::Job;
use super::kind::{Kind, Sample};
use super::layout::{Integers, SumWidth, Variant, WORKGROUP, words};
use super::limits::{Excess, Limits};
use super::order::Order;
use super::pace::Bounds;
use super::ranks::RankTable;
use super::shader::Kernel;
use super::slot::{Bound, Chunks, Dispatch, Sizes, Slots, Ticket};
use crate::engine::EngineError;
use bytemuck::Zeroable;
use layout::Params;
use plan::{Plan, Shape, operations};
use table::Table;
use wgpu::BufferUsages;

/// The pipeline.
pub(super) struct Flat;

/// What it knows of chunks.
#[derive(Debug)]
struct Ranges<'a> {
    plan: Plan,
    ranks: &'a RankTable,
}

impl Kind for Flat {
    type Variant = Variant;

    const NAME: &'static str = "flat";

    const USUAL: &'static [Variant] = &[
        Variant {
            k: 3,
            score_bits: 4,
            sums: SumWidth::Narrow,
        },
        Variant {
            k: 3,
            score_bits: 32,
            sums: SumWidth::Wide,
        },
    ];

    fn work(job: &Job<'_>) -> Option<f64> {
        Some(operations(&job.load()))
    }

    fn variant(job: &Job<'_>, limits: &Limits) -> Result<Variant, Excess> {
        Plan::new(limits, &Shape::of(job)).map(|_| job.packing.variant)
    }

    fn kernels(variant: &Variant, integers: Integers) -> Vec<Kernel> {
        vec![shader::kernel(variant, integers)]
    }

    fn open<'a>(
        device: &'a Device,
        limits: Limits,
        job: &'a Job<'a>,
        variant: Variant,
        _order: Order,
    ) -> Result<Box<dyn Pipeline + 'a>, EngineError> {
        let plan = Plan::new(&limits, &Shape::of(job)).map_err(Excess::refusal)?;
        tracing::debug!(?plan);
        let binomials = &device.storage("binomials", &job.table.words())?;
        let partials = 4 * plan.partials as u64;
        let partials = &device.buffer("partials", partials, BufferUsages::STORAGE)?;
        let kernel = shader::kernel(&variant, device.integers());
        let mut dispatches = Vec::new();
        for words in plan.spans() {
            let mut table = Table::new(job.matrix, &job.packing, words.clone());
            let fault = device.fault().filter(|_| words.start == 0);
            Fault::lose_answer(fault, &mut table.answered);
            let params = Params {
                questions: job.questions() as u32,
                row_entries: job.table.row_entries() as u32,
                words: words.len() as u32,
                first_span: u32::from(words.start == 0),
                last_span: u32::from(words.end == plan.words),
                stride: plan.chunk,
                capacity: plan.survivors,
                min_users: job.min_users,
                ..Params::zeroed()
            };
            let answered = &device.storage("answered", &table.answered)?;
            let scores = &device.storage("scores", &table.scores)?;
            let totals = &device.storage("totals", &table.totals)?;
            let fixed = [binomials, answered, scores, totals, partials];
            let own = [Bound::Survivors, Bound::Records];
            dispatches.push(Dispatch::new(&kernel, params, &fixed, &own));
        }
        let sizes = Sizes::new(plan.chunk / WORKGROUP, plan.survivors);
        let chunks = Ranges {
            plan,
            ranks: &job.table,
        };
        let slots = Slots::new(device, limits, Self::NAME, sizes, chunks, dispatches)?;
        Ok(Box::new(slots))
    }

    fn samples(variant: &Variant) -> Vec<Sample> {
        vec![Sample::Gaps(*variant)]
    }
}

impl Chunks for Ranges<'_> {
    type Params = Params;

    fn bounds(&self) -> Bounds {
        Bounds {
            first: self.plan.first_chunk.into(),
            grain: WORKGROUP.into(),
            most: self.plan.chunk.into(),
        }
    }

    fn start(&self, chunk: &Ticket, floor: Floor, params: &mut [Params]) -> Option<u32> {
        let workgroups = chunk.sets().div_ceil(WORKGROUP);
        for (serial, params) in chunk.each(params) {
            params.left = words(self.ranks.left(chunk.chunk.first));
            params.floor = floor;
            params.sets = chunk.sets();
            params.workgroups = workgroups;
            params.serial = serial;
        }
        Some(workgroups)
    }
}
