//! Small subtrees, set by set: each is counted, and handed to the judge unless it is proved too low.
//!
//! With the set's c̃ within E_c and its x'Vx within E_q of what is computed ([`Errors`]), r ≥ ρ needs
//! c̃ + E_c ≥ 0 and (c̃ + E_c)² ≥ x'Vx − E_q. For the rest-score the same holds, since ψ(s) ≥ s, and then
//! x'Vx < G and c̃ + E_c ≥ ψ(√(x'Vx − E_q)) less ψ's own error, since ψ rises.

use super::audit::Words;
use super::errors::Errors;
use super::frame::{Frame, Node};
use super::level::Level;
use super::scaled::Scaled;
use crate::stats::AuditSums;

/// What a leaf needs of the search.
pub(super) struct Leaves<'a> {
    pub(super) scaled: &'a Scaled,
    pub(super) words: &'a Words,
    pub(super) errors: &'a Errors,
    pub(super) level: &'a Level,
    /// Is told of each set that may be listed, in no order.
    pub(super) offer: &'a dyn Fn(&mut [usize]),
}

/// Scratch for one thread: the open questions of the leaf side by side.
#[derive(Clone, Debug, Default)]
pub(super) struct Bench {
    ids: Vec<usize>,
    /// f·c, s1 and cy of each.
    c: Vec<f64>,
    s1: Vec<u64>,
    cy: Vec<u64>,
    /// 2·V and 2·m of each pair (first before second), row by row.
    v: Vec<f64>,
    m: Vec<u64>,
    /// Row k − 1, for k more to choose: what each further question adds to x'Vx and to Saa.
    adds: Vec<Vec<f64>>,
    adds_words: Vec<Vec<u64>>,
}

/// A set in the making.
#[derive(Clone, Copy, Debug)]
struct Part {
    c: f64,
    q: f64,
    sums: [u64; 3],
}

impl Leaves<'_> {
    /// Goes through all sets of the node; returns their audit, summed set by set.
    pub(super) fn enumerate(&self, frame: &Frame, node: &Node, bench: &mut Bench) -> AuditSums {
        self.prepare(frame, node, bench);
        // Row by row: no sum is more than 2K roundings deep.
        let row = |&i: &usize| {
            node.chosen
                .iter()
                .map(|&j| self.scaled.row(i)[j])
                .sum::<f64>()
        };
        let q = node.chosen.iter().map(row).sum();
        let part = Part {
            c: self.level.f * node.c_in,
            q,
            sums: node.family.fixed(),
        };
        let mut seen = AuditSums::default();
        let mut set = node.chosen.clone();
        if node.k() == 0 {
            if self.may_be_listed(part.c, part.q) {
                (self.offer)(&mut set);
            }
            let [sa, saa, sag] = part.sums;
            return self.words.of_sets(1, sa, saa, sag);
        }
        self.choose(bench, node.k(), 0, part, &mut set, &mut seen);
        seen
    }

    fn prepare(&self, frame: &Frame, node: &Node, bench: &mut Bench) {
        let Bench {
            ids,
            c,
            s1,
            cy,
            v,
            m,
            adds,
            adds_words,
        } = bench;
        ids.clear();
        ids.extend(
            frame
                .ids
                .iter()
                .enumerate()
                .filter(|&(i, _)| node.is_open(i))
                .map(|(_, &id)| id),
        );
        let n = ids.len();
        let (scaled, words) = (self.scaled, self.words);
        c.clear();
        c.extend(ids.iter().map(|&i| self.level.f * scaled.c[i]));
        s1.clear();
        s1.extend(ids.iter().map(|&i| words.s1[i]));
        cy.clear();
        cy.extend(ids.iter().map(|&i| words.cy[i]));
        while adds.len() < node.k() {
            adds.push(Vec::new());
            adds_words.push(Vec::new());
        }
        if node.k() == 0 {
            return;
        }
        let top = node.k() - 1;
        let (first, first_words) = (&mut adds[top], &mut adds_words[top]);
        first.clear();
        first.extend(ids.iter().map(|&i| scaled.row(i)[i]));
        first_words.clear();
        first_words.extend(ids.iter().map(|&i| words.at(i, i)));
        for &j in &node.chosen {
            let row = scaled.row(j);
            for ((add, word), &i) in first.iter_mut().zip(first_words.iter_mut()).zip(&*ids) {
                *add += 2.0 * row[i];
                *word = word.wrapping_add(words.at(j, i).wrapping_mul(2));
            }
        }
        if node.k() == 1 {
            return;
        }
        v.resize(n * n, 0.0);
        m.resize(n * n, 0);
        for (a, &i) in ids.iter().enumerate() {
            let row = scaled.row(i);
            let row_words = &words.m[i * words.questions..(i + 1) * words.questions];
            let to = a * n + a + 1..(a + 1) * n;
            let pairs = v[to.clone()].iter_mut().zip(&mut m[to]);
            for ((v, m), &j) in pairs.zip(&ids[a + 1..]) {
                *v = 2.0 * row[j];
                *m = row_words[j].wrapping_mul(2);
            }
        }
    }

    /// Chooses `k` ≥ 1 more from place `from` on; the rows of `bench.adds` at the present depth are set.
    fn choose(
        &self,
        bench: &mut Bench,
        k: usize,
        from: usize,
        part: Part,
        set: &mut Vec<usize>,
        seen: &mut AuditSums,
    ) {
        let n = bench.ids.len();
        if k == 1 {
            self.last(bench, from, part, set, seen);
            return;
        }
        for a in from..=n - k {
            let next = self.with(bench, k, a, part);
            let (before, after) = bench.adds.split_at_mut(k - 1);
            let (from_row, to_row) = (&after[0], &mut before[k - 2]);
            let pairs = &bench.v[a * n..(a + 1) * n];
            to_row.resize(n, 0.0);
            let behind = from_row[a + 1..n].iter().zip(&pairs[a + 1..]);
            for (to, (from, pair)) in to_row[a + 1..].iter_mut().zip(behind) {
                *to = from + pair;
            }
            let (before, after) = bench.adds_words.split_at_mut(k - 1);
            let (from_row, to_row) = (&after[0], &mut before[k - 2]);
            let pairs = &bench.m[a * n..(a + 1) * n];
            to_row.resize(n, 0);
            let behind = from_row[a + 1..n].iter().zip(&pairs[a + 1..]);
            for (to, (from, pair)) in to_row[a + 1..].iter_mut().zip(behind) {
                *to = from.wrapping_add(*pair);
            }
            set.push(bench.ids[a]);
            self.choose(bench, k - 1, a + 1, next, set, seen);
            set.pop();
        }
    }

    fn with(&self, bench: &Bench, k: usize, a: usize, part: Part) -> Part {
        let [sa, saa, sag] = part.sums;
        Part {
            c: part.c + bench.c[a],
            q: part.q + bench.adds[k - 1][a],
            sums: [
                sa.wrapping_add(bench.s1[a]),
                saa.wrapping_add(bench.adds_words[k - 1][a]),
                sag.wrapping_add(bench.cy[a]),
            ],
        }
    }

    /// The last question: all from place `from` on.
    fn last(&self, bench: &Bench, from: usize, part: Part, set: &[usize], seen: &mut AuditSums) {
        let n = bench.ids.len();
        let (c, q) = (&bench.c[from..], &bench.adds[0][from..n]);
        let part_c = part.c + self.errors.of_criterion(self.level);
        let part_q = part.q - self.errors.of_square(self.level);
        let mut any = false;
        for (c, q) in c.iter().zip(q) {
            let c = part_c + c;
            any |= (c >= 0.0) & (c * c >= part_q + q);
        }
        let mut sums = [0_u64; 3];
        let mut sets = 0_u64;
        let words = bench.s1[from..].iter().zip(&bench.adds_words[0][from..n]);
        for ((s1, m), cy) in words.zip(&bench.cy[from..]) {
            sums[0] = sums[0].wrapping_add(*s1);
            sums[1] = sums[1].wrapping_add(*m);
            sums[2] = sums[2].wrapping_add(*cy);
            sets += 1;
        }
        for (sum, fixed) in sums.iter_mut().zip(part.sums) {
            *sum = sum.wrapping_add(fixed.wrapping_mul(sets));
        }
        *seen += self
            .words
            .of_sets(u128::from(sets), sums[0], sums[1], sums[2]);
        if any {
            for (a, (c, q)) in c.iter().zip(q).enumerate() {
                if self.may_be_listed(part.c + c, part.q + q) {
                    let mut whole = set.to_vec();
                    whole.push(bench.ids[from + a]);
                    (self.offer)(&mut whole);
                }
            }
        }
    }

    fn may_be_listed(&self, c: f64, q: f64) -> bool {
        let c = c + self.errors.of_criterion(self.level);
        let q = q - self.errors.of_square(self.level);
        let curve = || self.level.psi(q.max(0.0).sqrt()) - self.level.slack(c);
        c >= 0.0 && c * c >= q && self.level.has_room_for(q) && c >= curve()
    }
}
