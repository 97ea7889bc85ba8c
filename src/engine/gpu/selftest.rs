//! Known answers, asked of an adapter for each method before its first chunk.
//!
//! A small table with missing answers, as wide in its scores as the method's fields and sums allow,
//! is packed for exactly that method and searched for all sets and for the best few (which
//! exercises the discard). A pipeline for complete tables gets such a one without gaps. Answers are compared
//! with the oracle's; the audit sums with sums taken set by set here.

use super::drive::{Drive, Driven};
use super::job::Job;
use super::kind::Sample;
use super::layout::{SumWidth, Variant};
use super::limits::Excess;
use super::method::Method;
use super::order::Order;
use super::pack::Packing;
use super::queue::Queue;
use crate::combin::unrank;
use crate::engine::oracle::ReferenceEngine;
use crate::engine::{Engine, EngineError, Part, Query, Watch, numbered, ranks_of};
use crate::matrix::{Duplicates, MatrixBuilder, ResponseMatrix, Score};
use crate::stats::{AuditSums, Basis, Sums};
use crate::top::Candidate;
use std::ops::Range;
use std::time::Duration;

/// Users: two words of 32 and some more.
const USERS: u64 = 70;
/// Questions, or K and two more where those are more.
const QUESTIONS: usize = 9;
/// Sets, from the middle of all: two workgroups of most K.
const SETS: u128 = 100;
/// The size of chunks plays no part.
const TARGET: Duration = Duration::from_millis(100);

/// Scores in a table without gaps: half of it up and half down, as it is packed.
const COMPLETE_REACH: i64 = 4;

/// Asks `device`, which searches by `search`.
///
/// # Errors
/// [`EngineError::SelfTest`] where an answer is wrong, and whatever the search fails with.
pub(super) fn run(
    device: &str,
    method: Method,
    search: impl Fn(Drive<'_>) -> Result<Driven, EngineError>,
) -> Result<(), EngineError> {
    let wrong = |what: String| EngineError::SelfTest {
        device: device.to_owned(),
        what,
    };
    let (matrix, packing) = table_for(method.sample()).map_err(&wrong)?;
    let k = packing.variant.k;
    let query = query_for(&matrix, k, 1, 2).map_err(&wrong)?;
    let total = numbered("gpu", &query)?;
    let skip = (total / 2).saturating_sub(SETS / 2);
    let some = some_of_sets(&matrix, k, skip).map_err(&wrong)?;
    for (top, min_users) in [(1000, 2), (1000, some), (3, 2)] {
        let query = query_for(&matrix, k, top, min_users).map_err(&wrong)?;
        let part = part_of(&query, skip).map_err(&wrong)?;
        let ranks = ranks_of("gpu", &query, &part)?;
        let want = ReferenceEngine.open(&query)?.search(&part, &Watch::new())?;
        let job = Job::with_packing(&query, packing.clone())?;
        let driven = search(Drive {
            job: &job,
            queue: &Queue::new(ranks.clone()),
            watch: &Watch::new(),
            target: TARGET,
            order: Order::Ranks,
        })?;
        let case = format!("of known answers, {method:?}, top {top}");
        if !same(&want.best, &driven.top.into_sorted()) {
            return Err(wrong(format!("the best sets {case}")));
        }
        if driven.defined.is_some() && driven.defined != want.defined {
            return Err(wrong(format!("the number of defined sets {case}")));
        }
        let mut seen = driven.visited;
        seen += driven.excluded;
        if seen != seen_by_definition(&matrix, k, ranks, &packing.basis) {
            return Err(wrong(format!("the audit sums {case}")));
        }
    }
    Ok(())
}

fn query_for(
    matrix: &ResponseMatrix,
    k: usize,
    top: usize,
    min_users: u64,
) -> Result<Query<'_>, String> {
    let query = Query::of(matrix).k(k).top(top).min_users(min_users);
    query.build().map_err(|error| error.to_string())
}

fn part_of(query: &Query<'_>, skip: u128) -> Result<Part, String> {
    let part = query.space().part(skip, Some(SETS));
    part.ok_or_else(|| format!("there are no {SETS} sets from rank {skip} on"))
}

/// A `min_users` between the least and the most users of a set, so that some sets are undefined.
fn some_of_sets(matrix: &ResponseMatrix, k: usize, skip: u128) -> Result<u64, String> {
    let query = query_for(matrix, k, 1, 2)?;
    let ranks = part_of(&query, skip)?.ranks();
    let users = ranks
        .into_iter()
        .flatten()
        .filter_map(|rank| query.space().unrank(rank))
        .map(|set| Sums::of_set(matrix, &set).n as u64);
    let (least, most) = users.fold((u64::MAX, 0), |(least, most), n| {
        (least.min(n), most.max(n))
    });
    Ok(most.saturating_sub(most.saturating_sub(least) / 2).max(2))
}

/// The table of a sample, and how it is packed.
fn table_for(sample: Sample) -> Result<(ResponseMatrix, Packing), String> {
    match sample {
        Sample::Gaps(variant) => table_with_gaps(&variant),
        Sample::Steps(variant, steps) => table_with_steps(&variant, steps),
        Sample::Complete { k, questions } => complete_table(k, questions),
    }
}

/// The widest table that `variant` can hold, packed for it and nothing narrower.
fn table_with_gaps(variant: &Variant) -> Result<(ResponseMatrix, Packing), String> {
    for bits in [32, 16, 8, 4, 2, 1] {
        if bits > variant.score_bits {
            continue;
        }
        // Beyond 16 bits, but the sums of the largest K are far from 64.
        let reach = if bits == 32 { 1 << 18 } else { (1 << bits) - 1 };
        let matrix = table(variant.k, reach)?;
        let natural = Packing::new(&matrix, variant.k)
            .map_err(Excess::refusal)
            .map_err(|error| error.to_string())?;
        if natural.variant.sums == variant.sums || variant.sums == SumWidth::Wide {
            let packing = Packing {
                variant: *variant,
                ..natural
            };
            return Ok((matrix, packing));
        }
    }
    Err(format!("no table is narrow enough for {variant:?}"))
}

/// A table whose scores have so many steps, packed for `variant`, which may be wider than it needs.
fn table_with_steps(variant: &Variant, steps: u32) -> Result<(ResponseMatrix, Packing), String> {
    let matrix = table(variant.k, steps.into())?;
    let natural = Packing::new(&matrix, variant.k)
        .map_err(Excess::refusal)
        .map_err(|error| error.to_string())?;
    let packing = Packing {
        variant: *variant,
        ..natural
    };
    Ok((matrix, packing))
}

/// A table without gaps, of no more than `most` questions.
fn complete_table(k: usize, most: usize) -> Result<(ResponseMatrix, Packing), String> {
    let questions = QUESTIONS.max(k + 2).min(most);
    let matrix = fill(questions, COMPLETE_REACH, |_| false)?;
    let packing = Packing::new(&matrix, k)
        .map_err(Excess::refusal)
        .map_err(|error| error.to_string())?;
    Ok((matrix, packing))
}

/// One in 2·`k` answers is missing, so that about 6 in 10 users answer a whole set.
fn table(k: usize, reach: i64) -> Result<ResponseMatrix, String> {
    fill(QUESTIONS.max(k + 2), reach, |draw| {
        draw * 2 * (k as u64) < 1 << 16
    })
}

/// Scores from 0 to `reach` that follow the user's number, on the last two questions the other way
/// round, but for those that are `missing` by a draw of 16 bits. From a fixed recurrence (the
/// multiplier is Knuth's for MMIX).
fn fill(
    questions: usize,
    reach: i64,
    missing: impl Fn(u64) -> bool,
) -> Result<ResponseMatrix, String> {
    let mut state = 2024_u64;
    let mut builder = MatrixBuilder::new();
    for user in 0..USERS {
        for question in 0..questions {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            let level = (user % 4 + (state >> 40) % 2) as i64;
            let score = (level * reach + 2) / 4;
            let mantissa = if question < questions - 2 {
                score
            } else {
                reach - score
            };
            let score = (!missing(state >> 48)).then_some(Score {
                mantissa,
                digits: 0,
            });
            builder
                .push(&user.to_string(), &question.to_string(), score, user)
                .map_err(|error| error.to_string())?;
        }
    }
    builder
        .finish(Duplicates::Error, "row")
        .map_err(|error| error.to_string())
}

fn same(want: &[Candidate], got: &[Candidate]) -> bool {
    want.len() == got.len()
        && want
            .iter()
            .zip(got)
            .all(|(want, got)| want.set() == got.set() && want.sums() == got.sums())
}

/// The audit sums of these ranks, set by set and user by user.
fn seen_by_definition(
    matrix: &ResponseMatrix,
    k: usize,
    ranks: Range<u128>,
    basis: &Basis,
) -> AuditSums {
    let mut seen = AuditSums::default();
    for set in ranks.filter_map(|rank| unrank(matrix.questions().len(), k, rank)) {
        let mut sums = Sums::default();
        for user in 0..matrix.users().len() {
            let a: Option<i64> = set
                .iter()
                .map(|&q| {
                    let score = matrix.column(q).score(user as u32)?;
                    Some(score - basis.scores[q])
                })
                .sum();
            if let Some(a) = a {
                let g = matrix.totals()[user] - basis.total;
                sums += Sums::of_user(a.into(), g.into());
            }
        }
        seen.add_set(&sums);
    }
    seen
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::gpu::complete::Complete;
    use crate::engine::gpu::kind::Kind;
    use crate::engine::gpu::layout::MAX_K;
    use crate::engine::gpu::limits::TYPICAL;

    #[test]
    fn a_table_without_gaps_is_packed_as_narrow_as_its_variant() {
        for (k, columns) in [
            (2, 64),
            (3, 64),
            (5, 256),
            (64, 64),
            (MAX_K, 256),
            (MAX_K, 320),
        ] {
            let (matrix, packing) = complete_table(k, columns).unwrap();
            assert!(matrix.questions().len() <= columns);
            let query = query_for(&matrix, k, 1000, 2).unwrap();
            let job = Job::with_packing(&query, packing).unwrap();
            let variant = Complete::variant(&job, &TYPICAL).unwrap();
            assert_eq!(variant.sums, SumWidth::Narrow);
        }
    }

    /// Every variant has its table, as wide as it allows, with sets that are defined and not.
    #[test]
    fn every_variant_has_a_table_that_tells() {
        for k in [1, 2, 3, 5, 8, 20, 65, MAX_K] {
            for score_bits in [1, 2, 4, 8, 16, 32] {
                for sums in [SumWidth::Narrow, SumWidth::Wide] {
                    let variant = Variant {
                        k,
                        score_bits,
                        sums,
                    };
                    let (matrix, packing) = table_with_gaps(&variant).unwrap();
                    assert_eq!(packing.variant, variant);
                    let natural = Packing::new(&matrix, k).unwrap().variant;
                    if sums == SumWidth::Narrow || score_bits == 32 {
                        assert_eq!(natural.sums, sums, "{variant:?}");
                    }
                    if sums == SumWidth::Wide {
                        assert_eq!(natural.score_bits, score_bits, "{variant:?}");
                    }
                    let total = query_for(&matrix, k, 1, 2)
                        .unwrap()
                        .space()
                        .count()
                        .unwrap();
                    let skip = (total / 2).saturating_sub(SETS / 2);
                    let some = some_of_sets(&matrix, k, skip).unwrap();
                    let query = query_for(&matrix, k, 1000, some).unwrap();
                    let part = part_of(&query, skip).unwrap();
                    let prepared = ReferenceEngine.open(&query).unwrap();
                    let found = prepared.search(&part, &Watch::new()).unwrap();
                    let (defined, sets) = (found.defined.unwrap(), part.sets().unwrap());
                    assert!(
                        defined > 0 && defined < sets,
                        "{variant:?}: {defined} of {sets}"
                    );
                }
            }
        }
    }
}
