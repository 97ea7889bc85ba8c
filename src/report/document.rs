//! The result of a search as a document: its parts, as they are written and read back.

use super::decimal;
use crate::combin::Size;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Version of the document's form as it is written.
pub const SCHEMA: u32 = 2;

/// Versions of the document's form that are read: 1 had one K, and nothing that 2 lacks.
pub const SCHEMAS_READ: [u32; 2] = [1, SCHEMA];

/// A sum over the users of a set, as documents hold it.
pub type Sum = i128;

/// Searches of one table: audited, but for a last one that was stopped.
///
/// One search stands in the outermost object of its JSON, several in an array `searches`.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// One of [`SCHEMAS_READ`].
    pub schema: u32,
    /// Version of the program that wrote it.
    pub version: String,
    /// The table that was searched.
    pub data: Data,
    /// What answered.
    pub engine: Ran,
    /// One for each K, in the order asked for; at least one.
    pub searches: Vec<Search>,
}

/// One search: finished and audited, or stopped before its end.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Search {
    /// What was asked.
    pub query: Asked,
    /// How many sets there were.
    pub sets: Sets,
    /// What the audit compared; nothing of a search that was stopped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub audit: Option<Audit>,
    /// How the sets were decided, where an engine proves the list by bounds; or how far they were when the search was
    /// stopped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proof: Option<Proof>,
    /// Seconds of search; loading is not in it.
    pub elapsed_s: f64,
    /// The best sets, best first.
    pub results: Vec<Place>,
}

/// The table that was searched.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Data {
    /// U.
    pub users: u64,
    /// Q.
    pub questions: u64,
    /// Answers.
    pub responses: u64,
    /// Scores and sums are in units of 10^-scale (products: its square).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scale: Option<u8>,
    /// Where no scale is given: scores and sums are in units of 1 / denominator.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub denominator: Option<u64>,
    /// Questions whose scores were reversed as they were read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reversed: Option<Turned>,
    /// Digest of the table's content.
    pub fingerprint: String,
}

/// Questions whose scores x were read as low + high − x.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Turned {
    /// Their ids.
    pub questions: Vec<String>,
    /// The lowest score.
    pub low: String,
    /// The highest score.
    pub high: String,
}

/// What was asked. What it does not know is refused when it is read: it may change which set is best.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Asked {
    /// K.
    pub k: usize,
    /// N.
    pub top: usize,
    /// A set answered in full by fewer users is undefined.
    pub min_users: u64,
    /// The ranks searched, where not all of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ranks: Option<Ranks>,
    /// The overall score that a set is compared with, where it is not the total.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub criterion: Option<String>,
    /// The column that a criterion was read from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub criterion_column: Option<String>,
    /// The file that a criterion was read from, as it was named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub criterion_file: Option<String>,
    /// What sets are ranked by, where it is not r.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rank_by: Option<String>,
    /// The confidence of a lower bound.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confidence: Option<f64>,
    /// How far below the best r a set's may be, where that limits the list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub within: Option<String>,
    /// Questions that every set has.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub include: Vec<String>,
    /// Questions that no set has.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exclude: Vec<String>,
    /// How many questions of each group a set has.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub groups: BTreeMap<String, String>,
    /// What a missing answer counts as, where its user is not left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unanswered: Option<String>,
}

/// A range of lexicographic ranks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ranks {
    /// First rank.
    #[serde(with = "decimal")]
    pub start: u128,
    /// First rank behind it.
    #[serde(with = "decimal")]
    pub end: u128,
}

/// What answered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ran {
    /// The engine's name.
    pub name: String,
    /// What it ran on.
    pub devices: Vec<String>,
}

/// How many sets there were.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sets {
    /// All that there are, whatever their number.
    #[serde(with = "decimal")]
    pub total: Size,
    /// Length of the range of ranks, where one was asked for.
    #[serde(
        default,
        with = "decimal::option",
        skip_serializing_if = "Option::is_none"
    )]
    pub visited: Option<u128>,
    /// Those of them with a defined correlation; null where an engine's discards leave it unknown.
    #[serde(with = "decimal::option")]
    pub defined: Option<u128>,
}

/// How the sets were decided: by an engine that proves its list, or as far as a search came that was stopped.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Proof {
    /// Each set was visited, or excluded by a bound.
    Whole(Whole),
    /// Some were not decided one by one.
    Stopped(Halt),
}

/// How a search that was stopped had come.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Halt {
    /// Always false.
    pub finished: bool,
    /// Sets that were visited or excluded.
    #[serde(with = "decimal")]
    pub done: u128,
    /// An r that no set exceeds but those listed, proved; null where nothing is known of the others.
    pub ceiling: Option<f64>,
    /// How far that is above the r of the best set listed, 0 where it is not: no set can be better by more.
    pub gap: Option<f64>,
}

/// How many sets were decided in which way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Whole {
    /// Sets that were visited.
    #[serde(with = "decimal")]
    pub visited: u128,
    /// Sets that a bound excluded: all others.
    #[serde(with = "decimal")]
    pub excluded: Size,
    /// Nodes of the tree that was searched.
    #[serde(with = "decimal")]
    pub nodes: u64,
}

/// What the audit compared: the sums over every set visited, equal to their closed forms.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Audit {
    /// Always true: a search whose audit fails has no report.
    pub passed: bool,
    /// Sets that were searched; what was compared is the number modulo 2^128.
    #[serde(with = "decimal")]
    pub sets: Size,
    /// Σ n modulo 2^64, like those below.
    #[serde(with = "decimal")]
    pub n: u64,
    /// Σ Sa.
    #[serde(with = "decimal")]
    pub sa: u64,
    /// Σ Sg.
    #[serde(with = "decimal")]
    pub sg: u64,
    /// Σ Saa.
    #[serde(with = "decimal")]
    pub saa: u64,
    /// Σ Sgg.
    #[serde(with = "decimal")]
    pub sgg: u64,
    /// Σ Sag.
    #[serde(with = "decimal")]
    pub sag: u64,
}

/// One of the best sets.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Place {
    /// From 1.
    pub place: usize,
    /// Question ids, in input order.
    pub questions: Vec<String>,
    /// The correlation, correctly rounded, in the fewest digits that read back as the same f64.
    pub r: f64,
    /// The lower bound of r that sets are ranked by, where they are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bound: Option<f64>,
    /// Users who answered all of the set.
    pub users: u64,
    /// The integers that r follows from, where the overall score is a total: g is the total.
    pub sums: PlaceSums,
    /// Where it is none, the sums that take the place of Sg, Sgg and Sag.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub criterion_sums: Option<CriterionSums>,
}

/// Sums with an overall score that is no total, as decimal integers: in units of 1/D, those of squares in 1/D²,
/// and of the criterion's last digit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CriterionSums {
    /// D, the least common denominator of the overall scores of the set's users.
    pub denominator: String,
    /// Σ g.
    pub sg: String,
    /// Σ g².
    pub sgg: String,
    /// Σ a·g.
    pub sag: String,
}

/// The six sums of a set, in score units.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlaceSums {
    /// Users.
    pub n: u64,
    /// Σ a.
    pub sa: Sum,
    /// Σ g.
    pub sg: Sum,
    /// Σ a².
    pub saa: Sum,
    /// Σ g².
    pub sgg: Sum,
    /// Σ a·g.
    pub sag: Sum,
}

impl Report {
    /// The first search; of a document with one K, the search.
    #[must_use]
    pub fn first(&self) -> Option<&Search> {
        self.searches.first()
    }

    /// Whether there are several K, each of which is then named where it matters.
    #[must_use]
    pub fn is_of_several(&self) -> bool {
        self.searches.len() > 1
    }
}

impl Search {
    /// How far it was when it was stopped, if it was.
    #[must_use]
    pub fn halt(&self) -> Option<Halt> {
        match self.proof {
            Some(Proof::Stopped(halt)) => Some(halt),
            Some(Proof::Whole(_)) | None => None,
        }
    }

    /// Sets that were searched.
    #[must_use]
    pub fn searched(&self) -> Size {
        match self.sets.visited {
            Some(visited) => visited.into(),
            None => self.sets.total.clone(),
        }
    }
}
