//! A query whose parts are searched by cross-products: what does not depend on the part is made once, where a part
//! first needs it.

use super::block::blocks;
use super::complete::Complete;
use super::cost::{MOST_BYTES, MOST_PATTERNS, PATTERNS_FACTOR, answered, gaps_factor, is_complete};
use super::extents::Extents;
use super::gaps::{self, Gaps, census};
use super::leaf::Margins;
use super::patterns::{self, Patterns, patterns};
use super::stems::{self, Task};
use super::{cross, regime::Regime};
use crate::arch::Isa;
use crate::engine::pool::Pool;
use crate::engine::{EngineError, Findings, Part, Query, Watch, not_numbered};
use crate::stats::cross::{Cross, Population};
use crate::stats::{AuditSums, Basis};
use std::sync::OnceLock;

/// A query, and what its parts share.
#[derive(Debug)]
pub struct Ready<'q> {
    query: &'q Query<'q>,
    threads: &'q rayon::ThreadPool,
    isa: Isa,
    /// The questions that anybody answered.
    answered: Vec<usize>,
    extents: OnceLock<(Extents, Basis)>,
    complete: OnceLock<Cross>,
    /// `None` where there are too many.
    patterns: OnceLock<Option<patterns::Sums>>,
    gaps: OnceLock<gaps::Table>,
}

impl<'q> Ready<'q> {
    /// Nothing made yet.
    #[must_use]
    pub fn new(query: &'q Query<'q>, threads: &'q rayon::ThreadPool, isa: Isa) -> Self {
        Self {
            query,
            threads,
            isa,
            answered: answered(query.table()),
            extents: OnceLock::new(),
            complete: OnceLock::new(),
            patterns: OnceLock::new(),
            gaps: OnceLock::new(),
        }
    }

    /// Whether what all parts share in this regime is made.
    #[must_use]
    pub fn is_made(&self, regime: Regime) -> bool {
        match regime {
            Regime::Complete => self.complete.get().is_some(),
            Regime::Patterns => self.patterns.get().is_some(),
            Regime::Gaps => self.gaps.get().is_some(),
            Regime::Cross => true,
        }
    }

    /// Searches `part` in a regime.
    ///
    /// # Errors
    /// See [`EngineError`]; refused where the regime cannot take the table.
    pub fn search(
        &self,
        regime: Regime,
        part: &Part,
        watch: &Watch,
    ) -> Result<Findings, EngineError> {
        let Self {
            query,
            threads,
            isa,
            ..
        } = *self;
        if regime == Regime::Cross {
            return cross::search(query, part, watch, threads, isa);
        }
        let answered = &self.answered;
        let (extents, basis) = self.extents();
        let blocks = blocks(query, part, answered).ok_or_else(|| not_numbered("cpu", query))?;
        watch.advance(blocks.unanswered);
        let task = |margins| Task {
            query,
            watch,
            isa,
            answered,
            basis,
            margins,
        };
        let mut found = match regime {
            Regime::Complete => {
                if !is_complete(query.table(), answered) {
                    return Err(refused(regime, "the same questions answered by everybody"));
                }
                let cross = self.complete.get_or_init(|| self.cross(extents, basis));
                Complete::new(query, watch, isa, answered, basis, cross).search(&blocks, threads)?
            }
            Regime::Patterns => {
                let margins = self.margins(regime, extents, PATTERNS_FACTOR)?;
                let sums = self.patterns.get_or_init(|| self.patterns(extents, basis));
                let sums = sums.as_ref();
                let sums = sums.ok_or_else(|| refused(regime, "few answer patterns"))?;
                stems::search(&Patterns::new(task(margins), sums), &blocks, threads)?
            }
            Regime::Gaps => {
                let margins = self.margins(regime, extents, gaps_factor(query.k()))?;
                let census = census(query.table(), answered.len());
                if gaps::bytes(&census, answered.len(), query.k()) > MOST_BYTES {
                    let need = "few questions and few missing answers";
                    return Err(refused(regime, need));
                }
                let table = self.gaps.get_or_init(|| self.gaps(extents, basis));
                let task = task(margins);
                stems::search(&Gaps { task, table }, &blocks, threads)?
            }
            // Above.
            Regime::Cross => return cross::search(query, part, watch, threads, isa),
        };
        found.excluded += AuditSums::of_nobody(blocks.unanswered);
        Ok(found.findings(basis.clone(), regime))
    }

    /// The extents of the table, and the basis that they make.
    fn extents(&self) -> &(Extents, Basis) {
        self.extents.get_or_init(|| {
            let measure = || Extents::of(self.isa, &Pool, self.query.table());
            let extents = self.threads.install(measure);
            let basis = extents.centred();
            (extents, basis)
        })
    }

    fn margins(
        &self,
        regime: Regime,
        extents: &Extents,
        factor: f64,
    ) -> Result<Margins, EngineError> {
        let users = self.query.table().users().len();
        let margins = extents.margins(users, self.query.k(), factor);
        margins.ok_or_else(|| refused(regime, "sums far below 2^53"))
    }

    /// The cross-products of a complete table.
    fn cross(&self, extents: &Extents, basis: &Basis) -> Cross {
        let (matrix, answered) = (self.query.table(), &self.answered);
        let scores: Vec<&[i64]> = answered
            .iter()
            .map(|&q| matrix.column(q).scores())
            .collect();
        let offsets: Vec<i64> = answered.iter().map(|&q| basis.scores[q]).collect();
        let totals: Vec<i64> = matrix
            .column(answered[0])
            .users()
            .iter()
            .map(|&u| matrix.totals()[u as usize])
            .collect();
        let population =
            Population::new((&scores, &offsets), (&totals, basis.total), extents.reach());
        self.threads
            .install(|| Cross::new(self.isa, &Pool, population))
    }

    /// Those of each answer pattern.
    fn patterns(&self, extents: &Extents, basis: &Basis) -> Option<patterns::Sums> {
        let matrix = self.query.table();
        let patterns = patterns(matrix, MOST_PATTERNS)?;
        let sums = || {
            let reach = extents.reach();
            patterns::Sums::new(self.isa, matrix, &self.answered, basis, reach, &patterns)
        };
        Some(self.threads.install(sums))
    }

    /// Those of everybody and of who misses something.
    fn gaps(&self, extents: &Extents, basis: &Basis) -> gaps::Table {
        let matrix = self.query.table();
        let reach = extents.reach();
        self.threads
            .install(|| gaps::Table::new(self.isa, matrix, &self.answered, basis, reach))
    }
}

fn refused(regime: Regime, what: &str) -> EngineError {
    EngineError::Refused {
        engine: "cpu",
        what: format!("the {} regime", regime.name()),
        need: what.to_owned(),
        have: "another table".to_owned(),
        hint: "take the regime that is chosen by counting",
    }
}
