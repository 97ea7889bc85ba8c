// expand: one workgroup a stem (and every params.workgroups-th after it). It ANDs the answered
// columns of the stem's K - 2 questions, takes room for their users in `scratch`, writes them there
// in order, and turns their rows into columns over the questions behind: a small dense table that
// score.wgsl works on (layout: stems.wgsl). A stem without room says so, and the host then throws
// the chunk away and splits it.
//
// Buffers. All sizes come from projected/plan.rs; Q = params.questions, W = params.words.
//   binomials  K * (Q - K + 1) entries, see unrank.wgsl; rows 1 .. K - 2 number the stems too, as a
//              stem is a set of K - 2 of the first Q - 2 questions
//   answered   Q * W words, [question][word], so that lanes read neighbours
//   rows       params.row_words words a user: answered bits, then shifted scores in SCORE_BITS each
//   totals     one a user
//   claimed    words of scratch that were taken or asked for; the host sees to it that all stems of
//              a chunk together stay below 2^32
// Cost a stem, W words, n users, B blocks, C questions behind:
//   2 (K - 2) W reads and ANDs over all lanes, W / 64 scans of 12 barriers;
//   n (K - 1) reads of scores; B C (32 (3 reads and 10 operations)) for the columns.
// Benchmark, K = 5: W = 1875, n = 480, B = 15, C = 50 and 2,000 leaves a stem: 11,000 + 1,900 +
// 312,000 operations, 160 a leaf: the columns are the larger part of this stage.

@group(0) @binding(0) var<storage, read> params: Params;
@group(0) @binding(1) var<storage, read> binomials: array<vec4<u32>>;
@group(0) @binding(2) var<storage, read> answered: array<u32>;
@group(0) @binding(3) var<storage, read> rows: array<u32>;
@group(0) @binding(4) var<storage, read> totals: array<i32>;
@group(0) @binding(5) var<storage, read_write> claimed: atomic<u32>;
// Users, place in scratch, last question, offset of the first set from the chunk's first rank.
@group(0) @binding(6) var<storage, read_write> stems: array<vec4<u32>>;
@group(0) @binding(7) var<storage, read_write> scratch: array<u32>;

var<workgroup> claim: u32;

fn users_of(stem: ptr<function, array<u32, CHOSEN>>, word: u32) -> u32 {
    var users = answered[(*stem)[0] * params.words + word];
    for (var i = 1u; i < CHOSEN; i += 1u) {
        users &= answered[(*stem)[i] * params.words + word];
    }
    return users;
}

fn stem_score(stem: ptr<function, array<u32, CHOSEN>>, user: u32) -> i32 {
    let row = user * params.row_words + params.answered_words;
    var score = 0;
    for (var i = 0u; i < CHOSEN; i += 1u) {
        let at = (*stem)[i] * SCORE_BITS;
        score += extractBits(bitcast<i32>(rows[row + (at >> 5u)]), at & 31u, SCORE_BITS);
    }
    return score;
}

// Modulo 2^32, which is exact: stem and chunk meet, and either is shorter than 2^30 sets.
fn first_offset(stem: ptr<function, array<u32, CHOSEN>>) -> u32 {
    let behind = params.questions - 3u - (*stem)[CHOSEN - 1u];
    var left = binomials[params.span + behind].x + binomials[behind].x;
    for (var i = 0u; i < CHOSEN; i += 1u) {
        let j = K - i;
        left += binomials[(j - 1u) * params.span + params.questions - (*stem)[i] - j].x;
    }
    return params.first_left - left;
}

// Of one block of users and one question behind the stem.
fn write_column(at: u32, users: u32, block: u32, first: u32, column: u32, columns: u32) {
    let question = first + column;
    let field = question * SCORE_BITS;
    let start = block * 32u;
    let most = min(users - start, 32u);
    var bits = 0u;
    var pieces: array<u32, SCORE_BITS>;
    for (var i = 0u; i < SCORE_BITS; i += 1u) {
        pieces[i] = 0u;
    }
    for (var i = 0u; i < most; i += 1u) {
        let row = scratch[at + start + i] * params.row_words;
        bits |= extractBits(rows[row + (question >> 5u)], question & 31u, 1u) << i;
        let score = extractBits(
            rows[row + params.answered_words + (field >> 5u)],
            field & 31u,
            SCORE_BITS,
        );
        pieces[(i * SCORE_BITS) >> 5u] |= score << ((i * SCORE_BITS) & 31u);
    }
    let blocks = blocks_of(users);
    let row = at + 96u * blocks;
    scratch[row + block * columns + column] = bits;
    for (var i = 0u; i < SCORE_BITS; i += 1u) {
        scratch[row + (blocks + block * SCORE_BITS + i) * columns + column] = pieces[i];
    }
}

@compute @workgroup_size(WORKGROUP)
fn main(
    @builtin(workgroup_id) id: vec3<u32>,
    @builtin(num_workgroups) grid: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    for (var i = id.y * grid.x + id.x; i < params.stems; i += params.workgroups) {
        var stem: array<u32, CHOSEN>;
        let left = sub128(params.stem_left, vec4<u32>(i, 0u, 0u, 0u));
        unrank(left, params.questions - 2u, params.span, &stem);
        let first = stem[CHOSEN - 1u] + 1u;
        let columns = params.questions - first;

        var mine = 0u;
        for (var word = lane; word < params.words; word += WORKGROUP) {
            mine += countOneBits(users_of(&stem, word));
        }
        scan(lane, mine);
        let users = scanned[WORKGROUP - 1u];
        let blocks = blocks_of(users);
        let size = blocks * (96u + columns * (1u + SCORE_BITS));
        if (lane == 0u) {
            claim = atomicAdd(&claimed, size);
        }
        let at = workgroupUniformLoad(&claim);
        let fits = at <= params.room && size <= params.room - at;
        if (lane == 0u) {
            stems[i] = vec4<u32>(users, select(NOWHERE, at, fits), first - 1u, first_offset(&stem));
        }

        var before = at;
        let words = select(0u, params.words, fits && users > 0u);
        for (var base = 0u; base < words; base += WORKGROUP) {
            var found = 0u;
            if (base + lane < words) {
                found = users_of(&stem, base + lane);
            }
            let few = countOneBits(found);
            scan(lane, few);
            var place = before + scanned[lane] - few;
            before += scanned[WORKGROUP - 1u];
            while (found != 0u) {
                let user = (base + lane) * 32u + firstTrailingBit(found);
                found &= found - 1u;
                scratch[place] = user;
                scratch[place + 32u * blocks] = bitcast<u32>(stem_score(&stem, user));
                scratch[place + 64u * blocks] = bitcast<u32>(totals[user]);
                place += 1u;
            }
        }
        // Every lane reads users that others wrote.
        storageBarrier();
        workgroupBarrier();
        let entries = select(0u, blocks * columns, fits);
        for (var entry = lane; entry < entries; entry += WORKGROUP) {
            write_column(at, users, entry / columns, first, entry % columns, columns);
        }
    }
}
