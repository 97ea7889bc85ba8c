//! `kcorrset man` and `kcorrset completions`: the command line as a manual, and as shells complete it.

use super::exit::Exit;
use super::output::Output;
use anyhow::Context;
use clap::{Args, Command};
use clap_complete::Shell;
use clap_mangen::Man;
use std::path::PathBuf;

/// The name that both are for.
const PROGRAM: &str = "kcorrset";

/// Print what a shell needs to complete commands and options
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
                  kcorrset completions bash > ~/.local/share/bash-completion/completions/kcorrset\n  \
                  kcorrset completions zsh > ~/.zfunc/_kcorrset\n  \
                  kcorrset completions fish > ~/.config/fish/completions/kcorrset.fish")]
pub struct CompletionsArgs {
    /// The shell
    #[arg(value_name = "SHELL")]
    shell: Shell,
}

/// Print the manual page, or write the pages of all commands
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
                  kcorrset man | man -l -\n  \
                  kcorrset man -o ~/.local/share/man/man1")]
pub struct ManArgs {
    /// Folder for a page of each command, made where it is not there [default: the first page, on stdout]
    #[arg(short, long, value_name = "FOLDER")]
    output: Option<PathBuf>,
}

/// Prints the completions of `command`.
pub fn completions(args: &CompletionsArgs, mut command: Command) -> anyhow::Result<Exit> {
    let mut text = Vec::new();
    clap_complete::generate(args.shell, &mut command, PROGRAM, &mut text);
    Output::Stdout.write(|out| Ok(out.write_all(&text)?))?;
    Ok(Exit::Done)
}

/// Prints the page of `command`, or writes its page and those of its commands.
pub fn man(args: &ManArgs, command: Command) -> anyhow::Result<Exit> {
    // The manual has no use for a command that prints help.
    let mut command = command.disable_help_subcommand(true);
    // Gives each command its full name.
    command.build();
    let Some(folder) = &args.output else {
        let text = page(&Man::new(command))?;
        Output::Stdout.write(|out| Ok(out.write_all(&text)?))?;
        return Ok(Exit::Done);
    };
    let cannot = || format!("{}: cannot make the folder", folder.display());
    std::fs::create_dir_all(folder).with_context(cannot)?;
    let commands: Vec<Command> = command.get_subcommands().cloned().collect();
    for command in std::iter::once(command).chain(commands) {
        let man = Man::new(command);
        let text = page(&man)?;
        let path = folder.join(man.get_filename());
        Output::open(Some(&path))?.write(|out| Ok(out.write_all(&text)?))?;
    }
    Ok(Exit::Done)
}

fn page(man: &Man) -> anyhow::Result<Vec<u8>> {
    let mut text = Vec::new();
    man.render(&mut text)?;
    Ok(text)
}
