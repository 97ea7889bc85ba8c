//! The GPU engine: any adapter that wgpu finds, and the flat pipeline on it.
//!
//! What a room knows:
//! - pure, tested without a device: [`limits`], [`plan`] (sizes), [`pack`] (the table's bytes),
//!   [`layout`] (what Rust and WGSL share), [`ranks`] and [`floor`] (twins of WGSL), [`shader`]
//!   (its text);
//! - `drive`: chunks through any pipeline; the exact finish;
//! - naming wgpu: `adapters` (what there is), `device` (one opened, every fault an error), `flat`
//!   (the pipeline's buffers and dispatches);
//! - `selftest`: known answers before the first chunk.
//!
//! A shader only ever discards, in integers and under the bound of [`floor`]; what survives is
//! summed again here from the bitsets.

pub mod adapters;
mod device;
mod drive;
mod flat;
pub mod floor;
pub mod layout;
pub mod limits;
pub mod pack;
pub mod plan;
pub mod ranks;
mod selftest;
pub mod shader;

pub use adapters::{AdapterReport, adapters};

use super::{Engine, EngineError, Findings, Query, Watch};
use crate::matrix::ResponseMatrix;
use device::Device;
use drive::Driven;
use flat::Flat;
use limits::{Excess, Limits};
use pack::Packing;
use plan::{Plan, Shape};
use ranks::RankTable;
use std::sync::{Arc, Mutex, PoisonError};

/// Faults planted on purpose, so that tests can see each of them caught.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// One answered bit of the table is lost on its way to the device.
    LostAnswer,
    /// Every chunk starts one set too early.
    ShiftedChunk,
    /// The last workgroup of every dispatch does not run.
    LostWorkgroup,
    /// The device is lost while the second chunk is in flight, for good.
    LostDevice,
}

/// `--engine gpu`.
#[derive(Clone, Debug)]
pub struct GpuEngine {
    report: Arc<AdapterReport>,
    device: Arc<Device>,
    /// One search at a time: two would halve each other's speed and double the memory.
    turn: Arc<Mutex<()>>,
    limits: Limits,
    fault: Option<Fault>,
}

impl GpuEngine {
    /// Opens the adapter with this index; without one, the first that is not software, else the
    /// first. Asks it known answers.
    ///
    /// # Errors
    /// [`EngineError::NoDevice`], [`EngineError::Device`], [`EngineError::SelfTest`].
    pub fn open(index: Option<usize>) -> Result<Self, EngineError> {
        let (report, adapter) = adapters::choose(index)?;
        let device = Device::open(report.name.clone(), &adapter)?;
        let engine = Self {
            limits: report.limits,
            report: Arc::new(report),
            device: Arc::new(device),
            turn: Arc::default(),
            fault: None,
        };
        engine.self_test()?;
        Ok(engine)
    }

    /// Asks the device known answers; [`Self::open`] has done so.
    ///
    /// # Errors
    /// [`EngineError::SelfTest`] where one is wrong, and whatever the search fails with.
    pub fn self_test(&self) -> Result<(), EngineError> {
        selftest::run(self)
    }

    /// What it runs on.
    #[must_use]
    pub fn adapter(&self) -> &AdapterReport {
        &self.report
    }

    /// The same device, planned for as if it allowed no more than `limits`.
    #[must_use]
    pub fn with_limits(&self, limits: &Limits) -> Self {
        Self {
            limits: self.limits.at_most(limits),
            ..self.clone()
        }
    }

    /// The same device with a fault.
    #[must_use]
    pub fn with_fault(&self, fault: Fault) -> Self {
        Self {
            fault: Some(fault),
            ..self.clone()
        }
    }
}

impl Engine for GpuEngine {
    fn name(&self) -> &'static str {
        "gpu"
    }

    fn devices(&self) -> Vec<String> {
        let AdapterReport {
            name,
            backend,
            driver,
            driver_info,
            ..
        } = &*self.report;
        vec![format!("{name} ({backend}, {driver} {driver_info})")]
    }

    fn search(
        &self,
        matrix: &ResponseMatrix,
        query: &Query,
        watch: &Watch,
    ) -> Result<Findings, EngineError> {
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let (questions, users) = (matrix.questions().len(), matrix.users().len());
        let packing = Packing::new(matrix, query.k()).map_err(Excess::refusal)?;
        let shape = Shape {
            questions,
            users,
            sets: query.ranks().end - query.ranks().start,
            variant: packing.variant,
        };
        let plan = Plan::new(&self.limits, &shape).map_err(Excess::refusal)?;
        let table = RankTable::new(questions, query.k()).ok_or_else(|| {
            Excess::new("the number of sets", "more than 2^128", "2^128").refusal()
        })?;
        // At most the users, who are counted in 32 bits.
        let min_users = u32::try_from(query.min_users()).unwrap_or(u32::MAX);
        tracing::debug!(?plan, variant = ?packing.variant, "flat");
        let mut flat = Flat::new(
            &self.device,
            self.limits,
            plan,
            &packing,
            matrix,
            &table,
            min_users,
            self.fault,
        )?;
        let Driven { top, seen, defined } = drive::drive(&mut flat, &table, matrix, query, watch)?;
        Ok(Findings {
            best: top.into_sorted(),
            seen,
            basis: packing.basis,
            defined: Some(defined),
        })
    }
}
