// The closed form: one user's part in all completions of a prefix by `rest` more questions, modulo 2^64
// (src/stats/audit.rs, Completions). Needs prefixes.wgsl and report_levels.wgsl.
//
// binomials[forms_at + 2 (rest * forms_row_entries + d)], d of the answers behind the prefix, has C(d, rest)
// and C(d - 1, rest - 1), and the entry behind it C(d - 2, rest - 2): low and high words.
// Cost: 3 reads of 16 bytes and about 240 operations.

fn completions(rest: u32, score: i32, total: i32, tail: vec4<u32>) -> array<vec2<u32>, 6> {
    let at = params.forms_at + 2u * (rest * params.forms_row_entries + tail.x);
    let one = binomials[at];
    let all = one.xy;
    let with_one = one.zw;
    let with_two = binomials[at + 1u].xy;
    let s = widen32(score);
    let g = widen32(total);
    let t = bitcast<i32>(tail.y);
    let squares = tail.zw;
    let s_all = mul_low(s, all);
    let sa = add64(s_all, mul_low(widen32(t), with_one));
    let st = mul32_signed(score, t);
    let once = add64(add64(st, st), squares);
    let pairs = add64(mul32_signed(t, t), neg64(squares));
    let saa = add64(
        mul_low(s, s_all),
        add64(mul_low(once, with_one), mul_low(pairs, with_two)),
    );
    let sg = mul_low(g, all);
    return array<vec2<u32>, 6>(all, sa, sg, saa, mul_low(g, sg), mul_low(g, sa));
}

fn add_completions(seen: ptr<function, Seen>, rest: u32, user: vec4<u32>, tail: vec4<u32>) {
    let more = completions(rest, bitcast<i32>(user.z), bitcast<i32>(user.w), tail);
    for (var i = 0u; i < 6u; i += 1u) {
        (*seen).tally.sums[i] = add64((*seen).tally.sums[i], more[i]);
    }
}

fn take_completions(seen: ptr<function, Seen>, rest: u32, user: vec4<u32>, tail: vec4<u32>) {
    let less = completions(rest, bitcast<i32>(user.z), bitcast<i32>(user.w), tail);
    for (var i = 0u; i < 6u; i += 1u) {
        (*seen).tally.sums[i] = add64((*seen).tally.sums[i], neg64(less[i]));
    }
}
