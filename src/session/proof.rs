//! What a finished search proved, where its engine proves its list by bounds.

use crate::engine::bound;
use crate::report::Whole;
use crate::search::Outcome;

/// How sets were decided, where an engine proved its list.
#[must_use]
pub fn proved(outcome: &Outcome) -> Option<Whole> {
    let mut took = outcome.took.iter();
    let &(_, nodes) = took.find(|(name, _)| *name == bound::NODES)?;
    Some(Whole {
        visited: outcome.visited,
        excluded: outcome.excluded.clone(),
        nodes,
    })
}
