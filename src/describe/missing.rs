//! Which answers a table has not.

use crate::matrix::ResponseMatrix;
use std::cmp::Ordering;

/// The answers that a table has not, of all users to all questions.
#[derive(Clone, Debug, PartialEq)]
pub struct Missing {
    /// Their number.
    pub answers: u128,
    /// Users who answered every question.
    pub complete_users: u64,
    /// Users who answered none.
    pub silent_users: u64,
    /// How many different sets of questions users answered.
    pub patterns: u64,
    /// How many users did not answer a question, over the questions.
    pub by_question: Spread,
    /// How many questions a user did not answer, over the users.
    pub by_user: Spread,
}

/// How counts spread.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spread {
    /// The smallest.
    pub least: u64,
    /// The middle one, or halfway between the two in the middle.
    pub median: f64,
    /// The largest.
    pub most: u64,
}

impl Spread {
    fn of(mut counts: Vec<u64>) -> Self {
        counts.sort_unstable();
        let at = |i: usize| counts.get(i).copied().unwrap_or(0);
        let half = counts.len() / 2;
        let below = if counts.len().is_multiple_of(2) {
            half.saturating_sub(1)
        } else {
            half
        };
        Self {
            least: at(0),
            median: (at(below) + at(half)) as f64 / 2.0,
            most: at(counts.len().saturating_sub(1)),
        }
    }
}

impl Missing {
    pub(super) fn of(table: &ResponseMatrix) -> Self {
        let (users, questions) = (table.users().len(), table.questions().len());
        let answered = |user: usize| table.row(user).len();
        let all = (0..users).map(answered);
        let with = |count: usize| all.clone().filter(|&n| n == count).count() as u64;
        let by_question = (0..questions).map(|q| (users - table.column(q).users().len()) as u64);
        let by_user = all.clone().map(|n| (questions - n) as u64);
        Self {
            answers: users as u128 * questions as u128 - table.responses() as u128,
            complete_users: with(questions),
            silent_users: with(0),
            patterns: patterns(table),
            by_question: Spread::of(by_question.collect()),
            by_user: Spread::of(by_user.collect()),
        }
    }
}

/// How many different sets of questions users answered. Those who answered all have one, and are not compared.
fn patterns(table: &ResponseMatrix) -> u64 {
    let complete = |&user: &usize| table.row(user).len() == table.questions().len();
    let (complete, mut others): (Vec<usize>, Vec<usize>) =
        (0..table.users().len()).partition(complete);
    let answered = |user: usize| table.row(user).map(|(question, _)| question);
    let compare = |a: usize, b: usize| -> Ordering {
        let by_number = answered(a).len().cmp(&answered(b).len());
        by_number.then_with(|| answered(a).cmp(answered(b)))
    };
    others.sort_unstable_by(|&a, &b| compare(a, b));
    others.dedup_by(|a, b| compare(*a, *b).is_eq());
    others.len() as u64 + u64::from(!complete.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spreads() {
        let spread = |counts: &[u64]| {
            let Spread {
                least,
                median,
                most,
            } = Spread::of(counts.to_vec());
            (least, median, most)
        };
        assert_eq!(spread(&[]), (0, 0.0, 0));
        assert_eq!(spread(&[7]), (7, 7.0, 7));
        assert_eq!(spread(&[5, 2]), (2, 3.5, 5));
        assert_eq!(spread(&[9, 1, 4]), (1, 4.0, 9));
        assert_eq!(spread(&[9, 1, 4, 6]), (1, 5.0, 9));
    }
}
