//! The oracle as an engine: carries [`super::reference`]'s answers into [`Findings`].

use super::reference::{self, Entry};
use super::{Engine, EngineError, Findings, Query, Watch};
use crate::matrix::ResponseMatrix;
use crate::stats::{AuditSums, Basis, Sums};
use crate::top::Candidate;

/// `--engine reference`.
#[derive(Clone, Copy, Debug, Default)]
pub struct ReferenceEngine;

fn as_sums(entry: &Entry) -> Sums {
    let [n, sa, sg, saa, sgg, sag] = entry.sums;
    Sums {
        n: n as u64,
        sa,
        sg,
        saa,
        sgg,
        sag,
    }
}

impl Engine for ReferenceEngine {
    fn name(&self) -> &'static str {
        "reference"
    }

    fn devices(&self) -> Vec<String> {
        vec!["1 CPU thread".to_owned()]
    }

    fn search(
        &self,
        matrix: &ResponseMatrix,
        query: &Query,
        watch: &Watch,
    ) -> Result<Findings, EngineError> {
        let mut best = Vec::new();
        let mut seen = AuditSums::default();
        let mut defined = 0;
        let mut stopped = false;
        reference::visit(
            matrix,
            query.k(),
            query.min_users(),
            query.ranks(),
            |entry| {
                seen.add_set(&as_sums(&entry));
                defined += u128::from(entry.fraction.is_some());
                reference::keep(&mut best, query.top(), entry);
                watch.advance(1);
                stopped = watch.stopped();
                !stopped
            },
        );
        if stopped {
            return Err(EngineError::Stopped);
        }
        Ok(Findings {
            best: best
                .into_iter()
                .filter_map(|e| {
                    let sums = as_sums(&e);
                    Candidate::new(e.set, sums, query.min_users())
                })
                .collect(),
            seen,
            basis: Basis::default(),
            defined: Some(defined),
        })
    }
}
