//! A stem over bit planes: its users' bits by lane, their weights, and the operands made of both.
//!
//! Users come as in the prefix, by |g| descending or nearly so, in *slabs* of 64; the first of these are the
//! outer slabs, which the products take. Users that fill up the last slab answered nothing.

use super::super::kernel::SUMS;
use super::super::x86_64::totals_of;
use super::base::Base;
use super::products::{KINDS, Made, Operands, Sums, V_OF_HIGH, WEIGHTS, WIDE_WEIGHTS};
use super::transpose::{Planes, Words, by_fours, by_lane};
use crate::arch::amx::{EMPTY, Tile};
use std::arch::x86_64::*;

/// The most that one byte holds of g².
const CAP: u8 = u8::MAX;

/// One user in so many, at most, is to be above the cap.
const FEW: usize = 32;

/// Largest |g| whose square may be capped: what is above the cap is a byte too.
const MOST_CAPPED: i64 = 22;

/// 64 users' bytes.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(64))]
pub(super) struct Bytes(pub(super) [u8; 64]);

const NO_BYTES: Bytes = Bytes([0; 64]);

impl Bytes {
    /// # Safety
    /// AVX-512 F.
    #[inline]
    #[target_feature(enable = "avx512f")]
    pub(super) unsafe fn load(&self) -> __m512i {
        // SAFETY: 64 aligned bytes.
        unsafe { _mm512_load_si512(self.0.as_ptr().cast()) }
    }

    /// # Safety
    /// AVX-512 F.
    #[inline]
    #[target_feature(enable = "avx512f")]
    unsafe fn store(&mut self, bytes: __m512i) {
        // SAFETY: 64 aligned bytes.
        unsafe { _mm512_store_si512(self.0.as_mut_ptr().cast(), bytes) }
    }
}

/// A slab's users.
#[derive(Clone, Copy, Debug)]
pub(super) struct Slab {
    /// Who answered each lane, and who with the high score.
    pub(super) answered: Words,
    pub(super) high: Words,
    /// Scores without the last two questions, from the lowest of any user of the prefix.
    pub(super) scores: Bytes,
    pub(super) g: Bytes,
    /// |g|.
    pub(super) size: Bytes,
    /// What g² has above the cap, of the first [`Stem::capped`] slabs.
    pub(super) excess: Bytes,
}

/// Weights of an outer slab.
#[derive(Clone, Copy, Debug)]
struct Weights {
    /// s, s², s·g low, s·g high, for a low and a high answer to the second question.
    by_score: [[Bytes; 4]; 2],
    /// g² low and high.
    squares: [Bytes; 2],
}

/// The stem. Buffers are reused from one to the next.
#[derive(Debug, Default)]
pub(super) struct Stem {
    /// The users, by their place in the base, and nobody up to whole slabs.
    pub(super) users: Vec<u32>,
    /// Of all slabs.
    pub(super) slabs: Vec<Slab>,
    /// How many slabs there are, of the buffers above.
    pub(super) count: usize,
    /// Of these, outer slabs.
    pub(super) outer: usize,
    /// Blocks of 16 lanes below the stem's.
    pub(super) blocks: usize,
    weights: Vec<Weights>,
    /// What s is less than the score that it stands for.
    pub(super) centre: i64,
    /// The largest |s|, the second question's score included.
    most: u32,
    /// Whether g² or s·g take two bytes.
    wide: bool,
    /// How many slabs, the first ones, have users whose g² the products count as [`CAP`].
    pub(super) capped: usize,
    /// Right operands: for each block and outer slab, one tile a kind.
    right: Vec<Tile>,
}

impl Stem {
    /// Lays out the stem `l1`; false where it has no users.
    ///
    /// # Safety
    /// AVX-512 F, BW, DQ, VL and VBMI, and GFNI.
    #[target_feature(enable = "popcnt,bmi1,gfni,avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi")]
    pub(super) unsafe fn reset(&mut self, base: &Base, l1: usize) -> bool {
        self.users.clear();
        for (w, column) in base.columns.iter().enumerate() {
            let mut word = column.0[l1];
            while word != 0 {
                self.users.push((w * 64) as u32 + word.trailing_zeros());
                word &= word - 1;
            }
        }
        if self.users.is_empty() {
            return false;
        }
        let users = self.users.len();
        self.count = users.div_ceil(64);
        let outer = (users as f64 * base.share / 64.0).round() as usize;
        self.outer = outer.clamp(1, self.count);
        self.blocks = l1.div_ceil(16);
        let nobody = (base.rows.len() - 1) as u32;
        self.users.resize(self.count * 64, nobody);
        let slab = Slab {
            answered: Words::NONE,
            high: Words::NONE,
            scores: NO_BYTES,
            g: NO_BYTES,
            size: NO_BYTES,
            excess: NO_BYTES,
        };
        self.slabs.resize(self.count.max(self.slabs.len()), slab);
        let needed = self.blocks * self.outer * KINDS;
        self.right.resize(needed.max(self.right.len()), EMPTY);
        // SAFETY: the features are this function's; buffers have room.
        unsafe {
            self.turn(base, l1);
            self.weigh(base, users.min(self.outer * 64));
            self.spread();
        }
        true
    }

    /// Users' bits by lane, and what is known of each user.
    ///
    /// # Safety
    /// As [`Self::reset`].
    #[target_feature(enable = "gfni,avx512f,avx512bw,avx512vl,avx512vbmi")]
    unsafe fn turn(&mut self, base: &Base, l1: usize) {
        let (users, _) = self.users.as_chunks::<64>();
        for (i, (slab, users)) in self.slabs.iter_mut().zip(users).enumerate() {
            for &user in self.users.iter().skip((i + 1) * 64).take(64) {
                let row: *const Planes = &raw const base.rows[user as usize];
                _mm_prefetch::<_MM_HINT_T0>(row.cast());
            }
            let rows = users.each_ref().map(|&user| &base.rows[user as usize]);
            let (mut scores, mut g) = (NO_BYTES, NO_BYTES);
            // SAFETY: the features are this function's; users are places in the base; 16 bytes each.
            unsafe {
                // With the stem's own lane.
                by_lane(&rows, l1 / 64 + 1, &mut slab.answered, Some(&mut slab.high));
                for (part, users) in users.as_chunks::<16>().0.iter().enumerate() {
                    let places = _mm512_loadu_si512(users.as_ptr().cast());
                    let own = _mm512_i32gather_epi32::<4>(places, base.users.as_ptr().cast());
                    let store = |bytes: &mut Bytes, values| {
                        let to = bytes.0[16 * part..16 * part + 16].as_mut_ptr();
                        _mm_storeu_si128(to.cast(), _mm512_cvtepi32_epi8(values));
                    };
                    store(&mut scores, own);
                    store(&mut g, _mm512_srai_epi32::<16>(own));
                }
                let (own, g) = (scores.load(), g.load());
                let one = _mm512_set1_epi8(1);
                let score = _mm512_mask_add_epi8(own, slab.high.0[l1], own, one);
                // The last block's other lanes are no pairs or leaves, nor to be taken for such.
                let rest = l1..l1.next_multiple_of(16);
                slab.answered.0[rest.clone()].fill(0);
                slab.high.0[rest].fill(0);
                slab.scores.store(score);
                slab.g.store(g);
                slab.size.store(_mm512_abs_epi8(g));
            }
        }
    }

    /// The weights of the `users` users of the outer slabs.
    ///
    /// # Safety
    /// As [`Self::reset`].
    #[target_feature(enable = "avx512f,avx512bw,avx512vl")]
    unsafe fn weigh(&mut self, base: &Base, users: usize) {
        let outer = &self.slabs[..self.outer];
        let zero = _mm512_setzero_si512();
        let (mut sum, mut highest, mut size) = (zero, zero, zero);
        let mut above = 0;
        for slab in outer {
            // SAFETY: the features are this function's.
            let (scores, sizes) = unsafe { (slab.scores.load(), slab.size.load()) };
            sum = _mm512_add_epi64(sum, _mm512_sad_epu8(scores, zero));
            highest = _mm512_max_epu8(highest, scores);
            size = _mm512_max_epu8(size, sizes);
            above += _mm512_cmpgt_epu8_mask(sizes, _mm512_set1_epi8(15)).count_ones() as usize;
        }
        // Near the mean with the second question, so that sums of s are small; only speed depends on it.
        let mean = _mm512_reduce_add_epi64(sum) as f64 / users as f64;
        let centre = (mean + base.high).round() as i64;
        let most_of = |bytes: __m512i| {
            let mut all = NO_BYTES;
            // SAFETY: the features are this function's.
            unsafe { all.store(bytes) };
            i64::from(all.0.into_iter().max().unwrap_or(0))
        };
        let (highest, size) = (most_of(highest) + 1, most_of(size));
        let most = centre.max(highest - centre);
        (self.centre, self.most) = (centre, most as u32);
        // Where more users are above the cap, what they have above it would keep too many leaves.
        let capped = above * FEW <= users && size <= MOST_CAPPED;
        self.wide = above > 0 && !capped || most * size > 127;
        self.capped = 0;
        self.weights.clear();
        // SAFETY: the features are this function's.
        unsafe {
            let centre = _mm512_set1_epi8(centre as i8);
            for (i, slab) in self.slabs[..self.outer].iter_mut().enumerate() {
                let mut weights = Weights {
                    by_score: [[NO_BYTES; 4]; 2],
                    squares: [NO_BYTES; 2],
                };
                let g = slab.g.load();
                let mut s = _mm512_sub_epi8(slab.scores.load(), centre);
                let mut square = product(g, g);
                if above > 0 && !self.wide {
                    let cap = _mm512_set1_epi16(i16::from(CAP));
                    let excess = low(square.map(|part| _mm512_subs_epu16(part, cap)));
                    slab.excess.store(excess);
                    if _mm512_test_epi8_mask(excess, excess) != 0 {
                        self.capped = i + 1;
                    }
                    square = square.map(|part| _mm512_min_epu16(part, cap));
                }
                weights.squares[0].store(low(square));
                weights.squares[1].store(low(square.map(|part| _mm512_srli_epi16::<8>(part))));
                for of_score in &mut weights.by_score {
                    let product_s_g = product(s, g);
                    of_score[0].store(s);
                    of_score[1].store(low(product(s, s)));
                    of_score[2].store(low(product_s_g));
                    // What the low byte, signed, leaves of the product.
                    let half = _mm512_set1_epi16(128);
                    of_score[3].store(low(product_s_g
                        .map(|part| _mm512_srai_epi16::<8>(_mm512_add_epi16(part, half)))));
                    s = _mm512_add_epi8(s, _mm512_set1_epi8(1));
                }
                self.weights.push(weights);
            }
        }
    }

    /// The right operands of the outer slabs. A row of a tile has four users' bytes of 16 lanes.
    ///
    /// # Safety
    /// As [`Self::reset`]; `right` must have its size.
    #[target_feature(enable = "avx512f,avx512bw,avx512vbmi")]
    unsafe fn spread(&mut self) {
        let (one, high) = (
            _mm512_set1_epi8(1),
            _mm512_set1_epi8(V_OF_HIGH.cast_signed()),
        );
        for (i, tiles) in self.right.as_chunks_mut::<KINDS>().0.iter_mut().enumerate() {
            let (block, slab) = (i / self.outer, i % self.outer);
            if block == self.blocks {
                break;
            }
            let slab = &self.slabs[slab];
            let lanes = block * 16..block * 16 + 16;
            // SAFETY: the features are this function's; 16 lanes; aligned rows of 64 bytes.
            unsafe {
                let answered = by_fours(&slab.answered.0[lanes.clone()]);
                let highs = by_fours(&slab.high.0[lanes]);
                for (row, (answered, of_high)) in answered.into_iter().zip(highs).enumerate() {
                    let ones = _mm512_maskz_mov_epi8(answered, one);
                    let bytes = [ones, _mm512_mask_mov_epi8(ones, of_high, high)];
                    for (tile, bytes) in tiles.iter_mut().zip(bytes) {
                        _mm512_store_si512(tile.0[row].as_mut_ptr().cast(), bytes);
                    }
                }
            }
        }
    }

    /// Tiles of weights that a slab takes.
    pub(super) fn weights_of_a_slab(&self) -> usize {
        if self.wide { WIDE_WEIGHTS } else { WEIGHTS }
    }

    /// The left operands of one block of pairs: the outer users' weights where they answered l₂.
    ///
    /// # Safety
    /// AVX-512 F and BW; `weights` must have [`Self::weights_of_a_slab`] tiles for each outer slab.
    #[target_feature(enable = "avx512f,avx512bw")]
    pub(super) unsafe fn left(&self, block: usize, weights: &mut [Tile]) {
        let tiles = weights.chunks_exact_mut(self.weights_of_a_slab());
        for ((tiles, slab), of) in tiles.zip(&self.slabs).zip(&self.weights) {
            // SAFETY: the features are this function's; aligned rows of 64 bytes.
            unsafe {
                let one = _mm512_set1_epi8(1);
                let (g, square) = (slab.g.load(), of.squares[0].load());
                let [of_low, of_high] = &of.by_score;
                let scores = [0, 1, 2].map(|i| (of_low[i].load(), of_high[i].load()));
                for row in 0..16 {
                    let lane = block * 16 + row;
                    let (answered, high) = (slab.answered.0[lane], slab.high.0[lane]);
                    let mut store = |weight: usize, bytes| {
                        let to = tiles[weight].0[row].as_mut_ptr();
                        _mm512_store_si512(to.cast(), bytes);
                    };
                    let by_score = |(of_low, of_high)| {
                        _mm512_mask_mov_epi8(_mm512_maskz_mov_epi8(answered, of_low), high, of_high)
                    };
                    store(0, _mm512_maskz_mov_epi8(answered, one));
                    store(1, by_score(scores[0]));
                    store(2, _mm512_maskz_mov_epi8(answered, g));
                    store(3, by_score(scores[1]));
                    store(4, by_score(scores[2]));
                    store(5, _mm512_maskz_mov_epi8(answered, square));
                    if self.wide {
                        store(6, _mm512_maskz_mov_epi8(answered, of.squares[1].load()));
                        store(7, by_score((of_low[3].load(), of_high[3].load())));
                    }
                }
            }
        }
    }

    /// Makes the sums of the first `pairs` pairs of those whose `weights` these are and the leaves of the block `other`; `few`
    /// says whether fewer than 128 outer users answered each pair.
    ///
    /// # Safety
    /// AVX-512 F, and [`Sums::packed`]'s; bounds on the users are [`Projector::by_planes`]'s.
    ///
    /// [`Projector::by_planes`]: super::super::Projector::by_planes
    #[target_feature(enable = "avx512f")]
    pub(super) unsafe fn multiply(
        &self,
        weights: &[Tile],
        other: usize,
        pairs: usize,
        few: bool,
        sums: &mut Sums,
    ) -> Made {
        let size = self.outer * KINDS;
        let right = &self.right[other * size..(other + 1) * size];
        let operands = Operands::new(weights, right, self.outer, self.wide);
        // SAFETY: by this function's contract.
        unsafe {
            sums.packed(operands);
            let unpacked = !few || sums.most_users(pairs) * self.most >= 64;
            if unpacked {
                sums.unpacked(operands);
            }
            Made {
                wide: self.wide,
                unpacked,
            }
        }
    }

    /// Of each lane of a block: how many outer users answered it, and Σg² of the inner users who did, with
    /// what the outer ones have above the cap.
    ///
    /// # Safety
    /// AVX-512 F, BW and VNNI.
    #[target_feature(enable = "popcnt,avx512f,avx512bw,avx512vnni")]
    pub(super) unsafe fn counts(&self, block: usize) -> [(u64, u64); 16] {
        let (outer, inner) = self.slabs[..self.count].split_at(self.outer);
        std::array::from_fn(|row| {
            let lane = block * 16 + row;
            let count = |slab: &Slab| u64::from(slab.answered.0[lane].count_ones());
            let mut squares = _mm512_setzero_si512();
            for slab in inner {
                // SAFETY: the features are this function's.
                let size = unsafe { slab.size.load() };
                let size = _mm512_maskz_mov_epi8(slab.answered.0[lane], size);
                squares = _mm512_dpbusd_epi32(squares, size, size);
            }
            for slab in &outer[..self.capped] {
                // SAFETY: the features are this function's.
                let excess = unsafe { slab.excess.load() };
                let excess = _mm512_maskz_mov_epi8(slab.answered.0[lane], excess);
                squares = _mm512_dpbusd_epi32(squares, excess, _mm512_set1_epi8(1));
            }
            // At most 127² a user.
            let squares = _mm512_reduce_add_epi32(squares) as u64;
            (outer.iter().map(count).sum(), squares)
        })
    }

    /// n, A, X, Y of the set of the stem and the lanes `l2` and `l3`, over all of its users, as exact
    /// integers: n, n·Sag − Sa·Sg, n·Saa − Sa², n·Sgg − Sg². `outer` are its n, Sa, Sg, Saa, Sgg, Sag
    /// over the outer users, with g² capped.
    ///
    /// Scores are counted from the lowest, so they are unsigned bytes. A sum is at most 127² a user, so
    /// 2^17 of them fit 32 bits.
    ///
    /// # Safety
    /// AVX-512 F, BW, DQ, VL and VNNI.
    #[target_feature(enable = "popcnt,avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
    pub(super) unsafe fn exactly(&self, l2: usize, l3: usize, outer: [i64; SUMS]) -> [f64; 4] {
        let one = _mm512_set1_epi8(1);
        let mut sums = [_mm512_setzero_si512(); 5];
        let mut n = 0;
        for slab in &self.slabs[self.outer..self.count] {
            let both = slab.answered.0[l2] & slab.answered.0[l3];
            n += i64::from(both.count_ones());
            // SAFETY: the features are this function's.
            let (scores, g, size) =
                unsafe { (slab.scores.load(), slab.g.load(), slab.size.load()) };
            let mut a = _mm512_maskz_mov_epi8(both, scores);
            for lane in [l2, l3] {
                a = _mm512_mask_add_epi8(a, both & slab.high.0[lane], a, one);
            }
            let g = _mm512_maskz_mov_epi8(both, g);
            let size = _mm512_maskz_mov_epi8(both, size);
            let [sa, sg, saa, sgg, sag] = &mut sums;
            *sa = _mm512_dpbusd_epi32(*sa, a, one);
            *sg = _mm512_dpbusd_epi32(*sg, one, g);
            *saa = _mm512_dpbusd_epi32(*saa, a, a);
            *sgg = _mm512_dpbusd_epi32(*sgg, size, size);
            *sag = _mm512_dpbusd_epi32(*sag, a, g);
        }
        for slab in &self.slabs[..self.capped] {
            let both = slab.answered.0[l2] & slab.answered.0[l3];
            // SAFETY: the features are this function's.
            let excess = unsafe { slab.excess.load() };
            let excess = _mm512_maskz_mov_epi8(both, excess);
            sums[3] = _mm512_dpbusd_epi32(sums[3], excess, one);
        }
        // SAFETY: the features are this function's.
        let [sa, sg, saa, sgg, sag] = unsafe { totals_of(sums) };
        let start = -self.centre;
        let inner = [
            n,
            sa + start * n,
            sg,
            saa + start * (2 * sa + start * n),
            sgg,
            sag + start * sg,
        ];
        let [n, sa, sg, saa, sgg, sag] = std::array::from_fn(|i| inner[i] + outer[i]);
        [n, n * sag - sa * sg, n * saa - sa * sa, n * sgg - sg * sg].map(|sum| sum as f64)
    }
}

/// The products of 64 signed bytes, as 16-bit integers.
///
/// # Safety
/// AVX-512 F and BW.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
unsafe fn product(a: __m512i, b: __m512i) -> [__m512i; 2] {
    let halves = |bytes: __m512i| {
        [
            _mm512_cvtepi8_epi16(_mm512_castsi512_si256(bytes)),
            _mm512_cvtepi8_epi16(_mm512_extracti64x4_epi64::<1>(bytes)),
        ]
    };
    let ([a0, a1], [b0, b1]) = (halves(a), halves(b));
    [_mm512_mullo_epi16(a0, b0), _mm512_mullo_epi16(a1, b1)]
}

/// The low bytes of 64 16-bit integers.
///
/// # Safety
/// AVX-512 F and BW.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
unsafe fn low([a, b]: [__m512i; 2]) -> __m512i {
    let (a, b) = (_mm512_cvtepi16_epi8(a), _mm512_cvtepi16_epi8(b));
    _mm512_inserti64x4::<1>(_mm512_castsi256_si512(a), b)
}

#[cfg(test)]
mod tests {
    use super::super::base::User;
    use super::*;
    use crate::arch::amx::is_available;

    const LANES: usize = 40;

    /// What a user answered on a lane.
    fn answer(row: &Planes, lane: usize) -> Option<i64> {
        let bit = |plane: &[u64; 4]| plane[lane / 64] >> (lane % 64) & 1;
        (bit(&row.answered) > 0).then(|| bit(&row.high) as i64)
    }

    /// 700 users by |g| descending, the first of them far out.
    fn base(outermost: i16) -> Base {
        let mut state = 5_u64;
        let mut word = || {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            state ^ state >> 29
        };
        let mut base = Base {
            share: 0.6,
            reach: 30.0,
            high: 0.5,
            ..Base::default()
        };
        for i in 0..700_i16 {
            let g = if i < 4 { outermost - i } else { 15 - i / 50 };
            let g = if word() & 1 == 0 { g } else { -g };
            base.users.push(User::new((word() % 3) as u16, g));
            let answered = [word() & ((1 << LANES) - 1), 0, 0, 0];
            let high = [answered[0] & word(), 0, 0, 0];
            base.rows.push(Planes { answered, high });
        }
        base.users.push(User::default());
        base.rows.push(Planes::default());
        for w in 0..base.users.len().div_ceil(64) {
            let users = std::array::from_fn(|i| &base.rows[(w * 64 + i).min(700)]);
            let mut column = Words::NONE;
            // SAFETY: processors with byte tiles have all of it.
            unsafe { by_lane(&users, 1, &mut column, None) };
            base.columns.push(column);
        }
        base
    }

    /// Bars and exact sums are those of the definition, whether squares are capped, wide or neither.
    #[test]
    fn what_is_left_out_and_what_is_exact_follow_the_definition() {
        if !is_available() {
            return;
        }
        for (outermost, capped) in [(15, false), (20, true), (22, true), (40, false)] {
            let base = base(outermost);
            let l1 = 37;
            let mut stem = Stem::default();
            // SAFETY: as above.
            assert!(unsafe { stem.reset(&base, l1) });
            assert_eq!(stem.capped > 0, capped, "{outermost}");
            let users: Vec<usize> = (0..700)
                .filter(|&i| answer(&base.rows[i], l1).is_some())
                .collect();
            let (outer, inner) = users.split_at(stem.outer * 64);
            let square = |i: usize| i64::from(base.users[i].g()).pow(2);
            let counted = |i: usize| {
                if capped {
                    square(i).min(255)
                } else {
                    square(i)
                }
            };
            for block in 0..stem.blocks {
                // SAFETY: as above.
                let counts = unsafe { stem.counts(block) };
                for (row, (common, left_out)) in counts.into_iter().enumerate() {
                    let l2 = block * 16 + row;
                    if l2 >= l1 {
                        continue;
                    }
                    let both = |i: &&usize| answer(&base.rows[**i], l2).is_some();
                    assert_eq!(common, outer.iter().filter(both).count() as u64);
                    let of_inner: i64 = inner.iter().filter(both).map(|&i| square(i)).sum();
                    let above = outer.iter().filter(both).map(|&i| square(i) - counted(i));
                    assert_eq!(left_out, (of_inner + above.sum::<i64>()) as u64, "{l2}");
                }
            }
            for (l2, l3) in [(1, 0), (20, 7), (36, 35)] {
                let mut of_outer = [0_i64; SUMS];
                let mut all = [0_i64; SUMS];
                for &i in &users {
                    let row = &base.rows[i];
                    let of = [l1, l2, l3].map(|lane| answer(row, lane));
                    let [Some(x1), Some(x2), Some(x3)] = of else {
                        continue;
                    };
                    let own = i64::from(base.users[i].0 & 0xffff);
                    let a = own + x1 + x2 + x3 - stem.centre;
                    let g = i64::from(base.users[i].g());
                    let six = [1, a, g, a * a, g * g, a * g];
                    for (all, value) in all.iter_mut().zip(six) {
                        *all += value;
                    }
                    if outer.contains(&i) {
                        for (sum, value) in of_outer.iter_mut().zip(six) {
                            *sum += value;
                        }
                        of_outer[4] += counted(i) - g * g;
                    }
                }
                let [n, sa, sg, saa, sgg, sag] = all;
                let want = [n, n * sag - sa * sg, n * saa - sa * sa, n * sgg - sg * sg];
                // SAFETY: as above.
                let seen = unsafe { stem.exactly(l2, l3, of_outer) };
                assert_eq!(seen, want.map(|sum| sum as f64), "{outermost} {l2} {l3}");
            }
        }
    }
}
