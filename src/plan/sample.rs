//! Draws: questions and ranks, the same ones for the same seed.

use crate::search::sample;
use rand::RngExt;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

/// A stream of draws. A plan of one table has the same draws each time, so that two of them differ by the machine
/// alone.
#[derive(Debug)]
pub(super) struct Draws(ChaCha8Rng);

impl Draws {
    /// Those of a seed.
    pub(super) fn new(seed: u64) -> Self {
        Self(ChaCha8Rng::seed_from_u64(seed))
    }

    /// A place below `all`, which is above 0.
    pub(super) fn place(&mut self, all: usize) -> usize {
        self.0.random_range(0..all.max(1))
    }

    /// A rank up to `last`.
    pub(super) fn rank(&mut self, last: u128) -> u128 {
        self.0.random_range(0..=last)
    }

    /// So many of the places below `all`, ascending.
    pub(super) fn places(&mut self, all: usize, many: usize) -> Vec<usize> {
        let mut places = sample(all, many.min(all), &mut self.0);
        places.sort_unstable();
        places
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_different_and_in_order() {
        let mut draws = Draws::new(1);
        for many in [0, 1, 7, 20, 30] {
            let places = draws.places(20, many);
            assert_eq!(places.len(), many.min(20));
            assert!(places.windows(2).all(|pair| pair[0] < pair[1]));
        }
        assert!((0..100).all(|_| draws.place(3) < 3 && draws.rank(2) <= 2));
    }
}
