//! Why a search cannot be divided, why a document is not of a query, why parts make no whole.

use super::portion::Portion;
use super::store::StoreError;
use crate::combin::Size;
use crate::engine::EngineError;
use crate::report::{self, count, one_line};
use crate::search::SearchError;

/// Why a search is not divided into so many parts.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DivideError {
    /// Parts go by ranks.
    #[error(
        "parts are ranges of the numbers of sets, and {} are more than 2^128, which cannot be numbered; search them \
         in one piece, or take sets of another size",
        report::sets(.sets)
    )]
    NotNumbered {
        /// How many there are.
        sets: Size,
    },
    /// Some would be empty.
    #[error(
        "{of} parts are more than the {} of {}; divide into fewer parts",
        count(*.sets, "set"), count(*k as u128, "question")
    )]
    TooMany {
        /// N.
        of: u32,
        /// How many sets there are.
        sets: u128,
        /// K.
        k: usize,
    },
}

/// Why a document does not go with a table and a query.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Mismatch {
    /// The table is another one.
    #[error(
        "it is of other data: the table has the fingerprint {here}, and it was begun with {there}; give the table \
         that it was begun with"
    )]
    Data {
        /// As it stands there.
        there: String,
        /// The table's.
        here: String,
    },
    /// The numbers of a criterion or the groups of questions are others.
    #[error(
        "the numbers of the criterion, or the groups of questions, are not those that it was begun with: restore \
         their files"
    )]
    Beside,
    /// Other questions are asked.
    #[error("it is of another query: {}", .0.join("; "))]
    Query(Vec<String>),
    /// Something in it does not follow from the table.
    #[error(
        "it was changed, or made elsewhere: {0}, which the table does not bear out; make it again"
    )]
    Untrue(String),
    /// What it divides cannot be divided so.
    #[error(transparent)]
    Divide(#[from] DivideError),
}

impl Mismatch {
    pub(super) fn untrue(what: impl Into<String>) -> Self {
        Self::Untrue(what.into())
    }
}

/// Why documents of parts make no whole.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MergeError {
    /// There is none.
    #[error("there are no parts to merge")]
    None,
    /// A document is of all sets.
    #[error("it is no part of a search, but a whole one")]
    NoPart,
    /// It has not been searched to its end.
    #[error("part {0} is not finished")]
    Unfinished(Portion),
    /// They are of different divisions.
    #[error("it is part {other}, and others are of {of}: give the parts of one division")]
    Divisions {
        /// The one that differs.
        other: Portion,
        /// N of the first.
        of: u32,
    },
    /// Two are the same part.
    #[error("part {0} is there twice: they overlap in all their sets; give one of them")]
    Twice(Portion),
    /// Something is missing.
    #[error("{}", gaps(.0))]
    Missing(Vec<Gap>),
    /// Their searches differ.
    #[error("{} differs from the first: {}", .part, .what.join("; "))]
    Differs {
        /// Which part.
        part: Portion,
        /// In what.
        what: Vec<String>,
    },
    /// A document does not go with the table.
    #[error("part {part}: {what}")]
    Mismatch {
        /// Which part.
        part: Portion,
        /// Why.
        what: Mismatch,
    },
}

impl MergeError {
    /// The part that it is about, where that is one of those given.
    #[must_use]
    pub fn portion(&self) -> Option<Portion> {
        match self {
            Self::None | Self::NoPart | Self::Missing(_) => None,
            Self::Unfinished(part) | Self::Twice(part) => Some(*part),
            Self::Divisions { other, .. } => Some(*other),
            Self::Differs { part, .. } | Self::Mismatch { part, .. } => Some(*part),
        }
    }
}

/// The pieces of a finished search are not every set once, or lost one: a machine erred, or a file was made by hand.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}: its answer is not to be trusted")]
pub struct WholeError(pub(super) String);

/// A part that is not there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gap {
    /// Which.
    pub part: Portion,
    /// Its ranks, for each K.
    pub ranks: Vec<(usize, std::ops::Range<u128>)>,
}

/// Most gaps that a sentence names.
const NAMED: usize = 8;

fn gaps(gaps: &[Gap]) -> String {
    let shown = gaps.iter().take(NAMED).map(|gap| {
        let ranks = gap.ranks.iter().map(|(k, ranks)| match gap.ranks.len() {
            1 => format!("ranks {}..{}", ranks.start, ranks.end),
            _ => format!("k {k} ranks {}..{}", ranks.start, ranks.end),
        });
        let ranks: Vec<_> = ranks.collect();
        format!("{} ({})", gap.part, ranks.join(", "))
    });
    let shown: Vec<_> = shown.collect();
    let more = match gaps.len().saturating_sub(NAMED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let (are, parts) = match gaps.len() {
        1 => ("is", "part"),
        _ => ("are", "parts"),
    };
    format!(
        "{parts} {}{more} {are} missing",
        one_line(&shown.join(", "))
    )
}

/// Why a session does not go on.
#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    /// The search failed, or was stopped.
    #[error(transparent)]
    Search(#[from] SearchError),
    /// What was done could not be saved.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<EngineError> for SessionError {
    fn from(error: EngineError) -> Self {
        Self::Search(error.into())
    }
}

impl SessionError {
    /// Whether somebody stopped it.
    #[must_use]
    pub fn is_stop(&self) -> bool {
        matches!(
            self,
            Self::Search(SearchError::Engine(EngineError::Stopped))
        )
    }
}
