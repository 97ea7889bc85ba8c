//! One stem: a projected prefix and the first of its last three questions; all sets behind it.
//!
//! Of any three lanes two lie in one half of the lanes, so every set is met once as a pair of lanes
//! l₁ > l₂ in one half and a leaf m:
//!
//! - both in the second half: every leaf below l₂ (also those of the first half);
//! - both in the first half: every leaf of the second half, and those below l₂.
//!
//! That is half as many pairs as l₁ > l₂ > m would take, each with twice as many leaves, so vectors
//! of leaves are fuller. Where the [limit](super::super::halves) bounds the highest lane, or the two highest,
//! the walk went by halves before: pairs l₁ > l₂ are then taken as they are, with every leaf below l₂. Where it
//! bounds the highest alone, l₂ is any lane below, and the walk has a quarter of the stems that it would have
//! without, or half; where it bounds two, l₂ is bounded like l₁.

use super::base::Base;
use super::kernel::{Bar, Entry, Parts, SUMS, leaves, totals};
use crate::arch::{Elem, FloatKernel, Floats};
use crate::stats::{Floor, Needs};

/// What a stem adds up.
#[derive(Clone, Debug, Default)]
pub(super) struct Tally {
    /// Leaves judged.
    pub(super) sets: u64,
    /// Leaves kept for the exact judgement.
    pub(super) kept: u64,
    /// Their sums over the outer users, as shifted as the base is, modulo 2^64.
    pub(super) totals: [u64; SUMS],
}

impl Tally {
    /// Both together.
    pub(super) fn merged(mut self, other: Self) -> Self {
        self.sets += other.sets;
        self.kept += other.kept;
        for (mine, other) in self.totals.iter_mut().zip(other.totals) {
            *mine = mine.wrapping_add(other);
        }
        self
    }
}

/// Buffers of a thread.
#[derive(Debug, Default)]
pub(super) struct Lists<E> {
    /// The base's entries with the first question's score added, where answered.
    first: Vec<Entry<E>>,
    /// The outer users of both questions.
    second: Vec<Entry<E>>,
    needs: Needs,
}

/// The search of every set of the stem `l1`.
pub(super) struct Search<'a, E> {
    pub(super) base: &'a Base<E>,
    pub(super) l1: usize,
    pub(super) lists: &'a mut Lists<E>,
    /// Asked again for each pair; it must be above 0.
    pub(super) floor: &'a dyn Fn() -> Floor,
    /// Gets each set of lanes that may reach the floor.
    pub(super) exact: &'a mut dyn FnMut([usize; 3]),
}

impl<E: Elem> FloatKernel<E> for Search<'_, E> {
    type Out = Tally;

    #[inline(always)]
    fn run<L: Floats<E>>(self, level: L) -> Tally {
        let Self {
            base,
            l1,
            lists,
            floor,
            exact,
        } = self;
        let mut tally = Tally::default();
        let mut parts = Parts::default();
        let outer = base.outer_words;
        let column1 = base.column(l1);
        let outer_users = base.entries.len().min(outer * 64);
        lists.first.clear();
        lists.first.extend_from_slice(&base.entries[..outer_users]);
        lists.second.resize(outer_users, Entry::default());
        each_bit(column1[..outer].iter().copied(), |i| {
            lists.first[i].s = lists.first[i].s.plus(base.score(i, l1));
        });
        let split = base.split();
        let (pairs, beyond) = if base.first > 0 {
            (base.second.max(1)..l1, 0..0)
        } else if l1 >= split {
            (split..l1, 0..0)
        } else {
            (0..l1, split..base.lanes)
        };
        for l2 in pairs {
            let column2 = base.column(l2);
            let both = || column1.iter().zip(column2).map(|(a, b)| a & b);
            let mut users = 0;
            each_bit(both().take(outer), |i| {
                let mut entry = lists.first[i];
                entry.s = entry.s.plus(base.score(i, l2));
                lists.second[users] = entry;
                users += 1;
            });
            let entries = &lists.second[..users];
            let inner = || both().zip(&base.largest).skip(outer);
            let inner_users: u32 = inner().map(|(word, _)| word.count_ones()).sum();
            let need = lists
                .needs
                .at(floor(), users as u64 + u64::from(inner_users));
            let left_out = inner()
                .map(|(word, largest)| f64::from(word.count_ones()) * (largest + need.blur))
                .sum();
            let bar = Bar::<E>::new(need, users as u64, left_out, base.reach);
            for range in [beyond.clone(), 0..l2] {
                tally.sets += range.len() as u64;
                let kept = &mut tally.kept;
                // Rows are padded to the widest vector, and both ranges start at a multiple of it.
                leaves(level, &base.rows, entries, range, &bar, &mut parts, |m| {
                    *kept += 1;
                    exact([l1, l2, m]);
                });
            }
        }
        // Exact integers below 2^53 in magnitude.
        tally.totals = totals(&parts).map(|total| total as i64 as u64);
        tally
    }
}

/// Calls `each` with the index of every set bit.
#[inline(always)]
fn each_bit(words: impl Iterator<Item = u64>, mut each: impl FnMut(usize)) {
    for (w, word) in words.enumerate() {
        let mut word = word;
        while word != 0 {
            each(w * 64 + word.trailing_zeros() as usize);
            word &= word - 1;
        }
    }
}
