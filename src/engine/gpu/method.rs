//! Which pipeline a search takes, and how one is opened: the only place that names them all.

use super::device::Device;
use super::drive::Pipeline;
use super::fault::Fault;
use super::flat::Flat;
use super::job::{Ask, Job};
use super::layout::Variant;
use super::limits::{Excess, Limits};
use super::projected::shader::Stage;
use super::projected::{self, Projected};
use super::shader::Kernel;
use crate::engine::EngineError;

/// What decides which pipeline a search takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Choice {
    /// Whichever is expected to need less work, by counting it; flat where the other refuses.
    #[default]
    ByWork,
    /// Every set over all users.
    Flat,
    /// Leaves over the users of their stems; a search that it cannot take is refused.
    Projected,
}

/// A pipeline and what is compiled into it: what the self-test is run for, once each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Method {
    /// One invocation a set, over the full bitsets.
    Flat(Variant),
    /// Leaves over the users of their stems.
    Projected(projected::layout::Variant),
}

impl Method {
    /// The one that `job` takes on a device with these limits.
    ///
    /// # Errors
    /// The refusal of a pipeline that was asked for.
    pub(super) fn of(job: &Job<'_>, limits: &Limits) -> Result<Self, EngineError> {
        let flat = Self::Flat(job.packing.variant);
        let choice = match job.ask {
            Ask::Choice(Choice::Flat) => return Ok(flat),
            Ask::Choice(choice) => choice,
            Ask::Exactly(method) => return Ok(method),
        };
        match projected::plan_for(job, limits) {
            Ok((shape, _)) => {
                let (work, flat_work) = (shape.operations(), shape.flat_operations());
                tracing::info!(
                    flat = flat_work.round(),
                    projected = work.round(),
                    "operations expected for a set in each pipeline"
                );
                if choice == Choice::Projected || work < flat_work {
                    Ok(Self::Projected(shape.variant))
                } else {
                    Ok(flat)
                }
            }
            Err(excess) if choice == Choice::Projected => Err(excess.refusal()),
            Err(Excess { what, need, have }) => {
                tracing::info!(
                    what,
                    need,
                    have,
                    "the projected pipeline does not fit, the flat one takes over"
                );
                Ok(flat)
            }
        }
    }

    /// What the table is packed like.
    pub(super) fn packed(&self) -> &Variant {
        match self {
            Self::Flat(variant) => variant,
            Self::Projected(variant) => &variant.packed,
        }
    }

    /// For people.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Flat(_) => "flat",
            Self::Projected(_) => "projected",
        }
    }

    /// Compiles all it takes; a device does so once.
    pub(super) fn compile(&self, device: &Device) -> Result<(), EngineError> {
        match self {
            Self::Flat(variant) => {
                let flat = Kernel::Flat;
                device.pipeline(flat.name(), flat.source(variant)).map(drop)
            }
            Self::Projected(variant) => Stage::ALL.into_iter().try_for_each(|stage| {
                let source = stage.source(variant);
                device.pipeline(stage.name(), source).map(drop)
            }),
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
            Self::Projected(variant) => {
                let projected = Projected::new(device, limits, job, *variant, fault)?;
                Ok(Box::new(projected))
            }
        }
    }
}
