//! What is kept of a session, and what a finished part leaves, as their files hold it.

use super::portion::Portion;
use crate::combin::Size;
use crate::report::{Asked, Audit, Place, Ran, Ranks, Whole, decimal};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A session, or a finished part.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Document {
    /// Version of the program that wrote it, which alone reads it: another one may cut and order otherwise.
    pub version: String,
    /// How it was begun.
    pub begun: Begun,
    /// Digest of the table's content.
    pub fingerprint: String,
    /// Digest of what a query has from elsewhere: the numbers of a criterion, the groups of questions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub beside: Option<String>,
    /// Which part of the sets; all where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub part: Option<Portion>,
    /// What searched so far.
    pub engine: Ran,
    /// One search for each K, in the order asked for.
    pub searches: Vec<Kept>,
}

/// How a search was begun, so that it can go on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Begun {
    /// What was typed.
    pub arguments: Vec<String>,
    /// The folder in which it was typed, where relative names start.
    pub folder: String,
    /// The table, where it was read from a file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<String>,
}

/// What is kept of the search for sets of one K.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Kept {
    /// What was asked.
    pub query: Asked,
    /// All sets that there are.
    #[serde(with = "decimal")]
    pub sets: Size,
    /// The ranks to be searched, in the order of sessions; null where sets cannot be numbered, and all are searched.
    pub ranks: Option<Ranks>,
    /// Those that are done, ascending, none of them touching another; null where all are done in one piece or not
    /// at all, and are not.
    pub done: Option<Vec<Ranks>>,
    /// Pieces that were done.
    pub units: u64,
    /// Sets with a defined correlation among those done; null where that is not known.
    #[serde(with = "decimal::option")]
    pub defined: Option<u128>,
    /// The sums of the sets that are done, over the scores and totals of the table.
    pub audit: Audit,
    /// How the sets that are done were decided, where all of them were by bounds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proof: Option<Whole>,
    /// Seconds of search.
    pub elapsed_s: f64,
    /// The best of the sets that are done, best first.
    pub best: Vec<Place>,
    /// Good sets met elsewhere, best first, for a floor: they are listed only once their ranks are done.
    pub known: Vec<Place>,
}

impl Serialize for Portion {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Portion {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        text.parse().map_err(de::Error::custom)
    }
}
