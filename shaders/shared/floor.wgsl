// The floor of r as shaders read it; twin: src/engine/gpu/floor.rs.

struct Floor {
    mode: u32,
    mantissa: u32,
    exponent: i32,
}
