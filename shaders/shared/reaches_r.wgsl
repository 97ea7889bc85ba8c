// Whether a set of these a and x may reach the floor of r, with exact scores. Needs complete.wgsl; what a and x are
// is told in src/engine/gpu/complete/bound.rs. Cost: 3 operations.

fn reaches(a: f32, x: f32) -> bool {
    return a * abs(a) >= params.bar * x;
}
