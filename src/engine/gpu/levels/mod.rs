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
//! All dispatches of a chunk are one submission, and the host waits for none of them. A level's prefixes are
//! a frontier of bounded size; a chunk with more is thrown away and halved ([`plan`]), so chunks may have any
//! number of sets, and one without prefixes may have 10^30.
//!
//! What is pruned is excluded: counted in closed form (narrow.wgsl says how), over the table's integers alone,
//! and reported apart from the sets that are visited. So the audit does not show a wrong number of users in
//! [`plan::Shape::min_users`], nor a prefix that was pruned in error: tests do. Scores of any width are one
//! text, as are sets of any size: a score is the difference of two sums. Variants are questions of a root
//! and width of a set's sums.

pub mod layout;
pub mod plan;
pub mod shader;
pub mod table;

use super::device::Device;
use super::drive::{Answer, Pipeline};
use super::fault::Fault;
use super::floor::Floor;
use super::job::Job;
use super::kind::{Kind, Sample};
use super::layout::{self as packed, Integers, SumWidth, words};
use super::limits::{Excess, Limits};
use super::order::Order;
use super::pace::Bounds;
use super::prefixes::{Met, Prefixes};
use super::ranks::RankTable;
use super::records::Survivors;
use super::shader::Kernel;
use super::slot::{Bound, Chunks, Dispatch, Front, Sizes, Slots, Ticket};
use crate::engine::EngineError;
use bytemuck::Zeroable;
use layout::{CLAIMED_FLAGS, PREFIX_BYTES, Params, USER_BYTES, Variant};
use plan::{Plan, SURVIVOR_WORDS, Shape};
use table::{Binomials, Table};
use wgpu::BufferUsages;

/// The pipeline.
pub(super) struct Levels;

/// What it knows of chunks.
#[derive(Debug)]
struct Roots<'a> {
    plan: Plan,
    roots: Prefixes,
    ranks: &'a RankTable,
}

impl Kind for Levels {
    type Variant = Variant;

    const NAME: &'static str = "levels";

    const PRUNES: bool = true;

    fn work(job: &Job<'_>) -> Option<f64> {
        plan::work(job)
    }

    fn variant(job: &Job<'_>, limits: &Limits) -> Result<Variant, Excess> {
        let shape = Shape::of(job);
        Plan::new(limits, &shape).map(|_| shape.variant)
    }

    fn kernels(variant: &Variant, integers: Integers) -> Vec<Kernel> {
        shader::kernels(variant, integers).into()
    }

    fn open<'a>(
        device: &'a Device,
        limits: Limits,
        job: &'a Job<'a>,
        variant: Variant,
        _order: Order,
    ) -> Result<Box<dyn Pipeline + 'a>, EngineError> {
        let shape = Shape::of(job);
        let plan = Plan::new(&limits, &shape).map_err(Excess::refusal)?;
        tracing::debug!(?plan, ?shape);
        let Shape { questions, k, .. } = shape;
        let roots = Prefixes::new(questions, k, variant.root).map_err(Excess::refusal)?;
        let binomials =
            Binomials::new(questions, k, shape.most_answers).map_err(Excess::refusal)?;
        let mut table = Table::new(job.matrix, &job.packing);
        Fault::lose_answer(device.fault(), &mut table.columns);
        let fixed = Params {
            k: k as u32,
            questions: questions as u32,
            row_entries: binomials.row_entries as u32,
            quads: table.quads as u32,
            row_words: table.row_words as u32,
            forms_at: binomials.forms_at as u32,
            forms_row_entries: binomials.forms_row_entries as u32,
            workgroups: plan.workgroups,
            users_at: 2 * plan.prefixes,
            room: plan.room,
            capacity: plan.survivors,
            min_users: job.min_users,
            ..Params::zeroed()
        };
        let binomials = &device.storage("binomials", &binomials.words)?;
        let columns = &device.storage("columns", &table.columns)?;
        let rows = &device.storage("rows", &table.rows)?;
        let tails = &device.storage("tails", &table.tails)?;
        let output = BufferUsages::STORAGE | BufferUsages::COPY_SRC | BufferUsages::COPY_DST;
        let claimed = 4 * (CLAIMED_FLAGS + 2 * k) as u64;
        let claimed = &device.buffer("claimed", claimed, output)?;
        let bytes = PREFIX_BYTES * u64::from(plan.prefixes) + USER_BYTES * u64::from(plan.room);
        let frontier = || device.buffer("frontier", bytes, BufferUsages::STORAGE);
        let frontiers = [frontier()?, frontier()?];
        let [first, narrow, last] = shader::kernels(&variant, device.integers());
        // The prefixes of a level are read from one frontier, and those made of them written to the other.
        let at = |level: usize| &frontiers[level % 2];
        let params = |level: usize| Params {
            level: level as u32,
            ..fixed
        };
        let (root, records) = (variant.root, &[Bound::Records]);
        let bound = [binomials, columns, rows, tails, claimed, at(root)];
        let making = Params {
            first_dispatch: 1,
            ..params(root)
        };
        let mut dispatches = vec![Dispatch::new(&first, making, &bound, records)];
        dispatches.extend((root..k - 1).map(|level| {
            let bound = [binomials, rows, tails, claimed, at(level), at(level + 1)];
            Dispatch::new(&narrow, params(level), &bound, records)
        }));
        let bound = [rows, tails, claimed, at(k - 1)];
        let own = [Bound::Survivors, Bound::Records];
        dispatches.push(Dispatch::new(&last, params(k - 1), &bound, &own));
        let survivors = Survivors {
            words: SURVIVOR_WORDS,
            capacity: plan.survivors,
        };
        let front = Front {
            buffer: claimed.clone(),
            room: 0,
        };
        let sizes = Sizes {
            workgroups: plan.workgroups,
            excluding: true,
            survivors,
            front: Some(front),
        };
        let chunks = Roots {
            plan,
            roots,
            ranks: &job.table,
        };
        let slots = Slots::new(device, limits, Self::NAME, sizes, chunks, dispatches)?;
        Ok(Box::new(slots))
    }

    /// Sets with a level between roots and leaves, but where roots are of one question.
    fn samples(variant: &Variant) -> Vec<Sample> {
        vec![Sample::Gaps(packed::Variant {
            k: match variant.root {
                1 => 2,
                _ => 5,
            },
            score_bits: match variant.sums {
                SumWidth::Narrow => 4,
                SumWidth::Wide => 32,
            },
            sums: variant.sums,
        })]
    }
}

impl Chunks for Roots<'_> {
    type Params = Params;

    fn bounds(&self) -> Bounds {
        Bounds {
            first: self.plan.first_chunk.into(),
            // As many cost hardly more than one: all the dispatches.
            grain: self.plan.first_chunk.into(),
            most: self.plan.chunk,
        }
    }

    fn start(&self, chunk: &Ticket, floor: Floor, params: &mut [Params]) -> Option<u32> {
        let Met { left, prefixes } = self.roots.met(self.ranks, chunk.chunk)?;
        if prefixes > self.plan.roots.into() {
            return None;
        }
        let first_left = self.ranks.left(chunk.chunk.first);
        for (serial, params) in chunk.each(params) {
            params.first_left = words(first_left);
            params.last_left = words(first_left - (chunk.chunk.sets - 1));
            params.root_left = words(left);
            params.floor = floor;
            params.roots = prefixes as u32;
            params.serial = serial;
        }
        Some(self.plan.workgroups)
    }

    fn finish(&self, front: &[u32], answer: &mut Answer) {
        // Prefixes and users of each level.
        let levels = front[CLAIMED_FLAGS..].chunks(2);
        answer.prefixes = levels.map(|level| level[0].into()).collect();
    }
}
