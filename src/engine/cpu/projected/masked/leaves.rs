//! The masked sums of a pair's leaves, 32 a vector, and their judgement.

use super::super::kernel::{Bar, SUMS, judged};
use super::order::{AT_ONCE, Stem};
use crate::arch::{ByteLevel, twice};

/// The six sums of all leaves of a stem that were judged, lane by lane: at most 2^15 a leaf, and fewer than 2^11
/// leaves of a lane.
pub(super) struct Sums<L: ByteLevel> {
    totals: [L::I; SUMS],
    /// What is known of the fields.
    low: L::W,
    by: L::W,
    /// A unit of squares.
    unit: f32,
    /// n·Sgg from here on may have sums of g that leave their field.
    unsure: f32,
}

impl<L: ByteLevel> Sums<L> {
    #[inline(always)]
    pub(super) fn new(level: L, stem: &Stem) -> Self {
        let fields = stem.fields();
        let reach = fields.reach() as f32;
        Self {
            totals: [level.every_integer(0); SUMS],
            low: level.words(twice((1 << fields.low) - 1)),
            by: level.words(twice(fields.low as u16)),
            unit: (1_u32 << fields.unit) as f32,
            unsure: reach * reach + 1.0,
        }
    }

    /// n, Sa, Sg, Saa, Sgg, Sag of all leaves judged.
    #[inline(always)]
    pub(super) fn totals(&self, level: L) -> [u64; SUMS] {
        let mut totals = self.totals.map(|total| {
            let lanes = level.lanes(total).into_iter();
            lanes.map(i64::from).sum::<i64>().cast_unsigned()
        });
        totals[4] *= self.unit as u64;
        totals
    }

    /// Sums and judges the leaves from `from` on of the pair of lane `l2`, whose users are listed: a bit for each that is kept,
    /// of as many vectors as there are, at most [`AT_ONCE`].
    #[inline(always)]
    pub(super) fn judge(
        &mut self,
        level: L,
        stem: &Stem,
        from: usize,
        l2: usize,
        bar: &Bar<f32>,
    ) -> [u32; AT_ONCE] {
        match (l2 - from).div_ceil(32) {
            1 => self.vectors::<1>(level, stem, from, l2, bar),
            2 => self.vectors::<2>(level, stem, from, l2, bar),
            3 => self.vectors::<3>(level, stem, from, l2, bar),
            _ => self.vectors::<AT_ONCE>(level, stem, from, l2, bar),
        }
    }

    #[inline(always)]
    fn vectors<const V: usize>(
        &mut self,
        level: L,
        stem: &Stem,
        from: usize,
        l2: usize,
        bar: &Bar<f32>,
    ) -> [u32; AT_ONCE] {
        let zero = [level.words(0); V];
        let (mut w, mut q, mut x) = (zero, zero, zero);
        // Σ s, Σ s·g, Σ s·x, and Σ s(s + 1)/2.
        let (mut s, mut sg, mut sx, mut ss) = (zero, zero, zero, zero);
        let rows = stem.rows[from / (32 * AT_ONCE)].as_slice();
        let weights = &stem.weights[..rows.len()];
        let mut start = 0;
        for &end in &stem.ends {
            // Before anybody is summed there is nothing to take.
            if start > 0 {
                for v in 0..V {
                    s[v] = level.more(s[v], level.common(w[v], self.low));
                    sg[v] = level.more(sg[v], level.lower(w[v], self.by));
                    sx[v] = level.more(sx[v], level.common(x[v], self.low));
                    ss[v] = level.more(ss[v], s[v]);
                }
            }
            for &user in &stem.listed[start..end] {
                let [answered, high] = &rows[usize::from(user)];
                let [weight, square] = weights[usize::from(user)];
                let (weight, square) = (level.words(weight), level.words(square));
                for v in 0..V {
                    w[v] = level.more_where(answered[v], w[v], weight);
                    q[v] = level.more_where(answered[v], q[v], square);
                    x[v] = level.more_where(high[v], x[v], weight);
                }
            }
            start = end;
        }
        let mut kept = [0; AT_ONCE];
        for v in 0..V {
            let leaves = l2 - (from + v * 32);
            let mask = u32::MAX >> (32 - leaves.min(32));
            let high = level.common(x[v], self.low);
            let twice_over = level.more(ss[v], sx[v]);
            let mut six = [
                level.common(w[v], self.low),
                level.more(s[v], high),
                level.lower(w[v], self.by),
                level.more(level.more(twice_over, twice_over), level.fewer(high, s[v])),
                q[v],
                level.more(sg[v], level.lower(x[v], self.by)),
            ];
            let mut halves = [[self.totals[0]; SUMS]; 2];
            for i in 0..SUMS {
                six[i] = level.only(mask, six[i]);
                self.totals[i] = level.sum_of(self.totals[i], level.neighbours(six[i]));
                [halves[0][i], halves[1][i]] = level.halves(six[i]);
            }
            let low = self.judged(level, halves[0], bar);
            let high = self.judged(level, halves[1], bar);
            kept[v] = (low | high << 16) & mask;
        }
        kept
    }

    /// Which of 16 leaves are kept.
    #[inline(always)]
    fn judged(&self, level: L, six: [L::I; SUMS], bar: &Bar<f32>) -> u32 {
        // Loops, not closures: those would be compiled for no level.
        let mut sums = [level.every(0.0); SUMS];
        for i in 0..SUMS {
            sums[i] = level.floats(six[i]);
        }
        let [n, _, _, _, squares, _] = sums;
        sums[4] = level.times(squares, level.every(self.unit));
        let lost = level.times(n, level.every(self.unit - 1.0));
        let product = level.times(n, level.plus(sums[4], lost));
        let unsure = level.at_least(product, level.every(self.unsure));
        (unsure | judged(level, sums, bar)) as u32
    }
}
