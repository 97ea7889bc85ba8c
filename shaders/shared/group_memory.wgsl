// What the lanes of a workgroup tell each other, through its memory. Needs scan.wgsl.

const GROUP: u32 = WORKGROUP;

struct Sum {
    // The sum of the lanes up to and with this one.
    upto: u32,
    // The sum of all lanes.
    all: u32,
}

var<workgroup> told: u32;

// Sums over lanes. Call it from uniform control flow.
fn sum_upto(lane: u32, mine: u32) -> Sum {
    scan(lane, mine);
    return Sum(scanned[lane], scanned[WORKGROUP - 1u]);
}

// What lane 0 has. Call it from uniform control flow.
fn of_first(lane: u32, mine: u32) -> u32 {
    workgroupBarrier();
    if (lane == 0u) {
        told = mine;
    }
    return workgroupUniformLoad(&told);
}
