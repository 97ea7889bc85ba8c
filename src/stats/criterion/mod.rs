//! What a set is ranked by, and the floor that a set must reach to enter the list.
//!
//! A [`Criterion`] says, from the six sums of a set, what its exact value is and how two values are
//! ordered; and for a [`Floor`], which r a set of so many users needs at least: that is what engines
//! discard by, whatever the criterion. One file a criterion; the `match`es here are all that knows
//! them, so that another one is a file and a line in each.

mod part_whole;

use super::{Correlation, Sums, surely_below};

/// What a set is ranked by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Criterion {
    /// Pearson's r between the score on the set and the overall score, of which the set is a part.
    #[default]
    PartWhole,
}

/// Below every value: nothing can be discarded yet.
pub const NO_FLOOR: f64 = f64::NEG_INFINITY;

impl Criterion {
    /// The value of a set, exact and ordered; `None` where it is undefined.
    #[must_use]
    pub fn value(self, sums: &Sums, min_users: u64) -> Option<Correlation> {
        match self {
            Self::PartWhole => part_whole::value(sums, min_users),
        }
    }

    /// The floor at `value`.
    #[must_use]
    pub fn floor(self, value: f64) -> Floor {
        Floor {
            criterion: self,
            value,
        }
    }
}

/// A value of the criterion that a set must reach to enter the list.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Floor {
    criterion: Criterion,
    value: f64,
}

impl Floor {
    /// The criterion's value; [`NO_FLOOR`] where every defined set enters.
    #[must_use]
    pub fn value(self) -> f64 {
        self.value
    }

    /// An r that every set of `users` users or fewer has at least, if its value is not below the
    /// floor. So a set with a lower r may be discarded. It never falls where users get fewer.
    #[must_use]
    pub fn r_for(self, users: u64) -> f64 {
        match self.criterion {
            Criterion::PartWhole => part_whole::r_for(self.value, users),
        }
    }

    /// Whether a set with these A, X > 0 and Y > 0, exact integers rounded once, and so many users is
    /// certainly below the floor. `false` says nothing.
    #[inline(always)]
    #[must_use]
    pub fn surely_excludes(self, users: u64, [a, x, y]: [f64; 3]) -> bool {
        surely_below(self.r_for(users), a, x, y)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_floor_of_part_whole_r_is_that_r() {
        let floor = Criterion::PartWhole.floor(0.5);
        assert_eq!([floor.r_for(2), floor.r_for(1000)], [0.5; 2]);
        assert!(floor.surely_excludes(9, [4.0, 10.0, 10.0]));
        assert!(!floor.surely_excludes(9, [5.0, 10.0, 10.0]));
        let nothing = Criterion::default().floor(NO_FLOOR);
        assert!(!nothing.surely_excludes(9, [-9.0, 10.0, 10.0]));
    }
}
