// Sums over the lanes of a workgroup up to and with each: they end in `scanned`. Two barriers a
// step and log2(WORKGROUP) steps; no subgroup operation, so every adapter runs the same text.

var<workgroup> scanned: array<u32, WORKGROUP>;

// Call it from uniform control flow; what it leaves may be read until the next call.
fn scan(lane: u32, mine: u32) {
    workgroupBarrier();
    scanned[lane] = mine;
    for (var stride = 1u; stride < WORKGROUP; stride <<= 1u) {
        workgroupBarrier();
        var before = 0u;
        if (lane >= stride) {
            before = scanned[lane - stride];
        }
        workgroupBarrier();
        scanned[lane] += before;
    }
    workgroupBarrier();
}
