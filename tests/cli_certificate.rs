//! Certificates as typed: written beside a result, checked with it, and what is refused with which exit code.

use crate::cli::{code, data, kcorrset, shown, text};
use serde_json::Value;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use tempfile::TempDir;

fn run_in(folder: &Path, line: &str) -> std::process::Output {
    kcorrset(line).current_dir(folder).output().unwrap()
}

/// A complete table of thirty questions, driven by one trait, with numbers beside it.
fn folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let mut table = "user,question,score\n".to_owned();
    let mut numbers = "user,criterion\n".to_owned();
    for user in 0..80_u64 {
        for question in 0..30 {
            let noise = (user * 7919 + question * 104_729 + user * user * question) % 10;
            let score = u64::from(user / 8 + noise > 4 + question % 8);
            let _ = writeln!(table, "u{user},q{question},{score}");
        }
        let _ = writeln!(
            numbers,
            "u{user},{}.{}",
            user * user,
            1 + user * 123_456_789 % 999_999_937
        );
    }
    fs::write(folder.path().join("full.csv"), table).unwrap();
    fs::write(folder.path().join("numbers.csv"), numbers).unwrap();
    fs::copy(data().join("exam.csv"), folder.path().join("exam.csv")).unwrap();
    folder
}

#[test]
fn a_certificate_is_written_and_checked() {
    let folder = folder();
    let folder = folder.path();
    for options in ["-k 9 --top 3", "-k 8 --criterion rest --top 2 --threads 1"] {
        let search = format!("search full.csv -q {options} -o best.json --certificate best.proof");
        let out = run_in(folder, &search);
        assert_eq!(shown(&out), "exit 0\n", "{options}");
        let document = fs::read_to_string(folder.join("best.json")).unwrap();
        let document: Value = serde_json::from_str(&document).unwrap();
        assert_eq!(document["engine"]["name"], "bound");
        let criterion = if options.contains("rest") {
            "--criterion rest"
        } else {
            ""
        };
        let verify = format!("verify full.csv best.json --certificate best.proof {criterion}");
        let out = run_in(folder, &verify);
        assert_eq!(code(&out), 0, "{}", shown(&out));
        let said = text(&out.stdout);
        assert!(
            said.contains("certificate checked: ")
                && said.contains("no other set belongs in the list"),
            "{said}"
        );
    }
}

#[test]
fn what_is_no_proof_of_the_result_is_told_from_what_is_no_certificate() {
    let folder = folder();
    let folder = folder.path();
    for (name, k) in [("a", 8), ("b", 7)] {
        let line =
            format!("search full.csv -q -k {k} --top 3 -o {name}.json --certificate {name}.proof");
        assert_eq!(code(&run_in(folder, &line)), 0);
    }
    let right = fs::read(folder.join("a.proof")).unwrap();
    let mut damaged = right.clone();
    damaged[300] ^= 4;
    let newer = [b"kcorrset certificate 7\n", &right[23..]].concat();
    for (name, bytes) in [("damaged", &damaged), ("newer", &newer)] {
        fs::write(folder.join(format!("{name}.proof")), bytes).unwrap();
    }
    let mut wrong: Value =
        serde_json::from_slice(&fs::read(folder.join("a.json")).unwrap()).unwrap();
    wrong["results"][0]["r"] = 0.5.into();
    fs::write(folder.join("wrong.json"), wrong.to_string()).unwrap();
    for (line, exit, what) in [
        (
            "a.json --certificate b.proof",
            1,
            "certificate: it is of another query than the result",
        ),
        ("wrong.json --certificate a.proof", 1, "place 1: r is 0.5"),
        (
            "a.json --certificate damaged.proof",
            2,
            "damaged.proof: is damaged",
        ),
        (
            "a.json --certificate newer.proof",
            2,
            "newer.proof: is a certificate of version \"7\"",
        ),
        (
            "a.json --certificate a.json",
            2,
            "a.json: is not a certificate",
        ),
        (
            "a.json --certificate none.proof",
            2,
            "none.proof: cannot read",
        ),
        (
            "a.json --certificate -",
            2,
            "--certificate -: it is read from a file",
        ),
    ] {
        let out = run_in(folder, &format!("verify full.csv {line}"));
        assert_eq!(code(&out), exit, "{line}\n{}", shown(&out));
        let said = if exit == 1 { &out.stdout } else { &out.stderr };
        assert!(text(said).contains(what), "{line}\n{}", shown(&out));
    }
}

#[test]
fn what_cannot_be_certified_is_refused_before_the_search() {
    let folder = folder();
    let folder = folder.path();
    for (line, what) in [
        ("full.csv -k 3..4", "--certificate is for one K"),
        ("full.csv -k 3 --limit 10", "--certificate is for all sets"),
        (
            "full.csv -k 3 --engine cpu",
            "only the bound engine proves its list",
        ),
        (
            "full.csv -k 3 --device 0",
            "only the bound engine proves its list",
        ),
        (
            "full.csv -k 3 --instructions portable",
            "only the bound engine proves its list",
        ),
        (
            "full.csv -k 3 --criterion-file numbers.csv",
            "bounds see them rounded",
        ),
        ("full.csv -k 3 -o out.proof", "is the result's file too"),
        ("full.csv -k 3 -o ./out.proof", "is the result's file too"),
        (
            "exam.csv -k 3",
            "needs an answer of every user to every question",
        ),
        ("full.csv -k 3 --top 5000", "with an r above 0"),
    ] {
        let out = run_in(folder, &format!("search {line} -q --certificate out.proof"));
        assert_eq!(code(&out), 2, "{line}\n{}", shown(&out));
        assert!(text(&out.stderr).contains(what), "{line}\n{}", shown(&out));
        assert!(!folder.join("out.proof").exists(), "{line}");
    }
    for (place, what) in [
        ("full.csv", "is the table itself"),
        ("-", "it is binary and goes to a file"),
    ] {
        let out = run_in(
            folder,
            &format!("search full.csv -k 3 -q --certificate {place}"),
        );
        assert_eq!(code(&out), 2, "{}", shown(&out));
        assert!(text(&out.stderr).contains(what), "{}", shown(&out));
    }
    let out = run_in(folder, "verify full.csv -k 3 --sample 4 --certificate x");
    assert_eq!(code(&out), 2, "{}", shown(&out));
}
