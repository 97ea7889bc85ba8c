//! Writing down the tree while it is searched, where that is asked for.

use crate::engine::Token;
use std::sync::atomic::{AtomicU64, Ordering};

/// The most bytes of a tree that are kept; joining what threads wrote, and the file of it, take up to three times as
/// many, so that a search with a certificate stays below 1 GB.
pub(super) const MOST_BYTES: u64 = 1 << 28;

/// What all threads that write down one tree share.
#[derive(Debug)]
pub(super) struct Recording {
    bytes: AtomicU64,
    most: u64,
}

impl Recording {
    /// Nothing yet, of at most so many bytes.
    pub(super) fn new(most: u64) -> Self {
        Self {
            bytes: AtomicU64::new(0),
            most,
        }
    }

    /// Whether the tree has become longer than is kept.
    pub(super) fn is_full(&self) -> bool {
        self.bytes.load(Ordering::Relaxed) > self.most
    }
}

/// What one thread wrote down: the tokens of a part of the tree, in depth-first order.
#[derive(Debug, Default)]
pub(super) struct Tape {
    pub(super) bytes: Vec<u8>,
    /// How many of them the recording knows of.
    told: usize,
}

impl Tape {
    /// Writes down a token, where there is a recording.
    pub(super) fn write(&mut self, recording: Option<&Recording>, token: Token) {
        if recording.is_some() {
            token.write(&mut self.bytes);
        }
    }

    /// Tells the recording how long this has become; false where it is full.
    pub(super) fn tell(&mut self, recording: Option<&Recording>) -> bool {
        let Some(recording) = recording else {
            return true;
        };
        let more = self.bytes.len() - self.told;
        self.told = self.bytes.len();
        recording.bytes.fetch_add(more as u64, Ordering::Relaxed);
        !recording.is_full()
    }

    /// Appends what another thread wrote, which has told all of it.
    pub(super) fn append(&mut self, mut other: Self, recording: Option<&Recording>) {
        other.tell(recording);
        self.bytes.append(&mut other.bytes);
        self.told += other.told;
    }
}
