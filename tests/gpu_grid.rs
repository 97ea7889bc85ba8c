//! Every variant of the GPU engine's pipelines over the grid of tables, on a real adapter.

use crate::agreement::{Effort, Refuses, Subject, each, must_agree};
use crate::gpu::{ANY, engine};
use crate::tables::{self, Table};
use kcorrset::engine::gpu::limits::Limits;
use kcorrset::engine::gpu::{Choice, GpuEngine};
use std::collections::BTreeMap;
use std::fmt::{Debug, Write as _};
use std::ops::Range;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tracing::field::{Field, Visit};
use tracing::span;

/// Every pipeline, and of the projected one each way to have leaves.
pub fn subjects() -> Vec<Subject> {
    let subject = |name: &str, engine: GpuEngine, refuses| Subject {
        name: format!("gpu {name}"),
        engine: Box::new(engine),
        effort: if std::env::var_os("FULL").is_some() { Effort::Full } else { Effort::Brief },
        most_sets: u128::MAX,
        refuses,
    };
    let projected = engine().with_choice(Choice::Projected);
    let swept = |kib: u32| {
        let limits = Limits {
            lane_loads: 0,
            workgroup_memory: kib << 10,
            ..ANY
        };
        let name = format!("projected in {kib} KiB");
        subject(&name, projected.with_limits(&limits), Refuses::Pairs)
    };
    vec![
        subject("flat", engine().clone(), Refuses::WideIntegers),
        subject("projected", projected.clone(), Refuses::Pairs),
        swept(16),
        swept(32),
        swept(48),
        subject(
            "complete",
            engine().with_choice(Choice::Complete),
            Refuses::Gaps,
        ),
    ]
}

/// What the engine says of the pipeline that it opened last in this thread.
#[derive(Clone, Default)]
struct Opened(Arc<Mutex<String>>);

impl Opened {
    /// What `search` opened last.
    fn by(search: impl FnOnce()) -> String {
        let opened = Self::default();
        tracing::subscriber::with_default(opened.clone(), search);
        let text = opened.0.lock().unwrap();
        text.clone()
    }
}

impl tracing::Subscriber for Opened {
    fn enabled(&self, metadata: &tracing::Metadata<'_>) -> bool {
        *metadata.level() == tracing::Level::DEBUG
    }

    fn event(&self, event: &tracing::Event<'_>) {
        let mut text = Text(String::new());
        event.record(&mut text);
        *self.0.lock().unwrap() = text.0;
    }

    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

    fn enter(&self, _: &span::Id) {}

    fn exit(&self, _: &span::Id) {}
}

struct Text(String);

impl Visit for Text {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        let _ = write!(self.0, "{field}: {value:?}, ");
    }
}

fn grid(family: Vec<Table>, sets: Range<u128>) {
    let subjects = subjects();
    let mut spent: BTreeMap<String, (Duration, u32)> = BTreeMap::new();
    let mut compile: Duration = Duration::ZERO;
    let mut seen: BTreeMap<String, u32> = BTreeMap::new();
    let mut o = Instant::now();
    let mut oracle = Duration::ZERO;
    each(&family, &sets, |name, truth| {
        oracle += o.elapsed();
        for subject in &subjects {
            let t = Instant::now();
            let mut takes = false;
            let opened = Opened::by(|| takes = subject.takes(truth.matrix, truth.k, truth.min_users));
            compile += t.elapsed();
            if !takes { continue; }
            *seen.entry(opened).or_default() += 1;
            let t = Instant::now();
            must_agree(subject, name, truth);
            let e = spent.entry(subject.name.clone()).or_default();
            e.0 += t.elapsed();
            e.1 += 1;
        }
        o = Instant::now();
    });
    eprintln!("{}: oracle {oracle:?} takes {compile:?} {spent:?}", family[0].name);
    if let Some(x) = seen.keys().next() { eprintln!("  {x}"); }
    if let Some(x) = seen.keys().next_back() { eprintln!("  {x}"); }
}

#[test]
fn sizes_of_sparse_tables() {
    grid(tables::sizes(60), 1..2_000);
}

#[test]
fn sizes_of_complete_tables() {
    grid(tables::sizes(100), 1..2_000);
}

#[test]
fn patterns_of_answers() {
    grid(tables::patterns(), 1..2_000);
}

#[test]
fn kinds_of_scores() {
    grid(tables::scores(), 1..2_000);
}

#[test]
fn widths_of_scores() {
    grid(tables::widths(), 1..2_000);
}

#[test]
fn lanes_of_vectors() {
    grid(tables::lanes(), 1..6_000);
}

#[test]
fn bounds_met_with_equality() {
    grid(tables::tight(), 1..200);
}

#[test]
fn exact_ties() {
    grid(tables::ties(), 1..2_000);
}

#[test]
fn signs_of_correlations() {
    grid(tables::signs(), 1..5_000);
}
