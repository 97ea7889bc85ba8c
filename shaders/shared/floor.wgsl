// The floor of r as shaders read it; twin: src/engine/gpu/floor.rs.

struct Floor {
    mode: u32,
    mantissa: u32,
    exponent: i32,
    // FLOOR_REST, FLOOR_BLURRED.
    kind: u32,
    // Taken from Y for each n^2 where totals are blurred.
    blur: u32,
}
