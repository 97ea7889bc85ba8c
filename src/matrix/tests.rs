//! Tables by the builder: against one that is made as plainly as can be.

use super::*;
use std::collections::BTreeMap;

fn int(mantissa: i64) -> Option<Score> {
    Some(Score {
        mantissa,
        digits: 0,
    })
}

#[test]
fn rows_columns_and_totals_agree() {
    let mut b = MatrixBuilder::new();
    b.push("x", "q1", int(2), 1).unwrap();
    b.push("y", "q2", int(-1), 2).unwrap();
    b.push("x", "q2", int(5), 3).unwrap();
    b.push("z", "q3", None, 4).unwrap();
    let m = b.finish(Duplicates::Error, "line").unwrap();
    assert_eq!(m.users(), ["x", "y", "z"]);
    assert_eq!(m.questions(), ["q1", "q2", "q3"]);
    assert_eq!(m.totals(), [7, -1, 0]);
    assert_eq!(m.row(0).collect::<Vec<_>>(), [(0, 2), (1, 5)]);
    assert_eq!(m.column(1).users(), [0, 1]);
    assert_eq!(m.column(1).answered(), [0b11]);
    assert_eq!(m.column(1).score(1), Some(-1));
    assert_eq!(m.column(2).score(0), None);
    assert_eq!(m.responses(), 3);
}

#[test]
fn one_scale_for_the_whole_table() {
    let mut b = MatrixBuilder::new();
    let half = Score {
        mantissa: 5,
        digits: 1,
    };
    b.push("x", "q1", Some(half), 1).unwrap();
    b.push("x", "q2", int(3), 2).unwrap();
    let m = b.finish(Duplicates::Error, "line").unwrap();
    assert_eq!((m.scale(), m.totals()[0]), (Some(1), 35));
}

#[test]
fn duplicates_by_choice() {
    let rows = || {
        let mut b = MatrixBuilder::new();
        for (i, s) in [4, 6, 9].into_iter().enumerate() {
            b.push("x", "q1", int(s), i as u64 + 2).unwrap();
        }
        b
    };
    let err = rows().finish(Duplicates::Error, "line").unwrap_err();
    assert!(matches!(
        err,
        MatrixError::Duplicate {
            first: 2,
            second: 3,
            ..
        }
    ));
    let first = rows().finish(Duplicates::First, "line").unwrap();
    let last = rows().finish(Duplicates::Last, "line").unwrap();
    assert_eq!((first.totals()[0], last.totals()[0]), (4, 9));
}

#[test]
fn the_fingerprint_ignores_the_order_of_users_only() {
    let table = |rows: &[(&str, &str, i64)]| {
        let mut b = MatrixBuilder::new();
        for &(u, q, s) in rows {
            b.push(u, q, int(s), 0).unwrap();
        }
        b.finish(Duplicates::Error, "line").unwrap().fingerprint()
    };
    let base = table(&[("x", "a", 1), ("y", "a", 0), ("x", "b", 2)]);
    assert_eq!(base, table(&[("y", "a", 0), ("x", "a", 1), ("x", "b", 2)]));
    assert_ne!(base, table(&[("x", "b", 2), ("x", "a", 1), ("y", "a", 0)]));
    assert_ne!(base, table(&[("x", "a", 1), ("y", "a", 1), ("x", "b", 2)]));
}

#[test]
fn sums_that_cannot_be_exact_are_refused() {
    let mut b = MatrixBuilder::new();
    b.push("x", "a", int(i64::MAX), 1).unwrap();
    assert!(matches!(
        b.finish(Duplicates::Error, "line"),
        Err(MatrixError::SumsTooWide { .. })
    ));
    let mut b = MatrixBuilder::new();
    b.push("x", "a", int(i64::MAX), 1).unwrap();
    b.push("x", "b", int(1), 1).unwrap();
    assert!(matches!(
        b.finish(Duplicates::Error, "line"),
        Err(MatrixError::TooWide { .. })
    ));
}

/// A table as plainly as can be: by user and question, scores in order of appearance; scores are
/// integers.
type Plain = BTreeMap<(u32, u32), Vec<(i64, u64)>>;

fn id(of: u32) -> String {
    format!("{of}")
}

/// What `duplicates` makes of some scores, over the least common denominator of one table: 60 here.
fn plain_score(scores: &[(i64, u64)], duplicates: Duplicates) -> Option<i64> {
    let (first, last) = (scores[0].0, scores[scores.len() - 1].0);
    let all = scores.iter().map(|&(score, _)| score);
    match duplicates {
        Duplicates::Error => (scores.len() == 1).then_some(60 * first),
        Duplicates::Same => all.clone().all(|s| s == first).then_some(60 * first),
        Duplicates::First => Some(60 * first),
        Duplicates::Last => Some(60 * last),
        Duplicates::Max => all.max().map(|most| 60 * most),
        Duplicates::Mean => Some(60 * all.sum::<i64>() / scores.len() as i64),
    }
}

/// The table's content against the plain one's.
fn check(answers: &[(u32, u32, i64)], duplicates: Duplicates) {
    let mut builder = MatrixBuilder::new();
    let mut plain = Plain::new();
    let (mut users, mut questions) = (Vec::new(), Vec::new());
    for (place, &(user, question, score)) in (2..).zip(answers) {
        builder
            .push(&id(user), &id(question), int(score), place)
            .unwrap();
        plain
            .entry((user, question))
            .or_default()
            .push((score, place));
        for (list, one) in [(&mut users, user), (&mut questions, question)] {
            if !list.contains(&id(one)) {
                list.push(id(one));
            }
        }
    }
    let repeats = || {
        plain
            .values()
            .flat_map(|scores| scores[1..].iter().map(|s| (scores[0], *s)))
    };
    let refused = match duplicates {
        Duplicates::Error => repeats().min_by_key(|(_, second)| second.1),
        Duplicates::Same => repeats()
            .filter(|(a, b)| a.0 != b.0)
            .min_by_key(|(_, second)| second.1),
        _ => None,
    };
    let table = builder.finish(duplicates, "line");
    if let Some((one, other)) = refused {
        let want = Repeats {
            all: repeats().count() as u64,
            different: repeats().filter(|(a, b)| a.0 != b.0).count() as u64,
        };
        let (MatrixError::Duplicate {
            first,
            second,
            repeats,
            ..
        }
        | MatrixError::Contradiction {
            first,
            second,
            repeats,
            ..
        }) = table.unwrap_err()
        else {
            panic!("another error");
        };
        assert_eq!((first, second, repeats), (one.1, other.1, want));
        return;
    }
    let table = table.unwrap();
    let denominator = table.denominator() as i64;
    assert_eq!(
        (table.users(), table.questions()),
        (&users[..], &questions[..])
    );
    assert_eq!(table.responses(), plain.len());
    for (u, user) in users.iter().enumerate() {
        let score = |question: &String| {
            let scores = plain.get(&(user.parse().unwrap(), question.parse().unwrap()))?;
            plain_score(scores, duplicates).map(|score| score * denominator / 60)
        };
        let row = questions
            .iter()
            .enumerate()
            .filter_map(|(q, id)| Some((q, score(id)?)));
        let row: Vec<_> = row.collect();
        assert!(table.row(u).eq(row.iter().copied()));
        assert_eq!(
            table.totals()[u],
            row.iter().map(|&(_, score)| score).sum::<i64>()
        );
        for (q, id) in questions.iter().enumerate() {
            let column = table.column(q);
            assert_eq!(column.score(u as u32), score(id));
            assert_eq!(
                column.answered()[u / 64] >> (u % 64) & 1 == 1,
                score(id).is_some()
            );
        }
    }
    for q in 0..questions.len() {
        assert!(table.column(q).users().is_sorted());
        assert_eq!(
            table.column(q).users().len(),
            table.column(q).scores().len()
        );
    }
    // Without a question, backwards, and with zeros.
    let order: Vec<usize> = (1..questions.len()).rev().collect();
    let arranged = table.arranged(&order);
    for u in 0..users.len() {
        let want: Vec<_> = order
            .iter()
            .enumerate()
            .filter_map(|(place, &q)| Some((place, table.column(q).score(u as u32)?)))
            .collect();
        assert!(arranged.row(u).eq(want));
    }
    assert_eq!(arranged.totals(), table.totals());
    let zeros = table.clone().with_zeros().unwrap();
    assert_eq!(zeros.totals(), table.totals());
    assert_eq!(zeros.responses(), users.len() * questions.len());
    for u in 0..users.len() {
        let score = |q: usize| table.column(q).score(u as u32).unwrap_or(0);
        assert!(zeros.row(u).eq((0..questions.len()).map(|q| (q, score(q)))));
        assert!((0..questions.len()).all(|q| zeros.column(q).score(u as u32) == Some(score(q))));
    }
}

const ALL: [Duplicates; 6] = [
    Duplicates::Error,
    Duplicates::Same,
    Duplicates::First,
    Duplicates::Last,
    Duplicates::Max,
    Duplicates::Mean,
];

#[test]
fn a_table_is_what_its_answers_say_in_whatever_order() {
    use rand::{RngExt, SeedableRng, seq::SliceRandom};
    let mut draws = rand_chacha::ChaCha8Rng::seed_from_u64(13);
    for (users, questions) in [
        (1, 1),
        (1, 9),
        (63, 3),
        (64, 5),
        (65, 2),
        (130, 4),
        (200, 70),
    ] {
        for (share, spread) in [(1.0, 2), (0.9, 300), (0.5, 3), (0.02, 70_000)] {
            let mut answers = Vec::new();
            for user in 0..users {
                for question in 0..questions {
                    if draws.random_bool(share) {
                        answers.push((user, question, draws.random_range(-1..spread)));
                    }
                }
            }
            if answers.is_empty() {
                answers.push((0, 0, 5));
            }
            let by_user = answers.clone();
            let mut by_question = answers.clone();
            by_question.sort_by_key(|&(user, question, _)| (question, user));
            let mut shuffled = answers.clone();
            shuffled.shuffle(&mut draws);
            let mut cut = by_user.clone();
            cut.truncate(answers.len() - 1);
            let mut lists = vec![by_user, by_question, shuffled];
            lists.extend((!cut.is_empty()).then_some(cut));
            for mut list in lists {
                check(&list, Duplicates::Error);
                let repeats = list.len() / 3 + 1;
                for _ in 0..repeats {
                    let (user, question, score) = list[draws.random_range(0..list.len())];
                    // At most five of one answer: 60 is then a common denominator of all means.
                    let same = |&&(u, q, _): &&(u32, u32, i64)| u == user && q == question;
                    if list.iter().filter(same).count() < 5 {
                        let score = if draws.random() { score } else { score + 1 };
                        let at = draws.random_range(0..=list.len());
                        list.insert(at, (user, question, score));
                    }
                }
                ALL.iter().for_each(|&duplicates| check(&list, duplicates));
            }
        }
    }
}

#[test]
fn rows_that_follow_each_other_are_not_one() {
    // The questions 0, 1, 2 in turn, by users who each answered some.
    check(&[(0, 0, 1), (0, 1, 2), (1, 2, 3)], Duplicates::Error);
    check(
        &[(0, 0, 1), (1, 1, 2), (2, 2, 3), (2, 3, 3)],
        Duplicates::Error,
    );
    check(
        &[(0, 0, 1), (0, 1, 2), (1, 0, 3), (2, 1, 3)],
        Duplicates::Error,
    );
}

#[test]
fn as_many_distinct_scores_as_there_are() {
    for distinct in [255, 256, 257, 65_535, 65_536, 65_537, 66_000] {
        let mut builder = MatrixBuilder::new();
        let score = |n: i64| n % distinct * 3 - 70;
        let answers = 67_000;
        for n in 0..answers {
            builder
                .push(&id(n as u32 / 100), &id(n as u32 % 100), int(score(n)), 0)
                .unwrap();
        }
        let table = builder.finish(Duplicates::Error, "line").unwrap();
        let zeros = table.clone().with_zeros().unwrap();
        for n in 0..answers {
            let (user, question) = (n as usize / 100, n as usize % 100);
            for table in [&table, &zeros] {
                assert_eq!(table.row(user).nth(question), Some((question, score(n))));
                assert_eq!(table.column(question).score(user as u32), Some(score(n)));
            }
        }
    }
}

#[test]
fn means_are_exact_over_one_denominator() {
    let table = |scores: &[(&str, i64, u8)], digits: Option<u8>| {
        let mut builder = MatrixBuilder::new();
        if let Some(digits) = digits {
            builder.round_means(digits);
        }
        for &(question, mantissa, digits) in scores {
            builder
                .push("x", question, Some(Score { mantissa, digits }), 1)
                .unwrap();
        }
        builder.finish(Duplicates::Mean, "line")
    };
    let held = |table: ResponseMatrix| {
        let scores = table.row(0).map(|(_, score)| score);
        (
            table.denominator(),
            table.scale(),
            scores.collect::<Vec<_>>(),
        )
    };
    // 1/2 and 1: a decimal.
    let half = table(&[("a", 0, 0), ("a", 1, 0), ("b", 1, 0)], None).unwrap();
    assert_eq!(held(half.clone()), (10, Some(1), vec![5, 10]));
    let written = table(&[("a", 5, 1), ("b", 1, 0)], None).unwrap();
    assert_eq!(half.fingerprint(), written.fingerprint());
    // 1/3, 0.1 and −1.
    let thirds = [
        ("a", 0, 0),
        ("a", 0, 0),
        ("a", 1, 0),
        ("b", 1, 1),
        ("c", -1, 0),
    ];
    let exact = table(&thirds, None).unwrap();
    assert_eq!(held(exact.clone()), (30, None, vec![10, 3, -30]));
    let other = table(&thirds.map(|(q, m, d)| (q, m * 2, d)), None).unwrap();
    assert_ne!(exact.fingerprint(), other.fingerprint());
    // Rounded: 2/3 to 0.7, and halves away from zero.
    let rounded = [
        ("a", 1, 0),
        ("a", 1, 0),
        ("a", 0, 0),
        ("b", -1, 1),
        ("b", -2, 1),
    ];
    assert_eq!(
        held(table(&rounded, Some(1)).unwrap()),
        (10, Some(1), vec![7, -2])
    );
    assert_eq!(
        held(table(&rounded, Some(0)).unwrap()),
        (1, Some(0), vec![1, 0])
    );
    // Of as many answers as there are primes, the denominator is their product.
    let primes = [
        2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59,
    ];
    let ids = primes.map(|p| format!("{p}"));
    let mut scores = Vec::new();
    for (&prime, id) in primes.iter().zip(&ids) {
        scores.extend((0..prime).map(|n| (id.as_str(), i64::from(n == 0), 0)));
    }
    assert_eq!(table(&scores, None), Err(MatrixError::NoDenominator));
    assert!(table(&scores, Some(3)).is_ok());
}

#[test]
fn the_words_for_repeats() {
    let words = |all, different| Repeats { all, different }.to_string();
    assert_eq!(words(1, 0), "the table's only repeat agrees");
    assert_eq!(words(1, 1), "the table's only repeat differs");
    assert_eq!(words(31, 0), "all 31 repeats agree");
    assert_eq!(words(31, 1), "1 of 31 repeats differs");
    assert_eq!(words(31, 3), "3 of 31 repeats differ");
}

#[test]
fn questions_are_left_out_and_scores_changed() {
    let mut builder = MatrixBuilder::new();
    for (place, (user, question, score)) in (2..).zip([
        ("x", "a", 1),
        ("x", "b", 2),
        ("y", "a", 3),
        ("y", "c", 4),
        ("z", "b", 5),
    ]) {
        builder.push(user, question, int(score), place).unwrap();
    }
    builder.keep_questions(|question| question != 0);
    let mut seen = Vec::new();
    let changed = builder.change_scores(
        |question| question == 0,
        |_, score, place| {
            seen.push((score.mantissa, place));
            Ok::<_, ()>(Score {
                mantissa: 5,
                digits: 1,
            })
        },
    );
    assert_eq!((changed, seen), (Ok(()), vec![(2, 3), (5, 6)]));
    assert_eq!(
        builder.change_scores(|_| true, |_, _, place| Err::<Score, _>(place)),
        Err(3)
    );
    let table = builder.finish(Duplicates::Error, "line").unwrap();
    assert_eq!(
        (table.users().len(), table.questions()),
        (3, &["b".into(), "c".into()][..])
    );
    assert_eq!(table.totals(), [5, 40, 5]);
}
