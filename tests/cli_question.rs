//! What sets are ranked by and which, as typed: criteria, bounds, constraints, zeros; what is refused; and that
//! `verify` finds each again with the same options and differences without them.

use crate::cli::{check, code, data, kcorrset, run, shown, text};
use expect_test::expect;
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// Small files beside the exam: a criterion by user, groups of questions, a wide table with a mark.
fn files() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().to_owned();
    let mut marks = "user,criterion,later\n".to_owned();
    for user in 0..120 {
        // Two users have no mark, and one is not in the exam.
        let mark = match user {
            7 | 9 => String::new(),
            _ => format!("{}.{:09}", user * 37 % 101, user * 7_654_321 % 999_999_937),
        };
        marks += &format!("u{user},{mark},{}\n", user % 5);
    }
    marks += "u999,3,3\n";
    fs::write(path.join("marks.csv"), marks).unwrap();
    let mut groups = "question,group,part\n".to_owned();
    for question in 0..12 {
        groups += &format!(
            "q{question},{},P{}\n",
            ["E", "N", "A"][question % 3],
            question / 6
        );
    }
    fs::write(path.join("groups.csv"), groups).unwrap();
    let mut wide = "id,a,b,c,d,mark\n".to_owned();
    for user in 0..30_u64 {
        let score = |q: u64| (user * user + 3 * q * user + q) % 4;
        let mark = if user == 3 {
            "NA".to_owned()
        } else {
            format!("{}.5", user * 13 % 29)
        };
        let cells: Vec<_> = (0..4).map(|q| score(q).to_string()).collect();
        wide += &format!("p{user},{},{mark}\n", cells.join(","));
    }
    fs::write(path.join("wide.csv"), wide).unwrap();
    fs::copy(data().join("exam.csv"), path.join("exam.csv")).unwrap();
    (folder, path)
}

fn run_in(folder: &Path, line: &str) -> std::process::Output {
    let mut command = kcorrset(line);
    command.current_dir(folder).output().unwrap()
}

const WAYS: [&str; 9] = [
    "exam.csv --criterion mean",
    "exam.csv --criterion rest",
    "exam.csv --criterion-file marks.csv",
    "exam.csv --criterion-file marks.csv --criterion-column later",
    "wide.csv --wide --user-column id --criterion-column mark",
    "exam.csv --rank-by lower-bound --confidence 0.9",
    "exam.csv --include q3 --exclude q1,q5..q7",
    "exam.csv --groups groups.csv --per-group E=1,N=0..1",
    "exam.csv --unanswered zero --criterion rest --groups groups.csv --group-column part --per-group P0=2",
];

#[test]
fn every_engine_gives_the_same_and_verify_finds_it_again() {
    let (_held, folder) = files();
    for way in WAYS {
        let (table, options) = way.split_once(' ').unwrap();
        let results = |engine: &str| {
            let line = format!(
                "search {way} -k 3 --min-users 9 --top 5 --engine {engine} --format json -o {engine}.json"
            );
            let out = run_in(&folder, &line);
            assert_eq!(code(&out), 0, "{line}\n{}", shown(&out));
            let text = fs::read_to_string(folder.join(format!("{engine}.json"))).unwrap();
            let document: Value = serde_json::from_str(&text).unwrap();
            // The wide table has four sets of three.
            let places = document["results"].as_array().map(Vec::len);
            assert!(places >= Some(4), "{way}");
            document["results"].to_string()
        };
        let right = results("reference");
        assert_eq!(results("cpu"), right, "{way}");
        assert_eq!(results("gpu"), right, "{way}");
        let again = run_in(&folder, &format!("verify {table} cpu.json {options}"));
        assert_eq!(code(&again), 0, "{way}\n{}", shown(&again));
        let less = run_in(
            &folder,
            &format!("verify {table} cpu.json {}", only_reading(options)),
        );
        assert_eq!(code(&less), 1, "{way}\n{}", shown(&less));
        let sample = format!("verify {way} -k 3 --min-users 9 --sample 20 --chunks 1 --engine cpu");
        let sample = run_in(&folder, &sample);
        assert_eq!(code(&sample), 0, "{way}\n{}", shown(&sample));
    }
}

/// The options of a way that say how the table is read.
fn only_reading(options: &str) -> &str {
    match options.starts_with("--wide") {
        true => "--wide --user-column id",
        false => "",
    }
}

#[test]
fn a_place_with_another_criterion_has_its_sums() {
    let (_held, folder) = files();
    let line = "search exam.csv -q --criterion mean -k 2 --min-users 60 --top 1 --engine cpu --format json";
    let document: Value = serde_json::from_str(text(&run_in(&folder, line).stdout)).unwrap();
    expect![[r#"{"criterion":"mean","k":2,"min_users":60,"top":1}"#]]
        .assert_eq(&document["query"].to_string());
    expect![[r#"[{"criterion_sums":{"denominator":"27720","sag":"1091503","sg":"873346","sgg":"13017755454"},"place":1,"questions":["q2","q6"],"r":0.7744963758540184,"sums":{"n":78,"sa":73,"saa":107,"sag":397,"sg":316,"sgg":1710},"users":78}]"#]].assert_eq(&document["results"].to_string());
    let bound = "search exam.csv -q --rank-by lower-bound -k 2 --min-users 60 --top 2 --engine cpu --format csv";
    expect![[r#"
        place,r,bound,users,sa,sg,saa,sgg,sag,question_1,question_2
        1,0.7853288612940134,0.7009643838200156,78,73,316,107,1710,397,q2,q6
        2,0.7737287057417914,0.6862720368083315,79,78,320,126,1732,429,q4,q5
    "#]]
    .assert_eq(text(&run_in(&folder, bound).stdout));
}

#[test]
fn what_is_said_of_users_and_missing_answers() {
    let (_held, folder) = files();
    let said = |line: &str| text(&run_in(&folder, line).stderr).to_owned();
    expect![[r#"
        kcorrset: note: marks.csv: 1 user is not in the table
        kcorrset: note: 2 users have no number of the criterion and are left out
    "#]]
    .assert_eq(&said(
        "search exam.csv -k 2 --criterion-file marks.csv --engine cpu --top 1",
    ));
    expect![[r#"
        kcorrset: warning: 1 question correlates negatively with the rest, as if worded the other way: "c"; if so, --reverse LIST turns them round
        kcorrset: note: 1 user has no number of the criterion and is left out
    "#]].assert_eq(&said(
        "search wide.csv --wide --user-column id -k 2 --criterion-column mark --engine cpu --top 1",
    ));
    expect![[r#"
        kcorrset: note: 288 answers are missing, and a total is a sum, in which a missing answer counts as 0: it changes with how scores are coded; --criterion mean does not
    "#]].assert_eq(&said(
        "search exam.csv -k 2 --engine cpu --top 1 --min-users 20",
    ));
    assert_eq!(
        said("search exam.csv -q -k 2 --engine cpu --top 1 --min-users 20"),
        ""
    );
    assert_eq!(
        said("search exam.csv -k 2 --engine cpu --top 1 --criterion mean --min-users 20"),
        ""
    );
    assert_eq!(
        said("search exam.csv -k 2 --engine cpu --top 1 --unanswered zero"),
        ""
    );
}

#[test]
fn questions_that_cannot_be_asked() {
    let (_held, folder) = files();
    fs::write(folder.join("strange.csv"), "user,criterion\nnobody,1\n").unwrap();
    let mut all = String::new();
    for options in [
        "--criterion-column mark",
        "--criterion-file strange.csv",
        "--criterion-file exam.csv",
        "--criterion mean --criterion-file marks.csv",
        "--include q1,q2,q3",
        "--include q1 --exclude q1",
        "--include zz",
        "--per-group E=2",
        "--groups groups.csv",
        "--groups groups.csv --per-group X=1",
        "--groups groups.csv --per-group E=3",
        "--groups groups.csv --per-group E",
        "--groups groups.csv --group-column zz --per-group E=1",
        "--confidence 0.5",
        "--criterion median",
    ] {
        let out = run_in(
            &folder,
            &format!("search exam.csv -k 2 --engine cpu {options}"),
        );
        assert_eq!(code(&out), 2, "{options}\n{}", shown(&out));
        assert_eq!(text(&out.stdout), "");
        all += &format!("{options}\n{}\n", text(&out.stderr));
    }
    expect![[r#"
        --criterion-column mark
        kcorrset: error: --criterion-column "mark": a table of one row an answer has no such column; give the users' numbers by --criterion-file, or read a wide table with --wide

        --criterion-file strange.csv
        kcorrset: note: strange.csv: 1 user is not in the table
        kcorrset: error: no user of the table has a number of the criterion: are the users named alike in both?

        --criterion-file exam.csv
        kcorrset: error: exam.csv: no column "criterion": the header on line 1 has "user", "question", "score"; name the columns with --user-column, --question-column and --score-column

        --criterion mean --criterion-file marks.csv
        error: the argument '--criterion <WHICH>' cannot be used with '--criterion-file <FILE>'

        Usage: kcorrset search -k <K> --engine <NAME> --criterion <WHICH> <DATA>

        For more information, try '--help'.

        --include q1,q2,q3
        kcorrset: error: 3 questions are to be in every set, and a set has 2; give a larger -k, or include fewer questions

        --include q1 --exclude q1
        kcorrset: error: question 1 is named twice, as one to include or exclude; name each question once in --include and --exclude

        --include zz
        kcorrset: error: --include: no question "zz": there are "q0", "q1", "q2", "q3", "q4", "q5", "q6", "q7", "q8", "q9", "q10", "q11"

        --per-group E=2
        error: the following required arguments were not provided:
          --groups <FILE>

        Usage: kcorrset search -k <K> --per-group <NUMBERS> --groups <FILE> --engine <NAME> <DATA>

        For more information, try '--help'.

        --groups groups.csv
        error: the following required arguments were not provided:
          --per-group <NUMBERS>

        Usage: kcorrset search -k <K> --groups <FILE> --per-group <NUMBERS> --engine <NAME> <DATA>

        For more information, try '--help'.

        --groups groups.csv --per-group X=1
        kcorrset: error: --per-group X: no question of the table is in this group by groups.csv

        --groups groups.csv --per-group E=3
        kcorrset: error: no set of 2 questions has as many questions of each group as are asked for; change --per-group or -k

        --groups groups.csv --per-group E
        error: invalid value 'E' for '--per-group <NUMBERS>': "E" is no group with a number: write E=2 or N=1..3, with commas between

        For more information, try '--help'.

        --groups groups.csv --group-column zz --per-group E=1
        kcorrset: error: groups.csv: no column "zz": the header on line 1 has "question", "group", "part"; name the columns with --user-column, --question-column and --score-column

        --confidence 0.5
        error: invalid value '0.5' for '--confidence <LEVEL>': give a number above 0.5 and below 1, such as 0.95

        For more information, try '--help'.

        --criterion median
        error: invalid value 'median' for '--criterion <WHICH>'
          [possible values: total, mean, rest]

          tip: a similar value exists: 'mean'

        For more information, try '--help'.

    "#]].assert_eq(&all);
}

#[test]
fn min_users_of_bounds_are_four_at_least() {
    let out = run(
        "search exam.csv -q -k 11 --min-users 2 --rank-by lower-bound --engine cpu --format json",
    );
    let document: Value = serde_json::from_str(text(&out.stdout)).unwrap();
    assert_eq!(document["query"]["min_users"], 2);
    let places = document["results"].as_array().unwrap();
    assert!(
        !places.is_empty()
            && places
                .iter()
                .all(|place| place["users"].as_u64() >= Some(4))
    );
    check(
        "search exam.csv -q -k 2 --rank-by lower-bound --engine reference --top 2",
        expect![[r#"
            exit 0
            --- stdout
            120 users, 12 questions, 1,152 responses
            66 sets of 2 questions, 66 defined, min_users 2, rank_by lower-bound, confidence 0.95
            audit passed, _ s, reference engine on 1 CPU thread, _ sets/s

            place  r                   bound               users  questions
                1  0.7853288612940134  0.7009643838200156     78  q2, q6
                2  0.7737287057417914  0.6862720368083315     79  q4, q5
        "#]],
    );
}
