//! Local search: good sets to start from. Nothing is proved here; a poor pool costs time only.

use super::judge::Judge;
use super::piece::{Piece, Start};
use super::problem::{Kind, Problem};
use super::scaled::Scaled;
use rayon::prelude::*;
use std::collections::HashSet;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

/// Independent chains of starts, and the starts of each.
const CHAINS: u64 = 8;
const STARTS: usize = 13;

/// Blocks of a part that are drawn for a start: quotas may leave no set of one.
const DRAWS: usize = 16;

/// The sets that are looked for.
#[derive(Clone, Copy)]
pub(super) struct Field<'a> {
    pub(super) problem: &'a Problem,
    pub(super) scaled: &'a Scaled,
    /// The part that they are of, if not all sets.
    pub(super) piece: Option<&'a Piece<'a>>,
}

/// Offers the judge the best sets that greedy choice and best swaps from many starts come by.
pub(super) fn search(field: Field<'_>, judge: &dyn Judge, stop: &AtomicBool) {
    chains(0..CHAINS, field, judge, stop);
}

/// Goes on with other starts until then.
pub(super) fn search_until(until: Instant, field: Field<'_>, judge: &dyn Judge, stop: &AtomicBool) {
    let mut next = CHAINS;
    while Instant::now() < until && !stop.load(Ordering::Relaxed) {
        chains(next..next + CHAINS, field, judge, stop);
        next += CHAINS;
    }
}

fn chains(numbers: Range<u64>, field: Field<'_>, judge: &dyn Judge, stop: &AtomicBool) {
    numbers.into_par_iter().for_each(|chain| {
        let mut climber = Climber::new(field, judge, chain);
        climber.run(stop);
    });
}

struct Climber<'a> {
    problem: &'a Problem,
    scaled: &'a Scaled,
    judge: &'a dyn Judge,
    floor: f64,
    random: u64,
    piece: Option<&'a Piece<'a>>,
    /// What a start holds, and what else it may: those of all sets, or of a block of the part.
    fixed: Vec<usize>,
    free: Vec<usize>,
    set: Vec<usize>,
    inside: Vec<bool>,
    /// Σ of V over the set, for each question.
    t: Vec<f64>,
    values: Vec<f64>,
    offered: HashSet<Vec<usize>>,
}

impl<'a> Climber<'a> {
    fn new(field: Field<'a>, judge: &'a dyn Judge, chain: u64) -> Self {
        let Field {
            problem,
            scaled,
            piece,
        } = field;
        let n = scaled.n;
        Self {
            problem,
            scaled,
            judge,
            floor: judge.floor(),
            random: chain,
            piece,
            fixed: problem.include.clone(),
            free: (0..n).filter(|i| !problem.include.contains(i)).collect(),
            set: Vec::new(),
            inside: vec![false; n],
            t: vec![0.0; n],
            values: vec![0.0; n],
            offered: HashSet::new(),
        }
    }

    fn run(&mut self, stop: &AtomicBool) {
        let mut best: Option<(f64, Vec<usize>)> = None;
        for start in 0..STARTS {
            if stop.load(Ordering::Relaxed) {
                return;
            }
            let built = match &best {
                None => self.enter() && self.greedy(),
                Some((_, set)) if start % 2 == 0 => {
                    let set = set.clone();
                    self.near(set)
                }
                Some(_) => self.enter() && self.anywhere(),
            };
            let draws = if self.piece.is_some() { DRAWS } else { 1 };
            if !built && !(0..draws).any(|_| self.enter() && self.anywhere()) {
                return;
            }
            let value = self.climb();
            if best.as_ref().is_none_or(|(most, _)| value > *most) {
                best = Some((value, self.set.clone()));
            }
        }
    }

    /// Draws the block of the part that the next start is of; false where the part has no set.
    fn enter(&mut self) -> bool {
        let Some(piece) = self.piece else {
            return true;
        };
        let number = u128::from(self.next()) << 64 | u128::from(self.next());
        let Some(Start { fixed, pool }) = piece.start(number) else {
            return false;
        };
        self.fixed = fixed;
        self.free = pool.collect();
        true
    }

    /// Whether the set is one of those asked for when `into` takes the place `at` of it.
    fn may_hold(&self, at: usize, into: usize) -> bool {
        self.piece.is_none_or(|piece| {
            let mut set = self.set.clone();
            set[at] = into;
            set.sort_unstable();
            piece.holds(&set)
        })
    }

    /// A number below `n`.
    fn below(&mut self, n: usize) -> usize {
        (self.next() % n as u64) as usize
    }

    /// splitmix64.
    fn next(&mut self) -> u64 {
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.random;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// r from c(S) and x'Vx.
    fn value(&self, c: f64, q: f64) -> f64 {
        rank(self.problem.kind, self.scaled.g, c, q)
    }

    fn place(&mut self, set: Vec<usize>) {
        self.inside.fill(false);
        self.t.fill(0.0);
        for &i in &set {
            self.inside[i] = true;
            super::kernels::axpy(&mut self.t, 1.0, self.scaled.row(i));
        }
        self.set = set;
    }

    fn fill(&mut self, order: &[usize]) -> bool {
        let k = self.problem.k;
        let mut set = self.fixed.clone();
        let full = match &self.problem.quotas {
            Some(quotas) => quotas.fill(&mut set, k, order),
            None => {
                set.extend(&order[..k - set.len()]);
                true
            }
        };
        self.place(set);
        full
    }

    /// The fixed questions, then each time the best next; with quotas the best single ones.
    fn greedy(&mut self) -> bool {
        if self.problem.quotas.is_some() {
            let mut order = self.free.clone();
            let alone = |i: usize| self.value(self.scaled.c[i], self.scaled.row(i)[i]);
            order.sort_by(|&a, &b| alone(b).total_cmp(&alone(a)));
            return self.fill(&order);
        }
        let mut set = self.fixed.clone();
        self.place(set.clone());
        while set.len() < self.problem.k {
            let (c, q) = self.totals();
            let mut best: Option<(f64, usize)> = None;
            for &j in self.free.iter().filter(|&&j| !self.inside[j]) {
                let q = q + 2.0 * self.t[j] + self.scaled.row(j)[j];
                let value = self.value(c + self.scaled.c[j], q);
                if best.is_none_or(|(most, _)| value > most) {
                    best = Some((value, j));
                }
            }
            let Some((_, j)) = best else { return false };
            set.push(j);
            self.place(set.clone());
        }
        true
    }

    fn anywhere(&mut self) -> bool {
        let mut order = self.free.clone();
        for i in (1..order.len()).rev() {
            let j = self.below(i + 1);
            order.swap(i, j);
        }
        self.fill(&order)
    }

    /// Up to four random swaps away.
    fn near(&mut self, set: Vec<usize>) -> bool {
        self.place(set);
        let fixed = self.fixed.len();
        if self.problem.k == fixed || self.free.len() <= self.problem.k - fixed {
            return true;
        }
        for _ in 0..=self.below(4) {
            let at = fixed + self.below(self.problem.k - fixed);
            let from = self.below(self.free.len());
            let into = self.free[from];
            let out = self.set[at];
            if !self.inside[into] && self.may_swap(out, into) && self.may_hold(at, into) {
                let mut set = std::mem::take(&mut self.set);
                set[at] = into;
                self.place(set);
            }
        }
        true
    }

    fn may_swap(&self, out: usize, into: usize) -> bool {
        let quotas = self.problem.quotas.as_ref();
        quotas.is_none_or(|quotas| quotas.allow_swap(&quotas.counts(&self.set), out, into))
    }

    fn totals(&self) -> (f64, f64) {
        let c = self.set.iter().map(|&i| self.scaled.c[i]).sum();
        let q = self.set.iter().map(|&i| self.t[i]).sum();
        (c, q)
    }

    /// Best swaps until none helps; offers what it passes. Returns the value it ends at.
    fn climb(&mut self) -> f64 {
        let (c, q) = self.totals();
        let mut present = self.value(c, q);
        self.offer(None);
        for _ in 0..1000 {
            let Some((value, at, into)) = self.best_swap() else {
                return present;
            };
            if value <= present + 1e-13 {
                return present;
            }
            let mut set = std::mem::take(&mut self.set);
            set[at] = into;
            self.place(set);
            let (c, q) = self.totals();
            present = self.value(c, q);
        }
        present
    }

    fn best_swap(&mut self) -> Option<(f64, usize, usize)> {
        let (c, q) = self.totals();
        let mut best = None;
        let mut most = f64::NEG_INFINITY;
        for at in self.problem.include.len()..self.set.len() {
            let out = self.set[at];
            let row = self.scaled.row(out);
            let (c, q) = (c - self.scaled.c[out], q - 2.0 * self.t[out] + row[out]);
            let n = self.scaled.n;
            for (j, value) in self.values.iter_mut().enumerate() {
                let q = q + 2.0 * (self.t[j] - row[j]) + self.scaled.v[j * n + j];
                *value = rank(self.problem.kind, self.scaled.g, c + self.scaled.c[j], q);
            }
            for j in 0..n {
                let value = self.values[j];
                let worth = value > most || value >= self.floor - 1e-9;
                let fits = worth && !self.inside[j] && self.may_swap(out, j);
                if fits && self.may_hold(at, j) {
                    if value > most {
                        most = value;
                        best = Some((value, at, j));
                    }
                    if value >= self.floor - 1e-9 {
                        self.offer(Some((at, j)));
                    }
                }
            }
        }
        best
    }

    /// Offers the set, or the set after a swap, unless it was offered before.
    fn offer(&mut self, swap: Option<(usize, usize)>) {
        let mut set = self.set.clone();
        if let Some((at, into)) = swap {
            set[at] = into;
        }
        set.sort_unstable();
        if !self.offered.contains(&set) {
            self.floor = self.judge.offer(&set);
            self.offered.insert(set);
        }
    }
}

/// r from c(S), x'Vx and G, about; far below 0 where it is not defined.
fn rank(kind: Kind, g: f64, c: f64, q: f64) -> f64 {
    let (above, below) = match kind {
        Kind::Total => (c, q * g),
        Kind::Rest => (c - q, q * (g - 2.0 * c + q)),
    };
    if q > 1e-9 && below > 1e-9 {
        above / below.sqrt()
    } else {
        -2.0
    }
}
