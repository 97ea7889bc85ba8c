// Sums of 32 bits that travel between spans of users. Needs sums_narrow.wgsl and `partials`.

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
