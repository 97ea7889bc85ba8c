//! Known answers, asked of an adapter for each method before its first chunk.
//!
//! A small table with missing answers, as wide in its scores as the method's fields and sums allow,
//! is packed for exactly that method and searched for all sets and for the best few. A pipeline for
//! complete tables gets such a one without gaps. Answers are compared with the oracle's; the audit sums with sums
//! taken set by set here.
//!
//! Audit sums are taken before anything is discarded, so discards are asked for by themselves: with floors right
//! below known sets, each of which must be found with all that are better, while none that is far below may be;
//! with a floor that hardly any set reaches, where a sweep must leave few; on a table whose best set a sweep of one
//! pair of users in place of two would lose ([`Sample::Pair`]); and where prefixes are pruned, with a set of as few
//! users as its prefix and as are asked for, and with so many asked for that none is left.

use super::drive::{Drive, Driven};
use super::job::Job;
use super::kind::Sample;
use super::layout::{SumWidth, Variant};
use super::limits::Excess;
use super::method::Method;
use super::order::Order;
use super::pack::Packing;
use super::queue::Queue;
use crate::combin::unrank;
use crate::engine::oracle::ReferenceEngine;
use crate::engine::{Engine, EngineError, Part, Query, Watch, numbered, ranks_of};
use crate::matrix::{Duplicates, MatrixBuilder, ResponseMatrix, Score};
use crate::stats::{AuditSums, Basis, NO_FLOOR, Sums};
use crate::top::Candidate;
use std::ops::Range;
use std::time::Duration;

/// Users: two words of 32 and some more.
const USERS: u64 = 70;
/// Questions, or K and two more where those are more.
const QUESTIONS: usize = 9;
/// Sets, from the middle of all: two workgroups of most K.
const SETS: u128 = 100;
/// More places than sets.
const ALL: usize = 1000;
/// The size of chunks plays no part.
const TARGET: Duration = Duration::from_millis(100);

/// Scores in a table without gaps: half of it up and half down, as it is packed.
const COMPLETE_REACH: i64 = 4;

/// Places of the sets, by their order, right below which there is a floor.
const PLACES: [usize; 6] = [0, 1, 3, 7, 15, 31];

/// How far below a floor sets may be kept, in r: where they are told by integers; and by floats, whose margin grows
/// with K and where scores cancel out.
const NEAR: f64 = 1e-6;
const NEAR_IN_FLOATS: f64 = 0.05;

/// Asks `device`, which searches by `search`.
///
/// # Errors
/// [`EngineError::SelfTest`] where an answer is wrong, and whatever the search fails with.
pub(super) fn run(
    device: &str,
    method: Method,
    search: impl Fn(Drive<'_>) -> Result<Driven, EngineError>,
) -> Result<(), EngineError> {
    let wrong = |what: String| EngineError::SelfTest {
        device: device.to_owned(),
        what: format!("{what} of known answers, {method:?}"),
    };
    for sample in method.samples() {
        let known = Known::new(sample).map_err(&wrong)?;
        let asks = known.asks(sample, method.prunes()).map_err(&wrong)?;
        for ask in asks {
            let query = query_for(&known.matrix, known.k(), ask.top, ask.min_users);
            let query = query.map_err(&wrong)?;
            let part = part_of(&query, known.skip, known.sets).map_err(&wrong)?;
            let want = ReferenceEngine.open(&query)?.search(&part, &Watch::new())?;
            let job = Job::with_packing(&query, known.packing.clone())?;
            let watch = Watch::new();
            watch.raise_floor(ask.floor);
            let driven = search(Drive {
                job: &job,
                queue: &Queue::new(known.ranks.clone()),
                watch: &watch,
                target: TARGET,
                order: Order::Ranks,
                device: None,
            })?;
            if driven.defined.is_some() && driven.defined != want.defined {
                return Err(wrong(format!("the number of defined sets, {ask:?},")));
            }
            let judged = known.judge(&ask, &want.best, driven);
            judged.map_err(|what| wrong(format!("{what}, {ask:?},")))?;
        }
    }
    Ok(())
}

/// What is asked of a table.
#[derive(Clone, Copy, Debug)]
struct Ask {
    top: usize,
    min_users: u64,
    /// The floor of the search from its first set on.
    floor: f64,
    /// How far below it sets may be kept.
    near: f64,
    /// What must be seen to be discarded.
    seen: Seen,
}

/// What must be seen to be discarded, beside what is far below the floor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Seen {
    Nothing,
    /// Most sets by the sweep, where there is one.
    Swept,
    /// Some sets with their prefixes.
    Pruned,
}

/// A table with what is known of some of its sets.
struct Known {
    matrix: ResponseMatrix,
    packing: Packing,
    /// The rank of the first set, and how many are searched.
    skip: u128,
    sets: u128,
    ranks: Range<u128>,
    audit: AuditSums,
}

impl Known {
    fn new(sample: Sample) -> Result<Self, String> {
        let (matrix, packing) = table_for(sample)?;
        let k = packing.variant.k;
        let query = query_for(&matrix, k, 1, 2)?;
        let say = |error: EngineError| error.to_string();
        let total = numbered("gpu", &query).map_err(say)?;
        let skip = match sample {
            // Its best set is the first one.
            Sample::Pair(_) => 0,
            _ => (total / 2).saturating_sub(SETS / 2),
        };
        // A stem is swept where all of its leaves are there.
        let sets = match sample {
            Sample::Pair(_) => {
                let behind = matrix.questions().len() + 2 - k;
                (behind * (behind - 1) / 2) as u128
            }
            _ => SETS,
        };
        let ranks = ranks_of("gpu", &query, &part_of(&query, skip, sets)?).map_err(say)?;
        Ok(Self {
            sets,
            audit: seen_by_definition(&matrix, k, ranks.clone(), &packing.basis),
            skip,
            ranks,
            matrix,
            packing,
        })
    }

    fn k(&self) -> usize {
        self.packing.variant.k
    }

    /// What it is asked for.
    fn asks(&self, sample: Sample, prunes: bool) -> Result<Vec<Ask>, String> {
        let some = some_of_sets(&self.matrix, self.k(), self.skip)?;
        let all = Ask {
            top: ALL,
            min_users: 2,
            floor: NO_FLOOR,
            near: match sample {
                Sample::Complete { .. } => NEAR_IN_FLOATS,
                Sample::Gaps(_) | Sample::Steps(..) | Sample::Pair(_) | Sample::Noise(..) => NEAR,
            },
            seen: Seen::Nothing,
        };
        let mut asks = vec![all, Ask { top: 3, ..all }];
        let min_users = some;
        asks.push(Ask { min_users, ..all });
        let query = query_for(&self.matrix, self.k(), ALL, 2)?;
        let part = part_of(&query, self.skip, self.sets)?;
        let prepared = ReferenceEngine.open(&query);
        let found = prepared.and_then(|prepared| prepared.search(&part, &Watch::new()));
        let values = found.map_err(|error| error.to_string())?.best;
        let values = PLACES.iter().filter_map(|&place| values.get(place));
        let floors = values.map(|set| set.value().rounded().next_down());
        // At most 0 nothing that is worth a test is discarded.
        asks.extend(
            floors
                .filter(|floor| *floor > 0.0)
                .map(|floor| Ask { floor, ..all }),
        );
        if matches!(sample, Sample::Noise(..)) {
            asks.push(Ask {
                floor: 1.0_f64.next_down(),
                seen: Seen::Swept,
                ..all
            });
        }
        if prunes {
            asks.push(Ask {
                min_users: USERS,
                seen: Seen::Pruned,
                ..all
            });
        }
        Ok(asks)
    }

    /// What is wrong with an answer, where anything is; `want` is the right one without a floor.
    fn judge(&self, ask: &Ask, want: &[Candidate], driven: Driven) -> Result<(), &'static str> {
        let mut seen = driven.visited;
        seen += driven.excluded;
        if seen != self.audit {
            return Err("the audit sums");
        }
        let sets = self.ranks.end - self.ranks.start;
        match ask.seen {
            Seen::Swept if driven.left.is_some_and(|left| 2 * left > sets) => {
                return Err("how few sets the sweep discards");
            }
            Seen::Pruned if driven.excluded.sets == 0 => {
                return Err("how few prefixes are pruned");
            }
            _ => {}
        }
        let got = driven.top.into_sorted();
        let above = |set: &&Candidate| set.value().rounded() > ask.floor;
        let above = want.iter().take_while(above).count();
        let fits = above <= got.len() && got.len() <= want.len();
        if !fits || !same(&want[..above], &got[..above]) {
            return Err("the best sets");
        }
        let far = |set: &Candidate| set.value().rounded() < ask.floor - ask.near;
        if got.iter().any(far) {
            return Err("sets far below the floor");
        }
        Ok(())
    }
}

fn query_for(
    matrix: &ResponseMatrix,
    k: usize,
    top: usize,
    min_users: u64,
) -> Result<Query<'_>, String> {
    let query = Query::of(matrix).k(k).top(top).min_users(min_users);
    query.build().map_err(|error| error.to_string())
}

fn part_of(query: &Query<'_>, skip: u128, sets: u128) -> Result<Part, String> {
    let part = query.space().part(skip, Some(sets));
    part.ok_or_else(|| format!("there are no {sets} sets from rank {skip} on"))
}

/// A `min_users` between the least and the most users of a set, so that some sets are undefined. Where a set has
/// as many users as its first K − 1 questions, that of such a set, whose prefix then has just enough.
fn some_of_sets(matrix: &ResponseMatrix, k: usize, skip: u128) -> Result<u64, String> {
    let query = query_for(matrix, k, 1, 2)?;
    let ranks = part_of(&query, skip, SETS)?.ranks();
    let users = |set: &[usize]| Sums::of_set(matrix, set).n as u64;
    let sets: Vec<(u64, bool)> = ranks
        .into_iter()
        .flatten()
        .filter_map(|rank| query.space().unrank(rank))
        .map(|set| (users(&set), k > 1 && users(&set[..k - 1]) == users(&set)))
        .collect();
    let ends = sets.iter().fold((u64::MAX, 0), |(least, most), &(n, _)| {
        (least.min(n), most.max(n))
    });
    let (least, most) = ends;
    let middle = most.saturating_sub(most.saturating_sub(least) / 2).max(2);
    let tight = sets.iter().filter(|&&(n, tight)| tight && n > least.max(1));
    let nearest = tight.map(|&(n, _)| n).min_by_key(|n| n.abs_diff(middle));
    Ok(nearest.unwrap_or(middle))
}

/// The table of a sample, and how it is packed.
fn table_for(sample: Sample) -> Result<(ResponseMatrix, Packing), String> {
    match sample {
        Sample::Gaps(variant) => table_with_gaps(&variant),
        Sample::Steps(variant, steps) => table_with_steps(&variant, steps),
        Sample::Pair(variant) => table_of_a_pair(&variant),
        Sample::Noise(variant, steps) => table_of_noise(&variant, steps),
        Sample::Complete { k, questions } => complete_table(k, questions),
    }
}

/// The widest table that `variant` can hold, packed for it and nothing narrower.
fn table_with_gaps(variant: &Variant) -> Result<(ResponseMatrix, Packing), String> {
    for bits in [32, 16, 8, 4, 2, 1] {
        if bits > variant.score_bits {
            continue;
        }
        // Beyond 16 bits, but the sums of the largest K are far from 64.
        let reach = if bits == 32 { 1 << 18 } else { (1 << bits) - 1 };
        let matrix = table(variant.k, reach)?;
        let natural = Packing::new(&matrix, variant.k)
            .map_err(Excess::refusal)
            .map_err(|error| error.to_string())?;
        if natural.variant.sums == variant.sums || variant.sums == SumWidth::Wide {
            let packing = Packing {
                variant: *variant,
                ..natural
            };
            return Ok((matrix, packing));
        }
    }
    Err(format!("no table is narrow enough for {variant:?}"))
}

/// A table whose scores have so many steps, packed for `variant`, which may be wider than it needs.
fn table_with_steps(variant: &Variant, steps: u32) -> Result<(ResponseMatrix, Packing), String> {
    packed_for(variant, table(variant.k, steps.into())?)
}

/// A table of one word of questions, in whose first set a follows g, that of two users apart: they have the same a,
/// as has the one in the middle between them, and g is 1 above its and 1 below. So 1 − r² is 2/Σg², and users that
/// stand wrongly and differ by 2 are half of what the set may have where Σg² is as it is, and one pair of them is
/// not enough to discard it. A sweep bounds Σg² by 2.2 times the mean of the stem's sets. A user answered three in four of
/// the other questions, so that this is some 1.2 times what the first set has: it is counted, and one pair would do.
fn table_of_a_pair(variant: &Variant) -> Result<(ResponseMatrix, Packing), String> {
    const QUESTIONS: usize = 32;
    let k = variant.k;
    let others = QUESTIONS - k;
    // Users, set questions that are right, others that are.
    let groups = [
        (20, k, 1),
        (1, k / 2, 2),
        (1, k / 2, 1),
        (1, k / 2, 0),
        (20, 0, 1),
    ];
    let of = |(users, right, more)| std::iter::repeat_n((right, more), users);
    let mut rows = Vec::new();
    for (user, (right, more)) in groups.into_iter().flat_map(of).enumerate() {
        // Every user answers other ones of the others.
        let place = |question: usize| (question - k + 3 * user) % others;
        let score = |question: usize| match question {
            _ if question < k => Some(question < right),
            _ => (4 * place(question) < 3 * others).then_some(place(question) < more),
        };
        rows.push(
            (0..QUESTIONS)
                .map(score)
                .map(|s| s.map(i64::from))
                .collect(),
        );
    }
    let matrix = build(&rows)?;
    let natural = Packing::new(&matrix, k).map_err(|excess| excess.refusal().to_string())?;
    let variant = *variant;
    let packing = Packing { variant, ..natural };
    Ok((matrix, packing))
}

/// A table without gaps, of no more than `most` questions.
fn complete_table(k: usize, most: usize) -> Result<(ResponseMatrix, Packing), String> {
    let questions = QUESTIONS.max(k + 2).min(most);
    let matrix = fill(questions, following(questions, COMPLETE_REACH), |_, _| {
        false
    })?;
    let packing = Packing::new(&matrix, k)
        .map_err(Excess::refusal)
        .map_err(|error| error.to_string())?;
    Ok((matrix, packing))
}

/// One in 2·`k` answers is missing, so that about 6 in 10 users answer a whole set; of the last question none.
fn table(k: usize, reach: i64) -> Result<ResponseMatrix, String> {
    let questions = QUESTIONS.max(k + 2);
    fill(questions, following(questions, reach), gaps(k, questions))
}

/// Whether an answer is missing by a draw of 16 bits: one in 2·`k` of all questions but the last.
fn gaps(k: usize, questions: usize) -> impl Fn(u64, usize) -> bool {
    move |draw, question| draw * 2 * (k as u64) < 1 << 16 && question + 1 < questions
}

/// Scores from 0 to `reach` that follow the user's number, on the last two questions the other way round.
fn following(questions: usize, reach: i64) -> impl Fn(u64, u64, usize) -> i64 {
    move |user, draw, question| {
        let level = (user % 4 + draw % 2) as i64;
        let score = (level * reach + 2) / 4;
        if question < questions - 2 {
            score
        } else {
            reach - score
        }
    }
}

/// A table of scores of so many steps that follow nothing: users stand the wrong way round everywhere, and a sweep must
/// discard nearly all sets by them.
fn table_of_noise(variant: &Variant, steps: u32) -> Result<(ResponseMatrix, Packing), String> {
    let questions = QUESTIONS.max(variant.k + 2);
    let noise = |_, draw: u64, _| (draw % (u64::from(steps) + 1)) as i64;
    packed_for(variant, fill(questions, noise, gaps(variant.k, questions))?)
}

/// A table packed for `variant`, which may be wider than it needs.
fn packed_for(
    variant: &Variant,
    matrix: ResponseMatrix,
) -> Result<(ResponseMatrix, Packing), String> {
    let natural = Packing::new(&matrix, variant.k)
        .map_err(Excess::refusal)
        .map_err(|error| error.to_string())?;
    let packing = Packing {
        variant: *variant,
        ..natural
    };
    Ok((matrix, packing))
}

/// What users score, by their number, a draw and the question, but for what is `missing` by a draw of 16 bits and the
/// question. Draws are of a fixed recurrence (the multiplier is Knuth's for MMIX).
fn fill(
    questions: usize,
    scored: impl Fn(u64, u64, usize) -> i64,
    missing: impl Fn(u64, usize) -> bool,
) -> Result<ResponseMatrix, String> {
    let mut state = 2024_u64;
    let mut rows = Vec::new();
    for user in 0..USERS {
        let mut row = Vec::new();
        for question in 0..questions {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            let score = scored(user, state >> 40, question);
            row.push((!missing(state >> 48, question)).then_some(score));
        }
        rows.push(row);
    }
    build(&rows)
}

/// A table of these scores, a row a user.
fn build(rows: &[Vec<Option<i64>>]) -> Result<ResponseMatrix, String> {
    let mut builder = MatrixBuilder::new();
    for (user, row) in (0..).zip(rows) {
        for (question, score) in row.iter().enumerate() {
            let score = score.map(|mantissa| Score {
                mantissa,
                digits: 0,
            });
            builder
                .push(&format!("{user}"), &question.to_string(), score, user)
                .map_err(|error| error.to_string())?;
        }
    }
    builder
        .finish(Duplicates::Error, "row")
        .map_err(|error| error.to_string())
}

fn same(want: &[Candidate], got: &[Candidate]) -> bool {
    want.len() == got.len()
        && want
            .iter()
            .zip(got)
            .all(|(want, got)| want.set() == got.set() && want.sums() == got.sums())
}

/// The audit sums of these ranks, set by set and user by user.
fn seen_by_definition(
    matrix: &ResponseMatrix,
    k: usize,
    ranks: Range<u128>,
    basis: &Basis,
) -> AuditSums {
    let mut seen = AuditSums::default();
    for set in ranks.filter_map(|rank| unrank(matrix.questions().len(), k, rank)) {
        let mut sums = Sums::default();
        for user in 0..matrix.users().len() {
            let a: Option<i64> = set
                .iter()
                .map(|&q| {
                    let score = matrix.column(q).score(user as u32)?;
                    Some(score - basis.scores[q])
                })
                .sum();
            if let Some(a) = a {
                let g = matrix.totals()[user] - basis.total;
                sums += Sums::of_user(a.into(), g.into());
            }
        }
        seen.add_set(&sums);
    }
    seen
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::gpu::complete::Complete;
    use crate::engine::gpu::kind::Kind;
    use crate::engine::gpu::layout::MAX_K;
    use crate::engine::gpu::limits::TYPICAL;

    #[test]
    fn a_table_without_gaps_is_packed_as_narrow_as_its_variant() {
        for (k, columns) in [
            (2, 64),
            (3, 64),
            (5, 256),
            (64, 64),
            (MAX_K, 256),
            (MAX_K, 320),
        ] {
            let (matrix, packing) = complete_table(k, columns).unwrap();
            assert!(matrix.questions().len() <= columns);
            let query = query_for(&matrix, k, 1000, 2).unwrap();
            let job = Job::with_packing(&query, packing).unwrap();
            let variant = Complete::variant(&job, &TYPICAL).unwrap();
            assert_eq!(variant.sums, SumWidth::Narrow);
        }
    }

    /// Every variant has its table, as wide as it allows, with sets that are defined and not.
    #[test]
    fn every_variant_has_a_table_that_tells() {
        for k in [1, 2, 3, 5, 8, 20, 65, MAX_K] {
            for score_bits in [1, 2, 4, 8, 16, 32] {
                for sums in [SumWidth::Narrow, SumWidth::Wide] {
                    let variant = Variant {
                        k,
                        score_bits,
                        sums,
                    };
                    let (matrix, packing) = table_with_gaps(&variant).unwrap();
                    assert_eq!(packing.variant, variant);
                    let natural = Packing::new(&matrix, k).unwrap().variant;
                    if sums == SumWidth::Narrow || score_bits == 32 {
                        assert_eq!(natural.sums, sums, "{variant:?}");
                    }
                    if sums == SumWidth::Wide {
                        assert_eq!(natural.score_bits, score_bits, "{variant:?}");
                    }
                    let total = query_for(&matrix, k, 1, 2)
                        .unwrap()
                        .space()
                        .count()
                        .unwrap();
                    let skip = (total / 2).saturating_sub(SETS / 2);
                    let some = some_of_sets(&matrix, k, skip).unwrap();
                    let query = query_for(&matrix, k, 1000, some).unwrap();
                    let part = part_of(&query, skip, SETS).unwrap();
                    let prepared = ReferenceEngine.open(&query).unwrap();
                    let found = prepared.search(&part, &Watch::new()).unwrap();
                    let (defined, sets) = (found.defined.unwrap(), part.sets().unwrap());
                    assert!(
                        defined > 0 && defined < sets,
                        "{variant:?}: {defined} of {sets}"
                    );
                }
            }
        }
    }
}
