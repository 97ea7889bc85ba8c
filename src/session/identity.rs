//! What a query has from elsewhere than its table: the numbers of a criterion, and groups of questions.

use crate::engine::Query;
use crate::stats::Criterion;
use sha2::{Digest, Sha256};

/// A digest of it; nothing where a query has nothing of the kind.
///
/// Numbers are taken by ascending id of their users, so that the order of rows does not matter, as it does not in a
/// table's fingerprint.
pub(super) fn beside(query: &Query<'_>) -> Option<String> {
    let numbers = query
        .overall()
        .filter(|_| query.ranking().criterion == Criterion::Column);
    if numbers.is_none() && query.quotas().is_none() {
        return None;
    }
    let table = query.source();
    let mut hash = Sha256::new();
    if let Some(numbers) = numbers {
        let mut users: Vec<_> = table.users().iter().zip(numbers.numerators()).collect();
        users.sort();
        hash.update(format!("numbers {}\n", users.len()));
        for (_, number) in users {
            hash.update(format!("{number}\n"));
        }
    }
    if let Some(quotas) = query.quotas() {
        hash.update(format!("groups {}\n", quotas.wanted().len()));
        for wanted in quotas.wanted() {
            hash.update(format!("{}..{}\n", wanted.start(), wanted.end()));
        }
        for question in 0..table.questions().len() {
            match quotas.group(question) {
                Some(group) => hash.update(format!("{group}\n")),
                None => hash.update("none\n"),
            }
        }
    }
    let digest = hash.finalize();
    let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    Some(format!("sha256:{hex}"))
}
