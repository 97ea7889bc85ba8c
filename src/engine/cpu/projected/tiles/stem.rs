//! A stem of the byte tiles: its users' bytes, codes by lane, and right operands.
//!
//! Users come as in the prefix, by |g| descending or nearly so, in *slabs* of 64; the first of these are the outer slabs, which the
//! products take. Users that fill up the last slab answered nothing.

use super::super::codes::MOST_VALUES;
use super::base::{TileBase, Values};
use super::products::{Shape, WEIGHTS};
use crate::arch::amx::{EMPTY, Tile};
use std::arch::x86_64::*;

/// Weights that depend on the second question's score: s, s², s·g low and high, double.
const BY_SCORE: usize = 5;

/// Weights that do not: one, g, g² low and high.
const FIXED: usize = 4;

/// 64 users' bytes.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(64))]
pub(super) struct Bytes(pub(super) [u8; 64]);

const NO_BYTES: Bytes = Bytes([0; 64]);

/// Tables by code: of the score from the lowest, and of its square.
#[derive(Clone, Copy, Debug)]
pub(super) struct ByCode {
    pub(super) score: [u8; 16],
    pub(super) square: [u8; 16],
}

impl ByCode {
    pub(super) fn new(values: &Values) -> Self {
        let mut table = Self {
            score: [0; 16],
            square: [0; 16],
        };
        for (v, value) in values.scores.iter().enumerate().take(MOST_VALUES) {
            // At most 15.
            let x = (value - values.lowest) as u8;
            (table.score[v + 1], table.square[v + 1]) = (x, x * x);
        }
        table
    }
}

/// The stem. Buffers are reused from one to the next.
#[derive(Debug, Default)]
pub(super) struct Stem {
    /// The users, by their place in the base.
    users: Vec<u32>,
    /// Slabs of users.
    pub(super) slabs: usize,
    /// Of these, outer slabs.
    pub(super) outer: usize,
    /// Blocks of 16 lanes below the stem's.
    pub(super) blocks: usize,
    /// Weights of each slab that do not depend on the second question: one, g, g² low and high.
    pub(super) fixed: Vec<[Bytes; FIXED]>,
    /// Those that do, for each outer slab and score.
    by_score: Vec<[Bytes; BY_SCORE]>,
    /// Scores without the last two questions, from the lowest of any user; a slab.
    pub(super) scores: Vec<Bytes>,
    /// What [`Self::scores`] plus the last two questions' scores from the lowest are short of a, as the
    /// products count it.
    pub(super) start: i64,
    /// Right operands: for each block and outer slab, one tile a kind.
    pub(super) leaves: Vec<Tile>,
    /// For each block and slab: the users' codes, a row a lane.
    pub(super) codes: Vec<Tile>,
}

impl Stem {
    /// Lays out the stem `l1`; false where it has no users.
    ///
    /// # Safety
    /// AVX-512 F, BW, DQ, VL and VBMI.
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi")]
    pub(super) unsafe fn reset(
        &mut self,
        base: &TileBase,
        values: &Values,
        by_code: &ByCode,
        shape: Shape,
        l1: usize,
    ) -> bool {
        self.users.clear();
        for (w, &word) in base.column(l1).iter().enumerate() {
            let mut word = word;
            while word != 0 {
                self.users.push((w * 64) as u32 + word.trailing_zeros());
                word &= word - 1;
            }
        }
        if self.users.is_empty() {
            return false;
        }
        self.slabs = self.users.len().div_ceil(64);
        let outer = (self.users.len() as f64 * base.share / 64.0).round() as usize;
        self.outer = outer.clamp(1, self.slabs);
        self.blocks = l1.div_ceil(16);
        self.weigh(base, values, shape, l1);
        let kinds = shape.kinds();
        let needed = self.blocks * self.outer * kinds;
        self.leaves.resize(needed.max(self.leaves.len()), EMPTY);
        let needed = self.blocks * self.slabs;
        self.codes.resize(needed.max(self.codes.len()), EMPTY);
        // SAFETY: the features are this function's, and the buffers have room.
        unsafe { self.spread(base, by_code, shape) };
        true
    }

    /// The codes of the users of a slab, a row a lane of the block.
    pub(super) fn codes(&self, block: usize, slab: usize) -> &Tile {
        &self.codes[block * self.slabs + slab]
    }

    /// The right operands of a block.
    pub(super) fn right(&self, block: usize, shape: Shape) -> &[Tile] {
        let size = self.outer * shape.kinds();
        &self.leaves[block * size..(block + 1) * size]
    }

    /// The users' bytes.
    fn weigh(&mut self, base: &TileBase, values: &Values, shape: Shape, l1: usize) {
        self.fixed.clear();
        self.by_score.clear();
        self.scores.clear();
        let score = |user: u32| {
            let first = values.scores[usize::from(base.code(user as usize, l1)) - 1];
            i64::from(base.users[user as usize].0) + first
        };
        let least = self
            .users
            .iter()
            .map(|&user| score(user))
            .min()
            .unwrap_or(0);
        self.start = least - values.middle + (values.lowest - values.middle);
        for (i, slab) in self.users.chunks(64).enumerate() {
            let (mut s, mut g) = ([0_i16; 64], [0_i16; 64]);
            let mut scores = NO_BYTES;
            for (i, &user) in slab.iter().enumerate() {
                // Small: checked for the prefix. Scores of the prefix differ by at most twice
                // MOST_SCORE, the first question's by as much as MOST_SCORE.
                let score = score(user);
                s[i] = (score - values.middle) as i16;
                g[i] = base.users[user as usize].1;
                scores.0[i] = (score - least) as u8;
            }
            self.scores.push(scores);
            let mut bytes = [NO_BYTES; FIXED];
            for (i, &g) in g.iter().enumerate() {
                let square = g * g;
                bytes[0].0[i] = 1;
                bytes[1].0[i] = g as u8;
                bytes[2].0[i] = square as u8;
                bytes[3].0[i] = (square >> 8) as u8;
            }
            self.fixed.push(bytes);
            if i >= self.outer {
                continue;
            }
            for &score in &values.scores {
                let more = (score - values.middle) as i16;
                let one = i16::from(!shape.score_squares);
                let mut bytes = [NO_BYTES; BY_SCORE];
                for (i, (s, g)) in s.iter().zip(&g).enumerate() {
                    let s = s + more;
                    let product = s * g;
                    bytes[0].0[i] = s as u8;
                    bytes[1].0[i] = (s * s) as u8;
                    bytes[2].0[i] = product as u8;
                    bytes[3].0[i] = (product >> 8) as u8;
                    bytes[4].0[i] = (2 * s + one) as u8;
                }
                self.by_score.push(bytes);
            }
        }
    }

    /// The right operands of the outer slabs and the codes by lane of all. Four users' rows of 16
    /// lanes make a row of a tile; the transposed 32-bit elements of 16 such rows are 64 users'
    /// codes, a row a lane.
    ///
    /// # Safety
    /// AVX-512 F, BW, VL and VBMI; `leaves` and `codes` must have their sizes.
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi")]
    unsafe fn spread(&mut self, base: &TileBase, by_code: &ByCode, shape: Shape) {
        let mut interleave = [0_u8; 64];
        for (i, place) in interleave.iter_mut().enumerate() {
            *place = (16 * (i % 4) + i / 4) as u8;
        }
        let nobody = base.users.len();
        let kinds = shape.kinds();
        // SAFETY: rows are padded to 16 lanes and `blocks` · 16 is at most that; tiles are in range.
        unsafe {
            let interleave = _mm512_loadu_si512(interleave.as_ptr().cast());
            let table =
                |bytes: &[u8; 16]| _mm512_broadcast_i32x4(_mm_loadu_si128(bytes.as_ptr().cast()));
            let (score, square) = (table(&by_code.score), table(&by_code.square));
            let one = _mm512_set1_epi8(1);
            for slab in 0..self.slabs {
                let rows: [*const u8; 64] = std::array::from_fn(|i| {
                    let user = self.users.get(slab * 64 + i);
                    base.row(user.map_or(nobody, |&user| user as usize))
                        .as_ptr()
                });
                for &user in self.users.iter().skip((slab + 1) * 64).take(64) {
                    for line in base.row(user as usize).chunks(64) {
                        _mm_prefetch::<_MM_HINT_T0>(line.as_ptr().cast());
                    }
                }
                for block in 0..self.blocks {
                    let four = |group: usize| {
                        let part =
                            |i: usize| _mm_loadu_si128(rows[4 * group + i].add(block * 16).cast());
                        let mut four = _mm512_castsi128_si512(part(0));
                        four = _mm512_inserti32x4::<1>(four, part(1));
                        four = _mm512_inserti32x4::<2>(four, part(2));
                        four = _mm512_inserti32x4::<3>(four, part(3));
                        _mm512_permutexvar_epi8(interleave, four)
                    };
                    let groups: [__m512i; 16] = std::array::from_fn(four);
                    if slab < self.outer {
                        let at = (block * self.outer + slab) * kinds;
                        let tiles = &mut self.leaves[at..at + kinds];
                        for (group, &code) in groups.iter().enumerate() {
                            let mut store = |kind: usize, bytes| {
                                let row = tiles[kind].0[group].as_mut_ptr();
                                _mm512_store_si512(row.cast(), bytes);
                            };
                            store(0, _mm512_min_epu8(code, one));
                            store(1, _mm512_shuffle_epi8(score, code));
                            if shape.score_squares {
                                store(2, _mm512_shuffle_epi8(square, code));
                            }
                        }
                    }
                    transpose(groups, &mut self.codes[block * self.slabs + slab]);
                }
            }
        }
    }

    /// The left operands of one block of pairs: the outer users' weights where they answered l₂.
    ///
    /// # Safety
    /// AVX-512 F and BW; `weights` must have [`WEIGHTS`] tiles for each outer slab.
    #[target_feature(enable = "avx512f,avx512bw")]
    pub(super) unsafe fn left(
        &self,
        values: &Values,
        shape: Shape,
        block: usize,
        weights: &mut [Tile],
    ) {
        // SAFETY: by this function's contract.
        unsafe {
            match (values.scores.len(), shape.wide_squares) {
                (2, false) => self.left_of::<2, false>(2, block, weights),
                (2, true) => self.left_of::<2, true>(2, block, weights),
                (scores, _) => self.left_of::<0, true>(scores, block, weights),
            }
        }
    }

    /// `SCORES` is how many scores there are, or 0 where `scores` says; `WIDE` makes the high byte of g².
    ///
    /// # Safety
    /// As [`Self::left`].
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw")]
    unsafe fn left_of<const SCORES: usize, const WIDE: bool>(
        &self,
        scores: usize,
        block: usize,
        weights: &mut [Tile],
    ) {
        let scores = if SCORES > 0 { SCORES } else { scores };
        // SAFETY: 64 aligned bytes each.
        let load = |bytes: &Bytes| unsafe { _mm512_load_si512(bytes.0.as_ptr().cast()) };
        for slab in 0..self.outer {
            let fixed: [__m512i; FIXED] = std::array::from_fn(|i| load(&self.fixed[slab][i]));
            let tiles = &mut weights[slab * WEIGHTS..(slab + 1) * WEIGHTS];
            let by_score = &self.by_score[slab * scores..(slab + 1) * scores];
            let codes = self.codes(block, slab);
            for row in 0..16 {
                // SAFETY: aligned rows of 64 bytes.
                let code = unsafe { _mm512_load_si512(codes.0[row].as_ptr().cast()) };
                let mut store = |weight: usize, bytes| {
                    // SAFETY: an aligned row of 64 bytes.
                    unsafe { _mm512_store_si512(tiles[weight].0[row].as_mut_ptr().cast(), bytes) };
                };
                let answered = _mm512_test_epi8_mask(code, code);
                for (weight, bytes) in fixed.iter().enumerate() {
                    if weight < 3 || WIDE {
                        store(weight, _mm512_maskz_mov_epi8(answered, *bytes));
                    }
                }
                let mut sums = [_mm512_setzero_si512(); BY_SCORE];
                for (v, bytes) in by_score.iter().enumerate().take(scores) {
                    let has = _mm512_cmpeq_epi8_mask(code, _mm512_set1_epi8(v as i8 + 1));
                    for (sum, bytes) in sums.iter_mut().zip(bytes) {
                        *sum = _mm512_mask_mov_epi8(*sum, has, load(bytes));
                    }
                }
                for (weight, bytes) in sums.into_iter().enumerate() {
                    store(FIXED + weight, bytes);
                }
            }
        }
    }

    /// Of each lane of a block: how many outer users answered it, and Σg² of the inner users who did.
    ///
    /// # Safety
    /// AVX-512 F, BW and VNNI.
    #[target_feature(enable = "popcnt,avx512f,avx512bw,avx512vnni")]
    pub(super) unsafe fn counts(&self, block: usize) -> [(u64, u64); 16] {
        std::array::from_fn(|row| {
            let code = |slab| {
                let row = &self.codes(block, slab).0[row];
                // SAFETY: an aligned row of 64 bytes.
                unsafe { _mm512_load_si512(row.as_ptr().cast()) }
            };
            let mut common = 0;
            for slab in 0..self.outer {
                let code = code(slab);
                common += u64::from(_mm512_test_epi8_mask(code, code).count_ones());
            }
            let mut squares = _mm512_setzero_si512();
            for slab in self.outer..self.slabs {
                let code = code(slab);
                let answered = _mm512_test_epi8_mask(code, code);
                let g = &self.fixed[slab][1].0;
                // SAFETY: 64 aligned bytes.
                let g = unsafe { _mm512_load_si512(g.as_ptr().cast()) };
                let size = _mm512_abs_epi8(_mm512_maskz_mov_epi8(answered, g));
                squares = _mm512_dpbusd_epi32(squares, size, size);
            }
            // At most 127² a user.
            (common, _mm512_reduce_add_epi32(squares) as u64)
        })
    }
}

/// Stores the transposed 16 × 16 32-bit elements of 16 rows.
///
/// # Safety
/// AVX-512 F.
#[inline]
#[target_feature(enable = "avx512f")]
unsafe fn transpose(rows: [__m512i; 16], tile: &mut Tile) {
    // Pairs, then fours within 128 bits; then the 128-bit parts, twice.
    let pairs: [__m512i; 16] = std::array::from_fn(|i| {
        let (a, b) = (rows[i & !1], rows[i | 1]);
        if i & 1 == 0 {
            _mm512_unpacklo_epi32(a, b)
        } else {
            _mm512_unpackhi_epi32(a, b)
        }
    });
    let fours: [__m512i; 16] = std::array::from_fn(|i| {
        let (group, kind) = (i / 4 * 4, i % 4);
        let (a, b) = (pairs[group + kind / 2], pairs[group + 2 + kind / 2]);
        if kind & 1 == 0 {
            _mm512_unpacklo_epi64(a, b)
        } else {
            _mm512_unpackhi_epi64(a, b)
        }
    });
    for kind in 0..4 {
        let [a, b, c, d] = [0, 4, 8, 12].map(|group| fours[group + kind]);
        let (low, high) = (
            _mm512_shuffle_i32x4::<0x88>(a, b),
            _mm512_shuffle_i32x4::<0x88>(c, d),
        );
        let (low1, high1) = (
            _mm512_shuffle_i32x4::<0xdd>(a, b),
            _mm512_shuffle_i32x4::<0xdd>(c, d),
        );
        let columns = [
            _mm512_shuffle_i32x4::<0x88>(low, high),
            _mm512_shuffle_i32x4::<0x88>(low1, high1),
            _mm512_shuffle_i32x4::<0xdd>(low, high),
            _mm512_shuffle_i32x4::<0xdd>(low1, high1),
        ];
        for (part, column) in columns.into_iter().enumerate() {
            let row = &mut tile.0[part * 4 + kind];
            // SAFETY: an aligned row of 64 bytes.
            unsafe { _mm512_store_si512(row.as_mut_ptr().cast(), column) };
        }
    }
}
