//! AuditSums sums: of sets seen one by one, and in closed form of whole families of sets.
//!
//! A family is all sets F ∪ T, T any k of the m questions of R. With M(A, B) = Σ m_ij over A × B and
//! C0 = C(m, k), C1 = C(m−1, k−1), C2 = C(m−2, k−2): each question of R is in C1 of the sets, each
//! ordered pair of different ones in C2 of them. So over the family
//!
//! - Σ Sa = C0·s1(F) + C1·s1(R), and Σ Sag the same with cy in place of s1
//! - Σ Saa = C0·M(F,F) + 2·C1·M(F,R) + C1·diag(R) + C2·(M(R,R) − diag(R))
//! - Σ n, Σ Sg, Σ Sgg = C0 times the table's.
//!
//! All modulo 2^64 (the count modulo 2^128), which is exact as a check.

use super::problem::Problem;
use crate::combin::WrappingBinomials;
use crate::stats::AuditSums;

/// The table's moments modulo 2^64.
#[derive(Clone, Debug)]
pub(super) struct Words {
    pub(super) questions: usize,
    pub(super) s1: Vec<u64>,
    pub(super) cy: Vec<u64>,
    pub(super) m: Vec<u64>,
    users: u64,
    sg: u64,
    sgg: u64,
}

impl Words {
    pub(super) fn new(problem: &Problem) -> Self {
        let low = |values: &[i128]| values.iter().map(|&value| value as u64).collect();
        let moments = &problem.moments;
        Self {
            questions: problem.questions,
            s1: low(&moments.s1),
            cy: low(&moments.cy),
            m: low(&moments.m),
            users: moments.users as u64,
            sg: moments.sg as u64,
            sgg: moments.sgg as u64,
        }
    }

    /// m_ij.
    pub(super) fn at(&self, i: usize, j: usize) -> u64 {
        self.m[i * self.questions + j]
    }

    /// The audit of one set.
    pub(super) fn of_set(&self, set: &[usize]) -> AuditSums {
        let mut sums = [0_u64; 3];
        for &i in set {
            sums[0] = sums[0].wrapping_add(self.s1[i]);
            sums[2] = sums[2].wrapping_add(self.cy[i]);
            for &j in set {
                sums[1] = sums[1].wrapping_add(self.at(i, j));
            }
        }
        self.of_sets(1, sums[0], sums[1], sums[2])
    }

    /// The audit of `sets` sets whose Sa, Saa and Sag add up to these.
    pub(super) fn of_sets(&self, sets: u128, sa: u64, saa: u64, sag: u64) -> AuditSums {
        let all = |sum: u64| sum.wrapping_mul(sets as u64);
        let six = [all(self.users), sa, all(self.sg), saa, all(self.sgg), sag];
        AuditSums::new(sets, six)
    }
}

/// What the closed form of a family needs, kept up to date as questions move out of R.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Family {
    /// m: questions in R.
    pub(super) open: usize,
    /// k: how many of them each set takes.
    pub(super) k: usize,
    s1_in: u64,
    s1_open: u64,
    cy_in: u64,
    cy_open: u64,
    m_in: u64,
    m_cross: u64,
    m_open: u64,
    diagonal: u64,
}

/// What moves with a question i that leaves R: its sums of m_ij over F and over R (itself included).
#[derive(Clone, Copy, Debug)]
pub(super) struct Move {
    pub(super) question: usize,
    pub(super) with_in: u64,
    pub(super) with_open: u64,
}

impl Family {
    /// All sets of `k` of all questions, F empty.
    pub(super) fn whole(words: &Words, k: usize) -> Self {
        let sum = |values: &[u64]| values.iter().fold(0_u64, |all, &one| all.wrapping_add(one));
        let diagonal: Vec<u64> = (0..words.questions).map(|i| words.at(i, i)).collect();
        Self {
            open: words.questions,
            k,
            s1_open: sum(&words.s1),
            cy_open: sum(&words.cy),
            m_open: sum(&words.m),
            diagonal: sum(&diagonal),
            ..Self::default()
        }
    }

    /// The sets of the family that do without this question.
    pub(super) fn without(&self, words: &Words, it: Move) -> Self {
        let i = it.question;
        let mii = words.at(i, i);
        Self {
            open: self.open - 1,
            s1_open: self.s1_open.wrapping_sub(words.s1[i]),
            cy_open: self.cy_open.wrapping_sub(words.cy[i]),
            m_cross: self.m_cross.wrapping_sub(it.with_in),
            m_open: self
                .m_open
                .wrapping_sub(it.with_open.wrapping_mul(2))
                .wrapping_add(mii),
            diagonal: self.diagonal.wrapping_sub(mii),
            ..*self
        }
    }

    /// The sets of the family that hold this question; k must be at least 1.
    pub(super) fn with(&self, words: &Words, it: Move) -> Self {
        let i = it.question;
        let mii = words.at(i, i);
        let rest = self.without(words, it);
        Self {
            k: self.k - 1,
            s1_in: self.s1_in.wrapping_add(words.s1[i]),
            cy_in: self.cy_in.wrapping_add(words.cy[i]),
            m_in: self
                .m_in
                .wrapping_add(it.with_in.wrapping_mul(2))
                .wrapping_add(mii),
            m_cross: rest.m_cross.wrapping_add(it.with_open).wrapping_sub(mii),
            ..rest
        }
    }

    /// Sa, Saa and Sag of F alone.
    pub(super) fn fixed(&self) -> [u64; 3] {
        [self.s1_in, self.m_in, self.cy_in]
    }

    /// The audit of the whole family, by the closed form above.
    pub(super) fn audit(&self, words: &Words, binomials: &WrappingBinomials) -> AuditSums {
        if self.k > self.open {
            return AuditSums::default();
        }
        let (m, k) = (self.open as isize, self.k as isize);
        let sets = binomials.wide(m, k);
        let all = sets as u64;
        let one = binomials.get(m - 1, k - 1);
        let two = binomials.get(m - 2, k - 2);
        let linear =
            |fixed: u64, open: u64| all.wrapping_mul(fixed).wrapping_add(one.wrapping_mul(open));
        let ordered = self.m_open.wrapping_sub(self.diagonal);
        let once = self.m_cross.wrapping_mul(2).wrapping_add(self.diagonal);
        let saa = linear(self.m_in, once).wrapping_add(two.wrapping_mul(ordered));
        words.of_sets(
            sets,
            linear(self.s1_in, self.s1_open),
            saa,
            linear(self.cy_in, self.cy_open),
        )
    }
}
