//! The table in memory: who answered what, with which score, in integers.
//!
//! Layer 0. Everything that searches reads a [`ResponseMatrix`]; nothing but [`MatrixBuilder`]
//! makes one. It knows nothing of files, engines or sets.

use indexmap::IndexSet;
use sha2::{Digest, Sha256};
use std::cmp::Ordering;
use std::fmt;

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
    /// Repeats of one score are one answer; others are refused, naming the first two places.
    Same,
    /// Keep the answer that came first.
    First,
    /// Keep the answer that came last.
    Last,
    /// Keep the largest score.
    Max,
    /// Keep the mean of the scores, exactly.
    Mean,
}

/// Why rows do not make a table.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum MatrixError {
    /// No row had a score.
    #[error("the table has no answers: every row was empty or there were no rows")]
    NoResponses,
    /// A (user, question) twice under [`Duplicates::Error`].
    #[error(
        "user {user:?} answered question {question:?} twice, at {unit} {first} and \
         {unit} {second}; {repeats}"
    )]
    Duplicate {
        /// The user's id.
        user: String,
        /// The question's id.
        question: String,
        /// What the places count: `line` or `record`.
        unit: &'static str,
        /// Place of the first answer.
        first: u64,
        /// Place of the second.
        second: u64,
        /// What is known of all repeats of the table.
        repeats: Repeats,
    },
    /// A (user, question) with two scores under [`Duplicates::Same`].
    #[error(
        "user {user:?} answered question {question:?} twice with different scores, at \
         {unit} {first} and {unit} {second}; {repeats}"
    )]
    Contradiction {
        /// The user's id.
        user: String,
        /// The question's id.
        question: String,
        /// What the places count: `line` or `record`.
        unit: &'static str,
        /// Place of the first answer.
        first: u64,
        /// Place of the first that differs from it.
        second: u64,
        /// What is known of all repeats of the table.
        repeats: Repeats,
    },
    /// Held over the table's denominator, a score or a total leaves 64 bits.
    #[error(
        "scores {} do not fit 64 bits ({what}); \
         write the scores with fewer digits or in a smaller unit",
        held(*.denominator)
    )]
    TooWide {
        /// Denominator of the whole table.
        denominator: u64,
        /// Which number did not fit.
        what: String,
    },
    /// The means of repeated answers have no common denominator of 64 bits.
    #[error(
        "the means of repeated answers have no common denominator that fits 64 bits; \
         round them to a few digits"
    )]
    NoDenominator,
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

/// How answers to a (user, question) that was answered before compare with the first of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Repeats {
    /// How many there are.
    pub all: u64,
    /// How many have another score than the first answer of their user and question.
    pub different: u64,
}

impl fmt::Display for Repeats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self { all: 1, different } => {
                let verb = if different == 0 { "agrees" } else { "differs" };
                write!(f, "the table's only repeat {verb}")
            }
            Self { all, different: 0 } => write!(f, "all {all} repeats agree"),
            Self { all, different: 1 } => write!(f, "1 of {all} repeats differs"),
            Self { all, different } => write!(f, "{different} of {all} repeats differ"),
        }
    }
}

/// How scores over `denominator` are held.
fn held(denominator: u64) -> String {
    match decimal(denominator) {
        Some(scale) => format!("scaled by 10^{scale} to integers"),
        None => format!("held as integers over {denominator}"),
    }
}

/// Which power of ten `denominator` is, up to [`MAX_SCALE`].
fn decimal(denominator: u64) -> Option<u8> {
    (0..=MAX_SCALE).find(|&scale| 10_u64.pow(u32::from(scale)) == denominator)
}

/// A score while a table is made.
#[derive(Clone, Copy, Debug)]
struct Fraction {
    numerator: i64,
    denominator: u64,
}

impl Fraction {
    fn of(score: Score) -> Self {
        Self {
            numerator: score.mantissa,
            denominator: 10_u64.pow(u32::from(score.digits)),
        }
    }

    /// As an integer over `denominator`, a multiple of its own denominator in lowest terms.
    fn over(self, denominator: u64) -> Option<i64> {
        let wide = i128::from(self.numerator) * i128::from(denominator);
        i64::try_from(wide / i128::from(self.denominator)).ok()
    }

    fn lowest(self) -> Self {
        let common = gcd(self.numerator.unsigned_abs(), self.denominator);
        Self {
            // The common divisor divides both; of i64::MIN it is at most a u64's 2^63.
            numerator: (i128::from(self.numerator) / i128::from(common)) as i64,
            denominator: self.denominator / common,
        }
    }

    fn cmp(self, other: Self) -> Ordering {
        let across = |a: Self, b: Self| i128::from(a.numerator) * i128::from(b.denominator);
        across(self, other).cmp(&across(other, self))
    }
}

fn gcd(mut a: u64, mut b: u64) -> u64 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

/// One answer as it was read.
#[derive(Clone, Copy, Debug)]
struct Row {
    user: u32,
    question: u32,
    score: Fraction,
    place: u64,
}

/// Collects rows and turns them into a [`ResponseMatrix`].
#[derive(Debug, Default)]
pub struct MatrixBuilder {
    users: IndexSet<Box<str>>,
    questions: IndexSet<Box<str>>,
    rows: Vec<Row>,
    mean_digits: Option<u8>,
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
        intern(&mut self.users, id, "users")
    }

    /// Index of the question `id`, which is entered if new.
    ///
    /// # Errors
    /// [`MatrixError::TooMany`] beyond 2^32 questions.
    pub fn question(&mut self, id: &str) -> Result<u32, MatrixError> {
        intern(&mut self.questions, id, "questions")
    }

    /// Adds the answer of a user to a question, by their indices. `place` is the answer's line or
    /// record number, for messages.
    ///
    /// # Errors
    /// [`MatrixError::TooMany`] beyond 2^32 answers.
    ///
    /// # Panics
    /// Where an index is not one that [`Self::user`] or [`Self::question`] gave.
    pub fn answer(
        &mut self,
        user: u32,
        question: u32,
        score: Score,
        place: u64,
    ) -> Result<(), MatrixError> {
        assert!((user as usize) < self.users.len() && (question as usize) < self.questions.len());
        if self.rows.len() == u32::MAX as usize {
            return Err(MatrixError::TooMany {
                what: "answers",
                limit: u64::from(u32::MAX),
            });
        }
        self.rows.push(Row {
            user,
            question,
            score: Fraction::of(score),
            place,
        });
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
        let mut question = 0;
        self.questions.retain(|_| {
            question += 1;
            moved[question - 1].is_some()
        });
        self.rows
            .retain_mut(|row| match moved[row.question as usize] {
                Some(question) => {
                    row.question = question;
                    true
                }
                None => false,
            });
    }

    /// The id of a user that [`Self::user`] entered.
    ///
    /// # Panics
    /// Where there is no such user.
    #[must_use]
    pub fn user_id(&self, user: u32) -> &str {
        &self.users[user as usize]
    }

    /// Changes every answer to the questions for which `of` is true, given the question, the score
    /// and the place, in the order in which answers were added.
    ///
    /// # Errors
    /// The first that `change` gives.
    pub fn change_scores<E>(
        &mut self,
        of: impl Fn(u32) -> bool,
        mut change: impl FnMut(u32, Score, u64) -> Result<Score, E>,
    ) -> Result<(), E> {
        for row in self.rows.iter_mut().filter(|row| of(row.question)) {
            let score = Score {
                mantissa: row.score.numerator,
                // A power of ten until repeats are resolved.
                digits: row.score.denominator.ilog10() as u8,
            };
            row.score = Fraction::of(change(row.question, score, row.place)?);
        }
        Ok(())
    }

    /// Rounds the means of [`Duplicates::Mean`] to so many digits behind the point, at most
    /// [`MAX_SCALE`], halves away from zero. Without it they are exact.
    pub fn round_means(&mut self, digits: u8) {
        self.mean_digits = Some(digits.min(MAX_SCALE));
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

        let scores = self.rows.iter().map(|row| row.score);
        let denominator = common_denominator(scores).ok_or(MatrixError::NoDenominator)?;
        let users = self.users.len();
        let questions = self.questions.len();
        let mut columns = vec![Column::empty(users); questions];
        for row in &self.rows {
            let score = row
                .score
                .over(denominator)
                .ok_or_else(|| MatrixError::TooWide {
                    denominator,
                    what: format!("the score at {unit} {}", row.place),
                })?;
            columns[row.question as usize].push(row.user, score);
        }
        ResponseMatrix::from_columns(
            self.users.into_iter().map(String::from).collect(),
            self.questions.into_iter().map(String::from).collect(),
            columns,
            denominator,
        )
    }

    /// Rows are sorted by (question, user) and then as they came: leaves one of each or refuses.
    /// The repeat named is the one whose second place comes first.
    fn resolve_duplicates(
        &mut self,
        duplicates: Duplicates,
        unit: &'static str,
    ) -> Result<(), MatrixError> {
        let same = |a: &Row, b: &Row| a.question == b.question && a.user == b.user;
        let mut repeats = Repeats::default();
        let mut named: Option<(Row, Row)> = None;
        let mut kept = Vec::with_capacity(self.rows.len());
        for group in self.rows.chunk_by(same) {
            let first = group[0];
            for row in &group[1..] {
                let differs = row.score.cmp(first.score).is_ne();
                repeats.all += 1;
                repeats.different += u64::from(differs);
                let refused = duplicates == Duplicates::Error || differs;
                if refused && named.is_none_or(|(_, second)| row.place < second.place) {
                    named = Some((first, *row));
                }
            }
            let scores = group.iter().map(|row| row.score);
            let score = match duplicates {
                Duplicates::Error | Duplicates::Same | Duplicates::First => first.score,
                Duplicates::Last => group[group.len() - 1].score,
                Duplicates::Max => scores.fold(first.score, |most, score| {
                    if score.cmp(most).is_gt() { score } else { most }
                }),
                Duplicates::Mean if group.len() == 1 => first.score,
                Duplicates::Mean => {
                    mean(scores, self.mean_digits).ok_or_else(|| MatrixError::TooWide {
                        denominator: group.len() as u64,
                        what: format!("the mean of the scores from {unit} {}", first.place),
                    })?
                }
            };
            kept.push(Row { score, ..first });
        }
        self.rows = kept;
        let Some((first, second)) = named else {
            return Ok(());
        };
        let user = self.users[first.user as usize].to_string();
        let question = self.questions[first.question as usize].to_string();
        let (first, second) = (first.place, second.place);
        match duplicates {
            Duplicates::Error => Err(MatrixError::Duplicate {
                user,
                question,
                unit,
                first,
                second,
                repeats,
            }),
            Duplicates::Same => Err(MatrixError::Contradiction {
                user,
                question,
                unit,
                first,
                second,
                repeats,
            }),
            _ => Ok(()),
        }
    }
}

/// The mean, rounded to so many digits behind the point, halves away from zero; `None` where it
/// does not fit.
fn mean(scores: impl ExactSizeIterator<Item = Fraction>, digits: Option<u8>) -> Option<Fraction> {
    // Scores are below 2^63 over 10^MAX_SCALE < 2^30, and fewer than 2^32.
    let unit = 10_u64.pow(u32::from(MAX_SCALE));
    let count = scores.len() as u64;
    let sum: i128 = scores
        .map(|score| i128::from(score.numerator) * i128::from(unit / score.denominator))
        .sum();
    let below = i128::from(unit) * i128::from(count);
    let (numerator, denominator) = match digits {
        Some(digits) => {
            let to = 10_u64.pow(u32::from(digits));
            let step = below / i128::from(to);
            let size = (sum.unsigned_abs() + step.unsigned_abs() / 2) / step.unsigned_abs();
            (size as i128 * sum.signum(), to)
        }
        None => {
            let common = gcd_wide(sum.unsigned_abs(), below.unsigned_abs());
            // At most 2^30 times 2^32.
            (sum / common as i128, (below / common as i128) as u64)
        }
    };
    Some(Fraction {
        numerator: i64::try_from(numerator).ok()?,
        denominator,
    })
}

fn gcd_wide(mut a: u128, mut b: u128) -> u128 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

/// The least 10^s with s at most [`MAX_SCALE`] over which all scores are integers; else the least
/// number of all, where that fits.
fn common_denominator(scores: impl Iterator<Item = Fraction>) -> Option<u64> {
    let mut least = 1_u64;
    for score in scores {
        let own = score.lowest().denominator;
        if least % own != 0 {
            least = least.checked_mul(own / gcd(least, own))?;
        }
    }
    let powers = (0..=MAX_SCALE).map(|scale| 10_u64.pow(u32::from(scale)));
    Some(
        powers
            .into_iter()
            .find(|power| power % least == 0)
            .unwrap_or(least),
    )
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
    denominator: u64,
}

impl ResponseMatrix {
    fn from_columns(
        users: Vec<String>,
        questions: Vec<String>,
        columns: Vec<Column>,
        denominator: u64,
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
                denominator,
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

    /// Scores and totals are held as integers over this. It is the least 10^s with s at most
    /// [`MAX_SCALE`] that makes all scores integers; where none does, which takes means, the least
    /// number of all.
    #[must_use]
    pub fn denominator(&self) -> u64 {
        self.denominator
    }

    /// The s of a denominator that is 10^s, at most [`MAX_SCALE`]: all but some that means made.
    #[must_use]
    pub fn scale(&self) -> Option<u8> {
        decimal(self.denominator)
    }

    /// SHA-256 over the canonical content, as `sha256:` and 64 hex digits.
    ///
    /// Canonical: scale (else a line of its own kind, and the denominator), question ids in input order, then every user by ascending id with their
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
        match self.scale() {
            Some(scale) => {
                hash.update(b"kcorrset table 1\n");
                number(&mut hash, u64::from(scale));
            }
            None => {
                hash.update(b"kcorrset table of fractions 1\n");
                number(&mut hash, self.denominator);
            }
        }
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
        assert_eq!((m.scale(), m.totals()[0]), (Some(1), 35));
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
