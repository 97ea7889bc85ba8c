//! The audit: did the engine visit, or rightly exclude, each set of the part exactly once?
//!
//! What an engine must have seen follows in closed form from each user's answers alone
//! ([`Completions`]), without a walk over sets: a part is at most 2K subtrees, and each has a closed form
//! a user. Cost: a pass over the answers, and for each user and subtree about K steps.

use crate::combin::{Part, Subtree};
use crate::engine::Query;
use crate::stats::{AuditSums, Basis, Completions, Tail};

/// The engine's sums are not those of every set once.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error(
    "audit failed: the search did not visit every set exactly once, its answer is not to be \
     trusted\n  seen     {seen:?}\n  expected {expected:?}"
)]
pub struct AuditFailure {
    /// What the engine accumulated.
    pub seen: AuditSums,
    /// What the closed form says.
    pub expected: AuditSums,
}

/// Fails where `seen` is not `expected`.
pub(super) fn check(expected: &AuditSums, seen: &AuditSums) -> Result<(), Box<AuditFailure>> {
    if seen == expected {
        Ok(())
    } else {
        Err(Box::new(AuditFailure {
            seen: *seen,
            expected: *expected,
        }))
    }
}

/// What visiting each set of `part` once sums to, over the integers that `basis` makes: the number of sets modulo
/// 2^128, so that of more sets it is the rest that is compared.
#[must_use]
pub fn expected(query: &Query<'_>, part: &Part, basis: &Basis) -> AuditSums {
    closed_form(query, query.table().totals(), part, basis)
}

/// What visiting each set of `part` once sums to, over the scores and totals of the table as it was given, whatever
/// the criterion: so that those of parts add up, whoever searched them.
#[must_use]
pub fn expected_of_source(query: &Query<'_>, part: &Part) -> AuditSums {
    closed_form(query, query.source().totals(), part, &Basis::default())
}

fn closed_form(query: &Query<'_>, totals: &[i64], part: &Part, basis: &Basis) -> AuditSums {
    let matrix = query.table();
    let (questions, k) = (query.space().order().len(), query.k());
    let forms = Completions::new(questions, k);
    let trees = query.space().subtrees(part);
    let mut sums = AuditSums::default();
    for Subtree { prefix, next } in &trees {
        for next in next.clone() {
            let sets = forms.sets(questions - 1 - next, k - prefix.len() - 1);
            sums.sets = sums.sets.wrapping_add(sets);
        }
    }
    let mut user = User {
        answers: Vec::new(),
        tails: Vec::new(),
        total: 0,
        answered_all: false,
    };
    for (u, &total) in totals.iter().enumerate() {
        let scores = matrix.row(u).map(|(q, score)| (q, basis.score(q, score)));
        user.read(scores, basis.total(total), questions);
        for tree in &trees {
            user.add_subtree(&forms, k, tree, &mut sums);
        }
    }
    sums
}

/// One user's answers, by question, with what follows each.
struct User {
    answers: Vec<(usize, i64)>,
    /// What is answered from each place on; one more than there are answers.
    tails: Vec<Tail>,
    total: i64,
    answered_all: bool,
}

impl User {
    fn read(&mut self, answers: impl Iterator<Item = (usize, i64)>, total: i64, questions: usize) {
        self.answers.clear();
        self.answers.extend(answers);
        self.tails.clear();
        self.tails.resize(self.answers.len() + 1, Tail::default());
        let mut tail = Tail::default();
        for (place, &(_, score)) in self.answers.iter().enumerate().rev() {
            tail.add(score);
            self.tails[place] = tail;
        }
        self.total = total;
        self.answered_all = self.answers.len() == questions;
    }

    /// The place of the first answer to this question or one behind it.
    fn place(&self, question: usize) -> usize {
        if self.answered_all {
            return question;
        }
        self.answers.partition_point(|&(q, _)| q < question)
    }

    /// Adds the user's part in the sets of a subtree: all that the answers from its next question on make with the
    /// prefix, less those with none of these questions.
    fn add_subtree(&self, forms: &Completions, k: usize, tree: &Subtree, sums: &mut AuditSums) {
        let Subtree { prefix, next } = tree;
        let mut score = 0_i64;
        for &question in prefix {
            match self.answers.get(self.place(question)) {
                Some(&(q, answer)) if q == question => score = score.wrapping_add(answer),
                _ => return,
            }
        }
        let choose = k - prefix.len();
        let from = |question| {
            let tail = &self.tails[self.place(question)];
            forms.of_user(choose, score, self.total, tail)
        };
        *sums += from(next.start);
        *sums -= from(next.end);
    }
}
