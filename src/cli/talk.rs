//! What the program says on stderr, beside its answer.

use clap::{ArgAction, Args};
use std::io::Write;

/// One line on stderr; one that nobody can read is lost, and no reason to fail.
pub fn say(sentence: &str) {
    let _ = writeln!(std::io::stderr(), "kcorrset: {sentence}");
}

/// How much to say on stderr.
#[derive(Debug, Clone, Copy, Args)]
pub struct Talk {
    /// Say on stderr what was chosen and why; twice for more
    #[arg(short, long, action = ArgAction::Count, global = true, conflicts_with = "quiet", display_order = 900)]
    verbose: u8,
    /// Nothing on stderr but warnings and errors
    #[arg(short, long, global = true, display_order = 901)]
    quiet: bool,
}

impl Talk {
    /// How often `-v` was given.
    pub fn verbose(self) -> u8 {
        self.verbose
    }

    /// Whether nothing but warnings and errors is to be said.
    pub fn is_quiet(self) -> bool {
        self.quiet
    }

    /// One sentence that is no part of the answer; not under `--quiet`.
    pub fn note(self, sentence: &str) {
        if !self.quiet {
            say(sentence);
        }
    }
}
