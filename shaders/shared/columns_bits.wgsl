// The rows of a stem's users as columns, a lane a square of 32 users and 32 questions; for scores of
// one bit, which are laid out as answers are. Needs expand.wgsl.
// Cost a square, for answers and for scores: 64 reads, 5 * 16 * 7 operations, at most 32 writes.

// The squares in each other's place: the bits of t[i] under `mask` times 2^step, and those of
// t[i + step] under it.
fn exchange(t: ptr<function, array<u32, 32>>, i: u32, step: u32, mask: u32) {
    let other = (((*t)[i] >> step) ^ (*t)[i + step]) & mask;
    (*t)[i + step] ^= other;
    (*t)[i] ^= other << step;
}

// Bit j of word i becomes bit i of word j (Hacker's Delight, 7-3, from the other end).
fn transpose(t: ptr<function, array<u32, 32>>) {
    for (var i = 0u; i < 16u; i += 1u) {
        exchange(t, i, 16u, 0xffffu);
    }
    for (var i = 0u; i < 16u; i += 1u) {
        exchange(t, ((i & 8u) << 1u) | (i & 7u), 8u, 0xff00ffu);
    }
    for (var i = 0u; i < 16u; i += 1u) {
        exchange(t, ((i & 12u) << 1u) | (i & 3u), 4u, 0xf0f0f0fu);
    }
    for (var i = 0u; i < 16u; i += 1u) {
        exchange(t, ((i & 14u) << 1u) | (i & 1u), 2u, 0x33333333u);
    }
    for (var i = 0u; i < 16u; i += 1u) {
        exchange(t, i << 1u, 1u, 0x55555555u);
    }
}

// Answered bits and score bits of 32 questions.
alias Row = vec2<u32>;

fn stem_score(chosen: array<u32, CHOSEN>, user: u32) -> i32 {
    let row = user * params.answered_words;
    var score = 0;
    for (var i = 0u; i < CHOSEN; i += 1u) {
        score -= i32((rows[row + (chosen[i] >> 5u)].y >> (chosen[i] & 31u)) & 1u);
    }
    return score;
}

// Writes the columns of a block from `row` on, every fourth word; question 32 `word` is `shift`
// columns in front of the first one.
fn write_square(t: ptr<function, array<u32, 32>>, row: u32, columns: u32, shift: u32) {
    transpose(t);
    for (var i = 0u; i < 32u; i += 1u) {
        // Below 0 it wraps beyond.
        let column = i - shift;
        if (column < columns) {
            scratch[row + 4u * column] = (*t)[i];
        }
    }
}

fn write_columns(lane: u32, at: u32, users: u32, first: u32, columns: u32) {
    let quads = quads_of(users);
    let start = at + 128u * blocks_of(users);
    let front = first >> 5u;
    let row_words = params.answered_words;
    let words = row_words - front;
    for (var square = lane; square < 4u * quads * words; square += GROUP) {
        let block = square / words;
        let word = front + square % words;
        let most = users_in(block, users);
        var answers: array<u32, 32>;
        var ones: array<u32, 32>;
        for (var i = 0u; i < 32u; i += 1u) {
            answers[i] = 0u;
            ones[i] = 0u;
            if (i < most) {
                let row = rows[scratch[at + 128u * block + 4u * i] * row_words + word];
                answers[i] = row.x;
                ones[i] = row.y;
            }
        }
        let row = start + 4u * (block / 4u) * columns + block % 4u;
        let shift = first - 32u * word;
        write_square(&answers, row, columns, shift);
        write_square(&ones, row + 4u * quads * columns, columns, shift);
    }
}
