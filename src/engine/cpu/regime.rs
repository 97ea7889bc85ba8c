//! Regimes: the ways to search a part, and which one a search takes, by counting work.

use super::gram::{self, Choice};
use super::projected::Machine;
use crate::combin::choices;
use crate::engine::{Part, Query};

/// A way to search a part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Regime {
    /// The prefix tree, each prefix by the leaf machine that is expected to be fastest.
    Walk,
    /// The prefix tree with one leaf machine.
    Leaves(Machine),
    /// Sums from cross-products.
    Products(gram::Regime),
}

impl Regime {
    /// All regimes.
    pub fn all() -> impl Iterator<Item = Self> {
        let leaves = Machine::ALL.into_iter().map(Self::Leaves);
        let products = gram::Regime::ALL.into_iter().map(Self::Products);
        [Self::Walk].into_iter().chain(leaves).chain(products)
    }

    /// Its name in messages and options.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Walk => "walk",
            Self::Leaves(machine) => machine.name(),
            Self::Products(regime) => regime.name(),
        }
    }

    /// What it does, in a line.
    #[must_use]
    pub fn about(self) -> &'static str {
        match self {
            Self::Walk => {
                "the prefix tree, each prefix by the leaf machine that is expected to be fastest"
            }
            Self::Leaves(machine) => machine.about(),
            Self::Products(regime) => regime.about(),
        }
    }

    /// The regime of this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::all().find(|regime| regime.name() == name)
    }
}

/// Cycles of the walk for a leaf itself: its judgement and its share of the work above it.
const CYCLES_A_LEAF: f64 = 6.0;

/// Cycles of the walk for one user of a prefix and one leaf behind it: 8 vector operations for 16
/// leaves at two a cycle, and half of the users are inner users that the leaf kernel leaves out.
const CYCLES_A_USER_AND_LEAF: f64 = 0.15;

/// Cycles of the walk to lay out an answer of sets of one question or two, and for each user of each of
/// these sets: they have no prefix that the leaf kernels take.
const CYCLES_AN_ANSWER_OF_SHORT_SETS: f64 = 200.0;
const CYCLES_A_USER_OF_SHORT_SETS: f64 = 50.0;

/// The cross-product regime to take for a part of so many sets, or `None` where the walk is expected to be faster.
pub(super) fn choose(query: &Query<'_>, part: &Part, sets: u128) -> Option<Choice> {
    gram::choose(query, part).filter(|choice| choice.cycles < walk_cycles(query, part, sets))
}

/// About how many cycles the walk takes: every set once, and every user once for each prefix of
/// K − 1 questions that they answered, times the leaves behind it.
fn walk_cycles(query: &Query<'_>, part: &Part, sets: u128) -> f64 {
    let matrix = query.table();
    let (questions, k) = (matrix.questions().len() as f64, query.k() as f64);
    let (sets, share) = (sets as f64, query.space().share(part));
    if query.k() <= 2 {
        let users: f64 = (0..matrix.users().len())
            .map(|user| choices(matrix.row(user).len(), query.k()))
            .sum();
        return matrix.responses() as f64 * CYCLES_AN_ANSWER_OF_SHORT_SETS
            + share * users * CYCLES_A_USER_OF_SHORT_SETS;
    }
    let leaves = (questions - k + 1.0) / k;
    let prefixes: f64 = (0..matrix.users().len())
        .map(|user| choices(matrix.row(user).len(), query.k() - 1))
        .sum();
    sets * CYCLES_A_LEAF + share * prefixes * leaves * CYCLES_A_USER_AND_LEAF
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_regimes_are_one_to_one() {
        for regime in Regime::all() {
            assert_eq!(Regime::from_name(regime.name()), Some(regime));
        }
        assert_eq!(Regime::from_name("tiles"), None);
    }
}
