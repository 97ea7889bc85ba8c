//! Seeded random tables: the published recipe, and an item-response model.
//!
//! Layer 1. Users are called `u0`, `u1`, ... and questions `q0`, `q1`, .... Every question draws
//! from its own ChaCha8 stream, keyed by the seed and numbered by the question, so that the rows of
//! one do not depend on those before it. A user or a question without any answer has no row and so
//! is not in the table.
//!
//! [`Model::Random`] draws integers only: equal specs give equal tables on every machine.
//! [`Model::ItemResponse`] uses the platform's `exp`, whose last bit may differ between platforms.

use crate::matrix::{Duplicates, MatrixBuilder, MatrixError, ResponseMatrix, Score};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::StandardNormal;
use std::io::{self, BufWriter, Write};
use std::ops::RangeInclusive;

/// How scores come about.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Model {
    /// Every score of the range equally likely, whoever asks.
    Random,
    /// Abilities and difficulty ~ N(0, 1); each step up the range is taken with the logistic
    /// probability of discrimination · (ability − difficulty), independently of the others.
    ItemResponse {
        /// A question's discrimination is uniform between these two. Below 0 the able score less, as
        /// with a question that is worded the other way.
        discrimination: (f64, f64),
        /// F, at least 1: a user has F independent abilities, and question q asks for the one of number
        /// q mod F.
        factors: usize,
    },
}

impl Model {
    /// The item-response model with one ability, where all questions discriminate alike.
    pub const RASCH: Self = Self::ItemResponse {
        discrimination: (1.0, 1.0),
        factors: 1,
    };
}

/// A table to make; equal specs make equal tables.
#[derive(Clone, Debug, PartialEq)]
pub struct Spec {
    /// U.
    pub users: usize,
    /// Q.
    pub questions: usize,
    /// Share of the users who answer a question, drawn without replacement: round(share · U) users.
    pub answered: f64,
    /// Scores from .. to.
    pub scores: RangeInclusive<i64>,
    /// How scores come about.
    pub model: Model,
    /// With B > 0, users and questions are dealt into B booklets instead, and `answered` is unused:
    /// user u answers the questions of booklets u mod B and (u + 1) mod B, question q is in booklet
    /// q mod B.
    pub booklets: usize,
    /// Decides all draws.
    pub seed: u64,
}

/// Form of a written table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TableFormat {
    /// One JSON array of objects, the published form.
    Json,
    /// One JSON object a line.
    Ndjson,
    /// Comma-separated with a header.
    Csv,
}

/// Most steps of [`Model::ItemResponse`], which draws once a step.
pub const MAX_STEPS: u64 = 1000;

/// Why a spec makes no table.
#[derive(Debug, thiserror::Error)]
pub enum SynthError {
    /// No users, or no questions.
    #[error("a table needs at least one user and one question, not {users} and {questions}")]
    NoTable {
        /// Users asked for.
        users: usize,
        /// Questions asked for.
        questions: usize,
    },
    /// More users or questions than 32-bit indices hold.
    #[error("{count} {what}: more than {} are not supported", u32::MAX)]
    TooMany {
        /// `users` or `questions`.
        what: &'static str,
        /// How many were asked for.
        count: usize,
    },
    /// The share of users who answer is no share.
    #[error("the share of users who answer a question must lie between 0 and 1, not {answered}")]
    Share {
        /// What was asked for.
        answered: f64,
    },
    /// The share rounds to no user at all.
    #[error("{answered} of {users} users rounds to nobody: raise the share or the users")]
    NobodyAnswers {
        /// The share.
        answered: f64,
        /// U.
        users: usize,
    },
    /// The scores run from more to less.
    #[error("no score lies between {from} and {to}: give the smaller one first")]
    NoScores {
        /// The first score.
        from: i64,
        /// The last score.
        to: i64,
    },
    /// The range is too long for the item-response model.
    #[error(
        "the item-response model takes {steps} steps from {from} to {to}, \
         and {MAX_STEPS} is the limit: choose a shorter range of scores"
    )]
    TooManySteps {
        /// The first score.
        from: i64,
        /// The last score.
        to: i64,
        /// Their distance.
        steps: u64,
    },
    /// The discriminations are no range of numbers.
    #[error(
        "discriminations from {from} to {to}: the item-response model needs two finite numbers, \
         the smaller one first"
    )]
    Discrimination {
        /// The first of them.
        from: f64,
        /// The last of them.
        to: f64,
    },
    /// No ability at all, or some that no question asks for.
    #[error(
        "{factors} factors for {questions} questions: the item-response model needs at least one, \
         and at most one a question"
    )]
    Factors {
        /// F.
        factors: usize,
        /// Q.
        questions: usize,
    },
    /// Some booklets would be empty.
    #[error(
        "{booklets} booklets cannot be filled with {questions} questions: ask for at most one booklet a question"
    )]
    EmptyBooklets {
        /// B.
        booklets: usize,
        /// Q.
        questions: usize,
    },
    /// Too few users for the booklets.
    #[error(
        "{booklets} booklets need at least {least} users, not {users}: else some are never answered"
    )]
    UnusedBooklets {
        /// B.
        booklets: usize,
        /// B - 1, at least 1: a user answers two booklets.
        least: usize,
        /// U.
        users: usize,
    },
    /// The rows make no table.
    #[error(transparent)]
    Table(#[from] MatrixError),
    /// The output could not be written.
    #[error("the table cannot be written: {0}")]
    Write(io::Error),
}

impl From<io::Error> for SynthError {
    fn from(error: io::Error) -> Self {
        Self::Write(error)
    }
}

/// The table of `spec`.
///
/// # Errors
/// See [`SynthError`].
pub fn matrix(spec: &Spec) -> Result<ResponseMatrix, SynthError> {
    let recipe = Recipe::of(spec)?;
    let users = recipe.user_ids();
    let mut builder = MatrixBuilder::new();
    let mut place = 0;
    for question in 0..recipe.questions {
        let id = format!("q{question}");
        for (user, mantissa) in recipe.column(question) {
            place += 1;
            let score = Score {
                mantissa,
                digits: 0,
            };
            builder.push(&users[user as usize], &id, Some(score), place)?;
        }
    }
    Ok(builder.finish(Duplicates::Error, "record")?)
}

/// Writes the table of `spec`: rows by question, then user. Nothing is written of a spec that makes
/// no table.
///
/// # Errors
/// See [`SynthError`].
pub fn write(spec: &Spec, format: TableFormat, out: &mut dyn Write) -> Result<(), SynthError> {
    let recipe = Recipe::of(spec)?;
    let users = recipe.user_ids();
    let mut out = BufWriter::with_capacity(1 << 16, out);
    out.write_all(match format {
        TableFormat::Json => b"[\n",
        TableFormat::Ndjson => b"",
        TableFormat::Csv => b"user,question,score\n",
    })?;
    let mut first = true;
    for question in 0..recipe.questions {
        for (user, score) in recipe.column(question) {
            let user = &users[user as usize];
            if format == TableFormat::Csv {
                writeln!(out, "{user},q{question},{score}")?;
                continue;
            }
            if format == TableFormat::Json && !first {
                out.write_all(b",\n")?;
            }
            first = false;
            write!(
                out,
                r#"{{"user":"{user}","question":"q{question}","score":{score}}}"#
            )?;
            if format == TableFormat::Ndjson {
                out.write_all(b"\n")?;
            }
        }
    }
    if format == TableFormat::Json {
        out.write_all(b"\n]\n")?;
    }
    out.flush()?;
    Ok(())
}

/// A spec that was found to make a table, and what all its questions share.
struct Recipe {
    users: u32,
    questions: u32,
    respondents: Respondents,
    scores: RangeInclusive<i64>,
    /// Under [`Model::ItemResponse`].
    item_response: Option<ItemResponse>,
    seed: u64,
}

/// What all questions share under [`Model::ItemResponse`].
struct ItemResponse {
    discrimination: (f64, f64),
    /// Every user's ability, once a factor.
    abilities: Vec<Vec<f64>>,
}

/// Who answers a question.
enum Respondents {
    /// So many, drawn without replacement.
    Drawn(usize),
    /// Those with its booklet, of so many.
    Booklets(u32),
}

impl Recipe {
    fn of(spec: &Spec) -> Result<Self, SynthError> {
        let index =
            |what, count| u32::try_from(count).map_err(|_| SynthError::TooMany { what, count });
        let users = index("users", spec.users)?;
        let questions = index("questions", spec.questions)?;
        if users == 0 || questions == 0 {
            return Err(SynthError::NoTable {
                users: spec.users,
                questions: spec.questions,
            });
        }
        let (from, to) = (*spec.scores.start(), *spec.scores.end());
        if from > to {
            return Err(SynthError::NoScores { from, to });
        }
        let respondents = Respondents::of(spec)?;
        Ok(Self {
            users,
            questions,
            respondents,
            scores: spec.scores.clone(),
            item_response: ItemResponse::of(spec)?,
            seed: spec.seed,
        })
    }

    fn user_ids(&self) -> Vec<String> {
        (0..self.users).map(|user| format!("u{user}")).collect()
    }

    /// Users who answer `question`, ascending, with their scores.
    fn column(&self, question: u32) -> Vec<(u32, i64)> {
        let mut draws = stream(self.seed, u64::from(question) + 1);
        let users = self.respondents(question, &mut draws);
        let (from, to) = (*self.scores.start(), *self.scores.end());
        match &self.item_response {
            None => users
                .into_iter()
                .map(|user| (user, draws.random_range(from..=to)))
                .collect(),
            Some(model) => {
                let difficulty: f64 = draws.sample(StandardNormal);
                let discrimination = model.discrimination(&mut draws);
                let abilities = &model.abilities[question as usize % model.abilities.len()];
                users
                    .into_iter()
                    .map(|user| {
                        let ability = abilities[user as usize];
                        let p = logistic(discrimination * (ability - difficulty));
                        let up = (from..to).filter(|_| draws.random::<f64>() < p).count();
                        (user, from + up as i64)
                    })
                    .collect()
            }
        }
    }

    fn respondents(&self, question: u32, draws: &mut ChaCha8Rng) -> Vec<u32> {
        match self.respondents {
            Respondents::Drawn(count) => {
                let drawn = rand::seq::index::sample(draws, self.users as usize, count);
                // Below `users`, so they fit.
                let mut users: Vec<u32> = drawn.into_iter().map(|user| user as u32).collect();
                users.sort_unstable();
                users
            }
            Respondents::Booklets(booklets) => {
                let booklet = question % booklets;
                (0..self.users)
                    .filter(|user| {
                        let first = user % booklets;
                        first == booklet || (first + 1) % booklets == booklet
                    })
                    .collect()
            }
        }
    }
}

impl ItemResponse {
    /// `None` under another model.
    fn of(spec: &Spec) -> Result<Option<Self>, SynthError> {
        let Model::ItemResponse {
            discrimination,
            factors,
        } = spec.model
        else {
            return Ok(None);
        };
        let (from, to) = (*spec.scores.start(), *spec.scores.end());
        let steps = to.abs_diff(from);
        if steps > MAX_STEPS {
            return Err(SynthError::TooManySteps { from, to, steps });
        }
        let (from, to) = discrimination;
        // Not a number compares as false.
        if !(from.is_finite() && to.is_finite() && from <= to) {
            return Err(SynthError::Discrimination { from, to });
        }
        let questions = spec.questions;
        if !(1..=questions).contains(&factors) {
            return Err(SynthError::Factors { factors, questions });
        }
        let mut draws = stream(spec.seed, 0);
        let mut ability = || {
            let users = (0..spec.users).map(|_| draws.sample(StandardNormal));
            users.collect()
        };
        Ok(Some(Self {
            discrimination,
            abilities: (0..factors).map(|_| ability()).collect(),
        }))
    }

    /// One question's. Nothing is drawn where all questions have the same, so that what is drawn after it
    /// is the same whatever that is.
    fn discrimination(&self, draws: &mut ChaCha8Rng) -> f64 {
        let (from, to) = self.discrimination;
        if from == to {
            return from;
        }
        // Not from + share · (to − from): that difference may be infinite.
        let share = draws.random::<f64>();
        from * (1.0 - share) + to * share
    }
}

impl Respondents {
    fn of(spec: &Spec) -> Result<Self, SynthError> {
        let (users, booklets) = (spec.users, spec.booklets);
        if booklets == 0 {
            let answered = spec.answered;
            if !(0.0..=1.0).contains(&answered) {
                return Err(SynthError::Share { answered });
            }
            let count = (answered * users as f64).round() as usize;
            if count == 0 {
                return Err(SynthError::NobodyAnswers { answered, users });
            }
            return Ok(Self::Drawn(count.min(users)));
        }
        if booklets > spec.questions {
            return Err(SynthError::EmptyBooklets {
                booklets,
                questions: spec.questions,
            });
        }
        // Users 0 .. U-1 answer booklets 0 .. U.
        let least = (booklets - 1).max(1);
        if users < least {
            return Err(SynthError::UnusedBooklets {
                booklets,
                least,
                users,
            });
        }
        // At most the number of questions, which fits.
        Ok(Self::Booklets(booklets as u32))
    }
}

/// The `number`th stream of draws under `seed`.
fn stream(seed: u64, number: u64) -> ChaCha8Rng {
    let mut key = [0; 32];
    key[..8].copy_from_slice(&seed.to_le_bytes());
    let mut draws = ChaCha8Rng::from_seed(key);
    draws.set_stream(number);
    draws
}

fn logistic(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}
