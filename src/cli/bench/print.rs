//! What was measured, as a table and as JSON.

use super::workload::Workload;
use kcorrset::report::{SCHEMA, grouped};
use serde::Serialize;

/// The figures of one workload.
#[derive(Clone, Debug, Serialize)]
pub struct Figures {
    workload: &'static str,
    about: String,
    /// A decimal string, as in results.
    sets: String,
    #[serde(rename = "time_s")]
    time: f64,
    /// Of each run.
    times_s: Vec<f64>,
    sets_per_s: f64,
    ns_per_set: f64,
    published_sets: String,
    published_times_s: Vec<f64>,
    published_ns_per_set: f64,
    /// How many times the published algorithm's rate.
    ratio: f64,
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
}

impl Figures {
    /// From the times of at least one run, in seconds.
    pub fn new(
        workload: &Workload,
        sets: u128,
        times: &[f64],
        published_sets: u128,
        published_times: &[f64],
    ) -> Self {
        let time = median(times);
        let ns = time * 1e9 / sets as f64;
        let published_ns = median(published_times) * 1e9 / published_sets as f64;
        Self {
            workload: workload.name,
            about: workload.about(),
            sets: sets.to_string(),
            time,
            times_s: times.to_vec(),
            sets_per_s: sets as f64 / time,
            ns_per_set: ns,
            published_sets: published_sets.to_string(),
            published_times_s: published_times.to_vec(),
            published_ns_per_set: published_ns,
            ratio: published_ns / ns,
        }
    }

    fn cells(&self) -> [String; 7] {
        let whole = |x: f64| grouped(x as u128);
        [
            self.workload.to_owned(),
            self.sets.parse().map_or(self.sets.clone(), grouped),
            format!("{:.3}", self.time),
            whole(self.sets_per_s),
            format!("{:.3}", self.ns_per_set),
            format!("{:.1}", self.published_ns_per_set),
            format!("{:.1}", self.ratio),
        ]
    }
}

/// The middle value; of an even number, the lower of the two.
fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted[(sorted.len() - 1) / 2]
}

impl Document {
    pub fn new(
        threads: usize,
        instructions: &'static str,
        runs: u16,
        quick: bool,
        workloads: Vec<Figures>,
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
        }
    }

    pub fn json(&self) -> anyhow::Result<String> {
        let mut text = serde_json::to_string_pretty(self)?;
        text.push('\n');
        Ok(text)
    }

    /// One line on what ran, a header, a line a workload; columns as wide as they must be.
    pub fn table(&self) -> String {
        let titles = [
            "workload",
            "sets",
            "time s",
            "sets/s",
            "ns a set",
            "published ns a set",
            "ratio",
        ];
        let rows: Vec<_> = std::iter::once(titles.map(str::to_owned))
            .chain(self.workloads.iter().map(Figures::cells))
            .collect();
        let width = |i: usize| rows.iter().map(|row| row[i].len()).max().unwrap_or(0);
        let widths: Vec<_> = (0..titles.len()).map(width).collect();
        let mut out = format!(
            "{} engine, {} threads, {}, medians of {}{}\n\n",
            self.engine,
            self.threads,
            self.instructions,
            self.runs,
            if self.quick { ", small tables" } else { "" }
        );
        for row in rows {
            let mut cells = row.iter().zip(&widths);
            if let Some((name, width)) = cells.next() {
                out.push_str(&format!("{name:<width$}"));
            }
            for (cell, width) in cells {
                out.push_str(&format!("  {cell:>width$}"));
            }
            out.push('\n');
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::super::workload::WORKLOADS;
    use super::*;

    #[test]
    fn figures_follow_from_the_median_times() {
        let figures = Figures::new(&WORKLOADS[0], 4_000, &[9.0, 2.0, 1.0], 10, &[0.5, 7.0, 0.1]);
        let cells = [
            "benchmark",
            "4,000",
            "2.000",
            "2,000",
            "500000.000",
            "50000000.0",
            "100.0",
        ];
        assert_eq!(figures.cells(), cells);
        assert_eq!(median(&[4.0, 1.0]), 1.0);
    }

    #[test]
    fn columns_line_up() {
        let figures = |sets| Figures::new(&WORKLOADS[0], sets, &[1.0], 1, &[1e-6]);
        let rows = vec![figures(1_000_000), figures(1_000)];
        let text = Document::new(2, "avx2", 3, true, rows).table();
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(
            lines[0],
            "cpu engine, 2 threads, avx2, medians of 3, small tables"
        );
        assert_eq!(lines.len(), 5);
        assert!(
            lines[3..].iter().all(|line| line.len() == lines[2].len()),
            "{text}"
        );
    }
}
