// The rows of a stem's users as columns, a lane a square of 32 users and 32 questions; for scores of few steps
// (stems.wgsl), which rows have as answers are: step j of 32 questions is a word of bits, set where a score lies j
// steps or more below the top. Columns have the steps in binary. Needs expand.wgsl.
// Cost a square, for answers and for each digit: 32 reads, 5 * 16 * 7 operations, at most 32 writes.
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

// Answered bits and the first step of 32 questions; further steps are in the PAIRS - 1 pairs behind.
alias Row = vec2<u32>;

// Shifted score of a user on the stem.
fn stem_score(chosen: array<u32, CHOSEN>, user: u32) -> i32 {
    let row = params.rows_at + user * words_end() * PAIRS;
    var score = i32(CHOSEN) * params.top;
    for (var i = 0u; i < CHOSEN; i += 1u) {
        let place = chosen[i] + lead();
        let at = row + (place >> 5u) * PAIRS;
        let bit = place & 31u;
        score -= i32((rows[at].y >> bit) & 1u);
        for (var pair = 1u; pair < PAIRS; pair += 1u) {
            let more = (rows[at + pair] >> vec2<u32>(bit)) & vec2<u32>(1u);
            score -= i32(more.x + more.y);
        }
    }
    return score;
}

// A digit of the number of steps, from the words of all of them: a score with s steps has the first s words set.
fn digit_of(at: u32, digit: u32) -> u32 {
    var steps: array<u32, 8>;
    steps[1] = rows[at].y;
    for (var pair = 1u; pair < PAIRS; pair += 1u) {
        steps[2u * pair] = rows[at + pair].x;
        steps[2u * pair + 1u] = rows[at + pair].y;
    }
    if (digit == 2u) {
        return steps[4];
    }
    if (digit == 1u) {
        return (steps[2] & ~steps[4]) | steps[6];
    }
    return (steps[1] & ~steps[2]) | (steps[3] & ~steps[4]) | (steps[5] & ~steps[6]) | steps[7];
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

// The row of a column's word of a block: of the answers, or of a digit behind all of them.
fn row_of(start: u32, quads: u32, columns: u32, block: u32, piece: u32) -> u32 {
    let quad = block / 4u;
    let rows_before = select(quads + quad * DIGITS + piece - 1u, quad, piece == 0u);
    return start + 4u * rows_before * columns + block % 4u;
}

// The columns of a block's answers and of its only digit, from one read of each row.
fn write_pair(users_at: u32, most: u32, word: u32, rows_of: vec2<u32>, columns: u32, shift: u32) {
    var answers: array<u32, 32>;
    var steps: array<u32, 32>;
    for (var i = 0u; i < 32u; i += 1u) {
        answers[i] = 0u;
        steps[i] = 0u;
        if (i < most) {
            let user = scratch[users_at + 4u * i];
            let row = rows[params.rows_at + user * words_end() + word];
            answers[i] = row.x;
            steps[i] = row.y;
        }
    }
    write_square(&answers, rows_of.x, columns, shift);
    write_square(&steps, rows_of.y, columns, shift);
}

// The columns of a block's answers, or of a digit.
fn write_piece(users_at: u32, most: u32, word: u32, piece: u32, row_of: u32, columns: u32, shift: u32) {
    var square: array<u32, 32>;
    for (var i = 0u; i < 32u; i += 1u) {
        square[i] = 0u;
        if (i < most) {
            let user = scratch[users_at + 4u * i];
            let row = params.rows_at + (user * words_end() + word) * PAIRS;
            if (piece == 0u) {
                square[i] = rows[row].x;
            } else {
                square[i] = digit_of(row, piece - 1u);
            }
        }
    }
    write_square(&square, row_of, columns, shift);
}

fn write_columns(lane: u32, at: u32, users: u32, first: u32, columns: u32) {
    let quads = quads_of(users);
    let start = at + 128u * blocks_of(users);
    let front = (first + lead()) >> 5u;
    let words = words_end() - front;
    for (var square = lane; square < 4u * quads * words; square += GROUP) {
        let block = square / words;
        let word = front + square % words;
        let users_at = at + 128u * block;
        let most = users_in(block, users);
        let shift = first + lead() - 32u * word;
        if (DIGITS == 1u) {
            let answers = row_of(start, quads, columns, block, 0u);
            let steps = row_of(start, quads, columns, block, 1u);
            write_pair(users_at, most, word, vec2<u32>(answers, steps), columns, shift);
        } else {
            for (var piece = 0u; piece <= DIGITS; piece += 1u) {
                let row = row_of(start, quads, columns, block, piece);
                write_piece(users_at, most, word, piece, row, columns, shift);
            }
        }
    }
}
