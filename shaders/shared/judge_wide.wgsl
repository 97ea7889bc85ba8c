// The judgement from sums of 64 bits. Needs judge.wgsl and sums_wide.wgsl.

fn sums_judge(s: Sums, min_users: u32, floor: Floor) -> Verdict {
    return judge(s, min_users, floor);
}
