//! One score from its text, exactly: decimal digits in, integer and power of ten out.

use super::quote::excerpt;
use crate::matrix::{MAX_SCALE, Score};

/// Why a text is no score; the message goes on after "the score is".
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ScoreFault {
    /// No decimal number.
    #[error(
        "{text}, not a number: write an integer or a decimal such as 1, 0.5 or -2, \
         and leave a missing answer empty"
    )]
    NotANumber {
        /// The text, quoted.
        text: String,
    },
    /// A word for "no value", which might also be a slip.
    #[error("{text}, not a number: leave a missing answer empty (in JSON: null)")]
    NoValue {
        /// The text, quoted.
        text: String,
    },
    /// Infinity.
    #[error("{text}, not finite: scores are finite numbers")]
    NotFinite {
        /// The text, quoted.
        text: String,
    },
    /// A comma where the point belongs.
    #[error("{text}, with a comma: write decimals with a point and no thousands separators")]
    Comma {
        /// The text, quoted.
        text: String,
    },
    /// More digits behind the point than are held.
    #[error(
        "{text}, with more than {MAX_SCALE} digits behind the point: nothing is rounded here, \
         so round it first"
    )]
    TooManyDigits {
        /// The text, quoted.
        text: String,
    },
    /// Does not fit 64 bits.
    #[error(
        "{text}, which does not fit 64 bits without its point: use a larger unit or fewer digits"
    )]
    TooWide {
        /// The text, quoted.
        text: String,
    },
}

/// The score that `text` writes, or `None` where it is empty: a missing answer.
///
/// ASCII space around the number is ignored. Accepted: `[+-] digits [. digits] [e [+-] digits]`,
/// with digits before or behind the point. Zeros that end the part behind the point do not count,
/// so `1`, `1.0` and `10e-1` are one score. Time is linear in the text, whatever the exponent.
pub(super) fn parse(text: &str) -> Result<Option<Score>, ScoreFault> {
    let trimmed = text.trim_ascii();
    if trimmed.is_empty() {
        return Ok(None);
    }
    let Some(decimal) = Decimal::read(trimmed.as_bytes()) else {
        return Err(not_a_number(trimmed));
    };
    decimal.score(trimmed).map(Some)
}

/// The parts of a number as written.
struct Decimal<'a> {
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
fn sign(text: &[u8]) -> (bool, &[u8]) {
    match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, text),
    }
}

impl<'a> Decimal<'a> {
    fn read(text: &'a [u8]) -> Option<Self> {
        let (negative, rest) = sign(text);
        let (whole, rest) = digits(rest);
        let (fraction, rest) = match rest {
            [b'.', rest @ ..] => digits(rest),
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

    fn score(&self, text: &str) -> Result<Score, ScoreFault> {
        let too_wide = || ScoreFault::TooWide {
            text: excerpt(text),
        };
        let nonzero = |&b: &u8| b != b'0';
        let behind = self.fraction.iter().rposition(nonzero);
        let last = match behind {
            Some(at) => Some(self.whole.len() + at),
            None => self.whole.iter().rposition(nonzero),
        };
        let Some(last) = last else {
            return Ok(Score {
                mantissa: 0,
                digits: 0,
            });
        };
        // The value is its digits up to the last nonzero one, times 10^power.
        let power = self.exponent + (self.whole.len() as i64 - 1 - last as i64);
        if power < -i64::from(MAX_SCALE) {
            return Err(ScoreFault::TooManyDigits {
                text: excerpt(text),
            });
        }
        let mut digits = self.whole.iter().chain(self.fraction).take(last + 1);
        let magnitude = digits
            .try_fold(0_u64, |sum, b| {
                sum.checked_mul(10)?.checked_add(u64::from(b - b'0'))
            })
            .and_then(|magnitude| {
                let zeros = u32::try_from(power.max(0)).ok()?;
                magnitude.checked_mul(10_u64.checked_pow(zeros)?)
            })
            .ok_or_else(too_wide)?;
        let signed = if self.negative {
            -i128::from(magnitude)
        } else {
            i128::from(magnitude)
        };
        Ok(Score {
            mantissa: i64::try_from(signed).map_err(|_| too_wide())?,
            // At most MAX_SCALE, checked above.
            digits: (-power.min(0)) as u8,
        })
    }
}

/// The fault that helps most with `text`, which is no number.
fn not_a_number(text: &str) -> ScoreFault {
    let quoted = excerpt(text);
    let (_, word) = sign(text.as_bytes());
    let is = |words: &[&str]| {
        words
            .iter()
            .any(|w| word.eq_ignore_ascii_case(w.as_bytes()))
    };
    if is(&[
        "na", "n/a", "nan", "null", "none", "nil", "missing", ".", "", "#n/a", "<na>",
    ]) {
        ScoreFault::NoValue { text: quoted }
    } else if is(&["inf", "infinity"]) {
        ScoreFault::NotFinite { text: quoted }
    } else if text.contains(',') && Decimal::read(text.replace(',', "").as_bytes()).is_some() {
        ScoreFault::Comma { text: quoted }
    } else {
        ScoreFault::NotANumber { text: quoted }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn is(text: &str, mantissa: i64, digits: u8) {
        assert_eq!(
            parse(text),
            Ok(Some(Score { mantissa, digits })),
            "{text:?}"
        );
    }

    #[test]
    fn exact_whatever_the_notation() {
        for text in [
            "1", "1.0", "10e-1", "+1", " 1 ", "01", "1.", "0.1e1", "1e0", "1E+0",
        ] {
            is(text, 1, 0);
        }
        for text in [
            "0",
            "-0",
            "0.000000000000",
            "0e999999999999999999999",
            "0e-99999",
            ".0",
        ] {
            is(text, 0, 0);
        }
        is("-0.50", -5, 1);
        is(".5", 5, 1);
        is("1e-3", 1, 3);
        is("5E2", 500, 0);
        is("12.34e1", 1234, 1);
        is("0.1", 1, 1);
        is("1.000000000000000000000000000000", 1, 0);
        is("1000000000000000000000000000e-20", 10_000_000, 0);
        is("0.123456789", 123_456_789, 9);
        is("9223372036854775807", i64::MAX, 0);
        is("-9223372036854775808", i64::MIN, 0);
        is("-9223372036.854775808", i64::MIN, 9);
        is("922337203685477580.7e1", i64::MAX, 0);
        assert_eq!(parse(""), Ok(None));
        assert_eq!(parse(" \t"), Ok(None));
    }

    #[test]
    fn agrees_with_integers_over_every_split_of_the_digits() {
        // Each number below 1000 at each power, against plain integer division.
        for n in -999_i64..1000 {
            for power in 0..=6_u32 {
                let (mut mantissa, mut digits) = (n, power as u8);
                while digits > 0 && mantissa % 10 == 0 {
                    (mantissa, digits) = (mantissa / 10, digits - 1);
                }
                is(&format!("{n}e-{power}"), mantissa, digits);
                let minus = if n < 0 { "-" } else { "" };
                let scale = 10_u64.pow(power);
                let (whole, rest) = (n.unsigned_abs() / scale, n.unsigned_abs() % scale);
                let width = power as usize;
                if power > 0 {
                    is(&format!("{minus}{whole}.{rest:0width$}"), mantissa, digits);
                }
            }
        }
    }

    #[test]
    fn faults_have_their_kind() {
        let fault = |text: &str| parse(text).unwrap_err();
        for text in [
            "abc", "true", "1 2", "1e", "e1", "1e+", "--1", "0x10", "1_000", "٣", "1.2.3", "1e1.5",
            "½", "1e5e5", "\u{a0}1",
        ] {
            assert!(
                matches!(fault(text), ScoreFault::NotANumber { .. }),
                "{text}"
            );
        }
        for text in ["NA", "NaN", "nan", "-nan", "null", "None", "-", ".", "#N/A"] {
            assert!(matches!(fault(text), ScoreFault::NoValue { .. }), "{text}");
        }
        for text in ["inf", "-Infinity", "+INF"] {
            assert!(
                matches!(fault(text), ScoreFault::NotFinite { .. }),
                "{text}"
            );
        }
        for text in ["0,5", "1,000.5"] {
            assert!(matches!(fault(text), ScoreFault::Comma { .. }), "{text}");
        }
        for text in ["0.1234567891", "1e-10", "1e-99999999999999999999999"] {
            assert!(
                matches!(fault(text), ScoreFault::TooManyDigits { .. }),
                "{text}"
            );
        }
        for text in [
            "9223372036854775808",
            "-9223372036854775809",
            "1e19",
            "1e99999999999999999999999",
            "99999999999999999999999.5",
        ] {
            assert!(matches!(fault(text), ScoreFault::TooWide { .. }), "{text}");
        }
    }
}
