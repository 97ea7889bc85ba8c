//! Nodes whose sets are looked at one by one, each compared exactly with the last set of the list.

use super::error::CheckError;
use super::model::{Model, Standing};
use super::node::Node;
use num_bigint::BigInt;
use std::cmp::Ordering;
use std::collections::HashSet;

/// The list, as far as another set is compared with it.
#[derive(Clone, Debug)]
pub(super) struct List {
    last: Standing,
    /// The last set's questions of the table.
    last_set: Vec<usize>,
    /// All sets, as questions of the table.
    sets: HashSet<Vec<usize>>,
    /// Where c(S) ≤ 0 or c(S)² is below this times x'Vx, a set is certainly behind the last one.
    least: i128,
}

impl List {
    /// A list of sets of the table's questions with r above 0, best first, each defined and in the space.
    pub(super) fn new(model: &Model, sets: &[Vec<usize>]) -> Result<Self, CheckError> {
        let unfit = || {
            CheckError::wrong("the list has a set that is not asked for, or without an r above 0")
        };
        let mut last: Option<(Standing, Vec<usize>)> = None;
        for set in sets {
            let positions = model.positions(set).ok_or_else(unfit)?;
            let standing = model.of_set(&positions);
            let has_fixed = (0..model.fixed).all(|i| positions.contains(&i));
            let fits = model
                .quotas
                .as_ref()
                .is_none_or(|quotas| quotas.allow(&positions));
            let fits =
                fits && has_fixed && positions.len() == model.k && set.is_sorted_by(|a, b| a < b);
            if !fits || !standing.is_defined() || standing.a <= 0 {
                return Err(unfit());
            }
            if let Some((before, of)) = &last
                && before.compare(&standing).then_with(|| set.cmp(of)) != Ordering::Greater
            {
                return Err(CheckError::wrong("the list is not in the order of r"));
            }
            last = Some((standing, set.clone()));
        }
        let (last, last_set) = last.ok_or_else(|| CheckError::wrong("the list is empty"))?;
        // r ≥ ρ asks for a²/(xy) ≥ ρ² or, where the criterion is the rest, for more: the r of a set's score with the
        // total is never below that with the rest.
        let least = BigInt::from(last.a).pow(2) * model.g / (BigInt::from(last.x) * last.y);
        Ok(Self {
            least: i128::try_from(least).unwrap_or(0),
            last,
            last_set,
            sets: sets.iter().cloned().collect(),
        })
    }

    /// The last set's standing.
    pub(super) fn last(&self) -> &Standing {
        &self.last
    }

    /// Whether a set with these sums is certainly behind the last one; `false` says nothing.
    fn is_far_behind(&self, c: i128, q: i128) -> bool {
        let far = |square: i128| self.least.checked_mul(q).map(|needed| square < needed);
        c <= 0 || c.checked_mul(c).and_then(far).unwrap_or(false)
    }

    /// Whether a set is right where it is: listed, behind the last one, or not to be listed at all.
    fn accounts_for(&self, model: &Model, set: &[usize], c: i128, q: i128) -> bool {
        let standing = model.standing(c, q);
        if !standing.is_defined() {
            return true;
        }
        let questions = model.questions(set);
        let order = standing.compare(&self.last);
        // Ties are in the order of the questions in the table.
        if order.then_with(|| self.last_set.cmp(&questions)) == Ordering::Less {
            return true;
        }
        self.sets.contains(&questions)
            || model
                .quotas
                .as_ref()
                .is_some_and(|quotas| !quotas.allow(set))
    }
}

/// Goes through the sets of nodes.
pub(super) struct Leaves<'a> {
    pub(super) model: &'a Model,
    pub(super) list: &'a List,
    /// Asked now and then whether to go on.
    pub(super) go_on: &'a dyn Fn() -> bool,
}

/// What is known of a set in the making.
#[derive(Clone, Copy, Debug)]
struct Part {
    c: i128,
    q: i128,
}

impl Leaves<'_> {
    /// Goes through all sets of the node; returns how many there are.
    pub(super) fn go_through(&self, node: &Node) -> Result<u64, CheckError> {
        let model = self.model;
        let mut set = node.fixed.clone();
        let c = set.iter().map(|&i| model.c[i]).sum();
        let pairs = set.iter().flat_map(|&i| set.iter().map(move |&j| (i, j)));
        let q = pairs.map(|(i, j)| model.v(i, j)).sum();
        // What each open question adds to x'Vx.
        let own = |&i: &usize| -> i128 {
            let with: i128 = node.fixed.iter().map(|&j| model.v(i, j)).sum();
            model.v(i, i) + 2 * with
        };
        let adds: Vec<i128> = node.open.iter().map(own).collect();
        let mut seen = 0;
        self.choose(
            &node.open,
            &adds,
            node.k,
            Part { c, q },
            &mut set,
            &mut seen,
        )?;
        Ok(seen)
    }

    /// Chooses `k` of the open questions, each of which adds so much to x'Vx.
    fn choose(
        &self,
        open: &[usize],
        adds: &[i128],
        k: usize,
        part: Part,
        set: &mut Vec<usize>,
        seen: &mut u64,
    ) -> Result<(), CheckError> {
        let model = self.model;
        if k == 0 {
            *seen += 1;
            return self.judge(set, part);
        }
        if k > 1 && !(self.go_on)() {
            return Err(CheckError::Stopped);
        }
        for at in 0..=open.len().saturating_sub(k) {
            let Some(&question) = open.get(at) else {
                break;
            };
            let part = Part {
                c: part.c + model.c[question],
                q: part.q + adds[at],
            };
            if k == 1 {
                *seen += 1;
                if !self.list.is_far_behind(part.c, part.q) {
                    set.push(question);
                    self.judge(set, part)?;
                    set.pop();
                }
                continue;
            }
            let behind = &open[at + 1..];
            let more = |(&other, &add): (&usize, &i128)| add + 2 * model.v(question, other);
            let next: Vec<i128> = behind.iter().zip(&adds[at + 1..]).map(more).collect();
            set.push(question);
            self.choose(behind, &next, k - 1, part, set, seen)?;
            set.pop();
        }
        Ok(())
    }

    fn judge(&self, set: &[usize], part: Part) -> Result<(), CheckError> {
        if self.list.is_far_behind(part.c, part.q) {
            return Ok(());
        }
        // Positions in ascending order, as for any set.
        let mut set = set.to_vec();
        set.sort_unstable();
        if self.list.accounts_for(self.model, &set, part.c, part.q) {
            return Ok(());
        }
        Err(CheckError::wrong(format!(
            "a set that belongs in the list is not in it: {}",
            self.model.named(&set)
        )))
    }
}
