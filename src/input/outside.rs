//! Which scores each question has, as far as it takes to see those that lie far outside of others: a
//! code such as 99 or -9 that was taken for a score.

use super::codes::Range;
use super::decimal::{of_units, shown, units};
use super::note::Note;
use crate::matrix::Score;
use std::collections::BTreeSet;

/// The different scores of one question.
#[derive(Clone, Debug, Default)]
pub(super) struct Seen {
    /// Bit d is set where the score d was seen, for one digit alone in a cell.
    pub(super) digits: u16,
    /// Other scores in units of 10^-MAX_SCALE, ascending: all of them, or the outermost.
    others: Vec<i128>,
}

impl Seen {
    /// Most scores that are held; of more, those in the middle are forgotten.
    const MOST: usize = 32;

    /// Takes a score that is no digit alone in its cell.
    pub(super) fn other(&mut self, score: Score) {
        let score = units(score);
        if let Err(at) = self.others.binary_search(&score) {
            if self.others.len() == Self::MOST {
                let middle = Self::MOST / 2;
                self.others.remove(middle);
                let at = self.others.binary_search(&score).unwrap_or_else(|at| at);
                self.others.insert(at, score);
            } else {
                self.others.insert(at, score);
            }
        }
    }

    /// All of them, ascending, in units of 10^-MAX_SCALE.
    fn all(&self, scores: &[Option<Score>; 10]) -> BTreeSet<i128> {
        let digits = scores.iter().enumerate();
        let digits = digits.filter(|(digit, _)| self.digits >> digit & 1 == 1);
        let digits = digits.filter_map(|(_, score)| score.map(units));
        digits.chain(self.others.iter().copied()).collect()
    }
}

/// The lowest and highest of all scores, where there are two. `scores` are those that digits stand for.
pub(super) fn range<'s>(
    seen: impl IntoIterator<Item = &'s Seen>,
    scores: &[Option<Score>; 10],
) -> Option<Range> {
    let all: Vec<i128> = seen.into_iter().flat_map(|seen| seen.all(scores)).collect();
    let (low, high) = (*all.iter().min()?, *all.iter().max()?);
    (low < high).then_some(Range {
        low: of_units(low)?,
        high: of_units(high)?,
    })
}

/// How many scores at the end of `all`, ascending, lie far outside of the others: the gap to them is
/// at least as wide as all of the others are apart, and at least four times their mean step.
fn outside(all: &[i128]) -> usize {
    /// More are no codes but scores.
    const MOST: usize = 3;
    (1..=MOST.min(all.len().saturating_sub(2)))
        .rev()
        .find(|&count| {
            let others = &all[..all.len() - count];
            let (low, high) = (others[0], others[others.len() - 1]);
            let (gap, span) = (all[all.len() - count] - high, high - low);
            gap >= span && gap * (others.len() as i128 - 1) >= 4 * span
        })
        .unwrap_or(0)
}

/// The note of scores far outside of others, if there are any.
pub(super) fn note<'s>(
    questions: impl Iterator<Item = (&'s str, &'s Seen)>,
    scores: &[Option<Score>; 10],
) -> Option<Note> {
    let mut codes = BTreeSet::new();
    let mut named = Vec::new();
    let mut others: Option<(i128, i128)> = None;
    for (name, seen) in questions {
        let mut all: Vec<i128> = seen.all(scores).into_iter().collect();
        let above = outside(&all);
        let mut found = all.split_off(all.len() - above);
        let turned: Vec<i128> = all.iter().rev().map(|score| -score).collect();
        found.extend(all.drain(..outside(&turned)));
        if found.is_empty() {
            continue;
        }
        codes.extend(found);
        named.push(name.to_owned());
        let (low, high) = (all[0], all[all.len() - 1]);
        others = Some(others.map_or((low, high), |(l, h)| (l.min(low), h.max(high))));
    }
    let (low, high) = others?;
    Some(Note::Outside {
        scores: codes.into_iter().filter_map(of_units).map(shown).collect(),
        questions: named,
        others: Range {
            low: of_units(low)?,
            high: of_units(high)?,
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_among_scores_are_told_from_scores() {
        for (scores, count) in [
            (&[1, 2, 3, 4, 5, 99][..], 1),
            (&[1, 2, 3, 4, 5, 98, 99], 2),
            (&[1, 2, 3, 4, 5, 9], 1),
            (&[0, 1, 9], 1),
            (&[0, 1, 99], 1),
            (&[0, 1, 2], 0),
            (&[0, 1, 3], 0),
            (&[0, 1, 2, 5], 0),
            (&[1, 2, 3, 4, 5], 0),
            (&[1, 2, 3, 4, 5, 7], 0),
            (&[0, 10], 0),
            (&[5], 0),
            (&[], 0),
        ] {
            assert_eq!(outside(scores), count, "{scores:?}");
        }
    }

    #[test]
    fn the_outermost_of_many_scores_are_kept() {
        let mut seen = Seen::default();
        for n in 0..1000_i64 {
            seen.other(Score {
                mantissa: n * 7 % 1000,
                digits: 1,
            });
        }
        seen.other(Score {
            mantissa: -99,
            digits: 0,
        });
        seen.digits = 1 << 3;
        let scores = std::array::from_fn(|digit| {
            Some(Score {
                mantissa: digit as i64,
                digits: 0,
            })
        });
        assert_eq!(range([&seen], &scores).unwrap().to_string(), "-99..99.9");
        let note = note([("q", &seen)].into_iter(), &scores);
        assert_eq!(note, None);
        assert!(seen.others.len() <= Seen::MOST);
    }
}
