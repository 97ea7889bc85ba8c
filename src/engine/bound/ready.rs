//! A query that the engine is ready for: its table as exact moments, and what is refused.

use super::few::{FEW, through};
use super::ground::Ground;
use super::judge::Judge;
use super::list::List;
use super::piece::Piece;
use super::problem::{Kind, Moments, Problem, ProblemError};
use super::quotas::Quotas;
use super::search::{End, Found, Kept, Tuning, Unfit, search};
use super::tape::MOST_BYTES;
use super::tree::SMALL;
use crate::arch::Isa;
use crate::combin;
use crate::engine::pool::Pool;
use crate::engine::{EngineError, Findings, Part, Prepared, Query, Watch};
use crate::matrix::ResponseMatrix;
use crate::stats::AuditSums;
use crate::stats::Criterion;
use crate::stats::cross::{Cross, Population, reach};
use std::sync::Mutex;

/// What a finished search says that it took ([`Findings::took`]): nodes of its tree.
pub const NODES: &str = "nodes";

/// Most questions: with more, the matrices of a search take several GB, and a round of multipliers minutes.
const MOST_QUESTIONS: usize = 2048;

/// The exact moments of a query's table, and the query as a problem of branch and bound.
pub(super) struct Ready<'q> {
    pool: &'q rayon::ThreadPool,
    query: &'q Query<'q>,
    cross: Cross,
    ground: Ground,
    records: bool,
    /// The root, once a part needed one.
    kept: Mutex<Option<Kept>>,
}

impl<'q> Ready<'q> {
    /// Refuses what is no complete table.
    pub(super) fn new(
        pool: &'q rayon::ThreadPool,
        query: &'q Query<'q>,
        records: bool,
    ) -> Result<Self, EngineError> {
        let matrix = query.table();
        let questions = matrix.questions().len();
        let missing = matrix.missing();
        if missing > 0 {
            return Err(refused(
                query,
                "an answer of every user to every question",
                match missing {
                    1 => "a table with 1 answer missing".to_owned(),
                    _ => format!("a table with {missing} answers missing"),
                },
                [
                    "count missing answers as 0, or take another engine",
                    "count missing answers as 0, or take sets of another size",
                ],
            ));
        }
        if questions > MOST_QUESTIONS {
            return Err(refused(
                query,
                &format!("a table of at most {MOST_QUESTIONS} questions"),
                format!("one of {questions}"),
                [
                    "leave questions out, or take another engine",
                    "leave questions out, or take sets of another size",
                ],
            ));
        }
        let cross = pool.install(|| cross_products(matrix));
        let problem = problem(query, &cross).map_err(|_| {
            refused(
                query,
                "covariances that fit 128 bits",
                "a table with larger ones".to_owned(),
                [
                    "round scores, or take another engine",
                    "round scores, or take sets of another size",
                ],
            )
        })?;
        Ok(Self {
            pool,
            query,
            cross,
            ground: Ground::new(problem),
            records,
            kept: Mutex::new(None),
        })
    }
}

impl Ready<'_> {
    /// A proof under bounds.
    fn prove(
        &self,
        piece: Option<&Piece<'_>>,
        list: &List<'_>,
        watch: &Watch,
    ) -> Result<Found, End> {
        let tuning = Tuning {
            record: self.records.then_some(MOST_BYTES),
            ..Tuning::default()
        };
        // Taken out meanwhile: a search beside this one makes a root of its own.
        let lock = || self.kept.lock().unwrap_or_else(|e| e.into_inner());
        let mut kept = lock().take();
        let stop = watch.stopping();
        let found = self
            .pool
            .install(|| search(&self.ground, piece, &mut kept, list, stop, &tuning));
        *lock() = kept;
        found
    }

    /// All sets of the part one by one.
    fn each(&self, part: &Part, list: &List<'_>, watch: &Watch) -> Result<AuditSums, EngineError> {
        let (space, words) = (self.query.space(), &self.ground.words);
        let stop = watch.stopping();
        let seen = self
            .pool
            .install(|| through(space, part, words, list, stop));
        seen.ok_or(EngineError::Stopped)
    }

    /// Why no list can be proved: there is no floor above 0, and there are many sets.
    fn low_floor(&self, part: &Part) -> EngineError {
        let space = self.query.space();
        let need = match self.query.top() {
            1 => "a set with an r above 0".to_owned(),
            top => format!("{top} sets with an r above 0"),
        };
        if space.is_whole(part) {
            let hints = [
                "ask for fewer sets, or take another engine",
                "ask for fewer sets, or take sets of another size",
            ];
            return refused(self.query, &need, "a list with fewer of them".into(), hints);
        }
        let need = format!("{need}, or a floor above 0 from another part");
        let have = format!("a part of {} sets with fewer of them", space.size_of(part));
        let hint =
            "ask for fewer sets, search a part with better ones first, or take another engine";
        refused(self.query, &need, have, [hint; 2])
    }
}

impl Prepared for Ready<'_> {
    fn search(&self, part: &Part, watch: &Watch) -> Result<Findings, EngineError> {
        let space = self.query.space();
        let piece = Piece::of(space, part);
        if self.records && piece.is_some() {
            let all_sets = "search all sets, or search without a certificate";
            return Err(refused(
                self.query,
                &format!("all {} sets, where it is recorded", space.size()),
                format!("a part of {} of them", space.size_of(part)),
                [all_sets; 2],
            ));
        }
        let list = List::new(self.query, watch, &self.cross);
        let is_within = |most: u128| part.sets().is_some_and(|sets| sets <= most);
        // A part of so few sets is not worth a floor, nor a root, where neither is there.
        let tiny = piece.is_some() && is_within(SMALL as u128) && list.floor() <= 0.0;
        let proved = if tiny {
            Err(End::Unfit(Unfit::LowFloor))
        } else {
            self.prove(piece.as_ref(), &list, watch)
        };
        let found = match proved {
            Ok(found) => found,
            Err(End::Unfit(_)) if !self.records && is_within(FEW) => Found {
                visited: self.each(part, &list, watch)?,
                ..Found::default()
            },
            Err(End::Unfit(_)) => return Err(self.low_floor(part)),
            Err(End::Stopped) => return Err(EngineError::Stopped),
            Err(End::TooLong) => {
                return Err(refused(
                    self.query,
                    "a tree of at most 256 MiB, where it is recorded",
                    "a longer one".to_owned(),
                    ["ask for fewer sets, or search without a certificate"; 2],
                ));
            }
        };
        let Found {
            visited,
            excluded,
            nodes,
            root_gap,
            recorded,
        } = found;
        let (all, looked_at) = (space.size_of(part), visited.sets);
        tracing::info!(nodes, root_gap, visited = %looked_at, of = %all, "branch and bound");
        Ok(Findings {
            best: list.into_sorted(),
            visited,
            excluded,
            took: vec![(NODES, nodes)],
            recorded,
            ..Findings::default()
        })
    }
}

/// A refusal with its hint: the second of the two where there are more sets than other engines take.
fn refused(query: &Query<'_>, need: &str, have: String, hints: [&'static str; 2]) -> EngineError {
    let [hint, of_more] = hints;
    let hint = query.space().count().map_or(of_more, |_| hint);
    EngineError::Refused {
        engine: "bound",
        what: "a proof by bounds".to_owned(),
        need: need.to_owned(),
        have,
        hint,
    }
}

/// The cross-products of a complete table, on the threads of the pool that it is called in.
fn cross_products(matrix: &ResponseMatrix) -> Cross {
    let questions = 0..matrix.questions().len();
    let scores: Vec<&[i64]> = questions.map(|q| matrix.column(q).scores()).collect();
    let users = matrix.column(0).users().iter();
    let totals: Vec<i64> = users.map(|&u| matrix.totals()[u as usize]).collect();
    let offsets = vec![0; scores.len()];
    let far = scores.iter().map(|scores| reach(scores, 0));
    let far = far.max().unwrap_or(0);
    let population = Population::new((&scores, &offsets), (&totals, 0), (far, reach(&totals, 0)));
    Cross::new(Isa::detect(), &Pool, population)
}

/// A query of a complete table with these cross-products.
fn problem(query: &Query<'_>, cross: &Cross) -> Result<Problem, ProblemError> {
    let kind = match query.ranking().criterion {
        Criterion::Rest => Kind::Rest,
        Criterion::Total | Criterion::Mean | Criterion::Column => Kind::Total,
    };
    let moments = Moments {
        users: cross.users,
        s1: cross.sums.clone(),
        m: cross.products().to_vec(),
        cy: cross.with_total.clone(),
        sg: cross.total,
        sgg: cross.total_squares,
    };
    let space = query.space();
    let problem = Problem::new(moments, query.k(), kind)?;
    let problem = problem.including((0..space.fixed()).collect())?;
    match query.quotas() {
        Some(quotas) => problem.with_quotas(by_position(quotas, space.order())),
        None => Ok(problem),
    }
}

/// Quotas of questions as those of their positions.
fn by_position(quotas: &combin::Quotas, order: &[usize]) -> Quotas {
    let limits = quotas.wanted().iter();
    Quotas {
        group: order.iter().map(|&q| quotas.group(q)).collect(),
        limits: limits
            .map(|wanted| (*wanted.start(), *wanted.end()))
            .collect(),
    }
}
