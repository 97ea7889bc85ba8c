// What a workgroup saw, added up over its lanes: the audit. Needs u64_*.wgsl and sums.wgsl.
//
// One record a workgroup. `serial` is the dispatch's number: a workgroup that did not run leaves an
// older one, so a buffer of zeros or of the last chunk is never taken for an answer.

struct Tally {
    // Sets, defined sets, survivors, and the sum of the survivors' offsets modulo 2^32.
    counts: vec4<u32>,
    // n, Sa, Sg, Saa, Sgg, Sag over all sets, modulo 2^64.
    sums: array<vec2<u32>, 6>,
}

struct Record {
    tally: Tally,
    serial: u32,
    // `serial` where a loop was cut short (loops.wgsl): nothing else of the record counts then.
    cut: atomic<u32>,
    // Sets besides, counted in closed form: modulo 2^64. Only the levels pipeline has any.
    closed: vec2<u32>,
}

fn tally_of(counts: vec4<u32>, s: WideSums) -> Tally {
    return Tally(
        counts,
        array<vec2<u32>, 6>(vec2<u32>(s.n, 0u), s.sa, s.sg, s.saa, s.sgg, s.sag),
    );
}

// Adds a set's sums, or those of several.
fn tally_add(tally: ptr<function, Tally>, s: WideSums) {
    let more = tally_of(vec4<u32>(0u), s);
    for (var i = 0u; i < 6u; i += 1u) {
        (*tally).sums[i] = add64((*tally).sums[i], more.sums[i]);
    }
}
