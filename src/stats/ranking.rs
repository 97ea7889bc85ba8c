//! What sets are ranked by: the correlation with a criterion, or a lower confidence bound of it.

use super::fixed::normal_quantile;
use super::{Blur, Correlation, Criterion, Floor, Sums, Value};

/// What sets are ranked by.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Ranking {
    /// Which overall score.
    pub criterion: Criterion,
    /// r or its lower bound.
    pub by: RankBy,
}

/// Which figure of a correlation decides.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum RankBy {
    /// r itself.
    #[default]
    R,
    /// The one-sided lower confidence bound by Fisher's transformation, tanh(artanh r − z/√(n − 3)).
    LowerBound(Confidence),
}

/// The level of a one-sided confidence bound, and its normal quantile.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Confidence {
    level: f64,
    z: f64,
}

/// Fewest users of a set that has a lower bound.
pub(super) const FEWEST_OF_A_BOUND: u64 = 4;

impl Confidence {
    /// A level above one half and below 1; `None` for others.
    #[must_use]
    pub fn new(level: f64) -> Option<Self> {
        (level > 0.5 && level < 1.0).then(|| Self {
            level,
            z: normal_quantile(level),
        })
    }

    /// The level.
    #[must_use]
    pub fn level(self) -> f64 {
        self.level
    }

    /// Its standard normal quantile, above 0.
    #[must_use]
    pub fn z(self) -> f64 {
        self.z
    }
}

impl Ranking {
    /// By r with this criterion.
    #[must_use]
    pub fn by_r(criterion: Criterion) -> Self {
        Self {
            criterion,
            by: RankBy::R,
        }
    }

    /// The fewest users that a set can have where `asked` are asked for.
    #[must_use]
    pub fn min_users(self, asked: u64) -> u64 {
        match self.by {
            RankBy::R => asked,
            RankBy::LowerBound(_) => asked.max(FEWEST_OF_A_BOUND),
        }
    }

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

    /// The floor at `value`, for engines whose overall scores are rounded as `blur` says.
    #[must_use]
    pub fn floor(self, value: f64, blur: Blur) -> Floor {
        Floor::new(self, value, blur)
    }
}
