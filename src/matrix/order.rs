//! The order of a table, for answers that did not come in it: by user, then by question. Repeats
//! lie beside each other there, and are settled.

use super::arrivals::Arrivals;
use super::duplicates::Duplicates;
use super::error::Repeats;
use super::fraction::{Fraction, mean};
use std::ops::Range;

/// Which answers a table has, in its order.
pub(super) struct Order {
    /// Answers of user u end where those of u + 1 begin.
    pub(super) offsets: Vec<usize>,
    /// Answers by the place at which they came.
    pub(super) answers: Vec<u32>,
}

/// Why repeats are not settled.
pub(super) enum Unsettled {
    /// They are refused.
    Refused {
        user: u32,
        question: u32,
        first: u64,
        second: u64,
        repeats: Repeats,
    },
    /// The mean of so many answers, the first at this place, does not fit 64 bits.
    Mean { of: u64, first: u64 },
    /// There are more answers and means than indices.
    TooMany,
}

/// The order of answers by user and then by question. Answers of one user to one question stay in
/// the order in which they came.
pub(super) fn order(arrivals: &Arrivals, users: usize) -> Order {
    let offsets = arrivals.offsets(users);
    let mut next = offsets.clone();
    let mut answers = vec![0_u32; arrivals.len()];
    for (user, run) in arrivals.runs() {
        for answer in run {
            let at = &mut next[user as usize];
            answers[*at] = answer as u32;
            *at += 1;
        }
    }
    let question = |&answer: &u32| arrivals.questions.get(answer as usize);
    for user in 0..users {
        let own = &mut answers[offsets[user]..offsets[user + 1]];
        // Few tables have their questions in another order than that of the first users.
        if !own.is_sorted_by_key(question) {
            own.sort_by_key(question);
        }
    }
    Order { offsets, answers }
}

impl Order {
    /// Leaves one answer of each user to each question. A mean is added to `arrivals`, at the place
    /// of the first answer that it is made of.
    ///
    /// # Errors
    /// Where `duplicates` refuses a repeat. The one named is that whose second place comes first.
    pub(super) fn settle(
        &mut self,
        arrivals: &mut Arrivals,
        duplicates: Duplicates,
        mean_digits: Option<u8>,
    ) -> Result<(), Unsettled> {
        let mut repeats = Repeats::default();
        // The earliest answer that is refused, the first of its kind, and their user.
        let mut refused: Option<(u32, u32, usize)> = None;
        let mut kept = 0;
        for user in 0..self.offsets.len() - 1 {
            let own = self.offsets[user]..self.offsets[user + 1];
            self.offsets[user] = kept;
            let mut start = own.start;
            while start < own.end {
                let group = self.group(arrivals, start..own.end);
                start = group.end;
                let first = self.answers[group.start];
                self.answers[kept] = if group.len() == 1 {
                    first
                } else {
                    let group = &self.answers[group];
                    let second = count(arrivals, group, duplicates, &mut repeats);
                    if let Some(second) = second
                        && refused.is_none_or(|(_, earliest, _)| second < earliest)
                    {
                        refused = Some((first, second, user));
                    }
                    settled(arrivals, group, duplicates, mean_digits)?
                };
                kept += 1;
            }
        }
        if let Some(end) = self.offsets.last_mut() {
            *end = kept;
        }
        self.answers.truncate(kept);
        match refused {
            None => Ok(()),
            Some((first, second, user)) => Err(Unsettled::Refused {
                user: user as u32,
                question: arrivals.questions.get(first as usize),
                first: arrivals.places.get(first as usize),
                second: arrivals.places.get(second as usize),
                repeats,
            }),
        }
    }

    /// The answers to the first question of these answers of a user.
    fn group(&self, arrivals: &Arrivals, of: Range<usize>) -> Range<usize> {
        let question = |at: usize| arrivals.questions.get(self.answers[at] as usize);
        let first = question(of.start);
        let end = (of.start + 1..of.end).find(|&at| question(at) != first);
        of.start..end.unwrap_or(of.end)
    }
}

/// Counts the repeats among answers of one user to one question; the first that is refused.
fn count(
    arrivals: &Arrivals,
    group: &[u32],
    duplicates: Duplicates,
    repeats: &mut Repeats,
) -> Option<u32> {
    let score = |answer: u32| arrivals.scores.get(answer as usize);
    let differs = |&&answer: &&u32| score(answer).cmp(score(group[0])).is_ne();
    repeats.all += group.len() as u64 - 1;
    repeats.different += group.iter().filter(differs).count() as u64;
    match duplicates {
        Duplicates::Error => group.get(1).copied(),
        Duplicates::Same => group.iter().find(differs).copied(),
        Duplicates::First | Duplicates::Last | Duplicates::Max | Duplicates::Mean => None,
    }
}

/// The answer that stands for several of one user to one question.
fn settled(
    arrivals: &mut Arrivals,
    group: &[u32],
    duplicates: Duplicates,
    mean_digits: Option<u8>,
) -> Result<u32, Unsettled> {
    let score = |answer: u32| arrivals.scores.get(answer as usize);
    let first = group[0];
    match duplicates {
        Duplicates::Error | Duplicates::Same | Duplicates::First => Ok(first),
        Duplicates::Last => Ok(group[group.len() - 1]),
        Duplicates::Max => Ok(group.iter().fold(first, |most, &answer| {
            match score(answer).cmp(score(most)) {
                std::cmp::Ordering::Greater => answer,
                _ => most,
            }
        })),
        Duplicates::Mean => {
            let scores: Vec<Fraction> = group.iter().map(|&answer| score(answer)).collect();
            let place = arrivals.places.get(first as usize);
            let mean = mean(&scores, mean_digits).ok_or(Unsettled::Mean {
                of: group.len() as u64,
                first: place,
            })?;
            let answer = u32::try_from(arrivals.len()).map_err(|_| Unsettled::TooMany)?;
            arrivals
                .questions
                .push(arrivals.questions.get(first as usize));
            arrivals.scores.push_fraction(mean);
            arrivals.places.push(place);
            Ok(answer)
        }
    }
}
