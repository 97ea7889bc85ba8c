//! A prefix three questions short of a set, for byte tiles: its users as rows of score codes.
//!
//! Lanes and users are as in the dense base: the questions behind the prefix in order, and the users
//! by |g| descending. A code is 0 where the user did not answer, else 1 + the index of the score
//! among the table's distinct scores.

use super::super::base::{User, each_common};
use super::amx::Shape;

/// Most distinct scores: a code and its table fit 16 bytes.
pub(super) const MOST_VALUES: usize = 15;

/// Largest |s| of a pair: s² and twice s plus one fit their bytes.
const MOST_SCORE: i64 = 15;

/// Largest |g|: it fits a signed byte, and g² two bytes.
const MOST_TOTAL: i64 = 127;

/// The scores as the tiles hold them.
#[derive(Clone, Debug, Default)]
pub(in crate::engine::cpu) struct Values {
    /// The lowest score; the last question's is counted from here.
    pub(super) lowest: i64,
    /// The middle of the range; those of the questions before it are counted from here.
    pub(super) middle: i64,
    /// Each distinct score.
    pub(super) scores: Vec<i64>,
}

impl Values {
    /// Of the table's distinct scores, ascending; `None` where they do not fit the tiles.
    pub(in crate::engine::cpu) fn new(scores: &[i64]) -> Option<Self> {
        let (&lowest, &highest) = (scores.first()?, scores.last()?);
        let fits = scores.len() <= MOST_VALUES && highest.checked_sub(lowest)? <= MOST_SCORE;
        fits.then(|| Self {
            lowest,
            middle: lowest + (highest - lowest) / 2,
            scores: scores.to_vec(),
        })
    }

    /// What is taken off the score of a whole set: two scores by the middle, the last by the lowest.
    pub(in crate::engine::cpu) fn shift(&self) -> i64 {
        2 * self.middle + self.lowest
    }

    /// The largest |score − middle|.
    fn half(&self) -> i64 {
        self.scores.last().map_or(0, |highest| {
            (highest - self.middle).max(self.middle - self.lowest)
        })
    }

    /// The largest |a| and |g| of a leaf, for users with |s| ≤ `s` and |g| ≤ `g` on the prefix.
    pub(in crate::engine::cpu) fn reach(&self, s: i64, g: i64) -> i64 {
        let range = self
            .scores
            .last()
            .map_or(0, |highest| highest - self.lowest);
        (s + 2 * self.half() + range).max(g)
    }

    /// How products of users with |s| ≤ `s` and |g| ≤ `g` on the prefix are made; `None` where they
    /// do not fit.
    ///
    /// Two scores join s, each at most [`Self::half`] from the middle. One byte holds g² up to 255
    /// and s·g up to 127; two bytes hold the rest that the bounds allow: 127² and 15 · 127.
    pub(in crate::engine::cpu) fn shape(&self, s: i64, g: i64) -> Option<Shape> {
        let s = s.checked_add(2 * self.half())?;
        let range = self.scores.last()? - self.lowest;
        (s <= MOST_SCORE && g <= MOST_TOTAL).then(|| Shape {
            wide_squares: g * g > 255,
            wide_products: s * g > 127,
            score_squares: range > 1,
        })
    }
}

/// The projected prefix. Buffers are reused from one prefix to the next.
#[derive(Debug, Default)]
pub(in crate::engine::cpu) struct TileBase {
    pub(in crate::engine::cpu) lanes: usize,
    stride: usize,
    words: usize,
    pub(in crate::engine::cpu) outer_words: usize,
    pub(super) reach: f64,
    pub(in crate::engine::cpu) users: Vec<User>,
    /// A row of codes a user, and one of zeros behind them.
    codes: Vec<u8>,
    /// A column a lane: bit i is set where user i answered.
    bits: Vec<u64>,
    /// The largest g² of the users of each word.
    pub(super) largest: Vec<f64>,
}

impl TileBase {
    /// Lays out `users` over `lanes` questions, `outer` of them at least as outer users.
    pub(in crate::engine::cpu) fn reset(
        &mut self,
        users: Vec<User>,
        lanes: usize,
        outer: usize,
        reach: f64,
    ) {
        self.lanes = lanes;
        self.stride = lanes.next_multiple_of(16);
        self.words = users.len().div_ceil(64);
        self.outer_words = outer.div_ceil(64).min(self.words);
        self.reach = reach;
        self.codes.clear();
        self.codes.resize((users.len() + 1) * self.stride, 0);
        self.bits.clear();
        self.bits.resize(lanes * self.words, 0);
        self.largest.clear();
        let square = |word: &[User]| (word[0].g as f64) * (word[0].g as f64);
        self.largest.extend(users.chunks(64).map(square));
        self.users = users;
    }

    /// Enters the code of user `i` on `lane`.
    pub(in crate::engine::cpu) fn answer(&mut self, i: usize, lane: usize, code: u8) {
        self.codes[i * self.stride + lane] = code;
        self.bits[lane * self.words + i / 64] |= 1 << (i % 64);
    }

    /// The bit column of `lane`.
    pub(in crate::engine::cpu) fn column(&self, lane: usize) -> &[u64] {
        &self.bits[lane * self.words..(lane + 1) * self.words]
    }

    /// The code of user `i` on `lane`.
    pub(in crate::engine::cpu) fn code(&self, i: usize, lane: usize) -> u8 {
        self.codes[i * self.stride + lane]
    }

    /// The row of user `i`; the one behind the last is all zeros.
    pub(in crate::engine::cpu) fn row(&self, i: usize) -> &[u8] {
        &self.codes[i * self.stride..(i + 1) * self.stride]
    }

    /// n, A, X, Y of the set that adds three lanes to the prefix, over all of its users, as exact
    /// integers: n, n·Sag − Sa·Sg, n·Saa − Sa², n·Sgg − Sg².
    pub(in crate::engine::cpu) fn exactly(&self, values: &Values, lanes: [usize; 3]) -> [f64; 4] {
        let [first, second, third] = lanes.map(|lane| self.column(lane));
        let (mut n, mut sa, mut sg, mut saa, mut sgg, mut sag) = (0, 0, 0, 0, 0, 0);
        each_common(first, second, third, |i| {
            let score = |lane| values.scores[usize::from(self.code(i, lane)) - 1];
            let user = &self.users[i];
            let a = user.s + lanes.map(score).iter().sum::<i64>();
            n += 1;
            sa += a;
            sg += user.g;
            saa += a * a;
            sgg += user.g * user.g;
            sag += a * user.g;
        });
        [n, n * sag - sa * sg, n * saa - sa * sa, n * sgg - sg * sg].map(|sum| sum as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_fits_the_bytes_is_the_edge() {
        let binary = Values::new(&[0, 1]).expect("fits");
        let shape = |wide_squares, wide_products, score_squares| {
            Some(Shape {
                wide_squares,
                wide_products,
                score_squares,
            })
        };
        assert_eq!(binary.shape(2, 15), shape(false, false, false));
        assert_eq!(binary.shape(2, 16), shape(true, false, false));
        assert_eq!(binary.shape(6, 15), shape(false, false, false));
        assert_eq!(binary.shape(7, 15), shape(false, true, false));
        assert_eq!(binary.shape(13, 127), shape(true, true, false));
        assert_eq!(binary.shape(14, 127), None);
        assert_eq!(binary.shape(2, 128), None);
        let likert = Values::new(&[1, 3, 6]).expect("fits");
        assert_eq!(likert.shape(9, 9), shape(false, true, true));
        assert!(Values::new(&[0, 16]).is_none());
        assert!(Values::new(&[i64::MIN, i64::MAX]).is_none());
    }
}
