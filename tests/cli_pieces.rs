//! Sessions and parts as typed: stopped, killed, out of time, gone on with; divided and merged; every refusal.

use crate::cli::{check, code, kcorrset, run, run_on, run_with_stdin, shown, text};
use expect_test::expect;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;
use tempfile::TempDir;

/// A table that the oracle takes some seconds for, and other engines none.
const SLOW: &str = "-k 4 --top 6 --min-users 20 -q --format csv";

fn slow_table(folder: &Path) -> PathBuf {
    let table = folder.join("slow.csv");
    let line =
        "generate --users 300 --questions 26 --answered 0.8 --model item-response --seed 2 -o";
    assert_eq!(shown(&run_on(line, &table)), "exit 0\n");
    table
}

fn line(template: &str, words: &[(&str, &Path)]) -> Command {
    let mut command = kcorrset("");
    for word in template.split_whitespace() {
        let path = words.iter().find(|(name, _)| *name == word);
        match path {
            Some((_, path)) => command.arg(path),
            None => command.arg(word),
        };
    }
    command
}

fn output(mut command: Command) -> Output {
    command.output().expect("the binary starts")
}

/// The names of the files in a folder.
fn files(folder: &TempDir) -> Vec<String> {
    let entries = fs::read_dir(folder.path()).expect("a folder");
    let names = entries.map(|entry| entry.expect("an entry").file_name());
    let mut names: Vec<_> = names
        .map(|name| name.into_string().expect("UTF-8"))
        .collect();
    names.sort();
    names
}

#[test]
fn help() {
    check(
        "resume --help",
        expect![[r#"
            exit 0
            --- stdout
            Goes on with a search that was begun with --session and was stopped, killed or cut off. What was
            asked, how the table is read and where the result goes are as they were typed then, and so is what
            computes, unless it is typed anew: it may change each time.

            The table must hold what it held. Everything in the session that follows from it is made again and
            compared; a session that is damaged, or of another table, is refused with the reason. Where the
            newest file is damaged, the one before it is taken, and that is said. One process at a time works on
            a session.

            Usage: kcorrset resume [OPTIONS] <FILE>

            Arguments:
              <FILE>
                      What `search --session` named

            Options:
                  --data <DATA>
                      The table, where it is not where it was, or was stdin; - is stdin

                  --max-time <TIME>
                      Stop after this time of search, in seconds or as 30s, 10m, 2h, 1d, and keep what is done;
                      the exit code is then 5

              -v, --verbose...
                      Say on stderr what was chosen and why; twice for more

              -q, --quiet
                      Nothing on stderr but warnings and errors

              -h, --help
                      Print help (see a summary with '-h')

            Progress for programs:
                  --status-json <FILE>
                      File for the status of the search, a line of JSON an interval: sets done, sets a second of
                      each device, time left, the best r so far, age of what --session saved; - is stdout, where
                      --output names a file

                  --status-every <TIME>
                      Time between two of these lines, as 10s, 1m [default: 10s]

            What computes:
                  --engine <NAME>
                      What computes; the answer is the same [default: auto]

                      Possible values:
                      - auto:      The GPUs if there are any (not software ones), else the CPU; bound where that
                        is far less work
                      - cpu:       All cores
                      - gpu:       GPUs: the first, or those that --device names
                      - bound:     All cores, by proof in place of a look at each set: for tables without
                        missing answers
                      - reference: One thread, by the definition: slow, and the measure of the others

                  --device <I,..>
                      The GPU to use, by its number in `kcorrset devices`; several with commas share the search

                  --profile <1..4>
                      How long a GPU computes at a time: 1 to 4 for 2, 12, 96 or 480 ms; the more, the less
                      responsive is a desktop on it [default: 2]

                  --threads <T>
                      Threads of the engines cpu and bound [default: one a core]

                  --instructions <SET>
                      Instructions that the CPU engine may use [default: the fastest there are]

                      Possible values:
                      - portable: What every processor has
                      - avx2:     AVX2 with FMA
                      - avx512:   AVX-512 F, BW, DQ and VL
                      - amx:      AVX-512 with VBMI, VNNI, VPOPCNTDQ, GFNI and the byte tiles of AMX

            Examples:
              kcorrset search answers.csv -k 7 --session long.session -o best.json
              kcorrset resume long.session
              kcorrset resume long.session --engine cpu --threads 4 --max-time 8h
        "#]],
    );
    check(
        "merge --help",
        expect![[r#"
        exit 0
        --- stdout
        Puts the results of all parts of a search together, in any order, and prints what one search would
        have printed. The table is read again: that the parts are of its content, of one query and of this
        version is checked, as is each set and sum in them and the audit of the whole. Parts that are
        missing, or there twice, are named.

        With --missing it prints the parts that are still to be done, one a line as I/N; the exit code is 1
        where there are any. No table is read for that.

        Usage: kcorrset merge [OPTIONS] <FILES>...

        Arguments:
          <FILES>...
                  What `search --part` wrote

        Options:
              --missing
                  Print the parts that are still to be done, and nothing else

              --data <DATA>
                  The table, where it is not where the first part found it, or was stdin; - is stdin

              --format <FORM>
                  Form of the result; json is what `verify` reads [default: by the output's ending, else
                  table]

                  Possible values:
                  - table: For people
                  - json:  One object with everything
                  - csv:   A header and rows

          -o, --output <FILE>
                  File for the result, written when complete [default: stdout]

          -v, --verbose...
                  Say on stderr what was chosen and why; twice for more

          -q, --quiet
                  Nothing on stderr but warnings and errors

          -h, --help
                  Print help (see a summary with '-h')

        Examples:
          kcorrset search answers.csv -k 7 --part 3/8 -o 3.part
          kcorrset merge *.part -o best.json
          kcorrset merge --missing *.part
    "#]],
    );
}

#[test]
fn a_session_ends_as_a_search_without_one_and_leaves_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let session = folder.path().join("a session");
    for engine in ["cpu", "reference", "gpu", "bound", "auto"] {
        for asked in [
            "exam.csv -k 4 --min-users 10",
            "exam.csv -k 2..4 --top 3 --criterion mean",
            "exam.csv -k 3 --criterion rest --include q2 --exclude q5 --rank-by lower-bound",
        ] {
            let plain = format!("search {asked} -q --unanswered zero --engine {engine}");
            let want = run(&plain);
            let got = output(line(&format!("{plain} --session S"), &[("S", &session)]));
            assert_eq!(shown(&got), shown(&want), "{plain}");
            assert_eq!(files(&folder), [""; 0]);
        }
    }
}

#[test]
fn what_is_out_of_time_goes_on_with_another_engine() {
    let folder = tempfile::tempdir().expect("a folder");
    let table = slow_table(folder.path());
    let [session, result] = ["s", "r.csv"].map(|name| folder.path().join(name));
    let paths = [("T", &*table), ("S", &*session), ("R", &*result)];
    let want = output(line(&format!("search T {SLOW} --engine cpu"), &paths));
    let begin = format!("search T {SLOW} --engine reference --max-time 0.2 --session S -o R");
    let out = output(line(&begin, &paths));
    assert_eq!(code(&out), 5, "{}", shown(&out));
    let said = text(&out.stderr);
    assert!(
        said.contains("the time was over after ")
            && said.contains("; what is done is kept: `kcorrset resume "),
        "{said}"
    );
    // What was found so far, as without a session.
    assert!(result.exists());
    let out = output(line("resume S -q --max-time 0.1", &paths));
    assert_eq!(code(&out), 5, "{}", shown(&out));
    let out = output(line("resume S -q --engine cpu --threads 1", &paths));
    assert_eq!(shown(&out), "exit 0\n");
    assert_eq!(fs::read(&result).expect("a result"), want.stdout);
    assert_eq!(files(&folder), ["r.csv", "slow.csv"]);
    let out = output(line("resume S", &paths));
    assert_eq!(code(&out), 2);
    assert!(
        text(&out.stderr).contains("there is no session here"),
        "{}",
        shown(&out)
    );
}

#[test]
fn signals_leave_a_session_that_goes_on() {
    let folder = tempfile::tempdir().expect("a folder");
    let table = slow_table(folder.path());
    let [session, result] = ["s", "r.csv"].map(|name| folder.path().join(name));
    let paths = [("T", &*table), ("S", &*session), ("R", &*result)];
    let want = output(line(&format!("search T {SLOW} --engine cpu"), &paths));
    for signal in ["INT", "TERM"] {
        let mut command = line(
            &format!("search T {SLOW} --engine reference --session S -o R"),
            &paths,
        );
        let child = command
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary starts");
        while !session.exists() {
            std::thread::sleep(Duration::from_millis(5));
        }
        std::thread::sleep(Duration::from_millis(100));
        // Who works on it is alone.
        let out = output(line("resume S", &paths));
        assert_eq!(code(&out), 2, "{}", shown(&out));
        assert!(
            text(&out.stderr).contains("another process works on this session"),
            "{}",
            shown(&out)
        );
        let kill = format!("kill -s {signal} {}", child.id());
        assert!(
            Command::new("sh")
                .args(["-c", &kill])
                .status()
                .expect("a shell")
                .success()
        );
        let out = child.wait_with_output().expect("it ends");
        assert_eq!(code(&out), 130, "{}", shown(&out));
        let said = text(&out.stderr);
        assert!(
            said.contains("stopped after ") && said.trim_end().ends_with(" goes on"),
            "{said}"
        );
        assert!(!result.exists());
        let again = output(line(&format!("search T {SLOW} --session S"), &paths));
        assert_eq!(code(&again), 2, "{}", shown(&again));
        assert!(
            text(&again.stderr).contains("there is a session here already"),
            "{}",
            shown(&again)
        );
        let out = output(line("resume S -q --engine cpu", &paths));
        assert_eq!(shown(&out), "exit 0\n");
        assert_eq!(fs::read(&result).expect("a result"), want.stdout);
        fs::remove_file(&result).expect("removed");
    }
}

#[test]
fn a_session_that_was_killed_goes_on() {
    let folder = tempfile::tempdir().expect("a folder");
    let table = slow_table(folder.path());
    let [session, result] = ["s", "r.csv"].map(|name| folder.path().join(name));
    let paths = [("T", &*table), ("S", &*session), ("R", &*result)];
    let want = output(line(&format!("search T {SLOW} --engine cpu"), &paths));
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    for round in 0..10 {
        let mut begun = false;
        for _ in 0..3 {
            let begin = format!("search T {SLOW} --engine reference --session S -o R");
            let mut command = line(if begun { "resume S -q" } else { &begin }, &paths);
            let mut child = command
                .stderr(Stdio::null())
                .spawn()
                .expect("the binary starts");
            std::thread::sleep(Duration::from_millis(rng.random_range(5..150)));
            child.kill().expect("it runs, or has ended");
            child.wait().expect("it ends");
            begun |= session.exists();
        }
        let last = if begun {
            "resume S -q --engine cpu".to_owned()
        } else {
            format!("search T {SLOW} --engine cpu --session S -o R")
        };
        let out = output(line(&last, &paths));
        assert_eq!(shown(&out), "exit 0\n", "{round}");
        assert_eq!(fs::read(&result).expect("a result"), want.stdout);
        // Of a result that was being written when it was killed a passing file may be left.
        assert!(
            files(&folder)
                .iter()
                .all(|name| !name.starts_with("s.") && name != "s")
        );
        fs::remove_file(&result).expect("removed");
    }
}

#[test]
fn a_session_goes_on_elsewhere_and_only_with_its_data() {
    let folder = tempfile::tempdir().expect("a folder");
    let [table, marks, moved] =
        ["t.csv", "marks.csv", "u.csv"].map(|name| folder.path().join(name));
    fs::copy(crate::cli::data().join("exam.csv"), &table).expect("copied");
    let users = (0..120).map(|user| format!("u{user},{}\n", user * user % 31));
    let all = format!("user,criterion\n{}", users.collect::<String>());
    fs::write(&marks, &all).expect("written");
    let session = folder.path().join("s");
    let paths = [("T", &*table), ("S", &*session), ("M", &*moved)];
    let begin = |max: &str| {
        let words = format!(
            "search t.csv -k 5 --criterion-file marks.csv --session s -q --engine reference --format csv {max}"
        );
        let mut command = kcorrset(&words);
        command.current_dir(folder.path());
        output(command)
    };
    let want = begin("");
    assert_eq!(code(&want), 0, "{}", shown(&want));
    assert_eq!(code(&begin("--max-time 0.001")), 5);
    let refused = |what: &str, why: &str| {
        let out = output(line(what, &paths));
        assert_eq!(code(&out), 2, "{}", shown(&out));
        assert!(text(&out.stderr).contains(why), "{}", shown(&out));
        assert!(session.exists());
    };
    fs::write(&marks, all.replace("u3,9", "u3,8")).expect("written");
    refused(
        "resume S",
        "the numbers of the criterion, or the groups of questions, are not those",
    );
    fs::write(&marks, &all).expect("written");
    let content = fs::read_to_string(&table).expect("a table");
    fs::write(&table, content.replacen(",1\n", ",0\n", 1)).expect("written");
    refused(
        "resume S",
        "it is of other data: the table has the fingerprint sha256:",
    );
    fs::remove_file(&table).expect("removed");
    refused(
        "resume S",
        "its table is not there any more: name it with --data",
    );
    // The same content in another order of rows, and at another place.
    let (header, rows) = content.split_once('\n').expect("a header");
    let mut rows: Vec<_> = rows.lines().collect();
    rows.sort_by_key(|row| std::cmp::Reverse(row.split(',').next().map(str::len)));
    let mut by_question: Vec<&str> = Vec::new();
    for question in content
        .lines()
        .skip(1)
        .filter_map(|row| row.split(',').nth(1))
    {
        if !by_question.contains(&question) {
            by_question.push(question);
        }
    }
    rows.sort_by_key(|row| {
        by_question
            .iter()
            .position(|q| row.split(',').nth(1) == Some(*q))
    });
    fs::write(&moved, format!("{header}\n{}\n", rows.join("\n"))).expect("written");
    let out = output(line("resume S -q --data M", &paths));
    assert_eq!(shown(&out), shown(&want));
    assert!(!session.exists());
}

#[test]
fn a_table_from_stdin_is_named_to_go_on() {
    let folder = tempfile::tempdir().expect("a folder");
    let session = folder.path().join("s");
    let table = fs::read(crate::cli::data().join("exam.csv")).expect("a table");
    let begin = format!(
        "search - -k 6 -q --engine reference --max-time 0.000001 --session {}",
        session.display()
    );
    let out = run_with_stdin(&begin, &table);
    assert_eq!(code(&out), 5, "{}", shown(&out));
    let paths = [("S", &*session)];
    let out = output(line("resume S", &paths));
    assert!(
        code(&out) == 2 && text(&out.stderr).contains("was read from stdin: name one with --data"),
        "{}",
        shown(&out)
    );
    let out = output(line("resume S -q --data exam.csv", &paths));
    assert_eq!(code(&out), 0, "{}", shown(&out));
}

#[test]
fn parts_are_merged_to_the_bytes_of_one_search() {
    let mut rng = ChaCha8Rng::seed_from_u64(2);
    for (at, asked) in [
        "exam.csv -k 5 --min-users 10",
        "exam.csv -k 2..4 --top 4",
        "exam.csv -k 4 --within 0.01 --criterion mean",
        "exam.csv -k 3 --groups groups.csv --per-group a=1,b=1..2 --include q3",
    ]
    .into_iter()
    .enumerate()
    {
        let folder = tempfile::tempdir().expect("a folder");
        let groups = folder.path().join("groups.csv");
        let rows = (1..=12).map(|q| format!("q{q},{}\n", ["a", "b", "c"][q % 3]));
        fs::write(
            &groups,
            format!("question,group\n{}", rows.collect::<String>()),
        )
        .expect("written");
        let asked = asked.replace("groups.csv", &groups.display().to_string());
        let want = |form: &str| {
            run(&format!(
                "search {asked} -q --engine reference --format {form}"
            ))
        };
        let of = 2 + at;
        let mut parts: Vec<PathBuf> = Vec::new();
        for number in 1..=of {
            let path = folder.path().join(format!("{number}.part"));
            let engine = ["cpu", "reference", "gpu"][rng.random_range(0..3)];
            let mut command = kcorrset(&format!(
                "search {asked} -q --engine {engine} --part {number}/{of} -o"
            ));
            command.arg(&path);
            if number == of {
                command.arg("--floor-from").args(&parts);
            }
            let out = output(command);
            assert_eq!(shown(&out), "exit 0\n");
            parts.push(path);
        }
        parts.reverse();
        let merge = |line: &str, parts: &[PathBuf]| {
            let mut command = kcorrset(line);
            output(command_with(&mut command, parts))
        };
        for form in ["csv", "json"] {
            let (got, want) = (
                merge(&format!("merge -q --format {form}"), &parts),
                want(form),
            );
            assert_eq!(code(&got), 0, "{}", shown(&got));
            match form {
                "csv" => assert_eq!(shown(&got), shown(&want)),
                _ => {
                    let read = |out: &Output| -> Value {
                        serde_json::from_slice(&out.stdout).expect("JSON")
                    };
                    let (got, want) = (read(&got), read(&want));
                    for name in ["results", "query", "data"] {
                        assert_eq!(got[name], want[name], "{name}");
                    }
                    assert_eq!(got["audit"]["passed"], want["audit"]["passed"]);
                }
            }
        }
        let out = merge("merge --missing", &parts);
        assert_eq!(shown(&out), "exit 0\n");
        let out = merge("merge --missing", &parts[1..]);
        assert_eq!(shown(&out), format!("exit 1\n--- stdout\n{of}/{of}\n"));
        let out = merge("merge", &parts[1..]);
        assert_eq!(code(&out), 2);
        assert!(
            text(&out.stderr).contains(&format!("error: part {of}/{of} (")),
            "{}",
            shown(&out)
        );
        let twice = [&parts[..], &parts[..1]].concat();
        let out = merge("merge", &twice);
        assert_eq!(code(&out), 2);
        assert!(
            text(&out.stderr).contains(&format!("part {of}/{of} is there twice")),
            "{}",
            shown(&out)
        );
    }
}

fn command_with(command: &mut Command, paths: &[PathBuf]) -> Command {
    let mut other = Command::new(command.get_program());
    other
        .args(command.get_args())
        .current_dir(crate::cli::data())
        .args(paths);
    other
}

#[test]
fn a_part_has_a_session_too() {
    let folder = tempfile::tempdir().expect("a folder");
    let table = slow_table(folder.path());
    let [session, one, two] = ["s", "1.part", "2.part"].map(|name| folder.path().join(name));
    let paths = [("T", &*table), ("S", &*session), ("1", &*one), ("2", &*two)];
    let asked = "-k 4 --top 6 --min-users 20 -q";
    let begin =
        format!("search T {asked} --engine reference --part 2/2 --session S -o 2 --max-time 0.1");
    let out = output(line(&begin, &paths));
    assert_eq!(code(&out), 5, "{}", shown(&out));
    assert!(
        !two.exists() && text(&out.stdout).is_empty(),
        "{}",
        shown(&out)
    );
    assert_eq!(
        shown(&output(line("resume S -q --engine cpu", &paths))),
        "exit 0\n"
    );
    assert!(two.exists() && !session.exists());
    let first = format!("search T {asked} --part 1/2 -o 1 --floor-from 2");
    assert_eq!(shown(&output(line(&first, &paths))), "exit 0\n");
    let got = output(line("merge 2 1 -q --format csv", &paths));
    let want = output(line(&format!("search T {asked} --format csv"), &paths));
    assert_eq!(shown(&got), shown(&want));
    let out = output(line(
        &format!("search T {asked} --engine reference --part 1/2 --max-time 0.1"),
        &paths,
    ));
    assert_eq!(code(&out), 5, "{}", shown(&out));
    assert!(
        text(&out.stderr).contains("nothing of it is kept: --session FILE"),
        "{}",
        shown(&out)
    );
    // Files of the other kind, and of another search.
    let out = output(line("merge T", &paths));
    assert!(
        text(&out.stderr).contains("is neither a session nor the result of a part"),
        "{}",
        shown(&out)
    );
    let out = output(line("resume 1", &paths));
    assert!(
        text(&out.stderr).contains("is the result of a part, and not a session"),
        "{}",
        shown(&out)
    );
    let other = format!(
        "search T {} --part 1/2 -o 1",
        asked.replace("--top 6", "--top 5")
    );
    assert_eq!(shown(&output(line(&other, &paths))), "exit 0\n");
    let out = output(line("merge 1 2", &paths));
    assert_eq!(code(&out), 2);
    assert!(
        text(&out.stderr).contains("differs from the first: top is 6, and 5 here"),
        "{}",
        shown(&out)
    );
    let floor = format!("search T {asked} --part 1/2 --floor-from 1");
    let out = output(line(&floor, &paths));
    assert!(
        text(&out.stderr).contains("it is of another query: top is 5, and 6 here"),
        "{}",
        shown(&out)
    );
}

#[test]
fn what_makes_no_sense_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let session = folder.path().join("s");
    let table = folder.path().join("t.csv");
    fs::copy(crate::cli::data().join("exam.csv"), &table).expect("copied");
    let nowhere = folder.path().join("no/s");
    let paths = [("S", &*session), ("T", &*table), ("N", &*nowhere)];
    for (words, why) in [
        (
            "search T -k 3 --session S --skip 5",
            "--skip and --limit are ranks in the order of the table",
        ),
        (
            "search T -k 3 --part 1/2 --limit 5",
            "--skip and --limit are ranks in the order of the table",
        ),
        (
            "search T -k 3 --session S --certificate c",
            "the proof of a search in pieces is not recorded",
        ),
        (
            "search T -k 3 --part 1/2 --format csv",
            "which takes --format",
        ),
        ("search T -k 3 --part 3/2", "a part is I/N"),
        (
            "search T -k 1 --part 1/13",
            "13 parts are more than the 12 sets of 1 question",
        ),
        (
            "search T -k 1..3 --part 1/13",
            "13 parts are more than the 12 sets of 1 question",
        ),
        ("search T -k 3 --floor-from S", "--part"),
        (
            "search T -k 3 --session T",
            "is there already, and is no session",
        ),
        (
            "search T -k 3 --session S -o S",
            "is one of the session's files",
        ),
        (
            "search T -k 3 --session N",
            "cannot lock the session: No such file",
        ),
        (
            "search T -k 3 --session /proc/session",
            "/proc/session.lock: cannot lock the session",
        ),
        ("merge S", "cannot read"),
        ("merge", "FILES"),
    ] {
        let out = output(line(words, &paths));
        assert_eq!(code(&out), 2, "{}", shown(&out));
        assert!(text(&out.stderr).contains(why), "{words}: {}", shown(&out));
        assert!(!session.exists(), "{words}");
    }
    let wide = folder.path().join("wide.csv");
    assert_eq!(
        shown(&run_on(
            "generate --users 20 --questions 140 --answered 1 -o",
            &wide
        )),
        "exit 0\n"
    );
    let out = output(line("search W -k 70 --part 1/2", &[("W", &wide)]));
    assert!(
        text(&out.stderr).contains("which cannot be numbered"),
        "{}",
        shown(&out)
    );
}
