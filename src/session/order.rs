//! The order in which a session numbers the sets of a query.

use crate::combin::Space;
use crate::engine::Query;

/// This query with its pool in the order of sessions: fewest answers first, ties as in the table.
///
/// Users who answered a set are the fewer, the fewer answered its first questions, so that a walk which has these in
/// front has the least to carry along; in a range of ranks no engine could choose that order any more. It follows
/// from the table and the query alone.
#[must_use]
pub fn ordered<'t>(query: &Query<'t>) -> Query<'t> {
    let (space, table) = (query.space(), query.source());
    let (fixed, pool) = space.order().split_at(space.fixed());
    let mut sorted = pool.to_vec();
    sorted.sort_by_key(|&question| (table.column(question).users().len(), question));
    if sorted == pool {
        return query.clone();
    }
    // The same questions make a space whatever their order.
    match Space::new(fixed, &sorted, space.k()) {
        Ok(space) => query.in_space(space),
        Err(_) => query.clone(),
    }
}
