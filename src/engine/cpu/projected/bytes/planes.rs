//! Bit planes: answers of two scores as two bits, *answered* and *high*.
//!
//! 64 users' answers to a question are two words, so prefixes and stems are laid out by transposing bits,
//! and operands are made by masks. x is 0 or 1, so x² = x:
//!
//! ```text
//! n = Σ 1·A   Sg = Σ g·A   Sgg = Σ g²·A   Sa = Σ s·A + Σ x   Sag = Σ s·g·A + Σ g·x
//! Saa = Σ s²·A + 2·Σ s·x + Σ x
//! ```
//! # Packed products
//! Each byte V = A + 2^7·x of a leaf holds two numbers, so Σ w·V has Σ w·A in its low seven bits and Σ w·x
//! above, wherever Σ w·A is known to lie in a range of 2^7 integers; and where Σ w·A is known, it gives
//! Σ w·x. So two products, of 1 and s, make four sums: the first where fewer than 128 outer users answered
//! a pair, and the second where the most users of any leaf times the largest |s| is below 64. Strips of
//! pairs with more users, and strips of leaves with more, are *unpacked*: Σ 1·A and Σ s·A are made too.

use super::super::forms::{Answered, NOTHING};
use super::super::kernel::SUMS;
use super::super::prefix::Prefix;
use super::encoding::{Bounds, Encoding, Given, Outline, Shape, Sums};
use crate::arch::{ByteLevel, Bytes, Row, Shift, Slabs, Tile, Tiles, TwoRows, tile_pass};
use crate::engine::cpu::layout::{LANES, Rows, Steps};

/// Tiles of leaves a slab: A, the answers, and V.
const KINDS: usize = 2;

/// What V has more for a high answer than for a low one, as a power of 2.
const HIGH: u32 = 7;

tile_pass! {
    /// One, s and g, by V.
    BY_V: [0, 1, 2];
    1: [0 "u" by 3 => 0, 1 "s" by 4 => 1, 2 "s" by 5 => 2]
}
tile_pass! {
    /// g, s², s·g and g², by A.
    BY_A: [0, 1, 2, 3];
    0: [2 "s" by 4 => 0, 3 "u" by 5 => 1, 4 "s" by 7 => 2, 5 "u" by 4 => 3]
}
tile_pass! {
    /// [`BY_A`] with the high bytes of g² and s·g behind it.
    WIDE_BY_A: [0, 1, 2, 3, 4, 5];
    0: [2 "s" by 7 => 0, 3 "u" by 7 => 1, 4 "s" by 7 => 2, 5 "u" by 7 => 3, 6 "u" by 7 => 4, 7 "s" by 7 => 5]
}
tile_pass! {
    /// One and s, by A.
    UNPACKED: [0, 1];
    0: [0 "u" by 3 => 0, 1 "s" by 4 => 1]
}

/// Where the sums of [`BY_A`] start.
const OF_A: usize = 3;
/// Where those of [`UNPACKED`] start.
const OF_UNPACKED: usize = 9;

/// The answers of a prefix's users as bits.
#[derive(Debug, Default)]
pub(in super::super) struct Planes {
    /// By user, answered and high ones, a lane a bit; nobody behind them.
    rows: Vec<TwoRows>,
    /// For each 64 users, those who answered each lane.
    columns: Vec<[[u64; 64]; 4]>,
    /// How many lanes there are.
    lanes: usize,
    /// Where bits of positions go: those from the limit on, and those before it.
    moves: Option<Moves>,
}

/// Lanes are the positions from the limit on, and then those before it.
#[derive(Clone, Copy, Debug)]
struct Moves {
    beyond_limit: Shift,
    before_limit: Shift,
    /// Positions behind the prefix and before the limit.
    before: Row,
    /// Lanes of positions from the limit on.
    beyond: Row,
}

/// The bits of both rows that are in `mask`.
#[inline(always)]
fn within(rows: &TwoRows, mask: &Row) -> TwoRows {
    TwoRows(std::array::from_fn(|w| rows.0[w] & mask.0[w % 4]))
}

/// What the bits of answered and high ones are.
#[inline(always)]
fn count<L: ByteLevel>(level: L, rows: &TwoRows) -> Given {
    let [d, t] = level.ones(rows);
    Given { d, t, h: t }
}

/// A slab's answers by lane: who answered, and who with the high score. A cache line more keeps the same lane
/// of several slabs out of one set of the first-level cache.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(64))]
pub(in super::super) struct Slab {
    answered: [u64; LANES],
    high: [u64; LANES],
    apart: [u64; 8],
}

impl Planes {
    /// The answered and high bits of a user, a place in the prefix.
    pub(in super::super) fn row(&self, user: u32) -> &TwoRows {
        &self.rows[user as usize]
    }
}

impl Encoding for Planes {
    type Table = [[Row; 2]];
    type ByLane = Vec<Slab>;
    /// Who answered, and who with the high score.
    type Answers<L: ByteLevel> = [u64; 2];

    fn table(rows: &Rows) -> Option<(&[[Row; 2]], &Steps)> {
        let table = rows.bits()?;
        Some((table.pairs()?, &table.steps))
    }

    fn shape(&self, wide_squares: bool, wide_products: bool) -> Shape {
        let wide = wide_squares || wide_products;
        Shape {
            wide_squares: wide,
            wide_products: wide,
            score_squares: false,
            weights: if wide { 8 } else { 6 },
        }
    }

    fn kinds(&self) -> usize {
        KINDS
    }

    fn values(&self) -> usize {
        2
    }

    fn step(&self, value: usize) -> u8 {
        value as u8
    }

    fn reset(&mut self, prefix: &Prefix<'_>, _: &Steps) {
        let users = prefix.members.len();
        self.rows.resize(users + 1, TwoRows::default());
        self.rows[users] = TwoRows::default();
        self.columns.resize(users.div_ceil(64), [[0; 64]; 4]);
        self.lanes = prefix.lanes();
        self.moves = Some(Moves {
            beyond_limit: Shift::new(prefix.limit.position as isize),
            before_limit: Shift::new(prefix.from as isize - prefix.beyond() as isize),
            before: Row::of(prefix.from..prefix.limit.position),
            beyond: Row::of(0..prefix.beyond()),
        });
    }

    #[inline(always)]
    fn enter<L: ByteLevel>(
        &mut self,
        level: L,
        table: &[[Row; 2]],
        at: usize,
        user: usize,
    ) -> [Given; 2] {
        let [low, high] = &table[user];
        let Some(moves) = &self.moves else {
            return [Given::default(); 2];
        };
        let planes = TwoRows(std::array::from_fn(|w| match w {
            0..4 => low.0[w] | high.0[w],
            _ => high.0[w - 4],
        }));
        let beyond = level.moved(&planes, &moves.beyond_limit);
        let before = level.moved(&within(&planes, &moves.before), &moves.before_limit);
        let lanes = TwoRows(std::array::from_fn(|w| beyond.0[w] | before.0[w]));
        self.rows[at] = lanes;
        [
            count(level, &lanes),
            count(level, &within(&lanes, &moves.beyond)),
        ]
    }

    #[inline(always)]
    fn expect<L: ByteLevel>(level: L, table: &[[Row; 2]], user: usize) {
        level.prefetch(&table[user]);
    }

    #[inline(always)]
    fn complete<L: ByteLevel>(&mut self, level: L) {
        let nobody = self.rows.len() - 1;
        let words = self.lanes.div_ceil(64);
        for (w, column) in self.columns.iter_mut().enumerate() {
            let users: [&TwoRows; 64] =
                std::array::from_fn(|i| &self.rows[(w * 64 + i).min(nobody)]);
            level.by_place(&users, &mut column[..words], &mut []);
        }
    }

    fn column(&self, lane: usize) -> impl Iterator<Item = u64> {
        let of = move |column: &[[u64; 64]; 4]| column[lane / 64][lane % 64];
        self.columns.iter().map(of)
    }

    #[inline(always)]
    fn lay_out<L: ByteLevel>(
        &self,
        level: L,
        slab: usize,
        users: &[u32; 64],
        outline: &Outline,
        by_lane: &mut Vec<Slab>,
        _: &mut [Tile],
    ) -> L::B {
        let l1 = outline.l1;
        if by_lane.len() <= slab {
            let nothing = Slab {
                answered: [0; LANES],
                high: [0; LANES],
                apart: [0; 8],
            };
            by_lane.resize(slab + 1, nothing);
        }
        let Slab { answered, high, .. } = &mut by_lane[slab];
        let rows = users.each_ref().map(|&user| &self.rows[user as usize]);
        // With the stem's own lane.
        let words = l1 / 64 + 1;
        level.by_place(
            &rows,
            &mut answered.as_chunks_mut().0[..words],
            &mut high.as_chunks_mut().0[..words],
        );
        let first = high[l1];
        // The last strip's other lanes are no pairs or leaves, nor to be taken for such.
        let rest = l1..l1.next_multiple_of(16);
        answered[rest.clone()].fill(0);
        high[rest].fill(0);
        level.keep(first, level.every_byte(1))
    }

    #[inline(always)]
    fn spread<L: ByteLevel>(
        &self,
        level: L,
        &Outline { outer, strips, .. }: &Outline,
        by_lane: &Vec<Slab>,
        right: &mut [Tile],
    ) {
        let (one, v) = (level.every_byte(1), level.every_byte(1 + (1 << HIGH)));
        for (i, [of_a, of_v]) in right.as_chunks_mut::<KINDS>().0[..strips * outer]
            .iter_mut()
            .enumerate()
        {
            let Slab { answered, high, .. } = &by_lane[i % outer];
            let answered = level.by_fours(&answered.as_chunks().0[i / outer]);
            let high = level.by_fours(&high.as_chunks().0[i / outer]);
            for row in 0..16 {
                let ones = level.keep(answered[row], one);
                level.put(ones, &mut of_a[row]);
                level.put(level.pick(high[row], v, ones), &mut of_v[row]);
            }
        }
    }

    #[inline(always)]
    fn expect_own<L: ByteLevel>(&self, level: L, user: u32) {
        level.prefetch(&self.rows[user as usize]);
    }

    #[inline(always)]
    fn answers<L: ByteLevel>(
        _: L,
        by_lane: &Vec<Slab>,
        _: &Outline,
        slab: usize,
        lane: usize,
    ) -> [u64; 2] {
        let slab = &by_lane[slab];
        [slab.answered[lane], slab.high[lane]]
    }

    #[inline(always)]
    fn answered<L: ByteLevel>(_: L, [answered, _]: [u64; 2]) -> u64 {
        answered
    }

    #[inline(always)]
    fn scored<L: ByteLevel>(_: L, [answered, high]: [u64; 2], value: usize) -> u64 {
        if value == 0 { answered & !high } else { high }
    }

    #[inline(always)]
    fn x<L: ByteLevel>(&self, level: L, [_, high]: [u64; 2]) -> L::B {
        level.keep(high, level.every_byte(1))
    }

    #[inline(always)]
    fn given<L: ByteLevel>(
        &self,
        level: L,
        _: usize,
        users: &[u32; 64],
        _: &Outline,
        _: &Vec<Slab>,
        end: usize,
    ) -> Answered {
        let below = Row::of(0..end);
        let mut given = NOTHING;
        for (i, &user) in users.iter().enumerate() {
            let of = count(level, &within(&self.rows[user as usize], &below));
            (given.d[i], given.t[i]) = (of.d, of.t);
        }
        given.h = given.t;
        given
    }

    #[inline(always)]
    fn multiply<L: ByteLevel>(
        level: L,
        tiles: &Tiles,
        slabs: Slabs<'_>,
        bounds: Bounds,
        sums: &mut Sums,
    ) {
        // Sums by V first: the operands of one pass stay in the first-level cache.
        tiles.multiply(&BY_V, slabs, &mut sums.tiles);
        let by_a = if sums.shape.wide_squares {
            &WIDE_BY_A
        } else {
            &BY_A
        };
        tiles.multiply(by_a, slabs, &mut sums.tiles[OF_A..]);
        sums.unpacked =
            !bounds.few || most_users(level, &sums.tiles[0], bounds.pairs) * bounds.most >= 64;
        if sums.unpacked {
            tiles.multiply(&UNPACKED, slabs, &mut sums.tiles[OF_UNPACKED..]);
        }
    }

    #[inline(always)]
    fn of_row<L: ByteLevel>(level: L, sums: &Sums, row: usize) -> [L::I; SUMS] {
        let (ones, scores) = (sums.row(level, 0, row), sums.row(level, 1, row));
        let (n, s) = if sums.unpacked {
            let of_s = sums.row(level, OF_UNPACKED + 1, row);
            (sums.row(level, OF_UNPACKED, row), of_s)
        } else {
            // s from −64 to 63: its seven bits, sign extended.
            let low = level.up::<{ 32 - HIGH }>(scores);
            (
                level.bits_of_both(ones, level.every_integer((1 << HIGH) - 1)),
                level.down::<{ 32 - HIGH }>(low),
            )
        };
        let (high, s_high) = (of_high(level, ones, n), of_high(level, scores, s));
        let Shape {
            wide_squares,
            wide_products,
            ..
        } = sums.shape;
        let sg = sums.row(level, OF_A, row);
        let totals = of_high(level, sums.row(level, 2, row), sg);
        let sag = sums.joined(level, [OF_A + 2, OF_A + 5], row, wide_products);
        let twice = level.sum_of(s_high, s_high);
        [
            n,
            level.sum_of(s, high),
            sg,
            level.sum_of(sums.row(level, OF_A + 1, row), level.sum_of(high, twice)),
            sums.joined(level, [OF_A + 3, OF_A + 4], row, wide_squares),
            level.sum_of(sag, totals),
        ]
    }
}

/// What a sum by V, `v`, has from high answers, `a` being the sum by A: exact, as the rest is gone.
#[inline(always)]
fn of_high<L: ByteLevel>(level: L, v: L::I, a: L::I) -> L::I {
    level.down::<HIGH>(level.difference(v, a))
}

/// The most outer users that any leaf of the first `pairs` pairs has, by the sums of one by V, where fewer
/// than 128 outer users answered each of these.
#[inline(always)]
fn most_users<L: ByteLevel>(level: L, by_v: &[Bytes; 16], pairs: usize) -> u32 {
    let low = level.every_integer((1 << HIGH) - 1);
    let mut most = level.every_integer(0);
    for row in &by_v[..pairs] {
        most = level.largest_of(most, level.bits_of_both(level.integers(row), low));
    }
    let most = level.lanes(most).into_iter().max().unwrap_or(0);
    most.cast_unsigned()
}

#[cfg(test)]
impl super::tests::OfAnswers for Planes {
    fn of(answers: &[super::tests::Answered]) -> Self {
        let row = |answers: &super::tests::Answered| {
            let bits = |of: &dyn Fn(u8) -> bool| {
                let has = |lane: &usize| answers[*lane].is_some_and(of);
                (0..answers.len()).filter(has).map(|lane| 1 << lane).sum()
            };
            TwoRows([bits(&|_| true), 0, 0, 0, bits(&|x| x > 0), 0, 0, 0])
        };
        let mut rows: Vec<TwoRows> = answers.iter().map(row).collect();
        rows.push(TwoRows::default());
        Self {
            rows,
            columns: vec![[[0; 64]; 4]; answers.len().div_ceil(64)],
            lanes: answers[0].len(),
            moves: None,
        }
    }
}
