//! 256 bits a row: what a level computes rows of bits with.

/// 256 bits in memory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C, align(32))]
pub(crate) struct Row(pub(crate) [u64; 4]);

impl Row {
    /// The bits of a range, which must end at 256 at most.
    pub(crate) fn of(range: std::ops::Range<usize>) -> Self {
        let below = |end: usize| -> [u64; 4] {
            std::array::from_fn(|w| match end.saturating_sub(64 * w) {
                0 => 0,
                bits @ 1..64 => (1 << bits) - 1,
                _ => u64::MAX,
            })
        };
        let (end, start) = (below(range.end), below(range.start));
        Self(std::array::from_fn(|w| end[w] & !start[w]))
    }

    /// The bits of this one and not of the other.
    pub(crate) fn without(self, other: Self) -> Self {
        Self(std::array::from_fn(|w| self.0[w] & !other.0[w]))
    }

    /// How many bits are in it.
    pub(crate) fn count(&self) -> u32 {
        self.0.iter().map(|word| word.count_ones()).sum()
    }
}

/// A row in registers. It exists only where its level is available, which is what makes its methods safe.
pub(crate) trait RowBits: Copy {
    /// The bits of either.
    fn or(self, other: Self) -> Self;
    /// The bits of both.
    fn and(self, other: Self) -> Self;
    /// The bits of one of them.
    fn xor(self, other: Self) -> Self;
    /// Writes the bits.
    fn store(self, to: &mut Row);
}

/// A level of instructions for rows, as a token.
pub(crate) trait Rows: Copy {
    /// A row in registers.
    type R: RowBits;
    /// The row in memory.
    fn row(self, from: &Row) -> Self::R;
    /// No bit.
    fn no_bits(self) -> Self::R {
        self.row(&Row([0; 4]))
    }
}

/// Plain words; the compiler makes of them what the target has.
impl RowBits for Row {
    #[inline(always)]
    fn or(self, other: Self) -> Self {
        Self(std::array::from_fn(|w| self.0[w] | other.0[w]))
    }
    #[inline(always)]
    fn and(self, other: Self) -> Self {
        Self(std::array::from_fn(|w| self.0[w] & other.0[w]))
    }
    #[inline(always)]
    fn xor(self, other: Self) -> Self {
        Self(std::array::from_fn(|w| self.0[w] ^ other.0[w]))
    }
    #[inline(always)]
    fn store(self, to: &mut Row) {
        *to = self;
    }
}
