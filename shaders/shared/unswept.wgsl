// No sweep: every leaf goes on to its sums, which are then the audit. For scores of many values, and tables
// whose closed form could leave 31 bits.

// Whether the leaves of this stem are swept.
fn load_tile(stem: Stem, lane: u32, tally: ptr<function, Tally>) -> bool {
    return false;
}

fn load_lists(stem: Stem, front: u32, workgroup: u32, lane: u32) {}

// The prefix that is taken at this place of a batch.
fn column_at(front: u32, place: u32, swept: bool) -> u32 {
    return place;
}

fn sweep(
    stem: Stem,
    front: u32,
    item: Item,
    valid: u32,
    workgroup: u32,
    tally: ptr<function, Tally>,
) -> u32 {
    return valid;
}

fn surely_below(sums: Sums) -> bool {
    return false;
}

// Score on the stem, and twice params.top as leaves are without it; total.
fn stem_user(stem: Stem, i: u32, swept: bool) -> vec2<i32> {
    let user = bitcast<vec2<i32>>(scratch[stem.at + i].zw);
    return vec2<i32>(user.x + 2 * params.top, user.y);
}
