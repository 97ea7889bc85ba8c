//! Mutexes whose holders leave nothing half done, so that one that panicked is no reason to.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// What `mutex` holds, for this thread alone.
pub(super) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
