// The sets that survive a chunk. Needs the kernel's `params`, `survivors`, and `Offset`: u32 or vec4<u32>.
//
// A counter, and the offsets of params.capacity sets from the chunk's first rank. The counter runs on behind
// the capacity: the host then throws the chunk away and splits it.

struct Survivors {
    count: atomic<u32>,
    offsets: array<Offset>,
}

// Appends a set; `low` is the low word of its offset. What it adds to a tally's counts.
fn keep(offset: Offset, low: u32) -> vec4<u32> {
    let slot = atomicAdd(&survivors.count, 1u);
    if (slot < params.capacity) {
        survivors.offsets[slot] = offset;
    }
    return vec4<u32>(0u, 0u, 1u, low);
}
