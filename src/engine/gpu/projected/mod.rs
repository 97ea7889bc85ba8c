//! The projected pipeline: the users of each stem as a small dense table, and all leaves of a stem
//! from that; section by section on the device.
//!
//! ```text
//! chunk of numbers -> the stems (first K - 2 questions) that it meets      (order)
//! a workgroup a stem: its users, compacted, as columns behind the stem     (expand.wgsl)
//! a workgroup stem after stem: for each word of 32 leaves (l fixed, m the bits): (score.wgsl)
//!     scores of few steps: discard by pairs of users                       (slack, sweep.wgsl)
//!     what is left, leaf by leaf: sums over the dense columns, judge       (bar; as flat does)
//! ```
//!
//! A chunk is a range of numbers: its first and last stem may lie in it in part, and leaves outside are masked.
//! Users of a chunk's stems share one buffer of bounded size, where each stem claims its part; a chunk that does not
//! fit is split as one with too many survivors is, and one stem always fits ([`plan`]). With K ≤ 2, or a table or stem
//! beyond a buffer, there is a refusal, and the engine takes the flat pipeline.
//!
//! All sets of five questions are numbered by halves (`gpu::order`), a fourth of the stems, each with more behind;
//! other searches, and parts of one, by rank.
//!
//! No variant for a real GPU depends on subgroups: lanes meet only in prefix sums, a few dozen steps for
//! thousands of operations. Variants are K, bits of a score, width of sums, steps, how many users the sweep's tile
//! has, and whose the 64-bit integers are that leaves are judged in.
//!
//! Scores of more than eight values are not swept, nor are tables with sums of more than 26 bits: each leaf is summed.
//!
//! Software adapters make a load in a loop over the lanes, so that loads are nearly all of the time.
//! They have two-valued scores in another way: leaves abreast in the lanes of a subgroup, which loads
//! users once for all of them and sums every leaf (abreast.wgsl, in place of score.wgsl).

pub mod bar;
pub mod layout;
pub mod plan;
pub mod sample;
pub mod shader;
pub mod slack;
pub mod steps;
pub mod table;

use super::device::Device;
use super::drive::{Answer, Pipeline};
use super::fault::Fault;
use super::floor::Floor;
use super::job::{BEHIND_STEM, Job};
use super::kind::{Kind, Sample};
use super::layout::{Integers, WORKGROUP, words};
use super::limits::{Excess, Limits};
use super::order::{self, Face, Order};
use super::pace::Bounds;
use super::queue::Chunk;
use super::shader::Kernel;
use super::slot::{Bound, Chunks, Dispatch, Front, Sizes, Slots, Ticket};
use crate::engine::EngineError;
use bytemuck::Zeroable;
use layout::{PARTS, Params, STEM_BYTES, Variant};
use plan::{Plan, Shape, operations};
use table::Table;
use wgpu::BufferUsages;

/// Bytes of the count of claimed words, of whether loops were cut short, and of the count of stems taken.
const CLAIMED_BYTES: u64 = 12;

/// Largest K of which known answers are asked on the table of a pair.
const PAIR_K: usize = 12;

/// The pipeline.
pub(super) struct Projected;

/// What it knows of chunks.
#[derive(Debug)]
struct Stems {
    plan: Plan,
    faces: Vec<Placed>,
    variant: Variant,
}

/// A face, and where it is in the buffers.
#[derive(Debug)]
struct Placed {
    face: Face,
    stems: u128,
    rows_at: u32,
    answered_at: u32,
    ways_at: u32,
}

impl Kind for Projected {
    type Variant = Variant;

    const NAME: &'static str = "projected";

    fn work(job: &Job<'_>) -> Option<f64> {
        (job.query.k() > BEHIND_STEM).then(|| operations(&job.load()))
    }

    fn variant(job: &Job<'_>, limits: &Limits) -> Result<Variant, Excess> {
        let shape = Shape::of(job, limits);
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
        order: Order,
    ) -> Result<Box<dyn Pipeline + 'a>, EngineError> {
        let shape = Shape {
            variant,
            ..Shape::of(job, &limits)
        };
        let plan = Plan::new(&limits, &shape).map_err(Excess::refusal)?;
        tracing::debug!(?plan, ?shape);
        let (questions, k) = (job.questions(), job.query.k());
        let faces = order::faces(order, questions, k).ok_or_else(numbers)?;
        let first_questions: Vec<_> = faces.iter().map(|face| face.first_question).collect();
        // Fields hold whole scores, also of a known answer's table that could have steps.
        let top = if variant.steps > 0 { shape.top } else { 0 };
        let mut table = Table::new(job.matrix, &job.packing, &variant, top, &first_questions);
        let mut of_binomials = job.table.words();
        let mut placed = Vec::new();
        for face in faces {
            let before = placed.len() as u32;
            let row = match variant.steps {
                0 => table.row_words,
                _ => table.row_words / 2,
            };
            let ways_at = of_binomials.len() / 4;
            of_binomials.extend(face.words().into_iter().flat_map(|word| [word, 0, 0, 0]));
            placed.push(Placed {
                stems: face.stems().ok_or_else(numbers)?,
                rows_at: before * (128 * table.quads * row) as u32,
                answered_at: before * (questions * table.quads) as u32,
                ways_at: ways_at as u32,
                face,
            });
        }
        Fault::lose_answer(device.fault(), &mut table.answered);
        let params = Params {
            questions: questions as u32,
            row_entries: job.table.row_entries() as u32,
            quads: table.quads as u32,
            row_words: table.row_words as u32,
            answered_words: table.answered_words as u32,
            room: plan.room,
            capacity: plan.survivors,
            min_users: job.min_users,
            top,
            list: plan.list,
            ..Params::zeroed()
        };
        let output = BufferUsages::STORAGE | BufferUsages::COPY_SRC | BufferUsages::COPY_DST;
        let claimed = &device.buffer("claimed", CLAIMED_BYTES, output)?;
        let of_stems = STEM_BYTES * u64::from(plan.stems);
        let of_stems = &device.buffer("stems", of_stems, BufferUsages::STORAGE)?;
        let scratch = 4 * u64::from(plan.room.max(1));
        let scratch = &device.buffer("scratch", scratch, BufferUsages::STORAGE)?;
        let binomials = &device.storage("binomials", &of_binomials)?;
        let answered = &device.storage("answered", &table.answered)?;
        let rows = &device.storage("rows", &table.rows)?;
        let totals = &device.storage("totals", &table.totals)?;
        let [expand, last] = shader::kernels(&variant, device.integers());
        let expanding = [
            binomials, answered, rows, totals, claimed, of_stems, scratch,
        ];
        let mut reading = vec![of_stems, scratch];
        let mut scoring = vec![Bound::Survivors, Bound::Records];
        if !variant.abreast {
            reading.push(claimed);
        }
        if variant.tile > 0 || variant.abreast {
            scoring.push(Bound::Fixed(rows.clone()));
        }
        if variant.tile > 0 {
            let lists = device.buffer("lists", plan.lists(), BufferUsages::STORAGE)?;
            scoring.push(Bound::Fixed(lists));
        }
        let dispatches = vec![
            Dispatch::new(&expand, params, &expanding, &[]),
            Dispatch::new(&last, params, &reading, &scoring),
        ];
        let front = Front {
            buffer: claimed.clone(),
            room: plan.room,
        };
        let sizes = Sizes {
            front: Some(front),
            ..Sizes::new(plan.workgroups, plan.survivors)
        };
        let chunks = Stems {
            plan,
            faces: placed,
            variant,
        };
        let slots = Slots::new(device, limits, Self::NAME, sizes, chunks, dispatches)?;
        Ok(Box::new(slots))
    }

    fn samples(variant: &Variant) -> Vec<Sample> {
        let packed = variant.packed;
        let mut samples = vec![match variant.steps {
            0 => Sample::Gaps(packed),
            steps => Sample::Steps(packed, steps),
        }];
        if variant.tile > 0 {
            samples.push(Sample::Noise(packed, variant.steps));
        }
        // Its table has 32 questions, most of which have to be others than the first set's.
        if variant.tile > 0 && packed.k <= PAIR_K {
            samples.push(Sample::Pair(packed));
        }
        samples
    }
}

/// There are more stems than can be numbered.
fn numbers() -> EngineError {
    Excess::new("the number of stems", "more than 2^128", "2^128").refusal()
}

impl Chunks for Stems {
    type Params = Params;

    fn bounds(&self) -> Bounds {
        Bounds {
            first: self.plan.first_chunk.into(),
            grain: WORKGROUP.into(),
            most: self.plan.chunk.into(),
        }
    }

    /// Whole stems, as only those are swept: fewer sets than `most` where that ends a stem, or one stem to its end.
    fn fitting(&self, first: u128, most: u128) -> u128 {
        let placed = self.faces.iter().rfind(|placed| placed.face.start <= first);
        let Some(face) = placed.map(|placed| &placed.face) else {
            return most;
        };
        if self.variant.tile == 0 {
            return most;
        }
        let sets = face.whole_stems(first - face.start, most);
        if sets > self.plan.chunk.into() {
            most
        } else {
            sets
        }
    }

    fn start(&self, chunk: &Ticket, floor: Floor, params: &mut [Params]) -> Option<u32> {
        let Chunk { first, sets } = chunk.chunk;
        // A chunk of two faces is split until each part lies in one.
        let placed = self.faces.iter().find(|placed| {
            let face = &placed.face;
            face.start <= first && first + sets <= face.start + face.sets
        })?;
        let first = first - placed.face.start;
        let first_stem = placed.face.stem_number(first)?;
        let last_stem = placed.face.stem_number(first + (sets - 1))?;
        let left = placed.stems - 1 - first_stem;
        let stems = u32::try_from(last_stem - first_stem + 1).ok();
        let stems = stems.filter(|&stems| stems <= self.plan.stems)?;
        let parts = if self.variant.abreast { PARTS } else { 1 };
        let workgroups = (stems * parts).min(self.plan.workgroups);
        for (serial, params) in chunk.each(params) {
            params.stem_left = words(left);
            params.floor = floor;
            params.stems = stems;
            params.workgroups = workgroups;
            params.head = placed.face.head as u32;
            params.rows_at = placed.rows_at;
            params.answered_at = placed.answered_at;
            params.ways_at = placed.ways_at;
            // Its low word.
            params.first = first as u32;
            params.sets = chunk.sets();
            params.slack = slack::slack(&floor);
            params.bar = bar::bar(&floor);
            params.serial = serial;
        }
        Some(workgroups)
    }

    fn finish(&self, _front: &[u32], answer: &mut Answer) {
        if self.variant.tile > 0 {
            // A leaf that the sweep discards may or may not be defined; those that it leaves are counted in their place.
            answer.left = answer.defined.take();
        }
    }
}
