// 64-bit integers as vec2<u32>(low, high), two's complement; sums and differences modulo 2^64: as
// u64_pairs.wgsl has them, from the adapter's own (SHADER_INT64).

fn join64(a: vec2<u32>) -> u64 {
    return (u64(a.y) << 32u) | u64(a.x);
}

fn split64(a: u64) -> vec2<u32> {
    return vec2<u32>(u32(a), u32(a >> 32u));
}

fn add64(a: vec2<u32>, b: vec2<u32>) -> vec2<u32> {
    return split64(join64(a) + join64(b));
}

fn neg64(a: vec2<u32>) -> vec2<u32> {
    return split64(~join64(a) + 1lu);
}

// Unsigned a < b.
fn less64(a: vec2<u32>, b: vec2<u32>) -> bool {
    return join64(a) < join64(b);
}

// Unsigned a >> by, for by of 0 to 63.
fn shr64(a: vec2<u32>, by: u32) -> vec2<u32> {
    return split64(join64(a) >> by);
}

fn widen32(a: i32) -> vec2<u32> {
    return vec2<u32>(bitcast<u32>(a), bitcast<u32>(a >> 31u));
}

// The whole unsigned product.
fn mul32(a: u32, b: u32) -> vec2<u32> {
    return split64(u64(a) * u64(b));
}

// The whole signed product, from factors with their signs repeated.
fn mul32_signed(a: i32, b: i32) -> vec2<u32> {
    return split64(join64(widen32(a)) * join64(widen32(b)));
}

// a times b modulo 2^64.
fn mul_low(a: vec2<u32>, b: vec2<u32>) -> vec2<u32> {
    return split64(join64(a) * join64(b));
}
