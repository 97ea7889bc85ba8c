//! The threads that cross-products are made with.

use crate::stats::cross::Workers;
use rayon::prelude::*;

/// The threads of the pool that it is called in.
pub(super) struct Pool;

impl Workers for Pool {
    fn number(&self) -> usize {
        rayon::current_num_threads()
    }

    fn each<T: Send>(&self, shares: usize, share: impl Fn(usize) -> T + Sync) -> Vec<T> {
        (0..shares).into_par_iter().map(&share).collect()
    }
}
