//! A prefix three questions short of a set, projected: its users as dense rows and bit columns.
//!
//! Users are sorted by |g| descending, g
//! being their total less the prefix's mean, so that the outer users of any longer prefix are a
//! range of whole words of its bitset.

use super::kernel::Entry;
use crate::arch::Elem;

/// Rows are padded to this many lanes: the widest vector.
pub(super) const LANE_GROUP: usize = 16;

/// A user of the prefix, as the walk knows them.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct User {
    /// Score on the prefix less the mean's integer part.
    pub(super) s: i64,
    /// Total less the mean's integer part.
    pub(super) g: i64,
    /// Their place in the walk's list of members.
    pub(super) member: usize,
}

/// The projected prefix. Buffers are reused from one prefix to the next.
#[derive(Debug, Default)]
pub(super) struct Base<E> {
    /// Questions behind the prefix.
    pub(super) lanes: usize,
    /// The lowest lane that the highest lane of a set may be.
    pub(super) first: usize,
    /// The lowest that the second-highest may be.
    pub(super) second: usize,
    /// Elements from one row to the next.
    stride: usize,
    /// Words of a bit column.
    pub(super) words: usize,
    /// Words that hold the outer users.
    pub(super) outer_words: usize,
    /// |a| and |g| of any set are at most this.
    pub(super) reach: f64,
    pub(super) users: Vec<User>,
    /// A row a user: the score of each lane, or NaN.
    pub(super) rows: Vec<E>,
    /// A column a lane: bit i is set where user i answered.
    bits: Vec<u64>,
    pub(super) entries: Vec<Entry<E>>,
    /// The largest g² of the users of each word.
    pub(super) largest: Vec<f64>,
}

impl<E: Elem> Base<E> {
    /// Lays out `users` (sorted by |g| descending) over `lanes` questions, `outer` of them at least
    /// as outer users; the two highest lanes of a set are `lowest` at least. Then [`Self::answer`] fills in
    /// their answers.
    pub(super) fn reset(
        &mut self,
        users: Vec<User>,
        lanes: usize,
        lowest: [usize; 2],
        outer: usize,
    ) {
        self.lanes = lanes;
        [self.first, self.second] = lowest;
        self.stride = lanes.next_multiple_of(LANE_GROUP);
        self.words = users.len().div_ceil(64);
        self.outer_words = outer.div_ceil(64).min(self.words);
        self.rows.clear();
        self.rows.resize(users.len() * self.stride, E::NONE);
        self.bits.clear();
        self.bits.resize(lanes * self.words, 0);
        self.largest.clear();
        self.largest.extend(users.chunks(64).map(|word| {
            let g = word[0].g as f64;
            g * g
        }));
        self.entries.clear();
        self.entries
            .extend(users.iter().enumerate().map(|(i, user)| {
                let g = user.g as f64;
                Entry {
                    row: (i * self.stride) as u32,
                    s: E::of(user.s as f64),
                    g: E::of(g),
                    gg: E::of(g * g),
                }
            }));
        self.users = users;
    }

    /// Enters the score of user `i` on `lane`.
    pub(super) fn answer(&mut self, i: usize, lane: usize, score: i64) {
        self.rows[i * self.stride + lane] = E::of(score as f64);
        self.bits[lane * self.words + i / 64] |= 1 << (i % 64);
    }

    /// The bit column of `lane`.
    #[inline(always)]
    pub(super) fn column(&self, lane: usize) -> &[u64] {
        &self.bits[lane * self.words..(lane + 1) * self.words]
    }

    /// The score of user `i` on `lane`, which they answered.
    #[inline(always)]
    pub(super) fn score(&self, i: usize, lane: usize) -> E {
        self.rows[i * self.stride + lane]
    }

    /// The lane from which on the second half starts.
    pub(super) fn split(&self) -> usize {
        let half = self.lanes / 2;
        (half + LANE_GROUP / 2) / LANE_GROUP * LANE_GROUP
    }

    /// n, A, X, Y of the set that adds three lanes to the prefix, over all of its users, as exact
    /// integers: n, n·Sag − Sa·Sg, n·Saa − Sa², n·Sgg − Sg².
    pub(super) fn exactly(&self, lanes: [usize; 3]) -> [f64; 4] {
        let [first, second, third] = lanes.map(|lane| self.column(lane));
        let (mut n, mut sa, mut sg, mut saa, mut sgg, mut sag) = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0);
        each_common(first, second, third, |i| {
            let scores = lanes.map(|lane| self.score(i, lane).wide());
            let a = self.entries[i].s.wide() + scores[0] + scores[1] + scores[2];
            let g = self.entries[i].g.wide();
            n += 1.0;
            sa += a;
            sg += g;
            saa += a * a;
            sgg += g * g;
            sag += a * g;
        });
        [n, n * sag - sa * sg, n * saa - sa * sa, n * sgg - sg * sg]
    }
}

/// Calls `each` with every user of all three columns, in order.
///
/// Words of three columns mostly hold no user or one. Up to two of each word are listed without a
/// branch that depends on them, since a wrong guess costs as much as listing several; only then are
/// they visited.
pub(super) fn each_common(
    first: &[u64],
    second: &[u64],
    third: &[u64],
    mut each: impl FnMut(usize),
) {
    const ROOM: usize = 256;
    let mut users = [0_u32; ROOM];
    let mut listed = 0;
    for (w, ((a, b), c)) in first.iter().zip(second).zip(third).enumerate() {
        let mut common = a & b & c;
        if listed + 64 > ROOM {
            users[..listed].iter().for_each(|&i| each(i as usize));
            listed = 0;
        }
        for _ in 0..2 {
            users[listed] = (w * 64) as u32 + common.trailing_zeros();
            listed += usize::from(common != 0);
            common &= common.wrapping_sub(1);
        }
        while common != 0 {
            users[listed] = (w * 64) as u32 + common.trailing_zeros();
            listed += 1;
            common &= common - 1;
        }
    }
    users[..listed].iter().for_each(|&i| each(i as usize));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn common_users_are_those_of_all_columns() {
        let mut state = 9_u64;
        let mut word = |dense: bool| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            let mixed = state ^ state >> 29;
            if dense { u64::MAX } else { mixed }
        };
        for words in [0, 1, 2, 3, 7, 40] {
            for dense in [false, true] {
                let columns: [Vec<u64>; 3] =
                    std::array::from_fn(|_| (0..words).map(|_| word(dense)).collect());
                let [a, b, c] = &columns;
                let has = |column: &[u64], i: usize| column[i / 64] >> (i % 64) & 1 != 0;
                let want: Vec<usize> = (0..words * 64)
                    .filter(|&i| has(a, i) && has(b, i) && has(c, i))
                    .collect();
                let mut seen = Vec::new();
                each_common(a, b, c, |i| seen.push(i));
                assert_eq!(seen, want, "{words} {dense}");
            }
        }
    }
}
