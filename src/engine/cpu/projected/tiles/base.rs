//! A prefix three questions short of a set, for byte tiles: its users as rows of score codes.
//!
//! Users are by |g| descending. Their rows are copied together from those of the table.

use super::super::Prefix;
use super::super::base::User;
use super::super::codes::{Codes, MOST_VALUES};
use super::amx::Shape;

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
    /// The lowest lane that the highest lane of a set may be.
    first: usize,
    stride: usize,
    words: usize,
    /// The part of a stem's users that are to be outer users.
    pub(super) share: f64,
    pub(super) reach: f64,
    pub(in crate::engine::cpu) users: Vec<User>,
    /// A row of codes a user, and one of zeros behind them.
    codes: Vec<u8>,
    /// A column a lane from `first` on: bit i is set where user i answered.
    bits: Vec<u64>,
}

impl TileBase {
    /// Lays out `users` (by |g| descending), `outer` of which should be outer users.
    pub(in crate::engine::cpu) fn reset(
        &mut self,
        prefix: &Prefix<'_>,
        codes: &Codes,
        users: Vec<User>,
        outer: usize,
        reach: f64,
    ) {
        let lanes = prefix.lanes();
        self.first = prefix.beyond();
        self.stride = lanes.next_multiple_of(16);
        self.words = users.len().div_ceil(64);
        self.share = outer as f64 / users.len().max(1) as f64;
        self.reach = reach;
        self.codes.resize((users.len() + 1) * self.stride, 0);
        self.bits.clear();
        self.bits.resize((lanes - self.first) * self.words, 0);
        let (from, limit) = (prefix.from, prefix.limit);
        let rows = self.codes.chunks_exact_mut(self.stride);
        for ((i, user), row) in users.iter().enumerate().zip(rows) {
            let member = &prefix.members[user.member];
            let all = codes.row(member.user as usize);
            row[..self.first].copy_from_slice(&all[limit..]);
            row[self.first..lanes].copy_from_slice(&all[from..limit]);
            for answer in prefix.rows.behind(member) {
                let position = answer.position as usize;
                if position >= limit {
                    break;
                }
                self.bits[(position - from) * self.words + i / 64] |= 1 << (i % 64);
            }
        }
        self.codes[users.len() * self.stride..].fill(0);
        self.users = users;
    }

    /// The bit column of `lane`, which is the highest of some set.
    pub(super) fn column(&self, lane: usize) -> &[u64] {
        let lane = lane - self.first;
        &self.bits[lane * self.words..(lane + 1) * self.words]
    }

    /// The code of user `i` on `lane`.
    pub(super) fn code(&self, i: usize, lane: usize) -> u8 {
        self.codes[i * self.stride + lane]
    }

    /// The row of user `i`, padded to a multiple of 16 lanes; the one behind the last is all zeros.
    pub(super) fn row(&self, i: usize) -> &[u8] {
        &self.codes[i * self.stride..(i + 1) * self.stride]
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
