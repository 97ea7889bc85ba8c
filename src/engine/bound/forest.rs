//! The tree of a part: its subtrees are nodes of the tree of all sets, under the same B.
//!
//! A subtree of the prefix tree whose sets go on with one of a run of questions is a chain of nodes: those with the
//! first of the run, then those without it and with the second, and so on. Behind the run lie sets that are not
//! asked for, so the last node of the chain is left out, unless the run is all that is open. What is left of a chain
//! may be excluded at once, by the bound of all sets that go on with any question from there on: these are more sets
//! than are asked for, and the closed form of those behind the run is taken away again.

use super::frame::{Frame, Node};
use super::level::Level;
use super::piece::Piece;
use super::tree::{Tally, Tree, Worker};
use crate::combin::Subtree;
use rayon::prelude::*;
use std::ops::Range;
use std::sync::atomic::Ordering;

impl Tree<'_> {
    /// Goes through all sets of a part, `root` being the node of all sets in the frame of all questions.
    pub(super) fn run_part(
        &self,
        frame: &Frame,
        root: &Node,
        piece: &Piece<'_>,
        level: Level,
    ) -> Tally {
        let each = |tree: &Subtree| {
            let mut worker = Worker::new(frame.ld, level);
            self.subtree(frame, root.clone(), tree, &mut worker);
            worker.tally
        };
        let add = |mut all: Tally, more: Tally| {
            all.add(more);
            all
        };
        let trees = piece.trees.par_iter();
        trees.map(each).reduce(Tally::default, add)
    }

    /// Goes through the sets of one subtree.
    fn subtree(&self, frame: &Frame, mut node: Node, tree: &Subtree, worker: &mut Worker) {
        let even = vec![0.0; frame.ld];
        let Subtree { prefix, next } = tree;
        for &i in prefix {
            if node.is_open(i) {
                node.fix_in(frame, self.words, self.binomials, &even, i);
            }
        }
        self.leave_out(frame, &mut node, 0..next.start);
        let questions = frame.ids.len();
        if node.k() == 1 {
            self.leave_out(frame, &mut node, next.end..questions);
        }
        if node.k() <= 1 || next.end == questions + 1 - node.k() {
            self.explore(frame, node, 0, worker);
            return;
        }
        for first in next.clone() {
            worker.tally.stopped |= self.stop.load(Ordering::Relaxed);
            if worker.tally.stopped || self.excludes(frame, &mut node, first..next.end, worker) {
                return;
            }
            // The weight that a question gives or takes goes by the scores of the bound just made.
            let scores = worker.scratch.s[..frame.ld].to_vec();
            let mut child = node.clone();
            child.fix_in(frame, self.words, self.binomials, &scores, first);
            node.drop_out(frame, self.words, self.binomials, &scores, first);
            #[cfg(test)]
            match self.fault.times_of(first) {
                0 => continue,
                1 => {}
                _ => self.explore(frame, child.clone(), 0, worker),
            }
            self.explore(frame, child, 0, worker);
        }
    }

    /// Drops these of the open questions, with the sets that hold one of them: they are not asked for here.
    fn leave_out(&self, frame: &Frame, node: &mut Node, questions: Range<usize>) {
        let even = vec![0.0; frame.ld];
        for i in questions {
            if node.is_open(i) {
                node.drop_out(frame, self.words, self.binomials, &even, i);
            }
        }
    }

    /// Excludes the sets of the node that hold one of the open questions `run`, if its bound excludes all its sets.
    fn excludes(
        &self,
        frame: &Frame,
        node: &mut Node,
        run: Range<usize>,
        worker: &mut Worker,
    ) -> bool {
        if self.bound(frame, node, worker).reach >= 0.0 {
            return false;
        }
        let mut behind = node.clone();
        self.leave_out(frame, &mut behind, run);
        let (all, behind) = (&node.family, &behind.family);
        worker.tally.nodes += 1;
        worker.tally.excluded += all.audit(self.words, self.binomials);
        worker.tally.excluded -= behind.audit(self.words, self.binomials);
        true
    }
}
