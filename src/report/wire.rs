//! The outermost object of the document, which has one search in itself, or several in an array.

use super::document::{Asked, Audit, Data, Halt, Place, Proof, Ran, Report, Search, Sets};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// The members as they stand in JSON.
#[derive(Serialize, Deserialize)]
struct Wire {
    schema: u32,
    version: String,
    data: Data,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    query: Option<Asked>,
    engine: Ran,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sets: Option<Sets>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    audit: Option<Audit>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    proof: Option<Proof>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    elapsed_s: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    results: Option<Vec<Place>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    searches: Option<Vec<Search>>,
}

impl Serialize for Report {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        Wire::from(self.clone()).serialize(to)
    }
}

impl<'de> Deserialize<'de> for Report {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let wire = Wire::deserialize(from)?;
        wire.try_into().map_err(de::Error::custom)
    }
}

impl From<Report> for Wire {
    fn from(report: Report) -> Self {
        let Report {
            schema,
            version,
            data,
            engine,
            mut searches,
        } = report;
        let mut wire = Self {
            schema,
            version,
            data,
            query: None,
            engine,
            sets: None,
            audit: None,
            proof: None,
            elapsed_s: None,
            results: None,
            searches: None,
        };
        match searches.pop() {
            Some(only) if searches.is_empty() => {
                wire.query = Some(only.query);
                wire.sets = Some(only.sets);
                wire.audit = only.audit;
                wire.proof = only.proof;
                wire.elapsed_s = Some(only.elapsed_s);
                wire.results = Some(only.results);
            }
            last => {
                searches.extend(last);
                wire.searches = Some(searches);
            }
        }
        wire
    }
}

/// Why an object is no document.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
enum WireError {
    /// Neither a search nor several.
    #[error("it has no `{0}`, and no `searches`")]
    Missing(&'static str),
    /// Both one search and several.
    #[error("it has `searches`, and `{0}` beside them")]
    Both(&'static str),
    /// A search that was stopped has no audit.
    #[error("its `proof` is of a search that was stopped, and there is an `audit`")]
    Audited,
    /// A search that was stopped is said to be finished.
    #[error("its `proof` is of a search that was stopped, and says `finished`")]
    Finished,
    /// Several searches that are none.
    #[error("its `searches` are empty")]
    Empty,
}

impl TryFrom<Wire> for Report {
    type Error = WireError;

    fn try_from(wire: Wire) -> Result<Self, WireError> {
        let Wire {
            schema,
            version,
            data,
            query,
            engine,
            sets,
            audit,
            proof,
            elapsed_s,
            results,
            searches,
        } = wire;
        let searches = match searches {
            Some(searches) => {
                let beside = [
                    ("query", query.is_some()),
                    ("sets", sets.is_some()),
                    ("audit", audit.is_some()),
                    ("proof", proof.is_some()),
                    ("elapsed_s", elapsed_s.is_some()),
                    ("results", results.is_some()),
                ];
                if let Some((name, _)) = beside.into_iter().find(|&(_, there)| there) {
                    return Err(WireError::Both(name));
                }
                if searches.is_empty() {
                    return Err(WireError::Empty);
                }
                searches
            }
            None => vec![Search {
                query: query.ok_or(WireError::Missing("query"))?,
                sets: sets.ok_or(WireError::Missing("sets"))?,
                audit,
                proof,
                elapsed_s: elapsed_s.ok_or(WireError::Missing("elapsed_s"))?,
                results: results.ok_or(WireError::Missing("results"))?,
            }],
        };
        // Only what was stopped has no audit.
        for search in &searches {
            match (search.halt(), &search.audit) {
                (None, None) => return Err(WireError::Missing("audit")),
                (Some(_), Some(_)) => return Err(WireError::Audited),
                (Some(Halt { finished: true, .. }), None) => return Err(WireError::Finished),
                _ => {}
            }
        }
        Ok(Self {
            schema,
            version,
            data,
            engine,
            searches,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::document::Whole;
    use super::super::json::json;
    use super::super::sample;
    use super::*;
    use serde_json::Value;

    /// The document with sums that a [`Value`] holds.
    fn value(mut report: Report) -> Value {
        let searches = report.searches.iter_mut();
        for place in searches.flat_map(|search| &mut search.results) {
            place.sums.sg = 5;
        }
        serde_json::from_str(&json(&report).unwrap()).unwrap()
    }

    /// What reading `document` fails with.
    fn fault(document: Value) -> String {
        let read: Result<Report, _> = serde_json::from_value(document);
        read.unwrap_err().to_string()
    }

    #[test]
    fn one_search_stands_in_the_outermost_object_and_several_in_an_array() {
        let one = value(sample::report());
        assert!(one["query"].is_object() && one.get("searches").is_none());
        let several = value(sample::several());
        assert!(several.get("query").is_none());
        assert_eq!(several["searches"].as_array().map(Vec::len), Some(2));
        assert_eq!(several["searches"][0]["results"], one["results"]);
    }

    #[test]
    fn what_is_neither_or_both_is_no_document() {
        let one = || value(sample::report());
        for name in ["query", "sets", "audit", "elapsed_s", "results"] {
            let mut less = one();
            less.as_object_mut().unwrap().remove(name);
            assert_eq!(
                fault(less),
                format!("it has no `{name}`, and no `searches`")
            );
            let mut more = value(sample::several());
            more[name] = one()[name].clone();
            let want = format!("it has `searches`, and `{name}` beside them");
            assert_eq!(fault(more), want);
        }
        let mut none = value(sample::several());
        none["searches"] = serde_json::json!([]);
        assert_eq!(fault(none), "its `searches` are empty");
    }

    #[test]
    fn a_proof_is_read_and_written_where_there_is_one() {
        let mut report = sample::report();
        report.searches[0].proof = Some(Proof::Whole(Whole {
            visited: 3,
            excluded: "680564733841876926926749214863536422911".parse().unwrap(),
            nodes: 5,
        }));
        let one = value(report.clone());
        let most = "680564733841876926926749214863536422911";
        let want = serde_json::json!({"visited": "3", "excluded": most, "nodes": "5"});
        assert_eq!(one["proof"], want);
        let text = json(&report).unwrap();
        assert_eq!(serde_json::from_str::<Report>(&text).unwrap(), report);
        let mut both = value(sample::several());
        both["proof"] = one["proof"].clone();
        assert_eq!(fault(both), "it has `searches`, and `proof` beside them");
    }

    #[test]
    fn only_a_search_that_was_stopped_has_no_audit() {
        let mut report = sample::report();
        let halt = |finished| {
            Some(Proof::Stopped(Halt {
                finished,
                done: 12,
                ceiling: Some(1.0 / 3.0),
                gap: None,
            }))
        };
        report.searches[0].proof = halt(false);
        let audited = "its `proof` is of a search that was stopped, and there is an `audit`";
        assert_eq!(fault(value(report.clone())), audited);
        report.searches[0].audit = None;
        let text = json(&report).unwrap();
        assert!(!text.contains("audit"), "{text}");
        assert_eq!(serde_json::from_str::<Report>(&text).unwrap(), report);
        report.searches[0].proof = halt(true);
        let finished = "its `proof` is of a search that was stopped, and says `finished`";
        assert_eq!(fault(value(report.clone())), finished);
        let mut several = sample::several();
        several.searches[1].audit = None;
        assert_eq!(
            fault(value(several)),
            "it has no `audit`, and no `searches`"
        );
    }

    #[test]
    fn a_question_that_is_not_known_is_not_passed_over() {
        let mut other = value(sample::report());
        other["query"]["weights"] = serde_json::json!("by variance");
        let fault = fault(other);
        assert!(fault.starts_with("unknown field `weights`"), "{fault}");
    }
}
