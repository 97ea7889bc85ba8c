//! The floor of r as a shader takes it: f² in 31 leading bits, rounded so that doubt keeps a set.
//!
//! # The bound
//! By the signed squares of [`crate::stats::bounds`], a set with X, Y > 0 has r < f exactly where
//! - f > 0: A ≤ 0, or A² < f²·X·Y;
//! - f ≤ 0: A < 0, and A² > f²·X·Y.
//!
//! The shader (`shaders/shared/judge.wgsl`) has A, X and Y as exact integers and takes each to a
//! mantissa m and exponent e with m·2^e ≤ value < (m + 1)·2^e, 2^30 ≤ m < 2^31. For f > 0 it
//! compares the upper bound p·2^(2e_A), p = (m_A + 1)² ≤ 2^62, with the lower bound w·2^(…),
//! w = ⌊m_X·m_Y / 2^31⌋·m_f < 2^62; for f ≤ 0 the lower bound p = m_A² with the upper bound
//! w = (⌊(m_X + 1)(m_Y + 1) / 2^31⌋ + 1)·m_f, at most (2^31 + 1)·2^31. All fit 64 bits. The
//! difference d of the exponents is then taken off by shifting one side right, which rounds down.
//! On integers that is safe for either side: ⌊x⌋ < w gives x < w, and p < ⌊y⌋ gives p < y. A shift
//! of 63 leaves 0 of either side, as would any larger one. No float takes part, and no overflow or
//! zero divisor can occur. A set is kept needlessly only within about 2^-28 of the floor.
//!
//! # Rounded scores
//! Where a table is packed in steps, the floor is lowered by what r may fall ([`crate::stats::bounds`], rounded
//! scores) for sets with X ≥ n²·4^p, and where totals are rounded Y ≥ n²·4^q; the others are all kept. Of rest scores
//! it is the Y of these, which are off by as much as totals and scores together.

use crate::engine::Query;
use crate::stats::bounds::{MARGIN, fall, fallen, unexplained};
use crate::stats::{Criterion, NO_FLOOR, Need};

/// No floor: every defined set survives.
pub const FLOOR_NONE: u32 = 0;
/// f > 0.
pub const FLOOR_ABOVE_ZERO: u32 = 1;
/// f ≤ 0.
pub const FLOOR_AT_MOST_ZERO: u32 = 2;

/// Bit of a floor of rest scores: A − X and Y − 2A + X stand for A and Y.
pub const FLOOR_REST: u32 = 1;
/// Bit of a floor where totals are rounded overall scores: Y is taken less n² times the blur.
pub const FLOOR_BLURRED: u32 = 2;

/// Where the power p of sets' scores lies in the kind of a floor, 5 bits; 0 where they are exact.
pub const FLOOR_SCORES_AT: u32 = 8;
/// Where the power q of overall scores lies in the kind of a floor, 5 bits; 0 where they are exact.
pub const FLOOR_OVERALL_AT: u32 = 16;

/// How far a packed number may be off, in its steps, and which sets are judged by it. All zeros where it is exact.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Rough {
    /// No user's is further off than this.
    pub off: f64,
    /// A set is kept unless the root of X/n², or of Y/n² for totals, is 2 to this power or more.
    pub power: u32,
}

/// r may fall by no more than about this for scores and as much for totals, or sets are not judged by them. Below
/// it the powers are chosen so that questions vary eight times as much: most sets are then judged.
const MOST_FALL: f64 = 1.0 / (1 << 10) as f64;

/// Nothing is gained by a smaller fall: a shader compares to 2^-28.
const LEAST_FALL: f64 = 1.0 / (1 << 26) as f64;

/// Largest power: n² times its square fits 127 bits.
const MOST_POWER: f64 = 31.0;

impl Rough {
    /// Numbers that are off by up to `off` steps and have this standard deviation of steps.
    pub(super) fn new(off: f64, deviation: f64) -> Self {
        let power_at = |fall: f64| (std::f64::consts::SQRT_2 * off / fall).log2().ceil();
        let wanted = (deviation / 8.0).max(1.0).log2().floor();
        let power = wanted.min(power_at(LEAST_FALL)).max(power_at(MOST_FALL));
        Self {
            off,
            power: power.clamp(1.0, MOST_POWER) as u32,
        }
    }

    /// How far off, and the least root of X/n² or Y/n², for [`fall`].
    fn told(self) -> [f64; 2] {
        [self.off, 2_f64.powi(self.power as i32)]
    }
}

/// f as the shader reads it.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, bytemuck::Pod, bytemuck::Zeroable)]
pub struct Floor {
    /// [`FLOOR_NONE`], [`FLOOR_ABOVE_ZERO`] or [`FLOOR_AT_MOST_ZERO`].
    pub mode: u32,
    /// f² = mantissa·2^exponent, rounded down for f > 0 and up for f ≤ 0. 2^30 to 2^31, or 0.
    pub mantissa: u32,
    /// The exponent of f², see `mantissa`.
    pub exponent: i32,
    /// [`FLOOR_REST`] and [`FLOOR_BLURRED`], where they apply, and the powers of [`Rough`].
    pub kind: u32,
    /// At least τ/f² times what rounding may take from a user's g² ([`Need`]): taken from Y for each n².
    pub blur: u32,
}

impl Floor {
    /// What `need` asks of the sums of a set of `query`, whose scores and totals are packed as `scores` and
    /// `totals` say.
    ///
    /// A set is discarded where A ≤ 0 or A² < X·(f²·Y − τ·n²·blur) = f²·X·(Y − n²·(τ/f²)·blur), for f > 0: the line
    /// of [`crate::stats::bounds`], rounded overall scores, over all of its users.
    #[must_use]
    pub fn of(query: &Query<'_>, need: Need, scores: Rough, totals: Rough) -> Self {
        let is_rest = query.ranking().criterion == Criterion::Rest;
        let mut kind = 0;
        let mut overall = totals;
        if is_rest {
            kind |= FLOOR_REST;
            overall.off += scores.off;
        }
        if query.blur().most > 0.0 {
            kind |= FLOOR_BLURRED;
        }
        for (rough, at) in [(scores, FLOOR_SCORES_AT), (overall, FLOOR_OVERALL_AT)] {
            if rough.off > 0.0 {
                kind |= rough.power << at;
            }
        }
        let Need { r, blur } = need;
        let by = fall(scores.told(), overall.told());
        let lowered = if blur > 0.0 {
            // Overall scores that are rounded already are packed without steps.
            fallen(r, unexplained(r) / (r * r) * blur * (1.0 + MARGIN), by)
        } else if by > 0.0 {
            Some([(r - by).next_down(), 0.0])
        } else {
            Some([r, 0.0])
        };
        let lowered = lowered.map(|[r, part]| (r, part.ceil()));
        let told = lowered.filter(|(_, part)| *part < f64::from(u32::MAX));
        let (r, part) = told.unwrap_or((NO_FLOOR, 0.0));
        Self {
            kind,
            blur: part as u32,
            ..Self::new(r)
        }
    }

    /// Powers of 2 that the roots of X/n² and Y/n² of a set reach, or it is kept; 0 where that is not asked.
    pub(super) fn powers(&self) -> [u32; 2] {
        [FLOOR_SCORES_AT, FLOOR_OVERALL_AT].map(|at| self.kind >> at & 31)
    }

    /// The floor `floor`; NaN and −∞ are none.
    #[must_use]
    pub fn new(floor: f64) -> Self {
        if floor.is_nan() || floor == f64::NEG_INFINITY {
            return Self {
                mode: FLOOR_NONE,
                mantissa: 0,
                exponent: 0,
                kind: 0,
                blur: 0,
            };
        }
        let mode = if floor > 0.0 {
            FLOOR_ABOVE_ZERO
        } else {
            FLOOR_AT_MOST_ZERO
        };
        // |r| ≤ 1, so any finite floor as large says the same as +∞.
        let bits = floor.min(f64::MAX).abs().to_bits();
        let (fraction, field) = (bits & ((1 << 52) - 1), (bits >> 52) as i32);
        let (root, exponent) = match field {
            0 => (fraction, -1074),
            _ => (fraction | 1 << 52, field - 1075),
        };
        if root == 0 {
            return Self {
                mode,
                mantissa: 0,
                exponent: 0,
                kind: 0,
                blur: 0,
            };
        }
        let square = u128::from(root) * u128::from(root);
        let drop = (u128::BITS - square.leading_zeros()) as i32 - 31;
        let mantissa = if drop <= 0 {
            square << -drop
        } else if mode == FLOOR_AT_MOST_ZERO && square.trailing_zeros() < drop as u32 {
            (square >> drop) + 1
        } else {
            square >> drop
        };
        Self {
            mode,
            mantissa: mantissa as u32,
            exponent: 2 * exponent + drop,
            kind: 0,
            blur: 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bnum::types::U512;
    use proptest::prelude::*;
    use std::cmp::Ordering;

    /// Twin of `leading` in u128.wgsl.
    fn leading(value: u128) -> (u32, i32) {
        let exponent = 97 - value.leading_zeros() as i32;
        let top = ((value << value.leading_zeros()) >> 96) as u32;
        (top >> 1, exponent)
    }

    /// Twin of `is_below` in judge.wgsl.
    fn is_below(a: i128, x: u128, y: u128, floor: &Floor) -> bool {
        let (mx, ex) = leading(x);
        let (my, ey) = leading(y);
        let shift = |by: i32| by.clamp(0, 63) as u32;
        let product = |p: u32, q: u32| u64::from(p) * u64::from(q);
        match floor.mode {
            FLOOR_ABOVE_ZERO => {
                if a <= 0 {
                    return true;
                }
                let (ma, ea) = leading(a.unsigned_abs());
                let square = product(ma + 1, ma + 1);
                let bound = product((product(mx, my) >> 31) as u32, floor.mantissa);
                let d = 2 * ea - (ex + ey + 31 + floor.exponent);
                (square >> shift(-d)) < (bound >> shift(d))
            }
            FLOOR_AT_MOST_ZERO => {
                if a >= 0 {
                    return false;
                }
                let (ma, ea) = leading(a.unsigned_abs());
                let square = product(ma, ma);
                let variance = (product(mx + 1, my + 1) >> 31) as u32 + 1;
                let bound = product(variance, floor.mantissa);
                let d = 2 * ea - (ex + ey + 31 + floor.exponent);
                (bound >> shift(d)) < (square >> shift(-d))
            }
            _ => false,
        }
    }

    /// Exact order of r = a / √(x·y) and a float p/2^s.
    fn compare(a: i128, x: u128, y: u128, floor: f64) -> Ordering {
        if floor.is_infinite() {
            return 0.0_f64.total_cmp(&floor);
        }
        let signs = a
            .signum()
            .cmp(&(floor.partial_cmp(&0.0).map_or(0, |o| o as i128)));
        if signs.is_ne() || a == 0 {
            return signs;
        }
        // Tests use floors of 2^-80 at the least: f·2^132 is an integer below 2^134.
        let f = U512::from((floor.abs() * 2_f64.powi(80)) as u128) << 52;
        let rest = floor.abs() * 2_f64.powi(80);
        let f = f + U512::from(((rest - rest.floor()) * 2_f64.powi(52)) as u128);
        let a2 = U512::from(a.unsigned_abs()) * U512::from(a.unsigned_abs());
        // A² · 2^264 against f² · X · Y: 190 + 264 bits, 268 + 190 bits.
        let scaled: U512 = a2 << 264;
        let order = scaled.cmp(&(f * f * U512::from(x) * U512::from(y)));
        if a < 0 { order.reverse() } else { order }
    }

    fn floors() -> impl Strategy<Value = f64> {
        prop_oneof![
            Just(f64::NEG_INFINITY),
            Just(-1.0_f64.next_up()),
            Just(-1.0_f64),
            Just(-1e-9),
            Just(0.0),
            Just(-0.0),
            Just(1e-9),
            Just(0.5),
            Just(1.0_f64.next_down()),
            Just(1.0),
            Just(1.5),
            Just(f64::INFINITY),
            -1.1_f64..1.1,
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4096))]

        #[test]
        fn a_set_at_or_above_the_floor_is_never_below_it(
            x in 1_u128..1 << 95, y in 1_u128..1 << 95, sx in 0_u32..95, sy in 0_u32..95,
            share in -1.0_f64..=1.0, floor in floors(), near in any::<bool>(), nudge in -3_i128..4,
        ) {
            let (x, y) = ((x >> sx).max(1), (y >> sy).max(1));
            let reach = ((x as f64) * (y as f64)).sqrt();
            // Half of the cases lie next to the floor, where the rounding matters.
            let at = if near && floor.is_finite() { floor.clamp(-1.0, 1.0) } else { share };
            let a = (reach * at) as i128 + nudge;
            prop_assume!(a.unsigned_abs() < 1 << 95);
            let packed = Floor::new(floor);
            if is_below(a, x, y, &packed) {
                prop_assert_eq!(compare(a, x, y, floor), Ordering::Less);
            } else if floor.abs() > 1e-6 {
                // And the bound is tight: what it keeps is above the floor less 2^-26.
                let r = a as f64 / reach;
                prop_assert!(r >= floor - floor.abs() * 2_f64.powi(-26), "{} {}", r, floor);
            }
        }
    }

    #[test]
    fn the_square_is_rounded_to_the_safe_side() {
        let value = |f: &Floor| f64::from(f.mantissa) * 2_f64.powi(f.exponent);
        for f in [1.0, 0.3, 0.999_999_999, 1e-100, 3e-30] {
            let (down, up) = (Floor::new(f), Floor::new(-f));
            assert!(down.mantissa >= 1 << 30 && down.mantissa < 1 << 31);
            assert!(up.mantissa >= 1 << 30 && up.mantissa <= 1 << 31);
            assert!(value(&down) <= f * f && value(&up) >= f * f);
            assert!(up.mantissa - down.mantissa <= 1);
        }
        let zero = Floor::new(0.0);
        assert_eq!((zero.mode, zero.mantissa), (FLOOR_AT_MOST_ZERO, 0));
        assert_eq!(Floor::new(f64::NAN).mode, FLOOR_NONE);
        assert_eq!(Floor::new(f64::from_bits(1)).mode, FLOOR_ABOVE_ZERO);
    }

    #[test]
    fn sets_are_judged_where_questions_vary_enough() {
        // An eighth of the deviation, between what lets r fall by 2^-26 and by 2^-10.
        assert_eq!(Rough::new(0.5, 2_f64.powi(20)).power, 17);
        assert_eq!(Rough::new(0.5, 2_f64.powi(31)).power, 26);
        assert_eq!(Rough::new(0.5, 0.0).power, 10);
        assert_eq!(Rough::new(128.0, f64::INFINITY).power, 31);
    }
}
