//! Missing answers that count as the score 0.

use super::column::{Column, Who};
use super::error::MatrixError;
use super::narrow::{Cycle, Narrow};
use super::rows::Rows;
use super::table::ResponseMatrix;
use std::sync::Arc;

impl ResponseMatrix {
    /// The table in which every user answered every question, those unanswered here with the score
    /// 0. Totals are the same.
    ///
    /// # Errors
    /// [`MatrixError::TooMany`] where users times questions reach 2^32.
    pub fn with_zeros(self) -> Result<Self, MatrixError> {
        let (users, questions) = (self.users.len(), self.questions.len());
        let answers = users.checked_mul(questions);
        let answers = answers.filter(|&answers| u32::try_from(answers).is_ok());
        let answers = answers.ok_or(MatrixError::TooMany {
            what: "answers, with zeros for those that are missing",
            limit: u64::from(u32::MAX),
        })?;
        if answers == self.responses() {
            return Ok(self);
        }
        let columns = self.columns().to_vec();
        let sparse = self.rows;
        let mut values = sparse.values.filled(answers, 0);
        for user in 0..users {
            for answer in sparse.offsets[user]..sparse.offsets[user + 1] {
                let question = sparse.questions.get(answer) as usize;
                values.copy(user * questions + question, &sparse.values, answer);
            }
        }
        drop(sparse);
        let all = Arc::new(Who::all(users));
        let dense = |column: Arc<Column>| {
            let mut scores = vec![0; users];
            for (&user, &score) in column.users().iter().zip(column.scores()) {
                scores[user as usize] = score;
            }
            Arc::new(Column::new(Arc::clone(&all), scores))
        };
        // Those of the sparse table are given up one at a time, as each is filled.
        drop(self.columns);
        let dense: Vec<_> = columns.into_iter().map(dense).collect();
        Ok(Self {
            columns: dense.into(),
            rows: Rows {
                offsets: (0..=users).map(|user| user * questions).collect(),
                questions: Narrow::Cycle(Cycle::new(users, questions as u32)),
                values,
            },
            ..self
        })
    }
}
