//! A space in N parts of equal expected work.
//!
//! ```text
//! strata   up to 4,096 runs of ranks of equal length (within one)
//! weight   of a stratum: its length times the mean weight of 4 sets drawn in it, by a generator with a fixed seed
//! cut i    where i/N of all weight is reached, within its stratum by length
//! ```
//!
//! All of it in integers, so that every machine cuts alike. The weight of a set is what the CPU engine's walk is
//! expected to take for it, in sixteenths of a cycle or so: a share for the leaf itself, one for each user of its
//! first K − 1 questions, and one for each user of its first K − 2, whose projection all sets behind these share.

use super::error::DivideError;
use super::portion::Portion;
use crate::engine::Query;
use crate::matrix::ResponseMatrix;
use num_bigint::BigUint;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::ops::Range;
use std::sync::{Arc, OnceLock};

/// Most strata.
const STRATA: u128 = 1 << 12;
/// Sets drawn in each.
const DRAWS: u64 = 4;
/// Decides the draws; any other number would do as well, and give other cuts.
const SEED: u64 = 0x006b_636f_7272_7365;

/// The weight of a leaf itself, against that of a user of its first K − 1 questions.
const LEAF: u64 = 40;
/// The weight of a user of the first K − 2 questions, which is shared by the questions behind these.
const STEM: u64 = 16;

/// How the work of a space is spread over its ranks.
#[derive(Clone, Debug)]
pub struct Division {
    k: usize,
    sets: u128,
    /// How many strata.
    strata: u128,
    /// The weight before each stratum, and that of all.
    before: Vec<BigUint>,
}

impl Division {
    /// The work of all sets of `query`, which is [`super::ordered`].
    ///
    /// # Errors
    /// Where sets have no ranks.
    pub fn new(query: &Query<'_>) -> Result<Self, DivideError> {
        let space = query.space();
        let sets = space.count();
        let sets = sets.ok_or_else(|| DivideError::NotNumbered {
            sets: space.size().clone(),
        })?;
        let strata = sets.min(STRATA);
        let mut rng = ChaCha8Rng::seed_from_u64(SEED);
        let mut before = vec![BigUint::default()];
        let mut sum = BigUint::default();
        for stratum in 0..strata {
            let range = run(sets, strata, stratum);
            let length = range.end - range.start;
            let draws = if length == 1 { 1 } else { DRAWS };
            let mut weight = 0;
            for _ in 0..draws {
                let drawn = u128::from(rng.next_u64()) << 64 | u128::from(rng.next_u64());
                let set = space.unrank(range.start + drawn % length);
                // Every rank below the count has a set.
                weight += set.map_or(1, |set| weight_of(query.table(), space.k(), &set));
            }
            sum += BigUint::from(weight * (DRAWS / draws)) * length;
            before.push(sum.clone());
        }
        Ok(Self {
            k: space.k(),
            sets,
            strata,
            before,
        })
    }

    /// The ranks of a part.
    ///
    /// # Errors
    /// Where there are more parts than sets.
    pub fn range(&self, portion: Portion) -> Result<Range<u128>, DivideError> {
        if u128::from(portion.of()) > self.sets {
            return Err(DivideError::TooMany {
                of: portion.of(),
                sets: self.sets,
                k: self.k,
            });
        }
        Ok(self.cut(portion.number() - 1, portion.of())..self.cut(portion.number(), portion.of()))
    }

    /// The rank before which `number` of `of` parts lie.
    fn cut(&self, number: u32, of: u32) -> u128 {
        let all = &self.before[self.before.len() - 1];
        let target = all * number / of;
        // The last stratum that begins at the target or before it; all of them have a weight.
        let strata = self.strata as usize;
        let begun = self.before.partition_point(|before| *before <= target);
        let stratum = begun.saturating_sub(1).min(strata - 1);
        let range = run(self.sets, self.strata, stratum as u128);
        let weight = &self.before[stratum + 1] - &self.before[stratum];
        let into = (target - &self.before[stratum]) * (range.end - range.start) / weight;
        // One set for each part, and the others by weight, so that no part is empty.
        let others = (BigUint::from(range.start) + into) * (self.sets - u128::from(of)) / self.sets;
        u128::from(number) + u128::try_from(others).unwrap_or(self.sets)
    }
}

/// The divisions of some queries, each made when it is first asked for, as that takes a while.
#[derive(Clone, Debug)]
pub(super) struct Divisions(Arc<[OnceLock<Result<Division, DivideError>>]>);

impl Divisions {
    /// Those of so many queries.
    pub(super) fn new(queries: usize) -> Self {
        Self((0..queries).map(|_| OnceLock::new()).collect())
    }

    /// The ranks of a part of the query at this place, or of all its sets; `None` where these have no ranks.
    pub(super) fn range(
        &self,
        at: usize,
        query: &Query<'_>,
        portion: Option<Portion>,
    ) -> Result<Option<Range<u128>>, DivideError> {
        let Some(portion) = portion else {
            return Ok(query.space().whole().ranks());
        };
        let division = self.0[at].get_or_init(|| Division::new(query));
        let division = division.as_ref().map_err(Clone::clone)?;
        division.range(portion).map(Some)
    }
}

/// One of so many runs that `sets` ranks fall into.
fn run(sets: u128, runs: u128, at: u128) -> Range<u128> {
    // Split so that no product leaves 128 bits.
    let start = |at: u128| sets / runs * at + sets % runs * at / runs;
    start(at)..start(at + 1)
}

/// About what a set at these positions takes.
fn weight_of(table: &ResponseMatrix, k: usize, set: &[usize]) -> u64 {
    let mut users: Option<Vec<u64>> = None;
    let mut counts = Vec::with_capacity(k);
    for &position in &set[..k - 1] {
        let answered = table.column(position).answered();
        let both = match users {
            None => answered.to_vec(),
            Some(users) => users.iter().zip(answered).map(|(a, b)| a & b).collect(),
        };
        counts.push(both.iter().map(|word| u64::from(word.count_ones())).sum());
        users = Some(both);
    }
    let of = |length: usize| length.checked_sub(1).map_or(0, |at| counts[at]);
    let behind = match k.checked_sub(3) {
        Some(last) => table.questions().len() - set[last],
        None => table.questions().len(),
    };
    16 * (LEAF + of(k - 1)) + 16 * STEM * of(k.saturating_sub(2)) / behind.max(1) as u64
}

#[cfg(test)]
mod tests {
    use super::super::ordered;
    use super::*;
    use crate::synth::{Model, Spec, matrix};

    fn table(questions: usize, answered: f64) -> ResponseMatrix {
        let spec = Spec {
            users: 200,
            questions,
            answered,
            scores: 0..=1,
            model: Model::Random,
            booklets: 0,
            seed: 4,
        };
        matrix(&spec).unwrap()
    }

    #[test]
    fn parts_follow_one_another_and_none_is_empty() {
        for (questions, k, answered) in [(12, 3, 0.5), (30, 4, 0.3), (9, 1, 1.0), (60, 12, 1.0)] {
            let table = table(questions, answered);
            let query = ordered(&Query::of(&table).k(k).build().unwrap());
            let sets = query.space().count().unwrap();
            let division = Division::new(&query).unwrap();
            for of in [1, 2, 3, 8, 9, 220, 1000] {
                let ranges = (1..=of).map(|i| division.range(Portion::new(i, of).unwrap()));
                let ranges: Result<Vec<_>, _> = ranges.collect();
                if u128::from(of) > sets {
                    let said = ranges.unwrap_err().to_string();
                    assert!(said.contains(&format!("{of} parts")), "{said}");
                    continue;
                }
                let ranges = ranges.unwrap();
                assert_eq!((ranges[0].start, ranges[ranges.len() - 1].end), (0, sets));
                assert!(ranges.iter().all(|range| !range.is_empty()), "{ranges:?}");
                assert!(ranges.windows(2).all(|pair| pair[0].end == pair[1].start));
            }
        }
    }

    #[test]
    fn parts_have_equal_weight_and_are_cut_alike_each_time() {
        let table = table(40, 0.4);
        let query = ordered(&Query::of(&table).k(4).build().unwrap());
        let division = Division::new(&query).unwrap();
        let weight = |range: Range<u128>| -> u64 {
            let sets = range.map(|rank| query.space().unrank(rank).unwrap());
            sets.map(|set| weight_of(query.table(), 4, &set)).sum()
        };
        let ranges = (1..=8).map(|i| division.range(Portion::new(i, 8).unwrap()).unwrap());
        let ranges: Vec<_> = ranges.collect();
        let weights: Vec<f64> = ranges.iter().cloned().map(|r| weight(r) as f64).collect();
        let mean = weights.iter().sum::<f64>() / 8.0;
        assert!(
            weights.iter().all(|w| (w / mean - 1.0).abs() < 0.02),
            "{weights:?}"
        );
        // Work is not spread evenly over the ranks: parts differ in length.
        let lengths: Vec<f64> = ranges.iter().map(|r| (r.end - r.start) as f64).collect();
        assert!(lengths[0] > 1.2 * lengths[7], "{lengths:?}");
        let again = Division::new(&query).unwrap();
        assert_eq!(again.before, division.before);
    }

    #[test]
    fn sets_without_ranks_are_not_divided() {
        let table = table(140, 1.0);
        let query = ordered(&Query::of(&table).k(70).build().unwrap());
        let said = Division::new(&query).unwrap_err().to_string();
        assert!(said.contains("cannot be numbered"), "{said}");
    }
}
