//! The answers of each user, in a few bytes each.

use super::codes::{Slice, Values};
use super::narrow::Narrow;

/// The answers of all users, each user's by ascending question.
#[derive(Clone, Debug)]
pub(super) struct Rows {
    /// Answers of user u end where those of u + 1 begin.
    pub(super) offsets: Vec<usize>,
    /// A cycle only where every user answered every question.
    pub(super) questions: Narrow,
    pub(super) values: Values,
}

/// The indices of some answers' questions.
#[derive(Clone, Debug)]
enum Indices<'a> {
    /// Every question, so the place in the row.
    All,
    Short(&'a [u16]),
    Long(&'a [u32]),
}

/// The answers of one user: (question, score).
#[derive(Clone, Debug)]
pub(super) struct Row<'a> {
    questions: Indices<'a>,
    values: Slice<'a>,
    at: usize,
    len: usize,
}

impl Rows {
    #[inline]
    pub(super) fn row(&self, user: usize) -> Row<'_> {
        let range = self.offsets[user]..self.offsets[user + 1];
        Row {
            at: 0,
            len: range.len(),
            questions: match &self.questions {
                Narrow::Cycle(_) => Indices::All,
                Narrow::Short(list) => Indices::Short(&list[range.clone()]),
                Narrow::Long(list) => Indices::Long(&list[range.clone()]),
            },
            values: self.values.slice(range),
        }
    }
}

impl Iterator for Row<'_> {
    type Item = (usize, i64);

    #[inline]
    fn next(&mut self) -> Option<(usize, i64)> {
        if self.at == self.len {
            return None;
        }
        let at = self.at;
        self.at += 1;
        let question = match self.questions {
            Indices::All => at,
            Indices::Short(list) => usize::from(list[at]),
            Indices::Long(list) => list[at] as usize,
        };
        let score = match &self.values {
            Slice::Bytes(list, of) => of[usize::from(list[at])],
            Slice::Shorts(list, of) => of[usize::from(list[at])],
            Slice::Plain(list) => list[at],
        };
        Some((question, score))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = self.len - self.at;
        (left, Some(left))
    }
}

impl ExactSizeIterator for Row<'_> {}
