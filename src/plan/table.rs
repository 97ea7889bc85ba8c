//! Plans as a table for people.

use super::words::{bytes, time};
use super::{OnEngine, Plan, Time};
use crate::report::{grouped, one_line, sized};
use std::fmt::Write;

/// What stands where nothing is known.
const NONE: &str = "-";

/// What stands where nothing can be.
const UNTOLD: &str = "?";

const HEAD: [&str; 9] = [
    "k", "sets", "users", "enough", "engine", "way", "time", "between", "memory",
];

/// Columns whose cells end in line.
const RIGHT: [usize; 4] = [0, 1, 2, 3];

/// The whole text: a line for each K on each engine, then the engines with their devices, and why one refuses.
#[must_use]
pub fn table(plans: &[Plan]) -> String {
    let rows: Vec<[String; 9]> = plans
        .iter()
        .flat_map(|plan| plan.engines.iter().map(|on| row(plan, on)))
        .collect();
    let width = |i: usize| {
        let widths = rows.iter().map(|row| row[i].chars().count());
        widths.max().unwrap_or(0).max(HEAD[i].len())
    };
    let widths: [usize; 9] = std::array::from_fn(width);
    let mut out = String::new();
    for row in std::iter::once(HEAD.map(str::to_owned)).chain(rows) {
        let mut line = String::new();
        for (i, cell) in row.iter().enumerate() {
            let width = widths[i];
            // Writing to a String does not fail.
            let _ = match RIGHT.contains(&i) {
                true => write!(line, "{cell:>width$}  "),
                false => write!(line, "{cell:<width$}  "),
            };
        }
        out.push_str(line.trim_end());
        out.push('\n');
    }
    let users = plans.first().map_or(0, |plan| plan.users.min_users);
    let _ = write!(
        out,
        "\nusers: of a set, on average; enough: sets with at least {} of them\n",
        grouped(users.into())
    );
    let mut said: Vec<String> = Vec::new();
    for line in plans.iter().flat_map(remarks) {
        if !said.contains(&line) {
            let _ = writeln!(out, "{line}");
            said.push(line);
        }
    }
    out
}

fn row(plan: &Plan, on: &OnEngine) -> [String; 9] {
    let or_none = |text: Option<String>| text.unwrap_or_else(|| NONE.to_owned());
    let (expected, between) = match &on.time {
        Time::Measured(seconds) => (time(*seconds), "measured".to_owned()),
        Time::Expected(estimate) => (
            time(estimate.seconds),
            format!("{} and {}", time(estimate.low), time(estimate.high)),
        ),
        Time::Untold { after, gap } => {
            let gap = gap.map_or(String::new(), |gap| format!(", gap {gap:.6}"));
            (
                UNTOLD.to_owned(),
                format!("not proved after {}{gap}", time(*after)),
            )
        }
        Time::NotBegun(after) => (
            UNTOLD.to_owned(),
            format!("no set done after {}", time(*after)),
        ),
        Time::Refused(_) => (NONE.to_owned(), "cannot run this".to_owned()),
    };
    let memory = match (on.memory, on.device_memory) {
        (Some(own), Some(device)) => Some(format!("{} + {}", bytes(own), bytes(device))),
        (Some(one), None) | (None, Some(one)) => Some(bytes(one)),
        (None, None) => None,
    };
    [
        plan.k.to_string(),
        sized(&plan.sets),
        users(plan.users.mean),
        share(plan.users.enough),
        on.engine.to_owned(),
        or_none(Some(on.way.join(", ")).filter(|way| !way.is_empty())),
        expected,
        between,
        or_none(memory),
    ]
}

/// A mean number of users.
fn users(mean: f64) -> String {
    match mean {
        m if m >= 99.95 => grouped(m.round() as u128),
        m if m >= 0.095 => format!("{m:.1}"),
        m => format!("{m:.1e}"),
    }
}

/// A share of all sets, in per cent.
fn share(share: f64) -> String {
    match 100.0 * share {
        0.0 => "0 %".to_owned(),
        p if p >= 9.95 => format!("{p:.0} %"),
        p if p >= 0.095 => format!("{p:.1} %"),
        p => format!("{p:.0e} %"),
    }
}

/// What is said once behind the rows.
fn remarks(plan: &Plan) -> Vec<String> {
    let of = |on: &OnEngine| {
        let mut lines = Vec::new();
        if !on.devices.is_empty() {
            let devices: Vec<_> = on.devices.iter().map(|device| one_line(device)).collect();
            let software = match on.software {
                true => ", in software: it computes on the CPU, and is no measure of a GPU",
                false => "",
            };
            lines.push(format!("{}: {}{software}", on.engine, devices.join(", ")));
        }
        if let Time::Refused(why) = &on.time {
            lines.push(format!("k {}: {}", plan.k, one_line(why)));
        }
        lines
    };
    plan.engines.iter().flat_map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::super::{Estimate, Users};
    use super::*;
    use expect_test::expect;

    fn plans() -> Vec<Plan> {
        let on = |engine, time| OnEngine {
            engine,
            devices: vec!["2 CPU threads".to_owned()],
            software: false,
            way: vec!["walk", "masked"],
            time,
            memory: Some(310 << 20),
            device_memory: None,
        };
        let estimate = Estimate {
            seconds: 17.2,
            low: 14.0,
            high: 130.0,
        };
        let gpu = OnEngine {
            devices: vec!["llvm\npipe".to_owned()],
            software: true,
            way: vec!["levels"],
            device_memory: Some(3 << 20),
            ..on("gpu", Time::NotBegun(6.0))
        };
        let bound = |time| OnEngine {
            way: Vec::new(),
            memory: None,
            ..on("bound", time)
        };
        let untold = Time::Untold {
            after: 1.0,
            gap: Some(0.0123),
        };
        let plan = |k, sets: u128, mean, enough, engines| Plan {
            k,
            sets: sets.into(),
            users: Users {
                mean,
                min_users: 10,
                enough,
            },
            engines,
        };
        vec![
            plan(
                3,
                1_313_400,
                480.4,
                1.0,
                vec![on("cpu", Time::Measured(0.012)), gpu, bound(untold)],
            ),
            plan(
                10,
                22_451_004_309_013_280,
                0.006,
                2e-5,
                vec![
                    on("cpu", Time::Expected(estimate)),
                    bound(Time::Refused("it\ncannot".to_owned())),
                ],
            ),
        ]
    }

    #[test]
    fn a_line_for_each_k_and_engine() {
        expect![[r#"
             k                    sets   users  enough  engine  way           time   between                               memory
             3               1,313,400     480   100 %  cpu     walk, masked  12 ms  measured                              310 MiB
             3               1,313,400     480   100 %  gpu     levels        ?      no set done after 6.0 s               310 MiB + 3.0 MiB
             3               1,313,400     480   100 %  bound   -             ?      not proved after 1.0 s, gap 0.012300  -
            10  22,451,004,309,013,280  6.0e-3  2e-3 %  cpu     walk, masked  17 s   14 s and 2.2 min                      310 MiB
            10  22,451,004,309,013,280  6.0e-3  2e-3 %  bound   -             -      cannot run this                       -

            users: of a set, on average; enough: sets with at least 10 of them
            cpu: 2 CPU threads
            gpu: llvm\npipe, in software: it computes on the CPU, and is no measure of a GPU
            bound: 2 CPU threads
            k 10: it\ncannot
        "#]]
        .assert_eq(&table(&plans()));
    }
}
