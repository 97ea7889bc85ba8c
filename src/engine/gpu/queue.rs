//! The ranks that a search has left: chunks for any number of devices, and those that come back.
//!
//! Every rank is in one place at a time: not yet taken, taken by one device, or done. A chunk is
//! done when its whole answer was added, and comes back when its device failed or it had too many
//! survivors. So nothing is lost or counted twice, whichever device fails when; the audit checks it.

use super::lock::locked;
use std::ops::Range;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Consecutive ranks for one submission.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Chunk {
    /// The first rank.
    pub(super) first: u128,
    /// How many.
    pub(super) sets: u128,
}

/// What a device with nothing in hand is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// There are ranks to take.
    Take,
    /// Other devices have chunks that may come back.
    Wait,
    /// All is done, or given up.
    End,
}

/// Shared by the devices of one search.
#[derive(Debug)]
pub(super) struct Queue {
    all: Range<u128>,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug)]
struct State {
    rest: Range<u128>,
    /// To be done again; the next one last.
    again: Vec<Chunk>,
    /// Chunks that a device has.
    taken: usize,
    abandoned: bool,
}

impl State {
    fn next(&self) -> Next {
        if self.abandoned {
            Next::End
        } else if !self.again.is_empty() || !self.rest.is_empty() {
            Next::Take
        } else if self.taken > 0 {
            Next::Wait
        } else {
            Next::End
        }
    }
}

impl Queue {
    pub(super) fn new(ranks: Range<u128>) -> Self {
        Self {
            all: ranks.clone(),
            state: Mutex::new(State {
                rest: ranks,
                again: Vec::new(),
                taken: 0,
                abandoned: false,
            }),
            changed: Condvar::new(),
        }
    }

    /// All ranks that there were to begin with.
    pub(super) fn all(&self) -> Range<u128> {
        self.all.clone()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        locked(&self.state)
    }

    /// The next chunk, of as many sets as `wanted` says of its first rank, one at least, or fewer where there are
    /// fewer; `None` where there is none now, see [`Self::wait`].
    pub(super) fn take(&self, wanted: impl FnOnce(u128) -> u128) -> Option<Chunk> {
        let mut state = self.state();
        if state.abandoned {
            return None;
        }
        let chunk = match state.again.pop() {
            Some(chunk) => {
                let now = chunk.sets.min(wanted(chunk.first).max(1));
                if now < chunk.sets {
                    state.again.push(Chunk {
                        first: chunk.first + now,
                        sets: chunk.sets - now,
                    });
                }
                Chunk { sets: now, ..chunk }
            }
            None => {
                let left = state.rest.end - state.rest.start;
                if left == 0 {
                    return None;
                }
                let first = state.rest.start;
                let chunk = Chunk {
                    first,
                    sets: left.min(wanted(first).max(1)),
                };
                state.rest.start += chunk.sets;
                chunk
            }
        };
        state.taken += 1;
        Some(chunk)
    }

    /// A taken chunk's whole answer was added.
    pub(super) fn done(&self) {
        self.settle(&[]);
    }

    /// Nothing of a taken chunk's answer was used: to be done again.
    pub(super) fn give_back(&self, chunk: Chunk) {
        self.settle(&[chunk]);
    }

    /// Gives back a taken chunk of two sets or more, of whose answer nothing was used, in two halves: the
    /// first one is to be done first.
    pub(super) fn halve(&self, chunk: Chunk) {
        let half = chunk.sets / 2;
        let second = Chunk {
            first: chunk.first + half,
            sets: chunk.sets - half,
        };
        let first = Chunk {
            sets: half,
            ..chunk
        };
        self.settle(&[second, first]);
    }

    fn settle(&self, again: &[Chunk]) {
        let mut state = self.state();
        state.taken -= 1;
        state.again.extend_from_slice(again);
        self.changed.notify_all();
    }

    /// No device is to take or wait for anything more: the search has failed.
    pub(super) fn abandon(&self) {
        self.state().abandoned = true;
        self.changed.notify_all();
    }

    /// For a device that has no chunk: what to do next, after `patience` at most.
    pub(super) fn wait(&self, patience: Duration) -> Next {
        let state = self.state();
        let (state, _) = self
            .changed
            .wait_timeout_while(state, patience, |state| state.next() == Next::Wait)
            .unwrap_or_else(PoisonError::into_inner);
        state.next()
    }

    /// Whether every rank was done.
    pub(super) fn finished(&self) -> bool {
        let state = self.state();
        !state.abandoned && state.next() == Next::End
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Duration = Duration::ZERO;

    #[test]
    fn what_comes_back_is_taken_first_and_in_order() {
        let queue = Queue::new(10..30);
        let first = queue.take(|_| 8).unwrap();
        assert_eq!((first.first, first.sets), (10, 8));
        queue.halve(first);
        let chunks: Vec<_> = std::iter::from_fn(|| queue.take(|_| 3)).collect();
        let ranges: Vec<_> = chunks.iter().map(|c| (c.first, c.sets)).collect();
        let want = [
            (10, 3),
            (13, 1),
            (14, 3),
            (17, 1),
            (18, 3),
            (21, 3),
            (24, 3),
            (27, 3),
        ];
        assert_eq!(ranges, want);
        assert_eq!(queue.wait(NOW), Next::Wait);
        for _ in &chunks[1..] {
            queue.done();
        }
        assert!(!queue.finished());
        queue.give_back(chunks[0]);
        assert_eq!(queue.wait(NOW), Next::Take);
        assert_eq!(queue.take(|_| 100), Some(chunks[0]));
        queue.done();
        assert_eq!(queue.wait(NOW), Next::End);
        assert!(queue.finished());
    }

    #[test]
    fn a_chunk_may_be_all_ranks_there_are() {
        let queue = Queue::new(0..u128::MAX);
        let all = queue.take(|_| u128::MAX).unwrap();
        assert_eq!((all.first, all.sets), (0, u128::MAX));
        queue.halve(all);
        let half = 1 << 127;
        let first = queue.take(|_| u128::MAX).unwrap();
        assert_eq!((first.first, first.sets), (0, half - 1));
        let second = queue.take(|_| 1 << 100).unwrap();
        assert_eq!((second.first, second.sets), (half - 1, 1 << 100));
        let rest = queue.take(|_| u128::MAX).unwrap();
        assert_eq!(rest.first + rest.sets, u128::MAX);
        assert_eq!(queue.take(|_| 1), None);
    }

    #[test]
    fn an_abandoned_queue_ends_for_all_and_is_not_finished() {
        let queue = Queue::new(0..1 << 100);
        let chunk = queue.take(|_| 1 << 99).unwrap();
        assert_eq!(chunk.sets, 1 << 99);
        queue.abandon();
        assert_eq!(queue.take(|_| 1), None);
        assert_eq!(queue.wait(NOW), Next::End);
        assert!(!queue.finished());
    }

    #[test]
    fn who_waits_is_woken_by_what_comes_back() {
        let queue = Queue::new(0..5);
        let chunk = queue.take(|_| 5).unwrap();
        std::thread::scope(|scope| {
            let waiter = scope.spawn(|| {
                loop {
                    match queue.wait(Duration::from_secs(60)) {
                        Next::Take => break queue.take(|_| 5),
                        Next::Wait => {}
                        Next::End => break None,
                    }
                }
            });
            queue.give_back(chunk);
            assert_eq!(waiter.join().unwrap(), Some(chunk));
        });
    }
}
