//! A result against its table: every listed set again, by the oracle.

use super::verdict::Verdict;
use kcorrset::combin::rank;
use kcorrset::engine::Query;
use kcorrset::engine::reference::{self, Fraction};
use kcorrset::matrix::ResponseMatrix;
use kcorrset::report::{Data, Place, Report, count};
use kcorrset::search;
use kcorrset::stats::{Basis, Correlation, Sums};
use std::cmp::Ordering;
use std::collections::HashMap;
use std::fmt::Display;

/// Everything in `report` that does not follow from `matrix`.
pub fn check(report: &Report, matrix: &ResponseMatrix) -> Verdict {
    let mut differences = Differences::default();
    data(report, matrix, &mut differences);
    query(report, matrix, &mut differences);
    places(report, matrix, &mut differences);
    Verdict {
        differences: differences.0,
        agreed: format!(
            "{} checked, all agree: table, sums, r, order and counts",
            count(report.results.len() as u128, "set")
        ),
    }
}

#[derive(Default)]
struct Differences(Vec<String>);

impl Differences {
    fn say(&mut self, line: impl Into<String>) {
        self.0.push(line.into());
    }

    fn unless_equal<T: PartialEq + Display>(&mut self, what: &str, is: T, should_be: T) {
        if is != should_be {
            self.say(format!("{what} is {is}, recomputed {should_be}"));
        }
    }
}

fn data(report: &Report, matrix: &ResponseMatrix, out: &mut Differences) {
    let (is, real) = (&report.data, Data::of(matrix));
    out.unless_equal(
        "data: fingerprint",
        is.fingerprint.as_str(),
        &real.fingerprint,
    );
    out.unless_equal("data: users", is.users, real.users);
    out.unless_equal("data: questions", is.questions, real.questions);
    out.unless_equal("data: responses", is.responses, real.responses);
    let unit = |data: &Data| match (data.scale, data.denominator) {
        (Some(scale), None) => format!("10^-{scale}"),
        (_, denominator) => format!("1/{}", denominator.unwrap_or(0)),
    };
    out.unless_equal("data: unit", unit(is).as_str(), &unit(&real));
}

/// Whether the query can be asked of the table, and the counts that follow from both.
fn query(report: &Report, matrix: &ResponseMatrix, out: &mut Differences) {
    let asked = &report.query;
    let query = Query::of(matrix).k(asked.k).top(asked.top);
    let query = match query.min_users(asked.min_users).build() {
        Ok(query) => query,
        Err(error) => return out.say(format!("query: {error}")),
    };
    let total = query.space().count();
    out.unless_equal("sets: total", report.sets.total, total);
    let part = match asked.ranks {
        None => query.space().whole(),
        Some(ranks) => {
            let Some(length) = ranks.end.checked_sub(ranks.start) else {
                return out.say("query: the ranks end before they start");
            };
            let Some(part) = query.space().part(ranks.start, Some(length)) else {
                let start = ranks.start;
                return out.say(format!(
                    "query: the ranks start at {start}, and there are only {total} sets"
                ));
            };
            out.unless_equal("query: end of the ranks", ranks.end, part.ranks().end);
            part
        }
    };
    let visited = part.sets();
    out.unless_equal("sets: visited", report.visited(), visited);

    let listed = report.results.len();
    if listed > asked.top {
        out.say(format!(
            "results: {listed} sets are listed, and {} were asked for",
            asked.top
        ));
    }
    if let Some(defined) = report.sets.defined {
        if defined > visited {
            out.say(format!(
                "sets: {defined} are defined, more than the {visited} visited"
            ));
        }
        let due = defined.min(asked.top as u128);
        out.unless_equal("results: their number", listed as u128, due);
    }

    if !report.audit.passed {
        out.say("audit: passed is false");
    }
    // The other sums may be over shifted scores, as the engine liked; these two are not.
    let expected = search::expected(&query, &part, &Basis::default());
    out.unless_equal("audit: sets", report.audit.sets, expected.sets);
    out.unless_equal("audit: n", report.audit.n, expected.six.n.0);
}

/// A listed set, recomputed.
struct Recomputed {
    place: usize,
    set: Vec<usize>,
    fraction: Fraction,
}

fn places(report: &Report, matrix: &ResponseMatrix, out: &mut Differences) {
    let ids = matrix.questions().iter().map(String::as_str);
    let index: HashMap<&str, usize> = ids.zip(0..).collect();
    let mut before: Option<Recomputed> = None;
    for (number, listed) in (1..).zip(&report.results) {
        if listed.place != number {
            out.say(format!("place {}: stands at place {number}", listed.place));
        }
        // A place without its set or its r cannot be compared with its neighbours.
        let now = place(report, matrix, &index, number, listed, out);
        if let (Some(before), Some(now)) = (&before, &now) {
            order(before, now, out);
        }
        before = now;
    }
}

fn place(
    report: &Report,
    matrix: &ResponseMatrix,
    index: &HashMap<&str, usize>,
    number: usize,
    listed: &Place,
    out: &mut Differences,
) -> Option<Recomputed> {
    let at = format!("place {number}");
    let mut set = Vec::new();
    for id in &listed.questions {
        match index.get(id.as_str()) {
            Some(&question) => set.push(question),
            None => out.say(format!("{at}: the table has no question {id:?}")),
        }
    }
    if set.len() != listed.questions.len() {
        return None;
    }
    if set.len() != report.query.k {
        let k = report.query.k;
        out.say(format!(
            "{at}: has {}, and k is {k}",
            count(set.len() as u128, "question")
        ));
        return None;
    }
    if !set.is_sorted_by(|a, b| a < b) {
        out.say(format!(
            "{at}: its questions are not each once and in the table's order"
        ));
        return None;
    }
    if let (Some(ranks), Some(rank)) = (report.query.ranks, rank(matrix.questions().len(), &set))
        && !(ranks.start..ranks.end).contains(&rank)
    {
        out.say(format!("{at}: its rank {rank} is not among those searched"));
    }

    let recomputed = reference::sums_of(matrix, &set);
    let sums = &listed.sums;
    let listed_sums = [
        i128::from(sums.n),
        sums.sa,
        sums.sg,
        sums.saa,
        sums.sgg,
        sums.sag,
    ];
    let names = ["n", "Sa", "Sg", "Saa", "Sgg", "Sag"];
    for ((name, is), should_be) in names.into_iter().zip(listed_sums).zip(recomputed) {
        out.unless_equal(&format!("{at}: {name}"), is, should_be);
    }
    out.unless_equal(
        &format!("{at}: users"),
        i128::from(listed.users),
        recomputed[0],
    );

    let min_users = report.query.min_users;
    let fraction = reference::correlation(&recomputed, min_users);
    let r = Correlation::of(&Sums::from_array(recomputed), min_users).map(|c| c.r());
    let (Some(fraction), Some(r)) = (fraction, r) else {
        out.say(format!(
            "{at}: its correlation is undefined (min_users {min_users}, or no variance)"
        ));
        return None;
    };
    out.unless_equal(&format!("{at}: r"), listed.r, r);
    Some(Recomputed {
        place: number,
        set,
        fraction,
    })
}

fn order(before: &Recomputed, now: &Recomputed, out: &mut Differences) {
    let (at, above) = (now.place, before.place);
    match reference::compare(&before.fraction, &now.fraction) {
        Ordering::Greater => {}
        Ordering::Less => out.say(format!(
            "place {at}: its r is larger than that of place {above}"
        )),
        Ordering::Equal if before.set == now.set => {
            out.say(format!("place {at}: is the set of place {above} again"));
        }
        Ordering::Equal if before.set > now.set => out.say(format!(
            "place {at}: ties exactly with place {above} and comes before it in the table"
        )),
        Ordering::Equal => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kcorrset::engine::Watch;
    use kcorrset::engine::oracle::ReferenceEngine;
    use kcorrset::matrix::{Duplicates, MatrixBuilder, Score};
    use kcorrset::report::{Finished, Ranks};

    /// 8 users, 5 questions, some missing; question e repeats a, so that sets tie exactly.
    fn matrix() -> ResponseMatrix {
        let rows = [
            "11011", "0100.", "10101", "11101", "00010", "01100", ".0100", "10.11",
        ];
        let mut builder = MatrixBuilder::new();
        for (user, row) in rows.into_iter().enumerate() {
            for (question, digit) in ["a", "b", "c", "d", "e"].into_iter().zip(row.chars()) {
                let score = digit.to_digit(10).map(|d| Score {
                    mantissa: d.into(),
                    digits: 0,
                });
                builder.push(&user.to_string(), question, score, 1).unwrap();
            }
        }
        builder.finish(Duplicates::Error, "line").unwrap()
    }

    fn report(matrix: &ResponseMatrix, ranks: Option<(u128, u128)>) -> Report {
        let query = Query::of(matrix).k(2).top(10).min_users(3);
        let query = query.build().unwrap();
        let part = match ranks {
            Some((skip, limit)) => query.space().part(skip, Some(limit)).unwrap(),
            None => query.space().whole(),
        };
        let found = search::run(&ReferenceEngine, &query, &part, &Watch::new()).unwrap();
        Report::new(&Finished {
            query: &query,
            part: &part,
            engine: &ReferenceEngine,
            best: &found.best,
            defined: found.defined,
            audit: &found.audit,
            elapsed: found.elapsed,
        })
    }

    #[test]
    fn a_right_result_has_no_differences() {
        let matrix = matrix();
        for ranks in [None, Some((2, 5))] {
            let verdict = check(&report(&matrix, ranks), &matrix);
            assert_eq!(verdict.differences, Vec::<String>::new());
        }
    }

    #[test]
    fn every_planted_fault_is_named() {
        let matrix = matrix();
        let right = report(&matrix, None);
        let tie = (right.results.windows(2))
            .position(|pair| pair[0].r == pair[1].r)
            .expect("the table has exact ties");
        type Fault<'a> = (&'a str, &'a dyn Fn(&mut Report));
        let faults: &[Fault] = &[
            ("data: fingerprint is sha256:0", &|r| {
                r.data.fingerprint = "sha256:0".into();
            }),
            ("data: users is 9, recomputed 8", &|r| r.data.users += 1),
            ("data: questions is 6, recomputed 5", &|r| {
                r.data.questions += 1;
            }),
            ("data: responses", &|r| r.data.responses -= 1),
            ("data: unit is 10^-2", &|r| r.data.scale = Some(2)),
            ("query: sets of 9 questions", &|r| r.query.k = 9),
            ("query: a correlation needs at least 2 users, not 1", &|r| {
                r.query.min_users = 1;
            }),
            ("sets: total is 11, recomputed 10", &|r| r.sets.total = 11),
            ("sets: visited", &|r| r.sets.visited = Some(9)),
            ("results: their number is 10, recomputed 9", &|r| {
                r.sets.defined = Some(9);
            }),
            ("more than the 10 visited", &|r| r.sets.defined = Some(11)),
            ("results: 10 sets are listed, and 9 were", &|r| {
                r.query.top = 9;
            }),
            ("audit: passed is false", &|r| r.audit.passed = false),
            ("audit: sets is 9", &|r| r.audit.sets = 9),
            ("audit: n is 0", &|r| r.audit.n = 0),
            ("place 1: n is", &|r| r.results[0].sums.n += 1),
            ("place 1: Sa is", &|r| r.results[0].sums.sa += 1),
            ("place 2: Sg is", &|r| r.results[1].sums.sg += 1),
            ("place 3: Saa is", &|r| r.results[2].sums.saa += 1),
            ("place 3: Sgg is", &|r| r.results[2].sums.sgg += 1),
            ("place 3: Sag is", &|r| r.results[2].sums.sag += 1),
            ("place 2: users is", &|r| r.results[1].users += 1),
            ("place 1: r is", &|r| {
                r.results[0].r = r.results[0].r.next_down();
            }),
            ("place 7: stands at place 2", &|r| r.results[1].place = 7),
            ("place 1: the table has no question \"z\"", &|r| {
                r.results[0].questions[0] = "z".into();
            }),
            ("place 1: has 1 question, and k is 2", &|r| {
                r.results[0].questions.pop();
            }),
            ("place 1: its questions are not each once", &|r| {
                r.results[0].questions.reverse();
            }),
            ("place 2: is the set of place 1 again", &|r| {
                r.results[1] = r.results[0].clone();
            }),
            ("place 10: its r is larger than that of place 9", &|r| {
                r.results[9] = r.results[0].clone();
            }),
            ("ties exactly with place", &|r| {
                r.results.swap(tie, tie + 1);
            }),
            ("is undefined (min_users 8", &|r| r.query.min_users = 8),
            ("is not among those searched", &|r| {
                r.query.ranks = Some(Ranks { start: 1, end: 10 });
            }),
            ("query: the ranks end before they start", &|r| {
                r.query.ranks = Some(Ranks { start: 3, end: 2 });
            }),
            ("query: end of the ranks is 99, recomputed 10", &|r| {
                r.query.ranks = Some(Ranks { start: 0, end: 99 });
            }),
            ("query: the ranks start at 10", &|r| {
                r.query.ranks = Some(Ranks { start: 10, end: 11 });
            }),
        ];
        for (line, fault) in faults {
            let mut wrong = right.clone();
            fault(&mut wrong);
            let found = check(&wrong, &matrix).differences;
            assert!(found.iter().any(|f| f.contains(line)), "{line}: {found:#?}");
        }
    }
}
