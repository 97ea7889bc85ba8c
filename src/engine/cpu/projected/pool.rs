//! Buffers that are kept from prefix to prefix.

use std::sync::Mutex;

/// The buffers of one kind of base: those of a prefix, and those of a stem.
#[derive(Debug, Default)]
pub(super) struct Pool<B, L> {
    pub(super) bases: Free<B>,
    pub(super) lists: Free<L>,
}

/// Buffers not in use: as many as were ever in use at once, at most one a thread and level.
#[derive(Debug, Default)]
pub(super) struct Free<T>(Mutex<Vec<T>>);

impl<T: Default> Free<T> {
    pub(super) fn take(&self) -> T {
        let mut free = self.0.lock().unwrap_or_else(|e| e.into_inner());
        free.pop().unwrap_or_default()
    }

    pub(super) fn give(&self, buffer: T) {
        let mut free = self.0.lock().unwrap_or_else(|e| e.into_inner());
        free.push(buffer);
    }
}
