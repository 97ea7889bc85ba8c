//! A stem of the byte products: its users' bytes, their weights, and what is summed beside the products.
//!
//! Users come as in the prefix, by |g| descending or nearly so, in *slabs* of 64; the first of these are the
//! outer slabs, which the products take. Users that fill up the last slab answered nothing.
//!
//! # Capped squares
//! Where few users have a g² above 255, a byte counts it as 255. A leaf that is discarded then would have been
//! without ([`crate::stats::bounds`], capped squares). Leaves that are kept and the audit get the excess back.

use super::super::forms::{self, Users};
use super::super::kernel::SUMS;
use super::base::Base;
use super::encoding::{Encoding, Outline, Shape};
use crate::arch::{ByteLevel, Bytes, EMPTY, Slabs, Tile};

/// The most that one byte holds of g².
const CAP: i16 = u8::MAX as i16;

/// One user in so many, at most, is to be above the cap.
const FEW: usize = 32;

/// Largest |g| whose square may be capped: what is above the cap is a byte too.
const MOST_CAPPED: i64 = 22;

/// Largest |s| of a pair: s² fits a byte, and s·g with the largest |g| two.
pub(super) const MOST_SCORE: i64 = 15;

/// Weights that depend on the second question's score: s, s², s·g low and high, twice s.
const BY_SCORE: [usize; 5] = [1, 3, 4, 7, 8];

/// What is known of a slab's users.
#[derive(Clone, Copy, Debug)]
pub(in super::super) struct Slab {
    /// Scores without the last two questions, from the lowest of any user of the prefix.
    scores: Bytes,
    g: Bytes,
    /// |g|.
    size: Bytes,
    /// What g² has above the cap, of the first [`Stem::capped`] slabs.
    pub(in super::super) excess: Bytes,
    /// g² of an outer slab, low and high.
    squares: [Bytes; 2],
}

const NOBODY: Slab = Slab {
    scores: Bytes::ZERO,
    g: Bytes::ZERO,
    size: Bytes::ZERO,
    excess: Bytes::ZERO,
    squares: [Bytes::ZERO; 2],
};

/// The stem. Buffers are reused from one to the next.
#[derive(Debug, Default)]
pub(in super::super) struct Stem<E: Encoding> {
    pub(in super::super) outline: Outline,
    /// The users, by their place in the base, and nobody up to whole slabs.
    pub(in super::super) users: Vec<u32>,
    pub(in super::super) slabs: Vec<Slab>,
    /// For each outer slab and score, the weights that depend on the second question's.
    by_score: Vec<[Bytes; BY_SCORE.len()]>,
    /// Their answers.
    by_lane: E::ByLane,
    /// What s is less than the score that it stands for.
    pub(in super::super) centre: i64,
    /// The largest |s|.
    pub(super) most: u32,
    /// |a| and |g| of any leaf over its outer users are at most this.
    pub(super) reach: f64,
    pub(super) shape: Shape,
    /// How many slabs, the first ones, have users whose g² the products count as [`CAP`].
    pub(in super::super) capped: usize,
    /// Right operands: for each strip and outer slab, one tile a kind.
    right: Vec<Tile>,
}

impl<E: Encoding> Stem<E> {
    /// Lays out the stem `l1`; false where it has no users.
    #[inline(always)]
    pub(super) fn reset<L: ByteLevel>(&mut self, level: L, base: &Base<E>, l1: usize) -> bool {
        let users = self.gather(base, l1);
        if users == 0 {
            return false;
        }
        let slabs = users.div_ceil(64);
        let outer = (users as f64 * base.share / 64.0).round() as usize;
        let outer = outer.clamp(1, slabs);
        self.outline = Outline {
            l1,
            slabs,
            outer,
            strips: l1.div_ceil(16),
        };
        self.users.resize(slabs * 64, base.nobody());
        self.lay_out(level, base);
        base.answers
            .spread(level, &self.outline, &self.by_lane, &mut self.right);
        self.weigh(level, base, users.min(outer * 64));
        true
    }

    /// Lists the users of the stem `l1`, as they come in the prefix; says how many there are.
    pub(in super::super) fn gather(&mut self, base: &Base<E>, l1: usize) -> usize {
        self.users.clear();
        for (w, word) in base.answers.column(l1).enumerate() {
            let mut word = word;
            while word != 0 {
                self.users.push((w * 64) as u32 + word.trailing_zeros());
                word &= word - 1;
            }
        }
        self.users.len()
    }

    /// Lays out the users' slabs, as the outline says.
    #[inline(always)]
    pub(in super::super) fn lay_out<L: ByteLevel>(&mut self, level: L, base: &Base<E>) {
        let Outline {
            slabs,
            outer,
            strips,
            ..
        } = self.outline;
        self.slabs.resize(slabs.max(self.slabs.len()), NOBODY);
        let needed = strips * outer * base.answers.kinds();
        self.right.resize(needed.max(self.right.len()), EMPTY);
        let (whole, _) = self.users.as_chunks::<64>();
        for (i, (slab, users)) in self.slabs.iter_mut().zip(whole).enumerate() {
            for &user in self.users.iter().skip((i + 1) * 64).take(64) {
                base.answers.expect_own(level, user);
            }
            let (answers, by_lane) = (&base.answers, &mut self.by_lane);
            let first = answers.lay_out(level, i, users, &self.outline, by_lane, &mut self.right);
            let [own, g] = level.gather(&base.users, users);
            level.put(level.add(own, first), &mut slab.scores);
            level.put(g, &mut slab.g);
            level.put(level.size(g), &mut slab.size);
        }
    }

    /// The weights of the `users` users of the outer slabs.
    #[inline(always)]
    fn weigh<L: ByteLevel>(&mut self, level: L, base: &Base<E>, users: usize) {
        let outer = &mut self.slabs[..self.outline.outer];
        let mut sum = 0;
        let (mut highest, mut size) = (level.every_byte(0), level.every_byte(0));
        let mut above = 0;
        for slab in &*outer {
            let (scores, sizes) = (level.bytes(&slab.scores), level.bytes(&slab.size));
            sum += level.sum(scores);
            highest = level.larger(highest, scores);
            size = level.larger(size, sizes);
            above += level.above(sizes, 15).count_ones() as usize;
        }
        let most_of = |bytes: L::B| {
            let mut all = [0; 64];
            level.put_first(bytes, &mut all);
            i64::from(all.into_iter().max().unwrap_or(0))
        };
        let (highest, size) = (most_of(highest) + base.range, most_of(size));
        // Near the mean with the second question, so that sums of s are small, as far as s² fits a byte.
        let mean = sum as f64 / users as f64 + base.mean;
        let least = (highest - MOST_SCORE).max(0);
        let centre = (mean.round() as i64).clamp(least, least.max(MOST_SCORE));
        let most = centre.max(highest - centre);
        (self.centre, self.most) = (centre, most as u32);
        self.reach = (most + base.range).max(size) as f64;
        // Where more users are above the cap, what their squares lack would keep too many leaves.
        let capped = above > 0 && above * FEW <= users && size <= MOST_CAPPED;
        self.shape = base
            .answers
            .shape(above > 0 && !capped, most * size > i64::from(i8::MAX));
        self.capped = 0;
        let values = base.answers.values();
        self.by_score.resize(
            self.by_score.len().max(outer.len() * values),
            [Bytes::ZERO; BY_SCORE.len()],
        );
        let one = i16::from(!self.shape.score_squares);
        for (i, slab) in outer.iter_mut().enumerate() {
            let (mut s, mut g) = ([0_i16; 64], [0_i16; 64]);
            let mut beyond = 0;
            for user in 0..64 {
                s[user] = i16::from(slab.scores.0[user]) - centre as i16;
                g[user] = i16::from(slab.g.0[user].cast_signed());
                let square = g[user] * g[user];
                let counted = if capped { square.min(CAP) } else { square };
                slab.squares[0].0[user] = counted as u8;
                slab.squares[1].0[user] = (counted >> 8) as u8;
                slab.excess.0[user] = (square - counted) as u8;
                beyond |= square - counted;
            }
            if beyond != 0 {
                self.capped = i + 1;
            }
            for value in 0..values {
                let [own, square, low, high, twice] = &mut self.by_score[i * values + value];
                let x = i16::from(base.answers.step(value));
                for user in 0..64 {
                    let s = s[user] + x;
                    let product = s * g[user];
                    own.0[user] = s as u8;
                    square.0[user] = (s * s) as u8;
                    low.0[user] = product as u8;
                    // What the low byte, signed, leaves of the product.
                    high.0[user] = ((product + 128) >> 8) as u8;
                    twice.0[user] = (2 * s + one) as u8;
                }
            }
        }
    }

    /// The left operands of one strip of pairs: the outer users' weights where they answered l₂.
    #[inline(always)]
    pub(super) fn left<L: ByteLevel>(
        &self,
        level: L,
        base: &Base<E>,
        strip: usize,
        weights: &mut [Tile],
    ) {
        if self.shape.wide_products || self.shape.weights > 8 {
            self.left_of::<L, { BY_SCORE.len() }>(level, base, strip, weights);
        } else {
            self.left_of::<L, 3>(level, base, strip, weights);
        }
    }

    /// [`Self::left`], with the first `MADE` of the weights that depend on the second question's score.
    #[inline(always)]
    fn left_of<L: ByteLevel, const MADE: usize>(
        &self,
        level: L,
        base: &Base<E>,
        strip: usize,
        weights: &mut [Tile],
    ) {
        let Shape {
            wide_squares,
            wide_products,
            weights: a_slab,
            ..
        } = self.shape;
        let values = base.answers.values();
        let one = level.every_byte(1);
        let outer = &self.slabs[..self.outline.outer];
        let tiles = weights.chunks_exact_mut(a_slab);
        for (i, (tiles, slab)) in tiles.zip(outer).enumerate() {
            let g = level.bytes(&slab.g);
            let (square, high) = (level.bytes(&slab.squares[0]), level.bytes(&slab.squares[1]));
            // There are two scores at least; those of two stay in registers.
            let [lowest, next, higher @ ..] = &self.by_score[i * values..(i + 1) * values] else {
                continue;
            };
            let (mut low, mut second) = ([one; MADE], [one; MADE]);
            for weight in 0..MADE {
                low[weight] = level.bytes(&lowest[weight]);
                second[weight] = level.bytes(&next[weight]);
            }
            let [
                ones,
                scores_of,
                totals_of,
                squares_of,
                products_of,
                gg_of,
                more @ ..,
            ] = tiles
            else {
                continue;
            };
            for (row, lane) in (strip * 16..strip * 16 + 16).enumerate() {
                let answers = self.answers(level, i, lane);
                let answered = E::answered(level, answers);
                level.put(level.keep(answered, one), &mut ones[row]);
                level.put(level.keep(answered, g), &mut totals_of[row]);
                level.put(level.keep(answered, square), &mut gg_of[row]);
                let mut made = [one; MADE];
                let scored = E::scored(level, answers, 1);
                for (weight, made) in made.iter_mut().enumerate() {
                    *made = level.keep(answered, low[weight]);
                    *made = level.pick(scored, second[weight], *made);
                }
                for (value, of) in (2..).zip(higher) {
                    let scored = E::scored(level, answers, value);
                    for (made, bytes) in made.iter_mut().zip(of) {
                        *made = level.pick(scored, level.bytes(bytes), *made);
                    }
                }
                level.put(made[0], &mut scores_of[row]);
                level.put(made[1], &mut squares_of[row]);
                level.put(made[2], &mut products_of[row]);
                if wide_squares {
                    level.put(level.keep(answered, high), &mut more[0][row]);
                }
                if MADE > 3 {
                    if wide_products {
                        level.put(made[3], &mut more[1][row]);
                    }
                    if a_slab > 8 {
                        level.put(made[4], &mut more[2][row]);
                    }
                }
            }
        }
    }

    /// What is multiplied for a strip of pairs, whose left operands these are, and the leaves of the strip
    /// `other`.
    pub(super) fn operands<'a>(
        &'a self,
        base: &Base<E>,
        weights: &'a [Tile],
        other: usize,
    ) -> Slabs<'a> {
        let (outer, kinds) = (self.outline.outer, base.answers.kinds());
        Slabs {
            count: outer,
            left: (weights, self.shape.weights),
            right: (&self.right[other * outer * kinds..], kinds),
        }
    }

    /// The answers of a slab on a lane.
    #[inline(always)]
    pub(in super::super) fn answers<L: ByteLevel>(
        &self,
        level: L,
        slab: usize,
        lane: usize,
    ) -> E::Answers<L> {
        E::answers(level, &self.by_lane, &self.outline, slab, lane)
    }

    /// Who of a slab answered a lane.
    #[inline(always)]
    pub(in super::super) fn who<L: ByteLevel>(&self, level: L, slab: usize, lane: usize) -> u64 {
        E::answered(level, self.answers(level, slab, lane))
    }

    /// For each lane of a strip, how many outer users answered it, and of the inner ones how many and their Σg².
    #[inline(always)]
    pub(super) fn counts<L: ByteLevel>(&self, level: L, strip: usize) -> [(u64, (usize, f64)); 16] {
        let outer = self.outline.outer;
        let mut counts = [(0, (0, 0.0)); 16];
        for (row, (common, left_out)) in counts.iter_mut().enumerate() {
            for slab in 0..outer {
                let answered = self.who(level, slab, strip * 16 + row);
                *common += u64::from(answered.count_ones());
            }
            *left_out = self.left_out(level, strip * 16 + row);
        }
        counts
    }

    /// How many inner users answered a lane, and their Σg².
    #[inline(always)]
    pub(in super::super) fn left_out<L: ByteLevel>(&self, level: L, lane: usize) -> (usize, f64) {
        let Outline { slabs, outer, .. } = self.outline;
        let mut squares = level.every_integer(0);
        let mut users = 0;
        for slab in outer..slabs {
            let size = level.bytes(&self.slabs[slab].size);
            let who = self.who(level, slab, lane);
            users += who.count_ones() as usize;
            squares = level.dot(squares, level.keep(who, size), level.keep(who, size));
        }
        // At most 127² a user.
        (users, level.total(squares) as f64)
    }

    /// n, A, X, Y of the set of the stem and the lanes `l2` and `l3`, over all of its users, as exact
    /// integers: n, n·Sag − Sa·Sg, n·Saa − Sa², n·Sgg − Sg². `of_outer` are its n, Sa, Sg, Saa, Sgg, Sag
    /// over the outer users, with g² capped, where they are known.
    ///
    /// Scores are counted from the lowest, so they are unsigned bytes: at most 45. A sum is at most 127² a
    /// user, so 2^17 of them fit 32 bits.
    #[inline(always)]
    pub(in super::super) fn exactly<L: ByteLevel>(
        &self,
        level: L,
        base: &Base<E>,
        [l2, l3]: [usize; 2],
        of_outer: Option<[i64; SUMS]>,
    ) -> [f64; 4] {
        let (from, capped) = match of_outer {
            Some(_) => (self.outline.outer, self.capped),
            None => (0, 0),
        };
        let one = level.every_byte(1);
        let mut sums = [level.every_integer(0); 5];
        let mut n = 0;
        for slab in from..self.outline.slabs {
            let Slab {
                scores, g, size, ..
            } = &self.slabs[slab];
            let (second, third) = (self.answers(level, slab, l2), self.answers(level, slab, l3));
            let both = E::answered(level, second) & E::answered(level, third);
            n += i64::from(both.count_ones());
            let last = level.add(base.answers.x(level, second), base.answers.x(level, third));
            let a = level.keep(both, level.add(level.bytes(scores), last));
            let g = level.keep(both, level.bytes(g));
            let size = level.keep(both, level.bytes(size));
            let [sa, sg, saa, sgg, sag] = sums;
            sums = [
                level.dot(sa, a, one),
                level.dot(sg, one, g),
                level.dot(saa, a, a),
                level.dot(sgg, size, size),
                level.dot(sag, a, g),
            ];
        }
        for slab in 0..capped {
            let both = self.who(level, slab, l2) & self.who(level, slab, l3);
            let excess = level.keep(both, level.bytes(&self.slabs[slab].excess));
            sums[3] = level.dot(sums[3], excess, one);
        }
        let [sa, sg, saa, sgg, sag] = level.totals(sums);
        let start = -self.centre;
        let of_inner = [
            n,
            sa + start * n,
            sg,
            saa + start * (2 * sa + start * n),
            sgg,
            sag + start * sg,
        ];
        let [n, sa, sg, saa, sgg, sag] =
            std::array::from_fn(|i| of_inner[i] + of_outer.map_or(0, |sums| sums[i]));
        [n, n * sag - sa * sg, n * saa - sa * sa, n * sgg - sg * sg].map(|sum| sum as f64)
    }

    /// The six sums of all leaves of the stem over its outer users, modulo 2^64: choices of two of what each of
    /// them answered below the stem's lane, less those of two lanes too low for a pair.
    #[inline(always)]
    pub(in super::super) fn closed_form<L: ByteLevel>(
        &self,
        level: L,
        base: &Base<E>,
    ) -> [u64; SUMS] {
        let (mut all, mut low) = ([0; SUMS], [0; SUMS]);
        let whole = self.users.as_chunks::<64>().0.iter();
        for (i, users) in whole.enumerate().take(self.outline.outer) {
            let slab = &self.slabs[i];
            let scores = slab.scores.0;
            let own = Users {
                s: scores.map(|score| (i64::from(score) - self.centre).cast_unsigned()),
                g: slab.g.0.map(|g| i64::from(g.cast_signed()).cast_unsigned()),
            };
            let (outline, by_lane) = (&self.outline, &self.by_lane);
            for (end, sums) in [(outline.l1, &mut all), (base.second, &mut low)] {
                // Without lanes too low there is nothing to take off.
                if end == 0 {
                    continue;
                }
                let given = base.answers.given(level, i, users, outline, by_lane, end);
                forms::add::<2>(&own, &given, sums);
                if i < self.capped {
                    // What the products do not count, of as many sets as there are choices of two.
                    for (d, excess) in given.d.into_iter().zip(slab.excess.0) {
                        let excess = u64::from(excess) * (d * d.saturating_sub(1) / 2);
                        sums[4] = sums[4].wrapping_sub(excess);
                    }
                }
            }
        }
        std::array::from_fn(|i| u64::wrapping_sub(all[i], low[i]))
    }
}
