//! Certificates: the proof of a list by branch and bound as a file, and its check by other means.
//!
//! Layer 3. The bound engine finds a list and proves that no other set belongs in it, in floats whose rounding is
//! bounded, with code made to be fast. A certificate holds what that proof rests on, so that it can be checked
//! without trust in any of that: this room shares the form of the file with the engine and nothing else, decides in
//! integers alone, and does it slowly and plainly. What follows is enough to write another checker.
//!
//! # What is proved
//!
//! Given a table, a query and a list of N sets: every set that is asked for is in the list, or is behind its last set
//! in the order of r and then of the questions in the table, or has no r. The listed sets' own r and order are
//! compared here too, from covariances; their sums and ids are for whoever checks the result itself.
//!
//! The table is complete: of the questions asked for, each user has answered all or none (those users do not count).
//! With n users, V_ij = n·Σxy − Σx·Σy for each two questions, c_i the same of each question and the overall score g,
//! G the same of g with itself, and x the 0/1 vector of a set S: r(S) = c'x/√(x'Vx·G). Where the criterion is the
//! rest, r(S) = (c'x − x'Vx)/√(x'Vx·(G − 2c'x + x'Vx)). Ranks by a lower bound of r are in the order of r, as all sets
//! have n users. Questions are numbered by their *position*: those to include first, then the others that are not
//! excluded, each in the table's order.
//!
//! # The file
//!
//! Numbers are little-endian.
//!
//! | bytes | what |
//! | --- | --- |
//! | | `kcorrset certificate 1` and a line feed; 1 is [`VERSION`] |
//! | 8 | H, length of the header |
//! | H | the header, an object in JSON in UTF-8 |
//! | 4 each | the multipliers, as f32: see below for how many, and in which order |
//! | 8 | T, length of the tree |
//! | T | the tree, as tokens |
//! | 32 | the SHA-256 of all bytes before it |
//!
//! Nothing follows. The header's members, and no others:
//!
//! | member | what |
//! | --- | --- |
//! | `fingerprint` | the table's ([`ResponseMatrix::fingerprint`](crate::matrix::ResponseMatrix::fingerprint)) |
//! | `query` | what was asked, as in the result |
//! | `floor` | ρ: the bits of an f64 as 16 hexadecimal digits; `r` shows it to people and decides nothing |
//! | `power` | p: multipliers are in units in which V, c and G are times 2^-p |
//! | `products` | 2 or 4 |
//! | `questions` | n, how many positions there are |
//! | `proof` | as in the result: sets visited and excluded, nodes |
//!
//! *Multipliers*: d_i of each position; N_ij of each pair j < i, (1, 0), (2, 0), (2, 1), (3, 0) and so on; with four
//! products also W_ij of all i and j row by row, with W_ii = 0, and O_ij of each pair like N. N, W and O are at least 0.
//!
//! *Tokens*: a code a token, seven bits a byte from the lowest on, with 128 added to all bytes but the last, in as few
//! bytes as will do. With i a position: 4i drops i, 4i + 1 fixes i, 4i + 2 branches on i; 3 looks again, 7 prunes,
//! 11 is a leaf, 15 an empty node.
//!
//! # The tree
//!
//! A node is a set F of positions fixed in, a set R of open ones, and how many k of R are to be chosen: all sets
//! F ∪ T, T any k of R. The tree starts with the positions to include as F, all others as R. Tokens are read in turn:
//!
//! | token | what it claims | what becomes of it |
//! | --- | --- | --- |
//! | drop i | no set of the node with i reaches the floor | the node is (F, R − i, k) |
//! | fix i | no set of the node without i reaches the floor | the node is (F + i, R − i, k − 1) |
//! | again | nothing; the engine looked at the node another time | |
//! | prune | no set of the node reaches the floor | the node is done |
//! | leaf | nothing; all its sets are looked at one by one | the node is done |
//! | empty | k > |R| | the node is done |
//! | branch i | nothing | (F + i, R − i, k − 1) is read, then (F, R − i, k) |
//!
//! i is open, and for fix and branch k > 0. So every set of the space is in exactly one leaf, or in exactly one family
//! that a claim leaves out: it *covers the space once* because of how it is read. As a second look, the sets of leaves are
//! counted one by one and those left out by C(|R|, k) and the like, and both numbers, which add up to all sets, and the
//! number of nodes (again included) are those of the header and of the result. The last token ends the last node.
//!
//! A set *reaches the floor* where r ≥ ρ > 0. The last listed set does, which is decided in integers of any size. So a
//! set that does not is behind it. The sets of leaves are each compared with the last set exactly.
//!
//! # The bound
//!
//! With V, c and G times 2^-p and c̃ = c/(ρ√G): where the criterion is not the rest, r(S) ≥ ρ is c̃(S) ≥ √(x'Vx). For the
//! 0/1 vector x of a set of K questions, x_i(1 − x_i) = 0 and x_i·x_j, x_i(1 − x_j), (1 − x_i)(1 − x_j) ≥ 0; so
//!
//! x'Vx + Σ d_i x_i(1 − x_i) − 2Σ_{j<i} N_ij x_i x_j − Σ_{i≠j} W_ij x_i(1 − x_j) − Σ_{j<i} O_ij (1 − x_i)(1 − x_j) ≤ x'Vx.
//!
//! With (e'x)/K for each missing factor 1, the left side is x'Bx, where with R_i = d_i − Σ_j W_ij + Σ_j O_ij
//!
//! B_ij = V_ij + (R_i + R_j)/(2K) − ΣO/K² and, for i = j, − d_i, for i ≠ j, − N_ij + (W_ij + W_ji − O_ij)/2.
//!
//! All of B is in units of 2^-60: multipliers are rounded down to that, which makes other multipliers of them, and each
//! quotient is rounded down, which lowers x'Bx, as x ≥ 0. Then some ε is added to the diagonal, so that
//! x'Bx ≤ x'Vx + εK. **B is positive semidefinite**: floats guess a lower triangular L with L·L' near B less ε/2, L is
//! rounded to units of 2^-56, and E = B − L·L', which is exact in units of 2^-112, has in each row a diagonal entry that is at
//! least the sum of the magnitudes of the others. So E is positive semidefinite (Gershgorin), L·L' is, and B their sum. ε is the
//! least of a few that make this succeed.
//!
//! By Cauchy–Schwarz √(x'Bx) ≥ x'BX/√(X'BX) for any X. So with **any** weights X ≥ 0, integers in units of 2^-30, and
//! s_i at least c̃_i − (BX)_i/√(X'BX),
//!
//! c̃(S) − √(x'Vx) ≤ Σ_{i∈S} s_i + √(εK).
//!
//! BX is exact; c̃_i and the quotient are rounded upwards to units of 2^-60 by integer roots and divisions. A family is
//! excluded where the sum of s over F and over the best k of R, plus √(εK), is below 0. With quotas the best k are the best
//! that keep them; where no k do, there is nothing to exclude. Where no question of F and R varies no set has an r.
//!
//! The weights come from floats, and decide nothing: they are shifted from the worst to the best score until the bound is
//! below 0, or cannot be made better, and then the claim is refused. The engine's claims pass: the bound is the smaller the
//! smaller ε is, this one is smaller than the engine's, and at the best weights no other weights give a lower
//! bound (it is the saddle point of a function that is concave in x and whose bound at X is a maximum over x).
//!
//! The rest has the same bound against a straight line c̃ ≥ σs − η under the curve that takes the place of s: η is added, and σ is
//! a factor of (BX)_i/√(X'BX) and of √(εK). That a line is under the curve is decided for two polynomials with integer
//! coefficients; the argument is in `rest`.
//!
//! # What is left to trust
//!
//! That the table was read as meant, this room, and the integers of the machine. All sums are checked for 128 bits or bounded
//! beside the code; SHA-256 guards against damage, not against whoever makes a certificate: what it says is proved.

mod count;
mod error;
mod file;
mod floor;
mod form;
mod leaf;
mod model;
mod node;
mod rest;
mod scores;
mod solve;
#[cfg(test)]
mod tests;
mod walk;

pub use error::{CheckError, FormatError, NoCertificate};
pub use file::{Certificate, VERSION};
pub use walk::Walked;

use crate::combin::Size;
use crate::engine::Query;
use crate::report::{Proof, Search};
use floor::reaches;
use form::Form;
use leaf::List;
use model::Model;
use num_bigint::BigUint;
use rest::Lines;
use scores::criterion;
use walk::Walk;

/// Refuses a query whose proof cannot be certified, before it is searched.
///
/// # Errors
/// Where the criterion is rounded, its sums leave 128 bits, or the list is one of sets within a distance of the best.
pub fn can_certify(query: &Query<'_>) -> Result<(), NoCertificate> {
    if query.within().is_some() {
        return Err(NoCertificate {
            what: "the list ends at a distance from the best, and certificates are of lists of a number of sets",
            hint: "ask for so many of the best sets, or search without a certificate",
        });
    }
    if query.blur().most > 0.0 {
        return Err(NoCertificate {
            what: "the overall scores have so many digits that bounds see them rounded",
            hint: "search without a certificate, or round them",
        });
    }
    match Model::check_criterion(query) {
        Err(CheckError::Unable(_)) => Err(NoCertificate {
            what: "covariances with the overall scores leave 128 bits",
            hint: "search without a certificate, or round scores",
        }),
        // What else is wrong, such as a missing answer, the engine refuses by itself.
        _ => Ok(()),
    }
}

impl Certificate {
    /// Proves again, by other means than the engine's, that the sets listed in `search` are the best of `query`:
    /// see the room's description. `go_on` is told how many nodes have been looked at, each time that one is, and
    /// within large ones; where it says no, the check ends.
    ///
    /// The listed sets are taken at their questions' ids; that their r, sums and places are as the search says is
    /// for others to check.
    ///
    /// # Errors
    /// See [`CheckError`].
    pub fn check(
        &self,
        query: &Query<'_>,
        search: &Search,
        go_on: &dyn Fn(u64) -> bool,
    ) -> Result<Walked, CheckError> {
        let (header, recorded) = (&self.header, &self.recorded);
        if header.fingerprint != query.source().fingerprint() {
            return Err(CheckError::wrong("it is of another table"));
        }
        if header.query != search.query {
            return Err(CheckError::wrong("it is of another query than the result"));
        }
        if header.questions != query.space().order().len() {
            return Err(CheckError::wrong("it is of another number of questions"));
        }
        if search.proof != Some(Proof::Whole(header.proof.clone())) {
            return Err(CheckError::wrong(
                "it counts other sets or nodes than the result",
            ));
        }
        if search.results.len() != query.top() {
            return Err(CheckError::wrong(format!(
                "{} sets are listed, and the proof is for {}",
                search.results.len(),
                query.top()
            )));
        }
        let model = Model::new(query)?;
        let ids = query.source().questions();
        let mut listed = Vec::new();
        for place in &search.results {
            let of = |id: &String| ids.iter().position(|known| known == id);
            let set: Option<Vec<usize>> = place.questions.iter().map(of).collect();
            listed.push(set.ok_or_else(|| CheckError::wrong("a listed question is unknown"))?);
        }
        let list = List::new(&model, &listed)?;
        if !reaches(list.last(), recorded.floor) {
            return Err(CheckError::wrong(
                "its floor is above the r of the last listed set, or no number above 0",
            ));
        }
        let form = Form::new(&model, recorded)?;
        let criterion = criterion(&model, recorded.floor, recorded.power);
        let lines = Lines::new(&model, recorded.floor, recorded.power);
        let (Some(criterion), Some(lines)) = (criterion, lines) else {
            return Err(CheckError::unable("its floor is too near to 0"));
        };
        let walk = Walk {
            model: &model,
            form: &form,
            criterion: &criterion,
            lines: &lines,
            list: &list,
            go_on,
        };
        let walked = walk.go(&recorded.tape)?;
        let claimed = [
            Size::from(header.proof.visited),
            header.proof.excluded.clone(),
        ];
        let counted = [&walked.visited, &walked.excluded].map(ToString::to_string);
        if counted != [claimed[0].to_string(), claimed[1].to_string()] {
            return Err(CheckError::wrong(format!(
                "its tree has {} sets visited and {} excluded, and {} and {} are claimed",
                walked.visited, walked.excluded, claimed[0], claimed[1]
            )));
        }
        if walked.nodes != header.proof.nodes {
            return Err(CheckError::wrong(format!(
                "its tree has {} nodes, and {} are claimed",
                walked.nodes, header.proof.nodes
            )));
        }
        if &walked.visited + &walked.excluded != all(query) {
            return Err(CheckError::wrong("its tree does not have all sets"));
        }
        Ok(walked)
    }
}

/// How many sets there are.
fn all(query: &Query<'_>) -> BigUint {
    let space = query.space();
    let (open, k) = (
        space.order().len() - space.fixed(),
        space.k() - space.fixed(),
    );
    count::Counts::default().sets(open, k).clone()
}
