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
    check(
        "describe exam.csv",
        expect![[r#"
        exit 0
        --- stdout
        120 users, 12 questions, 1,152 responses
        scores from 0 to 1: 0 (698), 1 (454)
        288 of 1,440 answers missing (20.0 %), in 91 patterns; 11 users complete, 0 without any answer
        missing by question 24 to 24, median 24; by user 0 to 6, median 2
        Cronbach's alpha 0.692, over the 11 users who answered every question

        of each question, over the n users who answered it: the mean, the standard deviation (n - 1), and
        item-rest r, the correlation of its score with the rest of the user's total (corrected item-total)

        question   n  missing   mean     sd  item-rest r
        q0        96       24  0.333  0.474        0.270
        q1        96       24  0.448  0.500        0.384
        q2        96       24  0.625  0.487        0.334
        q3        96       24  0.792  0.408        0.343
        q4        96       24  0.667  0.474        0.437
        q5        96       24  0.344  0.477        0.509
        q6        96       24  0.302  0.462        0.481
        q7        96       24  0.312  0.466        0.402
        q8        96       24  0.104  0.307        0.089
        q9        96       24  0.125  0.332        0.175
        q10       96       24  0.073  0.261        0.203
        q11       96       24  0.604  0.492        0.267
    "#]],
    );
}

#[test]
fn as_csv() {
    check(
        "describe exam.csv --format csv",
        expect![[r#"
        exit 0
        --- stdout
        question,n,missing,mean,sd,item_rest_r,negative
        q0,96,24,0.3333333333333333,0.4738791022072739,0.2695781341423108,false
        q1,96,24,0.4479166666666667,0.49989033885162554,0.3838546593846651,false
        q2,96,24,0.625,0.4866642633922876,0.3342254491536482,false
        q3,96,24,0.7916666666666666,0.408248290463863,0.34315786778027557,false
        q4,96,24,0.6666666666666666,0.4738791022072739,0.4372394761379749,false
        q5,96,24,0.34375,0.4774521193960599,0.5087722911435044,false
        q6,96,24,0.3020833333333333,0.46157149566891054,0.480724070332777,false
        q7,96,24,0.3125,0.46594555814804667,0.40150154583145925,false
        q8,96,24,0.10416666666666667,0.30708019410902276,0.08905451087387595,false
        q9,96,24,0.125,0.33245498310218435,0.1747405094091958,false
        q10,96,24,0.07291666666666667,0.2613645031536837,0.20324518510855813,false
        q11,96,24,0.6041666666666666,0.4915960401250875,0.2667396595885078,false
    "#]],
    );
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
    expect![[r#"
        exit 0
        --- stdout
        2 users, 2 questions, 1 response
        scores from 2 to 2: 2 (1)
        3 of 4 answers missing (75.0 %), in 2 patterns; 0 users complete, 1 without any answer
        missing by question 1 to 2, median 1.5; by user 1 to 2, median 1.5
        Cronbach's alpha is not defined: it needs 2 questions, and 2 users who answered every question and whose totals differ

        of each question, over the n users who answered it: the mean, the standard deviation (n - 1), and
        item-rest r, the correlation of its score with the rest of the user's total (corrected item-total)

        question  n  missing   mean  sd  item-rest r
        a         1        1  2.000   -            -
        b         0        2      -   -            -
    "#]].assert_eq(&shown(&out));
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
