//! The audit: did the engine visit each set of the range exactly once?
//!
//! What an engine must have seen follows in closed form from each user's answers alone
//! ([`Completions`]), without a walk over sets: a range of ranks is at most 2K subtrees, and each
//! has a closed form a user. Cost: users × questions for each subtree.

use crate::combin::{Subtree, binomial, subtrees};
use crate::engine::Query;
use crate::matrix::ResponseMatrix;
use crate::stats::{AuditSums, Basis, Completions, Tail};

/// The engine's sums are not those of every set once.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error(
    "audit failed: the search did not visit every set exactly once, its answer is not to be \
     trusted\n  seen     {seen:?}\n  expected {expected:?}"
)]
pub struct AuditFailure {
    /// What the engine accumulated.
    pub seen: AuditSums,
    /// What the closed form says.
    pub expected: AuditSums,
}

/// Fails where `seen` is not `expected`.
pub(super) fn check(expected: &AuditSums, seen: &AuditSums) -> Result<(), Box<AuditFailure>> {
    if seen == expected {
        Ok(())
    } else {
        Err(Box::new(AuditFailure {
            seen: *seen,
            expected: *expected,
        }))
    }
}

/// What visiting each set of `query.ranks()` once sums to, over the integers shifted by `basis`.
#[must_use]
pub fn expected(matrix: &ResponseMatrix, query: &Query, basis: &Basis) -> AuditSums {
    let questions = matrix.questions().len();
    let forms = Completions::new(questions, query.k());
    let mut sums = AuditSums::default();
    // A checked query always has subtrees; an empty list fails every audit.
    for tree in subtrees(questions, query.k(), query.ranks()).unwrap_or_default() {
        sums += over_subtree(matrix, query.k(), basis, &forms, &tree);
    }
    sums
}

fn over_subtree(
    matrix: &ResponseMatrix,
    k: usize,
    basis: &Basis,
    forms: &Completions,
    tree: &Subtree,
) -> AuditSums {
    let questions = matrix.questions().len();
    let after_next = k - tree.prefix.len() - 1;
    let mut sums = AuditSums::default();
    for next in tree.next.clone() {
        let behind = (questions - 1 - next) as u64;
        sums.sets = sums
            .sets
            .wrapping_add(binomial(behind, after_next as u64).unwrap_or(0));
    }
    let shift = |q: usize| basis.scores.get(q).copied().unwrap_or(0);
    for user in 0..matrix.users().len() {
        let total = matrix.totals()[user] - basis.total;
        let mut prefix_score = 0;
        let mut matched = 0;
        let mut tail = Tail::default();
        let mut choices = Vec::new();
        for (q, score) in matrix.row(user) {
            let score = score - shift(q);
            if tree.prefix.get(matched) == Some(&q) {
                matched += 1;
                prefix_score += score;
            } else if q >= tree.next.start {
                tail.add(score);
                if tree.next.contains(&q) {
                    choices.push(score);
                }
            }
        }
        if matched < tree.prefix.len() {
            continue;
        }
        for score in choices {
            tail.remove(score);
            sums += forms.of_user(after_next, prefix_score + score, total, &tail);
        }
    }
    sums
}
