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
//!
//! # Rounded overall scores
//! Y is the same for all sets, so A² ≥ f²·X·(Y − n²·c) is a floor of its own: c above times 1 − n²·c/Y.
//!
//! # Rounded scores
//! A set is kept unless X ≥ n²·4^p ([`Floor`]), which is x ≥ n²·4^p/σ² =: ξ. Where the shader has x⁻ it keeps those
//! with x⁻ < (1 + 4·UNIT)·ξ; where it has x⁺ those with x⁺ < (1 + 4·UNIT)·ξ + 4·κ·K², as x⁺ ≤ x + 2·κ·M² and M ≤ K.
//! Y ≥ n²·4^q is asked of the table once.
//!
//! # Rest scores
//! Let λ = σ/√Y. With a rest score's moments A − X and Y − 2A + X, f > 0 asks
//!
//! p = a − λ·x > 0 and p² ≥ c·x·y, y = 1 − 2·λ·a + λ²·x.
//!
//! That holds of any a′ ≥ a and 0 < x′ ≤ x too, if y′ > 0: their r is not lower. For p rises and y falls where a
//! does. And where x falls, p rises and x·y falls, since y′ + λ²·(x − x′) > 0 is what y was before, and the slope of
//! x·y in x is y + λ²·x > 0. So the shader takes a⁺ and x⁻, and keeps a set where y is not above 0. It keeps one
//! with x⁻ ≤ 0, too: p is then a⁺ or more, and x·y is not above 0.
//!
//! In a set that reaches f, λ·x < a ≤ √x by Cauchy and Schwarz, so that λ·√x < 1 and λ·x < M. So λ·x⁻ is off by less
//! than 2·UNIT·M, and so p by 3·UNIT·M and by UNIT of itself. That is what κ is raised by 6·UNIT for: a⁺ ≥ a + 8·UNIT·M,
//! so the test holds at a⁺ − 6·UNIT·M with 2·UNIT·M to spare as above, and the computed p is above that one's. The
//! parts of y are below 1 + 4 + 1 where λ·a⁺ < 2, and each is off by five roundings or fewer, in all by less than
//! [`SLACK`], which the shader has in place: y is never too large. Where λ·a⁺ ≥ 2, y is negative, and the set is kept.
//! One product more than above is covered by the bar's eight units.
//!
//! With λ above [`MOST_LAMBDA`] nothing is discarded, so that nothing overflows. Where rest scores are rounded, those
//! with y ≤ (1 + 4·UNIT)·n²·4^q/Y are kept, y being no larger than it is. For f ≤ 0 the test is that of r(a, g), which is
//! never below r(a, g − a).

use crate::engine::gpu::floor::{
    FLOOR_ABOVE_ZERO, FLOOR_AT_MOST_ZERO, FLOOR_BLURRED, FLOOR_REST, Floor,
};
use crate::stats::bounds::MARGIN;

/// Largest relative error of one operation: 2^-23.
pub(super) const UNIT: f64 = f32::EPSILON as f64;

/// 2^-20.
pub(super) const LEAST_DEVIATION: f64 = 1.0 / (1 << 20) as f64;

/// Smallest |c| that is told from 0: 2^-48.
const LEAST_BAR: f64 = 1.0 / (1_u64 << 48) as f64;

/// Ten units: eight, and the rounding of the bar itself.
const BAR_MARGIN: f64 = 10.0 * UNIT;

/// What is taken from y for its rounding: 64 units.
const SLACK: f64 = 64.0 * UNIT;

/// Largest λ: its square times x and times a bar stay far within a float.
const MOST_LAMBDA: f64 = (1 << 20) as f64;

/// More than what a threshold loses where it becomes a float, and what it is compared with.
const ABOVE: f64 = 1.0 + 4.0 * UNIT;

/// κ for sets of `k`, where the shader tests any floor or only one of r.
pub(super) fn margin(k: usize, any_floor: bool) -> f64 {
    let more = if any_floor { 10 } else { 4 };
    (2 * k + more) as f64 * UNIT
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

/// What is the same for all sets of a table.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Scale {
    /// K.
    pub(super) k: usize,
    /// n.
    pub(super) users: f64,
    /// Y.
    pub(super) y: f64,
    /// σ².
    pub(super) variance: f64,
}

/// What the shader keeps a set by.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Test {
    /// What p·|p| is compared with, times x and y.
    pub(super) bar: f32,
    /// Which way x is moved.
    pub(super) side: Side,
    /// λ, or 0 where the floor is one of r(a, g): then y is 1.
    pub(super) lambda: f32,
    /// What y starts from: 1, or so much less that it is never too large.
    pub(super) top: f32,
    /// Sets of a smaller x are kept.
    pub(super) least_x: f32,
    /// Sets of a y that is not above this are kept.
    pub(super) least_y: f32,
}

/// Keeps every set: |r| ≤ 1.
const ALL: Test = Test {
    bar: (-1.0 - BAR_MARGIN) as f32,
    side: Side::Above,
    lambda: 0.0,
    top: 1.0,
    least_x: 0.0,
    least_y: 0.0,
};

/// The test of this floor on sets of a table.
pub(super) fn test(floor: &Floor, scale: &Scale) -> Test {
    let &Scale {
        k,
        users,
        y,
        variance,
    } = scale;
    let is = |bit: u32| floor.kind & bit != 0;
    let least = |power: u32, of: f64| match power {
        0 => 0.0,
        _ => users * users * 4_f64.powi(power as i32) / of * ABOVE,
    };
    let [of_scores, of_overall] = floor.powers();
    let least_x = least(of_scores, variance);
    let least_y = least(of_overall, y);
    // A Rust f64 holds any f² above 2^-1022; what is smaller counts as 0 or as 2^-48 anyway.
    let mut square = f64::from(floor.mantissa) * 2_f64.powi(floor.exponent);
    // Y as a whole, or of totals where rest scores are asked for, tells too little.
    let vague = y <= 0.0 && (is(FLOOR_REST) || is(FLOOR_BLURRED)) || least_y > 1.0;
    match floor.mode {
        FLOOR_ABOVE_ZERO if !vague => {
            if is(FLOOR_BLURRED) {
                // The quotient is right to far less than the margin, where it is no more than 1.
                let left = 1.0 - users * users * f64::from(floor.blur) / y - MARGIN;
                if left <= 0.0 {
                    return ALL;
                }
                square *= left;
            }
            let lambda = if is(FLOOR_REST) {
                (variance / y).sqrt()
            } else {
                0.0
            };
            if lambda > MOST_LAMBDA {
                return ALL;
            }
            let bar = if square < LEAST_BAR {
                0.0
            } else {
                // |r| ≤ 1: a larger bar than 4 says the same.
                square.min(4.0) * (1.0 - BAR_MARGIN)
            };
            let of_rest = lambda > 0.0;
            Test {
                bar: bar as f32,
                side: Side::Below,
                lambda: lambda as f32,
                top: if of_rest { 1.0 - SLACK } else { 1.0 } as f32,
                least_x: least_x as f32,
                least_y: if of_rest { least_y } else { 0.0 } as f32,
            }
        }
        FLOOR_AT_MOST_ZERO if !vague && !is(FLOOR_BLURRED) => {
            let bar = if floor.mantissa == 0 {
                0.0
            } else {
                -square.clamp(LEAST_BAR, 1.0) * (1.0 + BAR_MARGIN)
            };
            let moved = 4.0 * margin(k, true) * (k * k) as f64;
            Test {
                bar: bar as f32,
                least_x: if of_scores > 0 { least_x + moved } else { 0.0 } as f32,
                ..ALL
            }
        }
        _ => ALL,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::gpu::floor::{FLOOR_OVERALL_AT, FLOOR_SCORES_AT};

    const SCALE: Scale = Scale {
        k: 5,
        users: 100.0,
        y: 4e8,
        variance: 1e8,
    };

    /// The test of a floor where nothing is rounded.
    fn of(floor: &Floor) -> Test {
        test(floor, &SCALE)
    }

    #[test]
    fn what_is_rounded_lowers_the_bar_and_keeps_what_it_does_not_tell() {
        let floor = |kind: u32, blur: u32, r: f64| Floor {
            kind,
            blur,
            ..Floor::new(r)
        };
        let square = |test: Test| f64::from(test.bar);
        // n²·c is a quarter of Y.
        let blurred = of(&floor(FLOOR_BLURRED, 10_000, 0.8));
        assert!((square(blurred) - 0.48).abs() < 1e-5);
        assert_eq!(of(&floor(FLOOR_BLURRED, 50_000, 0.8)), ALL);
        // n²·4^3 is 0.0064·σ², and 0.0016·Y.
        let powers = 3 << FLOOR_SCORES_AT | 3 << FLOOR_OVERALL_AT;
        let rough = of(&floor(powers, 0, 0.8));
        assert!(f64::from(rough.least_x) > 0.0064 && rough.least_x < 0.006_41);
        assert_eq!((rough.lambda, rough.top, rough.least_y), (0.0, 1.0, 0.0));
        assert!(of(&floor(powers, 0, -0.5)).least_x > rough.least_x);
        assert_eq!(of(&floor(12 << FLOOR_OVERALL_AT, 0, 0.8)), ALL);
        let rest = of(&floor(powers | FLOOR_REST, 0, 0.8));
        assert_eq!((rest.lambda, rest.bar), (0.5, rough.bar));
        assert!(rest.top < 1.0 && rest.least_y > 0.0016);
        assert_eq!(of(&floor(FLOOR_REST, 0, -0.5)), of(&Floor::new(-0.5)));
        let still = Scale { y: 0.0, ..SCALE };
        for kind in [FLOOR_REST, FLOOR_BLURRED, powers] {
            assert_eq!(test(&floor(kind, 0, 0.8), &still), ALL);
        }
        let steep = Scale { y: 1e-5, ..SCALE };
        assert_eq!(test(&floor(FLOOR_REST, 0, 0.8), &steep), ALL);
    }

    #[test]
    fn the_bar_is_below_the_square_of_the_floor() {
        for f in [1e-200, 1e-9, 1e-7, 0.1, 0.5, 0.999, 1.0] {
            let Test { bar: up, side, .. } = of(&Floor::new(f));
            assert_eq!(side, Side::Below);
            assert!(f64::from(up) <= f * f * (1.0 - 8.0 * UNIT), "{f}");
            assert!(
                f64::from(up) >= f * f * (1.0 - 12.0 * UNIT) - LEAST_BAR,
                "{f}"
            );
            let Test {
                bar: down, side, ..
            } = of(&Floor::new(-f));
            assert_eq!(side, Side::Above);
            assert!(f64::from(down) <= -f * f * (1.0 + 8.0 * UNIT), "{f}");
            assert!(f64::from(down) >= -f * f * (1.0 + 12.0 * UNIT) - 2.0 * LEAST_BAR);
        }
        assert_eq!(of(&Floor::new(0.0)), Test { bar: 0.0, ..ALL });
        assert_eq!(of(&Floor::new(f64::INFINITY)), of(&Floor::new(2.0)));
        for none in [f64::NEG_INFINITY, -1.0, -3.0] {
            let Test { bar, side, .. } = of(&Floor::new(none));
            assert!(bar < -1.0 && bar > -1.01 && side == Side::Above);
        }
    }

    /// The factors of the argument, for the largest K.
    #[test]
    fn the_margin_covers_all_roundings_and_has_units_to_spare() {
        for k in [2, 5, 32, crate::engine::gpu::layout::MAX_K] {
            let depth = 2 * k as i32;
            let off = (1.0 + UNIT).powi(depth + 1) - 1.0;
            for (any_floor, units) in [(false, 2.0), (true, 8.0)] {
                let margin = margin(k, any_floor);
                let left = margin - off * (1.0 + margin);
                assert!(left >= units * UNIT, "{k}");
            }
        }
    }
}
