//! The chunks that a pipeline has in flight: their buffers and numbers, how each is submitted, and how
//! what it left comes back. All pipelines share it.
//!
//! A pipeline says what its params are, what it binds and dispatches, and how many workgroups report.
//! Words that it wants back besides are its `front`.

use super::device::{Device, STAMP_BYTES, Stopwatch};
use super::drive::{Answer, Redo, Span};
use super::fault::Fault;
use super::layout::RECORD_BYTES;
use super::limits::Limits;
use super::queue::Chunk;
use super::records::{self, Seen, Survivors};
use crate::engine::EngineError;
use crate::stats::AuditSums;
use wgpu::BufferUsages;

/// Chunks in flight: one computes and one waits its turn while the host finishes a third.
const SLOTS: usize = 3;

/// The same in all slots of a pipeline.
#[derive(Debug)]
pub(super) struct Common<'a> {
    pub(super) device: &'a Device,
    pub(super) limits: Limits,
    /// What submissions are called in errors.
    pub(super) label: &'static str,
    /// Bytes of a chunk's params.
    pub(super) params: u64,
    /// Most workgroups that report.
    pub(super) workgroups: u32,
    pub(super) survivors: Survivors,
    /// Words that are cleared before each chunk and read back in front of the records. One buffer
    /// does, as chunks run in order.
    pub(super) front: Option<wgpu::Buffer>,
    pub(super) fault: Option<Fault>,
}

/// The chunks in flight, each with the bind groups `B` of its buffers.
#[derive(Debug)]
pub(super) struct Slots<'a, B> {
    common: Common<'a>,
    slots: Vec<Slot<B>>,
    /// Of the last dispatch.
    serial: u32,
}

/// Buffers of a slot that a kernel binds.
#[derive(Debug)]
pub(super) struct Buffers {
    pub(super) params: wgpu::Buffer,
    /// Their count, and the offset of each.
    pub(super) survivors: wgpu::Buffer,
    /// One a workgroup.
    pub(super) records: wgpu::Buffer,
}

#[derive(Debug)]
struct Slot<B> {
    buffers: Buffers,
    /// What [`Parts`] says.
    readback: wgpu::Buffer,
    stopwatch: Option<Stopwatch>,
    bindings: B,
    running: Option<Running>,
}

/// A chunk in flight.
#[derive(Debug)]
enum Running {
    /// It is more than one submission can do; nothing was submitted.
    Refused,
    Submitted {
        ticket: Ticket,
        parts: Parts,
        submission: wgpu::SubmissionIndex,
    },
}

/// What the params of a chunk depend on beside the chunk itself.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ticket {
    pub(super) chunk: Chunk,
    /// The rank that its kernels start from: the chunk's first, but for a planted fault.
    pub(super) first: u128,
    /// The number of its dispatch, or the last one's.
    pub(super) serial: u32,
}

/// Bytes that a chunk brings back, in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Parts {
    stamps: u64,
    front: u64,
    records: u64,
    survivors: u64,
}

impl Parts {
    /// Of a chunk on which so many workgroups report.
    fn new(front: u64, workgroups: u32, survivors: u64) -> Self {
        Self {
            stamps: STAMP_BYTES,
            front,
            records: u64::from(workgroups) * RECORD_BYTES,
            survivors,
        }
    }

    fn total(&self) -> u64 {
        self.stamps + self.front + self.records + self.survivors
    }

    /// Stamps, front, records, survivors.
    fn split<'b>(&self, bytes: &'b [u8]) -> [&'b [u8]; 4] {
        let (stamps, bytes) = bytes.split_at(self.stamps as usize);
        let (front, bytes) = bytes.split_at(self.front as usize);
        let (records, survivors) = bytes.split_at(self.records as usize);
        [stamps, front, records, survivors]
    }
}

/// What a chunk left, as it lies in mapped memory.
#[derive(Debug)]
pub(super) struct Back<'b> {
    device: &'b Device,
    ticket: Ticket,
    layout: Survivors,
    /// When it ran, where the device has a clock.
    pub(super) ran: Option<Span>,
    /// [`Common::front`].
    pub(super) front: Vec<u32>,
    records: &'b [u8],
    survivors: &'b [u8],
}

impl Back<'_> {
    /// What its workgroups saw.
    ///
    /// # Errors
    /// As [`records::read`].
    pub(super) fn seen(&self) -> Result<Seen, EngineError> {
        let Ticket { chunk, serial, .. } = self.ticket;
        records::read(self.records, self.survivors, chunk, serial, self.layout)
            .map_err(|what| self.device.error(what))
    }

    /// The same where its front says that loops were cut short, whatever else there is.
    ///
    /// # Errors
    /// As [`records::cut_short`].
    pub(super) fn cut_short(&self) -> Result<Seen, EngineError> {
        records::cut_short(self.ticket.chunk).map_err(|what| self.device.error(what))
    }
}

impl<'a, B> Slots<'a, B> {
    /// Makes the buffers of all slots; `bind` makes the bind groups of one from its buffers, and may
    /// make more.
    pub(super) fn new(
        common: Common<'a>,
        bind: impl Fn(&Buffers) -> Result<B, EngineError>,
    ) -> Result<Self, EngineError> {
        let device = common.device;
        let any = Chunk {
            first: 0,
            sets: u128::MAX,
        };
        let most = common.parts(any, common.workgroups);
        let output = BufferUsages::STORAGE | BufferUsages::COPY_SRC | BufferUsages::COPY_DST;
        let mut slots = Vec::with_capacity(SLOTS);
        for _ in 0..SLOTS {
            let buffers = Buffers {
                params: device.buffer(
                    "params",
                    common.params,
                    BufferUsages::STORAGE | BufferUsages::COPY_DST,
                )?,
                survivors: device.buffer("survivors", most.survivors, output)?,
                records: device.buffer("records", most.records, output)?,
            };
            let readback = device.buffer(
                "readback",
                most.total(),
                BufferUsages::COPY_DST | BufferUsages::MAP_READ,
            )?;
            slots.push(Slot {
                bindings: bind(&buffers)?,
                buffers,
                readback,
                stopwatch: device.stopwatch()?,
                running: None,
            });
        }
        Ok(Self {
            common,
            slots,
            serial: 0,
        })
    }

    /// How many chunks may be in flight.
    pub(super) fn len(&self) -> usize {
        self.slots.len()
    }

    /// Numbers a chunk that is to be submitted.
    pub(super) fn ticket(&mut self, chunk: Chunk) -> Ticket {
        self.ticket_of_steps(chunk, 1)
    }

    /// Numbers a chunk of so many dispatches that report, with consecutive numbers.
    pub(super) fn ticket_of_steps(&mut self, chunk: Chunk, steps: u32) -> Ticket {
        // 0 is what a buffer that was never written holds.
        self.serial = self.serial.checked_add(steps).unwrap_or(steps);
        let first = match self.common.fault {
            Some(Fault::ShiftedChunk) => chunk.first.saturating_sub(1),
            _ => chunk.first,
        };
        Ticket {
            chunk,
            first,
            serial: self.serial,
        }
    }

    /// Takes a chunk of which one submission can only do a part: it is done again in halves.
    pub(super) fn refuse(&mut self, slot: usize) {
        self.slots[slot].running = Some(Running::Refused);
    }

    /// Starts a chunk that was given a ticket, on which `workgroups` report, at least one. `record`
    /// binds and dispatches its kernels, the one that reports over the workgroups along x and y that
    /// it is given.
    pub(super) fn submit(
        &mut self,
        slot: usize,
        ticket: Ticket,
        workgroups: u32,
        params: &[u8],
        record: impl FnOnce(&mut wgpu::ComputePass<'_>, &B, (u32, u32)),
    ) -> Result<(), EngineError> {
        let common = &self.common;
        let parts = common.parts(ticket.chunk, workgroups);
        let slot = &mut self.slots[slot];
        common.device.write(&slot.buffers.params, params)?;
        let dispatched = match common.fault {
            Some(Fault::LostWorkgroup) => workgroups - 1,
            _ => workgroups,
        };
        let submission = common.device.submit(common.label, |encoder| {
            // The count of survivors.
            encoder.clear_buffer(&slot.buffers.survivors, 0, Some(4));
            if let Some(front) = &common.front {
                encoder.clear_buffer(front, 0, None);
            }
            let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor {
                label: Some(common.label),
                timestamp_writes: slot.stopwatch.as_ref().map(Stopwatch::pass),
            });
            if dispatched > 0 {
                record(&mut pass, &slot.bindings, common.limits.grid(dispatched));
            }
            drop(pass);
            if let Some(stopwatch) = &slot.stopwatch {
                stopwatch.resolve(encoder, &slot.readback);
            }
            let mut at = parts.stamps;
            for (buffer, bytes) in [
                (common.front.as_ref(), parts.front),
                (Some(&slot.buffers.records), parts.records),
                (Some(&slot.buffers.survivors), parts.survivors),
            ] {
                if let Some(buffer) = buffer {
                    encoder.copy_buffer_to_buffer(buffer, 0, &slot.readback, at, bytes);
                }
                at += bytes;
            }
        })?;
        slot.running = Some(Running::Submitted {
            ticket,
            parts,
            submission,
        });
        Ok(())
    }

    /// Waits for the chunk in this slot, whose answer `answer` makes of what came back.
    pub(super) fn collect(
        &mut self,
        slot: usize,
        answer: impl FnOnce(&Back<'_>) -> Result<Answer, EngineError>,
    ) -> Result<Answer, EngineError> {
        let Common {
            device, survivors, ..
        } = self.common;
        let slot = &mut self.slots[slot];
        match slot.running.take() {
            None => Err(device.error("a result was awaited that was not submitted")),
            Some(Running::Refused) => Ok(Answer {
                seen: AuditSums::default(),
                defined: None,
                survivors: Err(Redo::Size),
                ran: None,
            }),
            Some(Running::Submitted {
                ticket,
                parts,
                submission,
            }) => device.read(submission, &slot.readback, parts.total(), |bytes| {
                let [stamps, front, records, offsets] = parts.split(bytes);
                let stopwatch = slot.stopwatch.as_ref();
                answer(&Back {
                    device,
                    ticket,
                    layout: survivors,
                    ran: stopwatch.and_then(|_| device.span(stamps)),
                    front: bytemuck::pod_collect_to_vec(front),
                    records,
                    survivors: offsets,
                })
            })?,
        }
    }
}

impl Common<'_> {
    /// Of a chunk on which so many workgroups report.
    fn parts(&self, chunk: Chunk, workgroups: u32) -> Parts {
        let front = self.front.as_ref().map_or(0, wgpu::Buffer::size);
        Parts::new(front, workgroups, self.survivors.bytes(chunk))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_back_is_split_as_it_was_laid_out() {
        let parts = Parts::new(8, 2, 16);
        assert_eq!(parts.total(), 16 + 8 + 2 * RECORD_BYTES + 16);
        let bytes: Vec<u8> = (0..=u8::MAX).collect();
        let [stamps, front, records, survivors] = parts.split(&bytes[..parts.total() as usize]);
        assert_eq!((stamps[0], stamps.len()), (0, 16));
        assert_eq!((front[0], front.len()), (16, 8));
        assert_eq!((records[0], records.len()), (24, 160));
        assert_eq!((survivors[0], survivors.len()), (184, 16));
        assert_eq!(Parts::new(0, 2, 16).total(), parts.total() - 8);
    }
}
