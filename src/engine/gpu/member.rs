//! One adapter of an engine: its device, reopened when it fails, and what it has been tested for.
//!
//! A device that was lost stays lost, so every failure is met in one way: the device is dropped with
//! everything on it, another one is opened, and the chunks that were in flight are done again, in
//! tiles half as large. [`TRIES`] failures in a row without a chunk done in between are for good.

use super::adapters::{AdapterFeatures, AdapterReport};
use super::beside;
use super::device::Device;
use super::drive::{Drive, Driven, drive};
use super::fault::{Fault, Planted};
use super::job::Job;
use super::layout::Integers;
use super::limits::Limits;
use super::lock::locked;
use super::method::{Ask, Method};
use super::order::Order;
use super::selftest;
use super::usage::Usage;
use crate::engine::EngineError;
use std::collections::HashSet;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// Failures in a row after which a device is given up.
const TRIES: u32 = 3;

/// From a failure to the next try, times the failures in a row: a driver that resets its device
/// needs a moment.
const PAUSE: Duration = Duration::from_millis(100);

/// An adapter and its device. A clone shares both.
#[derive(Clone, Debug)]
pub(super) struct Member {
    report: Arc<AdapterReport>,
    adapter: wgpu::Adapter,
    limits: Limits,
    features: AdapterFeatures,
    integers: Integers,
    /// None before the first use and after a failure.
    device: Arc<Mutex<Option<Arc<Device>>>>,
    /// What known answers were asked of with success, on whichever device of the adapter.
    passed: Arc<Mutex<HashSet<Method>>>,
    planted: Option<Arc<Planted>>,
}

/// What a member did in a search, and how it ended.
#[derive(Debug)]
pub(super) struct Worked {
    pub(super) driven: Driven,
    pub(super) usage: Usage,
    pub(super) end: Result<(), EngineError>,
}

impl Member {
    pub(super) fn new(report: AdapterReport, adapter: wgpu::Adapter) -> Self {
        Self {
            limits: report.limits,
            features: report.features,
            // Native integers of software are slower than pairs: by a twelfth on Mesa's llvmpipe.
            integers: match report.features.shader_int64 && !report.software {
                true => Integers::Native,
                false => Integers::Pairs,
            },
            report: Arc::new(report),
            adapter,
            device: Arc::default(),
            passed: Arc::default(),
            planted: None,
        }
    }

    /// A member with the same device, planned for as if it allowed no more than `limits`.
    pub(super) fn with_limits(&self, limits: &Limits) -> Self {
        Self {
            limits: self.limits.at_most(limits),
            ..self.clone()
        }
    }

    /// Another device of the same adapter, without what `features` lacks, and nothing tested yet.
    pub(super) fn with_features(&self, features: &AdapterFeatures) -> Self {
        let features = self.features.at_most(features);
        let mut limits = self.limits;
        limits.lane_loads = limits.lane_loads.min(features.subgroup_lanes());
        let integers = match features.shader_int64 {
            true => self.integers,
            false => Integers::Pairs,
        };
        Self {
            limits,
            features,
            integers,
            device: Arc::default(),
            passed: Arc::default(),
            ..self.clone()
        }
    }

    /// A device of the same adapter with such 64-bit integers in its shaders, where it has them: where that
    /// is another one, nothing is tested yet.
    pub(super) fn with_integers(&self, integers: Integers) -> Self {
        let integers = match self.features.shader_int64 {
            true => integers,
            false => Integers::Pairs,
        };
        if integers == self.integers {
            return self.clone();
        }
        Self {
            integers,
            device: Arc::default(),
            passed: Arc::default(),
            ..self.clone()
        }
    }

    /// Another device of the same adapter with a fault, tested as far as this one.
    pub(super) fn with_fault(&self, fault: Fault) -> Self {
        Self {
            device: Arc::default(),
            planted: Some(Arc::new(Planted::new(fault))),
            ..self.clone()
        }
    }

    pub(super) fn report(&self) -> &AdapterReport {
        &self.report
    }

    /// For people.
    pub(super) fn name(&self) -> String {
        let AdapterReport {
            name,
            backend,
            driver,
            driver_info,
            ..
        } = &*self.report;
        format!("{name} ({backend}, {driver} {driver_info})")
    }

    /// The device, opened where it is not.
    pub(super) fn device(&self) -> Result<Arc<Device>, EngineError> {
        let mut slot = locked(&self.device);
        if let Some(device) = &*slot {
            return Ok(Arc::clone(device));
        }
        let (name, planted) = (self.report.name.clone(), self.planted.clone());
        let device = Arc::new(Device::open(
            name,
            &self.adapter,
            &self.features,
            self.integers,
            planted,
        )?);
        Ok(Arc::clone(slot.insert(device)))
    }

    /// So that the next use opens another one.
    fn drop_device(&self) {
        *locked(&self.device) = None;
    }

    /// How many pipelines its device has compiled.
    pub(super) fn compiled(&self) -> usize {
        let slot = locked(&self.device);
        slot.as_ref().map_or(0, |device| device.compiled().count())
    }

    /// Bytes of all buffers that were made on its device.
    pub(super) fn buffer_bytes(&self) -> u64 {
        let slot = locked(&self.device);
        slot.as_ref().map_or(0, |device| device.buffer_bytes())
    }

    /// Names of the kernels that its device compiles now.
    pub(super) fn compiling(&self) -> Vec<&'static str> {
        let slot = locked(&self.device);
        let compiling = slot.as_ref().map(|device| device.compiled().now());
        compiling.unwrap_or_default()
    }

    /// Opens the device where it is not, and compiles all that these methods take, beside each other. A failure
    /// comes back in the self-test or the search, which try again.
    pub(super) fn compile(&self, methods: &[Method]) {
        let compiled = self.device().map(|device| {
            let one = |method: &Method| method.compile(&device);
            beside::each(methods, one)
        });
        drop(compiled);
    }

    /// Opens the device where it is not, compiles what `job` takes, and asks it known answers; the
    /// latter once for each method.
    pub(super) fn prepare(&self, job: &Job<'_>, ask: Ask) -> Result<(), EngineError> {
        let method = ask.method(job, &self.limits)?;
        self.compile(&[method]);
        let passed = || locked(&self.passed);
        if passed().contains(&method) {
            return Ok(());
        }
        let start = Instant::now();
        self.self_test(method)?;
        let took = start.elapsed();
        tracing::info!(
            device = self.name(),
            pipeline = method.name(),
            ?took,
            "self-test passed"
        );
        passed().insert(method);
        Ok(())
    }

    /// The order in which it takes least work to search all sets of `job`.
    pub(super) fn order(&self, job: &Job<'_>, ask: Ask) -> Result<Order, EngineError> {
        Ok(ask.method(job, &self.limits)?.order(job))
    }

    /// Asks known answers of a method.
    pub(super) fn self_test(&self, method: Method) -> Result<(), EngineError> {
        selftest::run(&self.name(), method, |known| {
            let Worked { driven, end, .. } = self.work(known, Ask::Exactly(method));
            end.map(|()| driven)
        })
    }

    /// Does what the queue has left, or as much of it as other members leave.
    pub(super) fn work(&self, work: Drive<'_>, ask: Ask) -> Worked {
        let start = Instant::now();
        let mut driven = Driven::new(work.job.query.top());
        let mut reopened = 0;
        let name = self.name();
        let work = Drive {
            device: Some(&name),
            ..work
        };
        let end = self.persist(work, ask, &mut driven, &mut reopened);
        let usage = Usage::new(name.clone(), &driven, start.elapsed(), reopened);
        Worked { driven, usage, end }
    }

    fn persist(
        &self,
        work: Drive<'_>,
        ask: Ask,
        driven: &mut Driven,
        reopened: &mut u32,
    ) -> Result<(), EngineError> {
        let mut limits = self.limits.for_sets(work.queue.all());
        let mut in_a_row = 0;
        let mut last: Option<String> = None;
        loop {
            let before = driven.chunks;
            let what = match (self.attempt(&mut limits, work, ask, driven), last) {
                (Ok(()), _) => return Ok(()),
                (Err(EngineError::Device { what, .. }), _) => what,
                // It fitted before its tiles were made smaller.
                (
                    Err(EngineError::Refused {
                        what, need, have, ..
                    }),
                    Some(failure),
                ) => {
                    let hopeless = format!(
                        "{failure}; with smaller tiles, {what} needs {need}, and {have} is what \
                         there is"
                    );
                    return Err(self.failed(hopeless));
                }
                (Err(other), _) => return Err(other),
            };
            self.drop_device();
            in_a_row = if driven.chunks > before {
                1
            } else {
                in_a_row + 1
            };
            if in_a_row == TRIES {
                return Err(self.failed(format!(
                    "{what}; this was try {TRIES} in a row, each with a device opened anew and \
                     smaller tiles, the last with at most {} sets in a dispatch",
                    limits.chunk
                )));
            }
            limits = limits.halved();
            tracing::warn!(
                "device {} failed: {what}; opening it anew, with at most {} sets in a dispatch",
                self.name(),
                limits.chunk
            );
            *reopened += 1;
            last = Some(what);
            std::thread::sleep(PAUSE * in_a_row);
        }
    }

    /// With one device. Everything on it is gone when this returns. Lowers `limits` to what was
    /// planned within them, so that half of them is less.
    fn attempt(
        &self,
        limits: &mut Limits,
        work: Drive<'_>,
        ask: Ask,
        driven: &mut Driven,
    ) -> Result<(), EngineError> {
        let device = self.device()?;
        let method = ask.method(work.job, limits)?;
        tracing::info!(
            device = self.name(),
            pipeline = method.name(),
            integers = ?self.integers,
            "searching"
        );
        if work.order != Order::Ranks && method.order(work.job) != work.order {
            return Err(self.failed(format!(
                "the {} pipeline cannot go on with a search by halves",
                method.name()
            )));
        }
        let mut pipeline = method.open(&device, *limits, work.job, work.order)?;
        tracing::debug!(?method, integers = ?self.integers, "opened");
        let most = u32::try_from(pipeline.bounds().most).unwrap_or(u32::MAX);
        limits.chunk = limits.chunk.min(most);
        let before = driven.chunks;
        let end = drive(&mut *pipeline, work, driven);
        *driven.took.entry(method.name()).or_default() += driven.chunks - before;
        end
    }

    fn failed(&self, what: String) -> EngineError {
        EngineError::Device {
            device: self.name(),
            what,
        }
    }
}
