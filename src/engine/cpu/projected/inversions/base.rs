//! A prefix three questions short of a set, for the pair test: its users' rows, records and bins.

use super::super::super::layout::Member;
use super::super::base::User;
use super::super::prefix::Prefix;
use crate::arch::{Row, RowBits};
use crate::engine::cpu::layout::{AT_ONCE, Table};
use crate::stats::{AuditSums, Tail};

/// Bins of a side.
pub(super) const BINS: usize = 12;

/// Bins between two users whose drop just tells. A prefix has bins of such a width that this holds for a
/// list of its average Σg²; lists with more or less Σg² take a few bins more or fewer.
const APART: f64 = 9.0;

/// Leaves with more users than this of the first or the second ring are not discarded: rings are
/// the users of the largest |g| of a list, and the next.
pub(super) const MOST_OF_A_RING: [usize; 2] = [7, 15];

/// Leaves with at most this many users of each ring are *thin*: less Σg² is allowed them.
pub(super) const MOST_OF_A_THIN_RING: [usize; 2] = [3, 7];

/// Users of a ring are counted this many at a time.
pub(super) const RING_STEP: usize = 8;

/// The part of a prefix's Σg² that its leaves are allowed where rings are counted, about.
const LIKELY_PART: f64 = 0.6;

/// Most classes of scores.
const MOST_CLASSES: usize = 16;

/// Most users of a prefix: their numbers take 16 bits.
const MOST_USERS: usize = 1 << 16;

/// Largest |g|: squares fit 32 bits, and sums of them 64.
const MOST_TOTAL: i64 = 1 << 15;

/// What a stem asks of a user.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Brief {
    /// How many of their records lie before `from`.
    pub(super) start: u16,
    /// How many lie before `split`.
    pub(super) split: u16,
    /// How many there are.
    pub(super) end: u16,
    /// Score on the prefix in steps, from the lowest of any.
    pub(super) score: u32,
    /// Side and bin, times `scores`.
    pub(super) bin: u32,
    /// Total less the mean's integer part.
    pub(super) g: i32,
}

/// The prefix. Positions are the table's. Buffers are reused from one prefix to the next.
#[derive(Debug, Default)]
pub(in crate::engine::cpu) struct Base {
    /// Positions behind the prefix.
    pub(super) from: usize,
    pub(super) questions: usize,
    /// Position from which on the second half starts: the limit, where there is one.
    pub(super) split: usize,
    /// Whether stems also have the pairs of two questions from `split` on: there is a limit, so no stem lies
    /// there, and two questions of a set may.
    pub(super) beyond: bool,
    /// Which member of the prefix each user is.
    members: Vec<u32>,
    /// A row for each user and score.
    pub(super) rows: Vec<Row>,
    /// The records of each user, laid out as the table's.
    pub(super) records: Vec<u16>,
    pub(super) briefs: Vec<Brief>,
    /// Scores that a set may have, in steps.
    pub(super) scores: usize,
    /// Classes that they fall into.
    pub(super) classes: usize,
    /// For each side and bin, and score: the place in a stem's table. High users' classes are rounded
    /// up, low ones' down, so that a pair of classes in order is a pair of scores in order.
    pub(super) places: Vec<u16>,
    /// Width of a bin.
    pub(super) width: f64,
    /// Users of each ring, see [`MOST_OF_A_RING`].
    pub(super) rings: [usize; 2],
    /// For each position from `from` on, where its users begin in `takers`.
    pub(super) offsets: Vec<u32>,
    /// The users of each position, and which of their records it is (upper half).
    pub(super) takers: Vec<u32>,
}

/// Side and bin of a high user's bin 0, of a low user's, and how many there are, in a stem's table.
/// Behind each side's bins lie as many that stay empty, so that any partner's bin can be read.
pub(super) const HIGH: usize = 0;
pub(super) const LOW: usize = 2 * BINS;
pub(super) const ALL: usize = 4 * BINS;

impl Base {
    /// Lays out `users` (by |g| descending). `tau` is 1 − t².
    /// False where users, scores or totals do not fit.
    pub(in crate::engine::cpu) fn reset(
        &mut self,
        table: &Table,
        users: &[User],
        prefix: &Prefix<'_>,
        tau: f64,
    ) -> bool {
        let members = prefix.members;
        let values = table.steps.of.len();
        let lowest = users.iter().map(|u| u.s).min().unwrap_or(0);
        let highest = users.iter().map(|u| u.s).max().unwrap_or(0);
        let steps = ((highest - lowest) / table.steps.unit) as usize;
        self.scores = steps + 3 * table.steps.most() as usize + 1;
        let rounding = self.scores.div_ceil(MOST_CLASSES);
        self.classes = (self.scores - 1).div_ceil(rounding) + 1;
        let largest = users.first().map_or(0, |user| user.g.abs());
        if users.len() > MOST_USERS || largest > MOST_TOTAL || ALL * self.scores > 1 << 16 {
            return false;
        }
        self.places.clear();
        for side_and_bin in 0..ALL {
            for score in 0..self.scores {
                let class = if side_and_bin < LOW {
                    score.div_ceil(rounding)
                } else {
                    score / rounding
                };
                self.places
                    .push((side_and_bin * self.classes + class) as u16);
            }
        }
        let lanes = prefix.lanes();
        self.from = prefix.from;
        self.questions = prefix.from + lanes;
        self.split = prefix.from + lanes / 2;
        self.beyond = false;
        if !prefix.limit.is_none(self.questions) {
            self.split = prefix.limit.position;
            self.beyond = prefix.limit.allowed > 1;
        }

        let stride = table.stride;
        self.members.clear();
        self.members
            .extend(users.iter().map(|user| user.member as u32));
        self.rows.clear();
        self.records.clear();
        self.briefs.clear();
        let mut squares = 0.0;
        for user in users {
            let id = members[user.member].user as usize;
            let rows = &table.rows[id * values..(id + 1) * values];
            let records = &table.records[id * stride..(id + 1) * stride];
            let end = usize::from(table.lengths[id]);
            let member = &members[user.member];
            let start = end - (member.end - member.at) as usize;
            let split = self.split as u16;
            let before = |record: &u16| *record & 255 < split;
            self.briefs.push(Brief {
                start: start as u16,
                split: records[..end].partition_point(before) as u16,
                end: end as u16,
                score: ((user.s - lowest) / table.steps.unit) as u32,
                bin: 0,
                g: user.g as i32,
            });
            self.rows.extend_from_slice(rows);
            self.records.extend_from_slice(records);
            squares += (user.g * user.g) as f64;
        }
        self.records.resize(self.records.len() + AT_ONCE, 0);
        self.list_takers(stride, lanes, users.len());
        let density = self.takers.len() as f64 / (users.len() * lanes) as f64;
        self.rings = rings(density);
        // A drop of √(2·τ·Σg²) tells, for Σg² over the users of one question short of a set, or the
        // part of it that a leaf may have.
        let part = part(&self.rings);
        let telling = (2.0 * tau * squares * part).sqrt() * density;
        self.width = (telling / APART).max(1.0);
        let edges: [i64; BINS] = std::array::from_fn(|b| (b as f64 * self.width).ceil() as i64);
        for brief in &mut self.briefs {
            let distance = i64::from(brief.g.unsigned_abs());
            let bin = edges.iter().filter(|edge| distance >= **edge).count() - 1;
            let side = if brief.g >= 0 { HIGH } else { LOW };
            brief.bin = ((side + bin) * self.scores) as u32;
        }
        true
    }

    /// Fills `takers` by counting.
    fn list_takers(&mut self, stride: usize, lanes: usize, users: usize) {
        self.offsets.clear();
        self.offsets.resize(lanes + 1, 0);
        let from = self.from;
        for user in 0..users {
            let start = user * stride + usize::from(self.briefs[user].start);
            let end = user * stride + usize::from(self.briefs[user].end);
            for record in &self.records[start..end] {
                self.offsets[usize::from(record & 255) - from + 1] += 1;
            }
        }
        for lane in 0..lanes {
            self.offsets[lane + 1] += self.offsets[lane];
        }
        let mut next = self.offsets.clone();
        self.takers.resize(self.offsets[lanes] as usize, 0);
        for user in 0..users {
            for i in self.briefs[user].start..self.briefs[user].end {
                let record = self.records[user * stride + usize::from(i)];
                let place = &mut next[usize::from(record & 255) - from];
                self.takers[*place as usize] = user as u32 | u32::from(i) << 16;
                *place += 1;
            }
        }
    }

    /// The closed form of all users' part in all sets behind the prefix: choices of three of what they
    /// answered within the limit.
    pub(in crate::engine::cpu) fn closed_form(
        &self,
        table: &Table,
        prefix: &Prefix<'_>,
    ) -> AuditSums {
        let lowest = prefix.layout.scores().first().copied().unwrap_or(0);
        let scores = table.steps.of.iter();
        let scores: Vec<i64> = scores
            .map(|&step| lowest + i64::from(step) * table.steps.unit)
            .collect();
        let limit = prefix.limit;
        let parts = [self.from..limit.position, limit.position..self.questions].map(Row::of);
        let mut sums = AuditSums::default();
        for (member, rows) in self.members.iter().zip(self.rows.chunks(scores.len())) {
            let Member { score, total, .. } = prefix.members[*member as usize];
            let tail = |lanes: Row| {
                let mut tail = Tail::default();
                for (row, &score) in rows.iter().zip(&scores) {
                    let count = row.and(lanes).count();
                    let (count, score) = (u64::from(count), score as u64);
                    tail.answers += count as usize;
                    tail.sum = tail.sum.wrapping_add(score.wrapping_mul(count));
                    let square = score.wrapping_mul(score);
                    tail.squares = tail.squares.wrapping_add(square.wrapping_mul(count));
                }
                tail
            };
            let tails = parts.map(tail);
            sums += prefix
                .forms
                .of_user_within(limit.allowed, 3, score, total, &tails);
        }
        sums
    }

    /// The users of a position.
    pub(super) fn takers(&self, position: usize) -> &[u32] {
        let lane = position - self.from;
        &self.takers[self.offsets[lane] as usize..self.offsets[lane + 1] as usize]
    }
}

/// The part of a prefix's leaves that the pair test is expected to leave over, for so many users of whom each
/// answered a question behind it with probability `density`. `tau` is 1 − t².
///
/// The least drop that tells is √(2·τ·part·U·density²) standard deviations, U·density² being the users
/// of a prefix one question short of a set. Half of the leaves are left over where that is 2.8, and the odds
/// rise and fall e-fold with a quarter of a deviation: fitted to times of prefixes.
pub(in crate::engine::cpu) fn left_over(users: f64, density: f64, tau: f64) -> f64 {
    let drop = (2.0 * tau * part(&rings(density)) * users * density * density).sqrt();
    1.0 / (1.0 + ((2.8 - drop) * 4.0).exp())
}

/// The part of Σg² that a leaf may have.
fn part(rings: &[usize; 2]) -> f64 {
    if rings[0] > 0 { LIKELY_PART } else { 1.0 }
}

/// As many users, where each answered with probability `density`, that hardly ever more of them than
/// allowed answered; none where that is no fewer than there are.
fn rings(density: f64) -> [usize; 2] {
    MOST_OF_A_RING.map(|most| {
        let fits = |users: f64| {
            let mean = users * density;
            mean + 2.5 * (mean * (1.0 - density)).sqrt() < (most + 1) as f64
        };
        let steps = (1..=8).take_while(|steps| fits((steps * RING_STEP) as f64));
        match steps.count() * RING_STEP {
            users if users > most + 1 => users,
            _ => 0,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rings_are_rarely_over() {
        assert_eq!(rings(0.2), [16, 40]);
        assert_eq!(rings(0.1), [32, 64]);
        // No ring where most users answered: none would be left out.
        assert_eq!(rings(0.9), [0, 0]);
    }

    #[test]
    fn few_leaves_are_left_over_at_the_benchmark_s_floor_and_nearly_all_at_a_low_one() {
        let at = |floor: f64| left_over(2_400.0, 0.2, (1.0 - floor) * (1.0 + floor));
        assert!(at(1.0) < 0.01 && at(0.985) < 0.1 && at(0.96) > 0.5 && at(0.5) > 0.99);
        // Three questions short of the table, a prefix has thousands of users.
        assert!(left_over(60_000.0, 0.2, 0.1) > 0.99);
    }
}
