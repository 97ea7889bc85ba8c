//! Wrong discards, planted in each GPU variant that discards: known answers catch them before the first chunk, and
//! where a device has passed those before, the running check does. The audit sees none of them.

use crate::asked::{Asked, ask};
use crate::gpu::{ANY, engine, random};
use kcorrset::engine::gpu::limits::Limits;
use kcorrset::engine::gpu::{Choice, Discard, Fault, GpuEngine, Wrong};
use kcorrset::engine::{EngineError, Watch};
use kcorrset::matrix::ResponseMatrix;
use kcorrset::search::{Checked, SearchError, run_checked};
use kcorrset::synth::{Model, Spec, matrix};

/// A variant of a pipeline, and where it discards.
struct Variant {
    name: &'static str,
    choice: Choice,
    limits: Limits,
    places: &'static [Discard],
    /// Steps of its scores.
    steps: i64,
}

/// As where a load is for all lanes at once: two-valued scores are swept.
const SWEPT: Limits = Limits {
    lane_loads: 0,
    ..ANY
};

const OF_A_SWEEP: &[Discard] = &[
    Discard::Sweep,
    Discard::FarPair,
    Discard::Floats,
    Discard::Judge,
];

const VARIANTS: [Variant; 6] = [
    Variant {
        name: "projected, swept",
        choice: Choice::Projected,
        limits: SWEPT,
        places: OF_A_SWEEP,
        steps: 1,
    },
    Variant {
        name: "projected, swept by several steps",
        choice: Choice::Projected,
        limits: SWEPT,
        places: OF_A_SWEEP,
        steps: 3,
    },
    Variant {
        name: "projected, abreast",
        choice: Choice::Projected,
        limits: ANY,
        places: &[Discard::Judge],
        steps: 1,
    },
    Variant {
        name: "flat",
        choice: Choice::Flat,
        limits: ANY,
        places: &[Discard::Judge],
        steps: 1,
    },
    Variant {
        name: "levels",
        choice: Choice::Levels,
        limits: ANY,
        places: &[Discard::Judge, Discard::Prune],
        steps: 1,
    },
    Variant {
        name: "complete",
        choice: Choice::Complete,
        limits: ANY,
        places: &[Discard::Covariances],
        steps: 3,
    },
];

impl Variant {
    /// A table that it takes, on which it discards. Sets have a dozen users, so that floors are high: a pair of
    /// users says nothing where half of their scores is noise.
    fn matrix(&self) -> ResponseMatrix {
        if self.choice == Choice::Complete {
            return random(70, 16, 256, 0, self.steps.unsigned_abs());
        }
        matrix(&Spec {
            users: 300,
            questions: 24,
            answered: 0.45,
            scores: 0..=self.steps,
            model: Model::RASCH,
            booklets: 0,
            seed: 11,
        })
        .unwrap()
    }

    fn asked<'t>(&self, matrix: &'t ResponseMatrix) -> Asked<'t> {
        ask(matrix, 4, 3, 8)
    }

    fn engine(&self) -> GpuEngine {
        let engine = engine().with_choice(self.choice);
        engine.with_limits(&self.limits)
    }

    /// On a device that was asked nothing yet.
    fn untested(&self) -> GpuEngine {
        let engine = self.engine();
        let features = engine.adapters()[0].features;
        engine.with_features(&features).with_limits(&self.limits)
    }
}

#[test]
fn known_answers_catch_every_wrong_discard() {
    for variant in VARIANTS {
        let matrix = variant.matrix();
        let asked = variant.asked(&matrix);
        assert!(asked.run(&variant.untested(), &Watch::new()).is_ok());
        for &place in variant.places {
            for &wrong in place.wrongs() {
                let fault = Fault::Discards(place, wrong);
                let outcome = asked.run(&variant.untested().with_fault(fault), &Watch::new());
                assert!(
                    matches!(
                        outcome,
                        Err(SearchError::Engine(EngineError::SelfTest { .. }))
                    ),
                    "{}, {fault:?}: {outcome:?}",
                    variant.name
                );
            }
        }
    }
}

/// A device that begins to discard wrongly after it has passed its known answers.
#[test]
fn the_running_check_catches_what_loses_sets() {
    for variant in VARIANTS {
        let matrix = variant.matrix();
        let asked = variant.asked(&matrix);
        let checked = |engine: &GpuEngine, seed: u64| {
            run_checked(engine, &asked.query, &asked.part, &Watch::new(), seed)
        };
        let engine = variant.engine();
        let want = checked(&engine, 1).unwrap();
        let Checked { draws, kept, .. } = want.checked;
        assert!(draws > 0 && kept > 0, "{}", variant.name);
        for &place in variant.places {
            let lost = engine.with_fault(Fault::Discards(place, Wrong::All));
            let caught = |seed| matches!(checked(&lost, seed), Err(SearchError::Check(_)));
            // Only whole stems are swept, so ranges may have their best set where nothing is.
            let swept = OF_A_SWEEP[..3].contains(&place);
            let seeds = if swept { 0..12 } else { 0..3 };
            let times = seeds.clone().filter(|&seed| caught(seed)).count();
            let enough = if swept { 6 } else { seeds.count() };
            assert!(
                times >= enough,
                "{}, {place:?}: {times} times",
                variant.name
            );
            // What is discarded too seldom costs time alone.
            let slow = engine.with_fault(Fault::Discards(place, Wrong::None));
            assert_eq!(checked(&slow, 1).unwrap().best, want.best);
        }
    }
}

#[test]
fn every_device_is_checked() {
    let two = GpuEngine::open_each(&[0, 0]).unwrap();
    let two = two.with_choice(Choice::Flat);
    let matrix = random(70, 12, 200, 0, 1);
    let asked = ask(&matrix, 4, 3, 2);
    let checked = |engine: &GpuEngine| {
        run_checked(engine, &asked.query, &asked.part, &Watch::new(), 7).map(|found| found.checked)
    };
    assert!(checked(&two).unwrap().draws >= 2);
    // The first one has been asked its known answers; the other one is right.
    let wrong = two.with_fault(Fault::Discards(Discard::Judge, Wrong::All));
    assert!(matches!(checked(&wrong), Err(SearchError::Check(_))));
}
