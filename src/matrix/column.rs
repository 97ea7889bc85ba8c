//! The answers to one question.

use std::sync::Arc;

/// The answers to one question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// Who answered; columns that all users answered share it.
    who: Arc<Who>,
    /// Their scores, in the same order.
    scores: Vec<i64>,
}

/// The users who answered a question.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Who {
    /// Bit u of word u / 64 is set where user u answered.
    answered: Vec<u64>,
    /// Users who answered, ascending.
    users: Vec<u32>,
    /// How many answered before the first user of each word.
    before: Vec<u32>,
}

impl Who {
    /// Those of these bits.
    pub(super) fn of_bits(answered: Vec<u64>) -> Self {
        let count = answered.iter().map(|word| word.count_ones() as usize).sum();
        let mut users = Vec::with_capacity(count);
        let mut before = Vec::with_capacity(answered.len());
        for (first, &word) in (0..).step_by(64).zip(&answered) {
            before.push(users.len() as u32);
            if word == u64::MAX {
                users.extend(first..first + 64);
                continue;
            }
            let mut left = word;
            while left != 0 {
                users.push(first + left.trailing_zeros());
                left &= left - 1;
            }
        }
        Self {
            answered,
            users,
            before,
        }
    }

    /// All of so many users.
    pub(super) fn all(of: usize) -> Self {
        let mut answered = vec![u64::MAX; of / 64];
        if !of.is_multiple_of(64) {
            answered.push((1 << (of % 64)) - 1);
        }
        Self::of_bits(answered)
    }
}

impl Column {
    /// The scores of these users.
    pub(super) fn new(who: Arc<Who>, scores: Vec<i64>) -> Self {
        Self { who, scores }
    }

    /// Bitset over users: bit u of word u / 64 is set where user u answered.
    #[must_use]
    pub fn answered(&self) -> &[u64] {
        &self.who.answered
    }

    /// Users who answered, ascending.
    #[must_use]
    pub fn users(&self) -> &[u32] {
        &self.who.users
    }

    /// Scores of [`Self::users`], in the same order.
    #[must_use]
    pub fn scores(&self) -> &[i64] {
        &self.scores
    }

    /// The score of `user`, if answered.
    #[inline]
    #[must_use]
    pub fn score(&self, user: u32) -> Option<i64> {
        let (word, bit) = (user as usize / 64, user % 64);
        let answered = *self.who.answered.get(word)?;
        if answered >> bit & 1 == 0 {
            return None;
        }
        let before = self.who.before[word] + (answered & ((1 << bit) - 1)).count_ones();
        Some(self.scores[before as usize])
    }
}
