//! The result of a search as a document, and one printer a form.
//!
//! Layer 3. [`Report`] is what the JSON form holds and is read back from; the table and the CSV show
//! parts of it. A printer returns the whole text, so that a caller writes all or nothing.

mod csv;
mod decimal;
mod json;
mod table;
mod text;

pub use self::csv::csv;
pub use json::json;
pub use table::{FEW_USERS, Warning, table, warnings};
pub use text::{count, grouped, one_line, rate};

use crate::engine::{Engine, Part, Query};
use crate::matrix::ResponseMatrix;
use crate::stats::{AuditSums, Sums};
use crate::top::Candidate;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Version of the document's form; a reader refuses any other.
pub const SCHEMA: u32 = 1;

/// A finished and audited search.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// [`SCHEMA`].
    pub schema: u32,
    /// Version of the program that wrote it.
    pub version: String,
    /// The table that was searched.
    pub data: Data,
    /// What was asked.
    pub query: Asked,
    /// What answered.
    pub engine: Ran,
    /// How many sets there were.
    pub sets: Sets,
    /// What the audit compared.
    pub audit: Audit,
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
    /// Digest of the table's content.
    pub fingerprint: String,
}

/// What was asked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
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
    /// Its [`Engine::name`].
    pub name: String,
    /// What it ran on.
    pub devices: Vec<String>,
}

/// How many sets there were.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sets {
    /// C(Q, K).
    #[serde(with = "decimal")]
    pub total: u128,
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

/// What the audit compared: the sums over every set visited, equal to their closed forms.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Audit {
    /// Always true: a search whose audit fails has no report.
    pub passed: bool,
    /// Sets.
    #[serde(with = "decimal")]
    pub sets: u128,
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
    /// Users who answered all of the set.
    pub users: u64,
    /// The integers that r follows from.
    pub sums: PlaceSums,
}

/// The six sums of a set, in score units.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlaceSums {
    /// Users.
    pub n: u64,
    /// Σ a.
    pub sa: i128,
    /// Σ g.
    pub sg: i128,
    /// Σ a².
    pub saa: i128,
    /// Σ g².
    pub sgg: i128,
    /// Σ a·g.
    pub sag: i128,
}

impl From<&Sums> for PlaceSums {
    fn from(sums: &Sums) -> Self {
        Self {
            n: sums.n as u64,
            sa: sums.sa,
            sg: sums.sg,
            saa: sums.saa,
            sgg: sums.sgg,
            sag: sums.sag,
        }
    }
}

impl From<&AuditSums> for Audit {
    fn from(seen: &AuditSums) -> Self {
        let [n, sa, sg, saa, sgg, sag] = seen.six.to_array().map(|sum| sum.0);
        Self {
            passed: true,
            sets: seen.sets,
            n,
            sa,
            sg,
            saa,
            sgg,
            sag,
        }
    }
}

/// A search that passed its audit, as the layers below know it.
pub struct Finished<'a> {
    /// The question, and its table.
    pub query: &'a Query<'a>,
    /// Which of its sets.
    pub part: &'a Part,
    /// What answered.
    pub engine: &'a dyn Engine,
    /// Best first.
    pub best: &'a [Candidate],
    /// Sets with a defined correlation, where counted.
    pub defined: Option<u128>,
    /// Sums that the audit compared.
    pub audit: &'a AuditSums,
    /// Time of search.
    pub elapsed: Duration,
}

impl Report {
    /// The document of a finished search.
    #[must_use]
    pub fn new(finished: &Finished) -> Self {
        let Finished { query, part, .. } = *finished;
        let matrix = query.source();
        let ranks = (!query.space().is_whole(part)).then(|| Ranks {
            start: part.ranks().start,
            end: part.ranks().end,
        });
        Self {
            schema: SCHEMA,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            data: Data::of(matrix),
            query: Asked {
                k: query.k(),
                top: query.top(),
                min_users: query.min_users(),
                ranks,
            },
            engine: Ran {
                name: finished.engine.name().to_owned(),
                devices: finished.engine.devices(),
            },
            sets: Sets {
                total: query.space().count(),
                visited: ranks.map(|r| r.end - r.start),
                defined: finished.defined,
            },
            audit: finished.audit.into(),
            elapsed_s: finished.elapsed.as_secs_f64(),
            results: (1..)
                .zip(finished.best)
                .map(|(place, best)| Place::new(place, best, matrix))
                .collect(),
        }
    }

    /// Sets visited.
    #[must_use]
    pub fn visited(&self) -> u128 {
        self.sets.visited.unwrap_or(self.sets.total)
    }
}

impl Data {
    /// What there is to say about `matrix`.
    #[must_use]
    pub fn of(matrix: &ResponseMatrix) -> Self {
        Self {
            users: matrix.users().len() as u64,
            questions: matrix.questions().len() as u64,
            responses: matrix.responses() as u64,
            scale: matrix.scale(),
            denominator: matrix.scale().is_none().then(|| matrix.denominator()),
            fingerprint: matrix.fingerprint(),
        }
    }
}

impl Place {
    fn new(place: usize, best: &Candidate, matrix: &ResponseMatrix) -> Self {
        let questions = best.set().iter().map(|&q| matrix.questions()[q].clone());
        Self {
            place,
            questions: questions.collect(),
            r: best.correlation().r(),
            users: best.sums().n as u64,
            sums: best.sums().into(),
        }
    }
}

#[cfg(test)]
mod sample {
    use super::*;

    /// A document with every part in use; the figures are made up.
    pub(super) fn report() -> Report {
        let place = |place, questions: [&str; 2], r, users| Place {
            place,
            questions: questions.map(str::to_owned).to_vec(),
            r,
            users,
            sums: PlaceSums {
                n: users,
                sa: -3,
                sg: 1 << 70,
                saa: 9,
                sgg: 10,
                sag: 11,
            },
        };
        Report {
            schema: SCHEMA,
            version: "9.9.9".to_owned(),
            data: Data {
                users: 1200,
                questions: 50,
                responses: 31_415,
                scale: Some(1),
                denominator: None,
                fingerprint: "sha256:00ff".to_owned(),
            },
            query: Asked {
                k: 2,
                top: 3,
                min_users: 2,
                ranks: Some(Ranks {
                    start: 5,
                    end: 1005,
                }),
            },
            engine: Ran {
                name: "cpu".to_owned(),
                devices: vec!["2 CPU threads".to_owned()],
            },
            sets: Sets {
                total: 1225,
                visited: Some(1000),
                defined: None,
            },
            audit: (&AuditSums::new(1000, [u64::MAX, 0, 0, 0, 0, 0])).into(),
            elapsed_s: 0.25,
            results: vec![
                place(1, ["q1", "a, b"], 1.0, 7),
                place(2, ["q\"2\"", "line\nbreak"], -0.1234567890123456, 900),
            ],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::oracle::ReferenceEngine;
    use crate::engine::{Query, Watch};
    use crate::matrix::{Duplicates, MatrixBuilder, Score};

    #[test]
    fn a_search_becomes_a_document() {
        let mut builder = MatrixBuilder::new();
        let scores = [("u", [1, 0, 2]), ("v", [0, 1, 1]), ("w", [1, 1, 5])];
        for (user, row) in scores {
            for (question, mantissa) in ["x", "y", "z"].into_iter().zip(row) {
                let score = Some(Score {
                    mantissa,
                    digits: 0,
                });
                builder.push(user, question, score, 1).unwrap();
            }
        }
        let matrix = builder.finish(Duplicates::Error, "line").unwrap();
        let query = Query::of(&matrix).k(2).top(2).build().unwrap();
        let engine = ReferenceEngine;
        let report = |part: &Part| {
            let prepared = engine.open(&query).unwrap();
            let found = prepared.search(part, &Watch::new()).unwrap();
            Report::new(&Finished {
                query: &query,
                part,
                engine: &engine,
                best: &found.best,
                defined: found.defined,
                audit: &found.visited,
                elapsed: Duration::from_millis(1500),
            })
        };
        let whole = report(&query.space().whole());
        assert_eq!(whole.query.ranks, None);
        assert_eq!((whole.sets.total, whole.visited()), (3, 3));
        assert_eq!(whole.elapsed_s, 1.5);
        // Totals 3, 2, 7. {x, y} scores 1, 1, 2, {y, z} 2, 2, 6: both have r² = 27/28, and the tie
        // goes to the smaller set.
        assert_eq!(whole.results.len(), 2);
        assert_eq!(whole.results[0].questions, ["x", "y"]);
        assert_eq!(whole.results[0].r, whole.results[1].r);
        assert_eq!(whole.results[1].place, 2);
        assert_eq!(whole.results[1].questions, ["y", "z"]);
        assert_eq!(
            whole.results[1].sums,
            PlaceSums {
                n: 3,
                sa: 10,
                sg: 12,
                saa: 44,
                sgg: 62,
                sag: 52
            }
        );
        let part = report(&query.space().part(1, Some(1)).unwrap());
        assert_eq!(part.query.ranks, Some(Ranks { start: 1, end: 2 }));
        assert_eq!((part.sets.visited, part.visited()), (Some(1), 1));
        assert_eq!(part.results[0].questions, ["x", "z"]);
        assert_eq!(part.results[0].place, 1);
    }
}
