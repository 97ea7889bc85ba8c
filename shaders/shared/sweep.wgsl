// The sweep: 32 leaves in the bits of a word, discarded by pairs of users, and audited by counts.
// Two-valued scores only: a shifted score is 0, or -1 where its bit is set. Needs score.wgsl and
// u64.wgsl; the bound is stated and tested in projected/slack.rs.
//
// Of the users of a prefix (a stem and one more question) in the order of falling totals, j is
// compared with all i whose total is at least g_j + gap: a leaf that both answered, with
// a_i <= a_j, is below the floor. a = -(set bits), so a_i <= a_j where i has at least as many set
// bits on the leaf's K questions. at_least[c] has the leaves where some i so far has c or more.
//
// The audit is taken over all users first, without regard to what is discarded.
// Cost of a word of leaves for one user of the prefix: audit 2 reads, 2 counts, about 30
// operations; the squares of leaves, where they are counted, 45; as i 5 CLASSES and 8, as j
// 4 CLASSES and 14, which each is for about half of the users.

// Rows: answered bits and score bits of the word. Users: set bits on the stem, total.
var<workgroup> tile_rows: array<vec2<u32>, TILE>;
var<workgroup> tile_users: array<vec2<i32>, TILE>;

// Whether the leaves of this stem are swept: its users fit.
fn load_tile(stem: Stem, word: u32, lane: u32) -> bool {
    if (stem.users > TILE) {
        return false;
    }
    for (var i = lane; i < stem.users; i += WORKGROUP) {
        let row = scratch[stem.at + i] * params.row_words + word;
        tile_rows[i] = vec2<u32>(rows[row], rows[row + params.answered_words]);
        tile_users[i] = vec2<i32>(-stem_score(stem, i), total(stem, i));
    }
    return true;
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

// The least D of slack.rs where the sum of g^2 is at most `squares`.
fn gap_of(squares: u32) -> i32 {
    return i32(root(shr64(mul32(squares, params.slack), 30u).x) + 1u);
}

// What the audit of a prefix and a word of leaves says of its users besides.
struct Prefix {
    users: u32,
    // Sum of g^2 over the users, and over all leaves.
    squares: u32,
    leaf_squares: u32,
    highest: i32,
    lowest: i32,
}

fn audit(stem: Stem, column: u32, valid: u32, tally: ptr<function, Tally>) -> Prefix {
    var prefix = Prefix(0u, 0u, 0u, 0, 0);
    var sums = Sums();
    for (var block = 0u; block < stem.blocks; block += 1u) {
        var found = scratch[stem.answered + block * stem.columns + column];
        let scores = scratch[stem.scores + block * stem.columns + column];
        while (found != 0u) {
            let bit = firstTrailingBit(found);
            found &= found - 1u;
            let row = tile_rows[block * 32u + bit];
            let user = tile_users[block * 32u + bit];
            let b = user.x + i32(extractBits(scores, bit, 1u));
            let g = user.y;
            let n = i32(countOneBits(row.x & valid));
            let x = i32(countOneBits(row.y & valid));
            let a = b * n + x;
            prefix.highest = select(prefix.highest, g, prefix.users == 0u);
            prefix.lowest = g;
            prefix.users += 1u;
            prefix.squares += u32(g * g);
            sums.n += u32(n);
            sums.sa -= a;
            sums.sg += g * n;
            sums.saa += b * (a + x) + x;
            sums.sgg += g * g * n;
            sums.sag -= g * a;
        }
    }
    prefix.leaf_squares = u32(sums.sgg);
    (*tally).counts.x += countOneBits(valid);
    tally_add(tally, sums_widen(sums));
    return prefix;
}

// A bound on the sum of g^2 over a leaf's users, and the leaves of `valid` that it holds for.
struct Cap {
    squares: u32,
    leaves: u32,
}

// 2.2 times the mean of the leaves holds for nearly all of them: on random tables the discard is
// strongest about there. Counted in 6 planes of bits, one bit of each a leaf, in units of 2^shift
// rounded up a user; a count starts as far below 64 as the cap is high, and what carries is out.
fn cap_of(stem: Stem, column: u32, valid: u32, prefix: Prefix) -> Cap {
    // Below 2^26 (plan.rs), times 11.
    let aim = prefix.leaf_squares / countOneBits(valid) * 11u / 5u + 1u;
    if (aim >= prefix.squares) {
        return Cap(prefix.squares, valid);
    }
    let length = 32u - countLeadingZeros(aim);
    let shift = max(length, 6u) - 6u;
    let units = aim >> shift;
    var planes: array<u32, 6>;
    for (var p = 0u; p < 6u; p += 1u) {
        planes[p] = 0u - extractBits(63u - units, p, 1u);
    }
    var beyond = 0u;
    for (var block = 0u; block < stem.blocks; block += 1u) {
        var found = scratch[stem.answered + block * stem.columns + column];
        while (found != 0u) {
            let i = block * 32u + firstTrailingBit(found);
            found &= found - 1u;
            let leaves = tile_rows[i].x;
            let g = tile_users[i].y;
            let more = (u32(g * g) + (1u << shift) - 1u) >> shift;
            var carry = 0u;
            for (var p = 0u; p < 6u; p += 1u) {
                let add = leaves & (0u - extractBits(more, p, 1u));
                let plane = planes[p];
                planes[p] = plane ^ add ^ carry;
                carry = (plane & add) | (carry & (plane ^ add));
            }
            beyond |= carry | select(0u, leaves, more > 63u);
        }
    }
    return Cap(units << shift, valid & ~beyond);
}

// The leaves of `valid` that are not proven to lie below the floor; adds all of them to the audit.
fn sweep(stem: Stem, column: u32, word: u32, valid: u32, tally: ptr<function, Tally>) -> u32 {
    let prefix = audit(stem, column, valid, tally);
    if (prefix.users < params.min_users) {
        return 0u;
    }
    if (params.slack == NO_SLACK) {
        return valid;
    }
    // A bound of all leaves at once will do where many pairs are so far apart.
    let range = prefix.highest - prefix.lowest;
    let most = gap_of(prefix.squares);
    if (range >= 2 * most) {
        return pairs(stem, column, valid, most, prefix.highest);
    }
    let cap = cap_of(stem, column, valid, prefix);
    let gap = gap_of(cap.squares);
    if (range < gap) {
        return valid;
    }
    return (valid & ~cap.leaves) | pairs(stem, column, cap.leaves, gap, prefix.highest);
}

// The leaves of `some` without a pair of users `gap` apart.
fn pairs(stem: Stem, column: u32, some: u32, gap: i32, highest: i32) -> u32 {
    var at_least: array<u32, CLASSES>;
    for (var c = 0u; c < CLASSES; c += 1u) {
        at_least[c] = 0u;
    }
    var left = some;
    // The next i; it is never behind j, whose total is below the bar.
    var high_block = 0u;
    var high_found = scratch[stem.answered + column];
    while (high_found == 0u && high_block + 1u < stem.blocks) {
        high_block += 1u;
        high_found = scratch[stem.answered + high_block * stem.columns + column];
    }
    var high_scores = scratch[stem.scores + high_block * stem.columns + column];
    var high = high_block * 32u + (firstTrailingBit(high_found) & 31u);
    var high_total = highest;
    for (var block = 0u; block < stem.blocks; block += 1u) {
        var found = scratch[stem.answered + block * stem.columns + column];
        let scores = scratch[stem.scores + block * stem.columns + column];
        while (found != 0u) {
            let bit = firstTrailingBit(found);
            found &= found - 1u;
            let user = tile_users[block * 32u + bit];
            let bar = user.y + gap;
            if (bar > highest) {
                continue;
            }
            while (high_total >= bar) {
                let row = tile_rows[high];
                let b = u32(tile_users[high].x) + extractBits(high_scores, high & 31u, 1u);
                for (var c = 0u; c < CLASSES; c += 1u) {
                    at_least[c] |= select(0u, row.x & ~row.y, c <= b);
                    at_least[c] |= select(0u, row.y, c <= b + 1u);
                }
                high_found &= high_found - 1u;
                while (high_found == 0u && high_block < block) {
                    high_block += 1u;
                    high_found = scratch[stem.answered + high_block * stem.columns + column];
                    high_scores = scratch[stem.scores + high_block * stem.columns + column];
                }
                high = high_block * 32u + (firstTrailingBit(high_found) & 31u);
                high_total = tile_users[high].y;
            }
            let b = u32(user.x) + extractBits(scores, bit, 1u);
            var with_zero = 0u;
            var with_bit = 0u;
            for (var c = 0u; c < CLASSES; c += 1u) {
                with_zero |= select(0u, at_least[c], c == b);
                with_bit |= select(0u, at_least[c], c == b + 1u);
            }
            let row = tile_rows[block * 32u + bit];
            left &= ~((row.x & ~row.y & with_zero) | (row.y & with_bit));
            if (left == 0u) {
                return 0u;
            }
        }
    }
    return left;
}
