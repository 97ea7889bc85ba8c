//! The oracle as an engine: carries [`super::reference`]'s answers into [`Findings`].

use super::reference::{self, Entry};
use super::{Engine, EngineError, Findings, Part, Prepared, Query, Watch};
use crate::stats::{AuditSums, Sums};
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
        Ok(Box::new(Ready(query)))
    }
}

struct Ready<'q>(&'q Query<'q>);

impl Prepared for Ready<'_> {
    fn search(&self, part: &Part, watch: &Watch) -> Result<Findings, EngineError> {
        let Self(query) = self;
        let (k, min_users) = (query.k(), query.min_users());
        let mut best = Vec::new();
        let mut visited = AuditSums::default();
        let mut defined = 0;
        let mut stopped = false;
        let each = |entry: Entry| {
            visited.add_set(&Sums::from_array(entry.sums));
            defined += u128::from(entry.fraction.is_some());
            reference::keep(&mut best, query.top(), entry);
            watch.advance(1);
            stopped = watch.stopped();
            !stopped
        };
        let order = query.space().order();
        reference::visit(query.source(), order, k, min_users, part.ranks(), each);
        let candidate = |Entry { set, sums, .. }| {
            Candidate::new(query.criterion(), min_users, set, Sums::from_array(sums))
        };
        let best = best.into_iter().filter_map(candidate);
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
            took: vec![("sets", part.sets() as u64)],
            ..Findings::default()
        })
    }
}
