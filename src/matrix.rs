//! The table in memory: who answered what, with which score, in integers.
//!
//! Layer 0. Everything that searches reads a [`ResponseMatrix`]; nothing but [`MatrixBuilder`]
//! makes one. It knows nothing of files, engines or sets.

use indexmap::IndexSet;
use sha2::{Digest, Sha256};

/// Most decimal digits behind the point that a score may need.
pub const MAX_SCALE: u8 = 9;

/// One score as written: `mantissa / 10^digits`, with trailing zeros behind the point removed, so
/// that `1`, `1.0` and `10e-1` are one value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Score {
    /// The score without its decimal point.
    pub mantissa: i64,
    /// How many of the mantissa's digits stand behind the point, at most [`MAX_SCALE`].
    pub digits: u8,
}

/// What to do with a (user, question) that appears more than once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Duplicates {
    /// Refuse the table, naming the first two places.
    #[default]
    Error,
    /// Keep the row that came first.
    First,
    /// Keep the row that came last.
    Last,
}

/// Why rows do not make a table.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum MatrixError {
    /// No row had a score.
    #[error("the table has no answers: every row was empty or there were no rows")]
    NoResponses,
    /// A (user, question) twice under [`Duplicates::Error`].
    #[error(
        "user {user:?} answered question {question:?} twice, at {unit} {first} and {unit} {second}"
    )]
    Duplicate {
        /// The user's id.
        user: String,
        /// The question's id.
        question: String,
        /// What the places count: `line` or `record`.
        unit: &'static str,
        /// Place of the earlier row.
        first: u64,
        /// Place of the later row.
        second: u64,
    },
    /// With the table's scale applied, a score or a total leaves 64 bits.
    #[error(
        "scores scaled by 10^{scale} to integers do not fit 64 bits ({what}); \
         write the scores with fewer digits or in a smaller unit"
    )]
    TooWide {
        /// Power of ten of the whole table.
        scale: u8,
        /// Which number did not fit.
        what: String,
    },
    /// The sums that order two sets could leave 128 bits.
    #[error(
        "the exact sums over this table could reach {bits} bits and 127 is the limit; \
         write the scores with fewer digits or in a smaller unit"
    )]
    SumsTooWide {
        /// Bits that the largest intermediate could need.
        bits: u32,
    },
    /// More users, questions or rows than 32-bit indices hold.
    #[error("{what}: more than {limit} are not supported")]
    TooMany {
        /// What there were too many of.
        what: &'static str,
        /// The most that is supported.
        limit: u64,
    },
}

/// One answer as it was read.
#[derive(Clone, Copy, Debug)]
struct Row {
    user: u32,
    question: u32,
    score: Score,
    place: u64,
}

/// Collects rows and turns them into a [`ResponseMatrix`].
#[derive(Debug, Default)]
pub struct MatrixBuilder {
    users: IndexSet<Box<str>>,
    questions: IndexSet<Box<str>>,
    rows: Vec<Row>,
}

/// Index of `id` in `ids`, entering it if it is new.
fn intern(ids: &mut IndexSet<Box<str>>, id: &str, what: &'static str) -> Result<u32, MatrixError> {
    let index = match ids.get_index_of(id) {
        Some(index) => index,
        None => ids.insert_full(id.into()).0,
    };
    u32::try_from(index).map_err(|_| MatrixError::TooMany {
        what,
        limit: u64::from(u32::MAX),
    })
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
        let user = intern(&mut self.users, user, "users")?;
        let question = intern(&mut self.questions, question, "questions")?;
        if let Some(score) = score {
            if self.rows.len() == u32::MAX as usize {
                return Err(MatrixError::TooMany {
                    what: "answers",
                    limit: u64::from(u32::MAX),
                });
            }
            self.rows.push(Row {
                user,
                question,
                score,
                place,
            });
        }
        Ok(())
    }

    /// Rows with a score so far.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether no row with a score was added.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The finished table. `unit` says what the places count (`line` or `record`).
    ///
    /// # Errors
    /// See [`MatrixError`].
    pub fn finish(
        mut self,
        duplicates: Duplicates,
        unit: &'static str,
    ) -> Result<ResponseMatrix, MatrixError> {
        if self.rows.is_empty() {
            return Err(MatrixError::NoResponses);
        }
        // Stable, so equal (question, user) stay in input order.
        self.rows.sort_by_key(|row| (row.question, row.user));
        self.resolve_duplicates(duplicates, unit)?;

        let scale = self.rows.iter().map(|r| r.score.digits).max().unwrap_or(0);
        let users = self.users.len();
        let questions = self.questions.len();
        let mut columns = vec![Column::empty(users); questions];
        for row in &self.rows {
            let score = 10_i64
                .checked_pow(u32::from(scale - row.score.digits))
                .and_then(|factor| row.score.mantissa.checked_mul(factor))
                .ok_or_else(|| MatrixError::TooWide {
                    scale,
                    what: format!("the score at {unit} {}", row.place),
                })?;
            columns[row.question as usize].push(row.user, score);
        }
        ResponseMatrix::from_columns(
            self.users.into_iter().map(String::from).collect(),
            self.questions.into_iter().map(String::from).collect(),
            columns,
            scale,
        )
    }

    /// Rows are sorted by (question, user, place): keeps one of each or refuses. The duplicate
    /// named is the one whose second place comes first in the input.
    fn resolve_duplicates(
        &mut self,
        duplicates: Duplicates,
        unit: &'static str,
    ) -> Result<(), MatrixError> {
        let same = |a: &Row, b: &Row| a.question == b.question && a.user == b.user;
        match duplicates {
            Duplicates::Error => {
                let second = self
                    .rows
                    .windows(2)
                    .filter(|pair| same(&pair[0], &pair[1]))
                    .min_by_key(|pair| pair[1].place);
                match second {
                    None => Ok(()),
                    Some(pair) => Err(MatrixError::Duplicate {
                        user: self.users[pair[0].user as usize].to_string(),
                        question: self.questions[pair[0].question as usize].to_string(),
                        unit,
                        first: pair[0].place,
                        second: pair[1].place,
                    }),
                }
            }
            Duplicates::First => {
                self.rows.dedup_by(|later, kept| same(later, kept));
                Ok(())
            }
            Duplicates::Last => {
                self.rows.dedup_by(|later, kept| {
                    let twice = same(later, kept);
                    if twice {
                        *kept = *later;
                    }
                    twice
                });
                Ok(())
            }
        }
    }
}

/// The answers to one question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// Bit u of word u / 64 is set where user u answered.
    answered: Vec<u64>,
    /// Users who answered, ascending.
    users: Vec<u32>,
    /// Their scores, in the same order.
    scores: Vec<i64>,
}

impl Column {
    fn empty(users: usize) -> Self {
        Self {
            answered: vec![0; users.div_ceil(64)],
            users: Vec::new(),
            scores: Vec::new(),
        }
    }

    fn push(&mut self, user: u32, score: i64) {
        self.answered[user as usize / 64] |= 1 << (user % 64);
        self.users.push(user);
        self.scores.push(score);
    }

    /// Bitset over users: bit u of word u / 64 is set where user u answered.
    #[must_use]
    pub fn answered(&self) -> &[u64] {
        &self.answered
    }

    /// Users who answered, ascending.
    #[must_use]
    pub fn users(&self) -> &[u32] {
        &self.users
    }

    /// Scores of [`Self::users`], in the same order.
    #[must_use]
    pub fn scores(&self) -> &[i64] {
        &self.scores
    }

    /// The score of `user`, if answered.
    #[must_use]
    pub fn score(&self, user: u32) -> Option<i64> {
        let at = self.users.binary_search(&user).ok()?;
        Some(self.scores[at])
    }
}

/// Users × questions with integer scores; users and questions indexed by first appearance.
///
/// Invariants: at least one answer; every score and every total fits i64; every sum over any
/// subset of users of products of a total or a set score, times the number of users, fits i128
/// (checked by `from_columns`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResponseMatrix {
    users: Vec<String>,
    questions: Vec<String>,
    columns: Vec<Column>,
    totals: Vec<i64>,
    row_offsets: Vec<usize>,
    row_questions: Vec<u32>,
    row_scores: Vec<i64>,
    scale: u8,
}

impl ResponseMatrix {
    fn from_columns(
        users: Vec<String>,
        questions: Vec<String>,
        columns: Vec<Column>,
        scale: u8,
    ) -> Result<Self, MatrixError> {
        let mut counts = vec![0_usize; users.len()];
        for &user in columns.iter().flat_map(|c| &c.users) {
            counts[user as usize] += 1;
        }
        let mut row_offsets = Vec::with_capacity(users.len() + 1);
        row_offsets.push(0);
        for count in &counts {
            row_offsets.push(row_offsets[row_offsets.len() - 1] + count);
        }
        let responses = row_offsets[users.len()];
        let mut next = row_offsets.clone();
        let mut row_questions = vec![0; responses];
        let mut row_scores = vec![0; responses];
        let mut totals = vec![0_i64; users.len()];
        // Sum of absolute scores: bounds the score of any set, and the total, of that user.
        let mut widest = 0_u128;
        let mut reach = vec![0_u128; users.len()];
        for (question, column) in columns.iter().enumerate() {
            for (&user, &score) in column.users.iter().zip(&column.scores) {
                let u = user as usize;
                row_questions[next[u]] = question as u32;
                row_scores[next[u]] = score;
                next[u] += 1;
                reach[u] += u128::from(score.unsigned_abs());
                widest = widest.max(reach[u]);
                totals[u] = totals[u].wrapping_add(score);
            }
        }
        if let Some(u) = reach.iter().position(|&r| r > i64::MAX as u128) {
            return Err(MatrixError::TooWide {
                scale,
                what: format!("the total of user {:?}", users[u]),
            });
        }
        // n·Saa, n·Sgg, n·Sag, Sa² ... are all at most U² · widest²; their differences at most twice.
        let users_bits = bits(users.len() as u128);
        let needed = 2 * users_bits + 2 * bits(widest) + 1;
        if needed > 127 {
            return Err(MatrixError::SumsTooWide { bits: needed });
        }
        Ok(Self {
            users,
            questions,
            columns,
            totals,
            row_offsets,
            row_questions,
            row_scores,
            scale,
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
        let mut row_offsets = vec![0];
        let (mut row_questions, mut row_scores) = (Vec::new(), Vec::new());
        for user in 0..self.users.len() {
            let mut row: Vec<(u32, i64)> = self
                .row(user)
                .filter_map(|(question, score)| Some((place[question]?, score)))
                .collect();
            row.sort_unstable();
            row_questions.extend(row.iter().map(|&(question, _)| question));
            row_scores.extend(row.iter().map(|&(_, score)| score));
            row_offsets.push(row_questions.len());
        }
        Self {
            users: self.users.clone(),
            questions: order.iter().map(|&q| self.questions[q].clone()).collect(),
            columns: order.iter().map(|&q| self.columns[q].clone()).collect(),
            totals: self.totals.clone(),
            row_offsets,
            row_questions,
            row_scores,
            scale: self.scale,
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

    /// The answers to question `q`.
    #[must_use]
    pub fn column(&self, q: usize) -> &Column {
        &self.columns[q]
    }

    /// The answers of user `u`: (question, score) by ascending question.
    pub fn row(&self, u: usize) -> impl ExactSizeIterator<Item = (usize, i64)> + '_ {
        let range = self.row_offsets[u]..self.row_offsets[u + 1];
        self.row_questions[range.clone()]
            .iter()
            .zip(&self.row_scores[range])
            .map(|(&q, &score)| (q as usize, score))
    }

    /// g(u): the sum of all of each user's scores.
    #[must_use]
    pub fn totals(&self) -> &[i64] {
        &self.totals
    }

    /// How many answers there are.
    #[must_use]
    pub fn responses(&self) -> usize {
        self.row_questions.len()
    }

    /// Scores are held times 10^scale.
    #[must_use]
    pub fn scale(&self) -> u8 {
        self.scale
    }

    /// SHA-256 over the canonical content, as `sha256:` and 64 hex digits.
    ///
    /// Canonical: scale, question ids in input order, then every user by ascending id with their
    /// (question, score) pairs by ascending question. Every number is 8 bytes little-endian, every
    /// string its length and its UTF-8. So the order of users and of rows does not matter; the
    /// order of questions, which decides ties, does.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        let mut hash = Sha256::new();
        let number = |hash: &mut Sha256, n: u64| hash.update(n.to_le_bytes());
        let text = |hash: &mut Sha256, s: &str| {
            hash.update((s.len() as u64).to_le_bytes());
            hash.update(s.as_bytes());
        };
        hash.update(b"kcorrset table 1\n");
        number(&mut hash, u64::from(self.scale));
        number(&mut hash, self.questions.len() as u64);
        for id in &self.questions {
            text(&mut hash, id);
        }
        let mut order: Vec<usize> = (0..self.users.len()).collect();
        order.sort_by_key(|&u| &self.users[u]);
        number(&mut hash, order.len() as u64);
        for u in order {
            text(&mut hash, &self.users[u]);
            number(
                &mut hash,
                (self.row_offsets[u + 1] - self.row_offsets[u]) as u64,
            );
            for (q, score) in self.row(u) {
                number(&mut hash, q as u64);
                number(&mut hash, score as u64);
            }
        }
        let hex: String = hash.finalize().iter().map(|b| format!("{b:02x}")).collect();
        format!("sha256:{hex}")
    }
}

/// Bits needed to write `n`.
fn bits(n: u128) -> u32 {
    u128::BITS - n.leading_zeros()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn int(mantissa: i64) -> Option<Score> {
        Some(Score {
            mantissa,
            digits: 0,
        })
    }

    #[test]
    fn rows_columns_and_totals_agree() {
        let mut b = MatrixBuilder::new();
        b.push("x", "q1", int(2), 1).unwrap();
        b.push("y", "q2", int(-1), 2).unwrap();
        b.push("x", "q2", int(5), 3).unwrap();
        b.push("z", "q3", None, 4).unwrap();
        let m = b.finish(Duplicates::Error, "line").unwrap();
        assert_eq!(m.users(), ["x", "y", "z"]);
        assert_eq!(m.questions(), ["q1", "q2", "q3"]);
        assert_eq!(m.totals(), [7, -1, 0]);
        assert_eq!(m.row(0).collect::<Vec<_>>(), [(0, 2), (1, 5)]);
        assert_eq!(m.column(1).users(), [0, 1]);
        assert_eq!(m.column(1).answered(), [0b11]);
        assert_eq!(m.column(1).score(1), Some(-1));
        assert_eq!(m.column(2).score(0), None);
        assert_eq!(m.responses(), 3);
    }

    #[test]
    fn one_scale_for_the_whole_table() {
        let mut b = MatrixBuilder::new();
        let half = Score {
            mantissa: 5,
            digits: 1,
        };
        b.push("x", "q1", Some(half), 1).unwrap();
        b.push("x", "q2", int(3), 2).unwrap();
        let m = b.finish(Duplicates::Error, "line").unwrap();
        assert_eq!((m.scale(), m.totals()[0]), (1, 35));
    }

    #[test]
    fn duplicates_by_choice() {
        let rows = || {
            let mut b = MatrixBuilder::new();
            for (i, s) in [4, 6, 9].into_iter().enumerate() {
                b.push("x", "q1", int(s), i as u64 + 2).unwrap();
            }
            b
        };
        let err = rows().finish(Duplicates::Error, "line").unwrap_err();
        assert!(matches!(
            err,
            MatrixError::Duplicate {
                first: 2,
                second: 3,
                ..
            }
        ));
        let first = rows().finish(Duplicates::First, "line").unwrap();
        let last = rows().finish(Duplicates::Last, "line").unwrap();
        assert_eq!((first.totals()[0], last.totals()[0]), (4, 9));
    }

    #[test]
    fn the_fingerprint_ignores_the_order_of_users_only() {
        let table = |rows: &[(&str, &str, i64)]| {
            let mut b = MatrixBuilder::new();
            for &(u, q, s) in rows {
                b.push(u, q, int(s), 0).unwrap();
            }
            b.finish(Duplicates::Error, "line").unwrap().fingerprint()
        };
        let base = table(&[("x", "a", 1), ("y", "a", 0), ("x", "b", 2)]);
        assert_eq!(base, table(&[("y", "a", 0), ("x", "a", 1), ("x", "b", 2)]));
        assert_ne!(base, table(&[("x", "b", 2), ("x", "a", 1), ("y", "a", 0)]));
        assert_ne!(base, table(&[("x", "a", 1), ("y", "a", 1), ("x", "b", 2)]));
    }

    #[test]
    fn sums_that_cannot_be_exact_are_refused() {
        let mut b = MatrixBuilder::new();
        b.push("x", "a", int(i64::MAX), 1).unwrap();
        assert!(matches!(
            b.finish(Duplicates::Error, "line"),
            Err(MatrixError::SumsTooWide { .. })
        ));
        let mut b = MatrixBuilder::new();
        b.push("x", "a", int(i64::MAX), 1).unwrap();
        b.push("x", "b", int(1), 1).unwrap();
        assert!(matches!(
            b.finish(Duplicates::Error, "line"),
            Err(MatrixError::TooWide { .. })
        ));
    }
}
