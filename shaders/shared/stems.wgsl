// What the two kernels of the projected pipeline share: the chunk, and where a stem's users lie in
// `scratch`. A stem is the first K - 2 questions of a set, in one of the orders of src/engine/gpu/order.rs:
// questions are told by their places in it.
//
// For a stem with n users in B = ceil(n / 32) blocks, those in W = ceil(B / 4) quads, and C questions
// behind it, `scratch` has from its place on, in quadruples of words:
//   32 B        the users, highest total first: row of the table; shifted score on the stem and shifted
//               total in one word (packed_user), where both are small; and each in its own
//   W * C       answered: bit b of word i of [quad][question] is set where user 128 quad + 32 i + b
//               answered it
//   W * PIECES * C  scores, [quad][piece][question], a word a block: steps in binary, a piece a digit
//               (columns_steps.wgsl), or shifted scores as signed fields, a piece 32 bits of them
//               (columns_fields.wgsl)
//
// Steps. Where scores are few, a score is told by how many steps it lies below params.top, the highest shifted
// score of the table. Scores of two values have one step.
// A load of four words costs a GPU what one does, and Mesa's llvmpipe, which loads lane by lane in a
// loop, little more.

struct Params {
    // The number of the chunk's first stem, counted from the last one.
    stem_left: vec4<u32>,
    floor: Floor,
    questions: u32,
    // Q - K + 1.
    row_entries: u32,
    stems: u32,
    workgroups: u32,
    // The low word of the number of the chunk's first set.
    first: u32,
    // Sets in the chunk.
    sets: u32,
    // Quadruples of words of a column of users.
    quads: u32,
    // Words of a row, and of its first part: the answered bits.
    row_words: u32,
    answered_words: u32,
    // Words of scratch.
    room: u32,
    // Survivors that there is room for.
    capacity: u32,
    min_users: u32,
    // 2 (1 - floor^2) in units of 2^-30, rounded up; NO_SLACK where the floor is not above 0.
    slack: u32,
    serial: u32,
    // The highest shifted score, where there are steps.
    top: i32,
    // Below floor^2 by 2^-16 of it; 0 where a float may discard nothing (judge_float.wgsl).
    bar: f32,
    // Outer users that the list of a prefix has room for (sweep.wgsl): an even number.
    list: u32,
    // Questions that stems are chosen from: the first ones.
    head: u32,
    // Where the questions are in that order in `rows`, in `answered`, and their ways in `binomials`.
    rows_at: u32,
    answered_at: u32,
    ways_at: u32,
}

// What `claimed` has: words of scratch that were taken or asked for, whether loops were cut short, and how many
// stems were taken to be scored.
const ROOM: u32 = 0u;
const CUT: u32 = 1u;
const NEXT: u32 = 2u;

// In place of a stem's place: there was no room.
const NOWHERE: u32 = 0xffffffffu;

// Where question 0 is in the words of a row: the last question ends the last word, so that the words that
// a prefix has leaves in are as few as can be.
fn lead() -> u32 {
    return (0u - params.questions) & 31u;
}

// Words of a row's questions.
fn words_end() -> u32 {
    return (params.questions + 31u) >> 5u;
}

fn blocks_of(users: u32) -> u32 {
    return (users + 31u) >> 5u;
}

fn quads_of(users: u32) -> u32 {
    return (users + 127u) >> 7u;
}

// How many of a stem's users are in this block, which may lie behind the last one.
fn users_in(block: u32, users: u32) -> u32 {
    return min(users - min(32u * block, users), 32u);
}

// Bits set on the stem and total of a user with scores of one bit, K <= 12 and |total| < 2^13.
fn packed_user(score: i32, total: i32) -> u32 {
    return bitcast<u32>((total << 4u) | -score);
}

// The first block of a quad that has a user; the last where none of the others has.
fn first_block(users: vec4<u32>) -> u32 {
    var i = select(3u, 2u, users.z != 0u);
    i = select(i, 1u, users.y != 0u);
    return select(i, 0u, users.x != 0u);
}
