// Stems and their leaves as the kernels that score them see both. Needs stems.wgsl, and the kernel's
// `params`.

alias Offset = u32;

// A stem and where its parts are in scratch.
struct Stem {
    users: u32,
    quads: u32,
    // The stem's last question.
    last: u32,
    // Questions behind it.
    columns: u32,
    offset: u32,
    // There was no room for its users.
    nowhere: bool,
    at: u32,
    answered: u32,
}

fn stem_of(entry: vec4<u32>) -> Stem {
    let quads = quads_of(entry.x);
    let columns = params.questions - 1u - entry.z;
    let at = entry.y / 4u;
    let answered = at + 32u * blocks_of(entry.x);
    return Stem(
        entry.x,
        quads,
        entry.z,
        columns,
        entry.w,
        entry.y == NOWHERE,
        at,
        answered,
    );
}

// Where a row of scores is: of a quad of blocks, and of a piece of PIECES.
fn scores_row(stem: Stem, quad: u32, piece: u32) -> u32 {
    return stem.answered + (stem.quads + quad * PIECES + piece) * stem.columns;
}

// Where the question of a column is in the words of a row.
fn place_of(stem: Stem, column: u32) -> u32 {
    return stem.last + 1u + column + lead();
}

// The offset of the first leaf of (stem, l): l - last - 1 earlier questions have Q - 1 - l' each.
fn leaf_offset(stem: Stem, l: u32) -> u32 {
    let skipped = (l - stem.last - 1u) * (params.questions - 1u);
    return stem.offset + skipped - (l * (l - 1u) / 2u - stem.last * (stem.last + 1u) / 2u);
}

// The questions m of the leaves of (stem, l) that are in the chunk: from x up to y - 1; none where y is
// no more than x.
fn leaves_of(stem: Stem, l: u32) -> vec2<u32> {
    // The chunk's first set, as a question; all below 2^31 (plan.rs).
    let start = i32(l + 1u) - bitcast<i32>(leaf_offset(stem, l));
    let end = min(start + i32(params.sets), i32(params.questions));
    return vec2<u32>(u32(max(start, i32(l + 1u))), u32(max(end, 0)));
}

// The place of the set bit that has `number` others below it.
fn nth_bit(bits: u32, number: u32) -> u32 {
    var at = vec2<u32>(number, 0u);
    at = half_bit(bits, at, 16u);
    at = half_bit(bits, at, 8u);
    at = half_bit(bits, at, 4u);
    at = half_bit(bits, at, 2u);
    return half_bit(bits, at, 1u).y;
}

// A step of nth_bit: the bits left to skip, and the place to go on from.
fn half_bit(bits: u32, at: vec2<u32>, half: u32) -> vec2<u32> {
    let below = countOneBits((bits >> at.y) & ((1u << half) - 1u));
    return select(at, vec2<u32>(at.x - below, at.y + half), at.x >= below);
}
