//! Tables made from another one: with other totals, or of some of its users.

use super::column::{Column, Who};
use super::narrow::Narrow;
use super::rows::Rows;
use super::table::ResponseMatrix;
use std::sync::Arc;

impl ResponseMatrix {
    /// This table with these totals, one a user, in place of the sums of scores.
    ///
    /// # Panics
    /// Where there are not as many as users.
    #[must_use]
    pub fn with_totals(self, totals: Vec<i64>) -> Self {
        assert_eq!(totals.len(), self.users.len());
        Self { totals, ..self }
    }

    /// The table of those users alone whose place in `kept` is true; questions that none of them answered stay.
    ///
    /// # Panics
    /// Where `kept` is shorter than the list of users.
    #[must_use]
    pub fn with_users(self, kept: &[bool]) -> Self {
        let users = self.users.len();
        assert!(kept.len() >= users);
        if kept[..users].iter().all(|&kept| kept) {
            return self;
        }
        let mut place = vec![None; users];
        let mut next = 0_u32;
        for (place, _) in place.iter_mut().zip(kept).filter(|(_, kept)| **kept) {
            *place = Some(next);
            next += 1;
        }
        let column = |column: Arc<Column>| {
            let mut answered = vec![0_u64; next.div_ceil(64) as usize];
            let mut scores = Vec::new();
            for (&user, &score) in column.users().iter().zip(column.scores()) {
                if let Some(user) = place[user as usize] {
                    answered[user as usize / 64] |= 1 << (user % 64);
                    scores.push(score);
                }
            }
            Arc::new(Column::new(Arc::new(Who::of_bits(answered)), scores))
        };
        let columns: Vec<_> = self.columns().to_vec().into_iter().map(column).collect();
        let answers = columns.iter().map(|column| column.users().len()).sum();
        let mut questions = Narrow::zeros(answers, self.questions.len());
        let mut values = self.rows.values.filled(answers, 0);
        let (mut offsets, mut at) = (vec![0], 0);
        for user in (0..users).filter(|&user| kept[user]) {
            for answer in self.rows.offsets[user]..self.rows.offsets[user + 1] {
                questions.set(at, self.rows.questions.get(answer));
                values.copy(at, &self.rows.values, answer);
                at += 1;
            }
            offsets.push(at);
        }
        Self {
            totals: only(self.totals, kept),
            users: only(self.users, kept),
            questions: self.questions,
            columns: columns.into(),
            rows: Rows {
                offsets,
                questions,
                values,
            },
            denominator: self.denominator,
        }
    }
}

/// The elements whose place in `kept` is true.
fn only<T>(list: Vec<T>, kept: &[bool]) -> Vec<T> {
    let both = list.into_iter().zip(kept);
    both.filter(|(_, kept)| **kept)
        .map(|(element, _)| element)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::{Duplicates, MatrixBuilder, Score};

    #[test]
    fn some_users_make_the_table_that_they_would_make_alone() {
        let table = |kept: &dyn Fn(u64) -> bool| {
            let mut builder = MatrixBuilder::new();
            // So that all questions are there, in order.
            for question in ["q0", "q1", "q2"] {
                builder.question(question).unwrap();
            }
            for user in (0..130).filter(|&user| kept(user)) {
                for question in 0..3 {
                    let score = Score {
                        mantissa: (user * 7 + question) as i64 % 5,
                        digits: 0,
                    };
                    let answered = (user + question) % 3 > 0;
                    let (user, question) = (format!("u{user}"), format!("q{question}"));
                    builder
                        .push(&user, &question, answered.then_some(score), 1)
                        .unwrap();
                }
            }
            builder.finish(Duplicates::Error, "line").unwrap()
        };
        for kept in [|u: u64| u % 3 == 1, |u: u64| u > 60, |_: u64| true] {
            let flags: Vec<bool> = (0..130).map(kept).collect();
            let some = table(&|_| true).with_users(&flags);
            let alone = table(&kept);
            assert_eq!(some, alone);
            assert_eq!(some.fingerprint(), alone.fingerprint());
        }
    }
}
