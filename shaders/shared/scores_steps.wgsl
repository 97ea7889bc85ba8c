// Scores of a leaf's two questions from their steps, 128 users at a time. Needs leaves.wgsl and the kernel's
// `scratch` and `params`. Cost of a quad: 2 DIGITS reads and 4 (5 DIGITS + 1) operations; a user: 3 for each digit
// of a sum, and as many to step on.

// Steps on both questions together, in binary: a digit more than one question has.
struct Scores {
    digits: array<vec4<u32>, DIGITS + 1u>,
}

fn scores_of(stem: Stem, quad: u32, l: u32, m: u32) -> Scores {
    var sum = Scores();
    var carry = vec4<u32>(0u);
    for (var i = 0u; i < DIGITS; i += 1u) {
        let row = scores_row(stem, quad, i);
        let one = scratch[row + l];
        let other = scratch[row + m];
        let half = one ^ other;
        sum.digits[i] = half ^ carry;
        carry = (one & other) | (half & carry);
    }
    sum.digits[DIGITS] = carry;
    return sum;
}

// Goes on to the next block where the one in front is empty.
fn scores_step(scores: ptr<function, Scores>, empty: bool) {
    for (var i = 0u; i <= DIGITS; i += 1u) {
        let digit = (*scores).digits[i];
        (*scores).digits[i] = select(digit, vec4<u32>(digit.yzw, 0u), empty);
    }
}

// What the user at this bit of the block in front scored on both, less two times params.top.
fn score_at(
    stem: Stem,
    scores: ptr<function, Scores>,
    l: u32,
    m: u32,
    at: u32,
    bit: u32,
) -> i32 {
    var steps = 0u;
    for (var i = 0u; i <= DIGITS; i += 1u) {
        steps |= (((*scores).digits[i].x >> bit) & 1u) << i;
    }
    return -i32(steps);
}
