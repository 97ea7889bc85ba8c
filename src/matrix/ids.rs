//! Ids and their indices, in the order in which they first appear.

use super::error::MatrixError;
use hashbrown::HashTable;
use std::hash::{BuildHasher, RandomState};

/// The ids of users or of questions. Texts lie in one string, so that looking one up among many stays
/// within few lines of memory.
#[derive(Debug)]
pub(super) struct Ids {
    what: &'static str,
    texts: String,
    /// Where the text of each index ends; that of the next begins there.
    ends: Vec<usize>,
    /// Indices by the hash of their texts.
    table: HashTable<u32>,
    hasher: RandomState,
    /// The index given last, which the next often is too.
    last: u32,
    /// Whether that was the one behind its predecessor: the next may then be the one behind it.
    in_turn: bool,
}

impl Ids {
    /// None yet; `what` they are, for messages.
    pub(super) fn new(what: &'static str) -> Self {
        Self {
            what,
            texts: String::new(),
            ends: Vec::new(),
            table: HashTable::new(),
            hasher: RandomState::new(),
            last: 0,
            in_turn: true,
        }
    }

    /// Index of `id`, which is entered if new.
    #[inline]
    pub(super) fn index(&mut self, id: &str) -> Result<u32, MatrixError> {
        if self.is(self.last, id) {
            return Ok(self.last);
        }
        let next = self.last.wrapping_add(1);
        if self.in_turn && self.is(next, id) {
            self.last = next;
            return Ok(next);
        }
        self.look_up(id)
    }

    /// Whether there is such an index, and it is that of `id`.
    fn is(&self, index: u32, id: &str) -> bool {
        (index as usize) < self.ends.len() && self.get(index) == id
    }

    fn look_up(&mut self, id: &str) -> Result<u32, MatrixError> {
        let hash = self.hasher.hash_one(id);
        let known = self
            .table
            .find(hash, |&index| text(&self.texts, &self.ends, index) == id);
        let index = match known {
            Some(&index) => index,
            None => self.enter(id, hash)?,
        };
        self.in_turn = index == self.last.wrapping_add(1);
        self.last = index;
        Ok(index)
    }

    fn enter(&mut self, id: &str, hash: u64) -> Result<u32, MatrixError> {
        let index = u32::try_from(self.ends.len()).ok();
        let index = index.filter(|&index| index < u32::MAX);
        let index = index.ok_or(MatrixError::TooMany {
            what: self.what,
            limit: u64::from(u32::MAX),
        })?;
        self.texts.push_str(id);
        self.ends.push(self.texts.len());
        let (texts, ends, hasher) = (&self.texts, &self.ends, &self.hasher);
        let again = |&index: &u32| hasher.hash_one(text(texts, ends, index));
        self.table.insert_unique(hash, index, again);
        Ok(index)
    }

    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    pub(super) fn get(&self, index: u32) -> &str {
        text(&self.texts, &self.ends, index)
    }

    /// Leaves those out whose index `keep` is false for; the others move up.
    pub(super) fn retain(&mut self, keep: impl Fn(u32) -> bool) {
        let mut kept = Self::new(self.what);
        for index in (0..self.len() as u32).filter(|&index| keep(index)) {
            let id = self.get(index);
            // There are fewer than before, so not too many.
            let entered = kept.enter(id, kept.hasher.hash_one(id));
            debug_assert!(entered.is_ok());
        }
        *self = kept;
    }

    pub(super) fn into_strings(self) -> Vec<String> {
        (0..self.len() as u32)
            .map(|index| self.get(index).to_owned())
            .collect()
    }
}

/// The text of an index.
fn text<'t>(texts: &'t str, ends: &[usize], index: u32) -> &'t str {
    let at = index as usize;
    let start = at.checked_sub(1).map_or(0, |before| ends[before]);
    &texts[start..ends[at]]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn indices_are_those_of_first_appearance() {
        let mut ids = Ids::new("users");
        let given = ["a", "b", "b", "a", "c", "a", "b", "c", "", "a"].map(|id| ids.index(id));
        assert_eq!(given, [0, 1, 1, 0, 2, 0, 1, 2, 3, 0].map(Ok));
        assert_eq!((ids.len(), ids.get(2)), (4, "c"));
        ids.retain(|index| index != 1);
        let given = ["c", "", "b", "a"].map(|id| ids.index(id));
        assert_eq!(given, [1, 2, 3, 0].map(Ok));
        assert_eq!(ids.into_strings(), ["a", "c", "", "b"]);
    }
}
