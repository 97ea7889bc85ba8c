// The judgement from sums of 31 bits and a sign: each product then fits 62 bits and each difference
// of two 63, so 64 bits are exact. Needs judge.wgsl and sums_narrow.wgsl.
// Cost: 6 products of 32 bits, about 130 operations, and 150 to compare.

fn difference(a: vec2<u32>, b: vec2<u32>) -> vec4<u32> {
    let d = add64(a, neg64(b));
    let sign = bitcast<u32>(bitcast<i32>(d.y) >> 31u);
    return vec4<u32>(d, sign, sign);
}

fn sums_judge(s: Sums, min_users: u32, floor: Floor) -> Verdict {
    if (s.n < min_users) {
        return Verdict(false, false);
    }
    let n = i32(s.n);
    let moments = Moments(
        difference(mul32_signed(n, s.sag), mul32_signed(s.sa, s.sg)),
        difference(mul32_signed(n, s.saa), mul32_signed(s.sa, s.sa)),
        difference(mul32_signed(n, s.sgg), mul32_signed(s.sg, s.sg)),
    );
    return judge_moments(s.n, moments, floor);
}
