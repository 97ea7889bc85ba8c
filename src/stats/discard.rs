//! The float test that may discard a set, with its bound.

/// Relative error that [`surely_below`] allows for in all it computes from its arguments.
///
/// Each argument carries one rounding (2^-53), and both sides take at most five more operations:
/// 16 roundings in all are below 2^-48, and 1e-12 is above 2^-40.
const MARGIN: f64 = 1e-12;

/// Whether r = A/√(X·Y) is certainly below `floor`.
///
/// `a`, `x` and `y` must be the exact integers A, X > 0, Y > 0 rounded once to f64. `false` says
/// nothing. A floor of −∞, or −1 and below, discards nothing.
#[must_use]
pub fn surely_below(floor: f64, a: f64, x: f64, y: f64) -> bool {
    if floor <= -1.0 {
        return false;
    }
    // r < floor, squared with care for signs. |A| < 2^127 and X·Y < 2^254: nothing overflows.
    let square = a * a;
    let bar = floor * floor * (x * y);
    if floor > 0.0 {
        a <= 0.0 || square < bar * (1.0 - MARGIN)
    } else {
        a < 0.0 && square > bar * (1.0 + MARGIN)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_below_goes() {
        let nothing = f64::NEG_INFINITY;
        assert!(!surely_below(nothing, -5.0, 5.0, 5.0));
        assert!(!surely_below(-1.0, -5.0, 5.0, 5.0));
        // r = 0.6.
        let r = |floor| surely_below(floor, 6.0, 10.0, 10.0);
        assert!(r(0.6001) && r(1.0) && !r(0.6) && !r(0.599) && !r(0.0) && !r(-0.1));
        // r = −0.6.
        let r = |floor| surely_below(floor, -6.0, 10.0, 10.0);
        assert!(r(0.6) && r(0.0) && r(-0.599) && !r(-0.6) && !r(-0.7));
        // r = 0 is below any positive floor and not below 0 or −0.
        let r = |floor| surely_below(floor, 0.0, 10.0, 10.0);
        assert!(r(1e-300) && !r(0.0) && !r(-0.0) && !r(-1e-300));
    }
}
