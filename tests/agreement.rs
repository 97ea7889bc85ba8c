//! Every engine against the oracle: whole answers, floors, ranges of ranks, stopping, threads.
//!
//! Every set of a small table is known from `engine::reference` and ordered by the oracle's own
//! arithmetic; an engine has to give exactly that, for each top, floor and range asked for. The GPU
//! engine goes through the same tables in gpu_grid.rs.

use crate::asked::{Aim, Asked, ask};
use crate::gpu_grid;
use crate::tables::{self, Draw, Table};
use kcorrset::combin::binomial;
use kcorrset::engine::cpu::{CpuEngine, Isa, Machine, Regime, gram};
use kcorrset::engine::oracle::ReferenceEngine;
use kcorrset::engine::reference::{self, Entry, Fraction, SixSums, compare, correlation};
use kcorrset::engine::{Engine, EngineError, Query, QueryError, Watch};
use kcorrset::matrix::ResponseMatrix;
use kcorrset::search::{Outcome, SearchError};
use kcorrset::stats::{Correlation, NO_FLOOR, Sums};
use kcorrset::top::Candidate;
use std::collections::{BTreeSet, HashMap};
use std::ops::Range;

/// How much is asked of an engine for each table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effort {
    /// All tops, floors, ranges.
    Full,
    /// A few of each, for engines with a high cost a search.
    Brief,
}

/// An engine under test.
pub struct Subject {
    pub name: String,
    pub engine: Box<dyn Engine>,
    pub effort: Effort,
    /// Tables with more sets than this are left to the other subjects.
    pub most_sets: u128,
    /// What it may refuse; refused tables are left to the other subjects.
    pub refuses: Refuses,
    /// The regime that is forced, if one is.
    pub regime: Option<&'static str>,
}

/// Which tables an engine may refuse.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refuses {
    /// No table.
    Nothing,
    /// Tables whose totals need more than 30 bits, and sets of one question.
    Singles,
    /// Sets of fewer than three questions.
    Pairs,
    /// Tables where a user who answered anything missed a question, and sets of one question.
    Gaps,
    /// Tables that are not of the engine's kind.
    OtherTables,
}

impl Refuses {
    /// Whether a search may be refused.
    fn allow(self, matrix: &ResponseMatrix, k: usize) -> bool {
        let questions = matrix.questions().len();
        let wide = || matrix.totals().iter().any(|g| g.unsigned_abs() >= 1 << 30);
        let gaps = || {
            let answers = (0..matrix.users().len()).map(|user| matrix.row(user).count());
            answers.into_iter().any(|n| n != 0 && n != questions)
        };
        match self {
            Self::Nothing => false,
            Self::Singles => k < 2 || wide(),
            Self::Pairs => k < 3,
            Self::Gaps => k < 2 || gaps(),
            Self::OtherTables => true,
        }
    }
}

impl Subject {
    /// Whether the forced regime took any part of a search for the three best.
    fn reaches(&self, truth: &Truth) -> bool {
        let asked = truth.ask(3);
        let took = |regime| {
            let outcome = asked.run(&*self.engine, &Watch::new());
            let outcome = outcome.unwrap_or_else(|error| panic!("{}: {error}", self.name));
            outcome.took.iter().any(|(name, _)| *name == regime)
        };
        self.regime.is_none_or(took)
    }

    /// Whether the engine takes such searches, or refuses them by its typed error,
    /// without starting; panics where it must not.
    pub fn takes(&self, asked: Asked<'_>) -> bool {
        let (matrix, k) = (asked.query.source(), asked.query.k());
        let one = asked.ranks(0, Some(1));
        match one.find(&*self.engine, &Watch::new()) {
            Ok(_) => true,
            Err(EngineError::Refused { .. }) if self.refuses.allow(matrix, k) => false,
            Err(error) => panic!("{}, k {k}: {error}", self.name),
        }
    }
}

/// Every engine. A variant that is not listed here is not tested.
pub fn engines() -> Vec<Subject> {
    [processors(), gpu_grid::subjects()]
        .into_iter()
        .flatten()
        .collect()
}

/// Every engine that needs no adapter.
fn processors() -> Vec<Subject> {
    let subject = |name: &str, engine: Box<dyn Engine>| Subject {
        name: name.to_owned(),
        engine,
        effort: Effort::Full,
        most_sets: u128::MAX,
        refuses: Refuses::Nothing,
        regime: None,
    };
    let mut all = vec![Subject {
        effort: Effort::Brief,
        most_sets: 60,
        ..subject("reference", Box::new(ReferenceEngine))
    }];
    all.push(subject("cpu", Box::new(cpu(2))));
    let mut add = |regime: Regime, isa: Isa, effort: Effort| {
        let engine = cpu(2).with_regime(regime).with_isa(isa).unwrap();
        all.push(Subject {
            effort,
            regime: (regime != Regime::Walk).then_some(regime.name()),
            ..subject(
                &format!("cpu {} {}", regime.name(), isa.name()),
                Box::new(engine),
            )
        });
    };
    add(
        Regime::Leaves(Machine::General),
        Isa::Portable,
        Effort::Brief,
    );
    for isa in Isa::available() {
        add(Regime::Walk, isa, Effort::Full);
        for machine in [Machine::Lanes, Machine::Pairs] {
            add(Regime::Leaves(machine), isa, Effort::Full);
        }
        // Below AVX-512 these are plain at each level.
        if isa != Isa::Avx2 {
            for machine in [Machine::Planes, Machine::Codes, Machine::Masked] {
                add(Regime::Leaves(machine), isa, Effort::Full);
            }
        }
    }
    all
}

/// The cross-product regimes, each forced; every one is for its own kind of table.
pub fn regimes() -> Vec<Subject> {
    let forced = |regime: gram::Regime| Subject {
        name: format!("cpu {}", regime.name()),
        engine: Box::new(cpu(2).with_regime(Regime::Products(regime))),
        effort: Effort::Brief,
        most_sets: u128::MAX,
        refuses: Refuses::OtherTables,
        regime: Some(regime.name()),
    };
    gram::Regime::ALL.into_iter().map(forced).collect()
}

/// The CPU engine on this many threads.
fn cpu(threads: usize) -> CpuEngine {
    CpuEngine::new(threads).unwrap()
}

/// Every `k`-set of the space with the oracle's sums, in its order.
pub fn oracle_all(matrix: &ResponseMatrix, aim: &Aim, k: usize) -> Vec<Entry> {
    let mut all = Vec::new();
    let order = aim.order(matrix.questions().len());
    let places = 0..ask_space(matrix, aim, k);
    reference::visit(matrix, &order, k, &aim.rule(2), places, |entry| {
        all.push(entry);
        true
    });
    all
}

/// How many sets there are to ask for, quotas apart.
fn ask_space(matrix: &ResponseMatrix, aim: &Aim, k: usize) -> u128 {
    let fixed = aim.include.len();
    let pool = matrix.questions().len() - fixed - aim.exclude.len();
    binomial(pool as u64, (k - fixed) as u64).unwrap()
}

/// A set with a defined correlation.
struct Ranked {
    rank: u128,
    set: Vec<usize>,
    sums: SixSums,
    fraction: Fraction,
    /// What it is ranked by, rounded; only a source of floors.
    value: f64,
}

/// All that there is to know of one search.
pub struct Truth<'a> {
    pub matrix: &'a ResponseMatrix,
    pub aim: &'a Aim,
    pub k: usize,
    pub min_users: u64,
    /// Sets of the space.
    pub total: u128,
    /// Every defined set, best first.
    defined: Vec<Ranked>,
    /// Index of a set in `defined`.
    places: HashMap<Vec<usize>, usize>,
}

impl<'a> Truth<'a> {
    /// From all sets of the space, see [`oracle_all`].
    pub fn new(matrix: &'a ResponseMatrix, aim: &'a Aim, min_users: u64, all: &[Entry]) -> Self {
        let k = all[0].set.len();
        let mut defined: Vec<Ranked> = all
            .iter()
            .zip(0..)
            .filter_map(|(entry, rank)| {
                let fraction = entry.fraction.clone()?;
                let counts = entry.sums[0] >= i128::from(min_users) && aim.allows(&entry.set);
                counts.then(|| Ranked {
                    rank,
                    set: entry.set.clone(),
                    sums: entry.sums,
                    value: reference::rounded(&fraction),
                    fraction,
                })
            })
            .collect();
        defined.sort_by(|a, b| compare(&b.fraction, &a.fraction).then_with(|| a.set.cmp(&b.set)));
        let places = defined
            .iter()
            .enumerate()
            .map(|(place, ranked)| (ranked.set.clone(), place))
            .collect();
        Self {
            matrix,
            aim,
            k,
            min_users,
            total: all.len() as u128,
            defined,
            places,
        }
    }

    /// For both kinds of `min_users`: 2, and a bound that half of the sets just meet or fail.
    pub fn both(matrix: &'a ResponseMatrix, aim: &'a Aim, k: usize) -> Vec<Self> {
        let all = oracle_all(matrix, aim, k);
        let mut counts: Vec<i128> = all.iter().map(|entry| entry.sums[0]).collect();
        counts.sort_unstable();
        let median = counts[counts.len() / 2] as u64;
        let mut bounds = vec![2, median.max(2)];
        bounds.dedup();
        bounds
            .into_iter()
            .map(|min_users| Self::new(matrix, aim, min_users, &all))
            .collect()
    }

    /// This truth, told of another table.
    pub fn told_of(self, matrix: &'a ResponseMatrix) -> Self {
        Self { matrix, ..self }
    }

    /// The search for so many.
    pub fn ask(&self, top: usize) -> Asked<'a> {
        self.aim.ask(self.matrix, self.k, top, self.min_users)
    }

    /// Floors where an unsound discard would show: at values, one step beside them, at ties, at and
    /// around 0, at both ends.
    fn floors(&self) -> Vec<f64> {
        let mut floors = vec![0.0, TINY, -TINY, -1.0, 1.0];
        let count = self.defined.len();
        if count > 0 {
            for tenth in [0, 1, 2, 5, 7, 9, 10] {
                floors.push(self.defined[(count - 1) * tenth / 10].value);
            }
            for place in [0, count / 2, count - 1] {
                let value = self.defined[place].value;
                floors.extend([value.next_up(), value.next_down()]);
            }
        }
        let tie = self
            .defined
            .windows(2)
            .find(|pair| compare(&pair[0].fraction, &pair[1].fraction).is_eq());
        if let Some(pair) = tie {
            let value = pair[0].value;
            floors.extend([value, value.next_up(), value.next_down()]);
        }
        floors.sort_by(f64::total_cmp);
        floors.dedup();
        floors
    }

    /// Ranges at both ends, single ranks, nothing, and some in between.
    fn ranges(&self) -> Vec<Range<u128>> {
        let total = self.total;
        let mut draw = Draw::new(total as u64);
        let mut ranges = vec![0..1, total - 1..total, 0..total - 1, total / 2..total / 2];
        for _ in 0..3 {
            let start = u128::from(draw.word()) % total;
            let end = start + 1 + u128::from(draw.word()) % (total - start);
            ranges.push(start..end);
        }
        ranges
    }
}

/// Below the size of any r but 0: |A| ≥ 1 and X·Y < 2^252 (`stats::order`).
const TINY: f64 = f64::from_bits((1023 - 126) << 52);

/// An f64 as the oracle's fraction, exactly. A value of less than [`TINY`] becomes one of that size,
/// which lies on the same side of every r.
fn as_fraction(value: f64) -> Result<Fraction, String> {
    let magnitude = if value == 0.0 {
        0.0
    } else {
        value.abs().max(TINY)
    };
    // value = a / 2^shift with the least shift; 2^shift = √(X·Y) with X = Y.
    let mut a = magnitude;
    let mut shift = 0;
    while a.fract() != 0.0 {
        a *= 2.0;
        shift += 1;
    }
    if shift > 126 || a >= 2_f64.powi(100) {
        return Err(format!("{value:e} cannot be compared with the oracle's r"));
    }
    let a = a as i128 * if value < 0.0 { -1 } else { 1 };
    // n = 1 and Sa = Sg = 0: A = Sag, X = Saa, Y = Sgg.
    let sums = [1, 0, 0, 1 << shift, 1 << shift, a];
    correlation(&sums, 1).ok_or_else(|| format!("{value:e} has no fraction"))
}

/// One search to make.
#[derive(Clone, Debug)]
struct Ask {
    ranks: Range<u128>,
    top: usize,
    floor: f64,
}

/// Runs one search; everything in it has to be as the oracle says.
fn check(engine: &dyn Engine, truth: &Truth, ask: &Ask) -> Result<Vec<Candidate>, String> {
    let watch = Watch::new();
    watch.raise_floor(ask.floor);
    let outcome = asked(truth, ask)
        .run(engine, &watch)
        .map_err(|error| format!("{ask:?}: {error}"))?;
    hold(truth, ask, &outcome, &watch).map_err(|what| format!("{ask:?}: {what}"))?;
    Ok(outcome.best)
}

fn asked<'t>(truth: &Truth<'t>, asked: &Ask) -> Asked<'t> {
    let Range { start, end } = asked.ranks;
    let all = truth.ask(asked.top);
    match all.query.space().part(start, Some(end - start)) {
        Some(part) => Asked { part, ..all },
        None => all,
    }
}

fn hold(truth: &Truth, ask: &Ask, outcome: &Outcome, watch: &Watch) -> Result<(), String> {
    // Places in `truth.defined` of the sets of the range, best first.
    let within: Vec<usize> = (0..truth.defined.len())
        .filter(|&place| ask.ranks.contains(&truth.defined[place].rank))
        .collect();
    let reaching = |floor: f64| {
        if floor == NO_FLOOR {
            return Ok(within.len());
        }
        let floor = as_fraction(floor)?;
        let reaches = |&place: &usize| compare(&truth.defined[place].fraction, &floor).is_ge();
        Ok::<_, String>(within.iter().take_while(|&place| reaches(place)).count())
    };

    if outcome.best.len() > ask.top {
        return Err(format!("{} sets are too many", outcome.best.len()));
    }
    let mut got = Vec::new();
    for candidate in &outcome.best {
        let set = candidate.set();
        let place = *truth
            .places
            .get(set)
            .ok_or_else(|| format!("{set:?} has no correlation"))?;
        let right = &truth.defined[place];
        if !ask.ranks.contains(&right.rank) {
            return Err(format!("{set:?} is outside the ranks"));
        }
        if *candidate.sums() != Sums::from_array(right.sums) {
            let (got, want) = (candidate.sums(), Sums::from_array(right.sums));
            return Err(format!("sums of {set:?}: {got:?} is not {want:?}"));
        }
        if got.last().is_some_and(|&before| before >= place) {
            return Err(format!("{set:?} is out of order"));
        }
        got.push(place);
    }
    // Behind the sets that reach the floor others may follow, in order; ahead of them none can.
    let certain = reaching(ask.floor)?.min(ask.top);
    if !got.starts_with(&within[..certain]) {
        let lost = within[..certain].iter().find(|place| !got.contains(place));
        return Err(match lost {
            Some(&place) => {
                let Ranked { set, value, .. } = &truth.defined[place];
                format!("{set:?} with the value {value} is missing")
            }
            None => "the best sets are not in front".to_owned(),
        });
    }
    if outcome
        .defined
        .is_some_and(|defined| defined != within.len() as u128)
    {
        let (got, want) = (outcome.defined, within.len());
        return Err(format!("{got:?} sets are not the {want} defined ones"));
    }
    let (done, sets) = (watch.done(), ask.ranks.end - ask.ranks.start);
    if done != sets {
        return Err(format!("progress ends at {done} of {sets} sets"));
    }
    // Whoever shares the floor relies on it: it may only exclude what N sets are better than.
    let floor = watch.floor();
    if floor > ask.floor && reaching(floor)? < ask.top {
        return Err(format!("the floor was raised too high, to {floor:e}"));
    }
    Ok(())
}

/// Whether `engine` gives the oracle's answer to everything asked of this search.
pub fn agree(engine: &dyn Engine, truth: &Truth, effort: Effort) -> Result<(), String> {
    let every = truth.total as usize + 1;
    let whole = |top: usize, floor: f64| Ask {
        ranks: 0..truth.total,
        top,
        floor,
    };
    let step = if effort == Effort::Full { 1 } else { 4 };

    let best = check(engine, truth, &whole(every, NO_FLOOR))?;
    for top in [3, 1, 10, 1000].into_iter().step_by(step) {
        check(engine, truth, &whole(top, NO_FLOOR))?;
    }
    for (i, floor) in truth.floors().into_iter().enumerate().step_by(step) {
        check(engine, truth, &whole(every, floor))?;
        if i % 3 == 0 {
            check(engine, truth, &whole(1 + i % 5, floor))?;
        }
    }
    for (i, ranks) in truth.ranges().into_iter().enumerate().step_by(step) {
        let top = if i % 2 == 0 { every } else { 2 };
        let floor = NO_FLOOR;
        check(engine, truth, &Ask { ranks, top, floor })?;
    }
    for pieces in [2, 3, 7].into_iter().step_by(step) {
        split(engine, truth, pieces, &best)?;
    }
    stopped(engine, truth)
}

/// The answers of the parts of the ranks, together, are that of the whole.
fn split(
    engine: &dyn Engine,
    truth: &Truth,
    pieces: usize,
    best: &[Candidate],
) -> Result<(), String> {
    let mut draw = Draw::new(pieces as u64);
    let mut cuts: Vec<u128> = (1..pieces)
        .map(|_| u128::from(draw.word()) % (truth.total + 1))
        .chain([0, truth.total])
        .collect();
    cuts.sort_unstable();
    cuts.dedup();
    let top = 10;
    let mut together = Vec::new();
    for pair in cuts.windows(2) {
        let ask = Ask {
            ranks: pair[0]..pair[1],
            top,
            floor: NO_FLOOR,
        };
        together.extend(check(engine, truth, &ask)?);
    }
    together.sort_by(|a, b| b.cmp(a));
    together.truncate(top);
    if together != best[..top.min(best.len())] {
        return Err(format!("cut at {cuts:?} the answer is another"));
    }
    Ok(())
}

/// Told to stop before it starts, an engine says so or is right all the same.
fn stopped(engine: &dyn Engine, truth: &Truth) -> Result<(), String> {
    let ask = Ask {
        ranks: 0..truth.total,
        top: 5,
        floor: NO_FLOOR,
    };
    let watch = Watch::new();
    watch.stop();
    match asked(truth, &ask).run(engine, &watch) {
        Err(SearchError::Engine(EngineError::Stopped)) => Ok(()),
        Err(error) => Err(format!("stopped: {error}")),
        Ok(outcome) => {
            hold(truth, &ask, &outcome, &watch).map_err(|what| format!("stopped: {what}"))
        }
    }
}

/// Goes through a family of tables, with every K whose number of sets is among `sets`. With many
/// questions a large K is left out, all but K = Q: few of its sets have users.
pub fn each(family: &[Table], sets: &Range<u128>, mut look: impl FnMut(&str, &Truth)) {
    for Table { name, matrix } in family {
        let questions = matrix.questions().len();
        for k in 1..=questions {
            let large = questions > 14 && (7..questions).contains(&k);
            let total = binomial(questions as u64, k as u64).unwrap();
            if large || !sets.contains(&total) {
                continue;
            }
            for truth in Truth::both(matrix, &Aim::default(), k) {
                look(name, &truth);
            }
        }
    }
}

/// Panics unless `subject` agrees with all that it is asked of this search.
pub fn must_agree(subject: &Subject, effort: Effort, name: &str, truth: &Truth) {
    if let Err(what) = agree(&*subject.engine, truth, effort) {
        let (engine, k, min_users) = (&subject.name, truth.k, truth.min_users);
        panic!("{engine}, {name}, k {k}, min_users {min_users}: {what}");
    }
}

/// Runs a family of tables through every engine that needs no adapter. Of the subjects with these regimes, each
/// has to come to some part of some search.
fn grid(family: Vec<Table>, sets: Range<u128>, reached: &[&str]) {
    let subjects: Vec<Subject> = processors().into_iter().chain(regimes()).collect();
    let forced = |subject: &&Subject| subject.regime.is_some_and(|name| reached.contains(&name));
    let mut missing: BTreeSet<&str> = subjects.iter().filter(forced).map(|s| &*s.name).collect();
    each(&family, &sets, |name, truth| {
        for subject in &subjects {
            let few = truth.total <= subject.most_sets;
            if few && subject.takes(truth.ask(1)) {
                must_agree(subject, subject.effort, name, truth);
                if missing.contains(&*subject.name) && subject.reaches(truth) {
                    missing.remove(&*subject.name);
                }
            }
        }
    });
    assert!(missing.is_empty(), "never ran: {missing:?}");
}

/// Every leaf machine.
const MACHINES: [&str; 6] = ["general", "lanes", "pairs", "masked", "planes", "codes"];

#[test]
fn sizes_of_sparse_tables() {
    grid(tables::sizes(60), 1..2_000, &["cross"]);
}

#[test]
fn sizes_of_complete_tables() {
    grid(tables::sizes(100), 1..2_000, &["complete", "cross"]);
}

#[test]
fn patterns_of_answers() {
    grid(tables::patterns(), 1..2_000, &["patterns", "gaps"]);
}

#[test]
fn kinds_of_scores() {
    grid(tables::scores(), 1..2_000, &[]);
}

#[test]
fn widths_of_scores() {
    grid(tables::widths(), 1..2_000, &[]);
}

#[test]
fn lanes_of_vectors() {
    grid(tables::lanes(), 1..6_000, &MACHINES);
}

#[test]
fn more_lanes_than_one_pass() {
    grid(tables::many_lanes(), 40_000..60_000, &MACHINES);
}

#[test]
fn bounds_met_with_equality() {
    grid(tables::tight(), 1..200, &[]);
}

#[test]
fn exact_ties() {
    grid(tables::ties(), 1..2_000, &[]);
}

#[test]
fn signs_of_correlations() {
    grid(tables::signs(), 1..5_000, &[]);
}

#[test]
fn one_user_has_no_correlation() {
    let one = tables::cells(1, 3, |_, _| tables::whole(1));
    let refused = QueryError::TooFewUsers {
        min_users: 2,
        users: 1,
    };
    assert_eq!(Query::of(&one).k(2).build().unwrap_err(), refused);
}

#[test]
fn r_is_the_oracles_rounded_to_nearest() {
    for Table { name, matrix } in tables::all() {
        for k in [1, 2] {
            if k > matrix.questions().len() {
                continue;
            }
            let aim = Aim::default();
            let all = oracle_all(&matrix, &aim, k);
            for Ranked { fraction, sums, .. } in Truth::new(&matrix, &aim, 2, &all).defined {
                let r = Correlation::of(&Sums::from_array(sums), 2).unwrap().r();
                let below = as_fraction(r.next_down()).unwrap();
                let above = as_fraction(r.next_up()).unwrap();
                let between =
                    compare(&below, &fraction).is_lt() && compare(&fraction, &above).is_lt();
                assert!(between || r == 0.0, "{name}: {r:e}");
            }
        }
    }
}

#[test]
fn threads_do_not_change_the_answer() {
    for table in [
        tables::wide(12),
        tables::ties().remove(2),
        tables::patterns().remove(0),
    ] {
        let Table { name, matrix } = table;
        for k in [1, 3, 5] {
            for top in [1, 10, 500] {
                let query = ask(&matrix, k, top, 2);
                let findings = |threads: usize| {
                    let engine = cpu(threads);
                    query.find(&engine, &Watch::new()).unwrap()
                };
                let one = findings(1);
                for threads in [2, 3, 8] {
                    let more = findings(threads);
                    let named = format!("{name}, k {k}, top {top}, {threads} threads");
                    assert_eq!(more.best, one.best, "{named}");
                    let sums = |best: &[Candidate]| -> Vec<_> {
                        best.iter().map(|c| (c.set().to_vec(), *c.sums())).collect()
                    };
                    assert_eq!(sums(&more.best), sums(&one.best), "{named}");
                }
            }
        }
    }
}

#[test]
fn a_stop_from_outside() {
    let complete = tables::sizes(100).into_iter();
    let complete = complete.max_by_key(|table| table.matrix.questions().len());
    let tables = [tables::wide(13), complete.unwrap()];
    let aim = Aim::default();
    let all = tables
        .each_ref()
        .map(|table| oracle_all(&table.matrix, &aim, 6));
    let truths = [0, 1].map(|i| Truth::new(&tables[i].matrix, &aim, 2, &all[i]));
    for subject in engines() {
        let Subject { name, engine, .. } = &subject;
        let takes = |truth: &&Truth| subject.takes(truth.ask(1));
        let truth = truths.iter().find(takes).unwrap();
        let ask = Ask {
            ranks: 0..truth.total,
            top: 5,
            floor: NO_FLOOR,
        };
        let watch = Watch::new();
        let result = std::thread::scope(|scope| {
            scope.spawn(|| {
                std::thread::sleep(std::time::Duration::from_millis(2));
                watch.stop();
            });
            asked(truth, &ask).run(&**engine, &watch)
        });
        match result {
            Err(SearchError::Engine(EngineError::Stopped)) => {}
            Err(error) => panic!("{name}: {error}"),
            Ok(outcome) => hold(truth, &ask, &outcome, &watch).unwrap(),
        }
    }
}

#[test]
fn floors_become_exact_fractions() {
    let half = correlation(&[1, 0, 0, 4, 1, 1], 1).unwrap();
    assert!(compare(&as_fraction(0.5).unwrap(), &half).is_eq());
    assert!(compare(&as_fraction(0.5_f64.next_up()).unwrap(), &half).is_gt());
    assert!(compare(&as_fraction(0.5_f64.next_down()).unwrap(), &half).is_lt());
    assert!(compare(&as_fraction(-0.5).unwrap(), &half).is_lt());
    let zero = correlation(&[1, 0, 0, 1, 1, 0], 1).unwrap();
    assert!(compare(&as_fraction(0.0).unwrap(), &zero).is_eq());
    assert!(compare(&as_fraction(f64::from_bits(1)).unwrap(), &zero).is_gt());
    assert!(compare(&as_fraction(-f64::from_bits(1)).unwrap(), &zero).is_lt());
}
