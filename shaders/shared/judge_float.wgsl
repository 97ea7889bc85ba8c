// A first judgement of a set in floats, which only ever discards. Needs sums_narrow.wgsl and u64_*.wgsl; the
// bound is stated and tested in src/engine/gpu/projected/bar.rs.
//
// A, X and Y are exact in 64 bits and no less than 0 where it matters. Each takes three roundings of at most 2^-23
// as a float, and with those of the products A^2 and params.bar X Y are off by less than 2^-19 together; the bar
// lies 2^-16 below the square of the floor.
// Cost: 6 products of 32 bits and about 40 operations; the exact judgement takes 280.

const TWO_TO_32: f32 = 4294967296.0;

fn float64(a: vec2<u32>) -> f32 {
    return f32(a.y) * TWO_TO_32 + f32(a.x);
}

fn moment(n: i32, product: i32, one: i32, other: i32) -> vec2<u32> {
    return add64(mul32_signed(n, product), neg64(mul32_signed(one, other)));
}

// True only where the set is below the floor, or has too few users.
fn surely_below(s: Sums) -> bool {
    if (s.n < params.min_users) {
        return true;
    }
    if (params.bar == 0.0) {
        return false;
    }
    let n = i32(s.n);
    let a = moment(n, s.sag, s.sa, s.sg);
    if ((a.y >> 31u) != 0u) {
        return true;
    }
    let root = float64(a);
    let x = float64(moment(n, s.saa, s.sa, s.sa));
    let y = float64(moment(n, s.sgg, s.sg, s.sg));
    return root * root < params.bar * x * y;
}
