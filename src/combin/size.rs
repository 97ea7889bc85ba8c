//! How many sets there are, exactly, however many that is.

use super::binomial;
use num_bigint::BigUint;
use std::fmt;
use std::iter::Sum;
use std::ops::Add;
use std::str::FromStr;

/// A number of sets, of any size.
///
/// Ranks and counts of what is gone through set by set are numbers of 128 bits; [`Self::numbered`] says whether
/// they reach.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Size(BigUint);

impl Size {
    /// C(n, k).
    #[must_use]
    pub fn choices(n: u64, k: u64) -> Self {
        binomial(n, k).map_or_else(|| Self(wide(n, k.min(n - k))), Self::from)
    }

    /// The number where 128 bits hold it: then sets can be numbered.
    #[must_use]
    pub fn numbered(&self) -> Option<u128> {
        u128::try_from(&self.0).ok()
    }

    /// What is left of these sets without so many; `None` where there are fewer.
    #[must_use]
    pub fn without(&self, sets: u128) -> Option<Self> {
        let sets = BigUint::from(sets);
        (sets <= self.0).then(|| Self(&self.0 - sets))
    }

    /// Both numbers multiplied: how many ways there are to choose two things apart from each other.
    #[must_use]
    pub(super) fn times(&self, other: &Self) -> Self {
        Self(&self.0 * &other.0)
    }
}

/// C(n, k), for 1 ≤ k ≤ n / 2: the product of n − k + 1 … n, from which the primes of k! are divided out one by one.
///
/// Of any k numbers in a row at least as many are divisible by a power of a prime as of 1 … k, so each prime goes
/// into the product as often as into k!. Factors that are left are below 2^64 and are multiplied in pairs of equal
/// length: some k·log k steps in place of k² for a product that grows by one factor at a time.
fn wide(n: u64, k: u64) -> BigUint {
    let first = n - k + 1;
    let mut factors: Vec<u64> = (first..=n).collect();
    let mut composite = vec![false; factors.len() + 1];
    for prime in 2..composite.len() {
        if composite[prime] {
            continue;
        }
        for multiple in (2 * prime..composite.len()).step_by(prime) {
            composite[multiple] = true;
        }
        let prime = prime as u64;
        // How often it divides k!, by Legendre's formula.
        let powers = std::iter::successors(Some(k / prime), |left| Some(left / prime));
        let mut left: u64 = powers.take_while(|&left| left > 0).sum();
        let from = (prime - first % prime) % prime;
        for factor in factors
            .iter_mut()
            .skip(from as usize)
            .step_by(prime as usize)
        {
            while left > 0 && factor.is_multiple_of(prime) {
                *factor /= prime;
                left -= 1;
            }
        }
    }
    product(&factors)
}

fn product(factors: &[u64]) -> BigUint {
    match factors {
        [] => BigUint::from(1_u32),
        [one] => BigUint::from(*one),
        _ => {
            let (left, right) = factors.split_at(factors.len() / 2);
            product(left) * product(right)
        }
    }
}

impl From<u128> for Size {
    fn from(sets: u128) -> Self {
        Self(sets.into())
    }
}

impl PartialEq<u128> for Size {
    fn eq(&self, other: &u128) -> bool {
        self.numbered() == Some(*other)
    }
}

impl Add<&Self> for Size {
    type Output = Self;

    fn add(self, other: &Self) -> Self {
        Self(self.0 + &other.0)
    }
}

impl Sum for Size {
    fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
        all.fold(Self::from(0), |sum, one| sum + &one)
    }
}

impl fmt::Display for Size {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, out)
    }
}

/// A text that is no number of sets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a number of sets is written in decimal digits, and nothing else")]
pub struct NoSize;

impl FromStr for Size {
    type Err = NoSize;

    fn from_str(text: &str) -> Result<Self, NoSize> {
        // The parser of big integers would take signs and underscores, too.
        if text.bytes().all(|b| b.is_ascii_digit()) {
            text.parse().map(Self).map_err(|_| NoSize)
        } else {
            Err(NoSize)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::combin::WrappingBinomials;

    #[test]
    fn known_values() {
        // Published tables of central binomial coefficients end here or before.
        for (n, k, text) in [
            (0, 0, "1"),
            (3, 4, "0"),
            (200, 5, "2535650040"),
            (132, 66, "377389666165540953244592352291892721700"),
            (
                200,
                100,
                "90548514656103281165404177077484163874504589675413336841320",
            ),
        ] {
            assert_eq!(Size::choices(n, k).to_string(), text, "{n} {k}");
        }
    }

    #[test]
    fn every_number_is_the_sum_of_the_two_above_it() {
        for n in 0..60 {
            for k in 0..n {
                let (left, right) = (wide_or_one(n, k), wide_or_one(n, k + 1));
                assert_eq!(&left + &right, wide_or_one(n + 1, k + 1), "{n} {k}");
                assert_eq!(Size(left), Size::choices(n, k));
            }
        }
        for n in [131, 140, 300, 2048] {
            let modulo = WrappingBinomials::new(n, n / 2);
            for k in [1, 2, 7, n / 3, n / 2 - 1, n / 2] {
                let exact = wide(n as u64, k as u64);
                let low = u128::try_from(exact % (BigUint::from(1_u32) << 128_u32)).unwrap();
                assert_eq!(low, modulo.wide(n as isize, k as isize), "{n} {k}");
            }
        }
        // Far more digits than any table has sets, and as soon.
        assert_eq!(wide(1 << 20, 1 << 19).bits(), (1 << 20) - 10);
    }

    /// C(n, k) the long way, whatever its size.
    fn wide_or_one(n: u64, k: u64) -> BigUint {
        match k.min(n - k) {
            0 => BigUint::from(1_u32),
            k => wide(n, k),
        }
    }

    #[test]
    fn numbers_of_128_bits_and_beyond() {
        let last = Size::from(u128::MAX);
        assert_eq!(last.numbered(), Some(u128::MAX));
        assert_eq!(last, u128::MAX);
        let beyond = last.clone() + &Size::from(1);
        assert_eq!(beyond.numbered(), None);
        assert_eq!(
            beyond.to_string(),
            "340282366920938463463374607431768211456"
        );
        assert_eq!(beyond.without(1), Some(last.clone()));
        assert_eq!(Size::from(3).without(4), None);
        assert!(beyond > last);
        let sum: Size = [beyond, last].into_iter().sum();
        assert_eq!(sum.to_string(), "680564733841876926926749214863536422911");
    }

    #[test]
    fn only_digits_are_read() {
        let text = "680564733841876926926749214863536422911";
        assert_eq!(text.parse::<Size>().unwrap().to_string(), text);
        for wrong in ["", "-1", "+1", "1_000", "1,000", "1e40", " 1", "1.0"] {
            assert_eq!(wrong.parse::<Size>(), Err(NoSize), "{wrong:?}");
        }
    }
}
