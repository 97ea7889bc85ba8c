//! Chunks of ranks through a pipeline: what is in flight, the floor fed forward, redoing a chunk
//! with too many survivors, the exact finish. Knows no device.
//!
//! The pipeline is never without work where there is some: all of its slots are filled before the
//! oldest is waited for, and while the host finishes that one the others compute.

use super::floor::{FLOOR_NONE, Floor};
use super::job::Job;
use super::order::Order;
use super::pace::{Bounds, Pace};
use super::queue::{Chunk, Next, Queue};
use crate::engine::{EngineError, Watch};
use crate::stats::AuditSums;
use crate::top::Top;
use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

/// When a chunk ran, in nanoseconds of the device's clock, which starts anywhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ran {
    pub(super) begin: u64,
    pub(super) end: u64,
}

/// Why the whole answer of a chunk is thrown away, and the chunk done again in halves: it has two sets or
/// more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Redo {
    /// More survivors than [`Pipeline::survivors`]: by the time of the halves the floor may be higher.
    Survivors,
    /// The chunk took more than one submission can do, whatever the floor: loops were cut short, or memory
    /// did not suffice.
    Size,
}

/// What a pipeline says of a chunk.
#[derive(Clone, Debug)]
pub(super) struct Answer {
    /// Over the sets of the chunk that were summed.
    pub(super) visited: AuditSums,
    /// Over those that a closed form excluded: with `visited`, all sets of the chunk.
    pub(super) excluded: AuditSums,
    /// Sets with a correlation, where the pipeline counts them.
    pub(super) defined: Option<u64>,
    /// Sets that a sweep left to be summed, and defined ones that it did not look at; where the pipeline sweeps.
    pub(super) left: Option<u64>,
    /// Offsets of all sets that may have r at or above the floor, in any order.
    pub(super) survivors: Result<Vec<u128>, Redo>,
    /// Prefixes gone through, by how many questions they have, from 0 on; of a pipeline that counts them.
    pub(super) prefixes: Vec<u64>,
    /// When it ran, where the device has a clock.
    pub(super) ran: Option<Ran>,
}

impl Answer {
    /// Nothing but the wish to have the chunk done again in halves.
    pub(super) fn too_large() -> Self {
        Self {
            visited: AuditSums::default(),
            excluded: AuditSums::default(),
            defined: None,
            left: None,
            survivors: Err(Redo::Size),
            prefixes: Vec::new(),
            ran: None,
        }
    }
}

/// Evaluates chunks on one device; several may be in flight, one in each slot.
///
/// A pipeline that has failed once is thrown away with its device; another one then gets the chunks
/// that were in flight, whole or in parts.
pub(super) trait Pipeline {
    /// How many chunks may be in flight.
    fn slots(&self) -> usize;

    /// Sizes of chunks. Any range of ranks within them must be taken, also the odd end of a search.
    fn bounds(&self) -> Bounds;

    /// How many sets a chunk should have that starts with this number and might have `most`: so many, or as many as
    /// the pipeline does better with.
    fn fitting(&self, _first: u128, most: u128) -> u128 {
        most
    }

    /// Survivors that a chunk may have, at least 1; a chunk of no more sets never has too many.
    fn survivors(&self) -> u64;

    /// Starts `chunk` in a free slot.
    fn submit(&mut self, slot: usize, chunk: Chunk, floor: Floor) -> Result<(), EngineError>;

    /// Waits for the chunk in this slot, which is free afterwards. Slots are collected in the order
    /// of their submission.
    fn collect(&mut self, slot: usize) -> Result<Answer, EngineError>;
}

/// What is driven, by any number of devices beside each other.
#[derive(Clone, Copy, Debug)]
pub(super) struct Drive<'a> {
    pub(super) job: &'a Job<'a>,
    pub(super) queue: &'a Queue,
    pub(super) watch: &'a Watch,
    /// What a submission should take.
    pub(super) target: Duration,
    /// How the sets of the queue are numbered.
    pub(super) order: Order,
    /// Whose work it is, for who watches; a device fills in its name.
    pub(super) device: Option<&'a str>,
}

/// What came of the chunks that one device did; it outlives the pipelines that it came from.
#[derive(Clone, Debug)]
pub(super) struct Driven {
    /// The best sets.
    pub(super) top: Top,
    /// Over the sets that were summed.
    pub(super) visited: AuditSums,
    /// Over those that a closed form excluded.
    pub(super) excluded: AuditSums,
    /// Prefixes gone through, by how many questions they have, where a pipeline counted them.
    pub(super) prefixes: Vec<u64>,
    /// Chunks done by each pipeline, by its name.
    pub(super) took: BTreeMap<&'static str, u64>,
    /// Sets with a correlation; `None` where the pipeline did not count them.
    pub(super) defined: Option<u128>,
    /// Sets that sweeps left to be summed, and defined ones that they did not look at; where a pipeline sweeps.
    pub(super) left: Option<u128>,
    /// Chunks done.
    pub(super) chunks: u64,
    /// Chunks thrown away, see [`Redo`].
    pub(super) redone: u64,
    /// How long the device computed, chunks that were thrown away included.
    pub(super) busy: Duration,
    /// How much of `busy` is by the device's own clock.
    pub(super) clocked: Duration,
}

impl Driven {
    pub(super) fn new(top: usize) -> Self {
        Self {
            top: Top::new(top),
            visited: AuditSums::default(),
            excluded: AuditSums::default(),
            prefixes: Vec::new(),
            took: BTreeMap::new(),
            defined: Some(0),
            left: None,
            chunks: 0,
            redone: 0,
            busy: Duration::ZERO,
            clocked: Duration::ZERO,
        }
    }

    /// Adds what another device did.
    pub(super) fn merge(&mut self, other: Self) {
        self.top.merge(other.top);
        self.visited += other.visited;
        self.excluded += other.excluded;
        self.add_prefixes(&other.prefixes);
        for (pipeline, chunks) in other.took {
            *self.took.entry(pipeline).or_default() += chunks;
        }
        let both = self.defined.zip(other.defined);
        self.defined = both.map(|(mine, theirs)| mine + theirs);
        self.add_left(other.left);
        self.chunks += other.chunks;
        self.redone += other.redone;
        self.busy += other.busy;
        self.clocked += other.clocked;
    }

    fn add_left(&mut self, more: Option<u128>) {
        if let Some(more) = more {
            *self.left.get_or_insert(0) += more;
        }
    }

    fn add_prefixes(&mut self, more: &[u64]) {
        let levels = self.prefixes.len().max(more.len());
        self.prefixes.resize(levels, 0);
        for (prefixes, more) in self.prefixes.iter_mut().zip(more) {
            *prefixes += more;
        }
    }
}

/// A chunk in a slot.
#[derive(Clone, Copy, Debug)]
struct Flight {
    slot: usize,
    chunk: Chunk,
    /// Every defined set survives.
    floorless: bool,
    submitted: Instant,
}

/// Chunks in flight, oldest first. Whatever ends the drive, those left go back to the queue.
struct Flights<'a> {
    queue: &'a Queue,
    flights: VecDeque<Flight>,
}

impl Drop for Flights<'_> {
    fn drop(&mut self) {
        // The next one to be taken is given back last.
        for flight in self.flights.drain(..).rev() {
            self.queue.give_back(flight.chunk);
        }
    }
}

/// How long chunks ran. Those of one device follow each other, so each is counted from the end of
/// the one before where they overlap.
struct Clock {
    host: Instant,
    device: u64,
}

impl Clock {
    /// The time of a chunk that is `done`, by the device's clock where it has one.
    fn busy(&mut self, submitted: Instant, done: Instant, ran: Option<Ran>) -> Duration {
        let host = done - submitted.max(self.host);
        self.host = done;
        match ran {
            Some(Ran { begin, end }) => {
                let ran = end.saturating_sub(begin.max(self.device));
                self.device = self.device.max(end);
                Duration::from_nanos(ran)
            }
            None => host,
        }
    }
}

/// How long to wait for other devices' chunks before looking whether to stop.
const PATIENCE: Duration = Duration::from_millis(50);

/// Pulls chunks from the queue through `pipeline` until all are done, and adds their answers to
/// `driven`. Each chunk takes the highest floor known when it is submitted; survivors are summed
/// again from the bitsets.
///
/// # Errors
/// [`EngineError::Stopped`], and those of the pipeline. The queue then has the chunks that were in
/// flight, and nothing of them is in `driven`.
pub(super) fn drive(
    pipeline: &mut dyn Pipeline,
    drive: Drive<'_>,
    driven: &mut Driven,
) -> Result<(), EngineError> {
    let Drive {
        job,
        queue,
        watch,
        target,
        order,
        device,
    } = drive;
    let set_of = job.sets_in(order)?;
    let mut free: Vec<usize> = (0..pipeline.slots()).collect();
    let mut in_flight = Flights {
        queue,
        flights: VecDeque::new(),
    };
    let mut pace = Pace::new(target, pipeline.bounds(), pipeline.survivors());
    let mut clock = Clock {
        host: Instant::now(),
        device: 0,
    };
    loop {
        if watch.stopped() {
            return Err(EngineError::Stopped);
        }
        while let Some(slot) = free.pop() {
            watch.raise_floor(driven.top.floor());
            let need = job.query.need(watch);
            let floor = Floor::of(job.query, need, job.packing.scores, job.packing.totals);
            let floorless = floor.mode == FLOOR_NONE;
            let most = if floorless {
                pace.sets_without_floor()
            } else {
                pace.sets()
            };
            let fitting = |first| pipeline.fitting(first, most);
            let Some(chunk) = queue.take(fitting) else {
                free.push(slot);
                break;
            };
            in_flight.flights.push_back(Flight {
                slot,
                chunk,
                floorless,
                submitted: Instant::now(),
            });
            pipeline.submit(slot, chunk, floor)?;
        }
        let Some(&Flight {
            slot,
            chunk,
            floorless,
            submitted,
        }) = in_flight.flights.front()
        else {
            match queue.wait(PATIENCE) {
                Next::Take | Next::Wait => continue,
                Next::End => return Ok(()),
            }
        };
        let answer = pipeline.collect(slot)?;
        free.push(slot);
        let busy = clock.busy(submitted, Instant::now(), answer.ran);
        driven.busy += busy;
        if answer.ran.is_some() {
            driven.clocked += busy;
        }
        match &answer.survivors {
            // How long it took says nothing of sizes that can be done.
            Err(Redo::Size) => pace.cut(chunk.sets),
            survivors => {
                pace.learn(chunk.sets, busy);
                if floorless {
                    pace.survived(chunk.sets, survivors.as_ref().ok().map(Vec::len));
                }
            }
        }
        let Ok(survivors) = answer.survivors else {
            // Nothing of the answer is used, so nothing is counted twice.
            driven.redone += 1;
            in_flight.flights.pop_front();
            queue.halve(chunk);
            continue;
        };
        driven.visited += answer.visited;
        driven.excluded += answer.excluded;
        driven.add_prefixes(&answer.prefixes);
        driven.add_left(answer.left.map(u128::from));
        let both = driven.defined.zip(answer.defined);
        driven.defined = both.map(|(before, now)| before + u128::from(now));
        for offset in survivors {
            let set = set_of(chunk.first + offset);
            if job.query.surely_below(&set, watch.floor()) {
                continue;
            }
            if let Some(candidate) = job.query.judge(&set) {
                watch.keep(&mut driven.top, candidate);
            }
        }
        driven.chunks += 1;
        in_flight.flights.pop_front();
        queue.done();
        watch.raise_floor(driven.top.floor());
        match device {
            Some(device) => watch.advance_on(device, chunk.sets),
            None => watch.advance(chunk.sets),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::ranks::RankTable;
    use super::*;
    use crate::engine::oracle::ReferenceEngine;
    use crate::engine::{Engine, Part, Query};
    use crate::matrix::{Duplicates, MatrixBuilder, ResponseMatrix, Score};
    use crate::stats::{Ranking, Sums};

    /// A pipeline on the host that keeps every defined set at or above no floor at all.
    struct Host<'a> {
        matrix: &'a ResponseMatrix,
        table: &'a RankTable,
        survivors: u64,
        running: Vec<Option<Chunk>>,
        answered: Vec<Chunk>,
        overflows: usize,
        /// Most sets of a chunk, and how many it can do.
        most: u128,
        can: u128,
        cuts: usize,
        submissions: usize,
        collected: usize,
        /// The submission that fails.
        fails_at: Option<usize>,
        /// The collection that fails.
        lost_at: Option<usize>,
    }

    impl<'a> Host<'a> {
        fn new(
            matrix: &'a ResponseMatrix,
            table: &'a RankTable,
            survivors: u64,
            slots: usize,
        ) -> Self {
            Host {
                matrix,
                table,
                survivors,
                running: vec![None; slots],
                answered: Vec::new(),
                overflows: 0,
                most: 7,
                can: u128::MAX,
                cuts: 0,
                submissions: 0,
                collected: 0,
                fails_at: None,
                lost_at: None,
            }
        }
    }

    fn broken() -> EngineError {
        EngineError::Device {
            device: "host".to_owned(),
            what: "broken".to_owned(),
        }
    }

    impl Pipeline for Host<'_> {
        fn slots(&self) -> usize {
            self.running.len()
        }
        fn bounds(&self) -> Bounds {
            Bounds {
                first: 3,
                grain: 1,
                most: self.most,
            }
        }
        fn survivors(&self) -> u64 {
            self.survivors
        }
        fn submit(&mut self, slot: usize, chunk: Chunk, _: Floor) -> Result<(), EngineError> {
            assert!(chunk.sets > 0);
            assert_eq!(self.running[slot].replace(chunk), None, "the slot was free");
            self.submissions += 1;
            if self.fails_at == Some(self.submissions) {
                return Err(broken());
            }
            Ok(())
        }
        fn collect(&mut self, slot: usize) -> Result<Answer, EngineError> {
            let chunk = self.running[slot].take().unwrap();
            self.collected += 1;
            if self.lost_at == Some(self.collected) {
                return Err(broken());
            }
            let mut seen = AuditSums::default();
            let mut survivors = Vec::new();
            for offset in 0..chunk.sets {
                let set = self.table.unrank(chunk.first + offset);
                let sums = Sums::of_set(self.matrix, &set);
                seen.add_set(&sums);
                if Ranking::default().value(&sums, 2).is_some() {
                    survivors.push(offset);
                }
            }
            let defined = Some(survivors.len() as u64);
            let fits = survivors.len() <= self.survivors as usize;
            let done = chunk.sets <= self.can;
            if !done {
                self.cuts += 1;
            } else if fits {
                self.answered.push(chunk);
            } else {
                self.overflows += 1;
            }
            survivors.reverse();
            Ok(Answer {
                visited: seen,
                excluded: AuditSums::default(),
                prefixes: Vec::new(),
                defined,
                left: None,
                survivors: match (done, fits) {
                    (false, _) => Err(Redo::Size),
                    (_, false) => Err(Redo::Survivors),
                    _ => Ok(survivors),
                },
                ran: None,
            })
        }
    }

    fn matrix() -> ResponseMatrix {
        matrix_of(8)
    }

    fn matrix_of(questions: usize) -> ResponseMatrix {
        let mut b = MatrixBuilder::new();
        for u in 0..20_usize {
            for q in 0..questions {
                let score = (u * q % 5 != 3).then_some(Score {
                    mantissa: ((u * u + 3 * q) % 7) as i64,
                    digits: 0,
                });
                b.push(&u.to_string(), &q.to_string(), score, 0).unwrap();
            }
        }
        b.finish(Duplicates::Error, "row").unwrap()
    }

    /// Drives `host` over what `queue` has left.
    fn drive_host(
        host: &mut Host<'_>,
        queue: &Queue,
        query: &Query<'_>,
        watch: &Watch,
        driven: &mut Driven,
    ) -> Result<(), EngineError> {
        let drive = Drive {
            job: &Job::new(query).unwrap(),
            queue,
            watch,
            target: Duration::from_secs(1),
            order: Order::Ranks,
            device: None,
        };
        super::drive(host, drive, driven)
    }

    /// Fails unless these are all ranks of the part once.
    fn assert_whole(mut answered: Vec<Chunk>, part: &Part) {
        answered.sort_by_key(|c| c.first);
        let mut next = part.ranks().unwrap().start;
        for chunk in answered {
            assert_eq!(chunk.first, next);
            next += chunk.sets;
        }
        assert_eq!(next, part.ranks().unwrap().end);
    }

    fn assert_right(driven: Driven, query: &Query<'_>, part: &Part, watch: &Watch) {
        let prepared = ReferenceEngine.open(query).unwrap();
        let want = prepared.search(part, &Watch::new()).unwrap();
        assert_eq!(driven.visited, want.visited);
        assert_eq!(driven.defined, want.defined);
        assert_eq!(driven.top.into_sorted(), want.best);
        assert_eq!(Some(watch.done()), part.sets());
    }

    #[test]
    fn every_set_once_whatever_overflows_and_however_many_slots() {
        let matrix = matrix();
        let table = RankTable::new(8, 3).unwrap();
        for (survivors, slots, top) in [(1, 1, 3), (2, 2, 2), (5, 3, 1), (1000, 2, 100)] {
            for ranks in [0..56_u128, 5..6, 17..50] {
                let query = Query::of(&matrix).k(3).top(top).build().unwrap();
                let part = query
                    .space()
                    .part(ranks.start, Some(ranks.end - ranks.start));
                let part = part.unwrap();
                let mut host = Host::new(&matrix, &table, survivors, slots);
                let queue = Queue::new(part.ranks().unwrap());
                let mut driven = Driven::new(top);
                let watch = Watch::new();
                drive_host(&mut host, &queue, &query, &watch, &mut driven).unwrap();
                assert!(queue.finished());
                assert_eq!(driven.redone, host.overflows as u64);
                assert_right(driven, &query, &part, &watch);
                assert_whole(host.answered, &part);
                if ranks == (0..56) && survivors < 6 {
                    assert!(host.overflows > 0, "this case is to overflow");
                }
            }
        }
    }

    #[test]
    fn sizes_that_cannot_be_done_are_seldom_tried_again() {
        let matrix = matrix_of(12);
        let table = RankTable::new(12, 4).unwrap();
        let query = Query::of(&matrix).k(4).top(3).build().unwrap();
        let part = query.space().whole();
        let mut host = Host::new(&matrix, &table, 1000, 1);
        (host.most, host.can) = (64, 20);
        let queue = Queue::new(part.ranks().unwrap());
        let (mut driven, watch) = (Driven::new(3), Watch::new());
        drive_host(&mut host, &queue, &query, &watch, &mut driven).unwrap();
        // 495 sets in chunks of 20 at most: if each were tried in 64, three cuts of four chunks.
        assert!(host.cuts > 0 && host.cuts < 12, "{}", host.cuts);
        assert_eq!(driven.redone, host.cuts as u64);
        assert_right(driven, &query, &part, &watch);
        assert_whole(host.answered, &part);
    }

    #[test]
    fn a_failure_anywhere_loses_nothing_and_counts_nothing_twice() {
        let matrix = matrix();
        let table = RankTable::new(8, 3).unwrap();
        let query = Query::of(&matrix).k(3).top(4).build().unwrap();
        let part = query.space().whole();
        for (fails_at, lost_at) in (1..9).flat_map(|n| [(Some(n), None), (None, Some(n))]) {
            let queue = Queue::new(part.ranks().unwrap());
            let mut driven = Driven::new(4);
            let watch = Watch::new();
            let mut first = Host::new(&matrix, &table, 5, 3);
            (first.fails_at, first.lost_at) = (fails_at, lost_at);
            let failed = drive_host(&mut first, &queue, &query, &watch, &mut driven);
            assert!(matches!(failed, Err(EngineError::Device { .. })));
            assert!(!queue.finished());
            let mut second = Host::new(&matrix, &table, 2, 2);
            drive_host(&mut second, &queue, &query, &watch, &mut driven).unwrap();
            assert_right(driven, &query, &part, &watch);
            assert_whole([first.answered, second.answered].concat(), &part);
        }
    }

    #[test]
    fn several_pipelines_share_the_ranks_and_the_floor() {
        let matrix = matrix();
        let table = RankTable::new(8, 3).unwrap();
        let query = Query::of(&matrix).k(3).top(4).build().unwrap();
        let part = query.space().whole();
        let queue = Queue::new(part.ranks().unwrap());
        let watch = Watch::new();
        let run = |fails_at| {
            let mut host = Host::new(&matrix, &table, 5, 2);
            host.fails_at = fails_at;
            let mut driven = Driven::new(4);
            let end = drive_host(&mut host, &queue, &query, &watch, &mut driven);
            assert_eq!(end.is_err(), fails_at == Some(host.submissions));
            (driven, host.answered)
        };
        // The one that may fail takes chunks while the other one waits for them.
        let (mut left, right) = std::thread::scope(|scope| {
            let left = scope.spawn(|| run(Some(3)));
            let right = run(None);
            (left.join().unwrap(), right)
        });
        assert!(queue.finished());
        left.0.merge(right.0);
        assert_right(left.0, &query, &part, &watch);
        assert_whole([left.1, right.1].concat(), &part);
    }

    #[test]
    fn busy_time_counts_what_overlaps_once() {
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        let mut clock = Clock {
            host: start,
            device: 0,
        };
        let ms = Duration::from_millis;
        assert_eq!(clock.busy(at(1), at(5), None), ms(4));
        // Submitted while the one before ran.
        assert_eq!(clock.busy(at(2), at(7), None), ms(2));
        let ran = |begin, end| Some(Ran { begin, end });
        assert_eq!(
            clock.busy(at(2), at(9), ran(100, 150)),
            Duration::from_nanos(50)
        );
        assert_eq!(
            clock.busy(at(2), at(9), ran(120, 170)),
            Duration::from_nanos(20)
        );
        assert_eq!(clock.busy(at(2), at(9), ran(9, 8)), Duration::ZERO);
    }

    #[test]
    fn a_stop_ends_it() {
        let matrix = matrix();
        let table = RankTable::new(8, 3).unwrap();
        let query = Query::of(&matrix).k(3).top(1).build().unwrap();
        let part = query.space().whole();
        let watch = Watch::new();
        watch.stop();
        let mut host = Host::new(&matrix, &table, 1, 2);
        let queue = Queue::new(part.ranks().unwrap());
        let stopped = drive_host(&mut host, &queue, &query, &watch, &mut Driven::new(1));
        assert!(matches!(stopped, Err(EngineError::Stopped)));
        assert!(host.answered.is_empty() && !queue.finished());
    }
}
