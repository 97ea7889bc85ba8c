// The sweep: 32 leaves in the bits of a word, discarded by pairs of users, and audited by counts.
// Two-valued scores only: a shifted score is 0, or -1 where its bit is set. Needs score.wgsl,
// scan.wgsl and u64.wgsl; the bound is stated and tested in projected/slack.rs.
//
// Of the users of a prefix (a stem and one more question), those with a total of `top` or more are
// high, those with `bottom` or less low, and the two are `gap` apart. A leaf is below the floor where
// two pairs of a high and a low one, without a user in common, have a_high <= a_low, and the sum of
// g^2 over its users is at most what `gap` was made for. a = -(set bits), so a_high <= a_low where
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

// Rows: answered bits and score bits of the word. Users: set bits on the stem, total.
var<workgroup> tile_rows: array<vec2<u32>, TILE>;
var<workgroup> tile_users: array<vec2<i32>, TILE>;
// The total of the stem's middle user, which squares are taken from.
var<workgroup> tile_middle: i32;
// What the squares of a leaf may sum up to, for each user of its prefix.
var<workgroup> tile_squares: f32;
// A bit each: the lanes whose prefixes have all leaves of the word.
var<workgroup> wholes: array<atomic<u32>, WORKGROUP / 32u>;

// Squares are counted to 2^PLANES units.
const PLANES: u32 = 7u;

// Sides c of the floor that a user may be wrong on: 0 to K + 1.
const SIDES: u32 = K + 2u;

// Times the mean of leaves that their squares may sum up to: on random tables the discard is
// strongest about there. It only chooses a gap, so floats may have a part in it.
const ABOVE_MEAN: f32 = 2.2;

// No sum of squares of totals is larger (plan.rs); and d^2 and 32 of them stay below 2^30 where
// |d| <= gap_of(it) / 2.
const MOST_SQUARES: f32 = 67108864.0;

// Whether the leaves of this stem are swept: its users fit.
fn load_tile(stem: Stem, word: u32, lane: u32) -> bool {
    if (stem.users == 0u || stem.users > TILE) {
        return false;
    }
    let middle = total(stem, stem.users / 2u);
    var squares = 0.0;
    for (var i = lane; i < stem.users; i += WORKGROUP) {
        let row = scratch[stem.at + i] * params.row_words + word;
        let user = vec2<i32>(-stem_score(stem, i), total(stem, i));
        let answers = rows[row];
        tile_rows[i] = vec2<u32>(answers, rows[row + params.answered_words]);
        tile_users[i] = user;
        let d = f32(user.y - middle);
        squares += d * d * f32(countOneBits(answers));
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

// Score on the stem, total.
fn stem_user(stem: Stem, i: u32, swept: bool) -> vec2<i32> {
    if (swept) {
        let user = tile_users[i];
        return vec2<i32>(-user.x, user.y);
    }
    return vec2<i32>(stem_score(stem, i), total(stem, i));
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
fn gap_of(squares: u32) -> i32 {
    return i32(root(shr64(mul32((squares + 1u) / 2u, params.slack), 30u).x) + 1u);
}

// 32 bits of one part of a row, from this question on. Questions behind the last one of the part
// read as not answered, or as anything where the last word is not full.
fn window(part: u32, question: u32) -> u32 {
    let word = question >> 5u;
    let bit = question & 31u;
    let low = rows[part + word] >> bit;
    if (bit == 0u || word + 1u == params.answered_words) {
        return low;
    }
    return low | (rows[part + word + 1u] << (32u - bit));
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
        atomicStore(&wholes[lane], 0u);
    }
    workgroupBarrier();
    alive[lane] = mine;
    if (mine == whole) {
        atomicOr(&wholes[lane >> 5u], 1u << (lane & 31u));
    }
    workgroupBarrier();
    for (var i = lane; i < stem.users; i += WORKGROUP) {
        let row = tile_rows[i];
        let user = tile_users[i];
        let at = scratch[stem.at + i] * params.row_words;
        let all = i32(countOneBits(row.x & whole));
        let all_set = i32(countOneBits(row.y & whole));
        var met = 0u;
        var n = 0;
        var a = 0;
        var aa = 0;
        for (var start = first; start < min(beyond, first + WORKGROUP); start += 32u) {
            let span = min(beyond - start, 32u);
            var found = window(at, start) & (0xffffffffu >> (32u - span));
            let ones = window(at + params.answered_words, start);
            // Those with all leaves at once: how many, and the sums of b and b^2.
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
                met += select(0u, 1u, valid != 0u);
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
    for (var block = 0u; block < stem.blocks; block += 1u) {
        users += countOneBits(scratch[stem.answered + block * stem.columns + column]);
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
    let gap = gap_of(most);
    let bottom = tile_middle - gap / 2;
    let top = bottom + gap;
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
    for (var block = 0u; block < stem.blocks; block += 1u) {
        var found = scratch[stem.answered + block * stem.columns + column];
        let scores = scratch[stem.scores + block * stem.columns + column];
        let highest = tile_users[block * 32u].y;
        let lowest = tile_users[min(block * 32u + 31u, stem.users - 1u)].y;
        if (highest < top && lowest > bottom) {
            let d = max(abs(highest - tile_middle), abs(lowest - tile_middle));
            inner = min(inner + countOneBits(found) * u32(d * d), most);
            found = 0u;
        }
        while (found != 0u) {
            let bit = firstTrailingBit(found);
            found &= found - 1u;
            let row = tile_rows[block * 32u + bit];
            let user = tile_users[block * 32u + bit];
            let d = user.y - tile_middle;
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
            let b = user.x + i32(extractBits(scores, bit, 1u));
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
