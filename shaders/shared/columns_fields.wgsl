// The rows of a stem's users as columns, a lane a block of users and a question; for scores of any
// width. Needs expand.wgsl.
// Cost a block and question: 32 (3 reads and 10 operations).

alias Row = u32;

fn stem_score(chosen: array<u32, CHOSEN>, user: u32) -> i32 {
    let row = params.rows_at + user * params.row_words + params.answered_words;
    var score = 0;
    for (var i = 0u; i < CHOSEN; i += 1u) {
        let at = chosen[i] * SCORE_BITS;
        score += extractBits(bitcast<i32>(rows[row + (at >> 5u)]), at & 31u, SCORE_BITS);
    }
    return score;
}

fn write_column(at: u32, users: u32, block: u32, first: u32, column: u32, columns: u32) {
    let question = first + column;
    let field = question * SCORE_BITS;
    let start = block * 32u;
    let most = users_in(block, users);
    var bits = 0u;
    var pieces: array<u32, SCORE_BITS>;
    for (var i = 0u; i < SCORE_BITS; i += 1u) {
        pieces[i] = 0u;
    }
    for (var i = 0u; i < most; i += 1u) {
        let row = params.rows_at + scratch[at + 4u * (start + i)] * params.row_words;
        bits |= extractBits(rows[row + (question >> 5u)], question & 31u, 1u) << i;
        let score = extractBits(
            rows[row + params.answered_words + (field >> 5u)],
            field & 31u,
            SCORE_BITS,
        );
        pieces[(i * SCORE_BITS) >> 5u] |= score << ((i * SCORE_BITS) & 31u);
    }
    let quads = quads_of(users);
    let quad = block / 4u;
    let row = at + 128u * blocks_of(users) + block % 4u;
    scratch[row + 4u * (quad * columns + column)] = bits;
    for (var i = 0u; i < SCORE_BITS; i += 1u) {
        scratch[row + 4u * ((quads + quad * SCORE_BITS + i) * columns + column)] = pieces[i];
    }
}

fn write_columns(lane: u32, at: u32, users: u32, first: u32, columns: u32) {
    let entries = 4u * quads_of(users) * columns;
    for (var entry = lane; entry < entries; entry += GROUP) {
        write_column(at, users, entry / columns, first, entry % columns, columns);
    }
}
