//! The floor as an exact number, and which sets reach it.

use super::model::Standing;
use num_bigint::BigInt;

/// A positive finite float as M·2^-t.
pub(super) fn parts(value: f64) -> Option<(u64, i32)> {
    if !(value.is_normal() && value > 0.0) {
        return None;
    }
    let bits = value.to_bits();
    let mantissa = bits & ((1 << 52) - 1) | 1 << 52;
    Some((mantissa, 1075 - (bits >> 52) as i32))
}

/// Whether a set with this standing has r ≥ `floor`: a > 0 and a²·2^2t ≥ M²·x·y.
pub(super) fn reaches(standing: &Standing, floor: f64) -> bool {
    let Some((mantissa, t)) = parts(floor) else {
        return false;
    };
    let wide = |value: i128| BigInt::from(value);
    let square = wide(standing.a).pow(2);
    let other = BigInt::from(mantissa).pow(2) * wide(standing.x) * wide(standing.y);
    let reach = if t >= 0 {
        square << (2 * t) >= other
    } else {
        square >= other << (-2 * t)
    };
    standing.is_defined() && standing.a > 0 && reach
}
