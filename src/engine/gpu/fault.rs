//! Faults planted on purpose, so that tests can see each of them caught or recovered from.

use std::sync::atomic::{AtomicU32, Ordering};

/// A fault of an engine's first device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// One answered bit of the table is lost on its way to the device.
    LostAnswer,
    /// One bit of a table of floats flips on its way to the device, where there is such a table.
    BentTable,
    /// Every chunk starts one set too early.
    ShiftedChunk,
    /// The last workgroup of every dispatch does not run.
    LostWorkgroup,
    /// The device is lost while the second chunk is in flight; the next one that is opened lasts.
    LostDevice,
    /// The device is lost while the second chunk is in flight, and every one that is opened after it at its
    /// first chunk.
    LostDevices,
    /// The second chunk is refused for want of memory, and that never happens again.
    OutOfMemory,
    /// Every device that is opened has this many bytes for buffers, and never gets one back.
    Memory(u64),
}

impl Fault {
    /// Loses an answered bit of this table where that is the fault.
    pub(super) fn lose_answer(fault: Option<Self>, answered: &mut [u32]) {
        if fault == Some(Self::LostAnswer)
            && let Some(word) = answered.iter_mut().find(|word| **word != 0)
        {
            *word &= *word - 1;
        }
    }
}

/// What happens to a submission.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Injury {
    /// The device is lost while the submission is in flight.
    Lost,
    /// The submission is refused.
    OutOfMemory,
}

/// A fault with its history, which outlives the devices it falls on.
#[derive(Debug)]
pub(super) struct Planted {
    pub(super) fault: Fault,
    submissions: AtomicU32,
}

impl Planted {
    pub(super) fn new(fault: Fault) -> Self {
        Self {
            fault,
            submissions: AtomicU32::new(0),
        }
    }

    /// Counts a submission, and says what happens to it.
    pub(super) fn submission(&self) -> Option<Injury> {
        let number = 1 + self.submissions.fetch_add(1, Ordering::Relaxed);
        match (self.fault, number) {
            (Fault::LostDevice, 2) => Some(Injury::Lost),
            (Fault::LostDevices, 2..) => Some(Injury::Lost),
            (Fault::OutOfMemory, 2) => Some(Injury::OutOfMemory),
            _ => None,
        }
    }
}
