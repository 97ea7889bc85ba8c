//! Planted faults: each must show in the lists or the audits of small tables.

use super::{Fault, Outcome, outcome_of_tree, tables};

/// How many of the cases show the fault, and whether in the audit too.
fn caught(fault: Fault, seeds: std::ops::Range<u64>) -> (u64, u64) {
    let (mut lists, mut audits) = (0, 0);
    for seed in seeds {
        let mut case = tables::case(seed);
        case.tuning.fault = fault;
        match outcome_of_tree(&case) {
            Outcome::WrongList => lists += 1,
            Outcome::WrongAudit => audits += 1,
            _ => {}
        }
    }
    (lists, audits)
}

#[test]
fn a_bound_a_millionth_too_low_is_caught() {
    assert!(caught(Fault::LowBound, 0..3000).0 >= 5);
}

#[test]
fn a_margin_of_zero_is_caught() {
    assert!(caught(Fault::NoMargin, 0..6000).0 >= 1);
}

#[test]
fn a_question_dropped_too_early_is_caught() {
    assert!(caught(Fault::EagerDrop, 0..3000).0 >= 5);
}

#[test]
fn a_lost_subtree_is_caught() {
    let (lists, audits) = caught(Fault::LostSubtree, 0..3000);
    assert!(lists + audits >= 50 && audits >= 5);
}
