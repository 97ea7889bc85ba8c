//! Sums over all users of a complete table, in exact integers: what every set's sums are made of.
//!
//! Knows no device and no K. [`Packing`] has shown that the sums of any set stay within 63 bits and
//! a sign; these are some of them, so i64 holds them, and sums on the way to them may wrap.

use crate::engine::gpu::pack::Packing;
use crate::matrix::ResponseMatrix;

/// Over shifted scores x and totals g of the users, who all answered every question.
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

/// A question's shifted scores, as far as products are concerned.
enum Scores {
    /// `low`, and `low + step` where the bit is set.
    Two { low: i64, step: i64, bits: Vec<u64> },
    /// Within 16 bits, the largest magnitude being `reach`.
    Short { x: Vec<i16>, reach: i64 },
    /// Within 32 bits.
    Long(Vec<i32>),
}

impl Products {
    /// The products of a complete table, shifted as it is packed; `None` of any other.
    #[must_use]
    pub(super) fn new(matrix: &ResponseMatrix, packing: &Packing) -> Option<Self> {
        let users = complete_users(matrix)?;
        let basis = &packing.basis;
        let totals: Vec<i64> = users
            .iter()
            .map(|&user| matrix.totals()[user as usize] - basis.total)
            .collect();
        let questions = matrix.questions().len();
        let shifted: Vec<Vec<i32>> = (0..questions)
            .map(|q| {
                let scores = matrix.column(q).scores().iter();
                // Within 32 bits by the packing.
                scores.map(|&x| (x - basis.scores[q]) as i32).collect()
            })
            .collect();
        let columns = forms(&shifted);
        let mut pairs = vec![0; questions * questions];
        let sums: Vec<i64> = shifted
            .iter()
            .map(|x| x.iter().map(|&x| i64::from(x)).sum())
            .collect();
        for q in 0..questions {
            for m in 0..=q {
                let product = product(&columns[q], &columns[m], sums[q], sums[m], users.len());
                pairs[q * questions + m] = product;
                pairs[m * questions + q] = product;
            }
        }
        Some(Self {
            users: users.len() as u64,
            total: totals.iter().sum(),
            squares: totals.iter().map(|&g| g * g).sum(),
            with_total: shifted
                .iter()
                .map(|x| {
                    let products = x.iter().zip(&totals);
                    products.fold(0_i64, |sum, (&x, &g)| sum.wrapping_add(i64::from(x) * g))
                })
                .collect(),
            sums,
            pairs,
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

/// All columns in the cheapest form that fits all.
fn forms(shifted: &[Vec<i32>]) -> Vec<Scores> {
    let two: Option<Vec<Scores>> = shifted.iter().map(|x| two_valued(x)).collect();
    if let Some(two) = two {
        return two;
    }
    let short =
        |x: &Vec<i32>| -> Option<Vec<i16>> { x.iter().map(|&x| i16::try_from(x).ok()).collect() };
    match shifted.iter().map(short).collect::<Option<Vec<_>>>() {
        Some(short) => short
            .into_iter()
            .map(|x| Scores::Short {
                reach: x.iter().map(|&x| i64::from(x).abs()).max().unwrap_or(0),
                x,
            })
            .collect(),
        None => shifted.iter().cloned().map(Scores::Long).collect(),
    }
}

/// Where there are at most two values.
fn two_valued(x: &[i32]) -> Option<Scores> {
    let low = *x.first()?;
    let high = x.iter().copied().find(|&x| x != low).unwrap_or(low);
    if x.iter().any(|&x| x != low && x != high) {
        return None;
    }
    let words = x.chunks(64).map(|word| {
        (0..)
            .zip(word)
            .fold(0, |bits, (i, &x)| bits | u64::from(x != low) << i)
    });
    Some(Scores::Two {
        low: i64::from(low),
        step: i64::from(high) - i64::from(low),
        bits: words.collect(),
    })
}

/// Σ x·y, given Σx and Σy. Of two values: low_x·Σy + low_y·(Σx − n·low_x) + step_x·step_y·(bits in
/// common).
fn product(x: &Scores, y: &Scores, sum_x: i64, sum_y: i64, users: usize) -> i64 {
    match (x, y) {
        (
            Scores::Two { low, step, bits },
            Scores::Two {
                low: low_y,
                step: step_y,
                bits: bits_y,
            },
        ) => {
            let common: i64 = bits
                .iter()
                .zip(bits_y)
                .map(|(a, b)| i64::from((a & b).count_ones()))
                .sum();
            let above_low = sum_x.wrapping_sub(low.wrapping_mul(users as i64));
            low.wrapping_mul(sum_y)
                .wrapping_add(low_y.wrapping_mul(above_low))
                .wrapping_add(step.wrapping_mul(*step_y).wrapping_mul(common))
        }
        (Scores::Short { x, reach }, Scores::Short { x: y, reach: other }) => {
            // As many products as stay below 2^31 together are added in 32 bits: twice the lanes.
            let run = (i64::from(i32::MAX) / (reach * other).max(1)).clamp(1, 1 << 12) as usize;
            let short = |x: &[i16], y: &[i16]| -> i32 {
                let products = x.iter().zip(y);
                products.map(|(&x, &y)| i32::from(x) * i32::from(y)).sum()
            };
            x.chunks(run)
                .zip(y.chunks(run))
                .map(|(x, y)| i64::from(short(x, y)))
                .sum()
        }
        (Scores::Long(x), Scores::Long(y)) => {
            let products = x.iter().zip(y);
            products.fold(0_i64, |sum, (&x, &y)| {
                sum.wrapping_add(i64::from(x) * i64::from(y))
            })
        }
        // `forms` gives all columns one form.
        _ => 0,
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
    fn every_form_gives_the_sums_of_sets() {
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
