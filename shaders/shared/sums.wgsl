// The six sums of a set over its users, in the widest form. Needs u64_*.wgsl.
// The host has shown that every one of them stays within 63 bits and a sign (pack.rs).

struct WideSums {
    n: u32,
    sa: vec2<u32>,
    sg: vec2<u32>,
    saa: vec2<u32>,
    sgg: vec2<u32>,
    sag: vec2<u32>,
}
