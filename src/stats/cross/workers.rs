//! Who does shares of work: this room names no threads.

/// How shares of work are done at the same time; this room knows no threads.
pub trait Workers: Sync {
    /// How many there are.
    fn number(&self) -> usize;
    /// What `share` gives for each of `0..shares`, in this order.
    fn each<T: Send>(&self, shares: usize, share: impl Fn(usize) -> T + Sync) -> Vec<T>;
}

/// The calling thread.
#[derive(Clone, Copy, Debug)]
pub struct Alone;

impl Workers for Alone {
    fn number(&self) -> usize {
        1
    }

    fn each<T: Send>(&self, shares: usize, share: impl Fn(usize) -> T + Sync) -> Vec<T> {
        (0..shares).map(share).collect()
    }
}
