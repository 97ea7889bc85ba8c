//! Which engine to run, and on what.

use anyhow::bail;
use clap::{Args, ValueEnum};
use kcorrset::engine::Engine;
use kcorrset::engine::cpu::{CpuEngine, Isa};
use kcorrset::engine::gpu::{self, GpuEngine};
use kcorrset::engine::oracle::ReferenceEngine;
use std::num::NonZero;

/// More threads than any machine that this was thought for has cores.
const MOST_THREADS: i64 = 1024;

#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "What computes")]
pub struct EngineArgs {
    /// What computes; the answer is the same
    #[arg(long, value_name = "NAME", default_value = "auto")]
    pub engine: EngineName,
    /// The GPU to use, by its number in `kcorrset devices`
    #[arg(long, value_name = "I")]
    device: Option<usize>,
    /// Threads of the CPU engine [default: one a core]
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
    /// The same with VBMI, VPOPCNTDQ and the byte tiles of AMX
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
    /// A GPU if there is one (not a software one), else the CPU
    Auto,
    /// All cores
    Cpu,
    /// One GPU
    Gpu,
    /// One thread, by the definition: slow, and the measure of the others
    Reference,
}

/// A checked choice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Choice {
    Cpu,
    Gpu(Option<usize>),
    Reference,
}

impl EngineArgs {
    /// Refuses options that the engine asked for would not heed.
    pub fn check(&self) -> anyhow::Result<()> {
        let (cpu, gpu) = match self.engine {
            EngineName::Auto => (true, true),
            EngineName::Cpu => (true, false),
            EngineName::Gpu => (false, true),
            EngineName::Reference => (false, false),
        };
        if self.device.is_some() && !gpu {
            bail!("--device chooses a GPU: leave it out, or take --engine gpu");
        }
        if self.threads.is_some() && !cpu {
            bail!("--threads is for the CPU engine: leave it out, or take --engine cpu");
        }
        if self.threads.is_some() && self.device.is_some() {
            bail!("--threads is for the CPU engine and --device for the GPU: choose one");
        }
        if self.instructions.is_some() && !cpu {
            bail!("--instructions is for the CPU engine: leave it out, or take --engine cpu");
        }
        if self.instructions.is_some() && self.device.is_some() {
            bail!("--instructions is for the CPU engine and --device for the GPU: choose one");
        }
        self.instructions.map(Instructions::isa).transpose()?;
        Ok(())
    }

    /// Opens the engine. The second value says what `auto` chose and why.
    pub fn open(&self) -> anyhow::Result<(Box<dyn Engine>, Option<String>)> {
        self.check()?;
        let (choice, why) = match self.engine {
            EngineName::Cpu => (Choice::Cpu, None),
            EngineName::Gpu => (Choice::Gpu(self.device), None),
            EngineName::Reference => (Choice::Reference, None),
            EngineName::Auto => {
                let (choice, why) = self.choose();
                (choice, Some(why))
            }
        };
        let engine: Box<dyn Engine> = match choice {
            Choice::Cpu => Box::new(self.cpu()?),
            Choice::Gpu(index) => Box::new(GpuEngine::open(index)?),
            Choice::Reference => Box::new(ReferenceEngine),
        };
        tracing::info!(engine = engine.name(), devices = ?engine.devices(), "engine");
        let note = why.map(|why| {
            let devices = engine.devices().join(", ");
            format!("using the {} engine ({devices}): {why}", engine.name())
        });
        Ok((engine, note))
    }

    fn choose(&self) -> (Choice, String) {
        if let Some(index) = self.device {
            (Choice::Gpu(Some(index)), "--device was given".to_owned())
        } else if self.threads.is_some() {
            (Choice::Cpu, "--threads was given".to_owned())
        } else if self.instructions.is_some() {
            (Choice::Cpu, "--instructions was given".to_owned())
        } else {
            let adapters = gpu::adapters();
            let known: Vec<_> = adapters.iter().map(|a| (a.index, a.software)).collect();
            choose_by_adapters(&known)
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

/// From the number of each adapter and whether it is a software one.
fn choose_by_adapters(adapters: &[(usize, bool)]) -> (Choice, String) {
    match adapters.iter().find(|(_, software)| !software) {
        Some(&(index, _)) => {
            let why = format!("GPU {index} was found");
            (Choice::Gpu(Some(index)), why)
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

    #[test]
    fn auto_takes_the_first_real_gpu_and_no_software_one() {
        let choose = |adapters: &[(usize, bool)]| choose_by_adapters(adapters).0;
        assert_eq!(choose(&[]), Choice::Cpu);
        assert_eq!(choose(&[(0, true), (1, true)]), Choice::Cpu);
        assert_eq!(
            choose(&[(0, true), (1, false), (2, false)]),
            Choice::Gpu(Some(1))
        );
    }
}
