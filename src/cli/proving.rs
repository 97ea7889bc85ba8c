//! What `--engine auto` takes for complete tables: the bound engine, and another one where that refuses.

use kcorrset::engine::bound::BoundEngine;
use kcorrset::engine::{Engine, EngineError, Findings, Part, Prepared, Query, Watch};
use std::sync::atomic::{AtomicBool, Ordering};

/// Sets of a complete table that a thread of the CPU engine goes through in a second: about 10^9 with AVX-512, fewer
/// without.
const SETS_A_SECOND: u128 = 1_000_000_000;

/// Whether going through all sets of these queries takes longer than about a second, and no answer is missing.
pub fn pays(queries: &[Query<'_>], threads: usize) -> bool {
    let counts = queries.iter().map(|query| query.space().count());
    let sets = counts.fold(0, u128::saturating_add);
    sets > SETS_A_SECOND.saturating_mul(threads as u128) && queries.iter().all(is_complete)
}

/// Whether everyone who answered any question that may be in a set answered all of these.
fn is_complete(query: &Query<'_>) -> bool {
    let matrix = query.table();
    let questions = matrix.questions().len();
    let answers = (0..matrix.users().len()).map(|user| matrix.row(user).len());
    answers.into_iter().all(|n| n == 0 || n == questions)
}

/// The bound engine, and another for what it refuses.
pub struct Proving {
    bound: BoundEngine,
    other: Box<dyn Engine>,
    /// Whether each of the two has finished a search.
    ran: [AtomicBool; 2],
}

impl Proving {
    pub fn new(bound: BoundEngine, other: Box<dyn Engine>) -> Self {
        let ran = [AtomicBool::new(false), AtomicBool::new(false)];
        Self { bound, other, ran }
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

    fn open<'q>(&'q self, query: &'q Query<'q>) -> Result<Box<dyn Prepared + 'q>, EngineError> {
        match self.bound.open(query) {
            Ok(bound) => Ok(Box::new(Ready {
                engine: self,
                query,
                bound,
            })),
            Err(error @ EngineError::Refused { .. }) => {
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
}

impl Prepared for Ready<'_> {
    fn search(&self, part: &Part, watch: &Watch) -> Result<Findings, EngineError> {
        let Proving { other, ran, .. } = self.engine;
        let (which, found) = match self.bound.search(part, watch) {
            Err(error @ EngineError::Refused { .. }) => {
                leave_to(&**other, &error);
                (1, other.open(self.query)?.search(part, watch))
            }
            found => (0, found),
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

    #[test]
    fn it_pays_where_no_answer_is_missing_and_sets_are_many() {
        let (full, gappy) = (table(60, false), table(60, true));
        let ask = |table, k| [Query::of(table).k(k).build().unwrap()];
        assert!(pays(&ask(&full, 10), 2));
        assert!(!pays(&ask(&full, 4), 2));
        assert!(!pays(&ask(&gappy, 10), 2));
        let without = Query::of(&gappy).k(10).exclude(&[2]).build().unwrap();
        assert!(pays(&[without], 2));
    }

    #[test]
    fn what_is_refused_another_engine_does() {
        let matrix = table(8, false);
        let cpu = || CpuEngine::new(1).unwrap();
        let proving = Proving::new(BoundEngine::new(1).unwrap(), Box::new(cpu()));
        assert_eq!(proving.name(), "bound");
        // More sets are asked for than there are.
        for (top, name) in [(80, "cpu"), (5, "bound and cpu")] {
            let query = Query::of(&matrix).k(3).top(top).build().unwrap();
            let whole = query.space().whole();
            let run = |engine: &dyn Engine| search::run(engine, &query, &whole, &Watch::new());
            let found = run(&proving).unwrap();
            assert_eq!(found.best, run(&cpu()).unwrap().best);
            assert_eq!(proving.name(), name);
            assert_eq!(proving.devices(), ["1 CPU threads"]);
        }
        let gappy = table(8, true);
        let query = Query::of(&gappy).k(3).build().unwrap();
        let found = search::run(&proving, &query, &query.space().whole(), &Watch::new());
        assert!(found.is_ok());
    }
}
