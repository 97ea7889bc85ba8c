// narrow: from one level of the prefix tree to the next. One workgroup a prefix of params.level questions
// (and every params.workgroups-th after it); a lane has one of the next questions, and looks which of the
// prefix's users answered it. A prefix that is made like this is written into the frontier `next` where it
// has params.min_users users, or reaches beyond the chunk and so has no closed form. One with fewer is pruned
// with all below it: no set has more users than its prefix.
//
// The audit is of what is excluded: the sets below each pruned prefix, in closed form. A prefix all of whose
// sets are in the chunk adds the closed form of all its sets and takes away that of each child that it
// writes; what remains stands for the pruned ones. A child that is written adds its own closed form when
// it is narrowed in turn, and in leaves.wgsl, where there is no closed form, its sets are visited one by
// one: so a child that is lost, or done twice, or has lost a user on the way is seen. Of a prefix that
// reaches beyond the chunk each pruned child's closed form is added by itself.
//
// Buffers: `frontier` is what the level before wrote, `next` the one that it read; see roots.wgsl.
// Cost a prefix of n users and C questions behind, lanes as they are: 2 n C reads and 4 n C operations to
// count; 14 barriers for each 64 questions; for each user of a prefix that is written 5 reads, one write and
// 270 operations, nearly all of them for the audit, and as much once more where it is narrowed.

@group(0) @binding(0) var<storage, read> params: Params;
@group(0) @binding(1) var<storage, read> binomials: array<vec4<u32>>;
@group(0) @binding(2) var<storage, read> rows: array<vec2<u32>>;
@group(0) @binding(3) var<storage, read> tails: array<vec4<u32>>;
@group(0) @binding(4) var<storage, read_write> claimed: array<atomic<u32>>;
@group(0) @binding(5) var<storage, read> frontier: array<vec4<u32>>;
@group(0) @binding(6) var<storage, read_write> next: array<vec4<u32>>;
@group(0) @binding(7) var<storage, read_write> records: array<Record>;

const VISITS: bool = false;

// How many of the prefix's users answered a question.
fn count(prefix: Prefix, question: u32) -> u32 {
    let word = 1u + (question >> 5u);
    let bit = question & 31u;
    var users = 0u;
    for (var i = 0u; i < prefix.users; i += 1u) {
        let user = frontier[prefix.at + i].x;
        users += (rows[user * params.row_words + word].x >> bit) & 1u;
    }
    return users;
}

// What becomes of a prefix's users who answered a question as well, so that `rest` are still to come: they
// are written from `to` on, and added to the audit or taken from it.
fn pass_on(
    prefix: Prefix,
    question: u32,
    rest: u32,
    to: u32,
    written: bool,
    seen: ptr<function, Seen>,
) {
    let word = 1u + (question >> 5u);
    var at = to;
    for (var i = 0u; i < prefix.users; i += 1u) {
        let user = frontier[prefix.at + i];
        let answers = rows[user.x * params.row_words + word];
        if (((answers.x >> (question & 31u)) & 1u) == 0u) {
            continue;
        }
        let place = answers.y + countOneBits(answers.x & below(question));
        let tail = tails[place + 1u];
        let passed = vec4<u32>(user.x, place + 1u, user.z + tails[place].y - tail.y, user.w);
        if (written) {
            next[at] = passed;
            at += 1u;
        }
        if (prefix.whole) {
            take_completions(seen, rest, passed, tail);
        } else if (!written) {
            add_completions(seen, rest, passed, tail);
        }
    }
}

@compute @workgroup_size(WORKGROUP)
fn main(
    @builtin(workgroup_id) id: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    var seen = Seen();
    // Questions still to come behind a prefix, and behind one that is made here.
    let rest = params.k - params.level;
    let prefixes = frontier_prefixes(lane);
    if (id.x >= prefixes) {
        report_nothing(lane, id.x);
        return;
    }
    for (var i = id.x; i < prefixes; i += params.workgroups) {
        let prefix = prefix_of(i);
        if (prefix.whole) {
            for (var j = lane; j < prefix.users; j += WORKGROUP) {
                let user = frontier[prefix.at + j];
                add_completions(&seen, rest, user, tails[user.y]);
            }
            if (lane == 0u) {
                seen.sets = add64(seen.sets, choices(prefix.last, rest).xy);
            }
        }
        let end = params.questions - rest + 1u;
        for (var first = prefix.last + 1u; first < end; first += WORKGROUP) {
            let question = first + lane;
            var share = NONE;
            var left = vec4<u32>(0u);
            var sets = vec4<u32>(0u);
            var users = 0u;
            if (question < end) {
                left = add128(prefix.left, choices(question, rest));
                sets = choices(question, rest - 1u);
                share = ALL;
                if (!prefix.whole) {
                    share = share_of(left, sets);
                }
                if (share != NONE) {
                    users = count(prefix, question);
                }
            }
            let kept = share == SOME || (share == ALL && users >= params.min_users);
            let place = take_prefix(lane, params.level + 1u, kept, users);
            let written = place.x != NOWHERE;
            if (written) {
                write_prefix(place.x, Prefix(users, place.y, question, share == ALL, left));
            }
            let pruned_alone = !prefix.whole && share == ALL && !kept;
            if (written || pruned_alone) {
                let to = params.users_at + place.y;
                pass_on(prefix, question, rest - 1u, to, written, &seen);
            }
            if (written && prefix.whole) {
                seen.sets = add64(seen.sets, neg64(sets.xy));
            }
            if (pruned_alone) {
                seen.sets = add64(seen.sets, sets.xy);
            }
        }
    }
    report_level(lane, id.x, seen);
}
