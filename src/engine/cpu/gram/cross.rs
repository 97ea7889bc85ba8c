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
//! So a user with d answers costs d·(d − 1)/2 additions, however many users and questions there are.
//! The walk pays for every question of a row whether it was answered or not.
//!
//! # Cells
//! Where scores take few values, a *cell* is a question with one of its values. Of a user of question
//! i only n, g, g², x_i, g·x_i and x_i² are added, the same six numbers for each of the user's later
//! answers, to the cell of that answer: a load, an addition and a store of one line. With these sums,
//! a pair's are, over the cells of j and v their values,
//!
//! - Σa = Σ (Σx_i + v·n), Σa·g = Σ (Σg·x_i + v·Σg), Σa² = Σ (Σx_i² + 2v·Σx_i + v²·n)
//!
//! A user's answers are held as cell numbers of 16 bits, so rows are short. Elsewhere the terms of
//! each user and pair are added as they are ([`Terms::plain`]), in 64 bits where they fit, else in 128.
//!
//! All sums are exact, of every set, and are what the audit adds up; the sets with a correlation are
//! counted on the way.

use super::extents::Extents;
use super::keep::{Found, Keeper};
use super::{Pool, Regime};
use crate::arch::{Isa, Kernel, Level, run};
use crate::combin::{Subtree, choices};
use crate::engine::{EngineError, Findings, Part, Query, Watch};
use crate::matrix::ResponseMatrix;
use crate::stats::{AuditSums, Basis, Moments, Six, Sums, surely_below};
use rayon::prelude::*;
use std::ops::{AddAssign, Mul, Range};
use std::sync::atomic::{AtomicUsize, Ordering};

/// Most cells: their sums then stay in a core's own cache.
const MOST_CELLS: u128 = 1 << 13;

/// Shares of the work for each thread.
const SHARES: usize = 3;

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

/// How the terms of users come to the sums of pairs.
#[derive(Debug)]
enum Terms {
    /// One by one, in 64 bits.
    Narrow,
    /// One by one, in 128 bits.
    Wide,
    /// Over the cells.
    Cells(Cells),
}

/// Every user's answers as cells.
#[derive(Debug)]
struct Cells {
    /// First cell of each question, and the number of all.
    first: Vec<usize>,
    /// Cells of a user's answers, ascending, user after user.
    rows: Vec<u16>,
    /// Where each user's start, and the number of all.
    starts: Vec<usize>,
}

/// The sums of n, g, x_i, x_i², g², g·x_i over the users who answered some i and are in this cell.
#[derive(Clone, Copy, Debug, Default)]
#[repr(C, align(64))]
struct Cell([i64; 8]);

/// What the sums are taken over: scores from a question's lowest, totals from the middle.
struct Shifted {
    basis: Basis,
    /// Values that each question's scores range over.
    values: Vec<u128>,
    /// Whether the sums of any pair, and all terms, stay below 2^63.
    narrow: bool,
}

impl Shifted {
    fn new(matrix: &ResponseMatrix, extents: &Extents) -> Self {
        let Extents { scores, totals } = extents;
        let total = totals.low.midpoint(totals.high);
        let values = scores
            .iter()
            .map(|scores| u128::from(scores.reach(scores.low)) + 1);
        let values: Vec<u128> = values.collect();
        let a = 2 * values.iter().max().copied().unwrap_or(1);
        // The largest term is a², g² or |a·g|.
        let largest = a.max(totals.reach(total).into());
        let users = matrix.users().len() as u128;
        let sum = largest
            .checked_pow(2)
            .and_then(|term| term.checked_mul(users));
        Self {
            basis: Basis {
                scores: scores.iter().map(|scores| scores.low).collect(),
                total,
            },
            values,
            narrow: sum.is_some_and(|sum| sum < 1 << 63),
        }
    }
}

impl Terms {
    /// One by one.
    fn plain(shifted: &Shifted) -> Self {
        if shifted.narrow {
            Self::Narrow
        } else {
            Self::Wide
        }
    }

    /// Over the cells where there are few, else one by one.
    fn of(matrix: &ResponseMatrix, shifted: &Shifted) -> Self {
        let cells = shifted.values.iter().sum::<u128>();
        if !shifted.narrow || cells > MOST_CELLS {
            return Self::plain(shifted);
        }
        let mut first = vec![0];
        for &values in &shifted.values {
            first.push(first[first.len() - 1] + values as usize);
        }
        let mut starts = vec![0];
        for u in 0..matrix.users().len() {
            starts.push(starts[u] + matrix.row(u).len());
        }
        let mut rows = vec![0; matrix.responses()];
        // Shares of users, each with its part of the rows.
        let share = matrix.users().len().div_ceil(64).max(1);
        let mut left = rows.as_mut_slice();
        let mut shares = Vec::new();
        for from in (0..matrix.users().len()).step_by(share) {
            let to = (from + share).min(matrix.users().len());
            let (mine, rest) = left.split_at_mut(starts[to] - starts[from]);
            left = rest;
            shares.push((from..to, mine));
        }
        shares.into_par_iter().for_each(|(users, rows)| {
            let answers = users.flat_map(|u| matrix.row(u));
            for (cell, (q, score)) in rows.iter_mut().zip(answers) {
                *cell = (first[q] + (score - shifted.basis.scores[q]) as usize) as u16;
            }
        });
        Self::Cells(Cells {
            first,
            rows,
            starts,
        })
    }
}

/// Everything that workers read.
struct Table<'a> {
    query: &'a Query<'a>,
    watch: &'a Watch,
    shifted: &'a Shifted,
    terms: &'a Terms,
    shares: &'a [Vec<Row>],
    next: &'a AtomicUsize,
}

/// About how many cycles a search takes, in which `share` of all sets is asked for.
pub(super) fn cycles(matrix: &ResponseMatrix, k: usize, share: f64) -> f64 {
    let answers = matrix.responses() as f64;
    if k == 1 {
        return answers * (1.0 + 3.0 * share);
    }
    let pairs: f64 = (0..matrix.users().len())
        .map(|u| choices(matrix.row(u).len(), 2))
        .sum();
    answers * 8.0 + pairs * share * 2.0
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
    let (shifted, terms) = threads.install(|| {
        let shifted = Shifted::new(matrix, &Extents::of(isa, &Pool, matrix));
        let terms = match query.k() {
            1 => Terms::plain(&shifted),
            _ => Terms::of(matrix, &shifted),
        };
        (shifted, terms)
    });
    search_by(&terms, &shifted, query, part, watch, threads, isa)
}

fn search_by(
    terms: &Terms,
    shifted: &Shifted,
    query: &Query<'_>,
    part: &Part,
    watch: &Watch,
    threads: &rayon::ThreadPool,
    isa: Isa,
) -> Result<Findings, EngineError> {
    let number = threads.current_num_threads() * SHARES;
    let table = Table {
        query,
        watch,
        shifted,
        terms,
        shares: &shares(query.table(), Row::all(query, part), number),
        next: &AtomicUsize::new(0),
    };
    let found = threads.broadcast(|_| run(isa, Worker(&table)));
    let found = Found::of_all(query, found)?;
    Ok(found.findings(shifted.basis.clone(), Regime::Cross))
}

/// The rows in about `number` shares of as much work.
fn shares(matrix: &ResponseMatrix, rows: Vec<Row>, number: usize) -> Vec<Vec<Row>> {
    let work = |row: &Row| {
        let behind = (matrix.questions().len() - row.first) as u128;
        1 + behind * matrix.column(row.first).users().len() as u128
    };
    let each = rows.iter().map(work).sum::<u128>() / number as u128 + 1;
    let mut shares: Vec<Vec<Row>> = Vec::new();
    let mut filled = each;
    for row in rows {
        if filled >= each {
            shares.push(Vec::new());
            filled = 0;
        }
        filled += work(&row);
        if let Some(share) = shares.last_mut() {
            share.push(row);
        }
    }
    shares
}

/// One thread's work.
struct Worker<'a>(&'a Table<'a>);

impl Kernel for Worker<'_> {
    /// `None` where the search was stopped.
    type Out = Option<Found>;

    #[inline(always)]
    fn run<L: Level>(self, _: L) -> Self::Out {
        let table = self.0;
        let mut judge = Judge {
            table,
            keeper: Keeper::new(table.query, table.watch),
            visited: AuditSums::default(),
            defined: 0,
        };
        while let Some(share) = table.shares.get(table.next.fetch_add(1, Ordering::Relaxed)) {
            match (table.query.k(), table.terms) {
                (1, Terms::Wide) => singles::<i128>(table, share, &mut judge)?,
                (1, _) => singles::<i64>(table, share, &mut judge)?,
                (_, Terms::Wide) => pairs::<i128>(table, share, &mut judge)?,
                (_, Terms::Narrow) => pairs::<i64>(table, share, &mut judge)?,
                (_, Terms::Cells(cells)) => pairs_by_cells(table, cells, share, &mut judge)?,
            }
        }
        Some(Found {
            top: judge.keeper.into_top(),
            visited: judge.visited,
            excluded: AuditSums::default(),
            defined: Some(judge.defined),
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
        let Moments { n, a, x, y } = sums.moments();
        if n < self.table.query.min_users().into() || x <= 0 || y <= 0 {
            return;
        }
        self.defined += 1;
        if !surely_below(self.keeper.floor(), a as f64, x as f64, y as f64) {
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
fn pairs_by_cells(
    table: &Table<'_>,
    cells: &Cells,
    rows: &[Row],
    judge: &mut Judge<'_>,
) -> Option<()> {
    let Cells {
        first,
        rows: answers,
        starts,
    } = cells;
    let (matrix, basis) = (table.query.table(), &table.shifted.basis);
    let mut sums = vec![Cell::default(); first[first.len() - 1]];
    // Where each user's answers behind the row's question start.
    let mut behind: Vec<usize> = Vec::new();
    let mut at = None;
    for row in rows {
        let i = row.first;
        if at != Some(i) {
            let own = |u: usize| &answers[starts[u]..starts[u + 1]];
            let before = |u: usize| own(u).partition_point(|&cell| usize::from(cell) < first[i]);
            behind = (0..starts.len() - 1)
                .map(|u| starts[u] + before(u))
                .collect();
        }
        at = Some(i + 1);
        let column = matrix.column(i);
        sums[first[i]..].fill(Cell::default());
        for (&u, &score) in column.users().iter().zip(column.scores()) {
            let u = u as usize;
            let g = matrix.totals()[u] - basis.total;
            let x = score - basis.scores[i];
            let terms = [1, g, x, x * x, g * g, g * x, 0, 0];
            behind[u] += 1;
            for &cell in &answers[behind[u]..starts[u + 1]] {
                let sum = &mut sums[usize::from(cell)].0;
                for (sum, term) in sum.iter_mut().zip(terms) {
                    *sum += term;
                }
            }
        }
        for j in row.others.clone() {
            let mut six = Six::<i64>::default();
            for (v, cell) in (0..).zip(&sums[first[j]..first[j + 1]]) {
                let [n, g, x, xx, gg, gx, ..] = cell.0;
                let (sa, saa) = (x + v * n, xx + v * (2 * x + v * n));
                six += Six::from_array([n, sa, g, saa, gg, gx + v * g]);
            }
            judge.enter(&[i, j], six);
        }
        judge.row(row.others.len())?;
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::cross::Alone;
    use crate::synth::{Model, Spec, matrix};

    fn table(questions: usize) -> ResponseMatrix {
        matrix(&Spec {
            users: 50,
            questions,
            answered: 0.6,
            scores: -1..=3,
            model: Model::Random,
            booklets: 0,
            seed: 8,
        })
        .unwrap()
    }

    #[test]
    fn rows_hold_every_set_of_a_part_once() {
        let matrix = table(6);
        for k in 1..=2 {
            let query = Query::of(&matrix).k(k).build().unwrap();
            let space = query.space();
            for start in 0..space.count() {
                for sets in 1..=space.count() - start {
                    let part = space.part(start, Some(sets)).unwrap();
                    let members = |Row { first, others }: Row| -> Vec<Vec<usize>> {
                        match k {
                            1 => vec![vec![first]],
                            _ => others.map(|j| vec![first, j]).collect(),
                        }
                    };
                    let rows = Row::all(&query, &part);
                    let got: Vec<_> = rows.into_iter().flat_map(members).collect();
                    let want: Vec<_> = part.ranks().filter_map(|r| space.unrank(r)).collect();
                    assert_eq!(got, want);
                }
            }
        }
    }

    fn shifted(matrix: &ResponseMatrix) -> Shifted {
        Shifted::new(matrix, &Extents::of(Isa::detect(), &Alone, matrix))
    }

    /// What is seen and defined with these terms.
    fn seen(
        matrix: &ResponseMatrix,
        k: usize,
        shifted: &Shifted,
        terms: &Terms,
    ) -> (AuditSums, Option<u128>) {
        let query = Query::of(matrix).k(k).top(3).build().unwrap();
        let part = query.space().whole();
        let threads = rayon::ThreadPoolBuilder::new()
            .num_threads(2)
            .build()
            .unwrap();
        let (watch, isa) = (Watch::new(), Isa::detect());
        let found = search_by(terms, shifted, &query, &part, &watch, &threads, isa).unwrap();
        (found.visited, found.defined)
    }

    #[test]
    fn terms_one_by_one_and_over_cells_sum_to_the_same() {
        let matrix = table(9);
        let shifted = shifted(&matrix);
        let cells = Terms::of(&matrix, &shifted);
        assert!(matches!(cells, Terms::Cells(_)));
        for k in 1..=2 {
            let want = seen(&matrix, k, &shifted, &Terms::Wide);
            assert_eq!(seen(&matrix, k, &shifted, &Terms::Narrow), want);
            assert_eq!(seen(&matrix, k, &shifted, &cells), want);
        }
    }

    #[test]
    fn an_answer_lost_or_read_wrong_fails_the_audit() {
        let matrix = table(9);
        let mut shifted = shifted(&matrix);
        let right = seen(&matrix, 2, &shifted, &Terms::Wide);
        let with = |fault: &dyn Fn(&mut Cells)| {
            let mut terms = Terms::of(&matrix, &shifted);
            if let Terms::Cells(cells) = &mut terms {
                fault(cells);
            }
            seen(&matrix, 2, &shifted, &terms).0
        };
        assert_eq!(with(&|_| ()), right.0);
        // The last answer of the last user: another cell of its question, or of none that is summed.
        let last = |cells: &mut Cells| cells.rows.len() - 1;
        assert_ne!(
            with(&|cells| {
                let last = last(cells);
                cells.rows[last] ^= 1;
            }),
            right.0
        );
        assert_ne!(
            with(&|cells| *cells.starts.last_mut().unwrap() -= 1),
            right.0
        );
        shifted.basis.total += 1;
        assert_ne!(seen(&matrix, 2, &shifted, &Terms::Wide), right);
    }

    #[test]
    fn scores_without_room_in_64_bits_take_128() {
        let wide = |scores| {
            let spec = Spec {
                users: 50,
                questions: 4,
                answered: 0.6,
                scores,
                model: Model::Random,
                booklets: 0,
                seed: 8,
            };
            let matrix = matrix(&spec).unwrap();
            Terms::of(&matrix, &shifted(&matrix))
        };
        assert!(matches!(wide(0..=1), Terms::Cells(_)));
        assert!(matches!(wide(0..=100_000), Terms::Narrow));
        assert!(matches!(wide(0..=1 << 40), Terms::Wide));
    }
}
