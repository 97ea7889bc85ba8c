//! The six sums of a set over the users who answered all of it.

use crate::matrix::ResponseMatrix;
use std::ops::AddAssign;

/// Over the users who answered every question of a set, with a = their summed score on the set and
/// g = their total: count and sums, in score units times 10^scale (products: its square).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Sums {
    /// Users.
    pub n: u64,
    /// Σ a.
    pub sa: i128,
    /// Σ g.
    pub sg: i128,
    /// Σ a².
    pub saa: i128,
    /// Σ g².
    pub sgg: i128,
    /// Σ a·g.
    pub sag: i128,
}

impl Sums {
    /// The sums of one user.
    #[must_use]
    pub fn of_user(a: i64, g: i64) -> Self {
        let (a, g) = (i128::from(a), i128::from(g));
        Self {
            n: 1,
            sa: a,
            sg: g,
            saa: a * a,
            sgg: g * g,
            sag: a * g,
        }
    }

    /// The sums of `set` (non-empty question indices), from the bitsets and scores of `matrix`.
    ///
    /// This is the exact finish of every survivor of a discard: it costs the AND of K bitsets and K
    /// look-ups for each user in common.
    #[must_use]
    pub fn of_set(matrix: &ResponseMatrix, set: &[usize]) -> Self {
        let mut sums = Self::default();
        let columns: Vec<_> = set.iter().map(|&q| matrix.column(q)).collect();
        let Some((first, rest)) = columns.split_first() else {
            return sums;
        };
        for (w, &word) in first.answered().iter().enumerate() {
            let mut common = rest.iter().fold(word, |acc, c| acc & c.answered()[w]);
            while common != 0 {
                let user = w as u32 * 64 + common.trailing_zeros();
                common &= common - 1;
                let a = columns.iter().filter_map(|c| c.score(user)).sum();
                sums += Self::of_user(a, matrix.totals()[user as usize]);
            }
        }
        sums
    }
}

impl AddAssign for Sums {
    fn add_assign(&mut self, other: Self) {
        self.n += other.n;
        self.sa += other.sa;
        self.sg += other.sg;
        self.saa += other.saa;
        self.sgg += other.sgg;
        self.sag += other.sag;
    }
}
