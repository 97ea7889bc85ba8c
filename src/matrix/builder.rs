//! Collects answers and turns them into a table.

use super::arrivals::Arrivals;
use super::duplicates::Duplicates;
use super::error::MatrixError;
use super::ids::Ids;
use super::order::{Unsettled, order};
use super::rows::Rows;
use super::score::{MAX_SCALE, Score};
use super::table::ResponseMatrix;

/// Collects answers and turns them into a [`ResponseMatrix`].
#[derive(Debug)]
pub struct MatrixBuilder {
    users: Ids,
    questions: Ids,
    arrivals: Arrivals,
    mean_digits: Option<u8>,
}

impl Default for MatrixBuilder {
    fn default() -> Self {
        Self {
            users: Ids::new("users"),
            questions: Ids::new("questions"),
            arrivals: Arrivals::default(),
            mean_digits: None,
        }
    }
}

impl MatrixBuilder {
    /// An empty table.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds one row. `score` is `None` where the answer is missing: the user and the question then
    /// exist, the answer does not. `place` is the row's line or record number, for messages.
    ///
    /// # Errors
    /// [`MatrixError::TooMany`] beyond 2^32 users, questions or answers.
    pub fn push(
        &mut self,
        user: &str,
        question: &str,
        score: Option<Score>,
        place: u64,
    ) -> Result<(), MatrixError> {
        let user = self.user(user)?;
        let question = self.question(question)?;
        match score {
            Some(score) => self.answer(user, question, score, place),
            None => Ok(()),
        }
    }

    /// Index of the user `id`, who is entered if new.
    ///
    /// # Errors
    /// [`MatrixError::TooMany`] beyond 2^32 users.
    pub fn user(&mut self, id: &str) -> Result<u32, MatrixError> {
        self.users.index(id)
    }

    /// Index of the question `id`, which is entered if new.
    ///
    /// # Errors
    /// [`MatrixError::TooMany`] beyond 2^32 questions.
    pub fn question(&mut self, id: &str) -> Result<u32, MatrixError> {
        self.questions.index(id)
    }

    /// Adds the answer of a user to a question, by their indices. `place` is the answer's line or
    /// record number, for messages.
    ///
    /// # Errors
    /// [`MatrixError::TooMany`] beyond 2^32 answers.
    ///
    /// # Panics
    /// Where an index is not one that [`Self::user`] or [`Self::question`] gave, or the score has
    /// more than [`MAX_SCALE`] digits.
    #[inline(always)]
    pub fn answer(
        &mut self,
        user: u32,
        question: u32,
        score: Score,
        place: u64,
    ) -> Result<(), MatrixError> {
        assert!((user as usize) < self.users.len() && (question as usize) < self.questions.len());
        if self.arrivals.len() == u32::MAX as usize {
            return Err(too_many_answers());
        }
        self.arrivals.push(user, question, score, place);
        Ok(())
    }

    /// Leaves out all questions but those for which `keep` is true, with their answers. The others
    /// keep their order and move up; all users stay.
    pub fn keep_questions(&mut self, keep: impl Fn(u32) -> bool) {
        let mut left = 0;
        let moved: Vec<Option<u32>> = (0..self.questions.len() as u32)
            .map(|question| {
                let stays = keep(question).then_some(left);
                left += u32::from(stays.is_some());
                stays
            })
            .collect();
        self.questions
            .retain(|question| moved[question as usize].is_some());
        self.arrivals.keep(|question| moved[question as usize]);
    }

    /// The id of a user that [`Self::user`] entered.
    ///
    /// # Panics
    /// Where there is no such user.
    #[must_use]
    pub fn user_id(&self, user: u32) -> &str {
        self.users.get(user)
    }

    /// Changes every answer to the questions for which `of` is true, given the question, the score
    /// and the place, in the order in which answers were added.
    ///
    /// # Errors
    /// The first that `change` gives.
    ///
    /// # Panics
    /// Where a changed score has more than [`MAX_SCALE`] digits.
    pub fn change_scores<E>(
        &mut self,
        of: impl Fn(u32) -> bool,
        change: impl FnMut(u32, Score, u64) -> Result<Score, E>,
    ) -> Result<(), E> {
        self.arrivals.change(of, change)
    }

    /// Rounds the means of [`Duplicates::Mean`] to so many digits behind the point, at most
    /// [`MAX_SCALE`], halves away from zero. Without it they are exact.
    pub fn round_means(&mut self, digits: u8) {
        self.mean_digits = Some(digits.min(MAX_SCALE));
    }

    /// Rows with a score so far.
    #[must_use]
    pub fn len(&self) -> usize {
        self.arrivals.len()
    }

    /// Whether no row with a score was added.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.arrivals.len() == 0
    }

    /// The finished table. `unit` says what the places count (`line` or `record`).
    ///
    /// # Errors
    /// See [`MatrixError`].
    pub fn finish(
        self,
        duplicates: Duplicates,
        unit: &'static str,
    ) -> Result<ResponseMatrix, MatrixError> {
        let Self {
            users,
            questions,
            mut arrivals,
            mean_digits,
        } = self;
        if arrivals.len() == 0 {
            return Err(MatrixError::NoResponses);
        }
        let (offsets, answers) = if arrivals.ascend() {
            (arrivals.offsets(users.len()), None)
        } else {
            let mut order = order(&arrivals, users.len());
            order
                .settle(&mut arrivals, duplicates, mean_digits)
                .map_err(|unsettled| refusal(unsettled, duplicates, unit, &users, &questions))?;
            (order.offsets, Some(order.answers))
        };
        let answers = answers.as_deref();
        let Arrivals {
            questions: mut indices,
            scores,
            places,
            ..
        } = arrivals;
        let denominator = scores
            .denominator(answers)
            .ok_or(MatrixError::NoDenominator)?;
        let values = scores.values(denominator, answers);
        let values = values.map_err(|answer| MatrixError::TooWide {
            denominator,
            what: format!("the score at {unit} {}", places.get(answer)),
        })?;
        match answers {
            Some(answers) => indices = indices.gathered(answers),
            None => {
                // Each of a user's answers is to another question.
                let all = users.len().checked_mul(questions.len()) == Some(indices.len());
                if !all {
                    indices = indices.listed();
                }
                indices.shrink();
            }
        }
        drop(places);
        let rows = Rows {
            offsets,
            questions: indices,
            values,
        };
        let (users, questions) = (users.into_strings(), questions.into_strings());
        ResponseMatrix::of_rows(users, questions, rows, denominator)
    }
}

fn too_many_answers() -> MatrixError {
    MatrixError::TooMany {
        what: "answers",
        limit: u64::from(u32::MAX),
    }
}

fn refusal(
    unsettled: Unsettled,
    duplicates: Duplicates,
    unit: &'static str,
    users: &Ids,
    questions: &Ids,
) -> MatrixError {
    match unsettled {
        Unsettled::Refused {
            user,
            question,
            first,
            second,
            repeats,
        } => {
            let (user, question) = (users.get(user).into(), questions.get(question).into());
            if duplicates == Duplicates::Same {
                MatrixError::Contradiction {
                    user,
                    question,
                    unit,
                    first,
                    second,
                    repeats,
                }
            } else {
                MatrixError::Duplicate {
                    user,
                    question,
                    unit,
                    first,
                    second,
                    repeats,
                }
            }
        }
        Unsettled::Mean { of, first } => MatrixError::TooWide {
            denominator: of,
            what: format!("the mean of the scores from {unit} {first}"),
        },
        Unsettled::TooMany => too_many_answers(),
    }
}
