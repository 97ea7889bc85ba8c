//! A space in N parts of equal expected work.
//!
//! ```text
//! strata   eight for each part, and 256 to 4,096: runs of ranks of equal length (within one)
//! weight   of a stratum: its length times the mean weight of 4 sets drawn in it, by a generator with a fixed seed
//! mark i   where i/N of all weight is reached, within its stratum by length
//! cut i    at the mark or near it, where the largest subtrees of the prefix tree stay whole
//! ```
//!
//! All of it in integers, so that every machine cuts alike. The weight of a set is what the CPU engine's walk is
//! expected to take for it, in sixteenths of a cycle or so: a share for the leaf itself, one for each user of its
//! first K − 1 questions, and one for each user of its first K − 2, whose projection all sets behind these share.
//! Of many users some are counted, 64 neighbours at a time and these evenly spread.
//!
//! Each part is cut by whoever searches it, so that cutting has to be cheap: with 64 parts 2,048 sets are drawn,
//! which takes some ten milliseconds for 60,000 users and any number of questions.

use super::error::DivideError;
use super::portion::Portion;
use crate::combin::Space;
use crate::engine::Query;
use crate::matrix::ResponseMatrix;
use num_bigint::BigUint;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::ops::Range;
use std::sync::{Arc, OnceLock};

/// Strata for each part, and how many there are at least and at most.
const STRATA_A_PART: u128 = 8;
const STRATA: [u128; 2] = [1 << 8, 1 << 12];
/// Sets drawn in each.
const DRAWS: u64 = 4;
/// Decides the draws; any other number would do as well, and give other cuts.
const SEED: u64 = 0x006b_636f_7272_7365;

/// The weight of a leaf itself, against that of a user of its first K − 1 questions.
const LEAF: u64 = 40;
/// The weight of a user of the first K − 2 questions, which is shared by the questions behind these.
const STEM: u64 = 16;

/// A cut is at most one in so many of a part away from its mark.
const NEAR: u128 = 20;

/// About how many words of 64 users are counted.
const WORDS: usize = 1 << 8;

/// How the work of a space is spread over its ranks, for so many parts.
#[derive(Clone, Debug)]
pub struct Division {
    of: u32,
    space: Space,
    sets: u128,
    /// How many strata.
    strata: u128,
    /// The weight before each stratum, and that of all.
    before: Vec<BigUint>,
}

impl Division {
    /// The sets of `query`, which is [`super::ordered`], in so many parts.
    ///
    /// # Errors
    /// Where sets have no ranks, or are fewer than the parts.
    pub fn new(query: &Query<'_>, of: u32) -> Result<Self, DivideError> {
        let space = query.space();
        let sets = space.count();
        let sets = sets.ok_or_else(|| DivideError::NotNumbered {
            sets: space.size().clone(),
        })?;
        if u128::from(of) > sets {
            let k = space.k();
            return Err(DivideError::TooMany { of, sets, k });
        }
        let [fewest, most] = STRATA;
        let strata = (STRATA_A_PART * u128::from(of)).clamp(fewest, most);
        let strata = strata.min(sets);
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
            of,
            space: space.clone(),
            sets,
            strata,
            before,
        })
    }

    /// The ranks of part `number`, from 1; of the last one where there are not so many.
    #[must_use]
    pub fn range(&self, number: u32) -> Range<u128> {
        let number = number.clamp(1, self.of);
        self.cut(number - 1)..self.cut(number)
    }

    /// The rank before which so many parts lie: near the mark, so that the parts on its sides keep nearly their weight.
    fn cut(&self, number: u32) -> u128 {
        if number == 0 || number == self.of {
            return self.mark(number);
        }
        let [before, mark, behind] = [number - 1, number, number + 1].map(|n| self.mark(n));
        let within = mark - (mark - before) / NEAR..=mark + (behind - mark) / NEAR;
        self.space.roundest(within)
    }

    /// The rank before which so many parts lie by weight.
    fn mark(&self, number: u32) -> u128 {
        let of = self.of;
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

/// The divisions of some queries into as many parts as are first asked for, each made then, as that takes a while.
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
        let new = || Division::new(query, portion.of());
        let made = self.0[at].get_or_init(new);
        let number = portion.number();
        match made {
            Ok(division) if division.of == portion.of() => Ok(Some(division.range(number))),
            _ => Ok(Some(new()?.range(number))),
        }
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
    let columns: Vec<&[u64]> = set[..k - 1]
        .iter()
        .map(|&position| table.column(position).answered())
        .collect();
    let words = table.users().len().div_ceil(64);
    let step = words.div_ceil(WORDS).max(1);
    // Users of the first K − 1 questions, and of the first K − 2; none are counted where that is no question.
    let mut users = [0_u64; 2];
    for word in (0..words).step_by(step) {
        let mut both = [u64::MAX; 2];
        for column in &columns {
            both = [both[0] & column[word], both[0]];
        }
        for (users, both) in users.iter_mut().zip(both) {
            *users += u64::from(both.count_ones());
        }
    }
    let [of_pair, of_stem] = users.map(|users| users * step as u64);
    let of_pair = if k > 1 { of_pair } else { 0 };
    let of_stem = if k > 2 { of_stem } else { 0 };
    let behind = match k.checked_sub(3) {
        Some(last) => table.questions().len() - set[last],
        None => table.questions().len(),
    };
    16 * (LEAF + of_pair) + 16 * STEM * of_stem / behind.max(1) as u64
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
            for of in [1, 2, 3, 8, 9, 220, 1000] {
                let division = Division::new(&query, of);
                if u128::from(of) > sets {
                    let said = division.unwrap_err().to_string();
                    assert!(said.contains(&format!("{of} parts")), "{said}");
                    continue;
                }
                let division = division.unwrap();
                let ranges: Vec<_> = (1..=of).map(|number| division.range(number)).collect();
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
        let division = Division::new(&query, 8).unwrap();
        let weight = |range: Range<u128>| -> u64 {
            let sets = range.map(|rank| query.space().unrank(rank).unwrap());
            sets.map(|set| weight_of(query.table(), 4, &set)).sum()
        };
        let ranges: Vec<_> = (1..=8).map(|number| division.range(number)).collect();
        let weights: Vec<f64> = ranges.iter().cloned().map(|r| weight(r) as f64).collect();
        let mean = weights.iter().sum::<f64>() / 8.0;
        assert!(
            weights.iter().all(|w| (w / mean - 1.0).abs() < 0.1),
            "{weights:?}"
        );
        // Work is not spread evenly over the ranks: parts differ in length.
        let lengths: Vec<f64> = ranges.iter().map(|r| (r.end - r.start) as f64).collect();
        assert!(lengths[0] > 1.2 * lengths[7], "{lengths:?}");
        let again = Division::new(&query, 8).unwrap();
        assert_eq!(again.before, division.before);
        let other = Portion::new(2, 3).unwrap();
        let divisions = Divisions::new(1);
        let of = |portion| divisions.range(0, &query, Some(portion)).unwrap().unwrap();
        assert_eq!(of(Portion::new(8, 8).unwrap()), ranges[7]);
        // Parts of another number are cut too, beside those that were made first.
        assert_eq!(of(other), Division::new(&query, 3).unwrap().range(2));
        assert_eq!(of(Portion::new(1, 8).unwrap()), ranges[0]);
    }

    #[test]
    fn sets_without_ranks_are_not_divided() {
        let table = table(140, 1.0);
        let query = ordered(&Query::of(&table).k(70).build().unwrap());
        let said = Division::new(&query, 2).unwrap_err().to_string();
        assert!(said.contains("cannot be numbered"), "{said}");
    }
}
