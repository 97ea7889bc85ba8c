// Sums in 32 bits, for tables where the host has shown that each stays within 31 bits and a sign.
// Needs sums.wgsl. Cost: 3 multiplications and 6 additions a user.

struct Sums {
    n: u32,
    sa: i32,
    sg: i32,
    saa: i32,
    sgg: i32,
    sag: i32,
}

fn sums_add(sums: ptr<function, Sums>, a: i32, g: i32) {
    (*sums).n += 1u;
    (*sums).sa += a;
    (*sums).sg += g;
    (*sums).saa += a * a;
    (*sums).sgg += g * g;
    (*sums).sag += a * g;
}

fn sums_widen(sums: Sums) -> WideSums {
    return WideSums(
        sums.n,
        widen32(sums.sa),
        widen32(sums.sg),
        widen32(sums.saa),
        widen32(sums.sgg),
        widen32(sums.sag),
    );
}
