//! `kcorrset bench` of proofs, as typed: which tables are for which engine, what is said of a proof in each form, and
//! refusals.

use crate::cli::{code, run, text};
use serde_json::{Value, json};

fn document(line: &str) -> Value {
    let out = run(&format!("{line} --quick --quiet --format json"));
    assert_eq!((code(&out), text(&out.stderr)), (0, ""), "{line}");
    serde_json::from_slice(&out.stdout).expect("JSON")
}

fn names(figures: &Value) -> Vec<&str> {
    let figures = figures.as_array().expect("figures").iter();
    let names = figures.map(|figures| figures["workload"].as_str().expect("a name"));
    names.collect()
}

#[test]
fn proofs_say_how_every_set_was_decided() {
    let document = document("bench bound --runs 2");
    assert_eq!(
        (&document["workloads"], &document["gpus"]),
        (&json!([]), &json!([]))
    );
    let proved = &document["bound"];
    assert_eq!(
        names(proved),
        [
            "complete",
            "proof-2pl-k10",
            "proof-2pl-k15",
            "proof-2pl-k20",
            "proof-rasch-100-k10",
            "proof-rasch-200-k10",
            "proof-factors-k10",
            "proof-small-k10",
        ]
    );
    for figures in proved.as_array().expect("figures") {
        let number = |value: &Value| -> u128 {
            let text = value.as_str().expect("decimal digits");
            text.parse().expect("a number")
        };
        let proofs = figures["proofs"].as_array().expect("a proof a run");
        let times = figures["times_s"].as_array().expect("a time a run");
        assert_eq!((proofs.len(), times.len()), (2, 2));
        for proof in proofs {
            let [visited, excluded] = ["visited", "excluded"].map(|kind| number(&proof[kind]));
            assert_eq!(visited + excluded, number(&figures["sets"]), "{figures}");
            // The smallest table is gone through.
            assert_eq!(excluded > 0, figures["workload"] != "complete", "{figures}");
            assert!(number(&proof["nodes"]) > 0, "{figures}");
        }
        for positive in ["ratio", "sets_per_s", "published_would_take_s"] {
            assert!(
                figures[positive].as_f64().expect(positive) > 0.0,
                "{figures}"
            );
        }
    }
}

#[test]
fn engines_have_their_own_tables_and_share_one() {
    let two = "--workload complete --workload proof-small-k10";
    let both = document(&format!("bench cpu bound --runs 1 {two}"));
    assert_eq!(names(&both["workloads"]), ["complete"]);
    assert_eq!(names(&both["bound"]), ["complete", "proof-small-k10"]);
    assert!(both["workloads"][0].get("proofs").is_none(), "{both}");
    let out = run(&format!(
        "bench cpu bound --quick --quiet --runs 1 --threads 1 {two}"
    ));
    let said = text(&out.stdout);
    let lines: Vec<_> = said.lines().collect();
    assert_eq!((code(&out), lines.len()), (0, 10), "{said}");
    assert!(lines[0].starts_with("cpu engine, 1 threads, "), "{said}");
    assert_eq!(
        lines[5],
        "bound engine, 1 threads, medians of 1, small tables"
    );
    let titles: Vec<_> = lines[7].split("  ").map(str::trim).collect();
    for title in ["published s", "nodes", "visited", "excluded"] {
        assert!(titles.contains(&title), "{said}");
    }
}

#[test]
fn tables_that_are_for_no_engine_asked_for_are_refused() {
    for (line, why) in [
        (
            "bench cpu --workload k2 --workload proof-2pl-k10",
            "--workload proof-2pl-k10 has too many sets to go through: bench bound too",
        ),
        (
            "bench gpu --workload proof-small-k10",
            "--workload proof-small-k10 has too many sets to go through: bench bound too",
        ),
        (
            "bench bound --workload complete --workload k2",
            "--workload k2 is for the engines that go through all sets: bench cpu too",
        ),
        (
            "bench bound --regime lanes",
            "--regime is for the CPU engine",
        ),
        ("bench bound --device 0", "are for GPUs"),
    ] {
        let out = run(&format!("{line} --quick"));
        assert_eq!((code(&out), text(&out.stdout)), (2, ""), "{line}");
        assert!(text(&out.stderr).contains(why), "{}", text(&out.stderr));
    }
}
