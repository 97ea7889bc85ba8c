// score: one workgroup a stem (and every params.workgroups-th after it), over the dense table that
// expand.wgsl left of it. For each word of 32 questions and 64 further questions l at a time, a lane
// has the leaves m of (stem, l) in that word as bits: those of the chunk, less those that the sweep
// proves to lie below the floor. What is left is dealt out over the lanes leaf by leaf, so that none
// waits for another's, and each is summed over the users of the dense columns, judged, and appended
// where it survives.
//
// Buffers, beside those of expand.wgsl.
//   survivors  as in flat.wgsl
//   records    params.workgroups records
// Workgroup memory: 64 bytes a lane of tallies, 12 of masks and sums, and 16 a user of the tile
// where there is a sweep.
// The audit is the sweep's where a stem is swept, and that of the leaves' own sums elsewhere.
// Cost: see sweep.wgsl; a leaf that is summed takes 6 operations a block, about 30 a user in common,
// 60 to be dealt out and 280 to be judged. Benchmark, K = 5: n = 480, so 15 blocks, 96 users a
// prefix, 19 a leaf, 23 leaves a word. At a floor of 0.985, as the search has for nearly all of its
// sets, the sweep looks at 58 of the 96 users one by one, 125 operations each: 315 a leaf; with its
// blocks and its audit about 350. 1 leaf in 6 is summed, 1,000 each: 165. With the 35 of expand.wgsl
// that is about 550, against about 440 by the design's estimate. To sum every leaf would take 1,060.

struct Survivors {
    count: atomic<u32>,
    offsets: array<u32>,
}

@group(0) @binding(0) var<storage, read> params: Params;
@group(0) @binding(1) var<storage, read> stems: array<vec4<u32>>;
@group(0) @binding(2) var<storage, read> scratch: array<u32>;
@group(0) @binding(3) var<storage, read_write> survivors: Survivors;
@group(0) @binding(4) var<storage, read_write> records: array<Record>;
// Bound only where there is a sweep.
@group(0) @binding(5) var<storage, read> rows: array<u32>;

// A stem and where its parts are in scratch.
struct Stem {
    users: u32,
    blocks: u32,
    // Its last question.
    last: u32,
    // Questions behind it.
    columns: u32,
    offset: u32,
    at: u32,
    answered: u32,
    scores: u32,
}

// Leaves of each lane: all of them for the audit, and then those that are left.
var<workgroup> alive: array<u32, WORKGROUP>;

fn stem_of(entry: vec4<u32>) -> Stem {
    let blocks = blocks_of(entry.x);
    let columns = params.questions - 1u - entry.z;
    let answered = entry.y + 96u * blocks;
    return Stem(
        entry.x,
        blocks,
        entry.z,
        columns,
        entry.w,
        entry.y,
        answered,
        answered + blocks * columns,
    );
}

fn stem_score(stem: Stem, i: u32) -> i32 {
    return bitcast<i32>(scratch[stem.at + 32u * stem.blocks + i]);
}

fn total(stem: Stem, i: u32) -> i32 {
    return bitcast<i32>(scratch[stem.at + 64u * stem.blocks + i]);
}

fn score(stem: Stem, column: u32, block: u32, bit: u32) -> i32 {
    let at = bit * SCORE_BITS;
    let row = stem.scores + (block * SCORE_BITS + (at >> 5u)) * stem.columns;
    return extractBits(bitcast<i32>(scratch[row + column]), at & 31u, SCORE_BITS);
}

// The offset of the first leaf of (stem, l): l - last - 1 earlier questions have Q - 1 - l' each.
fn leaf_offset(stem: Stem, l: u32) -> u32 {
    let skipped = (l - stem.last - 1u) * (params.questions - 1u);
    return stem.offset + skipped - (l * (l - 1u) / 2u - stem.last * (stem.last + 1u) / 2u);
}

// The leaves of (stem, l) in this word of questions that are in the chunk.
fn valid_leaves(stem: Stem, l: u32, word: u32) -> u32 {
    // Of the chunk's first set, as a question; all below 2^31 (plan.rs).
    let start = i32(l + 1u) - bitcast<i32>(leaf_offset(stem, l));
    let base = i32(32u * word);
    let low = clamp(max(start, i32(l + 1u)) - base, 0, 32);
    let high = clamp(min(start + i32(params.sets), i32(params.questions)) - base, 0, 32);
    if (high <= low) {
        return 0u;
    }
    return (0xffffffffu >> u32(32 - (high - low))) << u32(low);
}

// Of one user on both questions. Scores of one bit are `held`: a word has a whole block's.
fn pair_score(stem: Stem, l: u32, m: u32, block: u32, bit: u32, held: vec2<u32>) -> i32 {
    if (SCORE_BITS == 1u) {
        return -i32(extractBits(held.x, bit, 1u) + extractBits(held.y, bit, 1u));
    }
    return score(stem, l, block, bit) + score(stem, m, block, bit);
}

fn leaf_sums(stem: Stem, l: u32, m: u32, swept: bool) -> Sums {
    var sums = Sums();
    // Four blocks at a time, so that lanes wait less for each other.
    for (var front = 0u; front < stem.blocks; front += 4u) {
        var users = vec4<u32>(0u);
        var held_l = vec4<u32>(0u);
        var held_m = vec4<u32>(0u);
        for (var i = 0u; i < 4u; i += 1u) {
            if (front + i < stem.blocks) {
                let row = stem.answered + (front + i) * stem.columns;
                users[i] = scratch[row + l] & scratch[row + m];
                let scores = stem.scores + (front + i) * SCORE_BITS * stem.columns;
                held_l[i] = scratch[scores + l];
                held_m[i] = scratch[scores + m];
            }
        }
        while (any(users != vec4<u32>(0u))) {
            var i = select(3u, 2u, users.z != 0u);
            i = select(i, 1u, users.y != 0u);
            i = select(i, 0u, users.x != 0u);
            let word = users[i];
            users[i] = word & (word - 1u);
            let bit = firstTrailingBit(word);
            let user = stem_user(stem, (front + i) * 32u + bit, swept);
            let held = vec2<u32>(held_l[i], held_m[i]);
            let a = user.x + pair_score(stem, l, m, front + i, bit, held);
            sums_add(&sums, a, user.y);
        }
    }
    return sums;
}

// The first lane whose leaves end behind leaf `number` of all.
fn lane_of(number: u32) -> u32 {
    var low = 0u;
    for (var step = WORKGROUP / 2u; step > 0u; step >>= 1u) {
        if (scanned[low + step - 1u] <= number) {
            low += step;
        }
    }
    return low;
}

// The place of the set bit that has `number` others below it.
fn nth_bit(bits: u32, number: u32) -> u32 {
    var left = number;
    var place = 0u;
    for (var half = 16u; half > 0u; half >>= 1u) {
        let below = countOneBits(extractBits(bits, place, half));
        if (left >= below) {
            left -= below;
            place += half;
        }
    }
    return place;
}

fn add_leaf(
    stem: Stem,
    l: u32,
    m: u32,
    swept: bool,
    tally: ptr<function, Tally>,
) {
    let sums = leaf_sums(stem, l - stem.last - 1u, m - stem.last - 1u, swept);
    let verdict = sums_judge(sums, params.min_users, params.floor);
    if (!swept) {
        (*tally).counts += vec4<u32>(1u, u32(verdict.defined), 0u, 0u);
        tally_add(tally, sums_widen(sums));
    }
    if (verdict.kept) {
        let offset = leaf_offset(stem, l) + m - l - 1u;
        (*tally).counts += vec4<u32>(0u, 0u, 1u, offset);
        let slot = atomicAdd(&survivors.count, 1u);
        if (slot < params.capacity) {
            survivors.offsets[slot] = offset;
        }
    }
}

@compute @workgroup_size(WORKGROUP)
fn main(
    @builtin(workgroup_id) id: vec3<u32>,
    @builtin(num_workgroups) grid: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let workgroup = id.y * grid.x + id.x;
    var tally = Tally();
    for (var i = workgroup; i < params.stems; i += params.workgroups) {
        let stem = stem_of(stems[i]);
        let end = select((params.questions + 31u) >> 5u, 0u, stem.at == NOWHERE);
        for (var word = (stem.last + 2u) >> 5u; word < end; word += 1u) {
            // Nobody is still in the tile of the word before.
            workgroupBarrier();
            let swept = load_tile(stem, word, lane);
            workgroupBarrier();
            // l goes up to the last but one question of this word, and of all.
            let beyond = min(params.questions - 1u, 32u * word + 31u);
            for (var first = stem.last + 1u; first < beyond; first += WORKGROUP) {
                var mine = 0u;
                let l = first + lane;
                if (l < beyond) {
                    mine = valid_leaves(stem, l, word);
                }
                if (swept) {
                    audit(stem, word, first, beyond, lane, mine, &tally);
                    if (mine != 0u) {
                        mine = sweep(stem, l - stem.last - 1u, word, mine, &tally);
                    }
                }
                let few = countOneBits(mine);
                scan(lane, few);
                alive[lane] = mine;
                workgroupBarrier();
                for (var number = lane; number < scanned[WORKGROUP - 1u]; number += WORKGROUP) {
                    let owner = lane_of(number);
                    let leaves = alive[owner];
                    let before = scanned[owner] - countOneBits(leaves);
                    let m = 32u * word + nth_bit(leaves, number - before);
                    add_leaf(stem, first + owner, m, swept, &tally);
                }
            }
        }
    }
    workgroupBarrier();
    report(lane, workgroup, tally);
}
