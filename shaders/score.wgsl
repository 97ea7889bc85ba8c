// score: a workgroup takes stem after stem, each from the dense table that expand.wgsl left of it. A stem's
// prefixes (stem, l) have their leaves m as bits of words of 32 questions; a prefix in a word is an item,
// and items of all prefixes stand in one row, prefix by prefix, so that lanes have one each:
//
//   next stem, by a counter that all workgroups share
//     audit all of its leaves at once, users in the tile                       (sweep.wgsl)
//     for each batch of prefixes: the outer users of each as a list            (sweep.wgsl)
//       for each 64 items: their leaves of the chunk, as bits
//         less those that the sweep proves to lie below the floor              (sweep.wgsl)
//         what is left goes to the queue; 64 of it at a time, a lane a leaf:
//           sums over the users of the dense columns, judged, appended where it survives
//
// A stem that lies in the chunk only in part, or whose users the tile has no room for, is not swept:
// all of its leaves are summed, and their own sums are the audit.
//
// Buffers, beside those of expand.wgsl.
//   survivors  see survivors.wgsl
//   records    params.workgroups records
//   lists      of each workgroup params.list / 2 rows of BATCH words, see sweep.wgsl
// BATCH prefixes of a stem are taken together, and QUEUE leaves can wait for 64 to be there.
// Workgroup memory: plan.rs counts it, and tests/shaders.rs holds the count against what is compiled.
// Cost: benches/RESULTS.md has the instructions of each loop as compilers for real GPUs make them, and the
// turns that the benchmark table takes of each.

@group(0) @binding(0) var<storage, read> params: Params;
@group(0) @binding(1) var<storage, read> stems: array<vec4<u32>>;
@group(0) @binding(2) var<storage, read> scratch: array<vec4<u32>>;
@group(0) @binding(3) var<storage, read_write> claimed: array<atomic<u32>, 3>;
@group(0) @binding(4) var<storage, read_write> survivors: Survivors;
@group(0) @binding(5) var<storage, read_write> records: array<Record>;
// Bound only where there is a sweep.
@group(0) @binding(6) var<storage, read> rows: array<vec2<u32>>;
@group(0) @binding(7) var<storage, read_write> lists: array<u32>;

var<workgroup> next_stem: u32;
// Leaves of each lane's item that are left.
var<workgroup> alive: array<u32, WORKGROUP>;
var<workgroup> left_in_all: u32;
// Leaves in the queue.
var<workgroup> waiting: u32;
// Items of the batch.
var<workgroup> items_in_all: u32;
// Columns of l and of m, 16 bits each.
var<workgroup> queue: array<u32, QUEUE>;

// The column behind the batch that starts with this one. The last column of all is no prefix.
fn batch_end(stem: Stem, front: u32) -> u32 {
    return min(front + BATCH, stem.columns - 1u);
}

// A prefix by its column, and a word of its leaves.
struct Item {
    column: u32,
    word: u32,
}

// The word that the first leaf of a prefix is in.
fn first_word(stem: Stem, column: u32) -> u32 {
    return (place_of(stem, column) + 1u) >> 5u;
}

// How many prefixes from `column` on have their first leaf in the same word as this one, up to the
// batch's end.
fn alike(stem: Stem, column: u32, front: u32) -> u32 {
    let last = 32u * first_word(stem, column) + 31u - place_of(stem, 0u);
    return min(last, batch_end(stem, front)) - column;
}

// Items of a batch.
fn items_of(stem: Stem, front: u32) -> u32 {
    var items = 0u;
    var column = front;
    while (column < batch_end(stem, front)) {
        let prefixes = alike(stem, column, front);
        items += prefixes * (words_end() - first_word(stem, column));
        column += prefixes;
    }
    return items;
}

fn item_of(stem: Stem, front: u32, number: u32, swept: bool) -> Item {
    var column = front;
    var rest = number;
    var prefixes = alike(stem, column, front);
    var words = words_end() - first_word(stem, column);
    while (rest >= prefixes * words && column + prefixes < batch_end(stem, front)) {
        rest -= prefixes * words;
        column += prefixes;
        prefixes = alike(stem, column, front);
        words = words_end() - first_word(stem, column);
    }
    let skipped = rest / words;
    let taken = column_at(front, column + skipped, swept);
    return Item(taken, words_end() - words + rest - skipped * words);
}

// The leaves of an item that are in the chunk.
fn valid_leaves(stem: Stem, item: Item) -> u32 {
    let l = stem.last + 1u + item.column;
    let leaves = clamp(
        leaves_of(stem, l) + vec2<u32>(lead()),
        vec2<u32>(32u * item.word),
        vec2<u32>(32u * item.word + 32u),
    );
    if (leaves.y <= leaves.x) {
        return 0u;
    }
    return (0xffffffffu >> (32u - (leaves.y - leaves.x))) << (leaves.x & 31u);
}

// The sums of a leaf over its users, who are those of two columns.
fn leaf_sums(stem: Stem, l: u32, m: u32, swept: bool) -> Sums {
    var sums = Sums();
    for (var quad = 0u; quad < stem.quads; quad += 1u) {
        let row = stem.answered + quad * stem.columns;
        var users = scratch[row + l] & scratch[row + m];
        var scores = scores_of(stem, quad, l, m);
        // The block in front, which is the first one with users but in its first turn.
        var at = 128u * quad;
        while (any(users != vec4<u32>(0u))) {
            let empty = users.x == 0u;
            users = select(users, vec4<u32>(users.yzw, 0u), empty);
            scores_step(&scores, empty);
            at += select(0u, 32u, empty);
            let word = users.x;
            if (word == 0u) {
                continue;
            }
            users.x = word & (word - 1u);
            let bit = firstTrailingBit(word);
            let user = stem_user(stem, at + bit, swept);
            sums_add(&sums, user.x + score_at(stem, &scores, l, m, at, bit), user.y);
        }
    }
    return sums;
}

// The first lane whose leaves end behind leaf `number` of all.
fn lane_of(number: u32) -> u32 {
    var low = 0u;
    for (var step = WORKGROUP / 2u; step > 0u; step >>= 1u) {
        if (scanned[low + step - 1u] <= number) {
            low += step;
        }
    }
    return low;
}

// Sums a leaf, judges it, and appends it where it survives.
fn add_leaf(stem: Stem, leaf: u32, swept: bool, tally: ptr<function, Tally>) {
    let column = leaf & 0xffffu;
    let m = leaf >> 16u;
    let sums = leaf_sums(stem, column, m, swept);
    if (swept && surely_below(sums)) {
        return;
    }
    let verdict = sums_judge(sums, params.min_users, params.floor);
    if (!swept) {
        (*tally).counts += vec4<u32>(1u, u32(verdict.defined), 0u, 0u);
        tally_add(tally, sums_widen(sums));
    }
    if (verdict.kept) {
        let offset = leaf_offset(stem, stem.last + 1u + column) + m - column - 1u;
        (*tally).counts += keep(offset, offset);
    }
}

// Takes what is left of 64 items to the queue, and sums as many leaves as fill all lanes. Call it from
// uniform control flow.
fn take_leaves(
    stem: Stem,
    front: u32,
    first: u32,
    lane: u32,
    mine: u32,
    swept: bool,
    tally: ptr<function, Tally>,
) {
    scan(lane, countOneBits(mine));
    alive[lane] = mine;
    if (lane == WORKGROUP - 1u) {
        left_in_all = scanned[lane];
    }
    let left = workgroupUniformLoad(&left_in_all);
    var queued = workgroupUniformLoad(&waiting);
    var done = 0u;
    while (done < left) {
        let more = min(left - done, QUEUE - queued);
        for (var number = lane; number < more; number += WORKGROUP) {
            let owner = lane_of(done + number);
            let item = item_of(stem, front, first + owner, swept);
            let leaves = alive[owner];
            let before = scanned[owner] - countOneBits(leaves);
            let place = 32u * item.word + nth_bit(leaves, done + number - before);
            queue[queued + number] = item.column | ((place - place_of(stem, 0u)) << 16u);
        }
        done += more;
        queued += more;
        workgroupBarrier();
        let whole = queued / WORKGROUP * WORKGROUP;
        for (var at = lane; at < whole; at += WORKGROUP) {
            add_leaf(stem, queue[at], swept, tally);
        }
        queued -= whole;
        var kept = 0u;
        if (lane < queued) {
            kept = queue[whole + lane];
        }
        workgroupBarrier();
        if (lane < queued) {
            queue[lane] = kept;
        }
    }
    if (lane == 0u) {
        waiting = queued;
    }
}

@compute @workgroup_size(WORKGROUP)
fn main(
    @builtin(workgroup_id) id: vec3<u32>,
    @builtin(num_workgroups) grid: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let workgroup = id.y * grid.x + id.x;
    var tally = Tally();
    while (workgroup < params.workgroups) {
        if (lane == 0u) {
            next_stem = atomicAdd(&claimed[NEXT], 1u);
        }
        let number = workgroupUniformLoad(&next_stem);
        if (number >= params.stems) {
            break;
        }
        let stem = stem_of(stems[number]);
        if (stem.nowhere) {
            continue;
        }
        let swept = load_tile(stem, lane, &tally);
        if (lane == 0u) {
            waiting = 0u;
        }
        for (var front = 0u; front + 1u < stem.columns; front += BATCH) {
            if (swept) {
                load_lists(stem, front, workgroup, lane);
            }
            if (lane == 0u) {
                items_in_all = items_of(stem, front);
            }
            let items = workgroupUniformLoad(&items_in_all);
            for (var first = 0u; first < items; first += WORKGROUP) {
                var mine = 0u;
                if (first + lane < items) {
                    let item = item_of(stem, front, first + lane, swept);
                    mine = valid_leaves(stem, item);
                    if (swept && mine != 0u) {
                        mine = sweep(stem, front, item, mine, workgroup, &tally);
                        tally.counts.y += countOneBits(mine);
                    }
                }
                take_leaves(stem, front, first, lane, mine, swept, &tally);
            }
        }
        if (lane < workgroupUniformLoad(&waiting)) {
            add_leaf(stem, queue[lane], swept, &tally);
        }
    }
    workgroupBarrier();
    report(lane, workgroup, tally);
}
