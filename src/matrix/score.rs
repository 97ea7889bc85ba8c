//! One score as it was written: an exact decimal.

/// Most decimal digits behind the point that a score may need.
pub const MAX_SCALE: u8 = 9;

/// One score as written: `mantissa / 10^digits`, with trailing zeros behind the point removed, so
/// that `1`, `1.0` and `10e-1` are one value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Score {
    /// The score without its decimal point.
    pub mantissa: i64,
    /// How many of the mantissa's digits stand behind the point, at most [`MAX_SCALE`].
    pub digits: u8,
}
