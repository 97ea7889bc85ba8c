// The floor of r as shaders read it; twin: src/engine/gpu/floor.rs.

struct Floor {
    mode: u32,
    mantissa: u32,
    exponent: i32,
    // FLOOR_REST, FLOOR_BLURRED; from FLOOR_SCORES_AT and from FLOOR_OVERALL_AT, 5 bits each, the powers of
    // what X and Y of a set must be to be judged where scores and overall scores are rounded.
    kind: u32,
    // Taken from Y for each n^2 where totals are blurred.
    blur: u32,
}
