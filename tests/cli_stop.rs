//! A search that a signal ends: what it had found is said on stderr, and nothing is on stdout or in a file.

#![cfg(unix)]

use crate::cli::{code, kcorrset, run_on, shown, start, text};
use std::path::Path;
use std::process::{Command, Output};
use std::time::Duration;

/// What a search of `table` leaves when it is stopped while it looks at sets. How long a machine takes to come
/// to that is not known, so longer and longer waits are tried, until something is said that has `word`.
fn stopped(line: &str, table: &Path, word: &str) -> Output {
    let mut wait = Duration::from_millis(500);
    loop {
        let child = start(kcorrset(line).arg(table));
        std::thread::sleep(wait);
        let sent = Command::new("sh")
            .args(["-c", &format!("kill -s INT {}", child.id())])
            .status();
        assert!(sent.expect("a shell").success());
        let out = child.wait_with_output().expect("it ends");
        assert_eq!(
            (code(&out), text(&out.stdout)),
            (130, ""),
            "{}",
            shown(&out)
        );
        if text(&out.stderr).contains(word) || wait > Duration::from_secs(60) {
            return out;
        }
        wait *= 3;
    }
}

#[test]
fn the_best_so_far_is_said_of_every_engine() {
    let folder = tempfile::tempdir().expect("a folder");
    let table = folder.path().join("large.csv");
    let made = run_on(
        "generate --users 300 --questions 120 --answered 1 -o",
        &table,
    );
    assert_eq!(shown(&made), "exit 0\n");
    let result = folder.path().join("result.json");
    let result = result.to_str().expect("UTF-8");
    // C(120, 9) = 10^13 sets, with no minimum of users to prune by.
    for engine in ["reference", "cpu", "gpu"] {
        let line = format!("search -k 9 --top 3 --engine {engine} -o {result}");
        let out = stopped(&line, &table, "the best so far");
        let said = text(&out.stderr);
        let lines: Vec<_> = said.lines().collect();
        assert!(
            lines[0].starts_with("kcorrset: the best so far, UNFINISHED: "),
            "{said}"
        );
        assert!(lines[1].starts_with("place  r"), "{said}");
        assert!(lines[2].starts_with("    1  "), "{said}");
        let last = lines[lines.len() - 1];
        assert!(last.starts_with("kcorrset: stopped after "), "{said}");
        assert!(!Path::new(result).exists());
        let quiet = stopped(&format!("{line} --quiet"), &table, "stopped");
        assert_eq!(text(&quiet.stderr).lines().count(), 1, "{}", shown(&quiet));
    }
}

#[test]
fn k_that_are_done_are_said_too() {
    let folder = tempfile::tempdir().expect("a folder");
    let table = folder.path().join("large.csv");
    let made = run_on("generate --users 40 --questions 60 --answered 1 -o", &table);
    assert_eq!(shown(&made), "exit 0\n");
    let out = stopped(
        "search -k 1,9 --top 3 --engine reference",
        &table,
        "k 9 (2 of 2): the best so far",
    );
    let said = text(&out.stderr);
    let lines: Vec<_> = said.lines().collect();
    assert!(
        lines[0].starts_with("kcorrset: the best set of 1, of all: r "),
        "{said}"
    );
    assert!(
        lines[1].starts_with("kcorrset: k 9 (2 of 2): the best so far, UNFINISHED: "),
        "{said}"
    );
    assert!(
        said.contains("\nkcorrset: stopped k 9 (2 of 2): after "),
        "{said}"
    );
}
