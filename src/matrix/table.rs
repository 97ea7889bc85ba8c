//! The finished table.

use super::column::Column;
use super::columns::columns;
use super::error::MatrixError;
use super::fraction::decimal;
use super::narrow::Narrow;
use super::rows::Rows;
use std::sync::{Arc, OnceLock};

/// Users × questions with integer scores; users and questions indexed by first appearance.
///
/// Invariants: at least one answer; every score and every total fits i64; every sum over any
/// subset of users of products of a total or a set score, times the number of users, fits i128
/// (checked by `of_rows`).
#[derive(Clone, Debug)]
pub struct ResponseMatrix {
    pub(super) users: Vec<String>,
    pub(super) questions: Vec<String>,
    /// What rows say, by question, made when first asked for, which a reader of a table need not wait for; tables
    /// that were made from this one share them.
    pub(super) columns: OnceLock<Vec<Arc<Column>>>,
    pub(super) totals: Vec<i64>,
    pub(super) rows: Rows,
    pub(super) denominator: u64,
}

impl PartialEq for ResponseMatrix {
    fn eq(&self, other: &Self) -> bool {
        // Rows say the same as columns.
        self.users == other.users
            && self.questions == other.questions
            && self.columns() == other.columns()
            && self.totals == other.totals
            && self.denominator == other.denominator
    }
}

impl Eq for ResponseMatrix {}

impl ResponseMatrix {
    pub(super) fn of_rows(
        users: Vec<String>,
        questions: Vec<String>,
        rows: Rows,
        denominator: u64,
    ) -> Result<Self, MatrixError> {
        let mut totals = Vec::with_capacity(users.len());
        let mut widest = 0;
        for (u, user) in users.iter().enumerate() {
            // The sum of the sizes bounds the score of any set, and the total.
            let add = |(sum, size): (i64, u64), (_, score): (usize, i64)| {
                (
                    sum.wrapping_add(score),
                    size.saturating_add(score.unsigned_abs()),
                )
            };
            let (total, reach) = rows.row(u).fold((0, 0), add);
            if i64::try_from(reach).is_err() {
                return Err(MatrixError::TooWide {
                    denominator,
                    what: format!("the total of user {user:?}"),
                });
            }
            totals.push(total);
            widest = widest.max(reach);
        }
        // n·Saa, n·Sgg, n·Sag, Sa² ... are all at most U² · widest²; their differences at most twice.
        let needed = 2 * bits(users.len() as u64) + 2 * bits(widest) + 1;
        if needed > 127 {
            return Err(MatrixError::SumsTooWide { bits: needed });
        }
        Ok(Self {
            columns: OnceLock::new(),
            users,
            questions,
            totals,
            rows,
            denominator,
        })
    }

    /// A table of the same users and totals over these questions alone, in this order; users who
    /// answered none of them stay. A total may then exceed what the scores that are left add up to.
    #[must_use]
    pub fn arranged(&self, order: &[usize]) -> Self {
        let mut place = vec![None; self.questions.len()];
        for (position, &question) in order.iter().enumerate() {
            place[question] = Some(position as u32);
        }
        let columns: Vec<_> = order
            .iter()
            .map(|&q| Arc::clone(&self.columns()[q]))
            .collect();
        let answers = columns.iter().map(|column| column.users().len()).sum();
        let mut offsets = vec![0];
        let mut questions = Narrow::zeros(answers, order.len());
        let mut values = self.rows.values.filled(answers, 0);
        let mut row: Vec<(u32, usize)> = Vec::new();
        let mut at = 0;
        for user in 0..self.users.len() {
            let answers = self.rows.offsets[user]..self.rows.offsets[user + 1];
            row.clear();
            row.extend(answers.filter_map(|answer| {
                let question = self.rows.questions.get(answer) as usize;
                Some((place[question]?, answer))
            }));
            row.sort_unstable();
            for &(question, answer) in &row {
                questions.set(at, question);
                values.copy(at, &self.rows.values, answer);
                at += 1;
            }
            offsets.push(at);
        }
        Self {
            users: self.users.clone(),
            questions: order.iter().map(|&q| self.questions[q].clone()).collect(),
            columns: columns.into(),
            totals: self.totals.clone(),
            rows: Rows {
                offsets,
                questions,
                values,
            },
            denominator: self.denominator,
        }
    }

    /// The largest size of any user's total, or of any set's score as far as the sum of the sizes of
    /// a user's scores bounds it.
    #[must_use]
    pub fn reach(&self) -> u64 {
        let scores = |user| self.row(user).map(|(_, s)| s.unsigned_abs()).sum::<u64>();
        let score = (0..self.users.len()).map(scores).max();
        let total = self.totals.iter().map(|total| total.unsigned_abs()).max();
        score.max(total).unwrap_or(0)
    }

    /// User ids by index.
    #[must_use]
    pub fn users(&self) -> &[String] {
        &self.users
    }

    /// Question ids by index.
    #[must_use]
    pub fn questions(&self) -> &[String] {
        &self.questions
    }

    pub(super) fn columns(&self) -> &[Arc<Column>] {
        let make = || columns(&self.rows, self.questions.len());
        self.columns.get_or_init(make)
    }

    /// The answers to question `q`.
    #[must_use]
    pub fn column(&self, q: usize) -> &Column {
        &self.columns()[q]
    }

    /// The answers of user `u`: (question, score) by ascending question.
    #[inline]
    pub fn row(&self, u: usize) -> impl ExactSizeIterator<Item = (usize, i64)> + '_ {
        self.rows.row(u)
    }

    /// g(u): the sum of all of each user's scores.
    #[must_use]
    pub fn totals(&self) -> &[i64] {
        &self.totals
    }

    /// How many answers there are.
    #[must_use]
    pub fn responses(&self) -> usize {
        self.rows.questions.len()
    }

    /// How many answers are missing of the users who answered anything; the others are in no set.
    #[must_use]
    pub fn missing(&self) -> usize {
        let answered = |user: &usize| self.row(*user).len() > 0;
        let users = (0..self.users.len()).filter(answered).count();
        users * self.questions.len() - self.responses()
    }

    /// Scores and totals are held as integers over this. It is the least 10^s with s at most
    /// [`MAX_SCALE`] that makes all scores integers; where none does, which takes means, the least
    /// number of all.
    ///
    /// [`MAX_SCALE`]: super::MAX_SCALE
    #[must_use]
    pub fn denominator(&self) -> u64 {
        self.denominator
    }

    /// The s of a denominator that is 10^s, at most [`MAX_SCALE`]: all but some that means made.
    ///
    /// [`MAX_SCALE`]: super::MAX_SCALE
    #[must_use]
    pub fn scale(&self) -> Option<u8> {
        decimal(self.denominator)
    }
}

/// Bits needed to write `n`.
fn bits(n: u64) -> u32 {
    u64::BITS - n.leading_zeros()
}
