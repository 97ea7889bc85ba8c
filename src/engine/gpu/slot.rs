//! A pipeline's search on a device: its kernels in order, the chunks in flight with their buffers and
//! numbers, how each is submitted, and how what it left comes back. All pipelines share it.
//!
//! A pipeline says what it dispatches and binds ([`Dispatch`]), how much room there is ([`Sizes`]), and what
//! it knows of chunks ([`Chunks`]): what their params are, and what to make of an answer.

use super::device::{Device, STAMP_BYTES, Stopwatch};
use super::drive::{Answer, Pipeline, Redo};
use super::fault::Fault;
use super::floor::Floor;
use super::layout::RECORD_BYTES;
use super::limits::Limits;
use super::pace::Bounds;
use super::queue::Chunk;
use super::records::{self, Reports, Survivors};
use super::shader::Kernel;
use crate::engine::EngineError;
use bytemuck::Pod;
use wgpu::BufferUsages;

/// Chunks in flight: one computes and one waits its turn while the host finishes a third.
const SLOTS: usize = 3;

/// Bytes from the params of one dispatch to those of the next: WebGPU lets no adapter ask for more
/// alignment of a binding.
const PARAMS_STRIDE: usize = 256;

/// What a pipeline knows of its chunks. Names no device.
pub(super) trait Chunks {
    /// The params of a dispatch.
    type Params: Pod;

    /// Sizes of chunks.
    fn bounds(&self) -> Bounds;

    /// As [`Pipeline::fitting`].
    fn fitting(&self, _first: u128, most: u128) -> u128 {
        most
    }

    /// Completes the params of a chunk's dispatches, which hold what is the same in all chunks, and says how
    /// many workgroups report, one at least; `None` where the chunk is more than one submission can do.
    fn start(&self, chunk: &Ticket, floor: Floor, params: &mut [Self::Params]) -> Option<u32>;

    /// Has the last word on an answer, given what the chunk left in front of its records.
    fn finish(&self, _front: &[u32], _answer: &mut Answer) {}
}

/// A dispatch of each chunk.
#[derive(Debug)]
pub(super) struct Dispatch<P> {
    kernel: Kernel,
    /// What is the same in all chunks.
    params: P,
    /// What the kernel binds behind its params.
    bound: Vec<Bound>,
}

/// What a kernel binds.
#[derive(Clone, Debug)]
pub(super) enum Bound {
    /// A buffer that is the same in all chunks.
    Fixed(wgpu::Buffer),
    /// The count of the chunk's survivors, and the offset of each.
    Survivors,
    /// The records of the chunk's workgroups.
    Records,
}

impl<P> Dispatch<P> {
    /// A dispatch of a kernel that binds these buffers, and then what of each chunk it is.
    pub(super) fn new(kernel: &Kernel, params: P, fixed: &[&wgpu::Buffer], own: &[Bound]) -> Self {
        let fixed = fixed.iter().map(|&buffer| Bound::Fixed(buffer.clone()));
        Self {
            kernel: kernel.clone(),
            params,
            bound: fixed.chain(own.iter().cloned()).collect(),
        }
    }
}

/// How much room chunks have.
#[derive(Debug)]
pub(super) struct Sizes {
    /// Most workgroups that report.
    pub(super) workgroups: u32,
    /// Whether each reports twice, see [`Reports`].
    pub(super) excluding: bool,
    pub(super) survivors: Survivors,
    pub(super) front: Option<Front>,
}

/// Words that are cleared before each chunk and read back in front of the records: first what the chunk
/// took or asked for of some room, then 1 where loops were cut short (`shaders/shared/loops.wgsl`), then
/// what else a pipeline wants to know. One buffer does, as chunks run in order.
#[derive(Debug)]
pub(super) struct Front {
    pub(super) buffer: wgpu::Buffer,
    /// A chunk that asked for more is done again in halves.
    pub(super) room: u32,
}

/// A search of one pipeline on a device.
#[derive(Debug)]
pub(super) struct Slots<'a, C: Chunks> {
    device: &'a Device,
    limits: Limits,
    /// What submissions are called in errors.
    label: &'static str,
    sizes: Sizes,
    chunks: C,
    kernels: Vec<wgpu::ComputePipeline>,
    /// What is the same in all chunks, of each dispatch.
    params: Vec<C::Params>,
    slots: Vec<Slot>,
    /// The last dispatch's number.
    serial: u32,
}

#[derive(Debug)]
struct Slot {
    params: wgpu::Buffer,
    survivors: wgpu::Buffer,
    records: wgpu::Buffer,
    /// What [`Parts`] says.
    readback: wgpu::Buffer,
    stopwatch: Option<Stopwatch>,
    /// The bind group of each dispatch.
    bindings: Vec<wgpu::BindGroup>,
    running: Option<Running>,
}

/// A chunk in flight.
#[derive(Debug)]
enum Running {
    /// A chunk that is more than one submission can do; nothing was submitted.
    Refused(Chunk),
    Submitted {
        chunk: Chunk,
        serial: u32,
        parts: Parts,
        submission: wgpu::SubmissionIndex,
    },
}

/// What the params of a chunk depend on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ticket {
    /// What kernels are told: the chunk itself, but for a planted fault.
    pub(super) chunk: Chunk,
    /// The number of its first dispatch; those behind it follow.
    serial: u32,
}

impl Ticket {
    /// Each dispatch's params with its number.
    pub(super) fn each<'p, P>(
        &self,
        params: &'p mut [P],
    ) -> impl Iterator<Item = (u32, &'p mut P)> {
        (self.serial..).zip(params)
    }

    /// Sets of a chunk of a pipeline whose bounds are of 32 bits.
    pub(super) fn sets(&self) -> u32 {
        self.chunk.sets as u32
    }
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
    /// The bytes of a chunk with so many records.
    fn new(front: u64, records: u64, survivors: u64) -> Self {
        Self {
            stamps: STAMP_BYTES,
            front,
            records: records * RECORD_BYTES,
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

impl Sizes {
    /// So many workgroups that report once, and survivors of one word.
    pub(super) fn new(workgroups: u32, survivors: u32) -> Self {
        Self {
            workgroups,
            excluding: false,
            survivors: Survivors {
                words: 1,
                capacity: survivors,
            },
            front: None,
        }
    }

    /// What a chunk brings back on which so many workgroups report.
    fn parts(&self, chunk: Chunk, workgroups: u32) -> Parts {
        let front = self.front.as_ref().map_or(0, |front| front.buffer.size());
        let records = u64::from(workgroups) * if self.excluding { 2 } else { 1 };
        Parts::new(front, records, self.survivors.bytes(chunk))
    }
}

impl<'a, C: Chunks> Slots<'a, C> {
    /// Compiles the kernels and makes all buffers.
    pub(super) fn new(
        device: &'a Device,
        limits: Limits,
        label: &'static str,
        sizes: Sizes,
        chunks: C,
        dispatches: Vec<Dispatch<C::Params>>,
    ) -> Result<Self, EngineError> {
        let kernels: Vec<_> = dispatches.iter().map(|d| &d.kernel).collect();
        let kernels = device.pipelines(&kernels)?;
        let any = Chunk {
            first: 0,
            sets: u128::MAX,
        };
        let most = sizes.parts(any, sizes.workgroups);
        let output = BufferUsages::STORAGE | BufferUsages::COPY_SRC | BufferUsages::COPY_DST;
        let mut slots = Vec::with_capacity(SLOTS);
        for _ in 0..SLOTS {
            let bytes = (PARAMS_STRIDE * dispatches.len()) as u64;
            let usage = BufferUsages::STORAGE | BufferUsages::COPY_DST;
            let mut slot = Slot {
                params: device.buffer("params", bytes, usage)?,
                survivors: device.buffer("survivors", most.survivors, output)?,
                records: device.buffer("records", most.records, output)?,
                readback: device.buffer(
                    "readback",
                    most.total(),
                    BufferUsages::COPY_DST | BufferUsages::MAP_READ,
                )?,
                stopwatch: device.stopwatch()?,
                bindings: Vec::with_capacity(dispatches.len()),
                running: None,
            };
            for (i, (dispatch, kernel)) in (0..).zip(dispatches.iter().zip(&kernels)) {
                let params = wgpu::BindingResource::Buffer(wgpu::BufferBinding {
                    buffer: &slot.params,
                    offset: PARAMS_STRIDE as u64 * i,
                    size: wgpu::BufferSize::new(size_of::<C::Params>() as u64),
                });
                let bound = dispatch.bound.iter().map(|bound| match bound {
                    Bound::Fixed(buffer) => buffer.as_entire_binding(),
                    Bound::Survivors => slot.survivors.as_entire_binding(),
                    Bound::Records => slot.records.as_entire_binding(),
                });
                let resources: Vec<_> = [params].into_iter().chain(bound).collect();
                let binding = device.bind(dispatch.kernel.name, kernel, &resources)?;
                slot.bindings.push(binding);
            }
            slots.push(slot);
        }
        Ok(Self {
            device,
            limits,
            label,
            sizes,
            chunks,
            kernels,
            params: dispatches.into_iter().map(|d| d.params).collect(),
            slots,
            serial: 0,
        })
    }

    /// Numbers a chunk that is to be submitted.
    fn ticket(&mut self, chunk: Chunk) -> Ticket {
        let dispatches = self.params.len() as u32;
        // 0 is what a buffer that was never written holds.
        self.serial = self.serial.checked_add(dispatches).unwrap_or(dispatches);
        let first = match self.device.fault() {
            Some(Fault::ShiftedChunk) => chunk.first.saturating_sub(1),
            _ => chunk.first,
        };
        Ticket {
            chunk: Chunk { first, ..chunk },
            serial: self.serial - dispatches + 1,
        }
    }
}

impl<C: Chunks> Pipeline for Slots<'_, C> {
    fn slots(&self) -> usize {
        self.slots.len()
    }

    fn bounds(&self) -> Bounds {
        self.chunks.bounds()
    }

    fn fitting(&self, first: u128, most: u128) -> u128 {
        self.chunks.fitting(first, most)
    }

    fn survivors(&self) -> u64 {
        self.sizes.survivors.capacity.into()
    }

    fn submit(&mut self, slot: usize, chunk: Chunk, floor: Floor) -> Result<(), EngineError> {
        let ticket = self.ticket(chunk);
        let mut params = self.params.clone();
        let slot = &mut self.slots[slot];
        let Some(workgroups) = self.chunks.start(&ticket, floor, &mut params) else {
            slot.running = Some(Running::Refused(chunk));
            return Ok(());
        };
        let mut content = vec![0; params.len() * PARAMS_STRIDE];
        for (at, params) in content.chunks_mut(PARAMS_STRIDE).zip(&params) {
            at[..size_of::<C::Params>()].copy_from_slice(bytemuck::bytes_of(params));
        }
        self.device.write(&slot.params, &content)?;
        let parts = self.sizes.parts(chunk, workgroups);
        let dispatched = match self.device.fault() {
            Some(Fault::LostWorkgroup) => workgroups - 1,
            _ => workgroups,
        };
        let submission = self.device.submit(self.label, |encoder| {
            // The count of survivors.
            encoder.clear_buffer(&slot.survivors, 0, Some(4));
            let front = self.sizes.front.as_ref().map(|front| &front.buffer);
            if let Some(front) = front {
                encoder.clear_buffer(front, 0, None);
            }
            let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor {
                label: Some(self.label),
                timestamp_writes: slot.stopwatch.as_ref().map(Stopwatch::pass),
            });
            if dispatched > 0 {
                let (x, y) = self.limits.grid(dispatched);
                for (kernel, binding) in self.kernels.iter().zip(&slot.bindings) {
                    pass.set_pipeline(kernel);
                    pass.set_bind_group(0, binding, &[]);
                    pass.dispatch_workgroups(x, y, 1);
                }
            }
            drop(pass);
            if let Some(stopwatch) = &slot.stopwatch {
                stopwatch.resolve(encoder, &slot.readback);
            }
            let mut at = parts.stamps;
            for (buffer, bytes) in [
                (front, parts.front),
                (Some(&slot.records), parts.records),
                (Some(&slot.survivors), parts.survivors),
            ] {
                if let Some(buffer) = buffer {
                    encoder.copy_buffer_to_buffer(buffer, 0, &slot.readback, at, bytes);
                }
                at += bytes;
            }
        })?;
        slot.running = Some(Running::Submitted {
            chunk,
            serial: self.serial,
            parts,
            submission,
        });
        Ok(())
    }

    fn collect(&mut self, slot: usize) -> Result<Answer, EngineError> {
        let (device, sizes) = (self.device, &self.sizes);
        let slot = &mut self.slots[slot];
        let (chunk, serial, parts, submission) = match slot.running.take() {
            None => return Err(device.error("a result was awaited that was not submitted")),
            Some(Running::Refused(chunk)) if chunk.sets < 2 => {
                return Err(device.error("a single set is more than one submission can do"));
            }
            Some(Running::Refused(_)) => return Ok(Answer::too_large()),
            Some(Running::Submitted {
                chunk,
                serial,
                parts,
                submission,
            }) => (chunk, serial, parts, submission),
        };
        let answer = device.read(submission, &slot.readback, parts.total(), |bytes| {
            let [stamps, front, records, offsets] = parts.split(bytes);
            let front: Vec<u32> = bytemuck::pod_collect_to_vec(front);
            let reports = Reports {
                serial,
                excluding: sizes.excluding,
                survivors: sizes.survivors,
            };
            let mut answer = match front[..] {
                [_, cut, ..] if cut != 0 => records::too_long(chunk)?,
                _ => records::read(records, offsets, chunk, reports)?,
            };
            let room = sizes.front.as_ref().map_or(0, |front| front.room);
            if front.first().is_some_and(|&taken| taken > room) {
                answer.survivors = Err(Redo::Size);
            }
            let stopwatch = slot.stopwatch.as_ref();
            answer.ran = stopwatch.and_then(|_| device.ran(stamps));
            self.chunks.finish(&front, &mut answer);
            Ok(answer)
        })?;
        answer.map_err(|what: String| device.error(what))
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
