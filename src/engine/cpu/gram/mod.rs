//! Sums of sets from cross-products instead of a walk over users: for tables whose users fall into few
//! answer patterns or miss few answers, and for sets of one question or two in any table.
//!
//! [`costs`] counts what each regime would do; [`Ready`] runs one, part after part.
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
mod cost;
mod cross;
mod extents;
mod gaps;
mod keep;
mod leaf;
mod patterns;
mod ready;
mod regime;
mod stems;

pub use cost::{Cost, costs};
pub use ready::Ready;
pub use regime::Regime;

#[cfg(test)]
mod tests {
    use super::block::{Blocks, blocks};
    use super::complete::Complete;
    use super::cost::{MOST_PATTERNS, PATTERNS_FACTOR, answered, gaps_factor, is_complete};
    use super::extents::Extents;
    use super::gaps::Gaps;
    use super::keep::Found;
    use super::patterns::{Patterns, patterns};
    use super::stems::Task;
    use super::*;
    use crate::arch::Isa;
    use crate::engine::{EngineError, Query, Watch};
    use crate::matrix::{Duplicates, MatrixBuilder, ResponseMatrix, Score};
    use crate::stats::AuditSums;
    use crate::stats::cross::{Alone, Cross, Population};

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
        let few = patterns(matrix, MOST_PATTERNS).unwrap();
        let sums = patterns::Sums::new(isa, matrix, &answered, &basis, reach, &few);
        let by_patterns = Patterns::new(task(PATTERNS_FACTOR), &sums);
        let by_gaps = Gaps {
            task: task(gaps_factor(query.k())),
            table: &gaps::Table::new(isa, matrix, &answered, &basis, reach),
        };
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
            let costs = costs(&query).into_iter();
            let all = |cost: &Cost| cost.once + cost.of_part(1.0);
            let least = costs.min_by(|a, b| all(a).total_cmp(&all(b)));
            least.map(|cost| cost.regime)
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
            let costs = costs(&query);
            assert_eq!(costs.len(), 1);
            assert_eq!(costs[0].regime, Regime::Cross);
        }
    }

    #[test]
    fn a_regime_refuses_what_it_cannot_take() {
        let matrix = table(9, 4, |u, q| u != q);
        let threads = rayon::ThreadPoolBuilder::new().build().unwrap();
        for (regime, k) in [(Regime::Complete, 2), (Regime::Cross, 3)] {
            let query = Query::of(&matrix).k(k).build().unwrap();
            let (part, watch) = (query.space().whole(), Watch::new());
            let found = Ready::new(&query, &threads, Isa::Portable).search(regime, &part, &watch);
            assert!(matches!(found, Err(EngineError::Refused { .. })));
        }
    }
}
