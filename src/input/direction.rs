//! Questions that run against the others: likely worded the other way, and not reversed.
//!
//! Half of the questions may be worded so, and then no question correlates positively with the sum of
//! all. So the first principal component of the questions says which run together; those on its
//! smaller side are named where they also correlate noticeably negatively with the sum of the larger
//! one. The component of half of the users is judged on the other half, and the other way round: on
//! the users that it is made of, it would find a direction in noise too. Floats and a sample of the
//! users do for this: it is a note, and decides nothing.

use super::note::Note;
use crate::matrix::ResponseMatrix;

/// Answers that are looked at, about.
const ANSWERS: usize = 200_000;
/// Rounds that the component is refined.
const ROUNDS: usize = 20;
/// A correlation below this one is noticeable.
const NOTICEABLE: f64 = -0.1;

/// How many standard errors it has to be from 0, so that of so many questions without a direction
/// hardly one is named by chance.
fn errors(questions: usize) -> f64 {
    (2.0 * (10.0 * questions as f64).ln()).sqrt()
}

/// Scores in standard units, by user.
struct Sample {
    questions: usize,
    rows: Vec<Vec<(usize, f64)>>,
}

impl Sample {
    fn of(table: &ResponseMatrix) -> Self {
        let (users, questions) = (table.users().len(), table.questions().len());
        let step = table.responses().div_ceil(ANSWERS).max(1);
        let mut rows: Vec<Vec<(usize, f64)>> = (0..users)
            .step_by(step)
            .map(|user| {
                table
                    .row(user)
                    .map(|(q, score)| (q, score as f64))
                    .collect()
            })
            .collect();
        let mut sums = vec![[0.0_f64; 3]; questions];
        for &(q, score) in rows.iter().flatten() {
            let [n, x, xx] = &mut sums[q];
            *n += 1.0;
            *x += score;
            *xx += score * score;
        }
        let units: Vec<(f64, f64)> = sums
            .iter()
            .map(|&[n, x, xx]| {
                let mean = x / n.max(1.0);
                let variance = xx / n.max(1.0) - mean * mean;
                // A question without spread says nothing.
                let spread = if variance > 1e-9 * (1.0 + mean * mean) {
                    variance.sqrt()
                } else {
                    f64::INFINITY
                };
                (mean, spread)
            })
            .collect();
        for (q, score) in rows.iter_mut().flatten() {
            *score = (*score - units[*q].0) / units[*q].1;
        }
        Self { questions, rows }
    }

    /// Rows of one half of the users.
    fn half(&self, odd: usize) -> impl Iterator<Item = &Vec<(usize, f64)>> {
        self.rows.iter().skip(odd).step_by(2)
    }

    /// Each question's weight on the first principal component of one half of the users.
    fn component(&self, odd: usize) -> Vec<f64> {
        // A start that no symmetry of the questions makes blind: it follows the first one most.
        let mut weights: Vec<f64> = (0..self.questions)
            .map(|q| 1.0 / (1.0 + q as f64))
            .collect();
        for _ in 0..ROUNDS {
            let mut next = vec![0.0; self.questions];
            for row in self.half(odd) {
                let sum: f64 = row.iter().map(|&(q, score)| weights[q] * score).sum();
                for &(q, score) in row {
                    next[q] += sum * score;
                }
            }
            let size = next.iter().map(|w| w * w).sum::<f64>().sqrt();
            if size <= 0.0 || !size.is_finite() {
                break;
            }
            weights = next.into_iter().map(|w| w / size).collect();
        }
        weights
    }

    /// The components of both halves, with one sense: on the whole, their larger side is positive.
    fn components(&self) -> [Vec<f64>; 2] {
        let mut both = [self.component(0), self.component(1)];
        let turn = |weights: &mut Vec<f64>| weights.iter_mut().for_each(|w| *w = -*w);
        let agree: f64 = both[0].iter().zip(&both[1]).map(|(a, b)| a * b).sum();
        if agree < 0.0 {
            turn(&mut both[1]);
        }
        let sums: Vec<f64> = both[0].iter().zip(&both[1]).map(|(a, b)| a + b).collect();
        let negative = sums.iter().filter(|w| **w < 0.0).count();
        let first = sums.iter().find(|w| **w != 0.0).is_some_and(|w| *w < 0.0);
        if 2 * negative > self.questions || 2 * negative == self.questions && first {
            both.iter_mut().for_each(turn);
        }
        both
    }

    /// Which questions on the smaller side run noticeably against the sum of the larger one.
    fn against(&self) -> Vec<usize> {
        let both = self.components();
        // n, x, y, xx, yy, xy of each question's scores x and the sums y.
        let mut sums = vec![[0.0_f64; 6]; self.questions];
        for (odd, weights) in [(0, &both[1]), (1, &both[0])] {
            for row in self.half(odd) {
                let larger = row.iter().filter(|&&(q, _)| weights[q] > 0.0);
                let (count, y) = larger.fold((0, 0.0), |(n, y), &(_, score)| (n + 1, y + score));
                if count == 0 {
                    continue;
                }
                for &(q, x) in row {
                    for (sum, term) in sums[q].iter_mut().zip([1.0, x, y, x * x, y * y, x * y]) {
                        *sum += term;
                    }
                }
            }
        }
        let errors = errors(self.questions);
        let noticeable = |&q: &usize| {
            let [n, x, y, xx, yy, xy] = sums[q];
            let r = (n * xy - x * y) / ((n * xx - x * x) * (n * yy - y * y)).sqrt();
            let smaller = both[0][q] + both[1][q] < 0.0;
            // Of NaN, where there is no spread, nothing is true.
            let clear = r * (n - 2.0).max(0.0).sqrt() < -errors * (1.0 - r * r).max(0.0).sqrt();
            smaller && r < NOTICEABLE && clear
        };
        (0..self.questions).filter(noticeable).collect()
    }
}

/// The note of questions that run against the others, if there are any.
pub(super) fn note(table: &ResponseMatrix) -> Option<Note> {
    let against = Sample::of(table).against();
    let name = |q: usize| table.questions()[q].clone();
    (!against.is_empty()).then(|| Note::Against {
        questions: against.into_iter().map(name).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::matrix::{Duplicates, MatrixBuilder, Score};
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    /// Users by an ability, questions of which those in `turned` are worded the other way; `mixed`
    /// of 100 answers are at random.
    fn named(users: u32, questions: usize, turned: &[usize], mixed: u32) -> Vec<usize> {
        let mut draws = ChaCha8Rng::seed_from_u64(5);
        let mut table = MatrixBuilder::new();
        for user in 0..users {
            let ability: i64 = draws.random_range(0..5);
            for q in 0..questions {
                let kept = draws.random_range(0..100) >= mixed;
                let score = if kept {
                    ability
                } else {
                    draws.random_range(0..5)
                };
                let mantissa = if turned.contains(&q) {
                    4 - score
                } else {
                    score
                };
                if draws.random_range(0..10) > 0 {
                    let score = Some(Score {
                        mantissa,
                        digits: 0,
                    });
                    table
                        .push(&user.to_string(), &q.to_string(), score, 0)
                        .unwrap();
                }
            }
        }
        let table = table.finish(Duplicates::Error, "row").unwrap();
        let names = table.questions().to_vec();
        match note(&table) {
            None => Vec::new(),
            Some(Note::Against { questions }) => names
                .iter()
                .filter(|name| questions.contains(name))
                .map(|name| name.parse().unwrap())
                .collect(),
            Some(other) => panic!("{other}"),
        }
    }

    #[test]
    fn reversed_questions_are_named_and_no_others() {
        let sorted = |mut list: Vec<usize>| {
            list.sort_unstable();
            list
        };
        assert_eq!(sorted(named(150, 10, &[3], 50)), [3]);
        assert_eq!(
            sorted(named(150, 10, &[2, 4, 7, 8, 9], 50)),
            [2, 4, 7, 8, 9]
        );
        assert_eq!(sorted(named(150, 9, &[0, 1], 50)), [0, 1]);
        assert_eq!(named(150, 10, &[], 60), [0; 0]);
        // Pure noise names none, few users or many.
        for (users, questions) in [(5, 12), (40, 12), (400, 12), (200, 150)] {
            assert_eq!(named(users, questions, &[], 100), [0; 0], "{users}");
        }
        assert_eq!(named(40, 1, &[], 100), [0; 0]);
    }
}
