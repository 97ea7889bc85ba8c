// roots: the first level of the prefix tree. One workgroup a root (and every params.workgroups-th after
// it), which is a prefix of ROOT questions. It ANDs their columns, and writes the root and its users into the
// frontier `next` where it has params.min_users users, or reaches beyond the chunk and so has no closed
// form. A root with fewer, all of whose sets are in the chunk, is pruned: its users' part of all its sets
// is excluded in closed form.
//
// Buffers, sizes from levels/plan.rs; see prefixes.wgsl for those that are not here.
//   columns  params.questions * params.quads quadruples of words, [question][quadruple]
//   claimed  see prefixes.wgsl
//   records  twice params.workgroups records, see report_levels.wgsl
// Cost a root of n users in W quads: 8 ROOT W reads and ANDs over all lanes; a lane and user 2 ROOT + 4 reads
// of 8 or 16 bytes, and one write.

@group(0) @binding(0) var<storage, read> params: Params;
@group(0) @binding(1) var<storage, read> binomials: array<vec4<u32>>;
@group(0) @binding(2) var<storage, read> columns: array<vec4<u32>>;
@group(0) @binding(3) var<storage, read> rows: array<vec2<u32>>;
@group(0) @binding(4) var<storage, read> tails: array<vec4<u32>>;
@group(0) @binding(5) var<storage, read_write> claimed: array<atomic<u32>>;
@group(0) @binding(6) var<storage, read_write> next: array<vec4<u32>>;
@group(0) @binding(7) var<storage, read_write> records: array<Record>;

const VISITS: bool = false;

fn users_in(chosen: array<u32, ROOT>, quad: u32) -> vec4<u32> {
    var users = columns[chosen[0] * params.quads + quad];
    for (var i = 1u; i < ROOT; i += 1u) {
        users &= columns[chosen[i] * params.quads + quad];
    }
    return users;
}

// A user of the root as a frontier has it.
fn user_of(chosen: array<u32, ROOT>, user: u32) -> vec4<u32> {
    let row = user * params.row_words;
    var score = 0u;
    var place = 0u;
    for (var i = 0u; i < ROOT; i += 1u) {
        let word = rows[row + 1u + (chosen[i] >> 5u)];
        place = word.y + countOneBits(word.x & below(chosen[i]));
        // The score of an answer is what the sums from it on and behind it differ by.
        score += tails[place].y - tails[place + 1u].y;
    }
    return vec4<u32>(user, place + 1u, score, rows[row].x);
}

@compute @workgroup_size(WORKGROUP)
fn main(
    @builtin(workgroup_id) id: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    if (id.x >= params.roots) {
        report_nothing(lane, id.x);
        return;
    }
    var seen = Seen();
    // Each lane has a stretch of users, so that one scan orders them all.
    let stretch = (params.quads + WORKGROUP - 1u) / WORKGROUP;
    let start = min(lane * stretch, params.quads);
    let end = min(start + stretch, params.quads);
    let rest = params.k - ROOT;
    for (var i = id.x; i < params.roots; i += params.workgroups) {
        var chosen: array<u32, ROOT>;
        let number = sub128(params.root_left, vec4<u32>(i, 0u, 0u, 0u));
        unrank(number, params.questions - rest, params.row_entries, &chosen);
        var left = vec4<u32>(0u);
        for (var j = 0u; j < ROOT; j += 1u) {
            left = add128(left, choices(chosen[j], params.k - j));
        }
        let last = chosen[ROOT - 1u];
        let sets = choices(last, rest);
        let share = share_of(left, sets);
        var mine = 0u;
        for (var quad = start; quad < end; quad += 1u) {
            let each = countOneBits(users_in(chosen, quad));
            mine += each.x + each.y + each.z + each.w;
        }
        let sum = sum_upto(lane, mine);
        let users = sum_of_all(sum);
        let kept = share == SOME || (share == ALL && users >= params.min_users);
        let place = take_prefix(lane, ROOT, kept && lane == 0u, users);
        let at = of_first(lane, place.y);
        let written = kept && at != NOWHERE;
        let pruned = share == ALL && !kept;
        if (lane == 0u && written) {
            write_prefix(place.x, Prefix(users, at, last, share == ALL, left));
        }
        if (lane == 0u && pruned) {
            seen.sets = add64(seen.sets, sets.xy);
        }
        var to = params.users_at + at + sum - mine;
        let last_quad = select(start, end, written || pruned);
        for (var quad = start; quad < last_quad; quad += 1u) {
            let found = users_in(chosen, quad);
            for (var word = 0u; word < 4u; word += 1u) {
                var users = found[word];
                while (users != 0u) {
                    let bit = firstTrailingBit(users);
                    users &= users - 1u;
                    let user = user_of(chosen, quad * 128u + 32u * word + bit);
                    if (written) {
                        next[to] = user;
                        to += 1u;
                    } else {
                        add_completions(&seen, rest, user, tails[user.y]);
                    }
                }
            }
        }
    }
    report_level(lane, id.x, seen);
}
