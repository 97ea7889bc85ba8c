// The tallies of a workgroup's lanes as one record, through its memory. Needs tally.wgsl, loops.wgsl, and
// the kernel's `params` and `records`.

// 64 bytes for every other lane: the upper half of the lanes leaves its own, which the lower half adds to its
// own, before the first is read. So it needs no zeroing.
var<workgroup> tallies: array<Tally, WORKGROUP / 2u>;

fn tallies_sum(one: Tally, other: Tally) -> Tally {
    var sum = one;
    sum.counts += other.counts;
    for (var i = 0u; i < 6u; i += 1u) {
        sum.sums[i] = add64(one.sums[i], other.sums[i]);
    }
    return sum;
}

// The sum over all lanes ends in tallies[0]; call it from uniform control flow. log2(WORKGROUP) + 1
// barriers, and then only lane 0 may read.
fn reduce_tallies(lane: u32, mine: Tally) {
    if (lane >= WORKGROUP / 2u) {
        tallies[lane - WORKGROUP / 2u] = mine;
    }
    workgroupBarrier();
    if (lane < WORKGROUP / 2u) {
        tallies[lane] = tallies_sum(mine, tallies[lane]);
    }
    for (var stride = WORKGROUP / 4u; stride > 0u; stride >>= 1u) {
        workgroupBarrier();
        if (lane < stride) {
            tallies[lane] = tallies_sum(tallies[lane], tallies[lane + stride]);
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
