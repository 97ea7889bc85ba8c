// The tallies of a workgroup's lanes as one record, through its memory. Needs tally.wgsl, loops.wgsl, and
// the kernel's `params` and `records`.

// 64 bytes a lane. Each lane writes its own before the first barrier, so it needs no zeroing.
var<workgroup> tallies: array<Tally, WORKGROUP>;

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
