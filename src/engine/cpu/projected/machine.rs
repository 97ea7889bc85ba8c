//! Leaf machines: what judges the sets behind a prefix, and how often each was taken.

use std::sync::atomic::{AtomicU64, Ordering};

/// A way to search all sets that are three questions away from a prefix.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Machine {
    /// The general walk goes on.
    General,
    /// Leaves summed as lanes of floats, over the outer users.
    Lanes,
    /// Leaves discarded by pairs of users in the wrong order.
    Pairs,
    /// Leaves summed in 16 bits where users answered, for two scores.
    Masked,
    /// Leaves summed by byte products of bit planes, for two scores.
    Planes,
    /// Leaves summed by byte products of codes.
    Codes,
}

impl Machine {
    /// All machines.
    pub const ALL: [Self; 6] = [
        Self::General,
        Self::Lanes,
        Self::Pairs,
        Self::Masked,
        Self::Planes,
        Self::Codes,
    ];

    /// Its name in messages and options.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::General => "general",
            Self::Lanes => "lanes",
            Self::Pairs => "pairs",
            Self::Masked => "masked",
            Self::Planes => "planes",
            Self::Codes => "codes",
        }
    }

    /// Whether it sums bytes or masks, all pairs of a stem alike.
    pub(super) fn is_of_bytes(self) -> bool {
        matches!(self, Self::Masked | Self::Planes | Self::Codes)
    }

    /// What it does, in a line.
    #[must_use]
    pub fn about(self) -> &'static str {
        match self {
            Self::General => "the prefix tree down to each set",
            Self::Lanes => "leaves summed in vectors of floats, users farthest out first",
            Self::Pairs => "leaves discarded by pairs of users in the wrong order",
            Self::Masked => "two scores: leaves summed in 16 bits, by masks",
            Self::Planes => "two scores: leaves by byte products of bit planes",
            Self::Codes => "leaves by byte products of codes of scores",
        }
    }
}

/// How many prefixes each machine took.
#[derive(Debug, Default)]
pub(super) struct Took([AtomicU64; Machine::ALL.len()]);

impl Took {
    /// Counts one more.
    pub(super) fn by(&self, machine: Machine) {
        self.0[machine as usize].fetch_add(1, Ordering::Relaxed);
    }

    /// Machines that took any, by name.
    pub(super) fn counts(&self) -> Vec<(&'static str, u64)> {
        let counts = Machine::ALL.into_iter().zip(&self.0);
        counts
            .map(|(machine, count)| (machine.name(), count.load(Ordering::Relaxed)))
            .filter(|&(_, count)| count > 0)
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn machines_are_counted_by_name() {
        let took = Took::default();
        for (i, machine) in Machine::ALL.into_iter().enumerate() {
            (0..i).for_each(|_| took.by(machine));
        }
        let counts = took.counts();
        assert_eq!(counts[0], ("lanes", 1));
        assert_eq!(counts[4], ("codes", 5));
        assert_eq!(counts.len(), 5);
    }
}
