use kcorrset::engine::{
    Engine, Query, Watch,
    cpu::{CpuEngine, Isa},
};
use kcorrset::synth::*;
fn main() {
    let a: Vec<String> = std::env::args().collect();
    let k: usize = a[1].parse().unwrap();
    let limit: u128 = a[2].parse().unwrap();
    let isa = Isa::from_name(&a[3]).unwrap();
    let share: f64 = a.get(4).map_or(0.2, |s| s.parse().unwrap());
    let hi: i64 = a.get(5).map_or(1, |s| s.parse().unwrap());
    let model = if a.get(6).is_some() {
        Model::ItemResponse
    } else {
        Model::Random
    };
    let min_users: u64 = a.get(7).map_or(10, |s| s.parse().unwrap());
    let m = matrix(&Spec {
        users: 60000,
        questions: 200,
        answered: share,
        scores: 0..=hi,
        model,
        booklets: 0,
        seed: 1,
    })
    .unwrap();
    let q = Query::new(&m, k, 10, min_users)
        .unwrap()
        .with_ranks(0, if limit == 0 { None } else { Some(limit) })
        .unwrap();
    let e = CpuEngine::new(2).unwrap().with_isa(isa).unwrap();
    let t = std::time::Instant::now();
    let w = Watch::new();
    let f = e.search(&m, &q, &w).unwrap();
    let dt = t.elapsed().as_secs_f64();
    let sets = (q.ranks().end - q.ranks().start) as f64;
    println!(
        "{} sets {:.3}s {:.3} ns/set  best r {} n {} floor {}",
        sets,
        dt,
        dt * 1e9 / sets,
        f.best[0].correlation().r(),
        f.best[0].sums().n,
        w.floor()
    );
    let o = kcorrset::search::expected(&m, &q, &f.basis);
    assert_eq!(o, f.seen);
}
