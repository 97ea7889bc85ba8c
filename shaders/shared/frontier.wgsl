// Room in the frontier `next`, for the kernels that write one. Needs prefixes.wgsl and the kernel's
// `claimed`, `next` and group_memory.wgsl.

const NOWHERE: u32 = 0xffffffffu;

// Takes room for `size` more, for one lane, where `taken` says how much is taken of `room`. Once a frontier
// is full nobody adds to its count, so the count stays below room + workgroups * the largest size, which is
// below 2^32 (plan.rs).
fn take(taken: u32, size: u32, room: u32) -> u32 {
    if (atomicLoad(&claimed[taken]) <= room) {
        let at = atomicAdd(&claimed[taken], size);
        if (at <= room && size <= room - at) {
            return at;
        }
    }
    atomicStore(&claimed[FULL], 1u);
    return NOWHERE;
}

// Takes room for all lanes together; call it from uniform control flow. The prefix and the first user of a
// lane that `keeps` a prefix of `users` users at `level`; NOWHERE where there is no room for all of them.
fn take_prefix(lane: u32, level: u32, keeps: bool, users: u32) -> vec2<u32> {
    let prefixes = sum_upto(lane, u32(keeps));
    let all_prefixes = sum_of_all(prefixes);
    if (all_prefixes == 0u) {
        return vec2<u32>(NOWHERE);
    }
    let taken = select(0u, users, keeps);
    let sum = sum_upto(lane, taken);
    let all_taken = sum_of_all(sum);
    var prefix = NOWHERE;
    var user = NOWHERE;
    if (lane == 0u) {
        prefix = take(prefixes_of(level), all_prefixes, params.users_at / 2u);
        user = take(users_of(level), all_taken, params.room);
    }
    prefix = of_first(lane, prefix);
    user = of_first(lane, user);
    if (!keeps || prefix == NOWHERE || user == NOWHERE) {
        return vec2<u32>(NOWHERE);
    }
    return vec2<u32>(prefix + prefixes - 1u, user + sum - taken);
}

fn write_prefix(i: u32, prefix: Prefix) {
    next[2u * i] = vec4<u32>(prefix.users, prefix.at, prefix.last, u32(prefix.whole));
    next[2u * i + 1u] = prefix.left;
}
