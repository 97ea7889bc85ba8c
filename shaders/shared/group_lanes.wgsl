// What the lanes of a workgroup that is one subgroup tell each other, without memory.

const GROUP: u32 = LANES;

// The sum of the lanes up to and with this one. Call it from uniform control flow.
fn sum_upto(lane: u32, mine: u32) -> u32 {
    return subgroupInclusiveAdd(mine);
}

// The sum of all lanes, where `upto` is what `sum_upto` gave last. Call it from uniform control flow.
fn sum_of_all(upto: u32) -> u32 {
    return subgroupShuffle(upto, LANES - 1u);
}

// What lane 0 has. Call it from uniform control flow.
fn of_first(lane: u32, mine: u32) -> u32 {
    return subgroupShuffle(mine, 0u);
}
