//! What programs and people are told of a search that runs: lines of status, and an answer to SIGUSR1.

use crate::cli::{code, kcorrset, run_on, shown, start, text};
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};

/// A table on which K 3 has 4,060 sets and K 12 more than any test waits for.
fn table(folder: &Path) -> PathBuf {
    let table = folder.join("table.csv");
    let made = run_on("generate --users 60 --questions 30 --answered 1 -o", &table);
    assert_eq!(shown(&made), "exit 0\n");
    table
}

fn lines(text: &str) -> Vec<Value> {
    let lines = text.lines().map(serde_json::from_str);
    lines
        .collect::<Result<_, _>>()
        .expect("a JSON value a line")
}

#[test]
fn the_last_line_of_each_k_says_that_all_is_done() {
    let folder = tempfile::tempdir().expect("a folder");
    let table = table(folder.path());
    for (engine, more) in [
        ("cpu", ""),
        ("gpu", ""),
        ("bound", ""),
        ("cpu", "--session SESSION"),
    ] {
        let status = folder.path().join("status.json");
        let session = folder.path().join("a.session");
        let more = more.replace("SESSION", session.to_str().expect("UTF-8"));
        let status_name = status.to_str().expect("UTF-8");
        let line = format!("search -k 2,3 --engine {engine} {more} --status-json {status_name}");
        let out = run_on(&line, &table);
        assert_eq!(code(&out), 0, "{}", shown(&out));
        let all = lines(&fs::read_to_string(&status).expect("it is written"));
        let ends: Vec<_> = all.iter().filter(|line| line["ended"] == true).collect();
        assert_eq!(ends.len(), 2, "{engine}: {all:?}");
        for (end, (k, total)) in ends.into_iter().zip([(2, 435), (3, 4_060)]) {
            assert_eq!((&end["k"], &end["searches"]), (&k.into(), &2.into()));
            assert_eq!(
                (&end["done"], &end["total"]),
                (&total.into(), &total.into()),
                "{engine}"
            );
            assert!(end["best_r"].as_f64().is_some_and(|r| r > 0.0 && r < 1.0));
            assert!(
                !end["devices"][0]["name"]
                    .as_str()
                    .expect("a name")
                    .is_empty()
            );
            assert_eq!(end["checkpoint_age_s"].is_null(), more.is_empty());
        }
    }
}

#[test]
fn stdout_is_for_one_of_the_two() {
    let folder = tempfile::tempdir().expect("a folder");
    let table = table(folder.path());
    let out = run_on("search -k 3 --status-json -", &table);
    assert_eq!(code(&out), 2);
    assert!(text(&out.stderr).contains("the result goes to stdout already"));
    let result = folder.path().join("result.json");
    let result = result.to_str().expect("UTF-8");
    let out = run_on(&format!("search -k 3 --status-json - -o {result}"), &table);
    assert_eq!(code(&out), 0, "{}", shown(&out));
    assert!(lines(text(&out.stdout)).len() >= 2);
}

#[test]
fn files_that_cannot_take_it_are_refused_before_the_search() {
    let folder = tempfile::tempdir().expect("a folder");
    let table = table(folder.path());
    let before = fs::read(&table).expect("readable");
    let name = table.to_str().expect("UTF-8");
    let result = folder.path().join("result.json");
    let result = result.to_str().expect("UTF-8");
    for (line, why) in [
        (format!("search -k 3 --status-json {name}"), "the table"),
        (
            format!("search -k 3 -o {result} --status-json {result}"),
            "the result",
        ),
        (
            format!("search -k 3 --status-json {name}/status"),
            "cannot write",
        ),
    ] {
        let out = run_on(&line, &table);
        assert_eq!(code(&out), 2, "{line}: {}", shown(&out));
        assert!(text(&out.stderr).contains(why), "{line}: {}", shown(&out));
    }
    assert_eq!(fs::read(&table).expect("readable"), before);
    let out = run_on("search -k 3 --status-every 5s", &table);
    assert_eq!(code(&out), 2, "{}", shown(&out));
}

#[test]
fn a_refused_search_leaves_files_as_they_were() {
    let folder = tempfile::tempdir().expect("a folder");
    let table = table(folder.path());
    let [old, new] = ["old", "new"].map(|name| folder.path().join(name));
    fs::write(&old, "before").expect("writable");
    for status in [&old, &new] {
        let name = status.to_str().expect("UTF-8");
        let out = run_on(&format!("search -k 99 --status-json {name}"), &table);
        assert_eq!(code(&out), 2, "{}", shown(&out));
        assert!(!new.exists());
        assert_eq!(fs::read(&old).expect("readable"), b"before");
        let out = run_on(&format!("search -k 3 -q --status-json {name}"), &table);
        assert_eq!(code(&out), 0, "{}", shown(&out));
        let told = fs::read_to_string(status).expect("readable");
        assert!(told.starts_with('{') && lines(&told).len() >= 2, "{told}");
        fs::remove_file(&new).unwrap_or_default();
        fs::write(&old, "before").expect("writable");
    }
}

/// How long a machine takes to come to the search is not known, so longer and longer waits are tried.
#[cfg(unix)]
#[test]
fn who_sends_a_signal_is_told_how_far_it_is() {
    use std::process::Command;
    use std::time::Duration;
    let folder = tempfile::tempdir().expect("a folder");
    let table = table(folder.path());
    let mut wait = Duration::from_millis(300);
    loop {
        let mut line = kcorrset("search -k 12 --engine reference --quiet");
        let child = start(line.arg(&table));
        for signal in ["USR1", "INT"] {
            std::thread::sleep(wait);
            let sent = Command::new("kill")
                .args(["-s", signal, &child.id().to_string()])
                .status();
            assert!(sent.expect("kill runs").success());
        }
        let out = child.wait_with_output().expect("it ends");
        assert_eq!(code(&out), 130, "{}", shown(&out));
        let said = text(&out.stderr);
        if said.contains("/86,493,225 sets") || wait > Duration::from_secs(60) {
            assert!(said.contains(" sets/s, ETA "), "{said}");
            break;
        }
        wait *= 3;
    }
}
