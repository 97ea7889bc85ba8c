//! Which pipeline a search takes, and how one is opened: the only place that names them all.

use super::complete::{self, Complete};
use super::device::Device;
use super::drive::Pipeline;
use super::fault::Fault;
use super::flat::Flat;
use super::job::{Ask, Job};
use super::layout::{SumWidth, Variant};
use super::levels::shader::Step;
use super::levels::{self, Levels};
use super::limits::{Excess, Limits};
use super::projected::shader::Stage;
use super::projected::{self, Projected};
use super::shader::Kernel;
use crate::engine::EngineError;

/// What decides which pipeline a search takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Choice {
    /// The complete pipeline where nobody missed an answer; levels where few stems have enough users;
    /// else flat or projected, whichever is expected to need less work, by counting it. Where one
    /// refuses the next is asked: projected, levels, flat.
    #[default]
    ByWork,
    /// Every set over all users.
    Flat,
    /// Leaves over the users of their stems; a search that it cannot take is refused.
    Projected,
    /// Level by level down the prefix tree, pruning; a search that it cannot take is refused.
    Levels,
    /// Complete tables, over covariances; a search that it cannot take is refused.
    Complete,
}

/// A pipeline and what is compiled into it: what the self-test is run for, once each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Method {
    /// One invocation a set, over the full bitsets.
    Flat(Variant),
    /// Leaves over the users of their stems.
    Projected(projected::layout::Variant),
    /// Level by level down the prefix tree.
    Levels(levels::layout::Variant),
    /// Complete tables, over covariances.
    Complete {
        k: usize,
        width: SumWidth,
        /// Questions that a workgroup has room for.
        span: u32,
    },
}

/// Whether a search that may choose should try the complete pipeline: `sets` sets of `k` questions
/// of a complete table with `questions` questions.
///
/// It first takes Q²/2 products over all users, as many as the flat pipeline ANDs bitsets for
/// Q²/(2·K) sets; so few sets, and all sets of one question, are left to that one.
pub(super) fn pays(questions: usize, k: usize, sets: u128) -> bool {
    k >= 2 && sets >= (questions * questions / (2 * k)) as u128
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
        if let Some(table) = &job.complete {
            let k = job.query.k();
            match complete::Plan::new(limits, table.questions(), k, table.width) {
                Ok(plan) => {
                    return Ok(Self::Complete {
                        k,
                        width: table.width,
                        span: plan.span,
                    });
                }
                Err(excess) if choice == Choice::Complete => return Err(excess.refusal()),
                Err(excess) => leave_to_others(&excess),
            }
        }
        let deep = match levels::plan_for(job, limits) {
            Ok((shape, _)) => Some(Self::Levels(shape.variant)),
            Err(excess) if choice == Choice::Levels => return Err(excess.refusal()),
            Err(_) => None,
        };
        let pruned = || {
            let (matrix, query) = (job.matrix, job.query);
            levels::plan::pays(matrix, query.k(), query.min_users())
        };
        if let Some(deep) = deep
            && (choice == Choice::Levels || choice == Choice::ByWork && pruned())
        {
            return Ok(deep);
        }
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
                let next = deep.filter(|_| job.query.k() > 2).unwrap_or(flat);
                tracing::info!(
                    what,
                    need,
                    have,
                    "the projected pipeline does not fit, the {} one takes over",
                    next.name()
                );
                Ok(next)
            }
        }
    }

    /// For people.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Flat(_) => "flat",
            Self::Complete { .. } => "complete",
            Self::Projected(_) => "projected",
            Self::Levels(_) => "levels",
        }
    }

    /// Compiles all it takes; a device does so once.
    pub(super) fn compile(&self, device: &Device) -> Result<(), EngineError> {
        match self {
            Self::Flat(variant) => {
                let flat = Kernel::Flat;
                device
                    .pipeline(flat.name(), flat.source(variant, device.integers()))
                    .map(drop)
            }
            Self::Projected(variant) => Stage::of(variant).into_iter().try_for_each(|stage| {
                let source = stage.source(variant, device.integers());
                device.pipeline(stage.name(), source).map(drop)
            }),
            Self::Levels(variant) => Step::ALL.into_iter().try_for_each(|step| {
                let source = step.source(variant, device.integers());
                device.pipeline(step.name(), source).map(drop)
            }),
            Self::Complete { k, width, span } => {
                let (kernel, variant) = complete::compiled(*k, *width, *span);
                device
                    .pipeline(kernel.name(), kernel.source(&variant, device.integers()))
                    .map(drop)
            }
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
        match (*self, &job.complete) {
            (Self::Complete { k, width, span }, Some(table)) => {
                let mut plan = complete::Plan::new(&limits, table.questions(), k, width)
                    .map_err(Excess::refusal)?;
                // A self-test may ask for more room than its table takes.
                plan.span = plan.span.max(span);
                let pipeline = Complete::new(device, limits, plan, job, table, fault)?;
                Ok(Box::new(pipeline))
            }
            (Self::Projected(variant), _) => {
                let projected = Projected::new(device, limits, job, variant, fault)?;
                Ok(Box::new(projected))
            }
            (Self::Levels(variant), _) => {
                let levels = Levels::new(device, limits, job, variant, fault)?;
                Ok(Box::new(levels))
            }
            _ => Ok(Box::new(Flat::new(device, limits, job, fault)?)),
        }
    }
}

/// Says that the complete pipeline cannot take a complete table, and why.
pub(super) fn leave_to_others(excess: &Excess) {
    let Excess { what, need, have } = excess;
    tracing::info!(
        "another pipeline: complete data, but {what} needs {need}, and {have} is what there is"
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_sets_and_single_questions_are_left_to_the_flat_pipeline() {
        assert!(pays(200, 5, 2_535_650_040));
        assert!(pays(200, 2, 19_900));
        assert!(!pays(200, 5, 3999) && pays(200, 5, 4000));
        assert!(!pays(200, 1, 200));
    }
}
