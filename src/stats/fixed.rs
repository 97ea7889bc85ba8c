//! Fixed-point numbers of any precision: roots, logarithms, exponentials, and normal quantiles.
//!
//! What orders and prints confidence bounds must be the same on every machine and as exact as it takes, so it
//! is computed here in integers, times 2^p, and not by a platform's floating-point functions.
//!
//! # Precision
//! Each function computes with [`GUARD`] bits more than are asked for. A series takes fewer than 4 terms a bit,
//! each term and each product is cut by less than one unit of the last of these bits, and no step multiplies an
//! earlier error by more than 2^16; so for up to 2^20 bits less than 2^(2 + 20 + 16 + 2) = 2^40 such units are
//! lost, and a result is off by less than 2^-p.

use num_bigint::{BigInt, BigUint, Sign};

/// Bits beyond those that are asked for.
const GUARD: u32 = 48;

/// A number times 2^bits, as a sum of truncated parts.
fn one(bits: u32) -> BigInt {
    BigInt::from(1) << bits
}

/// The product of two numbers times 2^bits.
fn times(a: &BigInt, b: &BigInt, bits: u32) -> BigInt {
    (a * b) >> bits
}

/// 2·artanh(n/d) for 0 ≤ n/d ≤ 1/3, by its series: 2·Σ y^(2k+1)/(2k+1).
fn twice_artanh(n: &BigInt, d: &BigInt, bits: u32) -> BigInt {
    let y: BigInt = (n << bits) / d;
    let square = times(&y, &y, bits);
    let (mut power, mut sum) = (y.clone(), y);
    let mut k = 3_u32;
    while power.sign() != Sign::NoSign {
        power = times(&power, &square, bits);
        sum += &power / k;
        k += 2;
    }
    sum << 1
}

/// ln 2.
fn ln_2(bits: u32) -> BigInt {
    twice_artanh(&BigInt::from(1), &BigInt::from(3), bits)
}

/// ln(n/d), both above 0, times 2^bits.
pub(super) fn ln(n: &BigUint, d: &BigUint, bits: u32) -> BigInt {
    let work = bits + GUARD;
    // n/d = m·2^e with 1/2 < m < 2, and then, halved or doubled, 2/3 ≤ m ≤ 4/3.
    let mut e = n.bits() as i64 - d.bits() as i64;
    let (mut n, mut d) = (BigInt::from(n.clone()), BigInt::from(d.clone()));
    if e >= 0 {
        d <<= e;
    } else {
        n <<= -e;
    }
    if &n * 3 > &d * 4 {
        d <<= 1;
        e += 1;
    } else if &n * 3 < &d * 2 {
        n <<= 1;
        e -= 1;
    }
    // ln m = 2·artanh((m − 1)/(m + 1)), |(m − 1)/(m + 1)| ≤ 1/5.
    let (less, sum) = (&n - &d, &n + &d);
    let of_m = match less.sign() {
        Sign::Minus => -twice_artanh(&-less, &sum, work),
        _ => twice_artanh(&less, &sum, work),
    };
    // |e| is at most the operands' bits, below 2^16 here.
    (of_m + ln_2(work) * e) >> GUARD
}

/// √(n/d) times 2^bits, cut.
pub(super) fn root(n: &BigUint, d: &BigUint, bits: u32) -> BigInt {
    BigInt::from(((n << (2 * bits)) / d).sqrt())
}

/// e^x of x times 2^bits, |x| below 2^10, times 2^bits; off by less than 2^(1.5·|x| + 2 − bits) for x > 0.
pub(super) fn exp(x: &BigInt, bits: u32) -> BigInt {
    let work = bits + GUARD;
    let x = x << GUARD;
    let ln_2 = ln_2(work);
    // x = k·ln 2 + y, 0 ≤ y < ln 2.
    let k: BigInt = if x.sign() == Sign::Minus {
        -((-&x + &ln_2 - 1_u32) / &ln_2)
    } else {
        &x / &ln_2
    };
    let y = &x - &k * &ln_2;
    let (mut term, mut sum) = (one(work), one(work));
    let mut i = 1_u32;
    while term.sign() != Sign::NoSign {
        term = times(&term, &y, work) / i;
        sum += &term;
        i += 1;
    }
    let k = i64::try_from(&k).unwrap_or(0);
    if k >= 0 {
        (sum << k) >> GUARD
    } else {
        (sum >> -k) >> GUARD
    }
}

/// The f64 nearest to `value`·2^-bits, ties away from 0.
pub(super) fn to_f64(value: &BigInt, bits: u32) -> f64 {
    let magnitude = value.magnitude();
    let drop = magnitude.bits().saturating_sub(64);
    let top = u64::try_from(magnitude >> drop).unwrap_or(u64::MAX);
    // A lost bit below keeps a number above a tie above it.
    let sticky = u64::from((BigUint::from(top) << drop) != *magnitude);
    let rounded = (top | sticky) as f64 * 2_f64.powi(drop as i32 - bits as i32);
    if value.sign() == Sign::Minus {
        -rounded
    } else {
        rounded
    }
}

/// A finite f64 as an integer times 2^exponent.
pub(super) fn parts(value: f64) -> (BigInt, i32) {
    let bits = value.abs().to_bits();
    let (fraction, field) = (bits & ((1 << 52) - 1), (bits >> 52) as i32);
    let (mantissa, exponent) = match field {
        0 => (fraction, -1074),
        _ => (fraction | 1 << 52, field - 1075),
    };
    let mantissa = BigInt::from(mantissa);
    (if value < 0.0 { -mantissa } else { mantissa }, exponent)
}

/// A finite f64 times 2^bits, cut.
pub(super) fn of_f64(value: f64, bits: u32) -> BigInt {
    let (mantissa, exponent) = parts(value);
    let shift = i64::from(exponent) + i64::from(bits);
    if shift >= 0 {
        mantissa << shift
    } else {
        mantissa >> -shift
    }
}

/// Bits with which normal quantiles are found: an f64 has 53, and 8 of 200 cover the largest term of the series.
const QUANTILE_BITS: u32 = 320;

/// Φ(z), the standard normal distribution, of z times 2^bits in −9..9:
/// 1/2 + Σ (−1)^k z^(2k+1)/(k!·2^k·(2k+1)) / √(2π).
fn normal(z: &BigInt, root_of_two_pi: &BigInt, bits: u32) -> BigInt {
    let square = times(z, z, bits);
    let (mut term, mut sum) = (z.clone(), BigInt::from(0));
    let mut k = 0_u32;
    while term.sign() != Sign::NoSign && term != BigInt::from(-1) {
        sum += &term / (2 * k + 1);
        k += 1;
        term = -(times(&term, &square, bits) / (2 * k));
    }
    (one(bits) >> 1) + (sum << bits) / root_of_two_pi
}

/// The standard normal quantile of `level`, 1/2 < level < 1, as the nearest f64.
pub(super) fn normal_quantile(level: f64) -> f64 {
    let bits = QUANTILE_BITS;
    // π = 16·arctan(1/5) − 4·arctan(1/239) (Machin).
    let arctan = |of: u32| {
        let mut power = one(bits) / of;
        let (mut sum, mut k) = (power.clone(), 1_u32);
        while power.sign() != Sign::NoSign {
            power = -(power / (of * of));
            k += 2;
            sum += &power / k;
        }
        sum
    };
    let pi: BigInt = arctan(5) * 16 - arctan(239) * 4;
    let two_pi = (pi << 1_u32).magnitude().clone();
    let root_of_two_pi = root(&two_pi, &BigUint::from(1_u32), bits) >> (bits / 2);
    let wanted = of_f64(level, bits);
    let below = |z: &BigInt| normal(z, &root_of_two_pi, bits) < wanted;
    // Positive f64 are ordered as their bits.
    let (mut low, mut high) = (0_f64.to_bits(), 9_f64.to_bits());
    while high - low > 1 {
        let middle = low.midpoint(high);
        if below(&of_f64(f64::from_bits(middle), bits)) {
            low = middle;
        } else {
            high = middle;
        }
    }
    let (low, high) = (f64::from_bits(low), f64::from_bits(high));
    let middle = (of_f64(low, bits) + of_f64(high, bits)) >> 1_u32;
    if below(&middle) { high } else { low }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(n: u32) -> BigUint {
        BigUint::from(n)
    }

    #[test]
    fn logarithms_roots_and_exponentials_are_those_of_f64() {
        for (n, d) in [
            (1, 1),
            (2, 1),
            (1, 2),
            (10, 3),
            (1, 1_000_003),
            (999, 1000),
            (7, 5),
        ] {
            let x = f64::from(n) / f64::from(d);
            let close = |got: f64, want: f64| {
                assert!(
                    (got - want).abs() <= 4e-16 * want.abs().max(1.0),
                    "{n}/{d}: {got} {want}"
                );
            };
            let ln = ln(&of(n), &of(d), 128);
            close(to_f64(&ln, 128), x.ln());
            close(to_f64(&root(&of(n), &of(d), 128), 128), x.sqrt());
            close(to_f64(&exp(&ln, 128), 128), x);
            // e^ln x is x to nearly all bits.
            let back: BigInt = exp(&ln, 128) - ((BigInt::from(n) << 128) / d);
            assert!(back.magnitude().bits() < 8, "{n}/{d}: {back}");
        }
    }

    #[test]
    fn floats_there_and_back() {
        for x in [0.0, 1.0, -1.5, 0.1, 1e-9, 1.0_f64.next_down()] {
            assert_eq!(to_f64(&of_f64(x, 200), 200), x);
        }
        // Halfway and a little more is rounded up.
        let tie = (BigInt::from(1) << 60_u32) + (BigInt::from(1) << 7_u32);
        assert_eq!(to_f64(&(tie + 1), 60), 1.0_f64.next_up());
    }

    #[test]
    fn quantiles_of_the_normal_distribution() {
        for (level, z) in [
            (0.95, 1.644_853_626_951_472_2),
            (0.975, 1.959_963_984_540_054),
            (0.99, 2.326_347_874_040_840_8),
            (0.6, 0.253_347_103_135_799_7),
            (0.999_999, 4.753_424_308_817_087),
        ] {
            let got = normal_quantile(level);
            assert!(
                (got - z).abs() <= 2.0 * f64::EPSILON * z,
                "{level}: {got} {z}"
            );
        }
    }
}
