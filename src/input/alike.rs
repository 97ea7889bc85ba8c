//! Ids that differ only by space or case: likely one user or question, written in two ways.

use super::note::Note;
use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};

/// `id` without space, in lower case, letter by letter.
fn bare(id: &str) -> impl Iterator<Item = char> + '_ {
    let letters = id.chars().filter(|c| !c.is_whitespace());
    letters.flat_map(char::to_lowercase)
}

/// Whether `id` is likely its own bare form: the fast answer for most ids.
fn is_bare(id: &str) -> bool {
    id.bytes()
        .all(|b| b.is_ascii_digit() || b.is_ascii_lowercase() || b == b'_' || b == b'-')
}

/// The note of ids that are alike, if there are any. `what` says what they are.
pub(super) fn note(ids: &[String], what: &'static str) -> Option<Note> {
    // Different ids that are all bare cannot be alike.
    if ids.iter().all(|id| is_bare(id)) {
        return None;
    }
    let state = RandomState::new();
    let mut by_hash: HashMap<u64, usize> = HashMap::with_capacity(ids.len());
    let (mut count, mut pair) = (0, None);
    for (at, id) in ids.iter().enumerate() {
        let hash = state.hash_one(bare(id).collect::<String>());
        let first = *by_hash.entry(hash).or_insert(at);
        if first != at && bare(&ids[first]).eq(bare(id)) {
            count += 1;
            pair.get_or_insert_with(|| (ids[first].clone(), id.clone()));
        }
    }
    let pair = pair?;
    Some(Note::Alike { what, count, pair })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn space_and_case_are_seen_through() {
        let note = |ids: &[&str]| {
            let ids: Vec<String> = ids.iter().map(|&id| id.to_owned()).collect();
            note(&ids, "users").map(|note| note.to_string())
        };
        assert_eq!(note(&["ann", "bob", "a-n_1"]), None);
        assert_eq!(note(&["Ann", "Bob", "É"]), None);
        let want = "users that differ only by space or case are held apart: \"Ann B\", \"annb\" and 1 more";
        assert_eq!(
            note(&["Ann B", "bob", "annb", "ANN  b"]).as_deref(),
            Some(want)
        );
        assert!(note(&["é", "É"]).is_some());
    }
}
