// abreast: scores leaves as score.wgsl does, for adapters that load lane by lane. A workgroup is one
// subgroup of LANES lanes, and takes every PARTS-th prefix (a stem and one more question l) of a stem.
// It has 32 leaves m side by side, four a lane, and goes through the users of the prefix: LANES of
// them are loaded at a time, one by each lane, and then handed round. So a load, which Mesa's llvmpipe
// makes in a loop over its lanes, is one for LANES users times 32 leaves.
// Every leaf is summed, so nothing depends on the floor but what survives, and the audit is that of
// the leaves' own sums. Nothing is shared but by subgroup operations, and there is no barrier: across
// one, llvmpipe keeps every variable in memory.
//
// Buffers: those of score.wgsl. No workgroup memory.
// Two-valued scores only, and sums of 26 bits (plan.rs), so that those of 32 leaves fit 31.
// Cost of a prefix of n users in W quads and 32 leaves, a lane: W / 2 + n / LANES times 3 loads, 70
// operations for each LANES users and 50 for each user; to judge 4 leaves 1,200. Benchmark: n = 96 in 4
// quads, so about 14 times LANES, and 23 leaves of 32: 6,800 operations of 8 lanes, 2,400 a leaf and 20
// loads of a lane. A real GPU discards most of these leaves with a fourth of that (score.wgsl).

@group(0) @binding(0) var<storage, read> params: Params;
@group(0) @binding(1) var<storage, read> stems: array<vec4<u32>>;
@group(0) @binding(2) var<storage, read> scratch: array<vec4<u32>>;
@group(0) @binding(3) var<storage, read_write> survivors: Survivors;
@group(0) @binding(4) var<storage, read_write> records: array<Record>;
@group(0) @binding(5) var<storage, read> rows: array<vec2<u32>>;

// What is read of `params`, held in registers.
struct Sizes {
    questions: u32,
    // Pairs of words of a row: answers, and the only step.
    row_pairs: u32,
    rows_at: u32,
    min_users: u32,
    floor: Floor,
}

// The sums of four leaves.
struct FourSums {
    n: vec4<i32>,
    sa: vec4<i32>,
    sg: vec4<i32>,
    saa: vec4<i32>,
    sgg: vec4<i32>,
    sag: vec4<i32>,
}

// A user of the prefix: answered and score bits of the leaves, set bits on the prefix, total.
struct User {
    answers: u32,
    ones: u32,
    b: u32,
    g: i32,
}

// The sums of LANES users over four leaves. n, Sa and Saa share words: with a <= K <= 12 they are at
// most 8, 96 and 1,152.
struct FewSums {
    counts: vec4<u32>,
    sg: vec4<i32>,
    sgg: vec4<i32>,
    sag: vec4<i32>,
}

// What one user with `a` set bits adds to counts.
fn counts_of(a: u32) -> u32 {
    return 1u | (a << 4u) | ((a * a) << 11u);
}

// Adds the user that lane `holder` has; a is taken positive here, as the number of set bits.
fn add_user(sums: ptr<function, FewSums>, bits: vec4<u32>, user: User, holder: u32) {
    let none = vec4<u32>(0u);
    let found = (vec4<u32>(subgroupShuffle(user.answers, holder)) & bits) != none;
    let raised = (vec4<u32>(subgroupShuffle(user.ones, holder)) & bits) != none;
    let counts = subgroupShuffle(counts_of(user.b), holder);
    let more = subgroupShuffle(counts_of(user.b + 1u), holder);
    let g = subgroupShuffle(user.g, holder);
    let gg = subgroupShuffle(user.g * user.g, holder);
    let ag = subgroupShuffle(i32(user.b) * user.g, holder);
    let zero = vec4<i32>(0);
    (*sums).counts += select(none, select(vec4<u32>(counts), vec4<u32>(more), raised), found);
    (*sums).sg += select(zero, vec4<i32>(g), found);
    (*sums).sgg += select(zero, vec4<i32>(gg), found);
    (*sums).sag += select(zero, select(vec4<i32>(ag), vec4<i32>(ag + g), raised), found);
}

// 32 questions from this bit on of a word of a row. Those behind the last question read as anything.
fn window(word: u32, bit: u32) -> vec2<u32> {
    let high = rows[word + 1u] << vec2<u32>((32u - bit) & 31u);
    return (rows[word] >> vec2<u32>(bit)) | select(high, vec2<u32>(0u), bit == 0u);
}

// The sums over the users of (stem, l), of those of the 32 leaves from `front` on that are valid.
fn prefix_sums(
    stem: Stem,
    l: u32,
    front: u32,
    valid: u32,
    lane: u32,
    bits: vec4<u32>,
    sizes: Sizes,
) -> FourSums {
    var sums = FourSums();
    let place = front + lead();
    for (var quad = 0u; quad < stem.quads; quad += 1u) {
        let column = quad * stem.columns + l - stem.last - 1u;
        let answered = scratch[stem.answered + column];
        let scores = scratch[scores_row(stem, 0u, 0u) + column];
        // Users up to the end of each block.
        var ends = countOneBits(answered);
        ends.y += ends.x;
        ends.z += ends.y;
        ends.w += ends.z;
        for (var done = 0u; done < ends.w; done += LANES) {
            let number = done + lane;
            let behind = vec3<u32>(number) >= ends.xyz;
            var block = select(0u, 1u, behind.x);
            block = select(block, 2u, behind.y);
            block = select(block, 3u, behind.z);
            var before = select(0u, ends.x, behind.x);
            before = select(before, ends.y, behind.y);
            before = select(before, ends.z, behind.z);
            let bit = nth_bit(answered[block], number - before);
            let entry = scratch[stem.at + 128u * quad + 32u * block + bit].xy;
            let there = select(0u, valid, number < ends.w);
            let row_at = sizes.rows_at + entry.x * sizes.row_pairs;
            let row = window(row_at + (place >> 5u), place & 31u);
            let user = User(
                row.x & there,
                row.y & there,
                (entry.y & 15u) + ((scores[block] >> bit) & 1u),
                bitcast<i32>(entry.y) >> 4u,
            );
            var few = FewSums();
            add_user(&few, bits, user, 0u);
            add_user(&few, bits, user, 1u);
            add_user(&few, bits, user, 2u);
            add_user(&few, bits, user, 3u);
            add_user(&few, bits, user, 4u);
            add_user(&few, bits, user, 5u);
            add_user(&few, bits, user, 6u);
            add_user(&few, bits, user, 7u);
            sums.n += bitcast<vec4<i32>>(few.counts & vec4<u32>(15u));
            sums.sa += bitcast<vec4<i32>>((few.counts >> vec4<u32>(4u)) & vec4<u32>(127u));
            sums.saa += bitcast<vec4<i32>>(few.counts >> vec4<u32>(11u));
            sums.sg += few.sg;
            sums.sgg += few.sgg;
            sums.sag += few.sag;
        }
    }
    return sums;
}

fn sum_of(four: vec4<i32>) -> i32 {
    return four.x + four.y + four.z + four.w;
}

// Judges four leaves, and says which survive.
fn judge_four(sums: FourSums, sizes: Sizes, tally: ptr<function, Tally>) -> u32 {
    var kept = 0u;
    for (var i = 0u; i < 4u; i += 1u) {
        let leaf = Sums(
            u32(sums.n[i]),
            -sums.sa[i],
            sums.sg[i],
            sums.saa[i],
            sums.sgg[i],
            -sums.sag[i],
        );
        let verdict = sums_judge(leaf, sizes.min_users, sizes.floor);
        (*tally).counts.y += u32(verdict.defined);
        kept |= u32(verdict.kept) << i;
    }
    tally_add(tally, WideSums(
        u32(sum_of(sums.n)),
        widen32(-sum_of(sums.sa)),
        widen32(sum_of(sums.sg)),
        widen32(sum_of(sums.saa)),
        widen32(sum_of(sums.sgg)),
        widen32(-sum_of(sums.sag)),
    ));
    return kept;
}

// Leaves the workgroup's record, of all lanes' tallies.
fn report_lanes(lane: u32, workgroup: u32, mine: Tally) {
    var all = mine;
    for (var step = LANES / 2u; step > 0u; step >>= 1u) {
        all.counts += subgroupShuffleXor(all.counts, step);
        for (var i = 0u; i < 6u; i += 1u) {
            all.sums[i] = add64(all.sums[i], subgroupShuffleXor(all.sums[i], step));
        }
    }
    if (workgroup < params.workgroups) {
        if (lane == 0u) {
            records[workgroup].tally = all;
            records[workgroup].serial = params.serial;
        }
        if (loops_were_cut(params.serial)) {
            atomicStore(&records[workgroup].cut, params.serial);
        }
    }
}

@compute @workgroup_size(LANES)
fn main(
    @builtin(workgroup_id) id: vec3<u32>,
    @builtin(num_workgroups) grid: vec3<u32>,
    @builtin(subgroup_invocation_id) lane: u32,
) {
    let workgroup = id.y * grid.x + id.x;
    let bits = vec4<u32>(1u) << (vec4<u32>(lane) + LANES * vec4<u32>(0u, 1u, 2u, 3u));
    let sizes = Sizes(
        params.questions,
        words_end(),
        params.rows_at,
        params.min_users,
        params.floor,
    );
    var tally = Tally();
    for (var i = workgroup; i < PARTS * params.stems; i += params.workgroups) {
        let stem = stem_of(stems[i / PARTS]);
        let end = select(sizes.questions - 1u, 0u, stem.nowhere);
        for (var l = stem.last + 1u + i % PARTS; l < end; l += PARTS) {
            let leaves = leaves_of(stem, l);
            for (var front = leaves.x; front < leaves.y; front += 32u) {
                let valid = 0xffffffffu >> (32u - min(leaves.y - front, 32u));
                let sums = prefix_sums(stem, l, front, valid, lane, bits, sizes);
                if (lane == 0u) {
                    tally.counts.x += countOneBits(valid);
                }
                var kept = judge_four(sums, sizes, &tally);
                while (kept != 0u) {
                    let m = front + lane + LANES * firstTrailingBit(kept);
                    kept &= kept - 1u;
                    let offset = leaf_offset(stem, l) + m - l - 1u;
                    tally.counts += keep(offset, offset);
                }
            }
        }
    }
    report_lanes(lane, workgroup, tally);
}
