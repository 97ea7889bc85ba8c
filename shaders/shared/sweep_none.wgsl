// No sweep: every valid leaf goes on to its sums, which are then the audit. For scores that are not
// two-valued, and tables whose audit of 32 leaves could leave 31 bits.

// Whether the leaves of this stem are swept.
fn load_tile(stem: Stem, word: u32, lane: u32) -> bool {
    return false;
}

fn audit(
    stem: Stem,
    word: u32,
    first: u32,
    beyond: u32,
    lane: u32,
    mine: u32,
    tally: ptr<function, Tally>,
) {}

fn sweep(stem: Stem, column: u32, word: u32, valid: u32, tally: ptr<function, Tally>) -> u32 {
    return valid;
}

// Score on the stem, total.
fn stem_user(stem: Stem, i: u32) -> vec2<i32> {
    return bitcast<vec2<i32>>(scratch[stem.at + i].zw);
}
