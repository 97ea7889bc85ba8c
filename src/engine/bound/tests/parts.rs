//! The parts on their own: what each promises in its room's words.

use super::super::audit::Words;
use super::super::errors::Errors;
use super::super::frame::{Frame, Node};
use super::super::level::Level;
use super::super::multipliers::Multipliers;
use super::super::problem::{Kind, Problem};
use super::super::quotas::{Picker, Quotas};
use super::super::relax::{Ask, Scratch, Steps, bound, pair_steps};
use super::super::scaled::Scaled;
use super::super::search::{End, Tuning};
use super::tables::{Random, table};
use super::{moments, search_tuned, successor};
use crate::combin::{WrappingBinomials, binomial};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64};

fn uniform(random: &mut Random) -> f64 {
    (random.next() >> 11) as f64 / (1_u64 << 53) as f64
}

fn scaled(random: &mut Random, questions: usize, k: usize) -> Option<(Problem, Scaled)> {
    let rows = table(random, questions);
    let problem = Problem::new(moments(&rows), k, Kind::Total).unwrap();
    let scaled = Scaled::new(&problem)?;
    Some((problem, scaled))
}

/// x'Mx over a set.
fn over(set: &[usize], at: impl Fn(usize, usize) -> f64) -> f64 {
    set.iter()
        .map(|&i| set.iter().map(|&j| at(i, j)).sum::<f64>())
        .sum()
}

#[test]
fn an_accepted_matrix_is_below_v_on_sets_and_never_negative() {
    let mut random = Random(7);
    let mut tight = 0;
    for round in 0..300 {
        let questions = random.within(3, 14) as usize;
        let k = random.within(1, questions as i64 - 1) as usize;
        let Some((_, scaled)) = scaled(&mut random, questions, k) else {
            continue;
        };
        let mut multipliers = Multipliers::new(&scaled, k);
        if round % 3 == 1 {
            multipliers.widen();
        }
        if round % 3 > 0 {
            let x: Vec<f64> = (0..questions).map(|_| uniform(&mut random)).collect();
            multipliers.improve(&x, 3, 30, &AtomicBool::new(false));
        }
        let accepted = multipliers.accept();
        let ld = accepted.b.len() / questions;
        let b = |i: usize, j: usize| accepted.b[i * ld + j];
        let mut set: Vec<usize> = (0..k).collect();
        loop {
            let below = over(&set, b);
            let above = over(&set, |i, j| scaled.row(i)[j]);
            assert!(
                below <= above + accepted.excess + 1e-13 * (1.0 + above),
                "{below} {above}"
            );
            tight += usize::from(below > above - 1e-6);
            if !successor(questions, &mut set) {
                break;
            }
        }
        for _ in 0..50 {
            let x: Vec<f64> = (0..questions).map(|_| uniform(&mut random) - 0.5).collect();
            let square: f64 = (0..questions)
                .map(|i| x[i] * (0..questions).map(|j| b(i, j) * x[j]).sum::<f64>())
                .sum();
            assert!(square >= -1e-12, "{square}");
        }
    }
    assert!(tight > 1000, "{tight}");
}

#[test]
fn v_and_q_stay_within_z_of_the_truth() {
    let mut random = Random(11);
    let (questions, k) = (40, 12);
    let (problem, scaled) = scaled(&mut random, questions, k).unwrap();
    let words = Words::new(&problem);
    let binomials = WrappingBinomials::new(questions, k);
    let mut multipliers = Multipliers::new(&scaled, k);
    multipliers.improve(
        &vec![k as f64 / questions as f64; questions],
        3,
        30,
        &AtomicBool::new(false),
    );
    let accepted = multipliers.accept();
    let errors = Errors::new(&scaled, &accepted, k);
    let level = Level::new(&scaled, Kind::Total, 0.5).unwrap();
    let ask = Ask {
        level: &level,
        errors: &errors,
        quotas: None,
    };
    let whole = Frame::whole(&problem, &scaled, &words, &accepted);
    let even = vec![k as f64 / questions as f64; questions];
    for _ in 0..30 {
        let mut frame = whole.clone();
        let mut node = Node::whole(&frame, &words, &problem, &even);
        let mut scratch = Scratch::new(frame.ld);
        while node.k() > 1 && node.open() > node.k() + 1 {
            let steps = Steps { most: 30, gap: 0.0 };
            pair_steps(&frame, &mut node, &ask, steps, &mut scratch);
            bound(&frame, &mut node, &ask, &mut scratch);
            let open: Vec<usize> = (0..frame.ids.len()).filter(|&i| node.is_open(i)).collect();
            let i = open[random.within(0, open.len() as i64 - 1) as usize];
            let s = scratch.s[..frame.ld].to_vec();
            if random.within(0, 2) == 0 {
                node.fix_in(&frame, &words, &binomials, &s, i);
            } else {
                node.drop_out(&frame, &words, &binomials, &s, i);
            }
            if random.within(0, 9) == 0 {
                (frame, node) = frame.narrowed(&node);
            }
            let z = errors.z(node.changes);
            assert!(z < 1e-9);
            let mut fresh = node.clone();
            fresh.refresh(&frame);
            for (kept, made) in node.v.iter().zip(&fresh.v) {
                assert!((kept - made).abs() <= 2.0 * z, "{kept} {made}");
            }
            let mut x = vec![0.0; questions];
            node.chosen.iter().for_each(|&i| x[i] = 1.0);
            frame
                .ids
                .iter()
                .zip(&node.x)
                .for_each(|(&i, &weight)| x[i] += weight);
            let b = |i: usize, j: usize| whole.row(i)[j];
            let truth = over(&(0..questions).collect::<Vec<_>>(), |i, j| {
                x[i] * b(i, j) * x[j]
            });
            let sums: f64 = (0..frame.ids.len())
                .map(|i| node.x[i] * (node.v[i] + node.p[i]))
                .sum();
            assert!((node.q_in + sums - truth).abs() <= 2.0 * z);
        }
    }
}

#[test]
fn the_rest_level_is_the_rest_score_and_its_lines_lie_under_psi() {
    let mut random = Random(3);
    let (_, scaled) = scaled(&mut random, 12, 4).unwrap();
    let mut met = [0; 2];
    for _ in 0..20_000 {
        let rho = 0.001 + 0.998 * uniform(&mut random);
        let level = Level::new(&scaled, Kind::Rest, rho).unwrap();
        let g = scaled.g;
        let q = g * uniform(&mut random);
        // Cauchy–Schwarz: c² ≤ q·G.
        let c = (2.0 * uniform(&mut random) - 1.0) * (q * g).sqrt();
        let r = (c - q) / (q * (g - 2.0 * c + q)).sqrt();
        let margin = level.f * c - level.psi(q.sqrt());
        if (r - rho).abs() > 1e-9 {
            assert_eq!(r >= rho, margin >= 0.0, "r {r} floor {rho} margin {margin}");
            met[usize::from(r >= rho)] += 1;
        }
        let line = level.line((g * uniform(&mut random)).sqrt());
        let s = q.sqrt();
        assert!(line.slope * s - level.psi(s) <= line.lift, "{rho} {s}");
    }
    assert!(met.iter().all(|&n| n > 300), "{met:?}");
}

#[test]
fn the_best_under_quotas_and_its_exchanges_are_those_of_brute_force() {
    let mut random = Random(5);
    let (mut some, mut none) = (0, 0);
    for _ in 0..3000 {
        let n = random.within(2, 8) as usize;
        let k = random.within(1, n as i64 - 1) as usize;
        let groups = random.within(1, 3) as usize;
        let group = |_| (random.within(0, groups as i64) as usize).checked_sub(1);
        let group: Vec<Option<usize>> = (0..n).map(group).collect();
        let limits = |_| {
            let least = random.within(0, 2) as usize;
            (least, least + random.within(0, 2) as usize)
        };
        let limits = (0..groups).map(limits).collect();
        let quotas = Quotas { group, limits };
        let s: Vec<f64> = (0..n).map(|_| random.within(-4, 4) as f64).collect();
        let counts = vec![0; quotas.groups()];
        let open = (0..n).map(|i| (s[i], quotas.group_of(i)));
        let mut exchanges = Vec::new();
        let best = quotas.best(&counts, k, open, &mut Picker::default(), &mut exchanges);
        let (mut truth, mut with, mut without) = (None, vec![None; n], vec![None; n]);
        let mut set: Vec<usize> = (0..k).collect();
        loop {
            if quotas.allow(&quotas.counts(&set)) {
                let sum: f64 = set.iter().map(|&i| s[i]).sum();
                let raise = |best: &mut Option<f64>| *best = Some(best.map_or(sum, |b| sum.max(b)));
                raise(&mut truth);
                for i in 0..n {
                    raise(if set.contains(&i) {
                        &mut with[i]
                    } else {
                        &mut without[i]
                    });
                }
            }
            if !successor(n, &mut set) {
                break;
            }
        }
        assert_eq!(best, truth, "{quotas:?} {s:?} {k}");
        assert_eq!(quotas.weights(&[], k).is_some(), truth.is_some());
        let Some(best) = best else {
            none += 1;
            continue;
        };
        some += 1;
        for i in 0..n {
            let exchange = exchanges[quotas.group_of(i)];
            if s[i] < exchange.worst {
                let found = best - exchange.gives + s[i];
                assert_eq!(
                    found,
                    with[i].unwrap_or(f64::NEG_INFINITY),
                    "{i} {quotas:?} {s:?} {k}"
                );
            } else if s[i] > exchange.worst {
                let found = best - s[i] + exchange.takes;
                assert_eq!(
                    found,
                    without[i].unwrap_or(f64::NEG_INFINITY),
                    "{i} {quotas:?} {s:?}"
                );
            }
        }
    }
    assert!(some > 500 && none > 500, "{some} {none}");
}

#[test]
fn many_constant_questions_cost_few_nodes() {
    let mut random = Random(9);
    let questions = 60;
    let rows: Vec<(Vec<i64>, i64)> = (0..40)
        .map(|_| {
            let row: Vec<i64> = (0..questions)
                .map(|i| if i % 5 == 0 { random.within(1, 5) } else { 3 })
                .collect();
            let total = row.iter().sum();
            (row, total)
        })
        .collect();
    let problem = Problem::new(moments(&rows), 8, Kind::Total).unwrap();
    let list = super::List {
        problem: &problem,
        top: 10,
        best: Mutex::default(),
        floor: AtomicU64::new(f64::NEG_INFINITY.to_bits()),
    };
    let searched = |record| {
        let tuning = Tuning {
            record,
            ..Tuning::default()
        };
        search_tuned(&problem, &list, &AtomicBool::new(false), &tuning)
    };
    let short = searched(Some(3));
    assert_eq!(short.map(|found| found.nodes), Err(End::TooLong));
    let found = searched(None).unwrap();
    assert_eq!(found.recorded, None);
    let seen = found.visited.sets + found.excluded.sets;
    assert_eq!(seen, binomial(60, 8).unwrap());
    assert!(found.nodes < 5000, "{}", found.nodes);
}
