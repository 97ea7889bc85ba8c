// Two records a workgroup over all dispatches of a chunk. In the first one each dispatch but the last adds
// what it excluded to what the one before it left; in the second, params.workgroups behind it, the last one
// leaves what it visited. Needs report.wgsl, and the kernel's `params`, `records`, `claimed` and `VISITS`:
// whether it is the last.
//
// Serials of a chunk's dispatches follow each other. A workgroup that did not run in some dispatch breaks the
// chain: its record then keeps an older serial, and the host sees it.

struct Seen {
    // In the last dispatch the sets that were summed; in others sums that are known in closed form.
    tally: Tally,
    // Sets that were counted in closed form, modulo 2^64.
    sets: vec2<u32>,
}

var<workgroup> closed: array<vec2<u32>, WORKGROUP>;

// Whether this dispatch starts the record rather than adding to it.
fn starts_record() -> bool {
    return VISITS || params.first_dispatch == 1u;
}

fn record_of(workgroup: u32) -> u32 {
    return select(workgroup, params.workgroups + workgroup, VISITS);
}

// The report of a workgroup without work: no lane has seen anything.
fn report_nothing(lane: u32, workgroup: u32) {
    if (workgroup < params.workgroups && lane == 0u) {
        let at = record_of(workgroup);
        if (starts_record()) {
            records[at].tally = Tally();
            records[at].closed = vec2<u32>(0u);
            records[at].serial = params.serial;
        } else if (records[at].serial == params.serial - 1u) {
            records[at].serial = params.serial;
        }
    }
}

// Adds up what the lanes have seen. Call it from uniform control flow.
fn report_level(lane: u32, workgroup: u32, seen: Seen) {
    closed[lane] = seen.sets;
    reduce_tallies(lane, seen.tally);
    if (workgroup < params.workgroups) {
        if (lane == 0u) {
            let at = record_of(workgroup);
            var sets = vec2<u32>(0u);
            for (var i = 0u; i < WORKGROUP; i += 1u) {
                sets = add64(sets, closed[i]);
            }
            if (starts_record()) {
                records[at].tally = tallies[0];
                records[at].closed = sets;
                records[at].serial = params.serial;
            } else if (records[at].serial == params.serial - 1u) {
                for (var i = 0u; i < 6u; i += 1u) {
                    let before = records[at].tally.sums[i];
                    records[at].tally.sums[i] = add64(before, tallies[0].sums[i]);
                }
                records[at].closed = add64(records[at].closed, sets);
                records[at].serial = params.serial;
            }
        }
        if (loops_were_cut(params.serial)) {
            atomicStore(&claimed[CUT], 1u);
        }
    }
}
