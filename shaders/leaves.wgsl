// leaves: the last level of the prefix tree. One workgroup a prefix of K - 1 questions (and every
// params.workgroups-th after it); a lane has one of the last questions, sums over those of the prefix's
// users who answered it, judges the set, and appends it where it survives. Every leaf in the chunk adds
// its own sums to what was visited.
//
// Buffers, beside those of narrow.wgsl.
//   survivors  see survivors.wgsl; offsets of 128 bits
// Cost a prefix of n users and C questions behind, lanes as they are: 2 n C reads and 6 n C operations;
// for each user of a leaf 3 reads and sums_add; for each leaf the judgement.

@group(0) @binding(0) var<storage, read> params: Params;
@group(0) @binding(1) var<storage, read> rows: array<vec2<u32>>;
@group(0) @binding(2) var<storage, read> tails: array<vec4<u32>>;
@group(0) @binding(3) var<storage, read_write> claimed: array<atomic<u32>>;
@group(0) @binding(4) var<storage, read> frontier: array<vec4<u32>>;
@group(0) @binding(5) var<storage, read_write> survivors: Survivors;
@group(0) @binding(6) var<storage, read_write> records: array<Record>;

alias Offset = vec4<u32>;

// A set's own sums, not a closed form.
const VISITS: bool = true;

fn leaf_sums(prefix: Prefix, question: u32) -> Sums {
    let word = 1u + (question >> 5u);
    var sums = Sums();
    for (var i = 0u; i < prefix.users; i += 1u) {
        let user = frontier[prefix.at + i];
        let answers = rows[user.x * params.row_words + word];
        if (((answers.x >> (question & 31u)) & 1u) == 1u) {
            let place = answers.y + countOneBits(answers.x & below(question));
            let score = user.z + tails[place].y - tails[place + 1u].y;
            sums_add(&sums, bitcast<i32>(score), bitcast<i32>(user.w));
        }
    }
    return sums;
}

@compute @workgroup_size(WORKGROUP)
fn main(
    @builtin(workgroup_id) id: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    var tally = Tally();
    let prefixes = frontier_prefixes(lane);
    if (id.x >= prefixes) {
        report_nothing(lane, id.x);
        return;
    }
    for (var i = id.x; i < prefixes; i += params.workgroups) {
        let prefix = prefix_of(i);
        for (var question = prefix.last + 1u + lane; question < params.questions; question += WORKGROUP) {
            let behind = vec4<u32>(params.questions - 1u - question, 0u, 0u, 0u);
            let left = add128(prefix.left, behind);
            if (!prefix.whole && !in_chunk(left)) {
                continue;
            }
            let sums = leaf_sums(prefix, question);
            let verdict = sums_judge(sums, params.min_users, params.floor);
            tally.counts += vec4<u32>(1u, u32(verdict.defined), 0u, 0u);
            tally_add(&tally, sums_widen(sums));
            if (verdict.kept) {
                let offset = sub128(params.first_left, left);
                tally.counts += keep(offset, offset.x);
            }
        }
    }
    report_level(lane, id.x, Seen(tally, vec2<u32>(0u)));
}
