// The rows of a stem's users as columns, a lane a square of 32 users and 32 questions; for scores of
// one bit, which are laid out as answers are. Needs expand.wgsl.
// Cost a square, for answers and for scores: 64 reads, 5 * 16 * 7 operations, at most 32 writes.

// The squares in each other's place: the bits of t[i] under `mask` times 2^step, and those of
// t[i + step] under it.
fn exchange(t: ptr<function, array<u32, 32>>, i: u32, step: u32, mask: u32) {
    let other = ((*t)[i] >> step ^ (*t)[i + step]) & mask;
    (*t)[i + step] ^= other;
    (*t)[i] ^= other << step;
}

// Bit j of word i becomes bit i of word j (Hacker's Delight, 7-3, from the other end).
fn transpose(t: ptr<function, array<u32, 32>>) {
    for (var i = 0u; i < 16u; i += 1u) {
        exchange(t, i, 16u, 0xffffu);
    }
    for (var i = 0u; i < 16u; i += 1u) {
        exchange(t, (i & 8u) << 1u | i & 7u, 8u, 0xff00ffu);
    }
    for (var i = 0u; i < 16u; i += 1u) {
        exchange(t, (i & 12u) << 1u | i & 3u, 4u, 0xf0f0f0fu);
    }
    for (var i = 0u; i < 16u; i += 1u) {
        exchange(t, (i & 14u) << 1u | i & 1u, 2u, 0x33333333u);
    }
    for (var i = 0u; i < 16u; i += 1u) {
        exchange(t, i << 1u, 1u, 0x55555555u);
    }
}

// Reads `most` users' words from `word` of their rows on, and writes the columns of a block from
// `row` on; question 32 `word` is `shift` columns in front of the first one.
fn write_square(users: u32, most: u32, word: u32, row: u32, columns: u32, shift: u32) {
    var t: array<u32, 32>;
    for (var i = 0u; i < 32u; i += 1u) {
        t[i] = 0u;
        if (i < most) {
            t[i] = rows[scratch[users + i] * params.row_words + word];
        }
    }
    transpose(&t);
    for (var i = 0u; i < 32u; i += 1u) {
        // Below 0 it wraps beyond.
        let column = i - shift;
        if (column < columns) {
            scratch[row + column] = t[i];
        }
    }
}

fn write_columns(lane: u32, at: u32, users: u32, first: u32, columns: u32) {
    let blocks = blocks_of(users);
    let front = first >> 5u;
    let words = ((params.questions + 31u) >> 5u) - front;
    let squares = blocks * words;
    // Answers, then scores.
    for (var square = lane; square < 2u * squares; square += WORKGROUP) {
        let scores = square / squares;
        let block = square % squares / words;
        let word = square % words;
        write_square(
            at + 32u * block,
            min(users - 32u * block, 32u),
            front + word + scores * params.answered_words,
            at + 96u * blocks + (scores * blocks + block) * columns,
            columns,
            first - 32u * (front + word),
        );
    }
}
