//! The projected walk over byte products: all pairs of a stem and their leaves as one matrix product.
//!
//! A stem is a prefix two questions short of a set. With A the answers of its outer users (0 or 1)
//! and x their last score, every sum of a set {l₂, m} behind it is Σ over users of a weight that
//! depends on the user and l₂ alone, times Aₘ, xₘ or xₘ²: a matrix product over the users. For s the
//! score without m, less the stem's centre, a = s + x:
//!
//! ```text
//! n = Σ 1·A   Sg = Σ g·A   Sgg = Σ g²·A   Sa = Σ s·A + 1·x   Sag = Σ s·g·A + g·x
//! Saa = Σ s²·A + 2s·x + 1·x²
//! ```
//! so nine products of 16 pairs × 16 leaves × 64 users, 16 cycles each on a matrix unit, where all is
//! small: 2.25 cycles a leaf for 256 outer users, however few of them answered. The judgement is
//! the [`kernel`](super::kernel)'s, with its outer-user bound. Leaves that it keeps are summed over all users
//! of the stem by bytes too.
//!
//! Two encodings of the answers: [`planes`] where scores are two, which packs nine products into seven and
//! lays out by bits, and [`codes`] for up to 15 scores. One search serves both; [`encoding`] says what it asks.
//!
//! # The audit
//! Every sum of every leaf judged is added up, and the closed form of the outer users' part in all
//! leaves of the stem is taken off again: a leaf left out, doubled or wrong leaves a difference, which
//! joins the closed form of the prefix.
//!
//! # Cost
//! A product takes 18 cycles, 20 to 22 with its loads; a tile takes 10 cycles to load from the first-level
//! cache and 24 from the second, so the weights of a strip of pairs should stay in the first: four outer
//! slabs are 36 KB. On the benchmark table, with 4.4 outer slabs, a leaf takes 17 to 18 cycles by planes:
//! products 5, weights 1.4, judgement 2, leaves kept (one in 150) 0.8, the stem 1.6, counts and closed form 1,
//! the prefix and the walk above it 2; and by codes about 23.
//!
//! Tried without gain: products and judgement in turn, row by row; two or four strips of leaves at a time, to
//! have more sums than three under way; leaves of the next strip fetched ahead. Each needs more of the
//! first-level cache than it saves.

pub(super) mod base;
mod codes;
pub(super) mod encoding;
mod planes;
pub(super) mod stem;
#[cfg(test)]
pub(super) mod tests;

pub(super) use base::Base;
pub(super) use codes::Codes;
pub(super) use planes::Planes;

use super::care::Care;
use super::kernel::{Bar, SUMS, judged};
use super::pool::{Free, Pool};
use super::prefix::{Host, MOST_BYTES, Prefix, over_stems};
use super::stem::Tally;
use crate::arch::{ByteKernel, ByteLevel, EMPTY, Isa, Tile, run_bytes};
use crate::stats::bounds::{outer_users_tell, unexplained};
use crate::stats::{AuditSums, Floor, Needs};
use encoding::{Bounds, Encoding, Sums};
use stem::{MOST_SCORE, Stem};

/// Most users of a prefix: see [`Stem::exactly`].
const MOST_USERS: usize = 1 << 17;

/// Largest |g|: it fits a signed byte, and g² two bytes.
const MOST_TOTAL: u64 = 127;

/// Buffers of a thread.
#[derive(Debug, Default)]
pub(super) struct Buffers<E: Encoding> {
    stem: Stem<E>,
    /// Left operands of one strip of pairs.
    weights: Vec<Tile>,
    sums: Box<Sums>,
    needs: Needs,
}

/// A prefix to be visited.
#[derive(Clone, Copy, Debug)]
pub(super) struct Visit<'a> {
    pub(super) isa: Isa,
    pub(super) care: &'a Care,
    pub(super) prefix: &'a Prefix<'a>,
    /// The integer part of the mean total of its users.
    pub(super) mean: i64,
    /// How many of its users should be outer users.
    pub(super) outer: usize,
}

impl Visit<'_> {
    /// Visits the prefix by byte products, `None` where it does not fit these.
    pub(super) fn by<E: Encoding>(
        &self,
        pool: &Pool<Base<E>, Buffers<E>>,
        host: &impl Host,
    ) -> Option<AuditSums> {
        let fits = |extent: Extent| self.prefix.sums_fit(extent.outer, extent.reach);
        self.on(&pool.bases, host, fits, |base, l1| {
            let mut buffers = pool.lists.take();
            let search = Search {
                base,
                l1,
                buffers: &mut buffers,
                floor: &|| host.floor(),
                exact: &mut |lanes, sums| self.tell(host, lanes, sums),
            };
            let tally = run_bytes(self.isa, search);
            pool.lists.give(buffers);
            tally
        })
    }

    /// Tells of a set of lanes that may reach the floor.
    pub(super) fn tell(&self, host: &impl Host, lanes: [usize; 3], sums: [f64; 4]) {
        host.exact(lanes.map(|lane| self.prefix.position(lane)), sums);
    }

    /// Projects the prefix onto a base of bytes and searches all of its stems there; `None` where the table
    /// has no such encoding, where bytes do not hold scores and totals, or where it does not fit. A stem's
    /// tally has the sums of its leaves less what they should be.
    pub(super) fn on<E: Encoding>(
        &self,
        bases: &Free<Base<E>>,
        host: &impl Host,
        fits: impl Fn(Extent) -> bool,
        search: impl Fn(&Base<E>, usize) -> Tally + Send + Sync,
    ) -> Option<AuditSums> {
        let &Self {
            care,
            prefix,
            outer,
            ..
        } = self;
        let (table, steps) = E::table(prefix.rows)?;
        let lowest = prefix.members.iter().map(|m| m.score).min()?;
        let mut base = bases.take();
        let (mut most, mut size) = (0, 0);
        base.users.clear();
        base.users.extend(prefix.members.iter().map(|member| {
            let s = (member.score.wrapping_sub(lowest) / steps.unit).unsigned_abs();
            let g = member.total - self.mean;
            (most, size) = (most.max(s), size.max(g.unsigned_abs()));
            // Too large values are refused below.
            base::user(s as u16, g as i16)
        }));
        // A pair's scores have two questions more and a centre less, a leaf's three.
        let range = u64::from(steps.most());
        let reach = most.saturating_add(3 * range).max(size) as f64;
        let users = prefix.members.len();
        let in_bytes = users <= MOST_USERS
            && users * prefix.lanes() <= MOST_BYTES
            && most.saturating_add(2 * range) <= 2 * MOST_SCORE.unsigned_abs()
            && size <= MOST_TOTAL;
        if !in_bytes || !fits(Extent { most, outer, reach }) {
            bases.give(base);
            return None;
        }
        let project = base::Project {
            base: &mut base,
            prefix,
            table,
            steps,
            outer,
        };
        let mut seen = run_bytes(self.isa, project);
        let tally = over_stems(prefix, |l1| {
            if host.go_on() {
                search(&base, l1)
            } else {
                Tally::default()
            }
        });
        care.adapt(&tally);
        bases.give(base);
        // What the leaves had less what they should have had.
        seen += AuditSums::new(tally.sets.into(), tally.totals);
        Some(seen)
    }
}

/// n, A, X and Y of n, Sa, Sg, Saa, Sgg, Sag: below 2^53.
fn moments([n, sa, sg, saa, sgg, sag]: [i64; SUMS]) -> [f64; 4] {
    [n, n * sag - sa * sg, n * saa - sa * sa, n * sgg - sg * sg].map(|moment| moment as f64)
}

/// How far a prefix reaches.
#[derive(Clone, Copy, Debug)]
pub(super) struct Extent {
    /// The highest score on the prefix, in steps from the lowest.
    pub(super) most: u64,
    /// How many outer users there are to be.
    pub(super) outer: usize,
    /// |a| and |g| of any leaf are at most this.
    pub(super) reach: f64,
}

/// The search of every set of the stem `l1`. The tally's totals are those of the leaves less their closed
/// form.
struct Search<'a, E: Encoding> {
    base: &'a Base<E>,
    l1: usize,
    buffers: &'a mut Buffers<E>,
    /// Asked again for each strip of pairs; it must be above 0.
    floor: &'a dyn Fn() -> Floor,
    /// Gets each set of lanes that may reach the floor, and its n, A, X, Y over all users.
    exact: &'a mut dyn FnMut([usize; 3], [f64; 4]),
}

impl<E: Encoding> ByteKernel for Search<'_, E> {
    type Out = Tally;

    #[inline(always)]
    fn run<L: ByteLevel>(self, level: L) -> Tally {
        let Self {
            base,
            l1,
            buffers:
                Buffers {
                    stem,
                    weights,
                    sums,
                    needs,
                },
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
        let needed = stem.outline.outer * stem.shape.weights;
        weights.resize(needed.max(weights.len()), EMPTY);
        let mut totals = [[0_i64; 16]; SUMS];
        sums.shape = stem.shape;
        let mut tiles = level.tiles();
        for strip in seconds.start / 16..stem.outline.strips {
            let pairs = strip * 16..l1.min(strip * 16 + 16);
            tiles.take_rows(pairs.len());
            stem.left(level, base, strip, weights);
            let floor = floor();
            let counts = stem.counts(level, strip);
            let bars = counts.map(|(users, (inner, squares))| {
                let need = needs.at(floor, users + inner as u64);
                let left_out = squares + need.blur * inner as f64;
                Bar::<f32>::new(need, users, left_out, stem.reach)
            });
            let bounds = Bounds {
                pairs: pairs.len(),
                few: counts.iter().all(|&(users, _)| users < 128),
                most: stem.most,
            };
            for other in 0..=strip {
                let slabs = stem.operands(base, weights, other);
                E::multiply(level, &tiles, slabs, bounds, sums);
                let mut parts = [level.every_integer(0); SUMS];
                // Without a call, so that the parts stay in registers.
                let mut kept = [0_u16; 16];
                for (row, l2) in pairs.clone().enumerate() {
                    // The first strip may have pairs that are none of the stem's.
                    let count = if seconds.contains(&l2) {
                        l2.saturating_sub(other * 16).min(16)
                    } else {
                        0
                    };
                    tally.sets += count as u64;
                    let mask = ((1_u32 << count) - 1) as u16;
                    let six = E::of_row(level, sums, row);
                    for (part, sum) in parts.iter_mut().zip(six) {
                        *part = level.sum_of(*part, level.keep_integers(mask, sum));
                    }
                    let [n, sa, sg, saa, sgg, sag] = six;
                    let floats = [
                        level.floats(n),
                        level.floats(sa),
                        level.floats(sg),
                        level.floats(saa),
                        level.floats(sgg),
                        level.floats(sag),
                    ];
                    kept[row] = judged(level, floats, &bars[row]) as u16 & mask;
                }
                for (row, l2) in pairs.clone().enumerate() {
                    let mut bits = kept[row];
                    if bits == 0 {
                        continue;
                    }
                    tally.kept += u64::from(bits.count_ones());
                    let [n, sa, sg, saa, sgg, sag] = E::of_row(level, sums, row);
                    while bits != 0 {
                        let lane = bits.trailing_zeros() as usize;
                        let of_outer = [
                            level.at(n, lane),
                            level.at(sa, lane),
                            level.at(sg, lane),
                            level.at(saa, lane),
                            level.at(sgg, lane),
                            level.at(sag, lane),
                        ];
                        bits &= bits - 1;
                        if floor.varies() {
                            // At most the leaf's outer users and all inner ones of the pair.
                            let (_, (inner, squares)) = counts[row];
                            let need = needs.at(floor, of_outer[0].cast_unsigned() + inner as u64);
                            let moments = moments(of_outer);
                            let left_out = squares + need.blur * (moments[0] + inner as f64);
                            let tau = unexplained(need.r);
                            if outer_users_tell(moments, of_outer[4] as f64, left_out, tau) {
                                continue;
                            }
                        }
                        let l3 = other * 16 + lane;
                        let all = stem.exactly(level, base, [l2, l3], Some(of_outer));
                        exact([l1, l2, l3], all);
                    }
                }
                // Each lane of a part is at most 16 sums below 2^24.
                for (total, part) in totals.iter_mut().zip(parts) {
                    for (total, part) in total.iter_mut().zip(level.lanes(part)) {
                        *total += i64::from(part);
                    }
                }
            }
        }
        drop(tiles);
        let closed_form = stem.closed_form(level, base);
        for (i, (total, lanes)) in tally.totals.iter_mut().zip(totals).enumerate() {
            let sum: i64 = lanes.into_iter().sum();
            *total = sum.cast_unsigned().wrapping_sub(closed_form[i]);
        }
        tally
    }
}
