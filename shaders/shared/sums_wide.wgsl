// Sums in 64 bits. Needs sums.wgsl and `partials`. Cost: 3 signed 32 x 32 -> 64 products (12
// multiplications) and 5 additions with carry a user.

alias Sums = WideSums;

fn sums_add(sums: ptr<function, Sums>, a: i32, g: i32) {
    (*sums).n += 1u;
    (*sums).sa = add64((*sums).sa, widen32(a));
    (*sums).sg = add64((*sums).sg, widen32(g));
    (*sums).saa = add64((*sums).saa, mul32_signed(a, a));
    (*sums).sgg = add64((*sums).sgg, mul32_signed(g, g));
    (*sums).sag = add64((*sums).sag, mul32_signed(a, g));
}

fn sums_widen(sums: Sums) -> WideSums {
    return sums;
}

// Sums over the users so far of set i; word by word, so that neighbours are neighbours in memory.
fn sums_load(i: u32, stride: u32) -> Sums {
    return Sums(
        partials[i],
        vec2<u32>(partials[stride + i], partials[2u * stride + i]),
        vec2<u32>(partials[3u * stride + i], partials[4u * stride + i]),
        vec2<u32>(partials[5u * stride + i], partials[6u * stride + i]),
        vec2<u32>(partials[7u * stride + i], partials[8u * stride + i]),
        vec2<u32>(partials[9u * stride + i], partials[10u * stride + i]),
    );
}

fn sums_store(i: u32, stride: u32, sums: Sums) {
    partials[i] = sums.n;
    partials[stride + i] = sums.sa.x;
    partials[2u * stride + i] = sums.sa.y;
    partials[3u * stride + i] = sums.sg.x;
    partials[4u * stride + i] = sums.sg.y;
    partials[5u * stride + i] = sums.saa.x;
    partials[6u * stride + i] = sums.saa.y;
    partials[7u * stride + i] = sums.sgg.x;
    partials[8u * stride + i] = sums.sgg.y;
    partials[9u * stride + i] = sums.sag.x;
    partials[10u * stride + i] = sums.sag.y;
}
