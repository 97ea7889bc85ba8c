// 128-bit integers as vec4<u32>, lowest word first, two's complement. Needs u64_*.wgsl.

// a - b modulo 2^128.
fn sub128(a: vec4<u32>, b: vec4<u32>) -> vec4<u32> {
    let d = a - b;
    let under = select(vec4<u32>(0u), vec4<u32>(1u), a < b);
    let y = d.y - under.x;
    let borrow_y = under.y | select(0u, 1u, d.y < under.x);
    let z = d.z - borrow_y;
    let borrow_z = under.z | select(0u, 1u, d.z < borrow_y);
    return vec4<u32>(d.x, y, z, d.w - borrow_z);
}

fn neg128(a: vec4<u32>) -> vec4<u32> {
    return sub128(vec4<u32>(0u), a);
}

// Unsigned a <= b.
fn at_most128(a: vec4<u32>, b: vec4<u32>) -> bool {
    if (a.w != b.w) { return a.w < b.w; }
    if (a.z != b.z) { return a.z < b.z; }
    if (a.y != b.y) { return a.y < b.y; }
    return a.x <= b.x;
}

fn is_negative128(a: vec4<u32>) -> bool {
    return (a.w >> 31u) == 1u;
}

// The whole unsigned product.
fn mul64(a: vec2<u32>, b: vec2<u32>) -> vec4<u32> {
    let p = mul32(a.x, b.x);
    let q = mul32(a.x, b.y);
    let r = mul32(a.y, b.x);
    let s = mul32(a.y, b.y);
    let middle = add64(add64(vec2<u32>(p.y, 0u), vec2<u32>(q.x, 0u)), vec2<u32>(r.x, 0u));
    let carried = add64(add64(vec2<u32>(q.y, 0u), vec2<u32>(r.y, 0u)), vec2<u32>(middle.y, 0u));
    let high = add64(s, carried);
    return vec4<u32>(p.x, middle.x, high.x, high.y);
}

// The whole signed product.
fn mul64_signed(a: vec2<u32>, b: vec2<u32>) -> vec4<u32> {
    let a_negative = (a.y >> 31u) == 1u;
    let b_negative = (b.y >> 31u) == 1u;
    let p = mul64(select(a, neg64(a), a_negative), select(b, neg64(b), b_negative));
    return select(p, neg128(p), a_negative != b_negative);
}

// The leading 31 bits of a positive integer: mantissa * 2^exponent <= value
// < (mantissa + 1) * 2^exponent, with 2^30 <= mantissa < 2^31.
struct Leading {
    mantissa: u32,
    exponent: i32,
}

fn leading(value: vec4<u32>) -> Leading {
    var v = value;
    var exponent = 97;
    for (var i = 0; i < 3; i += 1) {
        if (v.w == 0u) {
            v = vec4<u32>(0u, v.x, v.y, v.z);
            exponent -= 32;
        }
    }
    let zeros = countLeadingZeros(v.w);
    var top = v.w;
    if (zeros != 0u) {
        // zeros is 32 only for value 0, which has no leading bit and is not asked for.
        top = (v.w << (zeros & 31u)) | (v.z >> ((32u - zeros) & 31u));
    }
    return Leading(top >> 1u, exponent - i32(zeros));
}
