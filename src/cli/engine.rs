//! Which engine to run, and on what.

use super::progress;
use super::proving::{self, Proving};
use super::talk::Talk;
use anyhow::bail;
use clap::{Args, ValueEnum};
use kcorrset::engine::bound::BoundEngine;
use kcorrset::engine::cpu::{CpuEngine, Isa};
use kcorrset::engine::gpu::{self, AdapterReport, GpuEngine};
use kcorrset::engine::oracle::ReferenceEngine;
use kcorrset::engine::{Engine, EngineError, Part, Query};
use std::num::NonZero;
use std::time::Duration;

/// More threads than any machine that this was thought for has cores.
const MOST_THREADS: i64 = 1024;

/// Milliseconds of a dispatch, as hashcat's profiles have them.
const PROFILES: [u64; 4] = [2, 12, 96, 480];

#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "What computes")]
pub struct EngineArgs {
    /// What computes; the answer is the same [default: auto]
    #[arg(long, value_name = "NAME")]
    engine: Option<EngineName>,
    /// The GPU to use, by its number in `kcorrset devices`; several with commas share the search
    #[arg(long, value_name = "I,..", value_delimiter = ',')]
    device: Vec<usize>,
    /// How long a GPU computes at a time: 1 to 4 for 2, 12, 96 or 480 ms; the more, the less
    /// responsive is a desktop on it [default: 2]
    #[arg(long, value_name = "1..4", value_parser = profile_parser())]
    profile: Option<u8>,
    /// Threads of the engines cpu and bound [default: one a core]
    #[arg(long, value_name = "T", value_parser = threads_parser())]
    threads: Option<u16>,
    /// Instructions that the CPU engine may use [default: the fastest there are]
    #[arg(long, value_name = "SET")]
    instructions: Option<Instructions>,
}

/// `--threads`: 1 to [`MOST_THREADS`].
pub fn threads_parser() -> impl clap::builder::TypedValueParser<Value = u16> {
    clap::value_parser!(u16).range(1..=MOST_THREADS)
}

/// `--profile`: a place in [`PROFILES`], from 1.
pub fn profile_parser() -> impl clap::builder::TypedValueParser<Value = u8> {
    clap::value_parser!(u8).range(1..=PROFILES.len() as i64)
}

/// What `--profile` asks for, or the usual.
pub fn target(profile: Option<u8>) -> Duration {
    let place = profile.and_then(|profile| usize::from(profile).checked_sub(1));
    place
        .and_then(|place| PROFILES.get(place).copied())
        .map_or(gpu::TARGET, Duration::from_millis)
}

/// Refuses a GPU that is named twice.
pub fn check_devices(devices: &[usize]) -> anyhow::Result<()> {
    for (i, device) in devices.iter().enumerate() {
        if devices[..i].contains(device) {
            bail!("--device {device}: is named twice");
        }
    }
    Ok(())
}

/// `--threads` as asked for, or one a core.
pub fn threads_or_all(asked: Option<u16>) -> usize {
    match asked {
        Some(threads) => threads.into(),
        None => std::thread::available_parallelism().map_or(1, NonZero::get),
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Instructions {
    /// What every processor has
    Portable,
    /// AVX2 with FMA
    Avx2,
    /// AVX-512 F, BW, DQ and VL
    Avx512,
    /// AVX-512 with VBMI, VNNI, VPOPCNTDQ, GFNI and the byte tiles of AMX
    Amx,
}

impl Instructions {
    /// Refuses a set that this processor lacks.
    pub fn isa(self) -> anyhow::Result<Isa> {
        let isa = match self {
            Self::Portable => Isa::Portable,
            Self::Avx2 => Isa::Avx2,
            Self::Avx512 => Isa::Avx512,
            Self::Amx => Isa::Amx,
        };
        if !isa.is_available() {
            let names: Vec<_> = Isa::available().into_iter().map(Isa::name).collect();
            bail!(
                "--instructions {}: this processor lacks them; it has {}",
                isa.name(),
                names.join(", ")
            );
        }
        Ok(isa)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum EngineName {
    /// The GPUs if there are any (not software ones), else the CPU; bound where that is far less work
    Auto,
    /// All cores
    Cpu,
    /// GPUs: the first, or those that --device names
    Gpu,
    /// All cores, by proof in place of a look at each set: for tables without missing answers
    Bound,
    /// One thread, by the definition: slow, and the measure of the others
    Reference,
}

/// What `auto` chooses.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Choice {
    Cpu,
    Gpu(Vec<usize>),
}

/// An engine of this machine.
pub enum Present {
    Cpu(CpuEngine),
    Gpu(GpuEngine),
    Bound(BoundEngine),
    /// One of this name that cannot be opened.
    Failed(&'static str, EngineError),
}

impl EngineArgs {
    /// Refuses options that the engine asked for would not heed, and those that this machine cannot.
    pub fn check(&self) -> anyhow::Result<()> {
        self.check_apart_from_machine()?;
        self.instructions.map(Instructions::isa).transpose()?;
        Ok(())
    }

    /// Refuses options that the engine asked for would not heed, on whatever machine.
    pub fn check_apart_from_machine(&self) -> anyhow::Result<()> {
        let (cpu, gpu) = match self.engine() {
            EngineName::Auto => (true, true),
            EngineName::Cpu => (true, false),
            EngineName::Gpu => (false, true),
            EngineName::Bound | EngineName::Reference => (false, false),
        };
        let threads = cpu || self.engine() == EngineName::Bound;
        if self.on_gpu() && !gpu {
            bail!("--device chooses a GPU: leave it out, or take --engine gpu");
        }
        if self.profile.is_some() && !gpu {
            bail!("--profile is for GPUs: leave it out, or take --engine gpu");
        }
        check_devices(&self.device)?;
        if self.threads.is_some() && !threads {
            bail!("--threads is for the CPU engine: leave it out, or take --engine cpu");
        }
        if self.threads.is_some() && self.on_gpu() {
            bail!("--threads is for the CPU engine and --device for the GPU: choose one");
        }
        if self.instructions.is_some() && !cpu {
            bail!("--instructions is for the CPU engine: leave it out, or take --engine cpu");
        }
        if self.instructions.is_some() && self.on_gpu() {
            bail!("--instructions is for the CPU engine and --device for the GPU: choose one");
        }
        Ok(())
    }

    /// Refuses queries that the engine asked for can be known to refuse on any machine.
    pub fn check_for(&self, queries: &[Query<'_>]) -> anyhow::Result<()> {
        if self.engine() == EngineName::Bound {
            let engine = BoundEngine::new(1)?;
            for query in queries {
                engine.open(query)?;
            }
        }
        Ok(())
    }

    /// Whether it may look for GPUs.
    pub fn meets_drivers(&self) -> bool {
        matches!(self.engine(), EngineName::Auto | EngineName::Gpu)
    }

    /// Whether everything is left to the program.
    fn is_plain(&self) -> bool {
        self.engine() == EngineName::Auto
            && !self.on_gpu()
            && self.profile.is_none()
            && self.threads.is_none()
            && self.instructions.is_none()
    }

    /// Whether anything was typed.
    pub fn is_given(&self) -> bool {
        self.engine.is_some() || !self.is_plain()
    }

    /// The engine that was named, or else auto.
    pub fn engine(&self) -> EngineName {
        self.engine.unwrap_or(EngineName::Auto)
    }

    fn on_gpu(&self) -> bool {
        !self.device.is_empty()
    }

    /// Opens an engine that can run all of these queries. The second value says what `auto` chose and why.
    ///
    /// `parts` are the sets of each query that are searched as one: `auto` may take the bound engine for them where
    /// they are many, and the others where that refuses. Where there are none, it does not.
    ///
    /// Where a GPU that `auto` found cannot run one of them, or cannot be opened, the CPU engine runs all; a
    /// GPU with a wrong answer to a known question is an error even then.
    pub fn open_for(
        &self,
        queries: &[Query<'_>],
        parts: &[Part],
        talk: Talk,
    ) -> anyhow::Result<(Box<dyn Engine>, Option<String>)> {
        self.check()?;
        let (mut engine, mut why): (Box<dyn Engine>, _) = match self.engine() {
            EngineName::Cpu => (Box::new(self.cpu()?), None),
            EngineName::Bound => (
                Box::new(BoundEngine::new(threads_or_all(self.threads))?),
                None,
            ),
            EngineName::Gpu => (self.gpu(&self.device, queries, talk)?, None),
            EngineName::Reference => (Box::new(ReferenceEngine), None),
            EngineName::Auto => {
                let (choice, why) = self.choose();
                match choice {
                    Choice::Cpu => (Box::new(self.cpu()?), Some(self.on_cpu(why))),
                    Choice::Gpu(indices) => match self.gpu(&indices, queries, talk) {
                        Ok(engine) => (engine, Some(why)),
                        Err(error) if !self.on_gpu() && leaves_it_to_the_cpu(&error) => {
                            (Box::new(self.cpu()?), Some(self.on_cpu(error.to_string())))
                        }
                        Err(error) => return Err(error.into()),
                    },
                }
            }
        };
        let threads = threads_or_all(None);
        if self.is_plain() && proving::pays(queries, parts, threads) {
            let proving = Proving::new(BoundEngine::new(threads)?, engine, threads);
            why = why.map(|why| proving.why(&why));
            engine = Box::new(proving);
        } else if self.engine() != EngineName::Bound
            && let Some(query) = queries.iter().find(|query| query.space().count().is_none())
        {
            // It refuses sets that cannot be numbered: here, before it has run another of several K.
            engine.open(query)?;
        }
        tracing::info!(engine = engine.name(), devices = ?engine.devices(), "engine");
        let note = why.map(|why| {
            let devices = engine.devices().join(", ");
            format!("using the {} engine ({devices}): {why}", engine.name())
        });
        Ok((engine, note))
    }

    /// Every engine of this machine that these options leave: each with its name, its devices or why they cannot be
    /// opened. The bound engine is among them where it is asked for, or `complete`: no answer of the table is missing.
    pub fn present(&self, complete: bool) -> anyhow::Result<Vec<Present>> {
        self.check()?;
        let mut all = Vec::new();
        let auto = self.engine() == EngineName::Auto;
        let cpu_alone = self.threads.is_some() || self.instructions.is_some();
        if self.engine() == EngineName::Cpu || (auto && !self.on_gpu()) {
            all.push(Present::Cpu(self.cpu()?));
        }
        let each: Vec<Vec<usize>> = match (self.engine(), self.on_gpu()) {
            (EngineName::Auto | EngineName::Gpu, true) => vec![self.device.clone()],
            (EngineName::Auto, false) if !cpu_alone => {
                let adapters = gpu::adapters();
                adapters.iter().map(|adapter| vec![adapter.index]).collect()
            }
            (EngineName::Gpu, false) => vec![Vec::new()],
            _ => Vec::new(),
        };
        for indices in each {
            match GpuEngine::open_each(&indices) {
                Ok(engine) => all.push(Present::Gpu(engine.with_target(target(self.profile)))),
                Err(error) if auto && leaves_it_to_the_cpu(&error) => {
                    all.push(Present::Failed("gpu", error));
                }
                Err(error) => return Err(error.into()),
            }
        }
        if self.engine() == EngineName::Bound || (auto && complete && !self.on_gpu()) {
            let threads = threads_or_all(self.threads);
            all.push(Present::Bound(BoundEngine::new(threads)?));
        }
        Ok(all)
    }

    /// Opens the bound engine so that it records its proofs; refuses other engines.
    pub fn open_recording(&self) -> anyhow::Result<Box<dyn Engine>> {
        self.check()?;
        let bound = matches!(self.engine(), EngineName::Auto | EngineName::Bound);
        if !bound || self.on_gpu() || self.profile.is_some() || self.instructions.is_some() {
            bail!(
                "--certificate: only the bound engine proves its list: take --engine bound, without options of \
                 other engines"
            );
        }
        let engine = BoundEngine::new(threads_or_all(self.threads))?.recording();
        Ok(Box::new(engine))
    }

    /// Why the CPU engine was chosen, and what that leaves without effect.
    fn on_cpu(&self, mut why: String) -> String {
        if self.profile.is_some() {
            why.push_str("; --profile is for GPUs and changes nothing");
        }
        why
    }

    /// The engine on these GPUs, once it has shown that it can run each query.
    fn gpu(
        &self,
        indices: &[usize],
        queries: &[Query<'_>],
        talk: Talk,
    ) -> Result<Box<dyn Engine>, EngineError> {
        let engine = GpuEngine::open_each(indices)?;
        let engine = engine.with_target(target(self.profile));
        let compiling = || {
            let kernels = engine.compiling();
            (!kernels.is_empty()).then(|| format!("compiling {}", kernels.join(", ")))
        };
        progress::while_waiting(talk.is_quiet(), compiling, || {
            queries
                .iter()
                .try_for_each(|query| engine.open(query).map(drop))
        })?;
        Ok(Box::new(engine))
    }

    fn choose(&self) -> (Choice, String) {
        if self.on_gpu() {
            let indices = self.device.clone();
            (Choice::Gpu(indices), "--device was given".to_owned())
        } else if self.threads.is_some() {
            (Choice::Cpu, "--threads was given".to_owned())
        } else if self.instructions.is_some() {
            (Choice::Cpu, "--instructions was given".to_owned())
        } else {
            choose_by_adapters(&gpu::adapters())
        }
    }

    fn cpu(&self) -> anyhow::Result<CpuEngine> {
        let engine = CpuEngine::new(threads_or_all(self.threads))?;
        match self.instructions {
            Some(instructions) => Ok(engine.with_isa(instructions.isa()?)?),
            None => Ok(engine),
        }
    }
}

/// Whether a GPU's failure is that it cannot do this, or nothing at all: the CPU engine then may. Nothing is
/// known to be wrong with the machine.
fn leaves_it_to_the_cpu(error: &EngineError) -> bool {
    match error {
        EngineError::Refused { .. }
        | EngineError::NotNumbered { .. }
        | EngineError::Device { .. }
        | EngineError::NoGpu
        | EngineError::NoSuchGpu { .. } => true,
        EngineError::SelfTest { .. } | EngineError::Stopped | EngineError::NoThreads { .. } => {
            false
        }
    }
}

/// The real GPUs, as far as they are of the first one's kind: a small one beside a large one may be
/// unable to hold what the large one can. And of its backend: another one may have the same GPUs.
fn choose_by_adapters(adapters: &[AdapterReport]) -> (Choice, String) {
    match adapters.iter().find(|adapter| !adapter.software) {
        Some(first) => {
            let like_first = |a: &&AdapterReport| {
                (&a.backend, &a.device_type) == (&first.backend, &first.device_type)
            };
            let indices: Vec<_> = adapters
                .iter()
                .filter(like_first)
                .map(|a| a.index)
                .collect();
            let names: Vec<_> = indices.iter().map(usize::to_string).collect();
            let why = match indices.len() {
                1 => format!("GPU {} was found", names.join("")),
                _ => format!("GPUs {} were found", names.join(", ")),
            };
            (Choice::Gpu(indices), why)
        }
        None if adapters.is_empty() => (Choice::Cpu, "no GPU was found".to_owned()),
        None => {
            let why = "only software GPUs were found, which --engine gpu would take".to_owned();
            (Choice::Cpu, why)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kcorrset::engine::gpu::AdapterFeatures;
    use kcorrset::engine::gpu::limits::Limits;

    #[test]
    fn auto_takes_all_real_gpus_of_the_first_ones_kind_and_no_software_one() {
        let adapter = |(index, (backend, device_type)): (usize, &(&str, &str))| AdapterReport {
            index,
            name: String::new(),
            backend: (*backend).to_owned(),
            driver: String::new(),
            driver_info: String::new(),
            device_type: (*device_type).to_owned(),
            software: *device_type == "Cpu",
            vendor: 0,
            device: 0,
            limits: Limits {
                max_storage_binding: 0,
                max_buffer: 0,
                workgroup_memory: 0,
                invocations: 0,
                workgroups_per_side: 0,
                loop_turns: 0,
                lane_loads: 0,
                chunk: 0,
                survivors: 0,
            },
            features: AdapterFeatures {
                subgroup: false,
                shader_int64: false,
                timestamp_query: false,
                subgroup_min_size: 0,
                subgroup_max_size: 0,
            },
        };
        let choose = |kinds: &[(&str, &str)]| {
            let adapters: Vec<_> = kinds.iter().enumerate().map(adapter).collect();
            choose_by_adapters(&adapters).0
        };
        let (real, small, soft) = ("DiscreteGpu", "IntegratedGpu", "Cpu");
        assert_eq!(choose(&[]), Choice::Cpu);
        assert_eq!(choose(&[("Vulkan", soft), ("Vulkan", soft)]), Choice::Cpu);
        assert_eq!(
            choose(&[
                ("Dx12", real),
                ("Dx12", real),
                ("Vulkan", real),
                ("Dx12", small),
                ("Dx12", soft)
            ]),
            Choice::Gpu(vec![0, 1])
        );
        assert_eq!(
            choose(&[("Vulkan", small), ("Vulkan", soft)]),
            Choice::Gpu(vec![0])
        );
    }

    #[test]
    fn a_gpu_that_cannot_leaves_it_to_the_cpu_and_one_that_errs_does_not() {
        let refused = EngineError::Refused {
            engine: "gpu",
            what: "a table".to_owned(),
            need: "2 bytes".to_owned(),
            have: "1".to_owned(),
            hint: "buy one",
        };
        let [device, what] = ["d", "w"].map(str::to_owned);
        let failed = EngineError::Device { device, what };
        assert!(
            [refused, failed, EngineError::NoGpu]
                .iter()
                .all(leaves_it_to_the_cpu)
        );
        let [device, what] = ["d", "w"].map(str::to_owned);
        let wrong = EngineError::SelfTest { device, what };
        assert!(
            ![wrong, EngineError::Stopped]
                .iter()
                .any(leaves_it_to_the_cpu)
        );
    }

    #[test]
    fn profiles_are_four_lengths_of_a_dispatch() {
        assert_eq!(target(None), target(Some(2)));
        let all = [1, 2, 3, 4].map(|profile| target(Some(profile)).as_millis());
        assert_eq!(all, [2, 12, 96, 480]);
    }
}
