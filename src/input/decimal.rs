//! Decimal numbers as they are written: their parts, their exact value, and rounding by their digits.

use crate::matrix::{MAX_SCALE, Score};
use std::fmt;

/// Most digits behind the point of a [`Decimal`].
pub const MAX_DIGITS: u8 = 38;

/// An exact decimal number, `mantissa / 10^digits`, without zeros that end the part behind the point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decimal {
    /// The number without its point.
    pub mantissa: i128,
    /// How many of the mantissa's digits stand behind the point, at most [`MAX_DIGITS`].
    pub digits: u8,
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let size = self.mantissa.unsigned_abs();
        let minus = if self.mantissa < 0 { "-" } else { "" };
        match usize::from(self.digits) {
            0 => write!(f, "{minus}{size}"),
            digits => {
                let unit = 10_u128.pow(u32::from(self.digits));
                let (whole, rest) = (size / unit, size % unit);
                write!(f, "{minus}{whole}.{rest:0digits$}")
            }
        }
    }
}

/// Why a number is not held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unheld {
    /// More digits behind the point than asked for.
    TooManyDigits,
    /// Does not fit its integer.
    TooWide,
}

/// The parts of a number as written.
#[derive(Clone, Copy, Debug)]
pub(super) struct Written<'a> {
    negative: bool,
    whole: &'a [u8],
    fraction: &'a [u8],
    /// Held at [`FAR`] beyond it, either way.
    exponent: i64,
}

/// Where exponents stop counting: a nonzero number with this one has too many digits or is too
/// wide whatever its digits, as no text has 2^62 of them.
const FAR: i64 = 1 << 62;

/// The leading ASCII digits, and the rest.
fn digits(text: &[u8]) -> (&[u8], &[u8]) {
    let end = text
        .iter()
        .position(|b| !b.is_ascii_digit())
        .unwrap_or(text.len());
    text.split_at(end)
}

/// A leading sign, and the rest.
pub(super) fn sign(text: &[u8]) -> (bool, &[u8]) {
    match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, text),
    }
}

impl<'a> Written<'a> {
    /// Takes `[+-] digits [point digits] [e [+-] digits]` apart, with digits before or behind the
    /// point.
    pub(super) fn read(text: &'a [u8], point: u8) -> Option<Self> {
        let (negative, rest) = sign(text);
        let (whole, rest) = digits(rest);
        let (fraction, rest) = match rest {
            [first, rest @ ..] if *first == point => digits(rest),
            _ => (&rest[..0], rest),
        };
        if whole.is_empty() && fraction.is_empty() {
            return None;
        }
        let exponent = match rest {
            [] => 0,
            [b'e' | b'E', rest @ ..] => {
                let (negative, rest) = sign(rest);
                let (power, rest) = digits(rest);
                if power.is_empty() || !rest.is_empty() {
                    return None;
                }
                let power = power.iter().fold(0_i64, |sum, b| {
                    sum.saturating_mul(10)
                        .saturating_add(i64::from(b - b'0'))
                        .min(FAR)
                });
                if negative { -power } else { power }
            }
            _ => return None,
        };
        Some(Self {
            negative,
            whole,
            fraction,
            exponent,
        })
    }

    /// The exact value with at most `most` digits behind the point, or, where `round` says how many
    /// are wanted, the nearest with so many, halves away from zero.
    pub(super) fn value(&self, most: u8, round: Option<u8>) -> Result<Decimal, Unheld> {
        const ZERO: Decimal = Decimal {
            mantissa: 0,
            digits: 0,
        };
        let nonzero = |&b: &u8| b != b'0';
        let behind = self.fraction.iter().rposition(nonzero);
        let last = match behind {
            Some(at) => Some(self.whole.len() + at),
            None => self.whole.iter().rposition(nonzero),
        };
        let Some(last) = last else {
            return Ok(ZERO);
        };
        // The value is its digits up to the last nonzero one, times 10^power.
        let power = self.exponent + (self.whole.len() as i64 - 1 - last as i64);
        let all = || self.whole.iter().chain(self.fraction).take(last + 1);
        let (kept, up, power) = match round {
            Some(wanted) if power < -i64::from(wanted) => {
                // Of the last + 1 digits so many are behind the wanted ones. The first of them
                // decides: it is 5 or more exactly where they are half or more.
                let beyond = -i64::from(wanted) - power;
                match usize::try_from(beyond) {
                    Ok(beyond) if beyond <= last + 1 => {
                        let kept = last + 1 - beyond;
                        let up = all().nth(kept).is_some_and(|&b| b >= b'5');
                        (kept, up, -i64::from(wanted))
                    }
                    _ => return Ok(ZERO),
                }
            }
            _ => (last + 1, false, power),
        };
        if power < -i64::from(most) {
            return Err(Unheld::TooManyDigits);
        }
        let magnitude = all().take(kept).try_fold(0_u128, |sum, b| {
            sum.checked_mul(10)?.checked_add(u128::from(b - b'0'))
        });
        let mut magnitude = magnitude
            .and_then(|magnitude| magnitude.checked_add(u128::from(up)))
            .ok_or(Unheld::TooWide)?;
        if magnitude == 0 {
            return Ok(ZERO);
        }
        // Zeros may end what was rounded.
        let mut digits = power.min(0).unsigned_abs() as u8;
        while digits > 0 && magnitude % 10 == 0 {
            (magnitude, digits) = (magnitude / 10, digits - 1);
        }
        let mantissa = u32::try_from(power.max(0))
            .ok()
            .and_then(|zeros| magnitude.checked_mul(10_u128.checked_pow(zeros)?))
            .and_then(|magnitude| i128::try_from(magnitude).ok())
            .ok_or(Unheld::TooWide)?;
        Ok(Decimal {
            mantissa: if self.negative { -mantissa } else { mantissa },
            digits,
        })
    }

    /// The score that the number is.
    pub(super) fn score(&self, round: Option<u8>) -> Result<Score, Unheld> {
        let value = self.value(MAX_SCALE, round)?;
        Ok(Score {
            mantissa: i64::try_from(value.mantissa).map_err(|_| Unheld::TooWide)?,
            digits: value.digits,
        })
    }
}

/// A score in units of 10^-[`MAX_SCALE`], exactly.
pub(super) fn units(score: Score) -> i128 {
    i128::from(score.mantissa) * 10_i128.pow(u32::from(MAX_SCALE - score.digits))
}

/// The score of so many units of 10^-[`MAX_SCALE`], where it fits.
pub(super) fn of_units(units: i128) -> Option<Score> {
    let (mut mantissa, mut digits) = (units, MAX_SCALE);
    while digits > 0 && mantissa % 10 == 0 {
        (mantissa, digits) = (mantissa / 10, digits - 1);
    }
    Some(Score {
        mantissa: i64::try_from(mantissa).ok()?,
        digits,
    })
}

/// A score as text.
pub(super) fn shown(score: Score) -> String {
    let (mantissa, digits) = (i128::from(score.mantissa), score.digits);
    Decimal { mantissa, digits }.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(text: &str, round: Option<u8>) -> Result<(i128, u8), Unheld> {
        let written = Written::read(text.as_bytes(), b'.').expect("a number");
        let value = written.value(MAX_DIGITS, round)?;
        Ok((value.mantissa, value.digits))
    }

    #[test]
    fn rounds_halves_away_from_zero_by_the_digits() {
        for (text, digits, want) in [
            ("0.3333333333333333", 6, (333_333, 6)),
            ("0.6666666666666666", 6, (666_667, 6)),
            ("1.0", 6, (1, 0)),
            ("0.5", 0, (1, 0)),
            ("-0.5", 0, (-1, 0)),
            ("0.49999999999999999999999", 0, (0, 0)),
            ("2.5", 0, (3, 0)),
            ("1.005", 2, (101, 2)),
            ("0.999999", 3, (1, 0)),
            ("9.99", 1, (10, 0)),
            ("0.04", 1, (0, 0)),
            ("0.05", 1, (1, 1)),
            ("5e-1", 0, (1, 0)),
            ("5e-2", 0, (0, 0)),
            ("4e-1", 0, (0, 0)),
            ("1e-99999999999999999999", 3, (0, 0)),
            ("123.456e1", 1, (12_346, 1)),
            ("00.5", 0, (1, 0)),
            ("0.0000005", 6, (1, 6)),
        ] {
            assert_eq!(value(text, Some(digits)), Ok(want), "{text}");
        }
    }

    #[test]
    fn rounding_agrees_with_integers() {
        for n in -2000_i128..2000 {
            for to in 0..3_u8 {
                let unit = 10_i128.pow(u32::from(3 - to));
                let size = (n.abs() + unit / 2) / unit * n.signum();
                let (mut mantissa, mut digits) = (size, to);
                while digits > 0 && mantissa % 10 == 0 {
                    (mantissa, digits) = (mantissa / 10, digits - 1);
                }
                assert_eq!(
                    value(&format!("{n}e-3"), Some(to)),
                    Ok((mantissa, digits)),
                    "{n} {to}"
                );
            }
        }
    }

    #[test]
    fn up_to_38_digits_are_held() {
        let long = "0.12345678901234567890123456789012345678";
        assert_eq!(
            value(long, None),
            Ok((12_345_678_901_234_567_890_123_456_789_012_345_678, 38))
        );
        assert_eq!(value(&format!("{long}1"), None), Err(Unheld::TooManyDigits));
        assert_eq!(value("1e39", None), Err(Unheld::TooWide));
        assert_eq!(value("-1e38", None), Ok((-(10_i128.pow(38)), 0)));
    }

    #[test]
    fn scores_by_units_and_as_text() {
        for text in ["0", "-2", "1.5", "-0.005", "0.123456789", "100"] {
            let score = Written::read(text.as_bytes(), b'.')
                .unwrap()
                .score(None)
                .unwrap();
            assert_eq!(of_units(units(score)), Some(score), "{text}");
            assert_eq!(shown(score), text);
        }
    }
}
