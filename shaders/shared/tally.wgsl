// What a workgroup saw, added up over its lanes: the audit. Needs u64.wgsl, sums.wgsl, loops.wgsl,
// and the kernel's `params` and `records`.
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
}

// 64 bytes a lane. Each lane writes its own before the first barrier, so it needs no zeroing.
var<workgroup> tallies: array<Tally, WORKGROUP>;

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

// The sum over all lanes ends in tallies[0]; call it from uniform control flow. log2(WORKGROUP)
// barriers, and then only lane 0 may read.
fn reduce_tallies(lane: u32, mine: Tally) {
    tallies[lane] = mine;
    for (var stride = WORKGROUP / 2u; stride > 0u; stride >>= 1u) {
        workgroupBarrier();
        if (lane < stride) {
            tallies[lane].counts += tallies[lane + stride].counts;
            for (var i = 0u; i < 6u; i += 1u) {
                tallies[lane].sums[i] = add64(tallies[lane].sums[i], tallies[lane + stride].sums[i]);
            }
        }
    }
}

// Leaves the workgroup's record, of all lanes' tallies. Call it from uniform control flow.
// A lane that was cut may come here past barriers that others still wait at: so it says so in a place
// that nobody else writes.
fn report(lane: u32, workgroup: u32, mine: Tally) {
    reduce_tallies(lane, mine);
    if (workgroup < params.workgroups) {
        if (lane == 0u) {
            records[workgroup].tally = tallies[0];
            records[workgroup].serial = params.serial;
        }
        if (loops_were_cut(params.serial)) {
            atomicStore(&records[workgroup].cut, params.serial);
        }
    }
}
