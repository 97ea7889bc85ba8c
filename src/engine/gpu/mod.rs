//! The GPU engine: the adapters that wgpu finds, and pipelines on them.
//!
//! What a room knows:
//! - pure, tested without a device: [`limits`] (and the checks of every plan), `pack` (how a table is
//!   packed), `layout` (what Rust and WGSL share), `ranks` and `floor` (twins of WGSL), `shader`
//!   (its text), `job` (a search as all devices get it), `prefixes` (those that a chunk meets), `order` (how sets
//!   are numbered), `queue`
//!   (the ranks that are left), `pace` (how large a chunk is), `usage` (how busy a device was), `records`
//!   (what a dispatch left), `compiled` (every text once), `beside` (tasks at once);
//! - `drive`: chunks through any pipeline; the exact finish;
//! - naming wgpu: `adapters` (what there is), `device` (one opened, every failure an error), `slot` (a
//!   search on it: kernels, chunks in flight);
//! - the pipelines `flat`, `projected`, `levels` and `complete`, of one shape each: `plan` (sizes
//!   and counted work), `layout` (variants and params), `table` (what kernels read), `shader` (the
//!   kernels), and in `mod` what is bound and dispatched;
//! - `kind`: what a pipeline must provide; `method`: the registry of all, and which one a search takes;
//! - `member`: an adapter with its device, reopened when it fails; `fleet`: several of them; `lock`;
//! - `selftest`: known answers before the first chunk; `fault`: faults for tests to plant.
//!
//! A shader only ever discards: in integers and under the bound of `floor` or of `projected::slack`, or
//! in floats and under that of `complete::bound` or of `projected::bar`. What survives is summed again here from the bitsets.

pub mod adapters;
mod beside;
mod compiled;
#[doc(hidden)]
pub mod complete;
mod device;
mod drive;
mod fault;
#[doc(hidden)]
pub mod flat;
mod fleet;
mod floor;
mod job;
mod kind;
#[doc(hidden)]
pub mod layout;
#[doc(hidden)]
pub mod levels;
pub mod limits;
mod lock;
mod member;
mod method;
mod order;
mod pace;
mod pack;
mod prefixes;
#[doc(hidden)]
pub mod projected;
mod queue;
mod ranks;
mod records;
mod selftest;
#[doc(hidden)]
pub mod shader;
mod slot;
mod usage;

pub use adapters::{AdapterFeatures, AdapterReport, adapters};
pub use fault::{Discard, Fault, Wrong};
pub use layout::Integers;
pub use method::Choice;
pub use usage::Usage;

use super::cpu::CpuEngine;
use super::{Drawn, Engine, EngineError, Findings, Part, Prepared, Query, Watch, Way, ranks_of};
use job::Job;
use limits::Limits;
use lock::locked;
use member::Member;
use method::{Ask, Method};
use std::num::NonZero;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// What a dispatch should take unless asked otherwise: a desktop stays usable beside it, and it
/// hides the tens of microseconds of its submission. Watchdogs kill at about 2 s.
pub const TARGET: Duration = Duration::from_millis(12);

/// The engine on GPUs.
#[derive(Clone, Debug)]
pub struct GpuEngine {
    members: Vec<Member>,
    /// One search at a time: two would halve each other's speed and double the memory.
    turn: Arc<Mutex<()>>,
    /// How busy each device was in the last search that ended well.
    usage: Arc<Mutex<Vec<Usage>>>,
    target: Duration,
    choice: Choice,
}

impl GpuEngine {
    /// Opens the adapter with this index; without one, the first that is not software, else the
    /// first.
    ///
    /// # Errors
    /// [`EngineError::NoGpu`], [`EngineError::NoSuchGpu`], [`EngineError::Device`].
    pub fn open(index: Option<usize>) -> Result<Self, EngineError> {
        Self::open_each(index.as_slice())
    }

    /// Opens the adapters with these indices, which share every search; without any as
    /// [`Self::open`]. An index that is named twice is opened twice.
    ///
    /// # Errors
    /// [`EngineError::NoGpu`], [`EngineError::NoSuchGpu`], [`EngineError::Device`].
    pub fn open_each(indices: &[usize]) -> Result<Self, EngineError> {
        let chosen = adapters::choose(indices)?.into_iter();
        let members: Vec<_> = chosen
            .map(|(report, adapter)| Member::new(report, adapter))
            .collect();
        for member in &members {
            member.device()?;
        }
        Ok(Self {
            members,
            turn: Arc::default(),
            usage: Arc::default(),
            target: TARGET,
            choice: Choice::default(),
        })
    }

    /// Asks every device known answers. Each pipeline is asked before its first chunk anyway.
    ///
    /// # Errors
    /// [`EngineError::SelfTest`] where one is wrong, and whatever the search fails with.
    pub fn self_test(&self) -> Result<(), EngineError> {
        let _turn = self.turn();
        let methods = Method::usual();
        for member in &self.members {
            member.compile(&methods);
            methods
                .iter()
                .try_for_each(|&method| member.self_test(method))?;
        }
        Ok(())
    }

    /// What it runs on.
    #[must_use]
    pub fn adapters(&self) -> Vec<&AdapterReport> {
        self.members.iter().map(Member::report).collect()
    }

    /// How busy each device was in the last search that ended well.
    #[must_use]
    pub fn usage(&self) -> Vec<Usage> {
        locked(&self.usage).clone()
    }

    /// How many pipelines its devices have compiled since they were opened.
    #[must_use]
    pub fn compiled(&self) -> usize {
        self.members.iter().map(Member::compiled).sum()
    }

    /// Bytes of all buffers that were made on its devices since they were opened, also of those that are gone.
    #[must_use]
    pub fn buffer_bytes(&self) -> u64 {
        self.members.iter().map(Member::buffer_bytes).sum()
    }

    /// Names of the kernels that its devices compile now.
    #[must_use]
    pub fn compiling(&self) -> Vec<&'static str> {
        self.members.iter().flat_map(Member::compiling).collect()
    }

    /// An engine on the same devices, which are given work for about `target` at a time.
    #[must_use]
    pub fn with_target(&self, target: Duration) -> Self {
        Self {
            target,
            usage: Arc::default(),
            ..self.clone()
        }
    }

    /// An engine on the same devices with this pipeline; for tests and benchmarks.
    #[must_use]
    pub fn with_choice(&self, choice: Choice) -> Self {
        Self {
            choice,
            ..self.clone()
        }
    }

    /// An engine on the same devices, planned for as if they allowed no more than `limits`.
    #[must_use]
    pub fn with_limits(&self, limits: &Limits) -> Self {
        self.with_members(|member| member.with_limits(limits))
    }

    /// An engine on the same adapters without what `features` lacks, opened when first used.
    #[must_use]
    pub fn with_features(&self, features: &AdapterFeatures) -> Self {
        self.with_members(|member| member.with_features(features))
    }

    /// An engine on the same adapters with such 64-bit integers in their shaders, where they have them, opened
    /// when first used. Without this software has pairs of words, which are faster there.
    #[must_use]
    pub fn with_integers(&self, integers: Integers) -> Self {
        self.with_members(|member| member.with_integers(integers))
    }

    /// An engine on the same adapters, the first one's device opened again and with a fault.
    #[must_use]
    pub fn with_fault(&self, fault: Fault) -> Self {
        let mut engine = self.with_members(Member::clone);
        if let Some(first) = engine.members.first_mut() {
            *first = first.with_fault(fault);
        }
        engine
    }

    fn with_members(&self, change: impl Fn(&Member) -> Member) -> Self {
        Self {
            members: self.members.iter().map(change).collect(),
            usage: Arc::default(),
            ..self.clone()
        }
    }

    fn turn(&self) -> std::sync::MutexGuard<'_, ()> {
        locked(&self.turn)
    }
}

impl Engine for GpuEngine {
    fn name(&self) -> &'static str {
        "gpu"
    }

    fn devices(&self) -> Vec<String> {
        self.members.iter().map(Member::name).collect()
    }

    fn sum_bits(&self) -> u32 {
        i64::BITS - 1
    }

    /// Each of its devices beside the CPU engine.
    fn ways(&self, _query: &Query<'_>, _part: &Part) -> Result<Vec<Way<'_>>, EngineError> {
        let threads = std::thread::available_parallelism().map_or(1, NonZero::get);
        let cpu = CpuEngine::new(threads)?;
        let of = |member: &Member| Way {
            engine: Box::new(Self {
                members: vec![member.clone()],
                usage: Arc::default(),
                ..self.clone()
            }),
            other: Box::new(cpu.clone()),
            drawn: Drawn::Ranks,
        };
        Ok(self.members.iter().map(of).collect())
    }

    fn open<'q>(&'q self, query: &'q Query<'q>) -> Result<Box<dyn Prepared + 'q>, EngineError> {
        let _turn = self.turn();
        let ready = Ready {
            engine: self,
            job: Job::new(query)?,
            ask: Ask::Choice(self.choice),
        };
        fleet::prepare(&self.members, &ready.job, ready.ask)?;
        Ok(Box::new(ready))
    }
}

/// A query, packed, and the devices that have compiled what it takes.
struct Ready<'q> {
    engine: &'q GpuEngine,
    job: Job<'q>,
    ask: Ask,
}

impl Prepared for Ready<'_> {
    fn search(&self, part: &Part, watch: &Watch) -> Result<Findings, EngineError> {
        let Self { engine, job, ask } = self;
        let ranks = ranks_of("gpu", job.query, part)?;
        let (members, target) = (&engine.members, engine.target);
        let _turn = engine.turn();
        // A device that failed since has lost what it had compiled.
        fleet::prepare(members, job, *ask)?;
        let (driven, usage) = fleet::search(members, job, *ask, ranks, watch, target)?;
        *locked(&engine.usage) = usage;
        Ok(Findings {
            best: driven.top.into_sorted(),
            visited: driven.visited,
            excluded: driven.excluded,
            basis: job.packing.basis.clone(),
            defined: driven.defined.filter(|_| job.tells_defined()),
            took: driven.took.into_iter().collect(),
            recorded: None,
        })
    }
}
