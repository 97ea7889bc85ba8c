// expand: one workgroup a stem (and every params.workgroups-th after it). It ANDs the answered
// columns of the stem's K - 2 questions, takes room for their users in `scratch`, writes them there
// in order, and turns their rows into columns over the questions behind: a small dense table that
// score.wgsl works on (layout: stems.wgsl). A stem without room says so, and the host then throws
// the chunk away and splits it.
//
// Buffers. All sizes come from projected/plan.rs; Q = params.questions, W = params.quads.
//   binomials  K * (Q - K + 1) entries, see unrank.wgsl; rows 1 .. K - 2 number the stems, as a stem is
//              a set of K - 2 of the first params.head questions. From params.ways_at on [j - 1][t], of which
//              the low word counts: sets that have j questions of the stem among the last t of those, and two
//              behind (src/engine/gpu/order.rs)
//   answered   from params.answered_at on Q * W quadruples of words, [question][quadruple], so that lanes read
//              neighbours
//   rows       a user's: as columns_steps.wgsl or columns_fields.wgsl reads them
//   totals     one a user
//   claimed    stems.wgsl says what; the host sees to it that what all stems of a chunk ask for stays
//              below 2^32. CUT is 1 where a loop was cut short (loops.wgsl).
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
@group(0) @binding(5) var<storage, read_write> claimed: array<atomic<u32>, 3>;
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

// The stem's first set, counted from the chunk's first one: those before it have a smaller question in place of one of
// the stem's. Modulo 2^32, which is exact: stem and chunk meet, and either is shorter than 2^30 sets.
fn first_offset(chosen: array<u32, CHOSEN>) -> u32 {
    var before = 0u;
    var next = 0u;
    for (var i = 0u; i < CHOSEN; i += 1u) {
        let row = params.ways_at + (CHOSEN - 1u - i) * (params.head + 1u) + params.head;
        before += binomials[row - next].x - binomials[row - chosen[i]].x;
        next = chosen[i] + 1u;
    }
    return before - params.first;
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
        unrank(left, params.head, params.row_entries, &chosen);
        let first = chosen[CHOSEN - 1u] + 1u;
        let columns = params.questions - first;

        // Loaded once: llvmpipe loads lane by lane, whatever it is.
        let table_quads = params.quads;
        var starts: array<u32, CHOSEN>;
        for (var j = 0u; j < CHOSEN; j += 1u) {
            starts[j] = params.answered_at + chosen[j] * table_quads;
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
        let size = 128u * blocks + 4u * quads_of(users) * columns * (1u + PIECES);
        var claim = 0u;
        if (lane == 0u) {
            claim = atomicAdd(&claimed[ROOM], size);
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
        atomicStore(&claimed[CUT], 1u);
    }
}
