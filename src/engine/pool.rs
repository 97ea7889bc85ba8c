//! Threads: the pool of an engine, and its threads as those that cross-products are made with.

use super::EngineError;
use crate::stats::cross::Workers;
use rayon::prelude::*;

/// A pool of this many threads.
///
/// # Errors
/// [`EngineError::NoThreads`].
pub(super) fn of_threads(threads: usize) -> Result<rayon::ThreadPool, EngineError> {
    rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .thread_name(|i| format!("kcorrset-{i}"))
        .build()
        .map_err(|error| EngineError::NoThreads {
            threads,
            problem: error.to_string(),
        })
}

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
