//! A length of time as typed: seconds, or a number with a unit.

use std::time::Duration;

/// Reads `90`, `1.5`, `30s`, `10m`, `2h` or `1d`.
///
/// # Errors
/// What is wrong, as a sentence.
pub fn parse(text: &str) -> Result<Duration, String> {
    let wrong =
        || "give seconds such as 90 or 1.5, or a number with s, m, h or d such as 10m".to_owned();
    let units = [("s", 1.0), ("m", 60.0), ("h", 3600.0), ("d", 86_400.0)];
    let with = |&(unit, seconds): &(&str, f64)| Some((text.strip_suffix(unit)?, seconds));
    let (number, unit) = units.iter().find_map(with).unwrap_or((text, 1.0));
    let plain = number.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    let number: f64 = number.parse().map_err(|_| wrong())?;
    if !plain {
        return Err(wrong());
    }
    if number == 0.0 {
        return Err("there is no time in it: give more than 0".to_owned());
    }
    Duration::try_from_secs_f64(number * unit).map_err(|_| wrong())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read() {
        for (text, seconds) in [
            ("5", 5.0),
            ("1.5", 1.5),
            ("30s", 30.0),
            ("10m", 600.0),
            (".5h", 1800.0),
            ("2d", 172_800.0),
        ] {
            assert_eq!(parse(text), Ok(Duration::from_secs_f64(seconds)), "{text}");
        }
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for text in [
            "",
            "s",
            "-1",
            "+1",
            "1e3",
            "inf",
            "nan",
            "5 s",
            "1:30",
            "0",
            "0s",
            "1w",
            "9".repeat(40).as_str(),
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
