//! Sums of sets from cross-products instead of a walk over users: for tables whose users fall into few
//! answer patterns or miss few answers, and for sets of one question or two in any table.
//!
//! [`choose`] picks a regime by counting what each would do; [`search`] runs it.
//!
//! | regime | six sums of a set from | a set costs |
//! | --- | --- | --- |
//! | [`Regime::Complete`] (`complete`) | one population's cross-products | a few additions |
//! | [`Regime::Patterns`] (`patterns`) | those of each pattern that contains it | the same a pattern |
//! | [`Regime::Gaps`] (`gaps`) | everybody's, less those who miss a question, and the few who miss two | tens of additions |
//! | [`Regime::Cross`] (`cross`) | the terms of its users, K being 1 or 2 | an addition a user |
//!
//! All sums are exact integers: in f64 lanes where a checked bound keeps them below 2^53, in i128 on
//! the host. `complete` also takes wider tables, with rounded lanes and a stated margin; `patterns`
//! and `gaps` then leave the table to the walk over users. Floats discard, never decide (`keep`).
//!
//! Shared: `stats::cross` (cross-products of a population), `extents` (how large scores are), `block`
//! (a part as free choices), `keep` (best sets and the floor), `leaf` (test and audit of a line of sets
//! by six sums), `stems` (shares of work).
//!
//! Memory: cross-products, their tables at most 1 GiB, and a worker's prefixes: nothing grows with
//! the number of sets.

mod block;
mod complete;
mod cross;
mod extents;
mod gaps;
mod keep;
mod leaf;
mod patterns;
mod regime;
mod stems;

pub use regime::Regime;

use super::Isa;
use crate::combin::choices;
use crate::engine::pool::Pool;
use crate::engine::{EngineError, Findings, Part, Query, Watch, not_numbered};
use crate::matrix::ResponseMatrix;
use crate::stats::AuditSums;
use crate::stats::cross::{Alone, Cross, Population};
use block::blocks;
use complete::Complete;
use extents::Extents;
use gaps::{Gaps, census};
use patterns::{Patterns, patterns};
use stems::Task;

/// The questions that anybody answered.
fn answered(matrix: &ResponseMatrix) -> Vec<usize> {
    (0..matrix.questions().len())
        .filter(|&q| !matrix.column(q).users().is_empty())
        .collect()
}

/// Whether all users who answered anything answered the same questions.
fn is_complete(matrix: &ResponseMatrix, answered: &[usize]) -> bool {
    let first = matrix.column(answered[0]).users().len();
    let users = (0..matrix.users().len())
        .filter(|&u| matrix.row(u).next().is_some())
        .count();
    first == users && matrix.responses() == users * answered.len()
}

/// A regime and what it costs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Choice {
    /// The regime.
    pub regime: Regime,
    /// About how many cycles all threads together take, preparation included.
    pub cycles: f64,
}

/// More patterns than this are not few.
const MOST_PATTERNS: usize = 4096;

/// Bytes that tables of cross-products may take.
const MOST_BYTES: u128 = 1 << 30;

/// The cheapest regime that can take this search, by counting; `None` where none can.
///
/// The counts are exact, the cycles a count are measured and rounded (AVX-512).
#[must_use]
pub fn choose(query: &Query<'_>, part: &Part) -> Option<Choice> {
    let matrix = query.table();
    let answered = answered(matrix);
    let (questions, k) = (answered.len(), query.k());
    let q = questions as f64;
    let share = query.space().share(part);
    let sets = share * choices(questions, k);
    // Leaves a row, where rows run up to the last question chosen so far.
    let row = (q - k as f64 + 1.0).max(1.0) / k as f64;
    let cross = || Choice {
        regime: Regime::Cross,
        cycles: cross::cycles(matrix, k, share),
    };
    let cross = (k <= 2).then(cross);
    if is_complete(matrix, &answered) {
        let users = matrix.responses() as f64 / q;
        let fits = questions as u128 * questions as u128 * 16 <= MOST_BYTES;
        let complete = fits.then_some(Choice {
            regime: Regime::Complete,
            cycles: users * q * (6.0 + q / 60.0) + sets * (1.2 + 16.0 / row),
        });
        return cheapest([complete, cross]);
    }
    // The other two begin by counting, which takes longer than this takes in all.
    if cross.is_some() {
        return cross;
    }
    let extents = Extents::of(Isa::detect(), &Alone, matrix);
    let users = matrix.users().len();
    let patterns = || {
        extents.margins(users, k, PATTERNS_FACTOR)?;
        let patterns = patterns(matrix, MOST_PATTERNS)?;
        // Of cross-products, and of the rows of a stem that all patterns contain.
        let bytes = patterns.len() as u128 * (questions * questions) as u128 * 24;
        let mut cycles = matrix.responses() as f64 * 25.0;
        for pattern in &patterns {
            let d = pattern.questions.len();
            cycles += share * choices(d, k) * (8.0 + 40.0 / row)
                + (d * d) as f64 * (q + pattern.users.len() as f64 / 8.0);
        }
        (bytes <= MOST_BYTES).then_some(Choice {
            regime: Regime::Patterns,
            cycles,
        })
    };
    let gaps = || {
        extents.margins(users, k, gaps_factor(k))?;
        let census = census(matrix, questions);
        if gaps::bytes(&census, questions, k) > MOST_BYTES {
            return None;
        }
        // Users who miss both of a pair of questions.
        let each = census.pairs as f64 / (q * (q - 1.0)).max(1.0);
        let lines = 1.0 + row / crate::arch::WIDTH as f64;
        // Questions of a prefix, and the pairs among them.
        let before = k.saturating_sub(2) as f64;
        let met = (before + before * (before - 1.0).max(0.0) / 2.0) * each;
        let leaf = 40.0 + 15.0 * each;
        let per_row = 100.0 + met * 14.0 * lines;
        let frames = share * choices(questions, k.saturating_sub(2));
        let per_frame = 2.0 * census.several as f64 + q * q / 8.0;
        let prepare =
            (census.users as f64 + census.missing as f64 * q / 32.0) * q * 25.0 + q * q * q * 25.0;
        Some(Choice {
            regime: Regime::Gaps,
            cycles: prepare + frames * per_frame + sets * (leaf + per_row / row),
        })
    };
    cheapest([patterns(), gaps()])
}

fn cheapest(choices: [Option<Choice>; 2]) -> Option<Choice> {
    let choices = choices.into_iter().flatten();
    choices.min_by(|a, b| a.cycles.total_cmp(&b.cycles))
}

/// Prefix sums and differences are at most twice a whole; twice that is taken.
const PATTERNS_FACTOR: f64 = 4.0;

/// Each question of a prefix adds at most three populations' products, twice, to a difference.
fn gaps_factor(k: usize) -> f64 {
    16.0 * (k as f64 + 2.0)
}

/// Searches `part` in the regime that [`choose`] chose.
///
/// # Errors
/// See [`EngineError`]; refused where the regime cannot take the table.
pub fn search(
    regime: Regime,
    query: &Query<'_>,
    part: &Part,
    watch: &Watch,
    threads: &rayon::ThreadPool,
    isa: Isa,
) -> Result<Findings, EngineError> {
    let matrix = query.table();
    let answered = answered(matrix);
    if regime == Regime::Cross {
        return cross::search(query, part, watch, threads, isa);
    }
    let extents = threads.install(|| Extents::of(isa, &Pool, matrix));
    let basis = extents.centred();
    let blocks = blocks(query, part, &answered).ok_or_else(|| not_numbered("cpu", query))?;
    watch.advance(blocks.unanswered);
    let refused = |what: &str| EngineError::Refused {
        engine: "cpu",
        what: format!("the {} regime", regime.name()),
        need: what.to_owned(),
        have: "another table".to_owned(),
        hint: "take the regime that is chosen by counting",
    };
    let margins = |factor| {
        let margins = extents.margins(matrix.users().len(), query.k(), factor);
        margins.ok_or_else(|| refused("sums far below 2^53"))
    };
    let task = |margins| Task {
        query,
        watch,
        isa,
        answered: &answered,
        basis: &basis,
        margins,
    };
    let mut found = match regime {
        Regime::Complete => {
            if !is_complete(matrix, &answered) {
                return Err(refused("the same questions answered by everybody"));
            }
            let scores: Vec<&[i64]> = answered
                .iter()
                .map(|&q| matrix.column(q).scores())
                .collect();
            let offsets: Vec<i64> = answered.iter().map(|&q| basis.scores[q]).collect();
            let totals: Vec<i64> = matrix
                .column(answered[0])
                .users()
                .iter()
                .map(|&u| matrix.totals()[u as usize])
                .collect();
            let population =
                Population::new((&scores, &offsets), (&totals, basis.total), extents.reach());
            let cross = threads.install(|| Cross::new(isa, &Pool, population));
            Complete::new(query, watch, isa, &answered, &basis, &cross).search(&blocks, threads)?
        }
        Regime::Patterns => {
            let margins = margins(PATTERNS_FACTOR)?;
            let patterns =
                patterns(matrix, MOST_PATTERNS).ok_or_else(|| refused("few answer patterns"))?;
            let table =
                threads.install(|| Patterns::new(task(margins), extents.reach(), &patterns));
            stems::search(&table, &blocks, threads)?
        }
        Regime::Gaps => {
            let margins = margins(gaps_factor(query.k()))?;
            let census = census(matrix, answered.len());
            if gaps::bytes(&census, answered.len(), query.k()) > MOST_BYTES {
                return Err(refused("few questions and few missing answers"));
            }
            let table = threads.install(|| Gaps::new(task(margins), extents.reach()));
            stems::search(&table, &blocks, threads)?
        }
        // Above.
        Regime::Cross => return cross::search(query, part, watch, threads, isa),
    };
    found.excluded += AuditSums::of_nobody(blocks.unanswered);
    Ok(found.findings(basis, regime))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::matrix::{Duplicates, MatrixBuilder, Score};
    use block::Blocks;
    use keep::Found;

    fn table(users: usize, questions: usize, has: impl Fn(usize, usize) -> bool) -> ResponseMatrix {
        let mut builder = MatrixBuilder::new();
        for u in 0..users {
            for q in (0..questions).filter(|&q| has(u, q)) {
                let score = Score {
                    mantissa: (u * u + 3 * q * u + q) as i64 % 7,
                    digits: 0,
                };
                let (user, question) = (u.to_string(), q.to_string());
                builder.push(&user, &question, Some(score), 0).unwrap();
            }
        }
        builder.finish(Duplicates::Error, "line").unwrap()
    }

    /// What each regime sees of `blocks`.
    fn seen(matrix: &ResponseMatrix, query: &Query<'_>, blocks: &Blocks) -> Vec<AuditSums> {
        let threads = rayon::ThreadPoolBuilder::new().build().unwrap();
        let (watch, isa) = (Watch::new(), Isa::detect());
        let answered = answered(matrix);
        let extents = Extents::of(isa, &Alone, matrix);
        let (basis, reach) = (extents.centred(), extents.reach());
        let users = matrix.users().len();
        let task = |factor| Task {
            query,
            watch: &watch,
            isa,
            answered: &answered,
            basis: &basis,
            margins: extents.margins(users, query.k(), factor).unwrap(),
        };
        let patterns = patterns(matrix, MOST_PATTERNS).unwrap();
        let by_patterns = Patterns::new(task(PATTERNS_FACTOR), reach, &patterns);
        let by_gaps = Gaps::new(task(gaps_factor(query.k())), reach);
        let mut found = vec![
            stems::search(&by_patterns, blocks, &threads).unwrap(),
            stems::search(&by_gaps, blocks, &threads).unwrap(),
        ];
        if is_complete(matrix, &answered) {
            let scores: Vec<&[i64]> = answered
                .iter()
                .map(|&q| matrix.column(q).scores())
                .collect();
            let population = Population::new(
                (&scores, &basis.scores),
                (matrix.totals(), basis.total),
                extents.reach(),
            );
            let cross = Cross::new(isa, &Alone, population);
            let complete = Complete::new(query, &watch, isa, &answered, &basis, &cross);
            found.push(complete.search(blocks, &threads).unwrap());
        }
        let all = |found: Found| {
            let mut all = found.visited;
            all += found.excluded;
            all
        };
        found.into_iter().map(all).collect()
    }

    #[test]
    fn lost_doubled_and_misplaced_blocks_show_in_every_regime() {
        let complete = table(23, 8, |_, _| true);
        let sparse = table(23, 8, |u, q| (u + q) % 5 != 0);
        for matrix in [complete, sparse] {
            for k in 2..6 {
                let query = Query::of(&matrix).k(k).top(3).build().unwrap();
                let part = query.space().part(3, Some(20)).unwrap();
                let all = blocks(&query, &part, &(0..8).collect::<Vec<_>>()).unwrap();
                let good = seen(&matrix, &query, &all);
                assert!(good.windows(2).all(|w| w[0] == w[1]), "regimes agree");
                let mut lost = all.clone();
                lost.blocks.pop();
                let mut doubled = all.clone();
                doubled.blocks.push(all.blocks[0].clone());
                // As many sets, but others.
                let mut misplaced = all.clone();
                let pool = &mut misplaced.blocks.last_mut().unwrap().pool;
                *pool = if pool.end < 8 {
                    pool.start + 1..pool.end + 1
                } else {
                    pool.start - 1..pool.end - 1
                };
                for fault in [lost, doubled, misplaced] {
                    let bad = seen(&matrix, &query, &fault);
                    for (bad, good) in bad.iter().zip(&good) {
                        assert_ne!(bad, good, "k {k}");
                    }
                }
            }
        }
    }

    #[test]
    fn regimes_are_chosen_by_counting() {
        let regime = |matrix: &ResponseMatrix| {
            let query = Query::of(matrix).k(5).build().unwrap();
            choose(&query, &query.space().whole()).map(|choice| choice.regime)
        };
        assert_eq!(regime(&table(30, 6, |_, _| true)), Some(Regime::Complete));
        let booklets = table(900, 40, |u, q| q % 10 == u % 10 || q % 10 == (u + 1) % 10);
        assert_eq!(regime(&booklets), Some(Regime::Patterns));
        // Nobody misses the same.
        let few = table(4000, 40, |u, q| {
            (u * 40 + q).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32 & 63 != 0
        });
        assert_eq!(regime(&few), Some(Regime::Gaps));
        for k in 1..=2 {
            let query = Query::of(&booklets).k(k).build().unwrap();
            let choice = choose(&query, &query.space().whole());
            assert_eq!(choice.map(|choice| choice.regime), Some(Regime::Cross));
        }
    }

    #[test]
    fn a_regime_refuses_what_it_cannot_take() {
        let matrix = table(9, 4, |u, q| u != q);
        let threads = rayon::ThreadPoolBuilder::new().build().unwrap();
        for (regime, k) in [(Regime::Complete, 2), (Regime::Cross, 3)] {
            let query = Query::of(&matrix).k(k).build().unwrap();
            let (part, watch) = (query.space().whole(), Watch::new());
            let found = search(regime, &query, &part, &watch, &threads, Isa::Portable);
            assert!(matches!(found, Err(EngineError::Refused { .. })));
        }
    }
}
