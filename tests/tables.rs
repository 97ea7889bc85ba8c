//! Small tables that sit on edges: word sizes, missing patterns, score widths, ties, signs.
//!
//! Built cell by cell through `MatrixBuilder`, with a generator of their own: the program's random
//! tables (`synth`) are not involved. Equal calls make equal tables.

use kcorrset::matrix::{Duplicates, MatrixBuilder, ResponseMatrix, Score};

/// A table and what to call it in a message.
#[derive(Clone)]
pub struct Table {
    pub name: String,
    pub matrix: ResponseMatrix,
}

/// SplitMix64 (Steele, Lea and Flood, 2014): a fixed stream for each seed.
pub struct Draw(u64);

impl Draw {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub fn word(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// One of `0..n`; the bias of the remainder does not matter here.
    pub fn below(&mut self, n: u64) -> u64 {
        self.word() % n
    }

    /// One of `low..=high`.
    pub fn between(&mut self, low: i64, high: i64) -> i64 {
        low + self.below((high - low + 1) as u64) as i64
    }

    pub fn percent(&mut self, share: u64) -> bool {
        self.below(100) < share
    }
}

/// Every cell of users × questions in order, `None` where there is no answer. User and question
/// indices are those of `cell`, also where a user or a question has no answer at all.
pub fn cells(
    users: usize,
    questions: usize,
    mut cell: impl FnMut(usize, usize) -> Option<Score>,
) -> ResponseMatrix {
    let mut builder = MatrixBuilder::new();
    for u in 0..users {
        for q in 0..questions {
            let place = (u * questions + q + 1) as u64;
            builder
                .push(&format!("u{u}"), &format!("q{q}"), cell(u, q), place)
                .unwrap();
        }
    }
    builder.finish(Duplicates::Error, "record").unwrap()
}

/// As [`cells`], of integer scores.
pub fn integers(
    users: usize,
    questions: usize,
    mut cell: impl FnMut(usize, usize) -> Option<i64>,
) -> ResponseMatrix {
    cells(users, questions, |u, q| cell(u, q).and_then(whole))
}

/// An integer score.
pub fn whole(mantissa: i64) -> Option<Score> {
    Some(Score {
        mantissa,
        digits: 0,
    })
}

fn table(
    name: &str,
    users: usize,
    questions: usize,
    cell: impl FnMut(usize, usize) -> Option<i64>,
) -> Table {
    let mut cell = cell;
    Table {
        name: format!("{name} {users}x{questions}"),
        matrix: cells(users, questions, |u, q| cell(u, q).and_then(whole)),
    }
}

/// Scores of `low..=high`, answered with this chance in percent; the first cell always.
fn random(
    name: &str,
    users: usize,
    questions: usize,
    share: u64,
    scores: (i64, i64),
    seed: u64,
) -> Table {
    let mut draw = Draw::new(seed);
    table(name, users, questions, |u, q| {
        let score = draw.between(scores.0, scores.1);
        (draw.percent(share) || (u, q) == (0, 0)).then_some(score)
    })
}

/// Users around the sizes of words, and questions from 1 up; 0/1, this share answered.
pub fn sizes(share: u64) -> Vec<Table> {
    [
        (2, 14),
        (2, 3),
        (31, 1),
        (31, 9),
        (32, 2),
        (32, 8),
        (33, 3),
        (33, 10),
        (63, 4),
        (63, 11),
        (64, 5),
        (64, 12),
        (65, 6),
        (65, 13),
        (127, 7),
        (128, 8),
        (129, 9),
        (129, 11),
        (1000, 7),
        (2000, 5),
    ]
    .into_iter()
    .map(|(users, questions)| {
        let seed = users as u64 * 1000 + questions as u64 + share;
        random(
            &format!("0/1 at {share} %"),
            users,
            questions,
            share,
            (0, 1),
            seed,
        )
    })
    .collect()
}

/// Who answered what.
pub fn patterns() -> Vec<Table> {
    let mut out: Vec<_> = [3, 10, 20, 30, 50, 60, 80, 99]
        .into_iter()
        .flat_map(|share| {
            let name = format!("0/1 at {share} %");
            [
                random(&name, 90, 11, share, (0, 1), share),
                random(&name, 400, 9, share, (0, 1), share + 1),
            ]
        })
        .collect();
    let mut draw = Draw::new(7);
    // Booklet b holds the questions b mod 4; users answer two neighbouring ones.
    out.push(table("booklets", 120, 12, |u, q| {
        let score = draw.between(0, 1);
        (q % 4 == u % 4 || q % 4 == (u + 1) % 4).then_some(score)
    }));
    out.push(table("one booklet a user", 66, 12, |u, q| {
        let score = draw.between(0, 3);
        (q % 3 == u % 3).then_some(score)
    }));
    out.push(table("an empty user", 65, 8, |u, q| {
        let score = draw.between(0, 1);
        (u != 31 && (q + u) % 5 != 0).then_some(score)
    }));
    out.push(table(
        "users without answers at both ends",
        70,
        7,
        |u, _| {
            let score = draw.between(0, 2);
            (u != 0 && u != 69 && draw.percent(70)).then_some(score)
        },
    ));
    out.push(table("an unanswered question", 60, 8, |_, q| {
        let score = draw.between(0, 1);
        (q != 3 && draw.percent(75)).then_some(score)
    }));
    out.push(table(
        "first and last question unanswered",
        60,
        7,
        |_, q| {
            let score = draw.between(0, 1);
            (q != 0 && q != 6).then_some(score)
        },
    ));
    out.push(table(
        "two complete items, the others rare",
        130,
        9,
        |_, q| {
            let score = draw.between(0, 1);
            (q == 2 || q == 7 || draw.percent(15)).then_some(score)
        },
    ));
    out.push(table("one item missing for one user", 64, 8, |u, q| {
        let score = draw.between(0, 1);
        ((u, q) != (63, 7)).then_some(score)
    }));
    out
}

/// What the scores are.
pub fn scores() -> Vec<Table> {
    let mut out = Vec::new();
    for (name, low, high) in [
        ("-1 to 1", -1_i64, 1_i64),
        ("Likert", 1, 6),
        ("wide 1e6", -1_000_000, 1_000_000),
        ("wide 1e12", -1_000_000_000_000, 1_000_000_000_000),
        ("all negative", -9, -1),
    ] {
        let seed = high.unsigned_abs();
        out.push(random(name, 70, 9, 45, (low, high), seed));
        out.push(random(name, 50, 8, 100, (low, high), seed + 1));
    }
    let mut draw = Draw::new(11);
    out.push(table("-1 or +1", 80, 9, |_, _| {
        let score = 2 * draw.between(0, 1) - 1;
        draw.percent(50).then_some(score)
    }));
    out.push(table("-1 or +1, complete", 64, 8, |_, _| {
        Some(2 * draw.between(0, 1) - 1)
    }));
    out.push(table("a large common mean", 130, 8, |_, _| {
        let score = 1_000_000 + draw.between(0, 1);
        draw.percent(60).then_some(score)
    }));
    out.push(table("a large common mean, complete", 40, 8, |_, _| {
        Some(1_000_000_000 + draw.between(0, 1))
    }));
    // Totals are far apart because of who answered, also where scores are not.
    for (mean, span) in [
        (2_000, 1),
        (2_000, 3),
        (1_000_000, 3),
        (1_000_000, 15),
        (1_000_000, 255),
    ] {
        let name = format!("{mean} and up to {span} more");
        out.push(random(&name, 60, 7, 60, (mean, mean + span), mean as u64));
    }
    out.push(table("one wide item", 60, 8, |_, q| {
        let score = draw.between(0, 1);
        let wide = if q == 4 { 1_000_003 * score } else { score };
        draw.percent(70).then_some(wide)
    }));
    out.push(table("one wide answer", 60, 8, |u, q| {
        let score = draw.between(0, 1);
        let wide = (u, q) == (33, 2);
        (wide || draw.percent(70)).then_some(if wide { 1 << 40 } else { score })
    }));
    // Digits behind the point differ from cell to cell; the table's scale is 3.
    let decimals = |share: u64, draw: &mut Draw| {
        cells(60, 8, |u, q| {
            let digits = if (u, q) == (0, 0) {
                3
            } else {
                draw.below(4) as u8
            };
            let mantissa = draw.between(-25, 40);
            (draw.percent(share) || (u, q) == (0, 0)).then_some(Score { mantissa, digits })
        })
    };
    for share in [55, 100] {
        out.push(Table {
            name: format!("decimals at {share} % 60x8"),
            matrix: decimals(share, &mut draw),
        });
    }
    out
}

/// Scores whose sums just fit a narrow field, and just do not: around the ends of integer types, and
/// around those of exact sums of squares in floats (2^24 and 2^53 over some 70 users).
pub fn widths() -> Vec<Table> {
    let edges: [i64; 27] = [
        85,
        102,
        127,
        128,
        147,
        170,
        171,
        255,
        256,
        2_047,
        32_767,
        32_768,
        65_535,
        65_536,
        150_000,
        193_000,
        225_000,
        300_000,
        451_000,
        (1 << 24) - 1,
        1 << 24,
        (1 << 31) - 1,
        1 << 31,
        u32::MAX.into(),
        1 << 32,
        1 << 40,
        1 << 45,
    ];
    let mut draw = Draw::new(19);
    // Scores on the first question are far apart, but no set with it has two users, and totals are
    // all equal: sums stay small.
    let far = table("far apart, alone", 2, 4, |u, q| match (u, q) {
        (0, 0) | (1, 2) => Some(0),
        (1, 0) | (0, 1) => Some(65_536),
        (0, 3) => Some(0),
        _ => None,
    });
    edges
        .into_iter()
        .flat_map(|edge| {
            // Both ends of the field are taken often.
            let one_sign = table(&format!("0 to {edge}"), 70, 6, |_, _| {
                let score = [0, 1, edge - 1, edge][draw.below(4) as usize];
                draw.percent(70).then_some(score)
            });
            let both = table(&format!("either sign of {edge}"), 66, 5, |_, _| {
                Some([-edge - 1, -edge, 0, edge][draw.below(4) as usize])
            });
            [one_sign, both]
        })
        .chain([far])
        .collect()
}

/// More questions than a vector has lanes, and enough users that some of them can be left out of a
/// discard's sums.
pub fn lanes() -> Vec<Table> {
    vec![
        random("0/1 at 60 %", 100, 17, 60, (0, 1), 31),
        random("0/1 at 90 %", 140, 20, 90, (0, 1), 32),
        random("0/1 at 50 %", 130, 33, 50, (0, 1), 33),
        random("0/1 at 20 %", 300, 34, 20, (0, 1), 34),
        random("Likert at 70 %", 100, 18, 70, (1, 6), 35),
        random("-3 to 3 at 40 %", 193, 21, 40, (-3, 3), 36),
        random("wide at 50 %", 80, 19, 50, (-3_000_000, 9_000_000), 37),
        item_response("by ability", 150, 24, 60, 38),
    ]
}

/// More leaves behind a prefix than one pass of the widest vectors takes.
pub fn many_lanes() -> Vec<Table> {
    vec![
        random("0/1 at 20 %", 80, 68, 20, (0, 1), 41),
        first_tell("the first questions tell", 70, 66, 60, 42),
    ]
}

/// Only sets with one of the first questions say much about totals: the best of one range of ranks
/// are far better than any set of another.
fn first_tell(name: &str, users: usize, questions: usize, share: u64, seed: u64) -> Table {
    let mut draw = Draw::new(seed);
    table(name, users, questions, |u, q| {
        let noise = draw.between(0, 1);
        let score = if q < 4 { (u % 7) as i64 * 30 } else { noise };
        (q < 4 || draw.percent(share)).then_some(score)
    })
}

/// Ties in which the walk's bound on users left out of the sums is met with equality, so that any
/// error in it loses a set; see `kernel.rs`.
///
/// Totals lie on a line through the scores of four equal columns (and four of their negatives, and
/// one that makes the total), but for 64 outer users, who lie above and below it in equal numbers on
/// either side, so that they do not bend it. The inner users have totals of one size and lie on the
/// line, and the mean of all is 0, so that they add all that the bound allows for and no residual.
/// Six of the outer users answer only the last question: 58 is no multiple of 4, and sums of squares
/// then have no zero bits at their end that would hide a rounding. At offset 83 and scale 1 sums
/// just fit the narrow floats, and their products do not.
pub fn tight() -> Vec<Table> {
    const COLUMNS: usize = 8;
    let one = |offset: i64, scale: i64| {
        let name = format!("offset {offset}, scale {scale}");
        table(&name, 192, COLUMNS + 1, |u, q| {
            // Four more of the outer users with an answer are on the one side, of the inner users
            // on the other.
            let side = if u % 2 == 0 && u != 64 && u != 66 {
                1
            } else {
                -1
            };
            let above = if u / 2 % 2 == 0 { 1 } else { -1 };
            let (x, total) = if u < 64 {
                (2 * side, 4 * side + above)
            } else {
                (side, 2 * side)
            };
            if q == COLUMNS {
                Some(scale * total)
            } else {
                let sign = if q % 2 == 0 { 1 } else { -1 };
                let answered = ![0, 1, 2, 3, 5, 7].contains(&u);
                answered.then_some(sign * scale * (x + offset))
            }
        })
    };
    [0, 7, 61, 83, 333]
        .into_iter()
        .flat_map(|offset| [1, 50].map(|scale| one(offset, scale)))
        .collect()
}

/// The better the user, the more often 1: totals say much about sets, so r is high.
fn item_response(name: &str, users: usize, questions: usize, share: u64, seed: u64) -> Table {
    let mut draw = Draw::new(seed);
    table(name, users, questions, |u, _| {
        let ability = 5 + 90 * u as u64 / users as u64;
        let score = i64::from(draw.percent(ability));
        draw.percent(share).then_some(score)
    })
}

/// Exact ties, r = 1 and undefined sets in numbers.
pub fn ties() -> Vec<Table> {
    let mut draw = Draw::new(13);
    let mut out = Vec::new();
    // Columns come in equal pairs, triples and so on: question q repeats q mod `different`.
    for (users, questions, different, share) in [
        (40, 10, 5, 100),
        (70, 9, 3, 60),
        (33, 12, 4, 45),
        (64, 8, 1, 80),
    ] {
        let base: Vec<Option<i64>> = (0..users * different)
            .map(|_| {
                let score = draw.between(0, 1);
                draw.percent(share).then_some(score)
            })
            .collect();
        let name = format!("{different} columns repeated");
        out.push(table(&name, users, questions, |u, q| {
            base[u * different + q % different]
        }));
    }
    out.push(table("few users a set, r = 1 often", 36, 13, |_, _| {
        let score = draw.between(0, 1);
        draw.percent(25).then_some(score)
    }));
    out.push(table("proportional columns", 30, 8, |u, q| {
        Some((u * u % 7 + u) as i64 * (q + 1) as i64)
    }));
    out.push(table("all scores equal", 34, 7, |_, q| {
        ((q + 1) % 3 != 0 || draw.percent(60)).then_some(1)
    }));
    out.push(table("all scores equal, complete", 34, 6, |_, _| Some(3)));
    out.push(table("all scores 0", 34, 6, |_, _| {
        draw.percent(60).then_some(0)
    }));
    out.push(table("constant items among others", 60, 9, |_, q| {
        let score = if q % 3 == 0 { 1 } else { draw.between(0, 1) };
        draw.percent(80).then_some(score)
    }));
    out.push(table("items constant, totals not", 40, 8, |_, q| {
        draw.percent(60).then_some(q as i64)
    }));
    out.push(table("r = 0 in numbers", 64, 6, |u, q| {
        Some((u >> q & 1) as i64 * if q < 3 { 1 } else { -1 })
    }));
    out
}

/// Negative correlations; in some tables all of them.
pub fn signs() -> Vec<Table> {
    let mut draw = Draw::new(17);
    let mut out = Vec::new();
    // Each user has one huge item of their own against the sum of the small ones. No set with a
    // huge item has two users, so every defined r is negative.
    for (users, small, share) in [(24, 5, 100), (20, 6, 70)] {
        let scores: Vec<Option<i64>> = (0..users * small)
            .map(|_| {
                let score = draw.between(0, 2);
                draw.percent(share).then_some(score)
            })
            .collect();
        let name = format!("every r below 0, {share} %");
        out.push(table(&name, users, small + users, |u, q| {
            let mine = &scores[u * small..][..small];
            if q < small {
                mine[q]
            } else if q - small == u {
                Some(-1000 * mine.iter().flatten().sum::<i64>())
            } else {
                None
            }
        }));
    }
    let mut against = |name: &str, users: usize, questions: usize, share: u64, factor: i64| {
        let last = questions - 1;
        let mut sum = 0;
        table(name, users, questions, |_, q| {
            if q == 0 {
                sum = 0;
            }
            if q == last {
                return Some(factor * sum);
            }
            let score = draw.between(0, 1);
            let answered = draw.percent(share);
            sum += if answered { score } else { 0 };
            answered.then_some(score)
        })
    };
    // The last item outweighs the others, with the other sign; or cancels them exactly.
    out.push(against("one item against the others", 120, 9, 70, -5));
    out.push(against("one item against complete ones", 48, 8, 100, -3));
    out.push(against("all totals 0", 40, 7, 80, -1));
    out.push(table("two blocks against each other", 129, 8, |_, q| {
        let score = draw.between(0, 3);
        Some(if q < 4 { score } else { -score })
    }));
    // Scores of one bit, and totals that the last items turn round.
    out.push(table("0/1, some against the others", 60, 9, |u, q| {
        let up = if q > 5 { u % 13 <= 6 } else { u % 13 > 6 };
        Some(i64::from(up ^ draw.percent(20)))
    }));
    out.push(table("negative totals", 100, 9, |_, _| {
        let score = draw.between(-4, 0);
        draw.percent(50).then_some(score)
    }));
    out
}

/// Every family, for tests that want one engine call a table.
pub fn all() -> Vec<Table> {
    [
        sizes(60),
        sizes(100),
        patterns(),
        scores(),
        widths(),
        lanes(),
        tight(),
        ties(),
        signs(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// 200 users × `questions`, 0/1 at 50 %: one table big enough to be cut in many ways.
pub fn wide(questions: usize) -> Table {
    random("0/1 at 50 %", 200, questions, 50, (0, 1), 23)
}

#[test]
fn equal_calls_make_equal_tables() {
    for (a, b) in all().iter().zip(&all()) {
        assert_eq!(a.name, b.name);
        assert_eq!(a.matrix, b.matrix);
    }
}

#[test]
fn tight_tables_meet_the_bound() {
    for Table { name, matrix } in tight() {
        let users = 0..matrix.users().len() as u32;
        let x = |u| matrix.column(0).score(u).unwrap();
        let answered = users.filter(|&u| matrix.column(0).score(u).is_some());
        let (outer, inner): (Vec<u32>, Vec<u32>) = answered.partition(|&u| u < 64);
        let total = |u: u32| matrix.totals()[u as usize];
        let smallest = outer.iter().map(|&u| total(u).abs()).min();
        let sizes: Vec<i64> = inner.iter().map(|&u| total(u).abs()).collect();
        assert!(sizes.iter().all(|&g| g == sizes[0] && Some(g) < smallest));
        let all = || outer.iter().chain(&inner);
        assert_eq!(all().map(|&u| total(u)).sum::<i64>(), 0, "{name}");
        // The line is g = 2·(x − offset); outer users are one unit off it, on either side.
        let xs = || inner.iter().map(|&u| x(u));
        let offset = xs().min().unwrap().midpoint(xs().max().unwrap());
        let off = |u: u32| total(u) - 2 * (x(u) - offset);
        assert!(inner.iter().all(|&u| off(u) == 0), "{name}");
        assert!(
            outer.iter().all(|&u| off(u).abs() == sizes[0] / 2),
            "{name}"
        );
        assert_eq!(outer.iter().map(|&u| off(u)).sum::<i64>(), 0, "{name}");
        assert_eq!(
            outer.iter().map(|&u| off(u) * x(u)).sum::<i64>(),
            0,
            "{name}"
        );
    }
}

#[test]
fn names_are_unique() {
    let mut names: Vec<_> = all().into_iter().map(|t| t.name).collect();
    let count = names.len();
    names.sort();
    names.dedup();
    assert_eq!(names.len(), count);
}

#[test]
fn the_tables_are_what_their_names_say() {
    let find = |name: &str| {
        let mut found = all().into_iter().filter(|t| t.name.starts_with(name));
        found.next().unwrap().matrix
    };
    let empty = find("an empty user");
    assert_eq!(empty.row(31).count(), 0);
    assert_eq!(empty.users().len(), 65);
    let unanswered = find("an unanswered question");
    assert!(unanswered.column(3).users().is_empty());
    assert_eq!(unanswered.questions().len(), 8);
    assert_eq!(find("decimals at 55").scale(), Some(3));
    assert!(find("all totals 0").totals().iter().all(|&g| g == 0));
    let complete = find("0/1 at 100 % 64x5");
    assert_eq!(complete.responses(), 64 * 5);
}
