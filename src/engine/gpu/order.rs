//! The order that sets are numbered in: pure.
//!
//! By rank, stems are the first K − 2 questions of sets, and most of them have few questions behind: of 200 questions and
//! K = 5 a stem has 50 on average. By halves a set of 5 questions has three or more in one half of the table. Its stem is the
//! first three there, and behind it come the rest of that half and all of the other one: a fourth of the stems,
//! each with 123 questions behind. So both are alike: sets of a table's questions in some order, the K − 2 first of which
//! lie among the first `head` questions. By halves there are two such orders, faces: the table as it is, and with its
//! second half in front. The sets of the first face are numbered before those of the second.
//!
//! Of either, sets are numbered as the lexicographic order of their places has it.

use crate::combin::{binomial, rank};

/// How the sets of a search are numbered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// By their ranks, as everywhere else.
    Ranks,
    /// By halves; a numbering of all sets of five questions, which are searched as a whole.
    Halves,
}

impl Order {
    /// The one that takes the least work for all sets of `k` of `questions`.
    #[must_use]
    pub fn of_all(questions: usize, k: usize) -> Self {
        // With six questions each half has the three that a stem takes.
        if k == 5 && questions >= 6 {
            Self::Halves
        } else {
            Self::Ranks
        }
    }
}

/// An order of a table's questions, and the sets whose K − 2 first of it are among the first `head`.
#[derive(Clone, Debug)]
pub struct Face {
    questions: usize,
    /// Questions of a stem.
    depth: usize,
    /// Places that stems are chosen from.
    pub head: usize,
    /// The question in place 0; places go on from it, round the table.
    pub first_question: usize,
    /// The number of its first set.
    pub start: u128,
    /// How many sets.
    pub sets: u128,
    /// `[j − 1][t]`: ways to go on with j questions of a stem from the last t places of the head, and two
    /// more questions behind; j from 1 to K − 2, t from 0 to `head`.
    ways: Vec<u128>,
}

/// The faces of an order of the `k`-subsets of `questions`, K > 2; `None` where there are more than 2^128 sets.
#[must_use]
pub fn faces(order: Order, questions: usize, k: usize) -> Option<Vec<Face>> {
    let heads = match order {
        Order::Ranks => vec![(0, questions.checked_sub(2)?)],
        Order::Halves => {
            let half = questions.div_ceil(2);
            vec![(0, half), (half, questions - half)]
        }
    };
    let mut start = 0;
    let mut all = Vec::new();
    for (first_question, head) in heads {
        let face = Face::new(questions, k, first_question, head, start)?;
        start += face.sets;
        all.push(face);
    }
    Some(all)
}

impl Face {
    fn new(
        questions: usize,
        k: usize,
        first_question: usize,
        head: usize,
        start: u128,
    ) -> Option<Self> {
        let depth = k.checked_sub(2)?;
        let mut ways: Vec<u128> = Vec::with_capacity(depth * (head + 1));
        for j in 1..=depth {
            ways.push(0);
            for t in 1..=head {
                // The first of them is in place head − t, or behind it.
                let taken = match j {
                    1 => binomial((questions - 1 - (head - t)) as u64, 2)?,
                    _ => ways[(j - 2) * (head + 1) + t - 1],
                };
                let before: u128 = ways[ways.len() - 1];
                ways.push(before.checked_add(taken)?);
            }
        }
        let sets = *ways.last()?;
        Some(Self {
            questions,
            depth,
            head,
            first_question,
            start,
            sets,
            ways,
        })
    }

    fn ways(&self, j: usize, t: usize) -> u128 {
        self.ways[(j - 1) * (self.head + 1) + t]
    }

    /// The low words of the ways, by j and then by t.
    #[must_use]
    pub fn words(&self) -> Vec<u32> {
        self.ways.iter().map(|&ways| ways as u32).collect()
    }

    /// How many stems.
    #[must_use]
    pub fn stems(&self) -> Option<u128> {
        binomial(self.head as u64, self.depth as u64)
    }

    /// The places of the stem of set `number` of this face, and how many sets of the stem come before it.
    fn stem(&self, number: u128) -> (Vec<usize>, u128) {
        let mut rest = number;
        let mut next = 0;
        let mut places = Vec::with_capacity(self.depth + 2);
        for j in (1..=self.depth).rev() {
            // Sets from `next` on, less those from the place behind the one that is taken.
            let all = self.ways(j, self.head - next);
            let left = all - rest;
            let row = &self.ways[(j - 1) * (self.head + 1)..][..=self.head];
            // The fewest last places with `left` sets or more.
            let t = row.partition_point(|&ways| ways < left);
            rest -= all - row[t];
            places.push(self.head - t);
            next = self.head - t + 1;
        }
        (places, rest)
    }

    /// The number of the stem of set `number` of this face, among the stems.
    #[must_use]
    pub fn stem_number(&self, number: u128) -> Option<u128> {
        rank(self.head, &self.stem(number).0)
    }

    /// How many sets from `number` on end with a stem: as many as there are up to `most`, else those of one stem.
    #[must_use]
    pub fn whole_stems(&self, number: u128, most: u128) -> u128 {
        let end = number.saturating_add(most).min(self.sets);
        if end == self.sets {
            return end - number;
        }
        let (_, before) = self.stem(end);
        if end - before > number {
            return end - before - number;
        }
        let (places, before) = self.stem(number);
        let behind = places.last().map_or(0, |last| self.questions - 1 - last) as u128;
        behind * (behind - 1) / 2 - before
    }

    /// The questions of set `number` of this face, in order.
    #[must_use]
    pub fn set(&self, number: u128) -> Vec<usize> {
        let (mut places, mut rest) = self.stem(number);
        let mut l = places.last().map_or(0, |last| last + 1);
        loop {
            let leaves = (self.questions - 1 - l) as u128;
            if rest < leaves {
                break;
            }
            rest -= leaves;
            l += 1;
        }
        places.extend([l, l + 1 + rest as usize]);
        let mut set: Vec<_> = places
            .into_iter()
            .map(|place| (place + self.first_question) % self.questions)
            .collect();
        set.sort_unstable();
        set
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::combin::unrank;
    use std::collections::BTreeSet;

    #[test]
    fn ranks_are_the_ranks_of_everywhere_else() {
        for (q, k) in [(3, 3), (8, 3), (9, 4), (12, 5), (9, 7), (9, 9)] {
            let [face] = &faces(Order::Ranks, q, k).unwrap()[..] else {
                panic!("one face");
            };
            assert_eq!(Some(face.sets), binomial(q as u64, k as u64));
            for number in 0..face.sets {
                let set = unrank(q, k, number).unwrap();
                assert_eq!(face.set(number), set);
                assert_eq!(face.stem_number(number), rank(q - 2, &set[..k - 2]));
            }
        }
    }

    #[test]
    fn halves_number_every_set_once_and_stems_in_order() {
        for q in [6, 7, 8, 11, 14] {
            let faces = faces(Order::Halves, q, 5).unwrap();
            assert_eq!(Order::of_all(q, 5), Order::Halves);
            let mut seen = BTreeSet::new();
            for face in &faces {
                assert_eq!(face.start, seen.len() as u128);
                let mut last = 0;
                for number in 0..face.sets {
                    assert!(seen.insert(face.set(number)));
                    let stem = face.stem_number(number).unwrap();
                    assert!(stem == last || stem == last + 1);
                    last = stem;
                }
                assert_eq!(Some(last + 1), face.stems());
            }
            assert_eq!(Some(seen.len() as u128), binomial(q as u64, 5));
        }
        assert_eq!(Order::of_all(5, 5), Order::Ranks);
        assert_eq!(Order::of_all(200, 4), Order::Ranks);
    }

    #[test]
    fn chunks_end_with_stems() {
        for (order, q) in [(Order::Ranks, 9), (Order::Halves, 8)] {
            for face in faces(order, q, 5).unwrap() {
                let ends: Vec<u128> = (1..=face.sets)
                    .filter(|&n| n == face.sets || face.stem_number(n) != face.stem_number(n - 1))
                    .collect();
                for number in 0..face.sets {
                    for most in [1, 2, 7, 30, u128::MAX] {
                        let end = number + face.whole_stems(number, most);
                        let behind = ends.iter().filter(|&&end| end > number);
                        let fits = |end: &&u128| **end - number <= most;
                        let want = behind.clone().rev().find(fits).or(behind.clone().next());
                        assert_eq!(Some(&end), want, "{number} {most}");
                    }
                }
            }
        }
    }

    #[test]
    fn far_numbers_are_found() {
        let faces = faces(Order::Halves, 200, 5).unwrap();
        let sets: u128 = faces.iter().map(|face| face.sets).sum();
        assert_eq!(sets, 2_535_650_040);
        assert_eq!(faces[0].set(faces[0].sets - 1), [97, 98, 99, 198, 199]);
        assert_eq!(faces[1].set(0), [100, 101, 102, 103, 104]);
        assert_eq!(faces[1].set(faces[1].sets - 1), [98, 99, 197, 198, 199]);
        assert!(super::faces(Order::Ranks, 1_000, 300).is_none());
    }
}
