//! The figures of each question, and Cronbach's alpha of all.

use super::quotient::{quotient, signed};
use crate::matrix::ResponseMatrix;
use crate::stats::{Correlation, Sums};
use bnum::types::U512;

/// One question.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Item {
    /// Users who answered it; the figures below are over these.
    pub users: u64,
    /// Users who did not.
    pub missing: u64,
    /// The mean score; `None` where nobody answered.
    pub mean: Option<f64>,
    /// The standard deviation of a sample, with n − 1; `None` with fewer than 2 users.
    pub sd: Option<f64>,
    /// The corrected item-total correlation: Pearson's r between the score and the rest of the user's total, the
    /// total over all that the user answered less this score. `None` where one of them does not vary.
    pub r_rest: Option<f64>,
}

impl Item {
    pub(super) fn of(table: &ResponseMatrix, question: usize) -> Self {
        let column = table.column(question);
        let mut sums = Sums::default();
        for (&user, &score) in column.users().iter().zip(column.scores()) {
            let (score, total) = (i128::from(score), table.totals()[user as usize]);
            sums += Sums::of_user(score, i128::from(total) - score);
        }
        let (n, unit) = (sums.n.unsigned_abs(), U512::from(table.denominator()));
        let users = U512::from(n);
        // A sum of squares about the mean is X / n.
        let x = sums.moments().x.unsigned_abs();
        let variance = |pairs: U512| quotient(U512::from(x), pairs * unit * unit);
        Self {
            users: n as u64,
            missing: table.users().len() as u64 - n as u64,
            mean: (n > 0).then(|| signed(sums.sa, users * unit)),
            sd: (n > 1).then(|| variance(users * (users - U512::ONE)).sqrt()),
            r_rest: Correlation::of(&sums, 2).map(|r| r.r()),
        }
    }

    /// Whether those with high scores have low ones on the rest: the question may be worded the other way.
    #[must_use]
    pub fn is_negative(&self) -> bool {
        self.r_rest.is_some_and(|r| r < 0.0)
    }
}

/// Cronbach's alpha (Cronbach 1951, eq. 2): k/(k−1) · (1 − Σ variances of the k questions / variance of the total).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Alpha {
    /// Its value, at most 1.
    pub value: f64,
    /// Users who answered every question, over whom it is.
    pub users: u64,
}

impl Alpha {
    /// `None` for fewer than 2 questions or complete users, and where the complete users' totals do not vary.
    pub(super) fn of(table: &ResponseMatrix) -> Option<Self> {
        let k = table.questions().len();
        let complete = |&user: &usize| table.row(user).len() == k;
        let complete: Vec<usize> = (0..table.users().len()).filter(complete).collect();
        if k < 2 || complete.len() < 2 {
            return None;
        }
        let mut of_questions = vec![Sums::default(); k];
        let mut of_total = Sums::default();
        for &user in &complete {
            let score_only = |score: i64| Sums::of_user(score.into(), 0);
            for (question, score) in table.row(user) {
                of_questions[question] += score_only(score);
            }
            of_total += score_only(table.totals()[user]);
        }
        // Each variance is X / n(n−1), with the same n. A user's squared scores add up to at most the square of
        // the sum of their sizes, so the X of the questions together stay within the table's 127 bits.
        let questions: i128 = of_questions.iter().map(|sums| sums.moments().x).sum();
        let total = of_total.moments().x;
        if total == 0 {
            return None;
        }
        let wide = |n: i128| U512::from(n.unsigned_abs());
        let (k, rest) = (U512::from(k as u64), total - questions);
        let size = quotient(k * wide(rest), (k - U512::ONE) * wide(total));
        Some(Self {
            value: if rest < 0 { -size } else { size },
            users: complete.len() as u64,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::Description;
    use super::super::missing::Spread;
    use super::*;
    use crate::matrix::{Duplicates, MatrixBuilder, Score};

    /// A row a user, a digit an answer, anything else none; scores in tenths where `digits` is 1.
    fn table(rows: &[&str], digits: u8) -> ResponseMatrix {
        let mut builder = MatrixBuilder::new();
        for (user, row) in rows.iter().enumerate() {
            for (question, digit) in row.chars().enumerate() {
                let mantissa = digit.to_digit(10).map(i64::from);
                let score = mantissa.map(|mantissa| Score { mantissa, digits });
                let (user, question) = (user.to_string(), question.to_string());
                builder.push(&user, &question, score, 0).unwrap();
            }
        }
        builder.finish(Duplicates::Error, "row").unwrap()
    }

    #[test]
    fn figures_by_hand() {
        // Users a to e. Every question runs against the rest.
        let found = Description::of(&table(&["152", "243", "3.4", "415", "..."], 0));
        assert_eq!((found.scores.least, found.scores.most), (1.0, 5.0));
        let values = [(1.0, 2), (2.0, 2), (3.0, 2), (4.0, 3), (5.0, 2)];
        assert_eq!(found.scores.values.as_deref(), Some(&values[..]));
        let missing = &found.missing;
        assert_eq!((missing.answers, missing.patterns), (4, 3));
        assert_eq!((missing.complete_users, missing.silent_users), (3, 1));
        let spread = |least, median, most| Spread {
            least,
            median,
            most,
        };
        assert_eq!(missing.by_question, spread(1, 1.0, 2));
        assert_eq!(missing.by_user, spread(0, 0.0, 3));
        // 1, 2, 3, 4: mean 2.5, squares about it 5, so sd √(5/3). The rest of the total: 7, 7, 4, 6, with
        // mean 6, squares 6; products −1.5·1 − 0.5·1 + 0.5·(−2) + 1.5·0 = −3; r = −3/√30.
        let first = found.items[0];
        assert_eq!((first.users, first.missing), (4, 1));
        assert_eq!(
            (first.mean, first.sd),
            (Some(2.5), Some((5.0_f64 / 3.0).sqrt()))
        );
        assert!((first.r_rest.unwrap() + 3.0 / 30_f64.sqrt()).abs() < 1e-15);
        // 5, 4, 1: mean 10/3, squares 26/3, sd √(13/3). The rest: 3, 5, 9, mean 17/3, squares 56/3;
        // products 5/3·(−8/3) + 2/3·(−2/3) + (−7/3)·(10/3) = −38/3; r = −38/√(26·56).
        let second = found.items[1];
        assert_eq!((second.users, second.missing), (3, 2));
        assert_eq!(second.mean, Some(10.0 / 3.0));
        assert!((second.sd.unwrap() - (13.0_f64 / 3.0).sqrt()).abs() < 1e-15);
        assert!((second.r_rest.unwrap() + 38.0 / 1456_f64.sqrt()).abs() < 1e-15);
        assert!(found.items.iter().all(Item::is_negative));
        // Users a, b and d: variances 7/3, 13/3 and 7/3; totals 8, 9, 10, variance 1.
        // 3/2 · (1 − 9/1) = −12.
        assert_eq!(
            found.alpha,
            Some(Alpha {
                value: -12.0,
                users: 3
            })
        );
    }

    #[test]
    fn a_scale_changes_means_and_deviations_alone() {
        let rows = ["1523", "2334", "3154", "4215", "5.4."];
        let (whole, tenths) = (table(&rows, 0), table(&rows, 1));
        assert_eq!((whole.denominator(), tenths.denominator()), (1, 10));
        let (whole, tenths) = (Description::of(&whole), Description::of(&tenths));
        assert_eq!(whole.alpha, tenths.alpha);
        assert_eq!(whole.missing, tenths.missing);
        assert_eq!(tenths.scores.most, 0.5);
        for (whole, tenths) in whole.items.iter().zip(&tenths.items) {
            assert_eq!(whole.r_rest, tenths.r_rest);
            let near =
                |a: Option<f64>, b: Option<f64>| (a.unwrap() / 10.0 - b.unwrap()).abs() < 1e-15;
            assert!(near(whole.mean, tenths.mean) && near(whole.sd, tenths.sd));
        }
    }

    #[test]
    fn perfect_agreement_has_an_alpha_of_one_and_nothing_to_vary_has_none() {
        let same = Description::of(&table(&["111", "333", "222"], 0));
        assert_eq!(same.alpha.unwrap().value, 1.0);
        assert!(
            same.items
                .iter()
                .all(|item| item.r_rest == Some(1.0) && !item.is_negative())
        );
        let constant = Description::of(&table(&["12", "12", ".2"], 0));
        assert_eq!(constant.alpha, None);
        assert_eq!(constant.items[0].sd, Some(0.0));
        assert_eq!(constant.items[0].r_rest, None);
        // One user, one question: means alone.
        let alone = Description::of(&table(&["1"], 0));
        assert_eq!((alone.items[0].mean, alone.items[0].sd), (Some(1.0), None));
        assert_eq!(alone.alpha, None);
        // A question that nobody answered has nothing.
        let none = Description::of(&table(&["1.", "2."], 0));
        assert_eq!((none.items[1].users, none.items[1].mean), (0, None));
        assert_eq!((none.missing.patterns, none.missing.complete_users), (1, 0));
    }
}
