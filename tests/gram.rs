//! The cross-product regimes of the CPU engine against the oracle: every set above a floor, in
//! order, on every instruction-set level, and the audit of each.

use crate::asked::{Asked, ask, faulty};
use crate::tables::integers;
use kcorrset::engine::cpu::{CpuEngine, Isa, Regime, gram};
use kcorrset::engine::reference::{self, Entry, Rule};
use kcorrset::engine::{EngineError, Findings, Watch};
use kcorrset::matrix::ResponseMatrix;
use kcorrset::search::SearchError;
use kcorrset::stats::{Correlation, Sums};

/// A generator with a fixed stream.
struct Draw(u64);

impl Draw {
    fn below(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 16) % n
    }
}

/// One regime on one level.
struct Forced {
    isa: Isa,
    regime: gram::Regime,
    engine: CpuEngine,
}

impl Forced {
    fn all(regime: gram::Regime) -> Vec<Self> {
        let at = |isa: Isa| {
            let engine = CpuEngine::new(2).unwrap();
            let engine = engine.with_regime(Regime::Products(regime));
            Self {
                isa,
                regime,
                engine: engine.with_isa(isa).unwrap(),
            }
        };
        Isa::available().into_iter().map(at).collect()
    }
}

/// The oracle's sets with a correlation, best first.
fn oracle(asked: &Asked<'_>) -> Vec<Entry> {
    let query = &asked.query;
    let (k, min_users) = (query.k(), query.min_users());
    let mut all = Vec::new();
    let order = query.space().order();
    let ranks = asked.part.ranks().unwrap();
    reference::visit(
        query.source(),
        order,
        k,
        &Rule::plain(min_users),
        ranks,
        |entry| {
            if entry.fraction.is_some() {
                all.push(entry);
            }
            true
        },
    );
    // Stable: equal sets stay in lexicographic order.
    all.sort_by(|a, b| match (&a.fraction, &b.fraction) {
        (Some(a), Some(b)) => reference::compare(b, a),
        _ => std::cmp::Ordering::Equal,
    });
    all
}

/// Searches with a floor known beforehand and compares the first `expect` with the oracle's.
fn agree(engine: &Forced, asked: &Asked<'_>, floor: f64, want: &[Entry]) {
    let query = &asked.query;
    let what = format!(
        "{:?} {} k {} min_users {} {:?} top {} floor {floor}",
        engine.regime,
        engine.isa.name(),
        query.k(),
        query.min_users(),
        asked.part,
        query.top(),
    );
    let watch = Watch::new();
    watch.raise_floor(floor);
    let outcome = asked.run(&engine.engine, &watch);
    let outcome = outcome.unwrap_or_else(|e| panic!("{what}: {e}"));
    assert_eq!(watch.done(), asked.part.sets().unwrap(), "{what}");
    let expect = want.len().min(query.top());
    assert!(
        outcome.best.len() >= expect,
        "{what}: {} of {expect}",
        outcome.best.len()
    );
    for (place, (got, want)) in outcome.best.iter().zip(&want[..expect]).enumerate() {
        assert_eq!(got.set(), want.set, "{what} place {place}");
        assert_eq!(got.sums().to_array(), want.sums, "{what} place {place}");
    }
}

/// r of an entry as the engines round it.
fn r_of(entry: &Entry, min_users: u64) -> f64 {
    let correlation = Correlation::of(&Sums::from_array(entry.sums), min_users);
    correlation.unwrap().r()
}

/// Every K, several tops and floors, whole and partial ranges.
fn grid(regime: gram::Regime, name: &str, matrix: &ResponseMatrix) {
    let questions = matrix.questions().len();
    let engines = Forced::all(regime);
    let most = match regime {
        gram::Regime::Cross => 2,
        _ => questions,
    };
    for k in 1..=most {
        for min_users in [2, 7] {
            if min_users > matrix.users().len() as u64 {
                continue;
            }
            let total = ask(matrix, k, 1, min_users).part.sets().unwrap();
            let ranges = [
                (0, None),
                (total / 3, Some(total / 2)),
                (total - 1, None),
                (total / 5, Some(1)),
            ];
            for (skip, limit) in ranges {
                let with_top = |top: usize| ask(matrix, k, top, min_users).ranks(skip, limit);
                let want = oracle(&with_top(1));
                // Exactly at the worst, the best and some in between, ties among them; and
                // around 0.
                let mut floors = vec![f64::NEG_INFINITY, -1.0, -0.1, -1e-12, 0.0, 1e-12, 0.1, 0.9];
                for part in 0..=3 {
                    if let Some(at) = (want.len() * part / 3).checked_sub(1) {
                        floors.push(r_of(&want[at], min_users));
                        floors.push(r_of(&want[at], min_users).next_down());
                    }
                }
                for engine in &engines {
                    for &floor in &floors {
                        // r rounds correctly, so an r below the floor is a value below it or
                        // equal after rounding, which may be either.
                        let above = want
                            .iter()
                            .take_while(|e| r_of(e, min_users) > floor)
                            .count();
                        let top = total.min(100_000) as usize;
                        agree(engine, &with_top(top), floor, &want[..above]);
                    }
                    for top in [1, 3, 10] {
                        agree(engine, &with_top(top), f64::NEG_INFINITY, &want);
                    }
                }
            }
        }
    }
    println!("{name}: {questions} questions");
}

/// A score by user and question.
type Shape = fn(&mut Draw, usize, usize) -> i64;

/// Score shapes that each take another path.
fn shapes() -> Vec<(&'static str, Shape)> {
    vec![
        ("0/1", |d, _, _| d.below(2) as i64),
        ("-1/+1", |d, _, _| d.below(2) as i64 * 2 - 1),
        ("likert", |d, u, _| (d.below(4) + u as u64 % 3) as i64 + 1),
        ("millions", |d, _, _| d.below(2_000_001) as i64 - 1_000_000),
        ("a large offset", |d, _, _| {
            d.below(2) as i64 + 1_000_000_000_000
        }),
        ("1e12", |d, _, _| {
            d.below(2_000_000_000_001) as i64 - 1_000_000_000_000
        }),
        ("constant columns", |d, _, q| {
            if q % 2 == 0 { 3 } else { d.below(2) as i64 }
        }),
        // Columns repeat, so sets tie by the dozen; and opposites make X = 0.
        ("duplicates", |_, u, q| (u * 7 % 5 + u * (q % 3)) as i64 % 4),
        ("opposites", |_, u, q| {
            let x = (u * u % 7) as i64;
            if q % 2 == 0 { x } else { -x }
        }),
        ("nobody differs", |_, _, q| q as i64),
    ]
}

#[test]
fn complete_tables_agree_with_the_oracle() {
    for (users, questions) in [(9, 6), (33, 5), (20, 9), (3, 11)] {
        for (name, score) in shapes() {
            let mut draw = Draw(0x9e37_79b9_7f4a_7c15 ^ users as u64);
            let matrix = integers(users, questions, |u, q| Some(score(&mut draw, u, q)));
            grid(gram::Regime::Complete, name, &matrix);
        }
    }
}

#[test]
fn complete_but_for_unanswered_questions_and_absent_users() {
    let mut draw = Draw(77);
    let matrix = integers(14, 8, |u, q| {
        (q % 3 != 1 && u % 5 != 2).then(|| draw.below(3) as i64)
    });
    grid(gram::Regime::Complete, "unanswered questions", &matrix);
}

/// Score shapes whose sums stay below 2^53, as patterns and gaps need; with `widest`, the largest
/// scores still do and their products do not.
fn narrow_shapes(widest: Shape) -> Vec<(&'static str, Shape)> {
    let too_wide = ["millions", "a large offset", "1e12"];
    let mut out = shapes();
    out.retain(|(name, _)| !too_wide.contains(name));
    out.push(("wide", widest));
    out
}

/// Products of these leave 2^53 in the tables below.
fn hundred_thousands(draw: &mut Draw, _: usize, _: usize) -> i64 {
    draw.below(600_001) as i64 - 300_000
}

fn ten_thousands(draw: &mut Draw, _: usize, _: usize) -> i64 {
    draw.below(40_001) as i64 - 20_000
}

#[test]
fn booklets_agree_with_the_oracle() {
    for (name, score) in narrow_shapes(hundred_thousands) {
        let mut draw = Draw(91);
        // Four booklets; a user answers two neighbours.
        let matrix = integers(31, 8, |u, q| {
            (q % 4 == u % 4 || q % 4 == (u + 1) % 4).then(|| score(&mut draw, u, q))
        });
        grid(gram::Regime::Patterns, name, &matrix);
    }
}

#[test]
fn patterns_of_any_kind_agree_with_the_oracle() {
    for (share, users, questions) in [(3, 25, 7), (8, 25, 7), (10, 12, 5)] {
        for (name, score) in narrow_shapes(hundred_thousands) {
            let mut draw = Draw(1234 + share);
            let matrix = integers(users, questions, |u, q| {
                let score = score(&mut draw, u, q);
                (draw.below(10) < share).then_some(score)
            });
            grid(gram::Regime::Patterns, name, &matrix);
        }
    }
}

#[test]
fn few_gaps_agree_with_the_oracle() {
    // From one answer missing to as many as are there: exact whatever is missing.
    for (missing, users, questions) in [(1, 31, 8), (3, 31, 8), (12, 18, 5), (5, 14, 9)] {
        for (name, score) in narrow_shapes(ten_thousands) {
            let mut draw = Draw(4321 + missing);
            let matrix = integers(users, questions, |u, q| {
                let score = score(&mut draw, u, q);
                (draw.below(20) >= missing).then_some(score)
            });
            grid(gram::Regime::Gaps, name, &matrix);
        }
    }
}

#[test]
fn ones_and_twos_agree_with_the_oracle() {
    // From every answer to one in ten; with the widest scores in 128 bits.
    for (share, users, questions) in [(10, 21, 9), (7, 31, 8), (3, 40, 9), (1, 60, 6)] {
        for (name, score) in shapes() {
            let mut draw = Draw(777 + share);
            let matrix = integers(users, questions, |u, q| {
                let score = score(&mut draw, u, q);
                (draw.below(10) < share).then_some(score)
            });
            grid(gram::Regime::Cross, name, &matrix);
        }
    }
}

#[test]
fn a_fault_fails_the_audit() {
    let mut draw = Draw(5);
    let matrix = integers(12, 7, |_, _| Some(draw.below(2) as i64));
    let query = ask(&matrix, 4, 3, 2);
    let faults: [fn(&mut Findings); 3] = [
        |f| f.visited.sets += 1,
        |f| f.visited.six.saa += 1,
        |f| f.visited.six.sag.0 ^= 1 << 63,
    ];
    for fault in faults {
        for engine in Forced::all(gram::Regime::Complete) {
            let engine = faulty(&engine.engine, |inner, _, part, watch| {
                let mut found = inner.search(part, watch)?;
                fault(&mut found);
                Ok(found)
            });
            let outcome = query.run(&engine, &Watch::new());
            assert!(matches!(outcome, Err(SearchError::Audit(_))));
        }
    }
}

#[test]
fn a_stopped_search_says_so() {
    let mut draw = Draw(5);
    let matrix = integers(12, 9, |_, _| Some(draw.below(2) as i64));
    for engine in gram::Regime::ALL.into_iter().flat_map(Forced::all) {
        let k = if engine.regime == gram::Regime::Cross {
            2
        } else {
            4
        };
        let query = ask(&matrix, k, 3, 2);
        let watch = Watch::new();
        watch.stop();
        let findings = query.find(&engine.engine, &watch);
        assert!(matches!(findings, Err(EngineError::Stopped)));
    }
}
