//! A prefix three questions short of a set, projected: its users as dense rows and bit columns.
//!
//! *Lanes* are the questions behind the prefix, in order. Users are sorted by |g| descending, g
//! being their total less the prefix's mean, so that the outer users of any longer prefix are a
//! range of whole words of its bitset.

use super::kernel::Entry;
use super::lanes::Elem;

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
    /// as outer users; then [`Self::answer`] fills in their answers.
    pub(super) fn reset(&mut self, users: Vec<User>, lanes: usize, outer: usize) {
        self.lanes = lanes;
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
        let words = first.iter().zip(second).zip(third);
        for (w, ((a, b), c)) in words.enumerate() {
            let mut common = a & b & c;
            while common != 0 {
                let i = w * 64 + common.trailing_zeros() as usize;
                common &= common - 1;
                let scores = lanes.map(|lane| self.score(i, lane).wide());
                let a = self.entries[i].s.wide() + scores[0] + scores[1] + scores[2];
                let g = self.entries[i].g.wide();
                n += 1.0;
                sa += a;
                sg += g;
                saa += a * a;
                sgg += g * g;
                sag += a * g;
            }
        }
        [n, n * sag - sa * sg, n * saa - sa * sa, n * sgg - sg * sg]
    }
}
