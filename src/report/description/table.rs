//! What a table is like, for people.

use super::Described;
use crate::describe::{Item, MOST_VALUES, Scores, Spread};
use crate::report::{count, grouped, one_line};
use std::fmt::{self, Write};

/// Different scores that are shown one by one, at most; the JSON form has more.
const SHOWN: usize = 12;

/// What stands beside a question whose scores run against the rest.
const NEGATIVE: &str = "  negative: worded the other way?";

/// The whole text.
#[must_use]
pub fn table(described: &Described<'_>) -> String {
    let mut out = String::new();
    // Writing to a String does not fail.
    let _ = write_table(described, &mut out);
    out
}

fn write_table(described: &Described<'_>, out: &mut String) -> fmt::Result {
    let Described { table, description } = *described;
    let (users, questions) = (table.users().len() as u128, table.questions().len() as u128);
    writeln!(
        out,
        "{}, {}, {}",
        count(users, "user"),
        count(questions, "question"),
        count(table.responses() as u128, "response")
    )?;
    about_scores(&description.scores, out)?;

    let missing = &description.missing;
    let cells = users * questions;
    writeln!(
        out,
        "{} of {} answers missing ({:.1} %), in {}; {} complete, {} without any answer",
        grouped(missing.answers),
        grouped(cells),
        100.0 * missing.answers as f64 / cells as f64,
        count(missing.patterns.into(), "pattern"),
        count(missing.complete_users.into(), "user"),
        grouped(missing.silent_users.into())
    )?;
    write!(out, "missing by question {}", spread(missing.by_question))?;
    writeln!(out, "; by user {}", spread(missing.by_user))?;

    match description.alpha {
        Some(alpha) => writeln!(
            out,
            "Cronbach's alpha {:.3}, over the {} who answered every question",
            alpha.value,
            count(alpha.users.into(), "user")
        )?,
        None => writeln!(
            out,
            "Cronbach's alpha is not defined: it needs 2 questions, and 2 users who answered every \
             question and whose totals differ"
        )?,
    }
    writeln!(
        out,
        "\nof each question, over the n users who answered it: the mean, the standard deviation (n - 1), \
         and\nitem-rest r, the correlation of its score with the rest of the user's total (corrected \
         item-total)\n"
    )?;
    rows(table.questions(), &description.items, out)
}

fn about_scores(scores: &Scores, out: &mut String) -> fmt::Result {
    let Scores {
        least,
        most,
        values,
    } = scores;
    write!(out, "scores from {least} to {most}")?;
    match values {
        Some(values) if values.len() <= SHOWN => {
            let each = values
                .iter()
                .map(|&(score, n)| format!("{score} ({})", grouped(n.into())));
            writeln!(out, ": {}", each.collect::<Vec<_>>().join(", "))
        }
        Some(values) => writeln!(out, ", {} different ones", values.len()),
        None => writeln!(out, ", more than {MOST_VALUES} different ones"),
    }
}

fn spread(counts: Spread) -> String {
    let Spread {
        least,
        median,
        most,
    } = counts;
    let (least, most) = (grouped(least.into()), grouped(most.into()));
    format!("{least} to {most}, median {median}")
}

fn rows(questions: &[String], items: &[Item], out: &mut String) -> fmt::Result {
    let figure =
        |figure: Option<f64>| figure.map_or("-".to_owned(), |figure| format!("{figure:.3}"));
    let head = ["question", "n", "missing", "mean", "sd", "item-rest r"].map(str::to_owned);
    let cells: Vec<[String; 6]> = std::iter::once(head)
        .chain(questions.iter().zip(items).map(|(question, item)| {
            [
                one_line(question),
                grouped(item.users.into()),
                grouped(item.missing.into()),
                figure(item.mean),
                figure(item.sd),
                figure(item.r_rest),
            ]
        }))
        .collect();
    let width = |i: usize| cells.iter().map(|row| row[i].chars().count()).max();
    let [w0, w1, w2, w3, w4, w5] = [0, 1, 2, 3, 4, 5].map(|i| width(i).unwrap_or(0));
    let flags = std::iter::once("").chain(items.iter().map(|item| match item.is_negative() {
        true => NEGATIVE,
        false => "",
    }));
    for ([a, b, c, d, e, f], flag) in cells.iter().zip(flags) {
        writeln!(
            out,
            "{a:<w0$}  {b:>w1$}  {c:>w2$}  {d:>w3$}  {e:>w4$}  {f:>w5$}{flag}"
        )?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;
    use expect_test::expect;

    #[test]
    fn the_table() {
        expect![[r#"
            5 users, 3 questions, 11 responses
            scores from 1 to 5: 1 (1), 1.5 (1), 2 (3), 3 (2), 4 (1), 4.5 (1), 5 (2)
            4 of 15 answers missing (26.7 %), in 3 patterns; 3 users complete, 1 without any answer
            missing by question 1 to 2, median 1; by user 0 to 3, median 0
            Cronbach's alpha -1.421, over the 3 users who answered every question

            of each question, over the n users who answered it: the mean, the standard deviation (n - 1), and
            item-rest r, the correlation of its score with the rest of the user's total (corrected item-total)

            question  n  missing   mean     sd  item-rest r
            q1        4        1  2.750  1.708       -0.058  negative: worded the other way?
            a, b      3        2  2.667  1.607        0.988
            q\n3      4        1  3.500  1.291       -0.800  negative: worded the other way?
        "#]].assert_eq(&sample::described(table));
    }

    #[test]
    fn many_scores_are_not_shown_one_by_one() {
        let said = |values| {
            let mut out = String::new();
            let scores = Scores {
                least: -0.5,
                most: 20.0,
                values,
            };
            about_scores(&scores, &mut out).unwrap();
            out
        };
        let values = |n: u32| Some((0..n).map(|i| (f64::from(i), 1)).collect());
        assert!(said(values(12)).starts_with("scores from -0.5 to 20: 0 (1), 1 (1), "));
        assert_eq!(
            said(values(13)),
            "scores from -0.5 to 20, 13 different ones\n"
        );
        assert_eq!(
            said(None),
            "scores from -0.5 to 20, more than 100 different ones\n"
        );
    }
}
