//! The tree of a certificate, node by node: each claim is proved again.

use super::count::Counts;
use super::error::CheckError;
use super::form::Form;
use super::leaf::{Leaves, List};
use super::model::Model;
use super::node::Node;
use super::rest::Lines;
use super::scores::Scores;
use super::solve::Solver;
use crate::engine::Token;
use num_bigint::BigUint;
use std::rc::Rc;

/// Shifts of weight between looks at the bound.
const STEPS: usize = 24;
/// Shifts for a node whose questions are then dropped and fixed.
const FIRST_STEPS: usize = 192;
/// Shifts after which a claim is given up.
const MOST_STEPS: usize = 200_000;

/// What a proved tree comes to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Walked {
    /// Times that a node was looked at.
    pub nodes: u64,
    /// Sets that were looked at one by one.
    pub visited: BigUint,
    /// Sets that bounds exclude.
    pub excluded: BigUint,
}

/// Proves the claims of a tree.
pub(super) struct Walk<'a> {
    pub(super) model: &'a Model,
    pub(super) form: &'a Form,
    /// c̃ of each question, rounded up.
    pub(super) criterion: &'a [i128],
    pub(super) lines: &'a Lines,
    pub(super) list: &'a List,
    /// Told of each node; whether to go on.
    pub(super) go_on: &'a dyn Fn(u64) -> bool,
}

/// A node in the making, and scores that hold for it.
struct Place {
    node: Node,
    scores: Option<Rc<Scores>>,
    /// Whether they were made for its weights as they are.
    fresh: bool,
}

/// Sets of a node with, or without, one of its open questions.
#[derive(Clone, Copy, Debug)]
enum Side {
    With(usize),
    Without(usize),
}

impl Side {
    /// As [`Scores::exclude`] is asked.
    fn with_without(self) -> (Option<usize>, Option<usize>) {
        match self {
            Self::With(i) => (Some(i), None),
            Self::Without(i) => (None, Some(i)),
        }
    }

    /// These sets.
    fn of(self, model: &Model, node: &Node) -> Option<Node> {
        let mut node = node.clone();
        match self {
            Self::With(_) if node.k == 0 => return None,
            Self::With(i) => node.fix_in(model, i),
            Self::Without(i) => node.drop_out(model, i),
        }
        (node.k <= node.open.len()).then_some(node)
    }
}

impl Walk<'_> {
    /// Goes through the whole tree.
    pub(super) fn go(&self, tape: &[u8]) -> Result<Walked, CheckError> {
        let mut walked = Walked::default();
        let mut counts = Counts::default();
        let solver = Solver::new(self.model, self.form, self.criterion, self.lines);
        let mut at = 0;
        let root = Place {
            node: Node::whole(self.model),
            scores: None,
            fresh: false,
        };
        let mut places = vec![root];
        while let Some(mut place) = places.pop() {
            walked.nodes += 1;
            if !(self.go_on)(walked.nodes) {
                return Err(CheckError::Stopped);
            }
            loop {
                let token = Token::read(tape, &mut at);
                let token = token.map_err(|error| CheckError::wrong(error.to_string()))?;
                let node = &place.node;
                let (open, k) = (node.open.len(), node.k);
                if let Token::Drop(i) | Token::Fix(i) | Token::Branch(i) = token
                    && !node.is_open(i)
                {
                    return Err(CheckError::wrong(format!(
                        "node {}: question {i} of the space is not open there",
                        walked.nodes
                    )));
                }
                if k == 0 && matches!(token, Token::Fix(_) | Token::Branch(_)) {
                    return Err(CheckError::wrong(format!(
                        "node {}: its sets are complete, and another question is to come in",
                        walked.nodes
                    )));
                }
                match token {
                    Token::Again => {
                        walked.nodes += 1;
                        place.fresh = false;
                    }
                    Token::Drop(i) => {
                        self.claim(&solver, &mut place, Side::With(i), walked.nodes)?;
                        place.node.drop_out(self.model, i);
                        if k > 0 {
                            walked.excluded += counts.sets(open - 1, k - 1);
                        }
                    }
                    Token::Fix(i) => {
                        self.claim(&solver, &mut place, Side::Without(i), walked.nodes)?;
                        place.node.fix_in(self.model, i);
                        walked.excluded += counts.sets(open - 1, k);
                    }
                    Token::Prune => {
                        self.prune(&solver, &mut place, walked.nodes)?;
                        walked.excluded += counts.sets(open, k);
                        break;
                    }
                    Token::Leaf => {
                        let leaves = Leaves {
                            model: self.model,
                            list: self.list,
                            go_on: &|| (self.go_on)(walked.nodes),
                        };
                        let seen = leaves.go_through(&place.node)?;
                        walked.visited += seen;
                        break;
                    }
                    Token::Empty if k > open => break,
                    Token::Empty => {
                        return Err(CheckError::wrong(format!(
                            "node {}: has sets, and is said to have none",
                            walked.nodes
                        )));
                    }
                    Token::Branch(i) => {
                        let mut with = place.node.clone();
                        with.fix_in(self.model, i);
                        place.node.drop_out(self.model, i);
                        places.push(Place {
                            fresh: false,
                            scores: place.scores.clone(),
                            node: place.node,
                        });
                        places.push(Place {
                            fresh: false,
                            scores: place.scores,
                            node: with,
                        });
                        break;
                    }
                }
            }
        }
        if at < tape.len() {
            return Err(CheckError::wrong(format!(
                "{} bytes of the tree are behind its end",
                tape.len() - at
            )));
        }
        Ok(walked)
    }

    /// That no set of the node on this side reaches the floor.
    fn claim(
        &self,
        solver: &Solver<'_>,
        place: &mut Place,
        side: Side,
        number: u64,
    ) -> Result<(), CheckError> {
        let (with, without) = side.with_without();
        let quotas = self.model.quotas.as_ref();
        for refreshed in [false, true] {
            if refreshed {
                if place.fresh {
                    break;
                }
                let reached = solver.improve(&mut place.node, FIRST_STEPS);
                let line = self.lines.at(reached.root);
                let scores = Scores::new(self.form, self.criterion, &place.node, &line);
                place.scores = scores.map(Rc::new);
                place.fresh = true;
            }
            let scores = place.scores.as_ref();
            if scores.is_some_and(|scores| scores.exclude(quotas, &place.node, with, without)) {
                return Ok(());
            }
        }
        let Some(mut node) = side.of(self.model, &place.node) else {
            return Ok(());
        };
        if self.is_still(&node) || self.prove(solver, &mut node).is_some() {
            return Ok(());
        }
        let (sets, i) = match side {
            Side::With(i) => ("with", i),
            Side::Without(i) => ("without", i),
        };
        Err(CheckError::wrong(format!(
            "node {number}: its bound does not exclude the sets {sets} question {}",
            self.model.named(&[i])
        )))
    }

    /// That no set of the node reaches the floor.
    fn prune(&self, solver: &Solver<'_>, place: &mut Place, number: u64) -> Result<(), CheckError> {
        let quotas = self.model.quotas.as_ref();
        let holds = |scores: &Rc<Scores>| scores.exclude(quotas, &place.node, None, None);
        if place.scores.as_ref().is_some_and(holds)
            || self.is_still(&place.node)
            || self.prove(solver, &mut place.node).is_some()
        {
            return Ok(());
        }
        Err(CheckError::wrong(format!(
            "node {number}: its bound is not below 0, and it is said to be excluded"
        )))
    }

    /// Improves the node's weights until they prove that none of its sets reaches the floor.
    fn prove(&self, solver: &Solver<'_>, node: &mut Node) -> Option<Scores> {
        let quotas = self.model.quotas.as_ref();
        let mut steps = 0;
        loop {
            let reached = solver.improve(node, STEPS);
            steps += STEPS;
            let last = reached.is_best || steps >= MOST_STEPS;
            if reached.bound < 0.0 || last {
                let line = self.lines.at(reached.root);
                let scores = Scores::new(self.form, self.criterion, node, &line);
                let proved = scores.filter(|scores| scores.exclude(quotas, node, None, None));
                if proved.is_some() || last {
                    return proved;
                }
            }
        }
    }

    /// Whether no question of the node varies: none of its sets then has a correlation.
    fn is_still(&self, node: &Node) -> bool {
        let mut own = node.fixed.iter().chain(&node.open);
        own.all(|&i| self.model.v(i, i) == 0)
    }
}
