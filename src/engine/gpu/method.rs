//! The registry of pipelines: the only place that names them all. To add one, write its folder with a type
//! that is a [`Kind`], and add its line here.

use super::complete::Complete;
use super::device::Device;
use super::drive::Pipeline;
use super::flat::Flat;
use super::job::Job;
use super::kind::{Kind, Sample};
use super::layout::Integers;
use super::levels::Levels;
use super::limits::{Excess, Limits};
use super::order::Order;
use super::projected::Projected;
use super::shader::Kernel;
use crate::engine::EngineError;

/// Pipelines with the operations that each takes for a set, their choices and names.
type Works = Vec<(f64, Choice, &'static str)>;

macro_rules! pipelines {
    ($($name:ident: $what:literal,)+) => {
        /// What decides which pipeline a search takes.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub enum Choice {
            /// The one that is expected to need the least work, by counting it; where that one does not
            /// fit, the next.
            #[default]
            ByWork,
            $(#[doc = concat!($what, "; a search that it cannot take is refused.")] $name,)+
        }

        impl Choice {
            /// Every pipeline: its name, what it does, and its choice.
            pub const NAMED: &'static [(&'static str, &'static str, Self)] =
                &[$(($name::NAME, $what, Self::$name)),+];
        }

        /// A pipeline and what is compiled into it: what the self-test is run for, once each.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub(super) enum Method {
            $($name(<$name as Kind>::Variant),)+
        }

        /// Every pipeline with the work that `job` is expected to take in it.
        fn works(job: &Job<'_>) -> Works {
            let works = [$(($name::work(job), Choice::$name, $name::NAME)),+];
            works.into_iter().filter_map(|(work, choice, name)| Some((work?, choice, name))).collect()
        }

        impl Method {
            /// The pipeline of this name, as `job` takes it.
            fn planned(choice: Choice, job: &Job<'_>, limits: &Limits) -> Result<Self, Excess> {
                match choice {
                    Choice::ByWork => Self::by_work(job, limits),
                    $(Choice::$name => $name::variant(job, limits).map(Self::$name),)+
                }
            }

            /// For people.
            pub(super) fn name(&self) -> &'static str {
                match self { $(Self::$name(_) => $name::NAME,)+ }
            }

            /// What it compiles.
            fn kernels(&self, integers: Integers) -> Vec<Kernel> {
                match self { $(Self::$name(variant) => $name::kernels(variant, integers),)+ }
            }

            /// The tables for its known answers.
            pub(super) fn samples(&self) -> Vec<Sample> {
                match self { $(Self::$name(variant) => $name::samples(variant),)+ }
            }

            /// Whether it excludes prefixes with too few users.
            pub(super) fn prunes(&self) -> bool {
                match self { $(Self::$name(_) => $name::PRUNES,)+ }
            }

            /// What is asked known answers where no search is at hand.
            pub(super) fn usual() -> Vec<Self> {
                let mut all = Vec::new();
                $(all.extend($name::USUAL.iter().copied().map(Self::$name));)+
                all
            }

            /// Buffers on `device` for `job`, tiled within `limits`, and the kernels of this method.
            pub(super) fn open<'a>(
                &self,
                device: &'a Device,
                limits: Limits,
                job: &'a Job<'a>,
                order: Order,
            ) -> Result<Box<dyn Pipeline + 'a>, EngineError> {
                match *self { $(Self::$name(variant) => $name::open(device, limits, job, variant, order),)+ }
            }
        }
    };
}

pipelines! {
    Complete: "Complete tables, over covariances",
    Levels: "Level by level down the prefix tree, pruning",
    Projected: "Leaves over the users of their stems",
    Flat: "Every set over all users",
}

/// Which pipeline is asked for.
#[derive(Clone, Copy, Debug)]
pub(super) enum Ask {
    Choice(Choice),
    /// A pipeline as it is compiled.
    Exactly(Method),
}

impl Ask {
    /// The method that `job` takes on a device with these limits.
    ///
    /// # Errors
    /// The refusal of a pipeline that was asked for; of the last that was tried where any would do.
    pub(super) fn method(self, job: &Job<'_>, limits: &Limits) -> Result<Method, EngineError> {
        match self {
            Self::Exactly(method) => Ok(method),
            Self::Choice(choice) => Method::planned(choice, job, limits).map_err(Excess::refusal),
        }
    }
}

impl Method {
    /// The one with the least work among those that fit.
    fn by_work(job: &Job<'_>, limits: &Limits) -> Result<Self, Excess> {
        let works = job.once(|| {
            let mut works = works(job);
            works.sort_by(|(one, ..), (other, ..)| one.total_cmp(other));
            let listed = works.iter();
            let listed = listed.map(|(work, _, name)| format!("{name} {work:.0}"));
            let listed = listed.collect::<Vec<_>>().join(", ");
            tracing::info!("operations expected for a set: {listed}");
            works
        });
        let mut last = Excess::new("a pipeline", 1, 0);
        for &(_, choice, name) in works.iter() {
            match Self::planned(choice, job, limits) {
                Ok(method) => return Ok(method),
                Err(excess) => {
                    let Excess { what, need, have } = &excess;
                    tracing::info!(
                        "another pipeline than {name}: {what} needs {need}, and {have} is what there is"
                    );
                    last = excess;
                }
            }
        }
        Err(last)
    }

    /// The order of sets in which it takes least work to search all of them.
    pub(super) fn order(&self, job: &Job<'_>) -> Order {
        match self {
            Self::Projected(_) => Order::of_all(job.questions(), job.query.k()),
            _ => Order::Ranks,
        }
    }

    /// Compiles all it takes; a device does so once.
    pub(super) fn compile(&self, device: &Device) -> Result<(), EngineError> {
        let kernels = self.kernels(device.integers());
        let kernels: Vec<_> = kernels.iter().collect();
        device.pipelines(&kernels).map(drop)
    }
}
