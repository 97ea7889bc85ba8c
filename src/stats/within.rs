//! Whether a correlation is no further than some distance below another one, exactly.
//!
//! r and s are roots of fractions, so that neither is compared as a number. With b = |r|, c = |s| and D the distance,
//! b − c ≤ D ⇔ b² − c² − D² ≤ 2·c·D, and b + c ≤ D ⇔ 2·b·c ≤ D² − b² − c². What stands on the side without the
//! root is a fraction: its sign decides, or its square does.

use super::Correlation;
use num_bigint::{BigInt, BigUint, Sign};
use std::fmt;
use std::str::FromStr;

/// A distance of correlations: a decimal number, 0 or above.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Distance {
    mantissa: u64,
    digits: u8,
}

/// A fraction that is not below 0.
struct Ratio {
    of: BigUint,
    over: BigUint,
}

impl Distance {
    /// mantissa·10^-digits.
    #[must_use]
    pub fn new(mantissa: u64, digits: u8) -> Self {
        Self { mantissa, digits }
    }

    /// Whether `r` is at most so far below `best`; every correlation that is not below it is.
    #[must_use]
    pub fn holds(self, best: &Correlation, r: &Correlation) -> bool {
        if r >= best {
            return true;
        }
        let square = |r: &Correlation| {
            let (of, over) = r.square();
            Ratio { of, over }
        };
        let scale = BigUint::from(10_u8).pow(self.digits.into());
        let mantissa = BigUint::from(self.mantissa);
        let own = Ratio {
            of: &mantissa * &mantissa,
            over: &scale * &scale,
        };
        let (of_best, of_r) = (square(best), square(r));
        match (best.sign() >= 0, r.sign() >= 0) {
            (true, true) => not_above(&of_best, &of_r, &own),
            // Both below 0: what is further from 0 is the worse one.
            (false, _) => not_above(&of_r, &of_best, &own),
            (true, false) => add_up_to_at_most(&of_best, &of_r, &own),
        }
    }

    /// A number that is not above `best` less the distance, where `best` is a correlation rounded to f64.
    ///
    /// The three roundings, of `best`, of the distance and of their difference, are within one step of f64 each.
    #[must_use]
    pub fn below(self, best: f64) -> f64 {
        // A decimal number is read to the nearest f64.
        let distance: f64 = self.to_string().parse().unwrap_or(f64::INFINITY);
        (best.next_down() - distance.next_up()).next_down()
    }
}

/// The three squares over one denominator.
fn together([a, b, c]: [&Ratio; 3]) -> [BigInt; 3] {
    let times = |x: &Ratio, y: &Ratio, z: &Ratio| BigInt::from(&x.of * &y.over * &z.over);
    [times(a, b, c), times(b, a, c), times(c, a, b)]
}

/// b ≤ c + D, from b², c² and D².
fn not_above(b: &Ratio, c: &Ratio, distance: &Ratio) -> bool {
    let [b, c, d] = together([b, c, distance]);
    let apart = b - &c - &d;
    apart.sign() != Sign::Plus || &apart * &apart <= c * d * 4
}

/// b + c ≤ D, from b², c² and D².
fn add_up_to_at_most(b: &Ratio, c: &Ratio, distance: &Ratio) -> bool {
    let [b, c, d] = together([b, c, distance]);
    let room = d - &b - &c;
    room.sign() != Sign::Minus && b * c * 4 <= &room * &room
}

/// Why a text is no distance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("give a distance of correlations such as 0.001, with at most 19 digits")]
pub struct DistanceError;

impl FromStr for Distance {
    type Err = DistanceError;

    fn from_str(text: &str) -> Result<Self, DistanceError> {
        let (whole, behind) = text.split_once('.').unwrap_or((text, ""));
        let all = [whole, behind].concat();
        if !all.bytes().all(|b| b.is_ascii_digit()) {
            return Err(DistanceError);
        }
        let digits = u8::try_from(behind.len()).map_err(|_| DistanceError)?;
        let mantissa = all.parse().map_err(|_| DistanceError)?;
        Ok(Self::new(mantissa, digits))
    }
}

/// As a decimal number, with the digits that it was given with.
impl fmt::Display for Distance {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = usize::from(self.digits);
        let all = format!("{:0>1$}", self.mantissa, digits + 1);
        let (whole, behind) = all.split_at(all.len() - digits);
        if behind.is_empty() {
            out.write_str(whole)
        } else {
            write!(out, "{whole}.{behind}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Moments;
    use super::*;
    use proptest::prelude::*;

    fn r(a: i128, x: i128, y: i128) -> Correlation {
        Correlation::of_moments(&Moments { n: 0, a, x, y }).unwrap()
    }

    #[test]
    fn a_distance_that_is_just_met_holds() {
        for (best, worse, distance, holds) in [
            ((3, 4), (2, 4), (25, 2), true),
            ((3, 4), (2, 4), (24, 2), false),
            ((1, 4), (-2, 4), (75, 2), true),
            ((1, 4), (-2, 4), (749_999, 6), false),
            ((-1, 4), (-2, 4), (250, 3), true),
            ((-1, 4), (-2, 4), (249, 3), false),
            ((0, 4), (-2, 4), (5, 1), true),
            ((0, 4), (0, 4), (0, 0), true),
            ((1, 1), (-1, 1), (2, 0), true),
            ((1, 1), (-1, 1), (19, 1), false),
            ((2, 4), (3, 4), (0, 3), true),
        ] {
            let (best, worse) = (r(best.0, best.1, best.1), r(worse.0, worse.1, worse.1));
            let distance = Distance::new(distance.0, distance.1);
            assert_eq!(
                distance.holds(&best, &worse),
                holds,
                "{best:?} {worse:?} {distance}"
            );
        }
    }

    /// √2/2 less 0.7071067811865475244 is 8.4e-21, which no f64 of either would tell.
    #[test]
    fn roots_are_told_apart_beyond_floats() {
        let (best, zero) = (r(1, 1, 2), r(0, 1, 1));
        assert!(Distance::new(7_071_067_811_865_475_245, 19).holds(&best, &zero));
        assert!(!Distance::new(7_071_067_811_865_475_244, 19).holds(&best, &zero));
    }

    #[test]
    fn a_distance_is_written_as_it_was_given() {
        for (mantissa, digits, text) in [
            (1, 3, "0.001"),
            (0, 0, "0"),
            (25, 1, "2.5"),
            (10, 3, "0.010"),
        ] {
            assert_eq!(Distance::new(mantissa, digits).to_string(), text);
            assert_eq!(text.parse(), Ok(Distance::new(mantissa, digits)));
        }
        assert_eq!(".5".parse(), Ok(Distance::new(5, 1)));
        for text in [
            "",
            ".",
            "-0.1",
            "+1",
            "1e-3",
            "0.1.2",
            "a",
            "NaN",
            "99999999999999999999",
        ] {
            assert_eq!(text.parse::<Distance>(), Err(DistanceError), "{text}");
        }
    }

    proptest! {
        #[test]
        fn floats_agree_where_they_can_tell(
            a in -1000_i128..1000, b in -1000_i128..1000, x in 1_i128..2000, y in 1_i128..2000, d in 0_u64..2500,
        ) {
            let x = x + a.abs().max(b.abs());
            let y = y + a.abs().max(b.abs());
            let (best, other) = (r(a, x, y), r(b, x, y));
            let distance = Distance::new(d, 3);
            let room = d as f64 / 1000.0 - (best.r() - other.r());
            if room.abs() > 1e-12 {
                prop_assert_eq!(distance.holds(&best, &other), room > 0.0);
            }
            if distance.holds(&best, &other) {
                prop_assert!(distance.below(best.r()) <= other.r().next_up());
            }
            prop_assert!(distance.below(best.r()) > best.r() - d as f64 / 1000.0 - 1e-14);
        }
    }
}
