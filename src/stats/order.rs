//! The exact order of two correlations, and r rounded once.
//!
//! With A = n·Sag − Sa·Sg, X = n·Saa − Sa², Y = n·Sgg − Sg²: r = A / √(X·Y). Sets are ordered by
//! sign(A)·A²/(X·Y), compared by cross-multiplication. A table is only accepted while |A|, X and Y
//! stay below 2^127 (`matrix`), so a cross product A²·X·Y stays below 2^508 and 512 bits hold it. Where
//! overall scores are fractions or have many digits, these are integers of any size.

use super::{Moments, Sums};
use bnum::types::U512;
use num_bigint::{BigInt, BigUint, Sign};
use std::cmp::Ordering;

/// A defined correlation as exact integers; ordered by its value.
#[derive(Clone, Debug)]
pub struct Correlation(Terms);

/// What a correlation is held as.
#[derive(Clone, Debug)]
enum Terms {
    /// Integers of 128 bits.
    Narrow {
        /// A = n·Sag − Sa·Sg.
        a: i128,
        /// X = n·Saa − Sa², above 0.
        x: u128,
        /// Y = n·Sgg − Sg², above 0.
        y: u128,
    },
    /// Integers of any size.
    Wide(Box<Fraction>),
}

/// A correlation by its sign and its square.
#[derive(Clone, Debug)]
struct Fraction {
    sign: Sign,
    /// A².
    square: BigUint,
    /// X·Y, above 0.
    variance: BigUint,
}

impl Correlation {
    /// The correlation of a set, or `None` where it is undefined: fewer than `min_users` users, or
    /// a variance of 0.
    #[must_use]
    pub fn of(sums: &Sums, min_users: u64) -> Option<Self> {
        let enough = sums.n >= i128::from(min_users);
        Self::of_moments(&sums.moments()).filter(|_| enough)
    }

    /// The correlation of these moments, or `None` where X or Y is 0.
    #[must_use]
    pub fn of_moments(&Moments { a, x, y, .. }: &Moments<i128>) -> Option<Self> {
        (x > 0 && y > 0).then(|| {
            Self(Terms::Narrow {
                a,
                x: x.unsigned_abs(),
                y: y.unsigned_abs(),
            })
        })
    }

    /// The correlation of these A, X and Y, or `None` where X or Y is 0.
    #[must_use]
    pub(super) fn of_wide(a: &BigInt, x: &BigInt, y: &BigInt) -> Option<Self> {
        let above_0 = |value: &BigInt| value.sign() == Sign::Plus;
        (above_0(x) && above_0(y)).then(|| {
            Self(Terms::Wide(Box::new(Fraction {
                sign: a.sign(),
                square: a.magnitude() * a.magnitude(),
                variance: x.magnitude() * y.magnitude(),
            })))
        })
    }

    /// −1, 0 or 1, as r is below 0, 0 or above.
    #[must_use]
    pub fn sign(&self) -> i32 {
        match &self.0 {
            Terms::Narrow { a, .. } => a.signum() as i32,
            Terms::Wide(fraction) => match fraction.sign {
                Sign::Minus => -1,
                Sign::NoSign => 0,
                Sign::Plus => 1,
            },
        }
    }

    /// r² as a fraction: A² and X·Y.
    pub(super) fn square(&self) -> (BigUint, BigUint) {
        match &self.0 {
            Terms::Narrow { a, x, y } => {
                let a = BigUint::from(a.unsigned_abs());
                (&a * &a, BigUint::from(*x) * BigUint::from(*y))
            }
            Terms::Wide(fraction) => (fraction.square.clone(), fraction.variance.clone()),
        }
    }

    /// r, correctly rounded to the nearest f64.
    ///
    /// A²/(X·Y) is scaled by an even power of two to 125–127 bits, its integer square root taken
    /// (63–64 bits) and any remainder kept as a lowest bit, so the one rounding is the last
    /// conversion.
    #[must_use]
    pub fn r(&self) -> f64 {
        let sign = self.sign();
        if sign == 0 {
            return 0.0;
        }
        let root = match &self.0 {
            Terms::Narrow { a, x, y } => {
                let magnitude = U512::from(a.unsigned_abs());
                let square = magnitude * magnitude;
                let variance = U512::from(*x) * U512::from(*y);
                // square ≤ variance (Cauchy–Schwarz), so this is not negative; rounded up to even.
                let shift = (126 + variance.bits() - square.bits()) & !1;
                let scaled = square << shift;
                let quotient = scaled / variance;
                let exact = quotient * variance == scaled;
                // 125 to 127 bits by the choice of `shift`.
                rounded(u128::try_from(quotient).unwrap_or(u128::MAX), exact, shift)
            }
            Terms::Wide(fraction) => {
                let Fraction {
                    square, variance, ..
                } = &**fraction;
                let shift = (126 + variance.bits() - square.bits()) & !1;
                let scaled = square << shift;
                let quotient = &scaled / variance;
                let exact = &quotient * variance == scaled;
                let quotient = u128::try_from(quotient).unwrap_or(u128::MAX);
                rounded(quotient, exact, shift as u32)
            }
        };
        if sign < 0 { -root } else { root }
    }
}

/// √(quotient/2^shift), where `exact` says whether nothing was cut off the quotient.
fn rounded(quotient: u128, exact: bool, shift: u32) -> f64 {
    let root = quotient.isqrt();
    let sticky = u128::from(!exact || root * root != quotient);
    // 2^53 < root < 2^64: the sticky bit goes below it.
    ((root << 1) | sticky) as f64 * 2_f64.powi(-(shift as i32) / 2 - 1)
}

impl Ord for Correlation {
    fn cmp(&self, other: &Self) -> Ordering {
        let signs = self.sign().cmp(&other.sign());
        if signs.is_ne() || self.sign() == 0 {
            return signs;
        }
        let magnitudes = match (&self.0, &other.0) {
            (Terms::Narrow { a, x, y }, Terms::Narrow { a: b, x: v, y: w }) => {
                let cross = |a: &i128, x: &u128, y: &u128| {
                    let a = U512::from(a.unsigned_abs());
                    a * a * U512::from(*x) * U512::from(*y)
                };
                cross(a, v, w).cmp(&cross(b, x, y))
            }
            _ => {
                let ((p, of_p), (q, of_q)) = (self.square(), other.square());
                (p * of_q).cmp(&(q * of_p))
            }
        };
        if self.sign() > 0 {
            magnitudes
        } else {
            magnitudes.reverse()
        }
    }
}

impl PartialOrd for Correlation {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Correlation {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Correlation {}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn raw(a: i128, x: u128, y: u128) -> Correlation {
        Correlation(Terms::Narrow { a, x, y })
    }

    fn wide(a: i128, x: u128, y: u128) -> Correlation {
        Correlation::of_wide(&a.into(), &x.into(), &y.into()).unwrap()
    }

    #[test]
    fn equal_values_in_different_terms_are_equal() {
        assert_eq!(raw(1, 2, 2), raw(3, 6, 6));
        assert_eq!(raw(1, 1, 4), raw(1, 2, 2));
        assert_eq!(raw(0, 5, 7), raw(0, 1, 1));
        assert!(raw(-1, 2, 2) < raw(0, 1, 1));
        assert!(raw(-2, 3, 3) < raw(-1, 3, 3));
    }

    #[test]
    fn a_difference_far_below_f64_is_seen() {
        let big = (1_u128 << 126) - 1;
        let p = raw(big as i128 - 1, big, big);
        let q = raw(big as i128, big, big);
        assert!(p < q);
        assert_eq!((p.r(), q.r()), (1.0, 1.0));
    }

    #[test]
    fn r_of_known_fractions() {
        assert_eq!(raw(1, 2, 2).r(), 0.5);
        assert_eq!(raw(-3, 10, 10).r(), -0.3);
        assert_eq!(raw(1, 3, 3).r(), 1.0 / 3.0);
        assert_eq!(raw(1, 1, 2).r(), std::f64::consts::FRAC_1_SQRT_2);
        assert_eq!(raw(7, 7, 7).r(), 1.0);
    }

    #[test]
    fn undefined_where_a_variance_or_the_users_are_missing() {
        let mut sums = Sums::of_user(1, 3);
        assert_eq!(Correlation::of(&sums, 0), None);
        sums += Sums::of_user(0, 2);
        assert_eq!(Correlation::of(&sums, 2).map(|c| c.r()), Some(1.0));
        assert_eq!(Correlation::of(&sums, 3), None);
    }

    proptest! {
        #[test]
        fn the_order_is_that_of_the_rounded_values_where_they_differ(
            a in -1_000_000_i128..1_000_000, b in -1_000_000_i128..1_000_000,
            x in 1_u128..1 << 40, y in 1_u128..1 << 40,
        ) {
            // Any A with A² ≤ X·Y is possible.
            let x = x + a.unsigned_abs().max(b.unsigned_abs());
            let y = y + a.unsigned_abs().max(b.unsigned_abs());
            let (p, q) = (raw(a, x, y), raw(b, y + 1, x));
            let (of_p, of_q) = (wide(a, x, y), wide(b, y + 1, x));
            prop_assert_eq!(p.cmp(&q), of_p.cmp(&of_q));
            prop_assert_eq!(p.cmp(&q), p.cmp(&of_q));
            prop_assert_eq!((p.r(), of_p.clone()), (of_p.r(), p.clone()));
            if p.r() != q.r() {
                prop_assert_eq!(p < q, p.r() < q.r());
            }
            let float = a as f64 / ((x as f64) * (y as f64)).sqrt();
            prop_assert!((p.r() - float).abs() <= 4.0 * f64::EPSILON * float.abs());
        }
    }
}
