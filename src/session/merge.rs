//! Parts put together.

use super::division::Divisions;
use super::document::Document;
use super::error::{Gap, MergeError, Mismatch};
use super::portion::Portion;
use super::state::{Session, differences};
use crate::engine::Query;
use crate::report::Asked;

/// The parts that are still to be done beside these, in order.
///
/// # Errors
/// Where these are not different parts of one search.
pub fn missing(parts: &[Document]) -> Result<Vec<Portion>, MergeError> {
    let first = parts.first().ok_or(MergeError::None)?;
    let of = first.part.ok_or(MergeError::NoPart)?.of();
    let mut there = Vec::new();
    for part in parts {
        let portion = part.part.ok_or(MergeError::NoPart)?;
        if portion.of() != of {
            let other = portion;
            return Err(MergeError::Divisions { other, of });
        }
        let what = differences(part, first);
        if !what.is_empty() {
            let part = portion;
            return Err(MergeError::Differs { part, what });
        }
        there.push(portion);
    }
    there.sort_unstable();
    if let Some(pair) = there.windows(2).find(|pair| pair[0] == pair[1]) {
        return Err(MergeError::Twice(pair[0]));
    }
    let all = (1..=of).filter_map(|number| Portion::new(number, of));
    let left = all.filter(|portion| there.binary_search(portion).is_err());
    Ok(left.collect())
}

/// The finished session of all parts of these queries, which are [`super::ordered`].
///
/// # Errors
/// Where they are not all parts of one search of these queries, or say of them what is not so.
pub fn merge<'q>(
    parts: &[Document],
    queries: &'q [Query<'q>],
    asked: &[Asked],
) -> Result<Session<'q>, MergeError> {
    let left = missing(parts)?;
    let mut parts: Vec<(Portion, &Document)> = parts
        .iter()
        .filter_map(|part| Some((part.part?, part)))
        .collect();
    parts.sort_by_key(|&(portion, _)| portion);
    let (first, document) = *parts.first().ok_or(MergeError::None)?;
    let at = |part: Portion| move |what: Mismatch| MergeError::Mismatch { part, what };
    let begun = document.begun.clone();
    let mut whole = Session::new(queries, asked, None, begun)
        .map_err(|error| at(first)(Mismatch::Divide(error)))?;
    if !left.is_empty() {
        return Err(gaps(&left, queries, whole.divisions()).unwrap_or_else(at(first)));
    }
    for (portion, part) in parts {
        let part = whole.restored_beside(part, queries, asked);
        let part = part.map_err(at(portion))?;
        if !part.is_finished() {
            return Err(MergeError::Unfinished(portion));
        }
        if !whole.absorb(part) {
            return Err(MergeError::Twice(portion));
        }
    }
    Ok(whole)
}

/// What is missing, with its ranks.
fn gaps(
    left: &[Portion],
    queries: &[Query<'_>],
    divisions: &Divisions,
) -> Result<MergeError, Mismatch> {
    let gap = |&part: &Portion| {
        let ranks = queries.iter().enumerate().map(|(at, query)| {
            let range = divisions.range(at, query, Some(part))?;
            Ok((query.k(), range.unwrap_or_default()))
        });
        let ranks = ranks.collect::<Result<_, Mismatch>>()?;
        Ok(Gap { part, ranks })
    };
    let gaps: Result<_, Mismatch> = left.iter().map(gap).collect();
    gaps.map(MergeError::Missing)
}
