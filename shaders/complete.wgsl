// complete: tables where nobody misses an answer, so that n, Sg and Sgg are the same for every set
// S and the rest are sums over its questions: with x the shifted scores and G_qm = sum of x_q x_m,
//
//   A = sum of B_q, X = sum of V_qm over q, m in S           (floats: they may only discard)
//   Sa = sum of s_q, Sag = sum of t_q, Saa = sum of G_qm     (integers: the audit)
//
// where B and V are the covariances of questions with the total and with each other. src/engine/
// gpu/complete/bound.rs says how B and V are scaled and moved so that the floats discard no set
// that reaches the floor, however an adapter rounds.
//
// A workgroup takes params.share consecutive ranks. It unranks the first one and then goes from
// stem to stem: a stem is the first K - 2 questions of a set, and the pairs (y, m) behind it are its
// leaves. It keeps, for every later question m, V_mm + 2 * sum of V_pm over the questions p of the
// stem (and the same of G): once for the stem without its last question, `before`, which most stems
// share with the one before, and once with it, `step`. A leaf then is
//   X = (X_stem + step[y]) + (step[m] + 2 V_ym)
//
// Leaves of a stem form a triangle of rows y. The longest row and the shortest one are as long
// together as the next two, so the rows are folded into a rectangle, and lanes take its places in
// turn. Rows that the share enters or leaves in the middle are masked.
//
// Buffers, Q = params.questions; sizes come from complete/plan.rs, contents from complete/table.rs.
//   binomials  see unrank.wgsl
//   floats     at params.covariances [q][m] 2 V_qm, at params.variances V_qq, both moved to the side
//              that the floor needs; at params.with_total B_q
//   wholes     [q][m] 2 G_qm, then G_qq, s_q, t_q, for Q questions each
//   survivors  see survivors.wgsl
//   records    params.workgroups records; n, Sg and Sgg stay 0, the host multiplies what is the same
//              for all sets by their number
// Bounds: elements of a set are below Q <= COLUMNS; offsets below params.sets. Loops: all count up to
// bounds that do not change, but for the loop over stems, each turn of which takes a set or more of
// the share.
// Cost a leaf (narrow integers): 12 operations for its place in the triangle, 14 reads with their
// addresses (4 of them in workgroup memory), 5 additions and 3 more operations for the test, 7
// additions and 1 count for the audit: about 45 in all, whatever K and the number of users.
// Cost a stem: 2 reads and additions for each later question; K of them where another question than
// the last one changes; 3 barriers, 4 there.

struct Params {
    // C(Q, K) - 1 - the rank of the chunk's first set.
    left: vec4<u32>,
    // A |A| >= bar X wherever a set reaches the floor; see reaches_r.wgsl and, with what follows, reaches_any.wgsl.
    bar: f32,
    lambda: f32,
    top: f32,
    least_x: f32,
    least_y: f32,
    // 0 where no set has a correlation: none is kept.
    judged: u32,
    questions: u32,
    // Q - K + 1.
    row_entries: u32,
    // Sets in the chunk.
    sets: u32,
    // Sets of a workgroup.
    share: u32,
    workgroups: u32,
    // Survivors that there is room for.
    capacity: u32,
    serial: u32,
    // Places in `floats`.
    covariances: u32,
    variances: u32,
    with_total: u32,
}

// Questions of a stem, and of a stem without its last one.
const STEM: u32 = K - 2u;
const BEFORE: u32 = max(STEM, 1u) - 1u;

// What the questions of a stem add up to.
struct Prefix {
    a: f32,
    x: f32,
    sa: vec2<u32>,
    sag: vec2<u32>,
    saa: vec2<u32>,
}

// What a turn over a stem begins with, for all lanes alike. It is read by a uniform load: barriers depend on it,
// which WGSL allows for nothing else that lies in a workgroup's memory.
struct Turn {
    // The first question behind the stem.
    front: u32,
    // The next set's last two questions, counted from `front`.
    y: u32,
    m: u32,
    // 0 where only the last question of the stem is another than in the stem before.
    enter: u32,
}

alias Offset = u32;

// Not a uniform, for the reason given in flat.wgsl.
@group(0) @binding(0) var<storage, read> params: Params;
@group(0) @binding(1) var<storage, read> binomials: array<vec4<u32>>;
@group(0) @binding(2) var<storage, read> floats: array<f32>;
@group(0) @binding(3) var<storage, read> wholes: array<Whole>;
@group(0) @binding(4) var<storage, read_write> survivors: Survivors;
@group(0) @binding(5) var<storage, read_write> records: array<Record>;

// The stem; at first the whole first set of the share.
var<workgroup> stem: array<u32, K>;
// Where lanes go on, see `Turn`; lane 0 says it.
var<workgroup> next: Turn;
// Each question of `before` with itself and those in front of it.
var<workgroup> part_x: array<f32, K>;
var<workgroup> part_saa: array<Whole, K>;
// Their sum.
var<workgroup> before: Prefix;
var<workgroup> before_x: array<f32, COLUMNS>;
var<workgroup> before_saa: array<Whole, COLUMNS>;
var<workgroup> step_x: array<f32, COLUMNS>;
var<workgroup> step_saa: array<Whole, COLUMNS>;

fn own_place(q: u32) -> u32 {
    return params.questions * params.questions + q;
}

fn sa_place(q: u32) -> u32 {
    return own_place(q) + params.questions;
}

fn sag_place(q: u32) -> u32 {
    return sa_place(q) + params.questions;
}

fn pair_place(q: u32, m: u32) -> u32 {
    return q * params.questions + m;
}

// Leaves in front of row y, of a stem with `run` questions behind it. run <= COLUMNS < 2^15.
fn leaves_before(run: u32, y: u32) -> u32 {
    return y * (2u * run - y - 1u) / 2u;
}

// The row of this leaf: the last one that does not start behind it.
fn row_of(run: u32, leaf: u32) -> u32 {
    var low = 0u;
    var high = run - 2u;
    while (low < high) {
        let middle = (low + high + 1u) >> 1u;
        if (leaves_before(run, middle) <= leaf) {
            low = middle;
        } else {
            high = middle - 1u;
        }
    }
    return low;
}

// a times b modulo 2^64.
fn times64(a: vec2<u32>, b: u32) -> vec2<u32> {
    let low = mul32(a.x, b);
    return vec2<u32>(low.x, low.y + a.y * b);
}

// A prefix with one question more: `x` and `saa` are what it adds to X and Saa.
fn extend(prefix: Prefix, q: u32, x: f32, saa: Whole) -> Prefix {
    return Prefix(
        prefix.a + floats[params.with_total + q],
        prefix.x + x,
        add64(prefix.sa, whole_widen(wholes[sa_place(q)])),
        add64(prefix.sag, whole_widen(wholes[sag_place(q)])),
        add64(prefix.saa, whole_widen(saa)),
    );
}

// `part` and `before` for the questions from `front` on; then before a barrier, `sum_parts`.
fn enter_before(lane: u32, front: u32) {
    for (var i = lane; i < BEFORE; i += WORKGROUP) {
        let q = stem[i];
        var x = floats[params.variances + q];
        var saa = wholes[own_place(q)];
        for (var j = 0u; j < i; j += 1u) {
            x += floats[params.covariances + pair_place(stem[j], q)];
            saa = whole_add(saa, wholes[pair_place(stem[j], q)]);
        }
        part_x[i] = x;
        part_saa[i] = saa;
    }
    for (var q = front + lane; q < params.questions; q += WORKGROUP) {
        var x = floats[params.variances + q];
        var saa = wholes[own_place(q)];
        for (var j = 0u; j < BEFORE; j += 1u) {
            x += floats[params.covariances + pair_place(stem[j], q)];
            saa = whole_add(saa, wholes[pair_place(stem[j], q)]);
        }
        before_x[q] = x;
        before_saa[q] = saa;
    }
}

fn sum_parts() {
    var sum = Prefix();
    for (var i = 0u; i < BEFORE; i += 1u) {
        sum = extend(sum, stem[i], part_x[i], part_saa[i]);
    }
    before = sum;
}

// `step` for the questions from `front` on.
fn enter_last(lane: u32, front: u32) {
    for (var q = front + lane; q < params.questions; q += WORKGROUP) {
        var x = before_x[q];
        var saa = before_saa[q];
        if (STEM > 0u) {
            let last = front - 1u;
            x += floats[params.covariances + pair_place(last, q)];
            saa = whole_add(saa, wholes[pair_place(last, q)]);
        }
        step_x[q] = x;
        step_saa[q] = saa;
    }
}

// The next stem in lexicographic order, which exists where sets are left, and its first leaf. Question i of a
// set is at most Q - K + i.
fn next_stem() {
    var i = STEM;
    while (i > 0u) {
        i -= 1u;
        if (stem[i] < params.questions - K + i) {
            break;
        }
    }
    let q = stem[i] + 1u;
    for (var j = i; j < STEM; j += 1u) {
        stem[j] = q + j - i;
    }
    next = Turn(q + STEM - i, 0u, 1u, u32(i != BEFORE));
}

@compute @workgroup_size(WORKGROUP)
fn main(
    @builtin(workgroup_id) id: vec3<u32>,
    @builtin(num_workgroups) grid: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let workgroup = id.y * grid.x + id.x;
    // The next set of the share, and how many are left.
    var offset = workgroup * params.share;
    var rest = 0u;
    if (workgroup < params.workgroups) {
        rest = min(params.share, params.sets - offset);
        if (lane == 0u) {
            var chosen: array<u32, K>;
            let left = sub128(params.left, vec4<u32>(offset, 0u, 0u, 0u));
            unrank(left, params.questions, params.row_entries, &chosen);
            for (var i = 0u; i < K; i += 1u) {
                stem[i] = chosen[i];
            }
            var front = 0u;
            if (STEM > 0u) {
                front = chosen[BEFORE] + 1u;
            }
            next = Turn(front, chosen[K - 2u] - front, chosen[K - 1u] - front, 1u);
        }
    }
    var counts = vec4<u32>(0u);
    var sa_sum = vec2<u32>(0u);
    var sag_sum = vec2<u32>(0u);
    var saa_sum = vec2<u32>(0u);
    while (rest > 0u) {
        let turn = workgroupUniformLoad(&next);
        let front = turn.front;
        // The last question of the stem, where `before` starts.
        let last = max(front, 1u) - 1u;
        if (turn.enter == 1u) {
            enter_before(lane, last);
            workgroupBarrier();
            if (lane == 0u) {
                sum_parts();
            }
        }
        enter_last(lane, front);
        workgroupBarrier();
        var prefix = before;
        if (STEM > 0u) {
            prefix = extend(prefix, last, before_x[last], before_saa[last]);
        }

        // Leaves first .. end of this stem, in `rows` rows from y on.
        let y = turn.y;
        let run = params.questions - front;
        let first = leaves_before(run, y) + turn.m - y - 1u;
        let end = min(leaves_before(run, run - 1u), first + rest);
        let rows = row_of(run, end - 1u) + 1u - y;
        let ragged = first != leaves_before(run, y) || end != leaves_before(run, y + rows);
        // Row y + i of the rectangle is `longest - i` leaves of its own and those of the row as far
        // from the other end; the middle one of an odd number has no such row.
        let longest = run - 1u - y;
        let width = 2u * longest - (rows - 1u);
        let height = (rows + 1u) / 2u;
        let down = WORKGROUP / width;
        let along = WORKGROUP % width;
        var i = lane / width;
        var j = lane % width;
        var sa = Whole();
        var sag = Whole();
        var saa = Whole();
        while (i < height) {
            let own = j < longest - i;
            let row = select(y + rows - 1u - i, y + i, own);
            // In a row of its own the leaf is the j-th; in the other one what is left of j, where
            // y and i cancel out.
            let column = select(j + rows + 2u * y + 1u - run, row + 1u + j, own);
            var taken = own || 2u * i + 1u < rows;
            if (ragged) {
                let leaf = leaves_before(run, row) + column - row - 1u;
                taken = taken && leaf >= first && leaf < end;
            }
            if (taken) {
                let q = front + row;
                let r = front + column;
                let pair = pair_place(q, r);
                counts.x += 1u;
                sa = whole_add(sa, whole_add(wholes[sa_place(q)], wholes[sa_place(r)]));
                sag = whole_add(sag, whole_add(wholes[sag_place(q)], wholes[sag_place(r)]));
                saa = whole_add(
                    saa,
                    whole_add(whole_add(step_saa[q], step_saa[r]), wholes[pair]),
                );
                let a = (prefix.a + floats[params.with_total + q]) + floats[params.with_total + r];
                let x = (prefix.x + step_x[q]) + (step_x[r] + floats[params.covariances + pair]);
                if (params.judged == 1u && reaches(a, x)) {
                    let leaf = leaves_before(run, row) + column - row - 1u;
                    let survivor = offset + (leaf - first);
                    counts += keep(survivor, survivor);
                }
            }
            i += down;
            j += along;
            if (j >= width) {
                j -= width;
                i += 1u;
            }
        }
        sa_sum = add64(sa_sum, whole_widen(sa));
        sag_sum = add64(sag_sum, whole_widen(sag));
        saa_sum = add64(saa_sum, whole_widen(saa));
        // The stem's own part is in each of its leaves.
        let leaves = end - first;
        if (lane == 0u) {
            sa_sum = add64(sa_sum, times64(prefix.sa, leaves));
            sag_sum = add64(sag_sum, times64(prefix.sag, leaves));
            saa_sum = add64(saa_sum, times64(prefix.saa, leaves));
        }
        rest -= leaves;
        offset += leaves;
        // Nobody reads the stem any more, and the load at the top begins with a barrier.
        if (lane == 0u && rest > 0u) {
            next_stem();
        }
    }
    let none = vec2<u32>(0u);
    let sums = array<vec2<u32>, 6>(none, sa_sum, none, saa_sum, none, sag_sum);
    report(lane, workgroup, Tally(counts, sums));
}
