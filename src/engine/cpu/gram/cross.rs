//! Sets of one question or two, on any table: all their sums in one pass over the answers.
//!
//! ```text
//! one question q:
//!     for each user who answered q: add the user's six terms
//! two questions i < j, all j at once:
//!     for each user who answered i, and each j behind i that this user answered:
//!         add the user's six terms to the sums of j
//! ```
//!
//! So a user with d answers costs d·(d − 1)/2 additions, in 64 bits where sums fit, else in 128.
//!
//! # By bytes
//! On a denser table the sums of all pairs are products of columns of bytes over all users
//! (`stats::cross`), some dozen for each user and pair whether they answered or not, but 64 an
//! instruction.
//!
//! All sums are exact, of every set, and are what the audit adds up; the sets with a correlation are
//! counted on the way.

use super::extents::Extents;
use super::keep::{Found, Keeper};
use super::regime::Regime;
use crate::arch::{Isa, Kernel, Level, run};
use crate::combin::{Subtree, choices};
use crate::engine::pool::Pool;
use crate::engine::{EngineError, Findings, Part, Query, Watch};
use crate::matrix::ResponseMatrix;
use crate::stats::cross::{PairSums, Pairs};
use crate::stats::{AuditSums, Basis, Six, Sums};
use rayon::prelude::*;
use std::ops::{AddAssign, Mul, Range};

/// Pairs whose sums are made at once by bytes: some 50 MB of sums for each thread.
const PANEL: usize = 1 << 20;

/// Shares of the work for each thread.
const SHARES: usize = 4;

/// Integers that sums are added up in.
trait Whole:
    Copy + Default + From<i64> + From<u8> + Into<i128> + Mul<Output = Self> + AddAssign
{
}
impl Whole for i64 {}
impl Whole for i128 {}

/// The sets of a part with one first question: that question alone, or with each of `others`.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Row {
    first: usize,
    others: Range<usize>,
}

impl Row {
    /// All rows of a part of the sets of one question or two, in order.
    fn all(query: &Query<'_>, part: &Part) -> Vec<Self> {
        let row = |Subtree { prefix, next }: Subtree| match prefix.first() {
            Some(&first) => vec![Self {
                first,
                others: next,
            }],
            None => next
                .map(|first| Self {
                    first,
                    others: first + 1..query.space().order().len(),
                })
                .collect(),
        };
        let trees = query.space().subtrees(part);
        trees.into_iter().flat_map(row).collect()
    }
}

/// How the sums of pairs come about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    /// From the terms of each user, in 64 bits.
    Narrow,
    /// From the terms of each user, in 128 bits.
    Wide,
    /// From products of bytes.
    Bytes,
}

/// What the sums are taken over: scores from a question's lowest, totals from the middle.
struct Shifted {
    basis: Basis,
    /// The largest score and total.
    reach: (u64, u64),
    /// Whether the sums of any pair, and all terms, stay below 2^63.
    narrow: bool,
}

impl Shifted {
    fn new(matrix: &ResponseMatrix, extents: &Extents) -> Self {
        let Extents { scores, totals } = extents;
        let total = totals.low.midpoint(totals.high);
        let score = scores.iter().map(|scores| scores.reach(scores.low)).max();
        let reach = (score.unwrap_or(0), totals.reach(total));
        // The largest term is a², g² or |a·g|.
        let largest = (2 * u128::from(reach.0)).max(reach.1.into());
        let sum = largest
            .checked_pow(2)
            .and_then(|term| term.checked_mul(matrix.users().len() as u128));
        Self {
            basis: Basis {
                scores: scores.iter().map(|scores| scores.low).collect(),
                total,
                ..Basis::default()
            },
            reach,
            narrow: sum.is_some_and(|sum| sum < 1 << 63),
        }
    }

    /// From the terms of each user.
    fn plain(&self) -> Way {
        if self.narrow { Way::Narrow } else { Way::Wide }
    }
}

/// Everything that workers read.
struct Table<'a> {
    query: &'a Query<'a>,
    watch: &'a Watch,
    shifted: &'a Shifted,
    way: Way,
    /// Made by bytes.
    sums: Option<&'a PairSums>,
}

/// Cycles for one user of a pair: six additions and their terms, in 64 bits and in 128.
const CYCLES_A_USER: [f64; 2] = [7.0, 20.0];

/// Pairs of questions over all users: how many there are that a user answered both of.
fn answered_pairs(matrix: &ResponseMatrix) -> f64 {
    let users = 0..matrix.users().len();
    users.map(|u| choices(matrix.row(u).len(), 2)).sum()
}

/// About how many cycles a search takes one by one, for each part and for all sets: more than by bytes, where it
/// takes these.
pub(super) fn cycles(matrix: &ResponseMatrix, k: usize) -> [f64; 2] {
    let answers = matrix.responses() as f64;
    if k == 1 {
        return [answers, 3.0 * answers];
    }
    [answers * 2.0, answered_pairs(matrix) * CYCLES_A_USER[0]]
}

/// Searches `part`.
///
/// # Errors
/// [`EngineError::Stopped`]; refused where sets have more than two questions.
pub(super) fn search(
    query: &Query<'_>,
    part: &Part,
    watch: &Watch,
    threads: &rayon::ThreadPool,
    isa: Isa,
) -> Result<Findings, EngineError> {
    if query.k() > 2 {
        return Err(EngineError::Refused {
            engine: "cpu",
            what: "the cross regime".to_owned(),
            need: "sets of one question or two".to_owned(),
            have: format!("sets of {}", query.k()),
            hint: "take the regime that is chosen by counting",
        });
    }
    let matrix = query.table();
    let shifted = threads.install(|| Shifted::new(matrix, &Extents::of(isa, &Pool, matrix)));
    let way = if query.k() == 2 && by_bytes_pays(isa, matrix, &shifted) {
        Way::Bytes
    } else {
        shifted.plain()
    };
    search_by(way, &shifted, query, part, watch, threads, isa)
}

/// Whether the sums of all pairs are made sooner by bytes, by counting what both ways take.
fn by_bytes_pays(isa: Isa, matrix: &ResponseMatrix, shifted: &Shifted) -> bool {
    let pairs = Pairs::new(isa, matrix, &shifted.basis, shifted.reach);
    pairs.cycles() < answered_pairs(matrix) * CYCLES_A_USER[usize::from(!shifted.narrow)]
}

fn search_by(
    way: Way,
    shifted: &Shifted,
    query: &Query<'_>,
    part: &Part,
    watch: &Watch,
    threads: &rayon::ThreadPool,
    isa: Isa,
) -> Result<Findings, EngineError> {
    let matrix = query.table();
    let rows = Row::all(query, part);
    let shares = threads.current_num_threads() * SHARES;
    let judge = |rows: &[Row], sums: Option<&PairSums>| -> Vec<Option<Found>> {
        let table = Table {
            query,
            watch,
            shifted,
            way,
            sums,
        };
        let share = rows.len().div_ceil(shares).max(1);
        let work = |rows| run(isa, Worker(&table, rows));
        rows.par_chunks(share).map(work).collect()
    };
    let found = threads.install(|| match way {
        Way::Narrow | Way::Wide => judge(&rows, None),
        Way::Bytes => {
            let pairs = Pairs::new(isa, matrix, &shifted.basis, shifted.reach);
            let panel = |rows: &[Row]| {
                if watch.stopped() {
                    return vec![None];
                }
                let questions = rows[0].first..rows[rows.len() - 1].first + 1;
                judge(rows, Some(&pairs.rows(&Pool, questions)))
            };
            let panels = rows.chunks((PANEL / matrix.questions().len()).max(4));
            panels.flat_map(panel).collect()
        }
    });
    let found = Found::of_all(query, found)?;
    Ok(found.findings(shifted.basis.clone(), Regime::Cross))
}

/// What is done without a break.
struct Worker<'a>(&'a Table<'a>, &'a [Row]);

impl Kernel for Worker<'_> {
    /// `None` where the search was stopped.
    type Out = Option<Found>;

    #[inline(always)]
    fn run<L: Level>(self, _: L) -> Self::Out {
        let Self(table, rows) = self;
        let mut judge = Judge {
            table,
            keeper: Keeper::new(table.query, table.watch),
            visited: AuditSums::default(),
            defined: 0,
        };
        match (table.query.k(), table.sums) {
            (_, Some(sums)) => pairs_made(sums, rows, &mut judge)?,
            (1, _) if table.way == Way::Wide => singles::<i128>(table, rows, &mut judge)?,
            (1, _) => singles::<i64>(table, rows, &mut judge)?,
            _ if table.way == Way::Wide => pairs::<i128>(table, rows, &mut judge)?,
            _ => pairs::<i64>(table, rows, &mut judge)?,
        }
        Some(Found {
            top: judge.keeper.into_top(),
            visited: judge.visited,
            excluded: AuditSums::default(),
            defined: table.query.tells_defined().then_some(judge.defined),
        })
    }
}

/// One worker's judgement of sets by their exact sums.
struct Judge<'a> {
    table: &'a Table<'a>,
    keeper: Keeper<'a>,
    visited: AuditSums,
    defined: u128,
}

impl Judge<'_> {
    /// Enters a set with its shifted sums.
    #[inline(always)]
    fn enter<T: Whole>(&mut self, set: &[usize], sums: Six<T>) {
        let sums: Sums = sums.map(Into::into);
        self.visited.add_set(&sums);
        let query = self.table.query;
        let moments = query.ranking().criterion.moments(sums.moments());
        if !query.may_be_defined(sums.n as u64, &moments) {
            return;
        }
        self.defined += 1;
        let floor = self.keeper.floor();
        if !floor.surely_excludes(moments.map(|moment| moment as f64)) {
            self.offer(set, &sums);
        }
    }

    #[cold]
    #[inline(never)]
    fn offer(&mut self, set: &[usize], sums: &Sums) {
        let basis = &self.table.shifted.basis;
        let score = set.iter().map(|&q| i128::from(basis.scores[q])).sum();
        self.keeper
            .offer(set, sums.shifted(score, basis.total.into()));
    }

    /// Ends a row of `sets`. `None` where the search was stopped.
    fn row(&mut self, sets: usize) -> Option<()> {
        let watch = self.table.watch;
        watch.advance(sets as u128);
        self.keeper.refresh();
        (!watch.stopped()).then_some(())
    }
}

#[inline(always)]
fn singles<T: Whole>(table: &Table<'_>, rows: &[Row], judge: &mut Judge<'_>) -> Option<()> {
    let (matrix, basis) = (table.query.table(), &table.shifted.basis);
    for &Row { first, .. } in rows {
        let column = matrix.column(first);
        let mut sums = Six::<T>::default();
        for (&u, &score) in column.users().iter().zip(column.scores()) {
            let (a, g) = (
                score - basis.scores[first],
                matrix.totals()[u as usize] - basis.total,
            );
            sums += Six::of_user(a.into(), g.into());
        }
        judge.enter(&[first], sums);
        judge.row(1)?;
    }
    Some(())
}

#[inline(always)]
fn pairs<T: Whole>(table: &Table<'_>, rows: &[Row], judge: &mut Judge<'_>) -> Option<()> {
    let (matrix, basis) = (table.query.table(), &table.shifted.basis);
    let mut sums = vec![Six::<T>::default(); matrix.questions().len()];
    for Row { first, others } in rows {
        let column = matrix.column(*first);
        sums.fill(Six::default());
        for (&u, &score) in column.users().iter().zip(column.scores()) {
            let g = T::from(matrix.totals()[u as usize] - basis.total);
            let x = score - basis.scores[*first];
            for (j, score) in matrix.row(u as usize) {
                if others.contains(&j) {
                    let a = x + score - basis.scores[j];
                    sums[j] += Six::of_user(a.into(), g);
                }
            }
        }
        for j in others.clone() {
            judge.enter(&[*first, j], sums[j]);
        }
        judge.row(others.len())?;
    }
    Some(())
}

#[inline(always)]
fn pairs_made(sums: &PairSums, rows: &[Row], judge: &mut Judge<'_>) -> Option<()> {
    for Row { first, others } in rows {
        for j in others.clone() {
            judge.enter(&[*first, j], sums.of(*first, j));
        }
        judge.row(others.len())?;
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::cross::Alone;
    use crate::synth::{Model, Spec, matrix};

    fn random(
        questions: usize,
        answered: f64,
        scores: std::ops::RangeInclusive<i64>,
    ) -> ResponseMatrix {
        matrix(&Spec {
            users: 500,
            questions,
            answered,
            scores,
            model: Model::Random,
            booklets: 0,
            seed: 8,
        })
        .unwrap()
    }

    #[test]
    fn rows_hold_every_set_of_a_part_once() {
        let matrix = random(6, 0.6, 0..=1);
        for k in 1..=2 {
            let query = Query::of(&matrix).k(k).build().unwrap();
            let space = query.space();
            let count = space.count().unwrap();
            for start in 0..count {
                for sets in 1..=count - start {
                    let part = space.part(start, Some(sets)).unwrap();
                    let members = |Row { first, others }: Row| -> Vec<Vec<usize>> {
                        match k {
                            1 => vec![vec![first]],
                            _ => others.map(|j| vec![first, j]).collect(),
                        }
                    };
                    let rows = Row::all(&query, &part);
                    let got: Vec<_> = rows.into_iter().flat_map(members).collect();
                    let want: Vec<_> = part
                        .ranks()
                        .unwrap()
                        .filter_map(|r| space.unrank(r))
                        .collect();
                    assert_eq!(got, want);
                }
            }
        }
    }

    fn shifted(matrix: &ResponseMatrix) -> Shifted {
        Shifted::new(matrix, &Extents::of(Isa::detect(), &Alone, matrix))
    }

    /// What is found this way in a part of the sets.
    fn found(
        matrix: &ResponseMatrix,
        (k, skip, limit): (usize, u128, u128),
        shifted: &Shifted,
        way: Way,
    ) -> (AuditSums, Option<u128>, String) {
        let query = Query::of(matrix).k(k).top(7).min_users(20).build().unwrap();
        let part = query.space().part(skip, Some(limit)).unwrap();
        let threads = rayon::ThreadPoolBuilder::new()
            .num_threads(2)
            .build()
            .unwrap();
        let (watch, isa) = (Watch::new(), Isa::detect());
        let found = search_by(way, shifted, &query, &part, &watch, &threads, isa).unwrap();
        assert_eq!(Some(watch.done()), part.sets());
        (found.visited, found.defined, format!("{:?}", found.best))
    }

    #[test]
    fn every_way_finds_the_same() {
        for scores in [0..=1, -2..=3, 0..=100_000, -1 << 40..=1 << 40] {
            for answered in [0.1, 0.6, 1.0] {
                let matrix = random(9, answered, scores.clone());
                let shifted = shifted(&matrix);
                for part in [(1, 0, 9), (1, 2, 5), (2, 0, 36), (2, 3, 20), (2, 10, 1)] {
                    let found = |way| found(&matrix, part, &shifted, way);
                    let want = found(Way::Wide);
                    if shifted.narrow {
                        assert_eq!(found(Way::Narrow), want);
                    }
                    if part.0 == 2 {
                        assert_eq!(found(Way::Bytes), want);
                    }
                }
            }
        }
    }

    #[test]
    fn numbers_taken_for_smaller_than_they_are_fail_the_audit() {
        let (matrix, all) = (random(9, 0.6, -1..=3), (2, 0, 36));
        let mut shifted = shifted(&matrix);
        // A byte of each total is lost.
        shifted.basis.total -= 300;
        let right = found(&matrix, all, &shifted, Way::Wide);
        assert_ne!(found(&matrix, all, &shifted, Way::Bytes).0, right.0);
        shifted.reach.1 += 300;
        assert_eq!(found(&matrix, all, &shifted, Way::Bytes), right);
    }

    #[test]
    fn the_way_is_chosen_by_counting() {
        let way = |answered, scores| {
            let matrix = random(40, answered, scores);
            let shifted = shifted(&matrix);
            let by_bytes = by_bytes_pays(Isa::detect(), &matrix, &shifted);
            (by_bytes, shifted.plain())
        };
        assert_eq!(way(0.05, 0..=1), (false, Way::Narrow));
        assert_eq!(way(0.05, 0..=1 << 40), (false, Way::Wide));
        assert_eq!(way(1.0, 0..=1 << 40).1, Way::Wide);
        assert!(way(1.0, 0..=1).0);
    }
}
