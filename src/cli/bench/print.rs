//! What was measured, as a table and as JSON.

use super::workload::Workload;
use kcorrset::engine::cpu::Regime;
use kcorrset::report::{Whole, grouped, one_line, sized};
use serde::Serialize;
use std::time::Duration;

/// Version of the form in JSON.
const SCHEMA: u32 = 1;

/// Runs over the same sets.
#[derive(Clone, Debug)]
pub struct Timed {
    /// How many sets each took.
    pub sets: u128,
    /// Seconds of each.
    pub times_s: Vec<f64>,
}

impl Timed {
    /// No run yet.
    pub fn of(sets: u128) -> Self {
        Self {
            sets,
            times_s: Vec::new(),
        }
    }

    fn ns_per_set(&self) -> f64 {
        median(&self.times_s) * 1e9 / self.sets as f64
    }
}

/// What is known of a GPU's runs alone.
#[derive(Clone, Debug, Serialize)]
pub struct Busy {
    /// Compiling and self-test, before the first run.
    preparation_s: f64,
    /// The share of the time that each device computed, run by run.
    #[serde(rename = "busy_shares")]
    pub shares: Vec<f64>,
    /// Whether that is by the GPU's own clock; else by the host's, from submission to answer.
    #[serde(rename = "busy_by_device")]
    pub by_device: bool,
}

impl Busy {
    pub fn new(preparation: Duration) -> Self {
        Self {
            preparation_s: preparation.as_secs_f64(),
            shares: Vec::new(),
            by_device: false,
        }
    }
}

/// What is known of proofs alone.
#[derive(Clone, Debug, Serialize)]
struct Proved {
    /// How each run decided the sets.
    proofs: Vec<Whole>,
    /// What the published algorithm would take for all sets, at its rate on the sample.
    published_would_take_s: f64,
}

/// The figures of one workload.
#[derive(Clone, Debug, Serialize)]
pub struct Figures {
    workload: &'static str,
    about: String,
    /// The regime, where one was forced.
    #[serde(skip_serializing_if = "Option::is_none")]
    regime: Option<&'static str>,
    /// A decimal string, as in results.
    sets: String,
    /// How many of them a run took, from the middle.
    sets_searched: String,
    #[serde(rename = "time_s")]
    time: f64,
    /// The time of each run.
    times_s: Vec<f64>,
    sets_per_s: f64,
    users_sets_per_s: f64,
    ns_per_set: f64,
    published_sets: String,
    published_times_s: Vec<f64>,
    published_ns_per_set: f64,
    /// How many times the published algorithm's rate.
    ratio: f64,
    #[serde(flatten)]
    busy: Option<Busy>,
    #[serde(flatten)]
    proved: Option<Proved>,
}

/// What was measured on one GPU.
#[derive(Clone, Debug, Serialize)]
pub struct OnGpu {
    /// Its number in `kcorrset devices`.
    pub index: usize,
    /// Its name, backend and driver.
    pub device: String,
    /// Whether it computes on the CPU.
    pub software: bool,
    /// The pipeline, where one was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pipeline: Option<String>,
    /// What the self-test took; it passed.
    pub self_test_s: f64,
    /// As the workloads were asked for.
    pub workloads: Vec<Figures>,
}

/// All that is printed.
#[derive(Debug, Serialize)]
pub struct Document {
    schema: u32,
    version: &'static str,
    engine: &'static str,
    threads: usize,
    instructions: &'static str,
    runs: u16,
    quick: bool,
    workloads: Vec<Figures>,
    bound: Vec<Figures>,
    gpus: Vec<OnGpu>,
}

impl Figures {
    /// From at least one run of each, of a search over `sets` sets in all.
    pub fn new(workload: &Workload, sets: u128, timed: &Timed, published: &Timed) -> Self {
        let time = median(&timed.times_s);
        let rate = timed.sets as f64 / time;
        Self {
            workload: workload.name,
            about: workload.about(),
            regime: None,
            sets: sets.to_string(),
            sets_searched: timed.sets.to_string(),
            time,
            times_s: timed.times_s.clone(),
            sets_per_s: rate,
            users_sets_per_s: rate * workload.users() as f64,
            ns_per_set: timed.ns_per_set(),
            published_sets: published.sets.to_string(),
            published_times_s: published.times_s.clone(),
            published_ns_per_set: published.ns_per_set(),
            ratio: published.ns_per_set() / timed.ns_per_set(),
            busy: None,
            proved: None,
        }
    }

    /// Names the regime that was forced.
    pub fn with_regime(self, regime: Option<Regime>) -> Self {
        Self {
            regime: regime.map(Regime::name),
            ..self
        }
    }

    /// Adds what is known of runs on a GPU.
    pub fn with_busy(self, busy: Busy) -> Self {
        Self {
            busy: Some(busy),
            ..self
        }
    }

    /// Adds how each run of an engine that proves its list decided the sets, as many as were timed.
    pub fn with_proofs(self, sets: u128, proofs: Vec<Whole>) -> Self {
        let published_would_take_s = self.published_ns_per_set * 1e-9 * sets as f64;
        Self {
            proved: Some(Proved {
                proofs,
                published_would_take_s,
            }),
            ..self
        }
    }

    fn cells(&self) -> Vec<String> {
        let whole = |x: f64| shown(x as u128);
        let count = |text: &String| text.parse().map_or(text.clone(), shown);
        let sets = if self.sets == self.sets_searched {
            count(&self.sets)
        } else {
            format!("{} of {}", count(&self.sets_searched), count(&self.sets))
        };
        let mut cells = vec![
            self.regime.map_or(self.workload.to_owned(), |regime| {
                format!("{}, {regime}", self.workload)
            }),
            sets,
            format!("{:.3}", self.time),
            whole(self.sets_per_s),
            format!("{:.2e}", self.users_sets_per_s),
            match self.ns_per_set {
                small @ ..5e-4 => format!("{small:.2e}"),
                other => format!("{other:.3}"),
            },
            format!("{:.1}", self.published_ns_per_set),
            match self.ratio {
                large @ 1e9.. => format!("{large:.2e}"),
                other => format!("{other:.1}"),
            },
        ];
        if let Some(proved) = &self.proved {
            cells.push(format!("{:.2e}", proved.published_would_take_s));
            if let Some(proof) = proved.proofs.get(middle(&self.times_s)) {
                cells.push(grouped(proof.nodes.into()));
                cells.push(shown(proof.visited));
                let excluded = &proof.excluded;
                let short = excluded.numbered().map(shown);
                cells.push(short.unwrap_or_else(|| sized(excluded)));
            }
        }
        if let Some(busy) = &self.busy {
            cells.push(format!("{:.1}", median(&busy.shares) * 100.0));
            cells.push(format!("{:.3}", busy.preparation_s));
        }
        cells
    }
}

/// Titles of the columns that each engine's table has.
const TITLES: [&str; 8] = [
    "workload",
    "sets",
    "time s",
    "sets/s",
    "users x sets/s",
    "ns a set",
    "published ns a set",
    "ratio",
];

/// Titles of the columns that a GPU's table has behind the others.
const TITLES_OF_GPU: [&str; 2] = ["busy %", "prepare s"];

/// Titles of the columns that the table of the bound engine has behind the others.
const TITLES_OF_PROOFS: [&str; 4] = ["published s", "nodes", "visited", "excluded"];

/// Counts of more digits are shown rounded, with a power of ten: nobody reads them otherwise. In JSON they are exact.
const DIGITS: u32 = 15;

fn shown(n: u128) -> String {
    if n < 10_u128.pow(DIGITS) {
        grouped(n)
    } else {
        format!("{:.2e}", n as f64)
    }
}

/// Where the middle value stands; of an even number, the lower of the two.
fn middle(values: &[f64]) -> usize {
    let mut places: Vec<usize> = (0..values.len()).collect();
    places.sort_by(|&a, &b| values[a].total_cmp(&values[b]));
    places[(places.len() - 1) / 2]
}

fn median(values: &[f64]) -> f64 {
    values[middle(values)]
}

impl Document {
    pub fn new(
        threads: usize,
        instructions: &'static str,
        runs: u16,
        quick: bool,
        workloads: Vec<Figures>,
        bound: Vec<Figures>,
        gpus: Vec<OnGpu>,
    ) -> Self {
        Self {
            schema: SCHEMA,
            version: env!("CARGO_PKG_VERSION"),
            engine: "cpu",
            threads,
            instructions,
            runs,
            quick,
            workloads,
            bound,
            gpus,
        }
    }

    pub fn json(&self) -> anyhow::Result<String> {
        let mut text = serde_json::to_string_pretty(self)?;
        text.push('\n');
        Ok(text)
    }

    /// For each engine, and each GPU, that was measured: one line on what ran, and its figures.
    pub fn table(&self) -> String {
        let runs = format!(
            "medians of {}{}\n\n",
            self.runs,
            if self.quick { ", small tables" } else { "" }
        );
        let mut tables = Vec::new();
        if !self.workloads.is_empty() {
            let cpu = format!(
                "{} engine, {} threads, {}, {runs}",
                self.engine, self.threads, self.instructions
            );
            tables.push(cpu + &columns(&TITLES, &self.workloads));
        }
        if !self.bound.is_empty() {
            let bound = format!("bound engine, {} threads, {runs}", self.threads);
            let titles = [&TITLES[..], &TITLES_OF_PROOFS].concat();
            tables.push(bound + &columns(&titles, &self.bound));
        }
        for gpu in self.gpus.iter().filter(|gpu| !gpu.workloads.is_empty()) {
            let software = if gpu.software {
                " (software: computes on the CPU)"
            } else {
                ""
            };
            let pipeline = gpu.pipeline.as_ref();
            let pipeline = pipeline.map_or(String::new(), |name| format!(", {name} pipeline"));
            let about = format!(
                "gpu {}: {}{software}{pipeline}, self-test passed in {:.1} s, {runs}",
                gpu.index,
                one_line(&gpu.device),
                gpu.self_test_s
            );
            let titles = [&TITLES[..], &TITLES_OF_GPU].concat();
            tables.push(about + &columns(&titles, &gpu.workloads));
        }
        tables.join("\n")
    }
}

/// A header, and a line a workload; columns as wide as they must be.
fn columns(titles: &[&str], figures: &[Figures]) -> String {
    let titles = titles.iter().map(|&title| title.to_owned()).collect();
    let rows: Vec<Vec<String>> = std::iter::once(titles)
        .chain(figures.iter().map(Figures::cells))
        .collect();
    let width = |i: usize| {
        rows.iter()
            .filter_map(|row| row.get(i))
            .map(String::len)
            .max()
    };
    let mut out = String::new();
    for row in &rows {
        for (i, cell) in row.iter().enumerate() {
            let width = width(i).unwrap_or(0);
            if i == 0 {
                out.push_str(&format!("{cell:<width$}"));
            } else {
                out.push_str(&format!("  {cell:>width$}"));
            }
        }
        out.push('\n');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::super::workload::WORKLOADS;
    use super::*;

    fn timed(sets: u128, times_s: &[f64]) -> Timed {
        Timed {
            sets,
            times_s: times_s.to_vec(),
        }
    }

    #[test]
    fn figures_follow_from_the_median_times() {
        let (runs, published) = (timed(4_000, &[9.0, 2.0, 1.0]), timed(10, &[0.5, 7.0, 0.1]));
        let figures = Figures::new(&WORKLOADS[0], 4_000, &runs, &published);
        let cells = [
            "benchmark",
            "4,000",
            "2.000",
            "2,000",
            "1.20e8",
            "500000.000",
            "50000000.0",
            "100.0",
        ];
        assert_eq!(figures.cells(), cells);
        assert_eq!(median(&[4.0, 1.0]), 1.0);
        // Of a part, the rate is that of the part.
        let part = Figures::new(&WORKLOADS[0], 9_000, &runs, &published);
        assert_eq!(part.cells()[1], "4,000 of 9,000");
        assert_eq!(part.cells()[2..], cells[2..]);
        let mut busy = Busy::new(Duration::from_millis(1500));
        busy.shares = vec![0.5, 0.75, 1.0];
        assert_eq!(part.with_busy(busy).cells()[8..], ["75.0", "1.500"]);
    }

    #[test]
    fn proofs_are_told_by_the_run_of_the_median_time() {
        let sets = 30_000_000_000_000_000;
        let (runs, published) = (timed(sets, &[9.0, 2.0, 1.0]), timed(10, &[0.5, 7.0, 0.1]));
        let proof = |nodes| Whole {
            visited: 1_000,
            excluded: (sets - 1_000).into(),
            nodes,
        };
        let figures = Figures::new(&WORKLOADS[16], sets, &runs, &published)
            .with_proofs(sets, [7, 8_000, 9].map(proof).to_vec());
        let cells = [
            "proof-2pl-k10",
            "3.00e16",
            "2.000",
            "1.50e16",
            "6.00e19",
            "6.67e-8",
            "50000000.0",
            "7.50e14",
            "1.50e15",
            "8,000",
            "1,000",
            "3.00e16",
        ];
        assert_eq!(figures.cells(), cells);
        let json = serde_json::to_value(&figures).unwrap();
        assert_eq!(json["proofs"][2]["nodes"], "9");
        assert_eq!(json["proofs"][0]["excluded"], "29999999999999000");
        assert_eq!(json["published_would_take_s"], 1.5e15);
        assert_eq!(shown(999_999_999_999_999), "999,999,999,999,999");
    }

    #[test]
    fn columns_line_up() {
        let figures = |sets| {
            let published = timed(1, &[1e-6]);
            Figures::new(&WORKLOADS[0], sets, &timed(sets, &[1.0]), &published)
        };
        let mut busy = Busy::new(Duration::from_secs(10));
        busy.shares = vec![0.5];
        let gpu = OnGpu {
            index: 3,
            device: "d".to_owned(),
            software: true,
            pipeline: Some("flat".to_owned()),
            self_test_s: 0.25,
            workloads: vec![
                figures(100).with_busy(busy.clone()),
                figures(7).with_busy(busy),
            ],
        };
        let proof = Whole {
            visited: 7,
            excluded: 0.into(),
            nodes: 1_234,
        };
        let bound = vec![figures(7).with_proofs(7, vec![proof])];
        let idle = OnGpu {
            index: 4,
            workloads: Vec::new(),
            ..gpu.clone()
        };
        let rows = vec![figures(1_000_000), figures(1_000)];
        let text = Document::new(2, "avx2", 3, true, rows, bound, vec![gpu, idle]).table();
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(
            lines[0],
            "cpu engine, 2 threads, avx2, medians of 3, small tables"
        );
        assert_eq!(
            lines[6],
            "bound engine, 2 threads, medians of 3, small tables"
        );
        assert_eq!(
            lines[11],
            "gpu 3: d (software: computes on the CPU), flat pipeline, self-test passed in 0.2 s, \
             medians of 3, small tables"
        );
        assert_eq!(lines.len(), 16);
        for table in [2..5, 8..10, 13..16] {
            let width = lines[table.start].len();
            assert!(
                lines[table].iter().all(|line| line.len() == width),
                "{text}"
            );
        }
    }
}
