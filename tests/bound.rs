//! The bound engine against the CPU engine, on small tables of all kinds and whatever may be asked of them; what it
//! refuses; and planted faults.

use crate::asked::{Aim, Asked, ask, faulty};
use crate::tables::{Draw, integers};
use kcorrset::combin::Quotas;
use kcorrset::engine::bound::BoundEngine;
use kcorrset::engine::cpu::CpuEngine;
use kcorrset::engine::{Engine, EngineError, Part, Prepared, Query, Watch};
use kcorrset::matrix::ResponseMatrix;
use kcorrset::search::SearchError;
use kcorrset::stats::{AuditSums, Criterion, Distance};
use kcorrset::top::Candidate;

/// Scores of a table by question: independent, driven by one trait, or every other question against it; 0 and 1,
/// Likert, signed or wide; at times fewer users than questions; then some questions repeat others, oppose them, or
/// are constant.
fn columns(draw: &mut Draw, questions: usize) -> Vec<Vec<i64>> {
    let users = match draw.below(4) {
        0 => draw.between(2, questions as i64),
        _ => draw.between(4, 24),
    };
    let (low, high) = [
        (0, 1),
        (0, 1),
        (1, 5),
        (-3, 3),
        (0, 1_000_000),
        (-1_000_000_000, 4_000_000_000),
    ][draw.below(6) as usize];
    let driven = draw.below(3);
    let traits: Vec<i64> = (0..users).map(|_| draw.between(low, high)).collect();
    let mut columns: Vec<Vec<i64>> = (0..questions)
        .map(|q| {
            let value = |&t: &i64| match driven {
                0 => draw.between(low, high),
                _ if draw.percent(30) => draw.between(low, high),
                2 if q % 2 == 1 => low + high - t,
                _ => t,
            };
            traits.iter().map(value).collect()
        })
        .collect();
    for _ in 0..draw.below(4) {
        let [to, from] = [0; 2].map(|_| draw.below(questions as u64) as usize);
        match draw.below(4) {
            0 => columns[to] = columns[from].clone(),
            1 => columns[to] = columns[from].iter().map(|v| low + high - v).collect(),
            2 => columns[to].fill(low),
            _ => {}
        }
    }
    columns
}

/// A complete table but for users without any answer; or one with gaps that count as 0.
fn complete(draw: &mut Draw, questions: usize) -> ResponseMatrix {
    let columns = columns(draw, questions);
    let users = columns[0].len();
    let silent = draw.percent(30);
    if draw.percent(20) {
        let gaps = draw.below(1 << 40);
        let has = |u: usize, q: usize| (gaps >> ((u * 7 + q * 3) % 40)) & 3 > 0 || u < 2 || q == 0;
        let gappy = integers(users, questions, |u, q| has(u, q).then(|| columns[q][u]));
        return gappy.with_zeros().unwrap();
    }
    integers(users + usize::from(silent) * 2, questions, |u, q| {
        columns[q].get(u).copied()
    })
}

/// What is asked: criterion, bound, constraints.
fn aim(draw: &mut Draw, matrix: &ResponseMatrix, k: usize) -> Aim {
    let questions = matrix.questions().len();
    let criterion = [
        Criterion::Total,
        Criterion::Total,
        Criterion::Rest,
        Criterion::Mean,
        Criterion::Column,
        Criterion::Column,
    ][draw.below(6) as usize];
    let (digits, noise) = [(1, 3), (1_000_000_000_000, 7_000_000_000_000)][draw.below(2) as usize];
    let totals = matrix.totals().iter();
    let numbers = totals.map(|&total| i128::from(total) * digits + i128::from(draw.below(noise)));
    let numbers = match criterion {
        Criterion::Column => numbers.collect(),
        _ => Vec::new(),
    };
    let [mut include, mut exclude] = [Vec::new(), Vec::new()];
    if draw.percent(25) {
        include = (0..questions).filter(|_| draw.percent(20)).collect();
        include.truncate(k);
    }
    if draw.percent(25) {
        exclude = (0..questions)
            .filter(|q| !include.contains(q) && draw.percent(20))
            .collect();
        exclude.truncate(questions - k);
    }
    let quotas = draw.percent(25).then(|| {
        let groups = draw.between(1, 3) as usize;
        let group = |_| (draw.below(groups as u64 + 1) as usize).checked_sub(1);
        let group = (0..questions).map(group).collect();
        let wanted = |_| {
            let least = draw.below(3) as usize;
            least..=least + draw.below(4) as usize
        };
        Quotas::new(group, (0..groups).map(wanted).collect())
    });
    Aim {
        criterion,
        numbers,
        level: draw.percent(25).then_some(0.9),
        within: None,
        include,
        exclude,
        quotas,
    }
}

/// A table, what is asked of it, and how many sets of how many questions.
pub struct Case {
    pub matrix: ResponseMatrix,
    pub aim: Aim,
    pub k: usize,
    pub top: usize,
}

impl Case {
    /// Number `seed`: few questions, or in one of three so many that no subtree near the root is gone through set
    /// by set.
    pub fn new(seed: u64) -> Self {
        let mut draw = Draw::new(seed);
        let (questions, k) = if seed.is_multiple_of(3) {
            (draw.between(17, 20) as usize, draw.between(5, 8) as usize)
        } else {
            let questions = draw.between(2, 12);
            (questions as usize, draw.between(1, questions) as usize)
        };
        let matrix = complete(&mut draw, questions);
        let aim = aim(&mut draw, &matrix, k);
        let top = [1, 1, 2, 3, 5, 10, 10, 30, 100, 1000][draw.below(10) as usize];
        Self {
            matrix,
            aim,
            k,
            top,
        }
    }

    /// The query; `None` where quotas leave no set.
    pub fn ask(&self) -> Option<Asked<'_>> {
        // Quotas that no set keeps make no query.
        let questions = self.matrix.questions().len();
        let order = self.aim.order(questions);
        let fixed = self.aim.include.len();
        let space = kcorrset::combin::Space::new(&order[..fixed], &order[fixed..], self.k);
        let space = space.unwrap();
        let some = |quotas: &Quotas| quotas.allow_some(&space);
        let sound = self.aim.quotas.as_ref().is_none_or(some);
        sound.then(|| self.aim.ask(&self.matrix, self.k, self.top, 2))
    }
}

/// What became of a case.
#[derive(Debug, PartialEq, Eq)]
enum Fate {
    Right,
    /// As is right, and a bound excluded sets.
    Proved,
}

fn refused(error: &SearchError) -> bool {
    matches!(
        error,
        SearchError::Engine(EngineError::Refused {
            engine: "bound",
            ..
        })
    )
}

/// A candidate in full.
fn whole(best: &[Candidate]) -> Vec<String> {
    best.iter().map(|set| format!("{set:?}")).collect()
}

/// What `engine` makes of a case beside the CPU engine.
fn fate(engine: &dyn Engine, cpu: &dyn Engine, asked: &Asked<'_>) -> Result<Fate, String> {
    let want = asked.run(cpu, &Watch::new()).unwrap().best;
    let watch = Watch::new();
    match asked.run(engine, &watch) {
        Ok(found) => {
            if whole(&found.best) != whole(&want) {
                return Err(format!("{:#?} in place of {want:#?}", found.best));
            }
            if watch.done() != asked.part.sets().unwrap() {
                return Err(format!("{} sets are done", watch.done()));
            }
            let sets = asked.part.sets().unwrap();
            if found.audit.sets != sets || found.excluded > sets.into() {
                return Err(format!("{} sets, {} excluded", sets, found.excluded));
            }
            Ok(if found.excluded == 0 {
                Fate::Right
            } else {
                Fate::Proved
            })
        }
        Err(error) => Err(error.to_string()),
    }
}

/// So many cases, unless `KCORRSET_CASES` asks for another number.
fn cases(usual: u64) -> u64 {
    let asked = std::env::var("KCORRSET_CASES").ok();
    asked.map_or(usual, |asked| asked.parse().expect("a number of cases"))
}

#[test]
fn any_question_to_any_complete_table_has_the_answer_of_the_cpu_engine() {
    let cpu = CpuEngine::new(1).unwrap();
    let engines = [1, 2].map(|threads| BoundEngine::new(threads).unwrap());
    let (mut right, mut proved) = (0, 0);
    let cases = cases(1800);
    for seed in 0..cases {
        let case = Case::new(seed);
        let Some(asked) = case.ask() else { continue };
        let engine = &engines[seed as usize % 2];
        match fate(engine, &cpu, &asked) {
            Ok(Fate::Right) => right += 1,
            Ok(Fate::Proved) => proved += 1,
            Err(what) => panic!("case {seed}: {what}\n{:?}", case.aim),
        }
    }
    assert!(right > cases / 3 && proved > cases / 24, "{right} {proved}");
}

/// An engine whose sums have few bits, so that overall scores of many digits are rounded to few steps.
struct Coarse<'a>(&'a BoundEngine, u32);

impl Engine for Coarse<'_> {
    fn name(&self) -> &'static str {
        "coarse"
    }

    fn devices(&self) -> Vec<String> {
        self.0.devices()
    }

    fn sum_bits(&self) -> u32 {
        self.1
    }

    fn open<'q>(&'q self, query: &'q Query<'q>) -> Result<Box<dyn Prepared + 'q>, EngineError> {
        self.0.open(query)
    }
}

#[test]
fn overall_scores_rounded_to_few_steps_lose_no_set() {
    let cpu = CpuEngine::new(1).unwrap();
    let bound = BoundEngine::new(1).unwrap();
    let (mut right, mut proved, mut blurred) = (0, 0, 0);
    for seed in 0..240 {
        let mut case = Case::new(seed);
        let mut draw = Draw::new(seed);
        let totals = case.matrix.totals().iter();
        let numbers = totals.map(|&t| i128::from(t) * 700_000 + i128::from(draw.below(2_000_000)));
        case.aim.numbers = numbers.collect();
        case.aim.criterion = Criterion::Column;
        let Some(asked) = case.ask() else { continue };
        // With very few steps the bound hardly excludes, and each of many sets is judged by fractions.
        let few = if case.matrix.questions().len() > 12 {
            2
        } else {
            0
        };
        for bits in &[14, 18, 30][few..] {
            let bits = *bits;
            blurred += usize::from(asked.query.fitted(bits).blur().most > 0.0);
            match fate(&Coarse(&bound, bits), &cpu, &asked) {
                Ok(Fate::Right) => right += 1,
                Ok(Fate::Proved) => proved += 1,
                Err(what) => panic!("case {seed}, {bits} bits: {what}"),
            }
        }
    }
    assert!(
        right > 80 && proved > 8 && blurred > 120,
        "{right} {proved} {blurred}"
    );
}

/// Sets near the best: those that going through all sets finds, told by decimal digits of r.
#[test]
fn sets_within_a_distance_are_those_of_all_that_are_so_near() {
    let cpu = CpuEngine::new(1).unwrap();
    let bound = BoundEngine::new(2).unwrap();
    let (mut lists, mut cut, mut full) = (0, 0, 0);
    let cases = cases(400);
    for seed in 0..cases {
        let mut draw = Draw::new(seed);
        let mut case = Case::new(seed);
        case.aim.level = None;
        case.top = 200_000;
        let Some(asked) = case.ask() else { continue };
        let all = asked.run(&cpu, &Watch::new()).unwrap().best;
        let (mantissa, digits) =
            [(0, 0), (1, 3), (5, 3), (25, 3), (1, 1), (3, 1), (25, 1)][draw.below(7) as usize];
        case.aim.within = Some(Distance::new(mantissa, digits));
        case.top = [1, 3, 20, 100, 200_000][draw.below(5) as usize];
        let asked = case.ask().unwrap();
        let distance = mantissa as f64 / 10_f64.powi(digits.into());
        // Ties are exact, and no other two r of such tables are this near.
        let best = all.first().map_or(0.0, |best| best.correlation().r());
        let near = |set: &&Candidate| set.correlation().r() >= best - distance - 1e-14;
        let near: Vec<_> = all.iter().take_while(near).cloned().collect();
        let want = whole(&near[..near.len().min(case.top)]);
        let found = asked.run(&cpu, &Watch::new()).unwrap();
        assert_eq!(whole(&found.best), want, "case {seed} by all sets");
        let found = asked.run(&bound, &Watch::new()).unwrap();
        assert_eq!(whole(&found.best), want, "case {seed} {:?}", case.aim);
        lists += 1;
        cut += u64::from(near.len() < all.len());
        full += u64::from(near.len() > case.top);
    }
    assert!(
        lists > cases * 2 / 5 && cut > cases / 6 && full > cases / 25,
        "{lists} {cut} {full}"
    );
}

#[test]
fn a_floor_that_is_known_is_used_and_leaves_what_reaches_it() {
    let cpu = CpuEngine::new(1).unwrap();
    let bound = BoundEngine::new(2).unwrap();
    let mut used = 0;
    for seed in 0..800 {
        let case = Case::new(seed);
        let Some(asked) = case.ask() else { continue };
        let want = asked.run(&cpu, &Watch::new()).unwrap().best;
        let above = |set: &&Candidate| set.correlation().r() > 1e-6;
        let Some(last) = want.iter().take_while(above).nth(want.len() / 2) else {
            continue;
        };
        let floor = last.value().rounded().next_down();
        if floor <= 0.0 {
            continue;
        }
        let watch = Watch::new();
        watch.raise_floor(floor);
        let found = asked.run(&bound, &watch).unwrap().best;
        let reach = |best: &[Candidate]| {
            let reach = best.iter().filter(|set| set.value().rounded() >= floor);
            reach.map(|set| set.set().to_vec()).collect::<Vec<_>>()
        };
        assert_eq!(reach(&found), reach(&want), "case {seed}");
        used += 1;
    }
    assert!(used > 150, "{used}");
}

/// A table that is driven by one trait.
fn plain(questions: usize) -> ResponseMatrix {
    integers(60, questions, |u, q| {
        let noise = (u * 7919 + q * 104_729 + u * u * q) % 10;
        Some(i64::from(u / 6 + noise > 4 + q % 8))
    })
}

#[test]
fn what_is_refused() {
    let bound = BoundEngine::new(1).unwrap();
    let said = |asked: &Asked<'_>| {
        let error = asked.run(&bound, &Watch::new()).unwrap_err();
        assert!(refused(&error), "{error}");
        error.to_string()
    };
    let gap = integers(9, 4, |u, q| {
        (u != 3 || q != 2).then_some((u * q % 3) as i64)
    });
    assert_eq!(
        said(&ask(&gap, 2, 1, 2)),
        "the bound engine cannot run this: a proof by bounds needs an answer of every user to every \
         question, and a table with 1 answer missing is what there is; count missing answers as 0, or \
         take another engine"
    );
    // Without the question that was not answered by all, it is complete.
    let aim = Aim {
        exclude: vec![2],
        ..Aim::default()
    };
    let without = aim.ask(&gap, 2, 1, 2).run(&bound, &Watch::new());
    assert!(without.is_ok());
    // Where there is nothing to prove by, 2^20 sets are gone through and no more.
    let constant = integers(9, 28, |_, _| Some(1));
    let said = said(&ask(&constant, 7, 1, 2));
    assert!(said.contains("needs a set with an r above 0, and a list with fewer"));
    let found = ask(&constant, 6, 1, 2).run(&bound, &Watch::new()).unwrap();
    assert!(found.best.is_empty() && found.visited == 376_740);
    let matrix = plain(6);
    let many = ask(&matrix, 3, 21, 2).run(&bound, &Watch::new()).unwrap();
    assert_eq!(many.best.len(), 20);
}

#[test]
fn a_stop_is_heeded() {
    let bound = BoundEngine::new(2).unwrap();
    let matrix = plain(40);
    let watch = Watch::new();
    watch.stop();
    let error = ask(&matrix, 12, 3, 2).run(&bound, &watch).unwrap_err();
    assert!(matches!(error, SearchError::Engine(EngineError::Stopped)));
}

/// Planted faults: sums that lose a set of a subtree, or that have one twice, fail the audit; a floor that is too high shows in
/// the list.
#[test]
fn faults_are_seen() {
    let bound = BoundEngine::new(2).unwrap();
    let cpu = CpuEngine::new(1).unwrap();
    // The first with a long list and sets that a bound excludes.
    let proves = |case: &Case| {
        let asked = case.ask().filter(|asked| asked.query.top() >= 30);
        asked.is_some_and(|asked| fate(&bound, &cpu, &asked) == Ok(Fate::Proved))
    };
    let mut cases = (0..1800).step_by(3).map(Case::new);
    let case = cases.find(proves).unwrap();
    let asked = case.ask().unwrap();
    let want = asked.run(&cpu, &Watch::new()).unwrap().best;
    let sums_of = |set: &Candidate| {
        let mut one = AuditSums::default();
        one.add_set(set.sums());
        one
    };
    let one = sums_of(&want[3]);
    let search = |ready: &dyn Prepared, part: &Part, watch: &Watch| ready.search(part, watch);
    let lost = faulty(&bound, |ready, _, part, watch| {
        let mut found = search(ready, part, watch)?;
        assert!(found.excluded.sets > 0);
        found.excluded -= one;
        Ok(found)
    });
    let twice = faulty(&bound, |ready, _, part, watch| {
        let mut found = search(ready, part, watch)?;
        found.visited += one;
        Ok(found)
    });
    for engine in [&lost as &dyn Engine, &twice] {
        let error = asked.run(engine, &Watch::new()).unwrap_err();
        assert!(matches!(error, SearchError::Audit(_)), "{error}");
    }
    let too_high = want[0].value().rounded() + 1e-6;
    let high = faulty(&bound, |ready, _, part, watch| {
        watch.raise_floor(too_high);
        search(ready, part, watch)
    });
    assert!(fate(&high, &cpu, &asked).is_err());
}
