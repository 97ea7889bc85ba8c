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
    closed_form(query, query.table().totals(), part, basis)
}

/// What visiting each set of `part` once sums to, over the scores and totals of the table as it was given, whatever
/// the criterion: so that those of parts add up, whoever searched them.
#[must_use]
pub fn expected_of_source(query: &Query<'_>, part: &Part) -> AuditSums {
    closed_form(query, query.source().totals(), part, &Basis::default())
}

fn closed_form(query: &Query<'_>, totals: &[i64], part: &Part, basis: &Basis) -> AuditSums {
    let forms = Completions::new(query.space().order().len(), query.k());
    let mut sums = AuditSums::default();
    for tree in query.space().subtrees(part) {
        sums += over_subtree(query, totals, basis, &forms, &tree);
    }
    sums
}

fn over_subtree(
    query: &Query<'_>,
    totals: &[i64],
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
    let columns = tree.prefix.iter().map(|&q| matrix.column(q).answered());
    let columns: Vec<&[u64]> = columns.collect();
    for (user, &total) in totals.iter().enumerate() {
        // Most users lack a question of a long prefix, and their answers need no look.
        let (word, bit) = (user / 64, user % 64);
        if columns.iter().any(|users| users[word] >> bit & 1 == 0) {
            continue;
        }
        let total = basis.total(total);
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
        for score in choices {
            tail.remove(score);
            sums += forms.of_user(after_next, prefix_score + score, total, &tail);
        }
    }
    sums
}
