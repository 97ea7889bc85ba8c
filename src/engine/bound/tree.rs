//! The tree: bounds a node, fixes what the bound decides, branches, and counts all that it leaves.

use super::audit::Words;
use super::errors::Errors;
use super::frame::{Frame, Node};
use super::judge::Judge;
use super::kernels::LANES;
use super::leaves::{Bench, Leaves};
use super::level::Level;
use super::problem::Problem;
use super::relax::{Ask, Bound, Scratch, Steps, bound, pair_steps};
use super::scaled::Scaled;
use super::tape::{Recording, Tape};
use crate::combin::{WrappingBinomials, choices};
use crate::engine::Token;
use crate::stats::AuditSums;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Instant;

/// Subtrees of at most so many sets are gone through set by set; so are those with at most two
/// questions to choose.
pub(super) const SMALL: f64 = 6000.0;
/// Branchings from the root down to which both sides are jobs of their own.
const JOB_DEPTH: usize = 24;
/// Pair steps between bounds, and in all, for one node.
const STEPS: Steps = Steps { most: 8, gap: 1e-7 };
const ROUNDS: usize = 8;
/// A budget of nodes that never ends.
pub(super) const ENDLESS: u64 = u64::MAX;
/// Nodes of a thread after which the judge is told how far it is.
const TELL_EVERY: u64 = 256;
/// A node whose open questions are at most this part of its frame's gets a frame of its own.
const NARROW: f64 = 0.7;

/// What the whole tree shares.
pub(super) struct Tree<'a> {
    pub(super) problem: &'a Problem,
    pub(super) scaled: &'a Scaled,
    pub(super) words: &'a Words,
    pub(super) binomials: &'a WrappingBinomials,
    pub(super) errors: Errors,
    pub(super) judge: &'a dyn Judge,
    pub(super) stop: &'a AtomicBool,
    /// Nodes that may still be looked at.
    pub(super) budget: AtomicU64,
    /// When it ends, finished or not.
    pub(super) until: Option<Instant>,
    pub(super) small: f64,
    /// Where the tree is to be written down.
    pub(super) recording: Option<&'a Recording>,
    #[cfg(test)]
    pub(super) fault: super::tests::Fault,
}

/// What a part of the tree came to.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Tally {
    /// Sums over the sets gone through one by one.
    pub(super) visited: AuditSums,
    /// Sums over the sets left out under a bound.
    pub(super) excluded: AuditSums,
    pub(super) nodes: u64,
    /// How many of these sets the judge was told of.
    pub(super) told: u128,
    pub(super) stopped: bool,
}

impl Tally {
    pub(super) fn add(&mut self, other: Self) {
        self.visited += other.visited;
        self.excluded += other.excluded;
        self.nodes += other.nodes;
        self.told = self.told.wrapping_add(other.told);
        self.stopped |= other.stopped;
    }

    /// How many sets, gone through or left out.
    pub(super) fn sets(&self) -> u128 {
        self.visited.sets.wrapping_add(self.excluded.sets)
    }
}

/// One thread's work space.
pub(super) struct Worker {
    pub(super) scratch: Scratch,
    bench: Bench,
    level: Level,
    pub(super) tally: Tally,
    tape: Tape,
}

impl Worker {
    pub(super) fn new(ld: usize, level: Level) -> Self {
        Self {
            scratch: Scratch::new(ld),
            bench: Bench::default(),
            level,
            tally: Tally::default(),
            tape: Tape::default(),
        }
    }
}

/// What becomes of a node.
enum Fate {
    Done,
    Again,
    Branch(usize),
}

impl Tree<'_> {
    /// Goes through the node and all below it; the tape is empty where nothing is recorded.
    pub(super) fn run(&self, frame: &Frame, node: Node, level: Level) -> (Tally, Tape) {
        let mut worker = Worker::new(frame.ld, level);
        self.explore(frame, node, 0, &mut worker);
        (worker.tally, worker.tape)
    }

    pub(super) fn explore(
        &self,
        frame: &Frame,
        mut node: Node,
        mut depth: usize,
        worker: &mut Worker,
    ) {
        loop {
            let has_room = worker.tape.tell(self.recording);
            if self.stop.load(Ordering::Relaxed) || !has_room || !self.may_look() {
                worker.tally.stopped = true;
                return;
            }
            worker.tally.nodes += 1;
            self.tell(&mut worker.tally);
            let j = match self.settle(frame, &mut node, worker) {
                Fate::Done => return,
                Fate::Again => {
                    self.note(worker, Token::Again);
                    continue;
                }
                Fate::Branch(j) => j,
            };
            self.note(worker, Token::Branch(frame.ids[j]));
            depth += 1;
            let n = frame.ids.len();
            if n > 2 * LANES && node.open() as f64 <= NARROW * n as f64 {
                let (narrow, within) = frame.narrowed(&node);
                let j = worker.scratch.narrow(&node.is_open[..n], j);
                if let Some(rest) = self.split(&narrow, within, j, depth, worker) {
                    self.explore(&narrow, rest, depth, worker);
                }
                return;
            }
            match self.split(frame, node, j, depth, worker) {
                Some(rest) => node = rest,
                None => return,
            }
        }
    }

    /// Writes down what becomes of a node.
    fn note(&self, worker: &mut Worker, token: Token) {
        worker.tape.write(self.recording, token);
    }

    /// Tells the judge now and then of the sets that are done with, unless this is a try that may be given up.
    fn tell(&self, tally: &mut Tally) {
        let counts = self.until.is_none() && self.budget.load(Ordering::Relaxed) == ENDLESS;
        if tally.nodes.is_multiple_of(TELL_EVERY) && counts {
            self.judge.done(tally.sets().wrapping_sub(tally.told));
            tally.told = tally.sets();
        }
    }

    /// Takes one node from the budget; false where nothing is left, or no time.
    fn may_look(&self) -> bool {
        if self.until.is_some_and(|until| Instant::now() >= until) {
            return false;
        }
        let take = |left: u64| left.checked_sub(1);
        self.budget.load(Ordering::Relaxed) == ENDLESS
            || self
                .budget
                .fetch_update(Ordering::Relaxed, Ordering::Relaxed, take)
                .is_ok()
    }

    /// Branches on question j: goes through the side with it, returns the side without; or goes
    /// through both, as two jobs, near the root.
    fn split(
        &self,
        frame: &Frame,
        mut node: Node,
        j: usize,
        depth: usize,
        worker: &mut Worker,
    ) -> Option<Node> {
        let s = &worker.scratch.s[..frame.ld];
        let mut child = node.clone();
        child.fix_in(frame, self.words, self.binomials, s, j);
        node.drop_out(frame, self.words, self.binomials, s, j);
        #[cfg(test)]
        if self.fault.loses(&child) {
            return Some(node);
        }
        if depth <= JOB_DEPTH {
            self.both(frame, child, node, depth, worker);
            return None;
        }
        self.explore(frame, child, depth, worker);
        Some(node)
    }

    /// Two jobs; the sums of both go to `worker`.
    fn both(&self, frame: &Frame, child: Node, node: Node, depth: usize, worker: &mut Worker) {
        let level = worker.level;
        let (_, (tally, tape)) = rayon::join(
            || self.explore(frame, child, depth, worker),
            || {
                let mut worker = Worker::new(frame.ld, level);
                self.explore(frame, node, depth, &mut worker);
                (worker.tally, worker.tape)
            },
        );
        worker.tally.add(tally);
        worker.tape.append(tape, self.recording);
    }

    fn settle(&self, frame: &Frame, node: &mut Node, worker: &mut Worker) -> Fate {
        if node.k() > node.open() {
            self.note(worker, Token::Empty);
            return Fate::Done;
        }
        let floor = self.judge.floor();
        if floor > worker.level.floor
            && let Some(level) = Level::new(self.scaled, self.problem.kind, floor)
        {
            worker.level = level;
        }
        if self.is_small(node) {
            self.enumerate(frame, node, worker);
            self.note(worker, Token::Leaf);
            return Fate::Done;
        }
        let bound = self.bound(frame, node, worker);
        #[cfg(test)]
        let bound = self.fault.of_bound(bound);
        if bound.reach < 0.0 {
            worker.tally.excluded += node.family.audit(self.words, self.binomials);
            self.note(worker, Token::Prune);
            return Fate::Done;
        }
        if self.fix(frame, node, &bound, worker) {
            return Fate::Again;
        }
        let still = self.is_still(node.chosen.iter());
        let weight = |i: usize| frame.d[i] * node.x[i] * (1.0 - node.x[i]);
        let open = (0..frame.ids.len()).filter(|&i| node.is_open(i));
        let moving = open.filter(|&i| !still || !self.is_still([&frame.ids[i]].into_iter()));
        let widest = moving.max_by(|&a, &b| weight(a).total_cmp(&weight(b)));
        match widest {
            Some(j) => Fate::Branch(j),
            None => {
                worker.tally.excluded += node.family.audit(self.words, self.binomials);
                self.note(worker, Token::Prune);
                Fate::Done
            }
        }
    }

    /// Whether none of these questions varies. Sets of such questions have no r, yet c̃ = √(x'Vx) = 0
    /// keeps the bound from excluding them. So while a node has fixed in no other, it is parted by the
    /// others first, and left out where there are none.
    fn is_still<'q>(&self, mut questions: impl Iterator<Item = &'q usize>) -> bool {
        questions.all(|&i| self.problem.v[i * self.problem.questions + i] == 0)
    }

    fn is_small(&self, node: &Node) -> bool {
        let (open, k) = (node.open(), node.k());
        k == open || choices(open, k) <= self.small || (k <= 2 && self.small > 1.0)
    }

    fn enumerate(&self, frame: &Frame, node: &Node, worker: &mut Worker) {
        let offer = |set: &mut [usize]| {
            let quotas = self.problem.quotas.as_ref();
            if quotas.is_none_or(|quotas| quotas.allow(&quotas.counts(set))) {
                set.sort_unstable();
                self.judge.offer(set);
            }
        };
        let leaves = Leaves {
            scaled: self.scaled,
            words: self.words,
            errors: &self.errors,
            level: &worker.level,
            offer: &offer,
        };
        worker.tally.visited += leaves.enumerate(frame, node, &mut worker.bench);
    }

    /// Bounds and pair steps in turn, until the node is excluded or plainly cannot be.
    pub(super) fn bound(&self, frame: &Frame, node: &mut Node, worker: &mut Worker) -> Bound {
        let Worker { scratch, level, .. } = worker;
        let ask = Ask {
            level,
            errors: &self.errors,
            quotas: self.problem.quotas.as_ref(),
        };
        let mut present = bound(frame, node, &ask, scratch);
        for _ in 0..ROUNDS {
            if present.reach < 0.0 {
                break;
            }
            let more = pair_steps(frame, node, &ask, STEPS, scratch);
            present = bound(frame, node, &ask, scratch);
            let above = present.value >= 0.0 && present.reach - present.value < 0.3 * present.value;
            if !more || above {
                break;
            }
        }
        present
    }

    /// Drops and fixes in what the bound decides; tells whether the node is to be looked at again.
    fn fix(&self, frame: &Frame, node: &mut Node, bound: &Bound, worker: &mut Worker) -> bool {
        let Worker {
            scratch,
            tally,
            tape,
            ..
        } = worker;
        let s = &scratch.s[..frame.ld];
        let mut forced = Vec::new();
        let mut dropped = false;
        for i in 0..frame.ids.len() {
            if !node.is_open(i) {
                continue;
            }
            let exchange = scratch.exchanges[frame.group[i]];
            if s[i] < exchange.worst {
                let reach = bound.reach - exchange.gives + s[i];
                #[cfg(test)]
                let reach = self.fault.of_drop(reach);
                if reach < 0.0 {
                    tally.excluded += node.drop_out(frame, self.words, self.binomials, s, i);
                    tape.write(self.recording, Token::Drop(frame.ids[i]));
                    dropped = true;
                }
            } else if bound.reach - s[i] + exchange.takes < 0.0 {
                forced.push(i);
            }
        }
        for &i in &forced {
            tally.excluded += node.fix_in(frame, self.words, self.binomials, s, i);
            tape.write(self.recording, Token::Fix(frame.ids[i]));
        }
        !forced.is_empty() || (dropped && self.is_small(node))
    }
}
