//! What queries are of: the digest of their table, and one of what they have from elsewhere, the numbers of a
//! criterion and groups of questions.

use super::document::Document;
use super::error::Mismatch;
use crate::engine::Query;
use crate::stats::Criterion;
use sha2::{Digest, Sha256};

/// Digests, which take a pass over the table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Identity {
    /// Digest of the table, see [`crate::matrix::ResponseMatrix::fingerprint`].
    pub(super) fingerprint: String,
    /// Digest of what is from elsewhere, if anything is.
    pub(super) beside: Option<String>,
}

impl Identity {
    /// That of queries of one table, numbers and groups.
    pub(super) fn of(queries: &[Query<'_>]) -> Self {
        let first = queries.first();
        Self {
            fingerprint: first.map_or_else(String::new, |query| query.source().fingerprint()),
            beside: first.and_then(beside),
        }
    }

    /// Refuses a document of another one.
    pub(super) fn check(&self, document: &Document) -> Result<(), Mismatch> {
        if document.fingerprint != self.fingerprint {
            return Err(Mismatch::Data {
                there: document.fingerprint.clone(),
                here: self.fingerprint.clone(),
            });
        }
        match document.beside == self.beside {
            true => Ok(()),
            false => Err(Mismatch::Beside),
        }
    }
}

/// A digest of what a query has from elsewhere; nothing where it has nothing of the kind.
///
/// Numbers are taken by ascending id of their users, so that the order of rows does not matter, as it does not in a
/// table's fingerprint.
fn beside(query: &Query<'_>) -> Option<String> {
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
