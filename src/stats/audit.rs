//! Sums over whole families of sets, seen and in closed form.
//!
//! Every K-set is counted by each user who answered all of it. Take the sets that complete a prefix
//! by j of the questions behind it, and a user who answered the prefix with score s, has total g,
//! and answered d of the questions behind it with scores summing to t and squares to h. Over the
//! C(d, j) completions this user answered in full:
//!
//! - Σ 1 = C(d, j) =: N
//! - Σ a = s·N + t·C(d−1, j−1) =: A, since each of the d answers is in C(d−1, j−1) of them
//! - Σ a² = s²·N + 2·s·t·C(d−1, j−1) + h·C(d−1, j−1) + (t² − h)·C(d−2, j−2), since each ordered
//!   pair of answers is in C(d−2, j−2) of them
//! - Σ g = g·N, Σ g² = g²·N, Σ a·g = g·A
//!
//! All of it modulo 2^64, which is exact as a check: a lost, doubled or wrong set changes it.

use super::Sums;
use crate::combin::WrappingBinomials;
use std::ops::{AddAssign, SubAssign};

/// Sums over many sets: how many, and each of their six sums modulo 2^64.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AuditSums {
    /// Sets, modulo 2^128.
    pub sets: u128,
    /// Σ n.
    pub n: u64,
    /// Σ Sa.
    pub sa: u64,
    /// Σ Sg.
    pub sg: u64,
    /// Σ Saa.
    pub saa: u64,
    /// Σ Sgg.
    pub sgg: u64,
    /// Σ Sag.
    pub sag: u64,
}

impl AuditSums {
    /// Counts one set.
    pub fn add_set(&mut self, sums: &Sums) {
        *self += Self {
            sets: 1,
            n: sums.n,
            sa: sums.sa as u64,
            sg: sums.sg as u64,
            saa: sums.saa as u64,
            sgg: sums.sgg as u64,
            sag: sums.sag as u64,
        };
    }
}

impl AddAssign for AuditSums {
    fn add_assign(&mut self, other: Self) {
        self.sets = self.sets.wrapping_add(other.sets);
        for (mine, other) in [
            (&mut self.n, other.n),
            (&mut self.sa, other.sa),
            (&mut self.sg, other.sg),
            (&mut self.saa, other.saa),
            (&mut self.sgg, other.sgg),
            (&mut self.sag, other.sag),
        ] {
            *mine = mine.wrapping_add(other);
        }
    }
}

impl SubAssign for AuditSums {
    fn sub_assign(&mut self, other: Self) {
        self.sets = self.sets.wrapping_sub(other.sets);
        for (mine, other) in [
            (&mut self.n, other.n),
            (&mut self.sa, other.sa),
            (&mut self.sg, other.sg),
            (&mut self.saa, other.saa),
            (&mut self.sgg, other.sgg),
            (&mut self.sag, other.sag),
        ] {
            *mine = mine.wrapping_sub(other);
        }
    }
}

/// What an engine subtracted from the table's integers before it summed. r does not change; the
/// audit is taken over the shifted integers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Basis {
    /// Subtracted from every score of question q; empty for all zeros.
    pub scores: Vec<i64>,
    /// Subtracted from every total.
    pub total: i64,
}

/// What a user answered of the questions behind a prefix.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tail {
    /// d: how many.
    pub answers: usize,
    /// t: the sum of their scores, modulo 2^64.
    pub sum: u64,
    /// h: the sum of their squares, modulo 2^64.
    pub squares: u64,
}

impl Tail {
    /// Adds an answer with this score.
    pub fn add(&mut self, score: i64) {
        let score = score as u64;
        self.answers += 1;
        self.sum = self.sum.wrapping_add(score);
        self.squares = self.squares.wrapping_add(score.wrapping_mul(score));
    }

    /// Takes an answer with this score away again.
    pub fn remove(&mut self, score: i64) {
        let score = score as u64;
        self.answers -= 1;
        self.sum = self.sum.wrapping_sub(score);
        self.squares = self.squares.wrapping_sub(score.wrapping_mul(score));
    }
}

/// The closed form: one user's part in all completions of a prefix.
#[derive(Clone, Debug)]
pub struct Completions {
    binomials: WrappingBinomials,
}

impl Completions {
    /// For tables of `questions` questions and sets of up to `k`.
    #[must_use]
    pub fn new(questions: usize, k: usize) -> Self {
        Self {
            binomials: WrappingBinomials::new(questions, k),
        }
    }

    /// Over the completions by `j` more questions: the part of a user with prefix score `s`, total
    /// `g` and these answers behind the prefix. `sets` stays 0: sets are not a user's to count.
    #[must_use]
    pub fn of_user(&self, j: usize, s: i64, g: i64, tail: &Tail) -> AuditSums {
        let (d, j) = (tail.answers as isize, j as isize);
        let (s, g) = (s as u64, g as u64);
        let Tail {
            sum: t, squares: h, ..
        } = *tail;
        let all = self.binomials.get(d, j);
        let with_one = self.binomials.get(d - 1, j - 1);
        let with_two = self.binomials.get(d - 2, j - 2);
        let sa = s.wrapping_mul(all).wrapping_add(t.wrapping_mul(with_one));
        let once = s.wrapping_mul(t).wrapping_mul(2).wrapping_add(h);
        let saa = s
            .wrapping_mul(s)
            .wrapping_mul(all)
            .wrapping_add(once.wrapping_mul(with_one))
            .wrapping_add(t.wrapping_mul(t).wrapping_sub(h).wrapping_mul(with_two));
        AuditSums {
            sets: 0,
            n: all,
            sa,
            sg: g.wrapping_mul(all),
            saa,
            sgg: g.wrapping_mul(g).wrapping_mul(all),
            sag: g.wrapping_mul(sa),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::combin::successor;

    #[test]
    fn the_closed_form_is_the_sum_over_the_sets() {
        let scores = [3_i64, -2, 0, 7, 1, 1];
        let (s, g) = (-5, 11);
        let mut tail = Tail::default();
        for score in scores {
            tail.add(score);
        }
        let forms = Completions::new(scores.len(), scores.len());
        for j in 0..=scores.len() {
            let mut seen = AuditSums::default();
            let mut set: Vec<usize> = (0..j).collect();
            loop {
                let a = s + set.iter().map(|&i| scores[i]).sum::<i64>();
                seen.add_set(&Sums::of_user(a, g));
                if !successor(scores.len(), &mut set) {
                    break;
                }
            }
            seen.sets = 0;
            assert_eq!(forms.of_user(j, s, g, &tail), seen, "j {j}");
        }
        let nothing = forms.of_user(2, s, g, &Tail::default());
        assert_eq!(nothing, AuditSums::default());
    }
}
