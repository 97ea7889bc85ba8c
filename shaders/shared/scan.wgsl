// Sums over the lanes of a workgroup up to and with each: they end in `scanned`. In two levels, of
// SIDE lanes and of WORKGROUP / SIDE groups of them: four barriers and at most 3 SIDE reads a lane.
// No subgroup operation, so every adapter runs the same text.

const SIDE: u32 = 8u;

var<workgroup> scanned: array<u32, WORKGROUP>;
var<workgroup> of_lane: array<u32, WORKGROUP>;
var<workgroup> of_group: array<u32, WORKGROUP / SIDE>;

// Sums over lanes; call it from uniform control flow. What it leaves may be read until the next call.
fn scan(lane: u32, mine: u32) {
    workgroupBarrier();
    of_lane[lane] = mine;
    workgroupBarrier();
    if (lane < WORKGROUP / SIDE) {
        var sum = 0u;
        for (var i = 0u; i < SIDE; i += 1u) {
            sum += of_lane[lane * SIDE + i];
        }
        of_group[lane] = sum;
    }
    workgroupBarrier();
    let group = lane / SIDE;
    var sum = 0u;
    for (var i = 0u; i < WORKGROUP / SIDE; i += 1u) {
        sum += select(0u, of_group[i], i < group);
    }
    for (var i = 0u; i < SIDE; i += 1u) {
        sum += select(0u, of_lane[group * SIDE + i], i <= lane % SIDE);
    }
    scanned[lane] = sum;
    workgroupBarrier();
}
