//! A search under a clock: how far it is when, until it ends or its time is over.

use super::memory::resident;
use crate::engine::{EngineError, Findings, Part, Prepared, Query, Watch};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

/// How often the clock looks.
const LOOK: Duration = Duration::from_millis(4);

/// A search that shows no progress, or seldom, is waited for so many times as long.
const PATIENCE: u32 = 12;

/// Sets are counted in lumps, by each thread at another time. Of fewer lumps than this, what the threads have done
/// beside the last of theirs would be a large part.
const LUMPS: usize = 12;

/// When a search is stopped.
#[derive(Clone, Copy, Debug)]
pub(super) enum Until {
    /// So long after the first sets were done, as what comes before is done once; and longer where progress came less
    /// often than [`LUMPS`] times until then.
    Progress(Duration),
    /// So long after its start, which the engine is told beforehand.
    Deadline(Duration),
}

/// What was seen of a search.
#[derive(Debug)]
pub(super) struct Trace {
    /// Seconds since its start and sets done, as the clock saw them, until it was stopped.
    pub(super) points: Vec<(f64, u128)>,
    /// Seconds until it ended or was told to stop.
    pub(super) seconds: f64,
    /// [`EngineError::Stopped`] where its time was over.
    pub(super) found: Result<Findings, EngineError>,
    /// The floor at the end.
    pub(super) floor: f64,
    /// How far the best of all can be above the best found.
    pub(super) gap: Option<f64>,
    /// Bytes that the program took at most.
    pub(super) memory: Option<u64>,
}

/// Searches `part` with this floor until its time is over.
///
/// # Errors
/// [`EngineError::Stopped`] where `outer` was stopped; what the engine says otherwise, but for its own stop, is in
/// the trace.
pub(super) fn trace(
    prepared: &dyn Prepared,
    query: &Query<'_>,
    part: &Part,
    floor: f64,
    until: Until,
    outer: &Watch,
) -> Result<Trace, EngineError> {
    let start = Instant::now();
    let watch = match until {
        Until::Progress(_) => Watch::new(),
        Until::Deadline(after) => Watch::until(start + after),
    };
    watch.raise_floor(floor);
    if let Some(distance) = query.within() {
        watch.heed_distance(distance);
    }
    let (ended, end) = channel::<()>();
    let mut trace = thread::scope(|scope| {
        let watch = &watch;
        let clock = scope.spawn(move || {
            let (mut points, mut memory) = (Vec::new(), resident());
            let (mut first, mut lumps, mut last) = (None, 0, 0);
            let mut told = None;
            // It ends when the search has, and so has dropped its side of the channel.
            while end.recv_timeout(LOOK) == Err(RecvTimeoutError::Timeout) {
                let elapsed = start.elapsed();
                if told.is_none() {
                    let done = watch.done();
                    points.push((elapsed.as_secs_f64(), done));
                    lumps += usize::from(done > last);
                    last = done;
                    if done > 0 && first.is_none() {
                        first = Some(elapsed);
                    }
                    memory = memory.max(resident());
                }
                let over = match (until, first) {
                    (Until::Deadline(after), _) => elapsed >= after,
                    (Until::Progress(after), Some(first)) if lumps >= LUMPS => {
                        elapsed >= first + after
                    }
                    (Until::Progress(after), _) => elapsed >= after * PATIENCE,
                };
                if over || outer.stopped() {
                    told.get_or_insert(elapsed);
                    watch.stop();
                }
            }
            (points, memory, told)
        });
        let found = prepared.search(part, watch);
        let elapsed = start.elapsed();
        drop(ended);
        let (points, memory, told) = clock
            .join()
            .unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        Trace {
            points,
            seconds: match &found {
                Ok(_) => elapsed,
                Err(_) => told.unwrap_or(elapsed),
            }
            .as_secs_f64(),
            found,
            floor: watch.floor(),
            gap: None,
            memory: memory.max(resident()),
        }
    });
    if outer.stopped() {
        return Err(EngineError::Stopped);
    }
    let ceiling = Some(watch.ceiling()).filter(|ceiling| ceiling.is_finite());
    trace.gap = ceiling.and_then(|ceiling| Some((ceiling - watch.best_r()?).max(0.0)));
    Ok(trace)
}

impl Trace {
    /// Whether it was stopped before it ended.
    pub(super) fn is_stopped(&self) -> bool {
        matches!(self.found, Err(EngineError::Stopped))
    }

    /// Sets done when it was stopped.
    pub(super) fn done(&self) -> u128 {
        self.points.last().map_or(0, |&(_, done)| done)
    }
}
