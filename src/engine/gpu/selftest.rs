//! Known answers, asked of a device before its first real chunk.
//!
//! Two small tables with negative scores and missing answers, one for each width of sums, searched
//! for all sets and for the best few (which exercises the discard), and compared with the oracle;
//! the audit sums with sums taken set by set here.

use super::GpuEngine;
use super::limits::Excess;
use super::pack::Packing;
use crate::combin::successor;
use crate::engine::oracle::ReferenceEngine;
use crate::engine::{Engine, EngineError, Query, Watch};
use crate::matrix::{Duplicates, MatrixBuilder, ResponseMatrix, Score};
use crate::stats::{AuditSums, Basis, Sums};
use crate::top::Candidate;

/// Users: two words of 32 and some more.
const USERS: u64 = 70;
/// Questions.
const QUESTIONS: u64 = 9;
/// Questions in a set: C(9, 3) = 84 sets are two workgroups.
const K: usize = 3;

/// Asks `engine`.
///
/// # Errors
/// [`EngineError::SelfTest`] where an answer is wrong, and whatever the search fails with.
pub(super) fn run(engine: &GpuEngine) -> Result<(), EngineError> {
    let wrong = |what: String| EngineError::SelfTest {
        device: engine.devices().join(", "),
        what,
    };
    for unit in [1, 40_000] {
        let matrix = table(unit).map_err(&wrong)?;
        let packing = Packing::new(&matrix, K).map_err(Excess::refusal)?;
        for (top, min_users) in [(1000, 2), (1000, 30), (3, 2)] {
            let query =
                Query::new(&matrix, K, top, min_users).map_err(|error| wrong(error.to_string()))?;
            let want = ReferenceEngine.search(&matrix, &query, &Watch::new())?;
            let got = engine.search(&matrix, &query, &Watch::new())?;
            let case = format!("of known answers, scores times {unit}, top {top}");
            if !same(&want.best, &got.best) {
                return Err(wrong(format!("the best sets {case}")));
            }
            if got.defined != want.defined {
                return Err(wrong(format!("the number of defined sets {case}")));
            }
            if got.seen != seen(&matrix, &packing.basis) {
                return Err(wrong(format!("the audit sums {case}")));
            }
        }
    }
    Ok(())
}

/// Scores of -`unit` to 3·`unit` that follow the user's number, but on the last two questions 8
/// times as large and against the rest, so that r of either sign occurs; about a quarter missing.
/// From a fixed recurrence (the multiplier is Knuth's for MMIX).
fn table(unit: i64) -> Result<ResponseMatrix, String> {
    let mut state = 2024_u64;
    let mut builder = MatrixBuilder::new();
    for user in 0..USERS {
        for question in 0..QUESTIONS {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            let draw = state >> 60;
            let weight = if question < QUESTIONS - 2 { 1 } else { -8 };
            let score = (draw < 12).then(|| Score {
                mantissa: ((user % 4 + draw % 2) as i64 - 1) * weight * unit,
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

/// The audit sums of all sets, set by set and user by user.
fn seen(matrix: &ResponseMatrix, basis: &Basis) -> AuditSums {
    let mut seen = AuditSums::default();
    let mut set: Vec<usize> = (0..K).collect();
    loop {
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
                sums += Sums::of_user(a, matrix.totals()[user] - basis.total);
            }
        }
        seen.add_set(&sums);
        if !successor(matrix.questions().len(), &mut set) {
            return seen;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::gpu::layout::SumWidth;

    #[test]
    fn the_tables_need_each_width_and_have_defined_and_undefined_sets() {
        for (unit, width) in [(1, SumWidth::Narrow), (40_000, SumWidth::Wide)] {
            let matrix = table(unit).unwrap();
            assert_eq!(Packing::new(&matrix, K).unwrap().variant.sums, width);
            assert!(matrix.questions().len() == 9 && matrix.users().len() == 70);
            let query = Query::new(&matrix, K, 1000, 30).unwrap();
            let found = ReferenceEngine
                .search(&matrix, &query, &Watch::new())
                .unwrap();
            let defined = found.defined.unwrap();
            assert!(defined > 10 && defined < 84, "{defined}");
            assert!(found.best.iter().any(|c| c.correlation().r() < 0.0));
        }
    }
}
