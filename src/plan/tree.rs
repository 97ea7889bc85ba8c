//! How many prefixes a walk visits where those with too few users are cut off: counted by sampling.
//!
//! A set of d questions with at least min_users users is *frequent*. Each part of a frequent set is frequent, so a
//! frequent set of d + 1 questions comes from each of its d + 1 parts of d by one more question. With F_d frequent
//! sets, and p the share of frequent ones among those that a frequent set and one more question make,
//!
//! ```text
//! F_(d+1) = F_d · (Q − d) / (d + 1) · p
//! ```
//!
//! and a frequent set drawn evenly, with another question drawn evenly, kept where the two are frequent, is an even
//! draw of the frequent sets of d + 1. So some hundred sets are carried from each length to the next: where frequent
//! sets are one in 10^20, they are counted as well as where all are.
//!
//! A walk visits the frequent ones among the prefixes that can be completed: those of d of the first Q − K + d
//! questions in its order. What a visit costs is counted as the questions behind the prefix, once and for each of
//! its users who answered them.

use super::sample::Draws;
use crate::combin::choices;
use crate::engine::Query;
use crate::matrix::ResponseMatrix;

/// Sets that are carried from one length to the next.
const CARRIED: usize = 400;

const SEED: u64 = 0x706c_616e;

/// The prefix tree of a query, by the number of questions chosen from the pool.
#[derive(Clone, Debug, PartialEq)]
pub struct Tree {
    /// Questions to choose from, and how many are chosen.
    pool: usize,
    choose: usize,
    levels: Vec<Level>,
}

/// Prefixes of one length.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Level {
    /// The share of frequent ones.
    frequent: f64,
    /// Users of a frequent one on average.
    users: f64,
    /// Answers of these users to questions of the pool, per question and user.
    answered: f64,
}

impl Tree {
    /// The tree of `query` where a set needs its own fewest users.
    #[must_use]
    pub fn of(query: &Query<'_>) -> Self {
        Self::with_min_users(query, query.min_users())
    }

    /// The tree of `query` where a set needs so many users.
    #[must_use]
    pub fn with_min_users(query: &Query<'_>, min_users: u64) -> Self {
        let (space, matrix) = (query.space(), query.table());
        let (fixed, questions) = (space.fixed(), space.order().len());
        let (pool, choose) = (questions - fixed, space.k() - fixed);
        let mut draws = Draws::new(SEED);
        let everybody = with_all(matrix, 0..fixed);
        let users = count(&everybody);
        let mut carried = vec![(everybody, Vec::new())];
        let share = share_answered(matrix);
        let mut levels = vec![Level {
            frequent: f64::from(u8::from(users >= min_users)),
            users: users as f64,
            answered: share,
        }];
        for depth in 0..choose {
            if levels[depth].frequent == 0.0 {
                break;
            }
            let mut next = Vec::with_capacity(CARRIED);
            let mut users = 0;
            for _ in 0..CARRIED {
                let (of, set) = &carried[draws.place(carried.len())];
                let question = other(set, fixed, pool, &mut draws);
                let column = matrix.column(question).answered();
                let both: Vec<u64> = of.iter().zip(column).map(|(a, b)| a & b).collect();
                let n = count(&both);
                if n >= min_users {
                    users += n;
                    let set = [&set[..], &[question]].concat();
                    next.push((both, set));
                }
            }
            let kept = next.len() as f64;
            levels.push(Level {
                frequent: levels[depth].frequent * kept / CARRIED as f64,
                users: users as f64 / kept.max(1.0),
                answered: share,
            });
            carried = next;
        }
        Self {
            pool,
            choose,
            levels,
        }
    }

    /// About which share of all sets has enough users.
    #[must_use]
    pub fn enough(&self) -> f64 {
        self.levels
            .get(self.choose)
            .map_or(0.0, |level| level.frequent)
    }

    /// Whether many prefixes are cut off before the last three questions of a set, where walks go by users one by
    /// one: then sets done say little of work done.
    #[must_use]
    pub fn is_cut(&self) -> bool {
        let Some(depth) = self.choose.checked_sub(3) else {
            return false;
        };
        self.levels
            .get(depth)
            .is_none_or(|level| level.frequent < 0.8)
    }

    /// Counted work of a walk, in a unit of its own.
    #[must_use]
    pub fn work(&self) -> f64 {
        let levels = self.levels.iter().enumerate().take(self.choose);
        let work = levels.map(|(depth, level)| {
            let starts = self.pool - self.choose + depth;
            let prefixes = choices(starts, depth) * level.frequent;
            let behind = self.pool as f64 - (starts + 1) as f64 * depth as f64 / (depth + 1) as f64;
            prefixes * behind.max(1.0) * (1.0 + level.users * level.answered)
        });
        work.sum()
    }
}

/// Users of a set on average over all sets: each counts in C(d, K) of the C(Q, K), d their answers.
pub(super) fn mean_users(query: &Query<'_>) -> f64 {
    let (space, matrix) = (query.space(), query.table());
    let (fixed, questions) = (space.fixed(), space.order().len());
    let (pool, choose) = (questions - fixed, space.k() - fixed);
    let of = with_all(matrix, 0..fixed);
    let users = (0..matrix.users().len()).filter(|user| of[user / 64] >> (user % 64) & 1 == 1);
    users
        .map(|user| {
            let answers = matrix.row(user).len() - fixed;
            let share = |i: usize| answers.saturating_sub(i) as f64 / (pool - i) as f64;
            (0..choose).map(share).product::<f64>()
        })
        .sum()
}

/// A bit for each user who answered all of these questions.
fn with_all(matrix: &ResponseMatrix, questions: std::ops::Range<usize>) -> Vec<u64> {
    let users = matrix.users().len();
    let mut all = vec![u64::MAX; users.div_ceil(64)];
    if let (Some(last), rest @ 1..) = (all.last_mut(), users % 64) {
        *last = (1 << rest) - 1;
    }
    for question in questions {
        let column = matrix.column(question).answered();
        all.iter_mut()
            .zip(column)
            .for_each(|(all, one)| *all &= one);
    }
    all
}

fn count(users: &[u64]) -> u64 {
    users.iter().map(|word| u64::from(word.count_ones())).sum()
}

/// The share of all cells that is answered.
fn share_answered(matrix: &ResponseMatrix) -> f64 {
    let cells = matrix.users().len() as f64 * matrix.questions().len() as f64;
    matrix.responses() as f64 / cells.max(1.0)
}

/// A question of the pool that is not in `set`, which is not all of it.
fn other(set: &[usize], fixed: usize, pool: usize, draws: &mut Draws) -> usize {
    loop {
        let question = fixed + draws.place(pool);
        if !set.contains(&question) {
            return question;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::combin::Space;
    use crate::stats::Sums;
    use crate::synth::{Model, Spec, matrix};

    fn table(answered: f64) -> ResponseMatrix {
        let spec = Spec {
            users: 150,
            questions: 12,
            answered,
            scores: 0..=1,
            model: Model::Random,
            booklets: 0,
            seed: 7,
        };
        matrix(&spec).unwrap()
    }

    /// Users of every set of `k` of the questions behind the fixed ones.
    fn all_users(table: &ResponseMatrix, space: &Space) -> Vec<i128> {
        let query = Query::of(table).space(space.clone()).build().unwrap();
        let sets = 0..space.count().unwrap();
        sets.map(|rank| Sums::of_set(query.table(), &space.unrank(rank).unwrap()).n)
            .collect()
    }

    #[test]
    fn mean_and_share_are_those_of_all_sets() {
        let table = table(0.5);
        let pool: Vec<usize> = (2..12).collect();
        for (fixed, k) in [(&[][..], 3), (&[0], 4), (&[1, 0], 2)] {
            let space = Space::new(fixed, &pool, k).unwrap();
            let query = Query::of(&table)
                .space(space.clone())
                .min_users(12)
                .build()
                .unwrap();
            let users = all_users(&table, &space);
            let mean = users.iter().sum::<i128>() as f64 / users.len() as f64;
            let got = Users::of(&query, &Tree::of(&query));
            assert!((got.mean - mean).abs() < 1e-9, "{fixed:?} {k}: {got:?}");
            let enough = users.iter().filter(|&&n| n >= 12).count() as f64 / users.len() as f64;
            assert!(
                (got.enough - enough).abs() < 0.1,
                "{fixed:?} {k}: {got:?}, {enough}"
            );
        }
    }

    use super::super::Users;

    #[test]
    fn rare_sets_are_counted_too() {
        let table = table(0.5);
        let query = Query::of(&table).k(7).min_users(4).build().unwrap();
        let users = all_users(&table, query.space());
        let enough = users.iter().filter(|&&n| n >= 4).count() as f64 / users.len() as f64;
        let got = Tree::of(&query).enough();
        assert!(enough > 0.0 && enough < 0.05, "{enough}");
        assert!(got > enough / 3.0 && got < enough * 3.0, "{got} {enough}");
    }

    #[test]
    fn a_tree_is_cut_where_prefixes_have_too_few_users() {
        let (sparse, full) = (table(0.4), table(1.0));
        let query = |table, k| Query::of(table).k(k).min_users(20).build().unwrap();
        assert!(Tree::of(&query(&sparse, 8)).is_cut());
        assert!(!Tree::of(&query(&sparse, 3)).is_cut());
        assert!(!Tree::of(&query(&full, 8)).is_cut());
        let more = |table, min_users| Tree::with_min_users(&query(table, 8), min_users).work();
        assert!(more(&sparse, 40) < more(&sparse, 20));
        assert_eq!(Tree::with_min_users(&query(&full, 8), 1000).enough(), 0.0);
    }
}
