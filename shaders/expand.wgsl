// expand: one workgroup a stem (and every params.workgroups-th after it). It ANDs the answered
// columns of the stem's K - 2 questions, takes room for their users in `scratch`, writes them there
// in order, and turns their rows into columns over the questions behind: a small dense table that
// score.wgsl works on (layout: stems.wgsl). A stem without room says so, and the host then throws
// the chunk away and splits it.
//
// Buffers. All sizes come from projected/plan.rs; Q = params.questions, W = params.quads.
//   binomials  K * (Q - K + 1) entries, see unrank.wgsl; rows 1 .. K - 2 number the stems too, as a
//              stem is a set of K - 2 of the first Q - 2 questions
//   answered   Q * W quadruples of words, [question][quadruple], so that lanes read neighbours
//   rows       params.row_words words a user: answered bits, then shifted scores in SCORE_BITS each;
//              for scores of one bit a word of the latter behind each of the former
//   totals     one a user
//   claimed    words of scratch that were taken or asked for; the host sees to it that all stems of
//              a chunk together stay below 2^32. Then 1 where a loop was cut short (loops.wgsl).
// Cost a stem, W quadruples, n users, B blocks, C questions behind:
//   8 (K - 2) W reads and ANDs over all lanes, which lie in stretches, so that one scan orders the
//   users; every lane unranks; n (K + 4) reads and writes of users, scores and totals;
//   the columns, for scores of one bit B (C / 32 + 1) squares of about 1,300 operations.
// Lanes meet only as group_memory.wgsl or group_lanes.wgsl says.
// Benchmark, K = 5: W = 469, n = 480, B = 15, C = 50 and 2,000 leaves a stem: 11,000 + 3,400 +
// 50,000 operations, 35 a leaf.

@group(0) @binding(0) var<storage, read> params: Params;
@group(0) @binding(1) var<storage, read> binomials: array<vec4<u32>>;
@group(0) @binding(2) var<storage, read> answered: array<vec4<u32>>;
@group(0) @binding(3) var<storage, read> rows: array<Row>;
@group(0) @binding(4) var<storage, read> totals: array<i32>;
@group(0) @binding(5) var<storage, read_write> claimed: array<atomic<u32>, 2>;
// Users, place in scratch, last question, offset of the first set from the chunk's first rank.
@group(0) @binding(6) var<storage, read_write> stems: array<vec4<u32>>;
@group(0) @binding(7) var<storage, read_write> scratch: array<u32>;

// Which of 128 users answered the whole stem, whose questions' columns start at `columns`.
fn users_of(columns: array<u32, CHOSEN>, quad: u32) -> vec4<u32> {
    var users = answered[columns[0] + quad];
    for (var i = 1u; i < CHOSEN; i += 1u) {
        users &= answered[columns[i] + quad];
    }
    return users;
}

fn count(users: vec4<u32>) -> u32 {
    let each = countOneBits(users);
    return each.x + each.y + each.z + each.w;
}

// Modulo 2^32, which is exact: stem and chunk meet, and either is shorter than 2^30 sets.
fn first_offset(chosen: array<u32, CHOSEN>) -> u32 {
    let behind = params.questions - 3u - chosen[CHOSEN - 1u];
    var left = binomials[params.row_entries + behind].x + binomials[behind].x;
    for (var i = 0u; i < CHOSEN; i += 1u) {
        let j = K - i;
        left += binomials[(j - 1u) * params.row_entries + params.questions - chosen[i] - j].x;
    }
    return params.first_left - left;
}

@compute @workgroup_size(GROUP)
fn main(
    @builtin(workgroup_id) id: vec3<u32>,
    @builtin(num_workgroups) grid: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    for (var i = id.y * grid.x + id.x; i < params.stems; i += params.workgroups) {
        // All lanes alike, as fast as one of them.
        var chosen: array<u32, CHOSEN>;
        let left = sub128(params.stem_left, vec4<u32>(i, 0u, 0u, 0u));
        unrank(left, params.questions - 2u, params.row_entries, &chosen);
        let first = chosen[CHOSEN - 1u] + 1u;
        let columns = params.questions - first;

        // Loaded once: llvmpipe loads lane by lane, whatever it is.
        let table_quads = params.quads;
        var starts: array<u32, CHOSEN>;
        for (var j = 0u; j < CHOSEN; j += 1u) {
            starts[j] = chosen[j] * table_quads;
        }
        // Each lane has a stretch of users, so that one scan orders them all.
        let stretch = (table_quads + GROUP - 1u) / GROUP;
        let start = min(lane * stretch, table_quads);
        let end = min(start + stretch, table_quads);
        var mine = 0u;
        for (var quad = start; quad < end; quad += 1u) {
            mine += count(users_of(starts, quad));
        }
        let sum = sum_upto(lane, mine);
        let users = sum_of_all(sum);
        let blocks = blocks_of(users);
        let size = 128u * blocks + 4u * quads_of(users) * columns * (1u + SCORE_BITS);
        var claim = 0u;
        if (lane == 0u) {
            claim = atomicAdd(&claimed[0], size);
        }
        let at = of_first(lane, claim);
        let fits = at <= params.room && size <= params.room - at;
        if (lane == 0u) {
            stems[i] = vec4<u32>(users, select(NOWHERE, at, fits), first - 1u, first_offset(chosen));
        }

        var place = at + 4u * (sum - mine);
        for (var quad = start; quad < select(start, end, fits); quad += 1u) {
            var found = users_of(starts, quad);
            while (any(found != vec4<u32>(0u))) {
                let block = first_block(found);
                let word = found[block];
                found[block] = word & (word - 1u);
                scratch[place] = quad * 128u + 32u * block + firstTrailingBit(word);
                place += 4u;
            }
        }
        // Every lane reads users that others wrote.
        storageBarrier();
        workgroupBarrier();
        let taken = select(0u, users, fits);
        for (var place = lane; place < taken; place += GROUP) {
            let entry = at + 4u * place;
            let user = scratch[entry];
            let score = stem_score(chosen, user);
            let total = totals[user];
            scratch[entry + 1u] = packed_user(score, total);
            scratch[entry + 2u] = bitcast<u32>(score);
            scratch[entry + 3u] = bitcast<u32>(total);
        }
        write_columns(lane, at, taken, first, columns);
    }
    if (loops_were_cut(params.serial)) {
        atomicStore(&claimed[1], 1u);
    }
}
