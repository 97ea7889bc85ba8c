//! The command line: parse, run, print what went wrong, exit with the code that says so.

mod cli;

use clap::Parser;
use std::process::ExitCode;

fn main() -> ExitCode {
    let args = cli::Cli::parse();
    match cli::run(args) {
        Ok(done) => done.code(),
        Err(error) => {
            let exit = cli::exit::of_error(&error);
            match exit {
                // Asked for, so no error.
                cli::exit::Exit::Stopped => cli::talk::say(&format!("{error:#}")),
                _ => cli::talk::say(&cli::advice::error(&error)),
            }
            exit.code()
        }
    }
}
