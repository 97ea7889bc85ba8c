//! Sizes of everything the flat pipeline holds, from limits and the shape of the search: pure.
//!
//! Users are tiled into spans of whole words, questions never: a row of one word of users over all
//! questions must fit a binding. Where an adapter bounds the turns of loops, a span has no more words
//! than an invocation may go through. Sets are tiled into chunks, one dispatch a span each. Whatever
//! cannot be tiled away is refused with figures; nothing is cut off.

use super::super::job::{Job, Load};
use super::super::layout::{MAX_K, TALLY_BYTES, Variant, WORKGROUP};
use super::super::limits::{Excess, FIRST_CHUNK, Limits, Needs};
use super::super::ranks::RankTable;

/// What decides the sizes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// Q.
    pub questions: usize,
    /// U.
    pub users: usize,
    /// Sets to visit.
    pub sets: u128,
    /// K, bits of a score, width of a sum.
    pub variant: Variant,
}

/// The sizes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Words of 32 users in all.
    pub words: usize,
    /// Words of 32 users in a span; the last span may have fewer.
    pub span_words: usize,
    /// Most sets of a chunk.
    pub chunk: u32,
    /// Sets of the first chunk.
    pub first_chunk: u32,
    /// Survivors that a chunk may report.
    pub survivors: u32,
    /// Words of `partials`.
    pub partials: usize,
}

/// Bytes of sums carried between spans that a chunk may take; larger chunks gain nothing.
const PARTIALS_BYTES: u64 = 64 << 20;

/// Most reads of a word in the first chunk: a few milliseconds for a GPU, well under a second for a
/// software adapter on one core.
const FIRST_CHUNK_READS: u64 = 1 << 26;

/// Most turns of the flat kernel's loops beside those of a word of users, each loop with the turn
/// that it ends in and none taken to be unrolled: `unrank` with K searches of 32 bits at most,
/// `reduce_tallies` with 6 strides of 6 sums, `leading` at 4 places in `judge`.
fn fixed_turns(k: usize) -> u64 {
    let unrank = k as u64 * (1 + 33) + 1;
    let reduce = 6 * (1 + 7) + 1;
    unrank + reduce + 4 * (3 + 1)
}

/// Most turns of its loops for a word of users: itself, K - 1 ANDs, 32 users with K scores each.
fn word_turns(k: usize) -> u64 {
    let k = k as u64;
    1 + k + 32 * (1 + k + 1) + 1
}

impl Shape {
    /// The shape of `job`.
    pub(in super::super) fn of(job: &Job<'_>) -> Self {
        Self {
            questions: job.questions(),
            users: job.matrix.users().len(),
            sets: job.sets,
            variant: job.packing.variant,
        }
    }
}

/// Integer operations for a set, as the shader's head counts them.
#[must_use]
pub fn operations(load: &Load) -> f64 {
    load.words() * load.k * 3.0 + load.set_users * (4.0 * load.k + 6.0) + 400.0
}

impl Plan {
    /// Tiles a search of this shape.
    ///
    /// # Errors
    /// The first thing that does not fit however it is tiled.
    pub fn new(limits: &Limits, shape: &Shape) -> Result<Self, Excess> {
        let Variant { k, score_bits, .. } = shape.variant;
        let questions = shape.questions as u64;
        let workgroup = u64::from(WORKGROUP);
        // The scores of a word of users are at least as wide as their answered bits.
        let word_bytes = (4 * questions * u64::from(score_bits)).max(4 * 32);
        let turns = u64::from(limits.loop_turns);
        limits.hold(&Needs {
            shared: workgroup * TALLY_BYTES / 2,
            sets: workgroup,
            storage: &[
                ("the binomials", RankTable::bytes(shape.questions, k)),
                ("32 users", word_bytes),
            ],
            others: &[
                ("questions of a set", k as u64, MAX_K as u64),
                (
                    "turns of loops for 32 users",
                    fixed_turns(k) + word_turns(k),
                    turns,
                ),
            ],
        })?;
        let most_words = limits.storage() / word_bytes;
        let span_turns = turns.saturating_sub(fixed_turns(k)) / word_turns(k);
        let most_words = most_words.min(span_turns);
        let words = shape.users.div_ceil(32).max(1);
        let spans = (words as u64).div_ceil(most_words);
        let span_words = (words as u64).div_ceil(spans);
        let carried = span_words < words as u64;

        let set_bytes = shape.variant.sums.words() as u64 * 4;
        let mut groups = limits.reporting().min(u64::from(limits.chunk) / workgroup);
        if let Ok(sets) = u64::try_from(shape.sets) {
            groups = groups.min(sets.div_ceil(workgroup).max(1));
        }
        if carried {
            groups = groups.min(limits.storage().min(PARTIALS_BYTES) / (workgroup * set_bytes));
        }
        if groups == 0 {
            return Err(Excess::new(
                "bytes of a storage buffer for the sums of a workgroup",
                workgroup * set_bytes,
                limits.storage(),
            ));
        }
        // `limits.chunk` is a u32.
        let chunk = (groups * workgroup) as u32;
        let survivors = limits.reported(4).min(u64::from(chunk)) as u32;
        let reads = words as u64 * (k as u64 + u64::from(score_bits));
        let first = (FIRST_CHUNK_READS / reads)
            .min(FIRST_CHUNK)
            .clamp(workgroup, u64::from(chunk)) as u32;
        Ok(Self {
            words,
            span_words: span_words as usize,
            chunk,
            first_chunk: first.min(survivors),
            survivors,
            partials: if carried {
                chunk as usize * shape.variant.sums.words()
            } else {
                1
            },
        })
    }

    /// Spans of users, as ranges of words.
    pub fn spans(&self) -> impl Iterator<Item = std::ops::Range<usize>> + use<> {
        let Self {
            words, span_words, ..
        } = *self;
        (0..words)
            .step_by(span_words)
            .map(move |start| start..(start + span_words).min(words))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::gpu::layout::SumWidth;
    use crate::engine::gpu::limits::TYPICAL;

    fn shape(questions: usize, users: usize, k: usize, score_bits: u32) -> Shape {
        let sums = SumWidth::Narrow;
        Shape {
            questions,
            users,
            sets: 1 << 100,
            variant: Variant {
                k,
                score_bits,
                sums,
            },
        }
    }

    #[test]
    fn the_benchmark_table_is_one_span() {
        let plan = Plan::new(&TYPICAL, &shape(200, 60_000, 5, 1)).unwrap();
        assert_eq!(
            (plan.words, plan.span_words, plan.partials),
            (1875, 1875, 1)
        );
        assert_eq!((plan.chunk, plan.survivors), (1 << 22, 1 << 16));
        let few = Shape {
            sets: 65,
            ..shape(200, 60_000, 5, 1)
        };
        let plan = Plan::new(&TYPICAL, &few).unwrap();
        assert_eq!((plan.chunk, plan.survivors), (128, 128));
    }

    #[test]
    fn a_wide_table_is_tiled_and_every_word_is_in_one_span() {
        for (limit, users) in [(256_u64 << 10, 200_000), (64 << 10, 1000), (16 << 10, 65)] {
            let limits = Limits {
                max_storage_binding: limit,
                ..TYPICAL
            };
            let shape = shape(250, users, 3, 8);
            let plan = Plan::new(&limits, &shape).unwrap();
            let spans: Vec<_> = plan.spans().collect();
            assert!(spans.len() > 1);
            assert_eq!(spans.first().map(|b| b.start), Some(0));
            assert_eq!(spans.last().map(|b| b.end), Some(users.div_ceil(32)));
            assert!(spans.windows(2).all(|b| b[0].end == b[1].start));
            for span in spans {
                assert!(!span.is_empty() && span.len() * 250 * 4 * 8 <= limit as usize);
            }
            assert!(plan.partials as u64 * 4 <= limit);
            assert!(plan.chunk.is_multiple_of(WORKGROUP));
        }
    }

    #[test]
    fn a_span_has_no_more_turns_of_loops_than_there_are() {
        let limits = Limits {
            loop_turns: Limits::LLVMPIPE_LOOP_TURNS,
            ..TYPICAL
        };
        for k in [1, 2, 5, 40, MAX_K] {
            for users in [10, 10_000, 60_000, 1_000_000] {
                let plan = Plan::new(&limits, &shape(400, users, k, 1)).unwrap();
                let turns = fixed_turns(k) + plan.span_words as u64 * word_turns(k);
                assert!(turns <= u64::from(limits.loop_turns), "{k} {users}");
                assert_eq!(
                    plan.spans().map(|span| span.len()).sum::<usize>(),
                    plan.words
                );
            }
        }
        let plan = Plan::new(&limits, &shape(200, 60_000, 5, 1)).unwrap();
        assert_eq!((plan.span_words, plan.spans().count()), (268, 7));
        let few = Limits {
            loop_turns: 466,
            ..limits
        };
        let excess = Plan::new(&few, &shape(200, 60_000, 5, 1)).unwrap_err();
        assert_eq!((&excess.need[..], &excess.have[..]), ("467", "466"));
    }

    #[test]
    fn what_cannot_be_tiled_is_refused_with_figures() {
        let small = |change: fn(&mut Limits)| {
            let mut limits = TYPICAL;
            change(&mut limits);
            Plan::new(&limits, &shape(250, 1000, 3, 8)).unwrap_err()
        };
        let excess = small(|l| l.max_buffer = 7999);
        assert_eq!(excess.need, (3 * 248 * 16).to_string());
        assert_eq!(excess.have, "7996");
        assert_eq!(small(|l| l.invocations = 32).have, "32");
        assert_eq!(small(|l| l.workgroup_memory = 2047).need, "2048");
        assert_eq!(small(|l| l.chunk = 63).need, "64");
        assert_eq!(small(|l| l.survivors = 0).have, "0");
        let row = Limits {
            max_storage_binding: 32_000,
            ..TYPICAL
        };
        let excess = Plan::new(&row, &shape(250, 1000, 2, 32)).unwrap();
        assert_eq!(excess.span_words, 1);
        let excess = Plan::new(&row, &shape(251, 1000, 2, 32)).unwrap_err();
        assert_eq!((&excess.need[..], &excess.have[..]), ("32128", "32000"));
        let excess = Plan::new(&TYPICAL, &shape(400, 10, MAX_K + 1, 1)).unwrap_err();
        assert_eq!(excess.have, MAX_K.to_string());
    }
}
