//! The leaves that are left over: their exact sums over the users of a list.

use super::super::kernel::SUMS;
use crate::arch::Row;
use crate::stats::bounds::outer_users_tell;
use crate::stats::{Moments, Six};

/// What a user brings to the sums of a leaf.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Summand {
    /// Side and bin, times the scores that a set may have.
    pub(super) bin: u32,
    /// Centred total.
    pub(super) g: i32,
}

/// A list of users, the outer ones first.
#[derive(Clone, Copy, Debug)]
pub(super) struct List<'a> {
    pub(super) entries: &'a [u32],
    pub(super) outer: usize,
    /// At least Σg² over the others.
    pub(super) left_out: f64,
    /// What the floor leaves unexplained.
    pub(super) unexplained: f64,
}

/// What the leaves of a stem are summed from.
pub(super) struct StemUsers<'a> {
    pub(super) steps: &'a [u32],
    pub(super) rows: &'a [Row],
    pub(super) summands: &'a [Summand],
}

/// Sums the leaves of `alive` exactly, those of `min_users` users or more: n, A, X, Y over the users of the
/// list who answered them. The outer users are summed first, and leaves that these tell to be below the
/// floor are left.
///
/// # Safety
/// The entries must name users of the stem.
#[inline(always)]
pub(super) unsafe fn judge<const SIMPLE: bool>(
    stem: &StemUsers<'_>,
    list: List<'_>,
    alive: Row,
    min_users: i64,
    words: &mut Vec<u64>,
    mut kept: impl FnMut(usize, [f64; 4]),
) {
    let users = list.entries.len();
    words.resize(users.max(words.len()), 0);
    let (first, others) = list.entries.split_at(list.outer);
    let (of_first, of_others) = words[..users].split_at_mut(list.outer);
    for (w, &word) in alive.0.iter().enumerate() {
        let mut word = word;
        if word == 0 {
            continue;
        }
        // SAFETY: by this function's contract.
        unsafe { stem.answered::<SIMPLE>(first, w, of_first) };
        let mut has_others = false;
        while word != 0 {
            let bit = word.trailing_zeros();
            word &= word - 1;
            // SAFETY: by this function's contract.
            unsafe {
                let mut sums = [0; SUMS];
                stem.add::<SIMPLE>(first, of_first, w, bit, &mut sums);
                let squares = sums[4] as f64;
                let List {
                    left_out,
                    unexplained,
                    ..
                } = list;
                if outer_users_tell(moments(sums), squares, left_out, unexplained) {
                    continue;
                }
                if !has_others {
                    stem.answered::<SIMPLE>(others, w, of_others);
                    has_others = true;
                }
                stem.add::<SIMPLE>(others, of_others, w, bit, &mut sums);
                if sums[0] >= min_users {
                    kept(w * 64 + bit as usize, moments(sums));
                }
            }
        }
    }
}

/// n, A, X, Y of n, Sa, Sg, Saa, Sgg, Sag.
fn moments(sums: [i64; SUMS]) -> [f64; 4] {
    let Moments { n, a, x, y } = Six::from_array(sums).moments();
    [n, a, x, y].map(|sum| sum as f64)
}

impl StemUsers<'_> {
    /// The word `w` of what each user of the entries answered.
    ///
    /// # Safety
    /// The entries must name users of the stem.
    #[inline(always)]
    unsafe fn answered<const SIMPLE: bool>(&self, entries: &[u32], w: usize, words: &mut [u64]) {
        let values = if SIMPLE { 2 } else { self.steps.len() };
        for (&entry, any) in entries.iter().zip(words) {
            // SAFETY: by this function's contract.
            unsafe {
                let row = self.rows.as_ptr().add((entry & 0xffff) as usize * values);
                *any = (*row).0.get_unchecked(w) | (*row.add(1)).0.get_unchecked(w);
                if !SIMPLE {
                    for value in 2..values {
                        *any |= (*row.add(value)).0.get_unchecked(w);
                    }
                }
            }
        }
    }

    /// Adds the users of the entries who answered the question `bit` of the word `w`, `words` being what
    /// they answered, to n, Sa, Sg, Saa, Sgg, Sag. First who answered, in vectors; then the sums of those.
    ///
    /// # Safety
    /// The entries must name users of the stem.
    #[inline(always)]
    unsafe fn add<const SIMPLE: bool>(
        &self,
        entries: &[u32],
        words: &[u64],
        w: usize,
        bit: u32,
        sums: &mut [i64; SUMS],
    ) {
        let values = if SIMPLE { 2 } else { self.steps.len() };
        let [mut n, mut sa, mut sg, mut saa, mut sgg, mut sag] = *sums;
        for (entries, words) in entries.chunks(64).zip(words.chunks(64)) {
            let mut who = 0;
            for (i, any) in words.iter().enumerate() {
                who |= (any >> bit & 1) << i;
            }
            n += i64::from(who.count_ones());
            while who != 0 {
                // SAFETY: by this function's contract; bits are indices of the chunk's entries.
                unsafe {
                    let entry = *entries.get_unchecked(who.trailing_zeros() as usize);
                    who &= who - 1;
                    let user = (entry & 0xffff) as usize;
                    let row = self.rows.as_ptr().add(user * values);
                    let mut third = ((*row.add(1)).0.get_unchecked(w) >> bit & 1) as u32;
                    if !SIMPLE {
                        third *= self.steps[1];
                        for (value, step) in self.steps.iter().enumerate().skip(2) {
                            third +=
                                step * ((*row.add(value)).0.get_unchecked(w) >> bit & 1) as u32;
                        }
                    }
                    let Summand { bin, g } = *self.summands.get_unchecked(user);
                    let a = i64::from((entry >> 16) - bin + third);
                    let g = i64::from(g);
                    sa += a;
                    sg += g;
                    saa += a * a;
                    sgg += g * g;
                    sag += a * g;
                }
            }
        }
        *sums = [n, sa, sg, saa, sgg, sag];
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::bounds::unexplained;

    #[test]
    fn what_the_outer_users_do_not_tell_is_left_to_the_others() {
        // (a, g) of the outer users, who alone are of no correlation, and of the others: r is 0.83.
        let users: [(u32, i32); 4] = [(0, 1), (1, -1), (0, -10), (10, 10)];
        let everybody = Row([1, 0, 0, 0]);
        let rows: Vec<Row> = users
            .iter()
            .flat_map(|_| [everybody, Row::default()])
            .collect();
        let summands = users.map(|(_, g)| Summand { bin: 0, g });
        let entries: Vec<u32> = (0..).zip(users).map(|(i, (a, _))| i | a << 16).collect();
        let stem = StemUsers {
            steps: &[0, 1],
            rows: &rows,
            summands: &summands,
        };
        let told = |floor: f64, left_out: f64, min_users: i64| {
            let list = List {
                entries: &entries,
                outer: 2,
                left_out,
                unexplained: unexplained(floor),
            };
            let mut told = Vec::new();
            // SAFETY: the entries are users of the stem.
            unsafe {
                judge::<true>(
                    &stem,
                    list,
                    everybody,
                    min_users,
                    &mut Vec::new(),
                    |m, sums| {
                        told.push((m, sums));
                    },
                );
            }
            told
        };
        let all = vec![(0, [4.0, 396.0, 283.0, 808.0])];
        assert_eq!(told(0.8, 200.0, 4), all);
        assert_eq!(told(0.8, 200.0, 5), []);
        // Were nothing left out, the outer users would tell.
        assert_eq!(told(0.8, 0.0, 4), []);
    }
}
