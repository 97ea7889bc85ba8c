//! Lists and audits agree with brute force.

use super::{Outcome, outcome, outcome_of_rising_floor, outcome_of_tree, tables};

fn all_right(seeds: std::ops::Range<u64>) {
    let mut counts = [0_u64; 3];
    for seed in seeds {
        let case = tables::case(seed);
        match outcome(&case) {
            Outcome::Right => counts[0] += 1,
            Outcome::Unfit => counts[1] += 1,
            Outcome::PoorPool => counts[2] += 1,
            wrong => panic!("case {seed}: {wrong:?}\n{case:?}"),
        }
    }
    // Unfit: low or no correlations. A pool too poor to start from must stay rare.
    let [right, unfit, poor] = counts;
    assert!(right > unfit / 2 && poor * 200 <= right, "{counts:?}");
}

#[test]
fn small_tables_of_all_kinds() {
    all_right(0..1500);
}

#[test]
fn the_tree_alone_offers_all_that_reaches_the_floor() {
    let mut right = 0;
    for seed in 0..2000 {
        let case = tables::case(seed);
        match outcome_of_tree(&case) {
            Outcome::Right => right += 1,
            Outcome::Unfit => {}
            wrong => panic!("case {seed}: {wrong:?}\n{case:?}"),
        }
    }
    assert!(right > 1000);
}

#[test]
fn a_floor_may_rise() {
    let mut right = 0;
    for seed in 0..1000 {
        let case = tables::case(seed);
        match outcome_of_rising_floor(&case) {
            Outcome::Right => right += 1,
            Outcome::Unfit => {}
            wrong => panic!("case {seed}: {wrong:?}\n{case:?}"),
        }
    }
    assert!(right > 250, "{right}");
}

#[test]
fn wider_tables() {
    let mut right = 0;
    for seed in 0..30 {
        let case = tables::wide(seed);
        let of_tree = [outcome_of_tree(&case), outcome_of_rising_floor(&case)];
        for outcome in [outcome(&case)].into_iter().chain(of_tree) {
            match outcome {
                Outcome::Right => right += 1,
                Outcome::Unfit => {}
                wrong => panic!("case {seed}: {wrong:?}\n{case:?}"),
            }
        }
    }
    assert!(right > 30, "{right}");
}

#[test]
fn the_list_is_one_for_any_number_of_threads() {
    for threads in 1..=4 {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        pool.install(|| {
            for seed in 0..5 {
                let wrong = outcome(&tables::wide(seed));
                assert!(
                    matches!(wrong, Outcome::Right | Outcome::Unfit),
                    "{wrong:?}"
                );
            }
        });
    }
}
