//! From a search that passed its audit to its place in a document.

use super::document::{
    Asked, Audit, CriterionSums, Data, Halt, Place, PlaceSums, Proof, Ran, Ranks, Report, SCHEMA,
    Search, Sets,
};
use crate::engine::{Engine, Part, Query, Watch};
use crate::matrix::ResponseMatrix;
use crate::stats::{AuditSums, Criterion, OverallSums, RankBy, Ranking, Sums};
use crate::top::Candidate;
use std::collections::BTreeSet;
use std::ops::Range;
use std::time::Duration;

/// A search that passed its audit, as the layers below know it.
pub struct Finished<'a> {
    /// The question, and its table.
    pub query: &'a Query<'a>,
    /// Which of its sets.
    pub part: &'a Part,
    /// Best first.
    pub best: &'a [Candidate],
    /// Sets with a defined correlation, where counted.
    pub defined: Option<u128>,
    /// Sums that the audit compared.
    pub audit: &'a AuditSums,
    /// How the sets were decided, where the engine proves its list by bounds.
    pub proof: Option<Proof>,
    /// Time of search.
    pub elapsed: Duration,
}

/// A search that was stopped.
pub struct Unfinished<'a> {
    /// The question, and its table.
    pub query: &'a Query<'a>,
    /// Which of its sets.
    pub part: &'a Part,
    /// What is known of it.
    pub watch: &'a Watch,
    /// Time of search.
    pub elapsed: Duration,
}

impl Report {
    /// The document of the searches of `table` by `engine`.
    #[must_use]
    pub fn new(table: &ResponseMatrix, engine: &dyn Engine, searches: Vec<Search>) -> Self {
        Self::of(table, Ran::of(engine), searches)
    }

    /// The document of the searches of `table` by what `ran`.
    #[must_use]
    pub fn of(table: &ResponseMatrix, ran: Ran, searches: Vec<Search>) -> Self {
        Self {
            schema: SCHEMA,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            data: Data::of(table),
            engine: ran,
            searches,
        }
    }
}

impl Ran {
    /// What a document says of an engine.
    #[must_use]
    pub fn of(engine: &dyn Engine) -> Self {
        Self {
            name: engine.name().to_owned(),
            devices: engine.devices(),
        }
    }
}

impl Search {
    /// What a document says of a finished search.
    #[must_use]
    pub fn of(finished: &Finished) -> Self {
        let Finished { query, part, .. } = *finished;
        Self {
            audit: Some(Audit {
                sets: query.space().size_of(part),
                ..finished.audit.into()
            }),
            proof: finished.proof.clone(),
            elapsed_s: finished.elapsed.as_secs_f64(),
            results: places(query, finished.best),
            ..Self::asked(query, part, finished.defined)
        }
    }

    /// What a document says of a search that was stopped: the best sets so far, and what is proved of the others.
    #[must_use]
    pub fn halted(unfinished: &Unfinished) -> Self {
        let Unfinished {
            query, part, watch, ..
        } = *unfinished;
        let best = watch.best_so_far().into_iter();
        let best = query.asked_of(best.map(|set| query.told(set)).collect());
        let results = places(query, &best);
        // No r is above 1, so that a ceiling as high says nothing.
        let ceiling = Some(watch.ceiling()).filter(|&ceiling| ceiling < 1.0);
        let gap = ceiling.zip(results.first());
        let gap = gap.map(|(ceiling, best)| (ceiling - best.r).max(0.0));
        let halt = Halt {
            finished: false,
            done: watch.done(),
            ceiling,
            gap,
        };
        Self {
            proof: Some(Proof::Stopped(halt)),
            elapsed_s: unfinished.elapsed.as_secs_f64(),
            results,
            ..Self::asked(query, part, None)
        }
    }

    /// What was asked, and no answer.
    fn asked(query: &Query<'_>, part: &Part, defined: Option<u128>) -> Self {
        let ranks = part.ranks().filter(|_| !query.space().is_whole(part));
        let ranks = ranks.map(|Range { start, end }| Ranks { start, end });
        Self {
            query: Asked {
                ranks,
                ..Asked::of(query)
            },
            sets: Sets {
                total: query.space().size().clone(),
                visited: ranks.map(|r| r.end - r.start),
                defined,
            },
            audit: None,
            proof: None,
            elapsed_s: 0.0,
            results: Vec::new(),
        }
    }
}

/// The places of the best sets of `query`, best first.
#[must_use]
pub fn places(query: &Query<'_>, best: &[Candidate]) -> Vec<Place> {
    let best = (1..).zip(best);
    best.map(|(place, best)| Place::new(place, best, query.source()))
        .collect()
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
            reversed: None,
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
            bound: best.value().bound(),
            users: best.sums().n as u64,
            sums: best.sums().into(),
            criterion_sums: best.overall().map(CriterionSums::from),
        }
    }
}

impl Asked {
    /// What is asked by `query`, apart from the ranks and from what no query knows: the names of files and
    /// columns, of groups, and what a missing answer means.
    #[must_use]
    pub fn of(query: &Query<'_>) -> Self {
        let Ranking { criterion, by } = query.ranking();
        let names = query.source().questions();
        let order = query.space().order();
        let fixed = &order[..query.space().fixed()];
        let named = |keep: &dyn Fn(&usize) -> bool| {
            let questions = (0..names.len()).filter(keep);
            questions.map(|q| names[q].clone()).collect()
        };
        let (rank_by, confidence) = match by {
            RankBy::R => (None, None),
            RankBy::LowerBound(confidence) => {
                (Some("lower-bound".to_owned()), Some(confidence.level()))
            }
        };
        Self {
            k: query.k(),
            top: query.top(),
            min_users: query.asked_users(),
            criterion: (criterion != Criterion::Total).then(|| criterion.name().to_owned()),
            rank_by,
            confidence,
            within: query.within().map(|distance| distance.to_string()),
            include: named(&|q| fixed.contains(q)),
            exclude: named(&|q| !order.contains(q)),
            ..Self::default()
        }
    }
}

impl Asked {
    /// The members in which two queries differ: the name of each, and what it is in this one and the other.
    #[must_use]
    pub fn differing(&self, other: &Self) -> Vec<(String, String, String)> {
        let members = |asked: &Self| match serde_json::to_value(asked) {
            Ok(serde_json::Value::Object(members)) => members,
            _ => serde_json::Map::new(),
        };
        let (these, others) = (members(self), members(other));
        let names: BTreeSet<&String> = these.keys().chain(others.keys()).collect();
        let shown = |value: Option<&serde_json::Value>| {
            value.map_or_else(|| "not given".to_owned(), ToString::to_string)
        };
        let all = names.into_iter();
        let differing = all.filter(|name| these.get(*name) != others.get(*name));
        let said = |name: &String| {
            let [this, other] = [&these, &others].map(|members| shown(members.get(name)));
            (name.clone(), this, other)
        };
        differing.map(said).collect()
    }
}

impl From<&OverallSums> for CriterionSums {
    fn from(sums: &OverallSums) -> Self {
        Self {
            denominator: sums.denominator.to_string(),
            sg: sums.sg.to_string(),
            sgg: sums.sgg.to_string(),
            sag: sums.sag.to_string(),
        }
    }
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
            sets: seen.sets.into(),
            n,
            sa,
            sg,
            saa,
            sgg,
            sag,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::oracle::ReferenceEngine;
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
        let searched = |part: &Part| {
            let prepared = engine.open(&query).unwrap();
            let found = prepared.search(part, &Watch::new()).unwrap();
            Search::of(&Finished {
                query: &query,
                part,
                best: &found.best,
                defined: found.defined,
                audit: &found.visited,
                proof: None,
                elapsed: Duration::from_millis(1500),
            })
        };
        let whole = searched(&query.space().whole());
        assert_eq!(whole.query.ranks, None);
        assert_eq!(whole.sets.total, 3);
        assert_eq!(whole.searched(), 3);
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
        let part = searched(&query.space().part(1, Some(1)).unwrap());
        assert_eq!(part.query.ranks, Some(Ranks { start: 1, end: 2 }));
        assert_eq!(part.sets.visited, Some(1));
        assert_eq!(part.searched(), 1);
        assert_eq!(part.results[0].questions, ["x", "z"]);
        assert_eq!(part.results[0].place, 1);
        let report = Report::new(&matrix, &engine, vec![part]);
        assert_eq!((report.schema, report.data.users), (SCHEMA, 3));
        assert_eq!(report.engine.name, "reference");
    }
}
