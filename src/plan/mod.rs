//! What a search will take, before it is run: time on each engine, memory, users of a set.
//!
//! Layer 4. It opens engines as a search does and runs them for about a second. It prints nothing and names no
//! option; what it finds is a [`Plan`], and the two forms of it are here too (`table`, `json`).
//!
//! ```text
//! plan(query, engine, budget):
//!     the whole search, with its own layout, floor and regime, for half of the budget     (trace)
//!     ended by itself: that is its time
//!     stopped: sets a second of the last part of it, carried on to all sets               (rate)
//!         prefixes with too few users are cut off: sets say nothing of work; searches of some
//!         of the questions, more and more, and the prefixes counted in both               (pool, tree)
//!         parts in the order of ranks take different work: parts drawn from all ranks
//!         beside parts drawn from those that were done                                    (parts)
//!     a proof by bounds: its time where it ends, else how far it came; it tells no more
//! ```
//!
//! An interval holds what the measurements differ by, no more: other programs on the machine, a processor that
//! grows hot, and a floor that rises late are not in it.

mod json;
mod measure;
mod memory;
mod parts;
mod pool;
mod rate;
mod sample;
mod table;
mod trace;
mod tree;
mod warning;
mod words;

pub use json::json;
pub use measure::{On, measure};
pub use rate::Estimate;
pub use table::table;
pub use tree::Tree;
pub use warning::{LONG, Remedy, Warning, warnings};
pub use words::{bytes, time};

use crate::combin::Size;
use crate::engine::Query;

/// What the searches of one K will take.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// K.
    pub k: usize,
    /// All sets.
    pub sets: Size,
    /// Users of a set.
    pub users: Users,
    /// One an engine, in the order in which they were measured.
    pub engines: Vec<OnEngine>,
}

/// How many users sets have.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Users {
    /// On average over all sets, exactly but for rounding.
    pub mean: f64,
    /// The fewest that a defined set has.
    pub min_users: u64,
    /// About which share of all sets has so many, by sampling.
    pub enough: f64,
}

impl Users {
    /// Those of the sets of `query`, whose prefixes are counted in `tree`.
    #[must_use]
    pub fn of(query: &Query<'_>, tree: &Tree) -> Self {
        Self {
            mean: tree::mean_users(query),
            min_users: query.min_users(),
            enough: tree.enough(),
        }
    }
}

/// One engine.
#[derive(Clone, Debug, PartialEq)]
pub struct OnEngine {
    /// The name that people choose it by.
    pub engine: &'static str,
    /// What it runs on.
    pub devices: Vec<String>,
    /// Whether it is a GPU's driver that computes on the CPU.
    pub software: bool,
    /// How it would search: its regime and machine, or its pipeline; empty where that is not known.
    pub way: Vec<&'static str>,
    /// How long.
    pub time: Time,
    /// Bytes that the program took at most while it was measured, where the system tells.
    pub memory: Option<u64>,
    /// Bytes of buffers on the devices.
    pub device_memory: Option<u64>,
}

/// How long a search takes.
#[derive(Clone, Debug, PartialEq)]
pub enum Time {
    /// It ended while it was measured, after so many seconds.
    Measured(f64),
    /// By measuring a part of it.
    Expected(Estimate),
    /// A proof did not end within `after` seconds, and nothing tells when it would.
    Untold {
        /// How long it was tried.
        after: f64,
        /// How far the best of all can be above the best that it has found, where it has proved that.
        gap: Option<f64>,
    },
    /// Not even the first sets were done in so many seconds.
    NotBegun(f64),
    /// The engine cannot run this.
    Refused(String),
}

impl Time {
    /// Seconds, where they are known or expected.
    #[must_use]
    pub fn seconds(&self) -> Option<f64> {
        match self {
            Self::Measured(seconds) => Some(*seconds),
            Self::Expected(estimate) => Some(estimate.seconds),
            Self::Untold { .. } | Self::NotBegun(_) | Self::Refused(_) => None,
        }
    }
}

impl Plan {
    /// The engine that is expected to be the fastest.
    #[must_use]
    pub fn fastest(&self) -> Option<(&OnEngine, f64)> {
        let times = self.engines.iter();
        let times = times.filter_map(|on| Some((on, on.time.seconds()?)));
        times.min_by(|(_, one), (_, other)| one.total_cmp(other))
    }
}
