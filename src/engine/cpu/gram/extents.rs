//! What the scores of each question and the totals range over: how far they may be shifted towards 0,
//! and how large they are then.

use super::leaf::Margins;
use crate::arch::{Isa, Kernel, Level, run};
use crate::matrix::ResponseMatrix;
use crate::stats::Basis;
use crate::stats::cross::Workers;

/// The range and the mean of some integers; all 0 of none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Extent {
    pub(super) low: i64,
    pub(super) high: i64,
    /// Rounded.
    mean: i64,
}

impl Extent {
    /// The largest distance from `offset`.
    pub(super) fn reach(&self, offset: i64) -> u64 {
        self.low.abs_diff(offset).max(self.high.abs_diff(offset))
    }
}

struct Measure<'a>(&'a [i64]);

impl Kernel for Measure<'_> {
    type Out = Extent;
    #[inline(always)]
    fn run<L: Level>(self, _: L) -> Extent {
        let Some(&first) = self.0.first() else {
            return Extent::default();
        };
        let (mut low, mut high, mut sum) = (first, first, 0_i64);
        for &value in self.0 {
            (low, high) = (low.min(value), high.max(value));
            // Users times the largest total or score fit 63 bits in every table.
            sum = sum.wrapping_add(value);
        }
        let (sum, n) = (i128::from(sum), self.0.len() as i128);
        Extent {
            low,
            high,
            // Between the least and the greatest value, so it fits.
            mean: (2 * sum + n).div_euclid(2 * n) as i64,
        }
    }
}

/// The extents of the scores of every question, and of the totals.
#[derive(Clone, Debug)]
pub(super) struct Extents {
    pub(super) scores: Vec<Extent>,
    pub(super) totals: Extent,
}

impl Extents {
    pub(super) fn of(isa: Isa, workers: &impl Workers, matrix: &ResponseMatrix) -> Self {
        let question = |q: usize| run(isa, Measure(matrix.column(q).scores()));
        Self {
            scores: workers.each(matrix.questions().len(), question),
            totals: run(isa, Measure(matrix.totals())),
        }
    }

    /// Scores and totals less their means.
    ///
    /// Over all who answered, |Σx_q| ≤ n/2 then, and Σx_q² is at most n/4 above its least.
    pub(super) fn centred(&self) -> Basis {
        Basis {
            scores: self.scores.iter().map(|scores| scores.mean).collect(),
            total: self.totals.mean,
            ..Basis::default()
        }
    }

    /// Largest sizes of centred scores, by question, and of a centred total.
    fn reaches(&self) -> (impl Iterator<Item = u64> + '_, u64) {
        let of = |extent: &Extent| extent.reach(extent.mean);
        (self.scores.iter().map(of), of(&self.totals))
    }

    /// Largest sizes of a centred score and of a centred total.
    pub(super) fn reach(&self) -> (u64, u64) {
        let (scores, total) = self.reaches();
        (scores.max().unwrap_or(0), total)
    }

    /// Bounds over all sets of `k` questions and `users` users; sums on the way are at most `factor`
    /// times the six.
    pub(super) fn margins(&self, users: usize, k: usize, factor: f64) -> Option<Margins> {
        let (scores, total) = self.reaches();
        let mut scores: Vec<f64> = scores.map(|reach| reach as f64).collect();
        scores.sort_by(|a, b| b.total_cmp(a));
        Margins::new(users, scores.iter().take(k).sum(), total as f64, factor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_level_measures_the_same() {
        let measure = |isa, values: &[i64]| run(isa, Measure(values));
        for isa in Isa::available() {
            assert_eq!(measure(isa, &[]), Extent::default());
            let extent = measure(isa, &[-5, 1, 2, -4, 7, 0, 0, 0, 3]);
            assert_eq!((extent.low, extent.high, extent.mean), (-5, 7, 0));
            assert_eq!((extent.reach(0), extent.reach(3)), (7, 8));
            assert_eq!(measure(isa, &[i64::MAX, i64::MAX - 3]).low, i64::MAX - 3);
            assert_eq!(measure(isa, &[1, 2]).mean, 2);
        }
    }
}
