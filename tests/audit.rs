//! The audit and the agreement checks catch planted faults, and the audit's closed form is the sum
//! over the sets.
//!
//! A check that nothing can fail proves nothing: each fault here must be refused.

use crate::agreement::{Effort, Refuses, Subject, Truth, agree, engines, oracle_all};
use crate::asked::{Aim, ask, faulty};
use crate::tables::{self, Table};
use kcorrset::combin::{binomial, unrank};
use kcorrset::engine::{Engine, EngineError, Findings, Part, Prepared, Query, Watch};
use kcorrset::matrix::ResponseMatrix;
use kcorrset::search::{self, SearchError};
use kcorrset::stats::{AuditSums, Basis, NO_FLOOR, Six, Sums};
use kcorrset::top::{Candidate, Top};
use std::ops::Range;

/// Right and plain: every set from the bitsets. Faults are planted around it.
struct Plain;

impl Engine for Plain {
    fn name(&self) -> &'static str {
        "plain"
    }

    fn devices(&self) -> Vec<String> {
        Vec::new()
    }

    fn open<'q>(&'q self, query: &'q Query<'q>) -> Result<Box<dyn Prepared + 'q>, EngineError> {
        Ok(Box::new(PlainOver(query)))
    }
}

struct PlainOver<'q>(&'q Query<'q>);

impl Prepared for PlainOver<'_> {
    fn search(&self, part: &Part, watch: &Watch) -> Result<Findings, EngineError> {
        let Self(query) = self;
        if watch.stopped() {
            return Err(EngineError::Stopped);
        }
        let mut top = Top::new(query.top());
        let mut visited = AuditSums::default();
        let mut defined = 0;
        for rank in part.ranks().unwrap() {
            let set = query.space().unrank(rank).unwrap();
            let sums = Sums::of_set(query.table(), &set);
            visited.add_set(&sums);
            if let Some(candidate) = query.candidate(&set, sums) {
                defined += 1;
                top.push(candidate);
            }
        }
        watch.advance(part.sets().unwrap());
        watch.raise_floor(top.floor());
        Ok(Findings {
            best: top.into_sorted(),
            visited,
            defined: Some(defined),
            ..Findings::default()
        })
    }
}

/// The right findings of `parts` of the ranks, added up.
fn over(
    inner: &dyn Prepared,
    query: &Query<'_>,
    watch: &Watch,
    parts: &[Range<u128>],
) -> Result<Findings, EngineError> {
    let mut all = Findings::default();
    for Range { start, end } in parts.iter().filter(|part| !part.is_empty()).cloned() {
        let part = query.space().part(start, Some(end - start)).unwrap();
        let found = inner.search(&part, watch)?;
        all.visited += found.visited;
        all.best.extend(found.best);
    }
    all.best.sort_by(|a, b| b.cmp(a));
    all.best.dedup();
    all.best.truncate(query.top());
    Ok(all)
}

/// Tables and a K for each.
fn small_tables() -> Vec<(Table, usize)> {
    vec![
        (tables::wide(7), 3),
        (tables::scores().remove(0), 2),
        (tables::scores().remove(4), 4),
        (tables::patterns().remove(16), 2),
        (tables::ties().remove(0), 3),
    ]
}

/// The small tables that `subject` takes, at least one.
fn tables_for(subject: &Subject) -> Vec<(Table, usize)> {
    let mut tables = small_tables();
    tables.retain(|(table, k)| subject.takes(ask(&table.matrix, *k, 1, 2)));
    assert!(!tables.is_empty(), "{}", subject.name);
    tables
}

/// [`Plain`] among the engines.
fn plain() -> Subject {
    Subject {
        name: "plain".to_owned(),
        engine: Box::new(Plain),
        effort: Effort::Full,
        most_sets: u128::MAX,
        refuses: Refuses::Nothing,
        regime: None,
    }
}

/// Panics unless the audit refuses `engine`.
fn must_fail_the_audit(engine: &dyn Engine, matrix: &ResponseMatrix, k: usize, fault: &str) {
    let query = ask(matrix, k, 5, 2);
    match query.run(engine, &Watch::new()) {
        Err(SearchError::Audit(_)) => {}
        other => panic!("{fault} passed: {other:?}"),
    }
}

/// Panics unless the audit passes.
fn must_pass_the_audit(engine: &dyn Engine, matrix: &ResponseMatrix, k: usize, named: &str) {
    let query = ask(matrix, k, 5, 2);
    if let Err(error) = query.run(engine, &Watch::new()) {
        panic!("{named}: {error}");
    }
}

#[test]
fn the_audit_catches_lost_and_doubled_sets() {
    for (Table { name, matrix }, k) in small_tables() {
        let total = binomial(matrix.questions().len() as u64, k as u64).unwrap();
        let visit = |parts: Vec<Range<u128>>| {
            faulty(&Plain, move |inner, query, _, watch| {
                over(inner, query, watch, &parts)
            })
        };
        let middle = total / 2;
        must_pass_the_audit(&visit(vec![0..middle, middle..total]), &matrix, k, &name);
        for rank in [0, 1, middle, total - 2, total - 1] {
            let dropped = visit(vec![0..rank, rank + 1..total]);
            must_fail_the_audit(&dropped, &matrix, k, &format!("{name}: {rank} dropped"));
            let doubled = visit(vec![0..rank + 1, rank..total]);
            must_fail_the_audit(&doubled, &matrix, k, &format!("{name}: {rank} doubled"));
        }
        let chunk = visit(vec![0..total, middle..middle + 3]);
        must_fail_the_audit(&chunk, &matrix, k, &format!("{name}: a chunk doubled"));
        // The number of sets stays right: only the sums can tell.
        let replaced = visit(vec![0..middle, middle + 1..total, total - 1..total]);
        must_fail_the_audit(&replaced, &matrix, k, &format!("{name}: a set replaced"));
    }
}

/// Whatever an engine's basis is: its findings over fewer ranks are not those of all.
#[test]
fn the_audit_catches_an_engine_that_stops_short() {
    for subject in engines() {
        let Subject {
            name: of, engine, ..
        } = &subject;
        for (Table { name, matrix }, k) in tables_for(&subject) {
            must_pass_the_audit(&**engine, &matrix, k, &format!("{of}, {name}"));
            for (skip, short) in [(0, 1), (1, 0), (0, 4)] {
                let shorter = faulty(&**engine, |inner, query, part, watch| {
                    let limit = part.sets().unwrap() - skip - short;
                    inner.search(&query.space().part(skip, Some(limit)).unwrap(), watch)
                });
                let fault = format!("{of}, {name}: from {skip}, {short} short");
                must_fail_the_audit(&shorter, &matrix, k, &fault);
            }
            let nothing = faulty(&**engine, |inner, _, part, watch| {
                let mut found = inner.search(part, watch)?;
                (found.visited, found.excluded) = Default::default();
                Ok(found)
            });
            must_fail_the_audit(&nothing, &matrix, k, &format!("{of}, {name}: nothing seen"));
        }
    }
}

#[test]
fn the_audit_catches_every_flipped_bit() {
    for subject in engines().into_iter().chain([plain()]) {
        let inner = &*subject.engine;
        let (Table { matrix, .. }, k) = tables_for(&subject).remove(0);
        let query = ask(&matrix, k, 5, 2);
        let right = query.find(inner, &Watch::new()).unwrap();
        for field in 0..7 {
            for bit in 0..if field == 6 { 128 } else { 64 } {
                let flipped = faulty(inner, |_, _, _, _| {
                    let mut found = right.clone();
                    let seen = &mut found.visited;
                    let mut six = seen.six.to_array();
                    match six.get_mut(field) {
                        Some(sum) => sum.0 ^= 1 << bit,
                        None => seen.sets ^= 1 << bit,
                    }
                    seen.six = Six::from_array(six);
                    Ok(found)
                });
                let named = format!("{}: bit {bit} of sum {field}", subject.name);
                must_fail_the_audit(&flipped, &matrix, k, &named);
            }
        }
    }
}

#[test]
fn the_audit_catches_a_wrong_basis() {
    for subject in engines().into_iter().chain([plain()]) {
        let inner = &*subject.engine;
        for (Table { name, matrix }, k) in tables_for(&subject) {
            let questions = matrix.questions().len();
            let shifted = |by_total: i64, question: usize, by_score: i64| {
                faulty(inner, move |inner, _, part, watch| {
                    let mut found = inner.search(part, watch)?;
                    found.basis.total += by_total;
                    found.basis.scores.resize(questions, 0);
                    found.basis.scores[question] += by_score;
                    Ok(found)
                })
            };
            let named = format!("{}, {name}", subject.name);
            must_pass_the_audit(&shifted(0, 0, 0), &matrix, k, &named);
            for (total, score) in [(1, 0), (-1, 0), (0, 1), (0, -1), (1, 1)] {
                for question in [0, questions - 1] {
                    let fault = format!("{named}: basis off by {total}, {score}");
                    must_fail_the_audit(&shifted(total, question, score), &matrix, k, &fault);
                }
            }
        }
    }
}

#[test]
fn the_closed_form_is_the_sum_over_the_sets_of_every_range() {
    let narrow = tables::cells(9, 5, |u, q| {
        ((u * 7 + q * 3) % 4 != 0)
            .then(|| tables::whole((u * q) as i64 % 5 - 2))
            .flatten()
    });
    // Squares and products of these wrap at 2^64.
    let wide = tables::cells(6, 5, |u, q| {
        ((u + q) % 5 != 0)
            .then(|| tables::whole((u as i64 - 3) * 1_000_000_007 * (q as i64 + 2) * 321))
            .flatten()
    });
    let bases = [
        Basis::default(),
        Basis {
            scores: vec![3, -1, 0, 1_000_000, 7],
            ..Basis::default()
        },
        Basis {
            total: -12,
            ..Basis::default()
        },
        Basis {
            scores: vec![1, 2, 3, 4, -5_000_000_000],
            total: 77_777_777_777,
            ..Basis::default()
        },
        Basis {
            scores: vec![1, 2, 3, 4, -5_000_000_000],
            total: 77_777_777_777,
            score_step: 2,
            total_step: 30,
        },
    ];
    for matrix in [narrow, wide] {
        for k in 1..=5 {
            let total = binomial(5, k as u64).unwrap();
            for basis in &bases {
                let each: Vec<AuditSums> = (0..total)
                    .map(|rank| by_hand(&matrix, &unrank(5, k, rank).unwrap(), basis))
                    .collect();
                for start in 0..total {
                    for end in start..=total {
                        let asked = ask(&matrix, k, 1, 2).ranks(start, Some(end - start));
                        let mut sums = AuditSums::default();
                        for one in &each[start as usize..end as usize] {
                            sums += *one;
                        }
                        let expected = search::expected(&asked.query, &asked.part, basis);
                        assert_eq!(expected, sums, "k {k}, {start}..{end}, {basis:?}");
                    }
                }
            }
        }
    }
}

/// The nearest number of steps of 2^`step`, the higher of two.
fn nearest(value: i64, step: u32) -> i64 {
    let step = 1_i64 << step;
    (value + step / 2).div_euclid(step)
}

/// What one set adds, user by user.
fn by_hand(matrix: &ResponseMatrix, set: &[usize], basis: &Basis) -> AuditSums {
    let mut sums = Sums::default();
    for user in 0..matrix.users().len() {
        let shift = |q: usize| basis.scores.get(q).copied().unwrap_or(0);
        let scores: Vec<i64> = matrix
            .row(user)
            .filter(|(q, _)| set.contains(q))
            .map(|(q, score)| nearest(score - shift(q), basis.score_step))
            .collect();
        if scores.len() == set.len() {
            let (a, g) = (
                scores.iter().sum::<i64>(),
                nearest(matrix.totals()[user] - basis.total, basis.total_step),
            );
            sums += Sums::of_user(a.into(), g.into());
        }
    }
    let mut audit = AuditSums::default();
    audit.add_set(&sums);
    audit
}

/// A table with ties and undefined sets, and room for every fault below.
fn tied() -> Table {
    tables::ties().remove(1)
}

fn off_by_one(sums: &Sums, field: usize) -> Sums {
    let mut sums = *sums;
    match field {
        0 => sums.n += 1,
        1 => sums.sa += 1,
        2 => sums.sg -= 1,
        3 => sums.saa += 1,
        4 => sums.sgg += 1,
        _ => sums.sag -= 1,
    }
    sums
}

/// Runs `fault`, which no audit can see, past the agreement checks; gives what they said.
fn caught<F>(fault: F) -> String
where
    F: Fn(&mut Findings, &Query<'_>, &Part, &Watch) + Sync,
{
    let Table { matrix, .. } = tied();
    let aim = Aim::default();
    let truth = Truth::new(&matrix, &aim, 2, &oracle_all(&matrix, &aim, 3));
    let engine = faulty(&Plain, |inner, query, part, watch| {
        let mut found = inner.search(part, watch)?;
        fault(&mut found, query, part, watch);
        Ok(found)
    });
    agree(&engine, &truth, Effort::Full).expect_err("the planted fault passed")
}

#[test]
fn agreement_passes_what_is_right() {
    let Table { matrix, .. } = tied();
    for k in 1..=matrix.questions().len() {
        for truth in Truth::both(&matrix, &Aim::default(), k) {
            agree(&Plain, &truth, Effort::Full).unwrap();
            agree(&Plain, &truth, Effort::Brief).unwrap();
        }
    }
}

#[test]
fn agreement_catches_a_lost_set() {
    for lost in [0, 1, 2, 9] {
        let what = caught(|found, _, _, _| {
            if found.best.len() > lost {
                found.best.remove(lost);
            }
        });
        assert!(what.contains("missing"), "{what}");
    }
    let last = caught(|found, _, _, _| {
        found.best.pop();
    });
    assert!(last.contains("missing"), "{last}");
}

#[test]
fn agreement_catches_swapped_ties() {
    let what = caught(|found, _, _, _| {
        let tie = found
            .best
            .windows(2)
            .position(|pair| pair[0].correlation() == pair[1].correlation());
        if let Some(at) = tie {
            found.best.swap(at, at + 1);
        }
    });
    assert!(what.contains("out of order"), "{what}");
}

#[test]
fn agreement_catches_ties_decided_by_the_larger_set() {
    let what = caught(|found, query, _, _| {
        if query.top() == 1
            && let Some(best) = found.best.first_mut()
        {
            // Columns repeat every 3 questions: the same set, three questions on, ties.
            let set = best.set().iter().map(|q| q + 3).collect();
            *best = Candidate::new(query.ranking(), query.min_users(), set, *best.sums()).unwrap();
        }
    });
    assert!(what.contains("missing"), "{what}");
}

#[test]
fn agreement_catches_wrong_sums() {
    for field in 0..6 {
        let what = caught(|found, query, _, _| {
            if let Some(best) = found.best.last_mut() {
                let sums = off_by_one(best.sums(), field);
                if let Some(other) = query.candidate(best.set(), sums) {
                    *best = other;
                }
            }
        });
        assert!(what.contains("sums of"), "{what}");
    }
}

#[test]
fn agreement_catches_too_many_and_repeated_sets() {
    let what = caught(|found, query, _, _| {
        if found.best.len() == query.top() {
            found.best.extend(found.best.last().cloned());
        }
    });
    assert!(what.contains("too many"), "{what}");
    let what = caught(|found, query, _, _| {
        if found.best.len() < query.top() {
            found.best.extend(found.best.last().cloned());
        }
    });
    assert!(what.contains("out of order"), "{what}");
}

#[test]
fn agreement_catches_an_undefined_set() {
    let what = caught(|found, query, _, _| {
        if found.best.len() < query.top() {
            // A set that has no correlation in the table, with sums that have one.
            let sums = found.best.first().map(|best| *best.sums());
            let set = vec![0, 3, 900];
            found
                .best
                .extend(sums.and_then(|sums| Candidate::new(query.ranking(), 2, set, sums)));
        }
    });
    assert!(what.contains("no correlation"), "{what}");
}

#[test]
fn agreement_catches_floors_that_discard_too_much() {
    // A discard of sets at the floor itself.
    let what = caught(|found, _, _, watch| {
        let floor = watch.floor();
        if found.best.len() > 1 && floor != NO_FLOOR {
            found.best.retain(|set| set.correlation().r() > floor);
        }
    });
    assert!(what.contains("missing"), "{what}");
    // A discard of what single precision cannot tell from the floor.
    let what = caught(|found, query, _, watch| {
        let floor = watch.floor();
        if found.best.len() < query.top() && floor != NO_FLOOR {
            found
                .best
                .retain(|set| set.correlation().r() as f32 > floor as f32);
        }
    });
    assert!(what.contains("missing"), "{what}");
    // A discard by the square of r, which forgets the sign.
    let what = caught(|found, query, _, watch| {
        let floor = watch.floor();
        if found.best.len() < query.top() && floor != NO_FLOOR {
            found
                .best
                .retain(|set| set.correlation().r().powi(2) >= floor.powi(2));
        }
    });
    assert!(what.contains("missing"), "{what}");
    // A shared floor above what the N best reach.
    let what = caught(|found, _, _, watch| {
        if let Some(worst) = found.best.last() {
            watch.raise_floor(worst.correlation().r().next_up());
        }
    });
    assert!(what.contains("floor was raised too high"), "{what}");
}

#[test]
fn agreement_catches_wrong_counts() {
    let what = caught(|found, _, _, _| found.defined = found.defined.map(|count| count + 1));
    assert!(what.contains("defined"), "{what}");
    let what = caught(|_, _, _, watch| watch.advance(1));
    assert!(what.contains("progress"), "{what}");
}

#[test]
fn agreement_catches_sets_outside_the_ranks() {
    let what = caught(|found, query, part, _| {
        if part.ranks().unwrap().start > 0 && found.best.len() < query.top() {
            let matrix = tied().matrix;
            let whole = ask(&matrix, query.k(), query.top(), 2);
            found.best = whole.find(&Plain, &Watch::new()).unwrap().best;
        }
    });
    assert!(what.contains("outside the ranks"), "{what}");
}

#[test]
fn agreement_catches_an_audit_failure() {
    let what = caught(|found, _, _, _| found.visited.six.sag.0 ^= 1 << 63);
    assert!(what.contains("audit failed"), "{what}");
}
