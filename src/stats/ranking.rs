//! What sets are ranked by: the correlation with a criterion, or a lower confidence bound of it.

use super::Criterion;
use super::fixed::normal_quantile;

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
    /// The fewest users that a set can have where `asked` are asked for.
    #[must_use]
    pub fn min_users(self, asked: u64) -> u64 {
        match self.by {
            RankBy::R => asked,
            RankBy::LowerBound(_) => asked.max(FEWEST_OF_A_BOUND),
        }
    }
}
