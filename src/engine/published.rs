//! The yardstick: the algorithm of the published Rust programs, written by us, for benchmarks.
//!
//! ```text
//! for each set, in parallel:
//!     for each word of the users' bitsets: AND the K columns
//!         for each set bit: a = the sum of K scores, g = the user's total; add to the sums in f64
//!     r from the sums, in f64; keep the largest
//! ```
//! It is what a ratio in a benchmark is taken against, so it gets what makes this algorithm fast:
//! dense columns of the narrowest scores, unrolled loops over K, vectors of the processor's level,
//! all threads. It does not get another algorithm: nothing is shared between sets, no set is
//! discarded.
//!
//! r is rounded, so among sets that tie or nearly tie it may keep another one than the exact
//! engines; that is why a search does not offer it. The sets that it keeps are reported with their
//! exact sums, and its sums are audited like any engine's.

use super::cpu::Isa;
use super::{Engine, EngineError, Findings, Part, Prepared, Query, Watch, numbered, ranks_of};
use crate::combin::successor;
use crate::matrix::{Column, ResponseMatrix};
use crate::stats::{AuditSums, Moments, Six};
use crate::top::Candidate;
use rayon::prelude::*;
use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;
use std::ops::Range;

/// Words of a block: one vector of the widest level.
const WORDS: usize = 8;

/// Users of a block.
const USERS: usize = 64 * WORDS;

/// Sets that one thread takes at once.
const CHUNK: u128 = 2048;

/// Below this, sums of integers in f64 are exact.
const EXACT: u128 = 1 << 53;

/// The published algorithm.
#[derive(Debug)]
pub struct PublishedEngine {
    pool: rayon::ThreadPool,
    isa: Isa,
}

impl PublishedEngine {
    /// On this many threads, compiled for this level.
    ///
    /// # Errors
    /// [`EngineError::NoThreads`], [`EngineError::Refused`]
    /// where the processor lacks the level.
    pub fn new(threads: usize, isa: Isa) -> Result<Self, EngineError> {
        if !isa.is_available() {
            return Err(EngineError::Refused {
                engine: "published",
                what: "the forced instruction-set level".to_owned(),
                need: isa.name().to_owned(),
                have: Isa::detect().name().to_owned(),
                hint: "leave the level to the program",
            });
        }
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .map_err(|error| EngineError::NoThreads {
                threads,
                problem: error.to_string(),
            })?;
        Ok(Self { pool, isa })
    }
}

impl Engine for PublishedEngine {
    fn name(&self) -> &'static str {
        "published"
    }

    fn devices(&self) -> Vec<String> {
        let threads = self.pool.current_num_threads();
        vec![format!("{threads} CPU threads, {}", self.isa.name())]
    }

    /// The table as the algorithm reads it; the published programs do not count this as search.
    ///
    /// # Errors
    /// [`EngineError::Refused`] where f64 could round a sum.
    fn open<'q>(&'q self, query: &'q Query<'q>) -> Result<Box<dyn Prepared + 'q>, EngineError> {
        numbered(self.name(), query)?;
        let matrix = query.table();
        let largest = largest_sum(matrix);
        if largest >= EXACT {
            return Err(EngineError::Refused {
                engine: "published",
                what: "a sum in f64".to_owned(),
                need: format!("values up to {largest}"),
                have: format!("{EXACT}"),
                hint: "choose another engine",
            });
        }
        let narrow = (0..matrix.questions().len())
            .flat_map(|q| matrix.column(q).scores())
            .all(|&score| u8::try_from(score).is_ok());
        let width = if narrow {
            Width::Narrow(Dense::new(matrix))
        } else {
            Width::Wide(Dense::new(matrix))
        };
        Ok(Box::new(Ready {
            engine: self,
            query,
            width,
        }))
    }
}

/// A table in dense columns, and what is asked of it.
struct Ready<'q> {
    engine: &'q PublishedEngine,
    query: &'q Query<'q>,
    width: Width,
}

impl Prepared for Ready<'_> {
    fn search(&self, part: &Part, watch: &Watch) -> Result<Findings, EngineError> {
        let Self { engine, query, .. } = *self;
        let ranks = ranks_of("published", query, part)?;
        let sets = ranks.end - ranks.start;
        let found = match &self.width {
            Width::Narrow(dense) => engine.run(dense, query, ranks, watch),
            Width::Wide(dense) => engine.run(dense, query, ranks, watch),
        }?;
        let kept = found.kept.into_iter();
        let mut best: Vec<Candidate> = kept
            .filter_map(|Reverse(kept)| query.judge(&kept.set))
            .collect();
        best.sort_by(|a, b| b.cmp(a));
        Ok(Findings {
            best,
            visited: found.seen,
            took: vec![("sets", sets as u64)],
            ..Findings::default()
        })
    }
}

impl PublishedEngine {
    fn run<S: Score>(
        &self,
        dense: &Dense<S>,
        query: &Query<'_>,
        ranks: Range<u128>,
        watch: &Watch,
    ) -> Result<Found, EngineError> {
        let Range { start, end } = ranks;
        // The number of chunks fits: no run gets to the end of 2^75 sets.
        let chunks = u64::try_from((end - start).div_ceil(CHUNK)).unwrap_or(u64::MAX);
        let one = |chunk: u64| {
            if watch.stopped() {
                return Err(EngineError::Stopped);
            }
            let first = start + u128::from(chunk) * CHUNK;
            let ranks = first..(first + CHUNK).min(end);
            let sets = ranks.end - ranks.start;
            let mut found = Found::default();
            self.chunk(dense, query, ranks, &mut found);
            watch.advance(sets);
            Ok(found)
        };
        self.pool.install(|| {
            (0..chunks)
                .into_par_iter()
                .map(one)
                .try_reduce(Found::default, |a, b| Ok(a.merged(b, query.top())))
        })
    }

    fn chunk<S: Score>(
        &self,
        dense: &Dense<S>,
        query: &Query<'_>,
        ranks: Range<u128>,
        found: &mut Found,
    ) {
        match self.isa {
            Isa::Portable => chunk(dense, query, ranks, found),
            // SAFETY: `new` has seen that the processor has the level.
            #[cfg(target_arch = "x86_64")]
            Isa::Avx2 => unsafe { chunk_avx2(dense, query, ranks, found) },
            // SAFETY: `new` has seen that the processor has the level.
            #[cfg(target_arch = "x86_64")]
            Isa::Avx512 | Isa::Amx => unsafe { chunk_avx512(dense, query, ranks, found) },
            #[cfg(not(target_arch = "x86_64"))]
            Isa::Avx2 | Isa::Avx512 | Isa::Amx => chunk(dense, query, ranks, found),
        }
    }
}

/// U · b² with b the table's reach: at least every sum of any set.
fn largest_sum(matrix: &ResponseMatrix) -> u128 {
    let reach = u128::from(matrix.reach());
    let square = reach.saturating_mul(reach);
    square.saturating_mul(matrix.users().len() as u128)
}

/// A score as columns hold it.
trait Score: Copy + Send + Sync {
    /// What scores of a user are added up in.
    type Sum: Copy;
    const ZERO: Self;
    const NOTHING: Self::Sum;
    fn of(score: i64) -> Self;
    fn add(self, sum: Self::Sum) -> Self::Sum;
    fn float(sum: Self::Sum) -> f64;
}

impl Score for u8 {
    type Sum = u32;
    const ZERO: Self = 0;
    const NOTHING: u32 = 0;
    fn of(score: i64) -> Self {
        score as Self
    }
    #[inline(always)]
    fn add(self, sum: u32) -> u32 {
        sum + u32::from(self)
    }
    #[inline(always)]
    fn float(sum: u32) -> f64 {
        f64::from(sum)
    }
}

impl Score for f64 {
    type Sum = Self;
    const ZERO: Self = 0.0;
    const NOTHING: Self = 0.0;
    fn of(score: i64) -> Self {
        score as Self
    }
    #[inline(always)]
    fn add(self, sum: Self) -> Self {
        sum + self
    }
    #[inline(always)]
    fn float(sum: Self) -> f64 {
        sum
    }
}

/// A question's answers: full-width bitset and a score for every user, up to whole blocks.
#[derive(Debug)]
struct DenseColumn<S> {
    answered: Vec<u64>,
    scores: Vec<[S; USERS]>,
}

impl<S: Score> DenseColumn<S> {
    fn new(column: &Column, blocks: usize) -> Self {
        let mut answered = column.answered().to_vec();
        answered.resize(blocks * WORDS, 0);
        let mut scores = vec![[S::ZERO; USERS]; blocks];
        for (&user, &score) in column.users().iter().zip(column.scores()) {
            scores[user as usize / USERS][user as usize % USERS] = S::of(score);
        }
        Self { answered, scores }
    }
}

#[derive(Debug)]
enum Width {
    /// Scores in bytes.
    Narrow(Dense<u8>),
    /// Scores in f64.
    Wide(Dense<f64>),
}

/// The table as the algorithm reads it.
#[derive(Debug)]
struct Dense<S> {
    columns: Vec<DenseColumn<S>>,
    totals: Vec<[f64; USERS]>,
}

impl<S: Score> Dense<S> {
    fn new(matrix: &ResponseMatrix) -> Self {
        let blocks = matrix.users().len().div_ceil(USERS);
        let mut totals = vec![[0.0; USERS]; blocks];
        for (user, &total) in matrix.totals().iter().enumerate() {
            totals[user / USERS][user % USERS] = total as f64;
        }
        let columns = (0..matrix.questions().len())
            .map(|q| DenseColumn::new(matrix.column(q), blocks))
            .collect();
        Self { columns, totals }
    }
}

/// A set and its r; greater is better: larger r, then the set met first.
#[derive(Clone, Debug)]
struct Kept {
    r: f64,
    set: Vec<usize>,
}

impl Ord for Kept {
    fn cmp(&self, other: &Self) -> Ordering {
        self.r
            .total_cmp(&other.r)
            .then_with(|| other.set.cmp(&self.set))
    }
}

impl PartialOrd for Kept {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Kept {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Kept {}

/// The best sets and the sums of all sets of some chunks.
#[derive(Clone, Debug, Default)]
struct Found {
    /// The worst is on top.
    kept: BinaryHeap<Reverse<Kept>>,
    seen: AuditSums,
}

impl Found {
    fn keep(&mut self, top: usize, r: f64, set: &[usize]) {
        let full = self.kept.len() == top;
        if full && self.kept.peek().is_some_and(|worst| worst.0.r >= r) {
            return;
        }
        let set = set.to_vec();
        self.kept.push(Reverse(Kept { r, set }));
        if self.kept.len() > top {
            self.kept.pop();
        }
    }

    fn merged(mut self, other: Self, top: usize) -> Self {
        self.seen += other.seen;
        self.kept.extend(other.kept);
        while self.kept.len() > top {
            self.kept.pop();
        }
        self
    }
}

/// Sets `common` to the users who answered all of `set`.
#[inline(always)]
fn intersect<S: Score, const K: usize>(set: [&DenseColumn<S>; K], common: &mut [u64]) {
    // Of one length, so that the loop has no checks and becomes K loads and ANDs a vector.
    let columns = set.map(|column| &column.answered[..common.len()]);
    for (w, common) in common.iter_mut().enumerate() {
        *common = columns.iter().fold(u64::MAX, |all, column| all & column[w]);
    }
}

/// n, Sa, Sg, Saa, Sgg, Sag of the set of these columns over the users in `common`.
#[inline(always)]
fn add_up<S: Score>(set: &[&DenseColumn<S>], totals: &[[f64; USERS]], common: &[u64]) -> [f64; 6] {
    let mut sums = [0.0; 6];
    for (block, words) in common.chunks_exact(WORDS).enumerate() {
        if words.iter().fold(0, |any, word| any | word) == 0 {
            continue;
        }
        let totals = &totals[block];
        for (w, &word) in words.iter().enumerate() {
            let mut word = word;
            while word != 0 {
                let user = w * 64 + word.trailing_zeros() as usize;
                word &= word - 1;
                let mut a = S::NOTHING;
                for column in set {
                    a = column.scores[block][user].add(a);
                }
                let (a, g) = (S::float(a), totals[user]);
                sums[0] += 1.0;
                sums[1] += a;
                sums[2] += g;
                sums[3] += a * a;
                sums[4] += g * g;
                sums[5] += a * g;
            }
        }
    }
    sums
}

/// The sums of a set; loops over K are unrolled for the usual K.
#[inline(always)]
fn sums_of<S: Score>(
    set: &[&DenseColumn<S>],
    totals: &[[f64; USERS]],
    common: &mut [u64],
) -> [f64; 6] {
    macro_rules! unrolled {
        ($($column:ident)*) => {{
            intersect([$($column),*], common);
            add_up(&[$($column),*], totals, common)
        }};
    }
    match *set {
        [a, b] => unrolled!(a b),
        [a, b, c] => unrolled!(a b c),
        [a, b, c, d] => unrolled!(a b c d),
        [a, b, c, d, e] => unrolled!(a b c d e),
        [a, b, c, d, e, f] => unrolled!(a b c d e f),
        _ => {
            common.fill(u64::MAX);
            for column in set {
                for (common, word) in common.iter_mut().zip(&column.answered) {
                    *common &= word;
                }
            }
            add_up(set, totals, common)
        }
    }
}

/// Every set of `ranks`.
#[inline(always)]
fn chunk<S: Score>(dense: &Dense<S>, query: &Query<'_>, ranks: Range<u128>, found: &mut Found) {
    let questions = dense.columns.len();
    let Some(mut set) = query.space().unrank(ranks.start) else {
        return;
    };
    let min_users = query.min_users() as f64;
    let mut columns: Vec<&DenseColumn<S>> = Vec::with_capacity(set.len());
    let mut common = vec![0; dense.totals.len() * WORDS];
    for _ in ranks {
        columns.clear();
        columns.extend(set.iter().map(|&q| &dense.columns[q]));
        let sums = sums_of(&columns, &dense.totals, &mut common);
        // Integers below 2^53, so exact.
        found.seen += AuditSums::new(1, sums.map(|sum| sum as i64 as u64));
        let Moments { n, a, x, y } = Six::from_array(sums).moments();
        if n >= min_users && x > 0.0 && y > 0.0 {
            let r = a / (x.sqrt() * y.sqrt());
            found.keep(query.top(), r, &set);
        }
        successor(questions, &mut set);
    }
}

/// # Safety
/// The processor must have [`Isa::Avx2`].
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma,popcnt,bmi1,bmi2")]
unsafe fn chunk_avx2<S: Score>(
    d: &Dense<S>,
    query: &Query<'_>,
    ranks: Range<u128>,
    found: &mut Found,
) {
    chunk(d, query, ranks, found);
}

/// # Safety
/// The processor must have [`Isa::Avx512`].
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma,popcnt,bmi1,bmi2,avx512f,avx512bw,avx512dq,avx512vl")]
unsafe fn chunk_avx512<S: Score>(
    d: &Dense<S>,
    query: &Query<'_>,
    ranks: Range<u128>,
    found: &mut Found,
) {
    chunk(d, query, ranks, found);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::oracle::ReferenceEngine;
    use crate::synth::{Model, Spec, matrix};

    fn table(users: usize, scores: std::ops::RangeInclusive<i64>) -> ResponseMatrix {
        matrix(&Spec {
            users,
            questions: 8,
            answered: 0.6,
            scores,
            model: Model::Random,
            booklets: 0,
            seed: 5,
        })
        .unwrap()
    }

    fn found(
        engine: &dyn Engine,
        query: &Query<'_>,
        part: &Part,
        watch: &Watch,
    ) -> Result<Findings, EngineError> {
        engine.open(query)?.search(part, watch)
    }

    #[test]
    fn the_best_r_is_the_oracles() {
        for users in [3, 64, 511, 512, 700] {
            for scores in [0..=1, 1..=6, -500..=500, 0..=100_000] {
                let matrix = table(users, scores);
                for k in 1..=8 {
                    for (skip, limit) in [(0, None), (2, Some(3))] {
                        let query = Query::of(&matrix).k(k).top(4).build().unwrap();
                        let Some(part) = query.space().part(skip, limit) else {
                            continue;
                        };
                        let right = found(&ReferenceEngine, &query, &part, &Watch::new());
                        let right = right.unwrap();
                        for isa in Isa::available() {
                            let engine = PublishedEngine::new(2, isa).unwrap();
                            let watch = Watch::new();
                            let found = found(&engine, &query, &part, &watch).unwrap();
                            assert_eq!(found.visited, right.visited);
                            assert_eq!(watch.done(), right.visited.sets);
                            assert_eq!(found.best.len(), right.best.len());
                            for (a, b) in found.best.iter().zip(&right.best) {
                                let off = a.correlation().r() - b.correlation().r();
                                assert!(off.abs() < 1e-9, "{users} {k} {off}");
                            }
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn sums_that_f64_would_round_are_refused() {
        let engine = PublishedEngine::new(1, Isa::Portable).unwrap();
        let search = |matrix: &ResponseMatrix| {
            let query = Query::of(matrix).k(2).build().unwrap();
            found(&engine, &query, &query.space().whole(), &Watch::new())
        };
        let refused = search(&table(50, 0..=1 << 30));
        assert!(matches!(refused, Err(EngineError::Refused { .. })));
        assert!(search(&table(50, 0..=1 << 20)).is_ok());
    }
}
