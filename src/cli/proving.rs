//! What `--engine auto` takes for complete tables: the bound engine, and another one where that refuses or takes
//! longer than going through all sets would.

use kcorrset::engine::bound::BoundEngine;
use kcorrset::engine::{Engine, EngineError, Findings, Part, Prepared, Query, Watch, Way};
use kcorrset::top::Top;
use std::cell::OnceCell;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

/// Sets of a complete table that a thread of the CPU engine goes through in a second: about 10^9 with AVX-512, fewer
/// without.
const SETS_A_SECOND: u128 = 1_000_000_000;

/// Whether going through these parts of queries takes longer than about a second, and no answer is missing.
pub fn pays(queries: &[Query<'_>], parts: &[Part], threads: usize) -> bool {
    let mut counts = parts.iter().map(Part::sets);
    let sets = counts.try_fold(0_u128, |all, sets| all.checked_add(sets?));
    sets.is_none_or(|sets| sets > SETS_A_SECOND.saturating_mul(threads as u128))
        && queries.iter().all(|query| query.table().missing() == 0)
}

/// How long a proof is tried: as long as going through so many sets would take, so that both together take no more
/// than about twice the time of the better one; for ever where no other engine numbers the sets.
fn patience(sets: Option<u128>, threads: usize) -> Duration {
    let Some(sets) = sets else {
        return Duration::MAX;
    };
    let seconds = sets as f64 / (SETS_A_SECOND as f64 * threads as f64);
    Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX)
}

/// How often a try looks at the clock and at the wish to stop.
const LOOK: Duration = Duration::from_millis(20);

/// The bound engine, and another for what it refuses.
pub struct Proving {
    bound: BoundEngine,
    other: Box<dyn Engine>,
    /// How long a proof of so many sets is tried.
    patience: fn(Option<u128>, usize) -> Duration,
    threads: usize,
    /// Whether each of the two has finished a search.
    ran: [AtomicBool; 2],
}

impl Proving {
    pub fn new(bound: BoundEngine, other: Box<dyn Engine>, threads: usize) -> Self {
        let ran = [AtomicBool::new(false), AtomicBool::new(false)];
        Self {
            bound,
            other,
            patience,
            threads,
            ran,
        }
    }

    /// Why it was taken, where the other one would have been taken for this reason.
    pub fn why(&self, other: &str) -> String {
        format!(
            "no answer is missing; where it cannot, the {} engine ({other})",
            self.other.name()
        )
    }

    fn has_run(&self, which: usize) -> bool {
        self.ran[which].load(Ordering::Relaxed)
    }
}

impl Engine for Proving {
    /// What has finished searches so far; at first the bound engine is expected to.
    fn name(&self) -> &'static str {
        match (self.has_run(0), self.has_run(1), self.other.name()) {
            (_, false, _) => self.bound.name(),
            (false, true, other) => other,
            (true, true, "cpu") => "bound and cpu",
            (true, true, _) => "bound and gpu",
        }
    }

    fn devices(&self) -> Vec<String> {
        match (self.has_run(0), self.has_run(1)) {
            (_, false) => self.bound.devices(),
            (false, true) => self.other.devices(),
            (true, true) => {
                let mut devices = self.bound.devices();
                devices.extend(self.other.devices());
                devices.dedup();
                devices
            }
        }
    }

    fn sum_bits(&self) -> u32 {
        self.bound.sum_bits().min(self.other.sum_bits())
    }

    /// Those of the other one where it has searched; a proof has none.
    fn ways(&self, query: &Query<'_>, part: &Part) -> Result<Vec<Way<'_>>, EngineError> {
        match self.has_run(1) {
            true => self.other.ways(query, part),
            false => Ok(Vec::new()),
        }
    }

    fn open<'q>(&'q self, query: &'q Query<'q>) -> Result<Box<dyn Prepared + 'q>, EngineError> {
        match self.bound.open(query) {
            Ok(bound) => Ok(Box::new(Ready {
                engine: self,
                query,
                bound,
                opened: OnceCell::new(),
            })),
            Err(error @ EngineError::Refused { .. }) if query.space().count().is_some() => {
                leave_to(&*self.other, &error);
                let other = self.other.open(query)?;
                self.ran[1].store(true, Ordering::Relaxed);
                Ok(other)
            }
            Err(error) => Err(error),
        }
    }
}

/// Says that the bound engine refused, and what is taken for it.
fn leave_to(other: &dyn Engine, error: &EngineError) {
    tracing::info!(engine = other.name(), "{error}; this one is taken");
}

struct Ready<'q> {
    engine: &'q Proving,
    query: &'q Query<'q>,
    bound: Box<dyn Prepared + 'q>,
    /// The other one, once a part needed it.
    opened: OnceCell<Box<dyn Prepared + 'q>>,
}

/// How a try ended that is not finished.
enum Given {
    /// It took too long.
    Up,
    /// It failed.
    Error(EngineError),
}

impl<'q> Ready<'q> {
    /// The other engine, ready.
    fn other(&self) -> Result<&(dyn Prepared + 'q), EngineError> {
        if let Some(opened) = self.opened.get() {
            return Ok(&**opened);
        }
        let opened = self.engine.other.open(self.query)?;
        Ok(&**self.opened.get_or_init(|| opened))
    }

    /// The proof, if it is there in time. What it tells `watch` on the way is taken back where it is given up, but
    /// for the floor that its best sets prove.
    fn tried(&self, part: &Part, watch: &Watch) -> Result<Findings, Given> {
        let Proving {
            patience, threads, ..
        } = self.engine;
        let patience = patience(part.sets(), *threads);
        let (ended, end) = channel::<()>();
        let start = Instant::now();
        // The last of the time goes into a ceiling only where nothing is tried after the proof.
        let last = start.checked_add(patience);
        let deadline = watch
            .deadline()
            .filter(|&deadline| last.is_none_or(|last| deadline <= last));
        let own = &deadline.map_or_else(Watch::new, Watch::until);
        own.raise_floor(watch.floor());
        if patience.is_zero() {
            own.stop();
        }
        let (found, reported) = thread::scope(|scope| {
            let clock = scope.spawn(move || {
                let mut reported = 0;
                // It ends when the search has, and so has dropped its side of the channel.
                while end.recv_timeout(LOOK) == Err(RecvTimeoutError::Timeout) {
                    if watch.stopped() || start.elapsed() >= patience {
                        own.stop();
                    }
                    watch.lower_ceiling(own.ceiling());
                    let done = own.done();
                    watch.advance(done - reported);
                    reported = done;
                }
                reported
            });
            let found = self.bound.search(part, own);
            drop(ended);
            let reported = clock
                .join()
                .unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            (found, reported)
        });
        watch.raise_floor(own.floor());
        watch.lower_ceiling(own.ceiling());
        let mut best = Top::new(self.query.top());
        for candidate in own.best_so_far() {
            watch.keep(&mut best, candidate);
        }
        match found {
            Ok(found) => {
                watch.advance(own.done() - reported);
                Ok(found)
            }
            Err(error) => {
                watch.retract(reported);
                match error {
                    EngineError::Stopped if !watch.stopped() && deadline.is_none() => {
                        Err(Given::Up)
                    }
                    error => Err(Given::Error(error)),
                }
            }
        }
    }
}

impl Prepared for Ready<'_> {
    fn search(&self, part: &Part, watch: &Watch) -> Result<Findings, EngineError> {
        let Proving { other, ran, .. } = self.engine;
        let by_other = || self.other()?.search(part, watch);
        let (which, found) = match self.tried(part, watch) {
            Ok(found) => (0, Ok(found)),
            Err(Given::Up) => {
                let engine = other.name();
                tracing::info!(
                    engine,
                    "the proof took as long as going through all sets would; this one is taken"
                );
                (1, by_other())
            }
            Err(Given::Error(error @ EngineError::Refused { .. })) if part.sets().is_some() => {
                leave_to(&**other, &error);
                (1, by_other())
            }
            Err(Given::Error(error)) => (0, Err(error)),
        };
        if found.is_ok() {
            ran[which].store(true, Ordering::Relaxed);
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kcorrset::engine::cpu::CpuEngine;
    use kcorrset::matrix::{Duplicates, MatrixBuilder, ResponseMatrix, Score};
    use kcorrset::search;

    /// Thirty users who answered some questions, driven by one trait; one answer may be missing.
    fn table(questions: usize, gap: bool) -> ResponseMatrix {
        let mut builder = MatrixBuilder::new();
        for u in 0..30 {
            for q in 0..questions {
                let score = Score {
                    mantissa: (u * 7 + q * 5) as i64 % 11 + u as i64 / 3,
                    digits: 0,
                };
                let (user, question) = (u.to_string(), q.to_string());
                let score = (!gap || (u, q) != (3, 2)).then_some(score);
                builder.push(&user, &question, score, 0).unwrap();
            }
        }
        builder.finish(Duplicates::Error, "line").unwrap()
    }

    /// All sets of these queries, with two threads.
    fn pays_whole(queries: &[Query<'_>]) -> bool {
        let parts = queries.iter().map(|query| query.space().whole());
        pays(queries, &parts.collect::<Vec<_>>(), 2)
    }

    #[test]
    fn it_pays_where_no_answer_is_missing_and_sets_are_many() {
        let (full, gappy) = (table(60, false), table(60, true));
        let ask = |table, k| Query::of(table).k(k).build().unwrap();
        assert!(pays_whole(&[ask(&full, 10)]));
        assert!(!pays_whole(&[ask(&full, 4)]));
        assert!(!pays_whole(&[ask(&gappy, 10)]));
        let without = Query::of(&gappy).k(10).exclude(&[2]).build().unwrap();
        assert!(pays_whole(&[without]));
        // What is asked for counts, not what there is.
        let query = ask(&full, 10);
        let of = |limit| query.space().part(7, Some(limit)).unwrap();
        let queries = [query.clone()];
        assert!(pays(&queries, &[of(1 << 40)], 2));
        assert!(!pays(&queries, &[of(1 << 20)], 2));
        assert!(!pays(&queries, &[], 2));
    }

    /// A table of which no set has an r.
    fn flat(questions: usize) -> ResponseMatrix {
        let mut builder = MatrixBuilder::new();
        let score = Some(Score {
            mantissa: 1,
            digits: 0,
        });
        for (u, q) in (0..9).flat_map(|u| (0..questions).map(move |q| (u, q))) {
            let (user, question) = (format!("{u}"), format!("{q}"));
            builder.push(&user, &question, score, 0).unwrap();
        }
        builder.finish(Duplicates::Error, "line").unwrap()
    }

    #[test]
    fn what_is_refused_another_engine_does() {
        let cpu = || CpuEngine::new(1).unwrap();
        let proving = Proving {
            // No proof is given up for a busy machine.
            patience: |_, _| Duration::MAX,
            ..Proving::new(BoundEngine::new(1).unwrap(), Box::new(cpu()), 1)
        };
        assert_eq!(proving.name(), "bound");
        // No set has an r above 0, and there are too many to go through without a floor.
        let (flat, matrix) = (flat(28), table(8, false));
        for (matrix, k, name) in [(&flat, 7, "cpu"), (&matrix, 3, "bound and cpu")] {
            let query = Query::of(matrix).k(k).top(5).build().unwrap();
            let part = query.space().part(3, Some(1_100_000)).unwrap();
            let run = |engine: &dyn Engine| search::run(engine, &query, &part, &Watch::new());
            let found = run(&proving).unwrap();
            assert_eq!(found.best, run(&cpu()).unwrap().best);
            assert_eq!(proving.name(), name);
            assert_eq!(proving.devices(), ["1 CPU threads"]);
        }
        let gappy = table(8, true);
        let query = Query::of(&gappy).k(3).build().unwrap();
        let whole = query.space().whole();
        let found = search::run_checked(&proving, &query, &whole, &Watch::new(), 1).unwrap();
        // What the other one discards is checked though a proof was expected.
        assert!(found.checked.draws > 0);
    }

    #[test]
    fn parts_are_proved_one_after_another_and_left_to_the_other_where_that_takes_too_long() {
        let matrix = table(24, false);
        let query = Query::of(&matrix).k(6).top(9).build().unwrap();
        let cpu = || CpuEngine::new(1).unwrap();
        let whole = query.space().whole();
        let want = search::run(&cpu(), &query, &whole, &Watch::new()).unwrap();
        let patience: [fn(Option<u128>, usize) -> Duration; 2] =
            [|_, _| Duration::MAX, |_, _| Duration::ZERO];
        for (patience, name) in patience.into_iter().zip(["bound", "cpu"]) {
            let engine = Proving {
                patience,
                ..Proving::new(BoundEngine::new(1).unwrap(), Box::new(cpu()), 1)
            };
            let ready = engine.open(&query).unwrap();
            let mut best = Top::new(9);
            for part in whole.split(7).unwrap() {
                let watch = Watch::new();
                watch.raise_floor(best.floor());
                let found = search::run_prepared(&*ready, &query, &part, &watch).unwrap();
                assert_eq!(Some(watch.done()), part.sets());
                for set in found.best {
                    best.push(set);
                }
            }
            assert_eq!(best.into_sorted(), want.best);
            assert_eq!(engine.name(), name);
        }
    }

    #[test]
    fn a_proof_that_takes_too_long_is_given_up() {
        let matrix = table(24, false);
        let query = Query::of(&matrix).k(6).top(1000).build().unwrap();
        let whole = query.space().whole();
        let cpu = CpuEngine::new(1).unwrap();
        let want = search::run(&cpu, &query, &whole, &Watch::new()).unwrap();
        let impatient = Proving {
            patience: |_, _| Duration::ZERO,
            ..Proving::new(BoundEngine::new(1).unwrap(), Box::new(cpu), 1)
        };
        let watch = Watch::new();
        let found = search::run(&impatient, &query, &whole, &watch).unwrap();
        assert_eq!(found.best, want.best);
        assert_eq!(
            (Some(watch.done()), impatient.name()),
            (whole.sets(), "cpu")
        );
        assert_eq!(watch.best_so_far(), want.best);
    }

    /// No other engine takes over, so a refusal is the bound engine's own.
    #[test]
    fn sets_that_cannot_be_numbered_are_proved_for_as_long_as_it_takes_or_refused() {
        let (full, gappy) = (table(140, false), table(140, true));
        let ask = |table, k| Query::of(table).k(k).build().unwrap();
        assert!(pays_whole(&[ask(&full, 70)]));
        assert!(pays_whole(&[ask(&full, 2), ask(&full, 70)]));
        assert!(!pays_whole(&[ask(&gappy, 70)]));
        assert_eq!(patience(None, 2), Duration::MAX);
        let cpu = Box::new(CpuEngine::new(1).unwrap());
        let proving = Proving::new(BoundEngine::new(1).unwrap(), cpu, 1);
        let flat = flat(140);
        for matrix in [&gappy, &flat] {
            let query = ask(matrix, 70);
            let error = search::run(&proving, &query, &query.space().whole(), &Watch::new());
            let said = error.unwrap_err().to_string();
            assert!(said.starts_with("the bound engine cannot run"), "{said}");
            assert!(said.ends_with("or take sets of another size"), "{said}");
        }
    }

    #[test]
    fn who_stops_a_proof_has_its_best_sets() {
        let matrix = table(40, false);
        let query = Query::of(&matrix).k(12).top(5).build().unwrap();
        let cpu = Box::new(CpuEngine::new(1).unwrap());
        let proving = Proving::new(BoundEngine::new(1).unwrap(), cpu, 1);
        let watch = Watch::new();
        watch.stop();
        let stopped = search::run(&proving, &query, &query.space().whole(), &watch);
        assert!(
            matches!(
                stopped,
                Err(search::SearchError::Engine(EngineError::Stopped))
            ),
            "{stopped:?}"
        );
    }
}
