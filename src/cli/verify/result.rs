//! A result against its table: every listed set again, by the oracle.

use super::super::question::Question;
use super::verdict::Verdict;
use kcorrset::combin::Size;
use kcorrset::engine::reference::{self, Fraction};
use kcorrset::engine::{Query, oracle};
use kcorrset::matrix::ResponseMatrix;
use kcorrset::report::{
    Asked, CriterionSums, Data, Halt, Place, Proof, Report, Search, Whole, count,
};
use kcorrset::search;
use kcorrset::stats::{Basis, Correlation, Distance};
use std::cmp::Ordering;
use std::collections::HashMap;
use std::fmt::Display;

/// The oracle's rounded values are this close to the exact ones.
const NEAR: f64 = 1e-11;

/// Everything in `report` that does not follow from the table.
pub fn check(report: &Report, question: &Question) -> Verdict {
    let mut differences = Differences::default();
    data(report, question.table(), &mut differences);
    for search in &report.searches {
        let mut of_search = Differences::default();
        match query_of(&search.query, question) {
            Ok(asked) => {
                query(search, &asked, &mut of_search);
                places(search, &asked, &mut of_search);
            }
            Err(lines) => {
                for line in lines {
                    of_search.say(format!("query: {line}"));
                }
            }
        }
        let name = match report.is_of_several() {
            true => format!("k {}: ", search.query.k),
            false => String::new(),
        };
        let named = of_search.0.into_iter().map(|line| format!("{name}{line}"));
        differences.0.extend(named);
    }
    let sets: usize = report
        .searches
        .iter()
        .map(|search| search.results.len())
        .sum();
    let stopped = report.searches.iter().any(|search| search.halt().is_some());
    let of = match report.searches.len() {
        1 => String::new(),
        searches => format!(" of {searches} lengths"),
    };
    Verdict {
        differences: differences.0,
        agreed: format!(
            "{}{of} checked, all agree: table, sums, r, order and counts{}",
            count(sets as u128, "set"),
            if stopped {
                "; the search was stopped, and what it says of other sets is not checked"
            } else {
                ""
            }
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

/// What was asked of the table; or why that cannot be asked, or differs from what is asked here.
fn query_of<'q>(asked: &Asked, question: &'q Question) -> Result<Query<'q>, Vec<String>> {
    let within = asked.within.as_deref().map(str::parse::<Distance>);
    let within = within.transpose();
    let within = within.map_err(|error| vec![format!("within: {error}")])?;
    let query = question.query(asked.k, asked.top, asked.min_users, within);
    let query = query.map_err(|error| vec![error.to_string()])?;
    let mut here = Asked::of(&query);
    question.tell(&mut here);
    // The file's content counts, whatever its path.
    let there = Asked {
        criterion_file: here.criterion_file.clone(),
        ranks: None,
        ..asked.clone()
    };
    let differences = there.differing(&here).into_iter();
    let said = differences.map(|(name, is, given)| {
        format!("{name} is {is}, and {given} here: give the options of the search")
    });
    let differences: Vec<String> = said.collect();
    if differences.is_empty() {
        Ok(query)
    } else {
        Err(differences)
    }
}

/// Whether the query can be asked of the table, and the counts that follow from both.
fn query(search: &Search, query: &Query<'_>, out: &mut Differences) {
    let asked = &search.query;
    let (space, total) = (query.space(), query.space().size());
    out.unless_equal("sets: total", &search.sets.total, total);
    let part = match asked.ranks {
        None => space.whole(),
        Some(_) if space.count().is_none() => {
            return out.say(format!(
                "query: it has ranks, and {total} sets cannot be numbered in 128 bits"
            ));
        }
        Some(ranks) => {
            let Some(length) = ranks.end.checked_sub(ranks.start) else {
                return out.say("query: the ranks end before they start");
            };
            let Some(part) = space.part(ranks.start, Some(length)) else {
                let start = ranks.start;
                return out.say(format!(
                    "query: the ranks start at {start}, and there are only {total} sets"
                ));
            };
            let end = part.ranks().map_or(ranks.end, |ranks| ranks.end);
            out.unless_equal("query: end of the ranks", ranks.end, end);
            part
        }
    };
    let searched = space.size_of(&part);
    out.unless_equal("sets: visited", search.searched(), searched.clone());

    let listed = search.results.len();
    if listed > asked.top {
        out.say(format!(
            "results: {listed} sets are listed, and {} were asked for",
            asked.top
        ));
    }
    if let Some(defined) = search.sets.defined {
        if searched < defined.into() {
            out.say(format!(
                "sets: {defined} are defined, more than the {searched} visited"
            ));
        }
        let due = defined.min(asked.top as u128);
        if asked.within.is_none() {
            out.unless_equal("results: their number", listed as u128, due);
        }
    }

    match &search.proof {
        Some(Proof::Whole(Whole {
            visited, excluded, ..
        })) if Size::from(*visited) + excluded != searched => out.say(format!(
            "proof: {visited} visited and {excluded} excluded are not the {searched} sets"
        )),
        Some(Proof::Stopped(halt)) => stopped(halt, search, &searched, out),
        Some(Proof::Whole(_)) | None => {}
    }

    if let Some(audit) = &search.audit {
        if !audit.passed {
            out.say("audit: passed is false");
        }
        // The other sums may be over shifted scores, as the engine liked; these two are not.
        let expected = search::expected(query, &part, &Basis::default());
        out.unless_equal("audit: sets", &audit.sets, &searched);
        out.unless_equal("audit: n", audit.n, expected.six.n.0);
    }
}

/// What follows from the rest of a document of a search that was stopped.
fn stopped(halt: &Halt, search: &Search, searched: &Size, out: &mut Differences) {
    let &Halt {
        done, ceiling, gap, ..
    } = halt;
    if searched.without(done).is_none() {
        out.say(format!(
            "proof: {done} are done, more than the {searched} sets"
        ));
    }
    let best = search.results.first();
    let due = ceiling
        .zip(best)
        .map(|(ceiling, best)| (ceiling - best.r).max(0.0));
    let shown = |gap: Option<f64>| gap.map_or("null".to_owned(), |gap| gap.to_string());
    out.unless_equal("proof: gap", shown(gap).as_str(), &shown(due));
}

/// A listed set, recomputed.
struct Recomputed {
    place: usize,
    set: Vec<usize>,
    r: Correlation,
    fraction: Fraction,
}

fn places(search: &Search, query: &Query<'_>, out: &mut Differences) {
    let ids = query.source().questions().iter().map(String::as_str);
    let index: HashMap<&str, usize> = ids.zip(0..).collect();
    let mut before: Option<Recomputed> = None;
    let mut first: Option<Correlation> = None;
    for (number, listed) in (1..).zip(&search.results) {
        if listed.place != number {
            out.say(format!("place {}: stands at place {number}", listed.place));
        }
        // A place without its set or its r cannot be compared with its neighbours.
        let now = place(search, query, &index, number, listed, out);
        if let (Some(before), Some(now)) = (&before, &now) {
            order(before, now, out);
        }
        if let Some(now) = &now {
            let first = first.get_or_insert_with(|| now.r.clone());
            if let Some(distance) = query.within()
                && !distance.holds(first, &now.r)
            {
                out.say(format!(
                    "place {number}: its r is further below that of place 1 than {distance}"
                ));
            }
        }
        before = now;
    }
}

fn place(
    search: &Search,
    query: &Query<'_>,
    index: &HashMap<&str, usize>,
    number: usize,
    listed: &Place,
    out: &mut Differences,
) -> Option<Recomputed> {
    let at = format!("place {number}");
    let matrix = query.source();
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
    if set.len() != search.query.k {
        let k = search.query.k;
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
    let order = query.space().order();
    let positions: Vec<usize> = (0..order.len())
        .filter(|&p| set.contains(&order[p]))
        .collect();
    let space = query.space();
    if positions.len() < set.len() {
        out.say(format!("{at}: has a question to exclude"));
    } else if !space.holds(&positions) {
        out.say(format!("{at}: lacks a question to include"));
    } else if let (Some(ranks), Some(rank)) = (search.query.ranks, space.rank(&positions))
        && !(ranks.start..ranks.end).contains(&rank)
    {
        out.say(format!("{at}: its rank {rank} is not among those searched"));
    }
    if query.quotas().is_some_and(|quotas| !quotas.allow(&set)) {
        out.say(format!(
            "{at}: has not as many questions of each group as asked for"
        ));
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

    let min_users = search.query.min_users;
    let rule = oracle::rule(query);
    let fraction = reference::worth(matrix, &set, &rule);
    let (Some(fraction), Some(candidate)) = (fraction, query.judge_set(set.clone())) else {
        out.say(format!(
            "{at}: its correlation is undefined (min_users {min_users}, or no variance)"
        ));
        return None;
    };
    out.unless_equal(&format!("{at}: r"), listed.r, candidate.correlation().r());
    let value = candidate.value();
    if (value.rounded() - reference::rounded(&fraction)).abs() > NEAR {
        out.say(format!(
            "{at}: the engine's arithmetic and the oracle's give different values"
        ));
    }
    let shown = |bound: Option<f64>| bound.map_or("none".to_owned(), |bound| bound.to_string());
    out.unless_equal(
        &format!("{at}: bound"),
        shown(listed.bound),
        shown(value.bound()),
    );
    let due = candidate.overall().map(CriterionSums::from);
    if listed.criterion_sums != due {
        out.say(format!("{at}: criterion_sums are not those recomputed"));
    }
    Some(Recomputed {
        place: number,
        set,
        r: candidate.correlation().clone(),
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
    use kcorrset::report::{Audit, Finished, Ranks};

    /// 8 users, 5 questions, some missing; question e repeats a, so that sets tie exactly.
    fn question() -> Question {
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
        Question::plain(builder.finish(Duplicates::Error, "line").unwrap())
    }

    fn report(question: &Question, ranks: Option<(u128, u128)>) -> Report {
        let query = question.query(2, 10, 3, None).unwrap();
        let part = match ranks {
            Some((skip, limit)) => query.space().part(skip, Some(limit)).unwrap(),
            None => query.space().whole(),
        };
        let found = search::run(&ReferenceEngine, &query, &part, &Watch::new()).unwrap();
        let search = Search::of(&Finished {
            query: &query,
            part: &part,
            best: &found.best,
            defined: found.defined,
            audit: &found.audit,
            proof: None,
            elapsed: found.elapsed,
        });
        Report::new(question.table(), &ReferenceEngine, vec![search])
    }

    #[test]
    fn a_right_result_has_no_differences() {
        let question = question();
        for ranks in [None, Some((2, 5))] {
            let verdict = check(&report(&question, ranks), &question);
            assert_eq!(verdict.differences, Vec::<String>::new());
        }
    }

    /// The audit of a search that has one.
    fn audit(search: &mut Search) -> &mut Audit {
        search.audit.as_mut().expect("an audit")
    }

    /// Makes it one that was stopped.
    fn halt(search: &mut Search, done: u128, ceiling: Option<f64>, gap: Option<f64>) {
        search.audit = None;
        search.sets.defined = None;
        search.proof = Some(Proof::Stopped(Halt {
            finished: false,
            done,
            ceiling,
            gap,
        }));
    }

    #[test]
    fn what_a_stopped_search_listed_is_checked() {
        let question = question();
        let mut report = report(&question, None);
        let best = report.searches[0].results[0].r;
        report.searches[0].results.truncate(3);
        halt(&mut report.searches[0], 7, Some(best / 2.0), Some(0.0));
        let verdict = check(&report, &question);
        assert_eq!(verdict.differences, Vec::<String>::new());
        assert!(verdict.agreed.contains("was stopped"), "{}", verdict.agreed);
        report.searches[0].results[1].sums.sa += 1;
        assert_eq!(check(&report, &question).differences.len(), 1);
    }

    #[test]
    fn every_planted_fault_is_named() {
        let question = question();
        let right = report(&question, None);
        let tie = (right.searches[0].results.windows(2))
            .position(|pair| pair[0].r == pair[1].r)
            .expect("the table has exact ties");
        let expect = |wrong: &Report, line: &str| {
            let found = check(wrong, &question).differences;
            assert!(found.iter().any(|f| f.contains(line)), "{line}: {found:#?}");
        };
        type Fault<'a> = (&'a str, &'a dyn Fn(&mut Search));
        type DataFault<'a> = (&'a str, &'a dyn Fn(&mut Data));
        let of_data: &[DataFault] = &[
            ("data: fingerprint is sha256:0", &|d| {
                d.fingerprint = "sha256:0".into();
            }),
            ("data: users is 9, recomputed 8", &|d| d.users += 1),
            ("data: questions is 6, recomputed 5", &|d| {
                d.questions += 1;
            }),
            ("data: responses", &|d| d.responses -= 1),
            ("data: unit is 10^-2", &|d| d.scale = Some(2)),
        ];
        for (line, fault) in of_data {
            let mut wrong = right.clone();
            fault(&mut wrong.data);
            expect(&wrong, line);
        }
        let faults: &[Fault] = &[
            ("query: sets of 9 questions", &|r| r.query.k = 9),
            ("query: a correlation needs at least 2 users, not 1", &|r| {
                r.query.min_users = 1;
            }),
            ("query: exclude is [\"a\"], and not given here", &|r| {
                r.query.exclude = vec!["a".into()];
            }),
            ("sets: total is 11, recomputed 10", &|r| {
                r.sets.total = 11.into();
            }),
            ("sets: visited", &|r| r.sets.visited = Some(9)),
            ("results: their number is 10, recomputed 9", &|r| {
                r.sets.defined = Some(9);
            }),
            ("more than the 10 visited", &|r| r.sets.defined = Some(11)),
            ("results: 10 sets are listed, and 9 were", &|r| {
                r.query.top = 9;
            }),
            (
                "proof: 4 visited and 5 excluded are not the 10 sets",
                &|r| {
                    r.proof = Some(Proof::Whole(Whole {
                        visited: 4,
                        excluded: 5.into(),
                        nodes: 1,
                    }));
                },
            ),
            ("proof: 11 are done, more than the 10 sets", &|r| {
                halt(r, 11, None, None);
            }),
            ("proof: gap is 0.5, recomputed null", &|r| {
                halt(r, 3, None, Some(0.5));
            }),
            ("proof: gap is null, recomputed 0", &|r| {
                halt(r, 3, Some(0.001), None);
            }),
            (
                "place 2: its r is further below that of place 1 than 0.000001",
                &|r| {
                    r.query.within = Some("0.000001".to_owned());
                },
            ),
            ("within: give a distance", &|r| {
                r.query.within = Some("-1".to_owned());
            }),
            ("audit: passed is false", &|r| audit(r).passed = false),
            ("audit: sets is 9", &|r| audit(r).sets = 9.into()),
            ("audit: n is 0", &|r| audit(r).n = 0),
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
            fault(&mut wrong.searches[0]);
            expect(&wrong, line);
            // Among others it is named with its K.
            let mut several = right.clone();
            several.searches.extend(wrong.searches);
            let found = check(&several, &question).differences;
            let k = several.searches[1].query.k;
            let named = |f: &String| f.starts_with(&format!("k {k}: ")) && f.contains(line);
            assert!(found.iter().any(named), "{line}: {found:#?}");
        }
    }
}
