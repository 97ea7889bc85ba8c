//! How much work goes into the root before the tree: rounds, tries of the tree, then all products.

/// Nodes a question for which the tree is tried between rounds: about as long as a round takes.
pub(super) const PROBE: u64 = 40;
/// A try is worth it where the gap is this part of the one at the last try, or less.
pub(super) const WORTH: f64 = 0.8;
/// The try before more products are made use of is longer by this.
pub(super) const LONG: u64 = 10;

/// What to do next at the root.
pub(super) enum Next {
    /// A round of multipliers.
    Round,
    /// A longer try.
    LongProbe,
    /// Use all four products from now on.
    MoreProducts,
    /// Nothing more to gain at the root.
    Tree,
}

/// Rounds while they help, with two products, then with four.
pub(super) struct Plan {
    most: usize,
    /// Rounds so far.
    pub(super) round: usize,
    gap: f64,
    idle: usize,
    stage: usize,
}

impl Plan {
    pub(super) fn new(most: usize) -> Self {
        Self {
            most,
            round: 0,
            gap: f64::INFINITY,
            idle: 0,
            stage: 0,
        }
    }

    /// What to do next, when the best gap so far is this.
    pub(super) fn next(&mut self, gap: f64) -> Next {
        if gap < 0.97 * self.gap {
            (self.gap, self.idle) = (gap, 0);
        } else {
            self.idle += 1;
        }
        if gap == 0.0 {
            return Next::Tree;
        }
        if self.idle <= 2 && self.round < self.most && self.stage != 1 {
            self.round += 1;
            return Next::Round;
        }
        self.stage += 1;
        match self.stage {
            1 => Next::LongProbe,
            2 if self.most > 0 => {
                (self.round, self.idle) = (2, 0);
                Next::MoreProducts
            }
            _ => Next::Tree,
        }
    }
}
