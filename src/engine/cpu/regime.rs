//! Regimes: the ways to search a part, and which one a search takes, by counting work.

use super::gram;
use super::projected::Machine;
use crate::combin::choices;
use crate::engine::Query;

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

/// What each way to search a query costs, by counting.
#[derive(Clone, Debug)]
pub(super) struct Costs {
    products: Vec<gram::Cost>,
    /// Cycles of the walk: for each part, and for all sets.
    walk: [f64; 2],
}

impl Costs {
    pub(super) fn of(query: &Query<'_>) -> Self {
        Self {
            products: gram::costs(query),
            walk: walk_cycles(query),
        }
    }

    /// Cycles of the walk for a part that is this share of all sets.
    pub(super) fn walk(&self, share: f64) -> f64 {
        let [part, all] = self.walk;
        part + share * all
    }

    /// The cross-product regime to take for such a part, or `None` where the walk is expected to be faster. What all
    /// parts share costs nothing where it `is_made`; nor does as much of it as the parts that were walked before took
    /// (`walked`): were there no end of small parts, each would be cheaper by the walk, and all of them far dearer.
    pub(super) fn choose(
        &self,
        share: f64,
        walked: f64,
        is_made: impl Fn(gram::Regime) -> bool,
    ) -> Option<gram::Regime> {
        let cycles = |cost: &gram::Cost| {
            let once = if is_made(cost.regime) {
                0.0
            } else {
                (cost.once - walked).max(0.0)
            };
            once + cost.of_part(share)
        };
        let costs = self.products.iter();
        let best = costs.min_by(|a, b| cycles(a).total_cmp(&cycles(b)))?;
        (cycles(best) < self.walk(share)).then_some(best.regime)
    }
}

/// About how many cycles the walk takes, for each part and for all sets: every set once, and every user once for each
/// prefix of K − 1 questions that they answered, times the leaves behind it.
fn walk_cycles(query: &Query<'_>) -> [f64; 2] {
    let matrix = query.table();
    let (questions, k) = (matrix.questions().len() as f64, query.k() as f64);
    if query.k() <= 2 {
        let users: f64 = (0..matrix.users().len())
            .map(|user| choices(matrix.row(user).len(), query.k()))
            .sum();
        return [
            matrix.responses() as f64 * CYCLES_AN_ANSWER_OF_SHORT_SETS,
            users * CYCLES_A_USER_OF_SHORT_SETS,
        ];
    }
    // Sets without ranks are refused before.
    let sets = query.space().count().unwrap_or(u128::MAX) as f64;
    let leaves = (questions - k + 1.0) / k;
    let prefixes: f64 = (0..matrix.users().len())
        .map(|user| choices(matrix.row(user).len(), query.k() - 1))
        .sum();
    [
        0.0,
        sets * CYCLES_A_LEAF + prefixes * leaves * CYCLES_A_USER_AND_LEAF,
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::matrix::{Duplicates, MatrixBuilder, Score};

    #[test]
    fn small_parts_come_to_take_cross_products() {
        let mut builder = MatrixBuilder::new();
        for (u, q) in (0..400).flat_map(|u| (0..30).map(move |q| (u, q))) {
            let score = Score {
                mantissa: (u * u + 3 * q * u + q) % 7,
                digits: 0,
            };
            let (user, question) = (u.to_string(), q.to_string());
            builder.push(&user, &question, Some(score), 0).unwrap();
        }
        let matrix = builder.finish(Duplicates::Error, "line").unwrap();
        let query = Query::of(&matrix).k(6).build().unwrap();
        let costs = Costs::of(&query);
        let complete = Some(gram::Regime::Complete);
        let choose = |share, walked, made| costs.choose(share, walked, |_| made);
        assert_eq!(choose(1.0, 0.0, false), complete);
        let small = 1e-6;
        assert_eq!(choose(small, 0.0, false), None);
        // They are there, or would have cost no more than what was walked.
        assert_eq!(choose(small, 0.0, true), complete);
        let mut walked = 0.0;
        while choose(small, walked, false).is_none() {
            walked += costs.walk(small);
        }
        let once = costs.products[0].once;
        assert!(0.5 * once < walked && walked < once + costs.walk(small));
    }

    #[test]
    fn names_and_regimes_are_one_to_one() {
        for regime in Regime::all() {
            assert_eq!(Regime::from_name(regime.name()), Some(regime));
        }
        assert_eq!(Regime::from_name("tiles"), None);
    }
}
