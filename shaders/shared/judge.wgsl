// Whether a set has a correlation, and whether it is proven to lie below the floor. Integers only:
// no float of any device takes part. Needs u128.wgsl and sums.wgsl; twin of the bound:
// src/engine/gpu/floor.rs, which states and tests it.
//
// A = n Sag - Sa Sg, X = n Saa - Sa^2, Y = n Sgg - Sg^2 are exact: n < 2^32 and sums below 2^63
// keep each product below 2^95, n^2 times a blur below 2^96 (|Sa Sg| <= n sqrt(Saa Sgg) by Cauchy-Schwarz).
// Then A^2 is compared with floor^2 X Y, each taken to 31 leading bits and rounded so that doubt
// keeps the set. Cost: 6 products of 64 bits, about 400 integer operations a set.

struct Verdict {
    defined: bool,
    kept: bool,
}

// A = n Sag - Sa Sg, X = n Saa - Sa^2, Y = n Sgg - Sg^2.
struct Moments {
    a: vec4<u32>,
    x: vec4<u32>,
    y: vec4<u32>,
}

fn judge(s: WideSums, min_users: u32, floor: Floor) -> Verdict {
    if (s.n < min_users) {
        return Verdict(false, false);
    }
    let n = vec2<u32>(s.n, 0u);
    let moments = Moments(
        sub128(mul64_signed(n, s.sag), mul64_signed(s.sa, s.sg)),
        sub128(mul64_signed(n, s.saa), mul64_signed(s.sa, s.sa)),
        sub128(mul64_signed(n, s.sgg), mul64_signed(s.sg, s.sg)),
    );
    return judge_moments(s.n, moments, floor);
}

// A rest score has the moments A - X, X and Y - 2A + X. Where totals are blurred a set may be defined though
// their Y is 0, and Y is compared less n^2 times the blur: nothing tells against a set where that is not above 0.
// Where scores are packed in steps, a set of which they tell too little may be defined and is kept.
fn judge_moments(n: u32, m: Moments, floor: Floor) -> Verdict {
    let none = vec4<u32>(0u);
    let blurred = (floor.kind & FLOOR_BLURRED) != 0u;
    var a = m.a;
    var y = m.y;
    if ((floor.kind & FLOOR_REST) != 0u) {
        a = sub128(m.a, m.x);
        y = sub128(sub128(m.y, m.a), a);
    }
    if (tells_too_little(n, m.x, floor.kind >> FLOOR_SCORES_AT)
        || tells_too_little(n, y, floor.kind >> FLOOR_OVERALL_AT)) {
        return Verdict(true, true);
    }
    if (all(m.x == none) || (all(y == none) && !blurred)) {
        return Verdict(false, false);
    }
    if (blurred) {
        y = sub128(y, mul64(mul32(n, n), vec2<u32>(floor.blur, 0u)));
        if (is_negative128(y) || all(y == none)) {
            return Verdict(true, true);
        }
    }
    return Verdict(true, !is_below(a, leading(m.x), leading(y), floor));
}

// Whether X or Y is below n^2 * 4^power, power being the last 5 bits; never where that is 0. n^2 is below 2^64
// and 4^power at most 2^62.
fn tells_too_little(n: u32, moment: vec4<u32>, bits: u32) -> bool {
    let power = bits & 31u;
    if (power == 0u) {
        return false;
    }
    let bit = 1u << (2u * (power & 15u));
    let least = select(vec2<u32>(bit, 0u), vec2<u32>(0u, bit), power > 15u);
    return !at_most128(mul64(mul32(n, n), least), moment);
}

// True only where r < floor.
fn is_below(a: vec4<u32>, x: Leading, y: Leading, floor: Floor) -> bool {
    let negative = is_negative128(a);
    switch floor.mode {
        case FLOOR_ABOVE_ZERO: {
            if (negative || all(a == vec4<u32>(0u))) {
                return true;
            }
            // A^2 rounded up, floor^2 X Y rounded down.
            let m = leading(a);
            let square = mul32(m.mantissa + 1u, m.mantissa + 1u);
            let variance = shr64(mul32(x.mantissa, y.mantissa), 31u).x;
            let bound = mul32(variance, floor.mantissa);
            let d = 2 * m.exponent - (x.exponent + y.exponent + 31 + floor.exponent);
            return less64(shr64(square, shift(-d)), shr64(bound, shift(d)));
        }
        case FLOOR_AT_MOST_ZERO: {
            if (!negative) {
                return false;
            }
            // A^2 rounded down, floor^2 X Y rounded up.
            let m = leading(neg128(a));
            let square = mul32(m.mantissa, m.mantissa);
            let variance = shr64(mul32(x.mantissa + 1u, y.mantissa + 1u), 31u).x + 1u;
            let bound = mul32(variance, floor.mantissa);
            let d = 2 * m.exponent - (x.exponent + y.exponent + 31 + floor.exponent);
            return less64(shr64(bound, shift(d)), shr64(square, shift(-d)));
        }
        default: {
            return false;
        }
    }
}

// 63 shifts all that is compared here to 0, as any larger shift would.
fn shift(by: i32) -> u32 {
    return u32(clamp(by, 0, 63));
}
