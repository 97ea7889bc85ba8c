//! One score from its text, exactly: decimal digits in, integer and power of ten out.

use super::decimal::{Decimal, MAX_DIGITS, Unheld, Written, sign};
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
    /// A point where the comma belongs.
    #[error("{text}, with a point: decimals were said to be written with a comma")]
    Point {
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
    /// A number beside the scores with more digits behind the point than are held.
    #[error("{text}, with more than {MAX_DIGITS} digits behind the point: round it first")]
    TooFine {
        /// The text, quoted.
        text: String,
    },
    /// A number beside the scores that does not fit 127 bits.
    #[error("{text}, which does not fit 127 bits without its point: use a larger unit")]
    TooLarge {
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

/// The score that `text`, trimmed and not empty, writes with this character for a point.
///
/// Accepted: `[+-] digits [point digits] [e [+-] digits]`, with digits before or behind the point.
/// Zeros that end the part behind the point do not count, so `1`, `1.0` and `10e-1` are one score.
/// Where `round` says to how many digits, halves go away from zero. Time is linear in the text,
/// whatever the exponent.
pub(super) fn parse(text: &str, point: u8, round: Option<u8>) -> Result<Score, ScoreFault> {
    let Some(written) = Written::read(text.as_bytes(), point) else {
        return Err(not_a_number(text, point));
    };
    written.score(round).map_err(|unheld| of(unheld, text))
}

/// The exact number that `text`, trimmed and not empty, writes, up to [`MAX_DIGITS`] digits.
pub(super) fn exact(text: &str, point: u8) -> Result<Decimal, ScoreFault> {
    let Some(written) = Written::read(text.as_bytes(), point) else {
        return Err(not_a_number(text, point));
    };
    written
        .value(MAX_DIGITS, None)
        .map_err(|unheld| match unheld {
            Unheld::TooManyDigits => ScoreFault::TooFine {
                text: excerpt(text),
            },
            Unheld::TooWide => ScoreFault::TooLarge {
                text: excerpt(text),
            },
        })
}

fn of(unheld: Unheld, text: &str) -> ScoreFault {
    let text = excerpt(text);
    match unheld {
        Unheld::TooManyDigits => ScoreFault::TooManyDigits { text },
        Unheld::TooWide => ScoreFault::TooWide { text },
    }
}

/// The fault that helps most with `text`, which is no number.
fn not_a_number(text: &str, point: u8) -> ScoreFault {
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
    } else if point == b',' && Written::read(text.as_bytes(), b'.').is_some() {
        ScoreFault::Point { text: quoted }
    } else if text.contains(',') && Written::read(text.replace(',', "").as_bytes(), b'.').is_some()
    {
        ScoreFault::Comma { text: quoted }
    } else {
        ScoreFault::NotANumber { text: quoted }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Option<Score>, ScoreFault> {
        let text = text.trim();
        match text.is_empty() {
            true => Ok(None),
            false => super::parse(text, b'.', None).map(Some),
        }
    }

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
            "½", "1e5e5", "1\u{a0}1",
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
