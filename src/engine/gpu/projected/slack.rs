//! The sweep's bound: pairs of users that no set at or above a floor can hold.
//!
//! # The bound
//! Let r ≥ f > 0 on a set. Its regression of g on a has slope b ≥ 0, and its residuals e have
//! Σe² = (1 − r²)·Σ(g − ḡ)² ≤ (1 − f²)·Σg², the totals taken from any origin, over the set's users
//! or any more. Of two of its users with a_i ≤ a_j and g_i − g_j ≥ D > 0,
//! e_i − e_j = g_i − g_j − b·(a_i − a_j) ≥ D, so e_i² + e_j² ≥ D²/2. With two such pairs that have no
//! user in common, Σe² ≥ D². Hence a set with two such pairs and D² > (1 − f²)·Σg² has r < f.
//!
//! # How many pairs
//! Call users with g ≥ t + D high and those with g ≤ t low: any high i and low j with a_i ≤ a_j are
//! such a pair. With c = −a set bits, that is c_i ≥ c_j. The low users with c or more can be paired
//! with the high ones with c or more only, and what a low one can be paired with, one with fewer set
//! bits can be too; so by Hall's theorem as many pairs without a common user can be found as the
//! least, over all c from 0 to K + 1, of (low ones with fewer than c) + (high ones with c or more).
//!
//! # Integers
//! The shader takes Σg² =: s as a number of at most 2^26 that it then shows to be no smaller than
//! the sum over a leaf's users, and `slack` ≥ 2·(1 − f²)·2^30, at most 2^31. D² is an integer, so the
//! least D with D² > ⌊⌈s/2⌉·slack/2^30⌋ will do: one more than the root of that. f² is rounded down
//! in [`Floor`], so `slack` is no smaller than its true value.

use super::super::floor::{FLOOR_ABOVE_ZERO, Floor};
use super::layout::NO_SLACK;

/// 2·(1 − f²) in units of 2^-30, rounded up, or [`NO_SLACK`] where f is not above 0. A floor above 1
/// is met by no set, and taken as 1.
#[must_use]
pub fn slack(floor: &Floor) -> u32 {
    if floor.mode != FLOOR_ABOVE_ZERO {
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

        /// On sets that follow their scores closely, so that floors are met.
        #[test]
        fn no_set_with_two_such_pairs_is_at_the_floor(
            users in prop::collection::vec((0_i64..6, -3_i64..4), 4..10), steep in 0_i64..9,
            others in prop::collection::vec(-20_i64..20, 0..3), floor in 0.01_f64..1.0,
            bottom in -5_i64..40,
        ) {
            let users: Vec<_> = users.iter().map(|&(a, e)| (a, steep * a + e)).collect();
            let mut sums = Sums::default();
            for &(a, g) in &users {
                sums += Sums::of_user(a.into(), g.into());
            }
            let squares = sums.sgg as u64 + others.iter().map(|g| (g * g) as u64).sum::<u64>();
            let bound = (squares.div_ceil(2) * u64::from(slack(&Floor::new(floor)))) >> 30;
            let top = bottom + bound.isqrt() as i64 + 1;
            // More of a is fewer set bits.
            let wrong = |c: i64| {
                let high = users.iter().filter(|(a, g)| *g >= top && 5 - a >= c).count();
                high + users.iter().filter(|(a, g)| *g <= bottom && 5 - a < c).count()
            };
            let pairs = (0..=6).map(wrong).min();
            if pairs >= Some(2) && let Some(r) = Correlation::of(&sums, 2) {
                prop_assert!(r.r() < floor, "{} {}", r.r(), floor);
            }
        }

        /// Against pairs found by trying.
        #[test]
        fn as_many_pairs_are_found_as_users_are_wrong_on_a_side(
            high in prop::collection::vec(0_usize..4, 0..5),
            low in prop::collection::vec(0_usize..4, 0..5),
        ) {
            fn most(high: &[usize], low: &[usize]) -> usize {
                let Some((&first, rest)) = low.split_first() else { return 0 };
                let paired = (0..high.len()).filter(|&i| high[i] >= first).map(|i| {
                    let others: Vec<_> = [&high[..i], &high[i + 1..]].concat();
                    1 + most(&others, rest)
                });
                paired.max().unwrap_or(0).max(most(high, rest))
            }
            let wrong = |c: usize| {
                high.iter().filter(|&&i| i >= c).count() + low.iter().filter(|&&j| j < c).count()
            };
            prop_assert_eq!(most(&high, &low), (0..=4).map(wrong).min().unwrap());
        }
    }
}
