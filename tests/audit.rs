//! The audit and the agreement checks catch planted faults, and the audit's closed form is the sum
//! over the sets.
//!
//! A check that nothing can fail proves nothing: each fault here must be refused.

use crate::agreement::{Effort, Refuses, Subject, Truth, agree, engines, oracle_all};
use crate::tables::{self, Table};
use kcorrset::combin::{binomial, unrank};
use kcorrset::engine::{Engine, EngineError, Findings, Query, Watch};
use kcorrset::matrix::ResponseMatrix;
use kcorrset::search::{self, SearchError};
use kcorrset::stats::{AuditSums, Basis, Sums};
use kcorrset::top::{Candidate, NO_FLOOR, Top};
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

    fn search(
        &self,
        matrix: &ResponseMatrix,
        query: &Query,
        watch: &Watch,
    ) -> Result<Findings, EngineError> {
        if watch.stopped() {
            return Err(EngineError::Stopped);
        }
        let mut top = Top::new(query.top());
        let mut seen = AuditSums::default();
        let mut defined = 0;
        for rank in query.ranks() {
            let set = unrank(matrix.questions().len(), query.k(), rank).unwrap();
            let sums = Sums::of_set(matrix, &set);
            seen.add_set(&sums);
            if let Some(candidate) = Candidate::new(set, sums, query.min_users()) {
                defined += 1;
                top.push(candidate);
            }
        }
        watch.advance(query.ranks().end - query.ranks().start);
        watch.raise_floor(top.floor());
        Ok(Findings {
            best: top.into_sorted(),
            seen,
            basis: Basis::default(),
            defined: Some(defined),
        })
    }
}

/// An engine whose findings go through `fault`.
struct Faulty<'a, F> {
    inner: &'a dyn Engine,
    fault: F,
}

impl<F> Engine for Faulty<'_, F>
where
    F: Fn(&dyn Engine, &ResponseMatrix, &Query, &Watch) -> Result<Findings, EngineError> + Sync,
{
    fn name(&self) -> &'static str {
        "faulty"
    }

    fn devices(&self) -> Vec<String> {
        Vec::new()
    }

    fn search(
        &self,
        matrix: &ResponseMatrix,
        query: &Query,
        watch: &Watch,
    ) -> Result<Findings, EngineError> {
        (self.fault)(self.inner, matrix, query, watch)
    }
}

/// The wrapper's type is what lets closures of references be inferred.
fn faulty<F>(inner: &dyn Engine, fault: F) -> Faulty<'_, F>
where
    F: Fn(&dyn Engine, &ResponseMatrix, &Query, &Watch) -> Result<Findings, EngineError> + Sync,
{
    Faulty { inner, fault }
}

/// The right findings of `parts` of the ranks, added up.
fn over(
    matrix: &ResponseMatrix,
    query: &Query,
    watch: &Watch,
    parts: &[Range<u128>],
) -> Result<Findings, EngineError> {
    let mut together: Option<Findings> = None;
    for Range { start, end } in parts.iter().filter(|part| !part.is_empty()).cloned() {
        let part = query.clone().with_ranks(start, Some(end - start)).unwrap();
        let found = Plain.search(matrix, &part, watch)?;
        match &mut together {
            None => together = Some(found),
            Some(all) => {
                all.seen += found.seen;
                all.best.extend(found.best);
            }
        }
    }
    let mut all = together.unwrap();
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
    tables.retain(|(table, k)| subject.takes(&table.matrix, *k, 2));
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
    }
}

/// Panics unless the audit refuses `engine`.
fn must_fail_the_audit(engine: &dyn Engine, matrix: &ResponseMatrix, k: usize, fault: &str) {
    let query = Query::new(matrix, k, 5, 2).unwrap();
    match search::run(engine, matrix, &query, &Watch::new()) {
        Err(SearchError::Audit(_)) => {}
        other => panic!("{fault} passed: {other:?}"),
    }
}

/// Panics unless the audit passes.
fn must_pass_the_audit(engine: &dyn Engine, matrix: &ResponseMatrix, k: usize, named: &str) {
    let query = Query::new(matrix, k, 5, 2).unwrap();
    if let Err(error) = search::run(engine, matrix, &query, &Watch::new()) {
        panic!("{named}: {error}");
    }
}

#[test]
fn the_audit_catches_lost_and_doubled_sets() {
    for (Table { name, matrix }, k) in small_tables() {
        let total = binomial(matrix.questions().len() as u64, k as u64).unwrap();
        let visit = |parts: Vec<Range<u128>>| {
            faulty(&Plain, move |_, matrix, query, watch| {
                over(matrix, query, watch, &parts)
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
                let shorter = faulty(&**engine, |inner, matrix, query, watch| {
                    let limit = query.total() - skip - short;
                    let part = query.clone().with_ranks(skip, Some(limit)).unwrap();
                    inner.search(matrix, &part, watch)
                });
                let fault = format!("{of}, {name}: from {skip}, {short} short");
                must_fail_the_audit(&shorter, &matrix, k, &fault);
            }
            let nothing = faulty(&**engine, |inner, matrix, query, watch| {
                let mut found = inner.search(matrix, query, watch)?;
                found.seen = AuditSums::default();
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
        let query = Query::new(&matrix, k, 5, 2).unwrap();
        let right = inner.search(&matrix, &query, &Watch::new()).unwrap();
        for field in 0..7 {
            for bit in 0..if field == 6 { 128 } else { 64 } {
                let flipped = faulty(inner, |_, _, _, _| {
                    let mut found = right.clone();
                    let seen = &mut found.seen;
                    let sums = [
                        &mut seen.n,
                        &mut seen.sa,
                        &mut seen.sg,
                        &mut seen.saa,
                        &mut seen.sgg,
                        &mut seen.sag,
                    ];
                    match sums.into_iter().nth(field) {
                        Some(sum) => *sum ^= 1 << bit,
                        None => seen.sets ^= 1 << bit,
                    }
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
                faulty(inner, move |inner, matrix, query, watch| {
                    let mut found = inner.search(matrix, query, watch)?;
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
            total: 0,
        },
        Basis {
            scores: Vec::new(),
            total: -12,
        },
        Basis {
            scores: vec![1, 2, 3, 4, -5_000_000_000],
            total: 77_777_777_777,
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
                        let query = Query::new(&matrix, k, 1, 2)
                            .and_then(|query| query.with_ranks(start, Some(end - start)))
                            .unwrap();
                        let mut sums = AuditSums::default();
                        for one in &each[start as usize..end as usize] {
                            sums += *one;
                        }
                        let expected = search::expected(&matrix, &query, basis);
                        assert_eq!(expected, sums, "k {k}, {start}..{end}, {basis:?}");
                    }
                }
            }
        }
    }
}

/// What one set adds, user by user.
fn by_hand(matrix: &ResponseMatrix, set: &[usize], basis: &Basis) -> AuditSums {
    let mut sums = Sums::default();
    for user in 0..matrix.users().len() {
        let shift = |q: usize| basis.scores.get(q).copied().unwrap_or(0);
        let scores: Vec<i64> = matrix
            .row(user)
            .filter(|(q, _)| set.contains(q))
            .map(|(q, score)| score - shift(q))
            .collect();
        if scores.len() == set.len() {
            sums += Sums::of_user(scores.iter().sum(), matrix.totals()[user] - basis.total);
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
    F: Fn(&mut Findings, &Query, &Watch) + Sync,
{
    let Table { matrix, .. } = tied();
    let truth = Truth::new(&matrix, 2, &oracle_all(&matrix, 3));
    let engine = faulty(&Plain, |inner, matrix, query, watch| {
        let mut found = inner.search(matrix, query, watch)?;
        fault(&mut found, query, watch);
        Ok(found)
    });
    agree(&engine, &truth, Effort::Full).expect_err("the planted fault passed")
}

#[test]
fn agreement_passes_what_is_right() {
    let Table { matrix, .. } = tied();
    for k in 1..=matrix.questions().len() {
        for truth in Truth::both(&matrix, k) {
            agree(&Plain, &truth, Effort::Full).unwrap();
            agree(&Plain, &truth, Effort::Brief).unwrap();
        }
    }
}

#[test]
fn agreement_catches_a_lost_set() {
    for lost in [0, 1, 2, 9] {
        let what = caught(|found, _, _| {
            if found.best.len() > lost {
                found.best.remove(lost);
            }
        });
        assert!(what.contains("missing"), "{what}");
    }
    let last = caught(|found, _, _| {
        found.best.pop();
    });
    assert!(last.contains("missing"), "{last}");
}

#[test]
fn agreement_catches_swapped_ties() {
    let what = caught(|found, _, _| {
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
    let what = caught(|found, query, _| {
        if query.top() == 1
            && let Some(best) = found.best.first_mut()
        {
            // Columns repeat every 3 questions: the same set, three questions on, ties.
            let set = best.set().iter().map(|q| q + 3).collect();
            *best = Candidate::new(set, *best.sums(), query.min_users()).unwrap();
        }
    });
    assert!(what.contains("missing"), "{what}");
}

#[test]
fn agreement_catches_wrong_sums() {
    for field in 0..6 {
        let what = caught(|found, query, _| {
            if let Some(best) = found.best.last_mut() {
                let sums = off_by_one(best.sums(), field);
                if let Some(other) = Candidate::new(best.set().to_vec(), sums, query.min_users()) {
                    *best = other;
                }
            }
        });
        assert!(what.contains("sums of"), "{what}");
    }
}

#[test]
fn agreement_catches_too_many_and_repeated_sets() {
    let what = caught(|found, query, _| {
        if found.best.len() == query.top() {
            found.best.extend(found.best.last().cloned());
        }
    });
    assert!(what.contains("too many"), "{what}");
    let what = caught(|found, query, _| {
        if found.best.len() < query.top() {
            found.best.extend(found.best.last().cloned());
        }
    });
    assert!(what.contains("out of order"), "{what}");
}

#[test]
fn agreement_catches_an_undefined_set() {
    let what = caught(|found, query, _| {
        if found.best.len() < query.top() {
            // A set that has no correlation in the table, with sums that have one.
            let sums = found.best.first().map(|best| *best.sums());
            let set = vec![0, 3, 900];
            found
                .best
                .extend(sums.and_then(|sums| Candidate::new(set, sums, 2)));
        }
    });
    assert!(what.contains("no correlation"), "{what}");
}

#[test]
fn agreement_catches_floors_that_discard_too_much() {
    // A discard of sets at the floor itself.
    let what = caught(|found, _, watch| {
        let floor = watch.floor();
        if found.best.len() > 1 && floor != NO_FLOOR {
            found.best.retain(|set| set.correlation().r() > floor);
        }
    });
    assert!(what.contains("missing"), "{what}");
    // A discard of what single precision cannot tell from the floor.
    let what = caught(|found, query, watch| {
        let floor = watch.floor();
        if found.best.len() < query.top() && floor != NO_FLOOR {
            found
                .best
                .retain(|set| set.correlation().r() as f32 > floor as f32);
        }
    });
    assert!(what.contains("missing"), "{what}");
    // A discard by the square of r, which forgets the sign.
    let what = caught(|found, query, watch| {
        let floor = watch.floor();
        if found.best.len() < query.top() && floor != NO_FLOOR {
            found
                .best
                .retain(|set| set.correlation().r().powi(2) >= floor.powi(2));
        }
    });
    assert!(what.contains("missing"), "{what}");
    // A shared floor above what the N best reach.
    let what = caught(|found, _, watch| {
        if let Some(worst) = found.best.last() {
            watch.raise_floor(worst.correlation().r().next_up());
        }
    });
    assert!(what.contains("floor was raised too high"), "{what}");
}

#[test]
fn agreement_catches_wrong_counts() {
    let what = caught(|found, _, _| found.defined = found.defined.map(|count| count + 1));
    assert!(what.contains("defined"), "{what}");
    let what = caught(|_, _, watch| watch.advance(1));
    assert!(what.contains("progress"), "{what}");
}

#[test]
fn agreement_catches_sets_outside_the_ranks() {
    let what = caught(|found, query, _| {
        if query.ranks().start > 0 && found.best.len() < query.top() {
            let matrix = tied().matrix;
            let whole = Query::new(&matrix, query.k(), query.top(), 2).unwrap();
            found.best = Plain.search(&matrix, &whole, &Watch::new()).unwrap().best;
        }
    });
    assert!(what.contains("outside the ranks"), "{what}");
}

#[test]
fn agreement_catches_an_audit_failure() {
    let what = caught(|found, _, _| found.seen.sag ^= 1 << 63);
    assert!(what.contains("audit failed"), "{what}");
}
