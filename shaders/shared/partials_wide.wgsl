// Sums of 64 bits that travel between spans of users. Needs sums_wide.wgsl and `partials`.

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
