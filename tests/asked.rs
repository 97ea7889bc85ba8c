//! A search as the tests ask for it: a query and the part of its sets.

use kcorrset::combin::Quotas;
use kcorrset::engine::reference::{Measure, Rule};
use kcorrset::engine::{Engine, EngineError, Findings, Part, Prepared, Query, Watch};
use kcorrset::matrix::ResponseMatrix;
use kcorrset::search::{self, Outcome, SearchError};
use kcorrset::stats::{Confidence, Criterion, Distance, RankBy};

/// A query, and which of its sets.
#[derive(Clone, Debug)]
pub struct Asked<'t> {
    pub query: Query<'t>,
    pub part: Part,
}

/// What sets are ranked by, and which are asked for.
#[derive(Clone, Debug, Default)]
pub struct Aim {
    pub criterion: Criterion,
    /// The numbers of [`Criterion::Column`].
    pub numbers: Vec<i128>,
    /// The level of the bound that is ranked by, if not r.
    pub level: Option<f64>,
    /// How far below the best a set may be, if that matters.
    pub within: Option<Distance>,
    pub include: Vec<usize>,
    pub exclude: Vec<usize>,
    pub quotas: Option<Quotas>,
}

impl Aim {
    pub fn of(criterion: Criterion) -> Self {
        Self {
            criterion,
            ..Self::default()
        }
    }

    /// The ranking as the oracle is told it, in its own words.
    pub fn rule(&self, min_users: u64) -> Rule<'_> {
        Rule {
            measure: match self.criterion {
                Criterion::Total => Measure::Total,
                Criterion::Mean => Measure::Mean,
                Criterion::Rest => Measure::Rest,
                Criterion::Column => Measure::Numbers(&self.numbers),
            },
            z: self.level.map(|level| Confidence::new(level).unwrap().z()),
            min_users,
        }
    }

    /// Whether a set is asked for.
    pub fn allows(&self, set: &[usize]) -> bool {
        self.include.iter().all(|q| set.contains(q))
            && !self.exclude.iter().any(|q| set.contains(q))
            && self.quotas.as_ref().is_none_or(|quotas| quotas.allow(set))
    }

    /// Questions by position in the space of such sets.
    pub fn order(&self, questions: usize) -> Vec<usize> {
        let free = |q: &usize| !self.include.contains(q) && !self.exclude.contains(q);
        let pool = (0..questions).filter(free);
        self.include.iter().copied().chain(pool).collect()
    }

    /// All such sets of `k` questions; panics where there are none to ask for.
    pub fn ask<'t>(
        &self,
        matrix: &'t ResponseMatrix,
        k: usize,
        top: usize,
        min_users: u64,
    ) -> Asked<'t> {
        let mut query = Query::of(matrix).k(k).top(top).min_users(min_users);
        query = query.criterion(self.criterion);
        if self.criterion == Criterion::Column {
            query = query.column(self.numbers.clone());
        }
        if let Some(level) = self.level {
            query = query.rank_by(RankBy::LowerBound(Confidence::new(level).unwrap()));
        }
        if let Some(distance) = self.within {
            query = query.within(distance);
        }
        query = query.include(&self.include).exclude(&self.exclude);
        if let Some(quotas) = &self.quotas {
            query = query.quotas(quotas.clone());
        }
        let query = query.build().unwrap();
        let part = query.space().whole();
        Asked { query, part }
    }
}

/// All sets of `k` questions; panics where there are none to ask for.
pub fn ask(matrix: &ResponseMatrix, k: usize, top: usize, min_users: u64) -> Asked<'_> {
    Aim::default().ask(matrix, k, top, min_users)
}

impl Asked<'_> {
    /// The sets with ranks from `skip` alone, at most `limit` of them.
    pub fn ranks(self, skip: u128, limit: Option<u128>) -> Self {
        let part = self.query.space().part(skip, limit).unwrap();
        Self { part, ..self }
    }

    /// What `engine` finds, not audited.
    pub fn find(&self, engine: &dyn Engine, watch: &Watch) -> Result<Findings, EngineError> {
        let query = self.query.fitted(engine.sum_bits());
        engine.open(&query)?.search(&self.part, watch)
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

    fn sum_bits(&self) -> u32 {
        self.inner.sum_bits()
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
