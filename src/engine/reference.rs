//! The oracle: the search by its definition, slowly, in one file.
//!
//! It shares the table with the rest and nothing else: its own enumeration, sums, wide arithmetic, logarithms
//! and order, so that an error elsewhere does not repeat here. Not optimised, on purpose.

use crate::matrix::ResponseMatrix;
use std::cmp::Ordering;
use std::collections::BTreeSet;

/// n, Sa, Sg, Saa, Sgg, Sag of one set, g being the total.
pub type SixSums = [i128; 6];

/// The overall score that a set's score is correlated with.
#[derive(Clone, Copy, Debug)]
pub enum Measure<'a> {
    /// The sum of all that a user answered.
    Total,
    /// That sum by the number of answers.
    Mean,
    /// The sum of all that a user answered besides the set.
    Rest,
    /// These numbers, one a user.
    Numbers(&'a [i128]),
}

/// What makes a set better than another.
#[derive(Clone, Copy, Debug)]
pub struct Rule<'a> {
    /// What its score is correlated with.
    pub measure: Measure<'a>,
    /// The normal quantile of the lower confidence bound that is ranked by, if not by r.
    pub z: Option<f64>,
    /// A set with fewer users has no place.
    pub min_users: u64,
}

impl Rule<'_> {
    /// By r with the total.
    #[must_use]
    pub fn plain(min_users: u64) -> Self {
        Self {
            measure: Measure::Total,
            z: None,
            min_users,
        }
    }
}

/// Calls `each` with every user who answered all of `set`: their index, score on it, total, and how many
/// questions they answered.
fn each_user(
    matrix: &ResponseMatrix,
    set: &[usize],
    mut each: impl FnMut(usize, i128, i128, usize),
) {
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
            each(user, a, g, answers.len());
        }
    }
}

/// Every user counted one by one.
#[must_use]
pub fn sums_of(matrix: &ResponseMatrix, set: &[usize]) -> SixSums {
    let mut sums = [0; 6];
    each_user(matrix, set, |_, a, g, _| {
        for (sum, term) in sums.iter_mut().zip([1, a, g, a * a, g * g, a * g]) {
            *sum += term;
        }
    });
    sums
}

/// r of a set as a fraction: the sign of A, then A² and X·Y as 32-bit limbs, lowest first; and what its bound
/// follows from, where bounds are ranked.
#[derive(Clone, Debug)]
pub struct Fraction {
    sign: i32,
    square: Vec<u32>,
    variance: Vec<u32>,
    /// Users and quantile.
    bound: Option<(u64, f64)>,
}

/// The definition for totals: r = (n·Sag − Sa·Sg) / √((n·Saa − Sa²)(n·Sgg − Sg²)), or `None` where it has none.
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
        bound: None,
    })
}

/// What a set is worth by `rule`, or `None` where it has no place.
#[must_use]
pub fn worth(matrix: &ResponseMatrix, set: &[usize], rule: &Rule<'_>) -> Option<Fraction> {
    if matches!(rule.measure, Measure::Total) && rule.z.is_none() {
        return correlation(&sums_of(matrix, set), rule.min_users);
    }
    let mut users = Vec::new();
    each_user(matrix, set, |user, a, total, answers| {
        let g = match rule.measure {
            Measure::Total => (total, 1),
            Measure::Mean => (total, answers as u32),
            Measure::Rest => (total - a, 1),
            Measure::Numbers(numbers) => (numbers[user], 1),
        };
        users.push((a, g));
    });
    let fewest = match rule.z {
        None => rule.min_users,
        Some(_) => rule.min_users.max(4),
    };
    if (users.len() as u64) < fewest {
        return None;
    }
    // Over one denominator: the product of all that occur.
    let denominators: BTreeSet<u32> = users.iter().map(|&(_, (_, q))| q).collect();
    let [mut sa, mut sg, mut saa, mut sgg, mut sag] = [const { Big::ZERO }; 5];
    for (a, (p, q)) in &users {
        let others = denominators.iter().filter(|other| *other != q);
        let g = others.fold(Big::of(*p), |g, &other| g.times(&Big::of(other.into())));
        let a = Big::of(*a);
        saa = saa.plus(&a.times(&a));
        sgg = sgg.plus(&g.times(&g));
        sag = sag.plus(&a.times(&g));
        sa = sa.plus(&a);
        sg = sg.plus(&g);
    }
    let n = Big::of(users.len() as i128);
    let less = |p: Big, q: Big| p.plus(&q.negated());
    let a = less(n.times(&sag), sa.times(&sg));
    let x = less(n.times(&saa), sa.times(&sa));
    let y = less(n.times(&sgg), sg.times(&sg));
    (!x.is_zero() && !y.is_zero()).then(|| Fraction {
        sign: a.sign(),
        square: a.times(&a).limbs,
        variance: x.times(&y).limbs,
        bound: rule.z.map(|z| (users.len() as u64, z)),
    })
}

/// Which is worth more, exactly.
#[must_use]
pub fn compare(p: &Fraction, q: &Fraction) -> Ordering {
    if p.bound == q.bound {
        compare_r(p, q)
    } else {
        compare_bounds(p, q)
    }
}

/// What a fraction is ranked by, to within a few roundings.
#[must_use]
pub fn rounded(fraction: &Fraction) -> f64 {
    let ((square, up), (variance, down)) = (float(&fraction.square), float(&fraction.variance));
    // Both exponents are multiples of 32.
    let size = (square / variance).sqrt() * 2_f64.powi((up - down) / 2);
    let r = f64::from(fraction.sign) * size.min(1.0);
    match fraction.bound {
        Some((users, z)) => (r.atanh() - z / ((users - 3) as f64).sqrt()).tanh(),
        None => r,
    }
}

/// A size as a float times 2^exponent.
fn float(limbs: &[u32]) -> (f64, i32) {
    let Some(last) = limbs.iter().rposition(|&limb| limb != 0) else {
        return (0.0, 0);
    };
    let first = last.saturating_sub(3);
    let size = limbs[first..=last].iter().rev();
    let size = size.fold(0.0, |size, &limb| size * 4_294_967_296.0 + f64::from(limb));
    (size, 32 * first as i32)
}

/// Which r is larger.
fn compare_r(p: &Fraction, q: &Fraction) -> Ordering {
    let (left, right) = (times(&p.square, &q.variance), times(&q.square, &p.variance));
    let by_size = compare_limbs(&left, &right);
    match (p.sign, q.sign) {
        (1, 1) => by_size,
        (-1, -1) => by_size.reverse(),
        (a, b) => a.cmp(&b),
    }
}

/// Which lower bound is larger, over different numbers of users; an r without a bound is one over infinitely many.
///
/// Both r being less than 1 in size: artanh r − z/√(n − 3), in as many bits as it takes for the difference to be
/// seen. It cannot be 0.
fn compare_bounds(p: &Fraction, q: &Fraction) -> Ordering {
    let perfect = |f: &Fraction| compare_limbs(&f.square, &f.variance).is_eq();
    // An r of ±1 is its own bound, and every other lies between.
    let outside = |f: &Fraction| if perfect(f) { f.sign } else { 0 };
    if perfect(p) || perfect(q) {
        return outside(p).cmp(&outside(q));
    }
    // Values this far apart as floats are so exactly: these are right to 2^-40, and far better.
    let floats = [p, q].map(rounded);
    if (floats[0] - floats[1]).abs() > 1e-9 {
        return floats[0].total_cmp(&floats[1]);
    }
    let mut bits = 128;
    loop {
        let apart = transformed(p, bits).plus(&transformed(q, bits).negated());
        if apart.bits() > 64 {
            return apart.sign().cmp(&0);
        }
        bits *= 2;
    }
}

/// artanh r − z/√(n − 3) times 2^bits, right but for its lowest 32 bits or so.
///
/// 2·artanh |r| = ln((1 + |r|)/(1 − |r|)) = ln((1 + |r|)²/(1 − r²)).
fn transformed(r: &Fraction, bits: usize) -> Big {
    let one = Big::of(1).up(bits);
    let (square, variance) = (Big::sized(&r.square), Big::sized(&r.variance));
    let size = square.up(2 * bits).by(&variance).root();
    let sum = one.plus(&size);
    let rest = variance.plus(&square.negated());
    let odds = sum.times(&sum).times(&variance).by(&rest).down(bits);
    let twice = logarithm(odds, bits);
    let artanh = if r.sign < 0 { twice.negated() } else { twice }.down(1);
    let Some((users, z)) = r.bound else {
        return artanh;
    };
    // z = m·2^-e exactly.
    let (mut m, mut e) = (z, 0);
    while m.fract() != 0.0 {
        m *= 2.0;
        e += 1;
    }
    let root = Big::of((users - 3).into()).up(2 * bits).root();
    let lift = Big::of(m as i128).up(2 * bits).by(&root).down(e);
    artanh.plus(&lift.negated())
}

/// ln x of x ≥ 1, both times 2^bits: roots are taken until x is next to 1, where ln x = 2·artanh((x − 1)/(x + 1)).
fn logarithm(mut x: Big, bits: usize) -> Big {
    let one = Big::of(1).up(bits);
    let mut roots = 0;
    while x.plus(&one.negated()).bits() + 8 > bits {
        x = x.up(bits).root();
        roots += 1;
    }
    let y = x.plus(&one.negated()).up(bits).by(&x.plus(&one));
    let square = y.times(&y).down(bits);
    let (mut power, mut sum, mut k) = (y.clone(), y, 3);
    while !power.is_zero() {
        power = power.times(&square).down(bits);
        sum = sum.plus(&power.by(&Big::of(k)));
        k += 2;
    }
    sum.up(1 + roots)
}

/// An integer of any size.
#[derive(Clone, Debug)]
struct Big {
    negative: bool,
    /// Lowest first; there may be zeros at the end.
    limbs: Vec<u32>,
}

impl Big {
    const ZERO: Self = Self {
        negative: false,
        limbs: Vec::new(),
    };

    fn of(value: i128) -> Self {
        Self {
            negative: value < 0,
            limbs: limbs(value.unsigned_abs()),
        }
    }

    fn sized(limbs: &[u32]) -> Self {
        Self {
            negative: false,
            limbs: limbs.to_vec(),
        }
    }

    fn is_zero(&self) -> bool {
        self.limbs.iter().all(|&limb| limb == 0)
    }

    fn sign(&self) -> i32 {
        match (self.is_zero(), self.negative) {
            (true, _) => 0,
            (_, true) => -1,
            (_, false) => 1,
        }
    }

    fn negated(&self) -> Self {
        Self {
            negative: !self.negative,
            limbs: self.limbs.clone(),
        }
    }

    fn times(&self, other: &Self) -> Self {
        Self {
            negative: self.negative != other.negative,
            limbs: times(&self.limbs, &other.limbs),
        }
    }

    fn plus(&self, other: &Self) -> Self {
        if self.negative == other.negative {
            let length = self.limbs.len().max(other.limbs.len()) + 1;
            let mut carry = 0_u64;
            let limb = |limbs: &[u32], i: usize| u64::from(limbs.get(i).copied().unwrap_or(0));
            let sum = (0..length).map(|i| {
                carry += limb(&self.limbs, i) + limb(&other.limbs, i);
                let low = carry as u32;
                carry >>= 32;
                low
            });
            return Self {
                limbs: sum.collect(),
                negative: self.negative,
            };
        }
        let (large, small) = match compare_limbs(&self.limbs, &other.limbs) {
            Ordering::Less => (other, self),
            _ => (self, other),
        };
        let mut limbs = large.limbs.clone();
        subtract(&mut limbs, &small.limbs);
        Self {
            negative: large.negative,
            limbs,
        }
    }

    /// Bits of its size.
    fn bits(&self) -> usize {
        let last = self.limbs.iter().rposition(|&limb| limb != 0);
        last.map_or(0, |at| {
            at * 32 + 32 - self.limbs[at].leading_zeros() as usize
        })
    }

    /// Times 2^by.
    fn up(&self, by: usize) -> Self {
        let mut limbs = vec![0; by / 32];
        limbs.extend(times(&self.limbs, &[1 << (by % 32)]));
        Self {
            negative: self.negative,
            limbs,
        }
    }

    /// Its size by 2^by, cut.
    fn down(&self, by: usize) -> Self {
        let kept = self.limbs.get(by / 32..).unwrap_or(&[]);
        let shifted = times(kept, &[1 << (31 - by % 32)]);
        let halved = (0..shifted.len()).map(|i| {
            let above = shifted.get(i + 1).copied().unwrap_or(0);
            (above << 1) | (shifted[i] >> 31)
        });
        Self {
            negative: self.negative,
            limbs: halved.collect(),
        }
    }

    /// Its size by another above 0, cut: bit by bit.
    fn by(&self, other: &Self) -> Self {
        let mut quotient = vec![0; self.limbs.len()];
        let mut rest = vec![0; other.limbs.len() + 1];
        for bit in (0..self.bits()).rev() {
            let mut carry = self.limbs[bit / 32] >> (bit % 32) & 1;
            for limb in &mut rest {
                (carry, *limb) = (*limb >> 31, (*limb << 1) | carry);
            }
            if compare_limbs(&rest, &other.limbs).is_ge() {
                subtract(&mut rest, &other.limbs);
                quotient[bit / 32] |= 1 << (bit % 32);
            }
        }
        Self {
            negative: self.negative != other.negative,
            limbs: quotient,
        }
    }

    /// The square root of its size, cut, by Newton's method from above.
    fn root(&self) -> Self {
        if self.is_zero() {
            return Self::ZERO;
        }
        let size = Self::sized(&self.limbs);
        let mut root = Self::of(1).up(size.bits().div_ceil(2));
        loop {
            let next = root.plus(&size.by(&root)).down(1);
            if compare_limbs(&next.limbs, &root.limbs).is_ge() {
                return root;
            }
            root = next;
        }
    }
}

/// The order of two sizes.
fn compare_limbs(a: &[u32], b: &[u32]) -> Ordering {
    let length = a.len().max(b.len());
    let limb = |limbs: &[u32], i: usize| limbs.get(i).copied().unwrap_or(0);
    let differs = (0..length).rev().find(|&i| limb(a, i) != limb(b, i));
    differs.map_or(Ordering::Equal, |i| limb(a, i).cmp(&limb(b, i)))
}

/// Takes a size from a larger one.
fn subtract(from: &mut [u32], other: &[u32]) {
    let mut borrow = 0_i64;
    for (i, limb) in from.iter_mut().enumerate() {
        let less = i64::from(*limb) - i64::from(other.get(i).copied().unwrap_or(0)) + borrow;
        *limb = less as u32;
        borrow = less >> 32;
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
    /// What it is worth, if defined.
    pub fraction: Option<Fraction>,
}

/// Calls `each` with every set of `k` of the questions `order` whose place is in `places`, until it
/// returns `false`. Places are counted in lexicographic order of where the questions stand in `order`.
pub fn visit(
    matrix: &ResponseMatrix,
    order: &[usize],
    k: usize,
    rule: &Rule<'_>,
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
            let fraction = worth(matrix, &set, rule);
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

    #[test]
    fn big_integers() {
        let values = [0, 1, -1, 7, -12345, 1 << 40, -(1 << 90), i128::MAX / 3];
        let small = |big: &Big| {
            let size = big.limbs.iter().rev().skip_while(|l| **l == 0);
            let size = size.fold(0_i128, |size, &limb| (size << 32) | i128::from(limb));
            if big.negative { -size } else { size }
        };
        for a in values {
            assert_eq!(small(&Big::of(a).root()), a.unsigned_abs().isqrt() as i128);
            for by in [0, 1, 31, 32, 33, 70] {
                assert_eq!(small(&Big::of(a).down(by)), a / (1 << by), "{a} {by}");
                assert_eq!(small(&Big::of(a).up(by).down(by)), a, "{a} {by}");
            }
            for b in values {
                assert_eq!(small(&Big::of(a).plus(&Big::of(b))), a + b, "{a} {b}");
                if b != 0 {
                    assert_eq!(small(&Big::of(a).by(&Big::of(b))), a / b, "{a} {b}");
                }
            }
        }
    }

    #[test]
    fn transformed_correlations_are_those_of_floats() {
        let bits = 128;
        let at = |big: &Big| {
            let (size, exponent) = float(&big.limbs);
            size * 2_f64.powi(exponent - bits as i32)
        };
        let z = 1.644_853_626_951_472_2;
        for (sign, square, variance, n) in [
            (1, 1, 4, 10),
            (-1, 9, 10, 4),
            (1, 999, 1000, 400),
            (0, 0, 5, 7),
        ] {
            let r = Fraction {
                sign,
                square: limbs(square),
                variance: limbs(variance),
                bound: Some((n, z)),
            };
            let big = transformed(&r, bits);
            let got = if big.negative { -1.0 } else { 1.0 } * at(&big);
            assert!((rounded(&r) - got.tanh()).abs() < 1e-14);
            let r = f64::from(sign) * (square as f64 / variance as f64).sqrt();
            let want = r.atanh() - z / ((n - 3) as f64).sqrt();
            assert!((got - want).abs() < 1e-12, "{got} {want}");
        }
    }
}
