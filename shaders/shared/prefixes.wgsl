// What the kernels of the levels pipeline share: the chunk, and the prefixes of a level with their users.
// Needs floor.wgsl and u128.wgsl.
//
// A level's prefixes are its frontier: a buffer of quadruples of words, two for each prefix, and from
// params.users_at on one for each user of each prefix.
//   prefix  users, the first of them, last question, 1 where all of its sets are in the chunk
//           the left of its last set
//   user    row in `rows`, place of the next answer in `tails`, score on the prefix, total
// The left of a set is C(Q, K) - 1 - its rank, so that of the last set of all is 0. That of a prefix's
// last set is the sum of C(Q - 1 - q, questions from q on to the end of the set) over its questions q.
//
// The table.
//   binomials  params.k rows of params.row_entries words of 128 bits, C(t + j - 1, j) for j = 1 .. K and
//            t = 0 .. Q - K + 1; then those of completions.wgsl
//   rows     params.row_words pairs of words a user: total and place of the first answer; then for each
//            32 questions the answered bits, and the place of the first answer to them or behind them
//   tails    one a user's answer, in order, and one behind the last: of this answer and all behind it
//            their number, sum of scores, and sum of squares in two words

struct Params {
    // The lefts of the chunk's first and last set: the first is no smaller.
    first_left: vec4<u32>,
    last_left: vec4<u32>,
    // C(Q - K + ROOT, ROOT) - 1 - the number of the chunk's first root.
    root_left: vec4<u32>,
    floor: Floor,
    k: u32,
    questions: u32,
    row_entries: u32,
    // Roots that the chunk meets.
    roots: u32,
    // Quadruples of words of a column of users.
    quads: u32,
    row_words: u32,
    // Where the binomials of completions.wgsl start, and entries of a row of them.
    forms_at: u32,
    forms_row_entries: u32,
    workgroups: u32,
    // Questions of the prefixes that are read, or made of roots.
    level: u32,
    // Where users start in a frontier.
    users_at: u32,
    // Users that a frontier has room for; it has room for users_at / 2 prefixes.
    room: u32,
    // Survivors that there is room for.
    capacity: u32,
    min_users: u32,
    // 1 in the first dispatch of a chunk.
    first_dispatch: u32,
    // The dispatch's number.
    serial: u32,
}

// In `claimed`: 1 where a frontier was too small, 1 where loops were cut short (loops.wgsl), and then of
// each level the prefixes and the users that there is or was asked room for.
const FULL: u32 = 0u;
const CUT: u32 = 1u;

fn prefixes_of(level: u32) -> u32 {
    return 2u + 2u * level;
}

fn users_of(level: u32) -> u32 {
    return 3u + 2u * level;
}

struct Prefix {
    users: u32,
    at: u32,
    last: u32,
    whole: bool,
    left: vec4<u32>,
}

// How many of a prefix's sets are in the chunk.
const NONE: u32 = 0u;
const SOME: u32 = 1u;
const ALL: u32 = 2u;

fn add128(a: vec4<u32>, b: vec4<u32>) -> vec4<u32> {
    return sub128(a, neg128(b));
}

fn in_chunk(left: vec4<u32>) -> bool {
    return at_most128(left, params.first_left) && at_most128(params.last_left, left);
}

// How many are in the chunk of a prefix's `sets`, at least one, the last of which has this left.
fn share_of(left: vec4<u32>, sets: vec4<u32>) -> u32 {
    let first = add128(left, sub128(sets, vec4<u32>(1u, 0u, 0u, 0u)));
    if (!at_most128(left, params.first_left) || !at_most128(params.last_left, first)) {
        return NONE;
    }
    return select(SOME, ALL, in_chunk(left) && in_chunk(first));
}

fn below(question: u32) -> u32 {
    return (1u << (question & 31u)) - 1u;
}
