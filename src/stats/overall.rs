//! Overall scores that are no totals: exact fractions a user, and small integers for engines to search with.
//!
//! ```text
//! Overall     g(u) = numerator/denominator of each user, exact                           decides
//! Image       ĝ(u) = the nearest integer to (g(u) − c)/s, and how far off that may be    discards, audits
//! ```
//! Engines see the image as a table's totals. What they cannot discard ([`super::bounds`], rounded overall
//! scores) is judged by the exact fractions, over the users of the set, in integers of any size: the common
//! denominator of a hundred users' means may have hundreds of bits.

use super::six::each_user;
use super::{Blur, Correlation};
use crate::matrix::ResponseMatrix;
use num_bigint::{BigInt, BigUint};
use std::collections::BTreeMap;
use std::ops::{AddAssign, Mul};

/// The overall score of each user of a table, exactly.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Overall {
    numerators: Vec<i128>,
    /// At least 1 each.
    denominators: Vec<u32>,
    /// Whether all sums over users of products of two numerators, or of one and a score, fit i128.
    narrow: bool,
}

/// How many steps an image may have.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Steps {
    /// To either side of its middle, up to 2^30.
    pub most: f64,
    /// A standard deviation of an image that is rounded. An exact one may have 1.2 times as many.
    pub deviation: f64,
}

/// How many times finer than a rounded image an exact one may be.
const EXACT_FOR: f64 = 1.2;

/// Integers that stand for overall scores.
#[derive(Clone, Debug, PartialEq)]
pub struct Image {
    /// One a user.
    pub scores: Vec<i64>,
    /// How far they are from the exact ones, in steps.
    pub blur: Blur,
}

/// The sums of a set that have its users' overall scores in them, as integers over a common denominator D.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OverallSums {
    /// D, the least common denominator of the users of the set.
    pub denominator: BigUint,
    /// Σg·D.
    pub sg: BigInt,
    /// Σg²·D².
    pub sgg: BigInt,
    /// Σa·g·D.
    pub sag: BigInt,
}

/// An image is off by half a step, and by far less for the roundings on the way to it: some 8 of 2^-53 of at most
/// 2^31 steps.
const HALF: f64 = 0.5 + 1e-5;

impl Overall {
    /// The mean of each user over what they answered; 0 of those who answered nothing, whom no set has.
    #[must_use]
    pub fn mean(matrix: &ResponseMatrix) -> Self {
        let totals = matrix.totals().iter().map(|&total| i128::from(total));
        let answers = (0..matrix.users().len()).map(|user| matrix.row(user).len().max(1) as u32);
        Self::new(matrix, totals.collect(), answers.collect())
    }

    /// A number of each user of the table, all in one unit.
    ///
    /// # Panics
    /// Where there are not as many as users.
    #[must_use]
    pub fn given(matrix: &ResponseMatrix, numbers: Vec<i128>) -> Self {
        let denominators = vec![1; numbers.len()];
        Self::new(matrix, numbers, denominators)
    }

    fn new(matrix: &ResponseMatrix, numerators: Vec<i128>, denominators: Vec<u32>) -> Self {
        assert_eq!(numerators.len(), matrix.users().len());
        let largest = numerators.iter().map(|n| n.unsigned_abs()).max();
        let largest = largest.unwrap_or(0).max(matrix.reach().into());
        let bits = |value: u128| u128::BITS - value.leading_zeros();
        let narrow = 2 * bits(largest) + bits(numerators.len() as u128) <= 126;
        Self {
            numerators,
            denominators,
            narrow,
        }
    }

    /// The numerator of each user's fraction.
    #[must_use]
    pub fn numerators(&self) -> &[i128] {
        &self.numerators
    }

    /// The exact sums of a set (ascending question indices), and its correlation where that is defined; the table
    /// is the one that these are the overall scores of. n, Sa and Saa are `sums`'.
    #[must_use]
    pub fn of_set(
        &self,
        matrix: &ResponseMatrix,
        set: &[usize],
        [n, sa, saa]: [i128; 3],
    ) -> (OverallSums, Option<Correlation>) {
        let sums = if self.narrow {
            self.sums::<i128>(matrix, set)
        } else {
            self.sums::<BigInt>(matrix, set)
        };
        let [n, sa, saa] = [n, sa, saa].map(BigInt::from);
        let a = &n * &sums.sag - &sa * &sums.sg;
        let x = &n * &saa - &sa * &sa;
        let y = &n * &sums.sgg - &sums.sg * &sums.sg;
        let r = Correlation::of_wide(&a, &x, &y);
        (sums, r)
    }

    fn sums<T>(&self, matrix: &ResponseMatrix, set: &[usize]) -> OverallSums
    where
        T: Clone + Default + From<i128> + AddAssign + Into<BigInt>,
        for<'t> T: Mul<&'t T, Output = T>,
    {
        // Σp, Σp² and Σa·p over the users of each denominator.
        let mut parts: BTreeMap<u32, [T; 3]> = BTreeMap::new();
        each_user(matrix, set, |user, a| {
            let p = T::from(self.numerators[user]);
            let [sum, squares, products] = parts.entry(self.denominators[user]).or_default();
            *sum += p.clone();
            *products += T::from(i128::from(a)) * &p;
            *squares += p.clone() * &p;
        });
        let mut denominator = BigUint::from(1_u32);
        for &part in parts.keys() {
            let common = gcd(part, u32::try_from(&denominator % part).unwrap_or(0));
            denominator *= part / common;
        }
        let mut sums = OverallSums {
            denominator,
            sg: BigInt::default(),
            sgg: BigInt::default(),
            sag: BigInt::default(),
        };
        for (part, [sum, squares, products]) in parts {
            let times = BigInt::from(&sums.denominator / part);
            sums.sg += sum.into() * &times;
            sums.sag += products.into() * &times;
            sums.sgg += squares.into() * (&times * &times);
        }
        sums
    }

    /// The image for engines, exact where so many steps are enough.
    #[must_use]
    pub fn image(&self, matrix: &ResponseMatrix, steps: Steps) -> Image {
        let answered = |user: &usize| matrix.row(*user).len() > 0;
        let users: Vec<usize> = (0..matrix.users().len()).filter(answered).collect();
        match self.exactly(&users, steps) {
            Some(scores) => Image {
                scores,
                blur: Blur::default(),
            },
            None => self.rounded(&users, steps),
        }
    }

    /// The overall scores less their lowest as multiples of their common step, where no fraction needs a step of
    /// its own and the multiples are few.
    fn exactly(&self, users: &[usize], steps: Steps) -> Option<Vec<i64>> {
        let of_user = |&user: &usize| u64::from(self.denominators[user]);
        let mut denominators = users.iter().map(of_user);
        let common = denominators.try_fold(1_u64, |common, part| {
            common.checked_mul(part / gcd(common, part))
        })?;
        let whole = |user: usize| {
            let times = common / u64::from(self.denominators[user]);
            self.numerators[user].checked_mul(times.into())
        };
        let wholes: Option<Vec<i128>> = users.iter().map(|&user| whole(user)).collect();
        let wholes = wholes?;
        let lowest = *wholes.iter().min()?;
        let mut step = 0;
        let mut reach = 0;
        for whole in &wholes {
            let above = whole.checked_sub(lowest)?.unsigned_abs();
            step = gcd(above, step);
            reach = reach.max(above);
        }
        let step = step.max(1);
        if (reach / step) as f64 > 2.0 * steps.most {
            return None;
        }
        let above = wholes
            .iter()
            .map(|whole| (whole.abs_diff(lowest) / step) as f64);
        if deviation(above) > EXACT_FOR * steps.deviation {
            return None;
        }
        let mut scores = vec![0; self.numerators.len()];
        for (&user, whole) in users.iter().zip(&wholes) {
            scores[user] = (whole.abs_diff(lowest) / step) as i64;
        }
        Some(scores)
    }

    fn rounded(&self, users: &[usize], steps: Steps) -> Image {
        // Differences from one user, exact before they are rounded, so that a large common part does no harm.
        let origin = users.first().copied().unwrap_or(0);
        let [p0, q0] = self.fraction(origin);
        let less = |user: usize| {
            let [p, q] = self.fraction(user);
            let over = q.clone() * &q0;
            float(&(p * &q0 - &p0 * q)) / float(&over)
        };
        let differences: Vec<f64> = users.iter().map(|&user| less(user)).collect();
        let count = users.len().max(1) as f64;
        let mean = differences.iter().sum::<f64>() / count;
        let reach = differences.iter().map(|d| (d - mean).abs());
        let spread = deviation(differences.iter().copied());
        // Nobody is off by more than half a step, whatever the step and the middle are.
        let step = (reach.fold(0.0, f64::max) / steps.most)
            .max(spread / steps.deviation)
            .max(f64::MIN_POSITIVE);
        let mut scores = vec![0; self.numerators.len()];
        for (&user, difference) in users.iter().zip(&differences) {
            scores[user] = ((difference - mean) / step).round() as i64;
        }
        Image {
            scores,
            blur: Blur {
                most: HALF,
                deviation: spread / step,
            },
        }
    }

    /// Numerator and denominator of a user.
    fn fraction(&self, user: usize) -> [BigInt; 2] {
        [self.numerators[user].into(), self.denominators[user].into()]
    }
}

/// About the standard deviation of some numbers; 0 of none.
fn deviation(numbers: impl Iterator<Item = f64> + Clone) -> f64 {
    let count = numbers.clone().count().max(1) as f64;
    let mean = numbers.clone().sum::<f64>() / count;
    let squares = numbers.map(|number| (number - mean).powi(2));
    (squares.sum::<f64>() / count).sqrt()
}

/// The greatest common divisor; that of a and 0 is a.
fn gcd<T>(mut a: T, mut b: T) -> T
where
    T: Copy + Default + PartialEq + std::ops::Rem<Output = T>,
{
    while b != T::default() {
        (a, b) = (b, a % b);
    }
    a
}

/// The f64 nearest to an integer, to within a rounding or two.
fn float(value: &BigInt) -> f64 {
    super::fixed::to_f64(value, 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::matrix::{Duplicates, MatrixBuilder, Score};

    fn table() -> ResponseMatrix {
        let mut builder = MatrixBuilder::new();
        for user in 0..40_i64 {
            for question in 0..9_i64 {
                let mantissa = (user * user + 3 * question * user + question) % 7;
                let score = Score {
                    mantissa,
                    digits: 0,
                };
                let answered = (user + 2 * question) % 5 > 0 || question < 2;
                let (user, question) = (user.to_string(), question.to_string());
                builder
                    .push(&user, &question, answered.then_some(score), 1)
                    .unwrap();
            }
        }
        builder.finish(Duplicates::Error, "line").unwrap()
    }

    fn steps(most: f64, deviation: f64) -> Steps {
        Steps { most, deviation }
    }

    #[test]
    fn sums_are_those_of_the_fractions() {
        let matrix = table();
        let mean = Overall::mean(&matrix);
        let set = [0, 1, 4];
        let (mut n, mut sa, mut saa) = (0, 0, 0);
        let mut float = [0.0; 3];
        each_user(&matrix, &set, |user, a| {
            let g = matrix.totals()[user] as f64 / matrix.row(user).len() as f64;
            n += 1;
            sa += i128::from(a);
            saa += i128::from(a * a);
            float = [float[0] + g, float[1] + g * g, float[2] + g * a as f64];
        });
        let (sums, r) = mean.of_set(&matrix, &set, [n, sa, saa]);
        let wide = Overall {
            narrow: false,
            ..mean.clone()
        };
        assert_eq!(
            wide.of_set(&matrix, &set, [n, sa, saa]),
            (sums.clone(), r.clone())
        );
        let d = super::float(&sums.denominator.clone().into());
        let got = [&sums.sg, &sums.sgg, &sums.sag].map(super::float);
        for (got, want) in [got[0] / d, got[1] / d / d, got[2] / d]
            .into_iter()
            .zip(float)
        {
            assert!((got - want).abs() < 1e-9, "{got} {want}");
        }
        assert!(r.is_some());
    }

    #[test]
    fn images_are_exact_where_steps_are_few_and_else_no_further_off_than_they_say() {
        let matrix = table();
        let users = matrix.users().len();
        let tens: Vec<i128> = (0..users as i128)
            .map(|u| 10 * (u % 7) - 1_000_000)
            .collect();
        let image = Overall::given(&matrix, tens).image(&matrix, steps(100.0, f64::INFINITY));
        assert_eq!(image.blur, Blur::default());
        assert_eq!(image.scores[..8], [0, 1, 2, 3, 4, 5, 6, 0]);
        let offset = 1_i128 << 100;
        let cube = |u: i128| offset + u * u * u * 1_000_003 + u % 7;
        let wide: Vec<i128> = (0..users as i128).map(cube).collect();
        for most in [120.0, 30_000.0] {
            let image = Overall::given(&matrix, wide.clone());
            let image = image.image(&matrix, steps(most, f64::INFINITY));
            assert_eq!(image.blur.most, HALF);
            let span = image.scores[users - 1] - image.scores[0];
            let step = (wide[users - 1] - wide[0]) as f64 / span as f64;
            for (score, exact) in image.scores.iter().zip(&wide) {
                let steps = (exact - wide[0]) as f64 / step + image.scores[0] as f64;
                assert!((steps - *score as f64).abs() < 1.1, "{steps} {score}");
            }
            assert!(span as f64 > most);
        }
        let mean = Overall::mean(&matrix).image(&matrix, steps(3.0, f64::INFINITY));
        assert_eq!(mean.blur.most, HALF);
    }

    #[test]
    fn few_far_off_do_not_make_the_steps_of_the_others_many() {
        let matrix = table();
        let users = matrix.users().len();
        let far = |far: i128| -> Vec<i128> {
            let near = (0..users as i128).map(|user| user % 9);
            [far].into_iter().chain(near).take(users).collect()
        };
        // A deviation of 2.6 in the numbers' own unit; one of a whole unit is exact.
        for (deviation, blur) in [(2.2, 0.0), (2.1, HALF), (1.0, HALF)] {
            let image = Overall::given(&matrix, far(4)).image(&matrix, steps(120.0, deviation));
            assert_eq!(image.blur.most, blur, "{deviation}");
            let found = super::deviation(image.scores.iter().map(|&score| score as f64));
            assert!(found < EXACT_FOR * deviation + 0.5, "{found}");
        }
        let image = Overall::given(&matrix, far(1000)).image(&matrix, steps(120.0, 20.0));
        assert!(image.blur.deviation < 20.1 && image.scores[0] < 121);
        assert_eq!(image.blur.most, HALF);
    }
}
