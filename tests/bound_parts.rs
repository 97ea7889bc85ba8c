//! The bound engine on parts of the sets, one after another with the floor handed on, against the definition; what is
//! still refused; and parts that lose sets or have them twice.

use crate::asked::{Aim, Asked, faulty};
use crate::bound::Case;
use crate::tables::{Draw, integers};
use kcorrset::engine::bound::BoundEngine;
use kcorrset::engine::cpu::CpuEngine;
use kcorrset::engine::oracle::ReferenceEngine;
use kcorrset::engine::{Engine, EngineError, Findings, Part, Prepared, Query, Watch};
use kcorrset::search::{self, SearchError};
use kcorrset::stats::Criterion;
use kcorrset::top::{Candidate, Top};

/// Disjoint parts that are all sets together, in an order that is drawn: one of them of one set, at times all.
fn parts(draw: &mut Draw, query: &Query<'_>) -> Vec<Part> {
    let space = query.space();
    let count = space.count().unwrap();
    let mut cuts = vec![0, count];
    for _ in 0..draw.below(7) {
        cuts.push(u128::from(draw.below(count as u64 + 1)));
    }
    let one = u128::from(draw.below(count as u64));
    cuts.extend([one, one + 1]);
    cuts.sort_unstable();
    let cuts = cuts.windows(2).filter(|cut| cut[0] < cut[1]);
    let parts = cuts.map(|cut| space.part(cut[0], Some(cut[1] - cut[0])).unwrap());
    let mut parts: Vec<_> = parts.collect();
    for i in (1..parts.len()).rev() {
        parts.swap(i, draw.below(i as u64 + 1) as usize);
    }
    parts
}

/// A list in full.
fn whole(best: &[Candidate]) -> Vec<String> {
    best.iter().map(|set| format!("{set:?}")).collect()
}

/// How often what happened.
#[derive(Debug, Default)]
struct Tally {
    parts: u32,
    excluded: u32,
    /// With a floor above 0 that no set of the part reaches.
    below: u32,
}

/// Searches all sets of a case in parts, and holds each list, all of them merged, and the audits against `other`.
fn search_in_parts(
    engine: &dyn Engine,
    other: &dyn Engine,
    asked: &Asked<'_>,
    draw: &mut Draw,
) -> Result<Tally, String> {
    let query = asked.query.fitted(engine.sum_bits());
    let ready = engine.open(&query).map_err(|error| error.to_string())?;
    let run = |part: &Part, floor: f64| {
        let watch = Watch::new();
        watch.raise_floor(floor);
        let found = search::run_prepared(&*ready, &query, part, &watch);
        let found = found.map_err(|error| format!("{part:?} {floor}: {error}"))?;
        match Some(watch.done()) == part.sets() {
            true => Ok(found),
            false => Err(format!("{part:?}: {} sets are done", watch.done())),
        }
    };
    let mut tally = Tally::default();
    let mut merged = Top::new(query.top());
    let parts = parts(draw, &query);
    for part in &parts {
        let handed_on = draw.percent(70);
        let floor = if handed_on {
            merged.floor()
        } else {
            Top::new(1).floor()
        };
        let found = run(part, floor)?;
        let asked = Asked {
            part: part.clone(),
            ..asked.clone()
        };
        let want = asked.run(other, &Watch::new()).unwrap().best;
        let reach = |set: &&Candidate| set.value().rounded() >= floor;
        let [got, want] = [&found.best, &want].map(|best| {
            let best: Vec<_> = best.iter().take_while(reach).cloned().collect();
            whole(&best)
        });
        if got != want {
            return Err(format!("{part:?} {floor}: {got:#?} in place of {want:#?}"));
        }
        tally.parts += 1;
        tally.excluded += u32::from(found.excluded > 0.into());
        tally.below += u32::from(want.is_empty() && floor > 0.0);
        for set in found.best {
            merged.push(set);
        }
    }
    let want = asked.run(other, &Watch::new()).unwrap().best;
    let merged = merged.into_sorted();
    if whole(&merged) != whole(&want) {
        return Err(format!("merged: {merged:#?} in place of {want:#?}"));
    }
    // Nothing reaches it.
    if let Some(best) = want.first() {
        let floor = best.value().rounded().next_up().next_up();
        for part in &parts {
            let found = run(part, floor)?;
            tally.excluded += u32::from(found.excluded > 0.into());
        }
    }
    Ok(tally)
}

#[test]
fn parts_have_the_lists_of_the_definition_and_are_never_refused_where_sets_are_few() {
    let engines = [1, 2].map(|threads| BoundEngine::new(threads).unwrap());
    let (reference, cpu) = (ReferenceEngine, CpuEngine::new(1).unwrap());
    let mut all = Tally::default();
    for seed in 0..700 {
        let case = Case::new(seed);
        let Some(asked) = case.ask() else { continue };
        // The definition takes long for the sets of many questions; the CPU engine is held against it elsewhere.
        let many = case.matrix.questions().len() > 12;
        let other: &dyn Engine = if many { &cpu } else { &reference };
        let engine = &engines[seed as usize % 2];
        match search_in_parts(engine, other, &asked, &mut Draw::new(seed)) {
            Ok(tally) => {
                all.parts += tally.parts;
                all.excluded += tally.excluded;
                all.below += tally.below;
            }
            Err(what) => panic!("case {seed}: {what}\n{:?}", case.aim),
        }
    }
    assert!(
        all.parts > 1500 && all.excluded > 200 && all.below > 150,
        "{all:?}"
    );
}

/// Twenty-eight questions of which the criterion is the opposite, so that no set of seven has an r above 0.
fn opposite() -> (kcorrset::matrix::ResponseMatrix, Aim) {
    let matrix = integers(50, 28, |u, q| Some(((u * 7 + q * 5) % 11 + u / 3) as i64));
    let numbers = matrix.totals().iter().map(|&total| -i128::from(total));
    let aim = Aim {
        numbers: numbers.collect(),
        ..Aim::of(Criterion::Column)
    };
    (matrix, aim)
}

#[test]
fn what_is_refused_of_parts() {
    let bound = BoundEngine::new(2).unwrap();
    let (matrix, aim) = opposite();
    let many = || aim.ask(&matrix, 7, 3, 2).ranks(5, Some(1_100_000));
    let error = many().run(&bound, &Watch::new()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the bound engine cannot run this: a proof by bounds needs 3 sets with an r above 0, or a floor above 0 from \
         another part, and a part of 1100000 sets with fewer of them is what there is; ask for fewer sets, search a \
         part with better ones first, or take another engine"
    );
    // A floor is such a proof's beginning, and few sets are gone through without one.
    let watch = Watch::new();
    watch.raise_floor(0.25);
    let found = many().run(&bound, &watch).unwrap();
    assert!(found.best.is_empty() && found.visited < 100_000);
    let few = aim.ask(&matrix, 7, 3, 2).ranks(5, Some(20_000));
    let found = few.run(&bound, &Watch::new()).unwrap();
    let cpu = CpuEngine::new(1).unwrap();
    let want = few.run(&cpu, &Watch::new()).unwrap().best;
    assert_eq!(whole(&found.best), whole(&want));
    assert_eq!((found.best.len(), found.visited), (3, 20_000));

    let recording = BoundEngine::new(1).unwrap().recording();
    let part = crate::asked::ask(&matrix, 3, 1, 2).ranks(2, Some(5));
    let error = part.run(&recording, &Watch::new()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the bound engine cannot run this: a proof by bounds needs all 3276 sets, where it is recorded, and a part of \
         5 of them is what there is; search all sets, or search without a certificate"
    );
    let nothing = crate::asked::ask(&matrix, 3, 1, 2).ranks(2, Some(0));
    let found = nothing.run(&bound, &Watch::new()).unwrap();
    assert!(found.best.is_empty() && found.visited == 0);
}

#[test]
fn a_part_that_is_stopped_says_so() {
    let bound = BoundEngine::new(2).unwrap();
    let (matrix, aim) = opposite();
    for (sets, floor) in [(3000, -1.0), (100_000, -1.0), (100_000, 0.5)] {
        let watch = Watch::new();
        watch.raise_floor(floor);
        watch.stop();
        let asked = aim.ask(&matrix, 7, 3, 2).ranks(5, Some(sets));
        let error = asked.run(&bound, &watch).unwrap_err();
        assert!(matches!(error, SearchError::Engine(EngineError::Stopped)));
    }
}

/// Planted faults: a subtree of a part that is left out, and one that is met twice, fail the audit.
#[test]
fn subtrees_lost_or_met_twice_are_seen() {
    let bound = BoundEngine::new(2).unwrap();
    let matrix = integers(40, 16, |u, q| Some(((u * 7 + q * 5) % 11 + u / 3) as i64));
    let asked = crate::asked::ask(&matrix, 5, 4, 2).ranks(301, Some(3111));
    let start = asked.part.ranks().unwrap().start;
    // The sets before the first that begins with another question.
    let own = |query: &Query<'_>, part: &Part| {
        let space = query.space();
        let first = |rank| space.unrank(rank).unwrap()[0];
        let mut ranks = part.ranks().unwrap();
        let sets = ranks.find(|&rank| first(rank) != first(start)).unwrap() - start;
        [
            space.part(start, Some(sets)).unwrap(),
            space
                .part(start + sets, Some(part.sets().unwrap() - sets))
                .unwrap(),
        ]
    };
    let both = |ready: &dyn Prepared, parts: &[&Part], watch: &Watch| {
        let mut all = Findings::default();
        for part in parts {
            let found = ready.search(part, watch)?;
            all.visited += found.visited;
            all.excluded += found.excluded;
        }
        Ok(all)
    };
    let right = faulty(&bound, |ready, query, part, watch| {
        let [a, b] = own(query, part);
        both(ready, &[&a, &b], watch)
    });
    let lost = faulty(&bound, |ready, query, part, watch| {
        let [a, _] = own(query, part);
        both(ready, &[&a], watch)
    });
    let twice = faulty(&bound, |ready, query, part, watch| {
        let [a, b] = own(query, part);
        both(ready, &[&a, &b, &b], watch)
    });
    assert!(asked.run(&right, &Watch::new()).is_ok());
    for engine in [&lost as &dyn Engine, &twice] {
        let error = asked.run(engine, &Watch::new()).unwrap_err();
        assert!(matches!(error, SearchError::Audit(_)), "{error}");
    }
}
