//! Searches of each kind, small ones, for sessions and parts: tables, queries, and what one search finds.

use kcorrset::combin::Quotas;
use kcorrset::engine::Query;
use kcorrset::matrix::ResponseMatrix;
use kcorrset::report::{Asked, Place, places};
use kcorrset::search;
use kcorrset::stats::{Confidence, Criterion, RankBy};
use kcorrset::synth::{Model, Spec, matrix};

/// A kind of search.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Few answers, two scores, and many users needed.
    Sparse,
    /// No answer missing.
    Complete,
    /// Few answers missing.
    Gaps,
    /// The mean, whose fractions are rounded for engines.
    Mean,
    /// The rest, with questions that all sets have.
    Rest,
    /// Numbers from elsewhere, and quotas.
    Column,
    /// Lower bounds.
    Bounds,
    /// Sets near the best.
    Within,
    /// Several K.
    Lengths,
    /// Most sets without users enough, cut off early.
    Deep,
}

impl Kind {
    pub const ALL: [Self; 10] = [
        Self::Sparse,
        Self::Complete,
        Self::Gaps,
        Self::Mean,
        Self::Rest,
        Self::Column,
        Self::Bounds,
        Self::Within,
        Self::Lengths,
        Self::Deep,
    ];

    pub fn table(self, seed: u64) -> ResponseMatrix {
        let answered = match self {
            Self::Complete => 1.0,
            Self::Gaps => 0.97,
            Self::Sparse => 0.35,
            Self::Deep => 0.5,
            _ => 0.7,
        };
        let scores = match self {
            Self::Sparse | Self::Lengths | Self::Deep => 0..=1,
            _ => 1..=5,
        };
        matrix(&Spec {
            users: 150,
            questions: 18,
            answered,
            scores,
            model: Model::RASCH,
            booklets: 0,
            seed,
        })
        .expect("a table")
    }

    /// The queries to its table, one for each K.
    pub fn queries(self, table: &ResponseMatrix) -> Vec<Query<'_>> {
        let lengths = match self {
            Self::Lengths => vec![2, 4, 3],
            Self::Sparse => vec![4],
            Self::Deep => vec![7],
            _ => vec![5],
        };
        let ask = |k: usize| {
            let query = Query::of(table).k(k).top(7).min_users(3);
            let query = match self {
                Self::Mean => query.criterion(Criterion::Mean),
                Self::Rest => query
                    .criterion(Criterion::Rest)
                    .include(&[13])
                    .exclude(&[2, 5]),
                Self::Column => {
                    let users = table.users().len() as i128;
                    let numbers = (0..users).map(|user| user * user % 97 - 20).collect();
                    let groups = (0..table.questions().len()).map(|q| (q % 3 < 2).then_some(q % 3));
                    let quotas = Quotas::new(groups.collect(), vec![1..=2, 2..=3]);
                    query
                        .criterion(Criterion::Column)
                        .column(numbers)
                        .quotas(quotas)
                }
                Self::Bounds => {
                    let confidence = Confidence::new(0.9).expect("a level");
                    query.rank_by(RankBy::LowerBound(confidence)).min_users(5)
                }
                Self::Deep => query.min_users(8),
                Self::Within => query.top(40).within("0.004".parse().expect("a distance")),
                _ => query,
            };
            query.build().expect("a query")
        };
        lengths.into_iter().map(ask).collect()
    }
}

/// What documents say of these queries.
pub fn asked(queries: &[Query<'_>]) -> Vec<Asked> {
    queries.iter().map(Asked::of).collect()
}

/// The results of searches in one piece, by the CPU engine.
pub fn undisturbed(queries: &[Query<'_>]) -> Vec<Vec<Place>> {
    let engine = kcorrset::engine::cpu::CpuEngine::new(1).expect("an engine");
    let one = |query: &Query<'_>| {
        let whole = query.space().whole();
        let watch = kcorrset::engine::Watch::new();
        let found = search::run(&engine, query, &whole, &watch).expect("a search");
        places(query, &found.best)
    };
    queries.iter().map(one).collect()
}
