//! What a reader should know of a table that was read all the same.

use super::codes::Range;
use super::error::Place;
use super::quote::list;
use std::fmt;

/// Something that was done, or that looks wrong and was not touched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Note {
    /// Rows without a user were left out, as asked.
    BlankUsers {
        /// How many.
        rows: u64,
        /// The first.
        first: Place,
    },
    /// Columns without a name are no questions.
    Nameless {
        /// How many.
        columns: usize,
    },
    /// No column of a wide table names its users: they are numbered by their rows.
    Numbered,
    /// Questions were reversed over the range of the scores that were read.
    Reversed {
        /// The questions.
        questions: Vec<String>,
        /// The range.
        range: Range,
    },
    /// Scores far outside of all others.
    Outside {
        /// Those scores, as text.
        scores: Vec<String>,
        /// The questions that have them.
        questions: Vec<String>,
        /// The others: the lowest and highest over these questions.
        others: Range,
    },
    /// Questions that correlate negatively with the rest.
    Against {
        /// Those questions.
        questions: Vec<String>,
    },
    /// Ids that differ only by space or case.
    Alike {
        /// `users` or `questions`.
        what: &'static str,
        /// How many are like an earlier one.
        count: usize,
        /// The first such pair.
        pair: (String, String),
    },
}

impl Note {
    /// Whether it may make an answer mean something else than was meant.
    #[must_use]
    pub fn is_warning(&self) -> bool {
        match self {
            Self::BlankUsers { .. }
            | Self::Nameless { .. }
            | Self::Numbered
            | Self::Reversed { .. } => false,
            Self::Outside { .. } | Self::Against { .. } | Self::Alike { .. } => true,
        }
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = |names: &[String]| list(names.iter().map(String::as_str));
        match self {
            Self::BlankUsers { rows: 1, first } => {
                write!(f, "1 row without a user was left out, at {first}")
            }
            Self::BlankUsers { rows, first } => {
                write!(
                    f,
                    "{rows} rows without a user were left out, the first at {first}"
                )
            }
            Self::Nameless { columns: 1 } => {
                f.write_str("1 column has no name and was not taken for a question")
            }
            Self::Nameless { columns } => {
                write!(
                    f,
                    "{columns} columns have no name and were not taken for questions"
                )
            }
            Self::Numbered => {
                f.write_str("no column names the users: each row is one, by its number")
            }
            Self::Reversed { questions, range } => write!(
                f,
                "reversed over {range}, the lowest and highest score read: {}",
                names(questions)
            ),
            Self::Outside {
                scores,
                questions,
                others,
            } => write!(
                f,
                "{} far outside of all other scores, {others}, of {}: a code for a missing answer?",
                match &scores[..] {
                    [one] => format!("the score {one} lies"),
                    more => format!("the scores {} lie", more.join(", ")),
                },
                names(questions)
            ),
            Self::Against { questions } => write!(
                f,
                "{} negatively with the rest, as if worded the other way: {}",
                match questions.len() {
                    1 => "1 question correlates".to_owned(),
                    count => format!("{count} questions correlate"),
                },
                names(questions)
            ),
            Self::Alike { what, count, pair } => {
                let (first, second) = (&pair.0, &pair.1);
                write!(
                    f,
                    "{what} that differ only by space or case are held apart: {}{}",
                    list([first.as_str(), second.as_str()]),
                    match count - 1 {
                        0 => String::new(),
                        more => format!(" and {more} more"),
                    }
                )
            }
        }
    }
}
