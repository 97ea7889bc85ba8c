// The sweep: 32 leaves in the bits of a word, discarded by pairs of users, and audited by counts.
// Two-valued scores only: a shifted score is 0, or -1 where its bit is set. Needs score.wgsl,
// scan.wgsl and u64_*.wgsl; the bound is stated in stats/bounds.rs, its integers in projected/slack.rs.
//
// Among the users of a prefix (a stem and one more question), those with a total of `top` or more are
// high, those with `bottom` or less low, and the two are `drop` apart. A leaf is below the floor where
// two pairs of a high and a low one, without a user in common, have a_high <= a_low, and the sum of
// g^2 over its users is at most what `drop` was made for. a = -(set bits), so a_high <= a_low where
// the high one has at least as many set bits on the leaf's K questions. As many such pairs can be
// found as, for each c from 0 to K + 1, there are high ones with c set bits or more and low ones with
// fewer, taken together, at the least: a user is counted on each side c that it is wrong on.
//
// The squares are counted in planes of bits, one bit of each a leaf. Blocks whose users are neither
// high nor low are not looked at one by one; their squares are taken as the largest.
//
// The audit is taken over all users first, without regard to what is discarded: rows are met with
// the very masks of leaves that are then swept. What it cannot see is a column of answers that is
// not the rows' own; so the prefixes that each user is met in are counted from rows and, to be taken
// away again, from columns, and the two cancel out only where they agree.
//
// Cost of a word of leaves: audit of a user about 60 operations for each 64 prefixes, and 25 more for
// each of them in whose mask leaves are missing; sweep of a prefix 150, about 15 a block, and for
// each user that is looked at 20, 7 PLANES and 9 K + 10.

// The stem's users: answered bits and score bits of the word, set bits on the stem, total of each.
var<workgroup> tile: array<vec4<u32>, TILE>;
// The highest and the lowest total of each block, a quad of them in each vector.
var<workgroup> tile_highest: array<vec4<i32>, TILE / 128u>;
var<workgroup> tile_lowest: array<vec4<i32>, TILE / 128u>;
// The total of the stem's middle user, which squares are taken from.
var<workgroup> tile_middle: i32;
// What the squares of a leaf may sum up to, for each user of its prefix.
var<workgroup> tile_squares: f32;
// A bit each: the lanes whose prefixes have any leaf of the word in the chunk, and those that have all.
var<workgroup> somes: array<atomic<u32>, WORKGROUP / 32u>;
var<workgroup> wholes: array<atomic<u32>, WORKGROUP / 32u>;

// Squares are counted to 2^PLANES units.
const PLANES: u32 = 7u;

// Sides c of the floor that a user may be wrong on: 0 to K + 1.
const SIDES: u32 = K + 2u;

// Times the mean of leaves that their squares may sum up to: on random tables the discard is
// strongest about there. It only chooses a drop, so floats may have a part in it.
const ABOVE_MEAN: f32 = 2.2;

// No sum of squares of totals is larger (plan.rs); and d^2 and 32 of them stay below 2^30 where
// |d| <= drop_of(it) / 2.
const MOST_SQUARES: f32 = 67108864.0;

// Whether the leaves of this stem are swept: its users fit.
fn load_tile(stem: Stem, word: u32, lane: u32) -> bool {
    if (stem.users == 0u || stem.users > TILE) {
        return false;
    }
    let middle = total(stem, stem.users / 2u);
    var squares = 0.0;
    for (var i = lane; i < stem.users; i += WORKGROUP) {
        let user = scratch[stem.at + i];
        let row = rows[user.x * params.answered_words + word];
        tile[i] = vec4<u32>(row, user.y & 15u, user.w);
        let d = f32(bitcast<i32>(user.w) - middle);
        squares += d * d * f32(countOneBits(row.x));
    }
    for (var block = lane; 32u * block < stem.users; block += WORKGROUP) {
        let last = min(32u * block + 31u, stem.users - 1u);
        tile_highest[block / 4u][block % 4u] = total(stem, 32u * block);
        tile_lowest[block / 4u][block % 4u] = total(stem, last);
    }
    scan(lane, u32(min(squares, MOST_SQUARES)));
    if (lane == 0u) {
        let leaves = min(32u, params.questions - 32u * word);
        tile_middle = middle;
        tile_squares =
            ABOVE_MEAN * f32(scanned[WORKGROUP - 1u]) / (f32(leaves) * f32(stem.users));
    }
    return true;
}

fn total(stem: Stem, i: u32) -> i32 {
    return bitcast<i32>(scratch[stem.at + i].w);
}

// Score on the stem, total. Not from the tile, which not every stem has: where llvmpipe branches, it
// goes both ways.
fn stem_user(stem: Stem, i: u32) -> vec2<i32> {
    let user = scratch[stem.at + i].y;
    return vec2<i32>(-i32(user & 15u), bitcast<i32>(user) >> 4u);
}

// floor(sqrt(value)), a bit a turn.
fn root(value: u32) -> u32 {
    var found = 0u;
    for (var bit = 0x8000u; bit > 0u; bit >>= 1u) {
        let next = found | bit;
        if (next * next <= value) {
            found = next;
        }
    }
    return found;
}

// The least D of slack.rs, for two pairs where the sum of g^2 is at most `squares`.
fn drop_of(squares: u32) -> i32 {
    return i32(root(shr64(mul32((squares + 1u) / 2u, params.slack), 30u).x) + 1u);
}

// Answered and score bits of 32 questions of a row, from this one on. Questions behind the last one
// read as not answered, or as anything where the last word is not full.
fn window(row: u32, question: u32) -> vec2<u32> {
    let word = question >> 5u;
    let bit = question & 31u;
    let low = rows[row + word] >> vec2<u32>(bit);
    if (bit == 0u || word + 1u == params.answered_words) {
        return low;
    }
    return low | (rows[row + word + 1u] << vec2<u32>(32u - bit));
}

// The audit of the prefixes from `first` to `beyond`, a lane each, whose leaves are `mine`. Call it
// from uniform control flow.
// With at most 64 prefixes of 32 leaves, K <= 12 and |g| < 2^13 (plan.rs), only g^2 n leaves 31 bits.
fn audit(
    stem: Stem,
    word: u32,
    first: u32,
    beyond: u32,
    lane: u32,
    mine: u32,
    tally: ptr<function, Tally>,
) {
    let whole = 0xffffffffu >> (32u - min(params.questions - 32u * word, 32u));
    if (lane < WORKGROUP / 32u) {
        atomicStore(&somes[lane], 0u);
        atomicStore(&wholes[lane], 0u);
    }
    workgroupBarrier();
    alive[lane] = mine;
    if (mine != 0u) {
        atomicOr(&somes[lane >> 5u], 1u << (lane & 31u));
    }
    if (mine == whole) {
        atomicOr(&wholes[lane >> 5u], 1u << (lane & 31u));
    }
    workgroupBarrier();
    for (var i = lane; i < stem.users; i += WORKGROUP) {
        let row = tile[i].xy;
        let user = bitcast<vec2<i32>>(tile[i].zw);
        let at = scratch[stem.at + i].x * params.answered_words;
        let all = i32(countOneBits(row.x & whole));
        let all_set = i32(countOneBits(row.y & whole));
        var met = 0u;
        var n = 0;
        var a = 0;
        var aa = 0;
        for (var start = first; start < min(beyond, first + WORKGROUP); start += 32u) {
            let span = min(beyond - start, 32u);
            let from_start = window(at, start);
            // A prefix without a leaf takes no turn, so that small chunks take few (loops.wgsl).
            var found = from_start.x & atomicLoad(&somes[(start - first) >> 5u]);
            found &= 0xffffffffu >> (32u - span);
            let ones = from_start.y;
            // Prefixes with all leaves at once: how many, and the sums of b and b^2.
            let these = found & atomicLoad(&wholes[(start - first) >> 5u]);
            found ^= these;
            let count = i32(countOneBits(these));
            let raised = i32(countOneBits(these & ones));
            let b_sum = user.x * count + raised;
            let b_squares = user.x * (b_sum + raised) + raised;
            met += u32(count);
            n += all * count;
            a += all * b_sum + all_set * count;
            aa += all * b_squares + all_set * (2 * b_sum + count);
            while (found != 0u) {
                let bit = firstTrailingBit(found);
                found &= found - 1u;
                let valid = alive[start - first + bit];
                let b = user.x + i32(extractBits(ones, bit, 1u));
                let leaves = i32(countOneBits(row.x & valid));
                let leaves_set = i32(countOneBits(row.y & valid));
                let sum = b * leaves + leaves_set;
                met += 1u;
                n += leaves;
                a += sum;
                aa += b * (sum + leaves_set) + leaves_set;
            }
        }
        let g = user.y;
        tally_add(tally, WideSums(
            u32(n) + met,
            widen32(-a),
            widen32(g * n),
            widen32(aa),
            mul32(u32(g * g), u32(n)),
            widen32(-g * a),
        ));
    }
}

// The leaves of `valid` that are not proven to lie below the floor. Takes away what the audit counted
// of the prefix besides.
fn sweep(stem: Stem, column: u32, word: u32, valid: u32, tally: ptr<function, Tally>) -> u32 {
    var users = 0u;
    for (var quad = 0u; quad < stem.quads; quad += 1u) {
        let each = countOneBits(scratch[stem.answered + quad * stem.columns + column]);
        users += each.x + each.y + each.z + each.w;
    }
    (*tally).counts.x += countOneBits(valid);
    (*tally).sums[0] = add64((*tally).sums[0], neg64(vec2<u32>(users, 0u)));
    if (users < params.min_users) {
        return 0u;
    }
    if (params.slack == NO_SLACK) {
        return valid;
    }
    let most = u32(min(tile_squares * f32(users), MOST_SQUARES)) + 1u;
    let drop = drop_of(most);
    let middle = tile_middle;
    let bottom = middle - drop / 2;
    let top = bottom + drop;
    let bottoms = vec4<i32>(bottom);
    let tops = vec4<i32>(top);
    let shift = max(32u - countLeadingZeros(most), PLANES) - PLANES;
    var planes: array<u32, PLANES>;
    for (var p = 0u; p < PLANES; p += 1u) {
        planes[p] = 0u;
    }
    // Leaves with more squares than can be counted.
    var beyond = 0u;
    // Leaves with that many users or more who are wrong on a side.
    var one: array<u32, SIDES>;
    var two: array<u32, SIDES>;
    for (var c = 0u; c < SIDES; c += 1u) {
        one[c] = 0u;
        two[c] = 0u;
    }
    // At least the squares of those who are not looked at one by one, and no more than `most`.
    var inner = 0u;
    for (var quad = 0u; quad < stem.quads; quad += 1u) {
        var found = scratch[stem.answered + quad * stem.columns + column];
        let scores = scratch[stem.scores + quad * stem.columns + column];
        let highest = tile_highest[quad];
        let lowest = tile_lowest[quad];
        let within = (highest < tops) & (lowest > bottoms);
        let most_d = max(abs(highest - middle), abs(lowest - middle));
        let their = countOneBits(select(vec4<u32>(0u), found, within));
        for (var i = 0u; i < 4u; i += 1u) {
            inner = min(inner + their[i] * u32(most_d[i] * most_d[i]), most);
        }
        found = select(found, vec4<u32>(0u), within);
        while (any(found != vec4<u32>(0u))) {
            let i = first_block(found);
            let word = found[i];
            found[i] = word & (word - 1u);
            let bit = firstTrailingBit(word);
            let entry = tile[128u * quad + 32u * i + bit];
            let row = entry.xy;
            let user = bitcast<vec2<i32>>(entry.zw);
            let d = user.y - middle;
            let more = (u32(d * d) + (1u << shift) - 1u) >> shift;
            var carry = 0u;
            for (var p = 0u; p < PLANES; p += 1u) {
                let add = row.x & u32(extractBits(i32(more), p, 1u));
                let plane = planes[p];
                let half = plane ^ add;
                planes[p] = half ^ carry;
                carry = (plane & add) | (carry & half);
            }
            beyond |= carry | select(0u, row.x, more >= (1u << PLANES));
            let is_low = user.y <= bottom;
            let low = select(0u, 0xffffffffu, is_low);
            let outer = select(0u, 0xffffffffu, is_low || user.y >= top);
            let users_of = row.x & outer;
            let set_of = row.y & outer;
            // b or, with the leaf's bit, b + 1 set bits; b < K.
            let b = user.x + i32((scores[i] >> bit) & 1u);
            var before = 0xffffffffu;
            for (var c = 0u; c < SIDES; c += 1u) {
                // High ones are wrong up to their class, low ones beyond it.
                let reached = select(0u, 0xffffffffu, i32(c) <= b);
                let wrong = (users_of & (reached ^ low)) ^ (set_of & (before ^ reached));
                before = reached;
                two[c] |= one[c] & wrong;
                one[c] |= wrong;
            }
        }
    }
    // Dead, where what is counted and what `most` is short of 2^PLANES units do not carry.
    let short = (1u << PLANES) - 1u - ((most - inner) >> shift);
    var carry = 0u;
    for (var p = 0u; p < PLANES; p += 1u) {
        let add = u32(extractBits(i32(short), p, 1u));
        carry = (planes[p] & add) | (carry & (planes[p] | add));
    }
    var dead = ~(beyond | carry);
    for (var c = 0u; c < SIDES; c += 1u) {
        dead &= two[c];
    }
    return valid & ~dead;
}
