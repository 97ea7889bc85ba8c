//! The general walk: any table, any K, plain portable Rust. Every other walk is checked against it.
//!
//! ```text
//! walk(prefix, its users, j questions to choose):
//!     fewer than min_users users: add the subtree's closed form, return
//!     j = 1: for each user, for each answer behind the prefix: add to that leaf's six sums
//!            then judge and audit every leaf
//!     else:  for each user, for each answer behind the prefix: put the user into that child's list
//!            (occurrence deliver, as LCM does for frequent itemsets), then walk each child
//! ```
//!
//! The cost is one step for each (prefix, user, answer behind it); absent answers cost nothing.
//! Children are delivered in blocks of positions of at most [`BLOCK`] list entries (or one child),
//! so a level holds at most max(BLOCK, users of the prefix) members: with 24 bytes each, K levels
//! and T threads, memory is bounded by 24·T·K·max(BLOCK, U) bytes, far below that on sparse tables.

use super::collect::{Best, Collected, Count};
use super::layout::Layout;
use super::problem::Problem;
use super::projected::{Incoming, Projector, Visit};
use crate::combin::binomial;
use crate::engine::{EngineError, Query, Watch};
use crate::matrix::ResponseMatrix;
use crate::stats::{AuditSums, Completions, Sums, Tail, surely_below};
use rayon::prelude::*;
use std::ops::{AddAssign, Mul, Range, Sub};

/// Most list entries that one delivery makes.
const BLOCK: usize = 1 << 18;

/// Levels of the tree whose children are walked in parallel.
const PARALLEL_LEVELS: usize = 3;

/// Integers wide enough for sums over all users: i64 where the table's bounds allow, else i128.
trait Wide: Copy + Default + AddAssign + Sub<Output = Self> + Mul<Output = Self> + PartialOrd {
    fn of(value: i64) -> Self;
    fn exact(self) -> i128;
    fn float(self) -> f64;
}

impl Wide for i64 {
    fn of(value: i64) -> Self {
        value
    }
    fn exact(self) -> i128 {
        i128::from(self)
    }
    fn float(self) -> f64 {
        self as f64
    }
}

impl Wide for i128 {
    fn of(value: i64) -> Self {
        Self::from(value)
    }
    fn exact(self) -> i128 {
        self
    }
    fn float(self) -> f64 {
        self as f64
    }
}

/// A user of a prefix.
#[derive(Clone, Copy, Debug)]
struct Member {
    /// Score on the prefix.
    score: i64,
    /// Index of their first answer behind the prefix.
    at: usize,
    user: u32,
}

/// The sums of a leaf so far.
#[derive(Clone, Copy, Debug, Default)]
struct LeafSums<W> {
    n: W,
    sa: W,
    sg: W,
    saa: W,
    sgg: W,
    sag: W,
}

impl<W: Wide> LeafSums<W> {
    fn add(&mut self, a: i64, g: i64) {
        let (a, g) = (W::of(a), W::of(g));
        self.n += W::of(1);
        self.sa += a;
        self.sg += g;
        self.saa += a * a;
        self.sgg += g * g;
        self.sag += a * g;
    }

    fn sums(&self) -> Sums {
        Sums {
            n: self.n.exact() as u64,
            sa: self.sa.exact(),
            sg: self.sg.exact(),
            saa: self.saa.exact(),
            sgg: self.sgg.exact(),
            sag: self.sag.exact(),
        }
    }
}

/// Everything that stays the same during one walk.
struct Walk<'a> {
    matrix: &'a ResponseMatrix,
    layout: &'a Layout,
    query: &'a Query,
    problem: &'a Problem,
    watch: &'a Watch,
    best: &'a Best<'a>,
    /// Takes over prefixes three questions short of a set, where it applies.
    projector: Option<&'a Projector>,
    forms: Completions,
}

/// Searches one problem.
///
/// # Errors
/// [`EngineError::Stopped`].
pub(super) fn search(
    matrix: &ResponseMatrix,
    layout: &Layout,
    query: &Query,
    problem: &Problem,
    watch: &Watch,
    best: &Best<'_>,
    projector: Option<&Projector>,
) -> Result<Collected, EngineError> {
    let walk = Walk {
        matrix,
        layout,
        query,
        problem,
        watch,
        best,
        projector,
        forms: Completions::new(layout.questions(), problem.choose),
    };
    if fits_i64(matrix) {
        walk.run::<i64>()
    } else {
        walk.run::<i128>()
    }
}

/// Whether n·Sxy and Sx·Sy of any set fit i64: with b = the largest Σ|score| of a user, each is at
/// most U²·b², and their difference at most twice that.
fn fits_i64(matrix: &ResponseMatrix) -> bool {
    let reach = |u| matrix.row(u).map(|(_, s)| i128::from(s).abs()).sum();
    let users = matrix.users().len() as i128;
    let largest: i128 = (0..matrix.users().len()).map(reach).max().unwrap_or(0);
    (users * largest)
        .checked_pow(2)
        .is_some_and(|square| square < i128::from(i64::MAX) / 2)
}

impl Walk<'_> {
    fn run<W: Wide + Send>(&self) -> Result<Collected, EngineError> {
        let members = self.root();
        let mut collected = Collected::default();
        if self.problem.choose == 0 {
            let sums = Sums::of_set(self.matrix, &self.problem.prefix);
            collected.seen.add_set(&sums);
            if crate::stats::Correlation::of(&sums, self.query.min_users()).is_some() {
                collected.defined.increment();
                self.best.offer(self.problem.prefix.clone(), sums);
            }
        } else {
            self.walk::<W>(&members, &mut Vec::new(), self.problem.from, &mut collected)?;
        }
        collected.report_now(self.watch);
        Ok(collected)
    }

    /// The users who answered all of the problem's prefix.
    fn root(&self) -> Vec<Member> {
        let columns: Vec<_> = self
            .problem
            .prefix
            .iter()
            .map(|&q| self.matrix.column(q))
            .collect();
        (0..self.matrix.users().len() as u32)
            .filter_map(|user| {
                let scores = columns.iter().map(|c| c.score(user));
                Some(Member {
                    score: scores.sum::<Option<i64>>()?,
                    at: self.layout.start(user, self.problem.from),
                    user,
                })
            })
            .collect()
    }

    fn total(&self, member: &Member) -> i64 {
        self.matrix.totals()[member.user as usize]
    }

    /// Visits every set that goes on from `prefix` (positions, all before `from`).
    fn walk<W: Wide + Send>(
        &self,
        members: &[Member],
        prefix: &mut Vec<u32>,
        from: usize,
        collected: &mut Collected,
    ) -> Result<(), EngineError> {
        let choose = self.problem.choose - prefix.len();
        if (members.len() as u64) < self.query.min_users() {
            self.prune(members, from, choose, collected);
            return Ok(());
        }
        if choose == 1 {
            self.leaves::<W>(members, prefix, from, collected);
            return Ok(());
        }
        if self.watch.stopped() {
            return Err(EngineError::Stopped);
        }
        if choose == 3
            && let Some(projector) = self.projector
            && self.project(projector, members, prefix, from, collected)
        {
            return Ok(());
        }
        let last = self.layout.questions() + 1 - choose;
        let mut members = members.to_vec();
        let mut from = from;
        while from < last {
            let (children, block) = self.deliver(&mut members, from..last);
            let child = |i: usize, prefix: &mut Vec<u32>, collected: &mut Collected| {
                let position = block.start + i;
                prefix.push(position as u32);
                let walked = self.walk::<W>(&children[i], prefix, position + 1, collected);
                prefix.pop();
                walked
            };
            if prefix.len() < PARALLEL_LEVELS && choose > 2 {
                let part = (0..children.len())
                    .into_par_iter()
                    .map(|i| {
                        let mut part = Collected::default();
                        child(i, &mut prefix.clone(), &mut part)?;
                        part.report(self.watch);
                        Ok(part)
                    })
                    .try_reduce(Collected::default, |a, b| Ok(a.merged(b)))?;
                *collected = collected.merged(part);
            } else {
                for i in 0..children.len() {
                    child(i, prefix, collected)?;
                }
                collected.report(self.watch);
            }
            from = block.end;
        }
        Ok(())
    }

    /// Lets `projector` visit all sets of three more questions; `false` where it does not apply.
    fn project(
        &self,
        projector: &Projector,
        members: &[Member],
        prefix: &[u32],
        from: usize,
        collected: &mut Collected,
    ) -> bool {
        let incoming: Vec<Incoming> = members
            .iter()
            .map(|m| Incoming {
                score: m.score,
                total: self.total(m),
            })
            .collect();
        let mut seen = AuditSums::default();
        let visited = projector.visit(Visit {
            members: &incoming,
            lanes: self.layout.questions() - from,
            from,
            answers: |i: usize| self.layout.behind(members[i].user, members[i].at),
            floor: || self.best.floor(),
            exact: |lanes: [usize; 3], [n, a, x, y]: [f64; 4]| {
                let defined = n >= self.query.min_users() as f64 && x > 0.0 && y > 0.0;
                if defined && !surely_below(self.best.floor(), a, x, y) {
                    let mut positions = prefix.to_vec();
                    positions.extend(lanes.map(|lane| (from + lane) as u32));
                    let set = self.layout.set(&self.problem.prefix, &positions);
                    let sums = Sums::of_set(self.matrix, &set);
                    self.best.offer(set, sums);
                }
            },
            left_out: &mut |i| seen += self.completions(&members[i], 3),
        });
        let Some(visited) = visited else {
            return false;
        };
        collected.seen += seen;
        collected.seen += visited.seen;
        collected.defined = Count(None);
        collected.report(self.watch);
        true
    }

    /// The part of a member in all completions of their prefix by `choose` questions.
    fn completions(&self, member: &Member, choose: usize) -> AuditSums {
        let mut tail = Tail::default();
        for answer in self.layout.behind(member.user, member.at) {
            tail.add(answer.score);
        }
        self.forms
            .of_user(choose, member.score, self.total(member), &tail)
    }

    /// The children at the first positions of `range`, as many as a block holds, and which those
    /// are. Moves every member behind them.
    fn deliver(
        &self,
        members: &mut [Member],
        range: Range<usize>,
    ) -> (Vec<Vec<Member>>, Range<usize>) {
        let mut sizes = vec![0_usize; range.len()];
        for member in &*members {
            for answer in self.layout.behind(member.user, member.at) {
                match sizes.get_mut(answer.position as usize - range.start) {
                    Some(size) => *size += 1,
                    None => break,
                }
            }
        }
        let mut entries = 0;
        let fits = sizes.iter().take_while(|&&size| {
            entries += size;
            entries <= BLOCK
        });
        let block = range.start..range.start + fits.count().max(1);
        let mut children: Vec<Vec<Member>> = sizes[..block.len()]
            .iter()
            .map(|&size| Vec::with_capacity(size))
            .collect();
        for member in members {
            for answer in self.layout.behind(member.user, member.at) {
                let Some(child) = children.get_mut(answer.position as usize - block.start) else {
                    break;
                };
                member.at += 1;
                child.push(Member {
                    score: member.score + answer.score,
                    ..*member
                });
            }
        }
        (children, block)
    }

    /// Counts a subtree without a defined set: too few users.
    fn prune(&self, members: &[Member], from: usize, choose: usize, collected: &mut Collected) {
        let behind = (self.layout.questions() - from) as u64;
        // Below C(Q, K), which fits.
        collected.seen.sets += binomial(behind, choose as u64).unwrap_or(0);
        for member in members {
            collected.seen += self.completions(member, choose);
        }
    }

    /// Sums, audits and judges every leaf of a prefix.
    fn leaves<W: Wide>(
        &self,
        members: &[Member],
        prefix: &[u32],
        from: usize,
        collected: &mut Collected,
    ) {
        let mut leaves = vec![LeafSums::<W>::default(); self.layout.questions() - from];
        for member in members {
            let g = self.total(member);
            for answer in self.layout.behind(member.user, member.at) {
                leaves[answer.position as usize - from].add(member.score + answer.score, g);
            }
        }
        let min_users = W::of(self.query.min_users() as i64);
        for (i, leaf) in leaves.iter().enumerate() {
            let sums = leaf.sums();
            collected.seen.add_set(&sums);
            if leaf.n < min_users {
                continue;
            }
            // Exact in W; the conversion to f64 is the only rounding.
            let x = leaf.n * leaf.saa - leaf.sa * leaf.sa;
            let y = leaf.n * leaf.sgg - leaf.sg * leaf.sg;
            if x <= W::default() || y <= W::default() {
                continue;
            }
            collected.defined.increment();
            let a = leaf.n * leaf.sag - leaf.sa * leaf.sg;
            if !surely_below(self.best.floor(), a.float(), x.float(), y.float()) {
                let mut positions = prefix.to_vec();
                positions.push((from + i) as u32);
                let set = self.layout.set(&self.problem.prefix, &positions);
                self.best.offer(set, sums);
            }
        }
    }
}
