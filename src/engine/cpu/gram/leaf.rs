//! A line of leaves given their six sums: tests them against the floor, and sums them for the
//! audit.
//!
//! Used where sets have different users, so that nothing of a correlation is constant. The six sums
//! are exact integers in f64 ([`Margins`] says when); their products may be rounded.

use super::keep::{Keeper, bar, blur_of_y};
use crate::arch::{Lanes, Line, WIDTH};
use crate::engine::Query;
use crate::stats::{AuditSums, Criterion, Six, Sums};

/// What is known of the size of sums and products.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Margins {
    /// So many lines of leaves can be added with every sum below 2^53.
    lines: usize,
    /// A, X and Y are off by at most this, A − X by twice and Y − 2A + X by eight times.
    margin: f64,
}

impl Margins {
    /// Over `users` users whose set scores are at most `score` in size and totals at most `total`,
    /// where sums on the way to the six may be `factor` times the bound on these. `None` where the
    /// sums themselves might not be exact.
    ///
    /// Each of the six is at most s = users·max(1, score, total)², and each of n·Saa, Sa² and so on
    /// at most p = users·s. Where 8·p < 2^53, products and differences are exact, those of a rest score
    /// too. Else each product is off by at most 2^-53·p and their difference by 2^-53·2·p besides: 4·2^-53·p in all,
    /// and twice that is taken; a rest score's Y − 2A + X has four of these and three more roundings of at most
    /// 8·p.
    pub(super) fn new(users: usize, score: f64, total: f64, factor: f64) -> Option<Self> {
        let exact = (1_u64 << 53) as f64;
        let users = users as f64;
        let sum = 1.01 * users * score.max(total).max(1.0).powi(2);
        let product = users * sum;
        let lines = exact / (sum * factor);
        (lines >= 4.0).then_some(Self {
            lines: lines.min(1e9) as usize,
            margin: if 8.0 * product < exact {
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
    /// Added to A, X and Y of the criterion: towards keeping more.
    room: [f64; 3],
    /// 1 where the criterion is the rest score, else 0.
    rest: f64,
    /// Taken from Y for each n²: see [`blur_of_y`].
    blur: f64,
    /// A set whose Y is below this is kept: above 0 where totals are rounded, and Y may be 0 for that.
    least_y: f64,
    sums: Six<L::V>,
    summed: usize,
    seen: AuditSums,
    /// Lines with leaves that passed, to be taken by the caller after each row.
    pub(super) hits: Vec<Hit>,
}

impl<L: Lanes> Leaves<L> {
    pub(super) fn new(l: L, margins: Margins, query: &Query<'_>) -> Self {
        let rest = query.ranking().criterion == Criterion::Rest;
        let blurred = query.blur().most > 0.0;
        let zero = l.splat(0.0);
        Self {
            l,
            margins,
            // Between two integers, both exact: users are below 2^53.
            min_users: query.min_users() as f64 - 0.5,
            bar: 0.0,
            room: [0.0; 3],
            rest: f64::from(rest),
            blur: 0.0,
            least_y: if blurred { f64::MIN_POSITIVE } else { -1.0 },
            sums: Six::from_array([zero; 6]),
            summed: 0,
            seen: AuditSums::default(),
            hits: Vec::new(),
        }
    }

    /// Tests against the floor of `keeper` from now on.
    pub(super) fn set_bar(&mut self, keeper: &Keeper<'_>) {
        let need = keeper.need();
        self.bar = bar(need.r, 1.0);
        self.blur = blur_of_y(need);
        let (margin, rest) = (self.margins.margin, self.rest > 0.0);
        let side = if self.bar < 0.0 { margin } else { -margin };
        self.room = if rest {
            [2.0 * margin, side, 8.0 * side]
        } else {
            [margin, side, side]
        };
    }

    /// Enters the leaves of one line whose bit of `mask` is set.
    ///
    /// With margins e: A + e ≥ A, and X·Y is compared by max(X ∓ e, 0)·max(Y ∓ e, 0), which is at most
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
        let (zero, rest) = (l.splat(0.0), l.splat(self.rest));
        let [of_a, of_x, of_y] = self.room;
        let whole = cross(six.n, six.sag, six.sa, six.sg);
        let x = cross(six.n, six.saa, six.sa, six.sa);
        let y = cross(six.n, six.sgg, six.sg, six.sg);
        // A − X and Y − 2A + X of a rest score, or A and Y.
        let a = l.add(l.sub(whole, l.mul(rest, x)), l.splat(of_a));
        let y = l.add(y, l.mul(rest, l.sub(x, l.add(whole, whole))));
        let y = l.sub(y, l.mul(l.splat(self.blur), l.mul(six.n, six.n)));
        let x = l.max(l.add(x, l.splat(of_x)), zero);
        let y = l.max(l.add(y, l.splat(of_y)), zero);
        let reaches = l.above(l.mul(a, l.abs(a)), l.mul(l.splat(self.bar), l.mul(x, y)));
        let passed = mask
            & (reaches | l.above(l.splat(self.least_y), y))
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
