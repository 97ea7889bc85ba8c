//! The criterion: which overall score of a user a set's score is correlated with.

use super::Moments;
use std::ops::{Add, Sub};

/// Which overall score g a set's score a is correlated with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Criterion {
    /// The total over all answered questions, of which the set is a part.
    #[default]
    Total,
    /// The mean over all answered questions, an exact fraction.
    Mean,
    /// The total without the set itself, g − a: the corrected item-total correlation.
    Rest,
    /// A number a user, given from outside.
    Column,
}

impl Criterion {
    /// All criteria.
    pub const ALL: [Self; 4] = [Self::Total, Self::Mean, Self::Rest, Self::Column];

    /// Its name in options and documents.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Total => "total",
            Self::Mean => "mean",
            Self::Rest => "rest",
            Self::Column => "column",
        }
    }

    /// Whether engines find the overall score itself in a table's totals: exact integers.
    #[must_use]
    pub fn is_of_totals(self) -> bool {
        matches!(self, Self::Total | Self::Rest)
    }

    /// A, X and Y of the criterion, from those of a and g.
    ///
    /// With g − a for g: n·Σa(g − a) − Σa·Σ(g − a) = A − X, and n·Σ(g − a)² − (Σ(g − a))² = Y − 2A + X.
    #[inline(always)]
    #[must_use]
    pub fn moments<T>(self, moments: Moments<T>) -> Moments<T>
    where
        T: Copy + Add<Output = T> + Sub<Output = T>,
    {
        let Moments { n, a, x, y } = moments;
        match self {
            Self::Rest => Moments {
                n,
                a: a - x,
                x,
                y: y - a - a + x,
            },
            Self::Total | Self::Mean | Self::Column => moments,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Sums;
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn rest_is_the_total_without_the_set(
            users in prop::collection::vec((-1000_i64..1000, -1000_i64..1000), 0..9),
        ) {
            let (mut whole, mut rest) = (Sums::default(), Sums::default());
            for (a, g) in users {
                whole += Sums::of_user(a.into(), g.into());
                rest += Sums::of_user(a.into(), (g - a).into());
            }
            prop_assert_eq!(Criterion::Rest.moments(whole.moments()), rest.moments());
            prop_assert_eq!(Criterion::Total.moments(whole.moments()), whole.moments());
        }
    }
}
