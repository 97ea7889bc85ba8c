// Integers of the complete pipeline's tables modulo 2^64, which is all that the audit needs of them.
// Needs u64_*.wgsl. Cost: four operations an addition.

alias Whole = vec2<u32>;

fn whole_add(a: Whole, b: Whole) -> Whole {
    return add64(a, b);
}

fn whole_widen(a: Whole) -> vec2<u32> {
    return a;
}
