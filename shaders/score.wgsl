// score: one workgroup a stem (and every params.workgroups-th after it), over the dense table that
// expand.wgsl left of it. For each word of 32 questions and 64 further questions l at a time, a lane
// has the leaves m of (stem, l) in that word as bits: those of the chunk, less those that the sweep
// proves to lie below the floor. What is left is dealt out over the lanes leaf by leaf, so that none
// waits for another's, and each is summed over the users of the dense columns, judged, and appended
// where it survives.
//
// Buffers, beside those of expand.wgsl.
//   survivors  see survivors.wgsl
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

@group(0) @binding(0) var<storage, read> params: Params;
@group(0) @binding(1) var<storage, read> stems: array<vec4<u32>>;
@group(0) @binding(2) var<storage, read> scratch: array<vec4<u32>>;
@group(0) @binding(3) var<storage, read_write> survivors: Survivors;
@group(0) @binding(4) var<storage, read_write> records: array<Record>;
// Bound only where there is a sweep.
@group(0) @binding(5) var<storage, read> rows: array<vec2<u32>>;

// Leaves of each lane: all of them for the audit, and then those that are left.
var<workgroup> alive: array<u32, WORKGROUP>;

fn score(stem: Stem, column: u32, quad: u32, block: u32, bit: u32) -> i32 {
    let at = bit * SCORE_BITS;
    let row = stem.scores + (quad * SCORE_BITS + (at >> 5u)) * stem.columns;
    return extractBits(bitcast<i32>(scratch[row + column][block]), at & 31u, SCORE_BITS);
}

// The leaves of (stem, l) in this word of questions that are in the chunk.
fn valid_leaves(stem: Stem, l: u32, word: u32) -> u32 {
    let leaves = clamp(leaves_of(stem, l), vec2<u32>(32u * word), vec2<u32>(32u * word + 32u));
    if (leaves.y <= leaves.x) {
        return 0u;
    }
    return (0xffffffffu >> (32u - (leaves.y - leaves.x))) << (leaves.x & 31u);
}

fn leaf_sums(stem: Stem, l: u32, m: u32) -> Sums {
    var sums = Sums();
    // A quad at a time, so that lanes wait less for each other.
    for (var quad = 0u; quad < stem.quads; quad += 1u) {
        let row = stem.answered + quad * stem.columns;
        var users = scratch[row + l] & scratch[row + m];
        // Scores of one bit: a word has a whole block's.
        var held_l = vec4<u32>(0u);
        var held_m = vec4<u32>(0u);
        if (SCORE_BITS == 1u) {
            let scores = stem.scores + quad * stem.columns;
            held_l = scratch[scores + l];
            held_m = scratch[scores + m];
        }
        while (any(users != vec4<u32>(0u))) {
            let i = first_block(users);
            let word = users[i];
            users[i] = word & (word - 1u);
            let bit = firstTrailingBit(word);
            let user = stem_user(stem, (4u * quad + i) * 32u + bit);
            var a = user.x;
            if (SCORE_BITS == 1u) {
                a -= i32(((held_l[i] >> bit) & 1u) + ((held_m[i] >> bit) & 1u));
            } else {
                a += score(stem, l, quad, i, bit) + score(stem, m, quad, i, bit);
            }
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

fn add_leaf(
    stem: Stem,
    l: u32,
    m: u32,
    swept: bool,
    tally: ptr<function, Tally>,
) {
    let sums = leaf_sums(stem, l - stem.last - 1u, m - stem.last - 1u);
    let verdict = sums_judge(sums, params.min_users, params.floor);
    if (!swept) {
        (*tally).counts += vec4<u32>(1u, u32(verdict.defined), 0u, 0u);
        tally_add(tally, sums_widen(sums));
    }
    if (verdict.kept) {
        let offset = leaf_offset(stem, l) + m - l - 1u;
        (*tally).counts += keep(offset, offset);
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
        let end = select((params.questions + 31u) >> 5u, 0u, stem.nowhere);
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
                        tally.counts.y += countOneBits(mine);
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
