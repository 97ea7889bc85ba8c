//! What the floats of the complete pipeline may discard: the scaling, the margin, and why it is
//! enough.
//!
//! # Scaling
//! With σ² the largest V_qq, v_qm = V_qm/σ², b_q = B_q/(σ·√Y) and s_q = √v_qq ≤ 1, a set's
//! a = Σb and x = Σv give r = a/√x. By Cauchy and Schwarz |v_qm| ≤ s_q·s_m and |b_q| ≤ s_q. Let
//! M = Σ s_q over the set; then Σ|v| ≤ M² and Σ|b| ≤ M. A table where a question varies, but less
//! than [`LEAST_DEVIATION`] times as much as another, is refused: all that follows has 2^-20 ≤ M.
//!
//! # Rounding
//! WGSL promises that an addition or a product gives one of the two f32 next to the exact result (it
//! does not say which), and that it may flush what is below 2^-126 to 0. So each is off by a factor
//! within 1 ± [`UNIT`], and by 2^-126. Expressions may be fused or reordered only where that makes
//! them no less accurate. An entry of a set's a or x reaches the result through at most D = 2·K
//! additions (complete.wgsl: K − 3 within a part, as many over the parts, and three more), and was
//! itself rounded to f32 once, so the result is the exact sum with each entry moved by a factor
//! within (1 ± UNIT)^(D + 1): it is off by less than (D + 1 + 1/4)·UNIT times Σ|entry|, for
//! D + 1 ≤ 513, the flushed parts included.
//!
//! # Margin
//! So with κ = (D + 4)·UNIT every b_q is raised by κ·s_q, and every v_qm is moved by κ·s_q·s_m. Over
//! a set that is κ·M and κ·M², whatever the set: the margin adds itself up, and it is in proportion
//! to the set's own questions. The computed a⁺, x⁺ and x⁻ then satisfy
//!
//! - a⁺ ≥ a + 2·UNIT·M
//! - x⁺ ≥ x + 2·UNIT·M², x⁻ ≤ x − 2·UNIT·M²
//!
//! # Test
//! r ≥ f is a·|a| ≥ c·x with c = f·|f| ([`crate::stats::bounds`], signed squares). The shader keeps a
//! set where its a⁺·|a⁺| ≥ bar·x∓, with x⁻ for bar > 0 and x⁺ else; both products are off by a factor
//! within 1 ± UNIT and by 2^-126.
//!
//! - f > 0: bar ≤ (1 − 8·UNIT)·c, or 0 where c < 2^-48. A set with r ≥ f has a > 0, so
//!   a⁺² ≥ a² + (2·UNIT·M)² ≥ c·x + 2^-84. Either side's rounding is far less: the set stays.
//! - f = 0: bar = 0; a⁺ ≥ 0, so the left side is at least 0 and the right one is 0.
//! - f < 0: |bar| ≥ (1 + 8·UNIT)·|c|, and at least 2^-48. Where a⁺ ≥ 0 the left side is at least 0
//!   and the right one at most 0. Else |a⁺| ≤ |a|, so a⁺² ≤ |c|·x, and
//!   |bar|·x⁺ ≥ (1 + 8·UNIT)·|c|·x + 2^-48·2^-22·2^-40. The last is 2^16 times what is flushed.
//! - No floor: as f = −1.
//!
//! A set of constant questions has a = x = M = 0 and may be kept: the host sees that it has no
//! correlation. [`Floor`] has f² rounded to the side that lowers c.

use crate::engine::gpu::floor::{FLOOR_ABOVE_ZERO, FLOOR_AT_MOST_ZERO, Floor};

/// Largest relative error of one operation: 2^-23.
pub(super) const UNIT: f64 = f32::EPSILON as f64;

/// 2^-20.
pub(super) const LEAST_DEVIATION: f64 = 1.0 / (1 << 20) as f64;

/// Smallest |c| that is told from 0: 2^-48.
const LEAST_BAR: f64 = 1.0 / (1_u64 << 48) as f64;

/// Ten units: eight, and the rounding of the bar itself.
const BAR_MARGIN: f64 = 10.0 * UNIT;

/// κ for sets of `k`.
pub(super) fn margin(k: usize) -> f64 {
    (2 * k + 4) as f64 * UNIT
}

/// Which way x is moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    /// x⁻.
    Below,
    /// x⁺.
    Above,
}

impl Side {
    /// Factor of the margin.
    pub(super) fn sign(self) -> f64 {
        match self {
            Self::Below => -1.0,
            Self::Above => 1.0,
        }
    }
}

/// The bar of this floor, and the side that x must be on.
pub(super) fn bar(floor: &Floor) -> (f32, Side) {
    // A Rust f64 holds any f² above 2^-1022; what is smaller counts as 0 or as 2^-48 anyway.
    let square = f64::from(floor.mantissa) * 2_f64.powi(floor.exponent);
    match floor.mode {
        FLOOR_ABOVE_ZERO if square < LEAST_BAR => (0.0, Side::Below),
        // |r| ≤ 1: a larger bar than 4 says the same.
        FLOOR_ABOVE_ZERO => ((square.min(4.0) * (1.0 - BAR_MARGIN)) as f32, Side::Below),
        FLOOR_AT_MOST_ZERO if floor.mantissa == 0 => (0.0, Side::Above),
        FLOOR_AT_MOST_ZERO => {
            let square = square.clamp(LEAST_BAR, 1.0);
            ((-square * (1.0 + BAR_MARGIN)) as f32, Side::Above)
        }
        _ => ((-1.0 - BAR_MARGIN) as f32, Side::Above),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bar_is_below_the_square_of_the_floor() {
        for f in [1e-200, 1e-9, 1e-7, 0.1, 0.5, 0.999, 1.0] {
            let (up, side) = bar(&Floor::new(f));
            assert_eq!(side, Side::Below);
            assert!(f64::from(up) <= f * f * (1.0 - 8.0 * UNIT), "{f}");
            assert!(
                f64::from(up) >= f * f * (1.0 - 12.0 * UNIT) - LEAST_BAR,
                "{f}"
            );
            let (down, side) = bar(&Floor::new(-f));
            assert_eq!(side, Side::Above);
            assert!(f64::from(down) <= -f * f * (1.0 + 8.0 * UNIT), "{f}");
            assert!(f64::from(down) >= -f * f * (1.0 + 12.0 * UNIT) - 2.0 * LEAST_BAR);
        }
        assert_eq!(bar(&Floor::new(0.0)), (0.0, Side::Above));
        assert_eq!(bar(&Floor::new(f64::INFINITY)).0, bar(&Floor::new(2.0)).0);
        for none in [f64::NEG_INFINITY, -1.0, -3.0] {
            let (none, side) = bar(&Floor::new(none));
            assert!(none < -1.0 && none > -1.01 && side == Side::Above);
        }
    }

    /// The factors of the argument, for the largest K.
    #[test]
    fn the_margin_covers_all_roundings_twice_a_unit_over() {
        for k in [2, 5, 32, crate::engine::gpu::layout::MAX_K] {
            let depth = 2 * k as i32;
            let off = (1.0 + UNIT).powi(depth + 1) - 1.0;
            let entries = 1.0 + margin(k);
            assert!(margin(k) - off * entries >= 2.0 * UNIT, "{k}");
        }
    }
}
