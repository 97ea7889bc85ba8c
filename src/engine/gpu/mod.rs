//! The GPU engine: adapters, and the flat pipeline over wgpu.

use super::{Engine, EngineError, Findings, Query, Watch};
use crate::matrix::ResponseMatrix;

/// What is known of one adapter; the source of `kcorrset devices`.
#[derive(Clone, Debug, serde::Serialize)]
pub struct AdapterReport {
    /// The number that `--device` takes.
    pub index: usize,
    /// Its name.
    pub name: String,
    /// Whether it computes on the CPU; `--engine auto` then leaves it alone.
    pub software: bool,
}

/// Every adapter that this machine offers, in a stable order; empty where there is none.
#[must_use]
pub fn adapters() -> Vec<AdapterReport> {
    Vec::new()
}

/// `--engine gpu`.
#[derive(Debug)]
pub struct GpuEngine;

impl GpuEngine {
    /// Opens the adapter with this index; without one, the first that is not software, else the
    /// first.
    ///
    /// # Errors
    /// [`EngineError::NoDevice`], [`EngineError::SelfTest`].
    pub fn open(_index: Option<usize>) -> Result<Self, EngineError> {
        Err(EngineError::NoDevice("placeholder".to_owned()))
    }
}

impl Engine for GpuEngine {
    fn name(&self) -> &'static str {
        "gpu"
    }

    fn devices(&self) -> Vec<String> {
        Vec::new()
    }

    fn search(
        &self,
        _matrix: &ResponseMatrix,
        _query: &Query,
        _watch: &Watch,
    ) -> Result<Findings, EngineError> {
        Err(EngineError::NoDevice("placeholder".to_owned()))
    }
}
