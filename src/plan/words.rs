//! Times and bytes as people read them, to two or three digits: a plan knows no more.

/// Seconds in the largest unit of which there are two or so.
const UNITS: [(f64, f64, &str); 6] = [
    (0.95, 1e-3, "ms"),
    (119.5, 1.0, "s"),
    (119.5 * 60.0, 60.0, "min"),
    (47.5 * 3600.0, 3600.0, "h"),
    (730.0 * 86_400.0, 86_400.0, "days"),
    (f64::INFINITY, 365.25 * 86_400.0, "years"),
];

/// A length of time: `12 ms`, `3.4 s`, `95 s`, `12 min`, `30 h`, `14 days`, `4.5e9 years`.
#[must_use]
pub fn time(seconds: f64) -> String {
    let unit = UNITS.iter().find(|(most, ..)| seconds < *most);
    let (_, of, name) = unit.unwrap_or(&UNITS[5]);
    format!("{} {name}", digits(seconds / of))
}

fn digits(number: f64) -> String {
    match number {
        n if n < 9.95 => format!("{n:.1}"),
        n if n < 99_999.5 => format!("{n:.0}"),
        n => format!("{n:.1e}"),
    }
}

/// A number of bytes: `310 MiB`, `1.2 GiB`.
#[must_use]
pub fn bytes(bytes: u64) -> String {
    let mut number = bytes as f64;
    let mut unit = "bytes";
    for larger in ["KiB", "MiB", "GiB", "TiB"] {
        if number < 1024.0 {
            break;
        }
        (number, unit) = (number / 1024.0, larger);
    }
    match unit {
        "bytes" => format!("{bytes} bytes"),
        unit => format!("{} {unit}", digits(number)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_two_or_three_digits_and_a_unit() {
        for (seconds, text) in [
            (0.0, "0.0 ms"),
            (0.012, "12 ms"),
            (0.95, "0.9 s"),
            (3.42, "3.4 s"),
            (9.96, "10 s"),
            (95.0, "95 s"),
            (720.0, "12 min"),
            (7_200.0, "2.0 h"),
            (108_000.0, "30 h"),
            (1_209_600.0, "14 days"),
            (63_115_200.0, "2.0 years"),
            (1.42e17, "4.5e9 years"),
            (f64::INFINITY, "inf years"),
        ] {
            assert_eq!(time(seconds), text, "{seconds}");
        }
    }

    #[test]
    fn bytes_have_a_unit() {
        for (number, text) in [
            (0, "0 bytes"),
            (1023, "1023 bytes"),
            (1024, "1.0 KiB"),
            (310 << 20, "310 MiB"),
            (1 << 30, "1.0 GiB"),
            (u64::MAX, "1.7e7 TiB"),
        ] {
            assert_eq!(bytes(number), text, "{number}");
        }
    }
}
