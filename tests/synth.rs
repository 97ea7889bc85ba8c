//! Generated tables: as many answers as asked for, models as described, and what is written reads
//! back as the same table.

use expect_test::expect;
use kcorrset::input::{ReadOptions, read};
use kcorrset::synth::{Model, Spec, SynthError, TableFormat, matrix, write};
use std::io;

fn spec() -> Spec {
    Spec {
        users: 50,
        questions: 7,
        answered: 0.3,
        scores: 0..=1,
        model: Model::Random,
        booklets: 0,
        seed: 1,
    }
}

fn written(spec: &Spec, format: TableFormat) -> Vec<u8> {
    let mut out = Vec::new();
    write(spec, format, &mut out).unwrap();
    out
}

#[test]
fn what_is_written_reads_back() {
    let specs = [
        spec(),
        Spec {
            scores: -3..=12,
            answered: 0.02,
            ..spec()
        },
        Spec {
            scores: 1..=6,
            model: Model::ItemResponse,
            booklets: 3,
            ..spec()
        },
        Spec {
            users: 1,
            questions: 1,
            answered: 1.0,
            ..spec()
        },
    ];
    for spec in specs {
        let fingerprint = matrix(&spec).unwrap().fingerprint();
        for format in [TableFormat::Json, TableFormat::Ndjson, TableFormat::Csv] {
            let bytes = written(&spec, format);
            let table = read(&bytes[..], "t", &ReadOptions::default())
                .unwrap()
                .table;
            assert_eq!(table.fingerprint(), fingerprint, "{spec:?} {format:?}");
        }
    }
}

#[test]
fn the_forms() {
    let small = Spec {
        users: 3,
        questions: 2,
        answered: 0.5,
        ..spec()
    };
    let text = |format| String::from_utf8(written(&small, format)).unwrap();
    expect![[r#"
        [
        {"user":"u0","question":"q0","score":1},
        {"user":"u1","question":"q0","score":1},
        {"user":"u1","question":"q1","score":0},
        {"user":"u2","question":"q1","score":0}
        ]
    "#]]
    .assert_eq(&text(TableFormat::Json));
    expect![[r#"
        {"user":"u0","question":"q0","score":1}
        {"user":"u1","question":"q0","score":1}
        {"user":"u1","question":"q1","score":0}
        {"user":"u2","question":"q1","score":0}
    "#]]
    .assert_eq(&text(TableFormat::Ndjson));
    expect![[r#"
        user,question,score
        u0,q0,1
        u1,q0,1
        u1,q1,0
        u2,q1,0
    "#]]
    .assert_eq(&text(TableFormat::Csv));
}

/// Draws must not change between versions: results are compared by seed.
#[test]
fn the_streams_are_pinned() {
    let print = |spec: &Spec| matrix(spec).unwrap().fingerprint();
    let sampled = Spec {
        users: 600,
        questions: 20,
        answered: 0.2,
        scores: -1..=3,
        seed: u64::MAX,
        ..spec()
    };
    let booklets = Spec {
        booklets: 3,
        ..spec()
    };
    expect!["sha256:c3b9d56e8b72d280e3d27c6a916a91c4ed69edfe5c1ed877b8d113dbcfafe1d6"]
        .assert_eq(&print(&spec()));
    expect!["sha256:f7375b7ce50a6d026a69ac077db650b3f28ab63805bcff4356debf5b697c0ce5"]
        .assert_eq(&print(&sampled));
    expect!["sha256:96cd5826d1193969666367e9f9351e792a9777d7cb47894e17eaba333b8883b4"]
        .assert_eq(&print(&booklets));
}

#[test]
fn every_question_is_answered_by_the_share_that_was_asked_for() {
    for (users, answered, count) in [
        (50, 0.3, 15),
        (51, 0.5, 26),
        (50, 1.0, 50),
        (7, 0.1, 1),
        (1000, 0.0015, 2),
    ] {
        let spec = Spec {
            users,
            answered,
            ..spec()
        };
        let table = matrix(&spec).unwrap();
        for q in 0..7 {
            assert_eq!(table.column(q).users().len(), count);
        }
    }
}

#[test]
fn questions_do_not_depend_on_those_before_them() {
    let rows = |questions| {
        let spec = Spec {
            questions,
            ..spec()
        };
        String::from_utf8(written(&spec, TableFormat::Csv)).unwrap()
    };
    assert!(rows(7).starts_with(&rows(3)));
    let other = Spec { seed: 2, ..spec() };
    assert_ne!(
        matrix(&other).unwrap().fingerprint(),
        matrix(&spec()).unwrap().fingerprint()
    );
}

#[test]
fn random_scores_are_equally_likely() {
    let spec = Spec {
        users: 60_000,
        questions: 1,
        answered: 1.0,
        scores: -1..=1,
        ..spec()
    };
    let table = matrix(&spec).unwrap();
    for score in -1..=1 {
        let n = table.totals().iter().filter(|&&g| g == score).count();
        // 20,000 expected, standard deviation 115.
        assert!(n.abs_diff(20_000) < 600, "{score}: {n}");
    }
}

#[test]
fn item_response_scores_follow_ability_and_difficulty() {
    let spec = Spec {
        users: 4000,
        questions: 40,
        answered: 1.0,
        scores: 2..=4,
        model: Model::ItemResponse,
        ..spec()
    };
    let table = matrix(&spec).unwrap();
    // Totals spread as abilities do: their variance is far above that of 40 independent scores,
    // which is at most 40 · 0.5.
    let totals = table.totals();
    let mean = totals.iter().sum::<i64>() as f64 / totals.len() as f64;
    let variance = totals
        .iter()
        .map(|&g| (g as f64 - mean).powi(2))
        .sum::<f64>()
        / 4000.0;
    assert!(variance > 100.0, "{variance}");
    // Difficulties N(0, 1): questions differ, and lie on both sides of the middle, 3.
    let means: Vec<f64> = (0..40)
        .map(|q| table.column(q).scores().iter().sum::<i64>() as f64 / 4000.0)
        .collect();
    let easy = means.iter().filter(|&&m| m > 3.0).count();
    assert!((8..=32).contains(&easy), "{means:?}");
    assert!(means.iter().all(|m| (2.05..3.95).contains(m)), "{means:?}");
    // The easier half of the questions is easier for the able and for the less able alike.
    let (mut hard, mut soft) = ([0_i64; 2], [0_i64; 2]);
    for (u, &total) in totals.iter().enumerate() {
        let able = usize::from(total as f64 > mean);
        for (q, score) in table.row(u) {
            if means[q] > 3.0 {
                soft[able] += score;
            } else {
                hard[able] += score;
            }
        }
    }
    assert!(hard[0] < hard[1] && soft[0] < soft[1]);
}

#[test]
fn booklets_overlap_in_a_ring() {
    let spec = Spec {
        users: 13,
        questions: 9,
        booklets: 4,
        ..spec()
    };
    let table = matrix(&spec).unwrap();
    for u in 0..13 {
        let id: usize = table.users()[u][1..].parse().unwrap();
        let answered: Vec<usize> = table.row(u).map(|(q, _)| q).collect();
        let expected: Vec<usize> = (0..9)
            .filter(|q| q % 4 == id % 4 || q % 4 == (id + 1) % 4)
            .collect();
        assert_eq!(answered, expected, "u{id}");
    }
}

#[test]
fn specs_that_make_no_table() {
    let specs = [
        Spec { users: 0, ..spec() },
        Spec {
            questions: 0,
            ..spec()
        },
        Spec {
            users: 1 << 33,
            ..spec()
        },
        Spec {
            answered: f64::NAN,
            ..spec()
        },
        Spec {
            answered: -0.1,
            ..spec()
        },
        Spec {
            answered: 1.5,
            ..spec()
        },
        Spec {
            answered: 0.009,
            ..spec()
        },
        #[expect(clippy::reversed_empty_ranges, reason = "the fault at hand")]
        Spec {
            scores: 1..=0,
            ..spec()
        },
        Spec {
            scores: 0..=1001,
            model: Model::ItemResponse,
            ..spec()
        },
        Spec {
            booklets: 8,
            ..spec()
        },
        Spec {
            users: 5,
            booklets: 7,
            ..spec()
        },
        Spec {
            scores: i64::MIN..=i64::MAX,
            ..spec()
        },
    ];
    let mut messages = String::new();
    for spec in specs {
        let error = matrix(&spec).unwrap_err();
        messages += &format!("{error}\n");
        if !matches!(error, SynthError::Table(_)) {
            let mut out = Vec::new();
            let same = write(&spec, TableFormat::Csv, &mut out).unwrap_err();
            assert_eq!((error.to_string(), out), (same.to_string(), Vec::new()));
        }
    }
    expect![[r#"
        a table needs at least one user and one question, not 0 and 7
        a table needs at least one user and one question, not 50 and 0
        8589934592 users: more than 4294967295 are not supported
        the share of users who answer a question must lie between 0 and 1, not NaN
        the share of users who answer a question must lie between 0 and 1, not -0.1
        the share of users who answer a question must lie between 0 and 1, not 1.5
        0.009 of 50 users rounds to nobody: raise the share or the users
        no score lies between 1 and 0: give the smaller one first
        the item-response model takes 1001 steps from 0 to 1001, and 1000 is the limit: choose a shorter range of scores
        8 booklets cannot be filled with 7 questions: ask for at most one booklet a question
        7 booklets need at least 6 users, not 5: else some are never answered
        scores scaled by 10^0 to integers do not fit 64 bits (the total of user "u4"); write the scores with fewer digits or in a smaller unit
    "#]].assert_eq(&messages);
}

#[test]
fn an_output_that_fails_is_an_error() {
    struct Full;
    impl io::Write for Full {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::Error::other("disk full"))
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let error = write(&spec(), TableFormat::Csv, &mut Full).unwrap_err();
    expect!["the table cannot be written: disk full"].assert_eq(&error.to_string());
}
