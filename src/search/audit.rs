//! The audit: did the engine visit, or rightly exclude, each set of the part exactly once?
//!
//! What an engine must have seen follows in closed form from each user's answers alone
//! ([`Completions`]), without a walk over sets: a part is at most 2K subtrees, and each has a closed form
//! a user. Cost: users × questions for each subtree.

use crate::combin::{Part, Subtree};
use crate::engine::Query;
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

/// What visiting each set of `part` once sums to, over the integers that `basis` makes: the number of sets modulo
/// 2^128, so that of more sets it is the rest that is compared.
#[must_use]
pub fn expected(query: &Query<'_>, part: &Part, basis: &Basis) -> AuditSums {
    let forms = Completions::new(query.space().order().len(), query.k());
    let mut sums = AuditSums::default();
    for tree in query.space().subtrees(part) {
        sums += over_subtree(query, basis, &forms, &tree);
    }
    sums
}

fn over_subtree(
    query: &Query<'_>,
    basis: &Basis,
    forms: &Completions,
    tree: &Subtree,
) -> AuditSums {
    let matrix = query.table();
    let questions = matrix.questions().len();
    let after_next = query.k() - tree.prefix.len() - 1;
    let mut sums = AuditSums::default();
    for next in tree.next.clone() {
        let sets = forms.sets(questions - 1 - next, after_next);
        sums.sets = sums.sets.wrapping_add(sets);
    }
    for user in 0..matrix.users().len() {
        let total = basis.total(matrix.totals()[user]);
        let mut prefix_score = 0;
        let mut matched = 0;
        let mut tail = Tail::default();
        let mut choices = Vec::new();
        for (q, score) in matrix.row(user) {
            let score = basis.score(q, score);
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
