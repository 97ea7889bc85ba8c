//! A line of leaves given their six sums: tests them against the floor, and sums them for the
//! audit.
//!
//! Used where sets have different users, so that nothing of a correlation is constant. The six sums
//! are exact integers in f64 ([`Margins`] says when); their products may be rounded.

use super::keep::{Keeper, bar};
use crate::arch::{Lanes, Line, WIDTH};
use crate::stats::{AuditSums, Six, Sums};

/// What is known of the size of sums and products.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Margins {
    /// So many lines of leaves can be added with every sum below 2^53.
    lines: usize,
    /// A, X and Y are off by at most this.
    margin: f64,
}

impl Margins {
    /// Over `users` users whose set scores are at most `score` in size and totals at most `total`,
    /// where sums on the way to the six may be `factor` times the bound on these. `None` where the
    /// sums themselves might not be exact.
    ///
    /// Each of the six is at most s = users·max(1, score, total)², and each of n·Saa, Sa² and so on
    /// at most p = users·s. Where 2·p < 2^53, products and differences are exact. Else each product
    /// is off by at most 2^-53·p and their difference by 2^-53·2·p besides: 4·2^-53·p in all, and
    /// twice that is taken.
    pub(super) fn new(users: usize, score: f64, total: f64, factor: f64) -> Option<Self> {
        let exact = (1_u64 << 53) as f64;
        let users = users as f64;
        let sum = 1.01 * users * score.max(total).max(1.0).powi(2);
        let product = users * sum;
        let lines = exact / (sum * factor);
        (lines >= 4.0).then_some(Self {
            lines: lines.min(1e9) as usize,
            margin: if 2.0 * product < exact {
                0.0
            } else {
                8.0 * product / exact
            },
        })
    }
}

/// A line with leaves that may be among the best.
#[derive(Clone, Copy, Debug)]
pub(super) struct Hit {
    /// Position of lane 0.
    pub(super) at: usize,
    /// Which lanes.
    mask: u8,
    sums: Six<Line>,
}

impl Hit {
    /// Position and sums (still shifted) of each leaf.
    pub(super) fn leaves(&self) -> impl Iterator<Item = (usize, Sums)> + '_ {
        (0..WIDTH)
            .filter(|lane| self.mask >> lane & 1 == 1)
            .map(|lane| {
                let sums = self.sums.map(|line| line.0[lane] as i128);
                (self.at + lane, sums)
            })
    }
}

/// One worker's tests and sums.
pub(super) struct Leaves<L: Lanes> {
    l: L,
    margins: Margins,
    /// Half a user less than min_users.
    min_users: f64,
    bar: f64,
    /// Added to X and Y: towards keeping more.
    xy_margin: f64,
    sums: Six<L::V>,
    summed: usize,
    seen: AuditSums,
    /// Lines with leaves that passed, to be taken by the caller after each row.
    pub(super) hits: Vec<Hit>,
}

impl<L: Lanes> Leaves<L> {
    pub(super) fn new(l: L, margins: Margins, min_users: u64) -> Self {
        let zero = l.splat(0.0);
        Self {
            l,
            margins,
            // Between two integers, both exact: users are below 2^53.
            min_users: min_users as f64 - 0.5,
            bar: 0.0,
            xy_margin: 0.0,
            sums: Six::from_array([zero; 6]),
            summed: 0,
            seen: AuditSums::default(),
            hits: Vec::new(),
        }
    }

    /// Tests against the floor of `keeper` from now on.
    pub(super) fn set_bar(&mut self, keeper: &Keeper<'_>) {
        self.bar = bar(keeper.floor(), 1.0);
        self.xy_margin = if self.bar < 0.0 {
            self.margins.margin
        } else {
            -self.margins.margin
        };
    }

    /// Enters the leaves of one line whose bit of `mask` is set.
    ///
    /// With margin e: A + e ≥ A, and X·Y is compared by max(X ∓ e, 0)·max(Y ∓ e, 0), which is at most
    /// the true product where the bar is positive, at least it where it is negative. A true A of a
    /// set on or above a positive floor is positive, so the strict test also holds where the
    /// product is cut to 0.
    #[inline(always)]
    pub(super) fn line(&mut self, at: usize, six: Six<L::V>, mask: u8) {
        let l = self.l;
        if self.summed == self.margins.lines {
            self.flush();
        }
        self.summed += 1;
        let cross = |p, q, r, s| l.sub(l.mul(p, q), l.mul(r, s));
        let a = l.add(
            cross(six.n, six.sag, six.sa, six.sg),
            l.splat(self.margins.margin),
        );
        let (zero, margin) = (l.splat(0.0), l.splat(self.xy_margin));
        let x = l.max(l.add(cross(six.n, six.saa, six.sa, six.sa), margin), zero);
        let y = l.max(l.add(cross(six.n, six.sgg, six.sg, six.sg), margin), zero);
        let passed = mask
            & l.above(l.mul(a, l.abs(a)), l.mul(l.splat(self.bar), l.mul(x, y)))
            & l.above(six.n, l.splat(self.min_users));
        let mut sums = self.sums.to_array();
        for (sum, each) in sums.iter_mut().zip(six.to_array()) {
            *sum = l.add(*sum, l.keep(each, mask));
        }
        self.sums = Six::from_array(sums);
        self.seen.sets += u128::from(mask.count_ones());
        if passed != 0 {
            self.hit(at, passed, six);
        }
    }

    #[cold]
    #[inline(never)]
    fn hit(&mut self, at: usize, mask: u8, six: Six<L::V>) {
        let l = self.l;
        self.hits.push(Hit {
            at,
            mask,
            sums: six.map(|sum| l.line(sum)),
        });
    }

    fn flush(&mut self) {
        let l = self.l;
        let zero = l.splat(0.0);
        let take = |sum: &mut L::V| {
            let line = l.line(std::mem::replace(sum, zero));
            line.0
                .iter()
                .fold(0_u64, |all, &lane| all.wrapping_add(lane as i64 as u64))
        };
        let mut six = self.sums.to_array();
        self.seen += AuditSums::new(0, six.each_mut().map(take));
        self.sums = Six::from_array(six);
        self.summed = 0;
    }

    /// All that was entered.
    pub(super) fn into_seen(mut self) -> AuditSums {
        self.flush();
        self.seen
    }
}
