//! The bound engine: branch and bound over the K-sets of a complete table. The N best by r are proved,
//! without a look at each set.
//!
//! Complete means that every user has a score for every question. Then r follows from the covariances
//! V of the questions, their covariances c with the criterion g, and its variance G: with x the 0/1 vector
//! of a set S, r(S) = c'x/√(x'Vx·G). `search` looks for a good list first, whose N-th r is the **floor**
//! ρ, and then proves, subtree by subtree, that no other set reaches it. Sets are judged exactly
//! (`list`, which is also where the floor comes from); floats only leave sets out, under the bounds below.
//!
//! # Method
//!
//! ```text
//! search:
//!   local search from many starts offers sets to the judge; floor ≤ 0: go through few sets, refuse many
//!   root: in turn, multipliers B for the weights x, weights x for B; the tree is tried in between
//!   node(fixed in F, open R, k to choose), from the whole space on:
//!     few sets: go through them, offer each that may reach the floor, add each to `visited`
//!     bound, and pair steps that sharpen it; below 0: add the node to `excluded`, done
//!     drop each question i of R for which the bound of the sets with i is below 0:
//!         add (F + i, R − i, k − 1) to `excluded`
//!     fix in each i for which the bound of the sets without i is below 0:
//!         add (F, R − i, k) to `excluded`
//!     branch on the i with the largest d_i·x_i(1 − x_i): (F + i, R − i, k − 1), (F, R − i, k)
//! ```
//!
//! # The bound
//!
//! Write c̃ = c/(ρ√G), so that r(S) ≥ ρ ⇔ c̃(S) ≥ √(x'Vx) (for the rest-score see `level`). For every 0/1
//! vector x with K ones, any d and any N, W, O ≥ 0,
//!
//! Q(x) = x'Vx + Σ d_i x_i(1 − x_i) − 2Σ_{i<j} N_ij x_i x_j − Σ_{i≠j} W_ij x_i(1 − x_j)
//! − Σ_{i<j} O_ij (1 − x_i)(1 − x_j) ≤ x'Vx,
//!
//! since d's terms vanish and the others only subtract. Each 1 in it may be replaced by e'x/K, which is 1
//! on these vectors; then Q(x) = x'Bx with the matrix B of `multipliers`. Where B ⪰ 0, Cauchy–Schwarz gives
//! √(x'Vx) ≥ √(x'Bx) ≥ x'Bx0/√(x0'Bx0) for **any** x0. So with s = c̃ − B·x0/√(x0'Bx0)
//!
//! c̃(S) − √(x'Vx) ≤ Σ_{i∈S} s_i,
//!
//! and a node can hold no set with r ≥ ρ where the sum of s over F and over the k best of R is below 0.
//! It is sharp where x0 maximises c̃'x − √(x'Bx) over the node's relaxation, 0 ≤ x ≤ 1, Σx = K; pair steps
//! come near it. For a set with i, the k best are those without the worst of them, and i; for one without
//! i, those without i, and the next; so the tests for single questions cost one comparison each. With quotas
//! "the k best" are the best that keep them (`quotas`), and the same holds.
//!
//! One B, proved at the root, serves the whole tree. Multipliers, x0 and branching need no proof: they
//! decide how long it takes, not what is found.
//!
//! # Rounding
//!
//! Nothing is compared as if it were exact. What is added before a bound counts as below 0:
//!
//! | step | where it is derived |
//! | --- | --- |
//! | integers to V, c, G: one rounding each, scale a power of two | `scaled` |
//! | B as stored against B as meant, and ε on its diagonal: x'Bx ≤ x'Vx + excess, so √excess | `multipliers` |
//! | B ⪰ 0: Cholesky of B − h·I succeeds, h over its backward error | `cholesky` |
//! | v = B·x0, kept up by changes and made anew every so many, x0'Bx0, scores, sums of scores | `errors` |
//! | ψ and its lines | `level` |
//! | c̃(S) and x'Vx of single sets | `errors`, `leaves` |
//!
//! The floor is taken as it is: the judge rounds it down, and a set that ties with the N-th best has
//! r ≥ floor, so it is offered. A floor may rise at any time; each bound holds for the floor it was made
//! with, and a set that reaches the final floor reaches each earlier one.
//!
//! # Ceilings
//!
//! A tree under *any* floor ρ' above 0 shows the same of ρ': each set that reaches it is offered to the judge. So where
//! a tree under a floor above that of the list has ended, no set but those listed reaches ρ': it is a **ceiling**. The
//! bound at the root alone gives one too (`root`). Where time is limited, `search` goes down from there with floors
//! ever nearer to that of the list, each of which takes longer; when one is at the list's floor, the list is proved.
//!
//! # Counting
//!
//! The branches of a node part its sets; a dropped question i takes away the sets with i, one fixed in
//! those without. So each set of the space (all K-sets with the included questions) is gone through
//! exactly once, or in exactly one subtree that was left out. Both kinds are added up, the first set by
//! set, the second in closed form (`audit`), modulo 2^64, and their numbers modulo 2^128; the caller holds
//! visited + excluded against the closed form of the whole space. Sets that the quotas forbid are counted like the
//! others.
//!
//! Sets need no ranks here, so a space may have more of them than 128 bits number. Then the number of those excluded
//! is known modulo 2^128 only, which the caller compares. That of those visited is exact, as no machine goes through
//! 2^128 sets; so, the audit passed, all sets of the space less those visited are exactly those excluded.
//!
//! # Parts
//!
//! A part of the sets is at most 2K subtrees of the prefix tree, and each is a family of the tree of all sets, or a
//! chain of such families (`forest`). So B and the weights at the root are those of all sets, whichever part is
//! searched; they are kept from one part to the next, with how far the plan of the root went. A good list to begin
//! with is looked for among the sets of the part (`piece`, `local`), unless a floor above 0 that was handed on excludes
//! the part at once. A part of few sets, of which fewer than N have an r above 0, is gone through set by set (`few`), as
//! nothing can be proved without a floor.
//!
//! # Limits
//!
//! Memory: about 200·Q² bytes, three times that while all four products are tried. An iteration at the
//! root takes about 3·Q³ operations, a search some hundreds of them: it is meant for hundreds of questions.
//! Sets without variance have c̃ = √(x'Vx) = 0, which no bound of this kind excludes; those of constant questions are taken out
//! apart (`tree`), others, such as of a question and its opposite, are gone through.

mod audit;
mod cholesky;
mod errors;
mod few;
mod forest;
mod frame;
mod ground;
mod judge;
mod kernels;
mod lbfgs;
mod leaves;
mod level;
mod list;
mod local;
mod multipliers;
mod piece;
mod plan;
mod problem;
mod quotas;
mod ready;
mod relax;
mod root;
mod scaled;
mod search;
mod tape;
#[cfg(test)]
mod tests;
mod tree;

use super::{Engine, EngineError, Prepared, Query, pool};
pub use ready::NODES;
use ready::Ready;

/// The engine for complete tables, on all cores.
#[derive(Debug)]
pub struct BoundEngine {
    pool: rayon::ThreadPool,
    records: bool,
}

impl BoundEngine {
    /// On this many threads.
    ///
    /// # Errors
    /// [`EngineError::NoThreads`].
    pub fn new(threads: usize) -> Result<Self, EngineError> {
        let pool = pool::of_threads(threads)?;
        let records = false;
        Ok(Self { pool, records })
    }

    /// From now on records its proofs ([`Findings::recorded`](super::Findings::recorded)). A tree is kept in memory,
    /// and one of more than 256 MiB refused.
    #[must_use]
    pub fn recording(self) -> Self {
        let records = true;
        Self { records, ..self }
    }
}

impl Engine for BoundEngine {
    fn name(&self) -> &'static str {
        "bound"
    }

    fn devices(&self) -> Vec<String> {
        vec![format!("{} CPU threads", self.pool.current_num_threads())]
    }

    fn open<'q>(&'q self, query: &'q Query<'q>) -> Result<Box<dyn Prepared + 'q>, EngineError> {
        Ok(Box::new(Ready::new(&self.pool, query, self.records)?))
    }
}
