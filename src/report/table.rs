//! A report as a table for people.

use super::document::{Asked, Halt, Place, Proof, Report, Search, Whole};
use super::text::{count, grouped, lengths, one_line, rate, sets, sized};
use crate::combin::Size;
use std::fmt::{self, Write};

/// What a table shows where there are several K; with one K it shows all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    /// The best set of each K, in one list.
    Best,
    /// The best sets of each K, in a list each.
    All,
}

/// What stands where there is no set.
const NONE: &str = "-";

/// The whole text.
#[must_use]
pub fn table(report: &Report, shown: Shown) -> String {
    let mut out = String::new();
    // Writing to a String does not fail.
    let _ = match report.searches.as_slice() {
        [search] => of_one(report, search, &mut out),
        searches => of_several(report, searches, shown, &mut out),
    };
    out
}

/// Rows of sets under their header, without anything about the search; nothing where there are none.
#[must_use]
pub fn rows(places: &[Place]) -> String {
    let mut out = String::new();
    let _ = list(
        &places.iter().map(|p| (None, Some(p))).collect::<Vec<_>>(),
        &mut out,
    );
    out
}

fn of_one(report: &Report, search: &Search, out: &mut String) -> fmt::Result {
    about_data(report, out)?;
    about_sets(search, out)?;
    about_proofs(std::slice::from_ref(search), out)?;
    about_halt(report, search, out)?;
    about_run(report, out)?;
    if !search.results.is_empty() {
        writeln!(out)?;
        out.push_str(&rows(&search.results));
    }
    Ok(())
}

fn of_several(report: &Report, searches: &[Search], shown: Shown, out: &mut String) -> fmt::Result {
    about_data(report, out)?;
    match shown {
        Shown::Best => {
            about_all_sets(searches, out)?;
            about_proofs(searches, out)?;
            for search in searches {
                about_halt(report, search, out)?;
            }
            about_run(report, out)?;
            writeln!(out)?;
            let best: Vec<_> = searches
                .iter()
                .map(|search| (Some(search.query.k), search.results.first()))
                .collect();
            list(&best, out)
        }
        Shown::All => {
            about_run(report, out)?;
            for search in searches {
                writeln!(out)?;
                about_sets(search, out)?;
                about_proofs(std::slice::from_ref(search), out)?;
                about_halt(report, search, out)?;
                out.push_str(&rows(&search.results));
            }
            Ok(())
        }
    }
}

fn about_data(report: &Report, out: &mut String) -> fmt::Result {
    let data = &report.data;
    write!(
        out,
        "{}, {}, {}",
        count(data.users.into(), "user"),
        count(data.questions.into(), "question"),
        count(data.responses.into(), "response"),
    )?;
    match (data.scale, data.denominator) {
        (_, Some(denominator)) => write!(out, ", sums in units of 1/{denominator}")?,
        (None | Some(0), None) => {}
        (Some(scale), None) => write!(out, ", sums in units of 10^-{scale}")?,
    }
    writeln!(out)
}

fn about_sets(search: &Search, out: &mut String) -> fmt::Result {
    match &search.query.ranks {
        None => write!(out, "{}", sets(&search.sets.total))?,
        Some(ranks) => write!(
            out,
            "{} of {} (ranks {}..{})",
            sized(&search.searched()),
            sets(&search.sets.total),
            ranks.start,
            ranks.end,
        )?,
    }
    write!(out, " of {}", count(search.query.k as u128, "question"))?;
    about_defined(search.sets.defined, &search.query, out)
}

/// One line for how sets were decided, where the list of each of these searches is proved by bounds.
fn about_proofs(searches: &[Search], out: &mut String) -> fmt::Result {
    let proofs = searches.iter().map(|search| match &search.proof {
        Some(Proof::Whole(whole)) => Some(whole),
        Some(Proof::Stopped(_)) | None => None,
    });
    let Some(proofs) = proofs.collect::<Option<Vec<&Whole>>>() else {
        return Ok(());
    };
    let sum = |of: fn(&Whole) -> Size| proofs.iter().map(|proof| of(proof)).sum::<Size>();
    let nodes = proofs.iter().map(|proof| u128::from(proof.nodes)).sum();
    writeln!(
        out,
        "{} visited, {} excluded by bounds, {}",
        sets(&sum(|proof| proof.visited.into())),
        sized(&sum(|proof| proof.excluded.clone())),
        count(nodes, "node"),
    )
}

/// One line for a search that was stopped.
fn about_halt(report: &Report, search: &Search, out: &mut String) -> fmt::Result {
    let Some(sentence) = halted(search) else {
        return Ok(());
    };
    if report.is_of_several() {
        write!(out, "k {}: ", search.query.k)?;
    }
    writeln!(out, "{sentence}")
}

/// What is proved of the sets that are not listed, of a search that was stopped.
#[must_use]
pub fn halted(search: &Search) -> Option<String> {
    let Halt {
        done, ceiling, gap, ..
    } = search.halt()?;
    let others = match &search.query.ranks {
        None => "no set",
        Some(_) => "no set of these ranks",
    };
    let how_far = how_far(done, search);
    let known = match (ceiling, gap) {
        (None, _) => "a better one may be among those not looked at".to_owned(),
        (Some(ceiling), gap) => {
            let above = match gap {
                Some(0.0) => ", so that the best is proved".to_owned(),
                Some(gap) => format!(", {} above the best of these", up(gap)),
                None => String::new(),
            };
            let ceiling = up(ceiling);
            format!("{others} but those listed has an r above {ceiling}{above}")
        }
    };
    Some(format!("UNFINISHED after {how_far}: {known}"))
}

/// How many sets were done; of sets without ranks none are counted.
fn how_far(done: u128, search: &Search) -> String {
    let searched = search.searched();
    match searched.numbered() {
        Some(_) => format!("{} of {}", grouped(done), sets(&searched)),
        None => format!("a part of the proof for {}", sets(&searched)),
    }
}

/// Six digits behind the point, rounded up.
fn up(x: f64) -> String {
    let millionth = 1e6;
    format!("{:.6}", (x * millionth).ceil() / millionth)
}

/// One line for the sets of all K.
fn about_all_sets(searches: &[Search], out: &mut String) -> fmt::Result {
    let searched = searches.iter().map(Search::searched).sum();
    let all: Vec<_> = searches.iter().map(|search| search.query.k).collect();
    write!(out, "{} of {} questions", sets(&searched), lengths(&all))?;
    let mut defined = searches.iter().map(|search| search.sets.defined);
    let defined = defined.try_fold(0_u128, |all, one| Some(all.saturating_add(one?)));
    // All K are asked for in one breath, so what else is asked is the same for each.
    match searches.first() {
        Some(search) => about_defined(defined, &search.query, out),
        None => Ok(()),
    }
}

fn about_defined(defined: Option<u128>, asked: &Asked, out: &mut String) -> fmt::Result {
    match defined {
        Some(defined) => write!(out, ", {} defined", grouped(defined))?,
        None => write!(out, ", defined: not counted by this engine")?,
    }
    write!(out, ", min_users {}", asked.min_users)?;
    for (name, value) in more(asked) {
        write!(out, ", {name} {}", one_line(&value))?;
    }
    writeln!(out)
}

/// What was asked beyond K, the places and the users, by the names that the document has for it.
fn more(asked: &Asked) -> Vec<(&'static str, String)> {
    let listed = |ids: &[String]| (!ids.is_empty()).then(|| ids.join(" "));
    let groups = asked.groups.iter();
    let groups = groups.map(|(group, numbers)| format!("{group}={numbers}"));
    let all = [
        ("criterion", asked.criterion.clone()),
        ("criterion_column", asked.criterion_column.clone()),
        ("criterion_file", asked.criterion_file.clone()),
        ("rank_by", asked.rank_by.clone()),
        (
            "confidence",
            asked.confidence.map(|level| level.to_string()),
        ),
        ("within", asked.within.clone()),
        ("include", listed(&asked.include)),
        ("exclude", listed(&asked.exclude)),
        ("groups", listed(&groups.collect::<Vec<_>>())),
        ("unanswered", asked.unanswered.clone()),
    ];
    let given = all.into_iter();
    given
        .filter_map(|(name, value)| Some((name, value?)))
        .collect()
}

/// The time of all searches, and what took it.
fn about_run(report: &Report, out: &mut String) -> fmt::Result {
    let searches = report.searches.iter();
    let elapsed: f64 = searches.clone().map(|search| search.elapsed_s).sum();
    let searched: Size = searches.map(Search::searched).sum();
    let stopped = report.searches.iter().any(|search| search.halt().is_some());
    let audit = match (stopped, report.is_of_several()) {
        (false, _) => "audit passed",
        (true, false) => "not audited",
        (true, true) => "audit passed of those that are finished",
    };
    write!(
        out,
        "{audit}, {elapsed:.3} s, {} engine",
        report.engine.name
    )?;
    if !report.engine.devices.is_empty() {
        write!(out, " on {}", report.engine.devices.join(", "))?;
    }
    // Sets that a bound excludes by the trillion make no speed.
    let proved = report.searches.iter().any(|search| search.proof.is_some());
    let rate = searched.numbered().and_then(|sets| rate(sets, elapsed));
    if let Some(rate) = rate.filter(|_| !proved) {
        write!(out, ", {rate} sets/s")?;
    }
    writeln!(out)
}

/// One row a set under a header; with its K in place of its place where that is given.
fn list(sets: &[(Option<usize>, Option<&Place>)], out: &mut String) -> fmt::Result {
    if sets.is_empty() {
        return Ok(());
    }
    let by_k = sets.iter().any(|(k, _)| k.is_some());
    let bounded = sets
        .iter()
        .any(|(_, p)| p.is_some_and(|p| p.bound.is_some()));
    let head = [
        if by_k { "k" } else { "place" },
        "r",
        "bound",
        "users",
        "questions",
    ];
    let cells: Vec<[String; 5]> = sets.iter().map(|&(k, place)| row(k, place)).collect();
    let width = |i: usize| {
        let widths = cells.iter().map(|row| row[i].chars().count());
        widths.max().unwrap_or(0).max(head[i].len())
    };
    let [place, r, bound, users] = [0, 1, 2, 3].map(width);
    for [a, b, c, d, e] in std::iter::once(head.map(str::to_owned)).chain(cells) {
        write!(out, "{a:>place$}  {b:<r$}  ")?;
        if bounded {
            write!(out, "{c:<bound$}  ")?;
        }
        writeln!(out, "{d:>users$}  {e}")?;
    }
    Ok(())
}

fn row(k: Option<usize>, place: Option<&Place>) -> [String; 5] {
    let none = || NONE.to_owned();
    let Some(place) = place else {
        return [
            k.map_or_else(none, |k| k.to_string()),
            none(),
            none(),
            none(),
            none(),
        ];
    };
    let ids: Vec<String> = place.questions.iter().map(|id| one_line(id)).collect();
    [
        k.unwrap_or(place.place).to_string(),
        place.r.to_string(),
        place.bound.map_or_else(none, |bound| bound.to_string()),
        grouped(place.users.into()),
        ids.join(", "),
    ]
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;
    use expect_test::expect;

    #[test]
    fn a_part_of_the_ranks() {
        expect![[r#"
            1,200 users, 50 questions, 31,415 responses, sums in units of 10^-1
            1,000 of 1,225 sets (ranks 5..1005) of 2 questions, defined: not counted by this engine, min_users 2
            audit passed, 0.250 s, cpu engine on 2 CPU threads, 4,000 sets/s

            place  r                    users  questions
                1  1                        7  q1, a, b
                2  -0.1234567890123456    900  q"2", line\nbreak
        "#]]
        .assert_eq(&table(&sample::report(), Shown::Best));
    }

    #[test]
    fn all_ranks_and_no_result() {
        let mut report = sample::report();
        let search = &mut report.searches[0];
        search.results.clear();
        search.query.ranks = None;
        search.sets.visited = None;
        search.sets.defined = Some(0);
        search.elapsed_s = 0.0;
        report.data.scale = Some(0);
        expect![[r#"
            1,200 users, 50 questions, 31,415 responses
            1,225 sets of 2 questions, 0 defined, min_users 2
            audit passed, 0.000 s, cpu engine on 2 CPU threads
        "#]]
        .assert_eq(&table(&report, Shown::All));
    }

    #[test]
    fn a_bound_stands_beside_r() {
        let mut report = sample::report();
        report.searches[0].results[0].bound = Some(0.75);
        expect![[r#"
            place  r                    bound  users  questions
                1  1                    0.75       7  q1, a, b
                2  -0.1234567890123456  -        900  q"2", line\nbreak
        "#]]
        .assert_eq(&rows(&report.searches[0].results));
    }

    #[test]
    fn what_else_was_asked_is_said() {
        let mut report = sample::report();
        let asked = &mut report.searches[0].query;
        assert!(more(asked).is_empty());
        asked.criterion = Some("column".to_owned());
        asked.criterion_column = Some("final\nmark".to_owned());
        asked.criterion_file = Some("marks.csv".to_owned());
        asked.rank_by = Some("lower-bound".to_owned());
        asked.confidence = Some(0.95);
        asked.include = vec!["q1".to_owned(), "q2".to_owned()];
        asked.exclude = vec!["q9".to_owned()];
        asked.groups = [("E".to_owned(), "1..2".to_owned())].into();
        asked.unanswered = Some("zero".to_owned());
        let text = table(&report, Shown::All);
        let said = text
            .lines()
            .nth(1)
            .and_then(|line| line.split_once("min_users"));
        assert_eq!(
            said.map(|(_, said)| said),
            Some(
                " 2, criterion column, criterion_column final\\nmark, criterion_file marks.csv, rank_by \
                 lower-bound, confidence 0.95, include q1 q2, exclude q9, groups E=1..2, unanswered zero"
            )
        );
    }

    #[test]
    fn the_best_of_each_k() {
        let mut report = sample::several();
        report.searches[0].query.ranks = None;
        expect![[r#"
            1,200 users, 50 questions, 31,415 responses, sums in units of 10^-1
            20,600 sets of 2 and 3 questions, defined: not counted by this engine, min_users 2
            audit passed, 0.750 s, cpu engine on 2 CPU threads, 27,467 sets/s

            k  r    users  questions
            2  1        7  q1, a, b
            3  0.5  1,100  q1, q2, q3
        "#]]
        .assert_eq(&table(&report, Shown::Best));
        report.searches[0].results.clear();
        let text = table(&report, Shown::Best);
        assert!(text.contains("\n2  -        -  -\n"), "{text}");
    }

    #[test]
    fn the_best_sets_of_each_k() {
        expect![[r#"
            1,200 users, 50 questions, 31,415 responses, sums in units of 10^-1
            audit passed, 0.750 s, cpu engine on 2 CPU threads, 27,467 sets/s

            1,000 of 1,225 sets (ranks 5..1005) of 2 questions, defined: not counted by this engine, min_users 2
            place  r                    users  questions
                1  1                        7  q1, a, b
                2  -0.1234567890123456    900  q"2", line\nbreak

            19,600 sets of 3 questions, 19,000 defined, min_users 2
            place  r    users  questions
                1  0.5  1,100  q1, q2, q3
        "#]].assert_eq(&table(&sample::several(), Shown::All));
    }
}
