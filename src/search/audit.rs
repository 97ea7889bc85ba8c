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
    let mut tails = Tails::at(&trees);
    let as_given = *basis == Basis::default();
    for (u, &total) in totals.iter().enumerate() {
        let row = matrix.row(u);
        if as_given {
            tails.read(row);
        } else {
            tails.read(row.map(|(q, score)| (q, basis.score(q, score))));
        }
        let total = basis.total(total);
        for tree in &trees {
            let Subtree { prefix, next } = tree;
            // Sums are modulo 2^64.
            let score = prefix.iter().try_fold(0_i64, |sum, &question| {
                let score = matrix.column(question).score(u as u32)?;
                Some(sum.wrapping_add(basis.score(question, score)))
            });
            let Some(score) = score else {
                continue;
            };
            // All that the answers from its next question on make with the prefix, less those with none of these.
            let from =
                |question| forms.of_user(k - prefix.len(), score, total, &tails.from(question));
            sums += from(next.start);
            sums -= from(next.end);
        }
    }
    sums
}

/// What one user answered from some questions on.
struct Tails {
    /// These questions, ascending.
    questions: Vec<usize>,
    /// What is answered before each of them.
    before: Vec<Tail>,
    /// What is answered in all.
    all: Tail,
}

impl Tails {
    /// From the questions where these subtrees begin and end.
    fn at(trees: &[Subtree]) -> Self {
        let ends = trees
            .iter()
            .flat_map(|tree| [tree.next.start, tree.next.end]);
        let mut questions: Vec<usize> = ends.collect();
        questions.sort_unstable();
        questions.dedup();
        Self {
            before: vec![Tail::default(); questions.len()],
            questions,
            all: Tail::default(),
        }
    }

    /// Reads one user's answers, by ascending question.
    fn read(&mut self, answers: impl Iterator<Item = (usize, i64)>) {
        let Self {
            questions, before, ..
        } = self;
        let (all, passed) =
            answers.fold((Tail::default(), 0), |(mut all, mut passed), (q, score)| {
                while questions.get(passed).is_some_and(|&question| question <= q) {
                    before[passed] = all;
                    passed += 1;
                }
                all.add(score);
                (all, passed)
            });
        before[passed..].fill(all);
        self.all = all;
    }

    /// What is answered from this question on, which is one of them.
    fn from(&self, question: usize) -> Tail {
        let place = self.questions.partition_point(|&q| q < question);
        self.all.without(&self.before[place])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::Sums;
    use crate::synth::{Model, Spec, matrix};

    #[test]
    fn the_closed_form_of_any_part_is_the_sum_over_its_sets() {
        let table = matrix(&Spec {
            users: 20,
            questions: 7,
            answered: 0.7,
            scores: -1..=3,
            model: Model::Random,
            booklets: 0,
            seed: 5,
        })
        .unwrap();
        let basis = Basis {
            scores: vec![1, 0, 2, 0, -1, 0, 3],
            total: 4,
            ..Basis::default()
        };
        for include in [&[][..], &[3]] {
            let query = Query::of(&table).k(4).include(include).build().unwrap();
            let all = query.space().count().unwrap();
            let own = |basis: &Basis, rank: u128| {
                let set = query.space().unrank(rank).unwrap();
                let shift: i64 = set.iter().map(|&q| basis.score(q, 0)).sum();
                let mut sums = AuditSums::default();
                sums.add_set(&Sums::of_set(query.table(), &set));
                sums.shifted(shift, basis.total(0))
            };
            for basis in [Basis::default(), basis.clone()] {
                for (skip, limit) in (0..all).flat_map(|s| (1..=all - s).map(move |l| (s, l))) {
                    let part = query.space().part(skip, Some(limit)).unwrap();
                    let mut want = AuditSums::default();
                    for rank in skip..skip + limit {
                        want += own(&basis, rank);
                    }
                    assert_eq!(expected(&query, &part, &basis), want, "{skip} {limit}");
                }
            }
        }
    }
}
