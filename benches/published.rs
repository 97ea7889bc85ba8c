//! What a set costs with the published algorithm: the yardstick that ratios are taken against.
//!
//! `cargo bench --bench published [-- LEVEL]`: the benchmark table (60,000 users × 200 questions,
//! 20 % answered), K = 5, a sample of ranks spread over all sets. Prints ns a set, the median of
//! several repeats; the dense columns are made before. Without `--bench`, as `cargo test` runs it, a
//! small table, once. Either way the answer is checked against the exact CPU engine.

use kcorrset::engine::cpu::{CpuEngine, Isa};
use kcorrset::engine::published::PublishedEngine;
use kcorrset::engine::{Engine, Prepared, Query, Watch};
use kcorrset::synth::{Model, Spec, matrix};
use std::time::Instant;

const K: usize = 5;
const MIN_USERS: u64 = 10;

/// Ranges that the sample is made of.
const RANGES: u128 = 10;

fn main() {
    let measured = std::env::args().any(|arg| arg == "--bench");
    let named = std::env::args().find_map(|arg| Isa::from_name(&arg));
    let isa = named.unwrap_or_else(Isa::detect);
    let (users, questions, sets, repeats) = if measured {
        (60_000, 200, 200_000, 5)
    } else {
        (2_000, 30, 5_000, 1)
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

    let query = Query::of(&table).k(K).min_users(MIN_USERS).build();
    let query = query.expect("the table has K questions");
    let published = published.open(&query).expect("sums of 0 and 1 fit");
    let exact = exact.open(&query).expect("it takes any table");
    let want = best_r(&*exact, &query, sets);
    let mut times = Vec::new();
    for _ in 0..repeats {
        let start = Instant::now();
        let r = best_r(&*published, &query, sets);
        times.push(start.elapsed());
        assert!((r - want).abs() < 1e-9, "r = {r}, and {want} is right");
    }
    times.sort_unstable();
    let per_set = times[times.len() / 2].as_nanos() / sets;
    println!(
        "published, {}, {threads} threads, {users} x {questions}, k {K}, {sets} sets: \
         {per_set} ns a set",
        isa.name()
    );
}

/// The best r over the sample's ranges.
fn best_r(prepared: &dyn Prepared, query: &Query<'_>, sets: u128) -> f64 {
    let of_range = |range: u128| {
        let skip = query.space().count().unwrap() / RANGES * range;
        let part = query.space().part(skip, Some(sets / RANGES));
        let part = part.expect("ranges start inside the sets");
        let found = prepared.search(&part, &Watch::new());
        let best = found.expect("nothing stops it").best;
        best.first().map_or(-1.0, |first| first.correlation().r())
    };
    (0..RANGES).map(of_range).fold(-1.0, f64::max)
}
