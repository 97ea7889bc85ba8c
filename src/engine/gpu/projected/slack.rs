//! The sweep's bound: two inversions without a common user, or one far one, in the shader's integers.
//!
//! A leaf with two such inversions of drop D is below the floor f where D² > (1 − f²)·Σg², and with one of drop F where
//! F² > 2·(1 − f²)·Σg²: [`crate::stats::bounds`], inversions; how many there are it tells too, disjoint pairs. There
//! high and low users are told apart by a ≤ c; here a = K·top − (steps), so by c steps or more.
//!
//! # Sides
//! As many disjoint pairs can be found as, for every c, there are high users with c steps or more and low ones with
//! fewer, together, at the least. The sweep looks at c from s to e alone, and leaves low users out at s and high
//! ones at e. For c < s high users with c steps or more are no fewer than those with s or more, and for c > e low users
//! with fewer than c no fewer than those with fewer than e. So what it finds is never more than there is.
//!
//! # Integers
//! The shader takes Σg² =: s as a number of at most 2^26 that it then shows to be no smaller than
//! the sum over a leaf's users, and `slack` ≥ 2·(1 − f²)·2^30, at most 2^31. D² is an integer, so the
//! least D with D² > ⌊⌈s/2⌉·slack/2^30⌋ will do: one more than the root of that; and for F one more than that of
//! ⌊s·slack/2^30⌋. f² is rounded down in `Floor`, so `slack` is no smaller than its true value.

use super::super::floor::{FLOOR_ABOVE_ZERO, FLOOR_REST, Floor};
use super::layout::NO_SLACK;

/// 2·(1 − f²) in units of 2^-30, rounded up, or [`NO_SLACK`] where f is not above 0 or scores or
/// totals are rounded. A floor above 1
/// is met by no set, and taken as 1.
#[must_use]
pub fn slack(floor: &Floor) -> u32 {
    if floor.mode != FLOOR_ABOVE_ZERO || floor.kind & !FLOOR_REST != 0 {
        return NO_SLACK;
    }
    let square = match floor.exponent + 31 {
        shift if shift > 0 => 1 << 31,
        shift => u64::from(floor.mantissa) >> (-shift).min(63),
    };
    // The square is at most 2^31.
    ((1 << 31) - square.min(1 << 31)) as u32
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::Correlation;
    use crate::stats::Sums;
    use crate::stats::bounds::disjoint_inversions;
    use proptest::prelude::*;

    #[test]
    fn slack_is_rounded_up() {
        for f in [1e-100, 1e-9, 0.3, 0.5, 0.988, 1.0_f64.next_down(), 1.0] {
            let exact = 2.0 * (1.0 - f * f) * 2_f64.powi(30);
            let slack = f64::from(slack(&Floor::new(f)));
            assert!(slack >= exact.floor() && slack <= exact + 2.0, "{f}");
        }
        assert_eq!(slack(&Floor::new(2.0)), 0);
        assert_eq!(slack(&Floor::new(1.0)), 0);
        for f in [f64::NEG_INFINITY, -0.5, 0.0] {
            assert_eq!(slack(&Floor::new(f)), NO_SLACK);
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4096))]

        /// The sets follow their scores closely, so that floors are met.
        #[test]
        fn no_set_with_two_such_pairs_is_at_the_floor(
            users in prop::collection::vec((0_i64..6, -3_i64..4), 4..10), steep in 0_i64..9,
            others in prop::collection::vec(-20_i64..20, 0..3), floor in 0.01_f64..1.0,
            bottom in -5_i64..40, (first, last) in (1_i64..5).prop_flat_map(|s| (Just(s), s + 1..=6)),
        ) {
            let users: Vec<_> = users.iter().map(|&(a, e)| (a, steep * a + e)).collect();
            let mut sums = Sums::default();
            for &(a, g) in &users {
                sums += Sums::of_user(a.into(), g.into());
            }
            let squares = sums.sgg as u64 + others.iter().map(|g| (g * g) as u64).sum::<u64>();
            let bound = (squares.div_ceil(2) * u64::from(slack(&Floor::new(floor)))) >> 30;
            let top = bottom + bound.isqrt() as i64 + 1;
            let of = |is: &dyn Fn(i64) -> bool| -> Vec<i64> {
                users.iter().filter(|(_, g)| is(*g)).map(|&(a, _)| a).collect()
            };
            let (high, low) = (of(&|g| g >= top), of(&|g| g <= bottom));
            // As the shader counts them: more of a is fewer set bits.
            let wrong = |c: i64| {
                let high = high.iter().filter(|&&a| 5 - a >= c).count();
                high + low.iter().filter(|&&a| 5 - a < c).count()
            };
            let pairs = (0..=6).map(wrong).min();
            prop_assert_eq!(pairs, Some(disjoint_inversions(&high, &low)));
            let below = |what: &str| match Correlation::of(&sums, 2) {
                Some(r) if r.r() >= floor => {
                    Err(TestCaseError::fail(format!("{what}: {} {floor}", r.r())))
                }
                _ => Ok(()),
            };
            if pairs >= Some(2) {
                below("two pairs")?;
            }
            let far = (squares * u64::from(slack(&Floor::new(floor)))) >> 30;
            let top = bottom + far.isqrt() as i64 + 1;
            if disjoint_inversions(&of(&|g| g >= top), &low) >= 1 {
                below("one far pair")?;
            }
            // On some sides alone, and without some users at either end: never more pairs than there are.
            let some = |c: i64| {
                let high = high.iter().filter(|&&a| c < last && 5 - a >= c).count();
                high + low.iter().filter(|&&a| c > first && 5 - a < c).count()
            };
            prop_assert!((first..=last).map(some).min() <= pairs);
        }
    }
}
