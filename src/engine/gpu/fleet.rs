//! One search on any number of devices: they pull chunks from one queue, each as large as its own
//! speed makes them, and share the floor. What they saw is added up, so the audit is of the whole.
//!
//! The CPU engine is not one of them. Its audit is over integers shifted by other amounts, so its
//! ranges would each need a closed form of their own, a pass over the table for each; and its
//! regimes set up more for a range than a chunk of milliseconds is worth. The host's cores have
//! work here too: they finish the survivors. Parts split a search by hand.

use super::beside::each;
use super::drive::{Drive, Driven};
use super::job::Job;
use super::member::{Member, Worked};
use super::method::Ask;
use super::order::Order;
use super::queue::Queue;
use super::usage::Usage;
use crate::engine::{EngineError, Watch};
use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// Prepares every member for `job`.
///
/// # Errors
/// The first that is not a device's failure; failures where all fail, as a search goes on without
/// some.
pub(super) fn prepare(members: &[Member], job: &Job<'_>, ask: Ask) -> Result<(), EngineError> {
    let ends = each(members, |member| member.prepare(job, ask));
    let failures = failures(ends)?;
    if failures.len() < members.len() {
        return Ok(());
    }
    Err(together(failures))
}

/// Searches these ranks of `job` on all members.
///
/// # Errors
/// The first that is not a device's failure; failures where every member failed.
pub(super) fn search(
    members: &[Member],
    job: &Job<'_>,
    ask: Ask,
    ranks: Range<u128>,
    watch: &Watch,
    target: Duration,
) -> Result<(Driven, Vec<Usage>), EngineError> {
    // Devices share a queue, so all of them number sets alike.
    let all = ranks == (0..job.table.total());
    let orders = members.iter().map(|member| member.order(job, ask));
    let orders = orders.collect::<Result<Vec<_>, _>>()?;
    let order = match orders.first() {
        Some(&order) if all && orders.iter().all(|&other| other == order) => order,
        _ => Order::Ranks,
    };
    let queue = &Queue::new(ranks);
    let work = Drive {
        job,
        queue,
        watch,
        target,
        order,
        device: None,
    };
    let alive = AtomicUsize::new(members.len());
    let worked = each(members, |member| {
        let worked = member.work(work, ask);
        match &worked.end {
            Ok(()) => {}
            Err(EngineError::Device { device, what }) => {
                // The last one to fail is the error.
                if alive.fetch_sub(1, Ordering::Relaxed) > 1 {
                    tracing::warn!(
                        "device {device} is left out of this search, which goes on without it: \
                         {what}"
                    );
                }
            }
            Err(_) => queue.abandon(),
        }
        worked
    });
    let mut all = Driven::new(job.query.top());
    let (mut usages, mut ends) = (Vec::new(), Vec::new());
    for Worked { driven, usage, end } in worked {
        all.merge(driven);
        usage.trace();
        usages.push(usage);
        ends.push(end);
    }
    let failures = failures(ends)?;
    if queue.finished() {
        Ok((all, usages))
    } else {
        Err(together(failures))
    }
}

/// The devices' failures, as device and what; any other error at once.
fn failures(ends: Vec<Result<(), EngineError>>) -> Result<Vec<(String, String)>, EngineError> {
    let mut failures = Vec::new();
    for end in ends {
        match end {
            Ok(()) => {}
            Err(EngineError::Device { device, what }) => failures.push((device, what)),
            Err(other) => return Err(other),
        }
    }
    Ok(failures)
}

/// All failures as one error.
fn together(failures: Vec<(String, String)>) -> EngineError {
    let (devices, whats): (Vec<_>, Vec<_>) = failures.into_iter().unzip();
    EngineError::Device {
        device: devices.join(" and "),
        what: whats.join("; and "),
    }
}
