// Integers of the complete pipeline's tables in 32 bits, where the host has shown that what a lane
// adds up of them stays within 31 bits and a sign. Cost: one operation an addition.

alias Whole = i32;

fn whole_add(a: Whole, b: Whole) -> Whole {
    return a + b;
}

fn whole_widen(a: Whole) -> vec2<u32> {
    return widen32(a);
}
