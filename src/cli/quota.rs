//! How many questions of each group a set has, as typed: `E=2,N=1..3`.

use std::ops::RangeInclusive;
use std::str::FromStr;

/// Groups with the number of questions that a set has of each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PerGroup(pub Vec<(String, RangeInclusive<usize>)>);

/// What is wrong with a text that is to be [`PerGroup`].
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum PerGroupError {
    /// Something that is no group with a number.
    #[error("{0:?} is no group with a number: write E=2 or N=1..3, with commas between")]
    NoNumber(String),
    /// A range that starts behind its end.
    #[error("{0}..{1} is empty: give the smaller number first")]
    Empty(usize, usize),
    /// A group in two places.
    #[error("group {0:?} is named twice")]
    Twice(String),
}

impl FromStr for PerGroup {
    type Err = PerGroupError;

    fn from_str(text: &str) -> Result<Self, PerGroupError> {
        let mut all: Vec<(String, RangeInclusive<usize>)> = Vec::new();
        for item in text.split(',') {
            let fault = || PerGroupError::NoNumber(item.to_owned());
            let number = |text: &str| text.trim().parse().map_err(|_| fault());
            let (group, numbers) = item.rsplit_once('=').ok_or_else(fault)?;
            let (low, high) = match numbers.split_once("..") {
                Some((low, high)) => (number(low)?, number(high)?),
                None => (number(numbers)?, number(numbers)?),
            };
            if low > high {
                return Err(PerGroupError::Empty(low, high));
            }
            let group = group.trim();
            if all.iter().any(|(other, _)| other == group) {
                return Err(PerGroupError::Twice(group.to_owned()));
            }
            all.push((group.to_owned(), low..=high));
        }
        Ok(Self(all))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_with_numbers() {
        let read = |text: &str| text.parse::<PerGroup>();
        let all = vec![("E".to_owned(), 2..=2), ("a=b".to_owned(), 1..=3)];
        assert_eq!(read("E=2, a=b = 1..3"), Ok(PerGroup(all)));
        for text in ["", "E", "E=", "E=x", "E=1..", "E=-1", "E=2,"] {
            assert!(
                matches!(read(text), Err(PerGroupError::NoNumber(_))),
                "{text}"
            );
        }
        assert_eq!(read("E=3..2"), Err(PerGroupError::Empty(3, 2)));
        assert_eq!(read("E=1,E=2"), Err(PerGroupError::Twice("E".to_owned())));
    }
}
