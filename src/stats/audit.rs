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
//! Where i questions are to be of one kind and j of another, with N, A and Σ a² of the choices of i and M, B and
//! Σ b² of those of j, b without s: Σ 1 = N·M, Σ (a + b) = A·M + N·B, Σ (a + b)² = M·Σ a² + 2·A·B + N·Σ b².
//!
//! All of it modulo 2^64, which is exact as a check: a lost, doubled or wrong set changes it.

use super::{Six, Sums};
use crate::combin::WrappingBinomials;
use std::num::Wrapping;
use std::ops::{AddAssign, SubAssign};

/// Sums over many sets: how many, and each of their six sums modulo 2^64.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AuditSums {
    /// Sets, modulo 2^128.
    pub sets: u128,
    /// The six sums of all sets, added up.
    pub six: Six<Wrapping<u64>>,
}

impl AuditSums {
    /// `sets` sets whose n, Sa, Sg, Saa, Sgg and Sag add up to `six`.
    #[must_use]
    pub fn new(sets: u128, six: [u64; 6]) -> Self {
        Self {
            sets,
            six: Six::from_array(six).map(Wrapping),
        }
    }

    /// So many sets of which nobody answered all.
    #[must_use]
    pub fn of_nobody(sets: u128) -> Self {
        Self::new(sets, [0; 6])
    }

    /// Counts one set.
    pub fn add_set(&mut self, sums: &Sums) {
        *self += Self {
            sets: 1,
            six: sums.map(|sum| Wrapping(sum as u64)),
        };
    }

    /// The sums of the same sets over scores of sets and overall scores that are larger by these.
    #[must_use]
    pub fn shifted(self, score: i64, total: i64) -> Self {
        let by = |shift: i64| Wrapping(shift as u64);
        Self {
            six: self.six.shifted(by(score), by(total)),
            ..self
        }
    }
}

impl AddAssign for AuditSums {
    fn add_assign(&mut self, other: Self) {
        self.sets = self.sets.wrapping_add(other.sets);
        self.six += other.six;
    }
}

impl SubAssign for AuditSums {
    fn sub_assign(&mut self, other: Self) {
        self.sets = self.sets.wrapping_sub(other.sets);
        self.six -= other.six;
    }
}

/// What an engine made of the table's integers before it summed: it subtracted these, and where there are too
/// many digits it rounded what was left to steps. The audit is taken over what came of it. Subtracting does not
/// change r; what steps do to it is told by [`super::bounds`], rounded scores.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Basis {
    /// Subtracted from every score of question q; empty for all zeros.
    pub scores: Vec<i64>,
    /// Subtracted from every total.
    pub total: i64,
    /// Scores are in steps of 2 to this power, which are at most 2^63.
    pub score_step: u32,
    /// Totals are in steps of 2 to this power.
    pub total_step: u32,
}

impl Basis {
    /// A score of question `q` as it was summed, modulo 2^64: the nearest number of steps, the higher of two.
    #[must_use]
    pub fn score(&self, q: usize, score: i64) -> i64 {
        steps(
            score,
            self.scores.get(q).copied().unwrap_or(0),
            self.score_step,
        )
    }

    /// A total as it was summed, modulo 2^64: the nearest number of steps, the higher of two.
    #[must_use]
    pub fn total(&self, total: i64) -> i64 {
        steps(total, self.total, self.total_step)
    }
}

/// `value` less `origin` in steps of 2^`step`.
fn steps(value: i64, origin: i64, step: u32) -> i64 {
    let half = (1_i128 << step) >> 1;
    ((i128::from(value) - i128::from(origin) + half) >> step) as i64
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

    /// These answers but for some of them.
    #[must_use]
    pub fn without(&self, some: &Self) -> Self {
        Self {
            answers: self.answers - some.answers,
            sum: self.sum.wrapping_sub(some.sum),
            squares: self.squares.wrapping_sub(some.squares),
        }
    }

    /// Takes an answer with this score away again.
    pub fn remove(&mut self, score: i64) {
        let score = score as u64;
        self.answers -= 1;
        self.sum = self.sum.wrapping_sub(score);
        self.squares = self.squares.wrapping_sub(score.wrapping_mul(score));
    }

    /// The answers of both.
    #[must_use]
    fn with(&self, other: &Self) -> Self {
        Self {
            answers: self.answers + other.answers,
            sum: self.sum.wrapping_add(other.sum),
            squares: self.squares.wrapping_add(other.squares),
        }
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

    /// How many completions by `j` of so many questions there are, modulo 2^128.
    #[must_use]
    pub fn sets(&self, questions: usize, j: usize) -> u128 {
        self.binomials.wide(questions as isize, j as isize)
    }

    /// Over the completions by `j` more questions: the part of a user with prefix score `s`, total
    /// `g` and these answers behind the prefix. `sets` stays 0: sets are not a user's to count.
    #[must_use]
    pub fn of_user(&self, j: usize, s: i64, g: i64, tail: &Tail) -> AuditSums {
        let (d, j) = (tail.answers as isize, j as isize);
        let by = |n, k| Wrapping(self.binomials.get(n, k));
        let (all, with_one, with_two) = (by(d, j), by(d - 1, j - 1), by(d - 2, j - 2));
        let [s, g, t, h] = [s as u64, g as u64, tail.sum, tail.squares].map(Wrapping);
        let sa = s * all + t * with_one;
        let six = Six {
            n: all,
            sa,
            sg: g * all,
            saa: s * s * all + (Wrapping(2) * s * t + h) * with_one + (t * t - h) * with_two,
            sgg: g * g * all,
            sag: g * sa,
        };
        AuditSums { sets: 0, six }
    }

    /// [`Self::of_user`] over the completions that have at most `allowed` questions of the second kind, the
    /// answers behind the prefix being those to questions of the first kind and of the second.
    #[must_use]
    pub fn of_user_within(
        &self,
        allowed: usize,
        j: usize,
        s: i64,
        g: i64,
        [first, second]: &[Tail; 2],
    ) -> AuditSums {
        let mut sums = self.of_user(j, s, g, &first.with(second));
        for of_second in allowed + 1..=j {
            let some = self.of_user(j - of_second, s, g, first).six;
            let others = self.of_user(of_second, 0, 0, second).six;
            let n = some.n * others.n;
            let sa = some.sa * others.n + some.n * others.sa;
            let twice = Wrapping(2) * some.sa * others.sa;
            let g = Wrapping(g as u64);
            sums -= AuditSums {
                sets: 0,
                six: Six {
                    n,
                    sa,
                    sg: g * n,
                    saa: some.saa * others.n + twice + some.n * others.saa,
                    sgg: g * g * n,
                    sag: g * sa,
                },
            };
        }
        sums
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::combin::successor;

    #[test]
    fn scores_and_totals_are_off_by_half_a_step_at_most() {
        let basis = Basis {
            scores: vec![7, i64::MIN],
            total: -3,
            score_step: 3,
            total_step: 0,
        };
        // 11 is half a step above 7, 3 as much below it.
        for (score, steps) in [(7, 0), (10, 0), (11, 1), (3, 0), (2, -1), (15, 1)] {
            assert_eq!(basis.score(0, score), steps, "{score}");
        }
        assert_eq!(basis.score(1, i64::MAX), 1 << 61);
        assert_eq!(basis.score(9, 16), 2);
        assert_eq!([basis.total(-3), basis.total(4)], [0, 7]);
        // Without steps, differences are modulo 2^64.
        let plain = Basis {
            scores: vec![i64::MIN],
            ..Basis::default()
        };
        assert_eq!(plain.score(0, i64::MAX), -1);
    }

    #[test]
    fn the_closed_form_is_the_sum_over_the_sets() {
        let scores = [3_i64, -2, 0, 7, 1, 1];
        let (s, g) = (-5_i64, 11_i64);
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
                seen.add_set(&Sums::of_user(a.into(), g.into()));
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

    #[test]
    fn the_closed_form_of_two_kinds_is_the_sum_over_the_sets_with_few_of_the_second() {
        let scores = [3_i64, -2, 0, 7, 1, 1, 5];
        let (s, g) = (-5_i64, 11_i64);
        let forms = Completions::new(scores.len(), 5);
        for (first, allowed, j) in (0..=7)
            .flat_map(|first| (1..=2).map(move |allowed| (first, allowed)))
            .flat_map(|(first, allowed)| (1..=5).map(move |j| (first, allowed, j)))
        {
            let mut tails = [Tail::default(); 2];
            for (i, score) in scores.into_iter().enumerate() {
                tails[usize::from(i >= first)].add(score);
            }
            let mut seen = AuditSums::default();
            let mut set: Vec<usize> = (0..j).collect();
            loop {
                if set.iter().filter(|&&i| i >= first).count() <= allowed {
                    let a = s + set.iter().map(|&i| scores[i]).sum::<i64>();
                    seen.add_set(&Sums::of_user(a.into(), g.into()));
                }
                if !successor(scores.len(), &mut set) {
                    break;
                }
            }
            seen.sets = 0;
            let told = forms.of_user_within(allowed, j, s, g, &tails);
            assert_eq!(told, seen, "{first} {allowed} {j}");
        }
    }
}
