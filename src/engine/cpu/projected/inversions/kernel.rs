//! One stem of the pair test: lists of users, the table of each list, what is left over.

use super::super::stem::Tally;
use super::base::{ALL, BINS, Base, CROWD_STEP, HIGH, LOW, MOST_OF_A_CROWD, MOST_OF_A_THIN_CROWD};
#[cfg(target_arch = "x86_64")]
use super::bits::Avx2;
use super::bits::{Bits, LANES, Row, Words};
use super::table::{AT_ONCE, Table};
use crate::engine::cpu::isa::Isa;

/// Buffers of a thread.
#[derive(Debug, Default)]
pub(in crate::engine::cpu) struct Buffers {
    /// The stem's users: rows, list entries without the second question, g², and for the sums.
    rows: Vec<Row>,
    heads: Vec<u32>,
    squares: Vec<u32>,
    summands: Vec<Summand>,
    /// The records to be listed, and whose each is.
    records: Vec<u16>,
    owners: Vec<u16>,
    /// The list of each second question: the user's number, and above it side and bin · scores + score.
    lists: Vec<u32>,
    lengths: Vec<u32>,
    /// Rows by side and bin, and class.
    table: Vec<Row>,
    /// For each user of a list, one word of what they answered.
    words: Vec<u64>,
    /// The users of a leaf.
    who: Vec<u32>,
}

/// What a user brings to the sums of a leaf.
#[derive(Clone, Copy, Debug, Default)]
struct Summand {
    /// Side and bin, times the scores that a set may have.
    bin: u32,
    /// Centred total.
    g: i32,
}

/// Searches every set of the stem `l1` (a position). `floor` is asked once and must be above 0;
/// `exact` gets the positions behind the prefix of each set that may reach it, and its n, A, X, Y.
pub(in crate::engine::cpu) fn search(
    isa: Isa,
    table: &Table,
    base: &Base,
    l1: usize,
    buffers: &mut Buffers,
    floor: f64,
    exact: &mut dyn FnMut([usize; 3], [f64; 4]),
) -> Tally {
    #[cfg(target_arch = "x86_64")]
    {
        #[target_feature(enable = "avx2,fma,popcnt,bmi1,bmi2")]
        unsafe fn avx2(
            table: &Table,
            base: &Base,
            l1: usize,
            buffers: &mut Buffers,
            floor: f64,
            exact: &mut dyn FnMut([usize; 3], [f64; 4]),
        ) -> Tally {
            // SAFETY: the features of this function are those of the level.
            unsafe { either::<Avx2>(table, base, l1, buffers, floor, exact) }
        }
        #[target_feature(enable = "avx2,fma,popcnt,bmi1,bmi2,avx512f,avx512bw,avx512dq,avx512vl")]
        unsafe fn avx512(
            table: &Table,
            base: &Base,
            l1: usize,
            buffers: &mut Buffers,
            floor: f64,
            exact: &mut dyn FnMut([usize; 3], [f64; 4]),
        ) -> Tally {
            // SAFETY: the features of this function are those of the level.
            unsafe { either::<Avx2>(table, base, l1, buffers, floor, exact) }
        }
        if isa >= Isa::Avx2 {
            assert!(isa.is_available(), "{} is not available", isa.name());
        }
        match isa {
            Isa::Avx512 | Isa::Amx => {
                // SAFETY: just checked.
                return unsafe { avx512(table, base, l1, buffers, floor, exact) };
            }
            // SAFETY: just checked.
            Isa::Avx2 => return unsafe { avx2(table, base, l1, buffers, floor, exact) },
            Isa::Portable => {}
        }
    }
    // SAFETY: plain words need no instructions beyond the target's.
    unsafe { either::<Words>(table, base, l1, buffers, floor, exact) }
}

/// # Safety
/// The level of `B` must be available.
#[inline(always)]
unsafe fn either<B: Bits>(
    table: &Table,
    base: &Base,
    l1: usize,
    buffers: &mut Buffers,
    floor: f64,
    exact: &mut dyn FnMut([usize; 3], [f64; 4]),
) -> Tally {
    // SAFETY: by this function's contract; two distinct scores are a step apart.
    unsafe {
        if table.steps.of.len() == 2 && base.classes == base.scores {
            stem::<B, true>(table, base, l1, buffers, floor, exact)
        } else {
            stem::<B, false>(table, base, l1, buffers, floor, exact)
        }
    }
}

/// `SIMPLE` says that there are two scores a step apart, and a class for each score of a set.
///
/// # Safety
/// The level of `B` must be available.
#[inline(always)]
unsafe fn stem<B: Bits, const SIMPLE: bool>(
    table: &Table,
    base: &Base,
    l1: usize,
    buffers: &mut Buffers,
    floor: f64,
    exact: &mut dyn FnMut([usize; 3], [f64; 4]),
) -> Tally {
    let mut tally = Tally::default();
    let values = if SIMPLE { 2 } else { table.steps.of.len() };
    let (seconds, beyond) = if l1 >= base.split {
        (base.split..l1, 0..0)
    } else {
        (base.from..l1, base.split..base.questions)
    };
    let takers = base.takers(l1);
    // A leaf below l₂ is left for every l₂ but the first one of all.
    if seconds.is_empty() {
        return tally;
    }
    let (n, listed) = gather::<SIMPLE>(table, base, l1, takers, buffers);
    scatter(table, takers.len(), &seconds, listed, buffers);

    let Buffers {
        rows,
        squares,
        summands,
        lists,
        lengths,
        table: cells,
        words,
        who,
        ..
    } = buffers;
    let stem = Stem {
        steps: &table.steps.of,
        rows,
        summands,
    };
    let stride = list_stride(takers.len());
    let classes = base.classes;
    cells.clear();
    cells.resize(ALL * classes, Row::default());
    // 1 − t² rounded up: three roundings of 2^-53 each, and a product below.
    let tau = ((1.0 - floor) * (1.0 + floor)).max(0.0) * (1.0 + 1e-14);
    let gaps = gaps(base.width);
    let beyond_row = Row::of(beyond);
    let mut met = 0_u64;
    for l2 in seconds.clone() {
        let lane = l2 - seconds.start;
        let list = &lists[lane * stride..lane * stride + lengths[lane] as usize];
        let valid = Row::of(base.from..l2).or(beyond_row);
        tally.sets += u64::from(valid.count());
        met += list.len() as u64;
        // SAFETY: entries name users of the stem, and places inside the cells: user < users,
        // side and bin · scores + score < ALL · scores. There are ALL · classes cells.
        let alive = unsafe {
            add::<B, SIMPLE>(list, rows, cells, base, table);
            let crowds = crowds::<B, SIMPLE>(list, rows, squares, base.crowds, values);
            // The least number of bins apart that tells; of a distance that there is not, none does.
            let telling = |most: u64| {
                let bar = tau * most as f64 * 2.0 * (1.0 + 1e-14);
                gaps.partition_point(|gap| gap * gap <= bar)
            };
            let [thin, all] = crowds.most.map(telling);
            let [thin, all] = dead::<B>(cells, classes, thin, all);
            let dead = all.without(crowds.over).or(thin.without(crowds.over_thin));
            valid.without(dead)
        };
        let kept = &mut tally.kept;
        // SAFETY: entries name users of the stem.
        unsafe {
            judge::<SIMPLE>(&stem, list, alive, words, who, |m, sums| {
                *kept += 1;
                exact([l1, l2, m].map(|p| p - base.from), sums);
            });
        }
    }
    tally.totals[0] = n.wrapping_add(met.wrapping_sub(listed as u64));
    tally
}

/// The least gap of g between users this many bins apart, for each distance that there is.
fn gaps(width: f64) -> [f64; 2 * BINS - 1] {
    let edge = |bin: usize| (bin as f64 * width).ceil();
    std::array::from_fn(|apart| {
        let high = apart.saturating_sub(BINS - 1)..=apart.min(BINS - 1);
        high.map(|high| edge(high) + edge(apart - high))
            .fold(f64::INFINITY, f64::min)
    })
}

/// From one list to the next; not a multiple of a page, so that lists do not share cache sets.
fn list_stride(users: usize) -> usize {
    users.next_multiple_of(32) + 16
}

/// Copies the stem's users together; returns n over all of its sets, and how many records are to be
/// listed.
#[inline(always)]
fn gather<const SIMPLE: bool>(
    table: &Table,
    base: &Base,
    l1: usize,
    takers: &[u32],
    buffers: &mut Buffers,
) -> (u64, usize) {
    let Buffers {
        rows,
        heads,
        squares,
        summands,
        records,
        owners,
        ..
    } = buffers;
    let values = if SIMPLE { 2 } else { table.steps.of.len() };
    let second_half = l1 >= base.split;
    let users = takers.len();
    rows.resize((users * values).max(rows.len()), Row::default());
    for buffer in [&mut *heads, squares] {
        buffer.resize(users.max(buffer.len()), 0);
    }
    summands.resize(users.max(summands.len()), Summand::default());
    let most = users * table.stride + AT_ONCE;
    if records.len() < most {
        records.resize(most, 0);
        owners.resize(most, 0);
    }
    let copies = rows.chunks_exact_mut(values);
    let scalars = heads.iter_mut().zip(squares).zip(summands);
    let (mut n, mut listed) = (0_u64, 0);
    for ((k, &taker), (copy, ((head, square), summand))) in
        takers.iter().enumerate().zip(copies.zip(scalars))
    {
        let (user, at) = ((taker & 0xffff) as usize, (taker >> 16) as usize);
        let brief = &base.briefs[user];
        // Pairs of two seconds, or of a second and a leaf that is none.
        let (start, split, end) = (
            usize::from(brief.start),
            usize::from(brief.split),
            usize::from(brief.end),
        );
        let (first, others) = if second_half {
            (split, split - start)
        } else {
            (start, end - split)
        };
        let count = at - first;
        n += (count * others + count * count.saturating_sub(1) / 2) as u64;
        // SAFETY: `at` and what follows `first` up to `count` are records of this user, and behind
        // them lie at least AT_ONCE more of the table's stride; codes are indices of scores; `most`
        // leaves room for whole steps.
        unsafe {
            let records_of = base.records.as_ptr().add(user * table.stride);
            let value = usize::from(*records_of.add(at) >> 8);
            let step = *table.steps.of.get_unchecked(value);
            let from = base.rows.as_ptr().add(user * values);
            for (value, to) in copy.iter_mut().enumerate() {
                *to = *from.add(value);
            }
            *head = k as u32 | (brief.bin + brief.score + step) << 16;
            *square = (brief.g * brief.g) as u32;
            *summand = Summand {
                bin: brief.bin,
                g: brief.g,
            };
            // Whole steps; what is too much is written over by the next user's.
            let mut done = 0;
            loop {
                let from = records_of.add(first + done).cast::<[u16; AT_ONCE]>();
                let to = records.as_mut_ptr().add(listed + done);
                to.cast::<[u16; AT_ONCE]>()
                    .write_unaligned(from.read_unaligned());
                let to = owners.as_mut_ptr().add(listed + done);
                to.cast::<[u16; AT_ONCE]>()
                    .write_unaligned([k as u16; AT_ONCE]);
                done += AT_ONCE;
                if done >= count {
                    break;
                }
            }
        }
        listed += count;
    }
    (n, listed)
}

/// Puts every user into the list of each second question that they answered.
#[inline(always)]
fn scatter(
    table: &Table,
    users: usize,
    seconds: &std::ops::Range<usize>,
    listed: usize,
    buffers: &mut Buffers,
) {
    let Buffers {
        heads,
        records,
        owners,
        lists,
        lengths,
        ..
    } = buffers;
    let stride = list_stride(users);
    lengths.clear();
    lengths.resize(LANES, 0);
    if lists.len() < seconds.len() * stride {
        lists.resize(seconds.len() * stride, 0);
    }
    let mut steps = [0; LANES];
    for (step, of) in steps.iter_mut().zip(&table.steps.of) {
        *step = of << 16;
    }
    let lengths: &mut [u32; LANES] = (&mut lengths[..]).try_into().expect("as long");
    let from = seconds.start;
    for (&record, &owner) in records[..listed].iter().zip(&owners[..listed]) {
        let (lane, value) = (usize::from(record & 255) - from, usize::from(record >> 8));
        // SAFETY: records of the stem's users lie among the seconds, each once, so a list has at
        // most as many entries as the stem has users; owners are these users.
        unsafe {
            let entry = *heads.get_unchecked(usize::from(owner)) + steps[value];
            let length = lengths.get_unchecked_mut(lane);
            *lists.get_unchecked_mut(lane * stride + *length as usize) = entry;
            *length += 1;
        }
    }
}

/// Adds the rows of a list's users to the cells.
///
/// # Safety
/// The level of `B` must be available; entries must name rows and cells that there are; `SIMPLE`
/// only with two scores a step apart and a class for each score.
#[inline(always)]
unsafe fn add<B: Bits, const SIMPLE: bool>(
    list: &[u32],
    rows: &[Row],
    cells: &mut [Row],
    base: &Base,
    table: &Table,
) {
    let steps = &table.steps.of;
    let cells = cells.as_mut_ptr();
    for &entry in list {
        let (user, place) = ((entry & 0xffff) as usize, (entry >> 16) as usize);
        // SAFETY: by this function's contract.
        unsafe {
            let row = rows
                .as_ptr()
                .add(user * if SIMPLE { 2 } else { steps.len() });
            if SIMPLE {
                put::<B>(cells, place, row);
                put::<B>(cells, place + 1, row.add(1));
            } else {
                for (value, step) in steps.iter().enumerate() {
                    let place = *base.places.get_unchecked(place + *step as usize);
                    put::<B>(cells, usize::from(place), row.add(value));
                }
            }
        }
    }
}

/// Adds a row to a cell.
///
/// # Safety
/// The level of `B` must be available, and there must be such a cell and row.
#[inline(always)]
unsafe fn put<B: Bits>(cells: *mut Row, place: usize, row: *const Row) {
    // SAFETY: by this function's contract.
    unsafe {
        let cell = cells.add(place);
        B::load(cell).or(B::load(row)).store(cell);
    }
}

/// What is known of the users of each leaf by counting.
struct Crowds {
    /// Leaves with more users of a crowd than a thin leaf has.
    over_thin: Row,
    /// With more than any leaf may have.
    over: Row,
    /// The most Σg² of a thin leaf, and of any that is not over.
    most: [u64; 2],
}

/// Counts the users of each crowd on every leaf. The most Σg² is that of the first users of each
/// crowd, as many as allowed, and of all users in none.
///
/// # Safety
/// The level of `B` must be available; entries must name rows that there are.
#[inline(always)]
unsafe fn crowds<B: Bits, const SIMPLE: bool>(
    list: &[u32],
    rows: &[Row],
    squares: &[u32],
    sizes: [usize; 2],
    values: usize,
) -> Crowds {
    let energy = |list: &[u32]| -> u64 {
        // SAFETY: entries name users of the stem.
        let square = |entry: &u32| unsafe { *squares.get_unchecked((entry & 0xffff) as usize) };
        list.iter().map(|entry| u64::from(square(entry))).sum()
    };
    let mut rest = list;
    let mut counted = Crowds {
        over_thin: Row::default(),
        over: Row::default(),
        most: [0; 2],
    };
    for (crowd, size) in sizes.into_iter().enumerate() {
        let size = size.min(rest.len()) / CROWD_STEP * CROWD_STEP;
        let (allowed, thin) = (MOST_OF_A_CROWD[crowd], MOST_OF_A_THIN_CROWD[crowd]);
        if size <= allowed + 1 {
            continue;
        }
        let members = &rest[..size];
        rest = &rest[size..];
        let first = energy(&members[..thin]);
        counted.most[0] += first;
        counted.most[1] += first + energy(&members[thin..allowed]);
        // SAFETY: by this function's contract.
        unsafe {
            let [mut ones, mut twos, mut fours, mut eights, mut more] = [B::zero(); 5];
            for eight in members.chunks_exact(CROWD_STEP) {
                let [a, b, c, d, e, f, g, h] =
                    *<&[u32; CROWD_STEP]>::try_from(eight).expect("whole chunks");
                let row = rows.as_ptr();
                let (two_a, two_b, two_c, two_d, four_a, four_b, carry);
                (ones, two_a) = two::<B, SIMPLE>(ones, row, values, a, b);
                (ones, two_b) = two::<B, SIMPLE>(ones, row, values, c, d);
                (twos, four_a) = full(twos, two_a, two_b);
                (ones, two_c) = two::<B, SIMPLE>(ones, row, values, e, f);
                (ones, two_d) = two::<B, SIMPLE>(ones, row, values, g, h);
                (twos, four_b) = full(twos, two_c, two_d);
                (fours, carry) = full(fours, four_a, four_b);
                more = more.or(eights.and(carry));
                eights = eights.xor(carry);
            }
            // More than 3 have a four, an eight or 16 and more; and so on.
            let over_seven = eights.or(more);
            let (over_thin, over) = if crowd == 0 {
                (over_seven.or(fours), over_seven)
            } else {
                (over_seven, more)
            };
            let mut row = Row::default();
            over_thin.store(&mut row);
            counted.over_thin = counted.over_thin.or(row);
            over.store(&mut row);
            counted.over = counted.over.or(row);
        }
    }
    let rest = energy(rest);
    counted.most = counted.most.map(|most| most + rest);
    counted
}

/// Sum and carry of three bits.
///
/// # Safety
/// The level of `B` must be available.
#[inline(always)]
unsafe fn full<B: Bits>(a: B, b: B, c: B) -> (B, B) {
    // SAFETY: by this function's contract.
    unsafe {
        let half = a.xor(b);
        (half.xor(c), a.and(b).or(half.and(c)))
    }
}

/// Sum and carry of `ones` and who answered of two users.
///
/// # Safety
/// The level of `B` must be available; the entries must name users of `rows`.
#[inline(always)]
unsafe fn two<B: Bits, const SIMPLE: bool>(
    ones: B,
    rows: *const Row,
    values: usize,
    first: u32,
    second: u32,
) -> (B, B) {
    // SAFETY: by this function's contract.
    unsafe {
        let first = answered::<B, SIMPLE>(rows, values, first);
        let second = answered::<B, SIMPLE>(rows, values, second);
        full(ones, first, second)
    }
}

/// What the user of an entry answered.
///
/// # Safety
/// The level of `B` must be available; the entry must name a user of `rows`.
#[inline(always)]
unsafe fn answered<B: Bits, const SIMPLE: bool>(rows: *const Row, values: usize, entry: u32) -> B {
    // SAFETY: by this function's contract.
    unsafe {
        let row = rows.add((entry & 0xffff) as usize * if SIMPLE { 2 } else { values });
        let mut any = B::load(row).or(B::load(row.add(1)));
        if !SIMPLE {
            for value in 2..values {
                any = any.or(B::load(row.add(value)));
            }
        }
        any
    }
}

/// The leaves with an inversion of users at least `thin` bins apart, and at least `all`, which is no
/// less. Clears the cells. Of a number of bins that there is not, no leaf.
///
/// # Safety
/// The level of `B` must be available; there must be ALL · classes cells.
#[inline(always)]
unsafe fn dead<B: Bits>(cells: &mut [Row], classes: usize, thin: usize, all: usize) -> [Row; 2] {
    let all = all.min(2 * BINS - 1);
    let thin = thin.min(all);
    // SAFETY: by this function's contract, and both are below 2 · BINS.
    unsafe {
        match all {
            0..=6 => dead_of::<B, 7>(cells, classes, thin, all),
            7 => dead_of::<B, 8>(cells, classes, thin, all),
            8 => dead_of::<B, 9>(cells, classes, thin, all),
            9 => dead_of::<B, 10>(cells, classes, thin, all),
            _ => dead_of::<B, BINS>(cells, classes, thin, all),
        }
    }
}

/// A cell, which is cleared.
///
/// # Safety
/// The level of `B` must be available, and there must be such a cell.
#[inline(always)]
unsafe fn take<B: Bits>(cells: *mut Row, at: usize) -> B {
    // SAFETY: by this function's contract.
    unsafe {
        let cell = cells.add(at);
        let row = B::load(cell);
        B::zero().store(cell);
        row
    }
}

/// The same where high bins from `N` on are as good as `N − 1`.
///
/// # Safety
/// As [`dead`], and both below 2 · BINS.
#[inline(always)]
unsafe fn dead_of<B: Bits, const N: usize>(
    cells: &mut [Row],
    classes: usize,
    thin: usize,
    all: usize,
) -> [Row; 2] {
    let cells = cells.as_mut_ptr();
    // SAFETY: high bins are 0 .. BINS, and low ones LOW + apart − bin, which is from LOW − BINS + 1,
    // behind the high ones, up to LOW + 2 · BINS − 1, below ALL.
    unsafe {
        let (mut dead_thin, mut dead_all) = (B::zero(), B::zero());
        let mut reached = [B::zero(); N];
        for class in 0..classes {
            let mut beyond = B::zero();
            for bin in N..BINS {
                beyond = beyond.or(take::<B>(cells, (HIGH + bin) * classes + class));
            }
            for bin in (1..N).rev() {
                beyond = beyond.or(take::<B>(cells, (HIGH + bin) * classes + class));
                reached[bin] = reached[bin].or(beyond);
                dead_thin = dead_thin
                    .or(reached[bin].and(B::load(cells.add((LOW + thin - bin) * classes + class))));
                dead_all = dead_all
                    .or(reached[bin].and(B::load(cells.add((LOW + all - bin) * classes + class))));
            }
            beyond = beyond.or(take::<B>(cells, HIGH * classes + class));
            reached[0] = reached[0].or(beyond);
            // All that is at least far enough from bin 0.
            let mut far = B::zero();
            for bin in all..BINS {
                far = far.or(B::load(cells.add((LOW + bin) * classes + class)));
            }
            dead_all = dead_all.or(reached[0].and(far));
            for bin in thin..all.min(BINS) {
                far = far.or(B::load(cells.add((LOW + bin) * classes + class)));
            }
            dead_thin = dead_thin.or(reached[0].and(far));
        }
        for cell in LOW * classes..(LOW + BINS) * classes {
            B::zero().store(cells.add(cell));
        }
        let mut rows = [Row::default(); 2];
        dead_thin.store(&mut rows[0]);
        dead_all.store(&mut rows[1]);
        rows
    }
}

/// Sums the leaves of `alive` exactly: n, A, X, Y over the users of the list who answered them.
///
/// # Safety
/// The entries must name users of the stem.
#[inline(always)]
unsafe fn judge<const SIMPLE: bool>(
    stem: &Stem<'_>,
    list: &[u32],
    alive: Row,
    words: &mut Vec<u64>,
    who: &mut Vec<u32>,
    mut kept: impl FnMut(usize, [f64; 4]),
) {
    let Stem {
        steps,
        rows,
        summands,
    } = *stem;
    let values = if SIMPLE { 2 } else { steps.len() };
    who.resize(list.len().max(who.len()), 0);
    words.resize(list.len().max(words.len()), 0);
    let words = &mut words[..list.len()];
    for (w, &word) in alive.0.iter().enumerate() {
        if word == 0 {
            continue;
        }
        for (&entry, any) in list.iter().zip(&mut *words) {
            // SAFETY: by this function's contract.
            unsafe {
                let row = rows.as_ptr().add((entry & 0xffff) as usize * values);
                *any = (*row).0.get_unchecked(w) | (*row.add(1)).0.get_unchecked(w);
                if !SIMPLE {
                    for value in 2..values {
                        *any |= (*row.add(value)).0.get_unchecked(w);
                    }
                }
            }
        }
        let mut word = word;
        while word != 0 {
            let bit = word.trailing_zeros();
            word &= word - 1;
            // SAFETY: by this function's contract; `who` has room for the whole list.
            unsafe {
                // First who answered, without a branch that depends on it; then the sums of those.
                let mut answered = 0;
                for (&entry, any) in list.iter().zip(&*words) {
                    *who.get_unchecked_mut(answered) = entry;
                    answered += (any >> bit & 1) as usize;
                }
                let (mut sa, mut sg, mut saa, mut sgg, mut sag) =
                    (0_i64, 0_i64, 0_i64, 0_i64, 0_i64);
                for &entry in &who[..answered] {
                    let user = (entry & 0xffff) as usize;
                    let row = rows.as_ptr().add(user * values);
                    let mut third = ((*row.add(1)).0.get_unchecked(w) >> bit & 1) as u32;
                    if !SIMPLE {
                        third *= steps[1];
                        for (value, step) in steps.iter().enumerate().skip(2) {
                            third +=
                                step * ((*row.add(value)).0.get_unchecked(w) >> bit & 1) as u32;
                        }
                    }
                    let Summand { bin, g } = *summands.get_unchecked(user);
                    let a = i64::from((entry >> 16) - bin + third);
                    let g = i64::from(g);
                    sa += a;
                    sg += g;
                    saa += a * a;
                    sgg += g * g;
                    sag += a * g;
                }
                let n = answered as i64;
                let sums = [n, n * sag - sa * sg, n * saa - sa * sa, n * sgg - sg * sg];
                kept(w * 64 + bit as usize, sums.map(|sum| sum as f64));
            }
        }
    }
}

/// What the leaves of a stem are summed from.
struct Stem<'a> {
    steps: &'a [u32],
    rows: &'a [Row],
    summands: &'a [Summand],
}
