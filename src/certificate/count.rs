//! How many sets a node has, in integers of any size.

use num_bigint::BigUint;
use std::collections::HashMap;

/// Binomial coefficients, each worked out once.
#[derive(Debug, Default)]
pub(super) struct Counts {
    known: HashMap<(usize, usize), BigUint>,
}

impl Counts {
    /// How many sets of `k` there are of `open` questions.
    pub(super) fn sets(&mut self, open: usize, k: usize) -> &BigUint {
        self.known.entry((open, k)).or_insert_with(|| {
            if k > open {
                return BigUint::ZERO;
            }
            let step = |all: BigUint, i: usize| all * (open - i) / (i + 1);
            (0..k.min(open - k)).fold(BigUint::from(1_u32), step)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_those_of_the_triangle() {
        let mut counts = Counts::default();
        for open in 1..40 {
            for k in 1..=open {
                let both = counts.sets(open - 1, k).clone() + counts.sets(open - 1, k - 1);
                assert_eq!(*counts.sets(open, k), both, "{open} {k}");
            }
            assert_eq!(*counts.sets(open, open + 1), BigUint::ZERO);
        }
        assert_eq!(counts.sets(300, 150).bits(), 296);
    }
}
