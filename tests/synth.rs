//! Generated tables: as many answers as asked for, models as described, and what is written reads
//! back as the same table.

use expect_test::expect;
use kcorrset::input::{ReadOptions, read};
use kcorrset::matrix::ResponseMatrix;
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
            model: Model::RASCH,
            booklets: 3,
            ..spec()
        },
        Spec {
            scores: 0..=2,
            model: Model::ItemResponse {
                discrimination: (-0.5, 2.0),
                factors: 7,
            },
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

/// Tables of the Rasch model, as they were before questions could differ in discrimination or in the
/// ability that drives them. A platform whose `exp` differs in its last bit changes a score only where a
/// draw falls into that bit.
#[test]
fn the_streams_of_the_item_response_model_are_pinned() {
    let print = |spec: &Spec| matrix(spec).unwrap().fingerprint();
    let sparse = Spec {
        model: Model::RASCH,
        ..spec()
    };
    let complete = Spec {
        users: 300,
        questions: 40,
        answered: 1.0,
        scores: 1..=6,
        seed: 3,
        ..sparse.clone()
    };
    let booklets = Spec {
        booklets: 3,
        ..sparse.clone()
    };
    expect!["sha256:37c5b73677ba442b3120fdaa9fbb0e0f18d464c91914899a930fd04cee20ffbf"]
        .assert_eq(&print(&sparse));
    expect!["sha256:d0fad29b3a23392f88bc16d77c392b14c5b66e51414d1397b777e1414ac67010"]
        .assert_eq(&print(&complete));
    expect!["sha256:2f9290fa51af7a648d6745523a86db00c7caeedb083b9fa390adc848fa85360b"]
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
        model: Model::RASCH,
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

/// What each question correlates with what `with` says of its number, a figure a user.
fn correlations(spec: &Spec, with: impl Fn(&ResponseMatrix, usize) -> Vec<f64>) -> Vec<f64> {
    let table = matrix(spec).unwrap();
    let questions = 0..spec.questions;
    questions
        .map(|q| {
            let scores: Vec<f64> = table.column(q).scores().iter().map(|&s| s as f64).collect();
            correlation(&scores, &with(&table, q))
        })
        .collect()
}

fn correlation(a: &[f64], b: &[f64]) -> f64 {
    let n = a.len() as f64;
    let mean = |x: &[f64]| x.iter().sum::<f64>() / n;
    let (ma, mb) = (mean(a), mean(b));
    let product = |x: &[f64], mx: f64, y: &[f64], my: f64| {
        let pairs = x.iter().zip(y);
        pairs.map(|(x, y)| (x - mx) * (y - my)).sum::<f64>()
    };
    product(a, ma, b, mb) / (product(a, ma, a, ma) * product(b, mb, b, mb)).sqrt()
}

/// The total without question `q`.
fn rest(table: &ResponseMatrix, q: usize) -> Vec<f64> {
    let scores = table.column(q).scores();
    let totals = table.totals().iter().zip(scores);
    totals
        .map(|(total, score)| (total - score) as f64)
        .collect()
}

fn item_response(discrimination: (f64, f64), factors: usize) -> Spec {
    Spec {
        users: 2000,
        questions: 40,
        answered: 1.0,
        model: Model::ItemResponse {
            discrimination,
            factors,
        },
        ..spec()
    }
}

#[test]
fn discriminations_are_spread_as_asked_for() {
    let item_rest = |from, to| {
        let mut r = correlations(&item_response((from, to), 1), rest);
        r.sort_by(f64::total_cmp);
        r
    };
    // A correlation of 2000 users is off by 0.022 or so.
    let flat = item_rest(0.0, 0.0);
    assert!(flat.iter().all(|r| r.abs() < 0.1), "{flat:?}");
    let (weak, alike, sharp) = (
        item_rest(0.2, 0.2),
        item_rest(1.0, 1.0),
        item_rest(3.0, 3.0),
    );
    assert!(
        weak[39] < alike[0] && alike[20] < sharp[20],
        "{weak:?} {alike:?} {sharp:?}"
    );
    let spread = item_rest(0.2, 3.0);
    assert!(
        spread[3] < alike[3] && spread[36] > alike[36],
        "{spread:?} {alike:?}"
    );
    let turned = item_rest(-1.0, -1.0);
    assert!(
        turned[0] > 0.2,
        "all are turned, so that they agree: {turned:?}"
    );
    let mixed = item_rest(-1.0, 1.0);
    let below = mixed.iter().filter(|&&r| r < 0.0).count();
    assert!((5..=35).contains(&below), "{mixed:?}");
    // The widest range there is.
    let widest = item_response((-f64::MAX, f64::MAX), 1);
    assert_eq!(matrix(&widest).unwrap().totals().len(), 2000);
}

#[test]
fn questions_of_one_factor_go_together() {
    let spec = item_response((2.0, 2.0), 4);
    // A correlation of 2000 users is off by 0.022 or so; that of a question that hardly anyone gets right
    // or wrong is low.
    let others = |shift: usize| {
        move |table: &ResponseMatrix, q: usize| {
            let mut sums = vec![0.0; 2000];
            for other in (0..40).filter(|&o| o != q && o % 4 == (q + shift) % 4) {
                for (sum, score) in sums.iter_mut().zip(table.column(other).scores()) {
                    *sum += *score as f64;
                }
            }
            sums
        }
    };
    let (own, foreign) = (
        correlations(&spec, others(0)),
        correlations(&spec, others(1)),
    );
    assert!(own.iter().all(|&r| r > 0.15), "{own:?}");
    assert!(foreign.iter().all(|r| r.abs() < 0.1), "{foreign:?}");
    // The first ability is that of a table with one.
    let one = item_response((2.0, 2.0), 1);
    let (four, one) = (matrix(&spec).unwrap(), matrix(&one).unwrap());
    for q in 0..40 {
        let same = four.column(q).scores() == one.column(q).scores();
        assert_eq!(same, q % 4 == 0, "{q}");
    }
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
    let with = |discrimination, factors| Spec {
        model: Model::ItemResponse {
            discrimination,
            factors,
        },
        ..spec()
    };
    let discriminating = |from, to| with((from, to), 1);
    let factors = |factors| with((1.0, 1.0), factors);
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
            model: Model::RASCH,
            ..spec()
        },
        discriminating(2.0, 1.0),
        discriminating(f64::NAN, 1.0),
        discriminating(1.0, f64::NAN),
        discriminating(f64::NEG_INFINITY, 1.0),
        discriminating(1.0, f64::INFINITY),
        factors(0),
        factors(8),
        factors(usize::MAX),
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
        discriminations from 2 to 1: the item-response model needs two finite numbers, the smaller one first
        discriminations from NaN to 1: the item-response model needs two finite numbers, the smaller one first
        discriminations from 1 to NaN: the item-response model needs two finite numbers, the smaller one first
        discriminations from -inf to 1: the item-response model needs two finite numbers, the smaller one first
        discriminations from 1 to inf: the item-response model needs two finite numbers, the smaller one first
        0 factors for 7 questions: the item-response model needs at least one, and at most one a question
        8 factors for 7 questions: the item-response model needs at least one, and at most one a question
        18446744073709551615 factors for 7 questions: the item-response model needs at least one, and at most one a question
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
