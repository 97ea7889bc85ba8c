// What a level left, for the kernels that read it. Needs prefixes.wgsl, group_memory.wgsl and the kernel's
// `frontier` and `claimed`.

// How many prefixes there are; none where a frontier was too small, as nothing of the chunk then counts.
// Call it from uniform control flow.
fn frontier_prefixes(lane: u32) -> u32 {
    var prefixes = 0u;
    if (lane == 0u && atomicLoad(&claimed[FULL]) == 0u) {
        prefixes = atomicLoad(&claimed[prefixes_of(params.level)]);
    }
    return of_first(lane, prefixes);
}

fn prefix_of(i: u32) -> Prefix {
    let entry = frontier[2u * i];
    return Prefix(entry.x, params.users_at + entry.y, entry.z, entry.w == 1u, frontier[2u * i + 1u]);
}
