//! Random small tables of all kinds, made anew from a number.

use super::super::problem::{Kind, Problem};
use super::super::quotas::Quotas;
use super::super::search::Tuning;
use super::{Case, Fault, moments};

/// splitmix64.
pub(super) struct Random(pub(super) u64);

impl Random {
    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// From `low` to `high`, both included.
    pub(super) fn within(&mut self, low: i64, high: i64) -> i64 {
        low + (self.next() % (high - low + 1) as u64) as i64
    }

    fn up_to(&mut self, most: usize) -> usize {
        self.within(0, most as i64) as usize
    }

    fn one_in(&mut self, n: i64) -> bool {
        self.within(1, n) == 1
    }
}

/// A table: independent, driven by one trait, or with opposite halves; 0/1, Likert or signed; fewer
/// users than questions at times; then some columns become duplicates, opposites or constant.
fn columns(random: &mut Random, questions: usize) -> Vec<Vec<i64>> {
    let users = if random.one_in(4) {
        random.within(2, questions as i64)
    } else {
        random.within(4, 24)
    } as usize;
    let (low, high) = [(0, 1), (0, 1), (1, 5), (-3, 3)][random.up_to(3)];
    let driven = random.within(0, 2);
    let traits: Vec<i64> = (0..users).map(|_| random.within(low, high)).collect();
    let mut columns: Vec<Vec<i64>> = (0..questions)
        .map(|i| {
            let value = |&t: &i64| match driven {
                0 => random.within(low, high),
                _ if random.one_in(3) => random.within(low, high),
                2 if i % 2 == 1 => low + high - t,
                _ => t,
            };
            traits.iter().map(value).collect()
        })
        .collect();
    for _ in 0..random.up_to(3) {
        let (to, from) = (random.up_to(questions - 1), random.up_to(questions - 1));
        match random.within(0, 3) {
            0 => columns[to] = columns[from].clone(),
            1 => columns[to] = columns[from].iter().map(|v| low + high - v).collect(),
            2 => columns[to] = vec![low; users],
            _ => {}
        }
    }
    columns
}

/// A table, one row a user, with overall scores: totals, or a value from outside.
pub(super) fn table(random: &mut Random, questions: usize) -> Vec<(Vec<i64>, i64)> {
    let columns = columns(random, questions);
    let users = columns[0].len();
    let outside = random.one_in(4);
    (0..users)
        .map(|u| {
            let row: Vec<i64> = columns.iter().map(|column| column[u]).collect();
            let total = row.iter().sum();
            let g = if outside {
                row[0] + random.within(-4, 4)
            } else {
                total
            };
            (row, g)
        })
        .collect()
}

/// Case number `seed`: up to 12 questions.
pub(super) fn case(seed: u64) -> Case {
    let mut random = Random(seed.wrapping_mul(0x1234_5678_9abc_def1));
    let questions = random.within(2, 12) as usize;
    let k = random.within(1, questions as i64) as usize;
    case_of(&mut random, questions, k)
}

/// Case number `seed` of a wider kind: 16 to 22 questions.
pub(super) fn wide(seed: u64) -> Case {
    let mut random = Random(seed.wrapping_mul(0x1234_5678_9abc_def1));
    let questions = random.within(16, 22) as usize;
    let k = random.within(4, 6) as usize;
    case_of(&mut random, questions, k)
}

fn case_of(random: &mut Random, questions: usize, k: usize) -> Case {
    let rows = table(random, questions);
    let kind = if random.one_in(2) {
        Kind::Total
    } else {
        Kind::Rest
    };
    let mut problem = Problem::new(moments(&rows), k, kind).unwrap();
    if random.one_in(4) {
        let mut include: Vec<usize> = (0..questions).filter(|_| random.one_in(4)).collect();
        include.truncate(k);
        problem = problem.including(include).unwrap();
    }
    if random.one_in(4) {
        let groups = random.within(1, 3) as usize;
        let group = |_| random.up_to(groups).checked_sub(1);
        let group: Vec<Option<usize>> = (0..questions).map(group).collect();
        let limits = |_| {
            let least = random.up_to(2);
            (least, least + random.up_to(3))
        };
        let limits: Vec<(usize, usize)> = (0..groups).map(limits).collect();
        problem = problem.with_quotas(Quotas { group, limits }).unwrap();
    }
    let top = [1, 1, 2, 3, 5, 10, 10, 30, 100, 1000][random.up_to(9)];
    let tuning = Tuning {
        local_search: true,
        small: [1.0, 1.0, 10.0, 6000.0][random.up_to(3)],
        rounds: [0, 1, 2, 5][random.up_to(3)],
        probe: [0, 0, 0, 1][random.up_to(3)],
        record: None,
        fault: Fault::None,
    };
    Case {
        rows,
        problem,
        top,
        tuning,
    }
}
