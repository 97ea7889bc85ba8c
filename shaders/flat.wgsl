// flat: one invocation a set. It unranks its set, ANDs the answered bitsets of its K questions word
// by word, and adds every user in common to the set's integer sums. The plain pipeline: yardstick
// and cross-check of faster ones.
//
// A dispatch covers one span of users; sums travel between spans in `partials`. On the last span
// the set is judged (judge.wgsl), survivors are appended, and each workgroup leaves its tally.
//
// Buffers. All sizes come from plan.rs; Q = params.questions, W = params.words.
//   binomials  K * (Q - K + 1) entries, see unrank.wgsl
//   answered   W * Q words: bit b of word [w][q] is set where user 32 w + b of the span answered q
//   scores     W * SCORE_BITS * Q words: of the 32 users of word w, the shifted scores on q as
//              signed fields of SCORE_BITS bits, from the lowest bit up, in words [w][piece][q].
//              q runs fastest in both, since neighbouring sets differ in their last question.
//   totals     32 * W shifted totals
//   partials   PARTIAL_WORDS * params.stride words, one word where there is one span only
//   survivors  see survivors.wgsl
//   records    params.workgroups records
// Bounds: offset < params.sets <= params.stride; unrank gives elements below Q; the rest is guarded
// below. Loops: each turn of the inner one clears a bit of a word; plan.rs counts the turns of all.
// Cost a set: at most K * W reads and ANDs (fewer where a prefix of the AND is already 0), and for
// each user in common K reads of a score and one sums_add.

struct Params {
    // C(Q, K) - 1 - the rank of the chunk's first set.
    left: vec4<u32>,
    floor: Floor,
    questions: u32,
    // Q - K + 1.
    row_entries: u32,
    // Sets in the chunk.
    sets: u32,
    workgroups: u32,
    // Words of this span of users.
    words: u32,
    // 1 in the first span.
    first_span: u32,
    // 1 in the last span.
    last_span: u32,
    // Sets that `partials` has room for.
    stride: u32,
    // Survivors that there is room for.
    capacity: u32,
    min_users: u32,
    serial: u32,
}

alias Offset = u32;

// Not a uniform: Mesa's llvmpipe compiles a shader anew for every value of a uniform that decides a
// branch, 0.2 s a dispatch.
@group(0) @binding(0) var<storage, read> params: Params;
@group(0) @binding(1) var<storage, read> binomials: array<vec4<u32>>;
@group(0) @binding(2) var<storage, read> answered: array<u32>;
@group(0) @binding(3) var<storage, read> scores: array<u32>;
@group(0) @binding(4) var<storage, read> totals: array<i32>;
@group(0) @binding(5) var<storage, read_write> partials: array<u32>;
@group(0) @binding(6) var<storage, read_write> survivors: Survivors;
@group(0) @binding(7) var<storage, read_write> records: array<Record>;

// a of the user at this bit of this word.
fn set_score(chosen: ptr<function, array<u32, K>>, word: u32, bit: u32) -> i32 {
    let at = bit * SCORE_BITS;
    let row = (word * SCORE_BITS + (at >> 5u)) * params.questions;
    var a = 0;
    for (var i = 0u; i < K; i += 1u) {
        a += extractBits(bitcast<i32>(scores[row + (*chosen)[i]]), at & 31u, SCORE_BITS);
    }
    return a;
}

fn add_span(chosen: ptr<function, array<u32, K>>, sums: ptr<function, Sums>) {
    for (var word = 0u; word < params.words; word += 1u) {
        let row = word * params.questions;
        var users = answered[row + (*chosen)[0]];
        for (var i = 1u; i < K && users != 0u; i += 1u) {
            users &= answered[row + (*chosen)[i]];
        }
        while (users != 0u) {
            let bit = firstTrailingBit(users);
            users &= users - 1u;
            sums_add(sums, set_score(chosen, word, bit), totals[word * 32u + bit]);
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
    let offset = workgroup * WORKGROUP + lane;
    let taken = workgroup < params.workgroups && offset < params.sets;
    var sums = Sums();
    if (taken) {
        var chosen: array<u32, K>;
        let left = sub128(params.left, vec4<u32>(offset, 0u, 0u, 0u));
        unrank(left, params.questions, params.row_entries, &chosen);
        if (params.first_span == 0u) {
            sums = sums_load(offset, params.stride);
        }
        add_span(&chosen, &sums);
        if (params.last_span == 0u) {
            sums_store(offset, params.stride, sums);
        }
    }
    if (params.last_span == 1u) {
        let wide = sums_widen(sums);
        var counts = vec4<u32>(0u);
        if (taken) {
            let verdict = sums_judge(sums, params.min_users, params.floor);
            counts = vec4<u32>(1u, u32(verdict.defined), 0u, 0u);
            if (verdict.kept) {
                counts += keep(offset, offset);
            }
        }
        report(lane, workgroup, tally_of(counts, wide));
    }
}
