//! The oracle: the search by its definition, slowly, in one file.
//!
//! It shares the table with the rest and nothing else: its own enumeration, sums, wide arithmetic
//! and order, so that an error elsewhere does not repeat here. Not optimised, on purpose.

use crate::matrix::ResponseMatrix;
use std::cmp::Ordering;

/// n, Sa, Sg, Saa, Sgg, Sag of one set.
pub type SixSums = [i128; 6];

/// Every user counted one by one.
#[must_use]
pub fn sums_of(matrix: &ResponseMatrix, set: &[usize]) -> SixSums {
    let mut sums = [0; 6];
    for user in 0..matrix.users().len() {
        let answers: Vec<(usize, i64)> = matrix.row(user).collect();
        let chosen: Vec<i128> = set
            .iter()
            .filter_map(|q| answers.iter().find(|(question, _)| question == q))
            .map(|&(_, score)| i128::from(score))
            .collect();
        if chosen.len() == set.len() {
            let a: i128 = chosen.iter().sum();
            let g: i128 = answers.iter().map(|&(_, score)| i128::from(score)).sum();
            for (sum, term) in sums.iter_mut().zip([1, a, g, a * a, g * g, a * g]) {
                *sum += term;
            }
        }
    }
    sums
}

/// r of a set as a fraction: the sign of A, then A² and X·Y as 32-bit limbs, lowest first.
#[derive(Clone, Debug)]
pub struct Fraction {
    sign: i32,
    square: Vec<u32>,
    variance: Vec<u32>,
}

/// The definition: r = (n·Sag − Sa·Sg) / √((n·Saa − Sa²)(n·Sgg − Sg²)), or `None` where it has none.
#[must_use]
pub fn correlation(sums: &SixSums, min_users: u64) -> Option<Fraction> {
    let [n, sa, sg, saa, sgg, sag] = *sums;
    let a = n * sag - sa * sg;
    let x = n * saa - sa * sa;
    let y = n * sgg - sg * sg;
    if n < i128::from(min_users) || x == 0 || y == 0 {
        return None;
    }
    Some(Fraction {
        sign: a.signum() as i32,
        square: times(&limbs(a.unsigned_abs()), &limbs(a.unsigned_abs())),
        variance: times(&limbs(x.unsigned_abs()), &limbs(y.unsigned_abs())),
    })
}

/// Which r is larger, exactly.
#[must_use]
pub fn compare(p: &Fraction, q: &Fraction) -> Ordering {
    let (left, right) = (times(&p.square, &q.variance), times(&q.square, &p.variance));
    let by_size = left.iter().rev().cmp(right.iter().rev());
    match (p.sign, q.sign) {
        (1, 1) => by_size,
        (-1, -1) => by_size.reverse(),
        (a, b) => a.cmp(&b),
    }
}

fn limbs(mut value: u128) -> Vec<u32> {
    let mut out = Vec::new();
    for _ in 0..4 {
        out.push(value as u32);
        value >>= 32;
    }
    out
}

/// Long multiplication; the result has as many limbs as both factors together.
fn times(a: &[u32], b: &[u32]) -> Vec<u32> {
    let mut out = vec![0_u32; a.len() + b.len()];
    for (i, &x) in a.iter().enumerate() {
        let mut carry = 0_u64;
        for (j, &y) in b.iter().enumerate() {
            let cell = u64::from(out[i + j]) + u64::from(x) * u64::from(y) + carry;
            out[i + j] = cell as u32;
            carry = cell >> 32;
        }
        out[i + b.len()] = carry as u32;
    }
    out
}

/// One set with everything known about it.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Question indices, ascending.
    pub set: Vec<usize>,
    /// Its sums.
    pub sums: SixSums,
    /// Its correlation, if defined.
    pub fraction: Option<Fraction>,
}

/// Calls `each` with every set of `k` of the questions `order` whose place is in `places`, until it
/// returns `false`. Places are counted in lexicographic order of where the questions stand in `order`.
pub fn visit(
    matrix: &ResponseMatrix,
    order: &[usize],
    k: usize,
    min_users: u64,
    places: std::ops::Range<u128>,
    mut each: impl FnMut(Entry) -> bool,
) {
    let mut at: Vec<usize> = (0..k).collect();
    let mut place = 0;
    while place < places.end {
        if place >= places.start {
            let mut set: Vec<usize> = at.iter().map(|&i| order[i]).collect();
            set.sort_unstable();
            let sums = sums_of(matrix, &set);
            let fraction = correlation(&sums, min_users);
            if !each(Entry {
                set,
                sums,
                fraction,
            }) {
                return;
            }
        }
        place += 1;
        // The rightmost element that can still move up, and everything behind it close after it.
        let Some(i) = (0..k).rev().find(|&i| at[i] + k - i < order.len()) else {
            return;
        };
        at[i] += 1;
        for j in i + 1..k {
            at[j] = at[j - 1] + 1;
        }
    }
}

/// Puts `entry` into `best` (best first) if it is among the `top` best; of two equals the one whose
/// questions come first is ahead.
pub fn keep(best: &mut Vec<Entry>, top: usize, entry: Entry) {
    let Some(mine) = &entry.fraction else {
        return;
    };
    let behind = |other: &Entry| {
        other.fraction.as_ref().is_some_and(|theirs| {
            let order = compare(theirs, mine);
            order.is_gt() || order.is_eq() && other.set < entry.set
        })
    };
    let at = best.iter().take_while(|other| behind(other)).count();
    if at < top {
        best.insert(at, entry);
        best.truncate(top);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_multiplication() {
        let max = limbs(u128::MAX);
        // (2^128 − 1)² = 2^256 − 2^129 + 1.
        let mut want = vec![1, 0, 0, 0, u32::MAX - 1];
        want.extend([u32::MAX; 3]);
        assert_eq!(times(&max, &max), want);
    }
}
