//! Eight f64 lanes: what a level of instructions computes with them.

/// Lanes in a line.
pub(crate) const WIDTH: usize = 8;

/// Eight neighbours in memory, one cache line.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[repr(C, align(64))]
pub(crate) struct Line(pub(crate) [f64; WIDTH]);

impl Line {
    /// All lanes 0.
    pub(crate) const ZERO: Self = Self([0.0; WIDTH]);
}

/// Lines that hold `n` lanes.
pub(crate) fn lines(n: usize) -> usize {
    n.div_ceil(WIDTH)
}

/// Lane `i` of a row of lines.
#[inline(always)]
pub(crate) fn lane(row: &[Line], i: usize) -> f64 {
    row[i / WIDTH].0[i % WIDTH]
}

/// Sets lane `i` of a row of lines.
#[inline(always)]
pub(crate) fn set_lane(row: &mut [Line], i: usize, value: f64) {
    row[i / WIDTH].0[i % WIDTH] = value;
}

/// Arithmetic on eight lanes at once, each operation rounded as IEEE 754 says.
pub(crate) trait Lanes: Copy {
    /// Eight f64.
    type V: Copy;
    /// The lanes of `line`.
    fn load(self, line: &Line) -> Self::V;
    /// The lanes as a line.
    fn line(self, v: Self::V) -> Line;
    /// `x` in every lane.
    fn splat(self, x: f64) -> Self::V;
    /// a + b.
    fn add(self, a: Self::V, b: Self::V) -> Self::V;
    /// a − b.
    fn sub(self, a: Self::V, b: Self::V) -> Self::V;
    /// a · b.
    fn mul(self, a: Self::V, b: Self::V) -> Self::V;
    /// |a|.
    fn abs(self, a: Self::V) -> Self::V;
    /// Bit i is set where lane i of `a` is greater than that of `b`.
    fn above(self, a: Self::V, b: Self::V) -> u8;
    /// a · b + c, rounded once or twice: only for where both are exact.
    fn mul_add(self, a: Self::V, b: Self::V, c: Self::V) -> Self::V;
    /// The greater of a and b.
    fn max(self, a: Self::V, b: Self::V) -> Self::V;
    /// The lanes of `a` whose bit of `mask` is set, 0 in the others.
    fn keep(self, a: Self::V, mask: u8) -> Self::V;
}

/// Bits 0 .. n.
#[inline(always)]
pub(crate) fn low_bits(n: usize) -> u8 {
    ((1_u16 << n) - 1) as u8
}
