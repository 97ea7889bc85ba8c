//! Completions and manual pages: every command is in them.

use crate::cli::{code, run, run_on, shown, text};
use std::fs;

/// Every command of the program, but for help.
const COMMANDS: [&str; 12] = [
    "describe",
    "search",
    "plan",
    "resume",
    "merge",
    "slurm",
    "verify",
    "generate",
    "devices",
    "bench",
    "completions",
    "man",
];

#[test]
fn every_shell_is_told_of_every_command() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let out = run(&format!("completions {shell}"));
        let said = text(&out.stdout);
        assert_eq!((code(&out), text(&out.stderr)), (0, ""), "{shell}");
        for word in COMMANDS.iter().chain(&["min-users", "duplicates"]) {
            assert!(said.contains(word), "{shell}: {word}");
        }
    }
    let out = run("completions cmd");
    assert_eq!((code(&out), text(&out.stdout)), (2, ""), "{}", shown(&out));
}

#[test]
fn each_command_has_a_page() {
    let page = run("man");
    let said = text(&page.stdout);
    assert_eq!((code(&page), text(&page.stderr)), (0, ""));
    assert!(said.contains(".TH kcorrset 1"), "{said}");
    let folder = tempfile::tempdir().expect("a folder");
    let pages = folder.path().join("share/man1");
    assert_eq!(shown(&run_on("man -o", &pages)), "exit 0\n");
    let read = |name: &str| fs::read_to_string(pages.join(name)).expect(name);
    assert_eq!(read("kcorrset.1"), said);
    for command in COMMANDS {
        let text = read(&format!("kcorrset-{command}.1"));
        assert!(
            text.contains(&format!(".TH kcorrset-{command} 1")),
            "{text}"
        );
        assert!(
            said.contains(&format!("kcorrset\\-{command}(1)")),
            "{command}: {said}"
        );
    }
    assert_eq!(
        pages.read_dir().expect("readable").count(),
        1 + COMMANDS.len()
    );
    let file = folder.path().join("file");
    fs::write(&file, "").expect("written");
    let out = run_on("man -o", &file);
    assert_eq!((code(&out), text(&out.stdout)), (2, ""));
    assert!(
        text(&out.stderr).contains("cannot make the folder"),
        "{}",
        shown(&out)
    );
}

#[test]
fn the_help_lists_every_command() {
    let out = run("--help");
    for command in COMMANDS {
        assert!(
            text(&out.stdout).contains(&format!("\n  {command}")),
            "{command}"
        );
    }
}
