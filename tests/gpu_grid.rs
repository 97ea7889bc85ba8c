//! Every variant of the GPU engine's pipelines over the grid of tables, on a real adapter.
//!
//! A variant is what is compiled, K apart: what the engine says it opened, not what it is expected to.

use crate::agreement::{Effort, Refuses, Subject, Truth, each, must_agree};
use crate::gpu::{ANY, engine};
use crate::tables::{self, Table};
use kcorrset::engine::gpu::layout::Integers;
use kcorrset::engine::gpu::limits::Limits;
use kcorrset::engine::gpu::projected::layout::LANES;
use kcorrset::engine::gpu::{Choice, GpuEngine};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{Debug, Write as _};
use std::ops::Range;
use std::sync::{Arc, Mutex, OnceLock};
use tracing::field::{Field, Visit};
use tracing::span;

/// Bytes of workgroup memory with which leaves are swept: for a tile as large as the table's stems ask, and for the smallest
/// one, which some stems have no room in.
const MEMORIES: [u32; 2] = [48 << 10, 7_000];

/// How many searches of a variant there are in a family for one of which everything is asked, the first
/// among them, by their sets; of the others it is a few of each kind, and of still larger ones always.
/// Everything of all of them takes software longer than all other tests together: a millisecond a
/// search, and most of ten for a thousand sets.
///
/// The adapter's own integers of 64 bits change a few functions of the same kernels. They have those turns
/// only, a few searches of each kind, and of larger searches none.
const TURNS: [(u128, u32); 2] = [(300, 8), (10_000, 24)];

/// Every pipeline, and of the projected one each way to take leaves; all with 64-bit integers as pairs of
/// words, and then with the adapter's own.
pub fn subjects() -> Vec<Subject> {
    Integers::ALL.into_iter().flat_map(with_integers).collect()
}

/// Each of them with pairs of words, and beside it with the adapter's own integers.
pub fn pairs_and_native() -> Vec<[Subject; 2]> {
    let [pairs, native] = Integers::ALL.map(with_integers);
    pairs.into_iter().zip(native).map(Into::into).collect()
}

fn with_integers(integers: Integers) -> Vec<Subject> {
    let engine = of_adapter(integers);
    let subject = |name: &str, engine: GpuEngine, refuses| Subject {
        name: format!("gpu {name}, {integers:?}"),
        engine: Box::new(engine),
        effort: Effort::Full,
        most_sets: u128::MAX,
        refuses,
        regime: None,
    };
    let projected = engine.with_choice(Choice::Projected);
    let levels = engine.with_choice(Choice::Levels);
    let complete = engine.with_choice(Choice::Complete);
    let swept = MEMORIES.map(|bytes| {
        let limits = Limits {
            lane_loads: 0,
            workgroup_memory: bytes,
            ..ANY
        };
        let name = format!("projected in {bytes} bytes");
        subject(&name, projected.with_limits(&limits), Refuses::Pairs)
    });
    let mut all = vec![
        subject("flat", engine.clone(), Refuses::Nothing),
        subject("projected", projected, Refuses::Pairs),
        subject("levels", levels, Refuses::Singles),
        subject("complete", complete, Refuses::Gaps),
    ];
    all.extend(swept);
    all
}

/// One device of each kind for all tests, opened and compiled for once.
fn of_adapter(integers: Integers) -> &'static GpuEngine {
    static OPENED: [OnceLock<GpuEngine>; 2] = [const { OnceLock::new() }; 2];
    let place = match integers {
        Integers::Pairs => &OPENED[0],
        Integers::Native => &OPENED[1],
    };
    place.get_or_init(|| engine().with_integers(integers))
}

/// What the engine says of the pipeline that it opened last in this thread. Panics where it warns: a
/// device that failed is opened anew, and the answer is right all the same.
#[derive(Clone, Default)]
pub struct Opened(Arc<Mutex<String>>);

impl Opened {
    /// What `search` opened last. An event may get lost while another thread enters its subscriber, so
    /// the search is made again where nothing was told; [`variant`] panics where that does not help.
    pub fn by(mut search: impl FnMut()) -> String {
        let opened = Self::default();
        for _ in 0..3 {
            tracing::subscriber::with_default(opened.clone(), &mut search);
            if !opened.0.lock().unwrap().is_empty() {
                break;
            }
        }
        let text = opened.0.lock().unwrap();
        text.clone()
    }
}

impl tracing::Subscriber for Opened {
    fn enabled(&self, metadata: &tracing::Metadata<'_>) -> bool {
        [tracing::Level::DEBUG, tracing::Level::WARN].contains(metadata.level())
    }

    fn event(&self, event: &tracing::Event<'_>) {
        let mut text = Text(String::new());
        event.record(&mut text);
        let level = *event.metadata().level();
        assert!(level != tracing::Level::WARN, "{}", text.0);
        if text.0.contains("method: ") {
            *self.0.lock().unwrap() = text.0;
        }
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

/// Which variant that was.
pub fn variant(opened: &str) -> String {
    let of = |key: &str| {
        let (_, rest) = opened.split_once(key)?;
        rest.split([',', ' ']).next()
    };
    let packed = || {
        let [bits, sums] = ["score_bits: ", "sums: "].map(|key| of(key).unwrap());
        format!("{bits} {sums}")
    };
    let pipeline = match of("method: ").and_then(|method| method.split('(').next()) {
        Some("Flat") => format!("flat {}", packed()),
        Some("Complete") => format!("complete {}", of("sums: ").unwrap()),
        Some("Levels") => format!(
            "levels {} {}",
            of(" root: ").unwrap(),
            of("sums: ").unwrap()
        ),
        Some("Projected") => match (of("abreast: ").unwrap(), of("tile: ").unwrap()) {
            ("true", _) => "abreast".to_owned(),
            (_, "0") => format!("summed {}", packed()),
            _ if of("steps: ") == Some("1") => "swept by one step".to_owned(),
            _ => "swept by several steps".to_owned(),
        },
        other => panic!("what pipeline is {other:?}?"),
    };
    format!("{pipeline} {}", of("integers: ").unwrap())
}

/// Every variant that this adapter has, but for the sizes of tiles.
pub fn variants() -> BTreeSet<String> {
    let limits = engine().adapters()[0].limits;
    let steps = ["one step", "several steps"];
    let mut all: BTreeSet<String> = steps.map(|steps| format!("swept by {steps}")).into();
    for sums in ["Narrow", "Wide"] {
        all.insert(format!("complete {sums}"));
        all.insert(format!("levels 1 {sums}"));
        all.insert(format!("levels 2 {sums}"));
        for bits in [1, 2, 4, 8, 16, 32] {
            all.insert(format!("flat {bits} {sums}"));
            all.insert(format!("summed {bits} {sums}"));
        }
    }
    if limits.lane_loads == LANES {
        all.insert("abreast".to_owned());
    }
    let native = engine().adapters()[0].features.shader_int64;
    let integers = if native {
        &Integers::ALL[..]
    } else {
        &Integers::ALL[..1]
    };
    let with = |name: &String| {
        integers
            .iter()
            .map(move |i| format!("{name} {i:?}"))
            .collect::<Vec<_>>()
    };
    all.iter().flat_map(with).collect()
}

/// The variant that a subject opens for a search; `None` where it does not take it.
fn opened_for(subject: &Subject, truth: &Truth) -> Option<String> {
    let mut takes = false;
    let opened = Opened::by(|| takes = subject.takes(truth.ask(1)));
    takes.then(|| variant(&opened))
}

/// Goes through a family of tables with every variant, once though several subjects may come to it. Of
/// those variants, `reached` has to be all that this adapter has, by how they begin.
fn grid(family: Vec<Table>, sets: Range<u128>, reached: &[&str]) {
    let subjects = pairs_and_native();
    let mut ran: BTreeMap<(String, u32), u32> = BTreeMap::new();
    each(&family, &sets, |name, truth| {
        let mut here = BTreeSet::new();
        let fits = |(sets, _): &&(u128, u32)| truth.total <= *sets;
        let turns = TURNS
            .iter()
            .find(fits)
            .map_or(u32::MAX, |(_, turns)| *turns);
        for [pairs, native] in &subjects {
            let Some(opened) = opened_for(pairs, truth) else {
                continue;
            };
            if !here.insert(opened.clone()) {
                continue;
            }
            let turn = ran.entry((opened, turns)).or_default();
            let full = turn.is_multiple_of(turns) && turns < u32::MAX;
            *turn += 1;
            let effort = if full { Effort::Full } else { Effort::Brief };
            Opened::by(|| must_agree(pairs, effort, name, truth));
            // Opened in its turns alone: what it compiles and is asked takes longer than a search.
            if full && let Some(opened) = opened_for(native, truth) {
                *ran.entry((opened, turns)).or_default() += 1;
                Opened::by(|| must_agree(native, Effort::Brief, name, truth));
            }
        }
    });
    let missing: Vec<_> = variants()
        .into_iter()
        .filter(|variant| reached.iter().any(|start| variant.starts_with(start)))
        .filter(|variant| ran.keys().all(|(ran, _)| ran != variant))
        .collect();
    assert!(missing.is_empty(), "never ran: {missing:?}");
}

/// Two-valued scores of two sizes of stems.
const SPARSE: &[&str] = &[
    "flat 1 Narrow",
    "abreast",
    "swept by one step",
    "levels 1 Narrow",
    "levels 2 Narrow",
];
const COMPLETE: &[&str] = &["complete Narrow", "swept by one step"];
const SCORES: &[&str] = &[
    "flat 1 ",
    "flat 2 ",
    "flat 4 ",
    "flat 8 Wide",
    "flat 16 Wide",
    "flat 32 Wide",
    "swept by several steps",
    "summed 1 ",
    "summed 2 ",
    "summed 4 ",
    "summed 8 Wide",
    "summed 16 Wide",
    "summed 32 Wide",
    "levels",
    "complete",
];
const WIDTHS: &[&str] = &[
    "flat 8 Narrow",
    "flat 16 ",
    "flat 32 ",
    "summed 8 Narrow",
    "summed 16 ",
    "summed 32 ",
    "complete",
];

#[test]
fn every_variant_is_reached_by_some_family() {
    let reached = [SPARSE, COMPLETE, SCORES, WIDTHS].concat();
    for variant in variants() {
        let by_some = reached.iter().any(|start| variant.starts_with(start));
        assert!(by_some, "{variant}");
    }
}

#[test]
fn sizes_of_sparse_tables() {
    grid(tables::sizes(60), 1..2_000, SPARSE);
}

#[test]
fn sizes_of_complete_tables() {
    grid(tables::sizes(100), 1..2_000, COMPLETE);
}

#[test]
fn patterns_of_answers() {
    grid(tables::patterns(), 1..2_000, &["abreast"]);
}

#[test]
fn kinds_of_scores() {
    grid(tables::scores(), 1..2_000, SCORES);
}

#[test]
fn widths_of_scores() {
    grid(tables::widths(), 1..2_000, WIDTHS);
}

#[test]
fn lanes_of_vectors() {
    grid(
        tables::lanes(),
        1..6_000,
        &["abreast", "swept by several steps"],
    );
}

#[test]
fn more_lanes_than_one_pass() {
    grid(
        tables::many_lanes(),
        40_000..60_000,
        &["abreast Pairs", "flat 8 Narrow Pairs"],
    );
}

#[test]
fn bounds_met_with_equality() {
    grid(tables::tight(), 1..200, &["summed 4 Narrow"]);
}

#[test]
fn exact_ties() {
    grid(tables::ties(), 1..2_000, &["abreast", "complete Narrow"]);
}

#[test]
fn signs_of_correlations() {
    grid(tables::signs(), 1..5_000, &["abreast", "complete Narrow"]);
}
