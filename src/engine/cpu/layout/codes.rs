//! The whole table as rows of score codes, a byte a question.
//!
//! A code is 0 where the user did not answer, else 1 + the index of the score among the table's
//! distinct scores. The table's rows take U · Q bytes, at most 512 MiB; besides, each thread has the rows
//! of the users of one prefix that it is at, four questions short of a set.

use super::bits::Steps;

/// Most distinct scores: tables by code fit 16 bytes.
pub(in super::super) const MOST_VALUES: usize = 15;

/// Most bytes that the rows may take.
const MOST_BYTES: usize = 1 << 29;

/// The rows, positions in order.
#[derive(Clone, Debug)]
pub(in super::super) struct Codes {
    questions: usize,
    /// The scores, the first of them with code 1.
    pub(in super::super) steps: Steps,
    rows: Vec<u8>,
}

impl Codes {
    /// Codes of every user, each user's answers being positions below `questions` and indices of `scores`,
    /// which are ascending; `None` where scores are too many or rows too large.
    pub(super) fn new(
        questions: usize,
        scores: &[i64],
        answers: impl ExactSizeIterator<Item = impl Iterator<Item = (usize, usize)>>,
    ) -> Option<Self> {
        let bytes = answers.len().checked_mul(questions)?;
        let steps = Steps::new(scores, MOST_VALUES)?;
        if bytes > MOST_BYTES || questions == 0 {
            return None;
        }
        let mut rows = vec![0; bytes];
        for (row, answers) in rows.chunks_exact_mut(questions).zip(answers) {
            for (position, value) in answers {
                // At most MOST_VALUES.
                row[position] = value as u8 + 1;
            }
        }
        Some(Self {
            questions,
            steps,
            rows,
        })
    }

    /// Codes of some users, in this order.
    pub(in super::super) fn of_users(&self, users: impl Iterator<Item = usize>) -> Self {
        let mut rows = Vec::new();
        for user in users {
            rows.extend_from_slice(self.row(user));
        }
        Self {
            questions: self.questions,
            steps: self.steps.clone(),
            rows,
        }
    }

    /// The codes of a user, a byte a position.
    pub(in super::super) fn row(&self, user: usize) -> &[u8] {
        &self.rows[user * self.questions..(user + 1) * self.questions]
    }
}
