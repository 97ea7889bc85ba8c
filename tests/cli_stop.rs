//! A search that ends before all is looked at, by a signal or as its time is over: what it had found, what it proved,
//! and how it ends.

#![cfg(unix)]

use crate::cli::{code, kcorrset, run, run_on, shown, start, text};
use serde_json::Value;
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
        assert_eq!(code(&out), 130, "{}", shown(&out));
        if shown(&out).contains(word) || wait > Duration::from_secs(60) {
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
        assert_eq!(text(&out.stdout), "");
        assert!(
            lines[0].starts_with("kcorrset: the best so far, UNFINISHED after "),
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
    let result = folder.path().join("result.json");
    let line = "search -k 1,9 --top 3 --engine reference";
    let to_file = format!("{line} -o {}", result.to_str().expect("UTF-8"));
    let out = stopped(&to_file, &table, "k 9: the best so far");
    let said = text(&out.stderr);
    let lines: Vec<_> = said.lines().collect();
    assert!(
        lines[0].starts_with("kcorrset: the best set of 1, of all: r "),
        "{said}"
    );
    assert!(
        lines[1].starts_with("kcorrset: k 9: the best so far, UNFINISHED after "),
        "{said}"
    );
    assert!(
        said.contains("\nkcorrset: stopped k 9 (2 of 2): after "),
        "{said}"
    );
    assert!(!result.exists());
    // On stdout the result itself stands, with what is known of the others.
    let out = stopped(&format!("{line} --format json"), &table, "\"searches\"");
    let document: Value = serde_json::from_str(text(&out.stdout)).expect("JSON");
    let [done, last] = [0, 1].map(|i| &document["searches"][i]);
    assert!(
        done["audit"]["passed"] == true && done["proof"].is_null(),
        "{document}"
    );
    assert!(last["audit"].is_null(), "{document}");
    assert_eq!(
        (&last["proof"]["finished"], &last["proof"]["ceiling"]),
        (&Value::Bool(false), &Value::Null)
    );
}

/// A table whose proof takes long, but not the first bound for all sets.
fn hard(folder: &Path) -> std::path::PathBuf {
    let table = folder.join("hard.csv");
    let made = run_on(
        "generate --users 400 --questions 60 --answered 1 --model item-response --seed 3 -o",
        &table,
    );
    assert_eq!(shown(&made), "exit 0\n");
    table
}

#[test]
fn a_search_that_is_out_of_time_tells_what_it_proved() {
    let folder = tempfile::tempdir().expect("a folder");
    let table = hard(folder.path());
    let result = folder.path().join("result.json");
    let line = format!(
        "search -k 20 --top 3 --engine bound --max-time 2.5s -o {}",
        result.display()
    );
    let out = run_on(&line, &table);
    assert_eq!(code(&out), 5, "{}", shown(&out));
    let said = text(&out.stderr);
    assert!(
        said.starts_with("kcorrset: warning: the time was over after "),
        "{said}"
    );
    let document = std::fs::read_to_string(&result).expect("a result");
    let found: Value = serde_json::from_str(&document).expect("JSON");
    let proof = &found["proof"];
    let best = found["results"][0]["r"].as_f64().expect("an r");
    let [ceiling, gap] = ["ceiling", "gap"].map(|name| proof[name].as_f64().expect("a number"));
    assert_eq!(proof["finished"], false);
    assert!(
        best <= ceiling && ceiling < 1.0 && gap == ceiling - best,
        "{proof}"
    );
    let verify = |document: &str| {
        std::fs::write(&result, document).expect("a file");
        let out = kcorrset("verify").arg(&table).arg(&result).output();
        out.expect("the binary starts")
    };
    let out = verify(&document);
    assert_eq!(code(&out), 0, "{}", shown(&out));
    assert!(
        text(&out.stdout).contains("the search was stopped"),
        "{}",
        shown(&out)
    );
    // A gap that does not follow, and a search that is neither finished nor stopped.
    let gap = format!("\"gap\":{gap}");
    assert!(document.contains(&gap));
    let out = verify(&document.replace(&gap, "\"gap\":0.0"));
    assert_eq!(code(&out), 1, "{}", shown(&out));
    let out = verify(&document.replace("\"finished\":false", "\"finished\":true"));
    assert_eq!(code(&out), 2, "{}", shown(&out));
}

#[test]
fn every_form_says_that_it_is_unfinished() {
    let folder = tempfile::tempdir().expect("a folder");
    let table = hard(folder.path());
    for engine in ["bound", "cpu", "auto"] {
        let out = run_on(
            &format!("search -q -k 20 --max-time 2.5 --engine {engine}"),
            &table,
        );
        assert_eq!(code(&out), 5, "{}", shown(&out));
        let all = text(&out.stdout);
        let known = match engine {
            "cpu" => "a better one may be among those not looked at",
            _ => "no set but those listed has an r above 0.",
        };
        let line = all
            .lines()
            .find(|line| line.starts_with("UNFINISHED after "));
        assert!(
            line.is_some_and(|line| line.contains(known)),
            "{}",
            shown(&out)
        );
        assert!(all.contains("\nnot audited, "), "{}", shown(&out));
    }
    let out = run_on("search -k 2,20,3 --max-time 2.5 --engine bound", &table);
    let (all, said) = (text(&out.stdout), text(&out.stderr));
    assert_eq!(code(&out), 5, "{}", shown(&out));
    assert!(all.contains("\nk 20: UNFINISHED after "), "{}", shown(&out));
    assert!(
        all.contains("audit passed of those that are finished"),
        "{}",
        shown(&out)
    );
    assert!(said.contains("; not begun: k 3"), "{}", shown(&out));
}

#[test]
fn a_search_that_ends_in_time_is_as_without_a_limit() {
    for engine in ["bound", "cpu", "gpu", "auto"] {
        let line = format!(
            "search exam.csv -q --unanswered zero -k 5 --top 4 --engine {engine} --format csv"
        );
        let (plain, limited) = (run(&line), run(&format!("{line} --max-time 10m")));
        assert_eq!(code(&limited), 0, "{}", shown(&limited));
        assert_eq!(text(&limited.stdout), text(&plain.stdout));
    }
    let out = run("search exam.csv -k 5 --max-time 0");
    assert_eq!(code(&out), 2, "{}", shown(&out));
    assert!(
        text(&out.stderr).contains("there is no time in it"),
        "{}",
        shown(&out)
    );
}

#[test]
fn sets_near_the_best_are_listed_until_the_list_is_full() {
    let line = "search exam.csv -q --unanswered zero -k 5 --within 0.005";
    let mut texts = Vec::new();
    for engine in ["bound", "cpu", "gpu", "reference"] {
        let out = run(&format!("{line} --engine {engine} --format csv"));
        assert_eq!((code(&out), text(&out.stderr)), (0, ""), "{}", shown(&out));
        texts.push(text(&out.stdout).to_owned());
    }
    assert!(texts.iter().all(|text| *text == texts[0]));
    let near = texts[0].lines().count() - 1;
    let all = run("search exam.csv -q --unanswered zero -k 5 --top 792 --format json --engine cpu");
    let all: Value = serde_json::from_str(text(&all.stdout)).expect("JSON");
    let all: Vec<f64> = all["results"]
        .as_array()
        .expect("sets")
        .iter()
        .map(|set| set["r"].as_f64().expect("r"))
        .collect();
    assert_eq!(all.iter().filter(|r| **r >= all[0] - 0.005).count(), near);
    let out = run(&format!("{line} --top 2"));
    assert_eq!(code(&out), 0, "{}", shown(&out));
    let said = "warning: the list of sets near the best is full: more than these 2 may be as near; --top N makes room";
    assert!(text(&out.stderr).contains(said), "{}", shown(&out));
    assert!(
        text(&out.stdout).contains(", within 0.005"),
        "{}",
        shown(&out)
    );
    for (wrong, why) in [
        ("--within -1", "unexpected argument"),
        ("--within x", "give a distance of correlations"),
        (
            "--within 0.1 --rank-by lower-bound",
            "rank them by r; leave out --rank-by, or --within",
        ),
    ] {
        let out = run(&format!("search exam.csv -k 5 {wrong}"));
        assert_eq!(code(&out), 2, "{}", shown(&out));
        assert!(text(&out.stderr).contains(why), "{}", shown(&out));
    }
}
