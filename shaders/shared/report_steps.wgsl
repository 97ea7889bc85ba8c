// One record a workgroup over all dispatches of a chunk, the steps: each adds to what the step before it
// left. Needs report.wgsl, and the kernel's `params`, `records` and `claimed`.
//
// Serials of a chunk's steps follow each other. A workgroup that did not run in some step breaks the chain:
// its record then keeps an older serial, and the host sees it.

struct Seen {
    // Of sets that were summed one by one; in its sums, what is known in closed form too.
    tally: Tally,
    // Sets that were counted in closed form, modulo 2^64.
    sets: vec2<u32>,
}

var<workgroup> closed: array<vec2<u32>, WORKGROUP>;

// Of a workgroup without work: no lane has seen anything.
fn report_nothing(lane: u32, workgroup: u32) {
    if (workgroup < params.workgroups && lane == 0u) {
        if (params.first_step == 1u) {
            records[workgroup].tally = Tally();
            records[workgroup].closed = vec2<u32>(0u);
            records[workgroup].serial = params.serial;
        } else if (records[workgroup].serial == params.serial - 1u) {
            records[workgroup].serial = params.serial;
        }
    }
}

// Call it from uniform control flow.
fn report_step(lane: u32, workgroup: u32, seen: Seen) {
    closed[lane] = seen.sets;
    reduce_tallies(lane, seen.tally);
    if (workgroup < params.workgroups) {
        if (lane == 0u) {
            var sets = vec2<u32>(0u);
            for (var i = 0u; i < WORKGROUP; i += 1u) {
                sets = add64(sets, closed[i]);
            }
            if (params.first_step == 1u) {
                records[workgroup].tally = tallies[0];
                records[workgroup].closed = sets;
                records[workgroup].serial = params.serial;
            } else if (records[workgroup].serial == params.serial - 1u) {
                records[workgroup].tally.counts += tallies[0].counts;
                for (var i = 0u; i < 6u; i += 1u) {
                    let before = records[workgroup].tally.sums[i];
                    records[workgroup].tally.sums[i] = add64(before, tallies[0].sums[i]);
                }
                records[workgroup].closed = add64(records[workgroup].closed, sets);
                records[workgroup].serial = params.serial;
            }
        }
        if (loops_were_cut(params.serial)) {
            atomicStore(&claimed[CUT], 1u);
        }
    }
}
