//! Which pipeline a search takes, and how one is opened: the only place that names them all.

use super::device::Device;
use super::drive::Pipeline;
use super::fault::Fault;
use super::flat::Flat;
use super::job::Job;
use super::layout::Variant;
use super::limits::Limits;
use super::shader::Kernel;
use crate::engine::EngineError;

/// A pipeline and what is compiled into it: what the self-test is run for, once each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Method {
    /// One invocation a set, over the full bitsets.
    Flat(Variant),
}

impl Method {
    /// The one that `job` takes.
    pub(super) fn of(job: &Job<'_>) -> Self {
        Self::Flat(job.packing.variant)
    }

    /// For people.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Flat(_) => "flat",
        }
    }

    /// Compiles all it takes; a device does so once.
    pub(super) fn compile(&self, device: &Device) -> Result<(), EngineError> {
        match self {
            Self::Flat(variant) => device.pipeline(Kernel::Flat, variant).map(drop),
        }
    }

    /// Buffers on `device` for `job`, tiled within `limits`, and the pipelines of this method.
    pub(super) fn open<'a>(
        &self,
        device: &'a Device,
        limits: Limits,
        job: &'a Job<'a>,
        fault: Option<Fault>,
    ) -> Result<Box<dyn Pipeline + 'a>, EngineError> {
        match self {
            Self::Flat(_) => Ok(Box::new(Flat::new(device, limits, job, fault)?)),
        }
    }
}
