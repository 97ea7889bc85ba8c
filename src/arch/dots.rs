//! Products of byte columns over some users, four columns by four at a time.
//!
//! A column is lines of 64 signed bytes, one a user. Every level gives the same integers; sums over
//! at most [`MOST_LINES`] lines stay within 32 bits.

use super::Isa;

/// Users of a line.
pub(crate) const WIDTH: usize = 64;

/// Columns of a side of a tile.
pub(crate) const SIDE: usize = 4;

/// Lines that may be summed at once: 255 · 128 · 64 · 1024 < 2^31.
pub(crate) const MOST_LINES: usize = 1024;

/// One byte of 64 users, one cache line.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(64))]
pub(crate) struct Line(pub(crate) [i8; WIDTH]);

impl Line {
    /// All bytes 0.
    pub(crate) const ZERO: Self = Self([0; WIDTH]);
}

/// Columns of one side, all of the same number of lines.
pub(crate) type Side<'a> = [&'a [Line]; SIDE];

/// Σ left_i · right_j at \[i\]\[j\].
pub(crate) type Tile = [[i32; SIDE]; SIDE];

/// The instructions that products are computed with. A value other than `Plain` is proof that the
/// processor has them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Dots(Level);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Level {
    Plain,
    /// AVX2.
    #[cfg(target_arch = "x86_64")]
    Words,
    /// AVX-512 with VNNI.
    #[cfg(target_arch = "x86_64")]
    Bytes,
}

impl Dots {
    /// The best at a level of instructions, or below it.
    pub(crate) fn at(isa: Isa) -> Self {
        #[cfg(target_arch = "x86_64")]
        {
            if isa >= Isa::Avx512
                && Isa::Avx512.is_available()
                && is_x86_feature_detected!("avx512vnni")
            {
                return Self(Level::Bytes);
            }
            if isa >= Isa::Avx2 && Isa::Avx2.is_available() {
                return Self(Level::Words);
            }
        }
        let _ = isa;
        Self(Level::Plain)
    }

    /// All sixteen products; `sums` are those of the bytes of the right columns.
    pub(crate) fn tile(self, left: Side<'_>, right: Side<'_>, sums: [i32; SIDE]) -> Tile {
        let lines = left[0].len();
        // What the unchecked loads rely on.
        let same = |side: &Side<'_>| side.iter().all(|column| column.len() == lines);
        assert!(lines <= MOST_LINES && same(&left) && same(&right));
        #[cfg(not(target_arch = "x86_64"))]
        let _ = sums;
        match self.0 {
            Level::Plain => plain(left, right),
            // SAFETY: a value of this level exists only where its instructions do.
            #[cfg(target_arch = "x86_64")]
            Level::Words => unsafe { x86_64::words(left, right) },
            // SAFETY: a value of this level exists only where its instructions do.
            #[cfg(target_arch = "x86_64")]
            Level::Bytes => unsafe { x86_64::bytes(left, right, sums) },
        }
    }
}

fn plain(left: Side<'_>, right: Side<'_>) -> Tile {
    left.map(|a| {
        right.map(|b| {
            let lines = a.iter().zip(b);
            let line = |(a, b): (&Line, &Line)| -> i32 {
                let bytes = a.0.iter().zip(&b.0);
                bytes.map(|(&a, &b)| i32::from(a) * i32::from(b)).sum()
            };
            lines.map(line).sum()
        })
    })
}

#[cfg(target_arch = "x86_64")]
mod x86_64 {
    use super::{SIDE, Side, Tile, WIDTH};
    use std::arch::x86_64::*;

    /// Bytes widened to 16 bits; `vpmaddwd` adds two products in 32.
    ///
    /// # Safety
    /// AVX2, and columns of one length.
    #[target_feature(enable = "avx2")]
    pub(super) unsafe fn words(left: Side<'_>, right: Side<'_>) -> Tile {
        let mut tile = Tile::default();
        let load = |side: &Side<'_>, i: usize, line: usize, part: usize| {
            // SAFETY: `line` is below the length of every column; a line is four parts of 16 bytes.
            unsafe {
                let at = side[i].as_ptr().add(line).cast::<__m128i>();
                _mm256_cvtepi8_epi16(_mm_load_si128(at.add(part)))
            }
        };
        for half in [0, 2] {
            let mut sums = [[_mm256_setzero_si256(); 2]; SIDE];
            for line in 0..left[0].len() {
                for part in 0..WIDTH / 16 {
                    let b = [0, 1].map(|j| load(&right, half + j, line, part));
                    for (i, sums) in sums.iter_mut().enumerate() {
                        let a = load(&left, i, line, part);
                        for (sum, b) in sums.iter_mut().zip(b) {
                            *sum = _mm256_add_epi32(*sum, _mm256_madd_epi16(a, b));
                        }
                    }
                }
            }
            for (tile, sums) in tile.iter_mut().zip(sums) {
                for (j, sum) in sums.into_iter().enumerate() {
                    let four = _mm_add_epi32(
                        _mm256_castsi256_si128(sum),
                        _mm256_extracti128_si256::<1>(sum),
                    );
                    let two = _mm_add_epi32(four, _mm_shuffle_epi32::<0b1110>(four));
                    let one = _mm_add_epi32(two, _mm_shuffle_epi32::<1>(two));
                    tile[half + j] = _mm_cvtsi128_si32(one);
                }
            }
        }
        tile
    }

    /// `vpdpbusd` adds four products of an unsigned and a signed byte. The left bytes are taken 128
    /// too high, and 128 times the sum of the right ones is taken away again.
    ///
    /// # Safety
    /// AVX-512 F, BW and VNNI, and columns of one length.
    #[target_feature(enable = "avx512f,avx512bw,avx512vnni,avx2")]
    pub(super) unsafe fn bytes(left: Side<'_>, right: Side<'_>, sums: [i32; SIDE]) -> Tile {
        let mut dots = [[_mm512_setzero_si512(); SIDE]; SIDE];
        let high = _mm512_set1_epi8(-128);
        let load = |side: &Side<'_>, i: usize, line: usize| {
            // SAFETY: `line` is below the length of every column; lines are aligned.
            unsafe { _mm512_load_si512(side[i].as_ptr().add(line).cast()) }
        };
        for line in 0..left[0].len() {
            let b = [0, 1, 2, 3].map(|j| load(&right, j, line));
            for (i, dots) in dots.iter_mut().enumerate() {
                let a = _mm512_xor_si512(load(&left, i, line), high);
                for (dot, b) in dots.iter_mut().zip(b) {
                    *dot = _mm512_dpbusd_epi32(*dot, a, b);
                }
            }
        }
        // SAFETY: SSE2 is part of the level; `sums` is 16 bytes.
        let less = _mm_slli_epi32::<7>(unsafe { _mm_loadu_si128(sums.as_ptr().cast()) });
        let mut tile = Tile::default();
        for (tile, [a, b, c, d]) in tile.iter_mut().zip(dots) {
            // Four sums of 16 lanes each: transposed as they are added.
            let pair =
                |a, b| _mm512_add_epi32(_mm512_unpacklo_epi32(a, b), _mm512_unpackhi_epi32(a, b));
            let (ab, cd) = (pair(a, b), pair(c, d));
            let all =
                _mm512_add_epi32(_mm512_unpacklo_epi64(ab, cd), _mm512_unpackhi_epi64(ab, cd));
            let half = _mm256_add_epi32(
                _mm512_castsi512_si256(all),
                _mm512_extracti64x4_epi64::<1>(all),
            );
            let four = _mm_add_epi32(
                _mm256_castsi256_si128(half),
                _mm256_extracti128_si256::<1>(half),
            );
            // SAFETY: a row of the tile is 16 bytes.
            unsafe { _mm_storeu_si128(tile.as_mut_ptr().cast(), _mm_sub_epi32(four, less)) };
        }
        tile
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_level_gives_the_same_products() {
        for lines in [0, 1, 3, MOST_LINES] {
            // The last column is the one whose products are largest.
            let column = |c: usize| -> Vec<Line> {
                let byte = |u: usize| match c {
                    3 | 7 => -128,
                    _ => (u * (2 * c + 1) + u * u % 7 * 31) as u8 as i8,
                };
                let line = |l: usize| Line(std::array::from_fn(|i| byte(l * WIDTH + i)));
                (0..lines).map(line).collect()
            };
            let columns: Vec<Vec<Line>> = (0..8).map(column).collect();
            let left: Side<'_> = std::array::from_fn(|i| columns[i].as_slice());
            let right: Side<'_> = std::array::from_fn(|i| columns[4 + i].as_slice());
            let sum = |column: &[Line]| -> i32 {
                let bytes = column.iter().flat_map(|line| line.0);
                bytes.map(i32::from).sum()
            };
            let want = plain(left, right);
            for isa in Isa::available() {
                let dots = Dots::at(isa);
                assert_eq!(dots.tile(left, right, right.map(sum)), want, "{dots:?}");
            }
        }
    }
}
