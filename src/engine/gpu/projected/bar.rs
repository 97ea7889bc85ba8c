//! The bar of the first judgement in floats: f² less what rounding may take.
//!
//! # The bound
//! A set with X, Y > 0 is below the floor f > 0 where A ≤ 0 or A² < f²·X·Y. `shaders/shared/judge_float.wgsl`
//! has A, X and Y exactly in 64 bits. Each of the two words of such a number becomes a float, one is multiplied by
//! 2^32, which is exact, and they are added: each of these three roundings is by at most 2^-23, whichever way a
//! device rounds. A² takes one more, bar·X·Y two, and a fused operation takes fewer. So the computed A² is at least
//! (1 − 2^-23)^7 of the true one, and the computed right side at most (1 + 2^-23)^8 of its own: together they are
//! off by less than 2^-19, and the bar lies 2^-16 below f². Nothing overflows: sums stay below 2^26 and n as well,
//! so A² and X·Y below 2^106. What underflows to 0 keeps the set, as 0 < 0 is false.

use super::super::floor::{FLOOR_ABOVE_ZERO, Floor};

/// What lies between the bar and f², as a part of f².
const MARGIN: f64 = 1.0 / 65_536.0;

/// The bar, or 0 where a float may discard nothing: floors that are not above 0, or of anything but the
/// moments themselves.
#[must_use]
pub fn bar(floor: &Floor) -> f32 {
    if floor.mode != FLOOR_ABOVE_ZERO || floor.kind != 0 {
        return 0.0;
    }
    let square = f64::from(floor.mantissa) * 2_f64.powi(floor.exponent);
    // A floor above 1 is met by no set, and taken as 1. The cast rounds by 2^-24 at the most.
    (square.min(1.0) * (1.0 - MARGIN)) as f32
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::{Correlation, Sums};
    use proptest::prelude::*;

    /// Twin of `float64` in judge_float.wgsl.
    fn float(value: i128) -> f32 {
        (value >> 32) as u32 as f32 * 4_294_967_296.0 + value as u32 as f32
    }

    /// Twin of `surely_below` in judge_float.wgsl.
    fn surely_below(sums: &Sums, bar: f32) -> bool {
        let a = sums.n * sums.sag - sums.sa * sums.sg;
        if bar == 0.0 || a < 0 {
            return bar != 0.0;
        }
        let x = float(sums.n * sums.saa - sums.sa * sums.sa);
        let y = float(sums.n * sums.sgg - sums.sg * sums.sg);
        let root = float(a);
        root * root < bar * x * y
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4096))]

        #[test]
        fn no_set_at_the_floor_is_surely_below_it(
            users in prop::collection::vec((0_i64..26, -4_000_i64..4_000), 2..40), steep in 0_i64..99,
            at in 0_u32..3, floor in 0.01_f64..1.0,
        ) {
            let mut sums = Sums::default();
            for &(a, e) in &users {
                sums += Sums::of_user(a.into(), (steep * a + e / (1 + steep * steep)).into());
            }
            let r = Correlation::of(&sums, 2);
            prop_assume!(r.is_some());
            let r = r.map_or(0.0, |r| r.r());
            // The set's own r, the float just below it, or anything.
            let floor = match at {
                0 => r,
                1 => r.next_down(),
                _ => floor,
            };
            let below = surely_below(&sums, bar(&Floor::new(floor)));
            if r >= floor && floor > 0.0 {
                prop_assert!(!below, "{} {}", r, floor);
            } else if floor > 0.0 && r < floor * (1.0 - 2_f64.powi(-14)) {
                prop_assert!(below, "{} {}", r, floor);
            }
        }
    }

    #[test]
    fn nothing_is_discarded_where_a_float_may_not() {
        for floor in [f64::NEG_INFINITY, -0.5, 0.0, f64::NAN] {
            assert!(bar(&Floor::new(floor)) == 0.0);
        }
        let rest = Floor {
            kind: 1,
            ..Floor::new(0.5)
        };
        assert!(bar(&rest) == 0.0);
        let most = bar(&Floor::new(2.0));
        assert!(most < 1.0 && most > 0.9999);
    }
}
