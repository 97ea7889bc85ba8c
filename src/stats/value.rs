//! What a set is worth: its exact correlation, and its rank among others without rounding.
//!
//! # Lower bounds
//! The bound of a correlation r over n users is tanh(artanh r − z/√(n − 3)), z being taken as the rational number
//! that its f64 is; r = ±1 has the bound ±1. Two bounds are equal only where r = ±1 is the same for both, or r
//! and n are: for n ≠ m, equality would make artanh r − artanh s = z/√(n − 3) − z/√(m − 3) an algebraic number
//! other than 0, and e to it, √((1 + r)(1 − s)/((1 − r)(1 + s))), would be algebraic too, which Lindemann's theorem
//! excludes. So comparing in growing precision comes to an end.

use super::fixed::{exp, ln, of_f64, root, to_f64};
use super::{Correlation, RankBy, Ranking, Sums};
use num_bigint::{BigInt, BigUint, Sign};
use std::cmp::Ordering;

/// Bits to begin with: enough for the order of any two that differ as f64 do.
const BITS: u32 = 160;

/// A defined correlation and what it is ranked by. Greater is better.
#[derive(Clone, Debug)]
pub struct Value {
    r: Correlation,
    bound: Option<Bound>,
}

/// A lower confidence bound.
#[derive(Clone, Copy, Debug)]
struct Bound {
    users: u64,
    z: f64,
    /// The bound, rounded to the nearest f64.
    rounded: f64,
}

impl Ranking {
    /// The value of a set whose overall scores are a table's totals, exact and ordered; `None` where it is
    /// undefined.
    #[must_use]
    pub fn value(self, sums: &Sums, min_users: u64) -> Option<Value> {
        let moments = self.criterion.moments(sums.moments());
        let r = Correlation::of_moments(&moments)?;
        self.value_of(r, sums.n as u64, min_users)
    }

    /// The value of a correlation over so many users; `None` where these are too few.
    #[must_use]
    pub fn value_of(self, r: Correlation, users: u64, min_users: u64) -> Option<Value> {
        (users >= self.min_users(min_users)).then(|| Value::new(r, users, self.by))
    }
}

impl Value {
    /// The value of r over so many users, at least 4 where bounds are ranked.
    fn new(r: Correlation, users: u64, by: RankBy) -> Self {
        let bound = match by {
            RankBy::R => None,
            RankBy::LowerBound(confidence) => {
                let z = confidence.z();
                Some(Bound {
                    users,
                    z,
                    rounded: bound(&r, users, z),
                })
            }
        };
        Self { r, bound }
    }

    /// The correlation.
    #[must_use]
    pub fn correlation(&self) -> &Correlation {
        &self.r
    }

    /// The lower bound, rounded to the nearest f64, where it is ranked by.
    #[must_use]
    pub fn bound(&self) -> Option<f64> {
        self.bound.map(|bound| bound.rounded)
    }

    /// What is ranked by, rounded to the nearest f64.
    #[must_use]
    pub fn rounded(&self) -> f64 {
        self.bound().unwrap_or_else(|| self.r.r())
    }
}

/// Whether r is 1 or −1.
fn is_perfect(r: &Correlation) -> bool {
    let (square, variance) = r.square();
    square == variance
}

/// artanh r − z/√(users − 3) times 2^bits, off by less than 2^-(bits − 4); r is not ±1.
///
/// artanh |r| = ln(1 + |r|) − ln(1 − r²)/2, and 1 − r² is a fraction.
fn transformed(r: &Correlation, users: u64, z: f64, bits: u32) -> BigInt {
    let (square, variance) = r.square();
    let size = root(&square, &variance, bits + 2);
    let one = BigInt::from(1) << (bits + 2);
    let sum = (&one + size).magnitude().clone();
    let of_rest: BigInt = ln(&(&variance - square), &variance, bits) >> 1_u32;
    let mut artanh = ln(&sum, one.magnitude(), bits) - of_rest;
    if r.sign() < 0 {
        artanh = -artanh;
    }
    // z/√m = z·√(1/m).
    let inverse = root(&BigUint::from(1_u32), &BigUint::from(users - 3), bits + 8);
    let less = (of_f64(z, bits + 8) * inverse) >> (bits + 16);
    artanh - less
}

/// The bound to the nearest f64: (e^2t − 1)/(e^2t + 1) of the transformed t, in as many bits as it takes.
fn bound(r: &Correlation, users: u64, z: f64) -> f64 {
    if is_perfect(r) {
        return f64::from(r.sign());
    }
    let mut bits = BITS;
    loop {
        let twice = transformed(r, users, z, bits) << 1_u32;
        let of = |twice: BigInt| {
            let power = exp(&twice, bits);
            let one = BigInt::from(1) << bits;
            ((&power - &one) << bits) / (power + one)
        };
        // tanh has a slope of at most 1, and its quotient is off by less than 2^(8 − bits) besides.
        let room = BigInt::from(1_u32) << 9_u32;
        let middle = of(twice);
        let (low, high) = (
            to_f64(&(&middle - &room), bits),
            to_f64(&(&middle + &room), bits),
        );
        if low == high {
            return low;
        }
        bits *= 2;
    }
}

impl Ord for Value {
    fn cmp(&self, other: &Self) -> Ordering {
        let (Some(one), Some(two)) = (&self.bound, &other.bound) else {
            return self.r.cmp(&other.r);
        };
        // Rounding keeps the order, but for making some equal.
        let rounded = one.rounded.total_cmp(&two.rounded);
        if rounded.is_ne() {
            return rounded;
        }
        if one.users == two.users && one.z == two.z {
            return self.r.cmp(&other.r);
        }
        match (is_perfect(&self.r), is_perfect(&other.r)) {
            (true, true) => return Ordering::Equal,
            // A bound that was rounded to ±1 lies between −1 and 1.
            (true, false) => return self.r.sign().cmp(&0),
            (false, true) => return 0.cmp(&other.r.sign()),
            (false, false) => {}
        }
        let mut bits = BITS;
        loop {
            let of =
                |value: &Self, bound: &Bound| transformed(&value.r, bound.users, bound.z, bits);
            let apart = of(self, one) - of(other, two);
            if apart.magnitude().bits() > 8 {
                return match apart.sign() {
                    Sign::Minus => Ordering::Less,
                    _ => Ordering::Greater,
                };
            }
            bits *= 2;
        }
    }
}

impl PartialOrd for Value {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Value {}

#[cfg(test)]
mod tests {
    use super::super::{Confidence, Moments};
    use super::*;

    fn value(a: i128, x: i128, y: i128, users: u64) -> Value {
        let moments = Moments { n: 0, a, x, y };
        let r = Correlation::of_moments(&moments).unwrap();
        let confidence = Confidence::new(0.95).unwrap();
        Value::new(r, users, RankBy::LowerBound(confidence))
    }

    #[test]
    fn bounds_are_those_of_the_formula() {
        for (a, x, y, n) in [
            (1, 2, 3, 30_u64),
            (-7, 20, 11, 5),
            (0, 5, 5, 4),
            (999, 1000, 1000, 1_000_000),
            (1 << 40, 1 << 41, 1 << 40, 77),
        ] {
            let got = value(a, x, y, n).bound().unwrap();
            let r = a as f64 / ((x * y) as f64).sqrt();
            let want = (r.atanh() - 1.644_853_626_951_472_2 / ((n - 3) as f64).sqrt()).tanh();
            assert!((got - want).abs() < 1e-15 * 4.0, "{got} {want}");
        }
        assert_eq!(value(3, 3, 3, 4).bound(), Some(1.0));
        assert_eq!(value(-3, 3, 3, 40).bound(), Some(-1.0));
    }

    #[test]
    fn the_order_of_bounds() {
        // More users and the same r are better; a higher r over few users may be worse.
        assert!(value(1, 2, 2, 30) < value(1, 2, 2, 31));
        assert!(value(9, 10, 10, 5) < value(8, 10, 10, 500));
        assert_eq!(value(1, 2, 2, 30), value(2, 4, 4, 30));
        assert!(value(2, 4, 4, 30) < value((1 << 60) + 1, 1 << 61, 1 << 61, 30));
        // Perfect ones are tied and above all others, or below.
        assert_eq!(value(3, 3, 3, 4), value(5, 5, 5, 99));
        assert_eq!(value(-3, 3, 3, 4), value(-5, 5, 5, 99));
        let nearly = (1_i128 << 100) - 1;
        assert!(value(nearly, 1 << 100, 1 << 100, 1 << 40) < value(3, 3, 3, 4));
        assert!(value(-3, 3, 3, 1 << 40) < value(-nearly, 1 << 100, 1 << 100, 4));
    }

    #[test]
    fn bounds_that_round_alike_are_told_apart() {
        // r over 104 users, tuned until its bound has the f64 of r = 1/2 over 103.
        let fixed = value(1, 2, 2, 103);
        let scale = 1_i128 << 62;
        let (mut low, mut high) = (0_i128, scale);
        while high - low > 1 {
            let middle = low.midpoint(high);
            match value(middle, scale, scale, 104).cmp(&fixed) {
                Ordering::Less => low = middle,
                _ => high = middle,
            }
        }
        let (below, above) = (
            value(low, scale, scale, 104),
            value(high, scale, scale, 104),
        );
        assert_eq!(below.bound(), fixed.bound());
        assert_eq!(above.bound(), fixed.bound());
        assert!(below < fixed && fixed < above);
    }
}
