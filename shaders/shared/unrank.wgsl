// Rank -> CHOSEN elements, by the combinatorial number system (src/combin/rank.rs), in 128 bits.
// Needs u128.wgsl; twin: src/engine/gpu/ranks.rs, on the same table.
//
// binomials[(j - 1) * row_entries + t] = C(t + j - 1, j) for j = 1 .. K and t = 0 .. row_entries - 1, where
// row_entries = Q - K + 1. Each is at most C(Q - 1, K), so 128 bits hold it wherever they hold C(Q, K).
//
// left = C(Q, K) - 1 - rank. Element i has j = K - i elements from itself to the end; it is
// c = Q - 1 - m for the largest m with C(m, j) <= left, and m = t + j - 1. Ascending elements mean
// that t never grows, so each search starts from the last t.
// Cost: K * ceil(log2(row_entries)) reads of 16 bytes.

fn unrank(rank_left: vec4<u32>, questions: u32, row_entries: u32, chosen: ptr<function, array<u32, CHOSEN>>) {
    var left = rank_left;
    var most = questions - CHOSEN;
    for (var i = 0u; i < CHOSEN; i += 1u) {
        let j = CHOSEN - i;
        let row = (j - 1u) * row_entries;
        // C(j - 1, j) = 0 <= left always: t = 0 holds, and the largest t that holds is in low ..= most.
        var low = 0u;
        while (low < most) {
            let middle = (low + most + 1u) >> 1u;
            if (at_most128(binomials[row + middle], left)) {
                low = middle;
            } else {
                most = middle - 1u;
            }
        }
        most = low;
        left = sub128(left, binomials[row + low]);
        (*chosen)[i] = questions - low - j;
    }
}
