//! A search as the tests ask for it: a query and the part of its sets.

use kcorrset::engine::{Engine, EngineError, Findings, Part, Prepared, Query, Watch};
use kcorrset::matrix::ResponseMatrix;
use kcorrset::search::{self, Outcome, SearchError};

/// A query, and which of its sets.
#[derive(Clone, Debug)]
pub struct Asked<'t> {
    pub query: Query<'t>,
    pub part: Part,
}

/// All sets of `k` questions; panics where there are none to ask for.
pub fn ask(matrix: &ResponseMatrix, k: usize, top: usize, min_users: u64) -> Asked<'_> {
    let query = Query::of(matrix).k(k).top(top).min_users(min_users);
    let query = query.build().unwrap();
    let part = query.space().whole();
    Asked { query, part }
}

impl Asked<'_> {
    /// The sets with ranks from `skip` alone, at most `limit` of them.
    pub fn ranks(self, skip: u128, limit: Option<u128>) -> Self {
        let part = self.query.space().part(skip, limit).unwrap();
        Self { part, ..self }
    }

    /// What `engine` finds, not audited.
    pub fn find(&self, engine: &dyn Engine, watch: &Watch) -> Result<Findings, EngineError> {
        engine.open(&self.query)?.search(&self.part, watch)
    }

    /// The audited search.
    pub fn run(&self, engine: &dyn Engine, watch: &Watch) -> Result<Outcome, SearchError> {
        search::run(engine, &self.query, &self.part, watch)
    }
}

/// An engine whose searches go through `fault`, which gets the right engine, ready.
pub fn faulty<F>(inner: &dyn Engine, fault: F) -> impl Engine
where
    F: Fn(&dyn Prepared, &Query<'_>, &Part, &Watch) -> Result<Findings, EngineError> + Sync,
{
    Faulty { inner, fault }
}

struct Faulty<'a, F> {
    inner: &'a dyn Engine,
    fault: F,
}

impl<F> Engine for Faulty<'_, F>
where
    F: Fn(&dyn Prepared, &Query<'_>, &Part, &Watch) -> Result<Findings, EngineError> + Sync,
{
    fn name(&self) -> &'static str {
        "faulty"
    }

    fn devices(&self) -> Vec<String> {
        Vec::new()
    }

    fn open<'q>(&'q self, query: &'q Query<'q>) -> Result<Box<dyn Prepared + 'q>, EngineError> {
        let inner = self.inner.open(query)?;
        let fault = &self.fault;
        Ok(Box::new(Ready {
            inner,
            fault,
            query,
        }))
    }
}

struct Ready<'q, F> {
    inner: Box<dyn Prepared + 'q>,
    fault: &'q F,
    query: &'q Query<'q>,
}

impl<F> Prepared for Ready<'_, F>
where
    F: Fn(&dyn Prepared, &Query<'_>, &Part, &Watch) -> Result<Findings, EngineError>,
{
    fn search(&self, part: &Part, watch: &Watch) -> Result<Findings, EngineError> {
        (self.fault)(&*self.inner, self.query, part, watch)
    }
}
