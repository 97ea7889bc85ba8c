//! The projected walk by masked sums: tables of two scores, every user added to 32 leaves at once where
//! they answered.
//!
//! ```text
//! stem (prefix, l₁): its outer users by score s, highest first, each with a row of answered and a row of
//!         high bits by lane                                                              (order)
//!     for each l₂: list those who answered it, by score with it, highest first
//!         for each 32 leaves m < l₂:                                                     (leaves)
//!             for each user of the list, A and X being their answered and high bits of these leaves:
//!                 W += 1 + 2^b·g where A;  Q += g² where A;  V += 1 + 2^b·g where X
//!                 behind the last of a score:  N += n(W);  G += g(W);  H += n(V);  M += N
//!             the six sums of 32 leaves, and their judgement
//!         leaves kept are summed exactly over all users
//! ```
//! # The sums
//! Scores count from the stem's lowest, s = 0, and x is 0 or 1. A user of score s is in W at s borders
//! between scores, so N = Σ s, G = Σ s·g, H = Σ s·x, and M = Σ s(s + 1)/2 over those who answered. With a = s + x
//! and the number n and sum g of W and V taken apart:
//!
//! ```text
//! n = n(W)   Sg = g(W)   Sgg = Q   Sa = N + n(V)   Sag = G + g(V)   Saa = 2·M − N + 2·H + n(V)
//! ```
//! # Widths
//! All is in 16 bits. The low b bits of W and V hold counts: a stem takes b from the most outer users of any of its
//! pairs, and takes fewer outer users where these are more than 127. The upper 16 − b bits hold Σg modulo
//! 2^(16 − b). Over any of a leaf's users |Σg| ≤ √(n·Sgg) by Cauchy and Schwarz, so where n·Sgg ≤ (2^(15 − b) − 1)²
//! every g(W), g(V) and what G adds up is right; a leaf where that does not hold is kept, whatever the rest tells.
//! Q counts g² in units of 2^c, each rounded down, where the largest g² times the most users would not fit 15
//! bits; a Q that is too low by e < n·2^c discards no more than the true one ([`crate::stats::bounds`], capped
//! squares); the leaf's n·Sgg is taken with e. s is at most 13, so N ≤ 127·13, G ≤ 13·1023,
//! M ≤ 127·91, Saa ≤ 127·14².
//!
//! # The audit
//! The six sums of every leaf judged are added up and the closed form of the outer users' part in all leaves of
//! the stem is taken off: a leaf or user left out, doubled or wrong leaves a difference, which joins the
//! closed form of the prefix. Σg and Σa·g are known modulo 2^(16 − b), and so is their difference.
//!
//! # Cost
//! On Intel two loads of masks and three additions for each user and 32 leaves take 2.5 cycles, as masks go through
//! one of the two ports that add. On the benchmark table a pair has 56 outer users, and half of a leaf's cycles go
//! there.

mod leaves;
mod order;
#[cfg(test)]
mod tests;

use super::bytes::{Base, Extent, Planes, Visit};
use super::kernel::Bar;
use super::pool::Free;
use super::prefix::Host;
use super::stem::Tally;
use crate::arch::{ByteKernel, ByteLevel, run_bytes};
use crate::stats::{AuditSums, Floor, Needs};
use leaves::Sums;
pub(super) use order::MOST_OF_A_PAIR;
use order::{AT_ONCE, Stem};

/// Largest score of a prefix, in steps: see the widths above.
const MOST_SCORE: u64 = 12;

/// Most outer users of a prefix: a list names them by 16 bits.
const MOST_OUTER: usize = 1 << 15;

/// Buffers of a thread.
pub(super) type Buffers = Stem;

impl Visit<'_> {
    /// Visits the prefix by masked sums, `None` where it does not fit these.
    pub(super) fn by_masks(
        &self,
        bases: &Free<Base<Planes>>,
        stems: &Free<Buffers>,
        host: &impl Host,
    ) -> Option<AuditSums> {
        let fits = |extent: Extent| extent.most <= MOST_SCORE && extent.outer <= MOST_OUTER;
        self.on(bases, host, fits, |base, l1| {
            let mut stem = stems.take();
            let search = Search {
                base,
                l1,
                stem: &mut stem,
                floor: &|| host.floor(),
                exact: &mut |lanes, sums| self.tell(host, lanes, sums),
            };
            let tally = run_bytes(self.isa, search);
            stems.give(stem);
            tally
        })
    }
}

/// The search of every set of the stem `l1`. The tally's totals are those of the leaves less their closed form.
struct Search<'a> {
    base: &'a Base<Planes>,
    l1: usize,
    stem: &'a mut Stem,
    /// Asked again for every 16 pairs; it must be above 0.
    floor: &'a dyn Fn() -> Floor,
    /// Gets each set of lanes that may reach the floor, and its n, A, X, Y over all users.
    exact: &'a mut dyn FnMut([usize; 3], [f64; 4]),
}

impl ByteKernel for Search<'_> {
    type Out = Tally;

    #[inline(always)]
    fn run<L: ByteLevel>(self, level: L) -> Tally {
        let Self {
            base,
            l1,
            stem,
            floor,
            exact,
        } = self;
        let mut tally = Tally::default();
        let seconds = base.second.max(1)..l1;
        if seconds.is_empty() || !stem.reset(level, base, l1) {
            // Sets without a user.
            tally.sets = base.sets(l1);
            return tally;
        }
        let mut sums = Sums::new(level, stem);
        let mut now = floor();
        let mut needs = Needs::default();
        for l2 in seconds {
            if l2 % 16 == 1 {
                now = floor();
            }
            let users = stem.list(level, l2);
            let (inner, squares) = stem.of_all.left_out(level, l2);
            let need = needs.at(now, (users + inner) as u64);
            let left_out = squares + need.blur * inner as f64;
            let bar = Bar::<f32>::new(need, users as u64, left_out, stem.reach);
            tally.sets += l2 as u64;
            for from in (0..l2).step_by(32 * AT_ONCE) {
                let kept = sums.judge(level, stem, from, l2, &bar);
                for (vector, mut bits) in kept.into_iter().enumerate() {
                    tally.kept += u64::from(bits.count_ones());
                    while bits != 0 {
                        let l3 = from + vector * 32 + bits.trailing_zeros() as usize;
                        bits &= bits - 1;
                        let all = stem.of_all.exactly(level, base, [l2, l3], None);
                        exact([l1, l2, l3], all);
                    }
                }
            }
        }
        let closed_form = stem.of_all.closed_form(level, base);
        let totals = sums.totals(level).into_iter().zip(closed_form);
        for (i, (total, closed_form)) in totals.enumerate() {
            let less = total.wrapping_sub(closed_form);
            // Those with g are known modulo the size of their field.
            tally.totals[i] = if matches!(i, 2 | 5) {
                less & stem.fields().largest_sum()
            } else {
                less
            };
        }
        tally
    }
}
