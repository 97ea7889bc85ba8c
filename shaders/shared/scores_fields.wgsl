// Scores of a leaf's two questions from fields of SCORE_BITS bits. Needs leaves.wgsl and the kernel's
// `scratch`. Cost a user: 2 reads and 10 operations.

// Nothing is held: each user's fields are read.
struct Scores {
    none: u32,
}

fn scores_of(stem: Stem, quad: u32, l: u32, m: u32) -> Scores {
    return Scores();
}

fn scores_step(scores: ptr<function, Scores>, empty: bool) {}

fn field(stem: Stem, column: u32, at: u32, bit: u32) -> i32 {
    let field_at = bit * SCORE_BITS;
    let row = scores_row(stem, at >> 7u, field_at >> 5u);
    let fields = bitcast<i32>(scratch[row + column][(at >> 5u) & 3u]);
    return extractBits(fields, field_at & 31u, SCORE_BITS);
}

// What user `bit` of the block that starts with user `at` scored on both.
fn score_at(
    stem: Stem,
    scores: ptr<function, Scores>,
    l: u32,
    m: u32,
    at: u32,
    bit: u32,
) -> i32 {
    return field(stem, l, at, bit) + field(stem, m, at, bit);
}
