//! Chunks of ranks through a pipeline: what is in flight, the floor fed forward, redoing a chunk
//! with too many survivors, the exact finish. Knows no device.

use super::floor::Floor;
use super::ranks::RankTable;
use crate::engine::{EngineError, Query, Watch};
use crate::matrix::ResponseMatrix;
use crate::stats::{AuditSums, Sums};
use crate::top::{Candidate, NO_FLOOR, Top};
use std::collections::VecDeque;
use std::ops::Range;
use std::time::{Duration, Instant};

/// Consecutive ranks for one dispatch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Chunk {
    /// The first rank.
    pub(super) first: u128,
    /// How many.
    pub(super) sets: u32,
}

/// What a pipeline says of a chunk.
#[derive(Clone, Debug)]
pub(super) struct Answer {
    /// Over every set of the chunk.
    pub(super) seen: AuditSums,
    /// Sets with a correlation.
    pub(super) defined: u64,
    /// Offsets of all sets that may have r at or above the floor, in any order; `None` where there
    /// were more than [`Pipeline::survivors`], and the whole answer is to be thrown away.
    pub(super) survivors: Option<Vec<u32>>,
}

/// Evaluates chunks; several may be in flight, one in each slot.
pub(super) trait Pipeline {
    /// How many chunks may be in flight.
    fn slots(&self) -> usize;

    /// Most sets of a chunk, at least those of any one workgroup.
    fn first_chunk(&self) -> u32;

    /// Survivors that a chunk may have; a chunk of no more sets never has too many.
    fn survivors(&self) -> u32;

    /// Sets of the next chunk, where one of `sets` took `busy`.
    fn next_chunk(&self, sets: u32, busy: Duration) -> u32;

    /// Starts `chunk` in a free slot.
    fn submit(&mut self, slot: usize, chunk: Chunk, floor: Floor) -> Result<(), EngineError>;

    /// Waits for the chunk in this slot, which is free afterwards.
    fn collect(&mut self, slot: usize) -> Result<Answer, EngineError>;
}

/// What came of all chunks.
#[derive(Debug)]
pub(super) struct Driven {
    /// The best sets.
    pub(super) top: Top,
    /// Over every set.
    pub(super) seen: AuditSums,
    /// Sets with a correlation.
    pub(super) defined: u128,
}

/// Ranks not yet done.
#[derive(Debug)]
struct Ranks {
    rest: Range<u128>,
    /// To be done again; the next one last.
    again: Vec<Chunk>,
}

impl Ranks {
    /// The next chunk, of at most `most` sets.
    fn take(&mut self, most: u32) -> Option<Chunk> {
        if let Some(chunk) = self.again.pop() {
            let now = chunk.sets.min(most);
            if now < chunk.sets {
                self.again.push(Chunk {
                    first: chunk.first + u128::from(now),
                    sets: chunk.sets - now,
                });
            }
            return Some(Chunk { sets: now, ..chunk });
        }
        let left = self.rest.end - self.rest.start;
        if left == 0 {
            return None;
        }
        let chunk = Chunk {
            first: self.rest.start,
            sets: u32::try_from(left).map_or(most, |left| left.min(most)),
        };
        self.rest.start += u128::from(chunk.sets);
        Some(chunk)
    }

    /// Puts both halves of a chunk back, the first one first.
    fn halve(&mut self, chunk: Chunk) {
        let half = chunk.sets / 2;
        self.again.push(Chunk {
            first: chunk.first + u128::from(half),
            sets: chunk.sets - half,
        });
        self.again.push(Chunk {
            sets: half,
            ..chunk
        });
    }
}

/// Runs `query.ranks()` through `pipeline`. Each chunk takes the highest floor known when it is
/// submitted; survivors are summed again from the bitsets.
///
/// # Errors
/// [`EngineError::Stopped`], and those of the pipeline.
pub(super) fn drive(
    pipeline: &mut impl Pipeline,
    table: &RankTable,
    matrix: &ResponseMatrix,
    query: &Query,
    watch: &Watch,
) -> Result<Driven, EngineError> {
    let mut ranks = Ranks {
        rest: query.ranks(),
        again: Vec::new(),
    };
    let mut driven = Driven {
        top: Top::new(query.top()),
        seen: AuditSums::default(),
        defined: 0,
    };
    let mut free: Vec<usize> = (0..pipeline.slots()).collect();
    let mut in_flight: VecDeque<(usize, Chunk, Instant)> = VecDeque::new();
    let mut most = pipeline.first_chunk();
    let mut last_done = Instant::now();
    loop {
        if watch.stopped() {
            return Err(EngineError::Stopped);
        }
        while let Some(slot) = free.pop() {
            let floor = watch.floor().max(driven.top.floor());
            // Without a floor every defined set survives.
            let most = if floor == NO_FLOOR {
                most.min(pipeline.survivors())
            } else {
                most
            };
            let Some(chunk) = ranks.take(most) else {
                free.push(slot);
                break;
            };
            pipeline.submit(slot, chunk, Floor::new(floor))?;
            in_flight.push_back((slot, chunk, Instant::now()));
        }
        let Some((slot, chunk, submitted)) = in_flight.pop_front() else {
            return Ok(driven);
        };
        let answer = pipeline.collect(slot)?;
        free.push(slot);
        let done = Instant::now();
        // The device took it up when it was submitted, or when the one before was done.
        let busy = done - submitted.max(last_done);
        last_done = done;
        let Some(survivors) = answer.survivors else {
            // Nothing of the answer is used, so nothing is counted twice.
            ranks.halve(chunk);
            continue;
        };
        driven.seen += answer.seen;
        driven.defined += u128::from(answer.defined);
        for offset in survivors {
            let set = table.unrank(chunk.first + u128::from(offset));
            let sums = Sums::of_set(matrix, &set);
            if let Some(candidate) = Candidate::new(set, sums, query.min_users()) {
                driven.top.push(candidate);
            }
        }
        watch.raise_floor(driven.top.floor());
        watch.advance(u128::from(chunk.sets));
        if chunk.sets >= most {
            most = pipeline.next_chunk(chunk.sets, busy);
        } else {
            // A last or a redone chunk says little about larger ones, but too slow is too slow.
            most = most.min(pipeline.next_chunk(most, busy));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Engine;
    use crate::engine::oracle::ReferenceEngine;
    use crate::matrix::{Duplicates, MatrixBuilder, Score};

    /// A pipeline on the host that keeps every defined set at or above no floor at all.
    struct Host<'a> {
        matrix: &'a ResponseMatrix,
        table: &'a RankTable,
        survivors: u32,
        running: Vec<Option<Chunk>>,
        answered: Vec<Chunk>,
        overflows: usize,
    }

    impl Pipeline for Host<'_> {
        fn slots(&self) -> usize {
            self.running.len()
        }
        fn first_chunk(&self) -> u32 {
            3
        }
        fn survivors(&self) -> u32 {
            self.survivors
        }
        fn next_chunk(&self, sets: u32, _: Duration) -> u32 {
            sets * 2
        }
        fn submit(&mut self, slot: usize, chunk: Chunk, _: Floor) -> Result<(), EngineError> {
            assert!(chunk.sets > 0);
            assert_eq!(self.running[slot].replace(chunk), None, "the slot was free");
            Ok(())
        }
        fn collect(&mut self, slot: usize) -> Result<Answer, EngineError> {
            let chunk = self.running[slot].take().unwrap();
            let mut seen = AuditSums::default();
            let mut survivors = Vec::new();
            for offset in 0..chunk.sets {
                let set = self.table.unrank(chunk.first + u128::from(offset));
                let sums = Sums::of_set(self.matrix, &set);
                seen.add_set(&sums);
                if Candidate::new(set, sums, 2).is_some() {
                    survivors.push(offset);
                }
            }
            let defined = survivors.len() as u64;
            let fits = survivors.len() <= self.survivors as usize;
            if fits {
                self.answered.push(chunk);
            } else {
                self.overflows += 1;
            }
            survivors.reverse();
            Ok(Answer {
                seen,
                defined,
                survivors: fits.then_some(survivors),
            })
        }
    }

    fn matrix() -> ResponseMatrix {
        let mut b = MatrixBuilder::new();
        for u in 0..20_usize {
            for q in 0..8_usize {
                let score = (u * q % 5 != 3).then_some(Score {
                    mantissa: ((u * u + 3 * q) % 7) as i64,
                    digits: 0,
                });
                b.push(&u.to_string(), &q.to_string(), score, 0).unwrap();
            }
        }
        b.finish(Duplicates::Error, "row").unwrap()
    }

    #[test]
    fn every_set_once_whatever_overflows_and_however_many_slots() {
        let matrix = matrix();
        let table = RankTable::new(8, 3).unwrap();
        for (survivors, slots, top) in [(1, 1, 3), (2, 2, 2), (5, 3, 1), (1000, 2, 100)] {
            for ranks in [0..56_u128, 5..6, 17..50] {
                let query = Query::new(&matrix, 3, top, 2)
                    .unwrap()
                    .with_ranks(ranks.start, Some(ranks.end - ranks.start))
                    .unwrap();
                let want = ReferenceEngine
                    .search(&matrix, &query, &Watch::new())
                    .unwrap();
                let mut host = Host {
                    matrix: &matrix,
                    table: &table,
                    survivors,
                    running: vec![None; slots],
                    answered: Vec::new(),
                    overflows: 0,
                };
                let watch = Watch::new();
                let got = drive(&mut host, &table, &matrix, &query, &watch).unwrap();
                assert_eq!(got.seen, want.seen);
                assert_eq!(Some(got.defined), want.defined);
                assert_eq!(got.top.into_sorted(), want.best);
                assert_eq!(watch.done(), ranks.end - ranks.start);
                host.answered.sort_by_key(|c| c.first);
                let mut next = ranks.start;
                for chunk in &host.answered {
                    assert_eq!(chunk.first, next);
                    next += u128::from(chunk.sets);
                }
                assert_eq!(next, ranks.end);
                if ranks == (0..56) && survivors < 6 {
                    assert!(host.overflows > 0, "this case is to overflow");
                }
            }
        }
    }

    #[test]
    fn a_stop_ends_it() {
        let matrix = matrix();
        let table = RankTable::new(8, 3).unwrap();
        let query = Query::new(&matrix, 3, 1, 2).unwrap();
        let watch = Watch::new();
        watch.stop();
        let mut host = Host {
            matrix: &matrix,
            table: &table,
            survivors: 1,
            running: vec![None; 2],
            answered: Vec::new(),
            overflows: 0,
        };
        let stopped = drive(&mut host, &table, &matrix, &query, &watch);
        assert!(matches!(stopped, Err(EngineError::Stopped)));
        assert!(host.answered.is_empty());
    }
}
