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
// operations; as i 5 CLASSES and 8, as j 4 CLASSES and 14. Few prefixes need i or j for all.

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

// The leaves of `valid` that are not proven to lie below the floor; adds all of them to the audit.
fn sweep(stem: Stem, column: u32, word: u32, valid: u32, tally: ptr<function, Tally>) -> u32 {
    var users = 0u;
    var squares = 0;
    var sums = Sums();
    for (var block = 0u; block < stem.blocks; block += 1u) {
        var found = scratch[stem.answered + block * stem.columns + column];
        let scores = scratch[stem.scores + block * stem.columns + column];
        users += countOneBits(found);
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
            squares += g * g;
            sums.n += u32(n);
            sums.sa -= a;
            sums.sg += g * n;
            sums.saa += b * (a + x) + x;
            sums.sgg += g * g * n;
            sums.sag -= g * a;
        }
    }
    (*tally).counts.x += countOneBits(valid);
    tally_add(tally, sums_widen(sums));
    if (users < params.min_users) {
        return 0u;
    }
    if (params.slack == NO_SLACK) {
        return valid;
    }

    let gap = i32(root(shr64(mul32(u32(squares), params.slack), 30u).x) + 1u);
    var at_least: array<u32, CLASSES>;
    for (var c = 0u; c < CLASSES; c += 1u) {
        at_least[c] = 0u;
    }
    var dead = 0u;
    // The next i; it is never behind j, whose total is below the bar.
    var high_block = 0u;
    var high_found = 0u;
    var high_scores = 0u;
    var high = 0u;
    var high_total = 0;
    var started = false;
    for (var block = 0u; block < stem.blocks; block += 1u) {
        var found = scratch[stem.answered + block * stem.columns + column];
        let scores = scratch[stem.scores + block * stem.columns + column];
        if (!started && found != 0u) {
            started = true;
            high_block = block;
            high_found = found;
            high_scores = scores;
            high = block * 32u + firstTrailingBit(found);
            high_total = tile_users[high].y;
        }
        while (found != 0u) {
            let bit = firstTrailingBit(found);
            found &= found - 1u;
            let user = tile_users[block * 32u + bit];
            let bar = user.y + gap;
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
            dead |= (row.x & ~row.y & with_zero) | (row.y & with_bit);
            if ((valid & ~dead) == 0u) {
                return 0u;
            }
        }
    }
    return valid & ~dead;
}
