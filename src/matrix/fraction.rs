//! Scores as fractions while a table is made: what means need, and the one denominator of them all.

use super::score::{MAX_SCALE, Score};
use std::cmp::Ordering;

/// How scores over `denominator` are held.
pub(super) fn held(denominator: u64) -> String {
    match decimal(denominator) {
        Some(scale) => format!("scaled by 10^{scale} to integers"),
        None => format!("held as integers over {denominator}"),
    }
}

/// Which power of ten `denominator` is, up to [`MAX_SCALE`].
pub(super) fn decimal(denominator: u64) -> Option<u8> {
    (0..=MAX_SCALE).find(|&scale| 10_u64.pow(u32::from(scale)) == denominator)
}

/// A score while a table is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Fraction {
    numerator: i64,
    denominator: u64,
}

impl Fraction {
    pub(super) fn of(score: Score) -> Self {
        Self {
            numerator: score.mantissa,
            denominator: 10_u64.pow(u32::from(score.digits)),
        }
    }

    /// A fraction that was made of a score, as that score.
    pub(super) fn score(self) -> Score {
        Score {
            mantissa: self.numerator,
            digits: self.denominator.ilog10() as u8,
        }
    }

    /// As an integer over `denominator`, a multiple of its own denominator in lowest terms.
    pub(super) fn over(self, denominator: u64) -> Option<i64> {
        let wide = i128::from(self.numerator) * i128::from(denominator);
        i64::try_from(wide / i128::from(self.denominator)).ok()
    }

    fn lowest(self) -> Self {
        let common = gcd(self.numerator.unsigned_abs(), self.denominator);
        Self {
            // The common divisor divides both; of i64::MIN it is at most a u64's 2^63.
            numerator: (i128::from(self.numerator) / i128::from(common)) as i64,
            denominator: self.denominator / common,
        }
    }

    pub(super) fn cmp(self, other: Self) -> Ordering {
        let across = |a: Self, b: Self| i128::from(a.numerator) * i128::from(b.denominator);
        across(self, other).cmp(&across(other, self))
    }
}

fn gcd(mut a: u64, mut b: u64) -> u64 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

/// The mean, rounded to so many digits behind the point, halves away from zero; `None` where it
/// does not fit.
pub(super) fn mean(scores: &[Fraction], digits: Option<u8>) -> Option<Fraction> {
    // Scores are below 2^63 over 10^MAX_SCALE < 2^30, and fewer than 2^32.
    let unit = 10_u64.pow(u32::from(MAX_SCALE));
    let count = scores.len() as u64;
    let sum: i128 = scores
        .iter()
        .map(|score| i128::from(score.numerator) * i128::from(unit / score.denominator))
        .sum();
    let below = i128::from(unit) * i128::from(count);
    let (numerator, denominator) = match digits {
        Some(digits) => {
            let to = 10_u64.pow(u32::from(digits));
            let step = below / i128::from(to);
            let size = (sum.unsigned_abs() + step.unsigned_abs() / 2) / step.unsigned_abs();
            (size as i128 * sum.signum(), to)
        }
        None => {
            let common = gcd_wide(sum.unsigned_abs(), below.unsigned_abs());
            // At most 2^30 times 2^32.
            (sum / common as i128, (below / common as i128) as u64)
        }
    };
    Some(Fraction {
        numerator: i64::try_from(numerator).ok()?,
        denominator,
    })
}

fn gcd_wide(mut a: u128, mut b: u128) -> u128 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

/// The least 10^s with s at most [`MAX_SCALE`] over which all scores are integers; else the least
/// number of all, where that fits.
pub(super) fn common_denominator(scores: impl Iterator<Item = Fraction>) -> Option<u64> {
    let mut least = 1_u64;
    for score in scores {
        if !least.is_multiple_of(score.denominator) {
            let own = score.lowest().denominator;
            least = least.checked_mul(own / gcd(least, own))?;
        }
    }
    let powers = (0..=MAX_SCALE).map(|scale| 10_u64.pow(u32::from(scale)));
    Some(
        powers
            .into_iter()
            .find(|power| power % least == 0)
            .unwrap_or(least),
    )
}
