//! A report as a table for people, and what to warn them of.

use super::text::{count, grouped, one_line, rate};
use super::{Place, Report};
use std::fmt::Write;

/// Below this many users in common a high r is easily chance, and the winner gets a warning.
pub const FEW_USERS: u64 = 10;

/// The whole text.
#[must_use]
pub fn table(report: &Report) -> String {
    let mut out = String::new();
    // Writing to a String does not fail.
    let _ = write_table(report, &mut out);
    out
}

fn write_table(report: &Report, out: &mut String) -> std::fmt::Result {
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
    writeln!(out)?;

    match &report.query.ranks {
        None => write!(out, "{}", count(report.sets.total, "set"))?,
        Some(ranks) => write!(
            out,
            "{} of {} (ranks {}..{})",
            grouped(report.visited()),
            count(report.sets.total, "set"),
            ranks.start,
            ranks.end,
        )?,
    }
    write!(out, " of {}, ", count(report.query.k as u128, "question"))?;
    match report.sets.defined {
        Some(defined) => write!(out, "{} defined", grouped(defined))?,
        None => write!(out, "defined: not counted by this engine")?,
    }
    writeln!(out, ", min_users {}", report.query.min_users)?;

    write!(
        out,
        "audit passed, {:.3} s, {} engine",
        report.elapsed_s, report.engine.name
    )?;
    if !report.engine.devices.is_empty() {
        write!(out, " on {}", report.engine.devices.join(", "))?;
    }
    if let Some(rate) = rate(report.visited(), report.elapsed_s) {
        write!(out, ", {rate} sets/s")?;
    }
    writeln!(out)?;

    if !report.results.is_empty() {
        writeln!(out)?;
        rows(&report.results, out)?;
    }
    Ok(())
}

fn rows(places: &[Place], out: &mut String) -> std::fmt::Result {
    let cells: Vec<[String; 4]> = places
        .iter()
        .map(|p| {
            let ids: Vec<String> = p.questions.iter().map(|id| one_line(id)).collect();
            [
                p.place.to_string(),
                p.r.to_string(),
                grouped(p.users.into()),
                ids.join(", "),
            ]
        })
        .collect();
    let head = ["place", "r", "users", "questions"];
    let width = |i: usize| {
        let widths = cells.iter().map(|row| row[i].chars().count());
        widths.max().unwrap_or(0).max(head[i].len())
    };
    let (place, r, users) = (width(0), width(1), width(2));
    for [a, b, c, d] in std::iter::once(head.map(str::to_owned)).chain(cells) {
        writeln!(out, "{a:>place$}  {b:<r$}  {c:>users$}  {d}")?;
    }
    Ok(())
}

/// What a reader of a report should know besides, each one sentence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Warning {
    /// There is no result.
    #[error(
        "no set has a defined correlation: none was answered in full by {min_users} users whose \
         scores and totals vary"
    )]
    NoneDefined {
        /// Users that a set needed.
        min_users: u64,
    },
    /// The best set has fewer users than [`FEW_USERS`].
    #[error(
        "the best set rests on only {}, and with so few a high r comes by chance",
        count((*users).into(), "user")
    )]
    FewUsers {
        /// Users of the best set.
        users: u64,
    },
    /// There are fewer sets with a defined correlation than were asked for.
    #[error(
        "the {asked} best sets were asked for, and only {} a defined correlation",
        match found { 1 => "1 has".to_owned(), n => format!("{n} have") }
    )]
    FewSets {
        /// N.
        asked: usize,
        /// Results.
        found: usize,
    },
}

/// What a reader of `report` should know besides.
#[must_use]
pub fn warnings(report: &Report) -> Vec<Warning> {
    let (asked, found) = (report.query.top, report.results.len());
    let Some(winner) = report.results.first() else {
        return vec![Warning::NoneDefined {
            min_users: report.query.min_users,
        }];
    };
    let users = winner.users;
    let few_users = (users < FEW_USERS).then_some(Warning::FewUsers { users });
    let few_sets = (found < asked).then_some(Warning::FewSets { asked, found });
    few_users.into_iter().chain(few_sets).collect()
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
        .assert_eq(&table(&sample::report()));
    }

    #[test]
    fn all_ranks_and_no_result() {
        let mut report = sample::report();
        report.results.clear();
        report.query.ranks = None;
        report.sets.visited = None;
        report.sets.defined = Some(0);
        report.elapsed_s = 0.0;
        report.data.scale = Some(0);
        expect![[r#"
            1,200 users, 50 questions, 31,415 responses
            1,225 sets of 2 questions, 0 defined, min_users 2
            audit passed, 0.000 s, cpu engine on 2 CPU threads
        "#]]
        .assert_eq(&table(&report));
    }

    #[test]
    fn warns_of_few_users_few_sets_and_none() {
        let said = |report: &Report| {
            let sentences = warnings(report)
                .into_iter()
                .map(|warning| warning.to_string());
            sentences.collect::<Vec<_>>().join("\n")
        };
        let mut report = sample::report();
        expect![[r#"
            the best set rests on only 7 users, and with so few a high r comes by chance
            the 3 best sets were asked for, and only 2 have a defined correlation"#]]
        .assert_eq(&said(&report));
        report.query.top = 2;
        report.results[0].users = FEW_USERS;
        assert_eq!(said(&report), "");
        report.results.clear();
        expect![[r#"no set has a defined correlation: none was answered in full by 2 users whose scores and totals vary"#]]
            .assert_eq(&said(&report));
    }
}
