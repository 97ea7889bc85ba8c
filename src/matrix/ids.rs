//! Ids and their indices, in the order in which they first appear.

use super::error::MatrixError;
use indexmap::IndexSet;

/// The ids of users or of questions.
#[derive(Debug)]
pub(super) struct Ids {
    what: &'static str,
    ids: IndexSet<Box<str>>,
    /// The index given last. The next is often the same or the one behind it, and need then not be
    /// looked for.
    last: usize,
}

impl Ids {
    /// None yet; `what` they are, for messages.
    pub(super) fn new(what: &'static str) -> Self {
        Self {
            what,
            ids: IndexSet::new(),
            last: 0,
        }
    }

    /// Index of `id`, which is entered if new.
    pub(super) fn index(&mut self, id: &str) -> Result<u32, MatrixError> {
        for near in [self.last, self.last + 1] {
            if self.ids.get_index(near).is_some_and(|known| **known == *id) {
                self.last = near;
                return Ok(near as u32);
            }
        }
        let index = match self.ids.get_index_of(id) {
            Some(index) => index,
            None if self.ids.len() == u32::MAX as usize => {
                return Err(MatrixError::TooMany {
                    what: self.what,
                    limit: u64::from(u32::MAX),
                });
            }
            None => self.ids.insert_full(id.into()).0,
        };
        self.last = index;
        Ok(index as u32)
    }

    pub(super) fn len(&self) -> usize {
        self.ids.len()
    }

    pub(super) fn get(&self, index: u32) -> &str {
        &self.ids[index as usize]
    }

    /// Leaves those out whose index `keep` is false for; the others move up.
    pub(super) fn retain(&mut self, keep: impl Fn(u32) -> bool) {
        let mut index = 0;
        self.ids.retain(|_| {
            index += 1;
            keep(index - 1)
        });
        self.last = 0;
    }

    pub(super) fn into_strings(self) -> Vec<String> {
        self.ids.into_iter().map(String::from).collect()
    }
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
