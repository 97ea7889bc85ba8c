//! What an encoding of answers gives to the machine of byte products.

use super::super::forms::Answered;
use super::super::kernel::SUMS;
use super::super::prefix::Prefix;
use crate::arch::{ByteLevel, EMPTY, Slabs, Tile, Tiles};
use crate::engine::cpu::layout::{Rows, Steps};

use std::fmt::Debug;

/// What a user answered of some questions: how many, and the sums of their scores and of the squares of
/// these, in steps from the lowest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in super::super) struct Given {
    pub(super) d: u64,
    pub(super) t: u64,
    pub(super) h: u64,
}

/// The size of a stem.
#[derive(Clone, Copy, Debug, Default)]
pub(in super::super) struct Outline {
    /// Its lane.
    pub(in super::super) l1: usize,
    /// Slabs of users.
    pub(in super::super) slabs: usize,
    /// How many of the slabs are outer users'.
    pub(in super::super) outer: usize,
    /// Strips of 16 lanes below the stem's.
    pub(in super::super) strips: usize,
}

/// How products are made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in super::super) struct Shape {
    /// Whether g² takes two bytes.
    pub(super) wide_squares: bool,
    /// Whether s·g takes two bytes.
    pub(super) wide_products: bool,
    /// Whether x² differs from x.
    pub(super) score_squares: bool,
    /// Tiles of weights that a slab takes, the first of: 1, s, g, s², s·g (its low byte, signed), g² (its low
    /// byte), the high bytes of g² and s·g, and twice s (and 1 more where x² = x).
    pub(super) weights: usize,
}

/// The sums of a strip of pairs and a strip of leaves, and what they were made of.
#[derive(Debug)]
pub(in super::super) struct Sums {
    /// As many as any encoding makes.
    pub(super) tiles: [Tile; 11],
    pub(super) shape: Shape,
    /// Whether packed sums were made unpacked too: see [`planes`](super::planes).
    pub(super) unpacked: bool,
}

impl Default for Sums {
    fn default() -> Self {
        Self {
            tiles: [EMPTY; 11],
            shape: Shape::default(),
            unpacked: false,
        }
    }
}

impl Sums {
    /// A pair's sums of 16 leaves, of one of the tiles.
    #[inline(always)]
    pub(super) fn row<L: ByteLevel>(&self, level: L, tile: usize, row: usize) -> L::I {
        level.integers(&self.tiles[tile][row])
    }

    /// A pair's sums of 16 leaves, of the tiles of low bytes and, where there are such, of high bytes.
    #[inline(always)]
    pub(super) fn joined<L: ByteLevel>(
        &self,
        level: L,
        [low, high]: [usize; 2],
        row: usize,
        wide: bool,
    ) -> L::I {
        let low = self.row(level, low, row);
        if wide {
            level.sum_of(low, level.up::<8>(self.row(level, high, row)))
        } else {
            low
        }
    }
}

/// What the products of a strip of pairs may rely on.
#[derive(Clone, Copy, Debug)]
pub(in super::super) struct Bounds {
    /// How many pairs there are.
    pub(super) pairs: usize,
    /// Whether fewer than 128 outer users answered each pair.
    pub(super) few: bool,
    /// The largest |s|.
    pub(super) most: u32,
}

/// The answers of a prefix's users, by user and by lane. Scores are x steps above the lowest.
///
/// Methods with a level are `#[inline(always)]`: that is what compiles them for it.
pub(in super::super) trait Encoding: Debug + Default + Send + Sync {
    /// The answers of the whole table.
    type Table: Sync + ?Sized;
    /// A stem's answers by lane. Buffers are reused from one stem to the next.
    type ByLane: Debug + Default + Send;
    /// What the users of a slab answered on a lane.
    type Answers<L: ByteLevel>: Copy;

    /// The table in this encoding, where it was made and fits, and the steps of its scores.
    fn table(rows: &Rows) -> Option<(&Self::Table, &Steps)>;
    /// How weights are laid out where g² or s·g take two bytes.
    fn shape(&self, wide_squares: bool, wide_products: bool) -> Shape;
    /// Tiles of leaves that a slab takes.
    fn kinds(&self) -> usize;

    /// Makes room for the prefix's users and nobody behind them.
    fn reset(&mut self, prefix: &Prefix<'_>, steps: &Steps);
    /// Enters the answers of the prefix's user `at`, who is the table's user `user`; returns what they
    /// answered in all, and of the lanes of questions from the limit on.
    fn enter<L: ByteLevel>(
        &mut self,
        level: L,
        table: &Self::Table,
        at: usize,
        user: usize,
    ) -> [Given; 2];
    /// Asks for the table's answers of a user to come into the cache.
    fn expect<L: ByteLevel>(level: L, table: &Self::Table, user: usize);
    /// Does what takes all users.
    fn complete<L: ByteLevel>(&mut self, level: L);
    /// For each 64 users of the prefix, those who answered a lane, which is the highest of some set.
    fn column(&self, lane: usize) -> impl Iterator<Item = u64>;

    /// Lays out a slab of users, places in the prefix: their answers by lane, and where these come by, its
    /// right operands, if it is an outer slab. Returns x on the stem's lane.
    fn lay_out<L: ByteLevel>(
        &self,
        level: L,
        slab: usize,
        users: &[u32; 64],
        outline: &Outline,
        by_lane: &mut Self::ByLane,
        right: &mut [Tile],
    ) -> L::B;
    /// Makes what right operands the laying out of slabs did not, in the order of their places.
    fn spread<L: ByteLevel>(
        &self,
        level: L,
        outline: &Outline,
        by_lane: &Self::ByLane,
        right: &mut [Tile],
    );
    /// Asks for the answers of a user, a place in the prefix, to come into the cache.
    fn expect_own<L: ByteLevel>(&self, level: L, user: u32);
    /// The answers of a slab on a lane.
    fn answers<L: ByteLevel>(
        level: L,
        by_lane: &Self::ByLane,
        outline: &Outline,
        slab: usize,
        lane: usize,
    ) -> Self::Answers<L>;
    /// Who answered.
    fn answered<L: ByteLevel>(level: L, answers: Self::Answers<L>) -> u64;
    /// Who scored the value with this index, one of [`Self::values`].
    fn scored<L: ByteLevel>(level: L, answers: Self::Answers<L>, value: usize) -> u64;
    /// How many distinct scores there are.
    fn values(&self) -> usize;
    /// The x of one of them.
    fn step(&self, value: usize) -> u8;
    /// x where answered, else 0.
    fn x<L: ByteLevel>(&self, level: L, answers: Self::Answers<L>) -> L::B;
    /// What each user of a slab answered of the lanes below `end`, which is the stem's at most.
    fn given<L: ByteLevel>(
        &self,
        level: L,
        slab: usize,
        users: &[u32; 64],
        outline: &Outline,
        by_lane: &Self::ByLane,
        end: usize,
    ) -> Answered;

    /// Makes the sums of a strip of pairs and one of leaves.
    fn multiply<L: ByteLevel>(
        level: L,
        tiles: &Tiles,
        slabs: Slabs<'_>,
        bounds: Bounds,
        sums: &mut Sums,
    );
    /// n, Sa, Sg, Saa, Sgg, Sag of the 16 leaves of the pair `row`.
    fn of_row<L: ByteLevel>(level: L, sums: &Sums, row: usize) -> [L::I; SUMS];
}
