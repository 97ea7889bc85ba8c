//! How much of a search's time each device computed: plain figures.

use super::drive::Driven;
use std::time::Duration;

/// How busy one device was in one search.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Usage {
    /// For people.
    pub device: String,
    /// Chunks done.
    pub chunks: u64,
    /// Chunks thrown away and done again in halves, for they had too many survivors, or loops
    /// that were cut short.
    pub redone: u64,
    /// Prefixes that were gone through, by how many questions they have, from 0 on; empty where the
    /// pipeline does not go by levels.
    pub prefixes: Vec<u64>,
    /// How often the device failed and was opened anew.
    pub reopened: u32,
    /// How long it computed.
    pub busy: Duration,
    /// How long the search took for it, upload of the table included.
    pub elapsed: Duration,
    /// Whether `busy` is by the device's own clock. Else it is by the host's, which counts from
    /// submission to answer, and so the way there and back too.
    pub by_device: bool,
}

impl Usage {
    pub(super) fn new(device: String, driven: &Driven, elapsed: Duration, reopened: u32) -> Self {
        Self {
            device,
            chunks: driven.chunks,
            redone: driven.redone,
            prefixes: driven.prefixes.clone(),
            reopened,
            busy: driven.busy,
            elapsed,
            by_device: driven.chunks > 0 && driven.clocked == driven.busy,
        }
    }

    /// Share of `elapsed` that it was busy, from 0 to 1.
    #[must_use]
    pub fn share(&self) -> f64 {
        match self.elapsed.as_secs_f64() {
            0.0 => 0.0,
            elapsed => (self.busy.as_secs_f64() / elapsed).min(1.0),
        }
    }

    /// Says it with `-v`.
    pub(super) fn trace(&self) {
        let clock = if self.by_device { "device" } else { "host" };
        tracing::info!(
            device = self.device,
            chunks = self.chunks,
            redone = self.redone,
            prefixes_by_level = ?self.prefixes,
            reopened = self.reopened,
            busy = ?self.busy,
            busy_share = format!("{:.1} %", self.share() * 100.0),
            clock,
            "used"
        );
    }
}
