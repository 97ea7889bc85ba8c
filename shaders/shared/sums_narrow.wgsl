// Sums in 32 bits, for tables where the host has shown that each stays within 31 bits and a sign.
// Needs sums.wgsl and `partials`. Cost: 3 multiplications and 6 additions a user.

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

// Sums over the users so far of set i; word by word, so that neighbours are neighbours in memory.
fn sums_load(i: u32, stride: u32) -> Sums {
    return Sums(
        partials[i],
        bitcast<i32>(partials[stride + i]),
        bitcast<i32>(partials[2u * stride + i]),
        bitcast<i32>(partials[3u * stride + i]),
        bitcast<i32>(partials[4u * stride + i]),
        bitcast<i32>(partials[5u * stride + i]),
    );
}

fn sums_store(i: u32, stride: u32, sums: Sums) {
    partials[i] = sums.n;
    partials[stride + i] = bitcast<u32>(sums.sa);
    partials[2u * stride + i] = bitcast<u32>(sums.sg);
    partials[3u * stride + i] = bitcast<u32>(sums.saa);
    partials[4u * stride + i] = bitcast<u32>(sums.sgg);
    partials[5u * stride + i] = bitcast<u32>(sums.sag);
}
