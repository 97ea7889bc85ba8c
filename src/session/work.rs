//! The work of a session: unit after unit, each searched, audited, checked, entered and saved.
//!
//! ```text
//! open the engine once for a K
//! until nothing is left, or somebody stops:
//!     choose what to search                                              (pace)
//!     search it under the floor of all that is known, beside a clock that
//!         tells the watch how far it is, saves what was met, and stops what takes too long
//!     done:    enter it; save, where the last time is long ago
//!     stopped: keep the good sets that it met, for the floor; save
//! ```
//! Clocks are such as never go back, and none is kept in a file.

use super::document::Document;
use super::error::SessionError;
use super::ledger::{Ledger, part_of};
use super::pace::{Far, Pace, Units};
use super::state::Session;
use super::store::StoreError;
use crate::engine::{Engine, EngineError, Part, Watch};
use crate::search::{Opened, Outcome, SearchError, any_seed};
use crate::top::Candidate;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

/// How often the clock beside a unit looks.
const LOOK: Duration = Duration::from_millis(20);

/// What works on a session.
pub struct Work<'a> {
    /// What searches.
    pub engine: &'a dyn Engine,
    /// Told how far the search is, and of the best sets; whoever stops it stops the session at what is saved.
    pub watch: &'a Watch,
    /// How long its pieces take.
    pub units: Units,
}

/// Saves a document.
pub type Saving<'a> = dyn FnMut(&Document) -> Result<(), StoreError> + Send + 'a;

/// How a unit ended.
enum Ended {
    Done(Box<Outcome>),
    /// It took too long, or somebody stopped it.
    Stopped,
    Failed(SearchError),
}

/// What the clock beside a unit saw.
#[derive(Default)]
struct Seen {
    /// Sets that were reported as done.
    reported: u128,
    far: Far,
    error: Option<StoreError>,
}

impl Session<'_> {
    /// Searches what is left of the K at this place. Where that ends, by a stop or an error, what was done is saved.
    ///
    /// # Errors
    /// See [`SessionError`].
    pub fn search(
        &mut self,
        at: usize,
        work: &Work<'_>,
        save: &mut Saving<'_>,
    ) -> Result<(), SessionError> {
        let Work {
            engine,
            watch,
            units,
        } = *work;
        let ledger = &self.ledgers[at];
        let query = ledger.query.fitted(engine.sum_bits());
        let done = ledger.sets_done().numbered().unwrap_or(0);
        watch.advance(done);
        ledger.tell(watch);
        let left = ledger.sets().unwrap_or(0) - done.min(ledger.sets().unwrap_or(0));
        let mut pace = Pace::new(units, done, ledger.seconds(), left);
        if ledger.sets().is_none() {
            in_one(&mut pace);
        }
        let mut opened: Option<Opened<'_>> = None;
        while let Some(part) = next(&self.ledgers[at], &pace) {
            let opened = match &mut opened {
                Some(opened) => opened,
                empty => empty.insert(Opened::new(engine, &query, any_seed())?),
            };
            let untouched = self.ledgers[at].is_untouched_whole();
            let (ended, own, seen) = self.unit(at, opened, &part, work, &pace, save);
            let Seen { far, error, .. } = seen;
            if let Some(error) = error {
                return Err(error.into());
            }
            let sets = part.sets().unwrap_or(0);
            match ended {
                Ended::Done(outcome) => {
                    pace.finished(sets, outcome.elapsed);
                    self.ledgers[at].enter(&part, *outcome);
                    self.has_run(engine);
                    self.ledgers[at].tell(watch);
                    self.save(units.every, save)?;
                }
                Ended::Stopped => {
                    self.ledgers[at].learn(own.best_so_far());
                    self.ledgers[at].tell(watch);
                    pace.stopped(sets, &far);
                    let stop = watch.stopped();
                    self.save(if stop { Duration::ZERO } else { units.every }, save)?;
                    if stop {
                        return Err(EngineError::Stopped.into());
                    }
                }
                Ended::Failed(SearchError::Engine(EngineError::Refused { .. }))
                    if untouched && !query.space().is_whole(&part) =>
                {
                    in_one(&mut pace);
                }
                Ended::Failed(error) => {
                    self.ledgers[at].learn(own.best_so_far());
                    self.save(Duration::ZERO, save)?;
                    return Err(error.into());
                }
            }
        }
        Ok(())
    }

    /// Saves where the last time is at least so long ago.
    fn save(&mut self, every: Duration, save: &mut Saving<'_>) -> Result<(), StoreError> {
        if self.saved.is_some_and(|saved| saved.elapsed() < every) {
            return Ok(());
        }
        save(&self.document())?;
        self.saved = Some(Instant::now());
        Ok(())
    }

    /// Searches one piece. What it met meanwhile is saved whenever the limit of a unit is over again, so that a piece
    /// that cannot be stopped keeps its floor at least.
    fn unit(
        &mut self,
        at: usize,
        opened: &mut Opened<'_>,
        part: &Part,
        work: &Work<'_>,
        pace: &Pace,
        save: &mut Saving<'_>,
    ) -> (Ended, Watch, Seen) {
        let Work { watch, units, .. } = *work;
        let whole = opened.is_whole(part);
        // An engine may use the last of the time better where nothing comes behind it.
        let own = match watch.deadline().filter(|_| whole) {
            Some(deadline) => Watch::until(deadline),
            None => Watch::new(),
        };
        let own = own.of_a_piece(watch);
        own.raise_floor(watch.floor());
        let mut beat = |met: Vec<Candidate>| {
            self.ledgers[at].learn(met);
            self.save(Duration::ZERO, save)
        };
        let (ended, end) = channel();
        let (found, seen) = thread::scope(|scope| {
            let clock = Clock {
                sets: part.sets().unwrap_or(0),
                whole,
                watch,
                own: &own,
                pace,
                units,
            };
            let beat = &mut beat;
            let clock = scope.spawn(move || clock.run(&end, beat));
            let found = opened.search(part, &own);
            drop::<std::sync::mpsc::Sender<()>>(ended);
            let seen = clock.join();
            (
                found,
                seen.unwrap_or_else(|panic| std::panic::resume_unwind(panic)),
            )
        });
        if whole {
            watch.lower_ceiling(own.ceiling());
        }
        watch.raise_floor(own.floor());
        watch.retract(seen.reported);
        let ended = match found {
            Ok(outcome) => {
                watch.advance(part.sets().unwrap_or_else(|| own.done()));
                Ended::Done(Box::new(outcome))
            }
            Err(SearchError::Engine(EngineError::Stopped)) => Ended::Stopped,
            Err(error) => Ended::Failed(error),
        };
        (ended, own, seen)
    }
}

/// A unit is longer or shorter by one in so many of its sets, so that it leaves larger subtrees whole: those are faster.
const GIVE: u128 = 4;

/// What to search now of what is left.
fn next(ledger: &Ledger<'_>, pace: &Pace) -> Option<Part> {
    let Some(left) = ledger.left() else {
        return (!ledger.is_done()).then(|| ledger.query.space().whole());
    };
    let unit = pace.next(&left)?;
    let give = (unit.end - unit.start) / GIVE;
    let end = left.first()?.end;
    let cut = match unit.end < end {
        true => {
            let within = unit.end - give..=(unit.end + give).min(end);
            ledger.query.space().roundest(within)
        }
        false => end,
    };
    part_of(ledger.query, &(unit.start..cut))
}

/// From now on everything in one piece, which is said.
fn in_one(pace: &mut Pace) {
    tracing::warn!(
        "all sets are searched in one piece, as nothing else is possible here: good sets are saved as they are met, and \
         spare some of the work of another try, but the search itself begins anew"
    );
    pace.in_one();
}

/// What runs beside a unit.
struct Clock<'a> {
    sets: u128,
    whole: bool,
    watch: &'a Watch,
    own: &'a Watch,
    pace: &'a Pace,
    units: Units,
}

impl Clock<'_> {
    /// Looks until the unit has ended and dropped its side of `end`.
    fn run(
        self,
        end: &Receiver<()>,
        beat: &mut (dyn FnMut(Vec<Candidate>) -> Result<(), StoreError> + Send),
    ) -> Seen {
        let Self {
            watch, own, units, ..
        } = self;
        let start = Instant::now();
        let mut beats = 0;
        let mut seen = Seen::default();
        let look = LOOK.min(units.limit / 8).max(Duration::from_micros(100));
        while end.recv_timeout(look) == Err(RecvTimeoutError::Timeout) {
            let took = start.elapsed();
            let done = own.done();
            if !own.stopped() {
                seen.far.see(done, took);
                if watch.stopped() || self.pace.stops(self.sets, &seen.far) {
                    own.stop();
                }
            }
            if self.whole {
                watch.lower_ceiling(own.ceiling());
            }
            watch.raise_floor(own.floor());
            own.raise_floor(watch.floor());
            // Sets may be taken back, where a way to search is given up.
            watch.retract(seen.reported);
            watch.advance(done);
            seen.reported = done;
            let due = took.as_nanos() / units.limit.as_nanos().max(1);
            if due > beats && !own.stopped() {
                beats = due;
                if let Err(error) = beat(own.best_so_far()) {
                    seen.error = Some(error);
                    own.stop();
                }
            }
        }
        seen
    }
}
