//! What is asked of a table: which sets, ranked by what, and how many of the best.

use super::Watch;
use crate::combin::{Space, SpaceError};
use crate::matrix::ResponseMatrix;
use crate::stats::{Criterion, Floor, Sums};
use crate::top::Candidate;

/// Why a query does not fit a table.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum QueryError {
    /// K = 0.
    #[error("a set needs at least one question")]
    NoQuestions,
    /// K > Q.
    #[error("sets of {k} questions are asked for, and the table has only {questions} questions")]
    TooFewQuestions {
        /// K.
        k: usize,
        /// Q.
        questions: usize,
    },
    /// min_users > U.
    #[error(
        "sets of {min_users} users and more are asked for, and the table has only {users} users"
    )]
    TooFewUsers {
        /// min_users.
        min_users: u64,
        /// U.
        users: usize,
    },
    /// min_users < 2.
    #[error("a correlation needs at least 2 users, not {min_users}")]
    MinUsersBelowTwo {
        /// min_users.
        min_users: u64,
    },
    /// N = 0.
    #[error("at least one set must be asked for")]
    NoPlaces,
    /// C(Q, K) leaves 128 bits.
    #[error("C({questions}, {k}) sets are more than 2^128, which cannot be numbered")]
    TooManySets {
        /// Q.
        questions: usize,
        /// K.
        k: usize,
    },
    /// A space of questions that the table does not have.
    #[error("the table has questions 0 to {}, and question {question} is asked for", questions - 1)]
    NoSuchQuestion {
        /// Its index.
        question: usize,
        /// Q.
        questions: usize,
    },
}

impl QueryError {
    /// What can be refused before there is a table.
    ///
    /// # Errors
    /// Where no table has such sets.
    pub fn check(k: usize, top: usize, min_users: u64) -> Result<(), Self> {
        if k == 0 {
            return Err(Self::NoQuestions);
        }
        if top == 0 {
            return Err(Self::NoPlaces);
        }
        if min_users < 2 {
            return Err(Self::MinUsersBelowTwo { min_users });
        }
        Ok(())
    }
}

/// A question to a table, not yet checked.
#[derive(Clone, Debug)]
pub struct QueryBuilder<'t> {
    table: &'t ResponseMatrix,
    criterion: Criterion,
    space: Option<Space>,
    k: usize,
    top: usize,
    min_users: u64,
}

/// A checked question to a table.
#[derive(Clone, Debug)]
pub struct Query<'t> {
    source: &'t ResponseMatrix,
    /// Its questions in the order of the space, where that is another one.
    arranged: Option<ResponseMatrix>,
    criterion: Criterion,
    space: Space,
    top: usize,
    min_users: u64,
}

impl<'t> QueryBuilder<'t> {
    /// Sets of so many questions, any of the table's.
    #[must_use]
    pub fn k(self, k: usize) -> Self {
        Self { k, ..self }
    }

    /// These sets, in place of all sets of K.
    #[must_use]
    pub fn space(self, space: Space) -> Self {
        let space = Some(space);
        Self { space, ..self }
    }

    /// What sets are ranked by, part-whole r unless told.
    #[must_use]
    pub fn criterion(self, criterion: Criterion) -> Self {
        Self { criterion, ..self }
    }

    /// How many of the best sets, 1 unless told.
    #[must_use]
    pub fn top(self, top: usize) -> Self {
        Self { top, ..self }
    }

    /// A set answered in full by fewer users is undefined; 2 unless told.
    #[must_use]
    pub fn min_users(self, min_users: u64) -> Self {
        Self { min_users, ..self }
    }

    /// The query, if it fits the table.
    ///
    /// # Errors
    /// See [`QueryError`].
    pub fn build(self) -> Result<Query<'t>, QueryError> {
        let Self {
            table,
            criterion,
            space,
            k,
            top,
            min_users,
        } = self;
        let (questions, users) = (table.questions().len(), table.users().len());
        QueryError::check(space.as_ref().map_or(k, Space::k), top, min_users)?;
        if min_users > users as u64 {
            return Err(QueryError::TooFewUsers { min_users, users });
        }
        let space = match space {
            Some(space) => space,
            None => Space::all(questions, k).map_err(|error| match error {
                SpaceError::TooFewQuestions { k, questions } => {
                    QueryError::TooFewQuestions { k, questions }
                }
                SpaceError::TooManySets { questions, k } => {
                    QueryError::TooManySets { questions, k }
                }
                // All questions of a table are each once, and none of them is fixed.
                _ => QueryError::NoQuestions,
            })?,
        };
        if let Some(&question) = space.order().iter().find(|&&q| q >= questions) {
            return Err(QueryError::NoSuchQuestion {
                question,
                questions,
            });
        }
        let same = space.is_table_order(questions);
        let arranged = (!same).then(|| table.arranged(space.order()));
        Ok(Query {
            source: table,
            arranged,
            criterion,
            space,
            top,
            min_users,
        })
    }
}

impl<'t> Query<'t> {
    /// A question to this table, to be told what is wanted.
    #[must_use]
    pub fn of(table: &'t ResponseMatrix) -> QueryBuilder<'t> {
        QueryBuilder {
            table,
            criterion: Criterion::default(),
            space: None,
            k: 1,
            top: 1,
            min_users: 2,
        }
    }

    /// The table as engines search it: its questions are those of the space, in its order, so that a
    /// set is its positions there. Users and overall scores are the whole table's.
    #[must_use]
    pub fn table(&self) -> &ResponseMatrix {
        self.arranged.as_ref().unwrap_or(self.source)
    }

    /// The table as it was given.
    #[must_use]
    pub fn source(&self) -> &'t ResponseMatrix {
        self.source
    }

    /// Which sets.
    #[must_use]
    pub fn space(&self) -> &Space {
        &self.space
    }

    /// What sets are ranked by.
    #[must_use]
    pub fn criterion(&self) -> Criterion {
        self.criterion
    }

    /// K: questions in a set.
    #[must_use]
    pub fn k(&self) -> usize {
        self.space.k()
    }

    /// N: how many sets to return.
    #[must_use]
    pub fn top(&self) -> usize {
        self.top
    }

    /// A set answered in full by fewer users is undefined.
    #[must_use]
    pub fn min_users(&self) -> u64 {
        self.min_users
    }

    /// What a set must reach as far as `watch` knows.
    #[must_use]
    pub fn floor(&self, watch: &Watch) -> Floor {
        self.criterion.floor(watch.floor())
    }

    /// The r below which no set that enters can be, whatever its users.
    #[must_use]
    pub fn r_floor(&self, watch: &Watch) -> f64 {
        self.floor(watch).r_for(self.source.users().len() as u64)
    }

    /// The set at these positions (ascending) with its sums, or `None` where it is undefined.
    #[must_use]
    pub fn candidate(&self, positions: &[usize], sums: Sums) -> Option<Candidate> {
        let set = self.space.set(positions);
        Candidate::new(self.criterion, self.min_users, set, sums)
    }

    /// The set at these positions (ascending), its sums made from the bitsets.
    #[must_use]
    pub fn judge(&self, positions: &[usize]) -> Option<Candidate> {
        self.candidate(positions, Sums::of_set(self.table(), positions))
    }
}
