//! The README shows what the program prints: each `$ ` line of it is run, and what follows compared.

use crate::cli::{code, data, kcorrset, mask, shown, text};
use std::fs;
use std::path::Path;

/// The fenced blocks of `readme` in which something is run.
fn consoles(readme: &str) -> Vec<&str> {
    let fenced = readme.split("\n```").skip(1).step_by(2);
    let blocks = fenced.filter_map(|block| Some(block.split_once('\n')?.1));
    blocks.filter(|block| block.starts_with("$ ")).collect()
}

/// The commands of a block, each with what it shows: warnings, which come on stderr, before what is on stdout.
fn steps(block: &str) -> Vec<(&str, String)> {
    let mut steps: Vec<(&str, String)> = Vec::new();
    for line in block.lines() {
        match (line.strip_prefix("$ "), steps.last_mut()) {
            (Some(command), _) => steps.push((command, String::new())),
            // What is chosen depends on the machine.
            (None, _) if line.starts_with("kcorrset: using the ") => {}
            (None, Some((_, shown))) => *shown += &format!("{line}\n"),
            (None, None) => panic!("{line}: which command shows this?"),
        }
    }
    steps
}

/// What `command` shows in `folder`, without notes. A search is one of the CPU engine on two threads, as shown.
fn run(command: &str, folder: &Path) -> String {
    if let Some(file) = command.strip_prefix("cat ") {
        return fs::read_to_string(folder.join(file)).expect(command);
    }
    let arguments = command.strip_prefix("kcorrset ").expect(command);
    let mut process = kcorrset(arguments);
    if arguments.starts_with("search ") {
        process.args(["--engine", "cpu", "--threads", "2"]);
    }
    let out = process
        .current_dir(folder)
        .output()
        .expect("the binary starts");
    assert_eq!(code(&out), 0, "{command}\n{}", shown(&out));
    let said = text(&out.stderr).lines();
    let warnings = said.filter(|line| line.starts_with("kcorrset: warning: "));
    let warnings: String = warnings.map(|line| format!("{line}\n")).collect();
    warnings + text(&out.stdout)
}

#[test]
fn the_blocks_are_what_the_program_prints() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let readme = fs::read_to_string(root.join("README.md")).expect("the README");
    let folder = tempfile::tempdir().expect("a folder");
    let tables = folder.path().join("tests/data");
    fs::create_dir_all(&tables).expect("made");
    for table in data().read_dir().expect("readable") {
        let table = table.expect("readable");
        fs::copy(table.path(), tables.join(table.file_name())).expect("copied");
    }
    let mut commands = Vec::new();
    for block in consoles(&readme) {
        for (command, want) in steps(block) {
            let printed = run(command, folder.path());
            assert_eq!(mask(&printed), mask(&want), "{command}");
            commands.push(command);
        }
    }
    let ran = |start: &str| commands.iter().any(|command| command.starts_with(start));
    for start in [
        "kcorrset describe ",
        "kcorrset search ",
        "kcorrset verify ",
        "cat ",
    ] {
        assert!(
            ran(start),
            "nothing of {start}in the README was run: {commands:?}"
        );
    }
}

/// What the demo runs is what README shows first.
#[test]
fn the_demo_is_the_tour() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let read = |path: &str| fs::read_to_string(root.join(path)).expect(path);
    let (readme, demo) = (read("README.md"), read("scripts/demo"));
    let blocks = consoles(&readme);
    let shown = blocks
        .iter()
        .flat_map(|block| steps(block))
        .map(|(command, _)| command);
    let ran: Vec<_> = demo
        .lines()
        .filter(|line| line.starts_with("kcorrset "))
        .collect();
    assert_eq!(ran.len(), 3);
    assert_eq!(shown.take(ran.len()).collect::<Vec<_>>(), ran);
}

#[test]
fn blocks_and_their_commands_are_found() {
    let readme = "a\n```\n$ kcorrset x\nkcorrset: using the cpu engine\none\ntwo\n$ cat y\n```\n\
                  b\n```\nscripts/demo\n```\n```sh\n$ cat z\n1\n```\n";
    let blocks = consoles(readme);
    assert_eq!(blocks.len(), 2);
    let of = |command, shown: &str| (command, shown.to_owned());
    assert_eq!(
        steps(blocks[0]),
        [of("kcorrset x", "one\ntwo\n"), of("cat y", "")]
    );
    assert_eq!(steps(blocks[1]), [of("cat z", "1\n")]);
}
