//! What vectors of bytes and tiles are in memory.

/// 64 bytes in memory, one cache line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C, align(64))]
pub(crate) struct Bytes(pub(crate) [u8; 64]);

impl Bytes {
    /// All bytes 0.
    pub(crate) const ZERO: Self = Self([0; 64]);
}

/// Two rows of 256 bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C, align(64))]
pub(crate) struct TwoRows(pub(crate) [u64; 8]);

/// How far the bits of both of [`TwoRows`] are moved to lower places; bits that leave a row are lost.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shift {
    /// For each word of the result, the words that its bits come from, and whether these are there.
    pub(super) low: ([u64; 8], u8),
    pub(super) high: ([u64; 8], u8),
    /// How far the former go down, and the latter up.
    pub(super) right: u32,
    pub(super) left: u32,
}

impl Shift {
    /// To lower places by `by`, to higher ones where that is negative.
    pub(crate) fn new(by: isize) -> Self {
        let (words, bits) = (by.div_euclid(64), by.rem_euclid(64));
        let from = |words: isize| {
            let (mut index, mut there) = ([0; 8], 0);
            for (i, index) in (0..).zip(&mut index) {
                let (row, word) = (i / 4, i % 4 + words);
                if (0..4).contains(&word) {
                    *index = (row * 4 + word) as u64;
                    there |= 1 << i;
                }
            }
            (index, there)
        };
        Self {
            low: from(words),
            high: from(words + 1),
            right: bits as u32,
            left: 64 - bits as u32,
        }
    }
}

/// A tile: 16 rows of 64 bytes.
pub(crate) type Tile = [Bytes; 16];

/// A tile of zeros.
pub(crate) const EMPTY: Tile = [Bytes::ZERO; 16];
