//! The whole table as rows of bits: for each user and score, the questions that they scored so.

use crate::arch::Row;

/// Most distinct scores: a row each.
const MOST_VALUES: usize = 8;

/// Most steps from the lowest score to the highest.
const MOST_STEPS: i64 = 15;

/// Records are copied this many at a time, so that copying takes no unforeseen branches.
pub(in super::super) const AT_ONCE: usize = 32;

/// Questions in a row, a bit each.
pub(in super::super) const LANES: usize = 256;

/// The scores in units of their common step, from the lowest: 0 and 1 where there are two.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in super::super) struct Steps {
    /// Steps of each distinct score, ascending; the first is 0.
    pub(in super::super) of: Vec<u32>,
    /// The common step.
    pub(in super::super) unit: i64,
}

impl Steps {
    /// Steps of distinct scores, ascending; `None` where they are more than `most` or too far apart.
    pub(super) fn new(scores: &[i64], most: usize) -> Option<Self> {
        let (&lowest, &highest) = (scores.first()?, scores.last()?);
        let range = highest.checked_sub(lowest)?;
        let unit = scores
            .iter()
            .fold(0, |unit, score| gcd(unit, score - lowest));
        let fits = (2..=most).contains(&scores.len()) && range / unit <= MOST_STEPS;
        fits.then(|| Self {
            of: scores
                .iter()
                .map(|score| ((score - lowest) / unit) as u32)
                .collect(),
            unit,
        })
    }

    /// Steps of the highest score.
    pub(in super::super) fn most(&self) -> u32 {
        self.of.last().copied().unwrap_or(0)
    }
}

fn gcd(a: i64, b: i64) -> i64 {
    if b == 0 { a } else { gcd(b, a % b) }
}

/// The table.
#[derive(Clone, Debug)]
pub(in super::super) struct Table {
    pub(in super::super) steps: Steps,
    /// From one user's records to the next one's, 0 where there are none; behind the last are
    /// [`AT_ONCE`] more.
    pub(in super::super) stride: usize,
    /// A row for each user and score.
    pub(in super::super) rows: Vec<Row>,
    /// For each user their answers by ascending position, where asked for: position + 256 · the score's index.
    pub(in super::super) records: Vec<u16>,
    /// How many answers each user has.
    pub(in super::super) lengths: Vec<u16>,
}

impl Table {
    /// Bits of every user, each user's answers being positions below `questions` and indices of `scores`,
    /// which are ascending; with `records` or without. `None` where positions or scores do not fit.
    pub(super) fn new(
        questions: usize,
        scores: &[i64],
        answers: impl ExactSizeIterator<Item = impl ExactSizeIterator<Item = (usize, usize)>> + Clone,
        records: bool,
    ) -> Option<Self> {
        if questions > LANES {
            return None;
        }
        let steps = Steps::new(scores, MOST_VALUES)?;
        let values = steps.of.len();
        let lengths = answers.clone().map(|answers| answers.len());
        let longest = lengths.clone().max()?;
        let stride = if records { longest } else { 0 };
        let users = answers.len();
        let mut table = Self {
            steps,
            stride,
            rows: vec![Row::default(); users * values],
            records: vec![0; users * stride + AT_ONCE],
            lengths: lengths.map(|length| length as u16).collect(),
        };
        for (user, answers) in answers.enumerate() {
            for (i, (lane, value)) in answers.enumerate() {
                table.rows[user * values + value].0[lane / 64] |= 1 << (lane % 64);
                if records {
                    table.records[user * stride + i] = (lane | value << 8) as u16;
                }
            }
        }
        Some(table)
    }

    /// Each user's row of the lower score and that of the higher, where there are two.
    pub(in super::super) fn pairs(&self) -> Option<&[[Row; 2]]> {
        (self.steps.of.len() == 2).then(|| self.rows.as_chunks::<2>().0)
    }

    /// Whether there are records.
    pub(in super::super) fn has_records(&self) -> bool {
        self.stride > 0
    }

    /// The bits of some users, in this order.
    pub(in super::super) fn of_users(&self, users: impl Iterator<Item = usize>) -> Self {
        let mut table = Self {
            steps: self.steps.clone(),
            stride: self.stride,
            rows: Vec::new(),
            records: Vec::new(),
            lengths: Vec::new(),
        };
        let values = self.steps.of.len();
        for user in users {
            table.lengths.push(self.lengths[user]);
            table
                .rows
                .extend_from_slice(&self.rows[user * values..(user + 1) * values]);
            table
                .records
                .extend_from_slice(&self.records[user * self.stride..(user + 1) * self.stride]);
        }
        table.records.resize(table.records.len() + AT_ONCE, 0);
        table
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_become_steps() {
        let of = |scores: &[i64]| Steps::new(scores, MOST_VALUES).map(|steps| steps.of);
        assert_eq!(of(&[0, 1]), Some(vec![0, 1]));
        assert_eq!(of(&[-7, 5]), Some(vec![0, 1]));
        assert_eq!(of(&[-4, 2, 5]), Some(vec![0, 2, 3]));
        assert_eq!(of(&[0, 1, 15]), Some(vec![0, 1, 15]));
        assert_eq!(of(&[0, 1, 16]), None);
        assert_eq!(of(&[3]), None);
        assert_eq!(of(&[0, 1, 2, 3, 4, 5, 6, 7, 8]), None);
        assert_eq!(of(&[i64::MIN, i64::MAX]), None);
    }
}
