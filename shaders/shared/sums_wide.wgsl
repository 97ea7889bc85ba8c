// Sums in 64 bits. Needs sums.wgsl. Cost: 3 signed 32 x 32 -> 64 products (12
// multiplications) and 5 additions with carry a user.

alias Sums = WideSums;

fn sums_add(sums: ptr<function, Sums>, a: i32, g: i32) {
    (*sums).n += 1u;
    (*sums).sa = add64((*sums).sa, widen32(a));
    (*sums).sg = add64((*sums).sg, widen32(g));
    (*sums).saa = add64((*sums).saa, mul32_signed(a, a));
    (*sums).sgg = add64((*sums).sgg, mul32_signed(g, g));
    (*sums).sag = add64((*sums).sag, mul32_signed(a, g));
}

fn sums_widen(sums: Sums) -> WideSums {
    return sums;
}
