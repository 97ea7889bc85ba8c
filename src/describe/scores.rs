//! Which scores a table has, and how often.

use super::quotient::signed;
use crate::matrix::ResponseMatrix;
use bnum::types::U512;

/// Most different scores that are told one by one.
pub const MOST_VALUES: usize = 100;

/// The scores of a table.
#[derive(Clone, Debug, PartialEq)]
pub struct Scores {
    /// The lowest.
    pub least: f64,
    /// The highest.
    pub most: f64,
    /// Each different score with how often it was given, ascending; `None` where there are more than
    /// [`MOST_VALUES`].
    pub values: Option<Vec<(f64, u64)>>,
}

impl Scores {
    pub(super) fn of(table: &ResponseMatrix) -> Self {
        let columns = (0..table.questions().len()).map(|question| table.column(question).scores());
        let mut tally = Tally::default();
        let (mut least, mut most) = (i64::MAX, i64::MIN);
        for &score in columns.flatten() {
            least = least.min(score);
            most = most.max(score);
            tally.add(score);
        }
        let unit = U512::from(table.denominator());
        let value = |score: i64| signed(score.into(), unit);
        let values = tally.0.map(|values| {
            let values = values.into_iter();
            values.map(|(score, count)| (value(score), count)).collect()
        });
        Self {
            least: value(least),
            most: value(most),
            values,
        }
    }
}

/// Different scores with their counts, ascending, while they are few enough.
struct Tally(Option<Vec<(i64, u64)>>);

impl Default for Tally {
    fn default() -> Self {
        Self(Some(Vec::new()))
    }
}

impl Tally {
    fn add(&mut self, score: i64) {
        let Some(values) = &mut self.0 else {
            return;
        };
        match values.binary_search_by_key(&score, |&(value, _)| value) {
            Ok(at) => values[at].1 += 1,
            Err(_) if values.len() == MOST_VALUES => self.0 = None,
            Err(at) => values.insert(at, (score, 1)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn too_many_scores_are_not_told_one_by_one() {
        let mut tally = Tally::default();
        for score in (0..MOST_VALUES as i64).rev().chain(0..MOST_VALUES as i64) {
            tally.add(score);
        }
        let values = tally.0.clone().unwrap();
        assert_eq!(
            (values.len(), values[0], values[99]),
            (100, (0, 2), (99, 2))
        );
        tally.add(-1);
        assert_eq!(tally.0, None);
    }
}
