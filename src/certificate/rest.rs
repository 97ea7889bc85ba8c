//! The straight line that a set's criterion is compared with, and the proof that it is one.
//!
//! Where the criterion is the total, or any number that does not depend on the set, r ≥ ρ is c̃ ≥ s with s = √(x'Vx).
//! Where it is what the set leaves of the total, take t = s/√G, y the root of the variance of the rest over that of
//! the total, and C = c/G. The total is the set's score and the rest, so 1 = t² + 2r·ty + y², and C = t² + r·ty =
//! (1 + t² − y²)/2. With r ≥ ρ > 0 that is y² + 2ρ·ty ≤ 1 − t². A line C ≥ σt − η asks for y² ≤ P(t) =
//! 1 + t² − 2σt + 2η. The left side above rises with y, so it follows where P + 2ρt√P ≥ 1 − t² = P + 2T with
//! T(t) = σt − t² − η, that is where T ≤ 0 (then P ≥ 1 − t² ≥ 0), or where F(t) = ρ²t²P − T² ≥ 0 (then P ≥ 0 as well).
//!
//! So σ and η are right where on each part of 0 ≤ t ≤ 1 either T ≤ 0 or F ≥ 0. Both are polynomials; one whose
//! Bernstein coefficients on an interval have one sign has that sign there. Times √G/ρ the line is one of c̃.

use super::floor::parts;
use super::form::UNIT;
use super::model::Model;
use num_bigint::{BigInt, BigUint, Sign};

/// Slopes are in units of 2^-SLOPE.
const SLOPE: u32 = 30;
/// Halvings of 0..1 after which a line is given up.
const DEPTH: usize = 48;

/// Where a set reaches the floor, c̃ − σs + η ≥ 0, with s = √(x'Vx).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Line {
    /// σ ≥ 0.
    slope: i128,
    /// η in units of 2^-UNIT.
    pub(super) lift: i128,
}

impl Line {
    /// The line of the total, where c̃ ≥ s is what is asked.
    const TOTAL: Self = Self {
        slope: 1 << SLOPE,
        lift: 0,
    };

    /// What holds of any set with r > 0.
    const LEVEL: Self = Self { slope: 0, lift: 0 };

    /// At most σ times a number.
    pub(super) fn times(&self, value: i128) -> Option<i128> {
        Some(self.slope.checked_mul(value)? >> SLOPE)
    }

    /// At least σ times a number.
    pub(super) fn times_up(&self, value: i128) -> Option<i128> {
        Some(-self.times(-value)?)
    }
}

/// Lines for one floor.
#[derive(Debug)]
pub(super) struct Lines {
    /// Where the criterion is the rest.
    rest: Option<Curve>,
}

/// The curve that the lines are under: C = (1 − ρ²)t² + ρt√(1 − (1 − ρ²)t²).
#[derive(Debug)]
struct Curve {
    rho: f64,
    /// ρ = mantissa·2^-t.
    mantissa: u64,
    t: i32,
    /// √G in the certificate's units.
    root_g: f64,
    /// √G/ρ in units of 2^-UNIT, rounded up.
    times: i128,
    /// Up to here the curve bends upwards.
    convex: f64,
}

impl Lines {
    /// Lines at this floor; `None` where it is too near to 0, or no floor.
    pub(super) fn new(model: &Model, floor: f64, power: i32) -> Option<Self> {
        if !model.is_rest {
            return Some(Self { rest: None });
        }
        let (mantissa, t) = parts(floor)?;
        // (√G/ρ)² in units of 2^-2·UNIT.
        let shift = 2 * UNIT as i32 - power + 2 * t;
        let square = BigUint::from(model.g.unsigned_abs());
        let below = BigUint::from(mantissa).pow(2);
        let quotient = if shift >= 0 {
            (square << shift) / below
        } else {
            square / (below << -shift)
        };
        let times = i128::try_from(quotient.sqrt()).ok()? + 1;
        let rho = floor.min(1.0);
        let small = times < 1 << (UNIT + 30) && floor <= 1.0;
        small.then(|| Self {
            rest: Some(Curve {
                rho,
                mantissa,
                t,
                root_g: (model.g as f64 * f64::from(-power).exp2()).sqrt(),
                times,
                convex: end_of_convex(rho),
            }),
        })
    }

    /// About the slope and the lift of a good line at s, to look for weights with.
    pub(super) fn about(&self, s: f64) -> (f64, f64) {
        match &self.rest {
            None => (1.0, 0.0),
            Some(curve) => {
                let (slope, lift) = curve.about(s / curve.root_g);
                let scale = curve.root_g / curve.rho;
                (slope / curve.rho, lift * scale)
            }
        }
    }

    /// A good line at s, proved.
    pub(super) fn at(&self, s: f64) -> Line {
        match &self.rest {
            None => Line::TOTAL,
            Some(curve) => curve.line(s / curve.root_g),
        }
    }
}

impl Curve {
    fn height(&self, t: f64) -> f64 {
        let m = 1.0 - self.rho * self.rho;
        m * t * t + self.rho * t * (1.0 - m * t * t).max(0.0).sqrt()
    }

    /// σ and η in the units of C and t, about.
    fn about(&self, t: f64) -> (f64, f64) {
        let t = t.min(self.convex);
        let m = 1.0 - self.rho * self.rho;
        let root = (1.0 - m * t * t).max(1e-12).sqrt();
        let slope = 2.0 * m * t + self.rho * (1.0 - 2.0 * m * t * t) / root;
        let slope = slope.max(0.0);
        let at = slope * t - self.height(t);
        let end = slope - self.height(1.0);
        (slope, at.max(end).max(0.0))
    }

    fn line(&self, t: f64) -> Line {
        let (slope, lift) = self.about(t);
        let whole = (slope / self.rho * f64::from(SLOPE).exp2()).floor();
        // NaN too.
        if !(whole >= 0.0 && whole < f64::from(SLOPE + 30).exp2()) {
            return Line::LEVEL;
        }
        let whole = whole as i128;
        // The slope was rounded by at most 2^-30, so η by no more than that; mostly far less is enough.
        for more in [1e-12, 1e-10, 1e-8, 1e-5] {
            let lift = ((lift + more) * f64::from(UNIT).exp2()).ceil() as i128;
            if self.is_under(whole, lift) {
                let lift = BigInt::from(lift) * self.times;
                // Rounded up: the shift rounds down.
                if let Ok(lift) = i128::try_from(lift >> UNIT) {
                    return Line {
                        slope: whole,
                        lift: lift + 1,
                    };
                }
            }
        }
        Line::LEVEL
    }

    /// Whether the line with this slope of c̃, and with this η in units of 2^-UNIT, is under the curve: exactly.
    fn is_under(&self, slope: i128, lift: i128) -> bool {
        // All in units of 2^-m: ρ = M·2^-t, σ = slope·ρ·2^-SLOPE, η = lift·2^-UNIT.
        let m = (self.t.max(0) as u32 + SLOPE).max(UNIT);
        let mantissa = BigInt::from(self.mantissa);
        let Ok(by) = u32::try_from(m as i32 - self.t) else {
            return false;
        };
        let rho = &mantissa << by;
        let sigma = (mantissa * slope) << (by - SLOPE);
        let eta = BigInt::from(lift) << (m - UNIT);
        let one = BigInt::from(1) << m;
        // T in units of 2^-m, F in units of 2^-3m, from the power 0 on.
        let t = [-&eta, sigma.clone(), -&one];
        let (two, square) = (BigInt::from(2), &rho * &rho);
        let f = [
            -(&eta * &eta) * &one,
            &two * &eta * &sigma * &one,
            &square * (&one + &two * &eta) - &sigma * &sigma * &one - &two * &eta * &one * &one,
            &two * &sigma * (&one * &one - &square),
            &square * &one - &one * &one * &one,
        ];
        // Bernstein coefficients, twice those of T and twelve times those of F.
        let t: Vec<BigInt> = vec![&t[0] * 2, &t[0] * 2 + &t[1], (&t[0] + &t[1] + &t[2]) * 2];
        let f: Vec<BigInt> = vec![
            &f[0] * 12,
            &f[0] * 12 + &f[1] * 3,
            &f[0] * 12 + &f[1] * 6 + &f[2] * 2,
            &f[0] * 12 + &f[1] * 9 + &f[2] * 6 + &f[3] * 3,
            (&f[0] + &f[1] + &f[2] + &f[3] + &f[4]) * 12,
        ];
        let mut open: Vec<(Vec<BigInt>, Vec<BigInt>, usize)> = vec![(t, f, 0)];
        while let Some((t, f, depth)) = open.pop() {
            let low = t.iter().all(|b| b.sign() != Sign::Plus);
            if low || f.iter().all(|b| b.sign() != Sign::Minus) {
                continue;
            }
            if depth == DEPTH {
                return false;
            }
            let ([t0, t1], [f0, f1]) = (halves(t), halves(f));
            open.push((t0, f0, depth + 1));
            open.push((t1, f1, depth + 1));
        }
        true
    }
}

/// Bernstein coefficients on both halves of the interval, times 2^degree.
fn halves(mut b: Vec<BigInt>) -> [Vec<BigInt>; 2] {
    let degree = b.len() - 1;
    let mut left = Vec::new();
    let mut right = Vec::new();
    for level in 0..=degree {
        // Sums of neighbours are twice their means: after `level` turns times 2^level.
        left.push(&b[0] << (degree - level));
        right.push(&b[degree - level] << (degree - level));
        b = b.windows(2).map(|pair| &pair[0] + &pair[1]).collect();
    }
    right.reverse();
    [left, right]
}

/// Where the curve's second derivative, which has the sign of 2 − ρt(3 − 2mt²)/(1 − mt²)^1.5 and falls, becomes 0.
fn end_of_convex(rho: f64) -> f64 {
    let m = 1.0 - rho * rho;
    let bends_up = |t: f64| {
        let w = m * t * t;
        2.0 > rho * t * (3.0 - 2.0 * w) / (1.0 - w).max(1e-12).powf(1.5)
    };
    let (mut low, mut high) = (0.0, 1.0);
    for _ in 0..50 {
        let middle = 0.5 * (low + high);
        if bends_up(middle) {
            low = middle;
        } else {
            high = middle;
        }
    }
    low
}

#[cfg(test)]
mod tests {
    use super::*;

    fn curve(rho: f64) -> Curve {
        let (mantissa, t) = parts(rho).unwrap();
        Curve {
            rho,
            mantissa,
            t,
            root_g: 1.0,
            times: 1 << UNIT,
            convex: end_of_convex(rho),
        }
    }

    #[test]
    fn lines_are_near_and_under_the_curve() {
        for rho in [0.01, 0.3, 0.7, 0.9, 0.97, 0.999] {
            let curve = curve(rho);
            for place in 1..40 {
                let t = f64::from(place) / 40.0;
                let line = curve.line(t);
                let slope = line.slope as f64 / f64::from(SLOPE).exp2() * rho;
                let lift = line.lift as f64 / f64::from(UNIT).exp2();
                let gap = |t: f64| curve.height(t) - (slope * t - lift);
                let least = (0..=4000).map(|at| gap(f64::from(at) / 4000.0));
                let least = least.fold(f64::INFINITY, f64::min);
                assert!(least > -1e-12, "{rho} {t}: {least}");
                let (_, about) = curve.about(t);
                assert!(lift < about + 3e-8, "{rho} {t}: {lift} {about}");
            }
        }
    }

    #[test]
    fn a_line_that_is_above_somewhere_is_seen() {
        for rho in [0.3, 0.7, 0.9, 0.97] {
            let curve = curve(rho);
            for place in 1..40 {
                let (slope, lift) = curve.about(f64::from(place) / 40.0);
                let slope = (slope / rho * f64::from(SLOPE).exp2()) as i128;
                let units = |lift: f64| (lift * f64::from(UNIT).exp2()) as i128;
                assert!(curve.is_under(slope, units(lift + 1e-8)));
                assert!(!curve.is_under(slope, units(lift - 1e-8)), "{rho} {place}");
                assert!(!curve.is_under(slope + (1 << 22), units(lift)));
            }
        }
    }
}
