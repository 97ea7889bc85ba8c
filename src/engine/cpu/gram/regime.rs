//! The ways to make the sums of sets from cross-products, by name.

/// How the sums of a set come about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Regime {
    /// All users who answered anything answered the same questions: one population.
    Complete,
    /// Few answer patterns: one population a pattern.
    Patterns,
    /// Few missing answers: everybody, less those who miss something.
    Gaps,
    /// Sets of one question or two, in any table: one pass over the answers.
    Cross,
}

impl Regime {
    /// All regimes.
    pub const ALL: [Self; 4] = [Self::Complete, Self::Patterns, Self::Gaps, Self::Cross];

    /// Its name in messages.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::Patterns => "patterns",
            Self::Gaps => "gaps",
            Self::Cross => "cross",
        }
    }

    /// What it is for, in a line.
    #[must_use]
    pub fn about(self) -> &'static str {
        match self {
            Self::Complete => "cross-products, where everybody answered the same questions",
            Self::Patterns => "cross-products of each answer pattern, where these are few",
            Self::Gaps => "cross-products of everybody less those of who misses something",
            Self::Cross => "one pass over the answers, or cross-products: K 1 and 2",
        }
    }
}
