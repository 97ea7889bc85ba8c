// The sweep: 32 leaves in the bits of a word, discarded by pairs of users; and the audit of a whole stem in
// closed form. For scores of few steps (stems.wgsl). Needs score.wgsl, scan.wgsl, u64_*.wgsl and
// judge_float.wgsl; the bound is stated in stats/bounds.rs, its integers in projected/slack.rs.
//
// The users of a stem whose total is `top` or more are high, those with `bottom` or less low, and the two are
// `drop` apart; with far_top, far_bottom and a drop sqrt(2) times as large they are far. Both are outer users,
// all others inner ones. t is the number of steps that a user took on a leaf's K questions: a = K params.top - t.
// A leaf is below the floor where the sum of d^2 over its users, d = total - that of the middle user, is at
// most `most`, which the drops were made for, and there are
//   two pairs of a high and a low user, without a user in common, or one pair of far ones,
// of whom the high one took at least as many steps: its a is no larger. As many such pairs can be found as, for
// each c, there are high ones with c steps or more and low ones with fewer, taken together, at the least: a
// user is counted on each side c that it is wrong on.
//
// Sides. Only SIDES values of c are looked at, from `side` on. High users are left out on the last of them and low ones
// on the first: then the first stands for all smaller c, on which there are as many high ones or more, and the
// last for all larger ones. What is left out can only keep a leaf. On random tables of 5 questions it keeps 1 in 200
// more.
//
// Squares are counted in units of most / 127, rounded up, in 7 planes of bits, one bit of each a leaf. Those of
// inner users are taken once for all leaves of a prefix, block by block.
//
// Lists. `lists` has, of each prefix of a batch, its outer users in the order of the stem, two in a word and
// prefixes side by side: [pair of users][prefix]. An entry is the user's place in the stem and, from bit 13 on, its
// steps on l. So lanes have nothing to skip, and wait only for the longest list among them.
//
// The audit. Of each user, n, the sums of a and a^2 over all pairs of questions that it answered have a
// closed form; it is taken where all leaves of a stem are in the chunk. Two things tie it to what was visited:
// - the offsets of the leaves in the masks that are swept are summed up, and what they must sum up to is
//   taken away, in the high word of the sum of n;
// - the users of each prefix are counted from columns once for each of its items, times 2 column + 1, and taken
//   away; they are added as counted from rows. So a prefix that is left out, met twice or not the rows' own is seen.
//
// Cost: benches/RESULTS.md.

// Where a user's row is in `rows`, and of the user (packed_tile): weight, low, far, outer, steps on the stem, total.
var<workgroup> tile: array<vec2<u32>, TILE>;
// Blocks of 32 users: who is outer, a bit each, and the largest d^2 of the others.
var<workgroup> blocks: array<vec2<u32>, TILE / 32u>;
// The prefixes of the batch: users, outer ones from bit 16 on, and the squares of inner users in units.
var<workgroup> prefixes: array<vec2<u32>, BATCH>;
// The prefixes of the batch in the order that they are taken in.
var<workgroup> taken_in_order: array<u32, BATCH>;
// What the squares of a leaf may sum up to.
var<workgroup> tile_most: u32;
// The first side.
var<workgroup> tile_side: u32;

// Units that are counted to: 2^PLANES - 1.
const PLANES: u32 = 7u;
const UNITS: u32 = 127u;

// Times the mean of leaves that their squares may sum up to: on random tables the discard is
// strongest about there. It only chooses a drop, so floats may have a part in it.
const ABOVE_MEAN: f32 = 2.2;

// No sum of squares of totals is larger (plan.rs); so totals have 14 bits, and d^2 28.
const MOST_SQUARES: f32 = 67108864.0;

// Parts of a square that means are summed in, and the most of them that a lane has: so that all lanes together stay below
// 2^32.
const PARTS_OF_SQUARE: f32 = 64.0;
const MOST_OF_LANE: f32 = 33554432.0;

// How users of a stem are told apart.
struct Zones {
    middle: i32,
    bottom: i32,
    top: i32,
    far_bottom: i32,
    far_top: i32,
    most: u32,
    // A square of d is taken times 2^scale, in units of `unit`.
    scale: u32,
    unit: u32,
}

fn total(stem: Stem, i: u32) -> i32 {
    return bitcast<i32>(scratch[stem.at + i].w);
}

// Score on the stem, and twice params.top as leaves are without it; total. A stem that is not swept
// may be larger than the tile.
fn stem_user(stem: Stem, i: u32, swept: bool) -> vec2<i32> {
    if (swept) {
        let user = tile[i].y;
        let on_stem = i32(extractBits(user, 12u, 6u));
        return vec2<i32>(i32(K) * params.top - on_stem, bitcast<i32>(user) >> 18u);
    }
    let user = bitcast<vec2<i32>>(scratch[stem.at + i].zw);
    return vec2<i32>(user.x + 2 * params.top, user.y);
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

// The least D for one pair.
fn far_drop_of(squares: u32) -> i32 {
    return i32(root(shr64(mul32(squares, params.slack), 30u).x) + 1u);
}

fn zones_of(most: u32, middle: i32) -> Zones {
    let drop = drop_of(most);
    let far_drop = far_drop_of(most);
    let bottom = middle - drop / 2;
    let far_bottom = middle - far_drop / 2;
    let scale = countLeadingZeros(most) - 1u;
    return Zones(
        middle,
        bottom,
        bottom + drop,
        far_bottom,
        far_bottom + far_drop,
        most,
        scale,
        (most << scale) / UNITS,
    );
}

// A sum of squares in units, rounded up; UNITS + 1 for any that is too large.
fn units_of(zones: Zones, squares: u32) -> u32 {
    if (squares > zones.most) {
        return UNITS + 1u;
    }
    return min(((squares << zones.scale) + zones.unit - 1u) / zones.unit, UNITS + 1u);
}

fn packed_tile(zones: Zones, steps: u32, g: i32) -> u32 {
    let d = g - zones.middle;
    let low = g <= zones.bottom;
    let outer = low || g >= zones.top;
    let far = g <= zones.far_bottom || g >= zones.far_top;
    return units_of(zones, u32(d * d))
        | (u32(low) << 8u)
        | (u32(far) << 9u)
        | (u32(outer) << 10u)
        | (steps << 12u)
        | (bitcast<u32>(g) << 18u);
}

// The sum of the places of a word's set bits.
fn places_sum(word: u32) -> u32 {
    return countOneBits(word & 0xaaaaaaaau)
        + 2u * countOneBits(word & 0xccccccccu)
        + 4u * countOneBits(word & 0xf0f0f0f0u)
        + 8u * countOneBits(word & 0xff00ff00u)
        + 16u * countOneBits(word & 0xffff0000u);
}

// A user's answers behind the stem: how many, their steps, and the squares of these; and the prefixes
// that it is met in, items times 2 column + 1.
struct Behind {
    answers: i32,
    steps: i32,
    squares: i32,
    met: u32,
}

fn behind(stem: Stem, row: u32) -> Behind {
    let place = place_of(stem, 0u);
    var all = Behind();
    for (var word = place >> 5u; word < words_end(); word += 1u) {
        let mask = select(0xffffffffu, 0xffffffffu << (place & 31u), word == place >> 5u);
        let at = row + word * PAIRS;
        let first = rows[at] & vec2<u32>(mask);
        var answers = countOneBits(first.x);
        // The square of s steps is the sum of 2 j - 1 for j up to s.
        var steps = countOneBits(first.y);
        var squares = steps;
        for (var pair = 1u; pair < PAIRS; pair += 1u) {
            let more = rows[at + pair] & vec2<u32>(mask);
            let counts = countOneBits(more);
            steps += counts.x + counts.y;
            squares += (4u * pair - 1u) * counts.x + (4u * pair + 1u) * counts.y;
        }
        let items = words_end() - word;
        let columns = answers * (32u * word - place) + places_sum(first.x);
        let last = (first.x >> 31u) * (2u * (32u * word + 31u - place) + 1u);
        all.answers += i32(answers);
        all.steps += i32(steps);
        all.squares += i32(squares);
        all.met += items * (2u * columns + answers) - last;
    }
    return all;
}

// What a user adds over all leaves of a stem on which it took `on_stem` steps. With c answers behind, S
// steps and Q their squares, t = on_stem + s_l + s_m: there are n = c (c - 1) / 2 pairs, the sum of s_l + s_m is
// (c - 1) S, and that of its square (c - 2) Q + S^2. All stay below 2^31 (plan.rs).
fn user_sums(user: Behind, on_stem: i32, g: i32) -> WideSums {
    let n = user.answers * (user.answers - 1) / 2;
    let added = (user.answers - 1) * user.steps;
    let t = on_stem * n + added;
    let t_squares =
        on_stem * (t + added) + (user.answers - 2) * user.squares + user.steps * user.steps;
    let most = i32(K) * params.top;
    let a = most * n - t;
    let a_squares = most * (a - t) + t_squares;
    return WideSums(
        u32(n),
        widen32(a),
        mul32_signed(g, n),
        widen32(a_squares),
        mul32(u32(g * g), u32(n)),
        mul32_signed(g, a),
    );
}

// Whether the leaves of this stem are swept: all of them are in the chunk, and its users fit. Then all of its
// leaves are audited here. Call it from uniform control flow.
fn load_tile(stem: Stem, lane: u32, tally: ptr<function, Tally>) -> bool {
    let leaves = stem.columns * (stem.columns - 1u) / 2u;
    let in_chunk = stem.offset <= params.sets && leaves <= params.sets - stem.offset;
    if (stem.users == 0u || stem.users > TILE || !in_chunk) {
        return false;
    }
    let middle = total(stem, stem.users / 2u);
    let row_pairs = words_end() * PAIRS;
    var squares = 0.0;
    var on_stems = 0u;
    for (var i = lane; i < stem.users; i += WORKGROUP) {
        let user = scratch[stem.at + i];
        let on_stem = i32(CHOSEN) * params.top - bitcast<i32>(user.z);
        let g = bitcast<i32>(user.w);
        let behind_stem = behind(stem, params.rows_at + user.x * row_pairs);
        let sums = user_sums(behind_stem, on_stem, g);
        tally_add(tally, sums);
        (*tally).sums[0] = add64((*tally).sums[0], vec2<u32>(behind_stem.met, 0u));
        let d = f32(g - middle);
        squares += d * d * f32(sums.n);
        on_stems += u32(on_stem);
    }
    if (lane == 0u) {
        (*tally).sums[0].y += leaves * stem.offset + offsets_upto(leaves);
    }
    scan(lane, u32(min(PARTS_OF_SQUARE * squares / f32(leaves), MOST_OF_LANE)));
    if (lane == 0u) {
        let mean = f32(scanned[WORKGROUP - 1u]) / PARTS_OF_SQUARE;
        tile_most = u32(min(ABOVE_MEAN * mean, MOST_SQUARES)) + 1u;
    }
    if (SIDES < K * STEPS) {
        scan(lane, on_stems);
        if (lane == 0u) {
            let steps = scanned[WORKGROUP - 1u] * K / (CHOSEN * stem.users);
            tile_side = clamp(steps, SIDES / 2u + 1u, K * STEPS + 1u - SIDES + SIDES / 2u) - SIDES / 2u;
        }
    } else if (lane == 0u) {
        tile_side = 1u;
    }
    let zones = zones_of(workgroupUniformLoad(&tile_most), middle);
    for (var i = lane; i < stem.users; i += WORKGROUP) {
        let user = scratch[stem.at + i];
        let on_stem = u32(i32(CHOSEN) * params.top - bitcast<i32>(user.z));
        let row = params.rows_at + user.x * row_pairs;
        tile[i] = vec2<u32>(row, packed_tile(zones, on_stem, bitcast<i32>(user.w)));
    }
    workgroupBarrier();
    for (var block = lane; block < blocks_of(stem.users); block += WORKGROUP) {
        var outer = 0u;
        var inner_squares = 0u;
        for (var i = 0u; i < users_in(block, stem.users); i += 1u) {
            let user = tile[32u * block + i].y;
            let d = (bitcast<i32>(user) >> 18u) - middle;
            let is_outer = (user >> 10u) & 1u;
            outer |= is_outer << i;
            inner_squares = max(inner_squares, select(u32(d * d), 0u, is_outer == 1u));
        }
        blocks[block] = vec2<u32>(outer, inner_squares);
    }
    workgroupBarrier();
    return true;
}

// 0 + 1 + ... + (count - 1), modulo 2^32.
fn offsets_upto(count: u32) -> u32 {
    let half = count >> 1u;
    return select(half * (count - 1u), half * count, (count & 1u) != 0u);
}

// Where a word of a list is.
fn list_at(workgroup: u32, row: u32, column: u32) -> u32 {
    return (workgroup * (params.list / 2u) + row) * BATCH + column;
}

// The lists of a batch's prefixes, a lane each. Call it from uniform control flow.
fn load_lists(stem: Stem, front: u32, workgroup: u32, lane: u32) {
    // Nobody sweeps the batch before any more.
    storageBarrier();
    workgroupBarrier();
    let zones = zones_of(tile_most, total(stem, stem.users / 2u));
    for (var column = lane; column < batch_end(stem, front) - front; column += WORKGROUP) {
        var users = 0u;
        var outer = 0u;
        var squares = 0u;
        var held = 0u;
        for (var quad = 0u; quad < stem.quads; quad += 1u) {
            let at = front + column;
            let answered = scratch[stem.answered + quad * stem.columns + at];
            var digits: array<vec4<u32>, DIGITS>;
            for (var i = 0u; i < DIGITS; i += 1u) {
                digits[i] = scratch[scores_row(stem, quad, i) + at];
            }
            for (var i = 0u; i < 4u; i += 1u) {
                let block = 4u * quad + i;
                if (block >= blocks_of(stem.users)) {
                    break;
                }
                let zone = blocks[block];
                users += countOneBits(answered[i]);
                let inner = countOneBits(answered[i] & ~zone.x);
                squares = min(squares + inner * zone.y, zones.most + 1u);
                var found = answered[i] & zone.x;
                while (found != 0u) {
                    let bit = firstTrailingBit(found);
                    found &= found - 1u;
                    var entry = 32u * block + bit;
                    for (var j = 0u; j < DIGITS; j += 1u) {
                        entry |= ((digits[j][i] >> bit) & 1u) << (13u + j);
                    }
                    if ((outer & 1u) == 0u) {
                        held = entry;
                    } else if (outer < params.list) {
                        lists[list_at(workgroup, outer >> 1u, column)] = held | (entry << 16u);
                    }
                    outer += 1u;
                }
            }
        }
        if ((outer & 1u) == 1u && outer < params.list) {
            lists[list_at(workgroup, outer >> 1u, column)] = held;
        }
        prefixes[column] = vec2<u32>(users | (outer << 16u), units_of(zones, squares));
    }
    storageBarrier();
    workgroupBarrier();
    // Those with their first leaf in the same word are taken in the order of their lists' lengths, so that
    // neighbours wait less for each other: 90 % of lanes are at work then, in place of 79 % (benchmark table).
    for (var column = front + lane; column < batch_end(stem, front); column += WORKGROUP) {
        let place = place_of(stem, 0u);
        let start = max(32u * first_word(stem, column), place + 1u + front) - 1u - place;
        let mine = prefixes[column - front].x >> 16u;
        var before = 0u;
        for (var i = start; i < start + alike(stem, start, front); i += 1u) {
            let other = prefixes[i - front].x >> 16u;
            before += u32(other < mine || (other == mine && i < column));
        }
        taken_in_order[start + before - front] = column;
    }
    workgroupBarrier();
}

// The prefix that is taken at this place of a batch.
fn column_at(front: u32, place: u32, swept: bool) -> u32 {
    if (swept) {
        return taken_in_order[place - front];
    }
    return place;
}

// On which sides of SIDES a user is wrong: answers that it gave, and of those each with j steps or more, both
// turned about where it is a low one. Before them `steps` steps, counted from the first side.
fn sides_of(taken: array<u32, STEPS + 2u>, steps: i32) -> array<u32, SIDES> {
    var wrong: array<u32, SIDES>;
    if (STEPS == 1u) {
        var next = select(taken[2], taken[1], steps >= -1);
        for (var c = 0u; c < SIDES; c += 1u) {
            let reached = steps >= i32(c);
            wrong[c] = select(next, taken[0], reached);
            next = select(taken[2], taken[1], reached);
        }
        return wrong;
    }
    // Side c is that of the (c - steps)-th of them, in bounds: all are laid out in a row and shifted by
    // so many, a power of two a turn.
    let shift = u32(clamp(i32(SIDES) - 1 - steps, 0, i32(SIDES + STEPS)));
    var row: array<u32, SIDES + 31u>;
    for (var i = 0u; i < SIDES + 31u; i += 1u) {
        row[i] = taken[u32(clamp(i32(i) + 1 - i32(SIDES), 0, i32(STEPS) + 1))];
    }
    for (var by = 16u; by > 0u; by >>= 1u) {
        let moved = (shift & by) != 0u;
        for (var i = 0u; i < SIDES + by - 1u; i += 1u) {
            row[i] = select(row[i], row[i + by], moved);
        }
    }
    for (var c = 0u; c < SIDES; c += 1u) {
        wrong[c] = row[c];
    }
    return wrong;
}

// The leaves of `valid` that are not proven to lie below the floor. Takes away what the audit counted of them
// besides.
fn sweep(
    stem: Stem,
    front: u32,
    item: Item,
    valid: u32,
    workgroup: u32,
    tally: ptr<function, Tally>,
) -> u32 {
    let column = item.column - front;
    let prefix = prefixes[column];
    let users = prefix.x & 0xffffu;
    let outer = prefix.x >> 16u;
    let leaves = countOneBits(valid);
    let m = 32u * item.word + firstTrailingBit(valid) - place_of(stem, 0u);
    let offset = leaf_offset(stem, stem.last + 1u + item.column) + m - item.column - 1u;
    (*tally).counts.x += leaves;
    (*tally).sums[0].y -= leaves * offset + offsets_upto(leaves);
    let met = vec2<u32>(users * (2u * item.column + 1u), 0u);
    (*tally).sums[0] = add64((*tally).sums[0], neg64(met));
    if (users < params.min_users) {
        return 0u;
    }
    if (params.slack == NO_SLACK || outer > params.list || prefix.y > UNITS) {
        return valid;
    }
    var planes: array<u32, PLANES>;
    for (var p = 0u; p < PLANES; p += 1u) {
        planes[p] = 0u;
    }
    // Leaves with more squares than can be counted.
    var beyond = 0u;
    // Leaves with that many users or more who are wrong on a side, and with a far one.
    var one: array<u32, SIDES>;
    var two: array<u32, SIDES>;
    var far: array<u32, SIDES>;
    for (var c = 0u; c < SIDES; c += 1u) {
        one[c] = 0u;
        two[c] = 0u;
        far[c] = 0u;
    }
    let first_side = i32(tile_side);
    var pair = 0u;
    for (var number = 0u; number < outer; number += 1u) {
        if ((number & 1u) == 0u) {
            pair = lists[list_at(workgroup, number >> 1u, column)];
        }
        let user = tile[pair & 0x1fffu];
        let at = user.x + item.word * PAIRS;
        let row = rows[at];
        var carry = 0u;
        for (var p = 0u; p < PLANES; p += 1u) {
            let add = select(0u, row.x, (user.y & (1u << p)) != 0u);
            let plane = planes[p];
            planes[p] = plane ^ add ^ carry;
            carry = (plane & add) | (carry & (plane | add));
        }
        beyond |= carry | select(0u, row.x, (user.y & (1u << PLANES)) != 0u);
        let turned = select(0u, row.x, (user.y & 0x100u) != 0u);
        let is_far = select(0u, 0xffffffffu, (user.y & 0x200u) != 0u);
        let high = row.x ^ turned;
        var taken: array<u32, STEPS + 2u>;
        taken[0] = high;
        taken[1] = row.y ^ turned;
        for (var j = 2u; j <= STEPS; j += 2u) {
            let more = rows[at + j / 2u];
            taken[j] = more.x ^ turned;
            if (j < STEPS) {
                taken[j + 1u] = more.y ^ turned;
            }
        }
        taken[STEPS + 1u] = turned;
        let steps = i32(extractBits(user.y, 12u, 6u) + extractBits(pair, 13u, 3u)) - first_side;
        var wrong = sides_of(taken, steps);
        wrong[0] &= high;
        wrong[SIDES - 1u] &= turned;
        for (var c = 0u; c < SIDES; c += 1u) {
            two[c] |= one[c] & wrong[c];
            one[c] |= wrong[c];
            far[c] |= wrong[c] & is_far;
        }
        pair >>= 16u;
    }
    // Dead, where what is counted and the inner users' units do not carry.
    var carry = 0u;
    for (var p = 0u; p < PLANES; p += 1u) {
        let add = select(0u, 0xffffffffu, (prefix.y & (1u << p)) != 0u);
        carry = (planes[p] & add) | (carry & (planes[p] | add));
    }
    var pairs = 0xffffffffu;
    var far_pair = 0xffffffffu;
    for (var c = 0u; c < SIDES; c += 1u) {
        pairs &= two[c];
        far_pair &= far[c];
    }
    let dead = ~(beyond | carry) & (pairs | far_pair);
    return valid & ~dead;
}
