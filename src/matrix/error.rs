//! Why answers do not make a table.

use super::fraction::held;
use std::fmt;

/// Why rows do not make a table.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum MatrixError {
    /// No row had a score.
    #[error("the table has no answers: every row was empty or there were no rows")]
    NoResponses,
    /// A (user, question) twice under [`Duplicates::Error`](super::Duplicates::Error).
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
    /// A (user, question) with two scores under [`Duplicates::Same`](super::Duplicates::Same).
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
