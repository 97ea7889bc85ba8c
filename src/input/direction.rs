//! Questions that run against the others: likely worded the other way, and not reversed.
//!
//! Half of the questions may be worded so, and then no question correlates positively with the sum of
//! all. So the first principal component of the questions says which run together; those on its
//! smaller side are named where they also correlate noticeably negatively with the sum of the larger
//! one. Floats and a sample of the users do for this: it is a note, and decides nothing.

use super::note::Note;
use crate::matrix::ResponseMatrix;

/// Answers that are looked at, about.
const ANSWERS: usize = 400_000;
/// Rounds that the component is refined.
const ROUNDS: usize = 30;
/// A correlation below this one is noticeable.
const NOTICEABLE: f64 = -0.1;
/// And it has to be so many standard errors from 0.
const ERRORS: f64 = 3.0;

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

    /// Each question's weight on the first principal component, the larger side positive.
    fn component(&self) -> Vec<f64> {
        // A start that no symmetry of the questions makes blind: it follows the first one most.
        let mut weights: Vec<f64> = (0..self.questions)
            .map(|q| 1.0 / (1.0 + q as f64))
            .collect();
        for _ in 0..ROUNDS {
            let mut next = vec![0.0; self.questions];
            for row in &self.rows {
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
        let negative = weights.iter().filter(|w| **w < 0.0).count();
        let first = weights
            .iter()
            .find(|w| **w != 0.0)
            .is_some_and(|w| *w < 0.0);
        if 2 * negative > self.questions || 2 * negative == self.questions && first {
            weights.iter_mut().for_each(|w| *w = -*w);
        }
        weights
    }

    /// Which questions on the smaller side run noticeably against the sum of the larger one.
    fn against(&self) -> Vec<usize> {
        let weights = self.component();
        // n, x, y, xx, yy, xy of each question's scores x and the sums y.
        let mut sums = vec![[0.0_f64; 6]; self.questions];
        for row in &self.rows {
            let larger = row.iter().filter(|&&(q, _)| weights[q] > 0.0);
            let (count, y) = larger.fold((0, 0.0), |(n, y), &(_, score)| (n + 1, y + score));
            if count == 0 {
                continue;
            }
            for &(q, x) in row.iter().filter(|&&(q, _)| weights[q] < 0.0) {
                for (sum, term) in sums[q].iter_mut().zip([1.0, x, y, x * x, y * y, x * y]) {
                    *sum += term;
                }
            }
        }
        let noticeable = |&q: &usize| {
            let [n, x, y, xx, yy, xy] = sums[q];
            let r = (n * xy - x * y) / ((n * xx - x * x) * (n * yy - y * y)).sqrt();
            // Of NaN, where there is no spread, nothing is true.
            r < NOTICEABLE
                && r * (n - 2.0).max(0.0).sqrt() < -ERRORS * (1.0 - r * r).max(0.0).sqrt()
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
        assert_eq!(sorted(named(150, 10, &[3], 60)), [3]);
        assert_eq!(
            sorted(named(150, 10, &[2, 4, 7, 8, 9], 60)),
            [2, 4, 7, 8, 9]
        );
        assert_eq!(sorted(named(150, 9, &[0, 1], 50)), [0, 1]);
        assert_eq!(named(150, 10, &[], 60), [0; 0]);
        // Pure noise names none, few users or many.
        for users in [5, 40, 400] {
            assert_eq!(named(users, 12, &[], 100), [0; 0], "{users}");
        }
        assert_eq!(named(40, 1, &[], 100), [0; 0]);
    }
}
