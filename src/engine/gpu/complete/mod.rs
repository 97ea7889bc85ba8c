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
pub mod layout;
pub mod plan;
mod products;
pub mod shader;
mod table;

use super::device::Device;
use super::drive::{Answer, Pipeline};
use super::fault::Fault;
use super::floor::Floor;
use super::job::Job;
use super::kind::{Kind, Sample};
use super::layout::{Integers, SumWidth, words};
use super::limits::{Excess, Limits};
use super::order::Order;
use super::pace::Bounds;
use super::shader::Kernel;
use super::slot::{Bound, Chunks, Dispatch, Sizes, Slots, Ticket};
use crate::engine::EngineError;
use crate::stats::Criterion;
use bound::{Test, test};
use bytemuck::{Zeroable, cast_slice};
use layout::{Params, Places, Variant};
use plan::{Plan, operations};
use products::{Products, complete_users};
use std::num::Wrapping;
use std::sync::Arc;
use table::Table;
use wgpu::BufferUsages;

/// The pipeline.
pub(super) struct Complete;

/// What it knows of chunks.
#[derive(Debug)]
struct Shares<'a> {
    plan: Plan,
    job: &'a Job<'a>,
    table: Arc<Table>,
}

/// What the kernel reads of `job`, made once for all devices.
fn table(job: &Job<'_>) -> Result<Arc<Table>, Excess> {
    let made = job.once(|| {
        let k = job.query.k();
        if k < 2 {
            return Err(Excess::new("the complete pipeline", "sets of 2", k));
        }
        let products = Products::new(job.matrix, &job.packing).ok_or_else(|| {
            let answers = job.questions() * job.matrix.users().len();
            let need = format!("{answers} answers");
            Excess::new("the complete pipeline", need, job.matrix.responses())
        })?;
        Table::new(products, k, takes_any_floor(job)).map(Arc::new)
    });
    Result::clone(&made)
}

/// Whether there are floors of rest scores, or of scores packed in steps. Rounded overall scores only lower a bar.
fn takes_any_floor(job: &Job<'_>) -> bool {
    job.query.ranking().criterion == Criterion::Rest || !job.packing.is_exact()
}

/// Whether some set may have a value.
fn may_be_defined(job: &Job<'_>, table: &Table) -> bool {
    let rounded = takes_any_floor(job) || job.query.blur().most > 0.0;
    table.users() >= u64::from(job.min_users) && (table.totals_vary() || rounded)
}

impl Kind for Complete {
    type Variant = Variant;

    const NAME: &'static str = "complete";

    const USUAL: &'static [Variant] = &[
        Variant {
            k: 3,
            sums: SumWidth::Narrow,
            columns: 64,
            any_floor: false,
        },
        Variant {
            k: 3,
            sums: SumWidth::Wide,
            columns: 64,
            any_floor: false,
        },
    ];

    fn work(job: &Job<'_>) -> Option<f64> {
        let possible = job.query.k() > 1 && complete_users(job.matrix).is_some();
        possible.then(|| operations(&job.load(), takes_any_floor(job)))
    }

    fn variant(job: &Job<'_>, limits: &Limits) -> Result<Variant, Excess> {
        let (k, sums) = (job.query.k(), table(job)?.width);
        let plan = Plan::new(limits, job.questions(), k, sums)?;
        Ok(Variant {
            k,
            sums,
            columns: plan.columns,
            any_floor: takes_any_floor(job),
        })
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
        let table = table(job).map_err(Excess::refusal)?;
        let questions = job.questions();
        let plan = Plan::new(&limits, questions, variant.k, variant.sums);
        let plan = plan.map_err(Excess::refusal)?;
        tracing::debug!(?plan);
        let binomials = &device.storage("binomials", &job.table.words())?;
        let mut wholes = table.wholes(variant.sums);
        if device.fault() == Some(Fault::LostAnswer) {
            // Sa of the last question; or the high half of its Sag.
            let at = wholes.len() - questions - 1;
            wholes[at] ^= 1;
        }
        let wholes = &device.storage("wholes", &wholes)?;
        let floats = &upload_floats(device, &table)?;
        let kernel = shader::kernel(&variant, device.integers());
        let params = Params {
            judged: u32::from(may_be_defined(job, &table)),
            questions: questions as u32,
            row_entries: job.table.row_entries() as u32,
            capacity: plan.survivors,
            ..Params::zeroed()
        };
        let own = [Bound::Survivors, Bound::Records];
        let dispatch = Dispatch::new(&kernel, params, &[binomials, floats, wholes], &own);
        let sizes = Sizes::new(plan.groups, plan.survivors);
        let chunks = Shares { plan, job, table };
        let slots = Slots::new(device, limits, Self::NAME, sizes, chunks, vec![dispatch])?;
        Ok(Box::new(slots))
    }

    fn samples(variant: &Variant) -> Vec<Sample> {
        vec![Sample::Complete {
            k: variant.k,
            questions: variant.columns as usize,
        }]
    }
}

impl Chunks for Shares<'_> {
    type Params = Params;

    fn bounds(&self) -> Bounds {
        Bounds {
            first: self.plan.first.into(),
            grain: 1,
            most: self.plan.most.into(),
        }
    }

    fn start(&self, chunk: &Ticket, floor: Floor, params: &mut [Params]) -> Option<u32> {
        let sets = chunk.sets();
        let share = self.plan.share(sets);
        let workgroups = sets.div_ceil(share);
        let Test {
            bar,
            side,
            lambda,
            top,
            least_x,
            least_y,
        } = test(&floor, &self.table.scale());
        let places = Places::of(self.table.questions(), side);
        for (serial, params) in chunk.each(params) {
            params.left = words(self.job.table.left(chunk.chunk.first));
            params.bar = bar;
            params.lambda = lambda;
            params.top = top;
            params.least_x = least_x;
            params.least_y = least_y;
            params.sets = sets;
            params.share = share;
            params.workgroups = workgroups;
            params.serial = serial;
            // A binding has fewer than 2^32 words.
            params.covariances = places.covariances as u32;
            params.variances = places.variances as u32;
            params.with_total = places.with_total as u32;
        }
        Some(workgroups)
    }

    fn finish(&self, _front: &[u32], answer: &mut Answer) {
        // What is the same for every set, as often as sets were counted.
        let sets = answer.visited.sets as u64;
        let (total, squares) = self.table.totals();
        let each = |value: u64| Wrapping(value) * Wrapping(sets);
        let six = &mut answer.visited.six;
        six.n = each(self.table.users());
        six.sg = each(total as u64);
        six.sgg = each(squares as u64);
        // Whether X is 0 is not asked of every set.
        answer.defined = None;
    }
}

/// The float tables on the device, read back to be sure of them.
fn upload_floats(device: &Device, table: &Table) -> Result<wgpu::Buffer, EngineError> {
    let floats = table.floats();
    let want: &[u8] = cast_slice(&floats);
    let mut sent = floats.clone();
    if device.fault() == Some(Fault::BentTable) {
        sent[0] = f32::from_bits(sent[0].to_bits() ^ 1);
    }
    let bytes = want.len() as u64;
    let usage = BufferUsages::STORAGE | BufferUsages::COPY_SRC | BufferUsages::COPY_DST;
    let buffer = device.buffer("floats", bytes, usage)?;
    device.write(&buffer, cast_slice(&sent))?;
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
