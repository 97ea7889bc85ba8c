//! Several K in one search: each form of the result, what is refused, and its check.

use crate::cli::{check, code, data, mask, run, run_on, shown, text};
use expect_test::expect;
use serde_json::Value;

const LINE: &str = "search exam.csv -q --engine reference --min-users 30";

#[test]
fn the_table_has_the_best_of_each() {
    check(
        "search exam.csv -k 2..4,11 --engine reference --min-users 5",
        expect![[r#"
            exit 0
            --- stdout
            120 users, 12 questions, 1,152 responses
            793 sets of 2, 3, 4 and 11 questions, 793 defined, min_users 5
            audit passed, _ s, reference engine on 1 CPU thread, _ sets/s

             k  r                   users  questions
             2  0.7853288612940134     78  q2, q6
             3  0.861111558234934      67  q2, q4, q6
             4  0.9119271580486764     47  q1, q3, q6, q11
            11  1                      13  q0, q1, q2, q3, q4, q5, q6, q7, q9, q10, q11
            --- stderr
            kcorrset: note: 288 answers are missing, and a total is a sum, in which a missing answer counts as 0: it changes with how scores are coded; --criterion mean does not
        "#]],
    );
    check(
        "search exam.csv -k 3,2 --engine reference --min-users 30 --top 2",
        expect![[r#"
            exit 0
            --- stdout
            120 users, 12 questions, 1,152 responses
            audit passed, _ s, reference engine on 1 CPU thread, _ sets/s

            220 sets of 3 questions, 220 defined, min_users 30
            place  r                   users  questions
                1  0.861111558234934      67  q2, q4, q6
                2  0.8572643576730336     66  q1, q2, q6

            66 sets of 2 questions, 66 defined, min_users 30
            place  r                   users  questions
                1  0.7853288612940134     78  q2, q6
                2  0.7737287057417914     79  q4, q5
            --- stderr
            kcorrset: note: 288 answers are missing, and a total is a sum, in which a missing answer counts as 0: it changes with how scores are coded; --criterion mean does not
        "#]],
    );
    // One length is one search, however it is typed.
    let one = mask(text(&run(&format!("{LINE} -k 3")).stdout));
    assert_eq!(mask(text(&run(&format!("{LINE} -k 3..3")).stdout)), one);
}

#[test]
fn csv_has_a_column_more() {
    check(
        "search exam.csv -k 2,4 --engine reference --min-users 30 --top 2 --format csv",
        expect![[r#"
            exit 0
            --- stdout
            k,place,r,users,sa,sg,saa,sgg,sag,question_1,question_2,question_3,question_4
            2,1,0.7853288612940134,78,73,316,107,1710,397,q2,q6,,
            2,2,0.7737287057417914,79,78,320,126,1732,429,q4,q5,,
            4,1,0.9119271580486764,47,93,193,245,1077,502,q1,q3,q6,q11
            4,2,0.9096742072433307,56,116,240,340,1350,660,q1,q2,q4,q6
            --- stderr
            kcorrset: note: 288 answers are missing, and a total is a sum, in which a missing answer counts as 0: it changes with how scores are coded; --criterion mean does not
        "#]],
    );
}

/// What is JSON in both: the search of several K has what the searches of each have.
#[test]
fn json_has_what_each_search_has() {
    let json = |k: &str| -> Value {
        let out = run(&format!("{LINE} -k {k} --format json"));
        assert_eq!(code(&out), 0, "{}", shown(&out));
        serde_json::from_slice(&out.stdout).expect("JSON")
    };
    let several = json("2..4");
    let searches = several["searches"].as_array().expect("an array");
    assert_eq!(searches.len(), 3);
    for (k, search) in ["2", "3", "4"].into_iter().zip(searches) {
        let one = json(k);
        for part in ["query", "sets", "audit", "results"] {
            assert_eq!(search[part], one[part], "k {k}: {part}");
        }
        for part in ["schema", "version", "data", "engine"] {
            assert_eq!(several[part], one[part], "k {k}: {part}");
        }
    }
}

#[test]
fn the_result_is_verified_k_by_k() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("several.json");
    assert_eq!(
        shown(&run_on(&format!("{LINE} -k 2..4 -o"), &path)),
        "exit 0\n"
    );
    expect![[r#"
        exit 0
        --- stdout
        30 sets of 3 lengths checked, all agree: table, sums, r, order and counts
    "#]]
    .assert_eq(&shown(&run_on("verify exam.csv", &path)));
    let right = std::fs::read_to_string(&path).expect("written");
    let wrong = right.replacen("\"k\":3", "\"k\":13", 1);
    let wrong = wrong.replacen("\"total\":\"66\"", "\"total\":\"67\"", 1);
    assert_ne!(wrong, right);
    std::fs::write(&path, wrong).expect("written again");
    let out = run_on("verify exam.csv", &path);
    let said = text(&out.stdout);
    assert_eq!(code(&out), 1, "{}", shown(&out));
    assert!(
        said.starts_with("k 2: sets: total is 67, recomputed 66\n"),
        "{said}"
    );
    assert!(
        said.contains("\nk 13: query: sets of 13 questions"),
        "{said}"
    );
    std::fs::write(&path, right.replacen("\"searches\"", "\"others\"", 1)).expect("written");
    let out = run_on("verify exam.csv", &path);
    assert_eq!(code(&out), 2);
    assert!(text(&out.stderr).contains("it has no `query`, and no `searches`"));
}

#[test]
fn every_engine_has_the_same() {
    let csv = |engine: &str| {
        let line =
            format!("search exam.csv -q -k 1..5 --min-users 5 --format csv --engine {engine}");
        let out = run(&line);
        assert_eq!(code(&out), 0, "{}", shown(&out));
        out.stdout
    };
    let want = csv("reference");
    assert_eq!(text(&csv("cpu")), text(&want));
    assert_eq!(text(&csv("gpu")), text(&want));
}

#[test]
fn what_does_not_fit_is_refused_before_any_work() {
    let refused = |line: &str, why: &str| {
        let out = run(line);
        assert_eq!((code(&out), text(&out.stdout)), (2, ""), "{line}");
        assert!(text(&out.stderr).contains(why), "{}", text(&out.stderr));
    };
    let search = "search exam.csv --engine reference";
    refused(
        &format!("{search} -k 11..13"),
        "sets of 13 questions are asked for",
    );
    refused(
        &format!("{search} -k 2,99999999999"),
        "sets of 99999999999 questions",
    );
    refused(
        &format!("{search} -k 0..2"),
        "a set needs at least one question",
    );
    refused(&format!("{search} -k 4..2"), "4..2 has no length");
    refused(&format!("{search} -k 2..4,3"), "3 is named twice");
    refused(&format!("{search} -k 2-4"), "a range such as 2..8");
    refused(
        &format!("{search} -k 2..4 --skip 1"),
        "--skip and --limit number the sets of one K",
    );
    refused(&format!("{search} -k 2..4 --limit 5"), "give one -k");
    // C(400, 60) is beyond numbering, and no set of one question is looked at before that is said.
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("wide.csv");
    let made = run_on("generate --users 3 --questions 400 --answered 1 -o", &path);
    assert_eq!(shown(&made), "exit 0\n");
    let out = run_on("search -v --engine reference -k 1,60", &path);
    let said = text(&out.stderr);
    assert_eq!((code(&out), text(&out.stdout)), (2, ""));
    assert!(
        said.contains("C(400, 60) sets are more than 2^128"),
        "{said}"
    );
    assert!(!said.contains("searching"), "{said}");
    assert!(data().join("exam.csv").exists());
}

#[test]
fn progress_says_which_of_how_many() {
    let out = run("search exam.csv -v -k 2,4 --engine reference");
    let said = text(&out.stderr);
    let at = |word: &str| said.find(word).unwrap_or_else(|| panic!("{word}: {said}"));
    assert!(at("k=2") < at("k=4"), "{said}");
}
