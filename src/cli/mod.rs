//! Arguments as typed → checked options → run. One file a command; clap is named nowhere else.
//!
//! Layer 5, part of the binary. It decides what is printed where: results on stdout, all else on
//! stderr.

pub mod advice;
mod answer;
mod asked;
mod bench;
mod certificate;
mod describe;
mod devices;
mod drivers;
mod duration;
mod engine;
pub mod exit;
mod form;
mod generate;
mod lengths;
mod log;
mod manual;
mod merge;
mod output;
mod pieces;
mod plan;
mod progress;
mod proving;
mod question;
mod quota;
mod resume;
mod search;
mod slurm;
mod status;
mod stop;
mod table;
pub mod talk;
mod typed;
mod verify;

use clap::{CommandFactory, Parser, Subcommand};
use exit::Exit;
use talk::Talk;

/// Finds the K questions whose summed score correlates best with the overall score, exactly.
#[derive(Debug, Parser)]
#[command(
    name = "kcorrset",
    version,
    long_about = "Finds the K questions of a test whose summed score correlates best with the overall \
                  score.\n\n\
                  Every set of K questions is looked at. For each, the users who answered all of it are \
                  taken, and Pearson's r between their score on the set and their total over all they \
                  answered. All arithmetic is in integers, every search is audited, and the answer does \
                  not depend on the engine.",
    after_help = "Exit codes: 0 done; 1 the answer is no (verify, merge --missing); 2 bad usage or input; 3 audit, \
                  self-test or check failed; 4 device failed; 5 the time was over (--max-time); 130 stopped.",
    subcommand_required = true,
    arg_required_else_help = true
)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    talk: Talk,
}

#[derive(Debug, Subcommand)]
enum Command {
    Describe(describe::DescribeArgs),
    Search(typed::SearchArgs),
    Plan(plan::PlanArgs),
    Resume(resume::ResumeArgs),
    Merge(merge::MergeArgs),
    Slurm(slurm::SlurmArgs),
    Verify(verify::VerifyArgs),
    Generate(generate::GenerateArgs),
    Devices(devices::DevicesArgs),
    Bench(bench::BenchArgs),
    Completions(manual::CompletionsArgs),
    Man(manual::ManArgs),
}

impl Command {
    /// Whether it looks for GPUs.
    fn meets_drivers(&self) -> bool {
        match self {
            Self::Search(args) => args.meets_drivers(),
            Self::Plan(args) => args.meets_drivers(),
            Self::Verify(args) => args.meets_drivers(),
            Self::Bench(args) => args.meets_drivers(),
            Self::Devices(_) | Self::Resume(_) => true,
            Self::Describe(_)
            | Self::Merge(_)
            | Self::Slurm(_)
            | Self::Generate(_)
            | Self::Completions(_)
            | Self::Man(_) => false,
        }
    }
}

/// Runs the command as typed.
pub fn run(cli: Cli) -> anyhow::Result<Exit> {
    log::init(cli.talk.verbose());
    if cli.command.meets_drivers() {
        drivers::hush();
    }
    match cli.command {
        Command::Describe(args) => describe::run(args, cli.talk),
        Command::Search(args) => search::run(args, cli.talk),
        Command::Resume(args) => resume::run(args, cli.talk),
        Command::Merge(args) => merge::run(args, cli.talk),
        Command::Slurm(args) => slurm::run(args, cli.talk),
        Command::Plan(args) => plan::run(args, cli.talk),
        Command::Verify(args) => verify::run(args, cli.talk),
        Command::Generate(args) => generate::run(args),
        Command::Devices(args) => devices::run(args),
        Command::Bench(args) => bench::run(args, cli.talk),
        Command::Completions(args) => manual::completions(&args, Cli::command()),
        Command::Man(args) => manual::man(&args, Cli::command()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_arguments_are_well_formed() {
        Cli::command().debug_assert();
    }
}
