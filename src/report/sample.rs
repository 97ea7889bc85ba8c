//! Documents for the tests of the printers, with every part in use; the figures are made up.

use super::document::{Asked, Data, Place, PlaceSums, Ran, Ranks, Report, SCHEMA, Search, Sets};
use crate::stats::AuditSums;

fn place(place: usize, questions: &[&str], r: f64, users: u64) -> Place {
    Place {
        place,
        questions: questions.iter().map(|&id| id.to_owned()).collect(),
        r,
        bound: None,
        users,
        sums: PlaceSums {
            n: users,
            sa: -3,
            sg: 1 << 70,
            saa: 9,
            sgg: 10,
            sag: 11,
        },
        criterion_sums: None,
    }
}

/// The document of one search.
pub(super) fn report() -> Report {
    Report {
        schema: SCHEMA,
        version: "9.9.9".to_owned(),
        data: Data {
            users: 1200,
            questions: 50,
            responses: 31_415,
            scale: Some(1),
            denominator: None,
            reversed: None,
            fingerprint: "sha256:00ff".to_owned(),
        },
        engine: Ran {
            name: "cpu".to_owned(),
            devices: vec!["2 CPU threads".to_owned()],
        },
        searches: vec![Search {
            query: Asked {
                k: 2,
                top: 3,
                min_users: 2,
                ranks: Some(Ranks {
                    start: 5,
                    end: 1005,
                }),
                ..Asked::default()
            },
            sets: Sets {
                total: 1225.into(),
                visited: Some(1000),
                defined: None,
            },
            audit: Some((&AuditSums::new(1000, [u64::MAX, 0, 0, 0, 0, 0])).into()),
            proof: None,
            elapsed_s: 0.25,
            results: vec![
                place(1, &["q1", "a, b"], 1.0, 7),
                place(2, &["q\"2\"", "line\nbreak"], -0.1234567890123456, 900),
            ],
        }],
    }
}

/// The document of searches of two K, the first that of [`report`].
pub(super) fn several() -> Report {
    let mut report = report();
    report.searches.push(Search {
        query: Asked {
            k: 3,
            top: 3,
            min_users: 2,
            ..Asked::default()
        },
        sets: Sets {
            total: 19_600.into(),
            visited: None,
            defined: Some(19_000),
        },
        audit: Some((&AuditSums::new(19_600, [5, 0, 0, 0, 0, 0])).into()),
        proof: None,
        elapsed_s: 0.5,
        results: vec![place(1, &["q1", "q2", "q3"], 0.5, 1100)],
    });
    report
}
