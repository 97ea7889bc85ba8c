//! Codes: answers as bytes, 0 where a user did not answer, else 1 + the index of the score.
//!
//! x and x² of an answer come from tables of 16 by its code. With s the score without the leaf's question:
//!
//! ```text
//! n = Σ 1·A   Sg = Σ g·A   Sgg = Σ g²·A   Sa = Σ s·A + 1·x   Sag = Σ s·g·A + g·x
//! Saa = Σ s²·A + 2s·x + 1·x²      (x² = x where scores are 0 and 1: 2s + 1 for both)
//! ```

use super::super::forms::{Answered, NOTHING};
use super::super::kernel::SUMS;
use super::super::prefix::Prefix;
use super::encoding::{Bounds, Encoding, Given, Outline, Shape, Sums};
use crate::arch::{ByteLevel, EMPTY, Pass, Slabs, Tile, Tiles, tile_pass};
use crate::engine::cpu::layout::{Codes as Table, MOST_VALUES, Rows, Steps};

tile_pass! {
    /// One, g and g², by A: n, Sg, Sgg.
    TOTALS: [0, 1, 2];
    0: [0 "u" by 3 => 0, 2 "s" by 4 => 1, 5 "u" by 5 => 2]
}
tile_pass! {
    /// [`TOTALS`] with the high byte of g² behind it.
    WIDE_TOTALS: [0, 1, 2, 3];
    0: [0 "u" by 4 => 0, 2 "s" by 5 => 1, 5 "u" by 7 => 2, 6 "u" by 4 => 3]
}
tile_pass! {
    /// s, s² and s·g by A; one, 2s + 1 and g by x: Sa, Saa, Sag.
    SCORES: [0, 1, 2];
    0: [1 "s" by 3 => 0, 3 "u" by 4 => 1, 4 "s" by 5 => 2]
    1: [0 "u" by 7 => 0, 8 "s" by 3 => 1, 2 "s" by 4 => 2]
}
tile_pass! {
    /// [`SCORES`] with the high byte of s·g behind it.
    WIDE_SCORES: [0, 1, 2, 3];
    0: [1 "s" by 4 => 0, 3 "u" by 5 => 1, 4 "s" by 7 => 2, 7 "s" by 4 => 3]
    1: [0 "u" by 5 => 0, 8 "s" by 7 => 1, 2 "s" by 4 => 2]
}
tile_pass! {
    /// [`SCORES`], 2s instead of 2s + 1, and one by x².
    SCORES_SQUARED: [0, 1, 2];
    0: [1 "s" by 3 => 0, 3 "u" by 4 => 1, 4 "s" by 5 => 2]
    1: [0 "u" by 7 => 0, 8 "s" by 3 => 1, 2 "s" by 4 => 2]
    2: [0 "u" by 5 => 1]
}
tile_pass! {
    /// [`SCORES_SQUARED`] with the high byte of s·g behind it.
    WIDE_SCORES_SQUARED: [0, 1, 2, 3];
    0: [1 "s" by 4 => 0, 3 "u" by 5 => 1, 4 "s" by 7 => 2, 7 "s" by 4 => 3]
    1: [0 "u" by 5 => 0, 8 "s" by 7 => 1, 2 "s" by 4 => 2]
    2: [0 "u" by 5 => 1]
}

/// Where the sums with scores start.
const OF_SCORES: usize = 4;

/// The answers of a prefix's users as codes.
#[derive(Debug, Default)]
pub(in super::super) struct Codes {
    /// The first position behind the prefix, and the limit.
    from: usize,
    limit: usize,
    /// The lowest lane that the highest lane of a set may be.
    first: usize,
    /// Bytes from one row to the next, a multiple of 16.
    stride: usize,
    /// Slabs of users.
    words: usize,
    /// A row of codes a user, and one of zeros behind them.
    rows: Vec<u8>,
    /// A column a lane from `first` on: bit i is set where user i answered.
    bits: Vec<u64>,
    /// x and x² by code.
    x: [u8; 16],
    squares: [u8; 16],
    values: usize,
}

impl Codes {
    /// The row of user `i`; the one behind the last is all zeros.
    fn row(&self, i: u32) -> &[u8] {
        &self.rows[i as usize * self.stride..][..self.stride]
    }

    /// What the answers are whose scores have these counts, which `given` adds up.
    fn sum(&self, counts: &[u32; MOST_VALUES]) -> Given {
        let mut given = Given::default();
        for (v, &count) in counts.iter().enumerate().take(self.values) {
            let count = u64::from(count);
            given.d += count;
            given.t += u64::from(self.x[v + 1]) * count;
            given.h += u64::from(self.squares[v + 1]) * count;
        }
        given
    }
}

impl Encoding for Codes {
    type Table = Table;
    /// For each strip and slab: the users' codes, a row a lane.
    type ByLane = Vec<Tile>;
    /// The codes.
    type Answers<L: ByteLevel> = L::B;

    fn table(rows: &Rows) -> Option<(&Table, &Steps)> {
        let table = rows.codes()?;
        Some((table, &table.steps))
    }

    fn shape(&self, wide_squares: bool, wide_products: bool) -> Shape {
        Shape {
            wide_squares,
            wide_products,
            score_squares: self.kinds() > 2,
            weights: 9,
        }
    }

    /// A, x, and x² where that differs.
    fn kinds(&self) -> usize {
        2 + usize::from(self.x[self.values] > 1)
    }

    fn values(&self) -> usize {
        self.values
    }

    fn step(&self, value: usize) -> u8 {
        self.x[value + 1]
    }

    fn reset(&mut self, prefix: &Prefix<'_>, steps: &Steps) {
        let (lanes, users) = (prefix.lanes(), prefix.members.len());
        (self.from, self.limit) = (prefix.from, prefix.limit.position);
        self.first = prefix.beyond();
        self.stride = lanes.next_multiple_of(16);
        self.words = users.div_ceil(64);
        self.rows.resize((users + 1) * self.stride, 0);
        self.rows[users * self.stride..].fill(0);
        self.bits.clear();
        self.bits.resize((lanes - self.first) * self.words, 0);
        self.values = steps.of.len();
        for (v, &step) in steps.of.iter().enumerate() {
            // At most 15.
            let x = step as u8;
            (self.x[v + 1], self.squares[v + 1]) = (x, x * x);
        }
    }

    #[inline(always)]
    fn enter<L: ByteLevel>(
        &mut self,
        level: L,
        table: &Table,
        at: usize,
        user: usize,
    ) -> [Given; 2] {
        let row = table.row(user);
        let start = at * self.stride;
        let lanes = self.first + self.limit - self.from;
        let mut counts = [0_u32; MOST_VALUES];
        let mut of_beyond = Given::default();
        for (from, to, before) in [
            (self.limit..row.len(), 0, false),
            (self.from..self.limit, self.first, true),
        ] {
            let to = &mut self.rows[start..start + lanes][to..][..from.len()];
            let from = &row[from];
            for (at_lane, (from, to)) in from.chunks(64).zip(to.chunks_mut(64)).enumerate() {
                let codes = level.first_bytes(from);
                level.put_first(codes, to);
                for (v, count) in counts.iter_mut().enumerate().take(self.values) {
                    *count += level.equal(codes, v as u8 + 1).count_ones();
                }
                let mut answered = if before { level.given(codes) } else { 0 };
                while answered != 0 {
                    let lane = at_lane * 64 + answered.trailing_zeros() as usize;
                    self.bits[lane * self.words + at / 64] |= 1 << (at % 64);
                    answered &= answered - 1;
                }
            }
            if !before {
                of_beyond = self.sum(&counts);
            }
        }
        [self.sum(&counts), of_beyond]
    }

    #[inline(always)]
    fn expect<L: ByteLevel>(level: L, table: &Table, user: usize) {
        for line in table.row(user).chunks(64) {
            level.prefetch(&line[0]);
        }
    }

    #[inline(always)]
    fn complete<L: ByteLevel>(&mut self, _: L) {}

    fn column(&self, lane: usize) -> impl Iterator<Item = u64> {
        let start = (lane - self.first) * self.words;
        self.bits[start..start + self.words].iter().copied()
    }

    #[inline(always)]
    fn lay_out<L: ByteLevel>(
        &self,
        level: L,
        slab: usize,
        users: &[u32; 64],
        outline: &Outline,
        by_lane: &mut Vec<Tile>,
        right: &mut [Tile],
    ) -> L::B {
        let &Outline {
            l1,
            slabs,
            outer,
            strips,
        } = outline;
        if by_lane.len() < strips * slabs {
            by_lane.resize(strips * slabs, EMPTY);
        }
        let kinds = self.kinds();
        let one = level.every_byte(1);
        let starts = users.map(|user| user * self.stride as u32);
        let mut fours = EMPTY;
        for strip in 0..strips {
            let lanes = &self.rows[16 * strip..];
            let by_lane = &mut by_lane[strip * slabs + slab];
            level.turn(lanes, &starts, &mut fours, by_lane);
            if slab >= outer {
                continue;
            }
            let tiles = &mut right[(strip * outer + slab) * kinds..][..kinds];
            for (row, four) in fours.iter().enumerate() {
                let codes = level.bytes(four);
                level.put(level.keep(level.given(codes), one), &mut tiles[0][row]);
                level.put(level.look_up(&self.x, codes), &mut tiles[1][row]);
                if kinds > 2 {
                    level.put(level.look_up(&self.squares, codes), &mut tiles[2][row]);
                }
            }
        }
        let mut first = [0; 64];
        for (first, start) in first.iter_mut().zip(starts) {
            *first = self.x[usize::from(self.rows[start as usize + l1])];
        }
        level.first_bytes(&first)
    }

    #[inline(always)]
    fn spread<L: ByteLevel>(&self, _: L, _: &Outline, _: &Vec<Tile>, _: &mut [Tile]) {}

    #[inline(always)]
    fn expect_own<L: ByteLevel>(&self, level: L, user: u32) {
        for line in self.row(user).chunks(64) {
            level.prefetch(&line[0]);
        }
    }

    #[inline(always)]
    fn answers<L: ByteLevel>(
        level: L,
        by_lane: &Vec<Tile>,
        outline: &Outline,
        slab: usize,
        lane: usize,
    ) -> L::B {
        level.bytes(&by_lane[lane / 16 * outline.slabs + slab][lane % 16])
    }

    #[inline(always)]
    fn answered<L: ByteLevel>(level: L, codes: L::B) -> u64 {
        level.given(codes)
    }

    #[inline(always)]
    fn scored<L: ByteLevel>(level: L, codes: L::B, value: usize) -> u64 {
        level.equal(codes, value as u8 + 1)
    }

    #[inline(always)]
    fn x<L: ByteLevel>(&self, level: L, codes: L::B) -> L::B {
        level.look_up(&self.x, codes)
    }

    #[inline(always)]
    fn given<L: ByteLevel>(
        &self,
        level: L,
        slab: usize,
        _: &[u32; 64],
        outline: &Outline,
        by_lane: &Vec<Tile>,
        end: usize,
    ) -> Answered {
        let mut given = NOTHING;
        for strip in 0..end.div_ceil(16) {
            let lanes = (end - strip * 16).min(16);
            // At most 16 answers, scores up to 15 and squares up to 225.
            let zero = level.every_byte(0);
            let (mut answers, mut scores) = (zero, zero);
            let mut squares = [0_u16; 64];
            for row in &by_lane[strip * outline.slabs + slab][..lanes] {
                let codes = level.bytes(row);
                let one = level.keep(level.given(codes), level.every_byte(1));
                answers = level.add(answers, one);
                scores = level.add(scores, level.look_up(&self.x, codes));
                let mut own = [0; 64];
                level.put_first(level.look_up(&self.squares, codes), &mut own);
                for (sum, own) in squares.iter_mut().zip(own) {
                    *sum += u16::from(own);
                }
            }
            let mut bytes = [[0; 64]; 2];
            level.put_first(answers, &mut bytes[0]);
            level.put_first(scores, &mut bytes[1]);
            for i in 0..64 {
                given.d[i] += u64::from(bytes[0][i]);
                given.t[i] += u64::from(bytes[1][i]);
                given.h[i] += u64::from(squares[i]);
            }
        }
        given
    }

    #[inline(always)]
    fn multiply<L: ByteLevel>(_: L, tiles: &Tiles, slabs: Slabs<'_>, _: Bounds, sums: &mut Sums) {
        let shape = sums.shape;
        let totals: &Pass = match shape.wide_squares {
            false => &TOTALS,
            true => &WIDE_TOTALS,
        };
        let scores: &Pass = match (shape.wide_products, shape.score_squares) {
            (false, false) => &SCORES,
            (true, false) => &WIDE_SCORES,
            (false, true) => &SCORES_SQUARED,
            (true, true) => &WIDE_SCORES_SQUARED,
        };
        // In turn: the weights of one of them stay in the first-level cache.
        tiles.multiply(totals, slabs, &mut sums.tiles);
        tiles.multiply(scores, slabs, &mut sums.tiles[OF_SCORES..]);
    }

    #[inline(always)]
    fn of_row<L: ByteLevel>(level: L, sums: &Sums, row: usize) -> [L::I; SUMS] {
        let Shape {
            wide_squares,
            wide_products,
            ..
        } = sums.shape;
        [
            sums.row(level, 0, row),
            sums.row(level, OF_SCORES, row),
            sums.row(level, 1, row),
            sums.row(level, OF_SCORES + 1, row),
            sums.joined(level, [2, 3], row, wide_squares),
            sums.joined(level, [OF_SCORES + 2, OF_SCORES + 3], row, wide_products),
        ]
    }
}

#[cfg(test)]
impl super::tests::OfAnswers for Codes {
    fn of(answers: &[super::tests::Answered]) -> Self {
        let lanes = answers[0].len();
        let highest = answers.iter().flatten().flatten().max();
        let mut codes = Self {
            limit: lanes,
            stride: lanes.next_multiple_of(16),
            words: answers.len().div_ceil(64),
            values: usize::from(*highest.unwrap()) + 1,
            x: std::array::from_fn(|code| (code as u8).saturating_sub(1)),
            ..Self::default()
        };
        codes.squares = codes.x.map(|x| x * x);
        codes.rows = vec![0; (answers.len() + 1) * codes.stride];
        codes.bits = vec![0; lanes * codes.words];
        for (user, answers) in answers.iter().enumerate() {
            for (lane, x) in answers.iter().enumerate() {
                let Some(x) = x else { continue };
                codes.rows[user * codes.stride + lane] = x + 1;
                codes.bits[lane * codes.words + user / 64] |= 1 << (user % 64);
            }
        }
        codes
    }
}
