//! Sums over all users of a complete table, in exact integers: what every set's sums are made of.
//!
//! Knows no device and no K. [`Packing`] has shown that the sums of any set stay within 63 bits and
//! a sign; these are some of them, so i64 holds them.

use crate::arch::Isa;
use crate::engine::gpu::pack::Packing;
use crate::matrix::ResponseMatrix;
use crate::stats::cross::{Alone, Cross, Population, reach};

/// Over packed scores x and totals g of the users, who all answered every question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Products {
    /// n.
    pub(super) users: u64,
    /// Σg.
    pub(super) total: i64,
    /// Σg².
    pub(super) squares: i64,
    /// s_q = Σx_q.
    pub(super) sums: Vec<i64>,
    /// t_q = Σx_q·g.
    pub(super) with_total: Vec<i64>,
    /// G_qm = Σx_q·x_m at q·Q + m, symmetric.
    pub(super) pairs: Vec<i64>,
}

/// Users who answered anything, where each of them answered every question.
#[must_use]
pub(super) fn complete_users(matrix: &ResponseMatrix) -> Option<&[u32]> {
    let questions = matrix.questions().len();
    let users = matrix.column(0).users();
    // That many answers and no more users: nobody can have missed one.
    let anybody = (0..matrix.users().len())
        .filter(|&user| matrix.row(user).next().is_some())
        .count();
    (anybody == users.len() && matrix.responses() == users.len() * questions).then_some(users)
}

impl Products {
    /// The products of a complete table as it is packed; `None` of any other.
    #[must_use]
    pub(super) fn new(matrix: &ResponseMatrix, packing: &Packing) -> Option<Self> {
        let users = complete_users(matrix)?;
        let basis = &packing.basis;
        let total = |&user: &u32| basis.total(matrix.totals()[user as usize]);
        let totals: Vec<i64> = users.iter().map(total).collect();
        let questions = matrix.questions().len();
        let packed = |q: usize| {
            let scores = matrix.column(q).scores().iter();
            scores.map(move |&score| basis.score(q, score)).collect()
        };
        let columns: Vec<Vec<i64>> = (0..questions).map(packed).collect();
        let scores: Vec<&[i64]> = columns.iter().map(Vec::as_slice).collect();
        let score = scores.iter().map(|scores| reach(scores, 0)).max();
        let reach = (score.unwrap_or(0), reach(&totals, 0));
        let offsets = vec![0; questions];
        let population = Population::new((&scores, &offsets), (&totals, 0), reach);
        let cross = Cross::new(Isa::detect(), &Alone, population);
        let narrow = |sums: &[i128]| sums.iter().map(|&sum| sum as i64).collect();
        Some(Self {
            users: users.len() as u64,
            total: cross.total as i64,
            squares: cross.total_squares as i64,
            sums: narrow(&cross.sums),
            with_total: narrow(&cross.with_total),
            pairs: narrow(cross.products()),
        })
    }

    /// Q.
    pub(super) fn questions(&self) -> usize {
        self.sums.len()
    }

    /// V_qm = n·G_qm − s_q·s_m.
    pub(super) fn covariance(&self, q: usize, m: usize) -> i128 {
        let pair = i128::from(self.pairs[q * self.questions() + m]);
        i128::from(self.users) * pair - i128::from(self.sums[q]) * i128::from(self.sums[m])
    }

    /// B_q = n·t_q − s_q·Σg.
    pub(super) fn covariance_with_total(&self, q: usize) -> i128 {
        let with_total = i128::from(self.with_total[q]);
        i128::from(self.users) * with_total - i128::from(self.sums[q]) * i128::from(self.total)
    }

    /// Y = n·Σg² − (Σg)², of every set.
    pub(super) fn variance_of_total(&self) -> i128 {
        i128::from(self.users) * i128::from(self.squares)
            - i128::from(self.total) * i128::from(self.total)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::matrix::{Duplicates, MatrixBuilder, Score};
    use crate::stats::Sums;

    fn table(users: usize, score: impl Fn(usize, usize) -> Option<i64>) -> ResponseMatrix {
        let mut b = MatrixBuilder::new();
        for u in 0..users {
            for q in 0..5 {
                let score = score(u, q).map(|mantissa| Score {
                    mantissa,
                    digits: 0,
                });
                b.push(&u.to_string(), &q.to_string(), score, 0).unwrap();
            }
        }
        b.finish(Duplicates::Error, "row").unwrap()
    }

    /// The products of two questions from the six sums of the pair and of each of them.
    #[test]
    fn they_give_the_sums_of_sets() {
        for reach in [1, 6, 40_000, 1_000_000] {
            // One user without any answer, who is nobody's.
            let matrix = table(131, |u, q| {
                let draw = (u * u * 7 + q * u * 3 + q) as i64 % 11;
                (u != 40).then_some(3 - draw % (reach + 1).min(11) * reach.max(6) / 6)
            });
            let packing = Packing::new(&matrix, 2).unwrap();
            let products = Products::new(&matrix, &packing).unwrap();
            let n = i128::from(products.users);
            assert_eq!(n, 130);
            for q in 0..5 {
                let one = Sums::of_set(&matrix, &[q]);
                let b = n * one.sag - one.sa * one.sg;
                assert_eq!(products.covariance_with_total(q), b, "reach {reach}");
                assert_eq!(products.covariance(q, q), n * one.saa - one.sa * one.sa);
                assert_eq!(
                    products.variance_of_total(),
                    n * one.sgg - one.sg * one.sg,
                    "reach {reach}"
                );
                for m in 0..q {
                    let two = Sums::of_set(&matrix, &[m, q]);
                    let x = n * two.saa - two.sa * two.sa;
                    let got = products.covariance(q, q)
                        + products.covariance(m, m)
                        + products.covariance(q, m)
                        + products.covariance(m, q);
                    assert_eq!(got, x, "reach {reach}");
                }
            }
        }
    }

    #[test]
    fn a_table_with_a_gap_has_none() {
        let full = table(9, |u, q| Some((u * q) as i64 % 3));
        assert_eq!(complete_users(&full).map(<[u32]>::len), Some(9));
        let gap = table(9, |u, q| ((u, q) != (8, 3)).then_some(1));
        assert!(complete_users(&gap).is_none());
        let first = table(9, |u, q| ((u, q) != (8, 0)).then_some(1));
        assert!(complete_users(&first).is_none());
        let unanswered = table(9, |u, q| (q != 3).then_some(u as i64));
        let columns = unanswered.questions().len();
        assert_eq!(complete_users(&unanswered).is_some(), columns == 4);
    }
}
