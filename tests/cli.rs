//! The program as a user meets it: stdout, stderr and exit code of the real binary.
//!
//! Snapshots are of the oracle's engine, so that they do not depend on the machine; times and rates
//! are masked. Update them with `UPDATE_EXPECT=1 cargo test --test tests cli`.

use expect_test::{Expect, expect};
use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

const EXAM: &str = "exam.csv";

fn data() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data")
}

/// The binary, in tests/data, with nothing of the caller's terminal.
fn kcorrset(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kcorrset"));
    command
        .args(args)
        .current_dir(data())
        .env_remove("COLUMNS")
        .env_remove("CLICOLOR_FORCE")
        .stdin(Stdio::null());
    command
}

fn run(args: &[&str]) -> Output {
    kcorrset(args).output().expect("the binary starts")
}

fn run_with_stdin(args: &[&str], input: &[u8]) -> Output {
    let mut child = kcorrset(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary starts");
    let mut stdin = child.stdin.take().expect("piped");
    // A refusal may come before all is read.
    let _ = stdin.write_all(input);
    drop(stdin);
    child.wait_with_output().expect("it ends")
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).expect("UTF-8")
}

fn code(output: &Output) -> i32 {
    output.status.code().expect("not ended by a signal")
}

/// Exit code, stdout and stderr in one text, without what changes from run to run.
fn shown(output: &Output) -> String {
    let mut all = format!("exit {}\n", code(output));
    for (name, bytes) in [("stdout", &output.stdout), ("stderr", &output.stderr)] {
        if !bytes.is_empty() {
            let _ = write!(all, "--- {name}\n{}", mask(text(bytes)));
            if !all.ends_with('\n') {
                all.push_str("<no line break>\n");
            }
        }
    }
    all
}

/// Times and rates become `_`.
fn mask(text: &str) -> String {
    let mut out = String::new();
    for line in text.split_inclusive('\n') {
        if line.starts_with("  \"elapsed_s\": ") {
            out.push_str("  \"elapsed_s\": _,\n");
        } else if let Some(rest) = line.strip_prefix("audit passed, ") {
            let rest = rest.split_once(" s, ").map_or(rest, |(_, rest)| rest);
            let rest = match rest.rsplit_once(", ") {
                Some((rest, rate)) if rate.ends_with(" sets/s\n") => rest,
                _ => rest.trim_end(),
            };
            let _ = writeln!(out, "audit passed, _ s, {rest}, _ sets/s");
        } else {
            out.push_str(line);
        }
    }
    out
}

fn check(args: &[&str], want: Expect) {
    want.assert_eq(&shown(&run(args)));
}

const SEARCH: [&str; 6] = ["search", EXAM, "-k", "3", "--engine", "reference"];

fn search(more: &[&str]) -> Vec<&'static str> {
    // Snapshots name their arguments in full elsewhere; leaking a few words keeps them readable.
    let more = more.iter().map(|&word| &*word.to_owned().leak());
    SEARCH.into_iter().chain(more).collect()
}

#[test]
fn help() {
    check(&["--help"], expect![[""]]);
    check(&["search", "-h"], expect![[""]]);
    check(&["verify", "-h"], expect![[""]]);
    check(&["generate", "-h"], expect![[""]]);
    check(&["devices", "-h"], expect![[""]]);
}

#[test]
fn usage_errors() {
    check(&["serch"], expect![[""]]);
    check(&["search", EXAM], expect![[""]]);
    check(&["search", EXAM, "-k", "three"], expect![[""]]);
    check(
        &["search", EXAM, "-k", "3", "--engine", "tpu"],
        expect![[""]],
    );
    check(
        &["search", EXAM, "-k", "3", "--threads", "0"],
        expect![[""]],
    );
    check(&search(&["--threads", "2"]), expect![[""]]);
    check(&search(&["--device", "0"]), expect![[""]]);
    check(&search(&["--limit", "0"]), expect![[""]]);
    check(&search(&["-v", "-q"]), expect![[""]]);
    check(&["verify", EXAM], expect![[""]]);
    check(&["verify", EXAM, "-k", "3"], expect![[""]]);
    check(
        &["verify", EXAM, "x.json", "--engine", "cpu"],
        expect![[""]],
    );
}

#[test]
fn queries_that_do_not_fit() {
    check(&["search", EXAM, "-k", "0"], expect![[""]]);
    check(&["search", EXAM, "-k", "13"], expect![[""]]);
    check(&search(&["--top", "0"]), expect![[""]]);
    check(&search(&["--min-users", "1"]), expect![[""]]);
    check(&search(&["--min-users", "121"]), expect![[""]]);
    check(&search(&["--skip", "220"]), expect![[""]]);
}

#[test]
fn inputs_that_are_no_table() {
    check(&["search", "no-such-file.csv", "-k", "3"], expect![[""]]);
    check(
        &[
            "search",
            "no-such-folder",
            "-k",
            "3",
            "-o",
            "no-such-folder/x",
        ],
        expect![[""]],
    );
    let stdin = |input: &str, want: Expect| {
        let out = run_with_stdin(
            &["search", "-", "-k", "1", "--engine", "reference"],
            input.as_bytes(),
        );
        want.assert_eq(&shown(&out));
    };
    stdin("", expect![[""]]);
    stdin("user,question\n1,2\n", expect![[""]]);
    stdin("user,question,score\n1,2,high\n", expect![[""]]);
    stdin("[{\"user\":1,\"question\":2,\"score\":3}", expect![[""]]);
}

#[test]
fn search_as_a_table() {
    check(&search(&["--top", "3"]), expect![[""]]);
    check(
        &search(&[
            "--skip",
            "100",
            "--limit",
            "50",
            "--top",
            "1",
            "--min-users",
            "30",
        ]),
        expect![[""]],
    );
}

#[test]
fn search_as_json() {
    check(&search(&["--top", "2", "--format", "json"]), expect![[""]]);
}

#[test]
fn search_as_csv() {
    check(&search(&["--top", "2", "--format", "csv"]), expect![[""]]);
}

#[test]
fn a_winner_with_few_users_and_too_few_sets_are_warned_of() {
    let input = "user,question,score\n1,a,1\n2,a,0\n1,b,3\n2,b,1\n3,b,1\n";
    let search = |k| {
        let args = [
            "search",
            "-",
            "-k",
            k,
            "--engine",
            "reference",
            "--top",
            "4",
        ];
        shown(&run_with_stdin(&args, input.as_bytes()))
    };
    expect![[""]].assert_eq(&search("2"));
    let constant = "user,question,score\n1,a,1\n2,a,1\n";
    let args = ["search", "-", "-k", "1", "--engine", "reference"];
    expect![[""]].assert_eq(&shown(&run_with_stdin(&args, constant.as_bytes())));
}

#[test]
fn duplicates_are_refused_or_chosen_from() {
    let input = "student,item,mark\n1,a,1\n2,a,0\n3,a,0\n1,b,3\n2,b,1\n3,b,2\n1,a,0\n";
    let search = |which| {
        let args = [
            "search",
            "-",
            "-k",
            "2",
            "--engine",
            "reference",
            "--format",
            "csv",
            "--duplicates",
            which,
            "--user-column",
            "student",
            "--question-column",
            "item",
            "--score-column",
            "mark",
            "--min-users",
            "3",
        ];
        shown(&run_with_stdin(&args, input.as_bytes()))
    };
    expect![[""]].assert_eq(&search("error"));
    expect![[""]].assert_eq(&search("first"));
    expect![[""]].assert_eq(&search("last"));
}

#[test]
fn stdin_is_the_file() {
    let table = std::fs::read(data().join(EXAM)).expect("the committed table");
    let args = [
        "search",
        "-",
        "-k",
        "3",
        "--engine",
        "reference",
        "--format",
        "csv",
    ];
    let piped = run_with_stdin(&args, &table);
    assert_eq!(code(&piped), 0, "{}", shown(&piped));
    assert_eq!(piped.stdout, run(&search(&["--format", "csv"])).stdout);
}

#[test]
fn auto_says_what_it_chose() {
    let out = run(&["search", EXAM, "-k", "2", "--format", "csv"]);
    assert_eq!(code(&out), 0, "{}", shown(&out));
    let said = text(&out.stderr);
    assert!(said.starts_with("kcorrset: using the "), "{said}");
    let quiet = run(&["search", EXAM, "-k", "2", "--format", "csv", "--quiet"]);
    assert_eq!((code(&quiet), text(&quiet.stderr)), (0, ""));
    assert_eq!(quiet.stdout, out.stdout);
    let cpu = run(&[
        "search",
        EXAM,
        "-k",
        "2",
        "--format",
        "csv",
        "--threads",
        "2",
    ]);
    assert!(
        text(&cpu.stderr).contains("using the cpu engine"),
        "{}",
        shown(&cpu)
    );
    assert_eq!(cpu.stdout, out.stdout);
}

#[test]
fn verbose_traces_the_choices() {
    let out = run(&search(&["-v"]));
    let said = text(&out.stderr);
    assert!(
        said.contains("INFO") && said.contains("engine=\"reference\""),
        "{said}"
    );
    assert_eq!(text(&run(&search(&[])).stderr), "");
}

/// A result of the exam table, changed by `change`, in a folder of its own.
fn result(change: impl Fn(String) -> String) -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("result.json");
    let path = path.to_str().expect("UTF-8").to_owned();
    let out = run(&search(&["--format", "json", "-o", &path]));
    assert_eq!((code(&out), text(&out.stdout)), (0, ""), "{}", shown(&out));
    let text = std::fs::read_to_string(&path).expect("written");
    std::fs::write(&path, change(text)).expect("written again");
    (folder, path)
}

fn replaced(from: &'static str, to: &'static str) -> impl Fn(String) -> String {
    move |text| {
        assert!(text.contains(from), "{from} is not in {text}");
        text.replacen(from, to, 1)
    }
}

#[test]
fn verify_accepts_a_right_result() {
    let (_folder, path) = result(|text| text);
    check(&["verify", EXAM, &path], expect![[""]]);
    let text = std::fs::read(&path).expect("readable");
    let piped = run_with_stdin(&["verify", EXAM, "-"], &text);
    assert_eq!(code(&piped), 0, "{}", shown(&piped));
}

#[test]
fn verify_names_what_is_wrong_in_a_result() {
    let (_folder, path) = result(replaced("sha256:", "sha256:beef"));
    let out = run(&["verify", EXAM, &path]);
    assert_eq!(code(&out), 1);
    let line = text(&out.stdout);
    assert!(
        line.starts_with("data: fingerprint is sha256:beef"),
        "{line}"
    );
    assert_eq!(line.lines().count(), 1, "{line}");
    let (_folder, path) = result(replaced("\"top\":10", "\"top\":9"));
    check(&["verify", EXAM, &path], expect![[""]]);
}

#[test]
fn verify_sees_one_changed_score() {
    let (folder, path) = result(|text| text);
    let table = std::fs::read_to_string(data().join(EXAM)).expect("the committed table");
    let mut lines: Vec<String> = table.lines().map(str::to_owned).collect();
    let last = lines.last_mut().expect("rows");
    let flipped = match last.strip_suffix(",1") {
        Some(start) => format!("{start},0"),
        None => format!("{},1", last.strip_suffix(",0").expect("a score of 0 or 1")),
    };
    *last = flipped;
    let changed = folder.path().join("changed.csv");
    std::fs::write(&changed, lines.join("\n")).expect("written");
    let out = run(&["verify", changed.to_str().expect("UTF-8"), &path]);
    assert_eq!(code(&out), 1);
    let said = text(&out.stdout);
    assert!(said.contains("data: fingerprint is"), "{said}");
    assert!(said.contains(": Sg is "), "{said}");
}

#[test]
fn verify_refuses_what_is_no_result() {
    let refused = |change: &dyn Fn(String) -> String| {
        let (folder, path) = result(change);
        let folder = folder.path().to_str().expect("UTF-8").to_owned();
        shown(&run(&["verify", EXAM, &path])).replace(&folder, "FOLDER")
    };
    expect![[""]].assert_eq(&refused(&|_| String::new()));
    expect![[""]].assert_eq(&refused(&|text| text[..text.len() / 2].to_owned()));
    expect![[""]].assert_eq(&refused(&replaced("\"schema\": 1", "\"schema\": 2")));
    expect![[""]].assert_eq(&refused(&replaced("\"total\":\"220\"", "\"total\":220")));
    check(&["verify", EXAM, "no-such.json"], expect![[""]]);
    check(&["verify", "-", "-"], expect![[""]]);
}

#[test]
fn verify_compares_an_engine_with_the_definition() {
    for engine in ["cpu", "reference"] {
        let args = [
            "verify",
            EXAM,
            "-k",
            "4",
            "--sample",
            "25",
            "--chunks",
            "2",
            "--chunk-sets",
            "100",
            "--engine",
        ];
        let out = run(&[&args[..], &[engine]].concat());
        let want = format!(
            "exit 0\n--- stdout\nall agree: 25 single sets and 2 chunks of 100 sets, {engine} engine \
             against the definition\n"
        );
        assert_eq!(shown(&out), want);
    }
    check(
        &["verify", EXAM, "-k", "4", "--sample", "0", "--chunks", "0"],
        expect![[""]],
    );
    check(
        &[
            "verify", EXAM, "-k", "13", "--sample", "1", "--engine", "cpu",
        ],
        expect![[""]],
    );
}

#[test]
fn generate_writes_the_same_table_in_each_form() {
    let folder = tempfile::tempdir().expect("a folder");
    let searched = |name: &str, more: &[&str]| {
        let path = folder.path().join(name);
        let path = path.to_str().expect("UTF-8");
        let args = [
            "generate",
            "--users",
            "40",
            "--questions",
            "6",
            "--seed",
            "7",
            "-o",
            path,
        ];
        let made = run(&[&args[..], more].concat());
        assert_eq!((code(&made), shown(&made).as_str()), (0, "exit 0\n"));
        let out = run(&[
            "search",
            path,
            "-k",
            "2",
            "--format",
            "csv",
            "--engine",
            "reference",
        ]);
        assert_eq!(code(&out), 0, "{}", shown(&out));
        out.stdout
    };
    let csv = searched("a.csv", &[]);
    assert_eq!(csv, searched("a.json", &[]));
    assert_eq!(csv, searched("a.ndjson", &[]));
    assert_eq!(csv, searched("a.txt", &["--format", "csv"]));
    assert_ne!(csv, searched("b.csv", &["--model", "item-response"]));
    assert_eq!(
        std::fs::read_dir(folder.path()).expect("readable").count(),
        5
    );
}

#[test]
fn the_committed_table_is_what_generate_makes() {
    let out = run(&[
        "generate",
        "--users",
        "120",
        "--questions",
        "12",
        "--answered",
        "0.8",
        "--model",
        "item-response",
        "--seed",
        "1",
        "--format",
        "csv",
    ]);
    let table = std::fs::read_to_string(data().join(EXAM)).expect("the committed table");
    assert!(text(&out.stdout) == table, "tests/data/{EXAM} is stale");
}

#[test]
fn generate_refuses_without_leaving_anything() {
    check(&["generate", "-o", "no-such-folder/x.csv"], expect![[""]]);
    check(&["generate", "-o", "."], expect![[""]]);
    check(&["generate", "-o", "x.csv.gz"], expect![[""]]);
    check(&["generate", "--booklets", "0"], expect![[""]]);
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("x.csv");
    let path = path.to_str().expect("UTF-8");
    check(
        &["generate", "--answered", "1.5", "-o", path],
        expect![[""]],
    );
    check(&["generate", "--users", "0", "-o", path], expect![[""]]);
    check(
        &[
            "generate",
            "--min-score",
            "3",
            "--max-score",
            "2",
            "-o",
            path,
        ],
        expect![[""]],
    );
    assert_eq!(
        std::fs::read_dir(folder.path()).expect("readable").count(),
        0
    );
}

#[test]
fn devices_as_json_parse() {
    let out = run(&["devices", "--format", "json"]);
    assert_eq!(code(&out), 0, "{}", shown(&out));
    let document: serde_json::Value = serde_json::from_slice(&out.stdout).expect("JSON");
    assert_eq!(document["schema"], 1);
    let devices = document["devices"].as_array().expect("an array");
    let table = run(&["devices"]);
    assert_eq!(code(&table), 0);
    for device in devices {
        let name = device["name"].as_str().expect("a name");
        assert!(device["software"].is_boolean() && device["index"].is_u64());
        assert!(text(&table.stdout).contains(name), "{}", shown(&table));
    }
    assert!(text(&table.stdout).ends_with('\n'));
}

#[cfg(unix)]
#[test]
fn a_reader_that_goes_away_is_no_failure() {
    // More than a pipe holds, so that the writer meets the closed end.
    let mut child = kcorrset(&["generate", "--users", "20000"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary starts");
    let mut first = [0; 16];
    let mut stdout = child.stdout.take().expect("piped");
    stdout.read_exact(&mut first).expect("some output");
    drop(stdout);
    let out = child.wait_with_output().expect("it ends");
    assert_eq!((code(&out), text(&out.stderr)), (0, ""));
}

#[cfg(unix)]
#[test]
fn a_signal_stops_a_search_and_says_how_far_it_came() {
    for signal in ["-INT", "-TERM"] {
        let folder = tempfile::tempdir().expect("a folder");
        let table = folder.path().join("large.csv");
        let table = table.to_str().expect("UTF-8");
        let made = run(&[
            "generate",
            "--users",
            "200",
            "--questions",
            "60",
            "-o",
            table,
        ]);
        assert_eq!(code(&made), 0, "{}", shown(&made));
        // C(60, 8) = 2,558,620,845 sets one by one: hours.
        let mut child = kcorrset(&["search", table, "-k", "8", "--engine", "reference", "-v"])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary starts");
        let mut lines = BufReader::new(child.stderr.take().expect("piped")).lines();
        let searching = lines.by_ref().map(|line| line.expect("UTF-8"));
        assert!(searching.into_iter().any(|line| line.contains("searching")));
        let pid = child.id().to_string();
        let sent = Command::new("sh")
            .args(["-c", "kill \"$0\" \"$1\"", signal, &pid])
            .status()
            .expect("a shell");
        assert!(sent.success());
        let said: Vec<String> = lines.map(|line| line.expect("UTF-8")).collect();
        let out = child.wait_with_output().expect("it ends");
        assert_eq!((code(&out), text(&out.stdout)), (130, ""), "{said:?}");
        let said = said.last().expect("a last word");
        assert!(
            said.starts_with("kcorrset: stopped after ")
                && said.ends_with(" of 2,558,620,845 sets"),
            "{said}"
        );
    }
}
