// Whether the adapter cut loops short. Mesa's llvmpipe bounds the turns of all loops of an invocation
// together: once they are spent, each loop ends at its first turn, and what follows goes on. Some lanes
// of a workgroup may be cut and others not, so the audit alone need not see it: a leaf that the sweep
// has audited already could lose users and be discarded.
//
// After such a loop no other one takes a second turn. So one that does, at the very end, proves that
// none was cut. No planner has to foresee the turns, and none has to trust in what is unrolled.
// `serial` is not 0: two turns, which no compiler can know. Cost: once a dispatch and lane.
fn loops_were_cut(serial: u32) -> bool {
    let turns = min(serial, 1u) + 1u;
    var turn = 0u;
    while (turn < turns) {
        turn += 1u;
    }
    return turn != turns;
}
