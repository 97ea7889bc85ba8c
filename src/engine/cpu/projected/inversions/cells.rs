//! The table of one list: rows by side and bin of g and class of score, who is on which leaf how
//! often, and the leaves with an inversion.

use super::base::{BINS, Base, HIGH, LOW, MOST_OF_A_RING, MOST_OF_A_THIN_RING, RING_STEP};
use crate::arch::{Row, RowBits, Rows};
use crate::engine::cpu::layout::Table;

/// Adds the rows of a list's users to the cells.
///
/// # Safety
/// Entries must name rows and cells that there are; `SIMPLE`
/// only with two scores a step apart and a class for each score.
#[inline(always)]
pub(super) unsafe fn add<L: Rows, const SIMPLE: bool>(
    level: L,
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
                put(level, cells, place, row);
                put(level, cells, place + 1, row.add(1));
            } else {
                for (value, step) in steps.iter().enumerate() {
                    let place = *base.places.get_unchecked(place + *step as usize);
                    put(level, cells, usize::from(place), row.add(value));
                }
            }
        }
    }
}

/// Adds a row to a cell.
///
/// # Safety
/// There must be such a cell and row.
#[inline(always)]
unsafe fn put<L: Rows>(level: L, cells: *mut Row, place: usize, row: *const Row) {
    // SAFETY: by this function's contract.
    unsafe {
        let cell = cells.add(place);
        level.row(&*cell).or(level.row(&*row)).store(&mut *cell);
    }
}

/// What is known of the users of each leaf by counting.
pub(super) struct Rings {
    /// Leaves with more users of a ring than a thin leaf has.
    pub(super) over_thin: Row,
    /// Leaves with more than any leaf may have.
    pub(super) over: Row,
    /// The most Σg² of a thin leaf, and of any that is not over.
    pub(super) most: [u64; 2],
    /// How many users are in no ring, the last of the list, and their Σg².
    pub(super) rest: (usize, u64),
}

/// Counts the users of each ring on every leaf. The most Σg² is that of the first users of each
/// ring, as many as allowed, and of all users in none.
///
/// # Safety
/// Entries must name rows that there are.
#[inline(always)]
pub(super) unsafe fn rings<L: Rows, const SIMPLE: bool>(
    level: L,
    list: &[u32],
    rows: &[Row],
    squares: &[u32],
    sizes: [usize; 2],
    values: usize,
) -> Rings {
    let energy = |list: &[u32]| -> u64 {
        // SAFETY: entries name users of the stem.
        let square = |entry: &u32| unsafe { *squares.get_unchecked((entry & 0xffff) as usize) };
        list.iter().map(|entry| u64::from(square(entry))).sum()
    };
    let mut rest = list;
    let mut counted = Rings {
        over_thin: Row::default(),
        over: Row::default(),
        most: [0; 2],
        rest: (0, 0),
    };
    for (ring, size) in sizes.into_iter().enumerate() {
        let size = size.min(rest.len()) / RING_STEP * RING_STEP;
        let (allowed, thin) = (MOST_OF_A_RING[ring], MOST_OF_A_THIN_RING[ring]);
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
            let [mut ones, mut twos, mut fours, mut eights, mut more] = [level.no_bits(); 5];
            for eight in members.chunks_exact(RING_STEP) {
                let [a, b, c, d, e, f, g, h] =
                    *<&[u32; RING_STEP]>::try_from(eight).expect("whole chunks");
                let row = rows.as_ptr();
                let (two_a, two_b, two_c, two_d, four_a, four_b, carry);
                (ones, two_a) = two::<L, SIMPLE>(level, ones, row, values, a, b);
                (ones, two_b) = two::<L, SIMPLE>(level, ones, row, values, c, d);
                (twos, four_a) = full(twos, two_a, two_b);
                (ones, two_c) = two::<L, SIMPLE>(level, ones, row, values, e, f);
                (ones, two_d) = two::<L, SIMPLE>(level, ones, row, values, g, h);
                (twos, four_b) = full(twos, two_c, two_d);
                (fours, carry) = full(fours, four_a, four_b);
                more = more.or(eights.and(carry));
                eights = eights.xor(carry);
            }
            // More than 3 have a four, an eight or 16 and more; and so on.
            let over_seven = eights.or(more);
            let (over_thin, over) = if ring == 0 {
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
    counted.rest = (rest.len(), energy(rest));
    counted.most = counted.most.map(|most| most + counted.rest.1);
    counted
}

/// Sum and carry of three bits.
#[inline(always)]
fn full<R: RowBits>(a: R, b: R, c: R) -> (R, R) {
    let half = a.xor(b);
    (half.xor(c), a.and(b).or(half.and(c)))
}

/// Sum and carry of `ones` and who answered of two users.
///
/// # Safety
/// The entries must name users of `rows`.
#[inline(always)]
unsafe fn two<L: Rows, const SIMPLE: bool>(
    level: L,
    ones: L::R,
    rows: *const Row,
    values: usize,
    first: u32,
    second: u32,
) -> (L::R, L::R) {
    // SAFETY: by this function's contract.
    unsafe {
        let first = answered::<L, SIMPLE>(level, rows, values, first);
        let second = answered::<L, SIMPLE>(level, rows, values, second);
        full(ones, first, second)
    }
}

/// What the user of an entry answered.
///
/// # Safety
/// The entry must name a user of `rows`.
#[inline(always)]
unsafe fn answered<L: Rows, const SIMPLE: bool>(
    level: L,
    rows: *const Row,
    values: usize,
    entry: u32,
) -> L::R {
    // SAFETY: by this function's contract.
    unsafe {
        let row = rows.add((entry & 0xffff) as usize * if SIMPLE { 2 } else { values });
        let mut any = level.row(&*row).or(level.row(&*row.add(1)));
        if !SIMPLE {
            for value in 2..values {
                any = any.or(level.row(&*row.add(value)));
            }
        }
        any
    }
}

/// The leaves with an inversion of users at least `thin` bins apart, and at least `all`, which is no
/// less: none where there are not so many bins. Clears the cells.
///
/// # Safety
/// There must be ALL · classes cells.
#[inline(always)]
pub(super) unsafe fn dead<L: Rows>(
    level: L,
    cells: &mut [Row],
    classes: usize,
    thin: usize,
    all: usize,
) -> [Row; 2] {
    let all = all.min(2 * BINS - 1);
    let thin = thin.min(all);
    // SAFETY: by this function's contract, and both are below 2 · BINS.
    unsafe {
        match all {
            0..=6 => dead_of::<L, 7>(level, cells, classes, thin, all),
            7 => dead_of::<L, 8>(level, cells, classes, thin, all),
            8 => dead_of::<L, 9>(level, cells, classes, thin, all),
            9 => dead_of::<L, 10>(level, cells, classes, thin, all),
            _ => dead_of::<L, BINS>(level, cells, classes, thin, all),
        }
    }
}

/// A cell, which is cleared.
///
/// # Safety
/// There must be such a cell.
#[inline(always)]
unsafe fn take<L: Rows>(level: L, cells: *mut Row, at: usize) -> L::R {
    // SAFETY: by this function's contract.
    unsafe {
        let cell = cells.add(at);
        let row = level.row(&*cell);
        level.no_bits().store(&mut *cell);
        row
    }
}

/// What [`dead`] gives, where high bins from `N` on are as good as `N − 1`.
///
/// # Safety
/// As [`dead`], and both below 2 · BINS.
#[inline(always)]
unsafe fn dead_of<L: Rows, const N: usize>(
    level: L,
    cells: &mut [Row],
    classes: usize,
    thin: usize,
    all: usize,
) -> [Row; 2] {
    let cells = cells.as_mut_ptr();
    // SAFETY: high bins are 0 .. BINS, and low ones LOW + apart − bin, which is from LOW − BINS + 1,
    // behind the high ones, up to LOW + 2 · BINS − 1, below ALL.
    unsafe {
        let (mut dead_thin, mut dead_all) = (level.no_bits(), level.no_bits());
        let mut reached = [level.no_bits(); N];
        for class in 0..classes {
            let mut beyond = level.no_bits();
            for bin in N..BINS {
                beyond = beyond.or(take(level, cells, (HIGH + bin) * classes + class));
            }
            for bin in (1..N).rev() {
                beyond = beyond.or(take(level, cells, (HIGH + bin) * classes + class));
                reached[bin] = reached[bin].or(beyond);
                dead_thin = dead_thin
                    .or(reached[bin]
                        .and(level.row(&*cells.add((LOW + thin - bin) * classes + class))));
                dead_all = dead_all
                    .or(reached[bin]
                        .and(level.row(&*cells.add((LOW + all - bin) * classes + class))));
            }
            beyond = beyond.or(take(level, cells, HIGH * classes + class));
            reached[0] = reached[0].or(beyond);
            // All that is at least far enough from bin 0.
            let mut far = level.no_bits();
            for bin in all..BINS {
                far = far.or(level.row(&*cells.add((LOW + bin) * classes + class)));
            }
            dead_all = dead_all.or(reached[0].and(far));
            for bin in thin..all.min(BINS) {
                far = far.or(level.row(&*cells.add((LOW + bin) * classes + class)));
            }
            dead_thin = dead_thin.or(reached[0].and(far));
        }
        for cell in LOW * classes..(LOW + BINS) * classes {
            level.no_bits().store(&mut *cells.add(cell));
        }
        let mut rows = [Row::default(); 2];
        dead_thin.store(&mut rows[0]);
        dead_all.store(&mut rows[1]);
        rows
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arch::{Isa, Kernel, Level, run};

    /// A list, its users' rows and squares.
    struct Counted<'a>(&'a [u32], &'a [Row], &'a [u32]);

    impl Kernel for Counted<'_> {
        type Out = Rings;
        fn run<L: Level>(self, level: L) -> Rings {
            // SAFETY: every entry names two rows and a square.
            unsafe { rings::<L, true>(level, self.0, self.1, self.2, [16, 40], 2) }
        }
    }

    #[test]
    fn rings_are_counted_on_every_leaf() {
        const USERS: usize = 70;
        let mut state = 5_u64;
        let mut word = |sparse: u32| {
            let mut word = u64::MAX;
            for _ in 0..sparse {
                state = state
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1);
                word &= state ^ state >> 29;
            }
            word
        };
        let mut seen = [0; 2];
        for sparse in [1, 2] {
            // One score or the other: two rows a user, none in both.
            let mut rows = Vec::new();
            for _ in 0..USERS {
                let answered: [u64; 4] = std::array::from_fn(|_| word(sparse));
                let scored: [u64; 4] = std::array::from_fn(|_| word(1));
                rows.push(Row(std::array::from_fn(|w| answered[w] & !scored[w])));
                rows.push(Row(std::array::from_fn(|w| answered[w] & scored[w])));
            }
            let squares: Vec<u32> = (0..USERS as u32).map(|user| 900 - 12 * user).collect();
            let list: Vec<u32> = (0..USERS as u32).collect();
            let rings = run(Isa::Portable, Counted(&list, &rows, &squares));
            let has = |row: &Row, lane: usize| row.0[lane / 64] >> (lane % 64) & 1 != 0;
            for lane in 0..256 {
                let answered =
                    |user: &usize| has(&rows[2 * user], lane) || has(&rows[2 * user + 1], lane);
                let counts = [0..16, 16..56].map(|ring| ring.filter(answered).count());
                let energy: u64 = (0..USERS)
                    .filter(answered)
                    .map(|user| u64::from(squares[user]))
                    .sum();
                let within = |most: [usize; 2]| counts.iter().zip(most).all(|(c, most)| *c <= most);
                for (i, (over, most)) in [
                    (rings.over_thin, MOST_OF_A_THIN_RING),
                    (rings.over, MOST_OF_A_RING),
                ]
                .into_iter()
                .enumerate()
                {
                    assert_eq!(has(&over, lane), !within(most), "lane {lane}, {counts:?}");
                    if within(most) {
                        seen[i] += 1;
                        assert!(energy <= rings.most[i], "lane {lane}, {counts:?}");
                    }
                }
            }
        }
        assert!(
            seen[0] > 0 && seen[1] > seen[0] && seen[1] < 512,
            "{seen:?}"
        );
    }
}
