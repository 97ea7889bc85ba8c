//! An engine against the definition, on random sets and on whole random chunks.

use super::super::exit::Stopped;
use super::super::question::Question;
use super::super::stop::Stop;
use super::verdict::Verdict;
use anyhow::{Context, bail};
use kcorrset::combin::successor;
use kcorrset::engine::reference::{self, Entry};
use kcorrset::engine::{Engine, EngineError, Part, Query, QueryError, oracle};
use kcorrset::matrix::ResponseMatrix;
use kcorrset::report::{count, sets};
use kcorrset::search::{self, Outcome, SearchError};
use kcorrset::top::Candidate;
use rand::RngExt;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use std::ops::Range;

/// Differences named for one range; the rest is counted.
const NAMED: usize = 10;

/// A chunk is searched for all of its sets, and for so few that discards come into play.
const FEW: usize = 10;

/// What to compare.
pub struct Plan {
    /// K.
    pub k: usize,
    /// As for a search.
    pub min_users: u64,
    /// Random sets.
    pub sample: usize,
    /// Random chunks.
    pub chunks: usize,
    /// Sets in a chunk, if given.
    pub chunk_sets: Option<usize>,
    /// Decides the draws.
    pub seed: u64,
}

impl Plan {
    /// What can be refused before a table is read.
    pub fn check(&self) -> anyhow::Result<()> {
        QueryError::check(self.k, 1, self.min_users)?;
        if self.chunk_sets == Some(0) {
            bail!("--chunk-sets 0: a chunk needs at least one set");
        }
        if self.sample == 0 && self.chunks == 0 {
            bail!("--sample 0 --chunks 0: there is nothing to compare");
        }
        Ok(())
    }

    /// What is asked of the engine.
    pub fn query<'q>(&self, question: &'q Question, top: usize) -> Result<Query<'q>, QueryError> {
        question.query(self.k, top, self.min_users, None)
    }

    /// Sets in a chunk where none are asked for: up to 2,000, and so few that the oracle, which
    /// reads every answer for every set, reads at most some 200 million a chunk (seconds).
    fn chunk_sets(&self, responses: usize) -> usize {
        let by_work = 200_000_000 / responses.max(1);
        self.chunk_sets.unwrap_or(by_work.clamp(1, 2000))
    }
}

/// Compares `engine` with the definition as planned.
pub fn check(
    plan: &Plan,
    question: &Question,
    engine: &dyn Engine,
    stop: &Stop,
) -> anyhow::Result<Verdict> {
    let one = plan.query(question, 1)?;
    let total = numbers(&one)?;
    let mut rng = ChaCha8Rng::seed_from_u64(plan.seed);
    let mut differences = Vec::new();
    let mut compare = |ranks: Range<u128>, top: usize, oracle: &Oracle| {
        let query = plan.query(question, top)?;
        let sets = ranks.end - ranks.start;
        let part = query.space().part(ranks.start, Some(sets));
        let part = part.context("a rank beyond the last")?;
        let outcome = match search::run(engine, &query, &part, &stop.watch()) {
            Err(SearchError::Engine(EngineError::Stopped)) => return Err(stopped()),
            other => other.with_context(|| format!("ranks {}..{}", ranks.start, ranks.end))?,
        };
        differences.extend(differ(&query, &part, &outcome, oracle));
        Ok(())
    };
    for _ in 0..plan.sample {
        let rank = rng.random_range(0..total);
        let oracle = Oracle::of(&one, rank..rank + 1, stop)?;
        compare(rank..rank + 1, 1, &oracle)?;
    }
    let size = plan.chunk_sets(question.table().responses());
    let size = usize::try_from(total).map_or(size, |total| size.min(total));
    for _ in 0..plan.chunks {
        let start = rng.random_range(0..=total - size as u128);
        let ranks = start..start + size as u128;
        let oracle = Oracle::of(&one, ranks.clone(), stop)?;
        for top in [size, FEW] {
            compare(ranks.clone(), top, &oracle)?;
        }
    }
    Ok(Verdict {
        differences,
        agreed: format!(
            "all agree: {} and {} of {}, {} engine against the definition",
            count(plan.sample as u128, "single set"),
            count(plan.chunks as u128, "chunk"),
            count(size as u128, "set"),
            engine.name()
        ),
    })
}

/// How many sets there are to draw from.
pub fn numbers(query: &Query<'_>) -> anyhow::Result<u128> {
    let space = query.space();
    space.count().with_context(|| {
        format!(
            "--sample draws sets by their numbers, and {} are more than 2^128, which cannot be numbered: give \
             another -k",
            sets(space.size())
        )
    })
}

fn stopped() -> anyhow::Error {
    Stopped("before the comparison was complete".to_owned()).into()
}

/// What the definition says of a range: all defined sets, best first, and counts over all sets.
struct Oracle {
    best: Vec<Entry>,
    sets: u128,
    n: u64,
}

impl Oracle {
    /// The oracle's own enumeration starts at rank 0; this one goes straight to the range.
    fn of(query: &Query<'_>, ranks: Range<u128>, stop: &Stop) -> anyhow::Result<Self> {
        let (matrix, space, rule) = (query.source(), query.space(), oracle::rule(query));
        let mut positions = space
            .unrank(ranks.start)
            .context("a rank beyond the last")?;
        let mut out = Self {
            best: Vec::new(),
            sets: 0,
            n: 0,
        };
        for _ in ranks {
            if stop.asked() {
                return Err(stopped());
            }
            let set = space.set(&positions);
            let sums = reference::sums_of(matrix, &set);
            out.sets += 1;
            out.n = out.n.wrapping_add(sums[0] as u64);
            let allowed = query.quotas().is_none_or(|quotas| quotas.allow(&set));
            let fraction = reference::worth(matrix, &set, &rule).filter(|_| allowed);
            if fraction.is_some() {
                out.best.push(Entry {
                    set,
                    sums,
                    fraction,
                });
            }
            successor(space.order().len(), &mut positions);
        }
        out.best.sort_by(|a, b| match (&a.fraction, &b.fraction) {
            (Some(p), Some(q)) => reference::compare(q, p).then_with(|| a.set.cmp(&b.set)),
            (p, q) => p.is_none().cmp(&q.is_none()),
        });
        Ok(out)
    }
}

/// One line for each difference, at most [`NAMED`] and then how many more.
fn differ(query: &Query<'_>, part: &Part, outcome: &Outcome, oracle: &Oracle) -> Vec<String> {
    let matrix = query.source();
    let mut lines = Vec::new();
    if outcome.audit.sets != oracle.sets {
        let (is, should_be) = (outcome.audit.sets, oracle.sets);
        lines.push(format!("audit: sets is {is}, recomputed {should_be}"));
    }
    let n = outcome.audit.six.n.0;
    if n != oracle.n {
        let (is, should_be) = (n, oracle.n);
        lines.push(format!("audit: n is {is}, recomputed {should_be}"));
    }
    let defined = oracle.best.len() as u128;
    if let Some(is) = outcome.defined.filter(|&is| is != defined) {
        lines.push(format!("sets: defined is {is}, recomputed {defined}"));
    }
    let due = &oracle.best[..oracle.best.len().min(query.top())];
    for i in 0..due.len().max(outcome.best.len()) {
        let (is, should_be) = (outcome.best.get(i), due.get(i));
        if is.map(of_candidate) != should_be.map(of_entry) {
            let is = is.map_or("missing".to_owned(), |c| describe(matrix, of_candidate(c)));
            let due = should_be.map_or("no set".to_owned(), |e| describe(matrix, of_entry(e)));
            lines.push(format!("place {}: {is}, recomputed {due}", i + 1));
        }
    }
    let more = lines.len().saturating_sub(NAMED);
    lines.truncate(NAMED);
    if more > 0 {
        lines.push(format!("and {more} more"));
    }
    let at = match part.ranks() {
        Some(ranks) => format!("ranks {}..{}, top {}", ranks.start, ranks.end, query.top()),
        None => format!("top {}", query.top()),
    };
    lines
        .into_iter()
        .map(|line| format!("{at}: {line}"))
        .collect()
}

type SetAndSums<'a> = (&'a [usize], [i128; 6]);

fn of_candidate(candidate: &Candidate) -> SetAndSums<'_> {
    (candidate.set(), candidate.sums().to_array())
}

fn of_entry(entry: &Entry) -> SetAndSums<'_> {
    (&entry.set, entry.sums)
}

fn describe(matrix: &ResponseMatrix, (set, sums): SetAndSums) -> String {
    let ids: Vec<&str> = set
        .iter()
        .filter_map(|&q| matrix.questions().get(q))
        .map(String::as_str)
        .collect();
    let [n, sa, sg, saa, sgg, sag] = sums;
    format!("{ids:?} with n {n}, Sa {sa}, Sg {sg}, Saa {saa}, Sgg {sgg}, Sag {sag}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use kcorrset::engine::oracle::ReferenceEngine;
    use kcorrset::engine::{Findings, Prepared, Watch};
    use kcorrset::matrix::{Duplicates, MatrixBuilder, Score};
    use kcorrset::stats::{Ranking, Sums};

    fn question() -> Question {
        let mut builder = MatrixBuilder::new();
        // Any scores that vary and repeat; a fifth of the answers is missing.
        for user in 0..9_i64 {
            for question in 0..7_i64 {
                let mantissa = (user * user + 3 * question * user + question) % 4;
                let score = Score {
                    mantissa,
                    digits: 0,
                };
                let answered = (user + 2 * question) % 5 > 0;
                builder
                    .push(
                        &user.to_string(),
                        &question.to_string(),
                        answered.then_some(score),
                        1,
                    )
                    .unwrap();
            }
        }
        Question::plain(builder.finish(Duplicates::Error, "line").unwrap())
    }

    const PLAN: Plan = Plan {
        k: 3,
        min_users: 2,
        sample: 40,
        chunks: 3,
        chunk_sets: Some(20),
        seed: 1,
    };

    /// Right but for what `spoil` does.
    struct Spoilt<F: Fn(&mut Findings) + Sync>(F);

    impl<F: Fn(&mut Findings) + Sync> Engine for Spoilt<F> {
        fn name(&self) -> &'static str {
            "spoilt"
        }

        fn devices(&self) -> Vec<String> {
            Vec::new()
        }

        fn open<'q>(&'q self, query: &'q Query<'q>) -> Result<Box<dyn Prepared + 'q>, EngineError> {
            let right = ReferenceEngine.open(query)?;
            Ok(Box::new(Ready(right, &self.0)))
        }
    }

    struct Ready<'q, F>(Box<dyn Prepared + 'q>, &'q F);

    impl<F: Fn(&mut Findings)> Prepared for Ready<'_, F> {
        fn search(&self, part: &Part, watch: &Watch) -> Result<Findings, EngineError> {
            let mut found = self.0.search(part, watch)?;
            (self.1)(&mut found);
            Ok(found)
        }
    }

    fn with(spoil: impl Fn(&mut Findings) + Sync) -> anyhow::Result<Vec<String>> {
        let found = check(&PLAN, &question(), &Spoilt(spoil), &Stop::default())?;
        Ok(found.differences)
    }

    #[test]
    fn a_right_engine_agrees() {
        assert_eq!(with(|_| {}).unwrap(), Vec::<String>::new());
    }

    #[test]
    fn what_an_engine_gets_wrong_is_named() {
        let lost = with(|found| drop(found.best.pop())).unwrap();
        assert!(
            lost[0].contains("place 1: missing, recomputed ["),
            "{lost:?}"
        );
        let swapped = with(|found| {
            if found.best.len() > 1 {
                found.best.swap(0, 1);
            }
        })
        .unwrap();
        assert_eq!(swapped.len(), 2 * 2 * PLAN.chunks, "{swapped:?}");
        let off = with(|found| {
            if let Some(first) = found.best.first_mut() {
                let sums = Sums {
                    sag: first.sums().sag + 1,
                    ..*first.sums()
                };
                let set = first.set().to_vec();
                *first = Candidate::new(Ranking::default(), 2, set, sums).unwrap();
            }
        })
        .unwrap();
        assert!(off[0].contains("Sag"), "{off:?}");
        let counted = with(|found| found.defined = found.defined.map(|d| d + 1)).unwrap();
        assert!(counted[0].contains("sets: defined is"), "{counted:?}");
    }

    #[test]
    fn a_failed_audit_is_an_error_that_names_the_ranks() {
        let error = with(|found| found.visited.six.n += 1).unwrap_err();
        assert!(format!("{error:#}").starts_with("ranks "), "{error:#}");
        assert_eq!(super::super::super::exit::of_error(&error).number(), 3);
    }

    #[test]
    fn large_tables_get_smaller_chunks() {
        let plan = Plan {
            chunk_sets: None,
            ..PLAN
        };
        assert_eq!(plan.chunk_sets(1000), 2000);
        assert_eq!(plan.chunk_sets(2_400_000), 83);
        assert_eq!(plan.chunk_sets(usize::MAX), 1);
    }
}
