//! Plans as one JSON object with everything.

use super::{OnEngine, Plan, Time};
use crate::matrix::ResponseMatrix;
use serde::Serialize;

/// Version of this form.
const SCHEMA: u32 = 1;

#[derive(Serialize)]
struct Document {
    schema: u32,
    version: &'static str,
    data: Data,
    plans: Vec<OfK>,
}

#[derive(Serialize)]
struct Data {
    users: usize,
    questions: usize,
    responses: usize,
    missing: usize,
}

/// One K. The number of sets is a string, as it may have any number of digits.
#[derive(Serialize)]
struct OfK {
    k: usize,
    sets: String,
    users: OfUsers,
    engines: Vec<OfEngine>,
}

#[derive(Serialize)]
struct OfUsers {
    mean: f64,
    min_users: u64,
    enough: f64,
}

#[derive(Serialize)]
struct OfEngine {
    name: &'static str,
    devices: Vec<String>,
    software: bool,
    way: Vec<&'static str>,
    time: OfTime,
    memory_bytes: Option<u64>,
    device_bytes: Option<u64>,
}

#[derive(Default, Serialize)]
struct OfTime {
    /// `measured`, `expected`, `untold`, `not_begun` or `refused`.
    known: &'static str,
    seconds: Option<f64>,
    low: Option<f64>,
    high: Option<f64>,
    /// How long it was tried where it is not known.
    tried: Option<f64>,
    gap: Option<f64>,
    why: Option<String>,
}

/// The whole text.
///
/// # Errors
/// Never, as all of it is text and numbers.
pub fn json(table: &ResponseMatrix, plans: &[Plan]) -> serde_json::Result<String> {
    let document = Document {
        schema: SCHEMA,
        version: env!("CARGO_PKG_VERSION"),
        data: Data {
            users: table.users().len(),
            questions: table.questions().len(),
            responses: table.responses(),
            missing: table.missing(),
        },
        plans: plans.iter().map(of_k).collect(),
    };
    let mut text = serde_json::to_string_pretty(&document)?;
    text.push('\n');
    Ok(text)
}

fn of_k(plan: &Plan) -> OfK {
    OfK {
        k: plan.k,
        sets: plan.sets.to_string(),
        users: OfUsers {
            mean: plan.users.mean,
            min_users: plan.users.min_users,
            enough: plan.users.enough,
        },
        engines: plan.engines.iter().map(of_engine).collect(),
    }
}

fn of_engine(on: &OnEngine) -> OfEngine {
    OfEngine {
        name: on.engine,
        devices: on.devices.clone(),
        software: on.software,
        way: on.way.clone(),
        time: of_time(&on.time),
        memory_bytes: on.memory,
        device_bytes: on.device_memory,
    }
}

fn of_time(time: &Time) -> OfTime {
    let of = |known| OfTime {
        known,
        ..OfTime::default()
    };
    match time {
        Time::Measured(seconds) => OfTime {
            seconds: Some(*seconds),
            low: Some(*seconds),
            high: Some(*seconds),
            ..of("measured")
        },
        Time::Expected(estimate) => OfTime {
            seconds: Some(estimate.seconds),
            low: Some(estimate.low),
            high: Some(estimate.high),
            ..of("expected")
        },
        Time::Untold { after, gap } => OfTime {
            tried: Some(*after),
            gap: *gap,
            ..of("untold")
        },
        Time::NotBegun(after) => OfTime {
            tried: Some(*after),
            ..of("not_begun")
        },
        Time::Refused(why) => OfTime {
            why: Some(why.clone()),
            ..of("refused")
        },
    }
}

#[cfg(test)]
mod tests {
    use super::super::rate::Estimate;
    use super::*;

    #[test]
    fn every_kind_of_time_has_its_members() {
        let members = |time: Time| {
            let value = serde_json::to_value(of_time(&time)).unwrap();
            let object = value.as_object().unwrap();
            let given = object.iter().filter(|(_, value)| !value.is_null());
            given
                .map(|(name, _)| name.clone())
                .collect::<Vec<_>>()
                .join(" ")
        };
        let estimate = Estimate {
            seconds: 2.0,
            low: 1.0,
            high: 3.0,
        };
        let untold = Time::Untold {
            after: 1.0,
            gap: Some(0.1),
        };
        for (time, want) in [
            (Time::Measured(1.0), "high known low seconds"),
            (Time::Expected(estimate), "high known low seconds"),
            (untold, "gap known tried"),
            (Time::NotBegun(1.0), "known tried"),
            (Time::Refused("so".to_owned()), "known why"),
        ] {
            assert_eq!(members(time), want);
        }
    }
}
