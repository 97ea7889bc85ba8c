//! A quotient of two integers as the f64 next to it.

use bnum::types::U512;

/// Bits of an integer quotient, at least: more than an f64 has, so that a bit for the remainder below them
/// decides every rounding.
const BITS: u32 = 64;

/// p / q, correctly rounded; both below 2^384, and q above 0.
///
/// One of the two is shifted until the integer quotient has 65 or 66 bits; any remainder becomes its lowest bit,
/// and the one rounding is the conversion. The power of two that is left is exact.
pub(super) fn quotient(p: U512, q: U512) -> f64 {
    if p == U512::ZERO {
        return 0.0;
    }
    let shift = (BITS + 1 + q.bits()).cast_signed() - p.bits().cast_signed();
    let by = shift.unsigned_abs();
    let (p, q) = if shift >= 0 {
        (p << by, q)
    } else {
        (p, q << by)
    };
    let whole = p / q;
    let sticky = u128::from(whole * q != p);
    // 66 bits by the choice of `shift`.
    let whole = u128::try_from(whole).unwrap_or(u128::MAX);
    ((whole << 1) | sticky) as f64 * 2_f64.powi(-shift - 1)
}

/// p / q for p of either sign, correctly rounded.
pub(super) fn signed(p: i128, q: U512) -> f64 {
    let size = quotient(U512::from(p.unsigned_abs()), q);
    if p < 0 { -size } else { size }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(p: u128, q: u128) -> f64 {
        quotient(U512::from(p), U512::from(q))
    }

    proptest! {
        #[test]
        fn f64_division_says_the_same(p in 0_u64..1 << 53, q in 1_u64..1 << 53) {
            // Exact operands and one rounding on either side.
            prop_assert_eq!(of(p.into(), q.into()), p as f64 / q as f64);
            prop_assert_eq!(signed(-i128::from(p), U512::from(q)), -(p as f64 / q as f64));
        }

        #[test]
        fn conversion_says_the_same(p in any::<u128>(), shift in 0_u32..90) {
            prop_assert_eq!(of(p, 1), p as f64);
            let q = U512::ONE << shift;
            prop_assert_eq!(quotient(U512::from(p), q), p as f64 / 2_f64.powi(shift.cast_signed()));
        }
    }

    #[test]
    fn a_remainder_decides_a_tie() {
        let tie = (1_u128 << 53) + 1;
        assert_eq!(of(tie, 1), (1_u64 << 53) as f64);
        // A third more than the tie.
        assert_eq!(of(3 * tie + 1, 3), ((1_u64 << 53) + 2) as f64);
    }
}
