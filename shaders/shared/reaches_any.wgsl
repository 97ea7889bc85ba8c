// Whether a set of these a and x may reach a floor of any kind: of rest scores, where lambda is above 0, and of
// scores packed in steps. Needs complete.wgsl; src/engine/gpu/complete/bound.rs says why no set is lost, however an
// adapter rounds. Cost: 12 operations.

fn reaches(a: f32, x: f32) -> bool {
    let p = a - params.lambda * x;
    let y = (params.top - 2.0 * params.lambda * a) + (params.lambda * params.lambda) * x;
    return x < params.least_x || y <= params.least_y || p * abs(p) >= params.bar * (x * y);
}
