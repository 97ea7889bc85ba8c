//! The answers of each user, in a few bytes each.

use super::codes::{Slice, Values};
use super::narrow::Narrow;
use std::ops::Range;

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

impl Indices<'_> {
    /// Folds the answers at `places`, whose scores are known by place.
    #[inline]
    fn fold<B>(
        self,
        places: Range<usize>,
        score: impl Fn(usize) -> i64,
        init: B,
        mut f: impl FnMut(B, (usize, i64)) -> B,
    ) -> B {
        match self {
            Self::All => places.fold(init, |all, at| f(all, (at, score(at)))),
            Self::Short(list) => places.fold(init, |all, at| f(all, (list[at].into(), score(at)))),
            Self::Long(list) => places.fold(init, |all, at| f(all, (list[at] as usize, score(at)))),
        }
    }
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

    /// Looks once, not for each answer, at how questions and scores are held.
    fn fold<B, F: FnMut(B, (usize, i64)) -> B>(self, init: B, f: F) -> B {
        let places = self.at..self.len;
        let questions = self.questions;
        match self.values {
            Slice::Bytes(list, of) => {
                questions.fold(places, |at| of[usize::from(list[at])], init, f)
            }
            Slice::Shorts(list, of) => {
                questions.fold(places, |at| of[usize::from(list[at])], init, f)
            }
            Slice::Plain(list) => questions.fold(places, |at| list[at], init, f),
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = self.len - self.at;
        (left, Some(left))
    }
}

impl ExactSizeIterator for Row<'_> {}

#[cfg(test)]
mod tests {
    use crate::matrix::{Duplicates, MatrixBuilder, Score};

    /// Scores of so many distinct values by so many users, `gaps` of whose answers are missing.
    fn agrees(users: u64, questions: u64, distinct: u64, gaps: bool) {
        let mut builder = MatrixBuilder::new();
        for user in 0..users {
            for question in 0..questions {
                let at = user * questions + question;
                let score = Score {
                    mantissa: (at * 7 % distinct) as i64 - 1,
                    digits: 0,
                };
                let score = (!gaps || !at.is_multiple_of(3)).then_some(score);
                builder
                    .push(&user.to_string(), &question.to_string(), score, at)
                    .unwrap();
            }
        }
        let table = builder.finish(Duplicates::Error, "line").unwrap();
        for user in 0..users as usize {
            let mut one_by_one = Vec::new();
            for answer in table.row(user) {
                one_by_one.push(answer);
            }
            assert!(!one_by_one.is_empty());
            for from in [0, 1, one_by_one.len()] {
                let mut rest = table.row(user);
                assert_eq!(rest.by_ref().take(from).count(), from);
                let folded = rest.fold(Vec::new(), |mut all, answer| {
                    all.push(answer);
                    all
                });
                assert_eq!(folded, one_by_one[from..]);
            }
        }
    }

    #[test]
    fn a_fold_is_all_steps() {
        for gaps in [false, true] {
            agrees(5, 11, 3, gaps);
            agrees(3, 300, 600, gaps);
            agrees(2, 66_000, 3, gaps);
            agrees(2, 70_000, 100_000, gaps);
        }
    }
}
