// What the lanes of a workgroup tell each other, through its memory. Needs scan.wgsl.

const GROUP: u32 = WORKGROUP;

var<workgroup> told: u32;

// The sum of the lanes up to and with this one. Call it from uniform control flow.
fn sum_upto(lane: u32, mine: u32) -> u32 {
    scan(lane, mine);
    return scanned[lane];
}

// The sum of all lanes, where `upto` is what `sum_upto` gave last. A value that is known to be the same for all
// lanes, so barriers may depend on it. Call it from uniform control flow.
fn sum_of_all(upto: u32) -> u32 {
    return workgroupUniformLoad(&scanned[WORKGROUP - 1u]);
}

// What lane 0 has. Call it from uniform control flow.
fn of_first(lane: u32, mine: u32) -> u32 {
    workgroupBarrier();
    if (lane == 0u) {
        told = mine;
    }
    return workgroupUniformLoad(&told);
}
