//! The table in the order that the walk wants: questions by position, answers by user.
//!
//! Positions replace question indices inside a walk. With the fewest-answered question first,
//! prefixes run out of users early and their subtrees are pruned where they are largest.

mod bits;
mod codes;

pub(super) use bits::{AT_ONCE, LANES, Steps, Table};
pub(super) use codes::{Codes, MOST_VALUES};

use super::halves::Limit;
use crate::matrix::ResponseMatrix;
use crate::stats::{AuditSums, Completions, Tail};
use std::ops::Range;
use std::sync::Arc;

/// One answer: which position, and which of the table's distinct scores.
#[derive(Clone, Copy, Debug)]
pub(super) struct Answer {
    pub(super) position: u32,
    value: u32,
}

/// What stays the same for all prefixes: which question has which position, and the scores.
#[derive(Debug)]
pub(super) struct Layout {
    /// Question index of each position, in the table that is searched.
    order: Vec<usize>,
    /// The distinct scores of that table, ascending.
    values: Arc<[i64]>,
}

/// Answers by user, each user's by ascending position.
#[derive(Debug, Default)]
pub(super) struct Rows {
    answers: Vec<Answer>,
    /// Before each answer, and behind the last: the sum of the scores so far and the sum of their
    /// squares, modulo 2^64. The difference of two is a tail's.
    before: Vec<[u64; 2]>,
    /// The answers as bits, where they were added and fit; by [`Member::user`].
    bits: Option<Table>,
    /// The answers as rows of codes, where they were added and fit; by [`Member::user`].
    codes: Option<Codes>,
}

/// A user of a prefix.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Member {
    /// Score on the prefix.
    pub(super) score: i64,
    /// Total.
    pub(super) total: i64,
    /// Index of their first answer behind the prefix.
    pub(super) at: u32,
    /// Index behind their last answer.
    pub(super) end: u32,
    /// Their number in the rows' bits.
    pub(super) user: u32,
}

impl Layout {
    /// The questions `pool`, fewest answers first; equals by question index. `scores` are all scores of
    /// the table, see [`Self::scores_of`].
    pub(super) fn fewest_first(
        matrix: &ResponseMatrix,
        pool: Range<usize>,
        scores: Arc<[i64]>,
    ) -> Self {
        let mut order: Vec<usize> = pool.collect();
        order.sort_by_key(|&q| matrix.column(q).users().len());
        let values = scores;
        Self { order, values }
    }

    /// Position = question index.
    #[cfg(test)]
    pub(super) fn as_given(matrix: &ResponseMatrix) -> Self {
        let order = (0..matrix.questions().len()).collect();
        let values = Self::scores_of(matrix);
        Self { order, values }
    }

    /// The distinct scores of a table, ascending.
    pub(super) fn scores_of(matrix: &ResponseMatrix) -> Arc<[i64]> {
        let questions = 0..matrix.questions().len();
        let each = questions.flat_map(|q| distinct(matrix.column(q).scores()));
        distinct(&each.collect::<Vec<_>>()).into()
    }

    /// Every user of the table who answered all of `fixed`, as a member of that prefix, and their answers
    /// to what is laid out.
    ///
    /// A table has fewer than 2^32 answers, so 32-bit indices hold.
    pub(super) fn rows(&self, matrix: &ResponseMatrix, fixed: &[usize]) -> (Rows, Vec<Member>) {
        let mut position = vec![None; matrix.questions().len()];
        for (p, &q) in self.order.iter().enumerate() {
            position[q] = Some(p as u32);
        }
        let value = |score| self.values.partition_point(|&v| v < score) as u32;
        let mut answers = Vec::new();
        let mut members = Vec::new();
        for user in users_of(matrix, fixed) {
            let at = answers.len();
            answers.extend(matrix.row(user).filter_map(|(q, score)| {
                Some(Answer {
                    position: position[q]?,
                    value: value(score),
                })
            }));
            answers[at..].sort_unstable_by_key(|a: &Answer| a.position);
            let scores = fixed.iter().map(|&q| matrix.column(q).score(user as u32));
            members.push(Member {
                score: scores.flatten().sum(),
                total: matrix.totals()[user],
                at: at as u32,
                end: answers.len() as u32,
                user: members.len() as u32,
            });
        }
        (Rows::new(self, answers), members)
    }

    /// How many positions there are.
    pub(super) fn questions(&self) -> usize {
        self.order.len()
    }

    /// The score of an answer.
    #[inline]
    pub(super) fn score(&self, answer: &Answer) -> i64 {
        self.values[answer.value as usize]
    }

    /// The closed form of this user's part in all ways to add `choose` questions to the prefix within the limit.
    pub(super) fn completions(
        &self,
        forms: &Completions,
        rows: &Rows,
        member: &Member,
        choose: usize,
        limit: Limit,
    ) -> AuditSums {
        let Member { score, total, .. } = *member;
        let behind = rows.behind(member);
        if limit.is_none(self.questions()) || choose <= limit.allowed {
            return forms.of_user(choose, score, total, &rows.tail(member));
        }
        let before = behind.partition_point(|answer| (answer.position as usize) < limit.position);
        let at = member.at + before as u32;
        let parts = [Member { end: at, ..*member }, Member { at, ..*member }];
        let tails = parts.map(|part| rows.tail(&part));
        forms.of_user_within(limit.allowed, choose, score, total, &tails)
    }

    /// A layout of this order up to position `from`, and then every other question first: those at an
    /// even distance from `from` for `odd` = 0, those at an odd one for 1. Also how many these are.
    pub(super) fn half_first(&self, from: usize, odd: usize) -> (Self, usize) {
        let (before, behind) = self.order.split_at(from);
        let every_other = |first: usize| behind.iter().skip(first).step_by(2).copied();
        let mut order = before.to_vec();
        order.extend(every_other(odd));
        let half = order.len() - from;
        order.extend(every_other(1 - odd));
        let values = Arc::clone(&self.values);
        (Self { order, values }, half)
    }

    /// The distinct scores, ascending.
    pub(super) fn scores(&self) -> &[i64] {
        &self.values
    }

    /// The largest |score|.
    pub(super) fn largest_score(&self) -> u64 {
        self.values
            .iter()
            .map(|v| v.unsigned_abs())
            .max()
            .unwrap_or(0)
    }

    /// Question indices of a set of positions and a prefix of question indices, ascending.
    pub(super) fn set(&self, prefix: &[usize], positions: &[u32]) -> Vec<usize> {
        let chosen = positions.iter().map(|&p| self.order[p as usize]);
        let mut set: Vec<usize> = prefix.iter().copied().chain(chosen).collect();
        set.sort_unstable();
        set
    }
}

impl Rows {
    fn new(layout: &Layout, answers: Vec<Answer>) -> Self {
        let mut tail = Tail::default();
        let mut before = Vec::with_capacity(answers.len() + 1);
        before.push([0, 0]);
        before.extend(answers.iter().map(|answer| {
            tail.add(layout.score(answer));
            [tail.sum, tail.squares]
        }));
        Self {
            answers,
            before,
            bits: None,
            codes: None,
        }
    }

    /// What `member` answered behind their prefix.
    #[inline]
    fn tail(&self, member: &Member) -> Tail {
        let (at, end) = (member.at as usize, member.end as usize);
        let ([s0, h0], [s1, h1]) = (self.before[at], self.before[end]);
        Tail {
            answers: end - at,
            sum: s1.wrapping_sub(s0),
            squares: h1.wrapping_sub(h0),
        }
    }

    /// The answers of `member` behind their prefix.
    #[inline]
    pub(super) fn behind(&self, member: &Member) -> &[Answer] {
        &self.answers[member.at as usize..member.end as usize]
    }

    /// Adds the answers as bits, where they fit, with records or without; `members` must be all, as
    /// [`Layout::rows`] made them.
    pub(super) fn add_bits(&mut self, layout: &Layout, members: &[Member], records: bool) {
        let answers = members.iter().map(|member| self.placed(member));
        self.bits = Table::new(layout.questions(), layout.scores(), answers, records);
    }

    /// Adds the answers as codes, where they fit; `members` must be all, as [`Layout::rows`] made them.
    pub(super) fn add_codes(&mut self, layout: &Layout, members: &[Member]) {
        let answers = members.iter().map(|member| self.placed(member));
        self.codes = Codes::new(layout.questions(), layout.scores(), answers);
    }

    /// Position and score's index of what `member` answered behind their prefix.
    fn placed(&self, member: &Member) -> impl ExactSizeIterator<Item = (usize, usize)> {
        let answers = self.behind(member).iter();
        answers.map(|answer| (answer.position as usize, answer.value as usize))
    }

    /// The answers as codes, where they were added.
    pub(super) fn codes(&self) -> Option<&Codes> {
        self.codes.as_ref()
    }

    /// The answers as bits, where they were added.
    pub(super) fn bits(&self) -> Option<&Table> {
        self.bits.as_ref()
    }

    /// The answers of `members` behind their prefix in the order of `to`, which differs from that of
    /// `from` behind the prefix only, those of the outermost first; and the members over them.
    pub(super) fn reordered(
        &self,
        from: &Layout,
        to: &Layout,
        members: &[Member],
    ) -> (Self, Vec<Member>) {
        let last = from.order.iter().max().map_or(0, |&question| question);
        let mut place = vec![0_u32; last + 1];
        for (position, &question) in to.order.iter().enumerate() {
            place[question] = position as u32;
        }
        let mut members = members.to_vec();
        outermost_first(&mut members);
        let mut answers = Vec::with_capacity(members.iter().map(|m| self.behind(m).len()).sum());
        let members: Vec<Member> = (0..)
            .zip(&members)
            .map(|(user, member)| {
                let at = answers.len();
                answers.extend(self.behind(member).iter().map(|answer| Answer {
                    position: place[from.order[answer.position as usize]],
                    ..*answer
                }));
                answers[at..].sort_unstable_by_key(|answer| answer.position);
                Member {
                    at: at as u32,
                    end: answers.len() as u32,
                    user,
                    ..*member
                }
            })
            .collect();
        let mut rows = Self::new(to, answers);
        if let Some(bits) = &self.bits {
            rows.add_bits(to, &members, bits.has_records());
        }
        if self.codes.is_some() {
            rows.add_codes(to, &members);
        }
        (rows, members)
    }

    /// The answers of `members` alone, close together in memory and those of the outermost first, and
    /// the members over them.
    pub(super) fn compact(&self, layout: &Layout, members: &[Member]) -> (Self, Vec<Member>) {
        let mut members = members.to_vec();
        outermost_first(&mut members);
        let mut answers = Vec::with_capacity(members.iter().map(|m| self.behind(m).len()).sum());
        let users = || members.iter().map(|member| member.user as usize);
        let bits = self.bits.as_ref().map(|bits| bits.of_users(users()));
        let codes = self.codes.as_ref().map(|codes| codes.of_users(users()));
        let members = (0..)
            .zip(&members)
            .map(|(user, member)| {
                let at = answers.len() as u32;
                answers.extend_from_slice(self.behind(member));
                Member {
                    at,
                    end: answers.len() as u32,
                    user,
                    ..*member
                }
            })
            .collect();
        let rows = Self {
            bits,
            codes,
            ..Self::new(layout, answers)
        };
        (rows, members)
    }
}

/// Sorts by how far totals are from their mean, farthest first; equals by user.
pub(super) fn outermost_first(members: &mut [Member]) {
    let total: i128 = members.iter().map(|m| i128::from(m.total)).sum();
    let mean = (total / members.len().max(1) as i128) as i64;
    members.sort_by_key(|m| (std::cmp::Reverse(m.total.abs_diff(mean)), m.user));
}

/// The users who answered all of `questions`, ascending.
fn users_of(matrix: &ResponseMatrix, questions: &[usize]) -> Vec<usize> {
    let Some((first, rest)) = questions.split_first() else {
        return (0..matrix.users().len()).collect();
    };
    let answered = |user: &u32| {
        let (word, bit) = (*user as usize / 64, user % 64);
        let has = |&q: &usize| matrix.column(q).answered()[word] >> bit & 1 == 1;
        rest.iter().all(has)
    };
    let users = matrix.column(*first).users().iter().copied();
    users.filter(answered).map(|user| user as usize).collect()
}

/// The distinct scores among `scores`.
fn distinct(scores: &[i64]) -> Vec<i64> {
    let mut values = scores.to_vec();
    values.sort_unstable();
    values.dedup();
    values
}
