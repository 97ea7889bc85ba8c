//! What a set costs with the published algorithm: the yardstick that ratios are taken against.
//!
//! `cargo bench --bench published [-- LEVEL]`: the benchmark table (60,000 users × 200 questions,
//! 20 % answered), K = 5, a sample of ranks spread over all sets. Prints ns a set, the median of
//! several repeats. Without `--bench` (as `cargo test` runs it) a small table, once; either way the
//! answer is checked against the exact CPU engine, or the benchmark fails.

use kcorrset::engine::cpu::{CpuEngine, Isa};
use kcorrset::engine::published::PublishedEngine;
use kcorrset::engine::{Engine, Query, Watch};
use kcorrset::matrix::ResponseMatrix;
use kcorrset::search;
use kcorrset::synth::{Model, Spec, matrix};
use std::time::Duration;

const K: usize = 5;
const MIN_USERS: u64 = 10;

/// Ranges that the sample is made of.
const RANGES: u128 = 10;

fn main() {
    let measured = std::env::args().any(|arg| arg == "--bench");
    let named = std::env::args().find_map(|arg| Isa::from_name(&arg));
    let isa = named.unwrap_or_else(Isa::detect);
    let (users, questions, sets, repeats) = if measured {
        (60_000, 200, 20_000, 5)
    } else {
        (2_000, 30, 500, 1)
    };
    let table = matrix(&Spec {
        users,
        questions,
        answered: 0.2,
        scores: 0..=1,
        model: Model::Random,
        booklets: 0,
        seed: 1,
    })
    .expect("the table's size is fixed");
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let published = PublishedEngine::new(threads, isa).expect("the level was detected");
    let exact = CpuEngine::new(threads).expect("threads for the check");

    let mut times: Vec<Duration> = (0..repeats)
        .map(|_| over_sample(&published, &table, sets).0)
        .collect();
    times.sort_unstable();
    let (_, r) = over_sample(&published, &table, sets);
    let (_, want) = over_sample(&exact, &table, sets);
    assert!((r - want).abs() < 1e-9, "r = {r}, and {want} is right");

    let per_set = times[times.len() / 2].as_nanos() / sets;
    println!(
        "published, {}, {threads} threads, {users} x {questions}, k {K}, {sets} sets: \
         {per_set} ns a set (best r {r:.6})",
        isa.name()
    );
}

/// Time of the searches of the sample's ranges, together, and the best r of all.
fn over_sample(engine: &dyn Engine, table: &ResponseMatrix, sets: u128) -> (Duration, f64) {
    let mut time = Duration::ZERO;
    let mut best = f64::NEG_INFINITY;
    for range in 0..RANGES {
        let query = Query::new(table, K, 1, MIN_USERS).expect("the table has K questions");
        let skip = query.total() / RANGES * range;
        let query = query
            .with_ranks(skip, Some(sets / RANGES))
            .expect("ranges start inside the sets");
        let outcome = search::run(engine, table, &query, &Watch::new()).expect("a right engine");
        time += outcome.elapsed;
        if let Some(first) = outcome.best.first() {
            best = best.max(first.correlation().r());
        }
    }
    (time, best)
}
