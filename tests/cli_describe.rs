//! `kcorrset describe`: its help, its forms and what it refuses. Figures are checked beside their formulas.

use crate::cli::{check, code, data, run, run_on, run_with_stdin, shown, text};
use expect_test::expect;

/// The made-up answers of README's tour.
const WIDE: &str = "describe wellbeing.csv --wide --user-column respondent --questions Q1..Q10";

#[test]
fn help() {
    let out = run("describe --help");
    let said = text(&out.stdout);
    assert_eq!(code(&out), 0);
    for word in [
        "--format <FORM>",
        "--output <FILE>",
        "--wide",
        "Cronbach's alpha",
        "Examples:",
    ] {
        assert!(said.contains(word), "{word}: {said}");
    }
}

#[test]
fn as_a_table() {
    check("describe exam.csv", expect![[r#""#]]);
}

#[test]
fn as_csv() {
    check("describe exam.csv --format csv", expect![[r#""#]]);
}

#[test]
fn as_json() {
    let out = run(&format!("{WIDE} --format json"));
    let document: serde_json::Value = serde_json::from_slice(&out.stdout).expect("JSON");
    assert_eq!(
        (code(&out), &document["schema"]),
        (0, &serde_json::json!(1))
    );
    assert_eq!(document["data"]["questions"], 10);
    let questions = document["questions"].as_array().expect("an array");
    let negative = questions
        .iter()
        .filter(|question| question["negative"] == true);
    let negative: Vec<_> = negative.map(|question| &question["question"]).collect();
    assert_eq!(negative, ["Q4", "Q7"]);
    assert_eq!(
        document["alpha"]["users"],
        document["missing"]["complete_users"]
    );
    // Turned round they run with the rest.
    let out = run(&format!("{WIDE} --reverse Q4,Q7 --range 1..5"));
    assert!(
        !text(&out.stdout).contains("worded the other way"),
        "{}",
        shown(&out)
    );
}

#[test]
fn the_form_follows_the_ending() {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, start) in [
        ("a.json", "{\n  \"schema\": 1,"),
        ("a.csv", "question,n,"),
        ("a.txt", "120 users, "),
    ] {
        let path = folder.path().join(name);
        assert_eq!(shown(&run_on("describe exam.csv -o", &path)), "exit 0\n");
        let written = std::fs::read_to_string(&path).expect("written");
        assert!(written.starts_with(start), "{name}: {written}");
    }
}

#[test]
fn small_tables_have_no_figures_where_there_are_none() {
    let out = run_with_stdin("describe -", b"user,question,score\n1,a,2\n2,b,\n");
    expect![[r#""#]].assert_eq(&shown(&out));
}

#[test]
fn what_is_no_table_and_an_output_over_it_are_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let copy = folder.path().join("exam.csv");
    std::fs::copy(data().join("exam.csv"), &copy).expect("copied");
    let line = format!("describe {} -o", copy.to_str().expect("UTF-8"));
    let out = run_on(&line, &copy);
    assert_eq!(code(&out), 2);
    assert!(
        text(&out.stderr).contains("is the table itself"),
        "{}",
        shown(&out)
    );
    let out = run_with_stdin("describe -", b"");
    assert_eq!((code(&out), text(&out.stdout)), (2, ""));
    assert!(
        text(&out.stderr).contains("stdin: empty"),
        "{}",
        shown(&out)
    );
}
