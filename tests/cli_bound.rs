//! The bound engine as typed: the results of the CPU engine to the byte, what each form says of the proof, `verify`'s
//! reading of it, refusals with what to type, and when `auto` takes it.

use crate::cli::{check, code, data, kcorrset, run, shown, text};
use expect_test::expect;
use serde_json::Value;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

fn run_in(folder: &Path, line: &str) -> std::process::Output {
    kcorrset(line).current_dir(folder).output().unwrap()
}

#[test]
fn results_are_those_of_the_cpu_engine_to_the_byte_and_verify_finds_them() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    fs::copy(data().join("exam.csv"), folder.join("exam.csv")).unwrap();
    for way in [
        "-k 4 --top 10",
        "-k 1..6 --top 3",
        "-k 4 --top 5 --criterion rest",
        "-k 3 --top 5 --criterion mean",
        "-k 4 --top 5 --rank-by lower-bound --confidence 0.9",
        "-k 5 --top 7 --include q3 --exclude q1,q5..q7",
    ] {
        let way = format!("exam.csv --unanswered zero {way}");
        let results = |engine: &str| {
            let line = format!("search -q {way} --engine {engine} --format json -o {engine}.json");
            let out = run_in(folder, &line);
            assert_eq!(code(&out), 0, "{line}\n{}", shown(&out));
            let text = fs::read_to_string(folder.join(format!("{engine}.json"))).unwrap();
            let document: Value = serde_json::from_str(&text).unwrap();
            assert_eq!(document["engine"]["name"], engine);
            let searches = match document["searches"].as_array() {
                Some(searches) => searches.clone(),
                None => vec![document],
            };
            let of = |search: &Value| {
                assert_eq!(search["proof"].is_object(), engine == "bound", "{search}");
                search["results"].to_string()
            };
            searches.iter().map(of).collect::<Vec<_>>()
        };
        assert_eq!(results("bound"), results("cpu"), "{way}");
        let options: Vec<_> = way.split(" --").skip(1).collect();
        let asked = |option: &&&str| !option.starts_with("top");
        let options = options.iter().filter(asked).map(|option| {
            // What is not how the list is ranked or which sets it has is in the document.
            let end = option.find(" -k").unwrap_or(option.len());
            format!(" --{}", &option[..end])
        });
        let line = format!("verify exam.csv bound.json{}", options.collect::<String>());
        let again = run_in(folder, &line);
        assert_eq!(code(&again), 0, "{line}\n{}", shown(&again));
    }
}

#[test]
fn every_form_says_what_was_proved() {
    let line = "search exam.csv -q --unanswered zero -k 5 --top 2 --engine bound --threads 1";
    check(
        line,
        expect![[r#"
        exit 0
        --- stdout
        120 users, 12 questions, 1,440 responses
        792 sets of 5 questions, defined: not counted by this engine, min_users 2, unanswered zero
        792 sets visited, 0 excluded by bounds, 1 node
        audit passed, _ s, bound engine on 1 CPU threads, _ sets/s

        place  r                   users  questions
            1  0.8947613450766309    120  q3, q4, q5, q7, q11
            2  0.8901489567648216    120  q3, q4, q5, q6, q11
    "#]],
    );
    let out = run(&format!("{line} --format json"));
    let document: Value = serde_json::from_str(text(&out.stdout)).unwrap();
    let number = |of: &Value| of.as_str().unwrap().parse::<u128>().unwrap();
    let proof = &document["proof"];
    let sets = number(&proof["visited"]) + number(&proof["excluded"]);
    assert_eq!(sets, 792, "{proof}");
    assert!(number(&proof["nodes"]) > 0);
    assert_eq!(document["engine"]["name"], "bound");
}

#[test]
fn a_proof_that_does_not_add_up_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    fs::copy(data().join("exam.csv"), folder.join("exam.csv")).unwrap();
    let line = "search exam.csv -q --unanswered zero -k 5 --engine bound -o bound.json";
    assert_eq!(code(&run_in(folder, line)), 0);
    let right = fs::read_to_string(folder.join("bound.json")).unwrap();
    let mut document: Value = serde_json::from_str(&right).unwrap();
    document["proof"]["excluded"] = "7".into();
    document["proof"]["visited"] = "784".into();
    fs::write(folder.join("bound.json"), document.to_string()).unwrap();
    let out = run_in(folder, "verify exam.csv bound.json --unanswered zero");
    assert_eq!(code(&out), 1, "{}", shown(&out));
    let said = text(&out.stdout);
    assert!(
        said.contains("proof: 784 visited and 7 excluded are not the 792 sets"),
        "{said}"
    );
}

#[test]
fn what_it_refuses_says_what_to_type() {
    let mut all = String::new();
    for options in [
        "-k 3",
        "-k 3 --unanswered zero --device 0",
        "-k 3 --unanswered zero --instructions portable",
        "-k 3 --unanswered zero --profile 2",
    ] {
        let out = run(&format!("search exam.csv -q --engine bound {options}"));
        assert_eq!(code(&out), 2, "{options}\n{}", shown(&out));
        assert_eq!(text(&out.stdout), "");
        let _ = write!(all, "{options}\n{}", text(&out.stderr));
    }
    expect![[r#"
        -k 3
        kcorrset: error: the bound engine cannot run this: a proof by bounds needs an answer of every user to every question, and a table with 288 answers missing is what there is; count missing answers as 0, or take another engine; --unanswered zero does the one, --engine cpu the other
        -k 3 --unanswered zero --device 0
        kcorrset: error: --device chooses a GPU: leave it out, or take --engine gpu
        -k 3 --unanswered zero --instructions portable
        kcorrset: error: --instructions is for the CPU engine: leave it out, or take --engine cpu
        -k 3 --unanswered zero --profile 2
        kcorrset: error: --profile is for GPUs: leave it out, or take --engine gpu
    "#]].assert_eq(&all);
}

#[test]
fn parts_have_the_results_of_the_cpu_engine_to_the_byte() {
    for (part, sets) in [
        ("--limit 1", 1),
        ("--skip 100 --limit 200", 200),
        ("--skip 494", 1),
    ] {
        let results = |engine: &str| {
            let line = format!(
                "search exam.csv -q --unanswered zero -k 4 --top 3 {part} --engine {engine} --format json"
            );
            let out = run(&line);
            assert_eq!(code(&out), 0, "{line}\n{}", shown(&out));
            let document: Value = serde_json::from_str(text(&out.stdout)).unwrap();
            assert_eq!(document["audit"]["sets"], sets.to_string());
            document["results"].to_string()
        };
        assert_eq!(results("bound"), results("cpu"), "{part}");
    }
}

#[test]
fn it_is_compared_with_the_definition_on_samples() {
    let line = "verify exam.csv --unanswered zero -k 6 --sample 9 --chunks 2 --chunk-sets 900 --engine bound";
    let out = run(line);
    assert_eq!(code(&out), 0, "{}", shown(&out));
    let said = text(&out.stdout);
    assert!(
        said.contains("all agree: 9 single sets and 2 chunks of 900 sets, bound engine"),
        "{said}"
    );
}

#[test]
fn many_sets_without_an_r_above_0_are_refused_with_what_to_type() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let questions: Vec<String> = (0..28).map(|q| format!("q{q}")).collect();
    let row = "1,".repeat(27) + "1\n";
    let table = format!("{}\n{}", questions.join(","), row.repeat(5));
    fs::write(folder.join("flat.csv"), table).unwrap();
    let mut all = String::new();
    for options in ["-k 7", "-k 7 --top 4 --skip 9"] {
        let out = run_in(
            folder,
            &format!("search flat.csv -q --wide --engine bound {options}"),
        );
        assert_eq!(code(&out), 2, "{options}\n{}", shown(&out));
        let _ = write!(all, "{options}\n{}", text(&out.stderr));
    }
    expect![[r#"
        -k 7
        kcorrset: error: the bound engine cannot run this: a proof by bounds needs 10 sets with an r above 0, and a list with fewer of them is what there is; ask for fewer sets, or take another engine; --engine cpu takes any table and any of its sets
        -k 7 --top 4 --skip 9
        kcorrset: error: the bound engine cannot run this: a proof by bounds needs 4 sets with an r above 0, or a floor above 0 from another part, and a part of 1184031 sets with fewer of them is what there is; ask for fewer sets, search a part with better ones first, or take another engine; --engine cpu takes any table and any of its sets
    "#]]
    .assert_eq(&all);
}

/// A complete table of forty questions, driven by one trait.
fn complete() -> String {
    let mut table = "user,question,score\n".to_owned();
    for user in 0..60_u64 {
        for question in 0..40 {
            let noise = (user * 7919 + question * 104_729 + user * user * question) % 10;
            let score = u64::from(user / 6 + noise > 4 + question % 8);
            let _ = writeln!(table, "u{user},q{question},{score}");
        }
    }
    table
}

#[test]
fn auto_takes_it_where_sets_are_many_and_no_answer_is_missing() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    fs::write(folder.join("full.csv"), complete()).unwrap();
    let engine = |options: &str| {
        let out = run_in(
            folder,
            &format!("search full.csv --top 1 --format json {options}"),
        );
        assert_eq!(code(&out), 0, "{options}\n{}", shown(&out));
        let document: Value = serde_json::from_str(text(&out.stdout)).unwrap();
        let name = document["engine"]["name"].as_str().unwrap().to_owned();
        (name, text(&out.stderr).to_owned())
    };
    let (name, said) = engine("-k 20");
    assert_eq!(name, "bound");
    assert!(
        said.contains("using the bound engine (") && said.contains("no answer is missing"),
        "{said}"
    );
    let few = engine("-k 2").0;
    assert!(few == "cpu" || few == "gpu", "{few}");
    assert_eq!(engine("-k 20 --limit 5 --threads 1").0, "cpu");
}

/// A complete wide table of 140 questions and a mark that every other one makes, but for a few points.
fn marked() -> String {
    let questions: Vec<String> = (0..140).map(|q| format!("q{q}")).collect();
    let mut table = format!("user,mark,{}\n", questions.join(","));
    for user in 0..200_u64 {
        let score = |q: u64| {
            let noise = (user * 7919 + q * 104_729 + (user * user * q + q * q * user) % 1009) % 10;
            u64::from(user / 20 + noise > 5 + q % 8)
        };
        let mark = (0..140).step_by(2).map(score).sum::<u64>() + user % 3;
        let scores: Vec<String> = (0..140).map(|q| score(q).to_string()).collect();
        let _ = writeln!(table, "u{user},{mark},{}", scores.join(","));
    }
    table
}

const MARKED: &str = "marked.csv -q --wide --user-column user --criterion-column mark";

/// C(140, 70), by the recurrence of binomial coefficients in another program.
const ALL: &str = "93820969697840041204785894580506297666600";

#[test]
fn more_sets_than_can_be_numbered_are_counted_to_the_digit_and_verified() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    fs::write(folder.join("marked.csv"), marked()).unwrap();
    let search = format!("search {MARKED} -k 70 --top 2");
    let out = run_in(folder, &format!("{search} --engine bound -o wide.json"));
    assert_eq!(code(&out), 0, "{}", shown(&out));
    let right = fs::read_to_string(folder.join("wide.json")).unwrap();
    let document: Value = serde_json::from_str(&right).unwrap();
    assert_eq!(document["sets"]["total"], ALL);
    assert_eq!(document["audit"]["sets"], ALL);
    let number = |of: &str| document["proof"][of].as_str().unwrap().to_owned();
    let (visited, excluded) = (number("visited"), number("excluded"));
    let long: Vec<u32> = excluded.chars().filter_map(|c| c.to_digit(10)).collect();
    // Added up digit by digit, from the last.
    let mut sum = Vec::new();
    let mut carry = 0;
    let short = visited.chars().rev().filter_map(|c| c.to_digit(10));
    for (a, b) in long.iter().rev().zip(short.chain(std::iter::repeat(0))) {
        sum.push(char::from_digit((a + b + carry) % 10, 10).unwrap());
        carry = (a + b + carry) / 10;
    }
    assert_eq!(sum.iter().rev().collect::<String>(), ALL);
    let verify = || {
        run_in(
            folder,
            &format!("verify {MARKED} wide.json").replace("-q ", ""),
        )
    };
    let again = verify();
    assert_eq!(code(&again), 0, "{}", shown(&again));

    // One digit of each number changed, the last or the first.
    let other = |digits: &str, last: bool| {
        let at = if last { digits.len() - 1 } else { 0 };
        let digit = digits.as_bytes()[at] - b'0';
        let digit = char::from(b'1' + (digit + 3) % 9);
        format!("{}{digit}{}", &digits[..at], &digits[at + 1..])
    };
    for (member, name) in [
        ("sets", "total"),
        ("audit", "sets"),
        ("audit", "n"),
        ("proof", "visited"),
        ("proof", "excluded"),
    ] {
        // A sum modulo 2^64 may leave 64 bits with another first digit.
        for last in [name == "n", true] {
            let mut wrong = document.clone();
            let digits = wrong[member][name].as_str().unwrap();
            wrong[member][name] = other(digits, last).into();
            fs::write(folder.join("wide.json"), wrong.to_string()).unwrap();
            let out = verify();
            assert_eq!(code(&out), 1, "{member} {name}\n{}", shown(&out));
            assert!(text(&out.stdout).starts_with(member), "{}", shown(&out));
        }
    }
    let mut wrong = document.clone();
    wrong["query"]["ranks"] = serde_json::json!({"start": "0", "end": "5"});
    fs::write(folder.join("wide.json"), wrong.to_string()).unwrap();
    let out = verify();
    assert_eq!(code(&out), 1, "{}", shown(&out));
    let said = format!("query: it has ranks, and {ALL} sets cannot be numbered in 128 bits\n");
    assert_eq!(text(&out.stdout), said);

    // Left to the program it is the same, and people read a power of ten.
    let out = run_in(folder, &search);
    let said = text(&out.stdout);
    assert_eq!(code(&out), 0, "{}", shown(&out));
    assert!(
        said.contains("\n9.38e40 sets of 70 questions, ") && said.contains(" 9.38e40 excluded by"),
        "{said}"
    );
    assert!(said.contains(" bound engine on "), "{said}");
}

#[test]
fn what_goes_by_the_numbers_of_sets_refuses_more_than_there_are() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    fs::write(folder.join("marked.csv"), marked()).unwrap();
    let gap = marked().replacen(",0,", ",,", 1);
    fs::write(folder.join("gap.csv"), gap).unwrap();
    let mut all = String::new();
    for line in [
        format!("search {MARKED} -k 70 --engine cpu"),
        format!("search {MARKED} -k 3,70 --engine reference"),
        format!("search {MARKED} -k 70 --threads 1"),
        format!("search {MARKED} -k 70 --limit 5"),
        format!("search {MARKED} -k 70 --skip 1 --engine bound"),
        format!("verify {MARKED} -k 70 --sample 5 --engine bound").replace("-q ", ""),
        format!("search {MARKED} -k 70 --engine cpu").replace("marked", "gap"),
        format!("search {MARKED} -k 70 --engine bound").replace("marked", "gap"),
    ] {
        let out = run_in(folder, &line);
        assert_eq!(code(&out), 2, "{line}\n{}", shown(&out));
        assert_eq!(text(&out.stdout), "");
        let _ = write!(all, "{line}\n{}", text(&out.stderr));
    }
    expect![[r#"
        search marked.csv -q --wide --user-column user --criterion-column mark -k 70 --engine cpu
        kcorrset: error: the cpu engine cannot run this: it goes by the numbers of sets, and C(140, 70) sets are more than 2^128, which cannot be numbered; take sets of another size, or the bound engine, which is for tables without missing answers; another -k does the one, --engine bound the other, with --unanswered zero where a missing answer means 0
        search marked.csv -q --wide --user-column user --criterion-column mark -k 3,70 --engine reference
        kcorrset: error: the reference engine cannot run this: it goes by the numbers of sets, and C(140, 70) sets are more than 2^128, which cannot be numbered; take sets of another size, or the bound engine, which is for tables without missing answers; another -k does the one, --engine bound the other, with --unanswered zero where a missing answer means 0
        search marked.csv -q --wide --user-column user --criterion-column mark -k 70 --threads 1
        kcorrset: error: the cpu engine cannot run this: it goes by the numbers of sets, and C(140, 70) sets are more than 2^128, which cannot be numbered; take sets of another size, or the bound engine, which is for tables without missing answers; another -k does the one, --engine bound the other, with --unanswered zero where a missing answer means 0
        search marked.csv -q --wide --user-column user --criterion-column mark -k 70 --limit 5
        kcorrset: error: --skip and --limit go by the numbers of sets, and 9.38e40 sets are more than 2^128, which cannot be numbered: leave them out, or give another -k
        search marked.csv -q --wide --user-column user --criterion-column mark -k 70 --skip 1 --engine bound
        kcorrset: error: --skip and --limit go by the numbers of sets, and 9.38e40 sets are more than 2^128, which cannot be numbered: leave them out, or give another -k
        verify marked.csv --wide --user-column user --criterion-column mark -k 70 --sample 5 --engine bound
        kcorrset: error: --sample draws sets by their numbers, and 9.38e40 sets are more than 2^128, which cannot be numbered: give another -k
        search gap.csv -q --wide --user-column user --criterion-column mark -k 70 --engine cpu
        kcorrset: error: the cpu engine cannot run this: it goes by the numbers of sets, and C(140, 70) sets are more than 2^128, which cannot be numbered; take sets of another size, or the bound engine, which is for tables without missing answers; another -k does the one, --engine bound the other, with --unanswered zero where a missing answer means 0
        search gap.csv -q --wide --user-column user --criterion-column mark -k 70 --engine bound
        kcorrset: error: the bound engine cannot run this: a proof by bounds needs an answer of every user to every question, and a table with 1 answer missing is what there is; count missing answers as 0, or take sets of another size; --unanswered zero does the one, another -k the other
    "#]].assert_eq(&all);
}
