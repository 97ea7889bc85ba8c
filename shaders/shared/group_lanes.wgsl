// What the lanes of a workgroup that is one subgroup tell each other, without memory.

const GROUP: u32 = LANES;

struct Sum {
    // The sum of the lanes up to and with this one.
    upto: u32,
    // The sum of all lanes.
    all: u32,
}

// Sums over lanes. Call it from uniform control flow.
fn sum_upto(lane: u32, mine: u32) -> Sum {
    let upto = subgroupInclusiveAdd(mine);
    return Sum(upto, subgroupShuffle(upto, LANES - 1u));
}

// What lane 0 has. Call it from uniform control flow.
fn of_first(lane: u32, mine: u32) -> u32 {
    return subgroupShuffle(mine, 0u);
}
