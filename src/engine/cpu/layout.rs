//! The table in the order that the walk wants: questions by position, answers by user.
//!
//! Positions replace question indices inside a walk. With the fewest-answered question first,
//! prefixes run out of users early and their subtrees are pruned where they are largest.

use crate::matrix::ResponseMatrix;

/// One answer: which position, which score.
#[derive(Clone, Copy, Debug)]
pub(super) struct Answer {
    pub(super) position: u32,
    pub(super) score: i64,
}

/// Each user's answers by ascending position.
#[derive(Debug)]
pub(super) struct Layout {
    /// Question index of each position.
    order: Vec<usize>,
    answers: Vec<Answer>,
    /// User u's answers are `answers[offsets[u]..offsets[u + 1]]`.
    offsets: Vec<usize>,
}

impl Layout {
    /// Position = question index.
    pub(super) fn as_given(matrix: &ResponseMatrix) -> Self {
        Self::new(matrix, (0..matrix.questions().len()).collect())
    }

    /// Fewest answers first; equals by question index.
    pub(super) fn fewest_first(matrix: &ResponseMatrix) -> Self {
        let mut order: Vec<usize> = (0..matrix.questions().len()).collect();
        order.sort_by_key(|&q| matrix.column(q).users().len());
        Self::new(matrix, order)
    }

    fn new(matrix: &ResponseMatrix, order: Vec<usize>) -> Self {
        let mut position = vec![0_u32; order.len()];
        for (p, &q) in order.iter().enumerate() {
            position[q] = p as u32;
        }
        let mut answers = Vec::with_capacity(matrix.responses());
        let mut offsets = vec![0];
        for user in 0..matrix.users().len() {
            let start = answers.len();
            answers.extend(matrix.row(user).map(|(q, score)| Answer {
                position: position[q],
                score,
            }));
            answers[start..].sort_unstable_by_key(|a: &Answer| a.position);
            offsets.push(answers.len());
        }
        Self {
            order,
            answers,
            offsets,
        }
    }

    /// How many positions there are.
    pub(super) fn questions(&self) -> usize {
        self.order.len()
    }

    /// The answers of `user` from index `at` of [`Self::start`] on.
    pub(super) fn behind(&self, user: u32, at: usize) -> &[Answer] {
        &self.answers[at..self.offsets[user as usize + 1]]
    }

    /// Index of the first answer of `user` at `position` or behind it.
    pub(super) fn start(&self, user: u32, position: usize) -> usize {
        let range = self.offsets[user as usize]..self.offsets[user as usize + 1];
        let row = &self.answers[range.clone()];
        range.start + row.partition_point(|a| (a.position as usize) < position)
    }

    /// Question indices of a set of positions and a prefix of question indices, ascending.
    pub(super) fn set(&self, prefix: &[usize], positions: &[u32]) -> Vec<usize> {
        let chosen = positions.iter().map(|&p| self.order[p as usize]);
        let mut set: Vec<usize> = prefix.iter().copied().chain(chosen).collect();
        set.sort_unstable();
        set
    }
}
