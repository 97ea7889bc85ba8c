// 64-bit integers as vec2<u32>(low, high), two's complement; sums and differences modulo 2^64.
// For adapters without SHADER_INT64; u64_native.wgsl has the same for those with it.

fn add64(a: vec2<u32>, b: vec2<u32>) -> vec2<u32> {
    let low = a.x + b.x;
    return vec2<u32>(low, a.y + b.y + select(0u, 1u, low < a.x));
}

fn neg64(a: vec2<u32>) -> vec2<u32> {
    return add64(~a, vec2<u32>(1u, 0u));
}

// Unsigned a < b.
fn less64(a: vec2<u32>, b: vec2<u32>) -> bool {
    return a.y < b.y || (a.y == b.y && a.x < b.x);
}

// Unsigned a >> by, for by of 0 to 63. A u32 shift must stay below 32.
fn shr64(a: vec2<u32>, by: u32) -> vec2<u32> {
    if (by >= 32u) {
        return vec2<u32>(a.y >> (by - 32u), 0u);
    }
    if (by == 0u) {
        return a;
    }
    return vec2<u32>((a.x >> by) | (a.y << (32u - by)), a.y >> by);
}

fn widen32(a: i32) -> vec2<u32> {
    return vec2<u32>(bitcast<u32>(a), bitcast<u32>(a >> 31u));
}

// The whole unsigned product, from 16-bit halves: WGSL has no high word of a product.
fn mul32(a: u32, b: u32) -> vec2<u32> {
    let a0 = a & 0xffffu;
    let a1 = a >> 16u;
    let b0 = b & 0xffffu;
    let b1 = b >> 16u;
    let p00 = a0 * b0;
    let p01 = a0 * b1;
    let p10 = a1 * b0;
    let p11 = a1 * b1;
    // Below 3 * 2^16.
    let middle = (p00 >> 16u) + (p01 & 0xffffu) + (p10 & 0xffffu);
    return vec2<u32>(
        (p00 & 0xffffu) | (middle << 16u),
        p11 + (p01 >> 16u) + (p10 >> 16u) + (middle >> 16u),
    );
}

// The whole signed product: a negative factor reads as itself plus 2^32, which adds the other
// factor to the high word.
fn mul32_signed(a: i32, b: i32) -> vec2<u32> {
    let p = mul32(bitcast<u32>(a), bitcast<u32>(b));
    let excess = select(0u, bitcast<u32>(b), a < 0) + select(0u, bitcast<u32>(a), b < 0);
    return vec2<u32>(p.x, p.y - excess);
}

// a times b modulo 2^64.
fn mul_low(a: vec2<u32>, b: vec2<u32>) -> vec2<u32> {
    let low = mul32(a.x, b.x);
    return vec2<u32>(low.x, low.y + a.x * b.y + a.y * b.x);
}
