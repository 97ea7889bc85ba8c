//! Which part of a division.

use std::fmt;
use std::str::FromStr;

/// Part I of N, from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Portion {
    number: u32,
    of: u32,
}

/// A text that names no part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a part is I/N, such as 3/8, with I from 1 to N")]
pub struct PortionError;

impl Portion {
    /// Part `number` of `of`, if there is such a one.
    #[must_use]
    pub fn new(number: u32, of: u32) -> Option<Self> {
        (1..=of).contains(&number).then_some(Self { number, of })
    }

    /// I, from 1.
    #[must_use]
    pub fn number(self) -> u32 {
        self.number
    }

    /// N.
    #[must_use]
    pub fn of(self) -> u32 {
        self.of
    }
}

impl FromStr for Portion {
    type Err = PortionError;

    fn from_str(text: &str) -> Result<Self, PortionError> {
        let (number, of) = text.split_once('/').ok_or(PortionError)?;
        let plain = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if !plain(number) || !plain(of) {
            return Err(PortionError);
        }
        let [number, of] = [number, of].map(|text| text.parse().ok());
        let portion = number
            .zip(of)
            .and_then(|(number, of)| Self::new(number, of));
        portion.ok_or(PortionError)
    }
}

impl fmt::Display for Portion {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}/{}", self.number, self.of)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_named_i_of_n() {
        let read = |text: &str| text.parse::<Portion>().ok();
        assert_eq!(read("3/8"), Portion::new(3, 8));
        assert_eq!(read("3/8").unwrap().to_string(), "3/8");
        for text in [
            "0/8", "9/8", "3", "3/", "/8", "+1/8", "1/ 8", "1/8/9", "1/0",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
