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
//   rows       params.row_words words a user: answered bits, then shifted scores in SCORE_BITS each
//   totals     one a user
//   claimed    words of scratch that were taken or asked for; the host sees to it that all stems of
//              a chunk together stay below 2^32. Then 1 where a loop was cut short (loops.wgsl).
// Cost a stem, W quadruples, n users, B blocks, C questions behind:
//   8 (K - 2) W reads and ANDs over all lanes, W / 64 scans of 4 barriers; lane 0 unranks;
//   n (K + 2) reads and writes of users, scores and totals;
//   the columns, for scores of one bit B (C / 32 + 1) squares of about 1,300 operations.
// Benchmark, K = 5: W = 469, n = 480, B = 15, C = 50 and 2,000 leaves a stem: 11,000 + 3,400 +
// 50,000 operations, 35 a leaf.

@group(0) @binding(0) var<storage, read> params: Params;
@group(0) @binding(1) var<storage, read> binomials: array<vec4<u32>>;
@group(0) @binding(2) var<storage, read> answered: array<vec4<u32>>;
@group(0) @binding(3) var<storage, read> rows: array<u32>;
@group(0) @binding(4) var<storage, read> totals: array<i32>;
@group(0) @binding(5) var<storage, read_write> claimed: array<atomic<u32>, 2>;
// Users, place in scratch, last question, offset of the first set from the chunk's first rank.
@group(0) @binding(6) var<storage, read_write> stems: array<vec4<u32>>;
@group(0) @binding(7) var<storage, read_write> scratch: array<u32>;

var<workgroup> claim: u32;
var<workgroup> chosen: array<u32, CHOSEN>;

// Of 128 users, those who answered the whole stem.
fn users_of(quad: u32) -> vec4<u32> {
    var users = answered[chosen[0] * params.quads + quad];
    for (var i = 1u; i < CHOSEN; i += 1u) {
        users &= answered[chosen[i] * params.quads + quad];
    }
    return users;
}

fn count(users: vec4<u32>) -> u32 {
    let each = countOneBits(users);
    return each.x + each.y + each.z + each.w;
}

fn stem_score(user: u32) -> i32 {
    let row = user * params.row_words + params.answered_words;
    var score = 0;
    for (var i = 0u; i < CHOSEN; i += 1u) {
        let at = chosen[i] * SCORE_BITS;
        score += extractBits(bitcast<i32>(rows[row + (at >> 5u)]), at & 31u, SCORE_BITS);
    }
    return score;
}

// Modulo 2^32, which is exact: stem and chunk meet, and either is shorter than 2^30 sets.
fn first_offset() -> u32 {
    let behind = params.questions - 3u - chosen[CHOSEN - 1u];
    var left = binomials[params.span + behind].x + binomials[behind].x;
    for (var i = 0u; i < CHOSEN; i += 1u) {
        let j = K - i;
        left += binomials[(j - 1u) * params.span + params.questions - chosen[i] - j].x;
    }
    return params.first_left - left;
}

@compute @workgroup_size(WORKGROUP)
fn main(
    @builtin(workgroup_id) id: vec3<u32>,
    @builtin(num_workgroups) grid: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    for (var i = id.y * grid.x + id.x; i < params.stems; i += params.workgroups) {
        // Nobody is still at the stem before.
        workgroupBarrier();
        if (lane == 0u) {
            var stem: array<u32, CHOSEN>;
            let left = sub128(params.stem_left, vec4<u32>(i, 0u, 0u, 0u));
            unrank(left, params.questions - 2u, params.span, &stem);
            for (var j = 0u; j < CHOSEN; j += 1u) {
                chosen[j] = stem[j];
            }
        }
        workgroupBarrier();
        let first = chosen[CHOSEN - 1u] + 1u;
        let columns = params.questions - first;

        var mine = 0u;
        for (var quad = lane; quad < params.quads; quad += WORKGROUP) {
            mine += count(users_of(quad));
        }
        scan(lane, mine);
        let users = scanned[WORKGROUP - 1u];
        let blocks = blocks_of(users);
        let size = blocks * (96u + columns * (1u + SCORE_BITS));
        if (lane == 0u) {
            claim = atomicAdd(&claimed[0], size);
        }
        let at = workgroupUniformLoad(&claim);
        let fits = at <= params.room && size <= params.room - at;
        if (lane == 0u) {
            stems[i] = vec4<u32>(users, select(NOWHERE, at, fits), first - 1u, first_offset());
        }

        var before = at;
        let quads = select(0u, params.quads, fits && users > 0u);
        for (var base = 0u; base < quads; base += WORKGROUP) {
            var found = vec4<u32>(0u);
            if (base + lane < quads) {
                found = users_of(base + lane);
            }
            let few = count(found);
            scan(lane, few);
            var place = before + scanned[lane] - few;
            before += scanned[WORKGROUP - 1u];
            var user = (base + lane) * 128u;
            // The words move up as each is done.
            for (var left = few; left > 0u; ) {
                if (found.x == 0u) {
                    found = vec4<u32>(found.yzw, 0u);
                    user += 32u;
                } else {
                    scratch[place] = user + firstTrailingBit(found.x);
                    found.x &= found.x - 1u;
                    place += 1u;
                    left -= 1u;
                }
            }
        }
        // Every lane reads users that others wrote.
        storageBarrier();
        workgroupBarrier();
        let taken = select(0u, users, fits);
        for (var place = at + lane; place < at + taken; place += WORKGROUP) {
            let user = scratch[place];
            scratch[place + 32u * blocks] = bitcast<u32>(stem_score(user));
            scratch[place + 64u * blocks] = bitcast<u32>(totals[user]);
        }
        write_columns(lane, at, taken, first, columns);
    }
    if (loops_were_cut(params.serial)) {
        atomicStore(&claimed[1], 1u);
    }
}
