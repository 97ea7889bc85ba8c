//! The lengths of sets that `-k` asks for: a number, a range with both its ends, several with commas.

use std::ops::RangeInclusive;
use std::str::FromStr;

/// One length of sets or more, each once, in the order typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lengths(Vec<RangeInclusive<usize>>);

impl Lengths {
    /// Whether it is one length alone.
    pub fn is_one(&self) -> bool {
        matches!(self.0.as_slice(), [only] if only.start() == only.end())
    }

    /// The shortest.
    pub fn least(&self) -> usize {
        let starts = self.0.iter().map(RangeInclusive::start);
        starts.copied().min().unwrap_or(0)
    }

    /// The longest.
    pub fn most(&self) -> usize {
        let ends = self.0.iter().map(RangeInclusive::end);
        ends.copied().max().unwrap_or(0)
    }

    /// Each of them. They may be more than memory holds; those of a table are at most its questions.
    pub fn iter(&self) -> impl Iterator<Item = usize> + '_ {
        self.0.iter().cloned().flatten()
    }
}

/// What is wrong with a text that is to be [`Lengths`].
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum LengthsError {
    /// Something that is no number and no range.
    #[error("give a number such as 5, a range such as 2..8, or several with commas")]
    NoNumber,
    /// A range that starts behind its end.
    #[error("{0}..{1} has no length: give the shorter one first")]
    Empty(usize, usize),
    /// A length in two places.
    #[error("{0} is named twice")]
    Twice(usize),
}

impl FromStr for Lengths {
    type Err = LengthsError;

    fn from_str(text: &str) -> Result<Self, LengthsError> {
        let number = |text: &str| text.trim().parse().map_err(|_| LengthsError::NoNumber);
        let mut all: Vec<RangeInclusive<usize>> = Vec::new();
        for item in text.split(',') {
            let (start, end) = match item.split_once("..") {
                Some((start, end)) => (number(start)?, number(end)?),
                None => (number(item)?, number(item)?),
            };
            if start > end {
                return Err(LengthsError::Empty(start, end));
            }
            let meets =
                |other: &&RangeInclusive<usize>| start <= *other.end() && *other.start() <= end;
            if let Some(other) = all.iter().find(meets) {
                return Err(LengthsError::Twice(start.max(*other.start())));
            }
            all.push(start..=end);
        }
        Ok(Self(all))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Vec<usize>, LengthsError> {
        text.parse::<Lengths>().map(|all| all.iter().collect())
    }

    #[test]
    fn numbers_ranges_and_several() {
        assert_eq!(read("3"), Ok(vec![3]));
        assert_eq!(read("2..4"), Ok(vec![2, 3, 4]));
        assert_eq!(read("6, 2..3,9"), Ok(vec![6, 2, 3, 9]));
        let one = |text: &str| text.parse().is_ok_and(|all: Lengths| all.is_one());
        assert!(one("3") && one("3..3") && !one("3..4") && !one("3,4"));
        let wide: Lengths = "1,3..18446744073709551615".parse().expect("lengths");
        assert_eq!((wide.least(), wide.most()), (1, usize::MAX));
    }

    #[test]
    fn what_is_none_is_refused() {
        for text in [
            "", "three", "2..", "..3", "2..=3", "1,,2", "-1", "2...4", "2-4",
        ] {
            assert_eq!(read(text), Err(LengthsError::NoNumber), "{text}");
        }
        assert_eq!(read("8..2"), Err(LengthsError::Empty(8, 2)));
        assert_eq!(read("2..5,4"), Err(LengthsError::Twice(4)));
        assert_eq!(read("4,2..5"), Err(LengthsError::Twice(4)));
        assert_eq!(read("3,3"), Err(LengthsError::Twice(3)));
    }
}
