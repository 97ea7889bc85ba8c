//! Numbers and ids as people read them.

use crate::combin::Size;

/// Most digits of a number that is shown with all of them.
const MOST_DIGITS: usize = 24;

/// Digits in groups of three: `2,535,650,040`. A number of more than 24 digits is shown as [`sized`] shows it.
#[must_use]
pub fn grouped(n: u128) -> String {
    readable(&n.to_string())
}

/// Any number of sets: in groups of three digits, or with more than 24 digits the first three, rounded, and a power
/// of ten: `4.53e47`. JSON has every digit.
#[must_use]
pub fn sized(n: &Size) -> String {
    readable(&n.to_string())
}

/// A number of sets with its noun: `1 set`, `2,000 sets`, `4.53e47 sets`.
#[must_use]
pub fn sets(n: &Size) -> String {
    let plural = if *n == 1 { "" } else { "s" };
    format!("{} set{plural}", sized(n))
}

fn readable(digits: &str) -> String {
    if digits.len() > MOST_DIGITS {
        return rounded(digits);
    }
    let mut out = String::with_capacity(digits.len() * 4 / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// Three digits and a power of ten, for at least four digits.
fn rounded(digits: &str) -> String {
    let mut power = digits.len() - 1;
    let value = |digits: &str| {
        digits
            .bytes()
            .fold(0, |sum, b| 10 * sum + u32::from(b - b'0'))
    };
    let mut first = (value(&digits[..4]) + 5) / 10;
    if first == 1000 {
        (first, power) = (100, power + 1);
    }
    format!("{}.{:02}e{power}", first / 100, first % 100)
}

/// A count with its noun: `1 set`, `2,000 sets`.
#[must_use]
pub fn count(n: u128, noun: &str) -> String {
    let plural = if n == 1 { "" } else { "s" };
    format!("{} {noun}{plural}", grouped(n))
}

/// Lengths in a row as `2 to 8`, others as `2, 4 and 6`.
#[must_use]
pub fn lengths(all: &[usize]) -> String {
    let in_a_row = all
        .windows(2)
        .all(|pair| pair[0].checked_add(1) == Some(pair[1]));
    let texts: Vec<String> = all.iter().map(usize::to_string).collect();
    match texts.as_slice() {
        [first, .., last] if in_a_row && texts.len() > 2 => format!("{first} to {last}"),
        [before @ .., last] if !before.is_empty() => format!("{} and {last}", before.join(", ")),
        _ => texts.concat(),
    }
}

/// How many a second, or `None` where the clock saw no time pass: whole numbers, grouped.
#[must_use]
pub fn rate(count: u128, seconds: f64) -> Option<String> {
    (seconds > 0.0).then(|| grouped((count as f64 / seconds).round() as u128))
}

/// `id` with line breaks and other control characters escaped, so that it stays on its line.
#[must_use]
pub fn one_line(id: &str) -> String {
    let mut out = String::with_capacity(id.len());
    for c in id.chars() {
        if c.is_control() {
            out.extend(c.escape_default());
        } else {
            out.push(c);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups() {
        for (n, text) in [
            (0, "0"),
            (999, "999"),
            (1000, "1,000"),
            (2_535_650_040, "2,535,650,040"),
        ] {
            assert_eq!(grouped(n), text);
        }
    }

    #[test]
    fn many_digits_are_rounded_to_three() {
        for (n, text) in [
            (10_u128.pow(24) - 1, "999,999,999,999,999,999,999,999"),
            (10_u128.pow(24), "1.00e24"),
            (1_004_999_999_999_999_999_999_999_999, "1.00e27"),
            (1_005_000_000_000_000_000_000_000_000, "1.01e27"),
            (9_994_999_999_999_999_999_999_999_999, "9.99e27"),
            (9_995_000_000_000_000_000_000_000_000, "1.00e28"),
        ] {
            assert_eq!(grouped(n), text);
            assert_eq!(sized(&n.into()), text);
        }
        assert_eq!(sets(&1.into()), "1 set");
        assert_eq!(sets(&Size::choices(200, 50)), "4.54e47 sets");
    }

    #[test]
    fn counts() {
        assert_eq!(count(0, "set"), "0 sets");
        assert_eq!(count(1, "set"), "1 set");
        assert_eq!(count(2000, "set"), "2,000 sets");
    }

    #[test]
    fn lists_of_lengths() {
        for (all, text) in [
            (&[][..], ""),
            (&[3], "3"),
            (&[3, 4], "3 and 4"),
            (&[3, 4, 5], "3 to 5"),
            (&[2, 4, 7], "2, 4 and 7"),
            (&[5, 4, 3], "5, 4 and 3"),
        ] {
            assert_eq!(lengths(all), text);
        }
    }

    #[test]
    fn rates() {
        assert_eq!(rate(3000, 2.0).as_deref(), Some("1,500"));
        assert_eq!(rate(3000, 0.0), None);
    }

    #[test]
    fn control_characters_stay_on_their_line() {
        assert_eq!(one_line("a\nb\u{1b}é"), "a\\nb\\u{1b}é");
    }
}
