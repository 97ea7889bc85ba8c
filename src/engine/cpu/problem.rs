//! A range of ranks as independent choices: "this prefix, and any j of the questions from here on".
//!
//! Inside a [`Problem`] the questions may be taken in any order.

use crate::combin::{Subtree, subtrees};
use crate::engine::Query;

/// All sets of `prefix` with any `choose` of the questions `from ..`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Problem {
    /// Questions that every set has, ascending.
    pub(super) prefix: Vec<usize>,
    /// The first question to choose from.
    pub(super) from: usize,
    /// j: how many to choose.
    pub(super) choose: usize,
}

/// The problems whose sets are the ranks of `query`, each once.
pub(super) fn problems(questions: usize, query: &Query) -> Vec<Problem> {
    let k = query.k();
    let mut out = Vec::new();
    // A checked query always has subtrees.
    for Subtree { prefix, next } in subtrees(questions, k, query.ranks()).unwrap_or_default() {
        let choose = k - prefix.len();
        if next.end == questions + 1 - choose {
            out.push(Problem {
                prefix,
                from: next.start,
                choose,
            });
        } else {
            for q in next {
                let mut prefix = prefix.clone();
                prefix.push(q);
                out.push(Problem {
                    prefix,
                    from: q + 1,
                    choose: choose - 1,
                });
            }
        }
    }
    out
}
