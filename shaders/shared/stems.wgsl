// What the two stages of the projected pipeline share: the chunk, and where a stem's users lie in
// `scratch`. A stem is the first K - 2 questions of a set.
//
// Of a stem with n users in B = ceil(n / 32) blocks and C questions behind it, `scratch` has from
// its place on, in words:
//   32 B        the users, as rows of the table, highest total first
//   32 B        their shifted scores on the stem
//   32 B        their shifted totals
//   B * C       answered: bit b of [block][question] is set where user 32 block + b answered it
//   B * BITS * C  shifted scores as signed fields, [block][piece][question]

struct Params {
    // C(Q - 2, K - 2) - 1 - the number of the chunk's first stem.
    stem_left: vec4<u32>,
    floor: Floor,
    questions: u32,
    // Q - K + 1.
    span: u32,
    stems: u32,
    workgroups: u32,
    // The low word of C(Q, K) - 1 - the rank of the chunk's first set.
    first_left: u32,
    // In the chunk.
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
}

// In place of a stem's place: there was no room.
const NOWHERE: u32 = 0xffffffffu;

fn blocks_of(users: u32) -> u32 {
    return (users + 31u) >> 5u;
}
