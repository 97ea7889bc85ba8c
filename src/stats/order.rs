//! The exact order of two correlations, and r rounded once.
//!
//! With A = n·Sag − Sa·Sg, X = n·Saa − Sa², Y = n·Sgg − Sg²: r = A / √(X·Y). Sets are ordered by
//! sign(A)·A²/(X·Y), compared by cross-multiplication. A table is only accepted while |A|, X and Y
//! stay below 2^127 (`matrix`), so a cross product A²·X·Y stays below 2^508 and 512 bits hold it.

use super::{Moments, Sums};
use bnum::types::U512;
use std::cmp::Ordering;

/// A defined correlation as exact integers; ordered by its value.
#[derive(Clone, Copy, Debug)]
pub struct Correlation {
    /// A = n·Sag − Sa·Sg.
    a: i128,
    /// X = n·Saa − Sa², above 0.
    x: u128,
    /// Y = n·Sgg − Sg², above 0.
    y: u128,
}

impl Correlation {
    /// The correlation of a set, or `None` where it is undefined: fewer than `min_users` users, or
    /// a variance of 0.
    #[must_use]
    pub fn of(sums: &Sums, min_users: u64) -> Option<Self> {
        let Moments { n, a, x, y } = sums.moments();
        (n >= i128::from(min_users) && x > 0 && y > 0).then_some(Self {
            a,
            x: x.unsigned_abs(),
            y: y.unsigned_abs(),
        })
    }

    /// r, correctly rounded to the nearest f64.
    ///
    /// A²/(X·Y) is scaled by an even power of two to 125–127 bits, its integer square root taken
    /// (63–64 bits) and any remainder kept as a lowest bit, so the one rounding is the last
    /// conversion.
    #[must_use]
    pub fn r(&self) -> f64 {
        if self.a == 0 {
            return 0.0;
        }
        let magnitude = U512::from(self.a.unsigned_abs());
        let square = magnitude * magnitude;
        let variance = U512::from(self.x) * U512::from(self.y);
        // square ≤ variance (Cauchy–Schwarz), so this is not negative; rounded up to even.
        let shift = (126 + variance.bits() - square.bits()) & !1;
        let scaled = square << shift;
        let quotient = scaled / variance;
        let exact = quotient * variance == scaled;
        // 125 to 127 bits by the choice of `shift`.
        let quotient = u128::try_from(quotient).unwrap_or(u128::MAX);
        let root = quotient.isqrt();
        let sticky = u128::from(!exact || root * root != quotient);
        // 2^53 < root < 2^64: the sticky bit goes below it.
        let r = ((root << 1) | sticky) as f64 * 2_f64.powi(-(shift as i32) / 2 - 1);
        if self.a < 0 { -r } else { r }
    }
}

impl Ord for Correlation {
    fn cmp(&self, other: &Self) -> Ordering {
        let signs = self.a.signum().cmp(&other.a.signum());
        if signs.is_ne() || self.a == 0 {
            return signs;
        }
        let cross = |p: &Self, q: &Self| {
            let a = U512::from(p.a.unsigned_abs());
            a * a * U512::from(q.x) * U512::from(q.y)
        };
        let magnitudes = cross(self, other).cmp(&cross(other, self));
        if self.a > 0 {
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
        Correlation { a, x, y }
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
            if p.r() != q.r() {
                prop_assert_eq!(p < q, p.r() < q.r());
            }
            let float = a as f64 / ((x as f64) * (y as f64)).sqrt();
            prop_assert!((p.r() - float).abs() <= 4.0 * f64::EPSILON * float.abs());
        }
    }
}
