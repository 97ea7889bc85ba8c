//! The six sums of a set, in whatever numbers they are added up in.

use crate::matrix::ResponseMatrix;
use std::ops::{Add, AddAssign, Mul, Sub, SubAssign};

/// n, Σa, Σg, Σa², Σg², Σa·g over the users who answered every question of a set, a being their summed
/// score on it and g their overall score, in score units times 10^scale (products: its square).
///
/// `T` is an integer wide enough, a float that holds these integers exactly, or u64 for sums modulo 2^64.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Six<T> {
    /// Users.
    pub n: T,
    /// Σ a.
    pub sa: T,
    /// Σ g.
    pub sg: T,
    /// Σ a².
    pub saa: T,
    /// Σ g².
    pub sgg: T,
    /// Σ a·g.
    pub sag: T,
}

/// The exact six sums of a set.
pub type Sums = Six<i128>;

/// What r is made of: r = A / √(X·Y).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Moments<T> {
    /// n: users.
    pub n: T,
    /// A = n·Σag − Σa·Σg.
    pub a: T,
    /// X = n·Σa² − (Σa)².
    pub x: T,
    /// Y = n·Σg² − (Σg)².
    pub y: T,
}

impl<T> Moments<T> {
    /// Each moment through `f`.
    #[inline(always)]
    #[must_use]
    pub fn map<U>(self, f: impl Fn(T) -> U) -> Moments<U> {
        Moments {
            n: f(self.n),
            a: f(self.a),
            x: f(self.x),
            y: f(self.y),
        }
    }
}

impl<T> Six<T> {
    /// The sums in the order n, a, g, a², g², a·g.
    #[must_use]
    pub fn from_array([n, sa, sg, saa, sgg, sag]: [T; 6]) -> Self {
        Self {
            n,
            sa,
            sg,
            saa,
            sgg,
            sag,
        }
    }

    /// The sums in the order n, a, g, a², g², a·g.
    #[must_use]
    pub fn to_array(self) -> [T; 6] {
        let Self {
            n,
            sa,
            sg,
            saa,
            sgg,
            sag,
        } = self;
        [n, sa, sg, saa, sgg, sag]
    }

    /// Each sum through `f`.
    #[must_use]
    pub fn map<U>(self, f: impl FnMut(T) -> U) -> Six<U> {
        Six::from_array(self.to_array().map(f))
    }
}

impl<T: Copy + Mul<Output = T> + Sub<Output = T>> Six<T> {
    /// n, A, X and Y; `T` has to hold n times each sum, and the products of two sums.
    #[inline(always)]
    #[must_use]
    pub fn moments(&self) -> Moments<T> {
        let Self {
            n,
            sa,
            sg,
            saa,
            sgg,
            sag,
        } = *self;
        Moments {
            n,
            a: n * sag - sa * sg,
            x: n * saa - sa * sa,
            y: n * sgg - sg * sg,
        }
    }
}

impl<T: Copy + From<u8> + Mul<Output = T>> Six<T> {
    /// The sums of one user.
    #[inline(always)]
    #[must_use]
    pub fn of_user(a: T, g: T) -> Self {
        Self {
            n: T::from(1),
            sa: a,
            sg: g,
            saa: a * a,
            sgg: g * g,
            sag: a * g,
        }
    }
}

impl<T: Copy + Add<Output = T> + Mul<Output = T>> Six<T> {
    /// The sums of a + σ and g + γ, from those of a and g:
    /// Σ(a+σ)² = Σa² + 2σ·Σa + σ²·n, Σ(a+σ)(g+γ) = Σag + γ·Σa + σ·Σg + σγ·n.
    #[must_use]
    pub fn shifted(&self, sigma: T, gamma: T) -> Self {
        let Self {
            n,
            sa,
            sg,
            saa,
            sgg,
            sag,
        } = *self;
        let square = |squares, sum, by: T| squares + by * (sum + sum + by * n);
        Self {
            n,
            sa: sa + sigma * n,
            sg: sg + gamma * n,
            saa: square(saa, sa, sigma),
            sgg: square(sgg, sg, gamma),
            sag: sag + gamma * sa + sigma * (sg + gamma * n),
        }
    }
}

impl<T: AddAssign> AddAssign for Six<T> {
    #[inline(always)]
    fn add_assign(&mut self, other: Self) {
        self.n += other.n;
        self.sa += other.sa;
        self.sg += other.sg;
        self.saa += other.saa;
        self.sgg += other.sgg;
        self.sag += other.sag;
    }
}

impl<T: SubAssign> SubAssign for Six<T> {
    fn sub_assign(&mut self, other: Self) {
        self.n -= other.n;
        self.sa -= other.sa;
        self.sg -= other.sg;
        self.saa -= other.saa;
        self.sgg -= other.sgg;
        self.sag -= other.sag;
    }
}

impl Sums {
    /// The sums of `set` (non-empty question indices), from the bitsets and scores of `matrix`.
    ///
    /// This is the exact finish of every survivor of a discard: it costs the AND of K bitsets and K
    /// look-ups for each user in common.
    #[must_use]
    pub fn of_set(matrix: &ResponseMatrix, set: &[usize]) -> Self {
        Self::with_overall(matrix, set, matrix.totals())
    }

    /// The sums of a set (question indices) with these overall scores in place of the totals.
    #[must_use]
    pub fn with_overall(matrix: &ResponseMatrix, set: &[usize], overall: &[i64]) -> Self {
        let mut sums = Self::default();
        each_user(matrix, set, |user, a| {
            sums += Self::of_user(a.into(), overall[user].into());
        });
        sums
    }
}

/// Calls `each` with every user who answered all of `set`, and their score on it.
#[inline]
pub(super) fn each_user(matrix: &ResponseMatrix, set: &[usize], mut each: impl FnMut(usize, i64)) {
    let columns: Vec<_> = set.iter().map(|&q| matrix.column(q)).collect();
    let Some((first, rest)) = columns.split_first() else {
        return;
    };
    for (w, &word) in first.answered().iter().enumerate() {
        let mut common = rest.iter().fold(word, |acc, c| acc & c.answered()[w]);
        while common != 0 {
            let user = w as u32 * 64 + common.trailing_zeros();
            common &= common - 1;
            let a = columns.iter().filter_map(|c| c.score(user)).sum();
            each(user as usize, a);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::num::Wrapping;

    fn of_users(users: &[(i64, i64)]) -> Sums {
        let mut sums = Sums::default();
        for &(a, g) in users {
            sums += Sums::of_user(a.into(), g.into());
        }
        sums
    }

    proptest! {
        #[test]
        fn shifting_sums_is_shifting_users(
            users in prop::collection::vec((-1000_i64..1000, -1000_i64..1000), 0..9),
            sigma in -500_i64..500, gamma in -500_i64..500,
        ) {
            let moved: Vec<_> = users.iter().map(|&(a, g)| (a + sigma, g + gamma)).collect();
            let (before, after) = (of_users(&users), of_users(&moved));
            prop_assert_eq!(before.shifted(sigma.into(), gamma.into()), after);
            // r does not change, and neither do A, X and Y.
            prop_assert_eq!(before.moments(), after.moments());
            let words = |sums: Sums| sums.map(|sum| Wrapping(sum as u64));
            let (sigma, gamma) = (Wrapping(sigma as u64), Wrapping(gamma as u64));
            prop_assert_eq!(words(before).shifted(sigma, gamma), words(after));
        }
    }

    #[test]
    fn an_array_and_back() {
        let sums = of_users(&[(3, 5), (-2, 7)]);
        assert_eq!(sums.to_array(), [2, 1, 12, 13, 74, 1]);
        assert_eq!(Six::from_array(sums.to_array()), sums);
        let mut less = sums;
        less -= Sums::of_user(3, 5);
        assert_eq!(less, Sums::of_user(-2, 7));
    }
}
