//! The oracle as an engine: carries [`super::reference`]'s answers into [`Findings`].

use super::reference::{self, Entry, Measure, Rule};
use super::{Engine, EngineError, Findings, Part, Prepared, Query, Watch, numbered, ranks_of};
use crate::stats::{AuditSums, Criterion, Overall, RankBy, Ranking, Sums};
use crate::top::{Candidate, Top};

/// The engine named `reference`.
#[derive(Clone, Copy, Debug, Default)]
pub struct ReferenceEngine;

impl Engine for ReferenceEngine {
    fn name(&self) -> &'static str {
        "reference"
    }

    fn devices(&self) -> Vec<String> {
        vec!["1 CPU thread".to_owned()]
    }

    fn open<'q>(&'q self, query: &'q Query<'q>) -> Result<Box<dyn Prepared + 'q>, EngineError> {
        numbered(self.name(), query)?;
        Ok(Box::new(Ready(query)))
    }
}

struct Ready<'q>(&'q Query<'q>);

impl Prepared for Ready<'_> {
    fn search(&self, part: &Part, watch: &Watch) -> Result<Findings, EngineError> {
        let Self(query) = self;
        let ranks = ranks_of("reference", query, part)?;
        let sets = ranks.end - ranks.start;
        let rule = rule(query);
        let mut best = Vec::new();
        let mut visited = AuditSums::default();
        let mut defined = 0;
        let mut stopped = false;
        let order = query.space().order();
        let each = |entry: Entry| {
            visited.add_set(&of_table(query, order, &entry));
            let allowed = query.quotas().is_none_or(|quotas| quotas.allow(&entry.set));
            if allowed {
                defined += u128::from(entry.fraction.is_some());
                reference::keep(&mut best, query.top(), entry);
            }
            watch.advance(1);
            stopped = watch.stopped();
            !stopped
        };
        reference::visit(query.source(), order, query.k(), &rule, ranks, each);
        let best = best.into_iter().filter_map(|entry| candidate(query, entry));
        if stopped {
            let mut top = Top::new(query.top());
            for candidate in best {
                watch.keep(&mut top, candidate);
            }
            return Err(EngineError::Stopped);
        }
        Ok(Findings {
            best: best.collect(),
            visited,
            defined: Some(defined),
            took: vec![("sets", sets as u64)],
            ..Findings::default()
        })
    }
}

/// What `query` ranks by, in the oracle's words.
#[must_use]
pub fn rule<'q>(query: &'q Query<'_>) -> Rule<'q> {
    let Ranking { criterion, by } = query.ranking();
    let numbers = query.overall().map_or(&[][..], Overall::numerators);
    Rule {
        measure: match criterion {
            Criterion::Total => Measure::Total,
            Criterion::Mean => Measure::Mean,
            Criterion::Rest => Measure::Rest,
            Criterion::Column => Measure::Numbers(numbers),
        },
        z: match by {
            RankBy::R => None,
            RankBy::LowerBound(confidence) => Some(confidence.z()),
        },
        min_users: query.asked_users(),
    }
}

/// The sums of a set over the totals that the audit is taken over.
fn of_table(query: &Query<'_>, order: &[usize], entry: &Entry) -> Sums {
    if query.overall().is_none() {
        return Sums::from_array(entry.sums);
    }
    let positions = (0..order.len()).filter(|&p| entry.set.contains(&order[p]));
    Sums::of_set(query.table(), &positions.collect::<Vec<_>>())
}

/// The oracle's set as engines report theirs.
fn candidate(query: &Query<'_>, entry: Entry) -> Option<Candidate> {
    let Entry { set, sums, .. } = entry;
    let sums = Sums::from_array(sums);
    let asked = query.asked_users();
    let Some(overall) = query.overall() else {
        return Candidate::new(query.ranking(), asked, set, sums);
    };
    let (exact, r) = overall.of_set(query.source(), &set, [sums.n, sums.sa, sums.saa]);
    let value = query.ranking().value_of(r?, sums.n as u64, asked)?;
    Some(Candidate::with_overall(set, sums, exact, value))
}
