//! plan: a line for each K and engine, its JSON form, refusals, warnings. Never how long anything takes.

use crate::cli::{code, data, run, run_with_stdin, shown, text};
use serde_json::Value;
use std::fmt::Write as _;
use std::fs;

/// On one thread of the CPU engine, so that nothing depends on the machine.
const CPU: &str = "--engine cpu --threads 1 --measure 0.05 -q";

fn document(line: &str) -> Value {
    let out = run(&format!("{line} --format json"));
    assert_eq!(code(&out), 0, "{line}\n{}", shown(&out));
    serde_json::from_str(text(&out.stdout)).expect("JSON")
}

#[test]
fn help() {
    let out = run("plan --help");
    let said = text(&out.stdout);
    assert_eq!((code(&out), text(&out.stderr)), (0, ""));
    for word in [
        "-k <K>",
        "--measure <TIME>",
        "--format <FORM>",
        "--min-users",
        "--unanswered",
        "--engine",
        "Examples:",
    ] {
        assert!(said.contains(word), "{word}: {said}");
    }
}

#[test]
fn every_k_has_a_line_for_each_engine() {
    let out = run(&format!("plan exam.csv -k 1..4,6 --min-users 30 {CPU}"));
    let said = text(&out.stdout);
    assert_eq!((code(&out), text(&out.stderr)), (0, ""), "{said}");
    let mut lines = said.lines();
    let head: Vec<_> = lines.next().expect("a head").split_whitespace().collect();
    assert_eq!(
        head,
        [
            "k", "sets", "users", "enough", "engine", "way", "time", "between", "memory"
        ]
    );
    for (k, sets, way) in [
        ("1", "12", "cross"),
        ("2", "66", "cross"),
        ("3", "220", "walk"),
        ("4", "495", "walk"),
        ("6", "924", "walk"),
    ] {
        let line = lines.next().expect("a line");
        let words: Vec<_> = line.split_whitespace().collect();
        assert_eq!(words[..2], [k, sets], "{said}");
        assert!(line.contains(&format!(" cpu     {way}")), "{said}");
        assert!(line.contains("measured"), "{said}");
    }
    assert!(said.contains("\ncpu: 1 CPU threads\n"), "{said}");
}

#[test]
fn the_json_form_is_whole() {
    let plan = document(&format!("plan exam.csv -k 3,5 --min-users 30 {CPU}"));
    assert_eq!(plan["schema"], 1);
    assert_eq!(plan["data"]["users"], 120);
    assert_eq!(plan["data"]["missing"], 288);
    let plans = plan["plans"].as_array().expect("plans");
    assert_eq!(plans.len(), 2);
    // 220 sets of three; each user counts in C(d, 3) of them.
    assert_eq!(plans[0]["sets"], "220");
    let mean = plans[0]["users"]["mean"].as_f64().expect("a mean");
    let search = document("search exam.csv -k 3 --min-users 30 --engine cpu -q");
    let n: f64 = search["audit"]["n"]
        .as_str()
        .and_then(|n| n.parse().ok())
        .expect("n");
    assert!((mean - n / 220.0).abs() < 1e-9, "{mean} {n}");
    for of in plans {
        assert_eq!(of["users"]["min_users"], 30);
        let enough = of["users"]["enough"].as_f64().expect("a share");
        assert!((0.0..=1.0).contains(&enough));
        let engine = &of["engines"][0];
        assert_eq!(engine["name"], "cpu");
        assert_eq!(engine["software"], false);
        let time = &engine["time"];
        assert_eq!(time["known"], "measured");
        assert!(time["seconds"].as_f64() >= Some(0.0) && time["why"].is_null());
    }
}

/// A complete wide table of `questions`.
fn complete(users: u64, questions: u64) -> String {
    let head: Vec<_> = (0..questions).map(|q| format!("q{q}")).collect();
    let mut out = format!("{}\n", head.join(","));
    for user in 0..users {
        let score =
            |q| u8::from(user / 5 + (user * 7919 + q * 104_729 + user * user * q) % 10 > 4 + q % 8);
        let row: Vec<_> = (0..questions).map(|q| score(q).to_string()).collect();
        let _ = writeln!(out, "{}", row.join(","));
    }
    out
}

#[test]
fn sets_that_cannot_be_numbered_are_for_the_bound_engine_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("full.csv");
    fs::write(&path, complete(40, 140)).expect("written");
    let line = format!("plan {} --wide -k 70 --measure 0.05 -q", path.display());
    let cpu = document(&format!("{line} --engine cpu"));
    let time = &cpu["plans"][0]["engines"][0]["time"];
    assert_eq!(time["known"], "refused");
    let why = time["why"].as_str().expect("why");
    assert!(why.contains("more than 2^128"), "{why}");
    let bound = document(&format!("{line} --engine bound"));
    let known = bound["plans"][0]["engines"][0]["time"]["known"].clone();
    assert!(known == "untold" || known == "measured", "{known}");
    let out = run(&format!("{line} --engine cpu"));
    let (said, warned) = (text(&out.stdout), text(&out.stderr));
    assert!(
        said.contains("cannot run this") && said.contains("\nk 70: "),
        "{said}"
    );
    assert!(
        warned.contains("kcorrset: warning: nothing tells how long k 70 would take"),
        "{warned}"
    );
}

#[test]
fn a_long_search_is_warned_of_with_what_helps() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("sparse.csv");
    let table = "generate --users 4000 --questions 300 --answered 0.6 --seed 1 -o";
    let made = crate::cli::run_on(table, &path);
    assert_eq!(code(&made), 0, "{}", shown(&made));
    let line = format!("plan {} -k 9 --min-users 5 {CPU}", path.display());
    let out = run(&line);
    let warned = text(&out.stderr);
    assert_eq!(code(&out), 0, "{}", shown(&out));
    assert!(
        warned.starts_with("kcorrset: warning: k 9 would take about "),
        "{warned}"
    );
    for word in ["--unanswered zero", "--part I/N", "--max-time"] {
        assert!(warned.contains(word), "{word}: {warned}");
    }
    let plan = document(&line);
    let time = &plan["plans"][0]["engines"][0]["time"];
    assert_eq!(time["known"], "expected");
    let number = |name: &str| time[name].as_f64().expect("a number");
    assert!(number("low") <= number("seconds") && number("seconds") <= number("high"));
}

#[test]
fn a_table_where_nothing_is_defined_is_planned_too() {
    let mut table = "user,question,score\n".to_owned();
    for user in 0..9 {
        for question in 0..6 {
            let _ = writeln!(table, "u{user},q{question},1");
        }
    }
    for engine in ["cpu", "bound"] {
        let line = format!("plan - -k 2..3 --engine {engine} --measure 0.05 -q");
        let out = run_with_stdin(&line, table.as_bytes());
        assert_eq!(code(&out), 0, "{}", shown(&out));
        let said = text(&out.stdout);
        assert_eq!(said.matches(&format!("  {engine}  ")).count(), 2, "{said}");
    }
}

#[test]
fn an_engine_that_cannot_says_why_and_the_others_are_measured() {
    let out = run("plan exam.csv -k 3 --engine bound --measure 0.05 -q");
    let said = text(&out.stdout);
    assert_eq!(code(&out), 0, "{}", shown(&out));
    assert!(
        said.contains("k 3: the bound engine cannot run this: a proof by bounds needs"),
        "{said}"
    );
    let auto = document("plan exam.csv -k 3 --measure 0.05 -q");
    let engines = auto["plans"][0]["engines"].as_array().expect("engines");
    let names: Vec<_> = engines
        .iter()
        .map(|engine| engine["name"].as_str())
        .collect();
    assert_eq!(names[0], Some("cpu"));
    assert!(!names.contains(&Some("bound")), "{names:?}");
    let zero = document("plan exam.csv -k 3 --unanswered zero --measure 0.05 -q");
    let engines = zero["plans"][0]["engines"].as_array().expect("engines");
    assert_eq!(engines.last().expect("one")["name"], "bound");
}

#[test]
fn a_gpu_is_measured_and_software_is_called_so() {
    let plan = document("plan exam.csv -k 3 --min-users 20 --engine gpu --measure 0.05 -q");
    let engine = &plan["plans"][0]["engines"][0];
    assert_eq!(engine["name"], "gpu");
    assert!(engine["device_bytes"].as_u64() > Some(0), "{engine}");
    assert_eq!(engine["time"]["known"], "measured");
    let software = engine["software"] == true;
    let out = run("plan exam.csv -k 3 --min-users 20 --engine gpu --measure 0.05 -q");
    let said = text(&out.stdout);
    assert_eq!(said.contains("in software"), software, "{said}");
}

#[test]
fn refusals() {
    let missing = format!("plan {} -k 3", data().join("none.csv").display());
    for (line, what) in [
        ("plan exam.csv -k 13", "the table has only 12 questions"),
        ("plan exam.csv -k 0", "at least one question"),
        ("plan exam.csv -k 3 --min-users 500", "500 users"),
        (
            "plan exam.csv -k 3 --engine reference",
            "--engine reference",
        ),
        ("plan exam.csv -k 3 --measure 0", "there is no time in it"),
        (
            "plan exam.csv -k 3 --engine gpu --device 99",
            "there is no GPU 99",
        ),
        ("plan exam.csv", "-k <K>"),
        (missing.as_str(), "cannot open"),
    ] {
        let out = run(line);
        assert_eq!((code(&out), text(&out.stdout)), (2, ""), "{line}");
        assert!(text(&out.stderr).contains(what), "{line}: {}", shown(&out));
    }
}
