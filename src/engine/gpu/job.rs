//! A search as each of its devices gets it: table, query, and what follows from the two for any
//! pipeline. Knows no device.

use super::complete::{Products, Table, complete_users};
use super::limits::Excess;
use super::method::{Choice, Method, leave_to_others, pays};
use super::pack::Packing;
use super::ranks::RankTable;
use crate::engine::{EngineError, Query};
use crate::matrix::ResponseMatrix;

/// Which pipeline is asked for.
#[derive(Clone, Copy, Debug)]
pub(super) enum Ask {
    Choice(Choice),
    /// This one, as it is compiled.
    Exactly(Method),
}

/// The same for all devices, so that what they saw can be added up.
#[derive(Debug)]
pub(super) struct Job<'a> {
    pub(super) matrix: &'a ResponseMatrix,
    pub(super) query: &'a Query<'a>,
    pub(super) packing: Packing,
    pub(super) table: RankTable,
    pub(super) min_users: u32,
    pub(super) ask: Ask,
    /// Of a complete table, where that pipeline may be taken.
    pub(super) complete: Option<Table>,
}

impl<'a> Job<'a> {
    /// Packed as narrow as the table allows.
    pub(super) fn new(query: &'a Query<'a>, choice: Choice) -> Result<Self, EngineError> {
        let matrix = query.table();
        let packing = Packing::new(matrix, query.k()).map_err(Excess::refusal)?;
        let job = Self::with_packing(query, packing, Ask::Choice(choice))?;
        let asked = choice == Choice::Complete;
        let possible = choice == Choice::ByWork
            && pays(matrix.questions().len(), query.k(), query.space().count())
            && complete_users(matrix).is_some();
        if !asked && !possible {
            return Ok(job);
        }
        match job.complete_table() {
            Ok(table) => Ok(Self {
                complete: Some(table),
                ..job
            }),
            Err(excess) if asked => Err(excess.refusal()),
            Err(excess) => {
                leave_to_others(&excess);
                Ok(job)
            }
        }
    }

    /// What the complete pipeline reads.
    pub(super) fn complete_table(&self) -> Result<Table, Excess> {
        let k = self.query.k();
        if k < 2 {
            return Err(Excess::new("the complete pipeline", "sets of 2", k));
        }
        let products = Products::new(self.matrix, &self.packing).ok_or_else(|| {
            let (questions, users) = (self.matrix.questions().len(), self.matrix.users().len());
            Excess::new(
                "the complete pipeline",
                format!("{} answers", questions * users),
                format!("{}", self.matrix.responses()),
            )
        })?;
        Table::new(products, k)
    }

    /// Packed like this, which must be no narrower.
    pub(super) fn with_packing(
        query: &'a Query<'a>,
        packing: Packing,
        ask: Ask,
    ) -> Result<Self, EngineError> {
        let matrix = query.table();
        let table = RankTable::new(matrix.questions().len(), query.k()).ok_or_else(|| {
            Excess::new("the number of sets", "more than 2^128", "2^128").refusal()
        })?;
        Ok(Self {
            matrix,
            query,
            packing,
            table,
            // At most the users, who are counted in 32 bits.
            min_users: u32::try_from(query.min_users()).unwrap_or(u32::MAX),
            ask,
            complete: None,
        })
    }
}
